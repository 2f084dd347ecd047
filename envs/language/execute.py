"""Running a program over a scene, with the margin of its answer.

Begin at `execute`; operators' rules are given the `Execution`, which keeps the margin and offers rules that many worlds
share.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...render import Rejected
from .query import Language, Literal, Query


@dataclass(frozen=True, slots=True)
class Result:
    """The value of a program and how clearly the scene decides it.

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


class Execution:
    """One execution over a world; operators' rules are given it first.

    Args:
        language: the language of the program.
        world: the parsed scene in which literals look things up.
        thresholds: by unit, the margin under which a comparison is not clear; the first unit is the world's own.
        name_lookup: what a `Name` literal stands for, from its type and its word.
    """

    def __init__(
        self,
        language: Language,
        world: Any,
        thresholds: Mapping[str, float],
        name_lookup: Callable[[str, str], Any] | None = None,
    ) -> None:
        self.world = world
        self.op = ""
        """The operator whose rule is running."""
        self.margin, self.unit = math.inf, next(iter(thresholds))
        self.compared = 0
        self._language = language
        self._thresholds = thresholds
        self._named = name_lookup

    def evaluate(self, query: Query) -> Any:
        """Return the value of `query`; inner programs are evaluated first."""
        if isinstance(query, Literal):
            return self._language.literals[query.op].evaluate(self, query.words)
        argument_values = [self.evaluate(argument) for argument in query.args]
        self.op = query.op
        return self._language.operators[query.op].rule(self, *argument_values)

    def named(self, output: str, word: str) -> Any:
        """Return what the name `word` of the type `output` stands for; `word` itself where the world has no names."""
        return word if self._named is None else self._named(output, word)

    def decided_by(self, *margins: float, unit: str | None = None) -> None:
        """Record that the value depends on these `margins`, in `unit`; the least of all counts."""
        unit = unit or next(iter(self._thresholds))
        self.compared += len(margins)
        least_gap = min((abs(margin) for margin in margins), default=math.inf)
        if least_gap / self._thresholds[unit] < self.margin / self._thresholds[self.unit]:
            self.margin, self.unit = least_gap, unit

    # --- rules that many worlds share -------------------------------------------------------------------------

    def nonempty(self, members: Sequence[Any]) -> Sequence[Any]:
        """Return `members`, of which there must be one."""
        if not members:
            raise IllPosed("empty", f"{self.op} of a set without members", "ask about objects that are drawn")
        return members

    def unique(self, members: Sequence[Any]) -> Any:
        """Return the only one of `members`."""
        if len(self.nonempty(members)) > 1:
            raise IllPosed("not_unique", f"{len(members)} objects fit the description", "describe exactly one object")
        return members[0]

    def least(self, members: Sequence[Any], member_key: Callable[[Any], float], unit: str | None = None) -> Any:
        """Return the member with the smallest `member_key`; the margin, in `unit`, is the gap to the runner-up."""
        ranking = sorted((member_key(member), position) for position, member in enumerate(self.nonempty(members)))
        if len(ranking) > 1:
            self.decided_by(ranking[1][0] - ranking[0][0], unit=unit)
            self.compared += len(ranking) - 2
        return members[ranking[0][1]]

    def different(self, one_object: Any, other_object: Any) -> None:
        """Require that two descriptions do not meet in one object: `one_object` is not `other_object`."""
        if one_object == other_object:
            raise IllPosed("trivial", f"{self.op} compares an object with itself", "describe two objects")


def execute(
    language: Language,
    query: Query,
    world: Any,
    thresholds: Mapping[str, float],
    name_lookup: Callable[[str, str], Any] | None = None,
) -> Result | Rejected:
    """Return the value of `query` over the `world`, by exact rules, whatever its margin.

    Args:
        language: the language of the query.
        query: the program.
        world: the parsed scene.
        thresholds: by unit, the margin under which a comparison is not clear.
        name_lookup: what a `Name` literal stands for, from its type and its word.

    Returns:
        The value with its margin, or Rejected with the code of the rule that it offends, such as `not_unique` or
        `empty`.
    """
    run = Execution(language, world, thresholds, name_lookup)
    try:
        value = run.evaluate(query)
    except IllPosed as error:
        return error.rejected
    return Result(value, run.margin, run.unit, run.compared)


def ambiguity_of(result: Result, thresholds: Mapping[str, float]) -> Rejected | None:
    """Reject a `result` whose margin is under the threshold of its unit: nobody can be asked to see the answer."""
    threshold = thresholds[result.unit]
    if result.margin >= threshold:
        return None
    hint = f"keep differences over {threshold:g} {result.unit}"
    return Rejected("ambiguous", f"decided by {result.margin:.3g} {result.unit}", hint)
