"""Whether things stand as things can: apart, on something, within the walls, clear of doors; and cameras in the free.

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
    """The box of a thing of size [3] turned about the vertical, as `geometry.spatial` describes it."""
    (x, y, z), (width, depth, height) = centre, size
    quarters = math.ceil((turn - 45) / 90)
    if quarters % 2:
        width, depth = depth, width
    return OrientedBox((x, y, z), (width, depth, height), round(turn - 90 * quarters, 4) + 0.0)


def free_plan(floors: Sequence[Ring], walls: Sequence[Segment] = ()) -> BaseGeometry:
    """The floor without what inner walls stand on."""
    solid = [LineString(wall).buffer(WALL / 2, cap_style="flat") for wall in walls]
    return shapely.union_all([Polygon(ring) for ring in floors]).difference(shapely.union_all(solid))


def doors(floors: Sequence[Ring], walls: Sequence[Segment]) -> list[Polygon]:
    """What must stay free for doors: around the gaps that inner walls leave between adjoining parts of the floor."""
    solid = shapely.union_all([LineString(wall).buffer(WALL / 2) for wall in walls])
    zones = []
    for i, first in enumerate(floors):
        for second in floors[i + 1 :]:
            shared = Polygon(first).boundary.intersection(Polygon(second).boundary)
            gaps = shapely.line_merge(shared).difference(solid) if shared.length else shared
            zones += [
                gap.buffer(DOOR_DEPTH, cap_style="flat")
                for gap in getattr(gaps, "geoms", [gaps])
                if gap.length >= _LEAST_DOOR
            ]
    return zones


def top_area(label: str, box: OrientedBox) -> BaseGeometry | None:
    """Where things may stand on a thing's top, in the plan; None where they may not."""
    kind = catalogue()[label]
    if not kind.top:
        return None
    if kind.even:
        return shapely.Point(box.centre[:2]).buffer(min(box.size[:2]) / 2, quad_segs=16)
    return footprint(box)


def stands_on(label: str, lower: OrientedBox, upper: OrientedBox) -> bool:
    """Whether a thing stands wholly on the top of another, whose label is given."""
    area = top_area(label, lower)
    if area is None or abs(height_span(upper)[0] - height_span(lower)[1]) > _SLACK:
        return False
    return bool(area.buffer(_SLACK).covers(footprint(upper)))


def faults(
    labels: Sequence[str],
    boxes: Sequence[OrientedBox],
    plan: BaseGeometry,
    *,
    kept_free: Sequence[BaseGeometry] = (),
    ground: float = 0.0,
    ceiling: float = math.inf,
) -> list[str]:
    """What is wrong with how things stand, in words; nothing where all is well.

    Args:
        labels: categories, which say whose top carries things.
        boxes: one for each label.
        plan: the free floor.
        kept_free: where nothing may stand.
        ground: height of the floor.
        ceiling: height that nothing reaches.
    """
    found = []
    names = [f"{label} ({i})" for i, label in enumerate(labels)]
    below = [
        {
            j
            for j, (label, lower) in enumerate(zip(labels, boxes, strict=True))
            if j != i and stands_on(label, lower, box)
        }
        for i, box in enumerate(boxes)
    ]
    for i, box in enumerate(boxes):
        outline, (bottom, top) = footprint(box), height_span(box)
        if abs(bottom - ground) > _SLACK and not below[i]:
            found.append(f"{names[i]} hangs {bottom - ground:.2f} m above the floor, wholly on the top of nothing")
        if not plan.buffer(_SLACK).covers(outline):
            found.append(f"{names[i]} reaches into a wall or beyond the floor")
        if top > ceiling:
            found.append(f"{names[i]} reaches {top:.2f} m high")
        if any(zone.buffer(-_SLACK).intersects(outline) for zone in kept_free):
            found.append(f"{names[i]} stands in a door")
        for j in range(i):
            if i in below[j] or j in below[i]:
                continue
            gap = box_gap(box, boxes[j])
            if gap < AIR - _SLACK:
                found.append(f"{names[i]} and {names[j]} are {gap:.3f} m apart")
    return found


def camera_faults(
    eyes: Sequence[Sequence[float]],
    targets: Sequence[Sequence[float]],
    boxes: Sequence[OrientedBox],
    plan: BaseGeometry,
) -> list[str]:
    """What is wrong with where cameras stand, in words: heights from the floor at 0."""
    found = []
    for i, (eye, target) in enumerate(zip(eyes, targets, strict=True)):
        place = shapely.Point(eye[0], eye[1])
        if not EYES[0] <= eye[2] <= EYES[1]:
            found.append(f"camera {i + 1} is {eye[2]:.2f} m high")
        if not plan.covers(place) or plan.boundary.distance(place) < CLEARANCE:
            found.append(f"camera {i + 1} is beyond or in a wall, or nearer than {CLEARANCE} m to one")
        if any(point_gap(eye, box) < CLEARANCE for box in boxes):
            found.append(f"camera {i + 1} is nearer than {CLEARANCE} m to a thing")
        if not target[2] < eye[2]:
            found.append(f"camera {i + 1} does not look down")
    return found
