"""Spatial scenes: meshes in a 3D world and the cameras that look at them, as data. Metres; right-handed; z points up.

Everything in a scene is a consequence of its meshes and cameras. The one exception is an object's `name`: a word that
the scene's author chose, which may be wrong or meant to mislead. A question may call an object by its name only where
the picture shows which one is meant by other means, or where the names' author is trusted.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .boxes import DECIMALS, GRID, OrientedBox, bounding_box
from .codec import decode_integers, encode_integers
from .meshes import closed_volume, thick_vertices, triangle_areas, without_unused
from .visibility import ViewedScene, read_views

MAX_COORDINATE = 1000.0
"""Metres from the origin along an axis."""


@dataclass(frozen=True, eq=False)
class SpatialObject:
    """One object: a coloured surface. Made by `spatial_object`, which measures it."""

    index: int
    """Its place in the scene."""
    name: str
    """A word that its author chose, not a fact (see this module)."""
    colours: tuple[str, ...]
    """All `#rrggbb` of its surface, those with more area first."""
    vertices: np.ndarray
    """[n, 3] float64, metres, on the grid; every one is a corner of a triangle."""
    triangles: np.ndarray
    """[m, 3] int32, rows of `vertices`, counter-clockwise seen from outside where there is an outside."""
    paint: np.ndarray
    """[m] int32: each triangle's place in `colours`."""
    box: OrientedBox
    volume: float | None
    """Cubic metres; None for a surface that is not closed or not oriented. Where parts of one object overlap, the
    common space counts once for each."""

    @property
    def colour(self) -> str:
        """Return the `#rrggbb` of the largest part of its surface."""
        return self.colours[0]

    @cached_property
    def face_colours(self) -> np.ndarray:
        """Return the RGB of each triangle, [m, 3] uint8."""
        return np.array([list(bytes.fromhex(colour[1:])) for colour in self.colours], np.uint8)[self.paint]

    @cached_property
    def area(self) -> float:
        """Return the area of the surface, square metres."""
        return float(triangle_areas(self.vertices[self.triangles]).sum())

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; arrays as base64 of little-endian 32-bit integers, coordinates in micrometres."""
        return {
            "index": self.index,
            "name": self.name,
            "colours": list(self.colours),
            "vertices": encode_integers(np.rint(self.vertices / GRID)),
            "triangles": encode_integers(self.triangles),
            "paint": encode_integers(self.paint),
            "box": self.box.to_dict(),
            "volume": self.volume,
        }

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "SpatialObject":
        """Read the `fields` that `to_dict` gave.

        Raises:
            KeyError, TypeError, ValueError: `fields` do not come from there.
        """
        vertices, triangles = decode_integers(fields["vertices"], 3), decode_integers(fields["triangles"], 3)
        paint, colours = decode_integers(fields["paint"], 1)[:, 0], tuple(fields["colours"])
        _check_range(triangles, len(vertices), "triangles")
        _check_range(paint, len(colours), "paint")
        if len(paint) != len(triangles):
            raise ValueError(f"{len(paint)} colours do not fit {len(triangles)} triangles")
        return cls(
            int(fields["index"]),
            str(fields["name"]),
            colours,
            _read_only(vertices / 10.0**DECIMALS),
            _read_only(triangles),
            _read_only(paint),
            OrientedBox.from_dict(fields["box"]),
            fields["volume"],
        )


@dataclass(frozen=True, eq=False)
class SpatialScene(ViewedScene[SpatialObject]):
    """Objects of meshes, the cameras that look at them, and how each camera sees each object."""

    @cached_property
    def ground(self) -> float:
        """Return the height, metres, of the lowest point: pictures show a plain ground there. It is not an object."""
        return float(min(obj.vertices[:, 2].min() for obj in self.objects))

    @classmethod
    def from_json(cls, text: str) -> "SpatialScene":
        """Read the `text` that `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: `text` does not come from there.
        """
        return cls(*read_views(json.loads(text), SpatialObject.from_dict))


def spatial_object(
    index: int, name: str, vertices: np.ndarray, triangles: np.ndarray, face_colours: np.ndarray
) -> SpatialObject:
    """Make an object and measure it.

    Args:
        index: its place in the scene.
        name: the word that its author chose for it.
        vertices: [n, 3], metres; vertices that belong to no triangle are left out.
        triangles: [m, 3] integers, rows of `vertices`, at least one.
        face_colours: [m, 3] uint8, RGB.

    Raises:
        ValueError: a coordinate is not finite or farther than `MAX_COORDINATE`, shapes do not fit, a triangle names
            a vertex that does not exist, or the surface has no area.
    """
    vertices, triangles, face_colours = np.asarray(vertices, float), np.asarray(triangles), np.asarray(face_colours)
    if vertices.ndim != 2 or triangles.ndim != 2 or vertices.shape[1] != 3 or triangles.shape[1] != 3:
        raise ValueError(f"a mesh has vertices [n, 3] and triangles [m, 3], got {vertices.shape} and {triangles.shape}")
    if face_colours.shape != triangles.shape or face_colours.dtype != np.uint8:
        raise ValueError(f"colours must be uint8 {triangles.shape}, got {face_colours.dtype} {face_colours.shape}")
    # Not abs(...) > limit: a nan is not above it either.
    if not (np.abs(vertices) <= MAX_COORDINATE).all():
        raise ValueError(f"coordinates must be finite and at most {MAX_COORDINATE:g} m from the origin")
    _check_range(triangles, len(vertices), "triangles")
    # Adding 0 turns -0.0 into 0.0.
    grid_vertices = np.rint(vertices / GRID) / 10.0**DECIMALS + 0.0
    grid_vertices, triangles = without_unused(grid_vertices, triangles.astype(np.int32))
    areas = triangle_areas(grid_vertices[triangles])
    if not areas.sum() > 0:
        raise ValueError("a surface must have an area")
    colours, paint = _palette(face_colours, areas)
    return SpatialObject(
        index,
        name,
        colours,
        _read_only(grid_vertices),
        _read_only(triangles),
        _read_only(paint),
        bounding_box(thick_vertices(grid_vertices, triangles, areas)),
        closed_volume(grid_vertices, triangles),
    )


def _palette(face_colours: np.ndarray, areas: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the colours as `#rrggbb`, those with more area first, and the index [m] of each face's colour.

    Args:
        face_colours: [m, 3] uint8, RGB.
        areas: [m], of the faces.
    """
    red, green, blue = face_colours.astype(np.int32).T
    codes, code_indices = np.unique((red << 16) | (green << 8) | blue, return_inverse=True)
    # Rounded, so that equal areas are equal whatever order a machine sums them in.
    area_shares = np.round(np.bincount(code_indices, areas) / areas.sum(), 6)
    order = np.lexsort((codes, -area_shares))
    rank = np.empty(len(codes), np.int32)
    rank[order] = np.arange(len(codes))
    return tuple(f"#{code:06x}" for code in codes[order]), rank[code_indices]


def _check_range(indices: np.ndarray, count: int, name: str) -> None:
    if not np.issubdtype(indices.dtype, np.integer) or not indices.size:
        raise ValueError(f"{name} must be integers, and some")
    if indices.min() < 0 or indices.max() >= count:
        raise ValueError(f"{name} must lie in 0 .. {count - 1}, got {indices.min()} .. {indices.max()}")


def _read_only(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array
