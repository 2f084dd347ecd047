"""Furnishing a floor: backs to walls, chairs at tables, nightstands at beds, small objects on tops; doors kept free.

An object that does not fit where it belongs gives way to another that does, so that a room gets as many as it should.
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
_REPEATABLE = {
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
_SEAT_HOSTS = {
    "chair": ("table", "round table", "desk"),
    "stool": ("piano", "round table", "table"),
    "bench": ("table",),
}
_COLOURFUL = {
    *("chair", "armchair", "sofa", "stool", "lamp", "bin", "box", "suitcase", "vase", "cushion", "mug", "book pile"),
    *("desk lamp", "dresser", "cabinet", "bench"),
}
"""They come in all colours, the others in their own."""
_PAINTS = (
    *("#b5443c", "#3b6ea5", "#4f8f55", "#d9a441", "#7a5c99", "#e9e4da", "#3c3c40", "#d97f3e", "#8a8d90", "#8a5a3a"),
    *("#4d8f8a", "#c88aa0"),
)
_MAX_REPEATS = 5
"""Wishes for one category."""
_BACK = 0.05
"""Metres from a thing's back to its wall."""
_TRIES = 25
"""Places that are tried for one thing in one way."""
_FILLERS = 60
_MIXED_VARIETY = 0.8
"""Categories for each thing, from which on things are not to be repeated."""


class PlacedFurniture(NamedTuple):
    """One piece of furniture in its place: see `layout.FloorPlacement`."""

    category: str
    x: float
    y: float
    z: float
    turn: int
    size: tuple[float, float, float]
    colour: str


def furnished(
    rng: SeededRng,
    object_count: int,
    plan: BaseGeometry,
    free_zones: Sequence[BaseGeometry],
    variety: tuple[float, float] = (0.5, 0.65),
) -> list[PlacedFurniture] | None:
    """Furnish a free floor; None where so many objects found no place.

    Args:
        rng: of random numbers.
        object_count: how many objects to place.
        plan: the free floor.
        free_zones: parts of it that are to be kept free.
        variety: least and most number of different categories for each object.
    """
    wanted_categories = _wishes(rng, object_count, variety)
    furnished_floor = _Furnished(rng, plan, free_zones)
    for category in wanted_categories:
        furnished_floor.add(category)
    # What has no place is replaced by small things: by more of what is there where much is to be repeated.
    placed_categories = {item.category for item in furnished_floor.placed}
    fillers = [
        category for category in _SMALL if (category in placed_categories) == (variety[1] < _MIXED_VARIETY)
    ] or list(_SMALL)
    for _ in range(_FILLERS):
        if len(furnished_floor.placed) >= object_count:
            return furnished_floor.placed
        furnished_floor.add(rng.choice(fillers))
    return furnished_floor.placed if len(furnished_floor.placed) >= object_count else None


def _wishes(rng: SeededRng, object_count: int, variety: tuple[float, float]) -> list[str]:
    """Return categories in the order in which they look for their place: some of them once, others several times.

    Args:
        rng: of random numbers.
        object_count: how many.
        variety: as in `furnished`.
    """
    category_count = max(1, round(object_count * rng.uniform(*variety)))
    theme_names: list[str] = []
    for theme in rng.shuffled(sorted(THEMES)):
        if len(theme_names) < category_count + 3:
            theme_names += [name for name in THEMES[theme].split(", ") if name not in theme_names]
    chosen_names = rng.sample(theme_names, min(category_count, len(theme_names)))
    if all(catalogue()[name].place == "top" for name in chosen_names) or not any(
        catalogue()[name].top for name in chosen_names
    ):
        chosen_names[0] = rng.choice([name for name in theme_names if catalogue()[name].top])
    repeatable_names = [name for name in chosen_names if name in _REPEATABLE][
        : max(1, len(chosen_names) - round(0.5 * len(chosen_names)))
    ]
    spare_names = [name for name in theme_names if name not in chosen_names]
    while len(chosen_names) < object_count:
        repeatable_names = [name for name in repeatable_names if chosen_names.count(name) < _MAX_REPEATS]
        chosen_names.append(
            rng.choice(repeatable_names) if repeatable_names else spare_names.pop() if spare_names else "box"
        )
    return sorted(chosen_names, key=_stage)


def _stage(category: str) -> tuple[float, ...]:
    """Return the sort key of a `category`: large ones at walls come first, what stands on others last."""
    category_kind = catalogue()[category]
    size_score = (category_kind.low[0] + category_kind.high[0]) * (category_kind.low[1] + category_kind.high[1])
    if category == "nightstand":
        return 1, -size_score
    if category_kind.place == "wall":
        return 0, -size_score
    if category_kind.place == "floor":
        return (2 if category_kind.top else 3), -size_score
    return (4 if category_kind.place == "any" else 5), -size_score


class _Furnished:
    """A floor and the furniture on it so far."""

    def __init__(self, rng: SeededRng, plan: BaseGeometry, free_zones: Sequence[BaseGeometry]) -> None:
        self._rng, self._kept_free = rng, free_zones
        self._inner = plan.buffer(-AIR, join_style="mitre")
        prepare(self._inner)
        self._edges = _edges(plan)
        self.placed: list[PlacedFurniture] = []
        self._prints: list[Polygon] = []

    def add(self, category: str) -> bool:
        """Place one more of a `category`, where such belong, else where it may be; tell whether that was found."""
        low, high = catalogue()[category].low, catalogue()[category].high
        width, depth, height = (
            _cm(self._rng.uniform(low_side, high_side)) for low_side, high_side in zip(low, high, strict=True)
        )
        size = (width, width if catalogue()[category].even else depth, height)
        usual_place = catalogue()[category].place
        if usual_place == "top":
            return self._on_top(category, size)
        if usual_place == "wall":
            return (category == "nightstand" and self._beside_bed(category, size)) or self._at_wall(category, size)
        if usual_place == "any" and self._rng.uniform() < 0.5 and self._on_top(category, size):
            return True
        if category in _SEAT_HOSTS and self._rng.uniform() < 0.85 and self._seat(category, size):
            return True
        if not catalogue()[category].top and self._rng.uniform() < 0.6 and self._at_wall(category, size):
            return True
        return self._anywhere(category, size)

    # --- places

    def _at_wall(self, category: str, size: tuple[float, float, float]) -> bool:
        """Place a `category` with its back to a wall."""
        long_edges = [edge for edge in self._edges if math.dist(*edge) > size[0] + 3 * _BACK]
        for _ in range(_TRIES if long_edges else 0):
            start, end = self._rng.weighted(long_edges, [math.dist(*edge) for edge in long_edges])
            edge_length = math.dist(start, end)
            wall_offset, wall_distance = (
                self._rng.uniform(size[0] / 2 + _BACK, edge_length - size[0] / 2 - _BACK),
                size[1] / 2 + _BACK,
            )
            u, v = (end[0] - start[0]) / edge_length, (end[1] - start[1]) / edge_length
            # The room is on the left, and the back, which is at +y, to the right.
            turn = math.degrees(math.atan2(-v, -u))
            if self._put(
                category,
                start[0] + u * wall_offset - v * wall_distance,
                start[1] + v * wall_offset + u * wall_distance,
                0.0,
                turn,
                size,
            ):
                return True
        return False

    def _beside_bed(self, category: str, size: tuple[float, float, float]) -> bool:
        """Place a `category` at the head of a bed, on one side."""
        for bed in self._of(["bed"]):
            for side in self._rng.shuffled([-1, 1]):
                side_offset = side * (bed.size[0] / 2 + size[0] / 2 + _BACK)
                x, y = _local(bed, side_offset, (bed.size[1] - size[1]) / 2)
                if self._put(category, x, y, 0.0, bed.turn, size):
                    return True
        return False

    def _seat(self, category: str, size: tuple[float, float, float]) -> bool:
        """Place a `category` of seat in front of something to sit at, facing it."""
        for host in self._of(_SEAT_HOSTS[category]):
            for _ in range(_TRIES // 3):
                gap_width, (width, depth, _) = self._rng.uniform(0.05, 0.2), host.size
                if host.category == "round table":
                    angle = self._rng.integer(0, 359)
                    reach = (width + size[1]) / 2 + gap_width + 0.1 * width
                    across, along = reach * math.cos(math.radians(angle)), reach * math.sin(math.radians(angle))
                    turn = angle - 90
                else:
                    has_front = host.category in ("desk", "piano")
                    turn = 180 if has_front else self._rng.choice([0, 90, 180, 270])
                    side_width, side_depth = (width, depth) if turn in (0, 180) else (depth, width)
                    side_shift = self._rng.uniform(-0.5, 0.5) * max(0.0, side_width - size[0])
                    # Seen from the host turned so that the seat is behind it.
                    back_distance = side_depth / 2 + gap_width + size[1] / 2
                    c, s = round(math.cos(math.radians(turn))), round(math.sin(math.radians(turn)))
                    across, along = c * side_shift - s * back_distance, s * side_shift + c * back_distance
                x, y = _local(host, across, along)
                if self._put(category, x, y, 0.0, host.turn + turn, size):
                    return True
        return False

    def _anywhere(self, category: str, size: tuple[float, float, float]) -> bool:
        """Place a `category` on the floor."""
        left, bottom, right, top = self._inner.bounds
        for _ in range(_TRIES):
            x, y = self._rng.uniform(left, right), self._rng.uniform(bottom, top)
            if self._put(category, x, y, 0.0, self._some_turn(), size):
                return True
        return False

    def _on_top(self, category: str, size: tuple[float, float, float]) -> bool:
        """Place a `category` on something whose top has room for it."""
        usual_hosts = self._of(_HOSTS.get(category, ()))
        may_be_anywhere = catalogue()[category].place == "top"
        other_hosts = (
            [host for host in self._of(list(catalogue())) if host not in usual_hosts] if may_be_anywhere else []
        )
        for host in usual_hosts + other_hosts:
            if not catalogue()[host.category].top or (host.category == category == "box" and host.z):
                continue
            for _ in range(_TRIES // 3):
                turn = host.turn + (0 if category in _FACING else self._some_turn())
                half_reach = [max(0.0, (side - own_side) / 2) for side, own_side in zip(host.size, size, strict=True)]
                x, y = _local(host, *(self._rng.uniform(-r, r) for r in half_reach[:2]))
                if self._put(category, x, y, host.z + host.size[2], turn, size, host):
                    return True
        return False

    # --- what all have in common

    def _of(self, categories: Sequence[str]) -> list[PlacedFurniture]:
        return self._rng.shuffled([item for item in self.placed if item.category in categories])

    def _some_turn(self) -> int:
        return self._rng.choice([0, 90, 180, 270]) + (self._rng.integer(5, 85) if self._rng.uniform() < 0.25 else 0)

    def _put(
        self,
        category: str,
        x: float,
        y: float,
        z: float,
        turn: float,
        size: tuple[float, float, float],
        host: PlacedFurniture | None = None,
    ) -> bool:
        """Place a `category` here, if that is free; tell whether it was.

        Args:
            category: of the object.
            x: of its middle, metres.
            y: of its middle.
            z: of its bottom.
            turn: degrees.
            size: metres.
            host: what it stands on; None for the floor.
        """
        degrees = 0 if category in _ROUND else _clean(turn)
        candidate = PlacedFurniture(category, _cm(x), _cm(y), _cm(z), degrees, size, "")
        candidate_footprint = footprint(_box(candidate))
        if host is None and (
            not self._inner.covers(candidate_footprint)
            or any(z.intersects(candidate_footprint) for z in self._kept_free)
        ):
            return False
        if host is not None:
            host_area = top_area(host.category, _box(host))
            if host_area is None or not host_area.buffer(-0.01).covers(candidate_footprint):
                return False
        for neighbour, neighbour_footprint in zip(self.placed, self._prints, strict=True):
            height_gap = max(candidate.z - neighbour.z - neighbour.size[2], neighbour.z - candidate.z - size[2])
            if (
                neighbour is not host
                and height_gap < AIR
                and _near(candidate_footprint, neighbour_footprint)
                and candidate_footprint.distance(neighbour_footprint) < AIR + 0.002
            ):
                return False
        colours = _PAINTS if category in _COLOURFUL else catalogue()[category].colours
        self.placed.append(candidate._replace(colour=self._rng.choice(colours)))
        self._prints.append(candidate_footprint)
        return True


def _box(item: PlacedFurniture) -> OrientedBox:
    return upright((item.x, item.y, item.z + item.size[2] / 2), item.size, item.turn)


def _near(first_outline: Polygon, second_outline: Polygon) -> bool:
    (a, b, c, d), (e, f, g, h) = first_outline.bounds, second_outline.bounds
    return a - g < 2 * AIR and e - c < 2 * AIR and b - h < 2 * AIR and f - d < 2 * AIR


def _local(host: PlacedFurniture, side_offset: float, depth_offset: float) -> tuple[float, float]:
    """Return a point given along the own axes of a `host`, from its middle."""
    c, s = math.cos(math.radians(host.turn)), math.sin(math.radians(host.turn))
    return host.x + c * side_offset - s * depth_offset, host.y + s * side_offset + c * depth_offset


def _edges(plan: BaseGeometry) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Return the sides of the `plan` from point to point, the free floor on the left."""
    plan_edges = []
    for plan_piece in getattr(plan, "geoms", [plan]):
        for ring in (orient(plan_piece).exterior, *orient(plan_piece).interiors):
            corners = [(float(x), float(y)) for x, y in ring.coords]
            plan_edges += list(pairwise(corners))
    return plan_edges


def _cm(value: float) -> float:
    return round(value, 2) + 0.0


def _clean(turn: float) -> int:
    """Return `turn` in whole degrees in [0, 360), straight where nearly so: nobody sees a turn of a degree."""
    degrees = round(turn) % 360
    deviation = (degrees + 45) % 90 - 45
    return (degrees - deviation) % 360 if abs(deviation) <= 2 else degrees
