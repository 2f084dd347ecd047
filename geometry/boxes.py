"""Upright boxes: the one around points, distances, sizes, and what fits into what. Metres; z points up.

Distances are named by what they are taken between, as the words of a question must be: `centre_distance` from middle
to middle, `box_gap` from surface to surface. Boxes stand upright, so that the least way between two has a part in the
plan and a part along z, which are computed apart: both boxes are products of a footprint and an interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from shapely import Polygon, STRtree, convex_hull, get_coordinates, multipoints
from shapely import box as rectangle
from shapely.affinity import rotate, translate

from .measures import Measurement

DECIMALS = 6
"""Coordinates are kept on a grid of micrometres, so that equal scenes have equal bytes."""
GRID = 10.0**-DECIMALS
_AREA_SLACK = 1e-4
"""Rectangles whose areas differ by no more than this share are equally good; the least turned is taken."""
_MAX_DIRECTIONS = 256
"""Edges of a footprint that are tried, the longest; what has more is as good as round."""
_ROUND_DIRECTIONS, _ROUND_SLACK = 4, 0.05
"""A footprint is round that has edges in so many directions (up to right angles) or more, where all the rectangles
along them and the unturned one differ in area by no more than this share."""


@dataclass(frozen=True)
class OrientedBox:
    """The box around an object that stands upright and whose footprint has the least area."""

    centre: tuple[float, float, float]
    """Metres."""
    size: tuple[float, float, float]
    """Metres along the box's own x and y, and along z."""
    yaw: float
    """Degrees by which the box's own x is turned from the world's, counter-clockwise seen from above; in (-45, 45]."""

    @cached_property
    def corners(self) -> np.ndarray:
        """Return the corners [8, 3], metres: the last coordinate changes fastest, as in `itertools.product`."""
        signs = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
        return np.asarray((signs * self.size) @ _turn(self.yaw).T + self.centre)

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Tell which `points` [..., 3] lie in the box or on it, within the grid; [...] bool."""
        distances = np.abs((np.asarray(points) - self.centre) @ _turn(self.yaw))
        return np.asarray((distances <= np.array(self.size) / 2 + GRID).all(axis=-1))

    def to_dict(self) -> dict[str, Any]:
        """Return the box as JSON values."""
        return {"centre": list(self.centre), "size": list(self.size), "yaw": self.yaw}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "OrientedBox":
        """Read the `fields` that `to_dict` gave."""
        return cls(_triple(fields["centre"]), _triple(fields["size"]), float(fields["yaw"]))


def bounding_box(points: np.ndarray) -> OrientedBox:
    """Return the upright box of least footprint around `points` [n, 3].

    The rectangle of least area has a side along an edge of the convex hull (Freeman and Shapira, CACM 18(7), 1975),
    so that each of these is tried. Of rectangles that are equally good within 1e-4 the least turned is taken, and of
    two turned alike the one counter-clockwise. A round footprint (a disc of sixteen corners or more) has no direction
    of its own: its yaw is 0.
    """
    hull = get_coordinates(convex_hull(multipoints(points[:, :2])))
    edges = np.diff(hull, axis=0) if len(hull) > 1 else np.array([[1.0, 0.0]])
    edges = edges[np.argsort(-np.hypot(edges[:, 0], edges[:, 1]), kind="stable")[:_MAX_DIRECTIONS]]
    # 0 comes before the edges' yaws, for round footprints.
    yaws = np.append(0.0, np.unique(_canonical_yaws(np.degrees(np.arctan2(edges[:, 1], edges[:, 0])))))
    low, high = _extents(hull, yaws)
    areas = (high - low).prod(axis=1)
    least_area = areas[1:].min()
    candidates = 1 + np.flatnonzero(areas[1:] <= least_area * (1 + _AREA_SLACK))
    is_round = len(yaws) > _ROUND_DIRECTIONS and areas.max() <= least_area * (1 + _ROUND_SLACK)
    best = 0 if is_round else min(candidates, key=lambda i: (round(abs(float(yaws[i])), 2), -float(yaws[i])))
    low_corner, high_corner = np.append(low[best], points[:, 2].min()), np.append(high[best], points[:, 2].max())
    yaw = float(yaws[best])
    # One decimal more than the grid has: the middle between two of its points can lie halfway.
    centre = np.round(_turn(yaw) @ ((low_corner + high_corner) / 2), DECIMALS + 1) + 0.0
    return OrientedBox(_triple(centre), _triple(np.round(high_corner - low_corner, DECIMALS)), yaw)


def _extents(points: np.ndarray, yaws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and most, each [k, 2], of `points` [n, 2] along the sides of rectangles turned by `yaws` [k]."""
    low, high = np.empty((len(yaws), 2)), np.empty((len(yaws), 2))
    for i, yaw in enumerate(yaws):
        side_coordinates = points @ _turn(float(yaw))[:2, :2]
        low[i], high[i] = side_coordinates.min(axis=0), side_coordinates.max(axis=0)
    return low, high


def _canonical_yaws(degrees: np.ndarray) -> np.ndarray:
    """Return angles, in `degrees`, of a rectangle's side as its yaw, in (-45, 45], to four decimals."""
    yaws = np.round(45 - (45 - degrees) % 90, 4)
    return np.where(yaws <= -45, 45.0, yaws) + 0.0


def _turn(yaw: float) -> np.ndarray:
    """Return the rotation [3, 3] by `yaw`, in degrees, about the vertical."""
    cos, sin = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])


def _triple(values: Sequence[float] | np.ndarray) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


# --- distances and sizes -------------------------------------------------------------------------------------------


def centre_distance(first_box: OrientedBox, second_box: OrientedBox) -> float:
    """Return the distance from the centre of `first_box` to that of `second_box`."""
    return math.dist(first_box.centre, second_box.centre)


def footprint(box: OrientedBox) -> Polygon:
    """Return the polygon that the `box` covers in the plan."""
    (x, y, _), (width, depth, _) = box.centre, box.size
    axis_rectangle = rectangle(-width / 2, -depth / 2, width / 2, depth / 2)
    return translate(rotate(axis_rectangle, box.yaw, origin=(0, 0)), x, y)


def height_span(box: OrientedBox) -> tuple[float, float]:
    """Return the heights of the bottom and the top of the `box`."""
    return box.centre[2] - box.size[2] / 2, box.centre[2] + box.size[2] / 2


def _interval_gap(first_span: tuple[float, float], second_span: tuple[float, float]) -> float:
    return max(0.0, first_span[0] - second_span[1], second_span[0] - first_span[1])


def box_gap(first_box: OrientedBox, second_box: OrientedBox) -> float:
    """Return the distance between the nearest points of `first_box` and `second_box`; 0 where they touch or meet."""
    plan_gap = float(footprint(first_box).distance(footprint(second_box)))
    return math.hypot(plan_gap, _interval_gap(height_span(first_box), height_span(second_box)))


def point_gap(point: Sequence[float] | np.ndarray, box: OrientedBox) -> float:
    """Return the distance from a `point` [3] to the nearest point of a `box`; 0 within."""
    x, y, z = np.asarray(point, float) - box.centre
    cos, sin = math.cos(math.radians(box.yaw)), math.sin(math.radians(box.yaw))
    box_point = np.abs([cos * x + sin * y, cos * y - sin * x, z])
    return float(np.linalg.norm(np.maximum(box_point - np.array(box.size) / 2, 0.0)))


def volume(box: OrientedBox) -> float:
    """Return the volume of the `box`, cubic metres."""
    width, depth, height = box.size
    return width * depth * height


def fits(inner_size: Sequence[float], outer_size: Sequence[float]) -> Measurement[bool]:
    """Tell whether a box of `inner_size` [3] stands upright in a free box of `outer_size` [3].

    It may be turned about the vertical in any way. A rectangle p x q, p >= q, lies in a rectangle a x b, a >= b, just
    where q <= b and either p <= a or b >= (2 p q a + (p^2 - q^2) sqrt(p^2 + q^2 - a^2)) / (p^2 + q^2) (Carver, The
    Mathematics Teacher 50, 1957).

    Returns:
        The margin is how far all sides of the inner box could grow alike until it did no longer fit, or must shrink
        until it does, metres.
    """
    answer = _fits(inner_size, outer_size, 0.0)
    # The answer changes once as all sides grow: a box that fits fits smaller.
    low, high = (0.0, max(outer_size)) if answer else (-max(inner_size), 0.0)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _fits(inner_size, outer_size, middle) else (low, middle)
    return Measurement(answer, abs(low))


def _fits(inner_size: Sequence[float], outer_size: Sequence[float], growth: float) -> bool:
    q, p = sorted(max(0.0, side + growth) for side in inner_size[:2])
    b, a = sorted(outer_size[:2])
    if max(0.0, inner_size[2] + growth) > outer_size[2] or q > b:
        return False
    if p <= a:
        return True
    diagonal = p * p + q * q
    least_width = (2 * p * q * a + (p * p - q * q) * math.sqrt(max(0.0, diagonal - a * a))) / diagonal
    return b >= least_width


class BoxIndex:
    """An index of many boxes by which the nearest ones are found: a tree over their footprints.

    Leutenegger et al., STR, 1997.

    Args:
        boxes: at least one.
    """

    def __init__(self, boxes: Sequence[OrientedBox]) -> None:
        self.boxes = tuple(boxes)
        self._footprints = [footprint(box) for box in self.boxes]
        self._tree = STRtree(self._footprints)

    def gap(self, first_index: int, second_index: int) -> float:
        """Return the `box_gap` of the boxes at `first_index` and `second_index`."""
        plan_gap = float(self._footprints[first_index].distance(self._footprints[second_index]))
        first_box, second_box = self.boxes[first_index], self.boxes[second_index]
        return math.hypot(plan_gap, _interval_gap(height_span(first_box), height_span(second_box)))

    def nearest(self, target: int, candidates: Sequence[int] | None = None) -> Measurement[int]:
        """Return the index of the box whose gap to a target is least; the margin is its lead over the next, metres.

        Args:
            target: index of the box that is asked about; it is not among the answers.
            candidates: indices of the boxes that count; all by default.

        Raises:
            ValueError: there is no other box.
        """
        rivals = [i for i in (range(len(self.boxes)) if candidates is None else candidates) if i != target]
        if not rivals:
            raise ValueError("there is no other box")
        if candidates is None:
            rivals = self._near(target)
        ranking = sorted((self.gap(target, i), i) for i in rivals)
        return Measurement(ranking[0][1], ranking[1][0] - ranking[0][0] if len(ranking) > 1 else math.inf)

    def _near(self, target: int) -> list[int]:
        """Return boxes among which the two nearest to `target` are: a ring grows until it surely holds them."""
        outline = self._footprints[target]
        left, bottom, right, top = outline.bounds
        reach = max(right - left, top - bottom, 0.1)
        while True:
            neighbours = [int(i) for i in self._tree.query(outline.buffer(reach)) if i != target]
            # A gap is never less than its part in the plan, so that what is out of reach is farther than `reach`.
            nearer = sum(self.gap(target, i) <= reach for i in neighbours)
            if len(neighbours) == len(self.boxes) - 1 or nearer >= 2:
                return neighbours
            reach *= 2
