"""3D programs: ordinary trimesh code that leaves a `trimesh.Scene` in the variable `scene`, or shows one (`shown.py`).

This is the half that runs beside the program, in its child process. It hands over what the scene's meshes are made
of: vertices, triangles and colours as raw arrays, and the cameras. Pictures and facts are made of these by
`draw.py` in another process, so that a program that lies about its meshes changes its picture and its facts
together.

A program names its objects by their nodes (`scene.add_geometry(mesh, node_name="red mug")`) and may say where from it
is seen: `cameras = [{"eye": [x, y, z], "target": [x, y, z], "fov": degrees}]`, or `{"world_from_camera": 4 x 4,
"fov": degrees}` in the convention of `geometry/camera.py`. Without that the scene's own camera counts where it was set
(`scene.camera`, `scene.camera_transform`; OpenGL's convention, its wider angle), and else a view that shows
everything. Metres; z points up. Pictures are square.
"""

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ...geometry.boxes import GRID
from ...geometry.camera import Camera, from_opengl, look_at, looking_along, pinhole
from ...geometry.spatial import MAX_COORDINATE
from ..outcome import Rejected
from .advice import hint, other_modeller
from .shown import let_windows_and_files_be, scene_of

__all__ = ["hint", "run", "warm"]

MAX_PROGRAM = 20_000
"""Characters of a program."""
MAX_OBJECTS = 200
MAX_TRIANGLES = 200_000
MAX_VERTICES = 3 * MAX_TRIANGLES
MAX_CAMERAS = 8
MAX_NAME = 60
"""Characters of an object's name."""
MIN_FOV, MAX_FOV = 2.0, 140.0
"""Degrees."""
MAX_JSON = 200_000
"""Bytes of the names, counts and cameras that a program may hand back."""

_SIDE = 1000
"""Pixels; the picture's true size is known to the reader only."""
_DEFAULT_FOV = 50.0
_WIDER_FOVS = (70.0, 90.0, 110.0, 130.0, MAX_FOV)
"""Tried one after the other for scenes so large that a camera that sees all of them would stand beyond the limits."""
_DEFAULT_VIEW = (-0.5, 0.8, -0.45)
"""Direction of the view that is chosen for a program: from the front, a bit from the right, from above."""
_HINT = "leave a trimesh.Scene in `scene`: scene = trimesh.Scene(); scene.add_geometry(mesh, node_name='red box')"
_CAMERA_HINT = "cameras = [{'eye': [4, -4, 3], 'target': [0, 0, 0], 'fov': 50}]"

_LOADED = ("trimesh", "scipy.spatial", "scipy.sparse.csgraph", "networkx", "shapely.ops", "shapely.affinity")
"""Some of these trimesh would load on first use."""
_WARM = """
import trimesh
from shapely.geometry import Polygon
block = trimesh.creation.box(extents=[1, 1, 1])
block = block.difference(trimesh.creation.cylinder(radius=0.3, height=2))
block.visual.face_colors = [200, 40, 40, 255]
prism = trimesh.creation.extrude_polygon(Polygon([(0, 0), (1, 0), (1, 1), (0.5, 0.3)]), height=0.5)
prism.apply_transform(trimesh.transformations.rotation_matrix(0.5, [0, 0, 1]))
prism.visual.vertex_colors = [0, 90, 0]
scene = trimesh.Scene()
scene.add_geometry(block, node_name="block")
scene.add_geometry(prism, node_name="prism", transform=trimesh.transformations.translation_matrix([2, 0, 0]))
for i, made in enumerate([trimesh.creation.icosphere(), trimesh.creation.uv_sphere(), trimesh.creation.cone(1, 2),
                          trimesh.creation.capsule(1, 0.3), trimesh.creation.torus(1, 0.2)]):
    made.apply_translation([i, 3, 0])
    scene.add_geometry(made, node_name=f"round {i}")
assert block.volume > 0 and block.convex_hull.is_watertight and scene.bounds is not None
"""


class _Refused(Exception):
    """A scene that cannot be accepted; carries the rejection."""

    def __init__(self, code: str, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.rejected = Rejected(code, reason, hint)


class _Part(NamedTuple):
    """One object as it is handed over."""

    name: str
    vertices: np.ndarray
    """[n, 3] int32, micrometres."""
    triangles: np.ndarray
    """[m, 3] uint32, rows of its own vertices."""
    colours: np.ndarray
    """[m, 3] uint8."""


def warm() -> None:
    """Import what programs use and run one of them, so that no child has to load or make anything of it first."""
    for module_name in _LOADED:
        importlib.import_module(module_name)
    let_windows_and_files_be()
    namespace: dict[str, Any] = {"__name__": "program"}
    exec(compile(_WARM, "<warm>", "exec"), namespace)  # noqa: S102 - a program of our own, above
    message, _ = run(namespace, {}, b"")
    if isinstance(message, Rejected):
        raise RuntimeError(f"the example program is rejected: {message}")


def run(namespace: Mapping[str, Any], request: Mapping[str, Any], payload: bytes) -> tuple[Any, bytes]:
    """Return the scene that the program left in `namespace` as arrays.

    Returns:
        `{"objects": [[name, vertices, triangles], ...], "cameras": [[world_from_camera, fov], ...]}`, with the number
        of each object's vertices and triangles; and one after the other, all little-endian: vertices [V, 3] int32 in
        micrometres, triangles [T, 3] uint32 that count from each object's first vertex, and their colours [T, 3] uint8.
        Or a rejection, and nothing.
    """
    try:
        scene = scene_of(namespace)
        parts = _parts(scene, request.get("program", ""))
        cameras = _cameras(scene, namespace.get("cameras"), parts)
    except _Refused as refused:
        return refused.rejected, b""
    message = {
        "objects": [[part.name, len(part.vertices), len(part.triangles)] for part in parts],
        "cameras": [[camera.world_from_camera.tolist(), round(camera.fov_degrees[0], 4)] for camera in cameras],
    }
    arrays = [array for kind in zip(*(part[1:] for part in parts), strict=True) for array in kind]
    return message, b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)


# --- objects


def _parts(scene: Any, program: str) -> list[_Part]:
    import trimesh

    if scene is None:
        raise _Refused("no_scene", "the program leaves no variable `scene`", other_modeller(program) or _HINT)
    if not isinstance(scene, trimesh.Scene):
        raise _Refused("no_scene", f"`scene` is of type {type(scene).__name__[:60]}", _HINT)
    node_names = list(scene.graph.nodes_geometry)
    if not node_names:
        raise _Refused("empty", "the scene has no objects", _HINT)
    if len(node_names) > MAX_OBJECTS:
        raise _Refused("size", f"the scene has {len(node_names)} objects", f"at most {MAX_OBJECTS}")
    placed_geometry = {scene.graph[node][1] for node in node_names}
    if lost_geometry := [str(name) for name in scene.geometry if name not in placed_geometry]:
        reason = (
            f"the geometry {lost_geometry[0][:MAX_NAME]!r} is placed nowhere: two objects were added with one node_name"
        )
        raise _Refused("names", reason, "give every object a node_name of its own")
    face_count = sum(len(getattr(scene.geometry[scene.graph[node][1]], "faces", ())) for node in node_names)
    if face_count > MAX_TRIANGLES:
        raise _Refused(
            "size", f"the scene has {face_count} triangles", f"at most {MAX_TRIANGLES}: use less subdivision"
        )
    return [_part(str(node), scene.geometry[scene.graph[node][1]], scene.graph[node][0]) for node in node_names]


def _part(object_name: str, mesh: Any, transform: Any) -> _Part:
    import trimesh

    if len(object_name) > MAX_NAME or not object_name.isprintable() or not object_name.strip():
        reason = f"the name {object_name[:MAX_NAME]!r} of an object has {len(object_name)} characters"
        raise _Refused("names", reason, f"1 to {MAX_NAME} printable characters")
    if not isinstance(mesh, trimesh.Trimesh):
        kind = type(mesh).__name__[:60]
        raise _Refused(
            "mesh", f"object {object_name!r} is a {kind}, not a Trimesh", "add meshes only: trimesh.creation.box(...)"
        )
    triangles, colours = np.asarray(mesh.faces), _colours(object_name, mesh)
    if not len(triangles):
        hint = "leave it out, or make the parts of an intersection overlap"
        raise _Refused("mesh", f"object {object_name!r} has no triangles", hint)
    matrix = np.asarray(transform, float)
    if matrix.shape != (4, 4) or not np.array_equal(matrix[3], [0, 0, 0, 1]):
        hint = "a 4 x 4 matrix whose last row is [0, 0, 0, 1]"
        raise _Refused("transform", f"the transform of object {object_name!r} moves no points", hint)
    with np.errstate(all="ignore"):
        moved_points = np.asarray(mesh.vertices, float) @ matrix[:3, :3].T + matrix[:3, 3]
        is_far = not (np.abs(moved_points) <= MAX_COORDINATE).all()
    if is_far:
        reason_text = (
            f"is farther than {MAX_COORDINATE:g} m away"
            if np.isfinite(moved_points).all()
            else "has coordinates NaN or inf"
        )
        raise _Refused(
            "coordinates", f"object {object_name!r} {reason_text}", "keep all within some metres; do not divide by zero"
        )
    if np.linalg.det(matrix[:3, :3]) < 0:
        # A mirror image: its triangles run the other way round.
        triangles = triangles[:, ::-1]
    triangle_corners = moved_points[triangles]
    if (
        not np.linalg.norm(
            np.cross(triangle_corners[:, 1] - triangle_corners[:, 0], triangle_corners[:, 2] - triangle_corners[:, 0]),
            axis=1,
        ).max()
        > GRID
    ):
        raise _Refused(
            "mesh", f"object {object_name!r} has no surface: its triangles have no area", "give it a size above 0"
        )
    return _Part(object_name, np.rint(moved_points / GRID).astype("<i4"), triangles.astype("<u4"), colours)


def _colours(object_name: str, mesh: Any) -> np.ndarray:
    """Return the colour of each triangle of `mesh`, [m, 3] uint8."""
    visual = mesh.visual
    if visual.kind == "texture":
        material = visual.material
        texture_images = (getattr(material, field, None) for field in ("image", "baseColorTexture"))
        if any(image is not None for image in texture_images):
            hint = "colour it: mesh.visual.face_colors = [200, 40, 40, 255]"
            raise _Refused("colours", f"object {object_name!r} has a texture", hint)
        face_rgba = np.broadcast_to(np.asarray(material.main_color), (len(mesh.faces), 4))
    else:
        face_rgba = np.asarray(visual.face_colors)
    if face_rgba.shape != (len(mesh.faces), 4):
        reason = f"object {object_name!r} has colours {list(face_rgba.shape)} for {len(mesh.faces)} triangles"
        raise _Refused("colours", reason, "mesh.visual.face_colors = [200, 40, 40, 255]")
    if face_rgba[:, 3].min(initial=255) < 255:
        reason = f"object {object_name!r} is transparent: alpha {face_rgba[:, 3].min()} of 255"
        raise _Refused("colours", reason, "use opaque colours: alpha 255")
    return np.asarray(face_rgba[:, :3].astype(np.uint8))


# --- cameras


def _cameras(scene: Any, claimed_cameras: Any, parts: list[_Part]) -> list[Camera]:
    """Return the cameras that are set, for pictures of `_SIDE` px; they do not depend on that size."""
    if claimed_cameras is None:
        return [_own_camera(scene)] if scene.has_camera else [_default_camera(parts)]
    if not isinstance(claimed_cameras, list | tuple) or not claimed_cameras:
        raise _Refused("camera", f"`cameras` is {_brief(claimed_cameras)}", f"a list of one or more: {_CAMERA_HINT}")
    if len(claimed_cameras) > MAX_CAMERAS:
        raise _Refused("camera", f"`cameras` has {len(claimed_cameras)} entries", f"at most {MAX_CAMERAS}")
    return [_camera(f"cameras[{i}]", claimed_camera) for i, claimed_camera in enumerate(claimed_cameras)]


def _camera(camera_place: str, claimed_camera: Any) -> Camera:
    if not isinstance(claimed_camera, Mapping) or set(claimed_camera) not in (
        {"eye", "target"},
        {"eye", "target", "fov"},
        {"world_from_camera"},
        {"world_from_camera", "fov"},
    ):
        raise _Refused("camera", f"{camera_place} is {_brief(claimed_camera)}", _CAMERA_HINT)
    fov_degrees = claimed_camera.get("fov", _DEFAULT_FOV)
    try:
        if "eye" in claimed_camera:
            return _usual(
                camera_place, look_at(claimed_camera["eye"], claimed_camera["target"], fov_degrees, _SIDE, _SIDE)
            )
        return _usual(camera_place, pinhole(claimed_camera["world_from_camera"], fov_degrees, _SIDE, _SIDE))
    except ValueError as error:
        raise _Refused("camera", f"{camera_place}: {str(error)[:300]}", _CAMERA_HINT) from None


def _own_camera(scene: Any) -> Camera:
    try:
        fov_degrees = float(np.max(scene.camera.fov))
        return _usual("scene.camera", pinhole(from_opengl(scene.camera_transform), fov_degrees, _SIDE, _SIDE))
    except ValueError as error:
        hint = f"set scene.camera_transform to a rigid 4 x 4 matrix, or {_CAMERA_HINT}"
        raise _Refused("camera", f"scene.camera: {str(error)[:300]}", hint) from None


def _usual(camera_place: str, camera: Camera) -> Camera:
    if np.abs(camera.position).max() > MAX_COORDINATE:
        raise _Refused("camera", f"{camera_place} is farther than {MAX_COORDINATE:g} m away", _CAMERA_HINT)
    if not MIN_FOV <= camera.fov_degrees[0] <= MAX_FOV:
        reason = f"{camera_place} has a fov of {camera.fov_degrees[0]:g} degrees"
        raise _Refused("camera", reason, f"from {MIN_FOV:g} to {MAX_FOV:g} degrees")
    return camera


def _default_camera(parts: list[_Part]) -> Camera:
    """Return a camera within the limits that sees everything, or of what is larger still as much as it can."""
    points = np.concatenate([part.vertices for part in parts]) * GRID
    for fov_degrees in (_DEFAULT_FOV, *_WIDER_FOVS):
        camera = looking_along(_DEFAULT_VIEW, points, fov_degrees, _SIDE, _SIDE)
        if np.abs(camera.position).max() <= MAX_COORDINATE:
            return camera
    middle, backward = (points.min(axis=0) + points.max(axis=0)) / 2, -np.array(_DEFAULT_VIEW)
    steps_to_limits = (np.copysign(MAX_COORDINATE, backward) - middle) / backward
    return look_at(middle + 0.999 * steps_to_limits.min() * backward, middle, MAX_FOV, _SIDE, _SIDE)


def _brief(claimed_value: Any) -> str:
    if isinstance(claimed_value, Mapping):
        return f"a dict with {', '.join(sorted(str(key)[:20] for key in list(claimed_value)[:6])) or 'nothing in it'}"
    return f"a {type(claimed_value).__name__[:60]}" + (
        " without entries" if isinstance(claimed_value, list | tuple) else ""
    )
