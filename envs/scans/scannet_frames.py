"""Frames of ScanNet's scenes, in the layouts in which users have them.

- `color/<n>.jpg`, `pose/<n>.txt`, `depth/<n>.png` and `intrinsic/intrinsic_color.txt` in the scene's folder, as the
  data set's Python reader of `.sens` files exports them;
- the same with `frame_processed/<n>.jpg` in place of, or beside, `color`, and the intrinsics in `intrinsic_color.txt`,
  as SpatialEvo (ZJU-REAL/SpatialEvo, `src/data/scannet_loader.py`, read 2026-11-30) selects frames: where both are
  there, all of `color` count;
- `scannet_frames_25k/<scene>/` with `color/<n>.jpg`, `pose/<n>.txt`, `depth/<n>.png` and `intrinsics_color.txt`, the
  data set's own subset for 2D tasks, which has no meshes: it is looked for beside the folder that holds the scene and
  one folder above, also below `tasks`;
- `frame-<n>.color.jpg`, `frame-<n>.pose.txt`, `frame-<n>.depth.pgm` (or `.png`) and `_info.txt` in the scene's folder
  or directly below it, as the data set's C++ reader exports them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .files import ScanError, numbers, read_matrix, read_text

EXPORT = "export the frames of the .sens file with the data set's SensReader"
_PICTURE_FOLDERS = ("color", "frame_processed")
_SUFFIXES = (".jpg", ".jpeg", ".png")
_SUBSET = "scannet_frames_25k"
_INFO, _COLOUR = "_info.txt", ".color"


class FrameFiles(NamedTuple):
    """The files of a scene's frames."""

    folder: Path
    """Of the pictures."""
    names: list[str]
    """Of the pictures, in the order of their numbers."""
    pose_path: Callable[[str], Path]
    """From a picture's name to its pose."""
    depth_path: Callable[[str], Path]
    """From a picture's name to its depth, which may be missing."""
    intrinsics_path: Path
    intrinsics: np.ndarray
    """[4, 4]: a pinhole's, without skew."""


def find_frames(scene_folder: Path) -> FrameFiles:
    """Return the files of the frames of the scene in `scene_folder`.

    Raises:
        ScanError: there are no frames in any of the layouts, or the intrinsics are missing or malformed.
    """
    scene, parents = scene_folder.name, (scene_folder.parent, scene_folder.parent.parent)
    subsets = [parent / part / _SUBSET / scene for parent in parents for part in ("", "tasks")]
    for folder in (scene_folder, *subsets):
        for picture_folder in (folder / name for name in _PICTURE_FOLDERS):
            if picture_folder.is_dir():
                return _exported(folder, picture_folder)
    if scene_folder.is_dir():
        subfolders = sorted(path for path in scene_folder.iterdir() if path.is_dir())
        for folder in (scene_folder, *subfolders):
            if (folder / _INFO).is_file():
                return _numbered(folder)
    raise ScanError(scene_folder / _PICTURE_FOLDERS[0], "is missing", EXPORT)


def _exported(folder: Path, picture_folder: Path) -> FrameFiles:
    """Return the frames of a `folder` as the Python reader exports them."""
    places = ("intrinsic/intrinsic_color.txt", "intrinsic_color.txt", "intrinsics_color.txt")
    paths = [folder / place for place in places]
    intrinsics_path = next((path for path in paths if path.is_file()), paths[0])
    names = [path.name for path in picture_folder.iterdir() if path.suffix.lower() in _SUFFIXES]
    return FrameFiles(
        picture_folder,
        sorted(names, key=_number_key),
        lambda name: folder / "pose" / f"{Path(name).stem}.txt",
        lambda name: folder / "depth" / f"{Path(name).stem}.png",
        intrinsics_path,
        _pinhole(read_matrix(intrinsics_path, EXPORT), intrinsics_path),
    )


def _numbered(folder: Path) -> FrameFiles:
    """Return the frames of a `folder` as the C++ reader exports them."""
    info_path, key = folder / _INFO, "m_calibrationColorIntrinsic"
    pairs = [line.partition("=") for line in read_text(info_path, EXPORT).splitlines()]
    values = {name.strip(): value for name, separator, value in pairs if separator}
    if key not in values:
        raise ScanError(info_path, f"has no line `{key} = ` with 16 numbers", EXPORT)
    intrinsics = numbers(values[key].split(), 16, key, info_path, EXPORT).reshape(4, 4)
    names = [
        path.name
        for path in folder.iterdir()
        if path.suffix.lower() in _SUFFIXES and path.stem.lower().endswith(_COLOUR)
    ]

    def depth_path(name: str) -> Path:
        candidates = [folder / f"{_base(name)}.depth.{suffix}" for suffix in ("pgm", "png")]
        return next((path for path in candidates if path.is_file()), candidates[0])

    return FrameFiles(
        folder,
        sorted(names),
        lambda name: folder / f"{_base(name)}.pose.txt",
        depth_path,
        info_path,
        _pinhole(intrinsics, info_path),
    )


def _base(name: str) -> str:
    return Path(name).stem[: -len(_COLOUR)]


def _number_key(name: str) -> tuple[bool, str]:
    """Return the key by which a picture's `name` is sorted: its number."""
    return not Path(name).stem.isdigit(), Path(name).stem.zfill(12)


def _pinhole(intrinsics: np.ndarray, path: Path) -> np.ndarray:
    """Return the `intrinsics` [4, 4] of the file at `path`, which have to be a pinhole's without skew."""
    pinhole_matrix = np.diag([intrinsics[0, 0], intrinsics[1, 1], 1.0, 1.0])
    pinhole_matrix[:2, 2] = intrinsics[:2, 2]
    is_plain = np.isfinite(intrinsics).all() and np.array_equal(intrinsics, pinhole_matrix)
    if not is_plain or np.diag(intrinsics).min() <= 0:
        raise ScanError(path, f"is not a pinhole's matrix without skew: {intrinsics.tolist()}", EXPORT)
    return intrinsics
