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


def horizontal_relation(first: FlatObject, second: FlatObject) -> Measurement[str]:
    """Whether the first object is `left` or `right` of the second, by centroids."""
    offset = first.centroid[0] - second.centroid[0]
    return Measurement("left" if offset < 0 else "right", abs(offset))


def vertical_relation(first: FlatObject, second: FlatObject) -> Measurement[str]:
    """Whether the first object is `above` or `below` the second, by centroids."""
    offset = first.centroid[1] - second.centroid[1]
    return Measurement("above" if offset < 0 else "below", abs(offset))


def extreme(values: Sequence[float], largest: bool) -> Measurement[int]:
    """The index of the largest or smallest value; the margin is the gap to the runner-up.

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


def centre_distance(first: FlatObject, second: FlatObject) -> float:
    """Distance between centroids, px."""
    return math.dist(first.centroid, second.centroid)


def gap_distance(first: FlatObject, second: FlatObject) -> float:
    """Distance between the nearest points of the visible regions, px; 0 where they touch or overlap."""
    return float(first.visible.distance(second.visible))


def nearest(target: FlatObject, others: Sequence[FlatObject]) -> Measurement[int]:
    """The index of the object whose centre is nearest to the target's."""
    return extreme([centre_distance(target, other) for other in others], largest=False)


def overlap_area(first: FlatObject, second: FlatObject) -> float:
    """Area that both outlines cover, whichever is painted later, px squared."""
    return float(first.outline.intersection(second.outline).area)


def contains(outer: FlatObject, inner: FlatObject) -> Measurement[bool]:
    """Whether the inner outline lies within the outer one.

    The margin is how far the inner outline is from the border of the outer one where it is inside, and the
    largest distance by which it sticks out where it is not.
    """
    if outer.outline.covers(inner.outline):
        return Measurement(True, float(outer.outline.boundary.distance(inner.outline)))
    outside = inner.outline.difference(outer.outline)
    corners = [Point(xy) for xy in get_coordinates(outside)]
    return Measurement(False, max(float(outer.outline.distance(corner)) for corner in corners))


def direction_degrees(origin: FlatObject, target: FlatObject) -> float:
    """Direction from one centroid to another in degrees, 0 right and 90 up, in (-180, 180]."""
    dx = target.centroid[0] - origin.centroid[0]
    dy = target.centroid[1] - origin.centroid[1]
    # Not -dy: of 0.0 that is -0.0, which atan2 takes for just below the line, at -180.
    return math.degrees(math.atan2(0.0 - dy, dx))
