"""Running a query over the objects of a scene, with the margin of its answer."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..render import Rejected
from .query import Call, Query, Select


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
        """Whether every word is true of it."""
        return all(word in (self.colour, self.shape, self.size) for word in words)


@dataclass(frozen=True, slots=True)
class Result:
    """A query's value and its margin: the smallest change, in px, of a compared quantity that alters it.

    The margin is infinite where the value depends on no comparison of positions or extents.
    """

    value: Any
    margin: float


class _IllPosed(Exception):
    def __init__(self, code: str, reason: str, hint: str = "") -> None:
        self.rejected = Rejected(code, reason, hint)


def execute(query: Query, things: Sequence[Thing]) -> Result | Rejected:
    """The query's value over the things, by exact rules.

    Returns:
        The value (`int`, `bool` or a word) with its margin, or Rejected with code `not_unique` or `empty`.
    """
    run = _Run(things)
    try:
        value = run.evaluate(query)
    except _IllPosed as ill:
        return ill.rejected
    return Result(value, run.margin)


class _Run:
    """One execution; keeps the smallest margin met."""

    def __init__(self, things: Sequence[Thing]) -> None:
        self.things = things
        self.margin = math.inf

    def evaluate(self, query: Query) -> Any:
        if isinstance(query, Select):
            return [i for i, thing in enumerate(self.things) if thing.described_by(query.words)]
        return _RUN[query.op](self, query, [self.evaluate(argument) for argument in query.args])

    def nonempty(self, members: list[int], query: Call) -> list[int]:
        if not members:
            raise _IllPosed("empty", f"{query.op} of a set without members", "ask about objects that are drawn")
        return members

    def unique(self, query: Call, arguments: list[Any]) -> int:
        members = self.nonempty(arguments[0], query)
        if len(members) > 1:
            raise _IllPosed("not_unique", f"{len(members)} objects fit the description", "describe exactly one object")
        return int(members[0])

    def extreme(self, query: Call, members: list[int], key: Callable[[int], float]) -> int:
        """The member with the smallest key; the margin is the gap to the runner-up."""
        ranked = sorted(self.nonempty(members, query), key=key)
        if len(ranked) > 1:
            self.margin = min(self.margin, key(ranked[1]) - key(ranked[0]))
        return ranked[0]

    def beside(self, members: list[int], anchor: int, offset: Callable[[Thing, Thing], float]) -> list[int]:
        """The members with a positive offset from the anchor; the anchor itself is never one."""
        offsets = {i: offset(self.things[i], self.things[anchor]) for i in members if i != anchor}
        self.margin = min(self.margin, *map(abs, offsets.values()), math.inf)
        return [i for i, value in offsets.items() if value > 0]

    def distance(self, first: int, second: int) -> float:
        a, b = self.things[first], self.things[second]
        return math.hypot(a.x - b.x, a.y - b.y)

    def compare(self, query: Call, arguments: list[int], axis: str, words: tuple[str, str]) -> str:
        first, second = arguments
        if first == second:
            raise _IllPosed("trivial", f"{query.op} compares an object with itself", "describe two objects")
        difference = getattr(self.things[first], axis) - getattr(self.things[second], axis)
        self.margin = min(self.margin, abs(difference))
        return words[0] if difference < 0 else words[1]


_Rule = Callable[[_Run, Call, list[Any]], Any]


def _attribute(name: str) -> _Rule:
    return lambda run, query, arguments: getattr(run.things[arguments[0]], name)


def _extreme(name: str, sign: int) -> _Rule:
    return lambda run, query, arguments: run.extreme(
        query, arguments[0], lambda i: sign * float(getattr(run.things[i], name))
    )


def _by_distance(sign: int) -> _Rule:
    def rule(run: _Run, query: Call, arguments: list[Any]) -> int:
        members, anchor = arguments
        others = [i for i in members if i != anchor]
        return run.extreme(query, others, lambda i: sign * run.distance(i, anchor))

    return rule


def _beside(axis: str, sign: int) -> _Rule:
    return lambda run, query, arguments: run.beside(
        arguments[0], arguments[1], lambda a, b: sign * float(getattr(a, axis) - getattr(b, axis))
    )


_RUN: dict[str, _Rule] = {
    "unique": lambda run, query, arguments: run.unique(query, arguments),
    "count": lambda run, query, arguments: len(arguments[0]),
    "exists": lambda run, query, arguments: bool(arguments[0]),
    "colour": _attribute("colour"),
    "shape": _attribute("shape"),
    "size": _attribute("size"),
    "leftmost": _extreme("x", 1),
    "rightmost": _extreme("x", -1),
    "topmost": _extreme("y", 1),
    "bottommost": _extreme("y", -1),
    "smallest": _extreme("extent", 1),
    "largest": _extreme("extent", -1),
    "nearest": _by_distance(1),
    "farthest": _by_distance(-1),
    "left_of": _beside("x", -1),
    "right_of": _beside("x", 1),
    "above": _beside("y", -1),
    "below": _beside("y", 1),
    "side": lambda run, query, arguments: run.compare(query, arguments, "x", ("left", "right")),
    "level": lambda run, query, arguments: run.compare(query, arguments, "y", ("above", "below")),
    "more": lambda run, query, arguments: len(arguments[0]) > len(arguments[1]),
    "fewer": lambda run, query, arguments: len(arguments[0]) < len(arguments[1]),
    "same": lambda run, query, arguments: len(arguments[0]) == len(arguments[1]),
}
