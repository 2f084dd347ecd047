"""A scanned scene: its room, and the pictures that show it, turned and scaled as the room's cameras are."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from ...geometry.camera import RIGID_TOLERANCE, Camera
from ...geometry.room import RoomScene
from ...render.raster import Picture
from .files import Mesh, ScanError, picture_size, read_pixels
from .lenses import Lens, undistorted
from .surfaces import STRUCTURE, Labelled, room

OUTSIDE = 2.0
"""Metres outside the mesh's bounds at which a camera cannot stand: its pose is of another frame of reference."""
_LEVEL = 0.35
"""Part of the vertical within the picture's plane under which a view is too steep for the picture to have an upside."""
_MILLIMETRES = 1000.0


class ScanFrame(NamedTuple):
    """One picture of a scan as it was published."""

    picture: Path
    camera: Camera
    """Of the undistorted picture, before it is turned and scaled."""
    lens: Lens | None = None
    """What the picture was taken with, where that is no pinhole: it is undistorted when it is read."""
    depth: Path | None = None
    """16-bit picture, millimetres; None where none was published."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """The part of a scan that is read, and how.

    Raises:
        ValueError: on making one: there is no such value.
    """

    frames: int | tuple[str | int, ...] = 1
    """One frame of every so many, from the first one on; or those of these names (a file's, with or without its suffix)
    in this order. Visibility takes a second or so for each megapixel of each frame."""
    strict: bool = False
    """Whether a frame without a usable picture, pose or intrinsics is an error. Else it is left out and counted, and of
    every so many frames the first usable one is taken. What all frames share (mesh, labels, alignment) is never left
    out."""
    max_side: int | None = None
    """Pixels: larger pictures, and their cameras, are scaled down to this."""
    structure: Collection[str] = STRUCTURE
    """Labels of what hides things but is no object of the room."""

    def __post_init__(self) -> None:
        if isinstance(self.frames, int) and (isinstance(self.frames, bool) or self.frames < 1):
            raise ValueError(f"frames must be every so many, at least 1, or names, got {self.frames!r}")
        if not isinstance(self.frames, int) and not self.frames:
            raise ValueError("frames must name at least one")
        if self.max_side is not None and self.max_side < 16:
            raise ValueError(f"max_side must be at least 16 pixels, got {self.max_side}")


class SkippedFrame(NamedTuple):
    """A frame that was left out."""

    name: str
    """Its picture's file name."""
    reason: str
    """The kind of problem: `lost pose`, `no pose`, `bad pose`, `no picture`, `broken picture`, `picture size`, `side
    file` (of another system, as `._0.jpg`), `bad name`, `no intrinsics` or `malformed file`."""
    error: str
    """What is wrong in which file, and how to mend it."""


@dataclass(frozen=True, eq=False)
class Scan:
    """A scanned scene."""

    scene_id: str
    room: RoomScene
    """Its `frames` are the pictures' file names, its `source` the data set and the scene."""
    frames: tuple[ScanFrame, ...]
    """For each of the room's cameras: what it was made of."""
    turns: tuple[int, ...]
    """For each frame: quarter turns counter-clockwise that its picture is given, so that up is up in it."""
    skipped: tuple[SkippedFrame, ...]
    """The broken frames that were tried and left out."""

    @property
    def skip_counts(self) -> dict[str, int]:
        """Return how many frames were left out, by reason."""
        return dict(sorted(Counter(frame.reason for frame in self.skipped).items()))

    def picture(self, index: int) -> Picture:
        """Return the picture of the frame at `index` as the room's camera sees it: undistorted, turned upright, scaled.

        Raises:
            ScanError: its file is gone or cut off.
        """
        frame, camera = self.frames[index], self.room.cameras[index]
        pixels = read_pixels(frame.picture, "RGB")
        if frame.lens is not None:
            pixels = undistorted(pixels, frame.lens, frame.camera)
        pixels = np.rot90(pixels, self.turns[index])
        size = (camera.width, camera.height)
        if pixels.shape[1::-1] != size:
            pixels = np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size, Image.Resampling.LANCZOS))
        return Picture(np.ascontiguousarray(pixels))

    def depth(self, index: int) -> np.ndarray | None:
        """Return the depths of the frame at `index`, metres along the camera's z; None where there are none.

        Depths that were not measured are nan.

        [h, w] in the depth sensor's own resolution, turned as the picture is; it spans the same view.

        Raises:
            ScanError: its file is cut off, or holds no depths.
        """
        path = self.frames[index].depth
        if path is None:
            return None
        depth_pixels = read_pixels(path)
        if depth_pixels.ndim != 2 or not np.issubdtype(depth_pixels.dtype, np.integer):
            hint = "export this frame's depth again"
            raise ScanError(
                path, f"holds {depth_pixels.dtype} {depth_pixels.shape} and not 16-bit depths in millimetres", hint
            )
        return np.rot90(np.where(depth_pixels > 0, depth_pixels / _MILLIMETRES, np.nan), self.turns[index])


def make_scan(
    source: str,
    scene_id: str,
    labelled_mesh: Labelled,
    frames: "FrameSelection",
    options: Options,
) -> Scan:
    """Make a scan of what a loader read.

    Args:
        source: the data set.
        scene_id: the scene.
        labelled_mesh: its mesh, z up.
        frames: what `read_frames` gave.
        options: how.
    """
    scan_frames, skipped_frames = frames
    turns = tuple(upright_turns(frame.camera) for frame in scan_frames)
    cameras = [
        scaled(turned(frame.camera, quarter_turns), options.max_side)
        for frame, quarter_turns in zip(scan_frames, turns, strict=True)
    ]
    frame_names = [frame.picture.name for frame in scan_frames]
    scene = room(labelled_mesh, cameras, frame_names, f"{source}/{scene_id}", options.structure)
    return Scan(scene_id, scene, scan_frames, turns, skipped_frames)


FrameSelection = tuple[tuple[ScanFrame, ...], tuple[SkippedFrame, ...]]
"""The frames that were read, and the broken ones that were left out."""


def read_frames(
    picture_names: Sequence[str], read_frame: Callable[[str], ScanFrame], mesh: Mesh, folder: Path, options: Options
) -> FrameSelection:
    """Return the chosen frames, and the broken ones that were left out.

    Args:
        picture_names: names of all frames' pictures, in the order of the path.
        read_frame: gives the frame of such a name.
        mesh: the surface, in the world of the cameras.
        folder: where the pictures are; for errors.
        options: which ones.

    Raises:
        ScanError: there are no frames, none of a name that was asked for, or one is broken and `strict` is set, or all
            of them are broken.
    """
    # Other systems' side files, as macOS writes `._0.jpg` beside `0.jpg`.
    side_files = [name for name in picture_names if name.startswith(".")]
    if side_files and options.strict:
        raise ScanError(folder / side_files[0], "is not a picture but a side file", "delete it", "side file")
    skipped = [SkippedFrame(name, "side file", f"{folder / name}: is not a picture") for name in side_files]
    frame_names = [name for name in picture_names if not name.startswith(".")]
    if not frame_names:
        raise ScanError(folder, "holds no pictures", "export the frames to it")
    usable_frames, bounds = [], (mesh.vertices.min(axis=0), mesh.vertices.max(axis=0))
    for group in _chosen(frame_names, options.frames, folder):
        for name in group:
            try:
                usable_frames.append(_checked(read_frame(name), bounds, mesh.path))
                break
            except ScanError as error:
                if options.strict:
                    raise
                skipped.append(SkippedFrame(name, error.reason, str(error)))
    if not usable_frames:
        tried = [frame for frame in skipped if frame.reason != "side file"]
        raise ScanError(
            folder, f"all of the {len(tried)} chosen frames are broken, first {tried[0].error}", "mend them"
        )
    return tuple(usable_frames), tuple(skipped)


def pinhole_of(
    size: tuple[int, int], focal_lengths: Iterable[float], principal_point: Iterable[float], pose: np.ndarray
) -> Camera:
    """Return a camera of published numbers.

    Args:
        size: width and height, pixels.
        focal_lengths: fx and fy, pixels.
        principal_point: cx and cy, pixels.
        pose: [4, 4] `world_from_camera`.

    Raises:
        ValueError: as `Camera`.
    """
    (fx, fy), (cx, cy) = map(float, focal_lengths), map(float, principal_point)
    return Camera(pose, np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]), *size)


def check_size(path: Path, width: float, height: float, described_by: Path) -> None:
    """Require a picture to have the size that its intrinsics are of.

    Args:
        path: the picture's.
        width: pixels.
        height: pixels.
        described_by: the file of the intrinsics, for errors.

    Raises:
        ScanError: it is missing, not a picture, or of another size.
    """
    hint = f"export this frame again, in the size that {described_by.name} describes"
    if (actual_size := picture_size(path, hint)) != (width, height):
        problem = f"is of {actual_size[0]} x {actual_size[1]} pixels, its intrinsics of {width:g} x {height:g}"
        raise ScanError(path, problem, hint, "picture size")


def upright_turns(camera: Camera) -> int:
    """Return the quarter turns counter-clockwise, 0 to 3, after which up is up in the picture of a `camera`.

    0 for views so steep that a picture has no clear upside.
    """
    right, down = camera.rotation[2, :2]
    if math.hypot(right, down) < _LEVEL:
        return 0
    up_scores = np.array([-down, right, down, -right])
    # A bit more for none: a tie is no reason to turn.
    up_scores[0] += 10 * RIGID_TOLERANCE
    return int(up_scores.argmax())


def turned(camera: Camera, turns: int) -> Camera:
    """Return the `camera` of a picture after quarter `turns` counter-clockwise."""
    pose, intrinsics = camera.world_from_camera.copy(), camera.intrinsics
    width, height = camera.width, camera.height
    (fx, fy), (cx, cy) = np.diag(intrinsics)[:2], intrinsics[:2, 2]
    for _ in range(turns % 4):
        right, down = pose[:3, 0].copy(), pose[:3, 1].copy()
        pose[:3, 0], pose[:3, 1] = down, -right
        fx, fy, cx, cy, width, height = fy, fx, cy, width - cx, height, width
    return pinhole_of((width, height), (fx, fy), (cx, cy), pose)


def scaled(camera: Camera, max_side: int | None) -> Camera:
    """Return the `camera` of a picture that was scaled down to a longer side of `max_side` px, where it is larger."""
    longer_side = max(camera.width, camera.height)
    if max_side is None or longer_side <= max_side:
        return camera
    width, height = (max(1, round(side * max_side / longer_side)) for side in (camera.width, camera.height))
    width_scale, height_scale = width / camera.width, height / camera.height
    intrinsics = camera.intrinsics
    focal_lengths, principal_point = (
        (intrinsics[0, 0] * width_scale, intrinsics[1, 1] * height_scale),
        (intrinsics[0, 2] * width_scale, intrinsics[1, 2] * height_scale),
    )
    return pinhole_of((width, height), focal_lengths, principal_point, camera.world_from_camera)


def _chosen(frame_names: Sequence[str], frames: int | tuple[str | int, ...], folder: Path) -> Sequence[Sequence[str]]:
    """Return groups of names, of each of which one frame is wanted: the first usable one."""
    if isinstance(frames, int):
        return [frame_names[start : start + frames] for start in range(0, len(frame_names), frames)]
    names_by_key = {Path(name).stem: name for name in frame_names} | {name: name for name in frame_names}
    chosen_names = []
    for wanted_key in map(str, frames):
        if wanted_key not in names_by_key:
            problem = f"has no frame {wanted_key!r} among its {len(frame_names)}"
            raise ScanError(folder, problem, f"there is {frame_names[0]}, say")
        chosen_names.append(names_by_key[wanted_key])
    if len(set(chosen_names)) < len(chosen_names):
        raise ScanError(folder, "a frame was asked for twice", "name each one once")
    return [[name] for name in chosen_names]


def _checked(frame: ScanFrame, bounds: tuple[np.ndarray, np.ndarray], mesh_path: Path) -> ScanFrame:
    """Return the `frame`, whose camera has to stand within `bounds`, the least and most corners of the mesh."""
    position = frame.camera.position
    if not ((position >= bounds[0] - OUTSIDE) & (position <= bounds[1] + OUTSIDE)).all():
        rounded_position = np.round(position, 2).tolist()
        problem = f"its camera at {rounded_position} stands over {OUTSIDE:g} m outside the mesh of {mesh_path.name}"
        hint = "its pose is of another frame of reference: fetch the scene's own again"
        raise ScanError(frame.picture, problem, hint, "bad pose")
    return frame
