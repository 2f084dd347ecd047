"""Running a program over a scene, with the margin of its answer."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...render import Rejected
from .query import Language, Literal, Query, depth


@dataclass(frozen=True, slots=True)
class Result:
    """A program's value and how clearly the scene decides it.

    The margin is the smallest change of a compared quantity that alters the value, in its unit; infinite where the
    value depends on no comparison. Where quantities of several units are compared, it is the one that is smallest
    beside its unit's threshold.
    """

    value: Any
    margin: float
    unit: str = "px"
    compared: int = 0
    """How many things were compared or passed over: what makes a question long to answer."""


class IllPosed(Exception):
    """A program that has no clear answer on this scene, with the reason for its author."""

    def __init__(self, code: str, reason: str, hint: str = "") -> None:
        """Carry the rejection."""
        super().__init__(reason)
        self.rejected = Rejected(code, reason, hint)


class Run:
    """One execution over a world; operators' rules are given it first.

    Args:
        language: of the program.
        world: what the leaves look things up in.
        thresholds: by unit, the margin under which a comparison is not clear; the first unit is the world's own.
        named: what a `Name` leaf stands for, from its type and its word.
    """

    def __init__(
        self,
        language: Language,
        world: Any,
        thresholds: Mapping[str, float],
        named: Callable[[str, str], Any] | None = None,
    ) -> None:
        self.world = world
        self.op = ""
        """The operator whose rule is running."""
        self.margin, self.unit = math.inf, next(iter(thresholds))
        self.compared = 0
        self._language = language
        self._thresholds = thresholds
        self._named = named

    def evaluate(self, query: Query) -> Any:
        """A program's value; inner programs first."""
        if isinstance(query, Literal):
            return self._language.literals[query.op].evaluate(self, query.words)
        values = [self.evaluate(argument) for argument in query.args]
        self.op = query.op
        return self._language.operators[query.op].rule(self, *values)

    def named(self, output: str, word: str) -> Any:
        """What a name stands for; the word itself where the world keeps no names."""
        return word if self._named is None else self._named(output, word)

    def decided_by(self, *gaps: float, unit: str | None = None) -> None:
        """The value hangs on these differences; the least of all counts."""
        unit = unit or next(iter(self._thresholds))
        self.compared += len(gaps)
        gap = min((abs(each) for each in gaps), default=math.inf)
        if gap / self._thresholds[unit] < self.margin / self._thresholds[self.unit]:
            self.margin, self.unit = gap, unit

    # --- rules that many worlds share -------------------------------------------------------------------------

    def nonempty(self, members: Sequence[Any]) -> Sequence[Any]:
        """The members, of which there must be one."""
        if not members:
            raise IllPosed("empty", f"{self.op} of a set without members", "ask about objects that are drawn")
        return members

    def unique(self, members: Sequence[Any]) -> Any:
        """The only member."""
        if len(self.nonempty(members)) > 1:
            raise IllPosed("not_unique", f"{len(members)} objects fit the description", "describe exactly one object")
        return members[0]

    def least(self, members: Sequence[Any], key: Callable[[Any], float], unit: str | None = None) -> Any:
        """The member with the smallest key; the margin is the gap to the runner-up."""
        ranked = sorted((key(each), position) for position, each in enumerate(self.nonempty(members)))
        if len(ranked) > 1:
            self.decided_by(ranked[1][0] - ranked[0][0], unit=unit)
            self.compared += len(ranked) - 2
        return members[ranked[0][1]]

    def different(self, first: Any, second: Any) -> None:
        """Two descriptions must not meet in one object."""
        if first == second:
            raise IllPosed("trivial", f"{self.op} compares an object with itself", "describe two objects")


def execute(
    language: Language,
    query: Query,
    world: Any,
    thresholds: Mapping[str, float],
    named: Callable[[str, str], Any] | None = None,
) -> Result | Rejected:
    """The program's value over the world, by exact rules, whatever its margin.

    Returns:
        The value with its margin, or Rejected with the code of the rule that it offends, such as `not_unique` or
        `empty`.
    """
    run = Run(language, world, thresholds, named)
    try:
        value = run.evaluate(query)
    except IllPosed as ill:
        return ill.rejected
    return Result(value, run.margin, run.unit, run.compared)


def ambiguity_of(result: Result, thresholds: Mapping[str, float]) -> Rejected | None:
    """Whether the margin is under its unit's threshold: then nobody can be asked to see the answer."""
    least = thresholds[result.unit]
    if result.margin >= least:
        return None
    unit = result.unit
    return Rejected("ambiguous", f"decided by {result.margin:.3g} {unit}", f"keep differences over {least:g} {unit}")


def effort(query: Query, result: Result, thresholds: Mapping[str, float]) -> float:
    """How much a question asks of who answers it: its depth, its distractors and its closeness.

    Depth of the program, plus the binary logarithm of one more than the things compared, plus threshold over margin
    (at most 1, as closer questions are not asked). Ours; it orders questions of one world, not of two.
    """
    closeness = thresholds[result.unit] / max(result.margin, thresholds[result.unit])
    return depth(query) + math.log2(1 + result.compared) + closeness
