"""How far a mark may stand from a category's tick and still be its: labels that are not seen lend none."""

import math

import pytest

from zerosight.geometry.chart import Axis
from zerosight.geometry.scales import Scale, Tick
from zerosight.render.chart.axes import AxisReader, PanelFrame


def reader(*ticks: tuple[float, str]) -> AxisReader:
    """Categories along the x axis of a panel from 0 to 300 px."""
    categories = tuple((place, label) for place, label in ticks if label)
    scale = Scale("category", 0.0, 0.0, categories, 0.0) if categories else None
    axis = Axis("x", "", tuple(Tick(*tick) for tick in ticks), scale, "", (0.0, 300.0))
    return AxisReader(PanelFrame((0.0, 0.0, 300.0, 200.0), None), (axis,))


@pytest.mark.parametrize(
    ("ticks", "step"),
    [
        ([(50.0, "a"), (150.0, "b"), (250.0, "c")], 100.0),
        ([(50.0, "a"), (150.0, ""), (250.0, "")], 100.0),
        ([(50.0, "a"), (150.0, ""), (250.0, "c")], 100.0),
        ([(50.0, ""), (110.0, "b"), (170.0, ""), (230.0, ""), (290.0, "e")], 60.0),
        ([(150.0, "only")], 300.0),
        ([(60.0, "first of some")], 120.0),
        ([(50.0, "a"), (50.5, ""), (150.0, "b")], 100.0),
        ([], math.inf),
    ],
)
def test_step_between_categories(ticks: list[tuple[float, str]], step: float) -> None:
    assert reader(*ticks).step(0) == step


def test_a_mark_beside_a_tick_without_a_label_has_no_category() -> None:
    axis_reader = reader((50.0, "a"), (150.0, ""), (250.0, "c"))
    reach = 0.45 * axis_reader.step(0)
    assert [axis_reader.value(0, place, reach) for place in (30.0, 150.0, 170.0, 240.0)] == ["a", None, None, "c"]
