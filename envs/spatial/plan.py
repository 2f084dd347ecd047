"""Plans: a room from above, with what a question is about marked on it, so that a reader can check the answer."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from shapely import unary_union
from shapely.ops import nearest_points

from ...geometry import Camera, RoomScene
from ...geometry.boxes import footprint
from ...render import Picture, Rejected, rasterise, resolve_svg
from ..language.query import Call, Leaf
from .surroundings import Surroundings

_CANVAS, _MARGIN = 400.0, 24.0
_MARK, _CAMERA = "#d02020", "#1040c0"
_GAPS = frozenset({"absolute_distance", "relative_distance"})
"""Operators that measure from box to box."""
_LINES = {
    "relative_direction_hard": ((0, 1), (0, 2)),
    "perspective_order": ((0, 1), (0, 2)),
    "route_turns": ((0, 1), (0, 2), (2, 3)),
    "single_image_relative_direction": ((2, 1),),
    "mental_rotation": ((2, 1),),
    "distance_cam_obj": ((0, 1),),
    "depth_order_obj_obj": ((0, 1), (0, 2)),
    "occluder": ((0, 1),),
    "position_cam_cam": ((0, 1),),
    "motion_camera": ((0, 1),),
    "position_cam_obj": ((1, 2),),
    "position_cam_reg": ((1, 2),),
}
"""Arguments of an operator between whose places lines are drawn."""
Place = tuple[float, float]
Line = tuple[Place, Place]


@dataclass(frozen=True)
class Marks:
    """What stands out on a plan."""

    things: Collection[int] = ()
    views: Sequence[int] = ()
    """Frames whose cameras are drawn."""
    lines: Sequence[Line] = ()
    """Metres in the plan; the length is written beside each where `lengths`."""
    lengths: bool = False
    named: bool = True
    """Whether things and cameras are named."""


def marks_of(room: Surroundings, query: Call) -> Marks:
    """The things and cameras of a question, and the lines that its answer is read from."""
    groups = [_things(room, leaf) for leaf in query.args if isinstance(leaf, Leaf)]
    views = [int(leaf.words[0]) for leaf in query.args if isinstance(leaf, Leaf) and leaf.op == "view"]
    things = {index for group in groups for index in group}
    shown = views or list(range(1, len(room.scene.cameras) + 1))
    if query.op in _GAPS:
        anchor = groups[-1][0]
        lines = [_gap_line(room, anchor, each) for each in groups[0]]
        return Marks(things, shown, lines, True)
    lines = []
    for start, end in _LINES.get(query.op, ()):
        (begin, *_), ends = _places(room, query, start), _places(room, query, end)
        lines += [(begin, each) for each in ends if each != begin]
    return Marks(things, shown, lines, query.op == "distance_cam_obj")


def _things(room: Surroundings, leaf: Leaf) -> tuple[int, ...]:
    if leaf.op in ("thing", "things"):
        return tuple(room.thing(str(word)) for word in leaf.words)
    if leaf.op == "category":
        return room.all_of(str(leaf.words[0]))
    return room.region(str(leaf.words[0])) if leaf.op == "region" else ()


def _places(room: Surroundings, query: Call, number: int) -> list[Place]:
    """Where an argument is: a camera, a thing, several, or the middle of a region."""
    leaf = query.args[number]
    assert isinstance(leaf, Leaf)
    if leaf.op == "view":
        x, y, _ = room.camera(int(leaf.words[0])).position
        return [(float(x), float(y))]
    found = [room.boxes[index].centre[:2] for index in _things(room, leaf)]
    if leaf.op == "region":
        x, y = (math.fsum(values) / len(found) for values in zip(*found, strict=True))
        return [(x, y)]
    return found


def _gap_line(room: Surroundings, first: int, second: int) -> Line:
    start, end = nearest_points(footprint(room.boxes[first]), footprint(room.boxes[second]))
    return (start.x, start.y), (end.x, end.y)


def plan_view(scene: RoomScene, marks: Marks, size: int) -> Picture:
    """The room from above, north up, `size` px wide."""
    paper = _Paper(scene)
    parts = ['<rect width="400" height="400" fill="white"/>']
    parts += [paper.polygon(ring, "#efece4", "#404040", 2.5) for ring in scene.floors]
    for obj in sorted(scene.objects, key=lambda each: each.box.centre[2] + each.box.size[2] / 2):
        ring = list(footprint(obj.box).exterior.coords)[:-1]
        edge, width = (_MARK, 3.0) if obj.index in marks.things else ("#303030", 1.0)
        parts.append(paper.polygon(ring, obj.colour or "#c8c8c8", edge, width))
    if marks.named:
        parts += [paper.text(obj.box.centre, obj.label, obj.index in marks.things) for obj in scene.objects]
    for start, end in marks.lines:
        parts.append(paper.line(start, end))
        if marks.lengths:
            middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
            parts.append(paper.text(middle, f"{math.dist(start, end):.2f} m", True))
    for view in marks.views:
        parts.append(paper.camera(scene.cameras[view - 1], str(view) if marks.named else ""))
    drawn = resolve_svg(f'<svg viewBox="0 0 400 400">{"".join(parts)}</svg>')
    if isinstance(drawn, Rejected):
        raise AssertionError(f"our own plan is refused: {drawn}")
    return rasterise(drawn, size)


class _Paper:
    """From metres to the plan's canvas."""

    def __init__(self, scene: RoomScene) -> None:
        footprints = [footprint(obj.box) for obj in scene.objects]
        left, bottom, right, top = unary_union(footprints).bounds if footprints else (0.0, 0.0, 1.0, 1.0)
        places = [tuple(camera.position[:2]) for camera in scene.cameras] + [c for ring in scene.floors for c in ring]
        across, up = [left, right, *(x for x, _ in places)], [bottom, top, *(y for _, y in places)]
        self._left, self._top = min(across), max(up)
        span = max(max(across) - self._left, self._top - min(up), 0.1)
        self._scale = (_CANVAS - 2 * _MARGIN) / span

    def _at(self, place: Sequence[float] | np.ndarray) -> Place:
        x, y = _MARGIN + (place[0] - self._left) * self._scale, _MARGIN + (self._top - place[1]) * self._scale
        return round(x, 2), round(y, 2)

    def polygon(self, ring: Sequence[Sequence[float]], fill: str, edge: str, width: float) -> str:
        points = " ".join("{},{}".format(*self._at(corner)) for corner in ring)
        return f'<polygon points="{points}" fill="{fill}" stroke="{edge}" stroke-width="{width}"/>'

    def line(self, start: Place, end: Place) -> str:
        (x, y), (u, v) = self._at(start), self._at(end)
        if math.dist((x, y), (u, v)) < 1:
            return ""
        return f'<line x1="{x}" y1="{y}" x2="{u}" y2="{v}" stroke="{_MARK}" stroke-width="2" stroke-dasharray="6 3"/>'

    def text(self, place: Sequence[float], words: str, loud: bool) -> str:
        x, y = self._at(place)
        plain, height = words.replace("&", "&amp;").replace("<", "&lt;"), 12 if loud else 10
        # A name lies on things of any colour.
        width = 0.6 * height * len(words)
        back = f'<rect x="{x - width / 2:.2f}" y="{y - height / 2:.2f}" width="{width:.2f}" height="{height}" '
        return (
            f'{back}fill="white"/><text x="{x}" y="{y + 0.33 * height:.2f}" font-size="{height}" '
            f'text-anchor="middle" fill="{_MARK if loud else "black"}">{plain}</text>'
        )

    def camera(self, camera: Camera, name: str) -> str:
        """An arrow along the heading, from the camera's place; a circle for who looks straight up or down."""
        x, y = self._at(camera.position)
        forward = camera.rotation[:2, 2]
        flat = math.hypot(*forward)
        dot = f'<circle cx="{x}" cy="{y}" r="6" fill="{_CAMERA}"/>'
        if flat > 1e-6:
            along, down = forward[0] / flat, -forward[1] / flat
            tip = f"{x + 24 * along:.2f},{y + 24 * down:.2f}"
            wings = [f"{x + 12 * along - s * 7 * down:.2f},{y + 12 * down + s * 7 * along:.2f}" for s in (1, -1)]
            dot += f'<line x1="{x}" y1="{y}" x2="{x + 14 * along:.2f}" y2="{y + 14 * down:.2f}" '
            dot += (
                f'stroke="{_CAMERA}" stroke-width="4"/><polygon points="{tip} {wings[0]} {wings[1]}" fill="{_CAMERA}"/>'
            )
        if not name:
            return dot
        return f'{dot}<text x="{x}" y="{y + 3}" font-size="9" text-anchor="middle" fill="white">{name}</text>'
