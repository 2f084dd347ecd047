"""Recognise paths by their geometry: rectangles, straight lines, boxes with whiskers, pairs of lines along x."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ...geometry.chart import Bounds
from .display import PaintedPath, Path

_NOTCHED_CORNERS = 10
TOLERANCE = 0.75
"""px: places that are meant to be one differ by no more."""


def bounds_of(points: np.ndarray) -> Bounds:
    """Return left, top, right and bottom of `points` [n, 2]."""
    left, top = points.min(axis=0)
    right, bottom = points.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def rounded_bounds(bounds: Bounds) -> Bounds:
    """Round `bounds` to a hundredth of a px."""
    left, top, right, bottom = (round(side, 2) + 0.0 for side in bounds)
    return left, top, right, bottom


def hexadecimal(colour: Sequence[float]) -> str:
    """Write a `colour` of 255 as `#rrggbb`, without alpha."""
    return "#" + "".join(f"{round(part):02x}" for part in colour[:3])


def rectangle(path: Path) -> Bounds | None:
    """Return the bounds of a `path` that is one rectangle along the axes, else None."""
    if path.is_curved or len(path.loops) != 1:
        return None
    points, is_closed = path.loops[0]
    corner_points = points[:-1] if len(points) == 5 and np.allclose(points[0], points[-1], atol=1e-6) else points
    if len(corner_points) != 4 or not (is_closed or len(points) == 5):
        return None
    side_lengths = np.abs(np.roll(corner_points, -1, axis=0) - corner_points)
    flat_sides = side_lengths.argmin(axis=1)
    is_flat = side_lengths.min(axis=1).max() < 1e-3
    return (
        bounds_of(corner_points)
        if is_flat and flat_sides[0] == flat_sides[2] != flat_sides[1] == flat_sides[3]
        else None
    )


class BoxOutline(NamedTuple):
    """The outline of a box plot's box."""

    bounds: Bounds
    waist: Bounds
    """What a median spans: the box itself, or between the tips of its notches."""


def box_outline(path: Path) -> BoxOutline | None:
    """Return the outline of a `path` that is a box plot's box: a rectangle, or one with a notch on either side."""
    bounds = rectangle(path)
    if bounds is not None:
        return BoxOutline(bounds, bounds)
    if path.is_curved or len(path.loops) != 1:
        return None
    points = np.unique(np.round(path.loops[0][0], 2), axis=0)
    outer = bounds_of(points)
    bounds = bounds_of(path.loops[0][0])
    is_corner = np.isin(points[:, 0], outer[::2]) & np.isin(points[:, 1], outer[1::2])
    is_inside = ((points > outer[:2]) & (points < outer[2:])).all(axis=1)
    # Four corners, two ends of the notch on either side, and its two tips.
    if len(points) != _NOTCHED_CORNERS or is_corner.sum() != 4 or is_inside.sum() != 2:
        return None
    return BoxOutline(bounds, bounds_of(points[is_inside]))


def segment(path: Path) -> np.ndarray | None:
    """Return the two ends [2, 2] of a `path` that is one straight line, else None."""
    if path.is_curved or len(path.loops) != 1:
        return None
    points, is_closed = path.loops[0]
    return points if len(points) == 2 and not is_closed else None


def is_covered_by(inner: Bounds, outer: Bounds, slack: float = TOLERANCE) -> bool:
    """Tell whether the rectangle `inner` lies in `outer`, give or take `slack` px."""
    return (
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def distinct(numbers: np.ndarray) -> list[float]:
    """Sort `numbers`, leaving out those within a thousandth of the one before."""
    sorted_numbers = np.sort(numbers)
    return [float(number) for number in sorted_numbers[np.diff(sorted_numbers, prepend=-np.inf) > 1e-3]]


def direction(line: np.ndarray) -> int | None:
    """Return 1 for a `line` [2, 2] that runs along y, 0 along x, None for a slanted one."""
    across, down = np.abs(line[1] - line[0])
    if across < 0.1 < down:
        return 1
    return 0 if down < 0.1 < across else None


def touching(bar_bounds: Sequence[Bounds], upright: bool) -> bool:
    """Tell whether bars (`bar_bounds`) stand side by side without gaps, three or more of them."""
    axis_index = 0 if upright else 1
    edges = sorted({(round(b[axis_index], 2), round(b[axis_index + 2], 2)) for b in bar_bounds})
    return len(edges) > 2 and all(abs(b[0] - a[1]) < 0.4 for a, b in pairwise(edges))


def are_caps(painted_path: PaintedPath, bar_ends: Sequence[Sequence[float]]) -> bool:
    """Tell whether the marker `painted_path` is a stroke at the ends of error bars (`bar_ends`)."""
    if painted_path.marker_places is None or len(painted_path.path.points) != 2:
        return False
    return all(
        any(math.dist(place, bar_end) < TOLERANCE for bar_end in bar_ends)
        for place in painted_path.marker_places.tolist()
    )


def box_lines(
    outline: BoxOutline, straight_lines: Sequence[tuple[PaintedPath, np.ndarray]], upright: bool
) -> tuple[float, tuple[float, float], list[PaintedPath]] | None:
    """Find the median and whiskers of a box plot's box.

    Args:
        outline: of the box, px.
        straight_lines: straight strokes of the panel, with their ends [2, 2].
        upright: True if the box runs along y.

    Returns:
        The median's place, the far ends of the whiskers, and all lines that belong to the box; None without a median.
    """
    along, across = int(upright), 1 - int(upright)
    bounds, waist = outline
    near_edge, far_edge = bounds[along], bounds[along + 2]
    middle = (bounds[across] + bounds[across + 2]) / 2
    median, whisker_ends, used_paths = None, [near_edge, far_edge], []
    for painted_path, end_points in straight_lines:
        low, high = end_points.min(axis=0), end_points.max(axis=0)
        flat = high[along] - low[along] < 0.1
        spans = abs(low[across] - waist[across]) < 1 and abs(high[across] - waist[across + 2]) < 1
        if flat and spans and near_edge - 0.1 <= low[along] <= far_edge + 0.1 and painted_path.style.dash is None:
            median = float(low[along])
            used_paths.append(painted_path)
        elif abs(low[across] - middle) < TOLERANCE and abs(high[across] - middle) < TOLERANCE:
            if abs(high[along] - near_edge) < TOLERANCE:
                whisker_ends[0] = min(whisker_ends[0], float(low[along]))
                used_paths.append(painted_path)
            elif abs(low[along] - far_edge) < TOLERANCE:
                whisker_ends[1] = max(whisker_ends[1], float(high[along]))
                used_paths.append(painted_path)
    if median is None:
        return None
    for painted_path, end_points in straight_lines:
        low, high = end_points.min(axis=0), end_points.max(axis=0)
        cap = abs((low[across] + high[across]) / 2 - middle) < TOLERANCE and high[along] - low[along] < 0.1
        if cap and min(abs(low[along] - end) for end in whisker_ends) < TOLERANCE:
            used_paths.append(painted_path)
    return median, (whisker_ends[0], whisker_ends[1]), used_paths


def two_chains(loops: Sequence[tuple[np.ndarray, bool]]) -> tuple[np.ndarray, np.ndarray] | None:
    """Split a closed shape (`loops`) into the two lines [n, 2] between its left and right ends, x never falling.

    Returns:
        The two lines, or None if the shape cannot be split so.
    """
    if len(loops) != 1:
        return None
    points = loops[0][0]
    is_distinct = np.abs(points - np.roll(points, 1, axis=0)).max(axis=1) > 1e-6
    points = points[is_distinct]
    if len(points) < 3:
        return None
    x = points[:, 0]
    at_left, at_right = x <= x.min() + 1e-3, x >= x.max() - 1e-3
    # From the last of the points at the left end on, round to the first of them.
    start_indices = np.flatnonzero(at_left & ~np.roll(at_left, -1))
    ring_points = np.roll(points, -int(start_indices[0]), axis=0)
    right_indices = np.flatnonzero(np.roll(at_right, -int(start_indices[0])))
    if len(start_indices) > 1 or np.ptp(right_indices) != len(right_indices) - 1:
        # It comes back to an end, and has a notch there that neither line has.
        return None
    upper_chain, lower_chain = ring_points[: right_indices[0] + 1], ring_points[right_indices[-1] :][::-1]
    if at_left.sum() == 1:
        lower_chain = np.concatenate([ring_points[:1], lower_chain])
    if (np.diff(upper_chain[:, 0]) < -1e-3).any() or (np.diff(lower_chain[:, 0]) < -1e-3).any():
        return None
    return upper_chain, lower_chain
