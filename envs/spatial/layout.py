"""Furnished places: what stands where, and from where it is seen, as data and as a room program."""

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
class Placement:
    """One thing in its place."""

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
        """The box around it."""
        return upright((self.x, self.y, self.z + self.size[2] / 2), self.size, self.turn)


@dataclass(frozen=True)
class Viewpoint:
    """One camera."""

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    fov: float = views.FOV
    """Degrees, of the whole picture."""


@dataclass(frozen=True)
class Layout:
    """A furnished place. Metres; the floor is at height 0."""

    floors: tuple[Ring, ...]
    """Outlines of one room, or of rooms that adjoin."""
    walls: tuple[Segment, ...]
    """Inner walls."""
    things: tuple[Placement, ...]
    cameras: tuple[Viewpoint, ...]
    """Along a path, in its order."""
    floor_colour: str
    wall_colour: str

    def text(self) -> str:
        """The program that makes it, without the kit."""
        outlines = [f"[{', '.join(map(_tuple, ring))}]" for ring in self.floors]
        floor = outlines[0] if len(outlines) == 1 else f"[{', '.join(outlines)}]"
        lines = [f'room = Room({floor}, floor_colour="{self.floor_colour}", wall_colour="{self.wall_colour}")']
        lines += [f"room.wall({_tuple(start)}, {_tuple(end)})" for start, end in self.walls]
        lines += [_line(thing) for thing in self.things]
        lines += [f"room.look({_tuple(view.eye)}, {_tuple(view.target)}, fov={view.fov:g})" for view in self.cameras]
        return "\n".join([*lines, "scene, cameras = room.scene, room.cameras", ""])


def plan_layout(
    rng: SeededRng,
    *,
    things: tuple[int, int],
    kind: str,
    cameras: int,
    variety: tuple[float, float] = (0.5, 0.65),
) -> Layout:
    """A furnished place.

    Args:
        rng: of random numbers.
        things: least and most number of things; 30 and more are possible.
        kind: of floor, one of `KINDS`.
        cameras: how many, 1 or more.
        variety: least and most number of different categories for each thing.

    Raises:
        ValueError: no such kind, or no place could be made for so many things.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of floor {kind!r}; allowed: {', '.join(KINDS)}")
    if cameras < 1 or not 1 <= things[0] <= things[1]:
        raise ValueError(f"a place has things and cameras, not {things} and {cameras}")
    count = rng.integer(*things)
    for attempt in range(_ATTEMPTS):
        own = rng.child("attempt", attempt)
        area = (4.0 + 1.25 * count) * own.uniform(*_SPACE) * (1 + _GROWTH * attempt)
        layout = _attempt(own, count, kind, cameras, area, variety)
        if layout is not None and not violations(layout):
            return layout
    raise ValueError(f"no place for {count} things and {cameras} cameras in {_ATTEMPTS} attempts")


def violations(layout: Layout) -> list[str]:
    """What is physically wrong with a place, in words: how things stand, their sizes, the cameras."""
    plan, boxes = free_plan(layout.floors, layout.walls), [thing.box for thing in layout.things]
    found = []
    for i, thing in enumerate(layout.things):
        known = catalogue().get(thing.category)
        if known is None:
            return [f"{thing.category} ({i}) is of no known category"]
        for side, low, high in zip(thing.size, known.low, known.high, strict=True):
            if not low - 1e-6 <= side <= high + 1e-6:
                found.append(f"{thing.category} ({i}) has a side of {side} m, not {low} to {high}")
    labels, kept_free = [thing.category for thing in layout.things], doors(layout.floors, layout.walls)
    found += faults(labels, boxes, plan, kept_free=kept_free, ceiling=CEILING)
    eyes, targets = [view.eye for view in layout.cameras], [view.target for view in layout.cameras]
    return found + camera_faults(eyes, targets, boxes, plan)


# --- floors


def _rectangle(rng: SeededRng, area: float) -> tuple[tuple[Ring, ...], tuple[Segment, ...]]:
    width, depth = _sides(rng, area)
    return (((0.0, 0.0), (width, 0.0), (width, depth), (0.0, depth)),), ()


def _corner(rng: SeededRng, area: float) -> tuple[tuple[Ring, ...], tuple[Segment, ...]]:
    """An L: a rectangle that lacks one corner."""
    across, along = rng.uniform(0.35, 0.5), rng.uniform(0.35, 0.5)
    width, depth = _sides(rng, area / (1 - across * along))
    x, y = round(width * (1 - across), 2), round(depth * (1 - along), 2)
    ring = [(0.0, 0.0), (width, 0.0), (width, y), (x, y), (x, depth), (0.0, depth)]
    if rng.integer(0, 1):
        ring = [(round(width - a, 2), b) for a, b in reversed(ring)]
    if rng.integer(0, 1):
        ring = [(a, round(depth - b, 2)) for a, b in reversed(ring)]
    return (tuple(ring),), ()


def _rooms(rng: SeededRng, area: float) -> tuple[tuple[Ring, ...], tuple[Segment, ...]]:
    """Two rooms side by side with a door between them."""
    share = rng.uniform(0.8, 1.0)
    depth = round(max(3.0, math.sqrt(area / rng.uniform(1.5, 2.0))), 2)
    width = max(6.0, area / depth / (1 + share) * 2)
    x, width, other = round(width * rng.uniform(0.44, 0.56), 2), round(width, 2), round(depth * share, 2)
    first = ((0.0, 0.0), (x, 0.0), (x, depth), (0.0, depth))
    second = ((x, 0.0), (width, 0.0), (width, other), (x, other))
    gap = round(rng.uniform(0.95, 1.3), 2)
    start = round(rng.uniform(0.3, other - gap - 0.3), 2)
    return (first, second), (((x, 0.0), (x, start)), ((x, round(start + gap, 2)), (x, other)))


KINDS: Mapping[str, Callable[[SeededRng, float], tuple[tuple[Ring, ...], tuple[Segment, ...]]]] = {
    "rectangle": _rectangle,
    "L": _corner,
    "rooms": _rooms,
}
"""Floors by name: from a generator and an area in square metres, outlines and inner walls."""


def _sides(rng: SeededRng, area: float) -> tuple[float, float]:
    longer = math.sqrt(area * rng.uniform(1.0, 1.6))
    sides = round(max(3.0, longer), 2), round(max(3.0, area / longer), 2)
    return sides if rng.integer(0, 1) else (sides[1], sides[0])


# --- furniture and cameras


def _attempt(
    rng: SeededRng, count: int, kind: str, cameras: int, area: float, variety: tuple[float, float]
) -> Layout | None:
    floors, walls = KINDS[kind](rng, area)
    plan = free_plan(floors, walls)
    placed = furnish.furnished(rng, count, plan, doors(floors, walls), variety)
    if placed is None:
        return None
    things = tuple(Placement(*fields) for fields in placed)
    seen = views.chosen(rng, cameras, plan, [thing.box for thing in things])
    if seen is None:
        return None
    cams = tuple(Viewpoint(eye, target) for eye, target in seen)
    return Layout(floors, walls, things, cams, rng.choice(_FLOOR_COLOURS), rng.choice(_WALL_COLOURS))


# --- text


def _tuple(numbers: tuple[float, ...]) -> str:
    return f"({', '.join(map(_number, numbers))})"


def _number(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def _line(thing: Placement) -> str:
    place = f'"{thing.category}", {_number(thing.x)}, {_number(thing.y)}'
    more = f", z={_number(thing.z)}" if thing.z else ""
    more += f", turn={thing.turn}" if thing.turn else ""
    return f'room.add({place}{more}, size={_tuple(thing.size)}, colour="{thing.colour}")'
