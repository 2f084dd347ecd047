"""Rooms: the oracle against a second method and mirrored rooms, what is refused and why, and rooms of a Coder."""

import json
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from second_rooms import agrees, mirrored, mirrored_answer, mirrored_query, second_answer

from zerosight.envs import Rejected, SeededRng, Truth, item_rng, make
from zerosight.envs.gallery import gallery_page
from zerosight.envs.spatial import rules
from zerosight.envs.spatial.asking import blind_query, drawn_queries
from zerosight.envs.spatial.build import built, built_room
from zerosight.envs.spatial.layout import plan_layout
from zerosight.envs.spatial.operators import LANGUAGE
from zerosight.envs.spatial.rooms import CATEGORIES, FRAME
from zerosight.envs.spatial.staging import staged
from zerosight.envs.spatial.surroundings import Surroundings
from zerosight.envs.spatial.world import FRAMES, TASKS
from zerosight.geometry import RoomObject, RoomScene, look_at
from zerosight.geometry.boxes import OrientedBox
from zerosight.geometry.visibility import ObjectVisibility
from zerosight.render.drawing import shared

KINDS = ("rectangle", "L", "rooms")


@pytest.fixture(scope="module")
def env():
    return make("spatial/Rooms-v1")


@pytest.fixture(scope="module")
def rooms():
    """Nine places: in some much is there once, in some it is repeated; in some cameras turn or move."""
    found = []
    for number in range(9):
        own, variety = SeededRng(("test-rooms", number)), ((0.8, 1.0), (0.4, 0.6))[number % 3 == 2]
        layout = plan_layout(
            own, object_counts=(12, 16), floor_kind=KINDS[number % 3], camera_count=FRAMES, variety=variety
        )
        task = ("motion_camera", "position_cam_reg", "")[number // 3]
        wanted = (rules.MOVES, rules.EIGHT, ("",) * 3)[number // 3][number % 3]
        found.append(built_room(staged(layout, task, wanted, own).text(), FRAME))
    return found


@pytest.fixture(scope="module")
def asked(env, rooms):
    """Questions of every task with an answer, and why others have none."""
    answered, refused = {}, {}
    for task in TASKS:
        answered[task], refused[task] = [], Counter()
        for number, room in enumerate(rooms):
            for query in drawn_queries(Surroundings(room), task, SeededRng(("test-asked", task, number))):
                truth = env.solve(room, query)
                if isinstance(truth, Truth):
                    answered[task].append((room, query, truth))
                else:
                    refused[task][truth.code] += 1
    return answered, refused


# --- the oracle


@pytest.mark.parametrize("task", TASKS)
def test_second_method_agrees(env, asked, task):
    """Boxes as least squares, plans as complex numbers, floors as squares: see `second_rooms.py`."""
    found = asked[0][task]
    assert len(found) >= 5, asked[1][task]
    for room, query, truth in found[:150]:
        said = second_answer(json.loads(json.dumps(env.ask(query, SeededRng(("x",)), room).query)), room.to_json())
        assert agrees(said, truth), (query, said, truth)


@pytest.mark.parametrize("task", TASKS)
def test_mirrored_rooms_swap_left_and_right_and_nothing_else(env, asked, task):
    for room, query, truth in asked[0][task][:40]:
        program = env.ask(query, SeededRng(("x",)), room).query
        mirror, other = RoomScene.from_json(mirrored(room.to_json())), env.parse_value(mirrored_query(program))
        found = env.solve(mirror, other)
        assert isinstance(found, Truth), (query, found)
        if TASKS[task].kind == "mra":
            assert float(found.value) == pytest.approx(float(truth.value), rel=1e-9)
        else:
            assert found.value == mirrored_answer(truth.kind, truth.value)
        assert found.margin == pytest.approx(truth.margin, abs=2e-3)


@pytest.mark.parametrize("task", TASKS)
def test_no_margin_is_under_its_threshold(asked, task):
    assert all(truth.margin >= rules.THRESHOLDS[truth.unit] for _, _, truth in asked[0][task])


def test_every_refusal_has_a_reason_and_a_hint(env, rooms):
    codes = set()
    for task in TASKS:
        for query in drawn_queries(Surroundings(rooms[0]), task, SeededRng(("refused", task))):
            found = env.check(rooms[0], query)
            if found is not None:
                codes.add(found.code)
                assert found.reason and found.hint, found
    assert {"ambiguous", "unseen", "truncated"} <= codes


def test_questions_of_no_room_are_refused_or_answered(env, rooms):
    for task in TASKS:
        for number in range(30):
            query = blind_query(SeededRng(("blind", task, number)), task, CATEGORIES, 9)
            assert isinstance(env.solve(rooms[number % len(rooms)], query), Truth | Rejected)


# --- the reference's errors (facts, section C7), each on a place made for it


def place(boxes, cameras, visibility=None, floors=()):
    """A room of labelled boxes that every camera sees whole."""
    objects = tuple(RoomObject(i, label, box) for i, (label, box) in enumerate(boxes))
    seen = visibility or tuple(
        tuple(ObjectVisibility(4_000, 1.0, 1.0, (0, 0, 60, 60)) for _ in objects) for _ in cameras
    )
    return RoomScene(objects, tuple(cameras), seen, tuple(map(str, range(len(cameras)))), floors)


def cube(x, y, side=1.0, z=None):
    return OrientedBox((x, y, side / 2 if z is None else z), (side, side, side), 0.0)


def answer(env, room, *program):
    query = env.parse_value(list(program))
    assert not isinstance(query, Rejected), query
    return env.solve(room, query)


def view(number):
    return ["view", number]


def thing(name):
    return ["thing", name]


def test_camera_ahead_right_and_higher_is_ahead_right(env):
    """There: back-right, as image-down was taken for forward."""
    first = look_at([0, 0, 1.2], [0, 4, 0.8], 60, 100, 100)
    second = look_at([0.5, 0.5, 1.6], [0.5, 4, 0.8], 60, 100, 100)
    room = place([("box", cube(0, 4)), ("bin", cube(2, 4, 0.4))], (first, second))
    assert answer(env, room, "position_cam_cam", view(1), view(2)).value == "front-right"
    assert answer(env, room, "elevation_cam_cam", view(1), view(2)).value == "higher"


@pytest.mark.parametrize(("degrees", "value"), [(45, "turn-left"), (-45, "turn-right"), (20, "turn-left")])
def test_turning_on_the_spot_is_a_turn_about_the_vertical(env, degrees, value):
    """There: no motion, as the yaw was taken about the horizontal y."""
    ahead = math.radians(90 + degrees)
    first = look_at([1, 1, 1.5], [1, 5, 0.5], 60, 100, 100)
    second = look_at([1, 1, 1.5], [1 + 4 * math.cos(ahead), 1 + 4 * math.sin(ahead), 0.5], 60, 100, 100)
    assert (
        answer(
            env,
            place([("box", cube(1, 4)), ("bin", cube(3, 4, 0.4))], (first, second)),
            "motion_camera",
            view(1),
            view(2),
        ).value
        == value
    )


def test_distance_is_between_the_points_that_the_words_name(env):
    """There: from centre to centre (1.64 m), though the question says the closest points (0.5 m)."""
    camera = look_at([0, -5, 1.5], [0, 0, 0.5], 60, 100, 100)
    room = place(
        [
            ("desk", OrientedBox((0, 0, 0.4), (1.14, 0.8, 0.8), 0)),
            ("bed", OrientedBox((1.64, 0, 0.4), (1.14, 2.0, 0.8), 0)),
        ],
        (camera,),
    )
    assert answer(env, room, "absolute_distance", thing("desk"), thing("bed")).value == "0.5"


def test_nearest_is_by_nearest_points(env):
    """A long thing whose middle is far may be the nearest."""
    camera = look_at([0, -9, 2], [0, 0, 0.5], 60, 100, 100)
    room = place(
        [
            ("stool", cube(0, 0, 0.4)),
            ("sofa", OrientedBox((0, 2.2, 0.4), (0.8, 4.0, 0.8), 0)),
            ("bin", cube(-1.6, 0, 0.4)),
        ],
        (camera,),
    )
    found = answer(env, room, "relative_distance", ["things", "sofa", "bin"], thing("stool"))
    assert isinstance(found, Rejected) or found.value == "sofa"
    near = place([(obj.label, obj.box) for obj in room.objects[:2]] + [("bin", cube(-2.0, 0, 0.4))], (camera,))
    assert answer(env, near, "relative_distance", ["things", "sofa", "bin"], thing("stool")).value == "sofa"


def test_ties_are_refused(env):
    """There: the first that is named."""
    cameras = [look_at([x, -6, 1.5], [0, 0, 0.5], 60, 100, 100) for x in (-1, 1)]
    room = place([("bed", cube(-2, 0, 2.0)), ("sofa", cube(2, 0, 2.0)), ("bin", cube(0, 3, 0.4))], cameras)
    for program in (
        ["attribute_measurement", view(1), view(2), thing("bed"), thing("sofa")],
        ["relative_distance", ["things", "bed", "sofa"], thing("bin")],
        ["visibility_compare", view(1), view(2), thing("bed")],
        ["elevation_cam_cam", view(1), view(2)],
    ):
        found = answer(env, room, *program)
        assert isinstance(found, Rejected) and found.code == "ambiguous", (program, found)


@pytest.mark.parametrize(
    ("degrees", "clear"), [(0, True), (16, True), (22.5, False), (18, False), (45, True), (180, True)]
)
def test_directions_near_a_border_are_refused(env, degrees, clear):
    """There: whichever side rounding falls on."""
    camera = look_at([0, -9, 2], [0, 0, 0.5], 60, 100, 100)
    angle = math.radians(90 - degrees)
    room = place(
        [
            ("stool", cube(0, 0, 0.4)),
            ("bed", cube(0, 3, 0.4)),
            ("bin", cube(2 * math.cos(angle), 2 * math.sin(angle), 0.4)),
        ],
        (camera,),
    )
    found = answer(env, room, "relative_direction_hard", thing("stool"), thing("bed"), thing("bin"))
    assert isinstance(found, Truth) == clear


def test_frames_that_share_nothing_are_not_compared(env):
    """Nobody could tell from the pixels how their cameras stand to each other."""
    cameras = [look_at([0, 0, 1.5], [y, 0, 0.5], 60, 100, 100) for y in (4, -4)]
    seen, none = ObjectVisibility(4_000, 1.0, 1.0, (0, 0, 60, 60)), ObjectVisibility(0, 0.0, 0.0, None)
    things = [("box", cube(4, 0)), ("bin", cube(4, 2)), ("bed", cube(-4, 0))]
    room = place(things, cameras, ((seen, seen, none), (none, seen, seen)))
    for op in ("position_cam_cam", "elevation_cam_cam", "motion_camera"):
        found = answer(env, room, op, view(1), view(2))
        assert isinstance(found, Rejected) and found.code == "unlinked"


def test_unknown_floor_is_no_area(env):
    """There: 0.0, or the area of a hull."""
    room = place([("box", cube(0, 4))], (look_at([0, 0, 1.5], [0, 4, 0.5], 60, 100, 100),))
    found = answer(env, room, "room_size")
    assert isinstance(found, Rejected) and found.code == "unknown"


def test_names_of_several_things_or_of_none_are_refused(env):
    camera = look_at([0, -5, 1.5], [0, 0, 0.5], 60, 100, 100)
    room = place([("chair", cube(0, 0, 0.4)), ("chair", cube(2, 0, 0.4)), ("table", cube(-2, 0))], (camera,))
    for program, code in (
        (["object_size", thing("chair")], "not_unique"),
        (["object_size", thing("tabel")], "empty"),
        (["object_counting", ["category", "sofa"]], "empty"),
        (["distance_cam_obj", view(2), thing("table")], "view"),
        (["absolute_distance", thing("table"), thing("table")], "trivial"),
        (["position_cam_cam", view(1), view(1)], "trivial"),
        (["position_cam_reg", view(1), view(1), ["region", "sleeping area"]], "empty"),
    ):
        found = answer(env, room, *program)
        assert isinstance(found, Rejected) and found.code == code, (program, found)
    assert "'table'" in answer(env, room, "object_size", thing("tabel")).hint


def test_what_walls_hide_is_not_hidden_by_things(env):
    camera = look_at([0, -5, 1.5], [0, 0, 0.5], 60, 100, 100)
    for occluders, expected in (
        (((1, 900), (-1, 100)), "plant"),
        (((-1, 900), (1, 100)), "structure"),
        (((1, 500), (2, 490)), "ambiguous"),
        ((), "empty"),
    ):
        share = 1000 / (1000 + sum(pixels for _, pixels in occluders))
        whole = ObjectVisibility(900, 1.0, 1.0, (0, 0, 30, 30))
        visibility = ((ObjectVisibility(1000, share, 1.0, (0, 0, 60, 60), occluders), whole, whole),)
        room = place(
            [("sofa", cube(0, 2)), ("plant", cube(0, 0, 0.4)), ("bin", cube(1, 0, 0.3))], (camera,), visibility
        )
        found = answer(env, room, "occluder", view(1), thing("sofa"))
        assert (found.value if isinstance(found, Truth) else found.code) == expected


# --- sights by a ray caster of our own


def crossings(origin, along, corners):
    """How far rays [r, 3] go to triangles [m, 3, 3] (Moeller and Trumbore 1997); [r, m], inf where they miss."""
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    h = np.cross(along[:, None], two[None])
    det = (h * one).sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        s = origin - corners[:, 0]
        u = (h * s).sum(axis=2) / det
        q = np.cross(s, one)
        v = along @ q.T / det
        far = (q * two).sum(axis=1)[None] / det
    hit = (np.abs(det) > 1e-12) & (u >= 0) & (v >= 0) & (u + v <= 1) & (far > 0)
    return np.where(hit, far, np.inf)


@pytest.mark.parametrize("number", range(2))
def test_sights_are_those_of_another_ray_caster(number):
    own = SeededRng(("cast", number))
    layout = plan_layout(own, object_counts=(9, 9), floor_kind=KINDS[number], camera_count=2)
    scene = built(layout.text(), 96).scene
    corners = np.concatenate([obj.vertices[obj.triangles] for obj in scene.objects])
    owners = np.repeat(np.arange(len(scene.objects)), [len(obj.triangles) for obj in scene.objects])
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    for camera, row in zip(scene.cameras, scene.visibility, strict=True):
        step = 3
        places = np.stack(np.meshgrid(np.arange(1, 96, step) + 0.5, np.arange(1, 96, step) + 0.5), axis=-1).reshape(
            -1, 2
        )
        (fx, fy), (cx, cy) = np.diag(camera.intrinsics)[:2], camera.intrinsics[:2, 2]
        local = np.stack([(places[:, 0] - cx) / fx, (places[:, 1] - cy) / fy, np.ones(len(places))], axis=1)
        each = np.minimum.reduceat(crossings(camera.position, local @ camera.rotation.T, corners), starts, axis=1)
        first = np.where(np.isfinite(each.min(axis=1)), each.argmin(axis=1), -1)
        for index, sight in enumerate(row):
            alone = np.isfinite(each[:, index])
            pixels, whole = step**2 * np.count_nonzero(first == index), step**2 * np.count_nonzero(alone)
            assert pixels == pytest.approx(sight.pixels, abs=20 + 4 * step * math.sqrt(sight.pixels))
            if whole > 900:
                assert pixels / whole == pytest.approx(sight.share, abs=0.12)
            for other, hidden in sight.occluders:
                if hidden > 300:
                    found = step**2 * np.count_nonzero(alone & (first == other))
                    assert found == pytest.approx(hidden, rel=0.35, abs=60)


# --- items


@pytest.mark.parametrize("difficulty", [2, 3])
def test_items_of_higher_difficulties_keep_the_contract(env, difficulty):
    for number, task in enumerate(list(TASKS)[difficulty::3]):
        item = env.sample(item_rng(env.id, "train", 3, number), task, difficulty)
        assert env.difficulty_of(item.scene) == difficulty == item.difficulty
        assert env.task_of(env.parse_value(item.question.query)) == task
        assert env.solve(item.scene, env.parse_value(item.question.query)) == item.truth
        assert agrees(second_answer(item.question.query, item.scene.to_json()), item.truth)
        assert env.score(item.truth, item.question.options, item.truth.value).value == 1


def test_questions_can_be_written_in_words(env, asked):
    for task in TASKS:
        room, query, truth = asked[0][task][0]
        text = env.ask(query, SeededRng(("words", task)), room).text
        if task != "view_match":
            assert env.solve(room, env.parse(text)) == truth


def test_proofs_and_sheets_show_what_the_question_names(env):
    item = env.sample(item_rng(env.id, "dev", 2, 0), "position_cam_cam", 1)
    (drawn,) = env.draw(shared(), [item.program])
    assert env.observation(item, drawn).array.tobytes() == env.render_item(item, env.size).array.tobytes()
    proof = env.explanation_image(item, 300).array
    assert proof.shape == (300, 300, 3) and (proof == (16, 64, 192)).all(axis=2).any()


def test_pages_show_the_explanation_beside_the_item(env):
    item = env.sample(item_rng(env.id, "dev", 2, 0), "absolute_distance", 1)
    page = gallery_page(env, [item])
    assert page.count("data:image/png;base64,") == 2 and "<summary>explanation</summary>" in page
    assert f"{item.truth.value} m" in page


GOOD = """
room = Room([(0, 0), (5, 0), (5, 4), (0, 4)])
room.add("sofa", 2.5, 3.4)
room.add("table", 2.5, 1.8, size=(1.2, 0.8, 0.74))
room.add("mug", 2.4, 1.8, z=0.74)
room.look((0.6, 0.5, 1.5), (3, 2.5, 0.6), fov=75)
room.look((4.4, 0.6, 1.6), (2, 2.5, 0.6), fov=75)
scene, cameras = room.scene, room.cameras
"""


def test_a_coder_furnishes_a_room(env):
    room = env.render(GOOD)
    assert isinstance(room, RoomScene) and [obj.label for obj in room.objects] == ["sofa", "table", "mug"]
    wanted = env.requirements([[1, "sofa"], [1, "table"], [1, "mug"]])
    assert env.missing_requirements(room, wanted) == ()
    missing = env.missing_requirements(room, env.requirements([[2, "chair"], [1, "sofa"]]))
    assert any("0 of 2 chair" in each for each in missing)
    assert [env.describe(each) for each in env.requirements([[2, "bookshelf"], [1, "bed"]])] == [
        "2 bookshelves",
        "1 bed",
    ]


def test_the_guides_program_is_a_room(env):
    program = env.guide.split("\n\n")[1]
    assert isinstance(env.render(program), RoomScene)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"sofa", 2.5, 3.4', '"sofa", 2.5, 2.0', "room"),
        ("z=0.74", "z=1.5", "room"),
        ('"sofa", 2.5, 3.4', '"sofa", 2.5, 4.5', "room"),
        ("(0.6, 0.5, 1.5), (3", "(9, 9, 1.5), (3", "room"),
        ("(0.6, 0.5, 1.5), (3", "(0.6, 0.5, 0.9), (3", "room"),
        ('"sofa"', '"soffa"', "error"),
        ("scene, cameras = room.scene, room.cameras", "", "no_scene"),
        ("scene, cameras", "import trimesh\nroom.scene.add_geometry(trimesh.creation.box((1, 1, 1)), node_name='bed')\n"
         "scene, cameras", "unknown"),
        ("scene, cameras = room.scene", "scene, cameras = trimesh.Scene(trimesh.creation.box())", "error"),
    ],
)  # fmt: skip
def test_impossible_rooms_are_refused(env, old, new, code):
    assert old in GOOD
    found = env.render(GOOD.replace(old, new))
    assert isinstance(found, Rejected) and found.code == code and found.reason, found


def test_a_thing_is_what_it_looks_like_and_not_what_it_is_called(env):
    """A mesh whose name lies is taken for its shape."""
    renamed = GOOD.replace(
        "scene, cameras =",
        """other = Room([(0, 0), (5, 0), (5, 4), (0, 4)])
other.add("stool", 0.8, 3.2)
room.scene.add_geometry(list(other.scene.geometry.values())[-1], node_name="bed")
scene, cameras =""",
    )
    room = env.render(renamed)
    assert isinstance(room, RoomScene) and "stool" in [obj.label for obj in room.objects]


programs = st.recursive(
    st.sampled_from([*LANGUAGE.names, "sofa", "left", "clockwise", "kitchen", ""]) | st.integers(-3, 9) | st.none(),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=600)
@given(programs)
def test_no_program_makes_it_raise(program):
    env = make("spatial/Rooms-v1")
    query = env.parse_value(program)
    if not isinstance(query, Rejected):
        room = place([("sofa", cube(0, 3)), ("bed", cube(2, 3))], (look_at([0, 0, 1.5], [0, 4, 0.5], 60, 100, 100),))
        assert isinstance(env.solve(room, query), Truth | Rejected)


@settings(max_examples=60)
@given(st.sampled_from(sorted(TASKS)), st.integers(0, 10**6), st.data())
def test_mutated_questions_are_answered_or_refused(task, seed, data):
    env = make("spatial/Rooms-v1")
    query = blind_query(SeededRng(("mutated", seed)), task, ("sofa", "bed", "bin", "desk", "lamp", "box", "mug"), 2)
    program = json.loads(json.dumps(env.ask(query, SeededRng(("x",)), place([], ())).query))
    for literal in program[1:]:
        if data.draw(st.booleans()):
            literal[-1] = data.draw(st.sampled_from(["sofa", "", 0, 1, 99, None, [], "left", "x" * 80]))
    found = env.parse_value(program)
    if not isinstance(found, Rejected):
        room = place([("sofa", cube(0, 3)), ("bed", cube(2, 3))], (look_at([0, 0, 1.5], [0, 4, 0.5], 60, 100, 100),))
        assert isinstance(env.solve(room, found), Truth | Rejected)
