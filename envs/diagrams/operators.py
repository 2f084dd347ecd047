"""The query language of figures: the conditions that can be stated about one, and the quantities to ask for.

May import `geometry`, `render` and `envs/language`. Begin with `LANGUAGE` and `_find`, the rule that answers.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from shapely import Polygon

from ...geometry.constraints import (
    INDEPENDENT,
    Condition,
    Expression,
    Figure,
    RowSpace,
    drifted,
    rows,
    satisfied,
)
from ...render import Rejected
from ..language.execute import Execution, IllPosed
from ..language.literals import Invalid, LiteralKind, Quantity, closest_or_all
from ..language.query import Call, Language, Literal, Operator
from ..rng import SeededRng
from .figure import LETTERS, FigureDrawing

CLEARANCE = "px"
MAX_DEPTH = 11
"""A conjunction of eight conditions, each of them an operator of leaves, under a question."""
MAX_AWAY = 0.06
"""How far a point may be drawn from where it must be, as a share of the figure's extent."""
UNITS: Mapping[str, str] = {"length": "cm", "perimeter": "cm", "radius": "cm", "angle": "°", "area": "cm²"}
"""Of the quantities that can be asked for."""


# --- leaves ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Named(LiteralKind):
    """A leaf of letters: a point, a segment by its ends, an angle with its vertex in the middle, or a polygon.

    Values are positions of points; a circle is named by the point in its middle.
    """

    output: str
    about: str
    least: int
    most: int

    def read(self, arguments: Sequence[Any]) -> tuple[str, ...]:
        """Return the different letters in `arguments`, in an order that is the same for all names of one thing."""
        if not self.least <= len(arguments) <= self.most:
            letter_count = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
            raise Invalid("arity", f"a {self.output.lower()} has {letter_count} letters, got {len(arguments)}")
        for letter in arguments:
            if letter not in LETTERS:
                hint = closest_or_all(str(letter)[:40], LETTERS)
                raise Invalid("word", f"{letter!r:.40} names no point", hint)
        if len(set(arguments)) < len(arguments):
            raise Invalid("word", f"{''.join(arguments)} names a point twice", "use different letters")
        return self.canonical(tuple(arguments))

    def canonical(self, letters: tuple[str, ...]) -> tuple[str, ...]:
        """Order `letters` from the least one on, and then to the lesser neighbour; an angle keeps its vertex."""
        if len(letters) < 4:
            return letters if letters[0] <= letters[-1] else letters[::-1]
        start = letters.index(min(letters))
        rotated = letters[start:] + letters[:start]
        return rotated if rotated[1] <= rotated[-1] else (rotated[0], *rotated[:0:-1])

    def pattern(self, words: Sequence[Any]) -> tuple[str, ...]:
        """Return one `letter` for each of `words`."""
        return ("letter",) * len(words)

    def patterns(self) -> Mapping[tuple[str, ...], int]:
        """Count the names for each number of letters; names of the same thing count once."""
        name_counts = {}
        for count in range(self.least, self.most + 1):
            names_of_one = {1: 1, 2: 2, 3: 2}.get(count, 2 * count)
            name_counts[("letter",) * count] = math.perm(len(LETTERS), count) // names_of_one
        return name_counts

    def draw(self, pattern: tuple[str, ...], rng: SeededRng) -> tuple[str, ...]:
        """Draw as many letters as `pattern` has, all equally likely."""
        return self.canonical(tuple(rng.sample(LETTERS, len(pattern))))

    def schema(self, name: str) -> dict[str, Any]:
        """Return the JSON schema of an array of the leaf's `name` and letters."""
        letter = {"enum": list(LETTERS)}
        head = {"type": "array", "prefixItems": [{"const": name}], "items": letter}
        return head | {"minItems": 1 + self.least, "maxItems": 1 + self.most}

    def needs(self, name: str, words: tuple[Any, ...]) -> tuple[str, ...]:
        """Ask for the points, and the lines between them, that `words` name."""
        phrase = noun(Literal(name, words, self.output), False)
        return (f"{name} {phrase}" if name in ("point", "segment") else phrase,)

    def evaluate(self, run: Execution, words: tuple[Any, ...]) -> tuple[int, ...]:
        """Return the positions of the points that `words` name; what they name has to be drawn."""
        drawing: FigureDrawing = run.world
        if unknown_letters := [letter for letter in words if letter not in drawing.points]:
            raise IllPosed(
                "missing", f"there is no point {unknown_letters[0]}", f"drawn are {', '.join(drawing.points)}"
            )
        if self.output == "Circle" and words[0] not in drawing.circles:
            centre_letters = ", ".join(drawing.circles) or "no point"
            raise IllPosed(
                "missing", f"there is no circle around {words[0]}", f"circles are drawn around {centre_letters}"
            )
        sides = {"Segment": list(words), "Angle": list(words), "Polygon": [*words, words[0]]}.get(self.output, [])
        for start, end in pairwise(sides):
            if not drawing.joined(start, end):
                lines = ", ".join("".join(line) for line in drawing.lines)
                raise IllPosed("missing", f"{start} and {end} are not joined", f"the lines are {lines}")
        return tuple(drawing.point_index[letter] for letter in words)


# --- rules -----------------------------------------------------------------------------------------------------


class Premise(NamedTuple):
    """A condition in words."""

    conditions: tuple[Condition, ...]
    """What it adds to the picture, in which the points are seen to lie where they do."""
    scale: tuple[Callable[[Figure], Expression], float, int] | None = None
    """Where it states an amount of length or area: what has it, the amount, and the power of a length."""
    alone: tuple[Condition, ...] = ()
    """What it says to who does not see the picture, where that is something else."""

    @property
    def words(self) -> tuple[Condition, ...]:
        """Conditions that it states without the picture."""
        return self.alone or self.conditions


Measure = Callable[[Figure], Expression]
Points = tuple[int, ...]


def _is(measure: Measure, amount: float, power: int = 0) -> tuple[Premise, ...]:
    scale = (measure, amount, power) if power else None
    return (Premise((lambda figure: measure(figure) - amount,), scale),)


def _same(first_measure: Measure, second_measure: Measure) -> tuple[Premise, ...]:
    return (Premise((lambda figure: first_measure(figure) - second_measure(figure),)),)


def _length(run: Execution, segment: Points) -> Measure:
    return lambda figure: figure.length(*segment)


def _angle(run: Execution, corner: Points) -> Measure:
    left_arm, vertex, right_arm = corner
    drawing: FigureDrawing = run.world
    letters = list(drawing.points)
    angle_letters = {letters[member] for member in corner}
    if any(angle_letters <= set(member) for member in drawing.lines):
        raise IllPosed("trivial", "the three points lie on one line", "name an angle between two lines")
    return lambda figure: figure.angle(left_arm, vertex, right_arm)


def _area(run: Execution, corners: Points) -> Measure:
    drawing: FigureDrawing = run.world
    point_places = list(drawing.points.values())
    if not _simple([point_places[index] for index in corners]):
        raise IllPosed("polygon", "its sides cross or its corners lie on one line", "name the corners in order")
    return lambda figure: figure.area(corners)


def _perimeter(run: Execution, corners: Points) -> Measure:
    _area(run, corners)
    return lambda figure: figure.perimeter(corners)


def _radius(run: Execution, circle: Points) -> Measure:
    drawing: FigureDrawing = run.world
    circle_index = drawing.circle_index[list(drawing.points)[circle[0]]]
    return lambda figure: figure.radius(circle_index)


def _simple(corner_points: Sequence[tuple[float, float]]) -> bool:
    """Tell whether the polygon's sides meet at its `corner_points` alone."""
    polygon = Polygon(corner_points)
    return bool(polygon.is_valid and polygon.area > 1.0)


def _midpoint(run: Execution, middle: Points, segment: Points) -> tuple[Premise, ...]:
    drawing: FigureDrawing = run.world
    letters = list(drawing.points)
    if not drawing.between(letters[middle[0]], *(letters[index] for index in segment)):
        raise IllPosed("inconsistent", "the point is not drawn on the segment", "say it of a point between the ends")
    (m,), (a, b) = middle, segment
    # That it lies on the line is seen as well.
    equal_halves = _same(lambda figure: figure.length(a, m), lambda figure: figure.length(m, b))[0].conditions
    return (
        Premise(
            equal_halves, None, (lambda figure: figure.offset(m, a, b, 0), lambda figure: figure.offset(m, a, b, 1))
        ),
    )


def _bisects(run: Execution, segment: Points, corner: Points) -> tuple[Premise, ...]:
    left_arm, vertex, right_arm = corner
    if vertex not in segment or {left_arm, right_arm} & set(segment):
        raise IllPosed("polygon", "the segment does not begin at the angle's vertex", "as AD bisects angle BAC")
    (other_end,) = (point for point in segment if point != vertex)
    return _same(
        lambda figure: figure.angle(left_arm, vertex, other_end),
        lambda figure: figure.angle(other_end, vertex, right_arm),
    )


def _parallel(run: Execution, first_segment: Points, second_segment: Points) -> tuple[Premise, ...]:
    run.different(first_segment, second_segment)
    return (Premise((lambda figure: figure.turn(*first_segment, *second_segment),)),)


def _perpendicular(run: Execution, first_segment: Points, second_segment: Points) -> tuple[Premise, ...]:
    run.different(first_segment, second_segment)
    return (Premise((lambda figure: figure.slope(*first_segment, *second_segment),)),)


def _tangent(run: Execution, segment: Points, circle: Points) -> tuple[Premise, ...]:
    drawing: FigureDrawing = run.world
    letters = list(drawing.points)
    centre = letters[circle[0]]
    circle_index, (_, rim_letters) = drawing.circle_index[centre], drawing.circles[centre]
    touching_ends = [index for index in segment if letters[index] in rim_letters]

    def touches(figure: Figure) -> Expression:
        return figure.from_line(circle[0], *segment) - figure.radius(circle_index)

    if len(touching_ends) == 1:
        # At a point of the circle: perpendicular to the radius. The distance's gradient would say the same as the
        # point's being on the circle.
        return (Premise((lambda figure: figure.slope(touching_ends[0], circle[0], *segment),), None, (touches,)),)
    return (Premise((touches,)),)


def _find(run: Execution, premises: tuple[Premise, ...], quantity: Measure) -> float:
    """Return the value of `quantity` in the figure of which the picture and the words are true.

    Args:
        run: the execution, over a `FigureDrawing`.
        premises: the conditions in words.
        quantity: the measure that is asked for.

    Raises:
        IllPosed: picture and words contradict each other, leave the answer open, or one of them settles it alone.
    """
    drawing: FigureDrawing = run.world
    text_conditions = [condition for premise in premises for condition in premise.conditions]
    drawn_figure = drawing.figure(_scale(drawing, premises))
    conditions = [*drawing.facts, *text_conditions]
    figure = satisfied(drawn_figure, conditions)
    if figure is None:
        raise IllPosed(
            "contradiction", "no figure near the drawn one fulfils all conditions", "drop one, or draw it so"
        )
    if (drawn_away := _away(drawn_figure, figure)) > MAX_AWAY:
        away_text = f"a point is drawn {drawn_away:.0%} of the figure away from where the words put it"
        raise IllPosed("inconsistent", away_text, "draw the figure to scale")
    picture_rows = rows(figure, drawing.facts)
    gradient = quantity(figure).gradient
    row_space = RowSpace(np.vstack((picture_rows, rows(figure, text_conditions))))
    if (free_share := row_space.outside(gradient)) > INDEPENDENT or _stands_still(
        figure, conditions, row_space, quantity
    ):
        raise IllPosed("undetermined", "the conditions leave the answer open", "state one more length or angle")
    if not row_space.steady or not row_space.settles(gradient):
        raise IllPosed(
            "unsteady", f"the answer hangs on a nearly degenerate figure ({free_share:.1g})", "draw it less so"
        )
    if RowSpace(
        rows(figure, [premise_condition for premise in premises for premise_condition in premise.words])
    ).settles(gradient):
        raise IllPosed("leaks", "the words alone settle the answer", "leave a part of the problem to the picture")
    if RowSpace(picture_rows).settles(gradient):
        raise IllPosed("trivial", "the picture alone settles the answer", "ask for what the words are needed for")
    run.decided_by(drawing.clearance, unit=CLEARANCE)
    run.compared += len(conditions)
    return quantity(figure).value


def _stands_still(figure: Figure, conditions: Sequence[Condition], row_space: RowSpace, quantity: Measure) -> bool:
    """Tell whether a `quantity` that is free seems settled here alone, at its least or greatest value."""
    drifted_figure = drifted(figure, conditions, row_space)
    if drifted_figure is None:
        return False
    return RowSpace(rows(drifted_figure, conditions)).outside(quantity(drifted_figure).gradient) > INDEPENDENT


def _scale(drawing: FigureDrawing, premises: Sequence[Premise]) -> float:
    """Return the units to a px by the amounts of `premises`: the middle one of what they say."""
    figure, scales = drawing.figure(1.0), []
    for measure, amount, power in (premise.scale for premise in premises if premise.scale):
        drawn_amount = measure(figure).value
        scales.append((amount / max(drawn_amount, 1e-9)) ** (1 / power))
    return sorted(scales)[len(scales) // 2] if scales else 0.05


def _away(drawn_figure: Figure, true_figure: Figure) -> float:
    """Return how far the farthest point or circle of `true_figure` is from where `drawn_figure` has it.

    Both are turned and scaled to fit best; the distance is a share of the figure's extent. With points as complex
    numbers about their means, the best turn and scale is sum(conj(p) q) / sum(|p|^2).
    """
    p, q = ((side.places @ np.array([1, 1j])) for side in (drawn_figure, true_figure))
    p, q = p - p.mean(), q - q.mean()
    best_fit = (p.conj() @ q) / max(float((abs(p) ** 2).sum()), 1e-12)
    both_radii = (side.unknowns[2 * side.points :] for side in (drawn_figure, true_figure))
    drawn_radii, true_radii = both_radii
    gap_lengths = [*abs(q - best_fit * p), *abs(true_radii - abs(best_fit) * drawn_radii)]
    return float(max(gap_lengths)) / max(true_figure.extent, 1e-9)


# --- operators -------------------------------------------------------------------------------------------------


def _operator(
    name: str,
    inputs: str,
    output: str,
    about: str,
    rule: Callable[..., Any],
    phrases: Sequence[str] = (),
    questions: Sequence[str] = (),
) -> tuple[str, Operator]:
    return name, Operator(name, tuple(inputs.split()), output, about, rule, tuple(phrases), tuple(questions))


OPERATORS: Mapping[str, Operator] = dict((
    _operator("is_length", "Segment Length", "Given", "a segment's length is stated",
        lambda run, segment, amount: _is(_length(run, segment), amount, 1),
        phrases=("{0} is {1} long", "{0} measures {1}", "the length of {0} is {1}", "{0} has a length of {1}",
            "segment {0} is {1} long")),
    _operator("is_angle", "Angle Degrees", "Given", "an angle's size is stated",
        lambda run, corner, amount: _is(_angle(run, corner), math.radians(amount)),
        phrases=("{0} is {1}", "{0} measures {1}", "the size of {0} is {1}", "{0} has a size of {1}",
            "{0} comes to {1}")),
    _operator("is_area", "Polygon Area", "Given", "a polygon's area is stated",
        lambda run, corners, amount: _is(_area(run, corners), amount, 2),
        phrases=("the area of {0} is {1}", "{0} has an area of {1}", "{0} covers {1}", "{0} encloses {1}",
            "{0} is {1} in area")),
    _operator("is_radius", "Circle Length", "Given", "a circle's radius is stated",
        lambda run, circle, amount: _is(_radius(run, circle), amount, 1),
        phrases=("the radius of {0} is {1}", "{0} has a radius of {1}", "{0} has radius {1}",
            "a radius of {0} is {1} long", "a radius of {0} measures {1}")),
    _operator("equal", "Segment Segment", "Given", "two segments are equally long",
        lambda run, first, second: (run.different(first, second), _same(_length(run, first), _length(run, second)))[1],
        phrases=("{0} and {1} are equally long", "{0} is as long as {1}", "{0} and {1} have the same length",
            "the lengths of {0} and {1} are equal", "{0} equals {1} in length")),
    _operator("equal_angles", "Angle Angle", "Given", "two angles are equally large",
        lambda run, first, second: (run.different(first, second), _same(_angle(run, first), _angle(run, second)))[1],
        phrases=("{0} equals {1}", "{0} is as large as {1}", "{0} and {1} are equal", "{0} and {1} have the same size",
            "the sizes of {0} and {1} are equal")),
    _operator("parallel", "Segment Segment", "Given", "two segments are parallel", _parallel,
        phrases=("{0} is parallel to {1}", "{0} and {1} are parallel", "{0} runs parallel to {1}",
            "the lines {0} and {1} are parallel", "{0} has the same direction as {1}")),
    _operator("perpendicular", "Segment Segment", "Given", "two segments are perpendicular", _perpendicular,
        phrases=("{0} is perpendicular to {1}", "{0} and {1} are perpendicular", "{0} is at right angles to {1}",
            "the lines {0} and {1} are perpendicular", "{0} stands at a right angle to {1}")),
    _operator("midpoint", "Point Segment", "Given", "a point on a segment halves it", _midpoint,
        phrases=("{0} is the midpoint of {1}", "{0} is the middle of {1}", "{0} lies halfway along {1}",
            "{0} divides {1} into two equal parts", "{0} is equally far from both ends of {1}")),
    _operator("bisects", "Segment Angle", "Given", "a segment from an angle's vertex halves the angle", _bisects,
        phrases=("{0} bisects {1}", "{0} halves {1}", "{0} divides {1} into two equal angles",
            "{0} cuts {1} in half", "{0} is on the bisector of {1}")),
    _operator("tangent", "Segment Circle", "Given", "a segment touches a circle", _tangent,
        phrases=("{0} is tangent to {1}", "{0} touches {1}", "the line {0} touches {1}", "{0} is a tangent of {1}",
            "{0} is a tangent to {1}")),
    _operator("and", "Given Given", "Given", "both conditions", lambda run, first, second: first + second,
        phrases=("{0} and {1}", "{0}, and {1}", "{0}; {1}", "{0}, while {1}", "{0} and also {1}")),
    _operator("length", "Segment", "Measure", "a segment's length", _length,
        phrases=("the length of {0}", "the length of segment {0}", "the length of the segment {0}",
            "the length of line segment {0}", "the measure of segment {0}")),
    _operator("angle", "Angle", "Measure", "an angle's size in degrees",
        lambda run, corner: _in_degrees(_angle(run, corner)),
        phrases=("{0}", "the size of {0}", "the measure of {0}", "the number of degrees in {0}",
            "the size in degrees of {0}")),
    _operator("area", "Polygon", "Measure", "a polygon's area", _area,
        phrases=("the area of {0}", "the area that {0} covers", "the area inside {0}", "the area enclosed by {0}",
            "the area that {0} takes up")),
    _operator("perimeter", "Polygon", "Measure", "the sum of a polygon's sides", _perimeter,
        phrases=("the perimeter of {0}", "the length of the boundary of {0}", "the distance round {0}",
            "the sum of the sides of {0}", "the total length of the sides of {0}")),
    _operator("radius", "Circle", "Measure", "a circle's radius", _radius,
        phrases=("the radius of {0}", "the length of a radius of {0}", "half the diameter of {0}",
            "half the width of {0}", "the distance from the centre to the edge of {0}")),
    _operator("find", "Given Measure", "Value", "a measure that the picture and the conditions settle together", _find,
        questions=("given that {0}, what is {1}?", "what is {1}, if {0}?", "if {0}, what is {1}?",
            "in this figure, {0}. what is {1}?", "{0}. work out {1}.")),
))  # fmt: skip


def _in_degrees(measure: Measure) -> Measure:
    return lambda figure: measure(figure).times(180 / math.pi)


# --- what words alone decide -----------------------------------------------------------------------------------


def chained(language: Language, call: Call) -> Rejected | None:
    """Reject `call` unless conditions stand in a row in the one way allowed, each once."""
    if call.op != "and":
        return None
    head, tail = call.args
    if isinstance(head, Call) and head.op == "and":
        return Rejected("syntax", "a row of conditions opens with another row", 'write ["and", A, ["and", B, C]]')
    while isinstance(tail, Call) and tail.op == "and":
        if tail.args[0] == head:
            break
        tail = tail.args[1]
    if head in (tail, tail.args[0] if isinstance(tail, Call) else None):
        return Rejected("trivial", "a condition is stated twice", "state each once")
    return None


LITERALS: Mapping[str, LiteralKind] = {
    "point": Named("Point", "a point by its letter", 1, 1),
    "segment": Named("Segment", "a drawn segment by its ends", 2, 2),
    "corner": Named("Angle", "an angle between drawn lines, its vertex in the middle", 3, 3),
    "polygon": Named("Polygon", "a polygon with drawn sides by its corners in order", 3, 6),
    "circle": Named("Circle", "a circle by the point in its middle", 1, 1),
    "cm": Quantity("Length", "a length in cm", 0.1, 1000),
    "degrees": Quantity("Degrees", "an angle in degrees", 1, 179),
    "cm2": Quantity("Area", "an area in square cm", 0.1, 100_000),
}
LANGUAGE = Language(
    literals=LITERALS, operators=OPERATORS, answers=frozenset(("Value",)), checks=(chained,), max_depth=MAX_DEPTH
)


def noun(literal: Literal, plural: bool) -> str:
    """Return `literal` in English: `AB`, `angle ABC`, `triangle ABC`, `the circle around O`, `12 cm`."""
    if literal.op in ("cm", "degrees", "cm2"):
        return f"{literal.words[0]:g}{ {'cm': ' cm', 'degrees': '°', 'cm2': ' cm²'}[literal.op] }"
    letters = "".join(literal.words)
    shape = {3: "triangle", 4: "quadrilateral", 5: "pentagon", 6: "hexagon"}.get(len(letters), "")
    prefixes = {"corner": "angle ", "polygon": f"{shape} ", "circle": "the circle around "}
    return prefixes.get(literal.op, "") + letters
