"""Cameras: where a picture is taken from, and which pixel sees what.

The world is in metres, right-handed, z up. A camera's own frame is OpenCV's: x to the right of the picture, y down,
z forward. Pixel coordinates are (column, row) from the picture's upper left corner, so that the centre of the first
pixel is (0.5, 0.5). Sources: Hartley and Zisserman, Multiple View Geometry, 2nd ed., section 6.1 (the pinhole).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

RIGID_TOLERANCE = 1e-4
"""How far a rotation's columns may be from orthonormal: published poses have five digits or so."""
ROTATION_DECIMALS = 9
LENGTH_DECIMALS = 6
"""Of positions (metres) and intrinsics (pixels): what is left of them is the same on every machine."""
MAX_SIDE = 16_384
"""Pixels of a picture's side."""
_VERTICAL = 1e-6
"""Sine of the angle to the vertical under which a view counts as straight up or down."""
_FROM_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera without lens distortion.

    Raises:
        ValueError: on making one: the pose is not a rigid motion, the intrinsics are not those of a pinhole without
            skew, a number is not finite, or the picture has no pixels.
    """

    world_from_camera: np.ndarray
    """[4, 4]: takes points of the camera's frame to the world; its last column is the camera's position."""
    intrinsics: np.ndarray
    """[3, 3], pixels: `[[fx, 0, cx], [0, fy, cy], [0, 0, 1]]`."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""

    def __post_init__(self) -> None:
        pose = _matrix(self.world_from_camera, 4, "world_from_camera")
        intrinsics = _matrix(self.intrinsics, 3, "intrinsics")
        _check_rigid(pose)
        (fx, cx), (fy, cy) = intrinsics[0, [0, 2]], intrinsics[1, [1, 2]]
        if not np.array_equal(intrinsics, [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]) or min(fx, fy) < 1e-3:
            form = "[[fx, 0, cx], [0, fy, cy], [0, 0, 1]] in px"
            raise ValueError(f"intrinsics must be {form}, got {intrinsics.tolist()}")
        for name, pixel_count in (("width", self.width), ("height", self.height)):
            if type(pixel_count) is not int or not 1 <= pixel_count <= MAX_SIDE:
                raise ValueError(f"{name} must be a whole number of pixels from 1 to {MAX_SIDE}, got {pixel_count!r}")
        pose[:3, :3] = np.round(pose[:3, :3], ROTATION_DECIMALS)
        pose[:3, 3] = np.round(pose[:3, 3], LENGTH_DECIMALS)
        intrinsics = np.round(intrinsics, LENGTH_DECIMALS)
        for name, rounded_matrix in (("world_from_camera", pose), ("intrinsics", intrinsics)):
            # Adding 0 turns -0.0, which JSON would keep apart, into 0.0.
            matrix = rounded_matrix + 0.0
            matrix.setflags(write=False)
            object.__setattr__(self, name, matrix)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Camera) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.world_from_camera.tobytes(), self.intrinsics.tobytes(), self.width, self.height))

    @property
    def position(self) -> np.ndarray:
        """Return where the camera stands, [3], metres, in the world."""
        return self.world_from_camera[:3, 3]

    @property
    def rotation(self) -> np.ndarray:
        """Return [3, 3]: its columns are the camera's right, down and forward in the world."""
        return self.world_from_camera[:3, :3]

    @cached_property
    def fov_degrees(self) -> tuple[float, float]:
        """Return the angles that the picture spans across and down.

        The principal point is taken to be in the picture's middle, as `look_at` puts it.
        """
        across = 2 * math.degrees(math.atan(self.width / 2 / self.intrinsics[0, 0]))
        return across, 2 * math.degrees(math.atan(self.height / 2 / self.intrinsics[1, 1]))

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        """Return `points` [..., 3] of the world in the camera's frame."""
        return (np.asarray(points, float) - self.position) @ self.rotation

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project points of the world to the picture.

        Args:
            points: [..., 3], metres, in the world.

        Returns:
            Pixel coordinates [..., 2], nan for points that are not before the camera, also outside of the picture;
            and depths [...], metres along the camera's z, negative behind it.
        """
        camera_points = self.to_camera(points)
        depth = camera_points[..., 2]
        positive_depth = np.where(depth > 0, depth, np.nan)
        focal_lengths, principal_point = np.diag(self.intrinsics)[:2], self.intrinsics[:2, 2]
        return camera_points[..., :2] / positive_depth[..., None] * focal_lengths + principal_point, depth

    def in_frame(self, points: np.ndarray) -> np.ndarray:
        """Tell which `points` [..., 3] of the world fall on the picture, hidden or not; [...] bool."""
        pixels, _ = self.project(points)
        # Comparisons with nan are False.
        return np.asarray(((pixels >= 0) & (pixels < (self.width, self.height))).all(axis=-1))

    def directions(self, pixels: np.ndarray) -> np.ndarray:
        """Return the directions [..., 3] in the world through `pixels` [..., 2], each of depth 1.

        So `position + depth * direction` is the point that is seen there at that depth.
        """
        focal_lengths, principal_point = np.diag(self.intrinsics)[:2], self.intrinsics[:2, 2]
        image_plane = (np.asarray(pixels, float) - principal_point) / focal_lengths
        # Not as one product of matrices: a column at a time is in the same order on every machine.
        right, down, forward = self.rotation.T
        return image_plane[..., :1] * right + image_plane[..., 1:] * down + forward

    def centres(self) -> np.ndarray:
        """Return the coordinates [height, width, 2] of the pixels' centres."""
        columns, rows = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
        return np.stack([columns, rows], axis=-1)

    def rays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the camera's position [3] and unit directions [height, width, 3] through the pixels' centres."""
        pixel_directions = self.directions(self.centres())
        return self.position, pixel_directions / np.linalg.norm(pixel_directions, axis=-1, keepdims=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the camera as JSON values."""
        return {
            "world_from_camera": self.world_from_camera.tolist(),
            "intrinsics": self.intrinsics.tolist(),
            "width": self.width,
            "height": self.height,
        }

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Camera":
        """Read the `fields` that `to_dict` gave.

        Raises:
            KeyError, TypeError, ValueError: `fields` do not come from there.
        """
        return cls(fields["world_from_camera"], fields["intrinsics"], fields["width"], fields["height"])


def pinhole(world_from_camera: np.ndarray | Sequence[Any], fov_degrees: float, width: int, height: int) -> Camera:
    """Return a camera of square pixels whose axis meets the middle of the picture.

    Args:
        world_from_camera: [4, 4], as in `Camera`.
        fov_degrees: angle that the picture spans from its left to its right edge, above 0 and below 180.
        width: pixels.
        height: pixels.

    Raises:
        ValueError: the angle is not between 0 and 180 degrees, or as in `Camera`.
    """
    fov_angle = _number(fov_degrees, "fov")
    if not 0 < fov_angle < 180:
        raise ValueError(f"fov must lie between 0 and 180 degrees, got {fov_angle:g}")
    focal_length = width / 2 / math.tan(math.radians(fov_angle) / 2)
    intrinsic_matrix = np.array([[focal_length, 0, width / 2], [0, focal_length, height / 2], [0, 0, 1]])
    return Camera(np.asarray(world_from_camera), intrinsic_matrix, width, height)


def look_at(
    eye: np.ndarray | Sequence[float],
    target: np.ndarray | Sequence[float],
    fov_degrees: float,
    width: int,
    height: int,
) -> Camera:
    """Return a camera at `eye` with `target` in the middle of its picture and the horizon level.

    Straight up or down, where there is no horizon, the top of the picture points to the world's +y.

    Args:
        eye: [3], metres.
        target: [3], metres.
        fov_degrees: as in `pinhole`.
        width: pixels.
        height: pixels.

    Raises:
        ValueError: eye and target are the same or not three finite numbers, or as in `pinhole`.
    """
    eye_point, target_point = _point(eye, "eye"), _point(target, "target")
    distance = np.linalg.norm(target_point - eye_point)
    if distance < 1e-9:
        raise ValueError(f"eye and target must be apart, both are {eye_point.tolist()}")
    forward = (target_point - eye_point) / distance
    if math.hypot(forward[0], forward[1]) < _VERTICAL:
        forward = np.array([0.0, 0.0, math.copysign(1.0, forward[2])])
        right = np.cross(forward, [0.0, 1.0, 0.0])
    else:
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    pose[:3, 3] = eye_point
    return pinhole(pose, fov_degrees, width, height)


def looking_along(
    direction: np.ndarray | Sequence[float],
    points: np.ndarray,
    fov_degrees: float,
    width: int,
    height: int,
    margin: float = 0.08,
) -> Camera:
    """Return the nearest camera of a view direction that has all points in its picture.

    It stands on the line of that direction through the middle of the points' bounds.

    Args:
        direction: [3], of the view, any length.
        points: [n, 3], metres, at least one.
        fov_degrees: as in `pinhole`.
        width: pixels.
        height: pixels.
        margin: share of the half picture that stays free at each edge.

    Raises:
        ValueError: as in `look_at`.
    """
    bounds_middle = (points.min(axis=0) + points.max(axis=0)) / 2
    first_camera = look_at(bounds_middle - _point(direction, "direction"), bounds_middle, fov_degrees, width, height)
    camera_offsets = (points - bounds_middle) @ first_camera.rotation
    half_extents = (1 - margin) * np.array([width, height]) / 2 / first_camera.intrinsics[0, 0]
    # |x| <= reach * (z + distance) for every point; and none nearer than a tenth of what lies behind it.
    point_distances = (np.abs(camera_offsets[:, :2]) / half_extents).max(axis=1) - camera_offsets[:, 2]
    distance = max(
        float(point_distances.max()),
        0.1 * float(np.ptp(camera_offsets[:, 2])) - float(camera_offsets[:, 2].min()),
        1e-3,
    )
    forward = first_camera.rotation[:, 2]
    pose = first_camera.world_from_camera.copy()
    pose[:3, 3] = bounds_middle - distance * forward
    return pinhole(pose, fov_degrees, width, height)


def from_opengl(world_from_camera: np.ndarray | Sequence[Any]) -> np.ndarray:
    """Return `world_from_camera` [4, 4] of OpenGL's convention in OpenCV's, which `Camera` has.

    OpenGL's camera has x right, y up and z backward; trimesh's cameras are such.
    """
    return np.asarray(world_from_camera, float) @ _FROM_OPENGL


def _check_rigid(pose: np.ndarray) -> None:
    rotation = pose[:3, :3]
    if not np.array_equal(pose[3], [0, 0, 0, 1]):
        raise ValueError(f"world_from_camera must end with the row [0, 0, 0, 1], got {pose[3].tolist()}")
    if np.abs(rotation.T @ rotation - np.eye(3)).max() > RIGID_TOLERANCE:
        lengths = np.round(np.linalg.norm(rotation, axis=0), 4).tolist()
        raise ValueError(
            f"world_from_camera must be rigid; its columns have lengths {lengths} or are not at right angles"
        )
    if np.linalg.det(rotation) < 0:
        raise ValueError("world_from_camera must be rigid, but it mirrors: its determinant is -1")


def _matrix(values: Any, side: int, name: str) -> np.ndarray:
    try:
        matrix = np.array(values, float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be a matrix of {side} x {side} numbers") from None
    if matrix.shape != (side, side):
        raise ValueError(f"{name} must be a matrix of {side} x {side} numbers, got shape {list(matrix.shape)}")
    if not np.isfinite(matrix).all():
        raise ValueError(f"{name} must be finite, got {matrix.tolist()}")
    return matrix


def _point(values: Any, name: str) -> np.ndarray:
    try:
        point = np.array(values, float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be three numbers") from None
    if point.shape != (3,) or not np.isfinite(point).all():
        raise ValueError(f"{name} must be three finite numbers, got {point.tolist()}")
    return point


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ValueError(f"{name} must be a number, got {type(value).__name__}")
    return float(value)
