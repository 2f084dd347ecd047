"""Plain shapes on a small canvas: the first world that the triad evolves in.

Task:
    A picture of 1 to 8 filled shapes on a white 64 x 64 canvas; a question about their number, presence,
    attributes, places or distances. Drawn by SVG programs.

Item fields:
    Coordinates in px of the 64 x 64 canvas, x right, y down. An object's place is the centroid of its visible
    region; its extent is the longer side of that region's box.

Answer:
    A number word or digit (0 to 3 in sampled items), yes or no, or one word (colour, shape, size, left, right,
    above, below). No tolerance.

Scoring:
    1 or 0, by `envs.answers`.

Difficulty knobs:
    The number of objects: 2 or 3 (difficulty 1), 4 (difficulty 2), 5 or 6 (difficulty 3).

Degenerate cases excluded:
    Hidden, cropped or touching shapes, strokes, colours away from the palette, sizes between small and large,
    shapes other than circle, square, triangle; any comparison closer than `MIN_MARGIN`.

State space:
    More than 10**20 scenes of six objects (6 colours x 3 shapes x 4 radii x up to 15 * 15 places each); 23 operators
    compose to about 10**6 queries of depth 4.

Source:
    Questions after CLEVR (Johnson et al. 2017, section 3, https://arxiv.org/abs/1612.06890); no code taken.

History:
    v1: first version.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from ...geometry import FlatObject, FlatScene
from ...render import Rejected
from ..core import Task
from ..drawn import DrawnEnvironment
from ..language.execute import Result, execute
from ..language.grammar import Grammar
from ..language.literals import Description, Vocabulary
from ..language.query import Call, Language, Literal, Query, dump, skeleton
from ..registry import register
from ..rng import SeededRng
from .operators import OPERATORS, Thing, answer_leak, constant_answer, duplicate_argument, noun, self_comparison

# --- constants ---------------------------------------------------------------------------------------------

ENV_ID = "shapes/Canvas-v1"
CANVAS = 64
PALETTE: Mapping[str, str] = {
    "red": "#ff0000",
    "green": "#008000",
    "blue": "#0000ff",
    "yellow": "#ffff00",
    "black": "#000000",
    "purple": "#800080",
}
"""CSS names with their values, so that a program may use either."""
SHAPES = ("circle", "square", "triangle")
SIZES = ("small", "large")
VOCABULARY = Vocabulary(size=SIZES, colour=tuple(PALETTE), shape=SHAPES)
DESCRIPTION = Description(VOCABULARY)
LANGUAGE = Language(
    literals={"select": DESCRIPTION},
    operators=OPERATORS,
    answers=frozenset(("Number", "Bool", "Colour", "Shape", "Size", "Side", "Level")),
    checks=(duplicate_argument, constant_answer, self_comparison, answer_leak),
    aliases={"Set>Object": "use unique to make a Set an Object"},
)
GUIDE = """You draw pictures as SVG programs. Reply with one <svg viewBox="0 0 64 64"> element and nothing else.
Use circle, rect and polygon elements with a fill and no stroke, on the white canvas, apart from each other and
inside the canvas. Small shapes are 8 to 10 wide, large ones 16 to 18. Draw exactly what is asked for."""
GRAMMAR = Grammar(LANGUAGE, partial(noun, shapes=SHAPES), max_questions=2, max_phrases=1)
"""Two questions of each form and one name for each thing: what the embedded model was warmed up on."""
RADII: Mapping[str, tuple[int, ...]] = {"small": (4, 5), "large": (8, 9)}
OBJECTS: Mapping[int, tuple[int, int]] = {1: (2, 3), 2: (4, 4), 3: (5, 6)}

LATTICE = 4
"""Sampled shapes have their centres at multiples of this, px; drawn ones may be anywhere."""
MAX_OBJECTS = 8
MIN_MARGIN = 4.0
"""Comparisons closer than this, in px, are ambiguous."""
THRESHOLDS = {"px": MIN_MARGIN}
SAMPLE_MARGIN = MIN_MARGIN + 0.01
"""Sampled items keep clear of the threshold, which the resolved scene meets only up to rounding."""
MIN_GAP = 1.0
"""Shapes nearer to each other than this, in px, touch."""
MIN_VISIBLE = 0.98
MAX_COLOUR_DISTANCE = 48.0
"""Euclidean distance in 8-bit RGB up to which a fill counts as a palette colour; the nearest two are 128 apart."""
SMALL_EXTENT = (7.0, 11.0)
LARGE_EXTENT = (15.0, 20.0)
MIN_KIND_MARGIN = 0.02
SAMPLE_TRIES = 4_000

COUNTS = ("0", "1", "2", "3")
COLOURS = tuple(PALETTE)
YES_NO = ("no", "yes")

# --- config: the question forms ----------------------------------------------------------------------------

_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "Bool": YES_NO,
    "Colour": COLOURS,
    "Shape": SHAPES,
    "Size": SIZES,
    "Side": ("left", "right"),
    "Level": ("above", "below"),
}
_EXTREMES = ("leftmost", "rightmost", "topmost", "bottommost")
_SIDES = ("left_of", "right_of", "above", "below")
_C, _S, _Z = "colour", "shape", "size"


@dataclass(frozen=True, slots=True)
class Form:
    """How the queries of one task are made: an outer operator, an inner one, and what each set may be described by."""

    task: Task
    outer: tuple[str, ...]
    inner: tuple[str, ...]
    """Operators under the outer one; `select` for none."""
    described: tuple[tuple[str, ...], ...]
    """Attribute patterns of the set asked about."""
    anchored: tuple[tuple[str, ...], ...] = ()
    """Attribute patterns of the second set or object, where the form has one."""


def _form(name: str, kind: str, options: tuple[str, ...], *parts: Any, about: str) -> Form:
    return Form(Task(name, kind, options, about), *parts)


FORMS: Mapping[str, Form] = {
    form.task.name: form
    for form in (
        _form("count", "number", COUNTS, ("count",), ("select",), ((_C,), (_S,), (_C, _S), (_Z, _S)),
              about="how many objects fit a description"),
        _form("exists", "yesno", YES_NO, ("exists",), ("select",), ((_C, _S), (_Z, _S), (_Z, _C)),
              about="whether an object fits a description"),
        _form("colour", "word", COLOURS, ("colour",), ("unique",), ((_S,), (_Z, _S)),
              about="the colour of the only object that fits"),
        _form("shape", "word", SHAPES, ("shape",), ("unique",), ((_C,), (_Z, _C)),
              about="the shape of the only object that fits"),
        _form("size", "word", SIZES, ("size",), ("unique",), ((_C,), (_S,), (_C, _S)),
              about="the size of the only object that fits"),
        _form("side", "word", ("left", "right"), ("side",), ("unique",), ((_C, _S), (_C,)), ((_C, _S), (_C,)),
              about="whether one object is left or right of another"),
        _form("level", "word", ("above", "below"), ("level",), ("unique",), ((_C, _S), (_C,)), ((_C, _S), (_C,)),
              about="whether one object is above or below another"),
        _form("extreme_colour", "word", COLOURS, ("colour",), _EXTREMES, ((), (_S,)),
              about="the colour of the outermost object"),
        _form("extreme_shape", "word", SHAPES, ("shape",), _EXTREMES, ((), (_C,)),
              about="the shape of the outermost object"),
        _form("extreme_size", "word", SIZES, ("size",), _EXTREMES, ((), (_S,)),
              about="the size of the outermost object"),
        _form("largest", "word", COLOURS, ("colour",), ("largest", "smallest"), ((), (_S,)),
              about="the colour of the largest or smallest object"),
        _form("nearest", "word", COLOURS, ("colour",), ("nearest", "farthest"), ((), (_S,)), ((_S,), (_Z, _S)),
              about="the colour of the object nearest to or farthest from another"),
        _form("count_beside", "number", COUNTS[:3], ("count",), _SIDES, ((), (_S,)), ((_C, _S), (_C,)),
              about="how many objects lie on one side of another"),
        _form("exists_beside", "yesno", YES_NO, ("exists",), _SIDES, ((_S,), (_C,)), ((_C, _S), (_C,)),
              about="whether an object lies on one side of another"),
        _form("compare", "yesno", YES_NO, ("more", "fewer", "same"), ("select",), ((_C,), (_S,)), ((_C,), (_S,)),
              about="which of two descriptions fits more objects"),
    )
}  # fmt: skip

# --- data: from a scene to the things that questions are about -----------------------------------------------


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


_PALETTE_RGB = {name: _rgb(value) for name, value in PALETTE.items()}


def _colour_word(fill: str) -> str | None:
    distance, name = min((math.dist(_rgb(fill), rgb), name) for name, rgb in _PALETTE_RGB.items())
    return name if distance <= MAX_COLOUR_DISTANCE else None


def _size_word(extent: float) -> str | None:
    ranges = {"small": SMALL_EXTENT, "large": LARGE_EXTENT}
    return next((word for word, (low, high) in ranges.items() if low <= extent <= high), None)


def _thing(obj: FlatObject) -> Thing | Rejected:
    """The object in words, or why it cannot be named."""
    name = f"object {obj.index + 1}"
    colour = _colour_word(obj.fill or "")
    if colour is None:
        return Rejected("colour", f"{name} is {obj.fill}, near no named colour", f"use {', '.join(PALETTE)}")
    if obj.kind not in SHAPES or obj.kind_margin < MIN_KIND_MARGIN:
        return Rejected("shape", f"{name} is a {obj.kind}", f"draw {', '.join(SHAPES)}")
    if obj.visible_share < MIN_VISIBLE:
        return Rejected(
            "hidden", f"{name} shows only {obj.visible_share:.0%} of itself", "keep shapes apart and inside"
        )
    left, top, right, bottom = obj.bounds
    extent = max(right - left, bottom - top)
    size = _size_word(extent)
    if size is None:
        return Rejected("size", f"{name} is {extent:g} px wide, neither small nor large", "use 8 to 10 or 16 to 18 px")
    return Thing(colour, obj.kind, size, *obj.centroid, extent)


def parse_scene(scene: FlatScene) -> tuple[Thing, ...] | Rejected:
    """The scene's objects as things, in paint order, or why the picture is not clear."""
    if (scene.width, scene.height) != (CANVAS, CANVAS):
        return Rejected(
            "canvas", f"the canvas is {scene.width:g} x {scene.height:g}", 'begin with <svg viewBox="0 0 64 64">'
        )
    if scene.background != "#ffffff":
        return Rejected("background", f"the background is {scene.background}", "leave the background white")
    if not 1 <= len(scene.objects) <= MAX_OBJECTS:
        return Rejected("objects", f"the drawing has {len(scene.objects)} objects", f"draw 1 to {MAX_OBJECTS}")
    for obj in scene.objects:
        # For letters and gradients this world has no words.
        if obj.text is not None or obj.gradient is not None:
            what = "text" if obj.gradient is None else "filled with a gradient, which is no one colour"
            return Rejected("fill", f"object {obj.index + 1} is {what}", "draw shapes of one colour each")
    outlined = next((obj.index + 1 for obj in scene.objects if obj.fill is None or obj.stroke is not None), None)
    if outlined is not None:
        return Rejected("stroke", f"object {outlined} is or has an outline", "fill the shapes and leave strokes out")
    things = []
    for obj in scene.objects:
        thing = _thing(obj)
        if isinstance(thing, Rejected):
            return thing
        things.append(thing)
    return _touching(scene.objects) or tuple(things)


def _touching(objects: Sequence[FlatObject]) -> Rejected | None:
    for i, first in enumerate(objects):
        for second in objects[:i]:
            a, b = first.bounds, second.bounds
            apart = max(a[0] - b[2], b[0] - a[2], a[1] - b[3], b[1] - a[3])
            if apart < MIN_GAP and first.outline.distance(second.outline) < MIN_GAP:
                return Rejected(
                    "touching", f"objects {second.index + 1} and {first.index + 1} touch", "keep shapes apart"
                )
    return None


# --- generate ----------------------------------------------------------------------------------------------


class Placed(NamedTuple):
    """A shape to be drawn: centre of its box and half its width, px."""

    x: int
    y: int
    radius: int
    colour: str
    shape: str
    size: str

    @property
    def thing(self) -> Thing:
        """What will be seen of it; a triangle's centroid lies a third below the middle of its box."""
        y = self.y + (self.radius / 3 if self.shape == "triangle" else 0)
        return Thing(self.colour, self.shape, self.size, self.x, y, 2 * self.radius)

    @property
    def svg(self) -> str:
        """The element that draws it."""
        x, y, r = self.x, self.y, self.radius
        if self.shape == "circle":
            return f'<circle cx="{x}" cy="{y}" r="{r}" fill="{self.colour}"/>'
        if self.shape == "square":
            return f'<rect x="{x - r}" y="{y - r}" width="{2 * r}" height="{2 * r}" fill="{self.colour}"/>'
        return f'<polygon points="{x},{y - r} {x - r},{y + r} {x + r},{y + r}" fill="{self.colour}"/>'


def svg_program(placed: Sequence[Placed]) -> str:
    """The program that draws the shapes, first one at the bottom."""
    return f'<svg viewBox="0 0 {CANVAS} {CANVAS}">{"".join(shape.svg for shape in placed)}</svg>'


def _place(rng: SeededRng, wanted: Sequence[tuple[str, ...]], count: int) -> list[Placed] | None:
    """`count` shapes that do not touch, the first ones of the wanted descriptions; None where they do not fit."""
    placed: list[Placed] = []
    for position in range(count):
        words = wanted[position] if position < len(wanted) else ()
        look = {name: VOCABULARY[name] for name in (_C, _S, _Z)}
        look |= {name: (word,) for word in words if (name := VOCABULARY.attribute(word))}
        colour, shape, size = (rng.choice(look[name]) for name in (_C, _S, _Z))
        radius = rng.choice(RADII[size])
        low = radius // LATTICE + 1
        for _ in range(20):
            x, y = (LATTICE * rng.integer(low, CANVAS // LATTICE - low) for _ in range(2))
            if all(max(abs(x - o.x), abs(y - o.y)) >= radius + o.radius + 2 for o in placed):
                placed.append(Placed(x, y, radius, colour, shape, size))
                break
        else:
            return None
    return placed


def _words(rng: SeededRng, pattern: Sequence[str]) -> Literal:
    chosen = {name: rng.choice(VOCABULARY[name]) for name in pattern}
    return LANGUAGE.literal("select", *(chosen[name] for name in VOCABULARY if name in chosen))


def _draw_query(rng: SeededRng, form: Form) -> Call:
    """A query of the form; the words are drawn before any scene, so they tell nothing of the answer."""
    outer, inner = rng.choice(form.outer), rng.choice(form.inner)
    while True:
        first = _words(rng, pattern := rng.choice(form.described))
        # Counts are compared within one attribute: more red than blue, more circles than squares.
        anchor = _words(rng, pattern if outer in ("more", "fewer", "same") else rng.choice(form.anchored or ((),)))
        if inner == "select":
            query = LANGUAGE.call(outer, *((first, anchor) if form.anchored else (first,)))
        elif inner == "unique":
            sets = (first, anchor) if form.anchored else (first,)
            query = LANGUAGE.call(outer, *(LANGUAGE.call("unique", each) for each in sets))
        else:
            others = (LANGUAGE.call("unique", anchor),) if form.anchored else ()
            query = LANGUAGE.call(outer, LANGUAGE.call(inner, first, *others))
        if LANGUAGE.rejection_of(query) is None:
            return query


def _literals(query: Query, parent: str = "") -> list[tuple[Literal, str]]:
    if isinstance(query, Literal):
        return [(query, parent)]
    return [literal for argument in query.args for literal in _literals(argument, query.op)]


def _compose(rng: SeededRng, query: Call, wanted: str, objects: tuple[int, int]) -> list[Placed]:
    """Shapes of which the query has the wanted answer with a clear margin."""
    literals = _literals(query)
    for _ in range(SAMPLE_TRIES):
        count = rng.integer(*objects)
        planted = [literal.words for literal, op in literals for _ in range(1 if op == "unique" else rng.integer(0, 3))]
        placed = _place(rng, rng.shuffled(planted)[:count], count)
        if placed is None:
            continue
        things = [shape.thing for shape in placed]
        result = execute(LANGUAGE, query, things, THRESHOLDS)
        if isinstance(result, Result) and result.margin >= SAMPLE_MARGIN and _word(result.value) == wanted:
            if all(_chooses(literal, op, things) for literal, op in literals):
                return rng.shuffled(placed)
    raise RuntimeError(f"no scene of {objects} objects gives {wanted!r} to {dump(query)}")


def _chooses(literal: Literal, op: str, things: Sequence[Thing]) -> bool:
    """An extreme of one object is no choice; sampled questions have at least two to choose from."""
    superlative = op in (*_EXTREMES, "largest", "smallest", "nearest", "farthest")
    return not superlative or sum(thing.described_by(literal.words) for thing in things) >= 2


def _word(value: object) -> str:
    return YES_NO[value] if isinstance(value, bool) else str(value)


# --- oracle and contract -------------------------------------------------------------------------------------


class Canvas(DrawnEnvironment):  # noqa: D101 - the module's docstring is the environment's
    __doc__ = __doc__

    id = ENV_ID
    tasks: Mapping[str, Task] = {name: form.task for name, form in FORMS.items()}
    difficulties = tuple(OBJECTS)
    words = VOCABULARY.words
    example = '["colour", ["leftmost", ["select", "circle"]]]'
    guide = GUIDE
    size = CANVAS
    language = LANGUAGE
    grammar = GRAMMAR
    thresholds = THRESHOLDS
    largest_margin = float(CANVAS)
    description = DESCRIPTION
    objects = OBJECTS
    max_objects = MAX_OBJECTS

    def __init__(self) -> None:
        self.forms = {
            skeleton(_draw_query(SeededRng((name, n)), form)): name for name, form in FORMS.items() for n in range(40)
        }

    def query(self, rng: SeededRng, task: str) -> Call:
        """A query of the task's form."""
        return _draw_query(rng, FORMS[task])

    def compose(self, rng: SeededRng, query: Call, target_answer: str | None, difficulty: int) -> str:
        """Shapes on the lattice, drawn until the query has the wanted answer."""
        return svg_program(_compose(rng, query, str(target_answer), OBJECTS[difficulty]))

    def parse_scene(self, scene: FlatScene) -> tuple[Thing, ...] | Rejected:
        """The things that are drawn."""
        return parse_scene(scene)

    def answer_options(self, query: Call) -> tuple[str, ...]:
        """By type; counts are open."""
        return _OPTIONS.get(query.output, ())


register(ENV_ID, Canvas)
