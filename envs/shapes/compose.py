"""Composing crowded canvases: a query, then shapes of which it has a target answer.

Begin at `drawn_query` and `arranged`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..core import Task
from ..language.enumeration import Enumeration
from ..language.execute import Result, ambiguity_of, execute
from ..language.query import Call, Language, Literal, Query, walk
from ..rng import SeededRng
from .drawing import CANVAS, MEASURES, ComposedShape, Planned
from .relations import Body

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


# --- queries ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CompositionTemplate:
    """A task and the templates of its queries.

    A template is JSON in which a name of `SYMBOLS` stands for a description or an object, and a tuple for one of its
    operators; or the type of a composition.
    """

    task: Task
    templates: tuple[Any, ...]

    @property
    def open(self) -> bool:
        """Tell whether its queries are compositions."""
        return isinstance(self.templates[0], str)


_C, _S, _Z, _L = "colour", "shape", "size", "label"
_PLAIN = ((), (_C,), (_S,), (_C, _S))


class Symbol(NamedTuple):
    """A letter of a template: a description, drawn from patterns, or the only object of one."""

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


def drawn_query(programs: Enumeration, rng: SeededRng, form: CompositionTemplate, difficulty: int) -> Call:
    """Draw a query of the template `form`; its words are drawn before any scene, so they tell nothing of the answer."""
    for _ in range(TRIES):
        template = rng.choice(form.templates)
        query = (
            programs.draw(rng, DEPTHS[difficulty], template)
            if form.open
            else _filled(programs.language, rng, template, None)
        )
        if isinstance(query, Call) and programs.language.rejection_of(query) is None:
            return query
    raise RuntimeError(f"none of {TRIES} queries of {form.task.name} is accepted")


def _filled(language: Language, rng: SeededRng, template: Any, pattern: tuple[str, ...] | None) -> Query:
    if isinstance(template, str):
        symbol = SYMBOLS[template]
        words = language.literals["select"].draw(pattern or rng.choice(symbol.patterns), rng)
        literal = language.literal("select", *(("large", *words) if symbol.large else words))
        return language.call("unique", literal) if symbol.only else literal
    op, *argument_templates = template
    op = rng.choice(op) if isinstance(op, tuple) else op
    # Kinds whose numbers are compared differ in words of one attribute: more red than blue, not than circles.
    shared_pattern = rng.choice(SYMBOLS[argument_templates[0]].patterns) if op in _SAME_PATTERN else pattern
    return language.call(
        op, *(_filled(language, rng, argument_template, shared_pattern) for argument_template in argument_templates)
    )


# --- shapes ----------------------------------------------------------------------------------------------------


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

    def __init__(
        self, rng: SeededRng, language: Language, avoided_descriptions: Sequence[tuple[str, ...]], is_crowded: bool
    ) -> None:
        self.rng, self.avoid = rng, avoided_descriptions
        self.vocabulary = {name: tuple(language.literals["select"].vocabulary[name]) for name in  # type: ignore[attr-defined]
                           ("size", "colour", "shape", "label")}  # fmt: skip
        self.placed: list[ComposedShape] = []
        self.letters = list(self.vocabulary["label"])
        self.small_chance = 0.75 if is_crowded else 0.5

    def look(self, words: Sequence[str], is_planted: bool, size: str | None) -> dict[str, str] | None:
        """Draw attributes that `words` are true of; a filler fits no description of an only object."""
        for _ in range(30):
            look = {name: self.rng.choice(self.vocabulary[name]) for name in ("colour", "shape")}
            look["size"] = size or ("small" if self.rng.uniform() < self.small_chance else "large")
            look["label"] = ""
            for word in words:
                look |= {name: word for name, attribute_words in self.vocabulary.items() if word in attribute_words}
            if look["label"] and size is None and not {"small", "large"} & set(words):
                look["size"] = "large"  # most small shapes have no room for a letter
            if look["label"] and look["label"] not in self.letters:
                return None
            if not look["label"] and self.letters and self.rng.uniform() < LETTER:
                look["label"] = self.rng.choice(self.letters)
            look_words = set(look.values())
            if is_planted or not any(look_words >= set(avoided_words) for avoided_words in self.avoid):
                return look
        return None

    def add(self, plant: Plant, is_planted: bool) -> bool:
        """Place one more shape, as `plant` says; False where there is no room."""
        mode, host = plant.mode, plant.host
        if not is_planted and self.placed and (chance := self.rng.uniform()) < NEST + OVERLAP:
            mode, host = ("inside" if chance < NEST else "overlap"), self.rng.integer(0, len(self.placed) - 1)
        if host is not None and host >= len(self.placed):
            return False
        look = self.look(plant.words, is_planted, "small" if mode == "inside" else None)
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
                self.placed.append(ComposedShape(body, z, *radii, host))
                if look["label"]:
                    self.letters.remove(look["label"])
                return True
        return False

    def spot(
        self, mode: str, host: ComposedShape | None, around: float, within: float
    ) -> tuple[float, float, float] | None:
        """Draw a place and a paint order for a shape of the radii `around` and `within`, px."""
        z = self.rng.uniform()
        if mode == "apart" or host is None:
            low = math.ceil(around) + 1
            return self.rng.integer(low, CANVAS - low), self.rng.integer(low, CANVAS - low), z
        turn = self.rng.uniform(0, math.tau)
        if mode == "inside":
            room = host.within - around - GAP
            centre_distance, z = self.rng.uniform(0, max(0.0, room)), self.rng.uniform(host.z, 1)
            if room < 0 or host.body.label:
                return None
        else:
            big, small = max(host.within, within), min(host.within, within)
            centre_distance = big + self.rng.uniform(0.4, 0.75) * small
        x, y = (
            round(host.body.x + centre_distance * math.cos(turn), 1),
            round(host.body.y + centre_distance * math.sin(turn), 1),
        )
        return x, y, z

    def free(self, x: float, y: float, around: float, host: int | None) -> bool:
        """Tell whether a shape at `x`, `y` stays on the canvas and apart from all but its host, itself without host."""
        if not (around + 1 <= x <= CANVAS - around - 1 and around + 1 <= y <= CANVAS - around - 1):
            return False
        if host is not None and self.placed[host].host is not None:
            return False
        return all(
            number == host
            or math.hypot(x - other_shape.body.x, y - other_shape.body.y) >= around + other_shape.around + GAP
            for number, other_shape in enumerate(self.placed)
        )


# --- scenes ----------------------------------------------------------------------------------------------------


def _plants(query: Query, rng: SeededRng, target_answer: str | None) -> list[Plant]:
    """List the shapes that `query` is about, hosts before their guests; one carries the letter that is wanted."""
    plants: list[Plant] = []
    first_plant_of: dict[int, int] = {}
    hosts = {id(call.args[0]): (call.args[1], _HOSTS[call.op]) for call in walk(query)
             if isinstance(call, Call) and call.op in _HOSTS}  # fmt: skip
    host_queries = {id(anchor) for anchor, mode in hosts.values() if mode == "inside"}
    choice_queries = {id(call.args[0]) for call in walk(query) if isinstance(call, Call) and call.output == "Object"}
    unique_queries = {id(call.args[0]) for call in walk(query) if isinstance(call, Call) and call.op == "unique"}

    def plant(part: Query) -> None:
        anchor = hosts.get(id(part))
        if anchor is not None:
            plant(anchor[0])
        host = None if anchor is None else first_plant_of.get(id(_described(anchor[0])))
        literal = _described(part)
        if literal is None or id(literal) in first_plant_of:
            return
        first_plant_of[id(literal)] = len(plants)
        is_host = id(part) in host_queries
        for _ in range(
            1 if id(literal) in unique_queries else rng.integer(1 if id(literal) in choice_queries else 0, 3)
        ):
            meets_host = host is not None and rng.uniform() < 0.7
            plants.append(
                Plant(
                    literal.words,
                    host if meets_host else None,
                    anchor[1] if meets_host and anchor else "apart",
                    is_host,
                )
            )

    for call in walk(query):
        plant(call)
    if isinstance(query.args[0], Call) and query.args[0].op == "container":  # type: ignore[union-attr]
        # What is asked of is around what is described: a host of no description comes first.
        plants = [
            Plant(("large",), hosts=True),
            *(planned._replace(host=0, mode="inside") for planned in plants[:1]),
            *plants[1:],
        ]
    elif query.op == "label" and plants and target_answer and not set(plants[0].words) & set(LETTERS):
        plants[0] = plants[0]._replace(words=(*plants[0].words, target_answer))
    return plants


def _described(query: Query) -> Literal | None:
    """Return the literal of a description or of its only object."""
    if isinstance(query, Literal):
        return query
    return query.args[0] if query.op == "unique" and isinstance(query.args[0], Literal) else None


def _scenes(
    rng: SeededRng, language: Language, query: Call, count_range: tuple[int, int], target_answer: str | None = None
) -> Iterator[list[ComposedShape] | None]:
    """Yield scenes with what `query` is about, without end; None for one that found no room."""
    avoided_descriptions = [call.args[0].words for call in walk(query)
             if isinstance(call, Call) and call.op == "unique" and isinstance(call.args[0], Literal)]  # fmt: skip
    while True:
        shape_count = rng.integer(*count_range)
        placing = _Placing(rng, language, avoided_descriptions, is_crowded=shape_count > 9)
        plants = _plants(query, rng, target_answer)[:shape_count]
        tries_left = 6 * shape_count if all(placing.add(planned, True) for planned in plants) else 0
        while len(placing.placed) < shape_count and tries_left:
            placing.add(Plant(()), False)
            tries_left -= 1
        yield placing.placed if len(placing.placed) == shape_count else None


def _mirrored(
    rng: SeededRng, language: Language, query: Call, count_range: tuple[int, int], target_answer: str | None
) -> Iterator[list[ComposedShape] | None]:
    """Yield scenes in which what `query` selects is nearly or wholly its own mirror image."""
    words = query.args[0].words  # type: ignore[union-attr]
    for composed_shapes in _scenes(rng, language, query, count_range, target_answer):
        yield None if composed_shapes is None else _doubled(rng, composed_shapes, words, count_range)


def _doubled(
    rng: SeededRng, composed_shapes: Sequence[ComposedShape], words: Sequence[str], count_range: tuple[int, int]
) -> list[ComposedShape] | None:
    """Return a few of the described shapes with their mirror images, or nearly so, and others where there is room."""
    unnested = [composed_shape for composed_shape in composed_shapes if composed_shape.host is None]
    left_shapes = [
        composed_shape
        for composed_shape in unnested
        if composed_shape.body.described_by(words) and composed_shape.body.x + composed_shape.around < CANVAS / 2 - GAP
    ]
    if not left_shapes:
        return None
    mirror_offset = rng.integer(0, 1) * rng.integer(20, 48)
    mirror_images = [
        _twin(composed_shape, 0 if number else mirror_offset, rng)
        for number, composed_shape in enumerate(left_shapes[:3])
    ]
    arrangement, (min_count, max_count) = [*left_shapes[:3], *mirror_images], count_range
    for composed_shape in unnested:
        if (
            not composed_shape.body.described_by(words)
            and len(arrangement) < max_count
            and _apart(composed_shape, arrangement)
        ):
            arrangement.append(composed_shape)
    well_apart = all(_apart(composed_shape, arrangement[:number]) for number, composed_shape in enumerate(arrangement))
    return arrangement if min_count <= len(arrangement) and well_apart else None


def _twin(composed_shape: ComposedShape, mirror_offset: int, rng: SeededRng) -> ComposedShape:
    """Return the mirror image of `composed_shape`, moved `mirror_offset` px up or down."""
    original_body = composed_shape.body
    y = original_body.y + mirror_offset if original_body.y < CANVAS / 2 else original_body.y - mirror_offset
    body = Body(
        original_body.colour,
        original_body.shape,
        original_body.size,
        "",
        CANVAS - original_body.x,
        y,
        original_body.extent,
    )
    return composed_shape._replace(body=body, z=rng.uniform())


def _apart(composed_shape: ComposedShape, other_shapes: Sequence[ComposedShape]) -> bool:
    x, y = composed_shape.body.x, composed_shape.body.y
    return all(
        math.hypot(x - other_shape.body.x, y - other_shape.body.y) >= composed_shape.around + other_shape.around + GAP
        for other_shape in other_shapes
    )


def arranged(
    rng: SeededRng,
    language: Language,
    query: Call,
    target_answer: str | None,
    difficulty: int,
    thresholds: Mapping[str, float],
) -> list[ComposedShape] | None:
    """Arrange shapes of which `query` has the target answer with a clear margin; None where they are not found."""
    clear_thresholds = {unit: threshold + CLEARANCE for unit, threshold in thresholds.items()}
    scene_maker = _mirrored if query.op == "symmetric" else _scenes
    for _, composed_shapes in zip(
        range(TRIES), scene_maker(rng, language, query, OBJECTS[difficulty], target_answer), strict=False
    ):
        if _answer(language, query, composed_shapes, clear_thresholds) == target_answer:
            return composed_shapes
    return None


def reachable(
    rng: SeededRng, language: Language, query: Call, difficulty: int, thresholds: Mapping[str, float]
) -> list[str]:
    """Return the answers that `query` was seen to have on some scenes, sorted."""
    answers: set[str] = set()
    for number, composed_shapes in zip(range(PROBES), _scenes(rng, language, query, OBJECTS[difficulty]), strict=False):
        if number == GLANCES and not answers:
            break
        if (answer := _answer(language, query, composed_shapes, thresholds)) is not None:
            answers.add(answer)
    return sorted(answers)


def _answer(
    language: Language, query: Call, composed_shapes: Sequence[ComposedShape] | None, thresholds: Mapping[str, float]
) -> str | None:
    if composed_shapes is None:
        return None
    result = execute(language, query, Planned(composed_shapes), thresholds)
    if not isinstance(result, Result) or ambiguity_of(result, thresholds) is not None:
        return None
    return ("no", "yes")[result.value] if isinstance(result.value, bool) else str(result.value)
