"""Physical checks of a room: objects apart, on something, within the walls, clear of doors; and cameras in the free.

An independent look at a finished room by its boxes alone, whoever furnished it.
"""

import math
from collections.abc import Sequence

import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from ...geometry.boxes import OrientedBox, box_gap, footprint, height_span, point_gap
from ...geometry.room import Ring
from .recognise import catalogue

Segment = tuple[tuple[float, float], tuple[float, float]]
"""From a point in the plan to another, metres."""

AIR = 0.03
"""Metres between things of which none stands on the other."""
CLEARANCE = 0.35
"""Metres from a camera to the nearest thing or wall."""
EYES = 1.2, 1.8
"""Least and most height of a camera, metres."""
WALL = 0.1
"""Thickness of walls, metres."""
DOOR_DEPTH = 0.6
"""Metres that stay free on both sides of a door."""
_LEAST_DOOR = 0.5
"""Metres: narrower gaps between inner walls are none to walk through."""
_SLACK = 1e-4
"""Metres by which what touches may miss."""


def upright(centre: Sequence[float], size: Sequence[float], turn: float) -> OrientedBox:
    """Return the box of an object of `size` [3] turned about the vertical, as `geometry.boxes` describes it.

    Args:
        centre: [3], metres.
        size: width, depth and height, metres.
        turn: degrees, counter-clockwise.
    """
    (x, y, z), (width, depth, height) = centre, size
    quarters = math.ceil((turn - 45) / 90)
    if quarters % 2:
        width, depth = depth, width
    return OrientedBox((x, y, z), (width, depth, height), round(turn - 90 * quarters, 4) + 0.0)


def free_plan(floors: Sequence[Ring], walls: Sequence[Segment] = ()) -> BaseGeometry:
    """Return the area of the `floors` without what inner `walls` stand on."""
    wall_areas = [LineString(wall).buffer(WALL / 2, cap_style="flat") for wall in walls]
    return shapely.union_all([Polygon(ring) for ring in floors]).difference(shapely.union_all(wall_areas))


def doors(floors: Sequence[Ring], walls: Sequence[Segment]) -> list[Polygon]:
    """Return what must stay free for doors: around the gaps that inner `walls` leave between adjoining `floors`."""
    wall_area = shapely.union_all([LineString(wall).buffer(WALL / 2) for wall in walls])
    door_zones = []
    for i, first_floor in enumerate(floors):
        for second_floor in floors[i + 1 :]:
            shared_edge = Polygon(first_floor).boundary.intersection(Polygon(second_floor).boundary)
            gaps = shapely.line_merge(shared_edge).difference(wall_area) if shared_edge.length else shared_edge
            door_zones += [
                door_gap.buffer(DOOR_DEPTH, cap_style="flat")
                for door_gap in getattr(gaps, "geoms", [gaps])
                if door_gap.length >= _LEAST_DOOR
            ]
    return door_zones


def top_area(label: str, box: OrientedBox) -> BaseGeometry | None:
    """Return the part of the top of an object, in the plan, that may carry others; None where none may stand.

    Args:
        label: its category.
        box: its box.
    """
    category_kind = catalogue()[label]
    if not category_kind.top:
        return None
    if category_kind.even:
        return shapely.Point(box.centre[:2]).buffer(min(box.size[:2]) / 2, quad_segs=16)
    return footprint(box)


def stands_on(label: str, lower_box: OrientedBox, upper_box: OrientedBox) -> bool:
    """Tell whether `upper_box` stands wholly on the top of `lower_box`, whose category is `label`."""
    carrying_area = top_area(label, lower_box)
    if carrying_area is None or abs(height_span(upper_box)[0] - height_span(lower_box)[1]) > _SLACK:
        return False
    return bool(carrying_area.buffer(_SLACK).covers(footprint(upper_box)))


def faults(
    labels: Sequence[str],
    boxes: Sequence[OrientedBox],
    plan: BaseGeometry,
    *,
    free_zones: Sequence[BaseGeometry] = (),
    ground: float = 0.0,
    ceiling: float = math.inf,
) -> list[str]:
    """Return what is wrong with how objects stand, in words; nothing where all is well.

    Args:
        labels: categories, which say whose top carries others.
        boxes: one for each label.
        plan: the free floor.
        free_zones: where nothing may stand.
        ground: height of the floor.
        ceiling: height that nothing reaches.
    """
    problems = []
    names = [f"{label} ({i})" for i, label in enumerate(labels)]
    supports = [
        {
            j
            for j, (label, lower_box) in enumerate(zip(labels, boxes, strict=True))
            if j != i and stands_on(label, lower_box, box)
        }
        for i, box in enumerate(boxes)
    ]
    for i, box in enumerate(boxes):
        outline, (bottom, top) = footprint(box), height_span(box)
        if abs(bottom - ground) > _SLACK and not supports[i]:
            problems.append(f"{names[i]} hangs {bottom - ground:.2f} m above the floor, wholly on the top of nothing")
        if not plan.buffer(_SLACK).covers(outline):
            problems.append(f"{names[i]} reaches into a wall or beyond the floor")
        if top > ceiling:
            problems.append(f"{names[i]} reaches {top:.2f} m high")
        if any(zone.buffer(-_SLACK).intersects(outline) for zone in free_zones):
            problems.append(f"{names[i]} stands in a door")
        for j in range(i):
            if i in supports[j] or j in supports[i]:
                continue
            gap = box_gap(box, boxes[j])
            if gap < AIR - _SLACK:
                problems.append(f"{names[i]} and {names[j]} are {gap:.3f} m apart")
    return problems


def camera_faults(
    eyes: Sequence[Sequence[float]],
    targets: Sequence[Sequence[float]],
    boxes: Sequence[OrientedBox],
    plan: BaseGeometry,
) -> list[str]:
    """Return what is wrong with where cameras stand, in words.

    Args:
        eyes: [n, 3], metres from the floor at 0.
        targets: [n, 3], what each looks at.
        boxes: of the furniture.
        plan: the free floor.
    """
    problems = []
    for i, (eye, target) in enumerate(zip(eyes, targets, strict=True)):
        eye_point = shapely.Point(eye[0], eye[1])
        if not EYES[0] <= eye[2] <= EYES[1]:
            problems.append(f"camera {i + 1} is {eye[2]:.2f} m high")
        if not plan.covers(eye_point) or plan.boundary.distance(eye_point) < CLEARANCE:
            problems.append(f"camera {i + 1} is beyond or in a wall, or nearer than {CLEARANCE} m to one")
        if any(point_gap(eye, box) < CLEARANCE for box in boxes):
            problems.append(f"camera {i + 1} is nearer than {CLEARANCE} m to a thing")
        if not target[2] < eye[2]:
            problems.append(f"camera {i + 1} does not look down")
    return problems
