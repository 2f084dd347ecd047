"""Reading the files of a scan, with errors that name the file and what was expected in it."""

import json
import math
import re
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import UnidentifiedImageError

from ...geometry.spatial import MAX_COORDINATE
from ...render.decode import open_picture
from ..core import FolderError

_RIGID_SLACK = 5e-3
"""Published poses that are farther from a rotation than this are broken; nearer ones are moved to the nearest one."""
_NOT_A_MESH = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, MemoryError, struct.error)
"""What trimesh raises on files that are cut off or damaged."""


class ScanError(FolderError):
    """A scan's file is missing or malformed. The message names the file, what was expected, and how to mend it.

    Args:
        path: the file, or the folder that should hold it.
        problem: what is wrong with it.
        hint: how to mend it.
        reason: the kind of problem in two words, by which frames that are left out are counted.
    """

    def __init__(self, path: Path, problem: str, hint: str, reason: str = "malformed file") -> None:
        super().__init__(f"{path}: {problem}; {hint}")
        self.path = path
        """The file, or the folder that should hold it."""
        self.reason = reason
        """The kind of problem, such as `lost pose`."""


class Mesh(NamedTuple):
    """A scanned surface."""

    path: Path
    """Its file."""
    vertices: np.ndarray
    """[n, 3] float64, metres, in the file's order."""
    triangles: np.ndarray
    """[m, 3] int64, rows of `vertices`."""


def read_text(path: Path, hint: str) -> str:
    """Read the text file at `path`.

    Raises:
        ScanError: it is missing or not text; the error ends in `hint`.
    """
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise ScanError(path, f"cannot be read ({error.strerror})", hint) from None
    except UnicodeDecodeError:
        raise ScanError(path, "is not a text", hint) from None


def read_json(path: Path, hint: str) -> Any:
    """Read the value of the JSON file at `path`.

    Raises:
        ScanError: it is missing or not JSON; the error ends in `hint`.
    """
    text = read_text(path, hint)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ScanError(path, f"is not JSON ({error})", hint) from None


def field(fields: Any, key: str, value_type: type, path: Path, hint: str) -> Any:
    """Return a member of a JSON object that has to be there and of a type; a whole number is a float too.

    Args:
        fields: the JSON object.
        key: of the member.
        value_type: its type.
        path: the file, for errors.
        hint: how to mend it.

    Raises:
        ScanError: it is not there or of another type.
    """
    value = fields.get(key) if isinstance(fields, dict) else None
    if value_type is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, value_type) or isinstance(value, bool) != (value_type is bool):
        raise ScanError(path, f"has no {value_type.__name__} {key!r} where one belongs", hint)
    return value


def numbers(words: Sequence[Any], count: int, description: str, path: Path, hint: str) -> np.ndarray:
    """Return so many numbers [count], which may be infinite or nan.

    Args:
        words: the numbers as text, or as JSON values.
        count: how many there must be.
        description: what they are, for errors.
        path: the file, for errors.
        hint: how to mend it.

    Raises:
        ScanError: there are fewer or more, or one is not a number.
    """
    try:
        values = np.array([float(word) for word in words])
    except (TypeError, ValueError, OverflowError):
        raise ScanError(path, f"{description} holds something that is not a number", hint) from None
    if len(values) != count:
        raise ScanError(path, f"{description} has {len(values)} numbers and not {count}", hint)
    return values


def read_matrix(path: Path, hint: str) -> np.ndarray:
    """Read a text file of 4 x 4 numbers at `path`, which may be infinite or nan.

    Raises:
        ScanError: it is missing or holds something else; the error ends in `hint`.
    """
    return numbers(read_text(path, hint).split(), 16, "the matrix", path, hint).reshape(4, 4)


def rigid(pose: np.ndarray, description: str, path: Path, hint: str) -> np.ndarray:
    """Return a pose [4, 4] with the nearest rotation in place of one that was rounded.

    The nearest by the singular value decomposition (Arun, Huang and Blostein, PAMI 9(5), 1987).

    Args:
        pose: [4, 4].
        description: what it is, for errors.
        path: its file, for errors.
        hint: how to mend it.

    Raises:
        ScanError: a number is infinite or nan, or the pose is not a rigid motion.
    """
    if not np.isfinite(pose).all():
        raise ScanError(path, f"{description} is not finite: tracking was lost there", hint, "lost pose")
    if np.abs(pose[3] - [0, 0, 0, 1]).max() > 1e-6:
        raise ScanError(path, f"{description} must end with the row 0 0 0 1, got {pose[3].tolist()}", hint, "bad pose")
    left_vectors, singular_values, right_vectors = np.linalg.svd(pose[:3, :3])
    if np.abs(singular_values - 1).max() > _RIGID_SLACK:
        stretch = np.round(singular_values, 4).tolist()
        raise ScanError(path, f"{description} is not a rotation: it stretches by {stretch}", hint, "bad pose")
    if np.linalg.det(left_vectors @ right_vectors) < 0:
        raise ScanError(path, f"{description} is not a rotation: it mirrors", hint, "bad pose")
    rigid_pose = np.eye(4)
    rigid_pose[:3, :3], rigid_pose[:3, 3] = left_vectors @ right_vectors, pose[:3, 3]
    return rigid_pose


def picture_size(path: Path, hint: str) -> tuple[int, int]:
    """Return width and height, in pixels, of the picture at `path`; the pixels themselves are not read.

    Raises:
        ScanError: it is missing or not a picture; the error ends in `hint`.
    """
    try:
        with open_picture(path) as image:
            return image.size
    except UnidentifiedImageError:
        raise ScanError(path, "is not a picture", hint, "broken picture") from None
    except OSError as error:
        reason = "broken picture" if path.exists() else "no picture"
        raise ScanError(path, f"cannot be read ({error.strerror or error})", hint, reason) from None


def read_pixels(path: Path, mode: str | None = None) -> np.ndarray:
    """Read the pixels of the picture at `path`, [h, w, 3] for the `mode` `RGB`, and as they are without a mode.

    Raises:
        ScanError: the picture is missing, not a picture, or cut off.
    """
    hint = "export this frame again"
    try:
        with open_picture(path) as image:
            return np.asarray(image if mode is None else image.convert(mode))
    except UnidentifiedImageError:
        raise ScanError(path, "is not a picture", hint) from None
    except (OSError, SyntaxError, ValueError) as error:
        raise ScanError(path, f"cannot be read ({error})", hint) from None


def read_mesh(path: Path, hint: str) -> Mesh:
    """Read the triangles of the PLY file at `path`, with the vertices in the file's order: labels count them.

    Raises:
        ScanError: the file is missing or malformed, it has no triangles (a point cloud hides nothing, so that what a
            camera sees could not be told), or a coordinate is not finite or farther than `MAX_COORDINATE`. The error
            ends in `hint`.
    """
    from trimesh.exchange.ply import load_ply

    _check_header(path, hint)
    try:
        with path.open("rb") as ply_file:
            fields = load_ply(ply_file, fix_texture=False, skip_materials=True)
        vertices, triangles = np.asarray(fields.get("vertices", ()), float), fields.get("faces")
    except _NOT_A_MESH as error:
        raise ScanError(path, f"is not a whole PLY file ({type(error).__name__}: {error})", hint) from None
    if triangles is None or not len(triangles):
        raise ScanError(path, "has no triangles, so that what hides what is not known", hint)
    triangles = np.asarray(triangles)
    if vertices.ndim != 2 or vertices.shape[1] != 3 or triangles.shape[1:] != (3,):
        raise ScanError(path, f"holds vertices {vertices.shape} and faces {triangles.shape}, not triangles", hint)
    if triangles.min() < 0 or triangles.max() >= len(vertices):
        raise ScanError(path, f"a triangle names a vertex that is none of the {len(vertices)}", hint)
    # Not abs(...) > limit: a nan is not above it either.
    if not (np.abs(vertices) <= MAX_COORDINATE).all():
        raise ScanError(path, f"a coordinate is not finite or farther than {MAX_COORDINATE:g} m from the origin", hint)
    return Mesh(path, vertices, triangles.astype(np.int64))


def _check_header(path: Path, hint: str) -> None:
    """Require the file at `path` to begin as PLY files do, with bytes for the elements that it announces."""
    try:
        with path.open("rb") as ply_file:
            header_bytes = ply_file.read(8192)
        byte_count = path.stat().st_size
    except OSError as error:
        raise ScanError(path, f"cannot be read ({error.strerror})", hint) from None
    if not re.match(rb"ply\r?\n", header_bytes) or b"end_header" not in header_bytes:
        raise ScanError(path, "is not a PLY file", hint)
    element_count = sum(int(count) for count in re.findall(rb"^element \w+ (\d+)", header_bytes, re.MULTILINE))
    if element_count > byte_count:
        raise ScanError(path, f"announces {element_count} elements, but has {byte_count} bytes: it is cut off", hint)


def translated(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return `points` [n, 3] moved by a rigid motion, the `matrix` [4, 4]."""
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3])


def from_axis_angle(vector: np.ndarray) -> np.ndarray:
    """Return the rotation [3, 3] about an axis, the `vector` [3], by its length in radians (Rodrigues' formula)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross_matrix = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + math.sin(angle) * cross_matrix + (1 - math.cos(angle)) * cross_matrix @ cross_matrix)


def from_quaternion(wxyz: np.ndarray) -> np.ndarray:
    """Return the rotation [3, 3] of a unit quaternion, `wxyz`: its real part first, as COLMAP has it."""
    w, x, y, z = wxyz
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
