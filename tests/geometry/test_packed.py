"""Scenes between processes: what comes out equals what went in, and nothing else comes out."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from zerosight.envs import Environment, item_rng
from zerosight.geometry import FlatObject, FlatScene, pack_regions, pack_scene, rounded, unpack_regions, unpack_scene

FRAME = Polygon(box(0, 0, 9, 9).exterior, [box(2, 2, 3, 3).exterior, box(5, 5, 6, 6).exterior]).normalize()
PAIR = MultiPolygon([box(0, 0, 1, 1), box(4, 4, 6, 7)]).normalize()
NOTHING = Polygon()
HEAD = bytes((1, 3, 0, 0, 0))


def told(scene: FlatScene) -> FlatScene:
    """The scene as another process gets it."""
    fields, binary = pack_scene(scene)
    return unpack_scene(json.loads(json.dumps(fields)), binary)


def scene_of(*pairs: tuple[Polygon | MultiPolygon, Polygon | MultiPolygon]) -> FlatScene:
    objects = [FlatObject(i, "path", 0.1 * i, "#ff0000", None, 0.0, *pair) for i, pair in enumerate(pairs)]
    return FlatScene(64, 48.5, "#ffffff", tuple(objects))


@pytest.mark.parametrize(
    "pairs",
    [(), ((FRAME, FRAME),), ((PAIR, FRAME), (FRAME, NOTHING), (PAIR, PAIR)), ((NOTHING, NOTHING), (FRAME, PAIR))],
)
def test_scenes_survive_the_way_between_processes(pairs) -> None:
    scene = scene_of(*pairs)
    found = told(scene)
    assert found == scene and found.to_json() == scene.to_json() and found.digest == scene.digest
    assert [obj.visible is obj.outline for obj in found.objects] == [one is other for one, other in pairs]


@given(st.lists(st.tuples(*[st.floats(0.01, 1e4)] * 4), max_size=6))
def test_any_coordinates_survive(boxes: list[tuple[float, float, float, float]]) -> None:
    regions = [rounded(box(x, y, x + w, y + h)) for x, y, w, h in boxes]
    assert unpack_regions(*pack_regions(regions)) == regions


def test_sampled_scenes_survive_as_through_json(env: Environment) -> None:
    for index in range(40):
        tasks = list(env.tasks)
        scene = env.sample(item_rng(env.id, "train", 3, index), tasks[index % len(tasks)], env.difficulties[-1]).scene
        found = told(scene)
        assert found == scene == FlatScene.from_json(scene.to_json())
        assert found.to_json() == scene.to_json()


GOOD, BYTES = pack_regions([FRAME, PAIR])


@pytest.mark.parametrize(
    ("counts", "binary"),
    [
        (GOOD, BYTES[:-1]),
        (GOOD, BYTES + b"x"),
        ([[1, 1], GOOD[1]], BYTES),
        ([[-1, 4], GOOD[1]], BYTES),
        ([["1", 2], GOOD[1]], BYTES),
        ([GOOD[0], [len(BYTES), 9, -9]], BYTES),
        ([GOOD[0]], BYTES),
        (7, BYTES),
        ([[1], [0]], b""),
        ([[1], [5]], HEAD),
        ([[1], [9]], HEAD + struct.pack("<I", 2**31)),
        ([[1], [13]], HEAD + struct.pack("<II", 1, 2**31)),
        ([[1], [45]], HEAD + struct.pack("<II", 1, 2) + bytes(32)),
        ([[1], [77]], HEAD + struct.pack("<II", 1, 4) + b"\xff" * 64),
        ([[1], [9]], bytes((1, 7, 0, 0, 0)) + struct.pack("<I", 1)),
        ([[1], [9 * 100_000]], (bytes((1, 7, 0, 0, 0)) + struct.pack("<I", 1)) * 100_000),
    ],
)
def test_what_is_no_region_is_refused(counts, binary: bytes) -> None:
    with pytest.raises((TypeError, ValueError)):
        unpack_regions(counts, binary)


def test_a_visible_region_that_is_not_there_is_refused() -> None:
    fields, binary = pack_scene(scene_of((FRAME, FRAME)))
    for index in (-1, 1):
        with pytest.raises(ValueError, match="is not there"):
            unpack_scene(fields | {"visible": [index]}, binary)
