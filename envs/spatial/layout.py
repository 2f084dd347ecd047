"""Furnished places: their furniture and viewpoints, as data and as a room program."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...geometry.boxes import OrientedBox
from ...geometry.room import Ring
from ..rng import SeededRng
from . import furnish, views
from .physics import Segment, camera_faults, doors, faults, free_plan, upright
from .recognise import catalogue

CEILING = 2.6
"""Height of the walls, metres."""
_ATTEMPTS = 80
"""Rooms that are tried, each a little larger, before it is given up."""
_GROWTH = 0.03
"""Share of its first area by which a room grows with each attempt."""
_SPACE = 0.95, 1.35
"""Least and most of a room's area beside what its things need."""
_FLOOR_COLOURS = "#c8b08a", "#b5906a", "#d6cdbd", "#a9a49b", "#8f7458", "#cdb9a4"
_WALL_COLOURS = "#e9e4d8", "#dfe6e6", "#e8dcd0", "#d8dfd2", "#efece6", "#d9d4e0"


@dataclass(frozen=True)
class FloorPlacement:
    """One object in its place."""

    category: str
    x: float
    """Of its middle, metres to the centimetre, as all lengths here."""
    y: float
    z: float
    """Of its bottom."""
    turn: int
    """Degrees, counter-clockwise; a thing that is not turned faces -y."""
    size: tuple[float, float, float]
    """Width, depth, height."""
    colour: str

    @property
    def box(self) -> OrientedBox:
        """Return the box around the object."""
        return upright((self.x, self.y, self.z + self.size[2] / 2), self.size, self.turn)


@dataclass(frozen=True)
class Viewpoint:
    """One camera."""

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    fov: float = views.FOV
    """Degrees, of the whole picture."""


@dataclass(frozen=True)
class RoomLayout:
    """A furnished place. Metres; the floor is at height 0."""

    floors: tuple[Ring, ...]
    """Outlines of one room, or of rooms that adjoin."""
    walls: tuple[Segment, ...]
    """Inner walls."""
    placements: tuple[FloorPlacement, ...]
    cameras: tuple[Viewpoint, ...]
    """Along a path, in its order."""
    floor_colour: str
    wall_colour: str

    def text(self) -> str:
        """Return the program that makes the place, without the kit."""
        outlines = [f"[{', '.join(map(_tuple, ring))}]" for ring in self.floors]
        floor_text = outlines[0] if len(outlines) == 1 else f"[{', '.join(outlines)}]"
        program_lines = [
            f'room = Room({floor_text}, floor_colour="{self.floor_colour}", wall_colour="{self.wall_colour}")'
        ]
        program_lines += [f"room.wall({_tuple(start)}, {_tuple(end)})" for start, end in self.walls]
        program_lines += [_line(placement) for placement in self.placements]
        program_lines += [
            f"room.look({_tuple(viewpoint.eye)}, {_tuple(viewpoint.target)}, fov={viewpoint.fov:g})"
            for viewpoint in self.cameras
        ]
        return "\n".join([*program_lines, "scene, cameras = room.scene, room.cameras", ""])


def plan_layout(
    rng: SeededRng,
    *,
    object_counts: tuple[int, int],
    floor_kind: str,
    camera_count: int,
    variety: tuple[float, float] = (0.5, 0.65),
) -> RoomLayout:
    """Plan a furnished place.

    Args:
        rng: of random numbers.
        object_counts: least and most number of objects; 30 and more are possible.
        floor_kind: one of `KINDS`.
        camera_count: how many cameras, 1 or more.
        variety: least and most number of different categories for each object.

    Raises:
        ValueError: there is no such kind, or no place could be made for so many objects.
    """
    if floor_kind not in KINDS:
        raise ValueError(f"unknown kind of floor {floor_kind!r}; allowed: {', '.join(KINDS)}")
    if camera_count < 1 or not 1 <= object_counts[0] <= object_counts[1]:
        raise ValueError(f"a place has things and cameras, not {object_counts} and {camera_count}")
    object_count = rng.integer(*object_counts)
    for attempt in range(_ATTEMPTS):
        attempt_rng = rng.child("attempt", attempt)
        floor_area = (4.0 + 1.25 * object_count) * attempt_rng.uniform(*_SPACE) * (1 + _GROWTH * attempt)
        layout = _attempt(attempt_rng, object_count, floor_kind, camera_count, floor_area, variety)
        if layout is not None and not violations(layout):
            return layout
    raise ValueError(f"no place for {object_count} things and {camera_count} cameras in {_ATTEMPTS} attempts")


def violations(layout: RoomLayout) -> list[str]:
    """Return the physical faults of a `layout`, in words: how objects stand, their sizes, the cameras."""
    plan, boxes = free_plan(layout.floors, layout.walls), [placement.box for placement in layout.placements]
    problems = []
    for i, placement in enumerate(layout.placements):
        category_kind = catalogue().get(placement.category)
        if category_kind is None:
            return [f"{placement.category} ({i}) is of no known category"]
        for side, low, high in zip(placement.size, category_kind.low, category_kind.high, strict=True):
            if not low - 1e-6 <= side <= high + 1e-6:
                problems.append(f"{placement.category} ({i}) has a side of {side} m, not {low} to {high}")
    labels, free_zones = [placement.category for placement in layout.placements], doors(layout.floors, layout.walls)
    problems += faults(labels, boxes, plan, free_zones=free_zones, ceiling=CEILING)
    eyes, targets = [viewpoint.eye for viewpoint in layout.cameras], [viewpoint.target for viewpoint in layout.cameras]
    return problems + camera_faults(eyes, targets, boxes, plan)


# --- floors


def _rectangle(rng: SeededRng, floor_area: float) -> tuple[tuple[Ring, ...], tuple[Segment, ...]]:
    width, depth = _sides(rng, floor_area)
    return (((0.0, 0.0), (width, 0.0), (width, depth), (0.0, depth)),), ()


def _corner(rng: SeededRng, floor_area: float) -> tuple[tuple[Ring, ...], tuple[Segment, ...]]:
    """Return an L of `floor_area` square metres: a rectangle that lacks one corner."""
    width_share, depth_share = rng.uniform(0.35, 0.5), rng.uniform(0.35, 0.5)
    width, depth = _sides(rng, floor_area / (1 - width_share * depth_share))
    x, y = round(width * (1 - width_share), 2), round(depth * (1 - depth_share), 2)
    ring = [(0.0, 0.0), (width, 0.0), (width, y), (x, y), (x, depth), (0.0, depth)]
    if rng.integer(0, 1):
        ring = [(round(width - a, 2), b) for a, b in reversed(ring)]
    if rng.integer(0, 1):
        ring = [(a, round(depth - b, 2)) for a, b in reversed(ring)]
    return (tuple(ring),), ()


def _rooms(rng: SeededRng, floor_area: float) -> tuple[tuple[Ring, ...], tuple[Segment, ...]]:
    """Return two rooms side by side of `floor_area` square metres in all, with a door between them."""
    depth_share = rng.uniform(0.8, 1.0)
    depth = round(max(3.0, math.sqrt(floor_area / rng.uniform(1.5, 2.0))), 2)
    width = max(6.0, floor_area / depth / (1 + depth_share) * 2)
    x, width, second_depth = round(width * rng.uniform(0.44, 0.56), 2), round(width, 2), round(depth * depth_share, 2)
    first_ring = ((0.0, 0.0), (x, 0.0), (x, depth), (0.0, depth))
    second_ring = ((x, 0.0), (width, 0.0), (width, second_depth), (x, second_depth))
    door_width = round(rng.uniform(0.95, 1.3), 2)
    door_start = round(rng.uniform(0.3, second_depth - door_width - 0.3), 2)
    return (first_ring, second_ring), (
        ((x, 0.0), (x, door_start)),
        ((x, round(door_start + door_width, 2)), (x, second_depth)),
    )


KINDS: Mapping[str, Callable[[SeededRng, float], tuple[tuple[Ring, ...], tuple[Segment, ...]]]] = {
    "rectangle": _rectangle,
    "L": _corner,
    "rooms": _rooms,
}
"""Floors by name: from a generator and an area in square metres, outlines and inner walls."""


def _sides(rng: SeededRng, floor_area: float) -> tuple[float, float]:
    longer_side = math.sqrt(floor_area * rng.uniform(1.0, 1.6))
    side_lengths = round(max(3.0, longer_side), 2), round(max(3.0, floor_area / longer_side), 2)
    return side_lengths if rng.integer(0, 1) else (side_lengths[1], side_lengths[0])


# --- furniture and cameras


def _attempt(
    rng: SeededRng,
    object_count: int,
    floor_kind: str,
    camera_count: int,
    floor_area: float,
    variety: tuple[float, float],
) -> RoomLayout | None:
    floors, walls = KINDS[floor_kind](rng, floor_area)
    plan = free_plan(floors, walls)
    furniture = furnish.furnished(rng, object_count, plan, doors(floors, walls), variety)
    if furniture is None:
        return None
    placements = tuple(FloorPlacement(*fields) for fields in furniture)
    camera_poses = views.chosen(rng, camera_count, plan, [thing.box for thing in placements])
    if camera_poses is None:
        return None
    viewpoints = tuple(Viewpoint(eye, target) for eye, target in camera_poses)
    return RoomLayout(floors, walls, placements, viewpoints, rng.choice(_FLOOR_COLOURS), rng.choice(_WALL_COLOURS))


# --- text


def _tuple(numbers: tuple[float, ...]) -> str:
    return f"({', '.join(map(_number, numbers))})"


def _number(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def _line(placement: FloorPlacement) -> str:
    position_text = f'"{placement.category}", {_number(placement.x)}, {_number(placement.y)}'
    option_text = f", z={_number(placement.z)}" if placement.z else ""
    option_text += f", turn={placement.turn}" if placement.turn else ""
    return f'room.add({position_text}{option_text}, size={_tuple(placement.size)}, colour="{placement.colour}")'
