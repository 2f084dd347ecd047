"""Charts: reading, comparing, adding up and finding what a matplotlib chart shows.

Task:
    A chart of 2 to 24 values: bars (upright, lying, grouped, stacked), lines or wedges, in one panel or two; a question
    about its values, categories, series, colours, panels or trends. Drawn by matplotlib programs.

Item fields:
    Values are those that are read from drawn marks against drawn tick labels, in the unit of the axis; of wedges,
    shares in per cent. Nothing is taken from the program's arrays.

Answer:
    A number within 5 % (values, sums, means, differences, ratios), a count from 0 to 3, a name that the chart shows,
    yes or no, a colour, or rising, falling, mixed.

Scoring:
    1 or 0, by `envs.answers`; the 5 % are those of ChartQA's relaxed accuracy.

Difficulty knobs:
    The number of values: up to 6, 12, 24 (difficulties 1 to 3).

Degenerate cases excluded:
    Marks that are hidden, pale or of no known kind; series without a value at some category; axes that cannot be
    read; comparisons closer than 3 % of the axis; amounts that a careful reader, who is off by 1 % of the axis for each
    value, could miss by 5 %; charts that print their numbers.

State space:
    More than 10**12 charts (8 colours, 160 names, 90 heights for each of up to 24 values); 23 operators.

Source:
    Question types after ChartQA (Masry et al. 2022, https://arxiv.org/abs/2203.10244); no code or data taken.

History:
    v1: first version.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...geometry import ChartScene
from ...geometry.chart import Mark, Panel, Series
from ...render import InfrastructureError, Picture, Rejected
from ...render.drawing import shared
from ..core import Briefing, Item, Need, Requirement, Task, Truth
from ..language.execute import IllPosed, Result, ambiguity_of, execute
from ..language.grammar import Grammar
from ..language.literals import Description, Vocabulary, closest_or_all
from ..language.query import Call, Literal, skeleton
from ..queried import QueriedEnvironment
from ..registry import register
from ..requirements import read_requirements, requirements_schema
from ..rng import SeededRng
from .names import THEMES
from .operators import AXIS, COLOURS, LANGUAGE, READING, TRENDS, ChartAmount, ChartValue, Reading, noun
from .plan import OBJECTS, Plan, filled, plans, reading_error, shapes

# --- constants -------------------------------------------------------------------------------------------------

ENV_ID = "charts/Chart-v1"
SIZE = 448
THRESHOLDS = {AXIS: 3.0, READING: 1.0}
CLEARANCE = 1.05
"""Sampled items keep this many times a threshold, which charts that are read meet only up to rounding."""
TOLERANCE = 0.05
MIN_VISIBLE, MIN_CONTRAST = 0.8, 0.12
MAX_COLOUR_DISTANCE = 40.0
MAX_VALUES = 60
COUNTS, YES_NO = ("0", "1", "2", "3"), ("no", "yes")
TRIES, DRAWINGS = 400, 20
DESCRIPTION = Description(Vocabulary(kind=("bar", "line", "wedge")), about="values by how they are drawn")
GUIDE = """You draw charts as Python programs with matplotlib. Reply with the program and nothing else. Use bar, barh,
plot or pie with a name for each category, label each series and show a legend where there are several, give each
subplot a title and each value axis a label, and let the tick labels stay readable: no rotation, no crowding. Do not
print the values on the chart. Draw exactly what is asked for."""

# --- config: the tasks --------------------------------------------------------------------------------

_ENDS = ("highest", "lowest")
_PART = ["of", ["points"], "SERIES"]
_SERIES_AT = ["unique", ["at", _PART, "CATEGORY"]]
_AT = ["unique", ["at", ["points"], "CATEGORY"]]


@dataclass(frozen=True, slots=True)
class ChartTemplate:
    """The templates of the queries of a task, and the number of series of their charts."""

    task: Task
    templates: tuple[tuple[str, Any], ...]
    """Layouts with the JSON of a query, in which names in capitals stand for leaves and tuples for one of several."""


def _template(name: str, kind: str, options: tuple[str, ...], about: str, *templates: tuple[str, Any]) -> ChartTemplate:
    chance = 0.25 if kind == "name" else 0.05
    return ChartTemplate(Task(name, kind, options, about, 0.0 if options else chance), templates)


TEMPLATES: Mapping[str, ChartTemplate] = {task_template.task.name: task_template for task_template in (
    _template("read", "decimal", (), "a value", ("one", ["amount", _AT]), ("several", ["amount", _SERIES_AT])),
    _template("compare", "yesno", YES_NO, "which of two values is greater",
        ("one", ["greater", _AT, _AT]), ("several", ["greater", _SERIES_AT, _SERIES_AT])),
    _template("extreme", "name", (), "the category of the highest or lowest value",
        ("one", ["category_of", [_ENDS, ["points"]]]), ("several", ["category_of", [_ENDS, _PART]])),
    _template("leader", "name", (), "the series that is highest or lowest at a category",
        ("several", ["series_of", [_ENDS, ["at", ["points"], "CATEGORY"]]])),
    _template("difference", "decimal", (), "how far two values are apart",
        ("one", ["difference", _AT, _AT]), ("several", ["difference", _SERIES_AT, _SERIES_AT])),
    _template("ratio", "decimal", (), "one value over another", ("one", ["ratio", _AT, _AT]),
        ("several", ["ratio", _SERIES_AT, _SERIES_AT])),
    _template("sum", "decimal", (), "a sum or a mean", ("one", [("sum", "mean"), ["points"]]),
        ("several", [("sum", "mean"), _PART])),
    _template("spread", "decimal", (), "from lowest to highest", ("one", ["spread", ["points"]]),
        ("several", ["spread", _PART])),
    _template("count", "number", COUNTS, "how many values are above or below a limit",
        ("one", ["count", [("over", "under"), ["points"], "LIMIT"]]),
        ("several", ["count", [("over", "under"), _PART, "LIMIT"]])),
    _template("totals", "yesno", YES_NO, "which of two series has the greater sum",
        ("several", ["more_in_all", _PART, _PART])),
    _template("trend", "word", TRENDS, "whether values rise or fall", ("one", ["trend", ["points"]]),
        ("several", ["trend", _PART])),
    _template("legend", "name", (), "which series has a colour", ("several", ["drawn_in", "COLOUR"])),
    _template("colour", "word", tuple(COLOURS), "the colour of a series", ("several", ["colour_of", "SERIES"])),
    _template("panel", "name", (), "which of two subplots holds the highest or lowest value",
        ("panels", ["panel_of", [_ENDS, ["points"]]])),
)}  # fmt: skip

# --- data: from a scene to what is read ------------------------------------------------------------------------


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _colour_word(colour: str) -> str | None:
    distance, word = min(
        (math.dist(_rgb(colour), _rgb(palette_colour)), word) for word, palette_colour in COLOURS.items()
    )
    return word if distance <= MAX_COLOUR_DISTANCE else None


def _value(series: Series, mark: Mark) -> tuple[str, float] | None:
    """Return category and value of a `mark`, or None where it shows none."""
    mark_values = mark.values
    if series.kind == "wedge" and "label" in mark_values:
        return str(mark_values["label"]), 100 * float(mark_values["share"])
    if series.kind == "bar" and isinstance(mark_values.get("at"), str) and {"low", "high"} <= mark_values.keys():
        low, high = float(mark_values["low"]), float(mark_values["high"])
        # A bar of a stack begins where the one under it ends; one below zero hangs from it.
        return str(mark_values["at"]), low if high <= 0 and low < 0 else high - low if low > 0 else high
    if series.kind == "line" and isinstance(mark_values.get("x"), str) and "y" in mark_values:
        return str(mark_values["x"]), float(mark_values["y"])
    return None


def _span(panel: Panel, series: Series) -> float | None:
    if series.kind == "wedge":
        return 100.0
    axis = panel.axis("y" if series.upright or series.kind == "line" else "x")
    return None if axis is None or axis.range is None else axis.range[1] - axis.range[0]


def _points(panel: Panel, series: Series) -> list[ChartValue] | Rejected:
    series_name = f"the {series.kind} series {series.label or ''}".strip()
    span = _span(panel, series)
    if series.kind not in ("bar", "line", "wedge"):
        return Rejected(
            "kind", f"{series_name} is none of bars, lines and wedges", "draw bar, barh, plot or pie charts"
        )
    if span is None or not span > 0:
        return Rejected("axis", f"the axis of {series_name} cannot be read", "keep tick labels apart and unrotated")
    if series.contrast < MIN_CONTRAST:
        return Rejected("pale", f"{series_name} is hardly seen", "use stronger colours")
    error = reading_error(span, series.kind == "wedge")
    label = series.label if series.kind != "wedge" else ""
    chart_values = []
    for mark in series.marks:
        read_value = _value(series, mark)
        if read_value is None:
            return Rejected(
                "category", f"{series_name} has values without a category", "name every category on the axis"
            )
        if mark.visible < MIN_VISIBLE:
            return Rejected("hidden", f"a value of {series_name} at {read_value[0]} is covered", "keep marks apart")
        chart_values.append(ChartValue(panel.title, label, read_value[0], read_value[1], error, span))
    return chart_values


def _categories(panel: Panel) -> set[str]:
    """Return all that the category axis of `panel` names; none where there is no such axis."""
    axes = [axis for axis in panel.axes if axis.scale is not None and axis.scale.kind == "category"]
    return {tick.label for axis in axes for tick in axis.ticks}


def _order(panel: Panel, chart_values: Sequence[ChartValue]) -> list[ChartValue]:
    """Sort values by series, then by place on the category axis of `panel`: left to right, or from the top down."""
    axis = next((axis for axis in panel.axes if axis.scale is not None and axis.scale.kind == "category"), None)
    category_labels = [tick.label for tick in axis.ticks] if axis is not None else []
    rank = {label: i for i, label in enumerate(category_labels)}
    series_ranks = {name: i for i, name in enumerate(dict.fromkeys(point.series for point in chart_values))}
    return sorted(chart_values, key=lambda point: (series_ranks[point.series], rank.get(point.category, 0)))


def parse_scene(scene: ChartScene) -> Reading | Rejected:
    """Return all values that the chart of `scene` shows, or why it is not clear."""
    if scene.others or any(panel.others for panel in scene.panels):
        return Rejected("others", "the chart has things that are no values", "leave arrows, spans and contours out")
    chart_values: list[ChartValue] = []
    colours: dict[str, str | None] = {}
    for panel in scene.panels:
        printed_texts = [words.text for words in panel.words if words.role == "mark"]
        if any(any(letter.isdigit() for letter in text) for text in printed_texts):
            return Rejected(
                "leaks", f"the chart prints {printed_texts[0]!r} among its marks", "do not print the values"
            )
        panel_values: list[ChartValue] = []
        for series in panel.series:
            series_values = _points(panel, series)
            if isinstance(series_values, Rejected):
                return series_values
            if lost_categories := _categories(panel) - {point.category for point in series_values}:
                flaw = f"{series.label or 'the chart'} shows no value at {min(lost_categories)}"
                return Rejected("gap", flaw, "give each series a value at each category, and let nothing cover it")
            panel_values += series_values
            if series.label and series.kind != "wedge":
                colours[series.label] = _colour_word(series.colour)
        chart_values += _order(panel, panel_values)
    if not 2 <= len(chart_values) <= MAX_VALUES:
        return Rejected("values", f"{len(chart_values)} values can be read", f"draw 2 to {MAX_VALUES}")
    value_names = [(point.panel, point.series, point.category) for point in chart_values]
    if len(set(value_names)) < len(value_names):
        return Rejected("twice", "two values have the same panel, series and category", "give each its own name")
    axis_labels = {axis.label for panel in scene.panels for axis in panel.axes if axis.range is not None and axis.label}
    return Reading(chart_values, colours, axis_labels.pop() if len(axis_labels) == 1 else "")


# --- the environment -------------------------------------------------------------------------------------------


class ChartEnvironment(QueriedEnvironment[ChartScene]):  # noqa: D101 - the module's docstring is the environment's
    __doc__ = __doc__

    id = ENV_ID
    tasks: Mapping[str, Task] = {name: task_template.task for name, task_template in TEMPLATES.items()}
    difficulties = tuple(OBJECTS)
    words = DESCRIPTION.vocabulary.words
    example = '["category_of", ["highest", ["of", ["points"], ["series", "Sales"]]]]'
    guide = GUIDE
    renderer = "chart"
    size = SIZE
    language = LANGUAGE
    grammar = Grammar(LANGUAGE, noun)
    thresholds = THRESHOLDS
    largest_margin = 100.0

    def __init__(self) -> None:
        self.forms = {
            skeleton(self.query_with_layout(SeededRng((name, draw)), task_template)[0]): name
            for name, task_template in TEMPLATES.items()
            for draw in range(20)
        }

    def briefing(self, rng: SeededRng, task: str, difficulty: int) -> Briefing:
        """Draw a number of values within the range of `difficulty`, to be asked about by `task`."""
        return Briefing(task, difficulty, rng.integer(*OBJECTS[difficulty]))

    def query(self, rng: SeededRng, task: str) -> Call:
        """Draw a query of the form of `task`, with names that some chart may hold."""
        return self.query_with_layout(rng, TEMPLATES[task])[0]

    def query_with_layout(self, rng: SeededRng, task_template: ChartTemplate, difficulty: int = 1) -> tuple[Call, str]:
        """Draw a query of `task_template` with the layout of a chart of `difficulty` that it can be asked of."""
        for _ in range(TRIES):
            layout, template = rng.choice(
                [candidate for candidate in task_template.templates if shapes(candidate[0], difficulty)]
            )
            query = filled(rng, template, rng.choice(tuple(THEMES)))
            if isinstance(query, Call) and LANGUAGE.rejection_of(query) is None:
                return query, layout
        raise RuntimeError(f"none of {TRIES} queries of {task_template.task.name} is accepted")

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        """Make an item of `task`: query and target answer, then numbers that give it, then a drawing, which is read."""
        task_template, options = TEMPLATES[task], self.tasks[task].options
        target_answer = rng.choice(options) if options else None
        truth: Truth | Rejected = Rejected("none", "no chart was planned")
        for _ in range(DRAWINGS):
            plan, query = self._planned(rng, task_template, target_answer, difficulty)
            program = plan.program()
            scene = self.render(program)
            truth = scene if isinstance(scene, Rejected) else self.solve(scene, query)
            if isinstance(scene, ChartScene) and isinstance(truth, Truth) and target_answer in (None, truth.value):
                item_id = "/".join(map(str, rng.key))
                return Item(item_id, self.id, task, difficulty, program, scene, self.ask(query, rng, scene), truth)
        raise RuntimeError(f"no sampled chart of {rng.key} holds what it was built for; the last one: {truth}")

    def _planned(
        self, rng: SeededRng, task_template: ChartTemplate, target_answer: str | None, difficulty: int
    ) -> tuple[Plan, Call]:
        """Plan a chart with a clear answer; queries that no chart of so many values gives it to are drawn anew."""
        clear_thresholds = {unit: threshold * CLEARANCE for unit, threshold in THRESHOLDS.items()}
        for _ in range(TRIES):
            query, layout = self.query_with_layout(rng, task_template, difficulty)
            for _, plan in zip(range(TRIES // 10), plans(rng, layout, query, difficulty), strict=False):
                result = self.result_on(plan.reading(), query)
                if isinstance(result, Result) and ambiguity_of(result, clear_thresholds) is None:
                    if target_answer is None or self.wording(result.value) == target_answer:
                        return plan, query
        raise RuntimeError(f"no chart for {task_template.task.name} in {TRIES} queries has the answer {target_answer}")

    def difficulty_of(self, scene: ChartScene) -> int:
        """Return the difficulty of `scene` by its number of marks."""
        value_count = sum(len(series.marks) for panel in scene.panels for series in panel.series)
        return next((level for level, (_, max_count) in OBJECTS.items() if value_count <= max_count), max(OBJECTS))

    def parse_scene(self, scene: ChartScene) -> Reading | Rejected:
        """Parse `scene` into the values that can be read."""
        return parse_scene(scene)

    def run(self, scene: ChartScene, query: Call) -> Result | Rejected:
        """Return the value of `query` on `scene`; an amount is also measured by what a reader may be off."""
        reading = self.world_of(scene)
        return reading if isinstance(reading, Rejected) else self.result_on(reading, query)

    def result_on(self, reading: Reading, query: Call) -> Result | Rejected:
        """Return the value of `query` on a chart's `reading`, amounts with what a careful reader may be off by."""
        result = execute(LANGUAGE, query, reading, THRESHOLDS, lambda kind, word: self.named(reading, kind, word))
        if isinstance(result, Rejected) or not isinstance(result.value, ChartAmount):
            return result
        value, error = result.value
        error_margin = abs(value) * TOLERANCE / error
        if error_margin / THRESHOLDS[READING] < result.margin / THRESHOLDS[result.unit]:
            return Result(result.value, error_margin, READING, result.compared)
        return result

    def named(self, world: Reading, output: str, word: str) -> str:
        """Return the name `word` as the chart writes it, whatever its case; colours need no chart."""
        if output == "Colour":
            return word
        known_names = world.names[output]
        written_name = next((name for name in known_names if name.lower() == word.lower()), None)
        if written_name is None:
            name_kind = output.lower()
            hint = closest_or_all(word, known_names) if known_names else f"the chart has no {name_kind} names"
            raise IllPosed("name", f"the chart has no {name_kind} named {word!r:.40}", hint)
        return written_name

    def wording(self, value: Any) -> str:
        """Return `value` as an answer; amounts to four digits."""
        return f"{value.value:.4g}" if isinstance(value, ChartAmount) else super().wording(value)

    def solve(self, scene: ChartScene, query: Call) -> Truth | Rejected:
        """Return the answer to `query` on `scene`, within its tolerance and in the unit of the axis."""
        truth = super().solve(scene, query)
        if isinstance(truth, Rejected) or query.output != "Value" or query.op == "ratio":
            return truth
        reading = self.world_of(scene)
        measure = reading.measure if isinstance(reading, Reading) else ""
        return Truth(truth.value, truth.kind, truth.margin, truth.unit, truth.tolerance, measure)

    def tolerance(self, query: Call) -> float:
        """Return ChartQA's tolerance for a `query` of an amount."""
        return TOLERANCE if query.output == "Value" else 0.0

    def answer_options(self, query: Call) -> tuple[str, ...]:
        """Return the answers of the type of `query`; numbers and names are open."""
        return {"Trend": TRENDS, "Colour": tuple(COLOURS)}.get(query.output) or super().answer_options(query)

    def requirements(self, value: Any) -> tuple[Requirement, ...] | Rejected:
        """Read `value`, a list such as `[[6, "bar"]]`: how many values are drawn as what."""
        return read_requirements(value, DESCRIPTION, MAX_VALUES)

    def requirements_schema(self) -> dict[str, Any]:
        """Return the JSON schema of lists of `[count, word, ...]` for constrained decoding."""
        return requirements_schema(DESCRIPTION, MAX_VALUES)

    def describe(self, requirement: Requirement) -> str:
        """Return `requirement` in English: `6 bars`, `4 points on lines`."""
        plural = "s" if requirement.count > 1 else ""
        kind = {"bar": "bar", "line": "point on a line", "wedge": "wedge"}.get("".join(requirement.words), "value")
        return (
            f"{requirement.count} points on lines"
            if plural and " on " in kind
            else f"{requirement.count} {kind}{plural}"
        )

    def missing_requirements(
        self, scene: ChartScene, requirements: Sequence[Requirement]
    ) -> tuple[str, ...] | Rejected:
        """Say which of the `requirements` lack values in `scene`, or have too many, or why it cannot be read."""
        reading = self.world_of(scene)
        if isinstance(reading, Rejected):
            return reading
        drawn_counts: dict[str, int] = {}
        for series in (series for panel in scene.panels for series in panel.series):
            drawn_counts[series.kind] = drawn_counts.get(series.kind, 0) + len(series.marks)
        wanted_counts: dict[str, int] = {}
        for requirement in requirements:
            mark_kind = "".join(requirement.words)
            wanted_counts[mark_kind] = wanted_counts.get(mark_kind, 0) + requirement.count
        missing_texts = [
            f"{drawn_counts.get(mark_kind, 0)} of {wanted_count} {mark_kind or 'value'}s"
            for mark_kind, wanted_count in wanted_counts.items()
            if mark_kind and drawn_counts.get(mark_kind, 0) != wanted_count
        ]
        if sum(wanted_counts.values()) != len(reading):
            missing_texts.append(f"{len(reading)} values drawn, {sum(wanted_counts.values())} wanted")
        return tuple(missing_texts)

    def needs(self, query: Call) -> tuple[Need, ...]:
        """Collect the names in `query`, and what is asked for by name: series, panels, a colour's series."""
        texts = {"series_of": "two or more series, each named in a legend", "panel_of": "two panels, each with a title"}
        if query.op == "drawn_in" and isinstance(query.args[0], Literal):
            texts["drawn_in"] = f"exactly one series drawn in {query.args[0].words[0]}, named in a legend"
        named_parts = (Need(texts[query.op], query),) if query.op in texts else ()
        return (*super().needs(query), *named_parts)

    def requirements_of(self, scene: ChartScene) -> tuple[Requirement, ...]:
        """Count the values of each kind in `scene`."""
        value_counts = Counter[str]()
        for series in (series for panel in scene.panels for series in panel.series):
            value_counts[series.kind] += len(series.marks)
        return tuple(Requirement(count, (kind,)) for kind, count in value_counts.items())

    def render_item(self, item: Item, size: int) -> Picture:
        """Run the program of `item` for its picture: a reading alone is not enough to draw a chart.

        Raises:
            InfrastructureError: the sandbox failed.
            ValueError: the program is rejected.
        """
        (outcome,) = self.draw(shared(), [item.program], size)
        if isinstance(outcome, InfrastructureError):
            raise outcome
        if isinstance(outcome, Rejected):
            raise ValueError(f"the item's program is rejected: {outcome}")
        return outcome.picture


register(ENV_ID, ChartEnvironment)
