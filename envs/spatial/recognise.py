"""Categories of objects by their shape: names are words of whoever wrote the program, and may mislead.

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
    """The way in which a template became an object."""

    category: str
    turn: float
    """Degrees, counter-clockwise, in (-180, 180]: a thing with turn 0 faces -y."""
    size: tuple[float, float, float]
    """Width, depth and height, metres, along the thing's own axes."""


@cache
def catalogue() -> "dict[str, Kind]":
    """Return the kit's categories; trimesh is needed for that."""
    from .kit import CATALOGUE

    return CATALOGUE


@cache
def _templates() -> dict[bytes, list[tuple[str, np.ndarray]]]:
    """Return categories and the corners of their templates, by their triangles."""
    from .kit import template

    templates: dict[bytes, list[tuple[str, np.ndarray]]] = {}
    for category in catalogue():
        template_corners, triangles, _ = template(category)
        templates.setdefault(_key(triangles), []).append((category, template_corners))
    return templates


def _key(triangles: np.ndarray) -> bytes:
    return np.ascontiguousarray(triangles, "<i4").tobytes()


def fitted(obj: SpatialObject) -> Fit | None:
    """Return the category whose template `obj` is, of a size that this category has, upright and not mirrored."""
    for category, template_corners in _templates().get(_key(obj.triangles), []):
        if candidate_fit := _fit(category, template_corners, obj.vertices):
            return candidate_fit
    return None


def recognised(obj: SpatialObject) -> str | None:
    """Return the category of `obj` by its shape alone; None where it is nothing that the kit makes."""
    fit = fitted(obj)
    return fit.category if fit else None


def _fit(category: str, template_corners: np.ndarray, points: np.ndarray) -> Fit | None:
    """Fit the template of a `category` to `points` by least squares.

    The plan's part is a 2 x 2 matrix, whose columns stand upright on each other.
    """
    plan_matrix, height_matrix = (
        _affine(template_corners[:, :2], points[:, :2]),
        _affine(template_corners[:, 2:], points[:, 2:]),
    )
    width, depth, height = math.hypot(*plan_matrix[0]), math.hypot(*plan_matrix[1]), float(height_matrix[0, 0])
    if min(width, depth, height) <= TOLERANCE:
        return None
    turn = math.atan2(plan_matrix[0, 1], plan_matrix[0, 0])
    cos, sin = math.cos(turn), math.sin(turn)
    # Without a shear and without a mirror: the second axis is the first one's left.
    expected_points = template_corners * (width, depth, height) @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    point_offsets = points - expected_points
    if np.abs(point_offsets - point_offsets.mean(axis=0)).max() > TOLERANCE:
        return None
    size, category_kind = (width, depth, height), catalogue()[category]
    if any(
        not low - TOLERANCE <= side <= high + TOLERANCE
        for side, low, high in zip(size, category_kind.low, category_kind.high, strict=True)
    ):
        return None
    if category_kind.even and abs(width - depth) > TOLERANCE:
        return None
    return Fit(category, math.degrees(turn), size)


def _affine(source_points: np.ndarray, target_points: np.ndarray) -> np.ndarray:
    """Return the matrix [k, k] that best carries `source_points` [n, k] to `target_points`, both from their middles."""
    source_offsets, target_offsets = (
        source_points - source_points.mean(axis=0),
        target_points - target_points.mean(axis=0),
    )
    return np.asarray(np.linalg.lstsq(source_offsets, target_offsets, rcond=None)[0])


def structure(obj: SpatialObject) -> str | None:
    """Return `floor` where `obj` is a level slab at height 0, `wall` where an upright thin block; else None."""
    (width, depth, height), top_height = obj.box.size, obj.box.centre[2] + obj.box.size[2] / 2
    if height <= _SLAB and min(width, depth) >= _FLOOR_SIDE and abs(top_height) <= _FLOOR_TOP:
        vertex_heights = obj.vertices[:, 2]
        return "floor" if np.isin(vertex_heights, (vertex_heights.min(), vertex_heights.max())).all() else None
    if min(width, depth) > _WALL_THICK or height < _WALL_HEIGHT or obj.volume is None:
        return None
    return "wall" if abs(obj.volume - volume(obj.box)) <= 1e-3 * volume(obj.box) else None
