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
from .compose import EXTENTS, LETTERS, OBJECTS, CompositionTemplate, arranged, drawn_query, reachable
from .drawing import CANVAS, PALETTE, UNITS, svg_program
from .operators import answer_leak, constant_answer, duplicate_argument, noun, self_comparison
from .relations import DIRECTIONS, RELATIONS, Body, Crowd, told

# --- constants -------------------------------------------------------------------------------------------------

ENV_ID = "shapes/Canvas-v2"
SHAPES, SIZES = tuple(UNITS), tuple(EXTENTS)
MAX_OBJECTS, QUERY_TRIES = 20, 1_000
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
    *words, last_word = literal.words or ("",)
    if last_word not in LETTERS:
        return noun(literal, plural, SHAPES)
    return f"{noun(Literal(literal.op, tuple(words), literal.output), plural, SHAPES)} labelled {last_word}"


# --- config: the tasks --------------------------------------------------------------------------------

_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "Bool": YES_NO, "Colour": COLOURS, "Shape": SHAPES, "Size": SIZES, "Side": ("left", "right"),
    "Level": ("above", "below"), "Label": LETTERS, "Direction": DIRECTIONS, "Angle": ("acute", "obtuse"),
}  # fmt: skip
_ENDS = ("leftmost", "rightmost", "topmost", "bottommost")
_SIDES = ("left_of", "right_of", "above", "below")
_TASKS: tuple[tuple[str, str, tuple[str, ...], tuple[Any, ...], str], ...] = (
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
TEMPLATES: Mapping[str, CompositionTemplate] = {
    name: CompositionTemplate(Task(name, kind, options, about), templates)
    for name, kind, options, templates, about in _TASKS
}

# --- data: from a scene to bodies ------------------------------------------------------------------------------


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


_PALETTE_RGB = {name: _rgb(value) for name, value in PALETTE.items()}


def _luminance(colour: str) -> float:
    """Relative luminance, 0 to 1, with the weights of Rec. 709 on 8-bit values."""
    red, green, blue = _rgb(colour)
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def _shape_word(flat_object: FlatObject) -> tuple[str, float]:
    return (
        polygon_kind(flat_object.outline)
        if flat_object.kind == "polygon"
        else (flat_object.kind, flat_object.kind_margin)
    )


def _recognisable(flat_object: FlatObject) -> bool:
    """Tell whether enough of the outline's area and corners is seen to tell what it is."""
    if flat_object.visible is flat_object.outline:
        return True
    if flat_object.visible_share < MIN_VISIBLE or not isinstance(flat_object.outline, Polygon):
        return False
    if flat_object.kind == "circle":
        return True
    corner_points = points(list(flat_object.outline.simplify(0.05).exterior.coords)[:-1])
    visible_area = flat_object.visible.buffer(0.5)
    return sum(not visible_area.covers(corner) for corner in corner_points) <= max(
        1.0, MAX_HIDDEN_CORNERS * len(corner_points)
    )


def _body(flat_object: FlatObject, letter: str) -> Body | Rejected:
    """Return the object in words, or why it cannot be named."""
    object_name, fill = f"object {flat_object.index + 1}", flat_object.fill or ""
    distance, colour = min((math.dist(_rgb(fill), rgb), word) for word, rgb in _PALETTE_RGB.items())
    if distance > MAX_COLOUR_DISTANCE:
        return Rejected(
            "colour", f"{object_name} is {fill}, near no named colour", f"use {', '.join(PALETTE.values())}"
        )
    shape, margin = _shape_word(flat_object)
    if shape not in SHAPES or margin < MIN_KIND_MARGIN:
        return Rejected("shape", f"{object_name} is a {shape}", f"draw {', '.join(SHAPES)}")
    left, top, right, bottom = flat_object.outline.bounds
    if min(left, top) < -0.01 or max(right, bottom) > CANVAS + 0.01:
        return Rejected("cropped", f"{object_name} leaves the canvas", "keep shapes inside")
    if not _recognisable(flat_object):
        return Rejected(
            "hidden", f"{object_name} shows {flat_object.visible_share:.0%} of itself, or too few corners", "cover less"
        )
    extent = max(right - left, bottom - top)
    size = next((word for word, (low, high) in zip(SIZES, (SMALL_EXTENT, LARGE_EXTENT), strict=True)
                 if low <= extent <= high), None)  # fmt: skip
    if size is None:
        return Rejected(
            "size", f"{object_name} is {extent:g} px wide, neither small nor large", "use 16 to 26 or 44 to 86 px"
        )
    x, y = flat_object.outline.centroid.coords[0]
    return Body(colour, shape, size, letter, x, y, extent)


class VisibleShapes(Crowd):
    """Bodies that were read from a scene, with their outlines."""

    def __init__(self, bodies: Sequence[Body], outlines: Sequence[Region]) -> None:
        super().__init__(bodies, CANVAS)
        self._outlines = outlines
        self._known: dict[tuple[int, int], str] = {}

    def relation(self, one_position: int, other_position: int) -> str:
        """Compare two outlines, hidden parts included.

        Args:
            one_position: a position in paint order.
            other_position: another one.
        """
        if (one_position, other_position) not in self._known:
            self._known[one_position, other_position] = self._relation(
                self._outlines[one_position], self._outlines[other_position]
            )
        return self._known[one_position, other_position]

    @staticmethod
    def _relation(one_outline: Region, other_outline: Region) -> str:
        if not one_outline.intersects(other_outline):
            return "apart"
        if other_outline.covers(one_outline):
            return "inside"
        return "around" if one_outline.covers(other_outline) else "overlap"

    def unclear(self) -> tuple[int, int] | None:
        """Find two bodies that are not clearly apart, overlapping or nested, or are so on their own colour."""
        for j, other_outline in enumerate(self._outlines):
            other_bounds = other_outline.bounds
            for i, one_outline in enumerate(self._outlines[:j]):
                one_bounds = one_outline.bounds
                bounds_gap = max(
                    one_bounds[0] - other_bounds[2],
                    other_bounds[0] - one_bounds[2],
                    one_bounds[1] - other_bounds[3],
                    other_bounds[1] - one_bounds[3],
                )
                if bounds_gap < MIN_GAP and not self._clear(i, j):
                    return i, j
        return None

    def _clear(self, i: int, j: int) -> bool:
        one_outline, other_outline = self._outlines[i], self._outlines[j]
        relation = self.relation(i, j)
        if relation == "apart":
            return bool(one_outline.distance(other_outline) >= MIN_GAP)
        if self[i].colour == self[j].colour:
            return False
        if relation == "overlap":
            # Areas come from the outlines alone, so that the painting order does not matter.
            return bool(
                one_outline.intersection(other_outline).area >= MIN_OVERLAP * min(one_outline.area, other_outline.area)
            )
        return bool(one_outline.boundary.distance(other_outline.boundary) >= MIN_GAP)


def _letters(scene: FlatScene, shapes: Sequence[FlatObject]) -> dict[int, str] | Rejected:
    """Return the letters of `scene` by the index of the shape that they stand on."""
    letter_by_shape: dict[int, str] = {}
    for letter_object in (letter_object for letter_object in scene.objects if letter_object.text is not None):
        object_name = f"object {letter_object.index + 1}"
        if letter_object.text not in LETTERS:
            return Rejected(
                "text", f"{object_name} is the text {letter_object.text!r:.20}", f"write one of {', '.join(LETTERS)}"
            )
        middle = Point(*(sum(letter_object.outline.bounds[i::2]) / 2 for i in (0, 1)))
        shapes_below = [
            flat_object
            for flat_object in shapes
            if flat_object.index < letter_object.index and flat_object.outline.covers(middle)
        ]
        if (
            not shapes_below
            or not shapes_below[-1].outline.covers(letter_object.outline)
            or letter_object.visible_share < 0.98
        ):
            return Rejected(
                "text",
                f"{object_name}, the letter {letter_object.text}, is not whole on a shape",
                "centre it on a shape",
            )
        if letter_object.bounds[3] - letter_object.bounds[1] < MIN_LETTER:
            return Rejected(
                "text",
                f"{object_name}, the letter {letter_object.text}, is too small to read",
                "use a font size over 9",
            )
        fills = letter_object.fill or "#000000", shapes_below[-1].fill or "#000000"
        if abs(_luminance(fills[0]) - _luminance(fills[1])) < MIN_LETTER_CONTRAST:
            return Rejected(
                "text", f"{object_name}, the letter {letter_object.text}, is hardly seen", "write it in black or white"
            )
        if shapes_below[-1].index in letter_by_shape or letter_object.text in letter_by_shape.values():
            return Rejected(
                "text", f"the letter {letter_object.text} is the second one", "use a letter once, one to a shape"
            )
        letter_by_shape[shapes_below[-1].index] = letter_object.text
    return letter_by_shape


def parse_scene(scene: FlatScene) -> VisibleShapes | Rejected:
    """Return the objects of `scene` as bodies, in paint order, or why the picture is not clear."""
    if (scene.width, scene.height) != (CANVAS, CANVAS):
        hint = f'begin with <svg viewBox="0 0 {CANVAS} {CANVAS}">'
        return Rejected("canvas", f"the canvas is {scene.width:g} x {scene.height:g}", hint)
    if scene.background != "#ffffff":
        return Rejected("background", f"the background is {scene.background}", "leave the background white")
    shape_objects = [flat_object for flat_object in scene.objects if flat_object.text is None]
    if not 1 <= len(shape_objects) <= MAX_OBJECTS:
        return Rejected("objects", f"the drawing has {len(shape_objects)} shapes", f"draw 1 to {MAX_OBJECTS}")
    if unfilled_object := next(
        (
            flat_object
            for flat_object in scene.objects
            if flat_object.fill is None or flat_object.stroke or flat_object.gradient
        ),
        None,
    ):
        flaw = f"object {unfilled_object.index + 1} has an outline or no one colour"
        return Rejected("fill", flaw, "fill the shapes with one colour each and leave strokes out")
    letters = _letters(scene, shape_objects)
    if isinstance(letters, Rejected):
        return letters
    bodies = [_body(flat_object, letters.get(flat_object.index, "")) for flat_object in shape_objects]
    if (rejection := next((body for body in bodies if isinstance(body, Rejected)), None)) is not None:
        return rejection
    visible_shapes = VisibleShapes(
        [body for body in bodies if isinstance(body, Body)], [flat_object.outline for flat_object in shape_objects]
    )
    if (touching_pair := visible_shapes.unclear()) is not None:
        i, j = (shape_objects[number].index + 1 for number in touching_pair)
        return Rejected(
            "touching",
            f"objects {i} and {j} just touch or run into each other",
            "keep shapes apart, or of two colours and overlapping clearly",
        )
    return visible_shapes


# --- the environment -------------------------------------------------------------------------------------------


class CanvasV2(DrawnEnvironment):  # noqa: D101 - the module's docstring is the environment's
    __doc__ = __doc__

    id = ENV_ID
    tasks: Mapping[str, Task] = {name: form.task for name, form in TEMPLATES.items()}
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
            for name, form in TEMPLATES.items()
            if not form.open
            for n in range(60)
        }

    def task_of(self, query: Call) -> str | None:
        """Return the task whose form has the operators of `query`, or the composition of its type."""
        composition_tasks = {"Number": "compose_number", "Bool": "compose_yesno", "Colour": "compose_colour"}
        return super().task_of(query) or composition_tasks.get(query.output)

    def query(self, rng: SeededRng, task: str) -> Call:
        """Draw a query of the form of `task`."""
        return self._query(rng, task, rng.choice(self.difficulties))

    def _query(self, rng: SeededRng, task: str, difficulty: int) -> Call:
        for _ in range(QUERY_TRIES):
            query = drawn_query(PROGRAMS, rng, TEMPLATES[task], difficulty)
            # A composition that happens to have a named form is one of that form.
            if self.task_of(query) == task:
                return query
        raise RuntimeError(f"none of {QUERY_TRIES} queries is of the form of {task}")

    def query_and_answer(self, rng: SeededRng, task: str, difficulty: int) -> tuple[Call, str | None]:
        """Draw a query of `task` and an answer: of a composition one of those, at least two, that it can have."""
        for _ in range(QUERY_TRIES):
            query = self._query(rng, task, difficulty)
            if not TEMPLATES[task].open:
                return query, rng.choice(self.tasks[task].options)
            answers = reachable(rng, LANGUAGE, query, difficulty, THRESHOLDS)
            answers = [answer for answer in answers if answer in self.tasks[task].options]
            if len(answers) >= 2:
                return query, rng.choice(answers)
        raise RuntimeError(f"none of {QUERY_TRIES} queries of {task} can have two answers")

    def compose(self, rng: SeededRng, query: Call, target_answer: str | None, difficulty: int) -> str | None:
        """Arrange shapes around what `query` is about, until it has the `target_answer`."""
        composed_shapes = arranged(rng, LANGUAGE, query, target_answer, difficulty, THRESHOLDS)
        return None if composed_shapes is None else svg_program(composed_shapes)

    def parse_scene(self, scene: FlatScene) -> VisibleShapes | Rejected:
        """Parse `scene` into the bodies that are drawn."""
        return parse_scene(scene)

    def difficulty_of(self, scene: FlatScene) -> int:
        """Return the difficulty of `scene` by its number of shapes; letters are not objects."""
        shape_count = sum(flat_object.text is None for flat_object in scene.objects)
        return next((level for level, (_, max_count) in OBJECTS.items() if shape_count <= max_count), max(OBJECTS))

    def answer_options(self, query: Call) -> tuple[str, ...]:
        """Return the answers of the type of `query`; counts are open."""
        return _OPTIONS.get(query.output, ())


register(ENV_ID, CanvasV2)
