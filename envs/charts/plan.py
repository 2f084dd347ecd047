"""Charts that are planned: names, numbers and looks, and the matplotlib programs that draw them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..language.query import Call, Literal, Query, walk
from ..rng import SeededRng
from .names import MEASURES, PANELS, SERIES, THEMES
from .operators import COLOURS, LANGUAGE, Point, Reading

OBJECTS: Mapping[int, tuple[int, int]] = {1: (2, 6), 2: (7, 12), 3: (13, 24)}
"""By difficulty, the fewest and the most values of a chart."""
TOPS = (10, 20, 40, 50, 80, 100, 200, 400, 500, 800, 1000, 2000, 5000)
READING_ERROR = 0.01
"""Share of the axis by which a careful reader may be off for each value; of wedges, which have no axis, three times."""


def reading_error(span: float, wedge: bool) -> float:
    """How far off a careful reader may be, in the unit of the axis."""
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
        """What will be read from it, rounding aside."""
        span = 100.0 if self.kind == "pie" else float(self.top)
        error = reading_error(span, self.kind == "pie")
        points = []
        for row, values in enumerate(self.values):
            panel = self.panels[row] if self.layout == "panels" else ""
            series = self.series[row] if self.layout == "several" else ""
            scale = 100 / sum(values) if self.kind == "pie" else 1.0
            points += [
                Point(panel, series, category, value * scale, error, span)
                for category, value in zip(self.categories, values, strict=True)
            ]
        return Reading(points, dict(zip(self.series, self.colours, strict=False)), self.measure)

    def program(self) -> str:
        """The matplotlib program that draws it."""
        return _PROGRAMS[self.layout](self)


_HEAD = "import matplotlib.pyplot as plt\n\ncategories = {categories}\n"


def _one(plan: Plan) -> str:
    lines = [f"values = {list(plan.values[0])}", "fig, ax = plt.subplots(figsize=(6, 4.5))"]
    colour = COLOURS[plan.colours[0]]
    if plan.kind == "pie":
        wedges = [COLOURS[colour] for colour in plan.colours]
        lines.append(f"ax.pie(values, labels=categories, colors={wedges}, startangle=90)")
    else:
        lines += [_marks(plan, "ax", "values", colour, ""), *_axis(plan, "ax")]
    return "\n".join([_HEAD.format(categories=list(plan.categories)) + lines[0], *lines[1:], ""])


def _marks(plan: Plan, ax: str, values: str, colour: str, label: str) -> str:
    named = f', label="{label}"' if label else ""
    call = {"bar": "bar", "barh": "barh", "line": "plot"}[plan.kind]
    style = ', marker="o"' if plan.kind == "line" else ""
    return f'{ax}.{call}(categories, {values}, color="{colour}"{style}{named})'


def _axis(plan: Plan, ax: str) -> list[str]:
    limit, label = ("set_xlim", "set_xlabel") if plan.kind == "barh" else ("set_ylim", "set_ylabel")
    return [f"{ax}.{limit}(0, {plan.top})", f'{ax}.{label}("{plan.measure}")']


def _several(plan: Plan) -> str:
    lines = ["places = range(len(categories))", "fig, ax = plt.subplots(figsize=(7, 4.5))"]
    width = 0.8 / len(plan.series)
    floor = [0] * len(plan.categories)
    for number, (series, colour, values) in enumerate(zip(plan.series, plan.colours, plan.values, strict=True)):
        named = f'color="{COLOURS[colour]}", label="{series}"'
        if plan.kind == "line":
            lines.append(f'ax.plot(categories, {list(values)}, marker="o", {named})')
        elif plan.kind == "stacked":
            lines.append(f"ax.bar(categories, {list(values)}, bottom={floor}, {named})")
            floor = [below + value for below, value in zip(floor, values, strict=True)]
        else:
            shift = (number - (len(plan.series) - 1) / 2) * width
            places = f"[place {shift:+.3f} for place in places]"
            lines.append(f"ax.bar({places}, {list(values)}, width={width:.3f}, {named})")
    if plan.kind == "grouped":
        lines.append("ax.set_xticks(list(places), categories)")
    lines += [*_axis(plan, "ax"), 'ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))', "fig.tight_layout()"]
    return "\n".join([_HEAD.format(categories=list(plan.categories)) + lines[0], *lines[1:], ""])


def _two_panels(plan: Plan) -> str:
    lines = ["fig, axes = plt.subplots(1, 2, figsize=(8, 4))"]
    for number, (title, values) in enumerate(zip(plan.panels, plan.values, strict=True)):
        ax = f"axes[{number}]"
        lines.append(_marks(plan, ax, str(list(values)), COLOURS[plan.colours[0]], ""))
        lines += [*_axis(plan, ax), f'{ax}.set_title("{title}")']
    lines.append("fig.tight_layout()")
    return _HEAD.format(categories=list(plan.categories)) + "\n".join([*lines, ""])


_PROGRAMS = {"one": _one, "several": _several, "panels": _two_panels}
_KINDS = {
    "one": ("bar", "barh", "line", "pie", "pie"),
    "several": ("grouped", "stacked", "line"),
    "panels": ("bar", "line"),
}
_THEME_OF = {name: theme for theme, names in THEMES.items() for name in names}


def shapes(layout: str, difficulty: int) -> list[tuple[int, int]]:
    """Rows and categories that a chart of this layout may have; none where it cannot have so many values."""
    low, high = OBJECTS[difficulty]
    rows = {"one": (1,), "several": (2, 3, 4), "panels": (2,)}[layout]
    # More than eight categories are not told apart.
    return [(r, c) for r in rows for c in range(2, 9) if low <= r * c <= high]


def _values(rng: SeededRng, plan: Plan, rows: int, trend: bool) -> tuple[tuple[int, ...], ...]:
    """Heights on a grid of a hundredth of the axis, or of a share of a stack."""
    most = 95 // rows if plan.kind == "stacked" else 95
    unit = plan.top / 100
    found = []
    for _ in range(rows):
        heights = [rng.integer(8, most) for _ in plan.categories]
        if trend and (order := rng.integer(0, 2)):
            heights = sorted(heights, reverse=order == 2)
        found.append(tuple(max(1, round(height * unit)) for height in heights))
    return tuple(found)


def plans(rng: SeededRng, layout: str, query: Query, difficulty: int) -> Iterator[Plan]:
    """Charts that hold all names of the query, without end."""
    named: dict[str, list[str]] = {}
    for literal in walk(query):
        if isinstance(literal, Literal) and literal.words:
            named.setdefault(literal.op, []).append(str(literal.words[0]))
    wanted = {op: list(dict.fromkeys(words)) for op, words in named.items()}
    limit = float(wanted["number"][0]) if "number" in wanted else 0.0
    tops = [top for top in TOPS if not limit or 0.2 * top <= limit <= 0.8 * top]
    theme = next((_THEME_OF[name] for name in wanted.get("category", ())), None)
    while True:
        rows, columns = rng.choice(shapes(layout, difficulty))
        rows, columns = max(rows, len(wanted.get("series", ()))), max(columns, len(wanted.get("category", ())))
        names = THEMES[theme or rng.choice(tuple(THEMES))]
        kind = rng.choice(_KINDS[layout])
        # There are only so many names of a kind, and of colours that a pie can have.
        columns = min(columns, len(names), len(COLOURS))
        if not OBJECTS[difficulty][0] <= rows * columns <= OBJECTS[difficulty][1]:
            continue
        plan = Plan(
            layout, kind, tuple(rng.sample(PANELS, 2)), _with(rng, wanted.get("series", []), SERIES, rows),
            _with(rng, wanted.get("colour", []), tuple(COLOURS), columns if kind == "pie" else rows),
            _with(rng, wanted.get("category", []), names, columns), (), rng.choice(tops), rng.choice(MEASURES),
        )  # fmt: skip
        if plan.categories[0] in (*THEMES["months"], *THEMES["days"]):
            plan = plan._replace(categories=tuple(sorted(plan.categories, key=names.index)))
        asks_trend = isinstance(query, Call) and query.op == "trend"
        if asks_trend and (columns < 3 or kind in ("pie", "stacked")):
            continue
        yield plan._replace(values=_values(rng, plan, rows, asks_trend))


def _with(rng: SeededRng, wanted: Sequence[str], names: Sequence[str], count: int) -> tuple[str, ...]:
    """So many names, the wanted ones among them."""
    others = [name for name in names if name not in wanted]
    return tuple(rng.shuffled([*wanted, *rng.sample(others, max(0, count - len(wanted)))]))


def filled(rng: SeededRng, template: Any, theme: str) -> Query:
    """A template with its leaves drawn."""
    if template == "LIMIT":
        return LANGUAGE.literal("number", rng.choice(TOPS) * rng.integer(3, 7) // 10)
    if isinstance(template, str):
        names = {"SERIES": SERIES, "CATEGORY": THEMES[theme], "COLOUR": tuple(COLOURS)}[template]
        return LANGUAGE.literal(template.lower(), rng.choice(names))
    op, *rest = template
    op = rng.choice(op) if isinstance(op, tuple) else op
    if op in LANGUAGE.literals:
        return LANGUAGE.literal(op, *rest)
    return LANGUAGE.call(op, *(filled(rng, each, theme) for each in rest))
