"""Charts that are planned: names, numbers and looks, and the matplotlib programs that draw them.

Begin at `plans`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..language.query import Call, Literal, Query, walk
from ..rng import SeededRng
from .names import MEASURES, PANELS, SERIES, THEMES
from .operators import COLOURS, LANGUAGE, ChartValue, Reading

OBJECTS: Mapping[int, tuple[int, int]] = {1: (2, 6), 2: (7, 12), 3: (13, 24)}
"""By difficulty, the fewest and the most values of a chart."""
TOPS = (10, 20, 40, 50, 80, 100, 200, 400, 500, 800, 1000, 2000, 5000)
READING_ERROR = 0.01
"""Share of the axis by which a careful reader may be off for each value; of wedges, which have no axis, three times."""


def reading_error(span: float, wedge: bool) -> float:
    """Return how far off a careful reader may be on an axis of this `span`, in its unit; more for a `wedge`."""
    return READING_ERROR * span * (3 if wedge else 1)


class Plan(NamedTuple):
    """A chart to be drawn."""

    layout: str
    """`one` series, `several`, or two `panels`."""
    kind: str
    panels: tuple[str, ...]
    series: tuple[str, ...]
    colours: tuple[str, ...]
    categories: tuple[str, ...]
    values: tuple[tuple[int, ...], ...]
    """By series, or by panel."""
    top: int
    measure: str

    def reading(self) -> Reading:
        """Return the reading that will be made of it, rounding aside."""
        span = 100.0 if self.kind == "pie" else float(self.top)
        error = reading_error(span, self.kind == "pie")
        chart_values = []
        for row_number, values in enumerate(self.values):
            panel = self.panels[row_number] if self.layout == "panels" else ""
            series = self.series[row_number] if self.layout == "several" else ""
            scale = 100 / sum(values) if self.kind == "pie" else 1.0
            chart_values += [
                ChartValue(panel, series, category, value * scale, error, span)
                for category, value in zip(self.categories, values, strict=True)
            ]
        return Reading(chart_values, dict(zip(self.series, self.colours, strict=False)), self.measure)

    def program(self) -> str:
        """Return the matplotlib program that draws it."""
        return _PROGRAMS[self.layout](self)


_HEAD = "import matplotlib.pyplot as plt\n\ncategories = {categories}\n"


def _one(plan: Plan) -> str:
    program_lines = [f"values = {list(plan.values[0])}", "fig, ax = plt.subplots(figsize=(6, 4.5))"]
    colour = COLOURS[plan.colours[0]]
    if plan.kind == "pie":
        wedge_colours = [COLOURS[colour] for colour in plan.colours]
        program_lines.append(f"ax.pie(values, labels=categories, colors={wedge_colours}, startangle=90)")
    else:
        program_lines += [_marks(plan, "ax", "values", colour, ""), *_axis(plan, "ax")]
    return "\n".join([_HEAD.format(categories=list(plan.categories)) + program_lines[0], *program_lines[1:], ""])


def _marks(plan: Plan, ax: str, values: str, colour: str, label: str) -> str:
    label_argument = f', label="{label}"' if label else ""
    plot_method = {"bar": "bar", "barh": "barh", "line": "plot"}[plan.kind]
    marker_argument = ', marker="o"' if plan.kind == "line" else ""
    return f'{ax}.{plot_method}(categories, {values}, color="{colour}"{marker_argument}{label_argument})'


def _axis(plan: Plan, ax: str) -> list[str]:
    limit_method, label_method = ("set_xlim", "set_xlabel") if plan.kind == "barh" else ("set_ylim", "set_ylabel")
    return [f"{ax}.{limit_method}(0, {plan.top})", f'{ax}.{label_method}("{plan.measure}")']


def _several(plan: Plan) -> str:
    program_lines = ["places = range(len(categories))", "fig, ax = plt.subplots(figsize=(7, 4.5))"]
    bar_width = 0.8 / len(plan.series)
    stack_floor = [0] * len(plan.categories)
    for number, (series, colour, values) in enumerate(zip(plan.series, plan.colours, plan.values, strict=True)):
        style_arguments = f'color="{COLOURS[colour]}", label="{series}"'
        if plan.kind == "line":
            program_lines.append(f'ax.plot(categories, {list(values)}, marker="o", {style_arguments})')
        elif plan.kind == "stacked":
            program_lines.append(f"ax.bar(categories, {list(values)}, bottom={stack_floor}, {style_arguments})")
            stack_floor = [lower_edge + value for lower_edge, value in zip(stack_floor, values, strict=True)]
        else:
            bar_shift = (number - (len(plan.series) - 1) / 2) * bar_width
            places = f"[place {bar_shift:+.3f} for place in places]"
            program_lines.append(f"ax.bar({places}, {list(values)}, width={bar_width:.3f}, {style_arguments})")
    if plan.kind == "grouped":
        program_lines.append("ax.set_xticks(list(places), categories)")
    program_lines += [*_axis(plan, "ax"), 'ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))', "fig.tight_layout()"]
    return "\n".join([_HEAD.format(categories=list(plan.categories)) + program_lines[0], *program_lines[1:], ""])


def _two_panels(plan: Plan) -> str:
    program_lines = ["fig, axes = plt.subplots(1, 2, figsize=(8, 4))"]
    for number, (title, values) in enumerate(zip(plan.panels, plan.values, strict=True)):
        ax = f"axes[{number}]"
        program_lines.append(_marks(plan, ax, str(list(values)), COLOURS[plan.colours[0]], ""))
        program_lines += [*_axis(plan, ax), f'{ax}.set_title("{title}")']
    program_lines.append("fig.tight_layout()")
    return _HEAD.format(categories=list(plan.categories)) + "\n".join([*program_lines, ""])


_PROGRAMS = {"one": _one, "several": _several, "panels": _two_panels}
_KINDS = {
    "one": ("bar", "barh", "line", "pie", "pie"),
    "several": ("grouped", "stacked", "line"),
    "panels": ("bar", "line"),
}
_THEME_OF = {name: theme for theme, names in THEMES.items() for name in names}


def shapes(layout: str, difficulty: int) -> list[tuple[int, int]]:
    """Return the numbers of rows and categories of a `layout`; none where it cannot have the values of `difficulty`."""
    min_values, max_values = OBJECTS[difficulty]
    row_counts = {"one": (1,), "several": (2, 3, 4), "panels": (2,)}[layout]
    # More than eight categories are not told apart.
    return [(r, c) for r in row_counts for c in range(2, 9) if min_values <= r * c <= max_values]


def _values(rng: SeededRng, plan: Plan, row_count: int, asks_trend: bool) -> tuple[tuple[int, ...], ...]:
    """Draw heights on a grid of a hundredth of the axis, or of a share of a stack, for each row of `plan`."""
    max_height = 95 // row_count if plan.kind == "stacked" else 95
    grid_unit = plan.top / 100
    height_rows = []
    for _ in range(row_count):
        heights = [rng.integer(8, max_height) for _ in plan.categories]
        if asks_trend and (order := rng.integer(0, 2)):
            heights = sorted(heights, reverse=order == 2)
        height_rows.append(tuple(max(1, round(height * grid_unit)) for height in heights))
    return tuple(height_rows)


def plans(rng: SeededRng, layout: str, query: Query, difficulty: int) -> Iterator[Plan]:
    """Yield charts of this `layout` and `difficulty` that hold all names of the `query`, without end."""
    named_words: dict[str, list[str]] = {}
    for literal in walk(query):
        if isinstance(literal, Literal) and literal.words:
            named_words.setdefault(literal.op, []).append(str(literal.words[0]))
    wanted_names = {op: list(dict.fromkeys(words)) for op, words in named_words.items()}
    asked_limit = float(wanted_names["number"][0]) if "number" in wanted_names else 0.0
    axis_tops = [top for top in TOPS if not asked_limit or 0.2 * top <= asked_limit <= 0.8 * top]
    theme = next((_THEME_OF[name] for name in wanted_names.get("category", ())), None)
    while True:
        rows, columns = rng.choice(shapes(layout, difficulty))
        rows, columns = (
            max(rows, len(wanted_names.get("series", ()))),
            max(columns, len(wanted_names.get("category", ()))),
        )
        names = THEMES[theme or rng.choice(tuple(THEMES))]
        kind = rng.choice(_KINDS[layout])
        # There are only so many names of a kind, and of colours that a pie can have.
        columns = min(columns, len(names), len(COLOURS))
        if not OBJECTS[difficulty][0] <= rows * columns <= OBJECTS[difficulty][1]:
            continue
        plan = Plan(
            layout, kind, tuple(rng.sample(PANELS, 2)), _with(rng, wanted_names.get("series", []), SERIES, rows),
            _with(rng, wanted_names.get("colour", []), tuple(COLOURS), columns if kind == "pie" else rows),
            _with(rng, wanted_names.get("category", []), names, columns), (), rng.choice(axis_tops),
            rng.choice(MEASURES),
        )  # fmt: skip
        if plan.categories[0] in (*THEMES["months"], *THEMES["days"]):
            plan = plan._replace(categories=tuple(sorted(plan.categories, key=names.index)))
        asks_trend = isinstance(query, Call) and query.op == "trend"
        if asks_trend and (columns < 3 or kind in ("pie", "stacked")):
            continue
        yield plan._replace(values=_values(rng, plan, rows, asks_trend))


def _with(rng: SeededRng, wanted_names: Sequence[str], names: Sequence[str], count: int) -> tuple[str, ...]:
    """Draw `count` of the `names`, the wanted ones among them."""
    other_names = [name for name in names if name not in wanted_names]
    return tuple(rng.shuffled([*wanted_names, *rng.sample(other_names, max(0, count - len(wanted_names)))]))


def filled(rng: SeededRng, template: Any, theme: str) -> Query:
    """Return a `template` with its literals drawn; categories are of one `theme`."""
    if template == "LIMIT":
        return LANGUAGE.literal("number", rng.choice(TOPS) * rng.integer(3, 7) // 10)
    if isinstance(template, str):
        names = {"SERIES": SERIES, "CATEGORY": THEMES[theme], "COLOUR": tuple(COLOURS)}[template]
        return LANGUAGE.literal(template.lower(), rng.choice(names))
    op, *argument_templates = template
    op = rng.choice(op) if isinstance(op, tuple) else op
    if op in LANGUAGE.literals:
        return LANGUAGE.literal(op, *argument_templates)
    return LANGUAGE.call(op, *(filled(rng, argument_template, theme) for argument_template in argument_templates))
