"""Composing crowded canvases: a query, then shapes of which it has a wanted answer."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..core import Task
from ..language.enumeration import Enumeration
from ..language.execute import Result, ambiguity_of, execute
from ..language.query import Call, Language, Literal, Query, walk
from ..rng import SeededRng
from .relations import Body, Crowd

CANVAS = 224
PALETTE: Mapping[str, str] = {
    "red": "#e6194b", "green": "#2e9e3f", "blue": "#2a52d8", "yellow": "#ffe119", "orange": "#ff8c1a",
    "purple": "#8a2bb0", "pink": "#ffa6d2", "black": "#202020",
}  # fmt: skip
LETTERS = ("A", "B", "C", "D", "E", "F")
EXTENTS: Mapping[str, tuple[int, int]] = {"small": (16, 26), "large": (44, 64)}
HOST_EXTENTS = (70, 86)
"""Of what others are to be nested in."""
OBJECTS: Mapping[int, tuple[int, int]] = {1: (3, 4), 2: (5, 6), 3: (7, 9), 4: (10, 12), 5: (13, 16)}
DEPTHS: Mapping[int, int] = {1: 4, 2: 4, 3: 5, 4: 5, 5: 6}
"""Of compositions, by difficulty."""
GAP = 3.0
"""Between circles around shapes that stand apart, and between nested outlines, px."""
CLEARANCE = 0.05
"""Sampled items keep this much, px or degrees, clear of a threshold, which read scenes meet only up to rounding."""
TRIES = 300
PROBES, GLANCES = 40, 6
"""Scenes on which a composition is tried to see which answers it can have; one that has none on the first few is
given up."""
NEST, OVERLAP, LETTER = 0.2, 0.2, 0.3
"""Chances of a shape that nothing is wanted of."""
LETTER_ROOM = 9.0
"""Least radius, px, of the circle in a shape that a letter is written in."""


def _regular(corners: int, inner: float = 0.0) -> tuple[tuple[float, float], ...]:
    """Corners on the unit circle from the top, or, with an inner radius, those of a star."""
    count = 2 * corners if inner else corners
    return tuple(
        (radius * math.sin(math.tau * i / count), -radius * math.cos(math.tau * i / count))
        for i, radius in ((i, inner if inner and i % 2 else 1.0) for i in range(count))
    )


UNITS: Mapping[str, tuple[tuple[float, float], ...]] = {
    "circle": (), "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)), "triangle": _regular(3),
    "rectangle": ((-1, -0.5), (1, -0.5), (1, 0.5), (-1, 0.5)), "pentagon": _regular(5), "hexagon": _regular(6),
    "star": _regular(5, 0.45),
}  # fmt: skip
"""Corners about the centre; a circle has none."""


def _measures(corners: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Extent, circumradius and inradius of a unit shape."""
    if not corners:
        return 2.0, 1.0, 1.0
    xs, ys = zip(*corners, strict=True)
    sides = zip(corners, (*corners[1:], corners[0]), strict=True)
    inner = min(abs(a[0] * b[1] - a[1] * b[0]) / math.dist(a, b) for a, b in sides)
    return max(max(xs) - min(xs), max(ys) - min(ys)), max(math.hypot(*each) for each in corners), inner


MEASURES = {shape: _measures(corners) for shape, corners in UNITS.items()}

# --- queries ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Form:
    """How the queries of one task are made.

    A template is JSON in which a name of `SYMBOLS` stands for a description or an object, and a tuple for one of its
    operators; or the type of a composition.
    """

    task: Task
    templates: tuple[Any, ...]

    @property
    def open(self) -> bool:
        """Whether its queries are compositions."""
        return isinstance(self.templates[0], str)


_C, _S, _Z, _L = "colour", "shape", "size", "label"
_PLAIN = ((), (_C,), (_S,), (_C, _S))


class Symbol(NamedTuple):
    """What a letter of a template stands for: a description, drawn from patterns, or the only object of one."""

    only: bool
    patterns: tuple[tuple[str, ...], ...]
    large: bool = False
    """Whether it is of a large object: room for others within."""


SYMBOLS: Mapping[str, Symbol] = {
    "S": Symbol(False, (*_PLAIN, (_Z, _S), (_Z, _C))),
    "D": Symbol(False, ((_C,), (_S,), (_C, _S), (_Z, _S), (_Z, _C))),
    "U": Symbol(True, ((_C, _S), (_Z, _C, _S), (_C,), (_L,), (_Z, _S), (_S,))),
    # Without a size: it can be small.
    "s": Symbol(False, _PLAIN),
    "u": Symbol(True, ((_C,), (_S,), (_C, _S))),
    "W": Symbol(True, ((_C,), (_S,), (_C, _S), (_L,))),
    "H": Symbol(True, ((), (_C,)), large=True),
    "i": Symbol(True, ((_S,), (_L,))),
    # Without a letter, which an overlap would cover.
    "V": Symbol(True, ((_C,), (_S,), (_C, _S), (_Z, _S), (_Z, _C, _S))),
    # Without a colour, without a shape.
    "Sc": Symbol(False, ((), (_S,), (_Z,))),
    "Ss": Symbol(False, ((), (_C,), (_Z,))),
    "Uc": Symbol(True, ((_L,), (_S,), (_Z, _S))),
    "Us": Symbol(True, ((_L,), (_C,), (_Z, _C))),
    "T": Symbol(False, ((_C, _S), (_Z, _S), (_Z, _C))),
    "C": Symbol(False, ((_C,), (_Z, _C))),
    "P": Symbol(False, ((_S,),)),
}
_SAME_PATTERN = ("more", "fewer", "same", "difference", "together")
_HOSTS = {"inside": "inside", "overlapping": "overlap", "within": "inside", "overlaps": "overlap",
          "in_front": "overlap"}  # fmt: skip


def drawn_query(programs: Enumeration, rng: SeededRng, form: Form, difficulty: int) -> Call:
    """A query of the form; its words are drawn before any scene, so they tell nothing of the answer."""
    while True:
        template = rng.choice(form.templates)
        drawn = (
            programs.draw(rng, DEPTHS[difficulty], template)
            if form.open
            else _filled(programs.language, rng, template, None)
        )
        if isinstance(drawn, Call) and programs.language.rejection_of(drawn) is None:
            return drawn


def _filled(language: Language, rng: SeededRng, template: Any, pattern: tuple[str, ...] | None) -> Query:
    if isinstance(template, str):
        symbol = SYMBOLS[template]
        words = language.literals["select"].draw(pattern or rng.choice(symbol.patterns), rng)
        literal = language.literal("select", *(("large", *words) if symbol.large else words))
        return language.call("unique", literal) if symbol.only else literal
    op, *rest = template
    op = rng.choice(op) if isinstance(op, tuple) else op
    # Kinds whose numbers are compared differ in words of one attribute: more red than blue, not than circles.
    shared = rng.choice(SYMBOLS[rest[0]].patterns) if op in _SAME_PATTERN else pattern
    return language.call(op, *(_filled(language, rng, each, shared) for each in rest))


# --- shapes ----------------------------------------------------------------------------------------------------


class Placed(NamedTuple):
    """A shape to be drawn."""

    body: Body
    z: float
    """Painted in this order, 0 to 1."""
    around: float
    """Radius, px, of the circle around it."""
    within: float
    """Radius of the circle that fits in it."""
    host: int | None
    """What it is nested in or overlaps, by order of placing."""

    def svg(self) -> str:
        """The elements that draw it."""
        b = self.body
        unit = MEASURES[b.shape][0]
        fill, scale = PALETTE[b.colour], b.extent / unit
        if b.shape == "circle":
            drawn = f'<circle cx="{b.x:g}" cy="{b.y:g}" r="{scale:g}" fill="{fill}"/>'
        elif b.shape in ("square", "rectangle"):
            half = (b.extent / 2, b.extent / 2 * (0.5 if b.shape == "rectangle" else 1))
            corner, sides = (b.x - half[0], b.y - half[1]), (2 * half[0], 2 * half[1])
            drawn = f'<rect x="{corner[0]:g}" y="{corner[1]:g}" width="{sides[0]:g}" height="{sides[1]:g}"'
            drawn += f' fill="{fill}"/>'
        else:
            corners = " ".join(f"{b.x + scale * x:.2f},{b.y + scale * y:.2f}" for x, y in UNITS[b.shape])
            drawn = f'<polygon points="{corners}" fill="{fill}"/>'
        if b.label:
            ink = "#ffffff" if b.colour in ("red", "green", "blue", "purple", "black") else "#000000"
            height = 1.1 * self.within
            drawn += (
                f'<text x="{b.x:g}" y="{b.y + 0.36 * height:.2f}" font-size="{height:.2f}" '
                f'text-anchor="middle" fill="{ink}">{b.label}</text>'
            )
        return drawn


def svg_program(placed: Sequence[Placed]) -> str:
    """The program that draws the shapes."""
    drawn = "".join(each.svg() for each in sorted(placed, key=lambda each: each.z))
    return f'<svg viewBox="0 0 {CANVAS} {CANVAS}">{drawn}</svg>'


class Planned(Crowd):
    """Shapes that will be drawn, in paint order."""

    def __init__(self, placed: Sequence[Placed]) -> None:
        self._placed = sorted(placed, key=lambda each: each.z)
        super().__init__([each.body for each in self._placed], CANVAS)

    def relation(self, first: int, second: int) -> str:
        """By circles around and within, which shapes are placed by."""
        a, b = self._placed[first], self._placed[second]
        away = math.hypot(a.body.x - b.body.x, a.body.y - b.body.y)
        if away >= a.around + b.around:
            return "apart"
        if away + a.around <= b.within:
            return "inside"
        return "around" if away + b.around <= a.within else "overlap"


class Plant(NamedTuple):
    """A shape that a query is about."""

    words: tuple[str, ...]
    host: int | None = None
    """What it is to be nested in or to overlap, by order of planting."""
    mode: str = "apart"
    hosts: bool = False
    """Whether others are to be nested in it."""


class _Placing:
    """Shapes that are placed one after another."""

    def __init__(self, rng: SeededRng, language: Language, avoid: Sequence[tuple[str, ...]], crowded: bool) -> None:
        self.rng, self.avoid = rng, avoid
        self.vocabulary = {name: tuple(language.literals["select"].vocabulary[name]) for name in  # type: ignore[attr-defined]
                           ("size", "colour", "shape", "label")}  # fmt: skip
        self.placed: list[Placed] = []
        self.letters = list(self.vocabulary["label"])
        self.small_chance = 0.75 if crowded else 0.5

    def look(self, words: Sequence[str], planted: bool, size: str | None) -> dict[str, str] | None:
        """Attributes that the words are true of; a filler fits no description of an only object."""
        for _ in range(30):
            chosen = {name: self.rng.choice(self.vocabulary[name]) for name in ("colour", "shape")}
            chosen["size"] = size or ("small" if self.rng.uniform() < self.small_chance else "large")
            chosen["label"] = ""
            for word in words:
                chosen |= {name: word for name, allowed in self.vocabulary.items() if word in allowed}
            if chosen["label"] and size is None and not {"small", "large"} & set(words):
                chosen["size"] = "large"  # most small shapes have no room for a letter
            if chosen["label"] and chosen["label"] not in self.letters:
                return None
            if not chosen["label"] and self.letters and self.rng.uniform() < LETTER:
                chosen["label"] = self.rng.choice(self.letters)
            own = set(chosen.values())
            if planted or not any(own >= set(each) for each in self.avoid):
                return chosen
        return None

    def add(self, plant: Plant, planted: bool) -> bool:
        """Place one more shape; False where there is no room."""
        mode, host = plant.mode, plant.host
        if not planted and self.placed and (chance := self.rng.uniform()) < NEST + OVERLAP:
            mode, host = ("inside" if chance < NEST else "overlap"), self.rng.integer(0, len(self.placed) - 1)
        if host is not None and host >= len(self.placed):
            return False
        look = self.look(plant.words, planted, "small" if mode == "inside" else None)
        # What lies on its own colour is not seen.
        if look is not None and host is not None and look["colour"] == self.placed[host].body.colour:
            return False
        if look is None or (mode == "inside" and look["size"] != "small"):
            return False
        if mode == "overlap" and host is not None and (look["label"] or self.placed[host].body.label):
            return False
        extent = self.rng.integer(*(HOST_EXTENTS if plant.hosts else EXTENTS[look["size"]]))
        unit, around, within = MEASURES[look["shape"]]
        radii = around * extent / unit, within * extent / unit
        if look["label"] and radii[1] < LETTER_ROOM:
            if look["label"] in plant.words:
                return False
            look["label"] = ""
        for _ in range(20):
            spot = self.spot(mode, None if host is None else self.placed[host], *radii)
            if spot is None:
                return False
            x, y, z = spot
            if self.free(x, y, radii[0], host):
                body = Body(look["colour"], look["shape"], look["size"], look["label"], x, y, extent)
                self.placed.append(Placed(body, z, *radii, host))
                if look["label"]:
                    self.letters.remove(look["label"])
                return True
        return False

    def spot(self, mode: str, host: Placed | None, around: float, within: float) -> tuple[float, float, float] | None:
        """A place and a paint order for a shape of these radii."""
        z = self.rng.uniform()
        if mode == "apart" or host is None:
            low = math.ceil(around) + 1
            return self.rng.integer(low, CANVAS - low), self.rng.integer(low, CANVAS - low), z
        turn = self.rng.uniform(0, math.tau)
        if mode == "inside":
            room = host.within - around - GAP
            away, z = self.rng.uniform(0, max(0.0, room)), self.rng.uniform(host.z, 1)
            if room < 0 or host.body.label:
                return None
        else:
            big, small = max(host.within, within), min(host.within, within)
            away = big + self.rng.uniform(0.4, 0.75) * small
        x, y = round(host.body.x + away * math.cos(turn), 1), round(host.body.y + away * math.sin(turn), 1)
        return x, y, z

    def free(self, x: float, y: float, around: float, host: int | None) -> bool:
        """Whether a shape there stays on the canvas and apart from all but its host, which has no host itself."""
        if not (around + 1 <= x <= CANVAS - around - 1 and around + 1 <= y <= CANVAS - around - 1):
            return False
        if host is not None and self.placed[host].host is not None:
            return False
        return all(
            number == host or math.hypot(x - o.body.x, y - o.body.y) >= around + o.around + GAP
            for number, o in enumerate(self.placed)
        )


# --- scenes ----------------------------------------------------------------------------------------------------


def _plants(query: Query, rng: SeededRng, wanted: str | None) -> list[Plant]:
    """The shapes that a query is about, hosts before their guests; one carries the letter that is wanted."""
    plants: list[Plant] = []
    first: dict[int, int] = {}
    hosts = {id(call.args[0]): (call.args[1], _HOSTS[call.op]) for call in walk(query)
             if isinstance(call, Call) and call.op in _HOSTS}  # fmt: skip
    holders = {id(anchor) for anchor, mode in hosts.values() if mode == "inside"}
    chosen_from = {id(call.args[0]) for call in walk(query) if isinstance(call, Call) and call.output == "Object"}
    only = {id(call.args[0]) for call in walk(query) if isinstance(call, Call) and call.op == "unique"}

    def plant(part: Query) -> None:
        anchor = hosts.get(id(part))
        if anchor is not None:
            plant(anchor[0])
        host = None if anchor is None else first.get(id(_described(anchor[0])))
        literal = _described(part)
        if literal is None or id(literal) in first:
            return
        first[id(literal)] = len(plants)
        hosting = id(part) in holders
        for _ in range(1 if id(literal) in only else rng.integer(1 if id(literal) in chosen_from else 0, 3)):
            meets = host is not None and rng.uniform() < 0.7
            plants.append(
                Plant(literal.words, host if meets else None, anchor[1] if meets and anchor else "apart", hosting)
            )

    for call in walk(query):
        plant(call)
    if isinstance(query.args[0], Call) and query.args[0].op == "container":  # type: ignore[union-attr]
        # What is asked of is around what is described: a host of no description comes first.
        plants = [
            Plant(("large",), hosts=True),
            *(each._replace(host=0, mode="inside") for each in plants[:1]),
            *plants[1:],
        ]
    elif query.op == "label" and plants and wanted and not set(plants[0].words) & set(LETTERS):
        plants[0] = plants[0]._replace(words=(*plants[0].words, wanted))
    return plants


def _described(query: Query) -> Literal | None:
    """The leaf of a description or of its only object."""
    if isinstance(query, Literal):
        return query
    return query.args[0] if query.op == "unique" and isinstance(query.args[0], Literal) else None


def _scenes(
    rng: SeededRng, language: Language, query: Call, objects: tuple[int, int], wanted: str | None = None
) -> Iterator[list[Placed] | None]:
    """Scenes with what the query is about, without end; None for one that found no room."""
    avoid = [call.args[0].words for call in walk(query)
             if isinstance(call, Call) and call.op == "unique" and isinstance(call.args[0], Literal)]  # fmt: skip
    while True:
        count = rng.integer(*objects)
        placing = _Placing(rng, language, avoid, crowded=count > 9)
        plants = _plants(query, rng, wanted)[:count]
        tries = 6 * count if all(placing.add(each, True) for each in plants) else 0
        while len(placing.placed) < count and tries:
            placing.add(Plant(()), False)
            tries -= 1
        yield placing.placed if len(placing.placed) == count else None


def _mirrored(
    rng: SeededRng, language: Language, query: Call, objects: tuple[int, int], wanted: str | None
) -> Iterator[list[Placed] | None]:
    """Scenes in which what the query selects is nearly or wholly its own mirror image."""
    words = query.args[0].words  # type: ignore[union-attr]
    for placed in _scenes(rng, language, query, objects, wanted):
        yield None if placed is None else _doubled(rng, placed, words, objects)


def _doubled(
    rng: SeededRng, placed: Sequence[Placed], words: Sequence[str], objects: tuple[int, int]
) -> list[Placed] | None:
    """A few of the described shapes with their mirror images, or nearly so, and the others where there is room."""
    loose = [each for each in placed if each.host is None]
    half = [each for each in loose if each.body.described_by(words) and each.body.x + each.around < CANVAS / 2 - GAP]
    if not half:
        return None
    spoil = rng.integer(0, 1) * rng.integer(20, 48)
    twins = [_twin(each, 0 if number else spoil, rng) for number, each in enumerate(half[:3])]
    whole, (low, high) = [*half[:3], *twins], objects
    for each in loose:
        if not each.body.described_by(words) and len(whole) < high and _apart(each, whole):
            whole.append(each)
    well_apart = all(_apart(each, whole[:number]) for number, each in enumerate(whole))
    return whole if low <= len(whole) and well_apart else None


def _twin(placed: Placed, off: int, rng: SeededRng) -> Placed:
    """Its mirror image, so many px up or down."""
    b = placed.body
    y = b.y + off if b.y < CANVAS / 2 else b.y - off
    body = Body(b.colour, b.shape, b.size, "", CANVAS - b.x, y, b.extent)
    return placed._replace(body=body, z=rng.uniform())


def _apart(placed: Placed, others: Sequence[Placed]) -> bool:
    x, y = placed.body.x, placed.body.y
    return all(math.hypot(x - o.body.x, y - o.body.y) >= placed.around + o.around + GAP for o in others)


def arranged(
    rng: SeededRng,
    language: Language,
    query: Call,
    wanted: str | None,
    difficulty: int,
    thresholds: Mapping[str, float],
) -> list[Placed] | None:
    """Shapes of which the query has the wanted answer with a clear margin; None where they are not found."""
    clearer = {unit: least + CLEARANCE for unit, least in thresholds.items()}
    make = _mirrored if query.op == "symmetric" else _scenes
    for _, placed in zip(range(TRIES), make(rng, language, query, OBJECTS[difficulty], wanted), strict=False):
        if _answer(language, query, placed, clearer) == wanted:
            return placed
    return None


def reachable(
    rng: SeededRng, language: Language, query: Call, difficulty: int, thresholds: Mapping[str, float]
) -> list[str]:
    """The answers that the query was seen to have on some scenes, sorted."""
    found: set[str] = set()
    for number, placed in zip(range(PROBES), _scenes(rng, language, query, OBJECTS[difficulty]), strict=False):
        if number == GLANCES and not found:
            break
        if (answer := _answer(language, query, placed, thresholds)) is not None:
            found.add(answer)
    return sorted(found)


def _answer(
    language: Language, query: Call, placed: Sequence[Placed] | None, thresholds: Mapping[str, float]
) -> str | None:
    if placed is None:
        return None
    result = execute(language, query, Planned(placed), thresholds)
    if not isinstance(result, Result) or ambiguity_of(result, thresholds) is not None:
        return None
    return ("no", "yes")[result.value] if isinstance(result.value, bool) else str(result.value)
