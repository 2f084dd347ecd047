"""3D programs, the program's half: right ones give meshes and cameras, wrong ones reasons, in the sandbox too."""

import math
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from zerosight.render import Rejected
from zerosight.render.sandbox.layers import offered
from zerosight.render.solid.draw import Solids, draw_solids
from zerosight.render.solid.pool import SolidPool
from zerosight.render.solid.program import MAX_CAMERAS, MAX_NAME, MAX_OBJECTS, run, warm

HEAD = """
import math
import numpy as np
import trimesh
from trimesh.transformations import rotation_matrix, translation_matrix
scene = trimesh.Scene()
box = trimesh.creation.box([1, 2, 3])
"""
BOX = HEAD + "scene.add_geometry(box, node_name='box')\n"


@pytest.fixture(scope="module")
def pool() -> Iterator[SolidPool]:
    with SolidPool(wall_s=4.0, cpu_s=1.0, memory_mb=512) as made:
        yield made


def handed(program: str) -> tuple[dict[str, Any], bytes]:
    """What a program hands over, run right here."""
    namespace: dict[str, Any] = {"__name__": "program"}
    exec(program, namespace)
    message, payload = run(namespace, {}, b"")
    assert not isinstance(message, Rejected), message
    return message, payload


def drawn(program: str, size: int = 16) -> Solids:
    outcome = draw_solids(*handed(program), size)
    assert isinstance(outcome, Solids), outcome
    return outcome


# --- right programs

SHAPES = {
    "box": ("trimesh.creation.box([1, 2, 3])", (1, 2, 3), 6.0),
    "sphere": ("trimesh.creation.icosphere(subdivisions=4, radius=0.5)", (1, 1, 1), math.pi / 6),
    "uv sphere": ("trimesh.creation.uv_sphere(radius=0.5)", (1, 1, 1), math.pi / 6),
    "cylinder": ("trimesh.creation.cylinder(radius=0.5, height=2)", (1, 1, 2), math.pi / 2),
    "cone": ("trimesh.creation.cone(radius=0.5, height=2)", (1, 1, 2), math.pi / 6),
    "capsule": ("trimesh.creation.capsule(height=1, radius=0.5)", (1, 1, 2), math.pi / 4 + math.pi / 6),
    "torus": ("trimesh.creation.torus(0.4, 0.1)", (1, 1, 0.2), 2 * math.pi**2 * 0.4 * 0.01),
    "annulus": ("trimesh.creation.annulus(0.3, 0.5, 1)", (1, 1, 1), math.pi * 0.16),
    "extrusion": (
        "trimesh.creation.extrude_polygon("
        "__import__('shapely').Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 3), (0, 3)]), 0.5)",
        (2, 3, 0.5),
        2.0,
    ),
    "difference": ("box.difference(trimesh.creation.box([0.5, 0.5, 5]))", (1, 2, 3), 5.25),
    "union": ("box.union(trimesh.creation.box([2, 1, 1]))", (2, 2, 3), 7.0),
    "intersection": ("box.intersection(trimesh.creation.box([5, 1, 1]))", (1, 1, 1), 1.0),
    "hull": ("trimesh.util.concatenate([box, box.copy().apply_translation([3, 0, 0])]).convex_hull", (4, 2, 3), 24.0),
    "primitive": ("trimesh.primitives.Box(extents=[1, 2, 3])", (1, 2, 3), 6.0),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_have_their_size_and_volume(name: str) -> None:
    make, size, volume = SHAPES[name]
    (obj,) = drawn(HEAD + f"scene.add_geometry({make}, node_name='it')").scene.objects
    assert obj.name == "it" and obj.box.yaw == 0
    assert obj.box.size == pytest.approx(size, rel=0.01)
    assert obj.volume == pytest.approx(volume, rel=0.05)


def test_instances_and_transforms_are_resolved() -> None:
    program = HEAD + (
        "for i in range(3):\n"
        "    place = translation_matrix([3 * i, 0, 0]) @ rotation_matrix(math.radians(20 * i), [0, 0, 1])\n"
        "    scene.add_geometry(box, node_name=f'box {i}', geom_name='box', transform=place)\n"
        "scene.graph.update(frame_to='box 2', matrix=np.diag([2, 2, 2, 1.0]))\n"
    )
    objects = drawn(program).scene.objects
    assert [obj.name for obj in objects] == ["box 0", "box 1", "box 2"]
    assert [obj.index for obj in objects] == [0, 1, 2]
    assert objects[1].box.centre == pytest.approx((3, 0, 0), abs=1e-5)
    assert objects[1].box.yaw == pytest.approx(20, abs=1e-3)
    assert objects[2].box.size == pytest.approx((2, 4, 6)) and objects[2].volume == pytest.approx(48)


def test_a_mirrored_object_still_faces_outwards() -> None:
    (obj,) = drawn(HEAD + "scene.add_geometry(box, transform=np.diag([-1, 1, 1, 1.0]))").scene.objects
    corners = obj.vertices[obj.triangles]
    outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (np.einsum("ij,ij->i", outward, corners.mean(axis=1)) > 0).all()


@pytest.mark.parametrize(
    ("code", "colours"),
    [
        ("box.visual.face_colors = [200, 40, 40, 255]", ("#c82828",)),
        ("box.visual.face_colors = [200, 40, 40]", ("#c82828",)),
        ("box.visual.vertex_colors = [0, 90, 0]", ("#005a00",)),
        ("box.visual.face_colors[:2] = [1, 2, 3, 255]", ("#666666", "#010203")),
        ("pass", ("#666666",)),
        (
            "box.visual = trimesh.visual.TextureVisuals(material=trimesh.visual.material.PBRMaterial("
            "baseColorFactor=[255, 0, 0, 255]))",
            ("#ff0000",),
        ),
    ],
)
def test_colours_are_taken_from_visuals(code: str, colours: tuple[str, ...]) -> None:
    (obj,) = drawn(HEAD + code + "\nscene.add_geometry(box)").scene.objects
    assert sorted(obj.colours) == sorted(colours)


def test_cameras_come_as_the_program_says() -> None:
    program = BOX + (
        "down = np.array([[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 9], [0, 0, 0, 1.0]])\n"
        "cameras = [{'eye': [0, -9, 0], 'target': [0, 0, 0], 'fov': 40}, {'world_from_camera': down, 'fov': 30},"
        " {'eye': (0, -9, 1), 'target': np.zeros(3)}]\n"
    )
    cameras = drawn(program, 32).scene.cameras
    assert [camera.fov_degrees[0] for camera in cameras] == pytest.approx([40, 30, 50], abs=1e-3)
    assert cameras[0].position.tolist() == [0, -9, 0] and cameras[0].rotation[:, 2].tolist() == [0, 1, 0]
    assert cameras[1].rotation[:, 2].tolist() == [0, 0, -1]
    assert {(camera.width, camera.height) for camera in cameras} == {(32, 32)}


def test_the_scenes_own_camera_is_converted() -> None:
    program = BOX + (
        "pose = rotation_matrix(math.pi / 2, [1, 0, 0])\npose[:3, 3] = [0, -9, 0]\n"
        "scene.camera = trimesh.scene.Camera(fov=(60, 40))\nscene.camera_transform = pose\n"
    )
    (camera,) = drawn(program).scene.cameras
    # OpenGL's looks along -z with y up; turned by 90 degrees about x it looks along +y with z up.
    assert np.allclose(camera.rotation, [[1, 0, 0], [0, 0, 1], [0, -1, 0]])
    assert camera.position.tolist() == [0, -9, 0] and camera.fov_degrees[0] == pytest.approx(60, abs=1e-3)


def test_without_cameras_everything_is_in_view() -> None:
    program = HEAD + (
        "for i in range(5):\n    place = translation_matrix([4 * i, i, 0])\n"
        "    scene.add_geometry(box, node_name=str(i), transform=place)\n"
    )
    solids = drawn(program, 64)
    assert len(solids.pictures) == 1
    assert all(sight.inside == 1 and sight.pixels for sight in solids.scene.visibility[0])


# --- wrong programs: what, where and how to mend it

OWN = "scene.camera_transform = {}"
WRONG = [
    ("x = 1", "no_scene", "leaves no variable `scene`"),
    ("scene = 3", "no_scene", "`scene` is of type int"),
    ("import trimesh\nscene = [trimesh.creation.box([1, 1, 1])]", "no_scene", "`scene` is of type list"),
    ("import trimesh\nscene = trimesh.Scene()", "empty", "no objects"),
    (
        HEAD + f"for i in range({MAX_OBJECTS + 1}): scene.add_geometry(box, node_name=str(i), geom_name='b')",
        "size",
        f"the scene has {MAX_OBJECTS + 1} objects",
    ),
    (HEAD + "scene.add_geometry(trimesh.creation.icosphere(subdivisions=7))", "size", "327680 triangles"),
    (HEAD + f"scene.add_geometry(box, node_name='n' * {MAX_NAME + 1})", "names", f"has {MAX_NAME + 1} characters"),
    (HEAD + "scene.add_geometry(box, node_name='a\\nb')", "names", "'a\\nb'"),
    (
        HEAD + "scene.add_geometry(box, node_name='a')\nscene.add_geometry(box, node_name='a')",
        "names",
        "'geometry_0' is placed nowhere: two objects were added with one node_name",
    ),
    (HEAD + "scene.add_geometry(trimesh.PointCloud([[0, 0, 0]]), node_name='p')", "mesh", "object 'p' is a PointCloud"),
    (HEAD + "scene.add_geometry(trimesh.load_path([[0, 0], [1, 1]]), node_name='p')", "mesh", "object 'p' is a Path2D"),
    (HEAD + "scene.add_geometry(trimesh.creation.box([1, 0, 0]), node_name='p')", "mesh", "object 'p' has no surface"),
    (
        HEAD + "box.vertices[0] = np.nan\nscene.add_geometry(box, node_name='p')",
        "coordinates",
        "object 'p' has coordinates NaN",
    ),
    (HEAD + "box.vertices[3, 1] = np.inf\nscene.add_geometry(box, node_name='p')", "coordinates", "NaN or inf"),
    (HEAD + "box.apply_scale(1e4)\nscene.add_geometry(box, node_name='p')", "coordinates", "farther than 1000 m"),
    (HEAD + "scene.add_geometry(box, transform=np.diag([1, 1, 1, 2.0]))", "transform", "moves no points"),
    (
        HEAD + "box.visual.face_colors = [9, 9, 9, 100]\nscene.add_geometry(box, node_name='p')",
        "colours",
        "alpha 100 of 255",
    ),
    (
        HEAD + "from PIL import Image\nbox.visual = trimesh.visual.TextureVisuals(uv=np.zeros((8, 2)),"
        " image=Image.new('RGB', (2, 2)))\nscene.add_geometry(box, node_name='p')",
        "colours",
        "object 'p' has a texture",
    ),
    (BOX + "cameras = 3", "camera", "`cameras` is a int"),
    (BOX + "cameras = []", "camera", "`cameras` is a list without entries"),
    (BOX + f"cameras = [{{'eye': [5, 5, 5], 'target': [0, 0, 0]}}] * {MAX_CAMERAS + 1}", "camera", "has 9 entries"),
    (BOX + "cameras = [{'eye': [5, 5, 5]}]", "camera", "cameras[0] is a dict with eye"),
    (BOX + "cameras = [{'eye': [5, 5, 5], 'target': [5, 5, 5]}]", "camera", "cameras[0]: eye and target must be apart"),
    (BOX + "cameras = [{'eye': [5, 5], 'target': [5, 5, 5]}]", "camera", "cameras[0]: eye must be three finite"),
    (BOX + "cameras = [{'eye': [5, 5, 5], 'target': [0, 0, 0], 'fov': 179}]", "camera", "a fov of 179 degrees"),
    (BOX + "cameras = [{'eye': [5, 5, 5], 'target': [0, 0, 0], 'fov': '60'}]", "camera", "fov must be a number"),
    (BOX + "cameras = [{'eye': [5e3, 5, 5], 'target': [0, 0, 0]}]", "camera", "farther than 1000 m"),
    (BOX + "cameras = [{'world_from_camera': np.eye(4) * 2}]", "camera", "must end with the row"),
    (BOX + "cameras = [{'world_from_camera': np.diag([2, 2, 2, 1.0])}]", "camera", "must be rigid"),
    (
        BOX + "scene.camera_transform = np.diag([2, 2, 2, 1.0])",
        "camera",
        "scene.camera: world_from_camera must be rigid",
    ),
]


@pytest.mark.parametrize(("program", "code", "reason"), WRONG, ids=range(len(WRONG)))
def test_rejections_say_what_and_where(program: str, code: str, reason: str) -> None:
    namespace: dict[str, Any] = {}
    exec(program, namespace)
    outcome, payload = run(namespace, {}, b"")
    assert isinstance(outcome, Rejected) and payload == b"", outcome
    assert outcome.code == code and reason in outcome.reason, outcome
    # What `pool._modest` lets through, and a model can read.
    assert outcome.hint and "\n" not in outcome.reason and len(outcome.reason + outcome.hint) <= 600


# --- in the sandbox


def test_warming_up_loads_no_open3d() -> None:
    code = "from zerosight.render.solid import program; program.warm(); import sys; sys.exit('open3d' in sys.modules)"
    assert subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == 0
    warm()


GOOD = BOX + "scene.add_geometry(box.difference(trimesh.creation.cylinder(radius=0.4, height=9)), node_name='hole')\n"


def test_a_program_in_the_sandbox_gives_what_it_gives_here(pool: SolidPool) -> None:
    first, second = pool.run([GOOD, GOOD], 32)
    assert isinstance(first, Solids) and isinstance(second, Solids), first
    here = drawn(GOOD, 32)
    assert first.scene.digest == second.scene.digest == here.scene.digest
    assert first.pictures[0].digest == here.pictures[0].digest


FORGE = """
import json, os
def say(message, data=b''):
    body = json.dumps(message).encode()
    os.write(3, len(body).to_bytes(4, 'little') + len(data).to_bytes(4, 'little') + body + data)
    os._exit(0)
"""
HOSTILE = [
    ("raise ValueError('no')", "error", "line 1: ValueError: no"),
    ("import open('", "error", "line 1:"),
    (HEAD + "box.nothing()", "error", "line 8: AttributeError"),
    ("while True: pass", "resources", "processor time"),
    ("x = bytearray(1 << 33)", "resources", "memory"),
    ("import os\nos._exit(0)", "no_result", "without a result"),
    (HEAD + "scene = trimesh.load('/etc/passwd')", "error", "line 8:"),
    (BOX + FORGE + "say({'objects': [['a', 3, 1]], 'cameras': []})", "no_result", "nonsense"),
    (
        BOX + FORGE + "say({'objects': [['a', 3, 1]], 'cameras': [[np.eye(4).tolist(), 50]]}, b'x' * 50)",
        "no_result",
        "nonsense",
    ),
    (BOX + FORGE + "say([])", "no_result", "nonsense"),
    (
        BOX + "class Odd(trimesh.Scene):\n    graph = property(lambda self: 3)\nscene.__class__ = Odd",
        "error",
        "AttributeError",
    ),
]


@pytest.mark.sandbox
@pytest.mark.skipif(len(offered()) < 4, reason=f"this machine offers only {offered()}")
def test_hostile_programs_come_to_rejections(pool: SolidPool) -> None:
    pool.run([GOOD], 32)
    pids = pool.pids
    outcomes = pool.run([program for program, _, _ in HOSTILE], 32)
    for (program, code, reason), outcome in zip(HOSTILE, outcomes, strict=True):
        assert isinstance(outcome, Rejected), (program, outcome)
        assert outcome.code == code and reason in outcome.reason, (program, outcome)
    assert isinstance(pool.run([GOOD], 32)[0], Solids) and pool.pids == pids


AS_WRITTEN = {
    "shown": "scene.show()",
    "shown with options": "scene.show(viewer='gl', smooth=False); box.show()",
    "saved": "scene.export('out.glb'); box.export('box.stl'); scene.export(file_obj='a/b/c.obj', file_type='obj')",
    "saved by a path": "import pathlib; box.export(pathlib.Path('box.ply'))",
    "saved to memory": "import io\nassert box.export(file_type='obj') and box.export(io.BytesIO(), file_type='stl')",
    "behind a guard": "if __name__ == '__main__':\n    scene.show()\nelse:\n    del scene",
}


@pytest.mark.sandbox
def test_programs_that_show_and_save_are_drawn(pool: SolidPool) -> None:
    outcomes = pool.run([GOOD, *(f"{GOOD}{text}\n" for text in AS_WRITTEN.values())], 32)
    for name, outcome in zip(("plain", *AS_WRITTEN), outcomes, strict=True):
        assert isinstance(outcome, Solids), (name, outcome)
        assert outcome.scene == outcomes[0].scene, name


@pytest.mark.parametrize(
    "size", [(1, 1, 1), (700, 700, 700), (1500, 100, 100), (2000, 2000, 0.1), (2000, 2000, 2000), (300, 300, 2000)]
)
@pytest.mark.parametrize("middle", [(0, 0, 0), (-1000, 1000, 1000), (1000, -1000, 1000)])
def test_any_size_has_a_default_camera_within_the_limits(size: tuple[float, ...], middle: tuple[float, ...]) -> None:
    # Moved as far towards a corner of all that is allowed as its size lets it.
    place = [math.copysign(max(0.0, min(abs(m), 1000 - s / 2)), m) for m, s in zip(middle, size, strict=True)]
    solids = drawn(HEAD + f"scene.add_geometry(trimesh.creation.box({list(size)}).apply_translation({place}))", 32)
    (camera,) = solids.scene.cameras
    assert np.abs(camera.position).max() <= 1000
    assert solids.scene.visibility[0][0].pixels > 0


LIE = """
class Liar(trimesh.Trimesh):
    bounds = property(lambda self: np.array([[0, 0, 0], [9, 9, 9.0]]))
    extents = property(lambda self: np.array([9, 9, 9.0]))
    volume = property(lambda self: 729.0)
    area = property(lambda self: 1.0)
    is_watertight = True
trimesh.Scene.bounds = property(lambda self: np.zeros((2, 3)))
trimesh.Trimesh.bounds = Liar.bounds
box.__class__ = Liar
box.metadata['extents'] = [9, 9, 9]
"""
LIE_OF_MESHES = """
ball = trimesh.creation.icosphere(radius=0.7)
trimesh.Trimesh.vertices = property(lambda self: ball_vertices)
trimesh.Trimesh.faces = property(lambda self: ball_faces)
ball_vertices, ball_faces = np.array(ball._data['vertices']), np.array(ball._data['faces'])
class White:
    kind, face_colors = 'face', np.full((len(ball_faces), 4), 255)
trimesh.Trimesh.visual = property(lambda self: White)
"""


@pytest.mark.sandbox
def test_a_lying_program_changes_scene_and_picture_together(pool: SolidPool) -> None:
    view = "cameras = [{'eye': [7, -8, 5], 'target': [0, 0, 0], 'fov': 40}]\n"
    honest = BOX + view
    ball = HEAD + view + "it = trimesh.creation.icosphere(radius=0.7)\nit.visual.face_colors = [255] * 4\n"
    one, other, lied, swapped, named = pool.run(
        [
            honest,
            ball + "scene.add_geometry(it, node_name='box')",
            HEAD + view + LIE + "scene.add_geometry(box, node_name='box')",
            honest + LIE_OF_MESHES,
            honest.replace("node_name='box'", "node_name='a red ball'"),
        ],
        32,
    )
    solids = [outcome for outcome in (one, other, lied, swapped, named) if isinstance(outcome, Solids)]
    assert len(solids) == 5, (one, other, lied, swapped, named)
    # What it says of its meshes besides their arrays is not asked for.
    assert lied.scene == one.scene and lied.pictures[0].digest == one.pictures[0].digest
    # Where it hands over another mesh than it made, that one is drawn and measured.
    assert swapped.scene == other.scene and swapped.pictures[0].digest == other.pictures[0].digest
    assert swapped.scene != one.scene and swapped.pictures[0].digest != one.pictures[0].digest
    # A name is a word: it changes nothing else.
    assert named.scene.objects[0].box == one.scene.objects[0].box and named.scene.visibility == one.scene.visibility
    assert named.pictures[0].digest == one.pictures[0].digest
