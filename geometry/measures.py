"""Measures of flat objects, each with its margin: how far the scene is from a different value.

Places are centroids of visible regions. Units are px and degrees; x points right, y down.
"""

import math
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from shapely import Point, get_coordinates

from .scene import FlatObject

T = TypeVar("T")


class Measurement(NamedTuple, Generic[T]):
    """A value with the smallest change that would alter it, px unless said otherwise; infinite where none would."""

    value: T
    margin: float


def horizontal_relation(first_object: FlatObject, second_object: FlatObject) -> Measurement[str]:
    """Tell whether `first_object` is `left` or `right` of `second_object`, by centroids."""
    offset = first_object.centroid[0] - second_object.centroid[0]
    return Measurement("left" if offset < 0 else "right", abs(offset))


def vertical_relation(first_object: FlatObject, second_object: FlatObject) -> Measurement[str]:
    """Tell whether `first_object` is `above` or `below` `second_object`, by centroids."""
    offset = first_object.centroid[1] - second_object.centroid[1]
    return Measurement("above" if offset < 0 else "below", abs(offset))


def extreme(values: Sequence[float], largest: bool) -> Measurement[int]:
    """Return the index of the largest or smallest of the `values`; the margin is the gap to the runner-up.

    Raises:
        ValueError: there are no values.

    >>> extreme([3.0, 1.0, 1.5], largest=False)
    Measurement(value=1, margin=0.5)
    >>> extreme([3.0], largest=True)
    Measurement(value=0, margin=inf)
    """
    if not values:
        raise ValueError("an extreme of no values is undefined")
    order = sorted(range(len(values)), key=lambda i: -values[i] if largest else values[i])
    margin = abs(values[order[0]] - values[order[1]]) if len(order) > 1 else math.inf
    return Measurement(order[0], margin)


def centre_distance(first_object: FlatObject, second_object: FlatObject) -> float:
    """Return the distance between the centroids of `first_object` and `second_object`, px."""
    return math.dist(first_object.centroid, second_object.centroid)


def gap_distance(first_object: FlatObject, second_object: FlatObject) -> float:
    """Return the distance between the nearest points of two visible regions, px; 0 where they touch or overlap.

    Args:
        first_object: one object.
        second_object: the other.
    """
    return float(first_object.visible.distance(second_object.visible))


def nearest(target: FlatObject, candidates: Sequence[FlatObject]) -> Measurement[int]:
    """Return the index of the one among the `candidates` whose centre is nearest to that of the `target`."""
    return extreme([centre_distance(target, candidate) for candidate in candidates], largest=False)


def overlap_area(first_object: FlatObject, second_object: FlatObject) -> float:
    """Return the area that both outlines cover, whichever is painted later, px squared.

    Args:
        first_object: one object.
        second_object: the other.
    """
    return float(first_object.outline.intersection(second_object.outline).area)


def contains(outer: FlatObject, inner: FlatObject) -> Measurement[bool]:
    """Tell whether the outline of `inner` lies within that of `outer`.

    The margin is how far the inner outline is from the border of the outer one where it is inside, and the
    largest distance by which it sticks out where it is not.
    """
    if outer.outline.covers(inner.outline):
        return Measurement(True, float(outer.outline.boundary.distance(inner.outline)))
    outer_part = inner.outline.difference(outer.outline)
    corners = [Point(xy) for xy in get_coordinates(outer_part)]
    return Measurement(False, max(float(outer.outline.distance(corner)) for corner in corners))


def direction_degrees(origin: FlatObject, target: FlatObject) -> float:
    """Return the direction from the centroid of `origin` to that of `target`: degrees in (-180, 180], 90 up."""
    dx = target.centroid[0] - origin.centroid[0]
    dy = target.centroid[1] - origin.centroid[1]
    # Not -dy: of 0.0 that is -0.0, which atan2 takes for just below the line, at -180.
    return math.degrees(math.atan2(0.0 - dy, dx))
