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
from typing import NamedTuple

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
SAMPLE_TRIES, QUERY_TRIES = 4_000, 1_000

COUNTS = ("0", "1", "2", "3")
COLOURS = tuple(PALETTE)
YES_NO = ("no", "yes")

# --- config: the tasks ----------------------------------------------------------------------------

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
_COUNT_COMPARISONS = ("more", "fewer", "same")


@dataclass(frozen=True, slots=True)
class CanvasTemplate:
    """A task and its queries: an outer operator, an inner one, and the attributes that describe each set."""

    task: Task
    outer: tuple[str, ...]
    inner: tuple[str, ...]
    """Operators under the outer one; `select` for none."""
    described: tuple[tuple[str, ...], ...]
    """Attribute patterns of the set asked about."""
    anchored: tuple[tuple[str, ...], ...] = ()
    """Attribute patterns of the second set or object, where the query has one."""


def _template(
    name: str,
    kind: str,
    options: tuple[str, ...],
    *,
    outer: Sequence[str],
    inner: Sequence[str] = ("select",),
    described: Sequence[str],
    anchored: Sequence[str] = (),
    about: str,
) -> CanvasTemplate:
    """Make a template; attribute patterns are written as words, `colour shape`, none of them as the empty string."""
    patterns = (tuple(tuple(pattern.split()) for pattern in side) for side in (described, anchored))
    return CanvasTemplate(Task(name, kind, options, about), tuple(outer), tuple(inner), *patterns)


TEMPLATES: Mapping[str, CanvasTemplate] = {template.task.name: template for template in (
    _template("count", "number", COUNTS, about="how many objects fit a description",
        outer=("count",), described=("colour", "shape", "colour shape", "size shape")),
    _template("exists", "yesno", YES_NO, about="whether an object fits a description",
        outer=("exists",), described=("colour shape", "size shape", "size colour")),
    _template("colour", "word", COLOURS, about="the colour of the only object that fits",
        outer=("colour",), inner=("unique",), described=("shape", "size shape")),
    _template("shape", "word", SHAPES, about="the shape of the only object that fits",
        outer=("shape",), inner=("unique",), described=("colour", "size colour")),
    _template("size", "word", SIZES, about="the size of the only object that fits",
        outer=("size",), inner=("unique",), described=("colour", "shape", "colour shape")),
    _template("side", "word", ("left", "right"), about="whether one object is left or right of another",
        outer=("side",), inner=("unique",), described=("colour shape", "colour"), anchored=("colour shape", "colour")),
    _template("level", "word", ("above", "below"), about="whether one object is above or below another",
        outer=("level",), inner=("unique",), described=("colour shape", "colour"), anchored=("colour shape", "colour")),
    _template("extreme_colour", "word", COLOURS, about="the colour of the outermost object",
        outer=("colour",), inner=_EXTREMES, described=("", "shape")),
    _template("extreme_shape", "word", SHAPES, about="the shape of the outermost object",
        outer=("shape",), inner=_EXTREMES, described=("", "colour")),
    _template("extreme_size", "word", SIZES, about="the size of the outermost object",
        outer=("size",), inner=_EXTREMES, described=("", "shape")),
    _template("largest", "word", COLOURS, about="the colour of the largest or smallest object",
        outer=("colour",), inner=("largest", "smallest"), described=("", "shape")),
    _template("nearest", "word", COLOURS, about="the colour of the object nearest to or farthest from another",
        outer=("colour",), inner=("nearest", "farthest"), described=("", "shape"), anchored=("shape", "size shape")),
    _template("count_beside", "number", COUNTS[:3], about="how many objects lie on one side of another",
        outer=("count",), inner=_SIDES, described=("", "shape"), anchored=("colour shape", "colour")),
    _template("exists_beside", "yesno", YES_NO, about="whether an object lies on one side of another",
        outer=("exists",), inner=_SIDES, described=("shape", "colour"), anchored=("colour shape", "colour")),
    _template("compare", "yesno", YES_NO, about="which of two descriptions fits more objects",
        outer=_COUNT_COMPARISONS, described=("colour", "shape"), anchored=("colour", "shape")),
)}  # fmt: skip

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


def _thing(flat_object: FlatObject) -> Thing | Rejected:
    """Return the object in words, or why it cannot be named."""
    object_name = f"object {flat_object.index + 1}"
    colour = _colour_word(flat_object.fill or "")
    if colour is None:
        return Rejected(
            "colour", f"{object_name} is {flat_object.fill}, near no named colour", f"use {', '.join(PALETTE)}"
        )
    if flat_object.kind not in SHAPES or flat_object.kind_margin < MIN_KIND_MARGIN:
        return Rejected("shape", f"{object_name} is a {flat_object.kind}", f"draw {', '.join(SHAPES)}")
    if flat_object.visible_share < MIN_VISIBLE:
        return Rejected(
            "hidden",
            f"{object_name} shows only {flat_object.visible_share:.0%} of itself",
            "keep shapes apart and inside",
        )
    left, top, right, bottom = flat_object.bounds
    extent = max(right - left, bottom - top)
    size = _size_word(extent)
    if size is None:
        return Rejected(
            "size", f"{object_name} is {extent:g} px wide, neither small nor large", "use 8 to 10 or 16 to 18 px"
        )
    return Thing(colour, flat_object.kind, size, *flat_object.centroid, extent)


def parse_scene(scene: FlatScene) -> tuple[Thing, ...] | Rejected:
    """Return the objects of `scene` as things, in paint order, or why the picture is not clear."""
    if (scene.width, scene.height) != (CANVAS, CANVAS):
        return Rejected(
            "canvas", f"the canvas is {scene.width:g} x {scene.height:g}", 'begin with <svg viewBox="0 0 64 64">'
        )
    if scene.background != "#ffffff":
        return Rejected("background", f"the background is {scene.background}", "leave the background white")
    if not 1 <= len(scene.objects) <= MAX_OBJECTS:
        return Rejected("objects", f"the drawing has {len(scene.objects)} objects", f"draw 1 to {MAX_OBJECTS}")
    for flat_object in scene.objects:
        # For letters and gradients this world has no words.
        if flat_object.text is not None or flat_object.gradient is not None:
            flaw = "text" if flat_object.gradient is None else "filled with a gradient, which is no one colour"
            return Rejected("fill", f"object {flat_object.index + 1} is {flaw}", "draw shapes of one colour each")
    outlined_number = next(
        (
            flat_object.index + 1
            for flat_object in scene.objects
            if flat_object.fill is None or flat_object.stroke is not None
        ),
        None,
    )
    if outlined_number is not None:
        return Rejected(
            "stroke", f"object {outlined_number} is or has an outline", "fill the shapes and leave strokes out"
        )
    things = []
    for flat_object in scene.objects:
        thing = _thing(flat_object)
        if isinstance(thing, Rejected):
            return thing
        things.append(thing)
    return _touching(scene.objects) or tuple(things)


def _touching(objects: Sequence[FlatObject]) -> Rejected | None:
    for i, one_object in enumerate(objects):
        for other_object in objects[:i]:
            one_bounds, other_bounds = one_object.bounds, other_object.bounds
            bounds_gap = max(
                one_bounds[0] - other_bounds[2],
                other_bounds[0] - one_bounds[2],
                one_bounds[1] - other_bounds[3],
                other_bounds[1] - one_bounds[3],
            )
            if bounds_gap < MIN_GAP and one_object.outline.distance(other_object.outline) < MIN_GAP:
                return Rejected(
                    "touching",
                    f"objects {other_object.index + 1} and {one_object.index + 1} touch",
                    "keep shapes apart",
                )
    return None


# --- generate ----------------------------------------------------------------------------------------------


class PlacedShape(NamedTuple):
    """A shape to be drawn: centre of its box and half its width, px."""

    x: int
    y: int
    radius: int
    colour: str
    shape: str
    size: str

    @property
    def thing(self) -> Thing:
        """The thing that will be seen; a triangle's centroid lies a third below the middle of its box."""
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


def svg_program(placed_shapes: Sequence[PlacedShape]) -> str:
    """Return the program that draws `placed_shapes`, the first one at the bottom."""
    return f'<svg viewBox="0 0 {CANVAS} {CANVAS}">{"".join(shape.svg for shape in placed_shapes)}</svg>'


def _place(rng: SeededRng, wanted_words: Sequence[tuple[str, ...]], shape_count: int) -> list[PlacedShape] | None:
    """Place `shape_count` shapes that do not touch, the first ones as `wanted_words` say; None if they do not fit."""
    placed_shapes: list[PlacedShape] = []
    for position in range(shape_count):
        words = wanted_words[position] if position < len(wanted_words) else ()
        allowed_words = {name: VOCABULARY[name] for name in ("colour", "shape", "size")}
        allowed_words |= {name: (word,) for word in words if (name := VOCABULARY.attribute(word))}
        colour, shape, size = (rng.choice(allowed_words[name]) for name in ("colour", "shape", "size"))
        radius = rng.choice(RADII[size])
        min_step = radius // LATTICE + 1
        for _ in range(20):
            x, y = (LATTICE * rng.integer(min_step, CANVAS // LATTICE - min_step) for _ in range(2))
            if all(
                max(abs(x - other_shape.x), abs(y - other_shape.y)) >= radius + other_shape.radius + 2
                for other_shape in placed_shapes
            ):
                placed_shapes.append(PlacedShape(x, y, radius, colour, shape, size))
                break
        else:
            return None
    return placed_shapes


def _words(rng: SeededRng, pattern: Sequence[str]) -> Literal:
    word_by_attribute = {attribute: rng.choice(VOCABULARY[attribute]) for attribute in pattern}
    return LANGUAGE.literal(
        "select", *(word_by_attribute[attribute] for attribute in VOCABULARY if attribute in word_by_attribute)
    )


def _built_query(template: CanvasTemplate, outer: str, inner: str, described: Literal, anchor: Literal) -> Call:
    """Put the descriptions into the operators; `anchor` is left out where the template has no second description."""
    descriptions = (described, anchor) if template.anchored else (described,)
    if inner == "select":
        return LANGUAGE.call(outer, *descriptions)
    if inner == "unique":
        return LANGUAGE.call(outer, *(LANGUAGE.call("unique", description) for description in descriptions))
    anchors = (LANGUAGE.call("unique", anchor),) if template.anchored else ()
    return LANGUAGE.call(outer, LANGUAGE.call(inner, described, *anchors))


def _draw_query(rng: SeededRng, template: CanvasTemplate) -> Call:
    """Draw a query of the template; its words are drawn before any scene, so they tell nothing of the answer."""
    outer, inner = rng.choice(template.outer), rng.choice(template.inner)
    for _ in range(QUERY_TRIES):
        described = _words(rng, pattern := rng.choice(template.described))
        # Counts are compared within one attribute: more red than blue, more circles than squares.
        anchor_pattern = pattern if outer in _COUNT_COMPARISONS else rng.choice(template.anchored or ((),))
        query = _built_query(template, outer, inner, described, _words(rng, anchor_pattern))
        if LANGUAGE.rejection_of(query) is None:
            return query
    raise RuntimeError(f"none of {QUERY_TRIES} queries of {template.task.name} is accepted")


def _skeletons(template: CanvasTemplate) -> set[str]:
    """Enumerate the skeletons that queries of the template have."""
    select = LANGUAGE.literal("select")
    return {
        skeleton(_built_query(template, outer, inner, select, select))
        for outer in template.outer
        for inner in template.inner
    }


def _literals(query: Query, parent_op: str = "") -> list[tuple[Literal, str]]:
    if isinstance(query, Literal):
        return [(query, parent_op)]
    return [literal for argument in query.args for literal in _literals(argument, query.op)]


def _compose(rng: SeededRng, query: Call, target_answer: str, count_range: tuple[int, int]) -> list[PlacedShape]:
    """Compose shapes of which `query` has the target answer with a clear margin."""
    literals = _literals(query)
    for _ in range(SAMPLE_TRIES):
        shape_count = rng.integer(*count_range)
        planted_words = [
            literal.words for literal, op in literals for _ in range(1 if op == "unique" else rng.integer(0, 3))
        ]
        placed_shapes = _place(rng, rng.shuffled(planted_words)[:shape_count], shape_count)
        if placed_shapes is None:
            continue
        things = [shape.thing for shape in placed_shapes]
        result = execute(LANGUAGE, query, things, THRESHOLDS)
        if isinstance(result, Result) and result.margin >= SAMPLE_MARGIN and _word(result.value) == target_answer:
            if all(_chooses(literal, op, things) for literal, op in literals):
                return rng.shuffled(placed_shapes)
    raise RuntimeError(f"no scene of {count_range} objects gives {target_answer!r} to {dump(query)}")


def _chooses(literal: Literal, op: str, things: Sequence[Thing]) -> bool:
    """Tell whether there are two things to choose from: an extreme of one object is not a choice."""
    superlative = op in (*_EXTREMES, "largest", "smallest", "nearest", "farthest")
    return not superlative or sum(thing.described_by(literal.words) for thing in things) >= 2


def _word(value: object) -> str:
    return YES_NO[value] if isinstance(value, bool) else str(value)


# --- oracle and contract -------------------------------------------------------------------------------------


class CanvasV1(DrawnEnvironment):  # noqa: D101 - the module's docstring is the environment's
    __doc__ = __doc__

    id = ENV_ID
    tasks: Mapping[str, Task] = {name: template.task for name, template in TEMPLATES.items()}
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
        self.forms = {form: name for name, template in TEMPLATES.items() for form in _skeletons(template)}

    def query(self, rng: SeededRng, task: str) -> Call:
        """Draw a query of the form of `task`."""
        return _draw_query(rng, TEMPLATES[task])

    def compose(self, rng: SeededRng, query: Call, target_answer: str | None, difficulty: int) -> str:
        """Draw shapes on the lattice until `query` has the `target_answer`."""
        return svg_program(_compose(rng, query, str(target_answer), OBJECTS[difficulty]))

    def parse_scene(self, scene: FlatScene) -> tuple[Thing, ...] | Rejected:
        """Parse `scene` into the things that are drawn."""
        return parse_scene(scene)

    def answer_options(self, query: Call) -> tuple[str, ...]:
        """Return the answers of the type of `query`; counts are open."""
        return _OPTIONS.get(query.output, ())


register(ENV_ID, CanvasV1)
