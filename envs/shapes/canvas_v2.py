"""A crowded canvas: shapes that overlap, contain each other, carry letters, and stand in symmetry.

Task:
    A picture of 3 to 16 filled shapes on a white 224 x 224 canvas, some with a letter; a question about their
    number, attributes, places, sizes, angles, containment, occlusion or symmetry, or a composition of several. Drawn
    by SVG programs.

Item fields:
    Coordinates in px, x right, y down. An object's place is the centroid of its whole outline, its extent the longer
    side of the outline's box. Where outlines meet they overlap clearly or one lies clearly in the other.

Answer:
    A number (0 to 3 in sampled items), yes or no, or words of a closed list. No tolerance.

Scoring:
    1 or 0, by `envs.answers`.

Difficulty knobs:
    The number of objects: 3 or 4, 5 or 6, 7 to 9, 10 to 12, 13 to 16 (difficulties 1 to 5); compositions also
    nest deeper, from 3 to 6.

Degenerate cases excluded:
    Shapes that hardly touch, show less than 60 % of themselves or too few corners; cropped ones; colours away from
    the palette; sizes between small and large; letters that are covered, pale or between shapes; comparisons under
    the thresholds.

State space:
    8 colours x 7 shapes x 25 extents x about 10**4 places, for each of up to 16 objects: more than 10**100
    scenes. Well-typed queries by depth: see `envs.enumeration`; 48 operators.

Source:
    Questions after CLEVR (Johnson et al. 2017, section 3, https://arxiv.org/abs/1612.06890); no code taken.

History:
    v2: containment, overlap, symmetry, angles, directions, sizes, letters, groups and compositions; more shapes,
    colours and objects on a larger canvas; five phrasings and more for every operator.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from shapely import Point, Polygon, points

from ...geometry import FlatObject, FlatScene, Region, polygon_kind
from ...render import Rejected
from ..core import Task
from ..drawn import DrawnEnvironment
from ..language.enumeration import Enumeration
from ..language.grammar import Grammar
from ..language.literals import Description, Vocabulary
from ..language.query import Call, Language, Literal, skeleton
from ..registry import register
from ..rng import SeededRng
from .compose import (
    CANVAS,
    EXTENTS,
    LETTERS,
    OBJECTS,
    PALETTE,
    UNITS,
    Form,
    arranged,
    drawn_query,
    reachable,
    svg_program,
)
from .operators import answer_leak, constant_answer, duplicate_argument, noun, self_comparison
from .relations import DIRECTIONS, RELATIONS, Body, Crowd, told

# --- constants -------------------------------------------------------------------------------------------------

ENV_ID = "shapes/Canvas-v2"
SHAPES, SIZES = tuple(UNITS), tuple(EXTENTS)
MAX_OBJECTS = 20
THRESHOLDS = {"px": 8.0, "px of size": 6.0, "°": 8.0}
"""Comparisons closer than this are ambiguous."""
MIN_GAP = 2.0
"""Outlines nearer to each other than this, px, touch: they are neither apart nor overlapping nor nested."""
MIN_OVERLAP = 0.06
"""Least share of the smaller one of two overlapping outlines that both cover."""
MIN_VISIBLE = 0.6
MAX_HIDDEN_CORNERS = 0.3
"""Share of the corners that may be covered; of few corners one."""
MAX_COLOUR_DISTANCE = 40.0
"""Euclidean distance in 8-bit RGB up to which a fill counts as a palette colour; the nearest two are 127 apart."""
SMALL_EXTENT, LARGE_EXTENT = (14.0, 28.0), (38.0, 90.0)
MIN_KIND_MARGIN = 0.02
MIN_LETTER = 6.0
"""Height of a letter, px."""
MIN_LETTER_CONTRAST = 0.35
"""Difference of luminance, 0 to 1, between a letter and what it stands on."""

VOCABULARY = Vocabulary(size=SIZES, colour=tuple(PALETTE), shape=SHAPES, label=LETTERS)
DESCRIPTION = Description(VOCABULARY, standalone=("label",))
COLOURS, COUNTS, YES_NO = tuple(PALETTE), ("0", "1", "2", "3"), ("no", "yes")
LANGUAGE = Language(
    literals={"select": DESCRIPTION},
    operators=RELATIONS,
    answers=frozenset(("Number", "Bool", "Colour", "Shape", "Size", "Side", "Level", "Label", "Direction", "Angle")),
    checks=(duplicate_argument, constant_answer, self_comparison, answer_leak, told),
    aliases={"Set>Object": "use unique to make a Set an Object"},
)
PROGRAMS = Enumeration(LANGUAGE, side=2)
GUIDE = f"""You draw pictures as SVG programs. Reply with one <svg viewBox="0 0 {CANVAS} {CANVAS}"> element and nothing
else. Use circle, rect, polygon and text elements on the white canvas, filled with {", ".join(PALETTE.values())}
({", ".join(PALETTE)}) and without strokes. Polygons are regular: triangle, pentagon, hexagon, five-pointed star. Small
shapes are 16 to 26 wide, large ones 44 to 86. Shapes stand apart, overlap clearly, or lie clearly inside one another; a
letter is one capital A to F in the middle of a shape. Draw exactly what is asked for."""


def _noun(literal: Literal, plural: bool) -> str:
    """`red circles`, `large shape labelled A`."""
    *words, last = literal.words or ("",)
    if last not in LETTERS:
        return noun(literal, plural, SHAPES)
    return f"{noun(Literal(literal.op, tuple(words), literal.output), plural, SHAPES)} labelled {last}"


# --- config: the question forms --------------------------------------------------------------------------------

_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "Bool": YES_NO, "Colour": COLOURS, "Shape": SHAPES, "Size": SIZES, "Side": ("left", "right"),
    "Level": ("above", "below"), "Label": LETTERS, "Direction": DIRECTIONS, "Angle": ("acute", "obtuse"),
}  # fmt: skip
_ENDS = ("leftmost", "rightmost", "topmost", "bottommost")
_SIDES = ("left_of", "right_of", "above", "below")
_FORMS: tuple[tuple[str, str, tuple[str, ...], tuple[Any, ...], str], ...] = (
    ("count", "number", COUNTS, (["count", "D"],), "how many objects fit a description, in clutter"),
    ("exists", "yesno", YES_NO, (["exists", "D"],), "whether an object fits a description"),
    ("colour", "word", COLOURS, (["colour", "U"],), "the colour of an object"),
    ("shape", "word", SHAPES, (["shape", "U"],), "the shape of an object"),
    ("label", "word", LETTERS, (["label", "u"], ["label", [_ENDS, "s"]]), "the letter on an object"),
    ("side", "word", ("left", "right"), (["side", "U", "U"],), "left or right of another"),
    ("level", "word", ("above", "below"), (["level", "U", "U"],), "above or below another"),
    ("direction", "word", DIRECTIONS, (["direction", "U", "U"],), "which of eight directions"),
    ("angle", "word", ("acute", "obtuse"), (["angle", "U", "U", "U"],), "the angle at one of three objects"),
    ("extreme", "word", COLOURS, (["colour", [_ENDS, "S"]],), "the colour of the outermost object"),
    ("largest", "word", SHAPES, (["shape", [("largest", "smallest"), "D"]],), "the shape of the largest or smallest"),
    ("nearest", "word", COLOURS, (["colour", [("nearest", "farthest"), "Sc", "Uc"]],), "the colour of the nearest"),
    ("count_beside", "number", COUNTS, (["count", [_SIDES, "S", "U"]],), "how many lie on one side"),
    ("sizes", "yesno", YES_NO, (["larger", "W", "W"],), "whether one is larger than another"),
    (
        "count_sizes",
        "number",
        COUNTS[:3],
        (["count", [("larger_than", "smaller_than"), "D", "W"]],),
        "how many are larger",
    ),
    ("inside", "number", COUNTS[:3], (["count", ["inside", "s", "H"]],), "how many lie in another"),
    ("container", "word", COLOURS, (["colour", ["container", "i"]],), "the colour of what is around an object"),
    ("within", "yesno", YES_NO, (["within", "u", "H"],), "whether one lies in another"),
    ("overlap", "yesno", YES_NO, (["overlaps", "V", "V"], ["exists", ["overlapping", "s", "V"]]), "who overlaps"),
    ("in_front", "yesno", YES_NO, (["in_front", "V", "V"],), "which of two overlapping objects is in front"),
    ("groups", "yesno", YES_NO, ([("more", "fewer", "same"), "D", "D"],), "which of two kinds has more"),
    ("difference", "number", COUNTS, (["difference", "D", "D"],), "by how much two numbers differ"),
    ("together", "number", COUNTS, (["together", "T", "T"],), "how many there are of two kinds"),
    ("variety", "number", COUNTS[1:], ([("colours", "kinds"), "D"],), "how many colours or kinds of shape"),
    ("every", "yesno", YES_NO, (["every", "C", "P"],), "whether all of a kind are of another"),
    (
        "alike",
        "yesno",
        YES_NO,
        (["same_colour", "Uc", "Uc"], ["same_shape", "Us", "Us"]),
        "whether two objects look alike",
    ),
    (
        "like",
        "number",
        COUNTS,
        (["count", ["coloured_like", "Sc", "Uc"]], ["count", ["shaped_like", "Ss", "Us"]]),
        "how many are alike",
    ),
    ("nearer", "yesno", YES_NO, (["nearer", "U", "U", "U"],), "which of two is nearer to a third"),
    ("symmetric", "yesno", YES_NO, (["symmetric", "D"],), "whether a kind is its own mirror image"),
    ("compose_number", "number", COUNTS, ("Number",), "a composition that gives a number"),
    ("compose_yesno", "yesno", YES_NO, ("Bool",), "a composition that gives yes or no"),
    ("compose_colour", "word", COLOURS, ("Colour",), "a composition that gives a colour"),
)
FORMS: Mapping[str, Form] = {
    name: Form(Task(name, kind, options, about), templates) for name, kind, options, templates, about in _FORMS
}

# --- data: from a scene to bodies ------------------------------------------------------------------------------


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


_PALETTE_RGB = {name: _rgb(value) for name, value in PALETTE.items()}


def _luminance(colour: str) -> float:
    """Relative luminance, 0 to 1, with the weights of Rec. 709 on 8-bit values."""
    red, green, blue = _rgb(colour)
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def _shape_word(obj: FlatObject) -> tuple[str, float]:
    return polygon_kind(obj.outline) if obj.kind == "polygon" else (obj.kind, obj.kind_margin)


def _recognisable(obj: FlatObject) -> bool:
    """Whether enough of the outline's area and corners is seen to tell what it is."""
    if obj.visible is obj.outline:
        return True
    if obj.visible_share < MIN_VISIBLE or not isinstance(obj.outline, Polygon):
        return False
    if obj.kind == "circle":
        return True
    corners = points(list(obj.outline.simplify(0.05).exterior.coords)[:-1])
    near = obj.visible.buffer(0.5)
    return sum(not near.covers(corner) for corner in corners) <= max(1.0, MAX_HIDDEN_CORNERS * len(corners))


def _body(obj: FlatObject, letter: str) -> Body | Rejected:
    """The object in words, or why it cannot be named."""
    name, fill = f"object {obj.index + 1}", obj.fill or ""
    distance, colour = min((math.dist(_rgb(fill), rgb), word) for word, rgb in _PALETTE_RGB.items())
    if distance > MAX_COLOUR_DISTANCE:
        return Rejected("colour", f"{name} is {fill}, near no named colour", f"use {', '.join(PALETTE.values())}")
    shape, margin = _shape_word(obj)
    if shape not in SHAPES or margin < MIN_KIND_MARGIN:
        return Rejected("shape", f"{name} is a {shape}", f"draw {', '.join(SHAPES)}")
    left, top, right, bottom = obj.outline.bounds
    if min(left, top) < -0.01 or max(right, bottom) > CANVAS + 0.01:
        return Rejected("cropped", f"{name} leaves the canvas", "keep shapes inside")
    if not _recognisable(obj):
        return Rejected("hidden", f"{name} shows {obj.visible_share:.0%} of itself, or too few corners", "cover less")
    extent = max(right - left, bottom - top)
    size = next((word for word, (low, high) in zip(SIZES, (SMALL_EXTENT, LARGE_EXTENT), strict=True)
                 if low <= extent <= high), None)  # fmt: skip
    if size is None:
        return Rejected("size", f"{name} is {extent:g} px wide, neither small nor large", "use 16 to 26 or 44 to 86 px")
    x, y = obj.outline.centroid.coords[0]
    return Body(colour, shape, size, letter, x, y, extent)


class Seen(Crowd):
    """Bodies that were read from a scene."""

    def __init__(self, bodies: Sequence[Body], outlines: Sequence[Region]) -> None:
        super().__init__(bodies, CANVAS)
        self._outlines = outlines
        self._known: dict[tuple[int, int], str] = {}

    def relation(self, first: int, second: int) -> str:
        """By the outlines, hidden parts included."""
        if (first, second) not in self._known:
            self._known[first, second] = self._relation(self._outlines[first], self._outlines[second])
        return self._known[first, second]

    @staticmethod
    def _relation(first: Region, second: Region) -> str:
        if not first.intersects(second):
            return "apart"
        if second.covers(first):
            return "inside"
        return "around" if first.covers(second) else "overlap"

    def unclear(self) -> tuple[int, int] | None:
        """Two bodies that are not clearly apart, overlapping or nested, or are so on their own colour."""
        for j, second in enumerate(self._outlines):
            b = second.bounds
            for i, first in enumerate(self._outlines[:j]):
                a = first.bounds
                apart = max(a[0] - b[2], b[0] - a[2], a[1] - b[3], b[1] - a[3])
                if apart < MIN_GAP and not self._clear(i, j):
                    return i, j
        return None

    def _clear(self, i: int, j: int) -> bool:
        first, second = self._outlines[i], self._outlines[j]
        relation = self.relation(i, j)
        if relation == "apart":
            return bool(first.distance(second) >= MIN_GAP)
        if self[i].colour == self[j].colour:
            return False
        if relation == "overlap":
            # Areas come from the outlines alone, so that the painting order does not matter.
            return bool(first.intersection(second).area >= MIN_OVERLAP * min(first.area, second.area))
        return bool(first.boundary.distance(second.boundary) >= MIN_GAP)


def _letters(scene: FlatScene, shapes: Sequence[FlatObject]) -> dict[int, str] | Rejected:
    """The letters by the index of the shape that they stand on."""
    found: dict[int, str] = {}
    for obj in (obj for obj in scene.objects if obj.text is not None):
        name = f"object {obj.index + 1}"
        if obj.text not in LETTERS:
            return Rejected("text", f"{name} is the text {obj.text!r:.20}", f"write one of {', '.join(LETTERS)}")
        middle = Point(*(sum(obj.outline.bounds[i::2]) / 2 for i in (0, 1)))
        under = [each for each in shapes if each.index < obj.index and each.outline.covers(middle)]
        if not under or not under[-1].outline.covers(obj.outline) or obj.visible_share < 0.98:
            return Rejected("text", f"{name}, the letter {obj.text}, is not whole on a shape", "centre it on a shape")
        if obj.bounds[3] - obj.bounds[1] < MIN_LETTER:
            return Rejected("text", f"{name}, the letter {obj.text}, is too small to read", "use a font size over 9")
        fills = obj.fill or "#000000", under[-1].fill or "#000000"
        if abs(_luminance(fills[0]) - _luminance(fills[1])) < MIN_LETTER_CONTRAST:
            return Rejected("text", f"{name}, the letter {obj.text}, is hardly seen", "write it in black or white")
        if under[-1].index in found or obj.text in found.values():
            return Rejected("text", f"the letter {obj.text} is the second one", "use a letter once, one to a shape")
        found[under[-1].index] = obj.text
    return found


def parse_scene(scene: FlatScene) -> Seen | Rejected:
    """The scene's objects as bodies, in paint order, or why the picture is not clear."""
    if (scene.width, scene.height) != (CANVAS, CANVAS):
        hint = f'begin with <svg viewBox="0 0 {CANVAS} {CANVAS}">'
        return Rejected("canvas", f"the canvas is {scene.width:g} x {scene.height:g}", hint)
    if scene.background != "#ffffff":
        return Rejected("background", f"the background is {scene.background}", "leave the background white")
    shapes = [obj for obj in scene.objects if obj.text is None]
    if not 1 <= len(shapes) <= MAX_OBJECTS:
        return Rejected("objects", f"the drawing has {len(shapes)} shapes", f"draw 1 to {MAX_OBJECTS}")
    if plain := next((obj for obj in scene.objects if obj.fill is None or obj.stroke or obj.gradient), None):
        what = f"object {plain.index + 1} has an outline or no one colour"
        return Rejected("fill", what, "fill the shapes with one colour each and leave strokes out")
    letters = _letters(scene, shapes)
    if isinstance(letters, Rejected):
        return letters
    bodies = [_body(obj, letters.get(obj.index, "")) for obj in shapes]
    if (bad := next((each for each in bodies if isinstance(each, Rejected)), None)) is not None:
        return bad
    seen = Seen([each for each in bodies if isinstance(each, Body)], [obj.outline for obj in shapes])
    if (pair := seen.unclear()) is not None:
        i, j = (shapes[number].index + 1 for number in pair)
        return Rejected(
            "touching",
            f"objects {i} and {j} just touch or run into each other",
            "keep shapes apart, or of two colours and overlapping clearly",
        )
    return seen


# --- the environment -------------------------------------------------------------------------------------------


class Canvas(DrawnEnvironment):  # noqa: D101 - the module's docstring is the environment's
    __doc__ = __doc__

    id = ENV_ID
    tasks: Mapping[str, Task] = {name: form.task for name, form in FORMS.items()}
    difficulties = tuple(OBJECTS)
    words = VOCABULARY.words
    example = '["count", ["inside", ["select", "small"], ["unique", ["select", "red", "star"]]]]'
    guide = GUIDE
    size = CANVAS
    language = LANGUAGE
    grammar = Grammar(LANGUAGE, _noun)
    thresholds = THRESHOLDS
    largest_margin = float(CANVAS)
    description = DESCRIPTION
    objects = OBJECTS
    max_objects = MAX_OBJECTS

    def __init__(self) -> None:
        self.forms = {
            skeleton(drawn_query(PROGRAMS, SeededRng((name, n)), form, 1)): name
            for name, form in FORMS.items()
            if not form.open
            for n in range(60)
        }

    def task_of(self, query: Call) -> str | None:
        """The form with the query's operators, or the composition with its type."""
        kinds = {"Number": "compose_number", "Bool": "compose_yesno", "Colour": "compose_colour"}
        return super().task_of(query) or kinds.get(query.output)

    def query(self, rng: SeededRng, task: str) -> Call:
        """A query of the task's form."""
        return self._query(rng, task, rng.choice(self.difficulties))

    def _query(self, rng: SeededRng, task: str, difficulty: int) -> Call:
        while True:
            query = drawn_query(PROGRAMS, rng, FORMS[task], difficulty)
            # A composition that happens to have a named form is one of that form.
            if self.task_of(query) == task:
                return query

    def query_and_answer(self, rng: SeededRng, task: str, difficulty: int) -> tuple[Call, str | None]:
        """Of a composition one of the answers that it can have, of which there are at least two."""
        while True:
            query = self._query(rng, task, difficulty)
            if not FORMS[task].open:
                return query, rng.choice(self.tasks[task].options)
            found = reachable(rng, LANGUAGE, query, difficulty, THRESHOLDS)
            found = [each for each in found if each in self.tasks[task].options]
            if len(found) >= 2:
                return query, rng.choice(found)

    def compose(self, rng: SeededRng, query: Call, target_answer: str | None, difficulty: int) -> str | None:
        """Shapes around what the query is about, until it has the wanted answer."""
        placed = arranged(rng, LANGUAGE, query, target_answer, difficulty, THRESHOLDS)
        return None if placed is None else svg_program(placed)

    def parse_scene(self, scene: FlatScene) -> Seen | Rejected:
        """The bodies that are drawn."""
        return parse_scene(scene)

    def difficulty_of(self, scene: FlatScene) -> int:
        """By the number of shapes; letters are no objects."""
        count = sum(obj.text is None for obj in scene.objects)
        return next((level for level, (_, most) in OBJECTS.items() if count <= most), max(OBJECTS))

    def answer_options(self, query: Call) -> tuple[str, ...]:
        """By type; counts are open."""
        return _OPTIONS.get(query.output, ())


register(ENV_ID, Canvas)
