"""From a room program to what it shows, and from what it shows to a `RoomScene`.

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
    """Takes out what a program does not need of the kit: docstrings and annotations of functions."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """Without its docstring."""
        self.generic_visit(node)
        node.body = node.body[ast.get_docstring(node) is not None :]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Without its docstring, and without types."""
        self.generic_visit(node)
        node.body, node.returns = node.body[ast.get_docstring(node) is not None :], None
        for argument in (*node.args.args, node.args.vararg):
            if argument is not None:
                argument.annotation = None
        return node


@cache
def kit_text() -> str:
    """The kit as it stands before a program: without comments, docstrings and wide indents, to leave it room."""
    tree = ast.parse(Path(__file__).with_name("kit.py").read_text(encoding="utf-8"))
    bare = ast.unparse(_Bare().visit(ast.Module(tree.body[1:], [])))
    return re.sub("^ +", lambda blanks: " " * (len(blanks[0]) // 4), bare, flags=re.MULTILINE) + "\n"


def built(text: str, size: int) -> "Solids":
    """What a program of our own shows.

    Args:
        text: the program without the kit, as `Layout.text` writes it. It is run in this very process.
        size: of the pictures' sides, pixels.

    Raises:
        RuntimeError: packages are missing.
        ValueError: the program is not accepted, or there is no such size.
    """
    from ...render.solid.draw import draw_solids

    return _accepted(text, lambda claim, payload: draw_solids(claim, payload, size))


def built_room(text: str, size: int) -> RoomScene:
    """The room of a program of our own, as seen in pictures of a size that are not drawn.

    Raises:
        ValueError: as `built`, or what it makes is no room.
    """
    from ...render.solid.draw import measure_solids

    scene = _accepted(text, lambda claim, payload: measure_solids(claim, payload, size))
    room = room_scene(scene)
    if isinstance(room, Rejected):
        raise ValueError(f"{room.code}: {room.reason}")
    return room


def _accepted(text: str, read: Callable[[Any, bytes], T | Rejected]) -> T:
    if missing := [name for name in ("trimesh", "open3d", "scipy") if find_spec(name) is None]:
        raise RuntimeError(f"rooms need {', '.join(missing)}: pip install 'zerosight[spatial]'")
    from ...render.solid.program import run
    from . import kit

    namespace = dict(vars(kit))
    exec(compile(text, "<room>", "exec"), namespace)  # noqa: S102 - our own text, never a model's
    claim, payload = run(namespace, {}, b"")
    shown = claim if isinstance(claim, Rejected) else read(claim, payload)
    if isinstance(shown, Rejected):
        raise ValueError(f"{shown.code}: {shown.reason}")
    return shown


def room_scene(scene: SpatialScene) -> RoomScene | Rejected:
    """The room that a scene of the kit's meshes is: floor and walls left out, things called by their shapes.

    Returns:
        The room; or a rejection where there is no floor, a floor with a hole, or anything that the kit does not make.
    """
    labels = [recognised(obj) for obj in scene.objects]
    parts = [structure(obj) if label is None else None for obj, label in zip(scene.objects, labels, strict=True)]
    for obj, label, part in zip(scene.objects, labels, parts, strict=True):
        if label is None and part is None:
            reason = f"object {obj.name!r} is neither floor, wall nor anything that room.add makes"
            return Rejected("unknown", reason, f"{_HOW}; categories: {', '.join(catalogue())}")
    slabs = [obj for obj, part in zip(scene.objects, parts, strict=True) if part == "floor"]
    if not slabs:
        return Rejected("floor", "the room has no floor", _HOW)
    outline = shapely.union_all([_top(slab) for slab in slabs])
    pieces = [piece for piece in getattr(outline, "geoms", [outline]) if isinstance(piece, Polygon)]
    if any(piece.interiors for piece in pieces):
        return Rejected("floor", "the floor has a hole", "rooms lie side by side, not around a court")
    kept = [(obj, label) for obj, label in zip(scene.objects, labels, strict=True) if label is not None]
    places = {obj.index: i for i, (obj, _) in enumerate(kept)}
    return RoomScene(
        tuple(RoomObject(i, label, obj.box, obj.colour) for i, (obj, label) in enumerate(kept)),
        scene.cameras,
        tuple(tuple(row[obj.index].renumbered(places, STRUCTURE) for obj, _ in kept) for row in scene.visibility),
        tuple(str(i + 1) for i in range(len(scene.cameras))),
        tuple(sorted(_ring(piece) for piece in pieces)),
        # The top of the slab, to the millimetre: things stand on it.
        round(max(float(slab.vertices[:, 2].max()) for slab in slabs), 3) + 0.0,
        "rooms",
    )


def reordered(room: RoomScene, order: Sequence[int]) -> RoomScene:
    """The room of the same program with its cameras in another order."""
    return replace(room.through(order), frames=room.frames)


def room_faults(scene: SpatialScene, room: RoomScene) -> list[str]:
    """What is physically wrong with a room, in words, as `physics` sees it: for rooms that come without a layout.

    Args:
        scene: what was drawn; its walls are taken by their shapes.
        room: what `room_scene` made of it. Round things that are turned count by up to 2 % too wide.
    """
    walls = [footprint(obj.box) for obj in scene.objects if not recognised(obj) and structure(obj) == "wall"]
    plan = shapely.union_all([Polygon(ring) for ring in room.floors]).difference(shapely.union_all(walls))
    labels, boxes = [obj.label for obj in room.objects], [obj.box for obj in room.objects]
    eyes = [camera.position.tolist() for camera in room.cameras]
    targets = [(camera.position + camera.rotation[:, 2]).tolist() for camera in room.cameras]
    return faults(labels, boxes, plan, ground=room.ground) + camera_faults(eyes, targets, boxes, plan)


def _top(slab: SpatialObject) -> Polygon:
    """What the slab's upward triangles cover in the plan."""
    corners = slab.vertices[slab.triangles][:, :, :2]
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    up = corners[ax * by - ay * bx > 0]
    return shapely.union_all(shapely.polygons(shapely.linearrings(up.round(3))))


def _ring(piece: Polygon) -> Ring:
    """Its corners, counter-clockwise, without those on straight sides, from the least on."""
    plain = orient(piece.simplify(0.0))
    corners = [(round(x, 3) + 0.0, round(y, 3) + 0.0) for x, y in plain.exterior.coords[:-1]]
    first = corners.index(min(corners))
    turned = corners[first:] + corners[:first]
    straight = [_is_straight(turned[i - 1], turned[i], turned[(i + 1) % len(turned)]) for i in range(len(turned))]
    return tuple(corner for corner, plain_ in zip(turned, straight, strict=True) if not plain_)


def _is_straight(before: tuple[float, float], at: tuple[float, float], after: tuple[float, float]) -> bool:
    (ax, ay), (bx, by) = (at[0] - before[0], at[1] - before[1]), (after[0] - at[0], after[1] - at[1])
    return abs(ax * by - ay * bx) < 1e-6
