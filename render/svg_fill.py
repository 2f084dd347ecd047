"""What filling covers: the faces of crossing loops that a fill rule keeps (SVG 1.1, section 11.3)."""

from collections.abc import Sequence

import numpy as np
from shapely import LineString, Polygon, get_coordinates, point_on_surface, polygonize, unary_union
from shapely.geometry.base import BaseGeometry

from .svg_path import Point

_BLOCK = 256
"""Rows of the segment-by-segment table that are held at once."""


def fill_loops(loops: Sequence[Sequence[Point]], rule: str) -> BaseGeometry:
    """The region that closed loops fill, judged for each face by its winding number.

    Args:
        loops: points of each loop, px, without the closing one.
        rule: `nonzero` or `evenodd`.
    """
    if not loops:
        return Polygon()
    faces = polygonize([unary_union([LineString([*loop, loop[0]]) for loop in loops])]).geoms
    if not len(faces):
        return Polygon()
    inside = get_coordinates([point_on_surface(face) for face in faces])
    winding = np.sum([_winding(np.asarray(loop), inside) for loop in loops], axis=0)
    kept = winding % 2 != 0 if rule == "evenodd" else winding != 0
    return unary_union([face for face, keep in zip(faces, kept, strict=True) if keep])


def _winding(loop: np.ndarray, points: np.ndarray) -> np.ndarray:
    """How often a loop [n, 2] turns round each point [m, 2]: signed crossings of the ray to the right."""
    x1, y1 = loop.T
    x2, y2 = np.roll(loop, -1, axis=0).T
    rise = np.where(y1 == y2, 1.0, y2 - y1)
    total = np.zeros(len(points), dtype=int)
    for i, (x, y) in enumerate(points):
        crosses = ((y1 <= y) != (y2 <= y)) & (x1 + (y - y1) / rise * (x2 - x1) > x)
        total[i] = np.where(y2 > y1, 1, -1)[crosses].sum()
    return total


def tangled(lines: Sequence[Sequence[Point]], closed: bool, most: int) -> bool:
    """Whether lines cross each other or themselves more than `most` times.

    Overlays take time and memory with the number of crossings, which grows with the square of the points: this is
    asked before any overlay. Segments that only touch at their ends do not count.
    """
    rings = [np.asarray([*line, line[0]] if closed else line, dtype=float) for line in lines]
    starts = np.concatenate([ring[:-1] for ring in rings]) if rings else np.zeros((0, 2))
    ends = np.concatenate([ring[1:] for ring in rings]) if rings else np.zeros((0, 2))
    count, found = len(starts), 0
    if count * count <= 2 * most:
        return False
    for first in range(0, count, _BLOCK):
        block = slice(first, first + _BLOCK)
        a, b = starts[block, None], ends[block, None]
        split = _side(a, b, starts[None]) * _side(a, b, ends[None]) < 0
        crosses = split & (_side(starts[None], ends[None], a) * _side(starts[None], ends[None], b) < 0)
        found += int(crosses.sum())
        # Each crossing is met from both of its segments.
        if found > 2 * most:
            return True
    return False


def _side(start: np.ndarray, end: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Which side of a line points are on: positive, negative or 0."""
    along, across = end - start, point - start
    return np.sign(along[..., 0] * across[..., 1] - along[..., 1] * across[..., 0])
