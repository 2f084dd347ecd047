"""3D pictures and facts: against formulas, against a ray caster of our own, and never from a malformed claim."""

import hashlib
import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from zerosight.geometry.camera import Camera, look_at
from zerosight.geometry.spatial import SpatialObject, spatial_object
from zerosight.render import Rejected
from zerosight.render.sandbox.launch import confinement
from zerosight.render.sandbox.layers import offered
from zerosight.render.solid.draw import MAX_SIZE, Solids, draw, draw_solids, undrawn, warm
from zerosight.render.solid.program import MAX_CAMERAS, MAX_NAME, MAX_OBJECTS, run
from zerosight.render.solid.view import GROUND, NOTHING, SUN, View, World

RED, BLUE, WHITE = (200, 40, 40), (40, 80, 200), (255, 255, 255)


def thing(
    index: int, mesh: trimesh.Trimesh, at: tuple[float, float, float] = (0, 0, 0), colour: tuple[int, int, int] = RED
) -> SpatialObject:
    colours = np.full((len(mesh.faces), 3), colour, np.uint8)
    return spatial_object(index, f"thing {index}", np.asarray(mesh.vertices) + at, np.asarray(mesh.faces), colours)


def box(
    index: int, size: tuple[float, float, float], at: tuple[float, float, float], colour: Any = RED
) -> SpatialObject:
    return thing(index, trimesh.creation.box(size), at, colour)


def seen(camera: Camera, *objects: SpatialObject) -> View:
    return World(objects).view(camera)


# --- second methods


def nearest(camera: Camera, objects: list[SpatialObject]) -> tuple[np.ndarray, np.ndarray]:
    """Owners and depths [h, w] by brute force: every ray with every triangle.

    By barycentric coordinates from determinants (Cramer's rule), in double precision.
    """
    origin, along = camera.position, camera.directions(camera.centres()).reshape(-1, 3)
    owners, depths = np.full(len(along), NOTHING), np.full(len(along), np.inf)
    for obj in objects:
        for a, b, c in obj.vertices[obj.triangles]:
            normal = np.cross(b - a, c - a)
            with np.errstate(divide="ignore", invalid="ignore"):
                t = np.dot(a - origin, normal) / (along @ normal)
                points = origin + t[:, None] * along
                sides = [np.cross(q - p, points - p) @ normal for p, q in ((a, b), (b, c), (c, a))]
                hit = (t > 0) & (t < depths) & np.all(np.array(sides) >= 0, axis=0)
            owners[hit], depths[hit] = obj.index, t[hit]
    shape = camera.height, camera.width
    return owners.reshape(shape), depths.reshape(shape)


PLACE = st.tuples(*[st.floats(-1.5, 1.5).map(lambda x: round(x, 2))] * 3)


@settings(max_examples=12)
@given(st.lists(st.tuples(PLACE, st.sampled_from(["box", "tetra", "ball"])), min_size=1, max_size=4), PLACE)
def test_owners_and_depths_equal_brute_force(parts: list[tuple[Any, str]], eye: tuple[float, float, float]) -> None:
    meshes = {
        "box": trimesh.creation.box([0.7, 0.9, 0.5]),
        "tetra": trimesh.creation.icosahedron().convex_hull,
        "ball": trimesh.creation.icosphere(subdivisions=1, radius=0.5),
    }
    objects = [thing(i, meshes[kind], at) for i, (at, kind) in enumerate(parts)]
    camera = look_at(np.add(eye, [0, -6, 4.7]), [0, 0, 0], 50, 40, 32)
    view = seen(camera, *objects)
    owners, depths = nearest(camera, objects)
    mine = np.where(view.owners == GROUND, NOTHING, view.owners)
    # Rays through an edge may go either way.
    same = mine == owners
    assert (~same).mean() < 0.005
    hit = same & (owners >= 0)
    assert np.allclose(view.depths[hit], depths[hit], atol=2e-4)
    visibility = World(objects).visibility(camera, view.owners)
    for obj, sight in zip(objects, visibility, strict=True):
        alone = np.count_nonzero(nearest(camera, [obj])[0] >= 0)
        assert abs(sight.pixels - np.count_nonzero(owners == obj.index)) <= 4
        if alone > 20:
            assert sight.share == pytest.approx(sight.pixels / alone, abs=5 / alone)
        rows, columns = np.nonzero(view.owners == obj.index)
        if sight.bounds is None:
            assert not len(rows)
        else:
            assert sight.bounds == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


def test_depth_of_a_sphere_and_of_the_ground_equals_the_formula() -> None:
    ball = thing(0, trimesh.creation.icosphere(subdivisions=6, radius=1.0), (0.2, 0, 0.1))
    camera = look_at([3, -4, 2], [0, 0, 0], 60, 96, 96)
    view = seen(camera, ball)
    origin, along = camera.rays()
    offset = origin - np.array([0.2, 0, 0.1])
    half = along @ offset
    inner = half**2 - (offset @ offset - 1)
    distance = -half - np.sqrt(np.maximum(inner, 0))
    forward = camera.rotation[:, 2]
    on_ball = view.owners == 0
    assert abs(int(on_ball.sum()) - int((inner > 0).sum())) < 0.005 * on_ball.sum()
    clear = on_ball & (inner > 0.05)
    assert np.allclose(view.depths[clear], (distance * (along @ forward))[clear], atol=2e-3)
    ground = view.owners == GROUND
    expected = (-0.9 - origin[2]) / along[..., 2] * (along @ forward)
    assert ground.sum() > 1000 and np.allclose(view.depths[ground], expected[ground], rtol=1e-5)
    assert not (on_ball & ground).any() and np.isinf(view.depths[view.owners == NOTHING]).all()


def test_pixels_of_a_square_are_its_projection() -> None:
    # 100 px per unit of slope, and the near side 5 m away: 2 m are 40 px.
    view = seen(look_at([0, -6, 0], [0, 0, 0], 90, 200, 200), box(0, (2, 2, 2), (0, 0, 0)))
    rows, columns = np.nonzero(view.owners == 0)
    assert (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1) == (80, 120, 80, 120)
    assert len(rows) == 1600 and np.allclose(view.depths[view.owners == 0], 5, atol=1e-4)


# --- sights


def test_shares_of_what_is_half_hidden() -> None:
    back, front = box(0, (2, 0.2, 2), (0, 4, 0)), box(1, (4, 0.2, 4), (2, 0, 0), BLUE)
    camera = look_at([0, -4, 0], [0, 9, 0], 90, 200, 200)
    world = World([back, front])
    hidden, hiding = world.visibility(camera, world.view(camera).owners)
    # The front's left edge is in the middle of the picture.
    assert hidden.share == pytest.approx(0.5, abs=0.03) and hidden.inside == 1
    assert hiding.share == 1 and hiding.bounds is not None and hiding.bounds[0] == 100


def test_shares_of_what_is_wholly_hidden_or_elsewhere() -> None:
    objects = [
        box(0, (1, 1, 1), (0, 4, 0)),
        box(1, (4, 0.2, 4), (0, 0, 0)),
        box(2, (1, 1, 1), (0, -20, 0)),
        box(3, (1, 1, 1), (90, 4, 0)),
    ]
    camera = look_at([0, -4, 0], [0, 9, 0], 60, 100, 100)
    world = World(objects)
    hidden, _, behind, beside = world.visibility(camera, world.view(camera).owners)
    assert (hidden.pixels, hidden.share, hidden.inside, hidden.bounds) == (0, 0, 1, None)
    assert [(s.pixels, s.share, s.inside, s.bounds) for s in (behind, beside)] == [(0, 0, 0, None)] * 2


def test_share_of_much_hidden_pixels_is_sampled_right() -> None:
    wall, screen = box(0, (9, 0.1, 9), (0, 2, 0)), box(1, (4, 0.1, 9), (-2, 0, 0), BLUE)
    camera = look_at([0, -3, 0], [0, 9, 0], 60, 300, 300)
    world = World([wall, screen])
    view = world.view(camera)
    share = world.visibility(camera, view.owners)[0].share
    alone = np.count_nonzero(World([wall]).view(camera).owners == 0)
    assert share == pytest.approx(np.count_nonzero(view.owners == 0) / alone, abs=0.002)


@pytest.mark.parametrize("across", [0.0, 0.35, -0.8])
def test_inside_is_the_share_of_the_solid_angle(across: float) -> None:
    """A small ball on the frame's right edge: the cut is a chord of a disc."""
    camera = look_at([0, 0, 0], [0, 1, 0], 60, 64, 64)
    edge = math.radians(30)
    radius = 0.02
    angle = edge + across * radius
    ball = thing(0, trimesh.creation.icosphere(subdivisions=3, radius=radius), (math.sin(angle), math.cos(angle), 0))
    world = World([ball])
    sight = world.visibility(camera, world.view(camera).owners)[0]
    cut = math.acos(across) - across * math.sqrt(1 - across**2)
    assert sight.inside == pytest.approx(cut / math.pi, abs=0.04)


def test_inside_of_a_shell_around_the_camera_is_the_frames_solid_angle() -> None:
    camera = look_at([0, 0, 0], [1, 0, 0], 90, 64, 64)
    world = World([thing(0, trimesh.creation.icosphere(radius=3))])
    sight = world.visibility(camera, world.view(camera).owners)[0]
    # A cube's face is a sixth of all directions.
    assert sight.inside == pytest.approx(1 / 6, abs=0.01)
    assert sight.pixels == 64 * 64 and sight.share == 1


def test_a_needle_on_the_frames_edge_has_a_share_inside() -> None:
    world = World([box(0, (4, 1e-3, 1e-3), (2, 5, 0))])
    camera = look_at([0, 0, 0], [0, 1, 0], 60, 64, 64)
    # It runs from straight ahead to 38.7 degrees to the right, and the frame to 30.
    inside = world.visibility(camera, world.view(camera).owners)[0].inside
    along = np.linspace(0, 4, 100_001)
    weights = 1 / (along**2 + 25) ** 1.5
    assert inside == pytest.approx(weights[along < 5 * math.tan(math.radians(30))].sum() / weights.sum(), abs=0.02)


def test_inside_of_a_sheet_seen_edge_on_is_that_of_its_points() -> None:
    sheet = trimesh.Trimesh([[0, 4, 0], [4, 4, 0], [4, 6, 0], [0, 6, 0]], [[0, 1, 2], [0, 2, 3]], process=False)
    world = World([thing(0, sheet)])
    camera = look_at([0, 0, 0], [0, 1, 0], 60, 64, 64)
    assert 0.5 < world.visibility(camera, world.view(camera).owners)[0].inside < 0.9


# --- light


def test_shadows_fall_away_from_the_sun() -> None:
    camera = look_at([0, 0, 20], [0, 0, 0], 40, 128, 128)
    post = box(0, (0.5, 0.5, 3), (0, 0, 1.5))
    picture = seen(camera, post).picture.array.astype(int)
    fall = -SUN[:2] / SUN[2] * 1.5
    for sign, darker in ((1, True), (-1, False)):
        (column, row), _ = camera.project(np.array([*(sign * fall), 0.0]))
        plain = picture[2, 2].sum()
        assert bool(picture[int(row), int(column)].sum() < plain - 100) is darker


def test_light_keeps_the_colour_and_tells_faces_apart() -> None:
    camera = look_at([4, -5, 4], [0, 0, 0], 30, 96, 96)
    view = seen(camera, box(0, (1, 1, 1), (0, 0, 0), (200, 100, 50)))
    inside = np.unique(view.picture.array[view.owners == 0], axis=0)
    faces = [colour for colour in inside.astype(float) if (view.picture.array == colour).all(axis=2).sum() > 100]
    assert len(faces) == 3
    for colour in faces:
        assert 0.4 < colour[0] / 200 <= 1
        assert np.allclose(colour / colour[0], [1, 0.5, 0.25], atol=0.01)


def test_edges_are_smooth_and_the_rest_is_plain() -> None:
    # 50 px per unit of slope and a face 9 m away that is 21 px wide: its sides cut columns 39 and 60 in halves.
    face = box(0, (21 * 9 / 50, 2, 4), (0, 0, 40), WHITE)
    row = seen(look_at([0, -10, 40], [0, 0, 40], 90, 100, 100), face).picture.array[50].astype(int)
    assert len(np.unique(row[40:60], axis=0)) == len(np.unique(np.delete(row, range(39, 61), axis=0), axis=0)) == 1
    assert np.abs(row[[39, 60]] - (row[0] + row[50]) / 2).max() <= 1


def test_flat_things_on_the_ground_are_seen() -> None:
    sheet = trimesh.Trimesh([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], [[0, 1, 2], [0, 2, 3]], process=False)
    view = seen(look_at([0.5, -2, 2], [0.5, 0.5, 0], 40, 64, 64), thing(0, sheet))
    owners, _ = nearest(look_at([0.5, -2, 2], [0.5, 0.5, 0], 40, 64, 64), [thing(0, sheet)])
    assert np.array_equal(view.owners == 0, owners == 0) and (view.owners == GROUND).any()


def test_from_below_there_is_no_ground() -> None:
    view = seen(look_at([0, -3, -3], [0, 0, 0], 60, 32, 32), box(0, (1, 1, 1), (0, 0, 0)))
    assert set(np.unique(view.owners)) == {0, NOTHING}


# --- the whole way

GOLDEN = {
    "box": (
        "import trimesh\nscene = trimesh.Scene()\nbox = trimesh.creation.box([1, 2, 3])\n"
        "box.visual.face_colors = [200, 40, 40, 255]\nscene.add_geometry(box, node_name='box')\n"
        "cameras = [{'eye': [4, -5, 3], 'target': [0, 0, 0], 'fov': 50}]\n",
        "5e1bf9d2dad074aa",
    ),
    "pair": (
        "import trimesh\nscene = trimesh.Scene()\n"
        "for i, (x, colour) in enumerate([(0, [40, 80, 200]), (0.75, [240, 200, 40])]):\n"
        "    ball = trimesh.creation.icosphere(subdivisions=2, radius=0.5)\n    ball.apply_translation([x, x, 0.5])\n"
        "    ball.visual.face_colors = colour\n    scene.add_geometry(ball, node_name=f'ball {i}')\n",
        "31c114b7286ad0c0",
    ),
    "bored": (
        "import trimesh\nscene = trimesh.Scene()\nblock = trimesh.creation.box([1, 1, 1])\n"
        "turn = trimesh.transformations.rotation_matrix(0.3, [0, 0, 1])\n"
        "nut = block.difference(trimesh.creation.cylinder(radius=0.3, height=2))\n"
        "scene.add_geometry(nut, node_name='nut', transform=turn)\n"
        "cameras = [{'eye': [2, -2, 2], 'target': [0, 0, 0]}, {'eye': [0, 0, 4], 'target': [0, 0, 0]}]\n",
        "6ea4ad0d2a56bc0b",
    ),
}
"""Programs with the digest of what their scenes' objects and cameras are; made with trimesh 5.2."""

SCRIPT = """
import json, sys
from zerosight.render.solid import draw as solid_draw, program as solid
solid_draw.warm()
for program in json.load(sys.stdin):
    namespace = {}
    exec(program, namespace)
    message, payload = solid.run(namespace, {}, b"")
    reply, pixels = solid_draw.draw({"claim": json.loads(json.dumps(message)), "request": {"size": 48}}, payload)
    solids = solid_draw.undrawn(reply, pixels)
    print(solids.scene.digest, *(picture.digest for picture in solids.pictures))
"""


def claim_of(program: str) -> tuple[Any, bytes]:
    namespace: dict[str, Any] = {}
    exec(program, namespace)
    message, payload = run(namespace, {}, b"")
    return json.loads(json.dumps(message)), payload


def drawn(program: str, size: int = 48) -> Solids:
    outcome = draw_solids(*claim_of(program), size)
    assert isinstance(outcome, Solids), outcome
    return outcome


def content_digest(solids: Solids) -> str:
    """Of a scene without its sights, which rest on single-precision rays and may differ by a pixel between machines."""
    body = json.loads(solids.scene.to_json())
    body.pop("sights")
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_scenes(name: str) -> None:
    program, digest = GOLDEN[name]
    assert content_digest(drawn(program)) == digest


def test_two_processes_give_the_same_bytes() -> None:
    programs = [program for program, _ in GOLDEN.values()]
    given_in = json.dumps(programs).encode()
    other = subprocess.run([sys.executable, "-c", SCRIPT], input=given_in, capture_output=True, check=True, timeout=60)
    here = [drawn(program) for program in programs]
    expected = [" ".join([solids.scene.digest, *(p.digest for p in solids.pictures)]) for solids in here]
    assert other.stdout.decode().splitlines() == expected


def test_a_reply_is_put_together_again() -> None:
    claim, payload = claim_of(GOLDEN["bored"][0])
    reply, pixels = draw({"claim": claim, "request": {"program": "", "size": 40}}, payload)
    solids, direct = undrawn(json.loads(json.dumps(reply)), pixels), draw_solids(claim, payload, 40)
    assert isinstance(direct, Solids) and solids.scene == direct.scene
    assert [p.digest for p in solids.pictures] == [p.digest for p in direct.pictures]
    assert [p.array.shape for p in solids.pictures] == [(40, 40, 3)] * 2
    for broken, data in (
        ({**reply, "shapes": reply["shapes"][:1]}, pixels),
        (reply, pixels[:-1]),
        ({"scene": "{}", "shapes": []}, b""),
        ({"shapes": []}, b""),
    ):
        with pytest.raises((ValueError, KeyError, TypeError)):
            undrawn(broken, data)


def test_the_default_size_is_256() -> None:
    claim, payload = claim_of(GOLDEN["box"][0])
    assert draw({"claim": claim, "request": {"program": ""}}, payload)[0]["shapes"] == [[256, 256, 3]]


@pytest.mark.parametrize("size", [0, MAX_SIZE + 1, 12.0, "12", None, True])
def test_a_size_that_is_none_is_the_callers_error(size: Any) -> None:
    with pytest.raises(ValueError, match="size must be from 1"):
        draw_solids(*claim_of(GOLDEN["box"][0]), size)


# --- forged claims

POSE = look_at([4, -5, 3], [0, 0, 0], 50, 9, 9).world_from_camera.tolist()
FORGED = {
    "nothing": None,
    "a list": [],
    "a number": 3,
    "no objects": {"objects": [], "cameras": [[POSE, 50.0]]},
    "objects that are none": {"objects": {"a": 1}, "cameras": [[POSE, 50.0]]},
    "an object of two fields": {"objects": [["box", 8]], "cameras": [[POSE, 50.0]]},
    "too many objects": {"objects": [["box", 8, 12]] * (MAX_OBJECTS + 1), "cameras": [[POSE, 50.0]]},
    "more vertices than given": {"objects": [["box", 9, 12]], "cameras": [[POSE, 50.0]]},
    "a negative count": {"objects": [["box", 8, 12], ["x", -4, 4]], "cameras": [[POSE, 50.0]]},
    "a huge count": {"objects": [["box", 10**12, 12]], "cameras": [[POSE, 50.0]]},
    "a count that is true": {"objects": [["box", 8, True]], "cameras": [[POSE, 50.0]]},
    "a name that is a number": {"objects": [[5, 8, 12]], "cameras": [[POSE, 50.0]]},
    "an empty name": {"objects": [["", 8, 12]], "cameras": [[POSE, 50.0]]},
    "a long name": {"objects": [["x" * (MAX_NAME + 1), 8, 12]], "cameras": [[POSE, 50.0]]},
    "a name of control characters": {"objects": [["a\nb", 8, 12]], "cameras": [[POSE, 50.0]]},
    "no cameras": {"objects": [["box", 8, 12]], "cameras": []},
    "too many cameras": {"objects": [["box", 8, 12]], "cameras": [[POSE, 50.0]] * (MAX_CAMERAS + 1)},
    "a camera that is none": {"objects": [["box", 8, 12]], "cameras": [[POSE]]},
    "a camera of words": {"objects": [["box", 8, 12]], "cameras": [["pose", "fov"]]},
    "a camera that sees all": {"objects": [["box", 8, 12]], "cameras": [[POSE, 179.0]]},
    "a camera of nan": {"objects": [["box", 8, 12]], "cameras": [[POSE, float("nan")]]},
    "a camera far away": {"objects": [["box", 8, 12]], "cameras": [[[*POSE[:2], [0, 0, 1, 1e300], POSE[3]], 50.0]]},
    "a huge number": {"objects": [["box", 8, 12]], "cameras": [[[[10**400] * 4] * 4, 50.0]]},
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_claims_are_nonsense(name: str) -> None:
    _, payload = claim_of(GOLDEN["box"][0])
    reply, pixels = draw({"claim": FORGED[name], "request": {"size": 16}}, payload)
    assert (
        reply
        == Rejected("no_result", "the program handed back nonsense", "leave a trimesh.Scene in `scene`").as_message()
    )
    assert pixels == b""


def box_arrays() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    mesh = trimesh.creation.box([1, 1, 1])
    return (mesh.vertices * 1e6).astype("<i4"), mesh.faces.astype("<u4"), np.zeros((12, 3), np.uint8)


@pytest.mark.parametrize("broken", ["far", "corner", "flat", "short", "long"])
def test_forged_arrays_are_nonsense(broken: str) -> None:
    vertices, triangles, colours = box_arrays()
    if broken == "far":
        vertices[0, 0] = 2**31 - 1
    if broken == "corner":
        triangles[3, 1] = 2**32 - 1
    if broken == "flat":
        vertices[:] = 0
    payload = vertices.tobytes() + triangles.tobytes() + colours.tobytes()
    payload = {"short": payload[:-1], "long": payload + b"x"}.get(broken, payload)
    outcome = draw_solids({"objects": [["box", 8, 12]], "cameras": [[POSE, 50.0]]}, payload, 16)
    assert isinstance(outcome, Rejected) and outcome.code == "no_result"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["objects", "cameras"]), inner),
    max_leaves=12,
)


@given(JSON, st.binary(max_size=400))
def test_any_json_is_nonsense_or_drawn(claim: Any, payload: bytes) -> None:
    assert isinstance(draw_solids(claim, payload, 8), Rejected | Solids)


@settings(max_examples=25)
@given(st.binary(min_size=12 * 4 + 15 * 4, max_size=12 * 4 + 15 * 4))
def test_any_bytes_are_nonsense_or_drawn(payload: bytes) -> None:
    # Triangles among four vertices, placed anywhere.
    numbers = np.frombuffer(payload, "<i4", 12) // 4
    data = (
        numbers.astype("<i4").tobytes()
        + (np.frombuffer(payload, "<u4", 12, 48) % 4).astype("<u4").tobytes()
        + payload[-12:]
    )
    outcome = draw_solids({"objects": [["x", 4, 4]], "cameras": [[POSE, 50.0]]}, data, 8)
    assert isinstance(outcome, Rejected | Solids)


CONFINED = """
import json, sys
from zerosight.render.sandbox import confine, wire
from zerosight.render.solid import draw as solid_draw
settings, claim, payload = json.loads(sys.stdin.readline())
solid_draw.warm()
confine.confine(settings)
reply, pixels = solid_draw.draw({"claim": claim, "request": {"size": 256}}, bytes.fromhex(payload))
sys.stdout.write(json.dumps([solid_draw.undrawn(reply, pixels).pictures[0].digest]))
"""


@pytest.mark.sandbox
@pytest.mark.skipif(len(offered()) < 4, reason=f"this machine offers only {offered()}")
def test_drawing_works_under_the_sandboxs_inner_layers() -> None:
    claim, payload = claim_of(GOLDEN["pair"][0])
    told = json.dumps([{"memory_mb": 512, **confinement(offered())}, claim, payload.hex()]).encode() + b"\n"
    done = subprocess.run([sys.executable, "-c", CONFINED], input=told, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    direct = draw_solids(claim, payload, 256)
    assert isinstance(direct, Solids) and json.loads(done.stdout) == [direct.pictures[0].digest]
    warm()
