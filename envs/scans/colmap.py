"""COLMAP's text models: `cameras.txt` and `images.txt` (https://colmap.github.io/format.html#text-format)."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from .files import ScanError, from_quaternion, numbers, read_text
from .lenses import FISHEYE, RADIAL, Lens

_PARAMETERS = {"SIMPLE_PINHOLE": 3, "PINHOLE": 4, RADIAL: 8, FISHEYE: 8}
"""Numbers of the models that can be used: pinholes, and lenses whose distortion can be taken out."""
_UNIT_SLACK = 1e-3
"""By how much a quaternion's length may differ from 1."""


class ColmapCamera(NamedTuple):
    """One camera of `cameras.txt`."""

    size: tuple[int, int]
    """Width and height, pixels."""
    focal: tuple[float, float]
    middle: tuple[float, float]
    lens: Lens | None
    """None for a pinhole."""


class ColmapImage(NamedTuple):
    """One picture of `images.txt`."""

    pose: np.ndarray
    """[4, 4] `world_from_camera` in OpenCV's axes; nan where the file's numbers make none."""
    camera: int
    """Its camera's number."""


def read_cameras(path: Path, hint: str) -> dict[int, ColmapCamera]:
    """Read the cameras of the file at `path` by their numbers.

    Raises:
        ScanError: the file is missing or malformed, or a camera's model cannot be undistorted; it ends in `hint`.
    """
    cameras_by_id = {}
    for number, line in enumerate(read_text(path, hint).splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        line_name = f"line {number}"
        if len(words) < 5:
            raise ScanError(path, f"{line_name} must be `id model width height numbers`, got {line!r}", hint)
        lens_model = words[1]
        if lens_model not in _PARAMETERS:
            raise ScanError(
                path,
                f"{line_name} is a camera of the model {lens_model}",
                f"undistort it: {sorted(_PARAMETERS)} can be used",
            )
        camera_id, width, height = numbers([words[0], *words[2:4]], 3, line_name, path, hint)
        parameters = numbers(words[4:], _PARAMETERS[lens_model], line_name, path, hint)
        if not np.isfinite(parameters).all() or not (width >= 1 and height >= 1):
            raise ScanError(path, f"{line_name} has a size or number that is none of a camera's", hint)
        parameters = np.insert(parameters, 0, parameters[0]) if lens_model == "SIMPLE_PINHOLE" else parameters
        fx, fy, cx, cy, *distortion = map(float, parameters)
        lens = (
            Lens(lens_model, (fx, fy), (cx, cy), _four(distortion))
            if any(distortion) or lens_model == FISHEYE
            else None
        )
        cameras_by_id[int(camera_id)] = ColmapCamera((int(width), int(height)), (fx, fy), (cx, cy), lens)
    if not cameras_by_id:
        raise ScanError(path, "describes no camera", hint)
    return cameras_by_id


def read_images(path: Path, hint: str) -> dict[str, ColmapImage]:
    """Read the pictures of the file at `path` by their names.

    Raises:
        ScanError: the file is missing or malformed; it ends in `hint`.
    """
    images_by_name = {}
    data_lines = [line for line in read_text(path, hint).splitlines() if not line.startswith("#")]
    # Two lines for each picture, of which the second, its points, may be empty.
    for line in data_lines[::2]:
        if not line.strip():
            continue
        words = line.split(maxsplit=9)
        if len(words) != 10:
            raise ScanError(path, f"a picture's line must be 8 numbers, a camera and a name, got {line[:80]!r}", hint)
        image_name = words[9].strip()
        values = numbers(words[1:9], 8, f"the line of {image_name}", path, hint)
        if values[7] != np.rint(values[7]) or not np.isfinite(values[7]):
            raise ScanError(path, f"the line of {image_name} names the camera {words[8]}", hint)
        images_by_name[image_name] = ColmapImage(_inverted(values[:4], values[4:7]), int(values[7]))
    if not images_by_name:
        raise ScanError(path, "names no picture", hint)
    return images_by_name


def _inverted(quaternion: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """Return `world_from_camera` of the camera_from_world that COLMAP keeps.

    All nan where its `quaternion` is not a rotation's.
    """
    length = float(np.linalg.norm(quaternion))
    if not abs(length - 1) <= _UNIT_SLACK:
        return np.full((4, 4), np.nan)
    rotation = from_quaternion(quaternion / length)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation.T, -rotation.T @ translation
    return pose


def _four(distortion: list[float]) -> tuple[float, float, float, float]:
    k1, k2, k3, k4 = distortion
    return k1, k2, k3, k4
