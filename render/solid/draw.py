"""3D pictures and facts from what a program handed over (see `solid.py`): trusted code in a confined process.

The arrays are a claim: the program could have written any bytes. They are checked down to each number, and then are
the only source of the pictures and of the scene alike. So a program can lie about nothing but names: what it calls an
object is a word (see `geometry/spatial.py`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...geometry.boxes import DECIMALS
from ...geometry.camera import Camera, pinhole
from ...geometry.spatial import MAX_COORDINATE, SpatialObject, SpatialScene, spatial_object
from ..outcome import Rejected
from ..raster import Picture
from .program import MAX_CAMERAS, MAX_FOV, MAX_NAME, MAX_OBJECTS, MAX_TRIANGLES, MAX_VERTICES, MIN_FOV
from .view import World

DEFAULT_SIZE = 256
"""Pixels of a picture's side."""
MAX_SIZE = 1024

_NONSENSE = Rejected("no_result", "the program handed back nonsense", "leave a trimesh.Scene in `scene`")
_BOX_CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
_BOX_TRIANGLES = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]])


@dataclass(frozen=True, eq=False)
class Solids:
    """What an accepted 3D program shows."""

    scene: SpatialScene
    pictures: tuple[Picture, ...]
    """One for each of the scene's cameras, square."""


# --- in the reader -------------------------------------------------------------------------------------------------


def warm() -> None:
    """Import open3d and draw once, so that threads and tables are there before the limits are."""
    vertices, triangles = (_BOX_CORNERS * 10**DECIMALS).astype("<i4"), _BOX_TRIANGLES.astype("<u4")
    colours = np.full((len(triangles), 3), 128, np.uint8)
    pose = [[1, 0, 0, 0.5], [0, 0, 1, -3], [0, -1, 0, 0.5], [0, 0, 0, 1]]
    claim = {"objects": [["box", len(vertices), len(triangles)]], "cameras": [[pose, 60.0]]}
    draw({"claim": claim, "request": {"size": 16}}, vertices.tobytes() + triangles.tobytes() + colours.tobytes())


def draw(request: Mapping[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """A program's claim as a reply.

    Args:
        request: `claim`, the message that `solid.run` or whatever took its place wrote, and `request`, the job's own,
            whose `size` is the pictures' side in pixels.
        payload: what came with the claim.

    Returns:
        `{"scene": JSON, "shapes": [[height, width, 3], ...]}` and the pictures' pixels, one after the other; or a
        rejection as a message, and nothing.

    Raises:
        ValueError: the job's size is none.
    """
    drawn = draw_solids(request["claim"], payload, request["request"].get("size", DEFAULT_SIZE))
    if isinstance(drawn, Rejected):
        return drawn.as_message(), b""
    shapes = [list(picture.array.shape) for picture in drawn.pictures]
    return {"scene": drawn.scene.to_json(), "shapes": shapes}, b"".join(p.array.tobytes() for p in drawn.pictures)


def draw_solids(claim: Any, payload: bytes, size: int = DEFAULT_SIZE) -> Solids | Rejected:
    """Scene and pictures of a claim.

    Args:
        claim: JSON values of any kind.
        payload: bytes of any kind.
        size: of the pictures' sides, pixels.

    Returns:
        What it shows, or a rejection where it is malformed.

    Raises:
        ValueError: the size is none.
    """
    read = _read(claim, payload, size)
    if isinstance(read, Rejected):
        return read
    objects, cameras = read
    world = World(objects)
    views = [world.view(camera) for camera in cameras]
    visibility = [world.visibility(camera, view.owners) for camera, view in zip(cameras, views, strict=True)]
    return Solids(SpatialScene(objects, cameras, tuple(visibility)), tuple(view.picture for view in views))


def measure_solids(claim: Any, payload: bytes, size: int = DEFAULT_SIZE) -> SpatialScene | Rejected:
    """The scene alone, as `draw_solids` has it, in a third of the time."""
    read = _read(claim, payload, size)
    if isinstance(read, Rejected):
        return read
    objects, cameras = read
    world = World(objects)
    return SpatialScene(objects, cameras, tuple(world.visibility(camera, world.owners(camera)) for camera in cameras))


def _read(claim: Any, payload: bytes, size: int) -> tuple[tuple[SpatialObject, ...], tuple[Camera, ...]] | Rejected:
    """What a claim holds.

    Raises:
        ValueError: the size is none.
    """
    if type(size) is not int or not 1 <= size <= MAX_SIZE:
        raise ValueError(f"size must be from 1 to {MAX_SIZE} px, got {size!r}")
    try:
        return _objects(claim["objects"], payload), _cameras(claim["cameras"], size)
    except (KeyError, TypeError, ValueError, OverflowError):
        return _NONSENSE


def _objects(listed: Any, payload: bytes) -> tuple[SpatialObject, ...]:
    """The claim's objects.

    Raises:
        TypeError, ValueError: it has none, too many or too much, or any number of it is out of its range.
    """
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_OBJECTS:
        raise ValueError("no list of objects")
    names = [_name(name) for name, _, _ in listed]
    vertices = [_count(count, MAX_VERTICES) for _, count, _ in listed]
    triangles = [_count(count, MAX_TRIANGLES) for _, _, count in listed]
    corners, faces = sum(vertices), sum(triangles)
    if corners > MAX_VERTICES or faces > MAX_TRIANGLES or len(payload) != 12 * corners + 15 * faces:
        raise ValueError("not the arrays that are announced")
    points = np.frombuffer(payload, "<i4", 3 * corners).reshape(-1, 3) / 10.0**DECIMALS
    rows = np.frombuffer(payload, "<u4", 3 * faces, 12 * corners).reshape(-1, 3).astype(np.int64)
    colours = np.frombuffer(payload, np.uint8, 3 * faces, 12 * (corners + faces)).reshape(-1, 3)
    parts = zip(names, _split(points, vertices), _split(rows, triangles), _split(colours, triangles), strict=True)
    return tuple(spatial_object(index, *part) for index, part in enumerate(parts))


def _cameras(listed: Any, size: int) -> tuple[Camera, ...]:
    """The claim's cameras for pictures of a size.

    Raises:
        TypeError, ValueError: they are none, or too many.
    """
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_CAMERAS:
        raise ValueError("no list of cameras")
    found = tuple(pinhole(pose, fov, size, size) for pose, fov in listed)
    if any(np.abs(camera.position).max() > MAX_COORDINATE for camera in found):
        raise ValueError("a camera is far away")
    if not all(MIN_FOV <= fov <= MAX_FOV for _, fov in listed):
        raise ValueError("a camera sees too little or too much")
    return found


def _name(given: Any) -> str:
    if not isinstance(given, str) or not 1 <= len(given) <= MAX_NAME or not given.isprintable():
        raise ValueError("no name")
    return given


def _count(given: Any, most: int) -> int:
    if type(given) is not int or not 1 <= given <= most:
        raise ValueError("no count")
    return given


def _split(array: np.ndarray, counts: Sequence[int]) -> list[np.ndarray]:
    return np.split(array, np.cumsum(counts)[:-1])


# --- in the parent -------------------------------------------------------------------------------------------------


def undrawn(message: Mapping[str, Any], payload: bytes) -> Solids:
    """What `draw` replied.

    Raises:
        KeyError, TypeError, ValueError: it replied nothing of the sort.
    """
    scene = SpatialScene.from_json(message["scene"])
    shapes = [(camera.height, camera.width, 3) for camera in scene.cameras]
    if [tuple(shape) for shape in message["shapes"]] != shapes or len(payload) != sum(map(math.prod, shapes)):
        raise ValueError(f"{len(payload)} bytes of {message['shapes']} are not the pictures of {shapes}")
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    parts = np.split(np.frombuffer(payload, np.uint8), ends[:-1])
    pictures = tuple(Picture(part.reshape(shape)) for part, shape in zip(parts, shapes, strict=True))
    return Solids(scene, pictures)
