"""What filling covers: the faces of crossing loops that a fill rule keeps (SVG 1.1, section 11.3)."""

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
    winding = _winding(loops, get_coordinates([point_on_surface(face) for face in faces]))
    kept = winding % 2 != 0 if rule == "evenodd" else winding != 0
    return unary_union([face for face, keep in zip(faces, kept, strict=True) if keep])


def _winding(loops: Sequence[Sequence[Point]], points: np.ndarray) -> np.ndarray:
    """How often loops turn round each point [m, 2] together: signed crossings of the ray to the right."""
    arrays = [np.asarray(loop, dtype=float) for loop in loops]
    x1, y1 = np.concatenate(arrays).T
    x2, y2 = np.concatenate([np.roll(loop, -1, axis=0) for loop in arrays]).T
    rise = np.where(y1 == y2, 1.0, y2 - y1)
    sign = np.where(y2 > y1, 1, -1)
    total = np.zeros(len(points), dtype=int)
    for i, (x, y) in enumerate(points):
        crosses = ((y1 <= y) != (y2 <= y)) & (x1 + (y - y1) / rise * (x2 - x1) > x)
        total[i] = sign[crosses].sum()
    return total


def tangled(lines: Sequence[Sequence[Point]], closed: bool, most: int) -> bool:
    """Whether lines cross each other or themselves more than `most` times.

    Overlays take time and memory with the number of crossings, which grows with the square of the points: this is
    asked before any overlay. Segments that only touch at their ends do not count.
    """
    rings = [np.asarray([*line, line[0]] if closed else line, dtype=float) for line in lines]
    if not rings or sum(map(len, rings)) ** 2 <= 2 * most:
        return False
    found = crossings(np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in rings]), most)
    return found is None or found > most


def crossings(segments: np.ndarray, most: int, most_near: int | None = None) -> int | None:
    """How often segments [n, 2, 2] cross each other, counted until there are more than `most`.

    Args:
        segments: their ends.
        most: where counting stops.
        most_near: how many pairs whose boxes meet are looked at; None for all.

    Returns:
        The count, or None where looking at more pairs would have been needed.
    """
    lines = linestrings(segments)
    tree, found, near = STRtree(lines), 0, 0
    starts, ends = segments[:, 0], segments[:, 1]
    for first in range(0, len(lines), _BLOCK):
        one, other = tree.query(lines[first : first + _BLOCK])
        one, other = one[one + first < other] + first, other[one + first < other]
        near += len(one)
        if most_near is not None and near > most_near:
            return None
        a, b, c, d = starts[one], ends[one], starts[other], ends[other]
        crosses = (_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a) * _side(c, d, b) < 0)
        found += int(crosses.sum())
        if found > most:
            break
    return found


def _side(start: np.ndarray, end: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Which side of a line points are on: positive, negative or 0."""
    along, across = end - start, point - start
    return np.sign(along[..., 0] * across[..., 1] - along[..., 1] * across[..., 0])
