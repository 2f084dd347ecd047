"""`make bench-reading`: what is read of procedural charts, held against what their programs drew.

Each mark that a program makes is right (a mark that was read has its values), admitted (none has, and the scene says
that something is not read: a count of others, an axis without a scale, a name that is not seen; or the mark is too
short to be seen) or unsaid. Each mark that was read and that the program did not make is wrong.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import typer

from ...geometry.chart import Axis, ChartScene, Panel, Value
from ...render import FigurePool
from ...render.chart.draw import DrawnChart
from .chart_programs import ChartProgram, Values, chart_program
from .results_file import report_results

SHARE_OF_RANGE = 0.005
"""By how much of its axis a value may be off."""
COLOUR_SHARE = 0.01
"""The same of a value that is read from a colour: some of the 256 steps of a colour map look alike."""
SHARE_SLACK = 0.002
BATCH = 200


class ReadingCounts(NamedTuple):
    """The marks of one chart, counted."""

    right: int
    wrong: list[str]
    """Marks that were read and not drawn, in words."""
    unsaid: list[str]
    """Marks that were drawn, not read, and not said to be left out."""
    admitted: int
    """Marks that were drawn and not read, in a scene that says so."""


def compared(chart: ChartProgram, scene: ChartScene) -> ReadingCounts:
    """Return how the marks of `scene` agree with those that the program of `chart` made."""
    if len(scene.panels) != 1:
        return ReadingCounts(0, [], [f"{len(scene.panels)} panels"], 0)
    (panel,) = scene.panels
    right, admitted, wrong, unsaid = 0, 0, list[str](), list[str]()
    for kind, rows in chart.marks.items():
        read_marks = [
            (series.upright, mark.values) for series in panel.series if series.kind == kind for mark in series.marks
        ]
        for row in rows:
            number = next(
                (i for i, (upright, values) in enumerate(read_marks) if agrees(panel, upright, values, row)), None
            )
            if number is not None:
                read_marks.pop(number)
                right += 1
            elif panel.others or scene.others or not is_readable(panel, row) or is_too_short(panel, row):
                admitted += 1
            else:
                unsaid.append(f"{kind} {dict(row)}")
        wrong += [f"{kind} {dict(values)}" for upright, values in read_marks if set(rows[0]) <= set(values)]
    extra_kinds = {series.kind for series in panel.series} - {*chart.marks, "rule", "points"}
    return ReadingCounts(right, [*wrong, *(f"a series of kind {kind}" for kind in extra_kinds)], unsaid, admitted)


def is_readable(panel: Panel, row: Values) -> bool:
    """Tell whether all axes of `panel` have scales, and the name of the mark in `row` is seen."""
    names = {tick.label for axis in panel.axes for tick in axis.ticks} | {text.text for text in panel.words}
    wanted_names = [value for value in row.values() if isinstance(value, str)]
    return all(axis.scale is not None for axis in panel.axes) and all(name in names for name in wanted_names)


def is_too_short(panel: Panel, row: Values) -> bool:
    """Tell whether the mark in `row` is so short that the line along an axis hides it."""
    spans = [axis.range for axis in panel.axes if axis.range is not None]
    low, high = (row.get(name) for name in ("low", "high"))
    if not spans or not isinstance(low, float) or not isinstance(high, float):
        return False
    return abs(high - low) <= SHARE_OF_RANGE * max(abs(top - bottom) for bottom, top in spans)


def agrees(panel: Panel, upright: bool, values: Mapping[str, Value], row: Values) -> bool:
    """Tell whether a mark's `values` are those of `row`, to within what can be seen."""
    return all(
        _is_near(_axis(panel, name, upright), name, values.get(name), drawn_value) for name, drawn_value in row.items()
    )


def _is_near(axis: Axis | None, name: str, value: Value | None, drawn_value: float | str) -> bool:
    if value is None or isinstance(drawn_value, str) or isinstance(value, str):
        return value == drawn_value
    if name == "share":
        return abs(value - drawn_value) <= SHARE_SLACK
    span = None if axis is None else axis.range
    if axis is None or span is None:
        return False
    if axis.scale is not None and axis.scale.kind == "log":
        return abs(value / drawn_value - 1) <= (span[1] / span[0]) ** SHARE_OF_RANGE - 1
    return abs(value - drawn_value) <= (COLOUR_SHARE if name == "value" else SHARE_OF_RANGE) * (span[1] - span[0])


def _axis(panel: Panel, name: str, upright: bool) -> Axis | None:
    """Return the axis that the value `name` of a mark is read on; marks stand on x where `upright`."""
    across, along = ("x", "y") if upright else ("y", "x")
    axis_name = {"x": "x", "y": "y", "left": "x", "right": "x", "value": "colour", "at": across}.get(name, along)
    return next((axis for axis in panel.axes if axis.name == axis_name), None)


def measure(count: int, workers: int, size: int, start_seed: int = 0) -> dict[str, Any]:
    """Return the counts over `count` charts from the seed `start_seed` on, drawn `size` px wide by `workers`."""
    counts, examples, rejections = Counter[str](), list[str](), Counter[str]()
    with FigurePool(workers=workers, wall_s=60.0) as pool:
        for start in range(start_seed, start_seed + count, BATCH):
            charts = [chart_program(seed) for seed in range(start, min(start + BATCH, start_seed + count))]
            outcomes = pool.run([chart.program for chart in charts], size)
            for seed, (chart, outcome) in enumerate(zip(charts, outcomes, strict=True), start):
                if not isinstance(outcome, DrawnChart):
                    rejections[getattr(outcome, "code", "infrastructure")] += 1
                    examples.append(f"{seed} {chart.kind}: {outcome}")
                    continue
                _add(counts, examples, seed, chart, compared(chart, outcome.scene))
    figures = {name: counts[name] for name in ("accepted", "right", "wrong", "unsaid", "admitted")}
    return {"charts": count, **figures, "rejected": dict(rejections), "examples": examples[:20]}


def _add(counts: Counter[str], examples: list[str], seed: int, chart: ChartProgram, reading: ReadingCounts) -> None:
    counts.update(
        accepted=1, right=reading.right, wrong=len(reading.wrong), unsaid=len(reading.unsaid), admitted=reading.admitted
    )
    problems: Sequence[str] = [
        *(f"wrong: {text}" for text in reading.wrong),
        *(f"unsaid: {text}" for text in reading.unsaid),
    ]
    if problems:
        examples.append(f"{seed} {chart.kind}: {problems[0]}")


def main(
    count: Annotated[int, typer.Option(min=1, help="Charts.")] = 2000,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 2,
    size: Annotated[int, typer.Option(min=64, help="Width of the pictures, px.")] = 448,
) -> None:
    """Draw the charts, compare, and write the results."""
    command = f"make bench-reading ARGS='--count {count} --size {size}'"
    report_results("reading", command, measure(count, workers, size))


if __name__ == "__main__":
    typer.run(main)
