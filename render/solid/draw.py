"""Draw and measure in 3D what a program handed over (see `program.py`): trusted code in a confined process.

The arrays are a claim: the program could have written any bytes. They are checked down to each number, and then are
the only source of the pictures and of the scene alike. So a program can lie about nothing but names: what it calls an
object is a word (see `geometry/spatial.py`).

May import `geometry`, `render/raster.py` and this folder. Begin with `draw_solids`.
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
    """The scene and the pictures of an accepted 3D program."""

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
    """Draw a program's claim and reply with it.

    Args:
        request: `claim`, the message that `program.run` or whatever took its place wrote, and `request`, the job's own,
            whose `size` is the pictures' side in pixels.
        payload: the bytes that came with the claim.

    Returns:
        `{"scene": JSON, "shapes": [[height, width, 3], ...]}` and the pictures' pixels, one after the other; or a
        rejection as a message, and nothing.

    Raises:
        ValueError: the job's size is not one.
    """
    outcome = draw_solids(request["claim"], payload, request["request"].get("size", DEFAULT_SIZE))
    if isinstance(outcome, Rejected):
        return outcome.as_message(), b""
    picture_shapes = [list(picture.array.shape) for picture in outcome.pictures]
    return {"scene": outcome.scene.to_json(), "shapes": picture_shapes}, b"".join(
        p.array.tobytes() for p in outcome.pictures
    )


def draw_solids(claim: Any, payload: bytes, size: int = DEFAULT_SIZE) -> Solids | Rejected:
    """Return the scene and the pictures of a claim.

    Args:
        claim: JSON values of any kind.
        payload: bytes of any kind.
        size: of the pictures' sides, pixels.

    Returns:
        Its scene and pictures, or a rejection where it is malformed.

    Raises:
        ValueError: `size` is not one.
    """
    claimed = _read(claim, payload, size)
    if isinstance(claimed, Rejected):
        return claimed
    objects, cameras = claimed
    world = World(objects)
    camera_views = [world.view(camera) for camera in cameras]
    visibility = [world.visibility(camera, view.owners) for camera, view in zip(cameras, camera_views, strict=True)]
    return Solids(SpatialScene(objects, cameras, tuple(visibility)), tuple(view.picture for view in camera_views))


def measure_solids(claim: Any, payload: bytes, size: int = DEFAULT_SIZE) -> SpatialScene | Rejected:
    """Return the scene of `claim` alone, as `draw_solids` has it, in a third of the time."""
    claimed = _read(claim, payload, size)
    if isinstance(claimed, Rejected):
        return claimed
    objects, cameras = claimed
    world = World(objects)
    return SpatialScene(objects, cameras, tuple(world.visibility(camera, world.owners(camera)) for camera in cameras))


def _read(claim: Any, payload: bytes, size: int) -> tuple[tuple[SpatialObject, ...], tuple[Camera, ...]] | Rejected:
    """Return the objects and the cameras of `claim`, for pictures of `size` px.

    Raises:
        ValueError: `size` is not one.
    """
    if type(size) is not int or not 1 <= size <= MAX_SIZE:
        raise ValueError(f"size must be from 1 to {MAX_SIZE} px, got {size!r}")
    try:
        return _objects(claim["objects"], payload), _cameras(claim["cameras"], size)
    except (KeyError, TypeError, ValueError, OverflowError):
        return _NONSENSE


def _objects(claimed_objects: Any, payload: bytes) -> tuple[SpatialObject, ...]:
    """Return the objects of `claimed_objects`, whose arrays are in `payload`.

    Raises:
        TypeError, ValueError: it has none, too many or too much, or any number of it is out of its range.
    """
    if not isinstance(claimed_objects, list) or not 1 <= len(claimed_objects) <= MAX_OBJECTS:
        raise ValueError("no list of objects")
    object_names = [_name(name) for name, _, _ in claimed_objects]
    vertex_counts = [_count(count, MAX_VERTICES) for _, count, _ in claimed_objects]
    triangle_counts = [_count(count, MAX_TRIANGLES) for _, _, count in claimed_objects]
    vertex_total, triangle_total = sum(vertex_counts), sum(triangle_counts)
    if (
        vertex_total > MAX_VERTICES
        or triangle_total > MAX_TRIANGLES
        or len(payload) != 12 * vertex_total + 15 * triangle_total
    ):
        raise ValueError("not the arrays that are announced")
    points = np.frombuffer(payload, "<i4", 3 * vertex_total).reshape(-1, 3) / 10.0**DECIMALS
    triangle_rows = np.frombuffer(payload, "<u4", 3 * triangle_total, 12 * vertex_total).reshape(-1, 3).astype(np.int64)
    face_colours = np.frombuffer(payload, np.uint8, 3 * triangle_total, 12 * (vertex_total + triangle_total)).reshape(
        -1, 3
    )
    object_arrays = zip(
        object_names,
        _split(points, vertex_counts),
        _split(triangle_rows, triangle_counts),
        _split(face_colours, triangle_counts),
        strict=True,
    )
    return tuple(spatial_object(index, *arrays) for index, arrays in enumerate(object_arrays))


def _cameras(claimed_cameras: Any, size_px: int) -> tuple[Camera, ...]:
    """Return the cameras of `claimed_cameras` for pictures of `size_px`.

    Raises:
        TypeError, ValueError: there are none, or too many.
    """
    if not isinstance(claimed_cameras, list) or not 1 <= len(claimed_cameras) <= MAX_CAMERAS:
        raise ValueError("no list of cameras")
    cameras = tuple(pinhole(pose, fov, size_px, size_px) for pose, fov in claimed_cameras)
    if any(np.abs(camera.position).max() > MAX_COORDINATE for camera in cameras):
        raise ValueError("a camera is far away")
    if not all(MIN_FOV <= fov <= MAX_FOV for _, fov in claimed_cameras):
        raise ValueError("a camera sees too little or too much")
    return cameras


def _name(claimed_name: Any) -> str:
    if not isinstance(claimed_name, str) or not 1 <= len(claimed_name) <= MAX_NAME or not claimed_name.isprintable():
        raise ValueError("no name")
    return claimed_name


def _count(claimed_count: Any, limit: int) -> int:
    if type(claimed_count) is not int or not 1 <= claimed_count <= limit:
        raise ValueError("no count")
    return claimed_count


def _split(array: np.ndarray, counts: Sequence[int]) -> list[np.ndarray]:
    return np.split(array, np.cumsum(counts)[:-1])


# --- in the parent -------------------------------------------------------------------------------------------------


def undrawn(message: Mapping[str, Any], payload: bytes) -> Solids:
    """Return the scene and pictures that `draw` replied as `message` and `payload`.

    Raises:
        KeyError, TypeError, ValueError: it replied nothing of the sort.
    """
    scene = SpatialScene.from_json(message["scene"])
    picture_shapes = [(camera.height, camera.width, 3) for camera in scene.cameras]
    if [tuple(shape) for shape in message["shapes"]] != picture_shapes or len(payload) != sum(
        map(math.prod, picture_shapes)
    ):
        raise ValueError(f"{len(payload)} bytes of {message['shapes']} are not the pictures of {picture_shapes}")
    end_offsets = np.cumsum([math.prod(shape) for shape in picture_shapes])
    pixel_parts = np.split(np.frombuffer(payload, np.uint8), end_offsets[:-1])
    pictures = tuple(Picture(pixels.reshape(shape)) for pixels, shape in zip(pixel_parts, picture_shapes, strict=True))
    return Solids(scene, pictures)
