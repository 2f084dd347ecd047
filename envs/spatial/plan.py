"""Plans: a room from above, with the objects of a question marked on it, so that a reader can check the answer."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from shapely import unary_union
from shapely.ops import nearest_points

from ...geometry import Camera, RoomScene
from ...geometry.boxes import footprint
from ...render import Picture, Rejected, rasterise, resolve_svg
from ..language.query import Call, Literal
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
class PlanMarks:
    """The objects, frames and lines that stand out on a plan."""

    marked_objects: Collection[int] = ()
    views: Sequence[int] = ()
    """Frames whose cameras are drawn."""
    lines: Sequence[Line] = ()
    """Metres in the plan; the length is written beside each where `lengths`."""
    lengths: bool = False
    with_names: bool = True
    """Whether things and cameras are named."""


def marks_of(room: Surroundings, query: Call) -> PlanMarks:
    """Return the objects and cameras that a `query` about a `room` names, and the lines its answer is read from."""
    object_groups = [_object_indices(room, literal) for literal in query.args if isinstance(literal, Literal)]
    views = [int(literal.words[0]) for literal in query.args if isinstance(literal, Literal) and literal.op == "view"]
    marked_objects = {index for group in object_groups for index in group}
    marked_views = views or list(range(1, len(room.scene.cameras) + 1))
    if query.op in _GAPS:
        anchor = object_groups[-1][0]
        plan_lines = [_gap_line(room, anchor, target) for target in object_groups[0]]
        return PlanMarks(marked_objects, marked_views, plan_lines, True)
    plan_lines = []
    for start, end in _LINES.get(query.op, ()):
        (start_point, *_), end_points = _places(room, query, start), _places(room, query, end)
        plan_lines += [(start_point, target) for target in end_points if target != start_point]
    return PlanMarks(marked_objects, marked_views, plan_lines, query.op == "distance_cam_obj")


def _object_indices(room: Surroundings, literal: Literal) -> tuple[int, ...]:
    if literal.op in ("thing", "things"):
        return tuple(room.object_named(str(word)) for word in literal.words)
    if literal.op == "category":
        return room.all_of(str(literal.words[0]))
    return room.region(str(literal.words[0])) if literal.op == "region" else ()


def _places(room: Surroundings, query: Call, argument_index: int) -> list[Place]:
    """Return the places of an argument: a camera, an object, several, or the middle of a region.

    Args:
        room: the room.
        query: the question.
        argument_index: which argument.
    """
    literal = query.args[argument_index]
    assert isinstance(literal, Literal)
    if literal.op == "view":
        x, y, _ = room.camera(int(literal.words[0])).position
        return [(float(x), float(y))]
    object_points = [room.boxes[index].centre[:2] for index in _object_indices(room, literal)]
    if literal.op == "region":
        x, y = (math.fsum(values) / len(object_points) for values in zip(*object_points, strict=True))
        return [(x, y)]
    return object_points


def _gap_line(room: Surroundings, first_object: int, second_object: int) -> Line:
    start, end = nearest_points(footprint(room.boxes[first_object]), footprint(room.boxes[second_object]))
    return (start.x, start.y), (end.x, end.y)


def plan_view(scene: RoomScene, marks: PlanMarks, size: int) -> Picture:
    """Draw the room of a `scene` from above, north up, `size` px wide, with `marks`."""
    paper = _Paper(scene)
    svg_parts = ['<rect width="400" height="400" fill="white"/>']
    svg_parts += [paper.polygon(ring, "#efece4", "#404040", 2.5) for ring in scene.floors]
    for obj in sorted(scene.objects, key=lambda candidate: candidate.box.centre[2] + candidate.box.size[2] / 2):
        ring = list(footprint(obj.box).exterior.coords)[:-1]
        edge_colour, edge_width = (_MARK, 3.0) if obj.index in marks.marked_objects else ("#303030", 1.0)
        svg_parts.append(paper.polygon(ring, obj.colour or "#c8c8c8", edge_colour, edge_width))
    if marks.with_names:
        svg_parts += [paper.text(obj.box.centre, obj.label, obj.index in marks.marked_objects) for obj in scene.objects]
    for start, end in marks.lines:
        svg_parts.append(paper.line(start, end))
        if marks.lengths:
            middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
            svg_parts.append(paper.text(middle, f"{math.dist(start, end):.2f} m", True))
    for view in marks.views:
        svg_parts.append(paper.camera(scene.cameras[view - 1], str(view) if marks.with_names else ""))
    drawing = resolve_svg(f'<svg viewBox="0 0 400 400">{"".join(svg_parts)}</svg>')
    if isinstance(drawing, Rejected):
        raise AssertionError(f"our own plan is refused: {drawing}")
    return rasterise(drawing, size)


class _Paper:
    """The way from metres to the plan's canvas."""

    def __init__(self, scene: RoomScene) -> None:
        footprints = [footprint(obj.box) for obj in scene.objects]
        left, bottom, right, top = unary_union(footprints).bounds if footprints else (0.0, 0.0, 1.0, 1.0)
        plan_points = [tuple(camera.position[:2]) for camera in scene.cameras] + [
            c for ring in scene.floors for c in ring
        ]
        x_values, y_values = [left, right, *(x for x, _ in plan_points)], [bottom, top, *(y for _, y in plan_points)]
        self._left, self._top = min(x_values), max(y_values)
        plan_span = max(max(x_values) - self._left, self._top - min(y_values), 0.1)
        self._scale = (_CANVAS - 2 * _MARGIN) / plan_span

    def _at(self, point: Sequence[float] | np.ndarray) -> Place:
        x, y = _MARGIN + (point[0] - self._left) * self._scale, _MARGIN + (self._top - point[1]) * self._scale
        return round(x, 2), round(y, 2)

    def polygon(self, ring: Sequence[Sequence[float]], fill: str, edge: str, width: float) -> str:
        points = " ".join("{},{}".format(*self._at(corner)) for corner in ring)
        return f'<polygon points="{points}" fill="{fill}" stroke="{edge}" stroke-width="{width}"/>'

    def line(self, start: Place, end: Place) -> str:
        (x, y), (u, v) = self._at(start), self._at(end)
        if math.dist((x, y), (u, v)) < 1:
            return ""
        return f'<line x1="{x}" y1="{y}" x2="{u}" y2="{v}" stroke="{_MARK}" stroke-width="2" stroke-dasharray="6 3"/>'

    def text(self, point: Sequence[float], words: str, is_marked: bool) -> str:
        x, y = self._at(point)
        escaped_words, font_size = words.replace("&", "&amp;").replace("<", "&lt;"), 12 if is_marked else 10
        # A name lies on things of any colour.
        text_width = 0.6 * font_size * len(words)
        left, top = x - text_width / 2, y - font_size / 2
        background = f'<rect x="{left:.2f}" y="{top:.2f}" width="{text_width:.2f}" height="{font_size}" '
        return (
            f'{background}fill="white"/><text x="{x}" y="{y + 0.33 * font_size:.2f}" font-size="{font_size}" '
            f'text-anchor="middle" fill="{_MARK if is_marked else "black"}">{escaped_words}</text>'
        )

    def camera(self, camera: Camera, name: str) -> str:
        """Draw an arrow along the heading of the `camera`; a circle where it looks straight up or down."""
        x, y = self._at(camera.position)
        forward = camera.rotation[:2, 2]
        plan_length = math.hypot(*forward)
        svg_text = f'<circle cx="{x}" cy="{y}" r="6" fill="{_CAMERA}"/>'
        if plan_length > 1e-6:
            x_step, y_step = forward[0] / plan_length, -forward[1] / plan_length
            tip = f"{x + 24 * x_step:.2f},{y + 24 * y_step:.2f}"
            wings = [f"{x + 12 * x_step - s * 7 * y_step:.2f},{y + 12 * y_step + s * 7 * x_step:.2f}" for s in (1, -1)]
            svg_text += f'<line x1="{x}" y1="{y}" x2="{x + 14 * x_step:.2f}" y2="{y + 14 * y_step:.2f}" '
            svg_text += (
                f'stroke="{_CAMERA}" stroke-width="4"/><polygon points="{tip} {wings[0]} {wings[1]}" fill="{_CAMERA}"/>'
            )
        if not name:
            return svg_text
        return f'{svg_text}<text x="{x}" y="{y + 3}" font-size="9" text-anchor="middle" fill="white">{name}</text>'
