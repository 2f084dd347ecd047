"""The operators of charts: rules over the values that a chart shows, and their English.

Begin at `LANGUAGE`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from ...render import Rejected
from ..language.execute import Execution, IllPosed
from ..language.literals import Description, LiteralKind, Name, Quantity, Vocabulary
from ..language.query import Call, Language, Literal, Operator, operator, operator_table

AXIS, READING = "% of the axis", "reading errors"
COLOURS: Mapping[str, str] = {
    "blue": "#1f77b4", "orange": "#ff7f0e", "green": "#2ca02c", "red": "#d62728", "purple": "#9467bd",
    "brown": "#8c564b", "pink": "#e377c2", "grey": "#7f7f7f",
}  # fmt: skip
"""matplotlib's default cycle, by the words that it is known by."""
TRENDS = ("rising", "falling", "mixed")


@dataclass(frozen=True, slots=True)
class ChartValue:
    """A value that a chart shows."""

    panel: str
    series: str
    category: str
    value: float
    error: float
    """How far off a careful reader may be, in the value's unit."""
    span: float
    """From end to end of the axis."""

    def described_by(self, words: Sequence[str]) -> bool:
        """Tell whether `words` are none: without words, all values are meant."""
        return not words


class Reading(Sequence[ChartValue]):
    """The values that are read from a chart, in order of panels, series and categories."""

    def __init__(self, chart_values: Sequence[ChartValue], colours: Mapping[str, str | None], measure: str) -> None:
        self.points, self.colours, self.measure = tuple(chart_values), dict(colours), measure
        self.names: dict[str, tuple[str, ...]] = {
            "Panel": tuple(dict.fromkeys(point.panel for point in chart_values if point.panel)),
            "Series": tuple(name for name in colours if name),
            "Category": tuple(dict.fromkeys(point.category for point in chart_values)),
        }

    def __getitem__(self, index: Any) -> Any:
        """Return the value at the position `index`."""
        return self.points[index]

    def __len__(self) -> int:
        """Return the number of values."""
        return len(self.points)


class ChartAmount(NamedTuple):
    """A number that is read, and how far off a careful reader may be."""

    value: float
    error: float


# --- rules -----------------------------------------------------------------------------------------------------


def _where(field: str) -> Callable[[Execution, list[int], str], list[int]]:
    return lambda run, members, name: [i for i in members if getattr(run.world[i], field) == name]


def _beyond(sign: int) -> Callable[[Execution, list[int], float], list[int]]:
    def rule(run: Execution, members: list[int], limit: float) -> list[int]:
        gaps = {i: sign * (run.world[i].value - limit) for i in members}
        run.decided_by(*(100 * gap / run.world[i].span for i, gap in gaps.items()), unit=AXIS)
        return [i for i, gap in gaps.items() if gap > 0]

    return rule


def _end(sign: int) -> Callable[[Execution, list[int]], int]:
    def rule(run: Execution, members: list[int]) -> int:
        if len(run.nonempty(members)) < 2:
            raise IllPosed("trivial", f"{run.op} of a single value", "choose among several")
        return int(run.least(members, lambda i: -sign * 100 * run.world[i].value / run.world[i].span, unit=AXIS))

    return rule


def _name(field: str) -> Callable[[Execution, int], str]:
    def rule(run: Execution, position: int) -> str:
        value_name = str(getattr(run.world[position], field))
        if not value_name:
            raise IllPosed("no_name", f"the value has no {field} of its own name", f"ask where each {field} is named")
        return value_name

    return rule


def _gap(run: Execution, one_position: int, other_position: int) -> float:
    run.different(one_position, other_position)
    return float(run.world[one_position].value - run.world[other_position].value)


def _greater(run: Execution, one_position: int, other_position: int) -> bool:
    value_gap = _gap(run, one_position, other_position)
    run.decided_by(100 * value_gap / run.world[one_position].span, unit=AXIS)
    return value_gap > 0


def _difference(run: Execution, one_position: int, other_position: int) -> ChartAmount:
    return ChartAmount(
        abs(_gap(run, one_position, other_position)), run.world[one_position].error + run.world[other_position].error
    )


def _ratio(run: Execution, one_position: int, other_position: int) -> ChartAmount:
    _gap(run, one_position, other_position)
    dividend, divisor = run.world[one_position], run.world[other_position]
    if divisor.value <= 2 * divisor.error:
        raise IllPosed("ambiguous", "the second value is too near to nothing to divide by", "divide by a larger one")
    return ChartAmount(
        dividend.value / divisor.value,
        abs(dividend.value / divisor.value)
        * (dividend.error / max(abs(dividend.value), dividend.error) + divisor.error / divisor.value),
    )


def _total(run: Execution, members: list[int]) -> ChartAmount:
    chart_values = [run.world[i] for i in _several(run, members)]
    return ChartAmount(sum(point.value for point in chart_values), sum(point.error for point in chart_values))


def _several(run: Execution, members: list[int]) -> list[int]:
    if len(run.nonempty(members)) < 2:
        raise IllPosed("trivial", f"{run.op} of a single value", "choose several values")
    return members


def _mean(run: Execution, members: list[int]) -> ChartAmount:
    total_amount = _total(run, members)
    return ChartAmount(total_amount.value / len(members), total_amount.error / len(members))


def _spread(run: Execution, members: list[int]) -> ChartAmount:
    low, high = (pick((run.world[i] for i in _several(run, members)), key=lambda p: p.value) for pick in (min, max))
    return ChartAmount(high.value - low.value, high.error + low.error)


def _more_in_all(run: Execution, one_set: list[int], other_set: list[int]) -> bool:
    if set(one_set) & set(other_set):
        raise IllPosed("overlap", "a value is in both sets", "compare sets that share no value")
    one_total, other_total = _total(run, one_set), _total(run, other_set)
    run.decided_by((one_total.value - other_total.value) / (one_total.error + other_total.error), unit=READING)
    return one_total.value > other_total.value


def _trend(run: Execution, members: list[int]) -> str:
    """Tell whether the values of `members` go up at every step, down at every step, or some each."""
    chart_values = [run.world[i] for i in members]
    if len(chart_values) < 3 or len({point.category for point in chart_values}) < len(chart_values):
        raise IllPosed("trivial", "a trend needs three categories, with one value each", "ask about one series")
    steps = [
        100 * (value_after.value - value_before.value) / value_before.span
        for value_before, value_after in pairwise(chart_values)
    ]
    run.decided_by(*steps, unit=AXIS)
    return "rising" if min(steps) > 0 else "falling" if max(steps) < 0 else "mixed"


def _colour(run: Execution, series: str) -> str:
    colour = run.world.colours[series]
    if colour is None:
        raise IllPosed("colour", f"{series} is in no colour with a name", f"use {', '.join(COLOURS)}")
    return str(colour)


def _drawn_in(run: Execution, colour: str) -> str:
    series_names = [series for series, series_colour in run.world.colours.items() if series_colour == colour and series]
    return str(run.unique(series_names))


# --- operators ---------------------------------------------------------------------------------------------------


OPERATORS: Mapping[str, Operator] = operator_table(
    operator("of", "Set Series", "Set", "the values of a series", _where("series"),
        phrases=("of {1}", "for {1}", "in the series {1}", "of the series {1}", "belonging to {1}")),
    operator("at", "Set Category", "Set", "the values at a category", _where("category"),
        phrases=("at {1}", "in the category {1}", "at the category {1}", "in category {1}", "for the category {1}")),
    operator("within", "Set Panel", "Set", "the values in a panel", _where("panel"),
        phrases=("in the panel {1}", "in the subplot {1}", "in the panel titled {1}", "in the subplot titled {1}",
            "under the title {1}")),
    operator("over", "Set Amount", "Set", "the values above a limit", _beyond(1),
        phrases=("above {1}", "over {1}", "greater than {1}", "higher than {1}", "exceeding {1}")),
    operator("under", "Set Amount", "Set", "the values below a limit", _beyond(-1),
        phrases=("below {1}", "under {1}", "less than {1}", "lower than {1}", "short of {1}")),
    operator("unique", "Set", "Object", "the only value of a set", lambda run, members: run.unique(members),
        phrases=("the {0:one}", "the only {0:one}", "the one {0:one}", "the single {0:one}", "the sole {0:one}")),
    operator("highest", "Set", "Object", "the highest value of a set", _end(1),
        phrases=("the highest {0:one}", "the highest of the {0:many}", "the largest {0:one}",
            "the largest of the {0:many}", "the maximum of the {0:many}")),
    operator("lowest", "Set", "Object", "the lowest value of a set", _end(-1),
        phrases=("the lowest {0:one}", "the lowest of the {0:many}", "the smallest {0:one}",
            "the smallest of the {0:many}", "the minimum of the {0:many}")),
    operator("amount", "Object", "Value", "how much a value is",
        lambda run, point: ChartAmount(run.world[point].value, run.world[point].error),
        questions=("what is {0}?", "how much is {0}?", "read off {0}: what is it?", "what number is {0}?",
            "about how large is {0}?")),
    operator("category_of", "Object", "Name", "the category of a value", _name("category"),
        questions=("which category has {0}?", "in which category is {0}?", "what category does {0} stand at?",
            "what is the category of {0}?", "at which category does one find {0}?")),
    operator("series_of", "Object", "Name", "the series of a value", _name("series"),
        questions=("which series has {0}?", "to which series does {0} belong?", "what series does {0} belong to?",
            "in which series is {0}?", "what is the series of {0}?")),
    operator("panel_of", "Object", "Name", "the panel of a value", _name("panel"),
        questions=("which panel shows {0}?", "in which subplot is {0}?", "what is the title of the panel with {0}?",
            "which subplot has {0}?", "under which title is {0}?")),
    operator("greater", "Object Object", "Bool", "whether the first value is the greater one", _greater,
        questions=("is {0} greater than {1}?", "is {0} higher than {1}?", "does {0} exceed {1}?",
            "is {1} less than {0}?",
            "is {1} smaller than {0}?")),
    operator("difference", "Object Object", "Value", "how far two values are apart", _difference,
        questions=("what is the difference between {0} and {1}?", "by how much do {0} and {1} differ?",
            "how far apart are {0} and {1}?", "how large is the gap between {0} and {1}?",
            "how much lies between {0} and {1}?")),
    operator("ratio", "Object Object", "Value", "the first value over the second", _ratio,
        questions=("how many times {1} is {0}?", "what is the ratio of {0} to {1}?", "what is {0} divided by {1}?",
            "dividing {0} by {1} gives what?", "what multiple of {1} is {0}?")),
    operator("sum", "Set", "Value", "the sum of a set", _total,
        questions=("what is the sum of the {0:many}?", "what do the {0:many} add up to?",
            "what is the total of the {0:many}?", "how much do the {0:many} come to in all?",
            "adding up the {0:many} gives what?")),
    operator("mean", "Set", "Value", "the mean of a set", _mean,
        questions=("what is the mean of the {0:many}?", "what is the average of the {0:many}?",
            "what do the {0:many} average?", "how large are the {0:many} on average?",
            "what is the arithmetic mean of the {0:many}?")),
    operator("spread", "Set", "Value", "from the lowest to the highest of a set", _spread,
        questions=("how far apart are the highest and the lowest of the {0:many}?",
            "what is the range of the {0:many}?",
            "what is the difference between the highest and the lowest of the {0:many}?",
            "by how much do the extremes of the {0:many} differ?", "what interval do the {0:many} span?")),
    operator("count", "Set", "Number", "how many values a set has", lambda run, members: len(members),
        questions=("how many {0:many} are there?", "what is the number of {0:many}?",
            "how many {0:many} does the chart show?", "how many {0:many} can you see?",
            "count the {0:many}: how many are there?")),
    operator("more_in_all", "Set Set", "Bool", "whether the first set has the greater sum", _more_in_all,
        questions=("do the {0:many} add up to more than the {1:many}?",
            "is the sum of the {0:many} greater than the sum of the {1:many}?",
            "is the total of the {0:many} higher than the total of the {1:many}?",
            "do the {0:many} come to more in all than the {1:many}?",
            "taken together, are the {0:many} more than the {1:many}?")),
    operator("trend", "Set", "Trend", "whether the values rise or fall from category to category", _trend,
        questions=("from one category to the next, are the {0:many} rising, falling or mixed?",
            "read from the first category to the last, are the {0:many} rising, falling or mixed?",
            "what is the trend of the {0:many}: rising, falling or mixed?",
            "are the {0:many} steadily rising, steadily falling, or mixed?",
            "do the {0:many} show a rising, a falling or a mixed trend?")),
    operator("colour_of", "Series", "Colour", "the colour of a series", _colour,
        questions=("what colour is {0}?", "in which colour is {0} drawn?", "which colour stands for {0}?",
            "what is the colour of the series {0}?", "which colour does the legend give {0}?")),
    operator("drawn_in", "Colour", "Name", "the series of a colour", _drawn_in,
        questions=("which series is drawn in {0}?", "what does {0} stand for?", "which series is {0}?",
            "what series has the colour {0}?", "which name does the legend give to {0}?")),
)  # fmt: skip


# --- what words alone decide -----------------------------------------------------------------------------------


def duplicate_argument(language: Language, call: Call) -> Rejected | None:
    """Reject a `call` that compares a value with itself."""
    if len(call.args) == 2 and call.args[0] == call.args[1]:
        return Rejected("trivial", f"{call.op} is given the same thing twice", "compare two different things")
    return None


def told(language: Language, call: Call) -> Rejected | None:
    """Reject a `call` for a name that the question holds, or one that makes a selection twice."""
    selections = {"of": "series", "at": "category", "within": "panel"}
    selected_kinds, inner_query = [], call.args[0]
    while isinstance(inner_query, Call):
        selected_kinds += [selections[inner_query.op]] if inner_query.op in selections else []
        inner_query = inner_query.args[0]
    asked_kind = call.op.removesuffix("_of")
    if asked_kind in selections.values() and asked_kind in selected_kinds:
        return Rejected("leaks", f"the question names the {asked_kind} it asks for", f"leave the {asked_kind} out")
    if call.op in selections and selections[call.op] in selected_kinds:
        return Rejected("trivial", f"a {selections[call.op]} is chosen twice", "choose one")
    if call.op == "count" and isinstance(call.args[0], Literal):
        return Rejected("trivial", "all values are counted", "count those that fulfil a condition")
    return None


LITERALS: Mapping[str, LiteralKind] = {
    "points": Description(Vocabulary(), about="all values of the chart"),
    "series": Name("Series", "a series by its name in the legend"),
    "category": Name("Category", "a category by its name on the axis or beside its wedge"),
    "panel": Name("Panel", "a panel by its title"),
    "colour": Name("Colour", "a colour", tuple(COLOURS)),
    "number": Quantity("Amount", "a limit, in the unit of the axis", 0, 1_000_000),
}
LANGUAGE = Language(
    literals=LITERALS,
    operators=OPERATORS,
    answers=frozenset(("Value", "Name", "Bool", "Number", "Trend", "Colour")),
    checks=(duplicate_argument, told),
    aliases={"Set>Object": "use unique, highest or lowest to make a Set an Object"},
)


def noun(literal: Literal, plural: bool) -> str:
    """Return `literal` in English: `values` in the `plural`, or a name as it is written."""
    if literal.op == "points":
        return "values" if plural else "value"
    (word,) = literal.words
    return f"{word:g}" if literal.op == "number" else str(word)
