"""Furnished places: physically sound, varied, seen well, and the same again."""

import math
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import shapely

from zerosight.envs.rng import SeededRng
from zerosight.envs.spatial.build import built, room_faults, room_scene
from zerosight.envs.spatial.layout import KINDS, FloorPlacement, RoomLayout, Viewpoint, plan_layout, violations
from zerosight.envs.spatial.physics import doors, free_plan, upright
from zerosight.envs.spatial.recognise import catalogue
from zerosight.geometry.room import RoomScene

SQUARE = ((0.0, 0.0), (6.0, 0.0), (6.0, 5.0), (0.0, 5.0))


@cache
def layouts() -> tuple[tuple[str, RoomLayout], ...]:
    """Some of every kind and of many numbers of things."""
    found = []
    for i in range(201):
        kind, count = list(KINDS)[i % 3], (6, 9, 12, 12, 15, 18)[i // 3 % 6]
        found.append(
            (
                kind,
                plan_layout(
                    SeededRng(("layouts", i)), object_counts=(count, count + 2), floor_kind=kind, camera_count=4
                ),
            )
        )
    return tuple(found)


def corners(thing: FloorPlacement) -> np.ndarray:
    """[4, 2] of its footprint, by complex numbers."""
    signs = np.array([-1 - 1j, 1 - 1j, 1 + 1j, -1 + 1j]) / 2
    flat = (signs.real * thing.size[0] + 1j * signs.imag * thing.size[1]) * np.exp(1j * math.radians(thing.turn))
    return np.stack([flat.real + thing.x, flat.imag + thing.y], 1)


def test_no_layout_has_violations() -> None:
    assert {kind for kind, _ in layouts()} == set(KINDS)
    assert [found for _, layout in layouts() if (found := violations(layout))] == []


def test_a_second_method_finds_none_either() -> None:
    """Apart along some side's direction (separating axes), or one wholly above the other."""
    for _, layout in layouts()[:60]:
        for i, first in enumerate(layout.placements):
            for second in layout.placements[:i]:
                low, high = sorted((first, second), key=lambda thing: thing.z)
                if high.z >= low.z + low.size[2] - 1e-9:
                    continue
                a, b = corners(first), corners(second)
                axes = np.concatenate([np.diff(a[:3], axis=0), np.diff(b[:3], axis=0)])
                axes /= np.linalg.norm(axes, axis=1)[:, None]
                gaps = np.maximum((a @ axes.T).min(0) - (b @ axes.T).max(0), (b @ axes.T).min(0) - (a @ axes.T).max(0))
                corner_gap = min(np.linalg.norm(a[:, None] - b[None], axis=2).min(), 9.0)
                assert gaps.max() > 0 and corner_gap >= 0.03 - 1e-9


def test_things_are_many_and_varied() -> None:
    all_kinds: Counter[str] = Counter()
    shares = []
    for _, layout in layouts():
        counts = Counter(thing.category for thing in layout.placements)
        all_kinds += counts
        if len(layout.placements) >= 12:
            shares.append(sum(n == 1 for n in counts.values()) / len(counts))
    assert len(all_kinds) >= 24
    assert 0.4 <= sum(shares) / len(shares) <= 0.7
    turned = [thing.turn % 90 != 0 for _, layout in layouts() for thing in layout.placements]
    assert 0.05 < sum(turned) / len(turned) < 0.5
    stacked = [thing.z > 0 for _, layout in layouts() for thing in layout.placements]
    assert 0.15 < sum(stacked) / len(stacked) < 0.6


def test_counts_are_as_asked() -> None:
    for i, (_, layout) in enumerate(layouts()):
        count = (6, 9, 12, 12, 15, 18)[i // 3 % 6]
        assert count <= len(layout.placements) <= count + 2 and len(layout.cameras) == 4


def test_wardrobes_beds_and_sofas_have_their_back_to_a_wall() -> None:
    checked = 0
    for _, layout in layouts():
        edge = free_plan(layout.floors, layout.walls).boundary
        for thing in layout.placements:
            if thing.category in ("wardrobe", "bed", "sofa", "bookshelf", "fridge"):
                back = shapely.LineString(corners(thing)[2:])
                assert max(edge.distance(shapely.Point(p)) for p in back.coords) < 0.08
                checked += 1
    assert checked > 60


def test_most_chairs_face_what_they_stand_at() -> None:
    facing = []
    for _, layout in layouts():
        tables = [t for t in layout.placements if t.category in ("table", "desk", "round table")]
        hosts = [shapely.Polygon(corners(table)) for table in tables]
        for chair in layout.placements:
            if chair.category == "chair" and hosts:
                ahead = math.radians(chair.turn - 90)
                seat = shapely.Point(chair.x + 0.6 * math.cos(ahead), chair.y + 0.6 * math.sin(ahead))
                facing.append(min(host.distance(seat) for host in hosts) < 0.2)
    assert len(facing) > 30 and sum(facing) / len(facing) > 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_big_places_hold_thirty_things(kind: str) -> None:
    for i in range(4):
        layout = plan_layout(SeededRng(("big", kind, i)), object_counts=(30, 30), floor_kind=kind, camera_count=8)
        assert len(layout.placements) == 30 and len(layout.cameras) == 8 and not violations(layout)
        assert len({thing.category for thing in layout.placements}) >= 12


def test_the_same_stream_gives_the_same_place() -> None:
    first, second = (
        plan_layout(SeededRng(("same", 1)), object_counts=(8, 12), floor_kind="L", camera_count=2) for _ in range(2)
    )
    other = plan_layout(SeededRng(("same", 2)), object_counts=(8, 12), floor_kind="L", camera_count=2)
    assert first == second and first.text() == second.text() and first != other


def test_programs_show_what_the_layout_says() -> None:
    seen_by_each, shared = [], []
    for kind, layout in layouts()[:12]:
        scene = built(layout.text(), 128).scene
        room = room_scene(scene)
        assert isinstance(room, RoomScene) and room_faults(scene, room) == []
        assert [obj.label for obj in room.objects] == [thing.category for thing in layout.placements]
        for obj, thing in zip(room.objects, layout.placements, strict=True):
            assert obj.box.centre == pytest.approx(thing.box.centre, abs=1e-4)
            assert obj.box.size == pytest.approx(thing.box.size, abs=1e-4), (thing, kind)
        plan = shapely.union_all([shapely.Polygon(ring) for ring in layout.floors])
        assert shapely.union_all([shapely.Polygon(ring) for ring in room.floors]).symmetric_difference(plan).area < 0.01
        seen = [{i for i, sight in enumerate(row) if sight.pixels >= 8} for row in room.visibility]
        seen_by_each += [len(s) for s in seen]
        shared += [len(a & b) for a, b in pairwise(seen)]
    assert min(seen_by_each) >= 3 and min(shared) >= 1


def test_what_is_wrong_with_a_drawn_room_is_said() -> None:
    text = """room = Room([(0, 0), (6, 0), (6, 5), (0, 5)])
room.wall((3, 0), (3, 2))
room.add("bed", 1.5, 3.9)
room.add("chair", 3.1, 1, turn=90)
room.add("sofa", 4.8, 3, turn=10)
room.add("armchair", 4.8, 2.2)
room.add("mug", 1, 1, z=0.5)
room.look((0.2, 1, 1.5), (4, 4, 0.5))
scene, cameras = room.scene, room.cameras
"""
    scene = built(text, 32).scene
    room = room_scene(scene)
    assert isinstance(room, RoomScene)
    found = room_faults(scene, room)
    expected = [
        "chair (1) reaches into a wall",
        "armchair (3) and sofa (2)",
        "mug (4) hangs 0.50 m",
        "camera 1 is beyond",
    ]
    assert len(found) == 4 and all(any(words in line for line in found) for words in expected), found


def test_cameras_differ() -> None:
    turned = []
    for _, layout in layouts():
        eyes = [camera.eye[:2] for camera in layout.cameras]
        assert len(set(eyes)) == len(eyes)
        ahead = [math.atan2(c.target[1] - c.eye[1], c.target[0] - c.eye[0]) for c in layout.cameras]
        assert len({round(math.degrees(a)) for a in ahead}) > 1
        turned += [abs(math.degrees(math.remainder(b - a, math.tau))) for a, b in pairwise(ahead)]
    assert sum(angle >= 15 for angle in turned) / len(turned) > 0.7


def test_doors_stay_free() -> None:
    for kind, layout in layouts():
        zones = doors(layout.floors, layout.walls)
        assert len(zones) == (kind == "rooms")
        for zone in zones:
            inner_zone, footprints = zone.buffer(-0.001), [shapely.Polygon(corners(p)) for p in layout.placements]
            assert not any(inner_zone.intersects(footprint) for footprint in footprints)


# --- what is wrong is found


def thing(category: str, x: float, y: float, z: float = 0.0, turn: int = 0) -> FloorPlacement:
    known = catalogue()[category]
    return FloorPlacement(category, x, y, z, turn, known.low, "#808080")


def wrongs(*things: FloorPlacement, **changes: object) -> list[str]:
    view = Viewpoint((1.0, 1.0, 1.5), (3.0, 3.0, 0.5))
    return violations(replace(RoomLayout((SQUARE,), (), things, (view,), "#808080", "#909090"), **changes))


def test_a_sound_place_is_not_blamed() -> None:
    assert (
        wrongs(thing("table", 3, 3), thing("mug", 3, 3, 0.7), thing("chair", 3, 2.3), thing("box", 5, 1, turn=30)) == []
    )


@pytest.mark.parametrize(
    ("things", "words"),
    [
        ([thing("table", 3, 3), thing("chair", 3, 2.5)], "chair (1) and table (0)"),
        ([thing("chair", 3, 3), thing("chair", 3.41, 3)], "0.010 m apart"),
        ([thing("table", 3, 3), thing("mug", 3, 3, 0.72)], "mug (1) hangs"),
        ([thing("table", 3, 3), thing("mug", 3.54, 3, 0.7)], "mug (1) hangs"),
        ([thing("round table", 3, 3), thing("mug", 3.34, 3.34, 0.7)], "mug (1) hangs"),
        ([thing("sofa", 3, 3), thing("cushion", 3, 3, 0.75)], "cushion (1) hangs"),
        ([thing("mug", 3, 3, 0.5)], "mug (0) hangs"),
        ([thing("bed", 5.6, 3)], "bed (0) reaches into a wall"),
        ([thing("clock", 1.5, 1.0)], "camera 1 is nearer"),
    ],
)
def test_what_is_wrong_is_said(things: list[FloorPlacement], words: str) -> None:
    found = wrongs(*things)
    assert any(words in line for line in found), found
    assert len(found) <= 2


def test_doors_walls_sizes_and_cameras_are_looked_at() -> None:
    halves = (((0.0, 0.0), (3.0, 0.0), (3.0, 5.0), (0.0, 5.0)), ((3.0, 0.0), (6.0, 0.0), (6.0, 5.0), (3.0, 5.0)))
    walls = (((3.0, 0.0), (3.0, 2.0)), ((3.0, 3.0), (3.0, 5.0)))
    assert wrongs(thing("chair", 4.5, 2.5), floors=halves, walls=walls) == []
    assert "stands in a door" in wrongs(thing("chair", 3.4, 2.5), floors=halves, walls=walls)[0]
    assert "into a wall" in wrongs(thing("chair", 3.2, 4.5), floors=halves, walls=walls)[0]
    assert "has a side of 0.2 m" in wrongs(replace(thing("chair", 4, 4), size=(0.2, 0.45, 0.9)))[0]
    for eye, words in [((1, 1, 2.2), "2.20 m high"), ((0.2, 1, 1.5), "wall"), ((7, 1, 1.5), "beyond")]:
        assert words in wrongs(thing("chair", 4, 4), cameras=(Viewpoint(eye, (4, 4, 0.5)),))[0]
    assert "look down" in wrongs(thing("chair", 4, 4), cameras=(Viewpoint((1, 1, 1.5), (4, 4, 1.6)),))[0]


@pytest.mark.parametrize("turn", range(-180, 361, 15))
def test_upright_boxes_cover_the_turned_footprint(turn: int) -> None:
    box = upright((1, 2, 0.5), (2, 1, 1), turn)
    assert -45 < box.yaw <= 45
    own = shapely.Polygon(corners(FloorPlacement("x", 1, 2, 0, turn, (2, 1, 1), "")))
    assert own.symmetric_difference(shapely.convex_hull(shapely.multipoints(box.corners[:, :2]))).area < 1e-4


def test_wrong_wishes_are_refused() -> None:
    with pytest.raises(ValueError, match="rectangle, L, rooms"):
        plan_layout(SeededRng(("x",)), object_counts=(3, 3), floor_kind="round", camera_count=1)
    with pytest.raises(ValueError, match="things and cameras"):
        plan_layout(SeededRng(("x",)), object_counts=(4, 3), floor_kind="L", camera_count=1)
