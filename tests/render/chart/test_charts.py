"""matplotlib programs in the sandbox: values read from the drawing agree with their authors' data."""

from collections.abc import Iterator
from importlib.metadata import version

import pytest
from chart_cases import CASES, HEAD
from chart_checks import agree

from zerosight.geometry.chart import ChartScene
from zerosight.render import InfrastructureError, Rejected
from zerosight.render.chart.draw import DrawnChart
from zerosight.render.chart.pool import FigurePool


@pytest.fixture(scope="module")
def pool() -> Iterator[FigurePool]:
    with FigurePool(workers=2, memory_mb=768) as made:
        yield made


@pytest.fixture(scope="module")
def charts(pool: FigurePool) -> dict[str, DrawnChart | Rejected | InfrastructureError]:
    return dict(zip(CASES, pool.run([case.program for case in CASES.values()], 320), strict=True))


def chart(charts: dict[str, DrawnChart | Rejected | InfrastructureError], name: str) -> DrawnChart:
    found = charts[name]
    assert isinstance(found, DrawnChart), found
    return found


@pytest.mark.parametrize("name", CASES)
def test_values_agree_with_the_data(name: str, charts: dict[str, DrawnChart | Rejected | InfrastructureError]) -> None:
    scene = chart(charts, name).scene
    assert len(scene.panels) == len(CASES[name].panels)
    for panel, expected in zip(scene.panels, CASES[name].panels, strict=True):
        for kind, wanted in expected.items():
            found = [(one.upright, mark.values) for one in panel.series if one.kind == kind for mark in one.marks]
            assert len(found) == len(wanted), (kind, found)
            for want in wanted:
                assert any(agree(panel, upright, got, want) for upright, got in found), (want, found)


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("annotated",)])
def test_nothing_is_left_over(name: str, charts: dict[str, DrawnChart | Rejected | InfrastructureError]) -> None:
    scene = chart(charts, name).scene
    assert scene.others == 0 and all(panel.others == 0 for panel in scene.panels)


def test_an_arrow_is_left_over(charts: dict[str, DrawnChart | Rejected | InfrastructureError]) -> None:
    (panel,) = chart(charts, "annotated").scene.panels
    assert panel.others > 0
    assert {words.text for words in panel.words} == {"peak", "note"}


def test_scatter_shows_every_point_in_its_colour(
    charts: dict[str, DrawnChart | Rejected | InfrastructureError],
) -> None:
    (panel,) = chart(charts, "scatter").scene.panels
    assert {one.colour: len(one.marks) for one in panel.series} == {"#ff0000": 13, "#0000ff": 12}
    assert all(one.alpha == pytest.approx(0.7, abs=0.01) for one in panel.series)
    axis = panel.axis("x")
    assert axis is not None and axis.label == "dose"


LABELS = {
    "grouped bars": {"2023": "#1f77b4", "2024": "#ff7f0e"},
    "stacked bars": {"in": "#1f77b4", "out": "#ff7f0e"},
    "lines": {"one": "#1f77b4", "two": "#ff7f0e"},
    "stacked areas": {"low": "#1f77b4", "high": "#ff7f0e"},
}


@pytest.mark.parametrize("name", LABELS)
def test_legends_name_the_series(name: str, charts: dict[str, DrawnChart | Rejected | InfrastructureError]) -> None:
    (panel,) = chart(charts, name).scene.panels
    assert {one.label: one.colour for one in panel.series} == LABELS[name]
    assert {entry.label: entry.colour for entry in panel.legend} == LABELS[name]


def test_titles_and_labels_are_read(charts: dict[str, DrawnChart | Rejected | InfrastructureError]) -> None:
    scene = chart(charts, "subplots").scene
    assert [panel.title for panel in scene.panels] == ["above", "below"]
    assert [words.text for words in scene.words] == ["Both"]
    (panel,) = chart(charts, "lines").scene.panels
    assert panel.title == "Two lines"


@pytest.mark.parametrize("name", CASES)
def test_scenes_survive_json(name: str, charts: dict[str, DrawnChart | Rejected | InfrastructureError]) -> None:
    scene = chart(charts, name).scene
    again = ChartScene.from_json(scene.to_json())
    assert again == scene and again.digest == scene.digest


def test_scenes_and_pictures_are_the_same_in_any_process(
    charts: dict[str, DrawnChart | Rejected | InfrastructureError],
) -> None:
    names = ["bars", "lines", "pie", "heat map"]
    with FigurePool(layers=("limits",)) as other:
        for name, again in zip(names, other.run([CASES[name].program for name in names], 320), strict=True):
            assert isinstance(again, DrawnChart)
            assert again.scene.to_json() == chart(charts, name).scene.to_json()
            assert again.picture.digest == chart(charts, name).picture.digest


# --- the picture, looked at by another method


def test_bars_are_where_the_picture_has_their_colour(pool: FigurePool) -> None:
    """By pixels: the rows and columns of each bar's colour against the bounds that the scene gives."""
    program = HEAD + "plt.bar(['a', 'b', 'c'], [4, 9, 6], color=['#ff0000', '#00ff00', '#0000ff'])"
    (found,) = pool.run([program], 922)
    assert isinstance(found, DrawnChart)
    pixels, scale = found.picture.array, 922 / found.scene.width
    for one, colour in zip(found.scene.panels[0].series, ([255, 0, 0], [0, 255, 0], [0, 0, 255]), strict=True):
        rows, columns = (pixels == colour).all(axis=2).nonzero()
        left, top, right, bottom = (side * scale for side in one.marks[0].bounds)
        assert abs(columns.min() - left) <= 1.5 and abs(columns.max() + 1 - right) <= 1.5
        assert abs(rows.min() - top) <= 1.5 and abs(rows.max() + 1 - bottom) <= 2.5


def test_shares_of_a_pie_are_shares_of_pixels(pool: FigurePool) -> None:
    program = HEAD + "plt.pie([1, 2, 5], colors=['#ff0000', '#00ff00', '#0000ff'])"
    (found,) = pool.run([program], 922)
    assert isinstance(found, DrawnChart)
    counts = [(found.picture.array == c).all(axis=2).sum() for c in ([255, 0, 0], [0, 255, 0], [0, 0, 255])]
    for one, count in zip(found.scene.panels[0].series, counts, strict=True):
        assert one.marks[0].values["share"] == pytest.approx(count / sum(counts), abs=0.005)


# --- the same scene on every machine

GOLDEN = {
    "grouped bars": "ec78ce848e2489d7",
    "dates": "f7b950a5acea9a14",
    "donut": "9d706a14356c98db",
    "heat map": "917c5557f3afed43",
    "compass": "6b7ea1a9754368f4",
}
"""Digests of scenes, under the matplotlib that lays figures out; another may place things otherwise."""
GOLDEN_MATPLOTLIB = "3.11.2"


@pytest.mark.skipif(version("matplotlib") != GOLDEN_MATPLOTLIB, reason="another matplotlib lays figures out otherwise")
@pytest.mark.parametrize("name", GOLDEN)
def test_scenes_are_those_of_every_machine(
    name: str, charts: dict[str, DrawnChart | Rejected | InfrastructureError]
) -> None:
    assert chart(charts, name).scene.digest[:16] == GOLDEN[name]
