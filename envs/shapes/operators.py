"""The operators of the environments of shapes: rules over things, and their English.

The first questions of each are those of Canvas-v1, byte for byte. Begin at `OPERATORS`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ...render import Rejected
from ..language.execute import Execution
from ..language.query import Call, Language, Literal, Operator, Query, operator, operator_table


@dataclass(frozen=True, slots=True)
class Thing:
    """An object as a question sees it: words, centre (px, y down) and extent (px, longer side of its box)."""

    colour: str
    shape: str
    size: str
    x: float
    y: float
    extent: float

    def described_by(self, words: Sequence[str]) -> bool:
        """Tell whether all of `words` are true of it."""
        return all(word in (self.colour, self.shape, self.size) for word in words)


# --- rules ---------------------------------------------------------------------------------------------------


def _attribute(attribute_name: str) -> Callable[[Execution, int], str]:
    return lambda run, position: str(getattr(run.world[position], attribute_name))


def _extreme(attribute_name: str, sign: int) -> Callable[[Execution, list[int]], int]:
    return lambda run, members: int(run.least(members, lambda i: sign * float(getattr(run.world[i], attribute_name))))


def distance(run: Execution, one_position: int, other_position: int) -> float:
    """Return the distance, px, between the centres of the things at two positions of the world of `run`."""
    one_thing, other_thing = run.world[one_position], run.world[other_position]
    return math.hypot(one_thing.x - other_thing.x, one_thing.y - other_thing.y)


def _by_distance(sign: int) -> Callable[[Execution, list[int], int], int]:
    def rule(run: Execution, members: list[int], anchor: int) -> int:
        candidates = [i for i in members if i != anchor]
        return int(run.least(candidates, lambda i: sign * distance(run, i, anchor)))

    return rule


def _beside(axis: str, sign: int) -> Callable[[Execution, list[int], int], list[int]]:
    def rule(run: Execution, members: list[int], anchor: int) -> list[int]:
        """The members with a positive offset from the anchor; the anchor itself is never one."""
        anchor_place = getattr(run.world[anchor], axis)
        offsets = {i: sign * (getattr(run.world[i], axis) - anchor_place) for i in members if i != anchor}
        run.decided_by(*offsets.values())
        return [i for i, offset in offsets.items() if offset > 0]

    return rule


def _compared(axis: str, words: tuple[str, str]) -> Callable[[Execution, int, int], str]:
    def rule(run: Execution, one_position: int, other_position: int) -> str:
        run.different(one_position, other_position)
        difference = getattr(run.world[one_position], axis) - getattr(run.world[other_position], axis)
        run.decided_by(difference)
        return words[0] if difference < 0 else words[1]

    return rule


# --- English ---------------------------------------------------------------------------------------------------


def _end(*names: str) -> tuple[str, ...]:
    """Return the phrases of an outermost or otherwise extreme member, by its adjectives `names`."""
    main_name = names[0]
    return (
        f"the {main_name} {{0:one}}",
        f"the {main_name} of the {{0:many}}",
        f"the {main_name} of all {{0:many}}",
        f"the {main_name} one among the {{0:many}}",
        *(f"the {name} of the {{0:many}}" for name in names[1:]),
        *(f"the {name} {{0:one}}" for name in names[1:]),
    )


def _to(*names: str) -> tuple[str, ...]:
    """Return the phrases of the nearest or farthest member, by its relations `names`."""
    main_name = names[0]
    return (
        f"the {{0:one}} {main_name} {{1}}",
        f"the one of the {{0:many}} that is {main_name} {{1}}",
        *(f"the one of all {{0:many}} that is {name} {{1}}" for name in names),
        *(f"the {{0:one}} that is {name} {{1}}" for name in names),
        *(f"the one, out of all {{0:many}}, that is {name} {{1}}" for name in names),
        *(f"the one, among the {{0:many}}, that is {name} {{1}}" for name in names),
        f"the one that, of the {{0:many}}, is {main_name} {{1}}",
    )


OPERATORS: Mapping[str, Operator] = operator_table(
    operator("unique", "Set", "Object", "the only member of a set", lambda run, members: run.unique(members),
        phrases=("the {0:that}", "the only {0:that}", "the one {0:that}", "the single {0:that}", "the sole {0:that}")),
    operator("count", "Set", "Number", "how many members a set has", lambda run, members: len(members),
        phrases=("the number of {0:many}",),
        questions=("how many {0:many} are there?", "what is the number of {0:many}?", "how many {0:many} can you see?",
            "count the {0:many}: how many are there?", "how many {0:many} does the picture show?",
            "what number of {0:many} is there?")),
    operator("exists", "Set", "Bool", "whether a set has a member", lambda run, members: bool(members),
        questions=("is there {0:a}?", "can you see {0:a}?", "does the picture show {0:a}?", "is {0:a} in the picture?",
            "do you find {0:a}?", "is at least one {0:one} there?")),
    operator("colour", "Object", "Colour", "an object's colour", _attribute("colour"),
        questions=("what colour is {0}?", "what is the colour of {0}?", "which colour does {0} have?",
            "in which colour is {0} drawn?", "what colour does {0} have?", "which colour is {0}?")),
    operator("shape", "Object", "Shape", "an object's shape", _attribute("shape"),
        questions=("what shape is {0}?", "what is the form of {0}?", "which shape does {0} have?",
            "what is the shape of {0}?", "what kind of shape is {0}?", "which shape is {0}?")),
    operator("size", "Object", "Size", "an object's size", _attribute("size"),
        questions=("is {0} small or large?", "what size is {0}?", "is {0} large or small?", "what is the size of {0}?",
            "which size does {0} have, small or large?")),
    operator("leftmost", "Set", "Object", "the member with the smallest x", _extreme("x", 1),
        phrases=_end("leftmost", "farthest left")),
    operator("rightmost", "Set", "Object", "the member with the largest x", _extreme("x", -1),
        phrases=_end("rightmost", "farthest right")),
    operator("topmost", "Set", "Object", "the member with the smallest y", _extreme("y", 1),
        phrases=_end("topmost", "highest")),
    operator("bottommost", "Set", "Object", "the member with the largest y", _extreme("y", -1),
        phrases=_end("bottommost", "lowest")),
    operator("largest", "Set", "Object", "the member with the largest extent", _extreme("extent", -1),
        phrases=_end("largest", "biggest")),
    operator("smallest", "Set", "Object", "the member with the smallest extent", _extreme("extent", 1),
        phrases=_end("smallest", "tiniest")),
    operator("nearest", "Set Object", "Object", "the member nearest to an object, centre to centre", _by_distance(1),
        phrases=_to("nearest to", "closest to")),
    operator("farthest", "Set Object", "Object", "the member farthest from an object, centre to centre",
        _by_distance(-1), phrases=_to("farthest from", "most distant from")),
    operator("left_of", "Set Object", "Set", "the members left of an object", _beside("x", -1),
        phrases=("left of {1}", "to the left of {1}", "on the left of {1}", "farther left than {1}",
            "further to the left than {1}")),
    operator("right_of", "Set Object", "Set", "the members right of an object", _beside("x", 1),
        phrases=("right of {1}", "to the right of {1}", "on the right of {1}", "farther right than {1}",
            "further to the right than {1}")),
    operator("above", "Set Object", "Set", "the members above an object", _beside("y", -1),
        phrases=("above {1}", "higher than {1}", "higher up than {1}", "farther up than {1}",
            "nearer the top than {1}")),
    operator("below", "Set Object", "Set", "the members below an object", _beside("y", 1),
        phrases=("below {1}", "lower than {1}", "lower down than {1}", "farther down than {1}",
            "nearer the bottom than {1}")),
    operator("side", "Object Object", "Side", "whether the first is left or right of the second",
        _compared("x", ("left", "right")),
        questions=("is {0} left or right of {1}?", "on which side of {1} is {0}, left or right?",
            "is {0} to the left or to the right of {1}?", "does {0} lie left or right of {1}?",
            "seen from {1}, is {0} to the left or to the right?")),
    operator("level", "Object Object", "Level", "whether the first is above or below the second",
        _compared("y", ("above", "below")),
        questions=("is {0} above or below {1}?", "where is {0}, above or below {1}?",
            "does {0} lie above or below {1}?",
            "is {0} placed above {1} or below it?", "seen from {1}, is {0} above or below?")),
    operator("more", "Set Set", "Bool", "whether the first set has more members",
        lambda run, one_set, other_set: len(one_set) > len(other_set),
        questions=("are there more {0:many} than {1:many}?", "do {0:many} outnumber {1:many}?",
            "is the number of {0:many} greater than the number of {1:many}?",
            "does the picture show more {0:many} than {1:many}?", "can you see more {0:many} than {1:many}?")),
    operator("fewer", "Set Set", "Bool", "whether the first set has fewer members",
        lambda run, one_set, other_set: len(one_set) < len(other_set),
        questions=("are there fewer {0:many} than {1:many}?", "do {1:many} outnumber {0:many}?",
            "is the number of {0:many} less than the number of {1:many}?",
            "does the picture show fewer {0:many} than {1:many}?", "can you see fewer {0:many} than {1:many}?")),
    operator("same", "Set Set", "Bool", "whether two sets have equally many members",
        lambda run, one_set, other_set: len(one_set) == len(other_set),
        questions=("are there as many {0:many} as {1:many}?", "are {0:many} and {1:many} equally many?",
            "is the number of {0:many} equal to the number of {1:many}?",
            "does the picture show as many {0:many} as {1:many}?", "can you see as many {0:many} as {1:many}?")),
)  # fmt: skip

# --- what words alone decide -----------------------------------------------------------------------------------


def words_about(query: Query) -> tuple[Any, ...]:
    """Return the words of `query` that describe the object or set itself, not those of an object it is related to."""
    if isinstance(query, Literal):
        return query.words
    # Of what is around an object, the object's own words say nothing.
    return () if query.op == "container" else words_about(query.args[0])


def _includes(whole: Query, part: Query) -> bool:
    """Tell by their words whether all objects of `part`, a set or an object, are in `whole`, a plain selection."""
    return isinstance(whole, Literal) and set(whole.words) <= set(words_about(part))


def _only(query: Query) -> bool:
    return isinstance(query, Call) and query.op == "unique"


def duplicate_argument(language: Language, call: Call) -> Rejected | None:
    """Reject a `call` that compares something with itself."""
    for one_argument, other_argument in combinations(call.args, 2):
        if one_argument == other_argument:
            return Rejected("trivial", f"{call.op} is given the same thing twice", "compare two different things")
        if (
            _only(one_argument)
            and _only(other_argument)
            and _comparable(set(words_about(one_argument)), set(words_about(other_argument)))
        ):
            return Rejected(
                "trivial", "one description implies the other, so both fit the same object", "tell them apart"
            )
    return None


def _comparable(one_words: set[Any], other_words: set[Any]) -> bool:
    return one_words <= other_words or other_words <= one_words


_ENDS = {"side": ("leftmost", "rightmost"), "level": ("topmost", "bottommost")}
_BEYOND = {"left_of": "leftmost", "right_of": "rightmost", "above": "topmost", "below": "bottommost"}


def constant_answer(language: Language, call: Call) -> Rejected | None:
    """Reject a `call` whose answer follows from its words: an end is beyond all others, a whole exceeds its part."""
    if _foregone(call):
        return Rejected("trivial", f"{call.op} has the same answer on every picture", "ask what a picture decides")
    return None


def _foregone(call: Call) -> bool:
    subject, *objects = call.args
    if call.op == "exists":
        return isinstance(subject, Literal) and not subject.words
    if call.op in ("more", "fewer", "same"):
        return _includes(subject, objects[0]) or _includes(objects[0], subject)
    if call.op == "size":
        return isinstance(subject, Call) and subject.op in ("largest", "smallest")
    if call.op in _ENDS:
        pairs = ((subject, objects[0]), (objects[0], subject))
        return any(
            isinstance(end, Call) and end.op in _ENDS[call.op] and _includes(end.args[0], other_argument)
            for end, other_argument in pairs
        )
    if call.op in _BEYOND:
        end = objects[0]
        return isinstance(end, Call) and end.op == _BEYOND[call.op] and _includes(end.args[0], subject)
    return False


def self_comparison(language: Language, call: Call) -> Rejected | None:
    """Reject a `call` that relates a set to its only member: `["nearest", S, ["unique", S]]`."""
    if language.operators[call.op].inputs == ("Set", "Object"):
        members, anchor = call.args
        if isinstance(members, Literal) and _only(anchor) and set(words_about(anchor)) <= set(members.words):
            return Rejected("trivial", "the object is the only member of the set it is related to", "ask about others")
    return None


def answer_leak(language: Language, call: Call) -> Rejected | None:
    """Reject a `call` for an attribute that its words name: the question would hold its answer."""
    description_kind = next(iter(language.literals.values()))
    if call.op in ("colour", "shape", "size", "label") and call.op in description_kind.pattern(
        words_about(call.args[0])
    ):
        return Rejected(
            "leaks", f"the question names the {call.op} it asks for", f"describe the object without its {call.op}"
        )
    return None


# --- literals in English -----------------------------------------------------------------------------------------


def noun(literal: Literal, plural: bool, shapes: Sequence[str]) -> str:
    """Return a description as a noun phrase without an article: `red circles`, `small shape`.

    Args:
        literal: the description.
        plural: whether several are meant.
        shapes: the words that are nouns; without one of them it is a `shape`.
    """
    noun_words = list(literal.words)
    if not noun_words or noun_words[-1] not in shapes:
        noun_words.append("shape")
    return " ".join(noun_words) + ("s" if plural else "")
