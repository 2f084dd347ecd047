"""Furnishing a floor: backs to walls, chairs at tables, nightstands at beds, small things on tops; nothing in the way.

What does not fit where it belongs gives way to something that does, so that a room gets as many things as it should.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from shapely import Polygon, prepare
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from ...geometry.boxes import OrientedBox, footprint
from ..rng import SeededRng
from .physics import AIR, top_area, upright
from .recognise import catalogue

THEMES = {
    "living": "sofa, armchair, table, cabinet, television, bookshelf, lamp, plant, clock, piano, cushion, vase, "
    "book pile, round table, chair, box, mug, stool",
    "bedroom": "bed, wardrobe, nightstand, dresser, desk lamp, chair, cushion, suitcase, lamp, plant, vase, mug, "
    "book pile, box, laptop, desk, bin",
    "study": "desk, monitor, laptop, desk lamp, chair, bookshelf, bin, book pile, mug, cabinet, plant, lamp, box, "
    "clock, armchair",
    "kitchen": "fridge, stove, sink, cabinet, table, round table, chair, stool, mug, bin, vase, plant, box, bench",
    "bathroom": "bathtub, toilet, sink, cabinet, stool, bin, vase, plant, dresser, box, bench, mug",
    "store": "box, suitcase, wardrobe, bench, bookshelf, book pile, chair, bin, table, mug, cushion, stool, laptop, "
    "vase, piano, monitor, television",
}
"""What places of different use hold."""
_REPEATED = {
    *("chair", "armchair", "stool", "plant", "lamp", "box", "book pile", "mug", "cushion", "vase", "suitcase"),
    *("nightstand", "bin", "desk lamp", "bookshelf", "monitor", "laptop", "table", "desk", "cabinet", "bed"),
}
_SMALL = "box", "plant", "book pile", "vase", "mug", "stool", "bin", "cushion", "lamp", "chair", "suitcase"
_ROUND = {"round table", "stool", "lamp", "plant", "bin", "vase"}
"""They look alike from all sides, and are not turned."""
_FACING = {"television", "monitor", "laptop", "desk lamp"}
"""On a top they face where the thing below faces."""
_HOSTS = {
    "television": ("cabinet", "dresser", "bench"),
    "monitor": ("desk", "table"),
    "laptop": ("desk", "table", "round table"),
    "desk lamp": ("desk", "nightstand", "dresser", "cabinet"),
    "mug": ("table", "round table", "desk", "nightstand"),
    "vase": ("table", "round table", "cabinet", "dresser"),
    "cushion": ("bench",),
    "box": ("bench", "box", "dresser", "cabinet"),
}
"""Where small things are tried first, and what need not stand on anything, only."""
_SEATED = {"chair": ("table", "round table", "desk"), "stool": ("piano", "round table", "table"), "bench": ("table",)}
_PAINTED = {
    *("chair", "armchair", "sofa", "stool", "lamp", "bin", "box", "suitcase", "vase", "cushion", "mug", "book pile"),
    *("desk lamp", "dresser", "cabinet", "bench"),
}
"""They come in all colours, the others in their own."""
_PAINTS = (
    *("#b5443c", "#3b6ea5", "#4f8f55", "#d9a441", "#7a5c99", "#e9e4da", "#3c3c40", "#d97f3e", "#8a8d90", "#8a5a3a"),
    *("#4d8f8a", "#c88aa0"),
)
_MOST = 5
"""Wishes for one category."""
_BACK = 0.05
"""Metres from a thing's back to its wall."""
_TRIES = 25
"""Places that are tried for one thing in one way."""
_FILLERS = 60
_MIXED = 0.8
"""Categories for each thing, from which on things are not to be repeated."""


class Placed(NamedTuple):
    """One thing in its place: see `layout.Placement`."""

    category: str
    x: float
    y: float
    z: float
    turn: int
    size: tuple[float, float, float]
    colour: str


def furnished(
    rng: SeededRng,
    count: int,
    plan: BaseGeometry,
    kept_free: Sequence[BaseGeometry],
    variety: tuple[float, float] = (0.5, 0.65),
) -> list[Placed] | None:
    """As many things as wanted on a free plan, none where it is to be kept free; None where they found no place.

    `variety` is how many different categories there shall be, least and most, for each thing.
    """
    wishes = _wishes(rng, count, variety)
    room = _Furnished(rng, plan, kept_free)
    for category in wishes:
        room.add(category)
    # What has no place is replaced by small things: by more of what is there where much is to be repeated.
    met = {thing.category for thing in room.placed}
    fillers = [category for category in _SMALL if (category in met) == (variety[1] < _MIXED)] or list(_SMALL)
    for _ in range(_FILLERS):
        if len(room.placed) >= count:
            return room.placed
        room.add(rng.choice(fillers))
    return room.placed if len(room.placed) >= count else None


def _wishes(rng: SeededRng, count: int, variety: tuple[float, float]) -> list[str]:
    """Categories in the order in which they look for their place: some of them once, others several times."""
    wanted = max(1, round(count * rng.uniform(*variety)))
    names: list[str] = []
    for theme in rng.shuffled(sorted(THEMES)):
        if len(names) < wanted + 3:
            names += [name for name in THEMES[theme].split(", ") if name not in names]
    kinds = rng.sample(names, min(wanted, len(names)))
    if all(catalogue()[name].place == "top" for name in kinds) or not any(catalogue()[name].top for name in kinds):
        kinds[0] = rng.choice([name for name in names if catalogue()[name].top])
    repeated = [name for name in kinds if name in _REPEATED][: max(1, len(kinds) - round(0.5 * len(kinds)))]
    rest = [name for name in names if name not in kinds]
    while len(kinds) < count:
        repeated = [name for name in repeated if kinds.count(name) < _MOST]
        kinds.append(rng.choice(repeated) if repeated else rest.pop() if rest else "box")
    return sorted(kinds, key=_stage)


def _stage(category: str) -> tuple[float, ...]:
    """What is larger and stands at walls first, what stands on other things last."""
    kind = catalogue()[category]
    area = (kind.low[0] + kind.high[0]) * (kind.low[1] + kind.high[1])
    if category == "nightstand":
        return 1, -area
    if kind.place == "wall":
        return 0, -area
    if kind.place == "floor":
        return (2 if kind.top else 3), -area
    return (4 if kind.place == "any" else 5), -area


class _Furnished:
    """A floor and what stands on it so far."""

    def __init__(self, rng: SeededRng, plan: BaseGeometry, kept_free: Sequence[BaseGeometry]) -> None:
        self._rng, self._kept_free = rng, kept_free
        self._inner = plan.buffer(-AIR, join_style="mitre")
        prepare(self._inner)
        self._edges = _edges(plan)
        self.placed: list[Placed] = []
        self._prints: list[Polygon] = []

    def add(self, category: str) -> bool:
        """One more of a category, where such things belong, else where it may be; whether it found a place."""
        low, high = catalogue()[category].low, catalogue()[category].high
        width, depth, height = (_cm(self._rng.uniform(a, b)) for a, b in zip(low, high, strict=True))
        size = (width, width if catalogue()[category].even else depth, height)
        place = catalogue()[category].place
        if place == "top":
            return self._on_top(category, size)
        if place == "wall":
            return (category == "nightstand" and self._beside_bed(category, size)) or self._at_wall(category, size)
        if place == "any" and self._rng.uniform() < 0.5 and self._on_top(category, size):
            return True
        if category in _SEATED and self._rng.uniform() < 0.85 and self._seat(category, size):
            return True
        if not catalogue()[category].top and self._rng.uniform() < 0.6 and self._at_wall(category, size):
            return True
        return self._anywhere(category, size)

    # --- places

    def _at_wall(self, category: str, size: tuple[float, float, float]) -> bool:
        """With its back to a wall."""
        edges = [edge for edge in self._edges if math.dist(*edge) > size[0] + 3 * _BACK]
        for _ in range(_TRIES if edges else 0):
            start, end = self._rng.weighted(edges, [math.dist(*edge) for edge in edges])
            length = math.dist(start, end)
            along, away = self._rng.uniform(size[0] / 2 + _BACK, length - size[0] / 2 - _BACK), size[1] / 2 + _BACK
            u, v = (end[0] - start[0]) / length, (end[1] - start[1]) / length
            # The room is on the left, and the back, which is at +y, to the right.
            turn = math.degrees(math.atan2(-v, -u))
            if self._put(category, start[0] + u * along - v * away, start[1] + v * along + u * away, 0.0, turn, size):
                return True
        return False

    def _beside_bed(self, category: str, size: tuple[float, float, float]) -> bool:
        """At the head of a bed, on one side."""
        for bed in self._of(["bed"]):
            for side in self._rng.shuffled([-1, 1]):
                across = side * (bed.size[0] / 2 + size[0] / 2 + _BACK)
                x, y = _local(bed, across, (bed.size[1] - size[1]) / 2)
                if self._put(category, x, y, 0.0, bed.turn, size):
                    return True
        return False

    def _seat(self, category: str, size: tuple[float, float, float]) -> bool:
        """In front of something to sit at, and facing it."""
        for host in self._of(_SEATED[category]):
            for _ in range(_TRIES // 3):
                apart, (width, depth, _) = self._rng.uniform(0.05, 0.2), host.size
                if host.category == "round table":
                    angle = self._rng.integer(0, 359)
                    reach = (width + size[1]) / 2 + apart + 0.1 * width
                    across, along = reach * math.cos(math.radians(angle)), reach * math.sin(math.radians(angle))
                    turn = angle - 90
                else:
                    front = host.category in ("desk", "piano")
                    turn = 180 if front else self._rng.choice([0, 90, 180, 270])
                    wide, deep = (width, depth) if turn in (0, 180) else (depth, width)
                    shift = self._rng.uniform(-0.5, 0.5) * max(0.0, wide - size[0])
                    # Seen from the host turned so that the seat is behind it.
                    back = deep / 2 + apart + size[1] / 2
                    c, s = round(math.cos(math.radians(turn))), round(math.sin(math.radians(turn)))
                    across, along = c * shift - s * back, s * shift + c * back
                x, y = _local(host, across, along)
                if self._put(category, x, y, 0.0, host.turn + turn, size):
                    return True
        return False

    def _anywhere(self, category: str, size: tuple[float, float, float]) -> bool:
        """On the floor."""
        left, bottom, right, top = self._inner.bounds
        for _ in range(_TRIES):
            x, y = self._rng.uniform(left, right), self._rng.uniform(bottom, top)
            if self._put(category, x, y, 0.0, self._some_turn(), size):
                return True
        return False

    def _on_top(self, category: str, size: tuple[float, float, float]) -> bool:
        """On something whose top has room for it."""
        first = self._of(_HOSTS.get(category, ()))
        anywhere = catalogue()[category].place == "top"
        others = [host for host in self._of(list(catalogue())) if host not in first] if anywhere else []
        for host in first + others:
            if not catalogue()[host.category].top or (host.category == category == "box" and host.z):
                continue
            for _ in range(_TRIES // 3):
                turn = host.turn + (0 if category in _FACING else self._some_turn())
                reach = [max(0.0, (side - own) / 2) for side, own in zip(host.size, size, strict=True)]
                x, y = _local(host, *(self._rng.uniform(-r, r) for r in reach[:2]))
                if self._put(category, x, y, host.z + host.size[2], turn, size, host):
                    return True
        return False

    # --- what all have in common

    def _of(self, categories: Sequence[str]) -> list[Placed]:
        return self._rng.shuffled([thing for thing in self.placed if thing.category in categories])

    def _some_turn(self) -> int:
        return self._rng.choice([0, 90, 180, 270]) + (
            self._rng.integer(5, 85) if self._rng.uniform() < 0.25 else 0
        )

    def _put(
        self,
        category: str,
        x: float,
        y: float,
        z: float,
        turn: float,
        size: tuple[float, float, float],
        host: Placed | None = None,
    ) -> bool:
        """The thing in this place, if that is free."""
        degrees = 0 if category in _ROUND else _clean(turn)
        made = Placed(category, _cm(x), _cm(y), _cm(z), degrees, size, "")
        outline = footprint(_box(made))
        if host is None and (not self._inner.covers(outline) or any(z.intersects(outline) for z in self._kept_free)):
            return False
        if host is not None:
            area = top_area(host.category, _box(host))
            if area is None or not area.buffer(-0.01).covers(outline):
                return False
        for other, taken in zip(self.placed, self._prints, strict=True):
            above = max(made.z - other.z - other.size[2], other.z - made.z - size[2])
            if other is not host and above < AIR and _near(outline, taken) and outline.distance(taken) < AIR + 0.002:
                return False
        colours = _PAINTS if category in _PAINTED else catalogue()[category].colours
        self.placed.append(made._replace(colour=self._rng.choice(colours)))
        self._prints.append(outline)
        return True


def _box(thing: Placed) -> OrientedBox:
    return upright((thing.x, thing.y, thing.z + thing.size[2] / 2), thing.size, thing.turn)


def _near(first: Polygon, second: Polygon) -> bool:
    (a, b, c, d), (e, f, g, h) = first.bounds, second.bounds
    return a - g < 2 * AIR and e - c < 2 * AIR and b - h < 2 * AIR and f - d < 2 * AIR


def _local(host: Placed, across: float, along: float) -> tuple[float, float]:
    """A point given along a thing's own axes, from its middle."""
    c, s = math.cos(math.radians(host.turn)), math.sin(math.radians(host.turn))
    return host.x + c * across - s * along, host.y + s * across + c * along


def _edges(plan: BaseGeometry) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Sides of the plan from point to point, the free floor on the left."""
    found = []
    for piece in getattr(plan, "geoms", [plan]):
        for ring in (orient(piece).exterior, *orient(piece).interiors):
            corners = [(float(x), float(y)) for x, y in ring.coords]
            found += list(pairwise(corners))
    return found


def _cm(value: float) -> float:
    return round(value, 2) + 0.0


def _clean(turn: float) -> int:
    """Whole degrees in [0, 360), straight where that is nearly so: nobody sees a turn of a degree."""
    degrees = round(turn) % 360
    off = (degrees + 45) % 90 - 45
    return (degrees - off) % 360 if abs(off) <= 2 else degrees
