"""Spatial scenes: what views of a 3D world show, as data. Metres; right-handed; z points up.

Everything in a scene is a consequence of its meshes and cameras. The one exception is an object's `name`: a word that
the scene's author chose, which may be wrong or meant to mislead. A question may call an object by its name only where
the picture shows which one is meant by other means, or where the names' author is trusted.
"""

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from shapely import convex_hull, get_coordinates, multipoints

from .camera import Camera

DECIMALS = 6
"""Coordinates are kept on a grid of micrometres, so that equal scenes have equal bytes."""
GRID = 10.0**-DECIMALS
MAX_COORDINATE = 1000.0
"""Metres from the origin along an axis."""
MIN_ALTITUDE = 1e-4
"""Metres: thinner triangles do not stretch a box. No picture shows them, so that they could only mislead."""
MAX_HIDERS = 4
"""Of one object in one picture, those that hide most of it are kept."""
_AREA_SLACK = 1e-4
"""Rectangles whose areas differ by no more than this share are equally good; the least turned is taken."""
_MAX_DIRECTIONS = 256
"""Edges of a footprint that are tried, the longest; what has more is as good as round."""
_ROUND_DIRECTIONS, _ROUND_SLACK = 4, 0.05
"""A footprint is round that has edges in so many directions (up to right angles) or more, where all the rectangles
along them and the unturned one differ in area by no more than this share."""


@dataclass(frozen=True)
class Box:
    """The box around an object that stands upright and whose footprint has the least area."""

    centre: tuple[float, float, float]
    """Metres."""
    size: tuple[float, float, float]
    """Metres along the box's own x and y, and along z."""
    yaw: float
    """Degrees by which the box's own x is turned from the world's, counter-clockwise seen from above; in (-45, 45]."""

    @cached_property
    def corners(self) -> np.ndarray:
        """[8, 3], metres: the last coordinate changes fastest, as in `itertools.product`."""
        signs = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
        return np.asarray((signs * self.size) @ _turn(self.yaw).T + self.centre)

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Whether points [..., 3] lie in the box or on it, within the grid; [...] bool."""
        local = np.abs((np.asarray(points) - self.centre) @ _turn(self.yaw))
        return np.asarray((local <= np.array(self.size) / 2 + GRID).all(axis=-1))

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {"centre": list(self.centre), "size": list(self.size), "yaw": self.yaw}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Box":
        """What `to_dict` gave."""
        return cls(_triple(fields["centre"]), _triple(fields["size"]), float(fields["yaw"]))


@dataclass(frozen=True, eq=False)
class SpatialObject:
    """One thing: a coloured surface. Made by `spatial_object`, which measures it."""

    index: int
    """Its place in the scene."""
    name: str
    """What its author calls it: a word, not a fact (see this module)."""
    colours: tuple[str, ...]
    """All `#rrggbb` of its surface, those with more area first."""
    vertices: np.ndarray
    """[n, 3] float64, metres, on the grid; every one is a corner of a triangle."""
    triangles: np.ndarray
    """[m, 3] int32, rows of `vertices`, counter-clockwise seen from outside where there is an outside."""
    paint: np.ndarray
    """[m] int32: each triangle's place in `colours`."""
    box: Box
    volume: float | None
    """Cubic metres; None for a surface that is not closed or not oriented. Where parts of one object overlap, the
    common space counts once for each."""

    @property
    def colour(self) -> str:
        """The `#rrggbb` of the largest part of its surface."""
        return self.colours[0]

    @cached_property
    def face_colours(self) -> np.ndarray:
        """[m, 3] uint8, RGB of each triangle."""
        return np.array([list(bytes.fromhex(colour[1:])) for colour in self.colours], np.uint8)[self.paint]

    @cached_property
    def area(self) -> float:
        """Of the surface, square metres."""
        return float(_areas(self.vertices[self.triangles]).sum())

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; arrays as base64 of little-endian 32-bit integers, coordinates in micrometres."""
        return {
            "index": self.index,
            "name": self.name,
            "colours": list(self.colours),
            "vertices": _encoded(np.rint(self.vertices / GRID)),
            "triangles": _encoded(self.triangles),
            "paint": _encoded(self.paint),
            "box": self.box.to_dict(),
            "volume": self.volume,
        }

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "SpatialObject":
        """What `to_dict` gave.

        Raises:
            KeyError, TypeError, ValueError: it gave nothing of the sort.
        """
        vertices, triangles = _decoded(fields["vertices"], 3), _decoded(fields["triangles"], 3)
        paint, colours = _decoded(fields["paint"], 1)[:, 0], tuple(fields["colours"])
        _check_range(triangles, len(vertices), "triangles")
        _check_range(paint, len(colours), "paint")
        if len(paint) != len(triangles):
            raise ValueError(f"{len(paint)} colours are none for {len(triangles)} triangles")
        box, volume = Box.from_dict(fields["box"]), fields["volume"]
        placed = _frozen(vertices / 10.0**DECIMALS)
        return cls(
            int(fields["index"]), str(fields["name"]), colours, placed, _frozen(triangles), _frozen(paint), box, volume
        )


@dataclass(frozen=True)
class Sight:
    """How one camera sees one object.

    A pixel belongs to the first thing that the ray through its centre meets. `pixels` and `bounds` are exact in that
    sense.
    """

    pixels: int
    """Of the picture that belong to the object."""
    share: float
    """`pixels` over what would belong to it if it were alone, in the same frame; 0 where that is none. Of large
    hidden objects only every fourth pixel is looked at."""
    inside: float
    """Share of the object's silhouette that falls on the picture, hidden or not, by solid angle from the camera: it has
    a meaning also for what reaches behind the camera. Exactly 1 for objects wholly in the frame and 0 for those wholly
    on one side of it; else from some hundred rays, to a few hundredths."""
    bounds: tuple[int, int, int, int] | None
    """Left, top, right and bottom of its pixels, the last two one past them; None where there are none."""
    hiders: tuple[tuple[int, int], ...] = ()
    """What stands before it: object and how many of the pixels that would show this one show that one instead, most
    first, at most `MAX_HIDERS`."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        bounds = None if self.bounds is None else list(self.bounds)
        hiders = [list(pair) for pair in self.hiders]
        return {
            "pixels": self.pixels, "share": self.share, "inside": self.inside, "bounds": bounds, "hiders": hiders
        }  # fmt: skip

    def renumbered(self, places: Mapping[int, int], other: int) -> "Sight":
        """Of the same object, with what hides it counted by other numbers.

        Args:
            places: of objects that are kept, new numbers by old ones.
            other: the number that all others get together.
        """
        pixels: dict[int, int] = {}
        for index, count in self.hiders:
            kept = places.get(index, other)
            pixels[kept] = pixels.get(kept, 0) + count
        most = sorted(pixels.items(), key=lambda pair: (-pair[1], pair[0]))
        return replace(self, hiders=tuple(most))

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Sight":
        """What `to_dict` gave."""
        bounds = fields["bounds"]
        if bounds is not None:
            left, top, right, bottom = map(int, bounds)
            bounds = (left, top, right, bottom)
        hiders = tuple((int(index), int(pixels)) for index, pixels in fields["hiders"])
        return cls(int(fields["pixels"]), float(fields["share"]), float(fields["inside"]), bounds, hiders)


@dataclass(frozen=True, eq=False)
class SpatialScene:
    """Objects, the cameras that look at them, and what each of these sees.

    Raises:
        ValueError: on making one: there is not one sight for each object and camera.
    """

    objects: tuple[SpatialObject, ...]
    cameras: tuple[Camera, ...]
    sights: tuple[tuple[Sight, ...], ...]
    """For each camera, one for each object."""

    def __post_init__(self) -> None:
        got = [len(row) for row in self.sights]
        if got != [len(self.objects)] * len(self.cameras):
            raise ValueError(f"{len(self.cameras)} cameras and {len(self.objects)} objects cannot have {got} sights")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SpatialScene) and self._json == other._json

    def __hash__(self) -> int:
        return hash(self._json)

    @cached_property
    def ground(self) -> float:
        """Height, metres, of the lowest point: pictures show a plain ground there. It is no object."""
        return float(min(obj.vertices[:, 2].min() for obj in self.objects))

    @cached_property
    def _json(self) -> str:
        body = {
            "objects": [obj.to_dict() for obj in self.objects],
            "cameras": [camera.to_dict() for camera in self.cameras],
            "sights": [[sight.to_dict() for sight in row] for row in self.sights],
        }
        return json.dumps(body, sort_keys=True, separators=(",", ":"))

    def to_json(self) -> str:
        """Canonical JSON: equal scenes give equal bytes."""
        return self._json

    @classmethod
    def from_json(cls, text: str) -> "SpatialScene":
        """What `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: it gave nothing of the sort.
        """
        body = json.loads(text)
        return cls(
            tuple(SpatialObject.from_dict(fields) for fields in body["objects"]),
            tuple(Camera.from_dict(fields) for fields in body["cameras"]),
            tuple(tuple(Sight.from_dict(fields) for fields in row) for row in body["sights"]),
        )

    @cached_property
    def digest(self) -> str:
        """sha256 of the canonical JSON, in hex."""
        return hashlib.sha256(self._json.encode()).hexdigest()


def spatial_object(
    index: int, name: str, vertices: np.ndarray, triangles: np.ndarray, face_colours: np.ndarray
) -> SpatialObject:
    """An object, measured.

    Args:
        index: its place in the scene.
        name: what its author calls it.
        vertices: [n, 3], metres; vertices that belong to no triangle are left out.
        triangles: [m, 3] integers, rows of `vertices`, at least one.
        face_colours: [m, 3] uint8, RGB.

    Raises:
        ValueError: a coordinate is not finite or farther than `MAX_COORDINATE`, shapes do not fit, a triangle names
            a vertex that is none, or the surface has no area.
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
    placed = np.rint(vertices / GRID) / 10.0**DECIMALS + 0.0
    placed, triangles = _compact(placed, triangles.astype(np.int32))
    corners = placed[triangles]
    areas = _areas(corners)
    if not areas.sum() > 0:
        raise ValueError("a surface must have an area")
    colours, paint = _palette(face_colours, areas)
    return SpatialObject(
        index,
        name,
        colours,
        _frozen(placed),
        _frozen(triangles),
        _frozen(paint),
        bounding_box(_shown(placed, triangles, areas)),
        closed_volume(placed, triangles),
    )


def bounding_box(points: np.ndarray) -> Box:
    """The upright box of least footprint around points [n, 3].

    The rectangle of least area has a side along an edge of the convex hull (Freeman and Shapira, CACM 18(7), 1975),
    so that each of these is tried. Of rectangles that are equally good within 1e-4 the least turned is taken, and of
    two turned alike the one counter-clockwise. A round footprint (a disc of sixteen corners or more) has no direction
    of its own: its yaw is 0.
    """
    hull = get_coordinates(convex_hull(multipoints(points[:, :2])))
    edges = np.diff(hull, axis=0) if len(hull) > 1 else np.array([[1.0, 0.0]])
    edges = edges[np.argsort(-np.hypot(edges[:, 0], edges[:, 1]), kind="stable")[:_MAX_DIRECTIONS]]
    # 0 stands first, for the round.
    yaws = np.append(0.0, np.unique(_canonical(np.degrees(np.arctan2(edges[:, 1], edges[:, 0])))))
    low, high = _extents(hull, yaws)
    areas = (high - low).prod(axis=1)
    least = areas[1:].min()
    good = 1 + np.flatnonzero(areas[1:] <= least * (1 + _AREA_SLACK))
    is_round = len(yaws) > _ROUND_DIRECTIONS and areas.max() <= least * (1 + _ROUND_SLACK)
    best = 0 if is_round else min(good, key=lambda i: (round(abs(float(yaws[i])), 2), -float(yaws[i])))
    least_corner, most_corner = np.append(low[best], points[:, 2].min()), np.append(high[best], points[:, 2].max())
    yaw = float(yaws[best])
    # One decimal more than the grid has: the middle between two of its points can lie halfway.
    centre = np.round(_turn(yaw) @ ((least_corner + most_corner) / 2), DECIMALS + 1) + 0.0
    return Box(_triple(centre), _triple(np.round(most_corner - least_corner, DECIMALS)), yaw)


def closed_volume(vertices: np.ndarray, triangles: np.ndarray) -> float | None:
    """Volume within a surface, cubic metres; None where it is not closed or not oriented.

    By the divergence theorem, as the sum of the signed tetrahedra from a point to the triangles. Closed means: every
    edge is run along as often one way as the other. Vertices at the same place are one.
    """
    if not _is_closed(triangles):
        vertices, place = _merged(vertices)
        triangles = place[triangles]
        if not _is_closed(triangles):
            return None
    corners = vertices[triangles] - vertices.mean(axis=0)
    signed = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    # Nine decimals are cubic millimetres.
    return round(abs(float(signed)), 9)


def _is_closed(triangles: np.ndarray) -> bool:
    """Whether every edge is run along as often one way as the other."""
    whole = triangles[
        (triangles[:, 0] != triangles[:, 1])
        & (triangles[:, 1] != triangles[:, 2])
        & (triangles[:, 2] != triangles[:, 0])
    ].astype(np.int64)
    if not len(whole):
        return False
    start, end = whole.ravel(), np.roll(whole, -1, axis=1).ravel()
    edge = np.minimum(start, end) * (int(whole.max()) + 1) + np.maximum(start, end)
    order = np.argsort(edge, kind="stable")
    first = np.flatnonzero(np.diff(edge[order], prepend=-1))
    return not np.add.reduceat(np.where(start < end, 1, -1)[order], first).any()


def _merged(vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different points among [n, 3], and each one's place [n] among them."""
    order = np.lexsort(vertices.T)
    new = np.append(True, (np.diff(vertices[order], axis=0) != 0).any(axis=1))
    place = np.empty(len(vertices), np.int64)
    place[order] = np.cumsum(new) - 1
    return vertices[order][new], place


def _compact(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Without the vertices that no triangle has: they would stretch a box, and no picture shows them."""
    used = np.zeros(len(vertices), bool)
    used[triangles] = True
    place = np.cumsum(used, dtype=np.int32) - 1
    return vertices[used], place[triangles].astype(np.int32)


def _shown(vertices: np.ndarray, triangles: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """The vertices of triangles that are not too thin to be seen; all of them where every triangle is."""
    corners = vertices[triangles]
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    thick = (2 * areas >= MIN_ALTITUDE * longest) & (areas > 0)
    seen = np.zeros(len(vertices), bool)
    seen[triangles[thick]] = True
    return vertices[seen] if thick.any() else vertices


def _areas(corners: np.ndarray) -> np.ndarray:
    """Of triangles [m, 3 corners, 3], in the square of their unit."""
    return np.asarray(
        np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    )


def _palette(face_colours: np.ndarray, areas: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """The colours as `#rrggbb`, those with more area first, and each face's place [m] among them."""
    red, green, blue = face_colours.astype(np.int32).T
    codes, place = np.unique((red << 16) | (green << 8) | blue, return_inverse=True)
    # Rounded, so that equal areas are equal whatever order a machine sums them in.
    shares = np.round(np.bincount(place, areas) / areas.sum(), 6)
    order = np.lexsort((codes, -shares))
    rank = np.empty(len(codes), np.int32)
    rank[order] = np.arange(len(codes))
    return tuple(f"#{code:06x}" for code in codes[order]), rank[place]


def _extents(points: np.ndarray, yaws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and most, each [k, 2], of points [n, 2] along both sides of rectangles turned by yaws [k]."""
    low, high = np.empty((len(yaws), 2)), np.empty((len(yaws), 2))
    for i, yaw in enumerate(yaws):
        turned = points @ _turn(float(yaw))[:2, :2]
        low[i], high[i] = turned.min(axis=0), turned.max(axis=0)
    return low, high


def _canonical(degrees: np.ndarray) -> np.ndarray:
    """Angles of a rectangle's side as its yaw, in (-45, 45], kept to four decimals."""
    turned = np.round(45 - (45 - degrees) % 90, 4)
    return np.where(turned <= -45, 45.0, turned) + 0.0


def _turn(yaw: float) -> np.ndarray:
    """Rotation [3, 3] by an angle in degrees about the vertical."""
    cos, sin = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])


def _triple(values: Sequence[float] | np.ndarray) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _check_range(indices: np.ndarray, count: int, name: str) -> None:
    if not np.issubdtype(indices.dtype, np.integer) or not indices.size:
        raise ValueError(f"{name} must be integers, and some")
    if indices.min() < 0 or indices.max() >= count:
        raise ValueError(f"{name} must lie in 0 .. {count - 1}, got {indices.min()} .. {indices.max()}")


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


def _encoded(numbers: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers, "<i4").tobytes()).decode()


def _decoded(text: str, columns: int) -> np.ndarray:
    """What `_encoded` gave, [n, columns] int32."""
    return np.frombuffer(base64.b64decode(text, validate=True), "<i4").reshape(-1, columns).astype(np.int32)
