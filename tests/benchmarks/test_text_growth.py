"""Parsers of model-written replies take time linear in the text, on texts made to hurt; `make fuzz` goes on to 1 MB."""

import pytest

from zerosight.benchmarks.own.fuzz_growth import PARSERS, Growth, growth

SMALL_SIZES = (250, 8_000)


@pytest.mark.parametrize("name", PARSERS)
def test_time_grows_with_the_text_and_no_faster(name: str) -> None:
    steep = [measured for measured in growth(name, SMALL_SIZES) if not measured.is_linear]
    assert steep == []


def test_quadratic_time_is_told_from_linear_time() -> None:
    assert Growth("linear", (0.0, 0.02, 0.6)).is_linear and Growth("noise", (0.001, 0.04, 0.5)).is_linear
    assert not Growth("quadratic", (0.01, 6.0)).is_linear and not Growth("later", (0.001, 0.05, 51.0)).is_linear
