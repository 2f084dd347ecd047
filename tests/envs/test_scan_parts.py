"""The parts of the loaders of scanned scenes: meshes, who owns what, floors, turned cameras, COLMAP's files."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scan_writers import CAMERAS, colmap, rows, write_ply
from scipy.spatial.transform import Rotation

from zerosight.envs.scans import ScanError
from zerosight.envs.scans.colmap import read_images
from zerosight.envs.scans.files import Mesh, from_axis_angle, from_quaternion, read_mesh, rigid
from zerosight.envs.scans.scan import scaled, turned, upright_turns
from zerosight.envs.scans.surfaces import NOBODY, floor_height, of_boxes, of_vertices, outline, room
from zerosight.geometry.camera import Camera, look_at

# --- meshes

SQUARE = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
HALVES = np.array([[0, 1, 2], [0, 2, 3]])
UP = np.array([0.0, 0, 1])


def test_meshes_keep_their_order(tmp_path: Path) -> None:
    vertices = np.concatenate([SQUARE, [[5, 5, 5]], SQUARE])
    write_ply(tmp_path / "a.ply", vertices, HALVES + 5)
    mesh = read_mesh(tmp_path / "a.ply", "")
    assert np.array_equal(mesh.vertices, vertices) and np.array_equal(mesh.triangles, HALVES + 5)


def test_ascii_meshes_are_read(tmp_path: Path) -> None:
    head = "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n"
    head += "element face 2\nproperty list uchar int vertex_indices\nend_header\n"
    body = rows(SQUARE) + "".join("3 " + " ".join(map(str, row)) + "\n" for row in HALVES)
    (tmp_path / "a.ply").write_text(head + body)
    assert np.array_equal(read_mesh(tmp_path / "a.ply", "").triangles, HALVES)


def test_point_clouds_are_refused(tmp_path: Path) -> None:
    write_ply(tmp_path / "a.ply", SQUARE, None)
    with pytest.raises(ScanError, match="no triangles"):
        read_mesh(tmp_path / "a.ply", "")


@pytest.mark.parametrize("corner", [np.nan, np.inf, 1e7])
def test_coordinates_must_be_finite(corner: float, tmp_path: Path) -> None:
    vertices = SQUARE.copy()
    vertices[2, 1] = corner
    write_ply(tmp_path / "a.ply", vertices, HALVES)
    with pytest.raises(ScanError, match="finite"):
        read_mesh(tmp_path / "a.ply", "")


@pytest.mark.parametrize("corner", [4, -1, 10**9])
def test_triangles_must_name_vertices(corner: int, tmp_path: Path) -> None:
    triangles = HALVES.copy()
    triangles[1, 1] = corner
    write_ply(tmp_path / "a.ply", SQUARE, triangles)
    with pytest.raises(ScanError, match="none of the 4"):
        read_mesh(tmp_path / "a.ply", "")


@given(at=st.integers(0, 10**6))
def test_cut_meshes_are_refused(at: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.ply"
    write_ply(path, SQUARE, HALVES)
    whole = path.read_bytes()
    path.write_bytes(whole[: at % len(whole)])
    with pytest.raises(ScanError):
        read_mesh(path, "")


def test_a_vertex_of_two_things_goes_to_the_smaller() -> None:
    mesh = Mesh(Path("a"), np.concatenate([SQUARE, SQUARE + UP]), np.concatenate([HALVES, HALVES + 4]))
    found = of_vertices(mesh, [("Desk  set", np.arange(8)), ("book", np.arange(4, 8))])
    assert found.owners.tolist() == [0, 0, 1, 1] and found.labels == ("desk set", "book")
    assert found.boxes[0].size == (1, 1, 1) and found.boxes[1].size == (1, 1, 0)


def test_loose_vertices_do_not_stretch_a_box() -> None:
    mesh = Mesh(Path("a"), np.concatenate([SQUARE, [[9, 9, 9]]]), HALVES)
    (box,) = of_vertices(mesh, [("rug", np.arange(5))]).boxes
    assert box.size == (1, 1, 0)
    (alone,) = of_vertices(mesh, [("rug", np.array([4]))]).boxes
    assert alone.centre == (9, 9, 9)


def test_triangles_between_things_go_to_the_most() -> None:
    vertices = np.arange(18.0).reshape(6, 3)
    triangles = np.array([[0, 1, 3], [3, 0, 4], [4, 3, 0], [2, 5, 0], [0, 3, 5]])
    found = of_vertices(Mesh(Path("a"), vertices, triangles), [("a", np.array([0, 1, 2])), ("b", np.array([3, 4]))])
    assert found.owners.tolist() == [0, 1, 1, 0, NOBODY]


def test_tilted_boxes_get_their_upright_hull() -> None:
    axes = Rotation.from_euler("yz", [30, 20], degrees=True).as_matrix().T
    mesh = Mesh(Path("a"), SQUARE * 4, HALVES)
    (box,) = of_boxes(mesh, [("ramp", np.array([1.0, 2, 1]), np.array([2.0, 1, 0.5]), axes)]).boxes
    across, tall = 2 * np.cos(np.pi / 6) + 0.5 * np.sin(np.pi / 6), 2 * np.sin(np.pi / 6) + 0.5 * np.cos(np.pi / 6)
    assert box.size == pytest.approx((across, 1, tall), abs=1e-5) and box.yaw == pytest.approx(20, abs=1e-3)


def test_a_thing_without_a_surface_is_seen_as_its_box() -> None:
    mesh = Mesh(Path("a"), SQUARE * 4, HALVES)
    eye = look_at((2, -3, 1), (2, 2, 0.5), 60, 80, 60)
    found = of_boxes(mesh, [("stool", np.array([2.0, 2, 0.25]), np.array([0.4, 0.4, 0.5]), np.eye(3))])
    scene = room(found, [eye], ["a"], "here")
    assert scene.visibility[0][0].pixels > 20 and scene.visibility[0][0].share == 1


def test_nameless_things_hide_but_are_none() -> None:
    mesh = Mesh(Path("a"), np.concatenate([SQUARE * 4, SQUARE[:, [0, 2, 1]]]), np.concatenate([HALVES, HALVES + 4]))
    scene = room(of_vertices(mesh, [("rug", np.arange(4)), ("REMOVE", np.arange(4, 8))]), [], [], "here")
    assert [obj.label for obj in scene.objects] == ["rug"]


# --- the floor


def test_the_lowest_storey_is_the_floor() -> None:
    mesh = Mesh(Path("a"), np.concatenate([SQUARE * 2 + [0, 0, 2.5], SQUARE * 3]), np.concatenate([HALVES, HALVES + 4]))
    floors, ground = outline(of_vertices(mesh, [("floor", np.arange(4)), ("floor", np.arange(4, 8))]), [])
    assert ground == 0 and shapely.Polygon(floors[0]).area == pytest.approx(9, rel=0.005) and len(floors) == 1


def test_rooms_apart_are_parts() -> None:
    mesh = Mesh(Path("a"), np.concatenate([SQUARE * 2 + [5, 0, 0.1], SQUARE * 3]), np.concatenate([HALVES, HALVES + 4]))
    floors, _ = outline(of_vertices(mesh, [("floor", np.arange(8))]), [])
    assert [shapely.Polygon(ring).area for ring in floors] == pytest.approx([9, 4], rel=0.005)


def test_no_floor_has_no_outline() -> None:
    wall = Mesh(Path("a"), SQUARE[:, [0, 2, 1]] * 3, HALVES)
    assert outline(of_vertices(wall, [("wall", np.arange(4))]), []) == ((), 0.0)


def test_a_table_is_not_the_floor() -> None:
    corners = np.concatenate([SQUARE * 5, SQUARE * 2 + [0, 0, 0.75], SQUARE * 0.3 + [0, 0, -0.4]])[
        np.concatenate([HALVES, HALVES + 4, HALVES + 8])
    ]
    assert floor_height(corners) == 0


# --- cameras


@given(turns=st.integers(0, 3), yaw=st.floats(0, 360), tilt=st.floats(-60, 60), roll=st.floats(-40, 40))
def test_turning_a_camera_turns_its_picture(turns: int, yaw: float, tilt: float, roll: float) -> None:
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler("zyx", [yaw, roll, tilt - 90], degrees=True).as_matrix()
    camera = Camera(pose, np.array([[50.0, 0, 33], [0, 60, 21], [0, 0, 1]]), 60, 40)
    after = turned(camera, turns)
    lines, columns = np.mgrid[0:40, 0:60]
    places = np.stack([columns, lines], axis=-1) + 0.5
    there = camera.position + 3 * camera.directions(places)
    assert np.allclose(after.project(there)[0], _places_after(after, places, turns), atol=1e-4)


def _places_after(after: Camera, places: np.ndarray, turns: int) -> np.ndarray:
    """Where numpy's rot90 puts each pixel of a picture."""
    numbered = np.rot90(np.arange(places.shape[0] * places.shape[1]).reshape(places.shape[:2]), turns)
    found = np.empty((numbered.size, 2))
    found[numbered.ravel()] = after.centres().reshape(-1, 2)
    return found.reshape(places.shape)


@given(turns=st.integers(0, 3), roll=st.floats(-35, 35))
def test_upright_pictures_are_found(turns: int, roll: float) -> None:
    level = look_at((0, 0, 1.5), (2, 1, 1.2), 60, 64, 48)
    pose = level.world_from_camera.copy()
    pose[:3, :3] = pose[:3, :3] @ Rotation.from_euler("z", roll, degrees=True).as_matrix()
    held = turned(Camera(pose, level.intrinsics, 64, 48), turns)
    assert upright_turns(held) == -turns % 4


def test_steep_views_are_not_turned() -> None:
    down = look_at((1, 1, 2), (1, 1.3, 0), 60, 64, 48)
    assert [upright_turns(turned(down, n)) for n in range(4)] == [0, 0, 0, 0]


def test_scaling_keeps_what_is_seen() -> None:
    camera = CAMERAS[1]
    small = scaled(camera, 100)
    points = camera.position + 2 * camera.directions(camera.centres())
    assert (small.width, small.height) == (100, 75) and scaled(camera, 500) is camera
    assert np.allclose(small.project(points)[0], camera.centres() * 100 / 160, atol=1e-4)


@given(st.tuples(*[st.floats(-3, 3)] * 3))
def test_rotations_are_scipys(vector: tuple[float, float, float]) -> None:
    true = Rotation.from_rotvec(vector)
    assert np.allclose(from_axis_angle(np.array(vector)), true.as_matrix(), atol=1e-9)
    x, y, z, w = true.as_quat()
    assert np.allclose(from_quaternion(np.array([w, x, y, z])), true.as_matrix(), atol=1e-9)


@given(st.lists(st.floats(-4e-4, 4e-4), min_size=9, max_size=9))
def test_rounded_rotations_are_mended(noise: list[float]) -> None:
    pose = CAMERAS[0].world_from_camera.copy()
    pose[:3, :3] += np.array(noise).reshape(3, 3)
    found = rigid(pose, "it", Path("a"), "")
    assert np.allclose(found[:3, :3].T @ found[:3, :3], np.eye(3), atol=1e-9)
    assert np.abs(found - pose).max() < 2e-3
    pose[:3, :3] *= 1.02
    with pytest.raises(ScanError, match="stretches"):
        rigid(pose, "it", Path("a"), "")


def test_names_with_spaces_and_blank_points_in_colmap(tmp_path: Path) -> None:
    colmap(tmp_path, ["a b.jpg", "c.jpg", "d.jpg", "e.jpg"], "PINHOLE", [1, 2, 3, 4])
    found = read_images(tmp_path / "images.txt", "")
    assert list(found) == ["a b.jpg", "c.jpg", "d.jpg", "e.jpg"]
    for image, camera in zip(found.values(), CAMERAS, strict=True):
        assert np.abs(image.pose - camera.world_from_camera).max() < 1e-8
