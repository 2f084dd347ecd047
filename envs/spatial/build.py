"""From a room program to its drawing, and from the drawing to a `RoomScene`.

`built` runs programs of our own, here and now; those of anybody else go through the sandbox (`render.pools`), with
`kit_text()` before them. Both make the same scene.
"""

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import shapely
from shapely import Polygon
from shapely.geometry.polygon import orient

from ...geometry.boxes import footprint
from ...geometry.room import STRUCTURE, Ring, RoomObject, RoomScene
from ...geometry.spatial import SpatialObject, SpatialScene
from ...render.outcome import Rejected
from .physics import camera_faults, faults
from .recognise import catalogue, recognised, structure

if TYPE_CHECKING:
    from ...render.solid.draw import Solids

T = TypeVar("T")
_HOW = (
    "make all things with the kit: room = Room([(0, 0), (5, 0), (5, 4), (0, 4)]); "
    "room.add('chair', 2.0, 1.5, turn=90); scene, cameras = room.scene, room.cameras"
)


class _Bare(ast.NodeTransformer):
    """Remove the parts of the kit that a program does not need: docstrings and annotations of functions."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """Return the class `node` without its docstring."""
        self.generic_visit(node)
        node.body = node.body[ast.get_docstring(node) is not None :]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Return the function `node` without its docstring and types."""
        self.generic_visit(node)
        node.body, node.returns = node.body[ast.get_docstring(node) is not None :], None
        for argument in (*node.args.args, node.args.vararg):
            if argument is not None:
                argument.annotation = None
        return node


@cache
def kit_text() -> str:
    """Return the kit as it stands before a program: without comments, docstrings and wide indents, to leave it room."""
    tree = ast.parse(Path(__file__).with_name("kit.py").read_text(encoding="utf-8"))
    kit_code = ast.unparse(_Bare().visit(ast.Module(tree.body[1:], [])))
    return re.sub("^ +", lambda indent: " " * (len(indent[0]) // 4), kit_code, flags=re.MULTILINE) + "\n"


def built(text: str, size: int) -> "Solids":
    """Draw a program of our own.

    Args:
        text: the program without the kit, as `RoomLayout.text` writes it. It is run in this very process.
        size: of the pictures' sides, pixels.

    Raises:
        RuntimeError: packages are missing.
        ValueError: the program is not accepted, or there is no such size.
    """
    from ...render.solid.draw import draw_solids

    return _accepted(text, lambda claim, payload: draw_solids(claim, payload, size))


def built_room(text: str, size: int) -> RoomScene:
    """Return the room of a program of our own, `text`, as seen in pictures of a `size` that are not drawn.

    Raises:
        ValueError: as `built`, or what it makes is not a room.
    """
    from ...render.solid.draw import measure_solids

    scene = _accepted(text, lambda claim, payload: measure_solids(claim, payload, size))
    room = room_scene(scene)
    if isinstance(room, Rejected):
        raise ValueError(f"{room.code}: {room.reason}")
    return room


def _accepted(text: str, reader: Callable[[Any, bytes], T | Rejected]) -> T:
    if missing_packages := [name for name in ("trimesh", "open3d", "scipy") if find_spec(name) is None]:
        raise RuntimeError(f"rooms need {', '.join(missing_packages)}: pip install 'zerosight[spatial]'")
    from ...render.solid.program import run
    from . import kit

    namespace = dict(vars(kit))
    exec(compile(text, "<room>", "exec"), namespace)  # noqa: S102 - our own text, never a model's
    claim, payload = run(namespace, {}, b"")
    drawing = claim if isinstance(claim, Rejected) else reader(claim, payload)
    if isinstance(drawing, Rejected):
        raise ValueError(f"{drawing.code}: {drawing.reason}")
    return drawing


def room_scene(scene: SpatialScene) -> RoomScene | Rejected:
    """Return the room that a scene of the kit's meshes is: floor and walls left out, objects called by their shapes.

    Args:
        scene: the meshes.

    Returns:
        The room; or a rejection where there is no floor, a floor with a hole, or anything that the kit does not make.
    """
    labels = [recognised(obj) for obj in scene.objects]
    structure_parts = [
        structure(obj) if label is None else None for obj, label in zip(scene.objects, labels, strict=True)
    ]
    for obj, label, structure_part in zip(scene.objects, labels, structure_parts, strict=True):
        if label is None and structure_part is None:
            reason = f"object {obj.name!r} is neither floor, wall nor anything that room.add makes"
            return Rejected("unknown", reason, f"{_HOW}; categories: {', '.join(catalogue())}")
    slabs = [
        obj for obj, structure_part in zip(scene.objects, structure_parts, strict=True) if structure_part == "floor"
    ]
    if not slabs:
        return Rejected("floor", "the room has no floor", _HOW)
    outline = shapely.union_all([_top(slab) for slab in slabs])
    floor_pieces = [
        floor_piece for floor_piece in getattr(outline, "geoms", [outline]) if isinstance(floor_piece, Polygon)
    ]
    if any(floor_piece.interiors for floor_piece in floor_pieces):
        return Rejected("floor", "the floor has a hole", "rooms lie side by side, not around a court")
    labelled_objects = [(obj, label) for obj, label in zip(scene.objects, labels, strict=True) if label is not None]
    new_indices = {obj.index: i for i, (obj, _) in enumerate(labelled_objects)}
    return RoomScene(
        tuple(RoomObject(i, label, obj.box, obj.colour) for i, (obj, label) in enumerate(labelled_objects)),
        scene.cameras,
        tuple(
            tuple(row[obj.index].renumbered(new_indices, STRUCTURE) for obj, _ in labelled_objects)
            for row in scene.visibility
        ),
        tuple(str(i + 1) for i in range(len(scene.cameras))),
        tuple(sorted(_ring(floor_piece) for floor_piece in floor_pieces)),
        # The top of the slab, to the millimetre: things stand on it.
        round(max(float(slab.vertices[:, 2].max()) for slab in slabs), 3) + 0.0,
        "rooms",
    )


def reordered(room: RoomScene, order: Sequence[int]) -> RoomScene:
    """Return the `room` of the same program with its cameras in another `order`."""
    return replace(room.through(order), frames=room.frames)


def room_faults(scene: SpatialScene, room: RoomScene) -> list[str]:
    """Return the physical faults of a room, in words, as `physics` sees it: for rooms that come without a layout.

    Args:
        scene: what was drawn; its walls are taken by their shapes.
        room: what `room_scene` made of it. Round objects that are turned count by up to 2 % too wide.
    """
    wall_footprints = [footprint(obj.box) for obj in scene.objects if not recognised(obj) and structure(obj) == "wall"]
    plan = shapely.union_all([Polygon(ring) for ring in room.floors]).difference(shapely.union_all(wall_footprints))
    labels, boxes = [obj.label for obj in room.objects], [obj.box for obj in room.objects]
    eyes = [camera.position.tolist() for camera in room.cameras]
    targets = [(camera.position + camera.rotation[:, 2]).tolist() for camera in room.cameras]
    return faults(labels, boxes, plan, ground=room.ground) + camera_faults(eyes, targets, boxes, plan)


def _top(slab: SpatialObject) -> Polygon:
    """Return the area that the upward triangles of a `slab` cover in the plan."""
    corners = slab.vertices[slab.triangles][:, :, :2]
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    upward_triangles = corners[ax * by - ay * bx > 0]
    return shapely.union_all(shapely.polygons(shapely.linearrings(upward_triangles.round(3))))


def _ring(polygon: Polygon) -> Ring:
    """Return the corners of a `polygon`, counter-clockwise from the least one, without those on straight sides."""
    simple_outline = orient(polygon.simplify(0.0))
    corners = [(round(x, 3) + 0.0, round(y, 3) + 0.0) for x, y in simple_outline.exterior.coords[:-1]]
    start_index = corners.index(min(corners))
    ring_corners = corners[start_index:] + corners[:start_index]
    straight_flags = [
        _is_straight(ring_corners[i - 1], ring_corners[i], ring_corners[(i + 1) % len(ring_corners)])
        for i in range(len(ring_corners))
    ]
    return tuple(corner for corner, is_straight in zip(ring_corners, straight_flags, strict=True) if not is_straight)


def _is_straight(
    previous_corner: tuple[float, float], corner: tuple[float, float], next_corner: tuple[float, float]
) -> bool:
    (ax, ay), (bx, by) = (
        (corner[0] - previous_corner[0], corner[1] - previous_corner[1]),
        (next_corner[0] - corner[0], next_corner[1] - corner[1]),
    )
    return abs(ax * by - ay * bx) < 1e-6
