"""The operators that the grown-up canvas adds: containment, occlusion, symmetry, angles, groups, letters.

They run over a `Crowd`: a sequence of bodies that knows how any two of them lie.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...render import Rejected
from ..language.execute import IllPosed, Run
from ..language.query import Call, Language, Literal, Operator
from .operators import OPERATORS, operator, table, words_about

CORNERS = {"circle": 0, "triangle": 3, "square": 4, "rectangle": 4, "pentagon": 5, "hexagon": 6, "star": 5}
"""Of a star, its points."""
DIRECTIONS = ("right", "upper right", "top", "upper left", "left", "lower left", "bottom", "lower right")
"""By steps of 45 degrees, counterclockwise from the right."""
MIRROR_SLACK = 10.0
"""How far, px, a mirror image's partner may be away; the threshold in px is kept on both sides of it."""


@dataclass(frozen=True, slots=True)
class Body:
    """An object as a question sees it: words, centre (px, y down), extent (px, longer side of its box)."""

    colour: str
    shape: str
    size: str
    label: str
    """The letter on it, or nothing."""
    x: float
    y: float
    extent: float

    def described_by(self, words: Sequence[str]) -> bool:
        """Whether every word is true of it."""
        return all(word in (self.colour, self.shape, self.size, self.label) for word in words)


class Crowd(Sequence[Body]):
    """Bodies in paint order, and how they lie to each other."""

    width: float
    """Of the canvas, px."""

    def __init__(self, bodies: Sequence[Body], width: float) -> None:
        self.bodies, self.width = tuple(bodies), width

    def __getitem__(self, index: Any) -> Any:
        """The body at a place in paint order."""
        return self.bodies[index]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.bodies)

    @abstractmethod
    def relation(self, first: int, second: int) -> str:
        """`inside` (the first in the second), `around`, `overlap` or `apart`."""


# --- rules -----------------------------------------------------------------------------------------------------


def _related(wanted: str) -> Callable[[Run, list[int], int], list[int]]:
    return lambda run, members, anchor: [i for i in members if i != anchor and run.world.relation(i, anchor) == wanted]


def _are(wanted: str) -> Callable[[Run, int, int], bool]:
    def rule(run: Run, first: int, second: int) -> bool:
        run.different(first, second)
        return bool(run.world.relation(first, second) == wanted)

    return rule


def _container(run: Run, thing: int) -> int:
    around = [i for i in range(len(run.world)) if i != thing and run.world.relation(thing, i) == "inside"]
    if not around:
        raise IllPosed("empty", "nothing is around the object", "ask about an object that is inside another")
    # Of nested ones the innermost, which is in all the others.
    return max(around, key=lambda i: sum(run.world.relation(i, j) == "inside" for j in around if j != i))


def _in_front(run: Run, first: int, second: int) -> bool:
    run.different(first, second)
    if run.world.relation(first, second) != "overlap":
        raise IllPosed("apart", "the two objects do not overlap", "ask which is in front only where they overlap")
    return first > second


def _sized(sign: int) -> Callable[[Run, list[int], int], list[int]]:
    def rule(run: Run, members: list[int], anchor: int) -> list[int]:
        base = run.world[anchor].extent
        gaps = {i: sign * (run.world[i].extent - base) for i in members if i != anchor}
        run.decided_by(*gaps.values(), unit="px of size")
        return [i for i, gap in gaps.items() if gap > 0]

    return rule


def _larger(run: Run, first: int, second: int) -> bool:
    run.different(first, second)
    gap = run.world[first].extent - run.world[second].extent
    run.decided_by(gap, unit="px of size")
    return bool(gap > 0)


def _alike(name: str) -> Callable[[Run, int, int], bool]:
    def rule(run: Run, first: int, second: int) -> bool:
        run.different(first, second)
        return bool(getattr(run.world[first], name) == getattr(run.world[second], name))

    return rule


def _like(name: str) -> Callable[[Run, list[int], int], list[int]]:
    def rule(run: Run, members: list[int], anchor: int) -> list[int]:
        word = getattr(run.world[anchor], name)
        return [i for i in members if i != anchor and getattr(run.world[i], name) == word]

    return rule


def _label(run: Run, thing: int) -> str:
    if not run.world[thing].label:
        raise IllPosed("no_label", "the object has no letter on it", "ask about an object with a letter")
    return str(run.world[thing].label)


def _apart(run: Run, *things: int) -> None:
    """Whether all descriptions stand for different objects."""
    if len(set(things)) < len(things):
        raise IllPosed("trivial", f"{run.op} is given one object twice", "describe different objects")


def _nearer(run: Run, first: int, second: int, anchor: int) -> bool:
    _apart(run, first, second, anchor)
    near, far = (math.dist(*((run.world[i].x, run.world[i].y) for i in (each, anchor))) for each in (first, second))
    run.decided_by(near - far)
    return near < far


def _bearing(run: Run, origin: int, target: int) -> float:
    """Degrees counterclockwise from the right, from one centre to another, in [0, 360)."""
    a, b = run.world[origin], run.world[target]
    return math.degrees(math.atan2(a.y - b.y, b.x - a.x)) % 360


def _direction(run: Run, first: int, second: int) -> str:
    """Where the first lies as seen from the second, to the nearest 45 degrees."""
    run.different(first, second)
    step = _bearing(run, second, first) / 45
    run.decided_by(45 * (0.5 - abs(step - round(step))), unit="°")
    return DIRECTIONS[round(step) % 8]


def _angle(run: Run, first: int, corner: int, second: int) -> str:
    _apart(run, first, corner, second)
    opened = abs((_bearing(run, corner, first) - _bearing(run, corner, second) + 180) % 360 - 180)
    run.decided_by(opened - 90, unit="°")
    return "acute" if opened < 90 else "obtuse"


def _difference(run: Run, first: list[int], second: list[int]) -> int:
    return abs(len(first) - len(second))


def _together(run: Run, first: list[int], second: list[int]) -> int:
    if set(first) & set(second):
        raise IllPosed("overlap", "an object is of both kinds", "add up kinds that share no object")
    return len(first) + len(second)


def _kinds(name: str) -> Callable[[Run, list[int]], int]:
    return lambda run, members: len({getattr(run.world[i], name) for i in run.nonempty(members)})


def _every(run: Run, first: list[int], second: list[int]) -> bool:
    return set(run.nonempty(first)) <= set(second)


def _symmetric(run: Run, members: list[int]) -> bool:
    """Whether the members are their own mirror image, left to right, about the middle of the canvas."""
    if len(members) < 2:
        raise IllPosed("empty", "fewer than two objects are no arrangement", "ask about more objects")
    off = _mirror_distance(run.world, members)
    run.decided_by(off - MIRROR_SLACK)
    return off < MIRROR_SLACK


def _mirror_distance(crowd: Crowd, members: list[int]) -> float:
    """The least distance, px, within which every member has a partner of its look at its mirror place."""
    away = {
        (i, j): math.hypot(crowd.width - crowd[i].x - crowd[j].x, crowd[i].y - crowd[j].y)
        for i in members
        for j in members
        if (crowd[i].colour, crowd[i].shape, crowd[i].size) == (crowd[j].colour, crowd[j].shape, crowd[j].size)
    }
    return next((reach for reach in sorted(set(away.values())) if _matched(members, away, reach)), math.inf)


def _matched(members: list[int], away: Mapping[tuple[int, int], float], reach: float) -> bool:
    """Whether all members have partners of their own within reach (Kuhn's augmenting paths)."""
    taken: dict[int, int] = {}

    def place(i: int, tried: set[int]) -> bool:
        for j in members:
            if j not in tried and away.get((i, j), math.inf) <= reach:
                tried.add(j)
                if j not in taken or place(taken[j], tried):
                    taken[j] = i
                    return True
        return False

    return all(place(i, set()) for i in members)


# --- operators -------------------------------------------------------------------------------------------------

_SET, _PAIR = "Set Object", "Object Object"
RELATIONS: Mapping[str, Operator] = {**OPERATORS, **table(
    operator("inside", _SET, "Set", "the members that lie wholly in an object", _related("inside"),
        phrases=("inside {1}", "within {1}", "enclosed by {1}", "contained in {1}", "surrounded by {1}")),
    operator("around", _SET, "Set", "the members that an object lies wholly in", _related("around"),
        phrases=("around {1}", "enclosing {1}", "containing {1}", "surrounding {1}", "wrapped around {1}")),
    operator("overlapping", _SET, "Set", "the members that cover a part of an object or are partly covered by it",
        _related("overlap"),
        phrases=("overlapping {1}", "partly over or under {1}", "in overlap with {1}", "crossing the outline of {1}",
            "sharing some of the area of {1}")),
    operator("larger_than", _SET, "Set", "the members with a larger extent than an object", _sized(1),
        phrases=("larger than {1}", "bigger than {1}", "greater in size than {1}", "of a greater size than {1}",
            "larger in size than {1}")),
    operator("smaller_than", _SET, "Set", "the members with a smaller extent than an object", _sized(-1),
        phrases=("smaller than {1}", "tinier than {1}", "lesser in size than {1}", "of a lesser size than {1}",
            "smaller in size than {1}")),
    operator("coloured_like", _SET, "Set", "the other members of an object's colour", _like("colour"),
        phrases=("coloured like {1}", "of the same colour as {1}", "equal in colour to {1}", "like {1} in colour",
            "matching the colour of {1}")),
    operator("shaped_like", _SET, "Set", "the other members of an object's shape", _like("shape"),
        phrases=("shaped like {1}", "of the same shape as {1}", "equal in shape to {1}", "like {1} in shape",
            "matching the shape of {1}")),
    operator("container", "Object", "Object", "the innermost object that an object lies in", _container,
        phrases=("the shape right around {0}", "the shape that directly encloses {0}", "the shape that directly holds {0}",
            "the shape that {0} is directly inside", "the innermost shape around {0}")),
    operator("label", "Object", "Label", "the letter on an object", _label,
        questions=("which letter is on {0}?", "what letter is written on {0}?", "which letter does {0} carry?",
            "what is the letter on {0}?", "which letter can be read on {0}?")),
    operator("direction", _PAIR, "Direction", "where the first lies as seen from the second, in eight directions",
        _direction,
        questions=("in which of the eight directions from {1} does {0} lie?",
            "seen from {1}, in which of the eight directions is {0}?",
            "which of the eight directions leads from {1} to {0}?",
            "going straight from {1} to {0}, in which of the eight directions does one move?",
            "of the eight directions, in which does {0} lie from {1}?")),
    operator("angle", "Object Object Object", "Angle", "whether the lines from the second to the others open acutely",
        _angle,
        questions=("is the angle at {1} between the lines to {0} and to {2} acute or obtuse?",
            "draw lines from {1} to {0} and to {2}: is their angle acute or obtuse?",
            "at {1}, do the directions to {0} and to {2} make an acute or an obtuse angle?",
            "what kind of angle is at {1}, between {0} and {2}, acute or obtuse?",
            "joining {0} to {1} and {1} to {2}, is the angle at the middle one acute or obtuse?")),
    operator("larger", _PAIR, "Bool", "whether the first has the larger extent", _larger,
        questions=("is {0} larger than {1}?", "is {0} bigger than {1}?", "does {0} exceed {1} in size?",
            "is {1} smaller than {0}?", "of {0} and {1}, is the first larger?")),
    operator("within", _PAIR, "Bool", "whether the first lies wholly in the second", _are("inside"),
        questions=("is {0} inside {1}?", "does {0} lie within {1}?", "is {0} enclosed by {1}?", "does {1} contain {0}?",
            "is {0} contained in {1}?")),
    operator("overlaps", _PAIR, "Bool", "whether one covers a part of the other", _are("overlap"),
        questions=("does {0} overlap {1}?", "do {0} and {1} overlap?", "is {0} partly over or under {1}?",
            "does one of {0} and {1} cover a part of the other?", "is there an overlap between {0} and {1}?")),
    operator("in_front", _PAIR, "Bool", "whether the first covers a part of the second", _in_front,
        questions=("is {0} in front of {1}?", "does {0} cover a part of {1}?", "is {1} behind {0}?", "is {0} on top of {1}?",
            "does {0} hide a part of {1}?")),
    operator("same_colour", _PAIR, "Bool", "whether two objects are of one colour", _alike("colour"),
        questions=("do {0} and {1} have the same colour?", "are {0} and {1} of the same colour?",
            "is the colour of {0} the colour of {1}?", "does {0} match {1} in colour?", "is {0} coloured like {1}?")),
    operator("same_shape", _PAIR, "Bool", "whether two objects are of one shape", _alike("shape"),
        questions=("do {0} and {1} have the same shape?", "are {0} and {1} of the same shape?",
            "is the shape of {0} the shape of {1}?", "does {0} match {1} in shape?", "is {0} shaped like {1}?")),
    operator("nearer", "Object Object Object", "Bool", "whether the first is nearer to the third than the second is",
        _nearer,
        questions=("is {0} nearer to {2} than {1} is?", "of {0} and {1}, is the first nearer to {2}?",
            "is {0} closer to {2} than {1} is?", "does {0} lie closer to {2} than {1} does?",
            "does {0} lie nearer to {2} than {1} does?")),
    operator("difference", "Set Set", "Number", "by how much the sizes of two sets differ", _difference,
        questions=("what is the difference between the number of {0:many} and the number of {1:many}?",
            "by how much do the numbers of {0:many} and of {1:many} differ?",
            "how far apart are the number of {0:many} and the number of {1:many}?",
            "count {0:many} and count {1:many}: what is the difference?",
            "by what number do the counts of {0:many} and of {1:many} differ?")),
    operator("together", "Set Set", "Number", "how many members two sets without a common one have", _together,
        questions=("how many {0:many} and {1:many} are there in all?", "how many {0:many} and {1:many} are there together?",
            "what is the total number of {0:many} and {1:many}?",
            "counting both {0:many} and {1:many}, how many are there?",
            "how many {0:many}, plus {1:many}, are there in all?",
            "how many do {0:many} and {1:many} come to together?")),
    operator("colours", "Set", "Number", "how many different colours a set has", _kinds("colour"),
        questions=("how many different colours do the {0:many} have?", "in how many different colours are the {0:many}?",
            "how many colours occur among the {0:many}?", "what is the number of different colours of the {0:many}?",
            "counting each colour once, how many colours do the {0:many} have?")),
    operator("kinds", "Set", "Number", "how many different shapes a set has", _kinds("shape"),
        questions=("how many different kinds of shape are among the {0:many}?",
            "of how many different kinds are the {0:many}?", "how many kinds of shape occur among the {0:many}?",
            "what is the number of different kinds of shape among the {0:many}?",
            "counting each kind of shape once, how many kinds are among the {0:many}?")),
    operator("corners", "Set", "Number", "how many corners the members have in all, a star five",
        lambda run, members: sum(CORNERS[run.world[i].shape] for i in run.nonempty(members)),
        questions=("how many corners do the {0:many} have in all? (a star has five)",
            "what is the number of corners of all {0:many}? (a star has five)",
            "counting five for a star, how many corners do the {0:many} have together?",
            "if a star has five corners, how many corners do the {0:many} have in all?",
            "add up the corners of the {0:many}, five for a star: how many are there?")),
    operator("every", "Set Set", "Bool", "whether all members of the first set are in the second", _every,
        questions=("is every {0:one} one of the {1:many}?", "are all {0:many} among the {1:many}?",
            "does every {0:one} count among the {1:many}?", "are there no {0:many} but those among the {1:many}?",
            "is each {0:one} also one of the {1:many}?", "are the {0:many}, all of them, among the {1:many}?")),
    operator("symmetric", "Set", "Bool", "whether a set is its own mirror image, left to right", _symmetric,
        questions=("are the {0:many} arranged in mirror symmetry, left to right?",
            "is the left half of the arrangement of {0:many} the mirror image of the right half?",
            "taking only the {0:many}, is the picture its own mirror image, left to right?",
            "would a mirror down the middle leave the {0:many} as they are?",
            "do the {0:many} look the same when the picture is flipped left to right?")),
)}  # fmt: skip

# --- what words alone decide -----------------------------------------------------------------------------------

_COMPARED = {
    "larger": "size", "larger_than": "size", "smaller_than": "size", "same_colour": "colour", "same_shape": "shape",
    "coloured_like": "colour", "shaped_like": "shape",
}  # fmt: skip
_MEETING = ("inside", "around", "overlapping", "within", "overlaps", "in_front")
"""What lies on its own colour is not seen, so that two things of one colour never meet."""
_COUNTED = {"colours": ("colour",), "kinds": ("shape",), "corners": ()}


def told(language: Language, call: Call) -> Rejected | None:
    """No attribute is compared that both descriptions name, or counted where it is named."""
    literal = language.literals["select"]
    named = [literal.pattern(words_about(argument)) for argument in call.args]
    constant_answer = call.op in _COMPARED and all(_COMPARED[call.op] in each for each in named)
    constant_answer |= call.op in _COUNTED and any(name in named[0] for name in _COUNTED[call.op])
    constant_answer |= (
        call.op in _MEETING and _colour(literal, call.args[0]) == _colour(literal, call.args[1]) is not None
    )
    constant_answer |= call.op == "every" and isinstance(call.args[1], Literal) and _implied(call.args[0], call.args[1])
    output = language.operators[call.op].output
    if output == "Object" and call.op != "unique" and isinstance(call.args[0], Literal) and "label" in named[0]:
        return Rejected("trivial", f"{call.op} of a letter, which is on one object only", "use unique")
    if constant_answer:
        return Rejected("trivial", f"the words of {call.op} give its answer away", "ask what a picture decides")
    return None


def _colour(literal: Any, query: Any) -> str | None:
    """The colour that a description names."""
    return next((word for word in words_about(query) if word in literal.vocabulary["colour"]), None)


def _implied(first: Any, second: Literal) -> bool:
    return set(second.words) <= set(words_about(first))
