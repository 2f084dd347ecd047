"""Cameras: known projections, a second way to the same pixels, and errors that say what is wrong."""

import json
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zerosight.geometry.camera import Camera, from_opengl, look_at, looking_along, pinhole

NUMBER = st.floats(-20, 20, allow_nan=False).map(lambda x: round(x, 4))
POINT = st.tuples(NUMBER, NUMBER, NUMBER).map(np.array)
INNER = [[100.0, 0, 50], [0, 100, 40], [0, 0, 1]]


def test_right_is_right_and_up_is_up() -> None:
    camera = look_at([0, -5, 0], [0, 0, 0], 90, 200, 100)
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 1], [5, 0, 0], [0, 5, -1]])
    pixels, depth = camera.project(points)
    # Half of 200 px is the tangent of 45 degrees: 100 px per unit of slope.
    assert np.allclose(pixels, [[100, 50], [120, 50], [100, 30], [200, 50], [100, 60]])
    assert np.allclose(depth, [5, 5, 5, 5, 10])
    assert camera.fov_degrees[0] == pytest.approx(90)
    assert camera.fov_degrees[1] == pytest.approx(2 * math.degrees(math.atan(0.5)))


@pytest.mark.parametrize(("z", "column"), [(5.0, 60.0), (-5.0, 40.0)])
def test_straight_up_and_down_have_north_at_the_top(z: float, column: float) -> None:
    camera = look_at([0, 0, z], [0, 0, 0], 90, 100, 100)
    north, east = camera.project(np.array([[0, 1, 0], [1, 0, 0]]))[0]
    assert north.tolist() == pytest.approx([50, 40])
    # Seen from below, a map is mirrored.
    assert east.tolist() == pytest.approx([column, 50])


def test_first_pixel_has_its_centre_at_a_half() -> None:
    camera = look_at([0, -5, 0], [0, 0, 0], 60, 8, 6)
    origin, along = camera.rays()
    assert along.shape == (6, 8, 3) and np.allclose(np.linalg.norm(along, axis=-1), 1)
    pixels, _ = camera.project(origin + 3 * along)
    assert np.allclose(pixels[0, 0], [0.5, 0.5]) and np.allclose(pixels[5, 7], [7.5, 5.5])
    assert np.allclose(pixels, camera.centres())


def test_what_is_behind_has_no_pixel() -> None:
    camera = look_at([0, 0, 0], [1, 0, 0], 60, 64, 64)
    pixels, depth = camera.project(np.array([[-1.0, 0, 0], [0, 1, 0], [1, 0, 0]]))
    assert np.isnan(pixels[:2]).all() and depth.tolist() == pytest.approx([-1, 0, 1])
    assert camera.in_frame(np.array([[-1.0, 0, 0], [1, 0, 0], [1, 5, 0]])).tolist() == [False, True, False]


@given(POINT, POINT, st.floats(10, 120), POINT)
def test_projection_equals_the_matrix_of_the_textbook(
    eye: np.ndarray, to: np.ndarray, fov: float, x: np.ndarray
) -> None:
    assume(np.linalg.norm(eye - to) > 0.1)
    camera = look_at(eye, to, fov, 320, 240)
    # Hartley and Zisserman (6.8): x = K [R | t] X.
    matrix = camera.intrinsics @ np.linalg.inv(camera.world_from_camera)[:3]
    u, v, w = matrix @ np.append(x, 1)
    pixels, depth = camera.project(x)
    assert depth == pytest.approx(w, abs=1e-6)
    if w > 0.01:
        assert pixels.tolist() == pytest.approx([u / w, v / w], rel=1e-5, abs=1e-3)
        assert np.allclose(camera.position + depth * camera.directions(pixels), x, atol=1e-5)


@given(POINT, POINT)
def test_the_target_is_in_the_middle_and_the_horizon_level(eye: np.ndarray, to: np.ndarray) -> None:
    assume(np.linalg.norm(eye - to) > 0.1)
    camera = look_at(eye, to, 50, 100, 80)
    assert camera.project(to)[0].tolist() == pytest.approx([50, 40], abs=1e-2)
    right, down, forward = camera.rotation.T
    assert abs(right[2]) < 1e-6 and down[2] <= 1e-6
    assert np.allclose(np.cross(right, down), forward, atol=1e-6)


@given(POINT, POINT)
def test_json_gives_the_same_camera(eye: np.ndarray, to: np.ndarray) -> None:
    assume(np.linalg.norm(eye - to) > 0.1)
    camera = look_at(eye, to, 50, 100, 80)
    text = json.dumps(camera.to_dict())
    again = Camera.from_dict(json.loads(text))
    assert again == camera and hash(again) == hash(camera) and json.dumps(again.to_dict()) == text
    assert "-0.0," not in text and "-0.0]" not in text
    assert camera != look_at(eye, to, 51, 100, 80)


@given(st.lists(POINT, min_size=1, max_size=8), POINT, st.floats(20, 100))
def test_looking_along_has_every_point_in_the_picture(points: list[np.ndarray], way: np.ndarray, fov: float) -> None:
    assume(np.linalg.norm(way) > 0.1)
    cloud = np.array(points)
    camera = looking_along(way, cloud, fov, 90, 60)
    pixels, depth = camera.project(cloud)
    free = 0.08 * np.array([45, 30])
    assert (depth > 0).all()
    assert (pixels >= free - 0.1).all() and (pixels <= np.array([90, 60]) - free + 0.1).all()
    assert np.allclose(camera.rotation[:, 2], way / np.linalg.norm(way), atol=1e-6)


def test_opengl_cameras_look_along_their_minus_z() -> None:
    pose = np.eye(4)
    pose[:3, 3] = [0, 0, 3]
    camera = pinhole(from_opengl(pose), 90, 100, 100)
    pixels, depth = camera.project(np.array([[1.0, 0, 0], [0, 1, 0]]))
    assert np.allclose(depth, 3) and np.allclose(pixels, [[50 + 50 / 3, 50], [50, 50 - 50 / 3]])


def turned(scale: float = 1.0, mirror: bool = False) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, :3] *= scale
    pose[0, 0] *= -1 if mirror else 1
    return pose


@pytest.mark.parametrize(
    ("pose", "inner", "size", "said"),
    [
        (turned(1.01), INNER, (9, 9), "must be rigid; its columns have lengths [1.01, 1.01, 1.01]"),
        (turned(mirror=True), INNER, (9, 9), "it mirrors"),
        (np.ones((4, 4)), INNER, (9, 9), "must end with the row [0, 0, 0, 1]"),
        (np.eye(3), INNER, (9, 9), "world_from_camera must be a matrix of 4 x 4 numbers, got shape [3, 3]"),
        ([["a"]], INNER, (9, 9), "world_from_camera must be a matrix of 4 x 4 numbers"),
        (np.full((4, 4), np.nan), INNER, (9, 9), "world_from_camera must be finite"),
        (np.eye(4), np.eye(4), (9, 9), "intrinsics must be a matrix of 3 x 3"),
        (np.eye(4), [[0.0, 0, 1], [0, 1, 1], [0, 0, 1]], (9, 9), "intrinsics must be [[fx, 0, cx]"),
        (np.eye(4), [[9.0, 1, 1], [0, 9, 1], [0, 0, 1]], (9, 9), "intrinsics must be [[fx, 0, cx]"),
        (np.eye(4), INNER, (0, 9), "width must be a whole number of pixels from 1"),
        (np.eye(4), INNER, (9, 9.5), "height must be a whole number of pixels from 1"),
        (np.eye(4), INNER, (True, 9), "width must be a whole number"),
    ],
)
def test_what_is_no_camera_is_refused(pose: object, inner: object, size: tuple[int, int], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        Camera(pose, inner, *size)  # type: ignore[arg-type]
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("eye", "target", "fov", "said"),
    [
        ([0, 0, 0], [0, 0, 0], 50, "eye and target must be apart"),
        ([0, 0], [0, 0, 0], 50, "eye must be three finite numbers"),
        ([0, 0, 0], [0, 0, float("inf")], 50, "target must be three finite numbers"),
        ("abc", [0, 0, 1], 50, "eye must be three numbers"),
        ([0, 0, 0], [0, 0, 1], 180, "fov must lie between 0 and 180 degrees, got 180"),
        ([0, 0, 0], [0, 0, 1], float("nan"), "fov must lie between"),
        ([0, 0, 0], [0, 0, 1], "wide", "fov must be a number, got str"),
        ([0, 0, 0], [0, 0, 1], True, "fov must be a number, got bool"),
    ],
)
def test_what_is_no_view_is_refused(eye: object, target: object, fov: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        look_at(eye, target, fov, 10, 10)  # type: ignore[arg-type]


def test_cameras_cannot_be_changed() -> None:
    given_pose = np.eye(4)
    camera = pinhole(given_pose, 50, 10, 10)
    given_pose[0, 3] = 5
    assert camera.position.tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="read-only"):
        camera.world_from_camera[0, 3] = 1
