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
    """Cameras by their numbers.

    Raises:
        ScanError: the file is missing or malformed, or a camera's model cannot be undistorted.
    """
    found = {}
    for number, line in enumerate(read_text(path, hint).splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        where = f"line {number}"
        if len(words) < 5:
            raise ScanError(path, f"{where} must be `id model width height numbers`, got {line!r}", hint)
        model = words[1]
        if model not in _PARAMETERS:
            raise ScanError(
                path, f"{where} is a camera of the model {model}", f"undistort it: {sorted(_PARAMETERS)} can be used"
            )
        ident, width, height = numbers([words[0], *words[2:4]], 3, where, path, hint)
        values = numbers(words[4:], _PARAMETERS[model], where, path, hint)
        if not np.isfinite(values).all() or not (width >= 1 and height >= 1):
            raise ScanError(path, f"{where} has a size or number that is none of a camera's", hint)
        values = np.insert(values, 0, values[0]) if model == "SIMPLE_PINHOLE" else values
        fx, fy, cx, cy, *bend = map(float, values)
        lens = Lens(model, (fx, fy), (cx, cy), _four(bend)) if any(bend) or model == FISHEYE else None
        found[int(ident)] = ColmapCamera((int(width), int(height)), (fx, fy), (cx, cy), lens)
    if not found:
        raise ScanError(path, "describes no camera", hint)
    return found


def read_images(path: Path, hint: str) -> dict[str, ColmapImage]:
    """Pictures by their names.

    Raises:
        ScanError: the file is missing or malformed.
    """
    found = {}
    lines = [line for line in read_text(path, hint).splitlines() if not line.startswith("#")]
    # Two lines for each picture, of which the second, its points, may be empty.
    for line in lines[::2]:
        if not line.strip():
            continue
        words = line.split(maxsplit=9)
        if len(words) != 10:
            raise ScanError(path, f"a picture's line must be 8 numbers, a camera and a name, got {line[:80]!r}", hint)
        name = words[9].strip()
        values = numbers(words[1:9], 8, f"the line of {name}", path, hint)
        if values[7] != np.rint(values[7]) or not np.isfinite(values[7]):
            raise ScanError(path, f"the line of {name} names the camera {words[8]}", hint)
        found[name] = ColmapImage(_inverted(values[:4], values[4:7]), int(values[7]))
    if not found:
        raise ScanError(path, "names no picture", hint)
    return found


def _inverted(quaternion: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """`world_from_camera` of the camera_from_world that COLMAP keeps; all nan where its quaternion is no rotation's."""
    length = float(np.linalg.norm(quaternion))
    if not abs(length - 1) <= _UNIT_SLACK:
        return np.full((4, 4), np.nan)
    turn = from_quaternion(quaternion / length)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn.T, -turn.T @ shift
    return pose


def _four(bend: list[float]) -> tuple[float, float, float, float]:
    one, two, three, four = bend
    return one, two, three, four
