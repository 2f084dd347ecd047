"""Whether a room could stand so: nothing within another, everything on something, cameras where one can hold them."""

from shapely import Point, STRtree

from ...geometry import RoomScene
from ...geometry.boxes import footprint, overlap_volume, point_gap, span
from ...geometry.surfaces import on_floor
from ...render import Rejected

MAX_OVERLAP = 1e-3
"""Share of the smaller box that another may reach into: what rounding to centimetres may leave."""
REACH = 0.02
"""Metres that a thing may stand above or below what carries it."""
MIN_CLEAR = 0.05
"""Metres between a camera and the nearest thing."""


def unsound(room: RoomScene) -> Rejected | None:
    """The first thing that is impossible in a room, or None.

    Boxes stand for things: a chair pushed under a table counts as overlapping it.
    """
    if not room.floors:
        hint = "begin with room = Room([(0, 0), (5, 0), (5, 4), (0, 4)])"
        return Rejected("floor", "the room has no floor", hint)
    return _overlapping(room) or _floating(room) or _misplaced(room)


def _overlapping(room: RoomScene) -> Rejected | None:
    boxes = [obj.box for obj in room.objects]
    prints = [footprint(box) for box in boxes]
    first, second = STRtree(prints).query(prints, predicate="intersects")
    for i, j in sorted(zip(first.tolist(), second.tolist(), strict=True)):
        if i < j:
            small = min((boxes[i], boxes[j]), key=lambda box: box.size[0] * box.size[1] * box.size[2])
            width, depth, height = small.size
            if overlap_volume(boxes[i], boxes[j]) > MAX_OVERLAP * width * depth * height:
                reason = f"the {room.objects[i].label} and the {room.objects[j].label} stand in one place"
                return Rejected("overlap", reason, "leave some centimetres between things; z lifts a thing onto another")
    return None


def _floating(room: RoomScene) -> Rejected | None:
    boxes = [obj.box for obj in room.objects]
    for obj in room.objects:
        bottom, _ = span(obj.box)
        middle = Point(obj.box.centre[:2])
        if abs(bottom - room.ground) <= REACH:
            if not on_floor(room.floors, *obj.box.centre[:2]).value:
                return Rejected("outside", f"the {obj.label} stands beside the floor", "keep things within the outline")
            continue
        carried = any(
            abs(span(box)[1] - bottom) <= REACH and footprint(box).covers(middle)
            for other, box in enumerate(boxes)
            if other != obj.index
        )
        if not carried:
            reason = f"the bottom of the {obj.label} is {bottom - room.ground:.2f} m above the floor, on nothing"
            return Rejected("floating", reason, "z is the height of the bottom: 0, or the height of what carries it")
    return None


def _misplaced(room: RoomScene) -> Rejected | None:
    for number, camera in enumerate(room.cameras, start=1):
        x, y, z = (float(value) for value in camera.position)
        if not on_floor(room.floors, x, y).value or z < room.ground:
            return Rejected("camera", f"camera {number} stands outside of the room", "put its eye within the outline")
        near = next((obj for obj in room.objects if point_gap(camera.position, obj.box) < MIN_CLEAR), None)
        if near is not None:
            return Rejected("camera", f"camera {number} stands within the {near.label}", "put its eye where one can stand")
    return None

