"""What paths are by their geometry: rectangles, straight lines, boxes with whiskers, pairs of lines along x."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ...geometry.chart import Bounds
from .display import PaintedPath, Path

TOLERANCE = 0.75
"""px: places that are meant to be one differ by no more."""


def bounds_of(points: np.ndarray) -> Bounds:
    """Round points [n, 2]."""
    left, top = points.min(axis=0)
    right, bottom = points.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def rounded_bounds(bounds: Bounds) -> Bounds:
    """To a hundredth of a px."""
    left, top, right, bottom = (round(side, 2) + 0.0 for side in bounds)
    return left, top, right, bottom


def hexadecimal(colour: Sequence[float]) -> str:
    """`#rrggbb`, without alpha."""
    return "#" + "".join(f"{round(part):02x}" for part in colour[:3])


def rectangle(path: Path) -> Bounds | None:
    """The bounds of a path that is one rectangle along the axes."""
    if path.is_curved or len(path.loops) != 1:
        return None
    points, closed = path.loops[0]
    ring = points[:-1] if len(points) == 5 and np.allclose(points[0], points[-1], atol=1e-6) else points
    if len(ring) != 4 or not (closed or len(points) == 5):
        return None
    steps = np.abs(np.roll(ring, -1, axis=0) - ring)
    along = steps.argmin(axis=1)
    flat = steps.min(axis=1).max() < 1e-3
    return bounds_of(ring) if flat and along[0] == along[2] != along[1] == along[3] else None


def segment(path: Path) -> np.ndarray | None:
    """The two ends [2, 2] of a path that is one straight line."""
    if path.is_curved or len(path.loops) != 1:
        return None
    points, closed = path.loops[0]
    return points if len(points) == 2 and not closed else None


def is_covered_by(inner: Bounds, outer: Bounds, slack: float = TOLERANCE) -> bool:
    """Whether one rectangle lies in another."""
    return (
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def distinct(numbers: np.ndarray) -> list[float]:
    """In order, those that lie within a thousandth of the one before left out."""
    ordered = np.sort(numbers)
    return [float(number) for number in ordered[np.diff(ordered, prepend=-np.inf) > 1e-3]]


def direction(line: np.ndarray) -> int | None:
    """1 for a line [2, 2] that runs along y, 0 along x, None for a slanted one."""
    across, down = np.abs(line[1] - line[0])
    if across < 0.1 < down:
        return 1
    return 0 if down < 0.1 < across else None


def touching(found: Sequence[Bounds], upright: bool) -> bool:
    """Whether bars stand side by side without gaps, three or more of them."""
    axis_index = 0 if upright else 1
    edges = sorted({(round(b[axis_index], 2), round(b[axis_index + 2], 2)) for b in found})
    return len(edges) > 2 and all(abs(b[0] - a[1]) < 0.4 for a, b in pairwise(edges))


def are_caps(painted_path: PaintedPath, ends: Sequence[Sequence[float]]) -> bool:
    """Whether a marker is a stroke at the ends of error bars."""
    if painted_path.marker_places is None or len(painted_path.path.points) != 2:
        return False
    return all(any(math.dist(place, end) < TOLERANCE for end in ends) for place in painted_path.marker_places.tolist())


def box_lines(
    bounds: Bounds, lines: Sequence[tuple[PaintedPath, np.ndarray]], upright: bool
) -> tuple[float, tuple[float, float], list[PaintedPath]] | None:
    """The median in a box, the far ends of its whiskers, and all lines that are its; None where there is no median."""
    along, across = int(upright), 1 - int(upright)
    near, far = bounds[along], bounds[along + 2]
    middle = (bounds[across] + bounds[across + 2]) / 2
    median, ends, used = None, [near, far], []
    for painted_path, line in lines:
        low, high = line.min(axis=0), line.max(axis=0)
        flat = high[along] - low[along] < 0.1
        spans = abs(low[across] - bounds[across]) < 1 and abs(high[across] - bounds[across + 2]) < 1
        if flat and spans and near - 0.1 <= low[along] <= far + 0.1 and painted_path.style.dash is None:
            median = float(low[along])
            used.append(painted_path)
        elif abs(low[across] - middle) < TOLERANCE and abs(high[across] - middle) < TOLERANCE:
            if abs(high[along] - near) < TOLERANCE:
                ends[0] = min(ends[0], float(low[along]))
                used.append(painted_path)
            elif abs(low[along] - far) < TOLERANCE:
                ends[1] = max(ends[1], float(high[along]))
                used.append(painted_path)
    if median is None:
        return None
    for painted_path, line in lines:
        low, high = line.min(axis=0), line.max(axis=0)
        cap = abs((low[across] + high[across]) / 2 - middle) < TOLERANCE and high[along] - low[along] < 0.1
        if cap and min(abs(low[along] - end) for end in ends) < TOLERANCE:
            used.append(painted_path)
    return median, (ends[0], ends[1]), used


def two_chains(loops: Sequence[tuple[np.ndarray, bool]]) -> tuple[np.ndarray, np.ndarray] | None:
    """The two lines [n, 2] between the ends of a closed shape, each with x never falling; None where there are none."""
    if len(loops) != 1:
        return None
    points = loops[0][0]
    keep = np.abs(points - np.roll(points, 1, axis=0)).max(axis=1) > 1e-6
    points = points[keep]
    if len(points) < 4:
        return None
    x = points[:, 0]
    at_left, at_right = x <= x.min() + 1e-3, x >= x.max() - 1e-3
    # From the last of the points at the left end on, round to the first of them.
    starts = np.flatnonzero(at_left & ~np.roll(at_left, -1))
    ring = np.roll(points, -int(starts[0]), axis=0)
    right = np.flatnonzero(np.roll(at_right, -int(starts[0])))
    one, two = ring[: right[0] + 1], ring[right[-1] :][::-1]
    if at_left.sum() == 1:
        two = np.concatenate([ring[:1], two])
    if (np.diff(one[:, 0]) < -1e-3).any() or (np.diff(two[:, 0]) < -1e-3).any():
        return None
    return one, two
