"""Procedural rooms written in the scans' formats and read back: the same answers; and scans as a world of their own."""

from collections import Counter

import numpy as np
import pytest
import scan_writers

from zerosight.envs import Rejected, SeededRng, Truth, item_rng, make
from zerosight.envs.scans import list_scans, open_scan
from zerosight.envs.spatial.asking import drawn_queries
from zerosight.envs.spatial.build import built, room_scene
from zerosight.envs.spatial.layout import plan_layout
from zerosight.envs.spatial.surroundings import Surroundings
from zerosight.envs.spatial.world import TASKS
from zerosight.geometry import Camera, RoomScene, SpatialScene
from zerosight.render.solid.view import World

FORMATS = ("scannet", "scannetpp", "arkitscenes")
SAME_AMOUNT = 0.02
"""Share by which an amount read back may differ: boxes of 32-bit corners, outlines of floors."""


def filmed(number):
    """A furnished place seen by cameras of the scans' size; its pictures."""
    layout = plan_layout(
        SeededRng(("scanned", number)),
        object_counts=(12, 12),
        floor_kind="rectangle",
        camera_count=4,
        variety=(0.9, 1.0),
    )
    scene = built(layout.text(), 64).scene
    cameras = tuple(Camera(each.world_from_camera, scan_writers.INTRINSICS, 160, 120) for each in scene.cameras)
    world = World(scene.objects)
    views = [world.view(camera) for camera in cameras]
    visibility = tuple(world.visibility(camera, view.owners) for camera, view in zip(cameras, views, strict=True))
    return SpatialScene(scene.objects, cameras, visibility), views


def scanned_mesh(scene, labels):
    """The room's surface as `scan_writers.Mesh`: things first, as the room numbers them, then walls and floor."""
    order = sorted(range(len(scene.objects)), key=lambda i: labels[i] in ("wall", "floor"))
    vertices, triangles, owners, count = [], [], [], 0
    for number, i in enumerate(order):
        obj = scene.objects[i]
        low = (obj.vertices[obj.triangles][:, :, 2] < 0.01).all(axis=1)
        # What walls stand on no scanner sees.
        shown = obj.triangles[~low] if labels[i] == "wall" else obj.triangles
        vertices.append(obj.vertices)
        triangles.append(shown + count)
        owners.append(np.full(len(obj.vertices), number))
        count += len(obj.vertices)
    parts = (np.concatenate(each) for each in (vertices, triangles, owners))
    return scan_writers.Mesh(*parts, [labels[i] for i in order])


@pytest.fixture(scope="module", params=range(3))
def scanned(request, tmp_path_factory):
    """A procedural room, and the folder with it in each format."""
    scene, views = filmed(request.param)
    room = room_scene(scene)
    assert isinstance(room, RoomScene)
    names = iter([obj.label for obj in room.objects])
    labels = [
        next(names) if obj.name.rstrip(" 0123456789") not in ("wall", "floor") else obj.name.rstrip(" 0123456789")
        for obj in scene.objects
    ]
    mesh = scanned_mesh(scene, labels)
    pictures = dict(zip(scene.cameras, (view.picture.array for view in views), strict=True))
    depths = dict(zip(scene.cameras, (view.depths for view in views), strict=True))
    root = tmp_path_factory.mktemp("scans")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan_writers, "CAMERAS", scene.cameras)
        patch.setattr(scan_writers, "FURNITURE", tuple((obj.label, obj.box) for obj in room.objects))
        patch.setattr(scan_writers, "room_mesh", lambda: mesh)
        patch.setattr(scan_writers, "picture", lambda camera: pictures[camera])
        patch.setattr(scan_writers, "seen", lambda camera: (None, depths[camera]))
        folders = {kind: scan_writers.WRITERS[kind][0](root / kind) for kind in FORMATS}
    return room, folders, root


@pytest.mark.parametrize("kind", FORMATS)
def test_answers_survive_the_round_trip(scanned, kind):
    room, folders, _ = scanned
    env, found = make("spatial/Rooms-v1"), open_scan(folders[kind]).room
    assert [obj.label for obj in found.objects] == [obj.label for obj in room.objects]
    kept: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for task in TASKS:
        for query in list(drawn_queries(Surroundings(room), task, SeededRng(("asked", task))))[:60]:
            before, after = env.solve(room, query), env.solve(found, query)
            if isinstance(before, Rejected):
                continue
            asked[task] += 1
            if isinstance(after, Truth):
                kept[task] += 1
                if TASKS[task].kind == "mra":
                    assert float(after.value) == pytest.approx(float(before.value), rel=SAME_AMOUNT), query
                else:
                    assert after.value == before.value, (query, before, after)
    # What is hidden or cut off by a hair more or less may no longer be asked.
    assert sum(kept.values()) >= 0.9 * sum(asked.values()), asked - kept
    assert len(asked) >= 18


def test_a_folder_of_scans_is_a_world(scanned):
    room, _, root = scanned
    env = make(f"spatial/Rooms-v1@{root}")
    assert len(list_scans(root)) == 3
    difficulty = env.difficulty_of(room)
    for task in ("relative_distance", "distance_cam_obj", "position_cam_cam", "room_size"):
        item = env.sample(item_rng(env.id, "dev", 0, 0), task, difficulty)
        assert item == env.sample(item_rng(env.id, "dev", 0, 0), task, difficulty)
        assert item.program.startswith("scan ") and item.scene.source.split("/")[0] in FORMATS
        assert env.score(item.truth, item.question.options, item.truth.value).value == 1
        assert env.render(item.program) == item.scene
        assert env.render_item(item, 300).array.shape[1] == 300
        assert env.explanation_image(item, 200).array.shape[1] == 200


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("", "scan"),
        ("scan nowhere 1.jpg", "scan"),
        ("import os", "scan"),
        ("scan {0}", "frame"),
        ("scan {0} x.jpg", "frame"),
    ],
)
def test_programs_that_name_no_frames_are_refused(scanned, program, code):
    _, folders, root = scanned
    env = make(f"spatial/Rooms-v1@{root}")
    found = env.render(program.format(folders["scannet"].relative_to(root)))
    assert isinstance(found, Rejected) and found.code == code and found.hint


def test_a_folder_without_scans_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="holds no scene of ScanNet"):
        make(f"spatial/Rooms-v1@{tmp_path}")


def test_other_worlds_take_no_folder(tmp_path):
    with pytest.raises(ValueError, match="not made of a folder"):
        make(f"shapes/Canvas-v1@{tmp_path}")
