"""The benchmark of what is read of procedural charts: it counts what is wrong, what is missing, and what is said."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from zerosight.benchmarks.own.chart_programs import KINDS, chart_program
from zerosight.benchmarks.own.reading import ReadingCounts, compared
from zerosight.geometry.chart import ChartScene, Mark, Series
from zerosight.render import FigurePool
from zerosight.render.chart.draw import DrawnChart

CUT_OFF = (89, 102, 713)
"""Seeds of charts of which some labels reach beyond the picture."""
SEEDS = (*range(1000, 1000 + len(KINDS)), *CUT_OFF)


@pytest.fixture(scope="module")
def scenes() -> Iterator[dict[int, ChartScene]]:
    with FigurePool(wall_s=60.0) as pool:
        outcomes = pool.run([chart_program(seed).program for seed in SEEDS], 448)
    assert all(isinstance(outcome, DrawnChart) for outcome in outcomes), outcomes
    yield {
        seed: outcome.scene for seed, outcome in zip(SEEDS, outcomes, strict=True) if isinstance(outcome, DrawnChart)
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_procedural_chart_is_read_rightly(seed: int, scenes: dict[int, ChartScene]) -> None:
    reading = compared(chart_program(seed), scenes[seed])
    assert reading.wrong == reading.unsaid == []
    assert reading.right + reading.admitted == sum(map(len, chart_program(seed).marks.values())) > 0
    assert seed in CUT_OFF or not reading.admitted


def changed(scene: ChartScene, marks: tuple[Mark, ...], others: int = 0) -> ReadingCounts:
    """The reading of a bar chart's `scene` with other `marks` in its only series."""
    (panel,) = scene.panels
    series: tuple[Series, ...] = (replace(panel.series[0], marks=marks),)
    return compared(chart_program(SEEDS[1]), replace(scene, panels=(replace(panel, series=series, others=others),)))


def test_what_is_wrong_or_missing_is_counted(scenes: dict[int, ChartScene]) -> None:
    scene = scenes[SEEDS[1]]
    assert chart_program(SEEDS[1]).kind == "bars"
    (series,) = scene.panels[0].series
    right = changed(scene, series.marks)
    assert not right.wrong and not right.unsaid and right.right == len(series.marks)
    low, high = sorted(float(series.marks[0].values[name]) for name in ("low", "high"))
    moved = replace(series.marks[0], values={**series.marks[0].values, "high": high + 0.1 * (high - low)})
    assert [len(texts) for texts in changed(scene, (moved, *series.marks[1:]))[1:3]] == [1, 1]
    assert [len(texts) for texts in changed(scene, series.marks[1:])[1:3]] == [0, 1]
    assert changed(scene, series.marks[1:], others=1)[1:] == ([], [], 1)
