"""The operators that Canvas-v2 adds: containment, occlusion, symmetry, angles, groups, letters.

They run over a `Crowd`: a sequence of bodies that knows how any two of them lie. Begin at `RELATIONS`.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...render import Rejected
from ..language.execute import Execution, IllPosed
from ..language.query import Call, Language, Literal, Operator, operator, operator_table
from .operators import OPERATORS, words_about

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
        """Tell whether all of `words` are true of it."""
        return all(word in (self.colour, self.shape, self.size, self.label) for word in words)


class Crowd(Sequence[Body]):
    """Bodies in paint order, and how they lie to each other."""

    width: float
    """Of the canvas, px."""

    def __init__(self, bodies: Sequence[Body], width: float) -> None:
        self.bodies, self.width = tuple(bodies), width

    def __getitem__(self, index: Any) -> Any:
        """Return the body at the position `index` of the paint order."""
        return self.bodies[index]

    def __len__(self) -> int:
        """Return the number of bodies."""
        return len(self.bodies)

    @abstractmethod
    def relation(self, one_position: int, other_position: int) -> str:
        """Return `inside` (the one in the other), `around`, `overlap` or `apart`.

        Args:
            one_position: a position in paint order.
            other_position: another one.
        """


# --- rules -----------------------------------------------------------------------------------------------------


def _related(relation_name: str) -> Callable[[Execution, list[int], int], list[int]]:
    return lambda run, members, anchor: [
        i for i in members if i != anchor and run.world.relation(i, anchor) == relation_name
    ]


def _are(relation_name: str) -> Callable[[Execution, int, int], bool]:
    def rule(run: Execution, one_position: int, other_position: int) -> bool:
        run.different(one_position, other_position)
        return bool(run.world.relation(one_position, other_position) == relation_name)

    return rule


def _container(run: Execution, position: int) -> int:
    containers = [
        candidate
        for candidate in range(len(run.world))
        if candidate != position and run.world.relation(position, candidate) == "inside"
    ]
    if not containers:
        raise IllPosed("empty", "nothing is around the object", "ask about an object that is inside another")
    # Of nested ones the innermost, which is in all the others.
    return max(
        containers,
        key=lambda candidate: sum(
            run.world.relation(candidate, other_container) == "inside"
            for other_container in containers
            if other_container != candidate
        ),
    )


def _in_front(run: Execution, one_position: int, other_position: int) -> bool:
    run.different(one_position, other_position)
    if run.world.relation(one_position, other_position) != "overlap":
        raise IllPosed("apart", "the two objects do not overlap", "ask which is in front only where they overlap")
    return one_position > other_position


def _sized(sign: int) -> Callable[[Execution, list[int], int], list[int]]:
    def rule(run: Execution, members: list[int], anchor: int) -> list[int]:
        anchor_extent = run.world[anchor].extent
        gaps = {i: sign * (run.world[i].extent - anchor_extent) for i in members if i != anchor}
        run.decided_by(*gaps.values(), unit="px of size")
        return [i for i, gap in gaps.items() if gap > 0]

    return rule


def _larger(run: Execution, one_position: int, other_position: int) -> bool:
    run.different(one_position, other_position)
    size_gap = run.world[one_position].extent - run.world[other_position].extent
    run.decided_by(size_gap, unit="px of size")
    return bool(size_gap > 0)


def _alike(attribute_name: str) -> Callable[[Execution, int, int], bool]:
    def rule(run: Execution, one_position: int, other_position: int) -> bool:
        run.different(one_position, other_position)
        return bool(
            getattr(run.world[one_position], attribute_name) == getattr(run.world[other_position], attribute_name)
        )

    return rule


def _like(attribute_name: str) -> Callable[[Execution, list[int], int], list[int]]:
    def rule(run: Execution, members: list[int], anchor: int) -> list[int]:
        anchor_word = getattr(run.world[anchor], attribute_name)
        return [i for i in members if i != anchor and getattr(run.world[i], attribute_name) == anchor_word]

    return rule


def _label(run: Execution, position: int) -> str:
    if not run.world[position].label:
        raise IllPosed("no_label", "the object has no letter on it", "ask about an object with a letter")
    return str(run.world[position].label)


def _apart(run: Execution, *positions: int) -> None:
    """Require that all descriptions stand for different objects: no two of the `positions` are equal."""
    if len(set(positions)) < len(positions):
        raise IllPosed("trivial", f"{run.op} is given one object twice", "describe different objects")


def _nearer(run: Execution, one_position: int, other_position: int, anchor: int) -> bool:
    _apart(run, one_position, other_position, anchor)
    one_distance, other_distance = (
        math.dist(*((run.world[i].x, run.world[i].y) for i in (position, anchor)))
        for position in (one_position, other_position)
    )
    run.decided_by(one_distance - other_distance)
    return one_distance < other_distance


def _bearing(run: Execution, origin: int, target: int) -> float:
    """Return the angle, degrees counterclockwise from the right, in [0, 360), from `origin` to `target`."""
    origin_body, target_body = run.world[origin], run.world[target]
    return math.degrees(math.atan2(origin_body.y - target_body.y, target_body.x - origin_body.x)) % 360


def _direction(run: Execution, one_position: int, other_position: int) -> str:
    """Return where the one lies as seen from the other, to the nearest 45 degrees."""
    run.different(one_position, other_position)
    direction_step = _bearing(run, other_position, one_position) / 45
    run.decided_by(45 * (0.5 - abs(direction_step - round(direction_step))), unit="°")
    return DIRECTIONS[round(direction_step) % 8]


def _angle(run: Execution, one_position: int, corner: int, other_position: int) -> str:
    _apart(run, one_position, corner, other_position)
    opening_angle = abs((_bearing(run, corner, one_position) - _bearing(run, corner, other_position) + 180) % 360 - 180)
    run.decided_by(opening_angle - 90, unit="°")
    return "acute" if opening_angle < 90 else "obtuse"


def _difference(run: Execution, one_set: list[int], other_set: list[int]) -> int:
    return abs(len(one_set) - len(other_set))


def _together(run: Execution, one_set: list[int], other_set: list[int]) -> int:
    if set(one_set) & set(other_set):
        raise IllPosed("overlap", "an object is of both kinds", "add up kinds that share no object")
    return len(one_set) + len(other_set)


def _kinds(attribute_name: str) -> Callable[[Execution, list[int]], int]:
    return lambda run, members: len({getattr(run.world[i], attribute_name) for i in run.nonempty(members)})


def _every(run: Execution, one_set: list[int], other_set: list[int]) -> bool:
    return set(run.nonempty(one_set)) <= set(other_set)


def _symmetric(run: Execution, members: list[int]) -> bool:
    """Tell whether the `members` are their own mirror image, left to right, about the middle of the canvas."""
    if len(members) < 2:
        raise IllPosed("empty", "fewer than two objects are no arrangement", "ask about more objects")
    mirror_distance = _mirror_distance(run.world, members)
    run.decided_by(mirror_distance - MIRROR_SLACK)
    return mirror_distance < MIRROR_SLACK


def _mirror_distance(crowd: Crowd, members: list[int]) -> float:
    """Return the least distance, px, within which all `members` have a partner of their look at their mirror place."""
    pair_distances = {
        (i, j): math.hypot(crowd.width - crowd[i].x - crowd[j].x, crowd[i].y - crowd[j].y)
        for i in members
        for j in members
        if (crowd[i].colour, crowd[i].shape, crowd[i].size) == (crowd[j].colour, crowd[j].shape, crowd[j].size)
    }
    return next(
        (
            max_distance
            for max_distance in sorted(set(pair_distances.values()))
            if _matched(members, pair_distances, max_distance)
        ),
        math.inf,
    )


def _matched(members: list[int], pair_distances: Mapping[tuple[int, int], float], max_distance: float) -> bool:
    """Tell whether all `members` have partners of their own within `max_distance` (Kuhn's augmenting paths)."""
    partner_of: dict[int, int] = {}

    def place(i: int, visited_members: set[int]) -> bool:
        for j in members:
            if j not in visited_members and pair_distances.get((i, j), math.inf) <= max_distance:
                visited_members.add(j)
                if j not in partner_of or place(partner_of[j], visited_members):
                    partner_of[j] = i
                    return True
        return False

    return all(place(i, set()) for i in members)


# --- operators -------------------------------------------------------------------------------------------------

_SET, _PAIR = "Set Object", "Object Object"
RELATIONS: Mapping[str, Operator] = {**OPERATORS, **operator_table(
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
        phrases=("the shape right around {0}", "the shape that directly encloses {0}",
            "the shape that directly holds {0}",
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
        questions=("is {0} in front of {1}?", "does {0} cover a part of {1}?", "is {1} behind {0}?",
            "is {0} on top of {1}?",
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
        questions=("how many {0:many} and {1:many} are there in all?",
            "how many {0:many} and {1:many} are there together?",
            "what is the total number of {0:many} and {1:many}?",
            "counting both {0:many} and {1:many}, how many are there?",
            "how many {0:many}, plus {1:many}, are there in all?",
            "how many do {0:many} and {1:many} come to together?")),
    operator("colours", "Set", "Number", "how many different colours a set has", _kinds("colour"),
        questions=("how many different colours do the {0:many} have?",
            "in how many different colours are the {0:many}?",
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
    """Reject a `call` that compares an attribute which both descriptions name, or counts one that is named."""
    description_kind = language.literals["select"]
    named_attributes = [description_kind.pattern(words_about(argument)) for argument in call.args]
    is_constant = call.op in _COMPARED and all(_COMPARED[call.op] in attributes for attributes in named_attributes)
    is_constant |= call.op in _COUNTED and any(name in named_attributes[0] for name in _COUNTED[call.op])
    is_constant |= (
        call.op in _MEETING
        and _colour(description_kind, call.args[0]) == _colour(description_kind, call.args[1]) is not None
    )
    is_constant |= call.op == "every" and isinstance(call.args[1], Literal) and _implied(call.args[0], call.args[1])
    output = language.operators[call.op].output
    if (
        output == "Object"
        and call.op != "unique"
        and isinstance(call.args[0], Literal)
        and "label" in named_attributes[0]
    ):
        return Rejected("trivial", f"{call.op} of a letter, which is on one object only", "use unique")
    if is_constant:
        return Rejected("trivial", f"the words of {call.op} give its answer away", "ask what a picture decides")
    return None


def _colour(description_kind: Any, query: Any) -> str | None:
    """Return the colour that the description `query` names, or None."""
    return next((word for word in words_about(query) if word in description_kind.vocabulary["colour"]), None)


def _implied(subset: Any, superset: Literal) -> bool:
    return set(superset.words) <= set(words_about(subset))
