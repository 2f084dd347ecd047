"""What a thing is, by its shape: names are words of whoever wrote the program, and may be wrong or meant to mislead.

The kit's meshes are scaled, turned and moved copies of a template each (`kit.template`), corner for corner. So a mesh
is of a category just where it has that template's triangles, and an upright turn, three sizes and a place carry the
template's corners to its own. Names, colours and the object's box play no part.
"""

import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...geometry.boxes import volume
from ...geometry.spatial import SpatialObject

if TYPE_CHECKING:
    from .kit import Kind

TOLERANCE = 2e-5
"""Metres that a corner may be away from where the template puts it: coordinates are kept to a micrometre."""
_SLAB, _FLOOR_SIDE, _FLOOR_TOP = 0.1, 1.0, 0.01
"""Metres: a floor is no thicker, no narrower, and its top no farther from height 0."""
_WALL_THICK, _WALL_HEIGHT = 0.15, 1.0
"""Metres: a wall is no thicker and no lower."""


class Fit(NamedTuple):
    """How a template became an object."""

    category: str
    turn: float
    """Degrees, counter-clockwise, in (-180, 180]: a thing with turn 0 faces -y."""
    size: tuple[float, float, float]
    """Width, depth and height, metres, along the thing's own axes."""


@cache
def catalogue() -> "dict[str, Kind]":
    """The kit's categories; trimesh is needed for that."""
    from .kit import CATALOGUE

    return CATALOGUE


@cache
def _templates() -> dict[bytes, list[tuple[str, np.ndarray]]]:
    """By their triangles, categories and the corners of their templates."""
    from .kit import template

    found: dict[bytes, list[tuple[str, np.ndarray]]] = {}
    for category in catalogue():
        corners, triangles, _ = template(category)
        found.setdefault(_key(triangles), []).append((category, corners))
    return found


def _key(triangles: np.ndarray) -> bytes:
    return np.ascontiguousarray(triangles, "<i4").tobytes()


def fitted(obj: SpatialObject) -> Fit | None:
    """The category whose template the object is, of a size that this category has, upright and not mirrored."""
    for category, corners in _templates().get(_key(obj.triangles), []):
        if fit := _fit(category, corners, obj.vertices):
            return fit
    return None


def recognised(obj: SpatialObject) -> str | None:
    """The object's category by its shape alone; None where it is nothing that the kit makes."""
    fit = fitted(obj)
    return fit.category if fit else None


def _fit(category: str, corners: np.ndarray, points: np.ndarray) -> Fit | None:
    """By least squares: the plan's part is a 2 x 2 matrix, whose columns stand upright on each other."""
    flat, heights = _affine(corners[:, :2], points[:, :2]), _affine(corners[:, 2:], points[:, 2:])
    width, depth, height = math.hypot(*flat[0]), math.hypot(*flat[1]), float(heights[0, 0])
    if min(width, depth, height) <= TOLERANCE:
        return None
    turn = math.atan2(flat[0, 1], flat[0, 0])
    cos, sin = math.cos(turn), math.sin(turn)
    # Without a shear and without a mirror: the second axis is the first one's left.
    exact = corners * (width, depth, height) @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    moved = points - exact
    if np.abs(moved - moved.mean(axis=0)).max() > TOLERANCE:
        return None
    size, kind = (width, depth, height), catalogue()[category]
    if any(
        not low - TOLERANCE <= side <= high + TOLERANCE
        for side, low, high in zip(size, kind.low, kind.high, strict=True)
    ):
        return None
    if kind.even and abs(width - depth) > TOLERANCE:
        return None
    return Fit(category, math.degrees(turn), size)


def _affine(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """[k, k] matrix that carries source [n, k] to target [n, k], both from their middles, best."""
    from_middle, to_middle = source - source.mean(axis=0), target - target.mean(axis=0)
    return np.asarray(np.linalg.lstsq(from_middle, to_middle, rcond=None)[0])


def structure(obj: SpatialObject) -> str | None:
    """`floor` for a level slab at height 0, `wall` for an upright thin block, by geometry; else None."""
    (width, depth, height), top = obj.box.size, obj.box.centre[2] + obj.box.size[2] / 2
    if height <= _SLAB and min(width, depth) >= _FLOOR_SIDE and abs(top) <= _FLOOR_TOP:
        levels = obj.vertices[:, 2]
        return "floor" if np.isin(levels, (levels.min(), levels.max())).all() else None
    if min(width, depth) > _WALL_THICK or height < _WALL_HEIGHT or obj.volume is None:
        return None
    return "wall" if abs(obj.volume - volume(obj.box)) <= 1e-3 * volume(obj.box) else None
