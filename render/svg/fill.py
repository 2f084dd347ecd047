"""Filled regions: the faces of crossing loops that a fill rule keeps (SVG 1.1, section 11.3)."""

from collections.abc import Sequence

import numpy as np
from shapely import (
    LineString,
    Polygon,
    STRtree,
    get_coordinates,
    linestrings,
    point_on_surface,
    polygonize,
    unary_union,
)
from shapely.geometry.base import BaseGeometry

from .path import Point

_BLOCK = 256
"""Segments whose neighbours are looked up at once."""


def fill_loops(loops: Sequence[Sequence[Point]], fill_rule: str) -> BaseGeometry:
    """Return the region that closed `loops` fill, judged for each face by its winding number.

    Args:
        loops: points of each loop, px, without the closing one.
        fill_rule: `nonzero` or `evenodd`.
    """
    if not loops:
        return Polygon()
    faces = polygonize([unary_union([LineString([*loop, loop[0]]) for loop in loops])]).geoms
    if not len(faces):
        return Polygon()
    winding_numbers = _winding(loops, get_coordinates([point_on_surface(face) for face in faces]))
    is_filled = winding_numbers % 2 != 0 if fill_rule == "evenodd" else winding_numbers != 0
    return unary_union([face for face, keep in zip(faces, is_filled, strict=True) if keep])


def _winding(loops: Sequence[Sequence[Point]], test_points: np.ndarray) -> np.ndarray:
    """Count how often `loops` turn round each of the `test_points` [m, 2]: signed crossings of the ray to the right."""
    loop_arrays = [np.asarray(loop, dtype=float) for loop in loops]
    x1, y1 = np.concatenate(loop_arrays).T
    x2, y2 = np.concatenate([np.roll(loop, -1, axis=0) for loop in loop_arrays]).T
    safe_rise = np.where(y1 == y2, 1.0, y2 - y1)
    turn_sign = np.where(y2 > y1, 1, -1)
    winding_numbers = np.zeros(len(test_points), dtype=int)
    tree = STRtree(linestrings(np.stack([x1, y1, x2, y2], axis=1).reshape(-1, 2, 2)))
    # Rays to the right of all segments; in blocks, since each may meet every segment.
    ray_ends = np.stack([np.full(len(test_points), max(x1.max(), test_points[:, 0].max()) + 1), test_points[:, 1]], 1)
    rays = linestrings(np.stack([test_points, ray_ends], axis=1))
    for block_start in range(0, len(test_points), _BLOCK):
        ray, segment = tree.query(rays[block_start : block_start + _BLOCK])
        x, y = test_points[ray + block_start].T
        is_beside = (y1[segment] <= y) != (y2[segment] <= y)
        crossing_x = x1[segment] + (y - y1[segment]) / safe_rise[segment] * (x2[segment] - x1[segment])
        crosses = is_beside & (crossing_x > x)
        np.add.at(winding_numbers, ray[crosses] + block_start, turn_sign[segment[crosses]])
    return winding_numbers


def tangled(lines: Sequence[Sequence[Point]], is_closed: bool, max_crossings: int) -> bool:
    """Tell whether `lines` cross each other or themselves more than `max_crossings` times.

    Overlays take time and memory with the number of crossings, which grows with the square of the points: this is
    asked before any overlay. Segments that only touch at their ends do not count.
    """
    rings = [np.asarray([*line, line[0]] if is_closed else line, dtype=float) for line in lines]
    if not rings or sum(map(len, rings)) ** 2 <= 2 * max_crossings:
        return False
    crossing_count = crossings(
        np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in rings]), max_crossings
    )
    return crossing_count is None or crossing_count > max_crossings


def crossings(segments: np.ndarray, max_crossings: int, max_pairs: int | None = None) -> int | None:
    """Count how often `segments` [n, 2, 2] cross each other, until there are more than `max_crossings`.

    Args:
        segments: their ends.
        max_crossings: the count at which counting stops.
        max_pairs: how many pairs whose boxes meet are looked at; None for all.

    Returns:
        The count, or None where looking at more pairs would have been needed.
    """
    lines = linestrings(segments)
    tree, crossing_count, pair_count = STRtree(lines), 0, 0
    starts, ends = segments[:, 0], segments[:, 1]
    for block_start in range(0, len(lines), _BLOCK):
        first_index, second_index = tree.query(lines[block_start : block_start + _BLOCK])
        first_index, second_index = (
            first_index[first_index + block_start < second_index] + block_start,
            second_index[first_index + block_start < second_index],
        )
        pair_count += len(first_index)
        if max_pairs is not None and pair_count > max_pairs:
            return None
        a, b, c, d = starts[first_index], ends[first_index], starts[second_index], ends[second_index]
        is_crossing = (_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a) * _side(c, d, b) < 0)
        crossing_count += int(is_crossing.sum())
        if crossing_count > max_crossings:
            break
    return crossing_count


def _side(line_start: np.ndarray, line_end: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Return on which side of a line each `point` is: positive, negative or 0."""
    line_step, point_step = line_end - line_start, point - line_start
    return np.sign(line_step[..., 0] * point_step[..., 1] - line_step[..., 1] * point_step[..., 0])
