"""The furniture kit: the same in the sandbox as here, known by its shapes, and clear about mistakes."""

import itertools
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from zerosight.envs.rng import SeededRng
from zerosight.envs.spatial import kit
from zerosight.envs.spatial.build import built, kit_text, room_scene
from zerosight.envs.spatial.layout import KINDS, plan_layout
from zerosight.envs.spatial.recognise import fitted, recognised, structure
from zerosight.geometry.room import RoomScene
from zerosight.geometry.spatial import SpatialObject, spatial_object
from zerosight.render import Rejected
from zerosight.render.drawing import Pools
from zerosight.render.solid.program import MAX_PROGRAM

NAMES = sorted(kit.CATALOGUE)
TURNS = (0, 45, -45, 90, 180, -90, 0.01, 89.99, 30, 133, -77.7)
START = "room = Room([(0, 0), (5, 0), (5, 4), (0, 4)])\n"
END = "room.look((0.5, 0.5, 1.6), (3, 2, 0.5))\nscene, cameras = room.scene, room.cameras\n"


@pytest.fixture(scope="module")
def pools() -> Iterator[Pools]:
    with Pools() as made:
        yield made


def made(points: np.ndarray, triangles: np.ndarray, name: str = "it") -> SpatialObject:
    return spatial_object(0, name, points, triangles, np.full(triangles.shape, 120, np.uint8))


def sizes(name: str) -> list[tuple[float, float, float]]:
    """The least, the most, and one between."""
    known = kit.CATALOGUE[name]
    middle = (np.array(known.low) * 0.37 + np.array(known.high) * 0.63).tolist()
    found = [known.low, known.high, middle]
    return [(w, w if known.even else d, h) for w, d, h in found]


def placed(name: str, size: tuple[float, float, float], turn: float) -> tuple[np.ndarray, np.ndarray]:
    """The kit's mesh, turned by this file's own arithmetic."""
    points, triangles, _ = kit.template(name)
    plane = (points[:, 0] * size[0] + 1j * points[:, 1] * size[1]) * np.exp(1j * np.radians(turn))
    return np.stack([plane.real + 1.37, plane.imag - 2.11, points[:, 2] * size[2] + 0.4], 1), triangles


def refusal(program: str) -> str:
    with pytest.raises(ValueError) as caught:
        built(START + program + END, 16)
    return str(caught.value)


# --- templates


def test_the_kit_leaves_a_program_room() -> None:
    assert len(kit_text()) <= 11_100 < MAX_PROGRAM
    assert len(NAMES) >= 26
    for name in NAMES:
        assert name == name.lower() and (
            name in kit.PLURALS or (name[-1] not in "sxzfy" and name[-2:] not in ("ch", "sh"))
        )
    assert set(kit.PLURALS) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_fills_its_box_and_is_closed(name: str) -> None:
    points, triangles, shades = kit.template(name)
    assert points.min(axis=0) == pytest.approx([-0.5, -0.5, 0]) and points.max(axis=0) == pytest.approx([0.5, 0.5, 1])
    assert len(shades) == len(triangles)
    thing = made(points, triangles)
    assert thing.volume is not None and 0 < thing.volume
    # All triangles face outwards: each part's signed volume is positive.
    corners = points[triangles]
    signed = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert signed == pytest.approx(thing.volume, abs=1e-6)


def test_no_two_templates_are_the_same_in_any_turn_or_mirror() -> None:
    seen: dict[tuple[bytes, ...], str] = {}
    for name in NAMES:
        corners = kit.template(name)[0]
        for flip, swap, turn in itertools.product((1, -1), (False, True), (1, -1)):
            looked = corners[:, [1, 0, 2]] if swap else corners
            key = tuple(sorted({p.tobytes() for p in np.rint(looked * (flip, turn, 1) * 1e3).astype(int) + 0}))
            assert seen.setdefault(key, name) == name


# --- recognition


@pytest.mark.parametrize("name", NAMES)
def test_every_category_is_recognised_at_any_turn_and_size(name: str) -> None:
    for size, turn in itertools.product(sizes(name), TURNS):
        fit = fitted(made(*placed(name, size, turn)))
        assert fit is not None and fit.category == name
        assert fit.size == pytest.approx(size, abs=1e-5)
        assert abs((fit.turn - turn + 180) % 360 - 180) < 0.01


@pytest.mark.parametrize("name", NAMES)
def test_boxes_are_those_of_the_templates(name: str) -> None:
    for size, turn in itertools.product(sizes(name), (0, 45, 30, 133, -77)):
        box = made(*placed(name, size, turn)).box
        # What is round keeps yaw 0 and may grow by its corners, 2 %.
        assert sorted(box.size[:2]) == pytest.approx(sorted(size[:2]), rel=0.021)
        assert box.size[2] == pytest.approx(size[2], abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_near_misses_are_nothing(name: str) -> None:
    size = sizes(name)[2]
    points, triangles = placed(name, size, 20)
    assert recognised(made(points, triangles)) == name
    part = points.copy()
    part[:8] += [0.004, 0, 0]
    assert recognised(made(part, triangles)) is None
    one = points.copy()
    one[-1] += [0, 0, 0.001]
    assert recognised(made(one, triangles)) is None
    assert recognised(made(points, triangles[1:])) is None
    sheared = points + np.outer(points[:, 2], [0.01, 0, 0])
    assert recognised(made(sheared, triangles)) is None
    assert recognised(made(points * (1, 1, -1), triangles[:, ::-1])) is None
    assert recognised(made(points * 2.6, triangles)) is None
    assert recognised(made(points[:, [2, 0, 1]], triangles)) is None


def test_a_mirrored_desk_is_none() -> None:
    points, triangles = placed("desk", sizes("desk")[2], 0)
    assert recognised(made(points * (-1, 1, 1), triangles[:, ::-1])) is None


def test_names_say_nothing() -> None:
    text = START + 'room.add("chair", 1, 1)\nscene = room.scene\n'
    text += 'import trimesh\nscene.add_geometry(trimesh.creation.box([1.8, 0.9, 0.8]), node_name="sofa")\n'
    scene = built(text + "cameras = None\n", 16).scene
    assert [recognised(obj) for obj in scene.objects if obj.name in ("chair", "sofa")] == ["chair", None]
    refused = room_scene(scene)
    assert isinstance(refused, Rejected) and refused.code == "unknown"
    assert "'sofa'" in refused.reason and "chair" not in refused.reason and "room.add" in refused.hint


def test_floor_and_walls_are_known_by_their_shape() -> None:
    scene = built(START + 'room.wall((2, 0), (3, 1))\nroom.add("book pile", 2, 2)\n' + END, 16).scene
    kinds = {obj.name: structure(obj) for obj in scene.objects}
    assert kinds.pop("floor") == "floor" and kinds.pop("book pile") is None
    assert len(kinds) == 5 and set(kinds.values()) == {"wall"}
    points, triangles = placed("wardrobe", sizes("wardrobe")[2], 0)
    assert structure(made(points, triangles, "wall 9")) is None


# --- rooms


def test_walls_stand_outside_and_close_the_room() -> None:
    text = "room = Room([(0, 0), (4, 0), (4, 2), (2, 2), (2, 3), (0, 3)])\n"
    scene = built(text + 'room.add("mug", 1, 1)\n' + END, 16).scene
    walls = [obj for obj in scene.objects if structure(obj) == "wall"]
    assert len(walls) == 6
    import shapely

    inside = shapely.Polygon([(0, 0), (4, 0), (4, 2), (2, 2), (2, 3), (0, 3)])
    prints = [shapely.Polygon(shapely.convex_hull(shapely.multipoints(wall.vertices[:, :2]))) for wall in walls]
    standing = shapely.union_all(prints)
    assert standing.intersection(inside).area == pytest.approx(0)
    assert standing.area == pytest.approx(inside.buffer(0.1, join_style="mitre").area - inside.area)
    # No part of a wall is drawn twice.
    assert sum(each.area for each in prints) == pytest.approx(standing.area)


def test_adjoining_rooms_make_one_floor() -> None:
    text = "room = Room([[(0, 0), (3, 0), (3, 4), (0, 4)], [(3, 0), (6, 0), (6, 3), (3, 3)]])\n"
    text += "room.wall((3, 0), (3, 1))\nroom.wall((3, 2), (3, 3))\n"
    room = room_scene(
        built(text + 'room.add("chair", 1, 1)\nroom.add("chair", 4, 1, colour="#123456")\n' + END, 16).scene
    )
    assert isinstance(room, RoomScene)
    assert room.floors == (((0.0, 0.0), (6.0, 0.0), (6.0, 3.0), (3.0, 3.0), (3.0, 4.0), (0.0, 4.0)),)
    assert [obj.label for obj in room.objects] == ["chair", "chair"] and room.objects[1].colour == "#123456"
    assert room.ground == 0 and room.frames == ("1",) and room.source == "rooms"
    assert RoomScene.from_json(room.to_json()) == room


def test_sights_are_those_of_the_things() -> None:
    scene = built(START + 'room.add("chair", 3, 2)\nroom.add("mug", 1, 3.5)\n' + END, 64).scene
    room = room_scene(scene)
    assert isinstance(room, RoomScene)
    by_name = {obj.name: scene.visibility[0][obj.index] for obj in scene.objects}
    assert room.visibility == ((by_name["chair"], by_name["mug"]),) and by_name["chair"].pixels > 20


def test_mistakes_are_explained() -> None:
    assert "'armchair'" in refusal('room.add("amchair", 1, 1)\n')
    assert "(0.4, 0.42, 0.8)" in refusal('room.add("chair", 1, 1, size=(4, 4, 8))\n')
    assert "as wide as deep" in refusal('room.add("round table", 1, 1, size=(0.9, 1.1, 0.75))\n')
    assert "'#8a6239'" in refusal('room.add("chair", 1, 1, colour="red")\n')
    assert "along x or y" in refusal("Room([(0, 0), (5, 1), (5, 4)])\n")


def test_a_room_without_a_floor_or_around_a_court_is_refused() -> None:
    bare = 'room.add("chair", 1, 1)\nroom.scene.delete_geometry(room.scene.graph["floor"][1])\n'
    refused = room_scene(built(START + bare + END, 16).scene)
    assert isinstance(refused, Rejected) and refused.code == "floor"
    court = "room = Room([[(0, 0), (6, 0), (6, 2), (0, 2)], [(0, 4), (6, 4), (6, 6), (0, 6)], "
    court += "[(0, 2), (2, 2), (2, 4), (0, 4)], [(4, 2), (6, 2), (6, 4), (4, 4)]])\n"
    refused = room_scene(built(court + 'room.add("chair", 1, 1)\n' + END, 16).scene)
    assert isinstance(refused, Rejected) and "hole" in refused.reason


# --- in the sandbox


def test_the_sandbox_makes_the_same_scenes(pools: Pools) -> None:
    texts = [
        plan_layout(SeededRng(("kit", kind)), object_counts=(12, 16), floor_kind=kind, camera_count=3).text()
        for kind in KINDS
    ]
    everything = START + "".join(f'room.add("{name}", {0.13 * i}, 1, turn={7 * i})\n' for i, name in enumerate(NAMES))
    texts.append(everything + END)
    for text, outcome in zip(texts, pools.draw("solid", [kit_text() + text for text in texts], 96), strict=True):
        assert not isinstance(outcome, Rejected | Exception), outcome
        own = built(text, 96)
        assert outcome.scene.to_json() == own.scene.to_json()  # type: ignore[union-attr]
        assert isinstance(room_scene(own.scene), RoomScene)


def test_the_sandbox_explains_mistakes(pools: Pools) -> None:
    (outcome,) = pools.draw("solid", [kit_text() + START + 'room.add("chiar", 1, 1)\n' + END], 96)
    assert isinstance(outcome, Rejected) and "'chair'" in outcome.reason


def test_only_the_kit_imports_trimesh() -> None:
    names = ", ".join(f"zerosight.envs.spatial.{name}" for name in ("build", "layout", "recognise", "furnish", "views"))
    code = f"import sys, {names}; assert not {{'trimesh', 'open3d'}} & set(sys.modules), 'loaded'"
    subprocess.run([sys.executable, "-c", code], check=True)
