"""Upright boxes: distances, sizes, and what fits into what. Metres.

Distances are named by what they are taken between, as the words of a question must be: `centre_distance` from middle
to middle, `box_gap` from surface to surface. Boxes stand upright (`spatial.Box`), so that the least way between two has
a part in the plan and a part along z, which are found apart: both boxes are products of a footprint and an interval.
"""

import math
from collections.abc import Sequence

import numpy as np
from shapely import Polygon, STRtree
from shapely import box as rectangle
from shapely.affinity import rotate, translate

from .measures import Measured
from .spatial import Box

SIDES = ("width", "depth", "height")
"""Along the box's own x, its own y, and z."""


def centre_distance(first: Box, second: Box) -> float:
    """From centre to centre."""
    return math.dist(first.centre, second.centre)


def footprint(box: Box) -> Polygon:
    """What the box covers in the plan."""
    (x, y, _), (width, depth, _) = box.centre, box.size
    flat = rectangle(-width / 2, -depth / 2, width / 2, depth / 2)
    return translate(rotate(flat, box.yaw, origin=(0, 0)), x, y)


def span(box: Box) -> tuple[float, float]:
    """Heights of the bottom and the top."""
    return box.centre[2] - box.size[2] / 2, box.centre[2] + box.size[2] / 2


def _between(first: tuple[float, float], second: tuple[float, float]) -> float:
    return max(0.0, first[0] - second[1], second[0] - first[1])


def box_gap(first: Box, second: Box) -> float:
    """Between the nearest points of two boxes; 0 where they touch or meet."""
    return math.hypot(float(footprint(first).distance(footprint(second))), _between(span(first), span(second)))


def point_gap(point: Sequence[float] | np.ndarray, box: Box) -> float:
    """From a point [3] to the nearest point of a box; 0 within."""
    x, y, z = np.asarray(point, float) - box.centre
    cos, sin = math.cos(math.radians(box.yaw)), math.sin(math.radians(box.yaw))
    local = np.abs([cos * x + sin * y, cos * y - sin * x, z])
    return float(np.linalg.norm(np.maximum(local - np.array(box.size) / 2, 0.0)))


def longest_side(box: Box) -> Measured[str]:
    """Which of `SIDES` is longest; the margin is the lead over the next, metres."""
    ranked = sorted(zip(box.size, SIDES, strict=True), reverse=True)
    return Measured(ranked[0][1], ranked[0][0] - ranked[1][0])


def volume(box: Box) -> float:
    """Of the box, cubic metres."""
    width, depth, height = box.size
    return width * depth * height


def overlap_volume(first: Box, second: Box) -> float:
    """What both boxes hold, cubic metres."""
    low, high = max(span(first)[0], span(second)[0]), min(span(first)[1], span(second)[1])
    return float(footprint(first).intersection(footprint(second)).area) * max(0.0, high - low)


def fits(inner: Sequence[float], outer: Sequence[float]) -> Measured[bool]:
    """Whether a box of size [3] stands upright in a free box of size [3], turned about the vertical in any way.

    A rectangle p x q, p >= q, lies in a rectangle a x b, a >= b, just where q <= b and either p <= a or
    b >= (2 p q a + (p^2 - q^2) sqrt(p^2 + q^2 - a^2)) / (p^2 + q^2) (Carver, The Mathematics Teacher 50, 1957).

    Returns:
        The margin is how far all sides of the inner box could grow alike until it did no longer fit, or must shrink
        until it does, metres.
    """
    answer = _fits(inner, outer, 0.0)
    # The answer changes once as all sides grow: a box that fits fits smaller.
    low, high = (0.0, max(outer)) if answer else (-max(inner), 0.0)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _fits(inner, outer, middle) else (low, middle)
    return Measured(answer, abs(low))


def _fits(inner: Sequence[float], outer: Sequence[float], more: float) -> bool:
    q, p = sorted(max(0.0, side + more) for side in inner[:2])
    b, a = sorted(outer[:2])
    if max(0.0, inner[2] + more) > outer[2] or q > b:
        return False
    if p <= a:
        return True
    diagonal = p * p + q * q
    needed = (2 * p * q * a + (p * p - q * q) * math.sqrt(max(0.0, diagonal - a * a))) / diagonal
    return b >= needed


class BoxIndex:
    """Many boxes, to be asked for the nearest ones: a tree over their footprints (Leutenegger et al., STR, 1997).

    Args:
        boxes: at least one.
    """

    def __init__(self, boxes: Sequence[Box]) -> None:
        self.boxes = tuple(boxes)
        self._footprints = [footprint(box) for box in self.boxes]
        self._tree = STRtree(self._footprints)

    def gap(self, first: int, second: int) -> float:
        """As `box_gap`, of two boxes by their places."""
        flat = float(self._footprints[first].distance(self._footprints[second]))
        return math.hypot(flat, _between(span(self.boxes[first]), span(self.boxes[second])))

    def nearest(self, target: int, among: Sequence[int] | None = None) -> Measured[int]:
        """The box whose gap to a target is least, and its lead over the next one, metres.

        Args:
            target: place of the box that is asked about; it is not among the answers.
            among: places of those that count; all by default.

        Raises:
            ValueError: there is no other box.
        """
        others = [i for i in (range(len(self.boxes)) if among is None else among) if i != target]
        if not others:
            raise ValueError("there is no other box")
        if among is None:
            others = self._near(target)
        ranked = sorted((self.gap(target, i), i) for i in others)
        return Measured(ranked[0][1], ranked[1][0] - ranked[0][0] if len(ranked) > 1 else math.inf)

    def _near(self, target: int) -> list[int]:
        """Boxes among which the two nearest are: a ring around the target that grows until it surely holds them."""
        around = self._footprints[target]
        left, bottom, right, top = around.bounds
        reach = max(right - left, top - bottom, 0.1)
        while True:
            found = [int(i) for i in self._tree.query(around.buffer(reach)) if i != target]
            # A gap is never less than its part in the plan, so that what is out of reach is farther than `reach`.
            if len(found) == len(self.boxes) - 1 or sum(self.gap(target, i) <= reach for i in found) >= 2:
                return found
            reach *= 2
