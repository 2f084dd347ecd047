"""Procedural chart programs with the values that they show, in many styles: what `reading.py` draws and checks.

`chart_program(seed)` returns a matplotlib, pandas or seaborn program and the marks that its author meant, by kind.
"""

import random
from collections.abc import Callable, Mapping
from typing import NamedTuple

Values = Mapping[str, float | str]


class ChartProgram(NamedTuple):
    """A program of one panel, and what it shows."""

    kind: str
    """Of the program: a key of `KINDS`."""
    program: str
    marks: Mapping[str, list[Values]]
    """The values of its marks by their kind, as a chart scene names both."""


class ChartBody(NamedTuple):
    """The statements that draw on `ax`, and the marks that they make."""

    statements: list[str]
    marks: Mapping[str, list[Values]]
    imports: str = ""


_WORDS = (
    *("oak", "elm", "ash", "fir", "yew", "Q1", "Q2", "Q3", "Lima", "Oslo", "Rome", "Cairo", "north", "south"),
    *("Product A", "Product B", "Type 1", "apples", "pears", "Group X", "Group Y", "Jan", "Feb", "Mar", "low", "high"),
)
_COLOURS = ("teal", "#e15759", "C0", "C3", "tab:orange", "slateblue", "0.4", "seagreen", "#4e79a7")


def _amounts(rng: random.Random, count: int, negative: bool = False) -> list[float]:
    """Return `count` amounts of one magnitude, some below 0 where `negative`."""
    magnitude = rng.choice((1.0, 10.0, 100.0, 2500.0, 1e5))
    amounts = [round(magnitude * rng.uniform(0.08, 1.0), 3) for _ in range(count)]
    return [-amount if negative and rng.random() < 0.3 else amount for amount in amounts]


def _names(rng: random.Random, count: int) -> list[str]:
    return rng.sample(_WORDS, count)


def _bar_rows(names: list[str], amounts: list[float], floors: list[float] | None = None) -> list[Values]:
    rows = zip(names, floors or [0.0] * len(names), amounts, strict=True)
    return [{"at": name, "low": min(f, f + amount), "high": max(f, f + amount)} for name, f, amount in rows]


def _bars(rng: random.Random) -> ChartBody:
    names = _names(rng, rng.randint(2, 7))
    amounts = _amounts(rng, len(names), rng.random() < 0.3)
    method = rng.choice(("bar", "barh"))
    options = rng.choice(
        ("", ", edgecolor='black'", ", hatch='//'", ", alpha=0.7", f", color={rng.choice(_COLOURS)!r}")
    )
    return ChartBody([f"ax.{method}({names}, {amounts}{options})"], {"bar": _bar_rows(names, amounts)})


def _groups(rng: random.Random) -> ChartBody:
    names = _names(rng, rng.randint(2, 5))
    lower = _amounts(rng, len(names))
    upper = [round(amount * rng.uniform(0.3, 1.2), 3) for amount in lower]
    if rng.random() < 0.5:
        statements = [
            f"ax.bar({names}, {lower}, label='in')",
            f"ax.bar({names}, {upper}, bottom={lower}, label='out')",
        ]
        return ChartBody(statements, {"bar": [*_bar_rows(names, lower), *_bar_rows(names, upper, lower)]})
    statements = [
        f"x = np.arange({len(names)})",
        f"ax.bar(x - 0.2, {lower}, width=0.4, label='in')",
        f"ax.bar(x + 0.2, {upper}, width=0.4, label='out')",
        f"ax.set_xticks(x, {names})",
    ]
    return ChartBody(statements, {"bar": [*_bar_rows(names, lower), *_bar_rows(names, upper)]})


def _line_rows(xs: list[float], ys: list[float]) -> list[Values]:
    return [{"x": x, "y": y} for x, y in zip(xs, ys, strict=True)]


def _lines(rng: random.Random) -> ChartBody:
    count = rng.randint(3, 9)
    start, step = rng.choice(((0, 1), (2015, 1), (0, 2.5), (1, 10)))
    xs = [start + step * i for i in range(count)]
    statements, rows = [], list[Values]()
    series_count = rng.randint(1, 3)
    magnitude = rng.choice((1.0, 50.0, 3000.0))
    for number in range(series_count):
        ys = [round(magnitude * rng.uniform(0.1, 1.0), 3) for _ in xs]
        style = rng.choice(("'o-'", "'--'", "'s:'", "'-'", "'^-'"))
        statements.append(f"ax.plot({xs}, {ys}, {style}, label='series {number}', lw={rng.choice((1, 1.5, 2.5))})")
        rows += _line_rows(xs, ys)
    return ChartBody(statements, {"line": rows})


def _scatter(rng: random.Random) -> ChartBody:
    count = rng.randint(3, 25)
    xs, ys = _amounts(rng, count), _amounts(rng, count)
    options = rng.choice((", s=15", ", c='crimson', marker='x'", ", marker='^', s=50", ", edgecolors='k', s=25"))
    return ChartBody([f"ax.scatter({xs}, {ys}{options})"], {"points": _line_rows(xs, ys)})


def _histogram(rng: random.Random) -> ChartBody:
    edges = [float(10 * i) for i in range(rng.randint(4, 9))]
    counts = [rng.randint(1, 12) for _ in edges[1:]]
    values = [low + 5 for low, count in zip(edges, counts, strict=False) for _ in range(count)]
    rows: list[Values] = [
        {"left": low, "right": low + 10, "low": 0.0, "high": float(count)}
        for low, count in zip(edges, counts, strict=False)
    ]
    return ChartBody([f"ax.hist({values}, bins={edges}, edgecolor='white')"], {"histogram": rows})


def _pie(rng: random.Random) -> ChartBody:
    names = _names(rng, rng.randint(2, 6))
    parts = [rng.randint(5, 50) for _ in names]
    options = rng.choice(
        ("", ", autopct='%1.1f%%'", ", startangle=90, counterclock=False", ", wedgeprops={'width': 0.4}")
    )
    rows: list[Values] = [{"label": name, "share": part / sum(parts)} for name, part in zip(names, parts, strict=True)]
    return ChartBody([f"ax.pie({parts}, labels={names}{options})"], {"wedge": rows})


def _boxes(rng: random.Random) -> ChartBody:
    names, rows, data = _names(rng, rng.randint(1, 4)), list[Values](), []
    for name in names:
        quarters = sorted(rng.sample(range(1, 60), 5))
        data.append([float(quarter) for quarter in quarters])
        low, q1, median, q3, high = data[-1]
        reach = 1.5 * (q3 - q1)
        lowest, highest = (low if low >= q1 - reach else q1), (high if high <= q3 + reach else q3)
        rows.append({"at": name, "low": lowest, "q1": q1, "median": median, "q3": q3, "high": highest})
    options = rng.choice(("", ", patch_artist=True", ", widths=0.5, showfliers=True"))
    return ChartBody([f"ax.boxplot({data}, tick_labels={names}{options})"], {"box": rows})


def _cells(rng: random.Random) -> ChartBody:
    across, down = _names(rng, rng.randint(2, 5)), [str(number) + "h" for number in range(rng.randint(2, 4))]
    table = [[rng.randint(0, 40) for _ in across] for _ in down]
    table[0][0], table[-1][-1] = 0, 40
    rows: list[Values] = [
        {"x": x, "y": y, "value": float(table[j][i])} for j, y in enumerate(down) for i, x in enumerate(across)
    ]
    statements = [
        f"picture = ax.imshow({table}, cmap={rng.choice(('viridis', 'Blues', 'magma'))!r}, aspect='auto')",
        f"ax.set_xticks(range({len(across)}), {across})",
        f"ax.set_yticks(range({len(down)}), {down})",
        "fig.colorbar(picture, ax=ax)",
    ]
    return ChartBody(statements, {"cell": rows})


def _errors(rng: random.Random) -> ChartBody:
    xs = [float(i) for i in range(1, rng.randint(4, 8))]
    ys = _amounts(rng, len(xs))
    reach = round(0.12 * max(ys), 3)
    rows: list[Values] = [{"at": x, "low": y - reach, "high": y + reach} for x, y in zip(xs, ys, strict=True)]
    statement = f"ax.errorbar({xs}, {ys}, yerr={reach}, fmt='o', capsize={rng.choice((0, 3, 5))})"
    return ChartBody([statement], {"points": _line_rows(xs, ys), "error": rows})


def _areas(rng: random.Random) -> ChartBody:
    xs = [float(i) for i in range(rng.randint(3, 7))]
    highs = _amounts(rng, len(xs))
    rows: list[Values] = [{"x": x, "low": 0.0, "high": high} for x, high in zip(xs, highs, strict=True)]
    return ChartBody([f"ax.fill_between({xs}, {highs}, alpha={rng.choice((0.4, 1.0))})"], {"area": rows})


def _log_lines(rng: random.Random) -> ChartBody:
    xs = [float(i) for i in range(1, rng.randint(4, 8))]
    ys = [round(10 ** rng.uniform(0.2, 4.8), 3) for _ in xs]
    return ChartBody([f"ax.plot({xs}, {ys}, 'o-')", "ax.set_yscale('log')"], {"line": _line_rows(xs, ys)})


def _table_bars(rng: random.Random) -> ChartBody:
    names = _names(rng, rng.randint(2, 5))
    columns = {name: _amounts(rng, len(names)) for name in rng.sample(("sold", "left", "lost"), rng.randint(1, 2))}
    kind = rng.choice(("bar", "barh"))
    statements = [f"pd.DataFrame({columns}, index={names}).plot(kind={kind!r}, ax=ax)"]
    rows = [row for amounts in columns.values() for row in _bar_rows(names, amounts)]
    return ChartBody(statements, {"bar": rows}, "import pandas as pd\n")


def _seaborn_bars(rng: random.Random) -> ChartBody:
    names = _names(rng, rng.randint(2, 6))
    amounts = _amounts(rng, len(names))
    return ChartBody(
        [f"sns.barplot(x={names}, y={amounts}, ax=ax)"], {"bar": _bar_rows(names, amounts)}, "import seaborn as sns\n"
    )


KINDS: Mapping[str, Callable[[random.Random], ChartBody]] = {
    "bars": _bars,
    "groups": _groups,
    "lines": _lines,
    "points": _scatter,
    "histogram": _histogram,
    "pie": _pie,
    "boxes": _boxes,
    "cells": _cells,
    "errors": _errors,
    "areas": _areas,
    "log lines": _log_lines,
    "bars of a table": _table_bars,
    "bars by seaborn": _seaborn_bars,
}
_NO_AXES = ("pie", "cells")
_STYLES = ("default", "ggplot", "bmh", "seaborn-v0_8-whitegrid", "fivethirtyeight", "dark_background", "classic")


def chart_program(seed: int) -> ChartProgram:
    """Return the program that `seed` makes, and what it shows."""
    rng = random.Random(seed)
    kind = list(KINDS)[seed % len(KINDS)]
    body = KINDS[kind](rng)
    width, height = rng.choice(((6.4, 4.8), (8, 5), (10, 6), (5, 5), (7, 3.5)))
    statements = [f"plt.style.use({rng.choice(_STYLES)!r})", f"fig, ax = plt.subplots(figsize=({width}, {height}))"]
    statements += body.statements + _decorations(rng, kind)
    head = "import numpy as np\nimport matplotlib.pyplot as plt\n" + body.imports
    return ChartProgram(kind, head + "\n".join(statements) + "\n", body.marks)


def _decorations(rng: random.Random, kind: str) -> list[str]:
    """Return statements, drawn from `rng`, that change how a chart of `kind` looks and not what it shows."""
    statements = (
        [f"ax.set_title({rng.choice(('Harvest', 'Sales by year', 'Results'))!r})"] if rng.random() < 0.7 else []
    )
    if kind not in _NO_AXES:
        choices = (
            "ax.grid(True, alpha=0.3)",
            "ax.spines[['top', 'right']].set_visible(False)",
            "ax.set_axisbelow(True)",
            "ax.tick_params(labelsize=9)",
            "ax.set_ylabel('amount')",
            "ax.set_xlabel('name')",
            "ax.text(0.02, 0.97, 'n = 9', transform=ax.transAxes, va='top', fontsize=8)",
        )
        statements += rng.sample(choices, rng.randint(0, 4))
    if kind in ("groups", "lines") and rng.random() < 0.7:
        statements.append(rng.choice(("ax.legend()", "ax.legend(loc='upper left', bbox_to_anchor=(1.02, 1))")))
    endings: tuple[list[str], ...] = (
        ["plt.tight_layout()", "plt.show()"],
        ["fig.savefig('out.png', dpi=150)", "plt.close(fig)"],
        ["plt.savefig('out.png', bbox_inches='tight')", "plt.clf()"],
        [],
    )
    return statements + rng.choice(endings)
