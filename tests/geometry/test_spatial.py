"""Spatial scenes: boxes, volumes and colours against known values and second methods; the same bytes always."""

import json
import math

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from zerosight.geometry.boxes import OrientedBox, bounding_box
from zerosight.geometry.camera import look_at
from zerosight.geometry.meshes import closed_volume
from zerosight.geometry.spatial import MAX_COORDINATE, SpatialObject, SpatialScene, spatial_object
from zerosight.geometry.visibility import ObjectVisibility

LENGTH = st.floats(0.05, 8).map(lambda x: round(x, 3))
PLACE = st.floats(-20, 20).map(lambda x: round(x, 3))


def made(mesh: trimesh.Trimesh, colour: tuple[int, int, int] = (200, 40, 40), name: str = "a") -> SpatialObject:
    colours = np.full((len(mesh.faces), 3), colour, np.uint8)
    return spatial_object(0, name, np.asarray(mesh.vertices), np.asarray(mesh.faces), colours)


def turned(mesh: trimesh.Trimesh, degrees: float, at: tuple[float, float, float] = (0, 0, 0)) -> trimesh.Trimesh:
    matrix = trimesh.transformations.rotation_matrix(math.radians(degrees), [0, 0, 1])
    matrix[:3, 3] = at
    return mesh.copy().apply_transform(matrix)


def scene_of(*objects: SpatialObject) -> SpatialScene:
    camera = look_at([5, -4, 3], [0, 0, 0], 50, 64, 48)
    return SpatialScene(objects, (camera,), (tuple(ObjectVisibility(3, 0.5, 1.0, (1, 2, 3, 4)) for _ in objects),))


# --- boxes


@given(LENGTH, LENGTH, LENGTH, st.floats(-180, 180), PLACE, PLACE)
def test_a_turned_box_is_found_again(x: float, y: float, z: float, yaw: float, px: float, py: float) -> None:
    box = made(turned(trimesh.creation.box([x, y, z]), yaw, (px, py, 1.0))).box
    canonical = 45 - (45 - yaw) % 90
    quarter = round((yaw - canonical) / 90) % 2
    assert -45 < box.yaw <= 45
    assert box.centre == pytest.approx((px, py, 1.0), abs=1e-5)
    # By 1e-4 of an area the least turned one may be larger, and micrometres turn the smallest boxes a little.
    off = abs((box.yaw - canonical + 45) % 90 - 45)
    assert off < 0.1
    assert box.size == pytest.approx((y, x, z) if quarter ^ (abs(box.yaw - canonical) > 45) else (x, y, z), abs=0.02)


@given(st.lists(st.tuples(PLACE, PLACE, PLACE), min_size=3, max_size=30))
def test_no_angle_gives_a_smaller_footprint(points: list[tuple[float, float, float]]) -> None:
    cloud = np.array(points)
    box = bounding_box(cloud)
    assert box.contains(cloud).all()
    for degrees in np.arange(0, 90, 0.5):
        along = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
        x, y = cloud[:, :2] @ along, cloud[:, :2] @ np.array([-along[1], along[0]])
        # A round footprint may lie unturned in a rectangle larger by 5 %.
        assert box.size[0] * box.size[1] <= np.ptp(x) * np.ptp(y) * 1.051 + 1e-4


@pytest.mark.parametrize(
    ("mesh", "size"),
    [
        (trimesh.creation.icosphere(radius=0.5), (1, 1, 1)),
        (trimesh.creation.cylinder(radius=0.5, height=2), (1, 1, 2)),
        (trimesh.creation.cone(radius=0.5, height=2), (1, 1, 2)),
        (trimesh.creation.torus(0.4, 0.1), (1, 1, 0.2)),
    ],
)
def test_round_things_are_not_turned(mesh: trimesh.Trimesh, size: tuple[float, float, float]) -> None:
    for degrees in (0.0, 11.0, 45.0):
        box = made(turned(mesh, degrees)).box
        assert box.yaw == 0 and box.size == pytest.approx(size, rel=0.02)


def test_box_of_an_upright_sheet_and_of_a_post() -> None:
    sheet = bounding_box(np.array([[0, 0, 0], [3, 3, 0], [3, 3, 2], [0, 0, 2.0]]))
    assert sheet == OrientedBox((1.5, 1.5, 1.0), (round(math.sqrt(18), 6), 0.0, 2.0), 45.0)
    assert bounding_box(np.array([[1.0, 2, 0], [1, 2, 5]])) == OrientedBox((1, 2, 2.5), (0, 0, 5), 0)


def test_corners_of_a_box() -> None:
    box = OrientedBox((1, 2, 3), (2, 4, 6), 30)
    assert bounding_box(box.corners) == OrientedBox((1, 2, 3), (2, 4, 6), 30)
    assert box.contains(box.corners).all() and not box.contains(box.corners * 1.01 - 0.5).all()


# --- volumes


@given(LENGTH, LENGTH, LENGTH, st.floats(-180, 180))
def test_volume_of_a_box(x: float, y: float, z: float, yaw: float) -> None:
    assert made(turned(trimesh.creation.box([x, y, z]), yaw)).volume == pytest.approx(x * y * z, rel=1e-3)


def test_volume_needs_a_closed_surface() -> None:
    box = trimesh.creation.box([1, 2, 3])
    loose = np.asarray(box.vertices)[box.faces].reshape(-1, 3), np.arange(36).reshape(-1, 3)
    assert closed_volume(*loose) == pytest.approx(6)
    assert closed_volume(loose[0], loose[1][:-1]) is None
    one_flipped = np.vstack([box.faces[:-1], box.faces[-1:, ::-1]])
    assert closed_volume(np.asarray(box.vertices), one_flipped) is None
    assert closed_volume(np.asarray(box.vertices), np.asarray(box.faces)[:, ::-1]) == pytest.approx(6)
    assert closed_volume(np.zeros((3, 3)), np.array([[0, 0, 1]])) is None


def test_volume_of_booleans_equals_trimeshs() -> None:
    block = trimesh.creation.box([1, 1, 1]).difference(trimesh.creation.cylinder(radius=0.3, height=2))
    assert made(block).volume == pytest.approx(block.volume, abs=1e-5)
    # A prism of 32 sides: n/2 sin(2 pi / n) r^2.
    assert made(block).volume == pytest.approx(1 - 16 * math.sin(math.pi / 16) * 0.09, abs=1e-4)


# --- colours and what nobody sees


def test_colours_come_by_area() -> None:
    box = trimesh.creation.box([4, 1, 1])
    colours = np.where(np.abs(box.face_normals[:, :1]) > 0.5, [[1, 2, 3]], [[255, 128, 0]]).astype(np.uint8)
    obj = spatial_object(0, "a", np.asarray(box.vertices), np.asarray(box.faces), colours)
    assert obj.colours == ("#ff8000", "#010203") and obj.colour == "#ff8000"
    assert np.array_equal(obj.face_colours, colours)
    assert obj.area == pytest.approx(18)


def test_what_no_picture_shows_stretches_no_box() -> None:
    box = trimesh.creation.box([1, 1, 1])
    vertices = np.vstack([box.vertices, [[50, 0, 0], [50, 1e-6, 0], [0, 0, 0]]])
    colours = np.zeros((13, 3), np.uint8)
    unused = spatial_object(0, "a", vertices, np.asarray(box.faces), colours[:12])
    needle = spatial_object(0, "a", vertices, np.vstack([box.faces, [[8, 9, 10]]]), colours)
    assert unused.box.size == needle.box.size == (1, 1, 1)
    assert len(unused.vertices) == 8


# --- scenes as data


@given(PLACE, PLACE, LENGTH, st.floats(-90, 90))
def test_json_gives_the_same_scene(x: float, y: float, size: float, yaw: float) -> None:
    obj = made(turned(trimesh.creation.box([size, 1, 1]), yaw, (x, y, 0)), name='a "name" of é')
    scene = scene_of(obj)
    again = SpatialScene.from_json(scene.to_json())
    assert again == scene and again.digest == scene.digest and hash(again) == hash(scene)
    # What is measured anew from the kept arrays is what was kept.
    (kept,) = again.objects
    redone = spatial_object(0, kept.name, kept.vertices, kept.triangles, kept.face_colours)
    assert redone.to_dict() == obj.to_dict()


def test_last_bits_do_not_show() -> None:
    mesh = turned(trimesh.creation.icosphere(), 17)
    noisy = mesh.copy()
    noisy.vertices = np.nextafter(np.nextafter(np.asarray(mesh.vertices), 9), 9)
    assert scene_of(made(mesh)).digest == scene_of(made(noisy)).digest


def test_the_ground_is_the_lowest_point() -> None:
    low = made(turned(trimesh.creation.box([1, 1, 1]), 0, (0, 0, -2)))
    assert scene_of(made(trimesh.creation.box([1, 1, 1])), low).ground == -2.5


def test_a_scene_needs_all_its_sights() -> None:
    scene = scene_of(made(trimesh.creation.box([1, 1, 1])))
    with pytest.raises(ValueError, match="1 cameras and 1 objects cannot have"):
        SpatialScene(scene.objects, scene.cameras, ((),))


BOX = trimesh.creation.box([1, 1, 1])
CORNERS, FACES, GREY = np.asarray(BOX.vertices), np.asarray(BOX.faces), np.full((12, 3), 9, np.uint8)


@pytest.mark.parametrize(
    ("vertices", "triangles", "colours", "said"),
    [
        (CORNERS * np.nan, FACES, GREY, "coordinates must be finite"),
        (CORNERS * np.inf, FACES, GREY, "coordinates must be finite"),
        (CORNERS + MAX_COORDINATE, FACES, GREY, "at most 1000 m"),
        (CORNERS[:, :2], FACES, GREY, "vertices [n, 3]"),
        (CORNERS, FACES + 1, GREY, "triangles must lie in 0 .. 7, got 1 .. 8"),
        (CORNERS, FACES - 1, GREY, "triangles must lie in 0 .. 7, got -1 .. 6"),
        (CORNERS, FACES[:0], GREY[:0], "triangles must be integers, and some"),
        (CORNERS, FACES, GREY[:3], "colours must be uint8 (12, 3)"),
        (CORNERS, FACES, GREY.astype(float), "colours must be uint8"),
        (CORNERS * 0, FACES, GREY, "must have an area"),
    ],
)
def test_what_is_no_mesh_is_refused(vertices: object, triangles: object, colours: object, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        spatial_object(0, "a", vertices, triangles, colours)  # type: ignore[arg-type]
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vertices", "AAAA"),
        ("vertices", "?"),
        ("triangles", "AAAAAAAAAAD/////"),
        ("paint", ""),
        ("box", {}),
        ("paint", "AQAAAA=="),
    ],
)
def test_broken_json_is_refused(field: str, value: object) -> None:
    body = json.loads(scene_of(made(BOX)).to_json())
    body["objects"][0][field] = value
    with pytest.raises((KeyError, TypeError, ValueError)):
        SpatialScene.from_json(json.dumps(body))
