"""Scales against what matplotlib draws, and against labels that lie."""

import doctest
import math
import warnings
from datetime import datetime, timedelta
from typing import Any

import matplotlib.dates as mdates
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from zerosight.geometry import _labels, scales
from zerosight.geometry.scales import Scale, Tick, read_number, read_scale

EPOCH = datetime(1970, 1, 1)


def ticks(*pairs: tuple[float, str]) -> list[Tick]:
    return [Tick(*pair) for pair in pairs]


def even(*labels: str, step: float = 60.0) -> list[Tick]:
    return [Tick(20 + i * step, label) for i, label in enumerate(labels)]


def dated(labels: list[str], times: list[datetime], span: float = 400.0) -> list[Tick]:
    whole = (times[-1] - times[0]).total_seconds()
    return [
        Tick(20 + span * (time - times[0]).total_seconds() / whole, label)
        for label, time in zip(labels, times, strict=True)
    ]


def drawn(low: float, high: float, width: float, setup: Any) -> tuple[Any, list[Tick], str]:
    """An x axis as matplotlib draws it: the axes, its ticks within the limits, and the offset text."""
    figure = Figure(figsize=(width / 100, 2), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.05, 0.3, 0.9, 0.6))
    setup(axes)
    axes.set_xlim(low, high)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        canvas.draw()
    found = []
    for tick in [*axes.xaxis.get_major_ticks(), *axes.xaxis.get_minor_ticks()]:
        if min(low, high) <= tick.get_loc() <= max(low, high):
            label = tick.label1.get_text()
            found.append(Tick(float(axes.transData.transform((tick.get_loc(), 0))[0]), bared(label)))
    return axes, found, bared(axes.xaxis.get_offset_text().get_text())


def bared(text: str) -> str:
    text = text.replace("$", "").replace("\\times", "×")
    while "\\mathdefault{" in text:
        start = text.index("\\mathdefault{")
        depth, end = 0, start + len("\\mathdefault{") - 1
        for end in range(start + len("\\mathdefault{") - 1, len(text)):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            if depth == 0:
                break
        text = text[:start] + text[start + len("\\mathdefault{") : end] + text[end + 1 :]
    return text


def test_doctests() -> None:
    assert doctest.testmod(scales).failed == 0
    assert doctest.testmod(_labels).failed == 0


@pytest.mark.parametrize(
    ("label", "value", "unit"),
    [
        ("0", 0, ""), ("−5", -5, ""), ("+3", 3, ""), (".5", 0.5, ""), ("5.", 5, ""), ("1e6", 1e6, ""),
        ("1e−05", 1e-5, ""), ("1,000", 1000, ""), ("1,234,567.8", 1234567.8, ""), ("12 500", 12500, ""),
        ("10^{2}", 100, ""), ("10^{−3}", 1e-3, ""), ("2×10^{3}", 2000, ""), ("−10^{1}", -10, ""), ("10⁻²", 0.01, ""),
        ("5k", 5, "k"), ("1.5M", 1.5, "M"), ("25%", 25, "%"), ("25 %", 25, "%"), ("90°", 90, "°"), ("21°C", 21, "°C"),
        ("$5", 5, "$"), ("-$5", -5, "$"), ("$-5", -5, "$"), ("€1,200", 1200, "€"), ("$2B", 2, "$B"),
        ("π", math.pi, ""), ("−π", -math.pi, ""), ("3π/2", 1.5 * math.pi, ""), ("0.5π", math.pi / 2, ""),
        ("\\frac{\\pi}{2}", math.pi / 2, ""), ("2^{5}", 32, ""),
    ],
)  # fmt: skip
def test_numbers_are_read(label: str, value: float, unit: str) -> None:
    assert read_number(label) == (pytest.approx(value), unit)


@pytest.mark.parametrize(
    "label",
    ["", "a", "1,5", "12,34", "1 2", "1-2", "--1", "-+1", "1e", "e5", "$", "%", "k", "1/2", "5 kg", "10^{x}", "10^2",
     "1e999", "10^{999}", "1.2.3", "(5)", "5kk", "nan", "inf", "٣", "2024-01", "12:30", "9" * 5000],
)  # fmt: skip
def test_near_misses_are_no_numbers(label: str) -> None:
    assert read_number(label) is None


@pytest.mark.parametrize(
    ("given_ticks", "offset", "kind", "at", "value"),
    [
        (even("0", "5", "10"), "", "linear", 50, 2.5),
        (even("0", "10^{1}"), "", "category", 0, None),
        (even("0.0", "0.2", "0.4"), "1e6", "linear", 80, 2e5),
        (even("0.0", "0.2", "0.4"), "×10^{6}", "linear", 80, 2e5),
        (even("0", "1", "2"), "1e−5+2.0", "linear", 80, 2.00001),
        (even("0", "1", "2"), "+2.05e3", "linear", 80, 2051),
        (even("10^{0}", "10^{2}"), "", "log", 50, 10),
        (even("1", "10", "100"), "", "log", 110, 10**1.5),
        (even("0", "500k", "1M", "1.5M"), "", "linear", 80, 5e5),
        (even("0", "5k", "10k"), "", "linear", 80, 5),
        (even("0", "π/2", "π"), "", "linear", 80, math.pi / 2),
    ],
)  # fmt: skip
def test_tables_of_scales(given_ticks: list[Tick], offset: str, kind: str, at: float, value: float | None) -> None:
    scale = read_scale(given_ticks, offset)
    if value is None:
        assert isinstance(scale, str)
        return
    assert isinstance(scale, Scale) and scale.kind == kind
    assert scale.value(at) == pytest.approx(value, rel=1e-9)
    assert scale.position(scale.value(at)) == pytest.approx(at)
    assert Scale.from_dict(scale.to_dict()).value(at) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(
    "given_ticks",
    [
        even("3", "1", "2"), even("Q1", "Q2"), even("only"), even("1", "2", "many"), even("5 kg", "6 kg"),
        even("$1", "€2"), even("1%", "2°"), even("Jan", "Feb", "Mar"), even("Jan", "Feb"), even("Jul", "Aug", "Sep"),
        even("2024-01", "2024-02", "2024-03", "2024-04"), even("2024-01-05", "2024-01-09", "2024-01-10"),
        even("01-05", "06-10", "11-15"), even("10-20", "20-30"), even("Jan-24", "Feb-24"), even("2024-02-30", "2024-03-01"),  # noqa: E501
    ],
)  # fmt: skip
def test_names_are_categories(given_ticks: list[Tick]) -> None:
    scale = read_scale(given_ticks)
    assert isinstance(scale, Scale) and scale.kind == "category"
    assert scale.category(given_ticks[-1].position + 1) == (given_ticks[-1].label, 1.0)
    assert Scale.from_dict(scale.to_dict()) == scale
    with pytest.raises(ValueError, match="category axis has no values"):
        scale.value(0)


@pytest.mark.parametrize(
    ("given_ticks", "offset"),
    [
        ([], ""), (even(""), ""), (even("5"), ""), (even("5", "5"), ""), (even("0", "1", "4"), ""),
        (even("0", "1", "2", "5"), ""), (even("−10^{1}", "−10^{0}", "0", "10^{0}", "10^{1}"), ""),
        (even("−10^{1}", "0", "10^{1}"), ""), (even("0", "1"), "in thousands"), (even("0.3", "0.7"), ""),
        (even("10", "37"), ""), (even("0", "1", "1", "2", "2"), ""), (even("1", "10"), ""),
        (ticks((0, "0"), (100, "17"), (200, "33"), (300, "50")), ""), (even("0", "1", step=math.nan), ""),
        (ticks((5, "0"), (5, "1")), ""), (ticks((0, "3"), (10, "1"), (100, "2")), ""),
    ],
)  # fmt: skip
def test_reasons(given_ticks: list[Tick], offset: str) -> None:
    assert isinstance(read_scale(given_ticks, offset), str)


def test_unlabelled_ticks_decide_between_linear_and_log() -> None:
    logs = [Tick(20 + 100 * math.log10(digit), "") for digit in range(2, 10)]
    assert read_scale([*ticks((20, "1"), (120, "10")), *logs]).kind == "log"  # type: ignore[union-attr]
    assert read_scale([*ticks((20, "0"), (120, "10")), Tick(70, "")]).kind == "linear"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("labels", "offset", "times", "unit"),
    [
        (["2024", "Feb", "Mar", "Apr"], "", [datetime(2024, m, 1) for m in (1, 2, 3, 4)], ""),
        (["Nov", "Dec", "2024", "Feb"], "", [datetime(2023, 11, 1), datetime(2023, 12, 1), datetime(2024, 1, 1), datetime(2024, 2, 1)], ""),  # noqa: E501
        (["Jan", "05", "09"], "2024-Jan", [datetime(2024, 1, d) for d in (1, 5, 9)], ""),
        (["22", "Feb", "08"], "2024-Feb", [datetime(2024, 1, 22), datetime(2024, 2, 1), datetime(2024, 2, 8)], ""),
        (["22", "25"], "2024-Feb", [datetime(2024, 2, 22), datetime(2024, 2, 25)], ""),
        (["12:00", "Jan-02", "12:00", "Jan-03"], "2024-Jan-03", [datetime(2024, 1, 1, 12), datetime(2024, 1, 2), datetime(2024, 1, 2, 12), datetime(2024, 1, 3)], ""),  # noqa: E501
        (["40", "00:01", "20"], "2024-Jan-02 00:01", [datetime(2024, 1, 2, 0, 0, 40), datetime(2024, 1, 2, 0, 1), datetime(2024, 1, 2, 0, 1, 20)], ""),  # noqa: E501
        (["Jan", "Feb", "Mar", "Apr"], "", [datetime(2000, m, 1) for m in (1, 2, 3, 4)], "no year"),
        (["00:00", "06:00", "12:00"], "", [datetime(2000, 1, 1, h) for h in (0, 6, 12)], "no year"),
        (["30 12:00", "01 00:00", "01 12:00"], "", [datetime(2000, 4, 30, 12), datetime(2000, 5, 1), datetime(2000, 5, 1, 12)], "no year"),  # noqa: E501
        (["05.01.2024", "09.02.2024"], "", [datetime(2024, 1, 5), datetime(2024, 2, 9)], ""),
        (["Jan 5, 2024", "Feb 9, 2024"], "", [datetime(2024, 1, 5), datetime(2024, 2, 9)], ""),
        (["5 January 2024", "9 Feb 2024"], "", [datetime(2024, 1, 5), datetime(2024, 2, 9)], ""),
        (["2024-01-05 12:00", "2024/01/09"], "", [datetime(2024, 1, 5, 12), datetime(2024, 1, 9)], ""),
    ],
)  # fmt: skip
def test_dates(labels: list[str], offset: str, times: list[datetime], unit: str) -> None:
    scale = read_scale(dated(labels, times), offset)
    assert isinstance(scale, Scale) and (scale.kind, scale.unit) == ("date", unit)
    days = [(time - EPOCH) / timedelta(days=1) for time in (times[0], times[-1])]
    assert [scale.value(20), scale.value(420)] == pytest.approx(days, abs=1e-6)


texts = st.one_of(st.text(max_size=12), st.text("0123456789.,-−+e^{}×kM%$°π/: JanFebMr", max_size=12))


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.floats(), texts), max_size=6), texts)
def test_no_text_raises(pairs: list[tuple[float, str]], offset: str) -> None:
    given_ticks = ticks(*pairs)
    first = read_scale(given_ticks, offset)
    assert first == read_scale(given_ticks, offset)
    assert isinstance(first, str | Scale)


def agrees(scale: Scale | str, axes: Any, low: float, high: float, log: bool = False) -> bool:
    """Whether a scale that is told agrees with the axes to a quarter of a per cent of the range."""
    if isinstance(scale, str):
        return False
    pxs = [float(axes.transData.transform((value, 0))[0]) for value in (low, high)]
    got = [scale.slope * px + scale.intercept for px in pxs]
    want = [math.log10(low), math.log10(high)] if log else [low, high]
    assert max(abs(g - w) for g, w in zip(got, want, strict=True)) < 0.0025 * abs(want[1] - want[0]), (scale, got, want)
    return True


@settings(deadline=None, max_examples=15)
@given(st.floats(-1e4, 1e4), st.floats(-4, 7), st.sampled_from([250, 400, 800]), st.booleans())
def test_linear_axes_of_matplotlib(low: float, magnitude: float, width: float, turned: bool) -> None:
    high = low + 10**magnitude
    low, high = (high, low) if turned else (low, high)
    axes, found, offset = drawn(low, high, width, lambda axes: None)
    if len([t for t in found if t.label]) >= 3:
        scale = read_scale(found, offset)
        assert agrees(scale, axes, low, high) and scale.kind == "linear", (scale, found, offset)  # type: ignore[union-attr]


@settings(deadline=None, max_examples=15)
@given(st.floats(-6, 6), st.floats(0.3, 9), st.sampled_from([250, 400, 800]))
def test_log_axes_of_matplotlib(start: float, decades: float, width: float) -> None:
    low, high = 10**start, 10 ** (start + decades)
    axes, found, offset = drawn(low, high, width, lambda axes: axes.set_xscale("log"))
    if len([t for t in found if t.label]) >= 2:
        scale = read_scale(found, offset)
        assert not isinstance(scale, Scale) or scale.kind == "log", (scale, found)
        assert agrees(scale, axes, low, high, log=True) or decades < 1.2, (scale, found)


@settings(deadline=None, max_examples=20)
@given(st.integers(-8000, 22000), st.floats(0, 1), st.floats(-3.5, 3.9), st.booleans())
def test_date_axes_of_matplotlib(day: int, part: float, magnitude: float, concise: bool) -> None:
    def setup(axes: Any) -> None:
        locator = mdates.AutoDateLocator()
        axes.xaxis.set_major_locator(locator)
        formatter = mdates.ConciseDateFormatter if concise else mdates.AutoDateFormatter
        axes.xaxis.set_major_formatter(formatter(locator))

    low, high = day + part, day + part + 10**magnitude
    axes, found, offset = drawn(low, high, 500, setup)
    scale = read_scale(found, offset)
    if isinstance(scale, Scale) and scale.kind == "date" and not scale.unit:
        assert agrees(scale, axes, low, high), (scale, found, offset)
    elif isinstance(scale, Scale) and scale.kind == "date":
        # Without a year the lengths of time must agree.
        want = (high - low) / (axes.transData.transform((high, 0))[0] - axes.transData.transform((low, 0))[0])
        assert scale.slope == pytest.approx(want, rel=0.0025), (scale, found, offset)
    elif isinstance(scale, Scale) and scale.kind != "category":
        assert scale.kind == "linear" and all(t.label.isdigit() for t in found), (scale, found, offset)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 400), min_size=4, max_size=7, unique=True),
    st.lists(st.integers(0, 99), min_size=7, max_size=7),
)
def test_liars_get_no_scale(places: list[int], numbers: list[int]) -> None:
    given_ticks = [Tick(px, str(number)) for px, number in zip(places, numbers, strict=False)]
    scale = read_scale(given_ticks)
    if isinstance(scale, Scale) and scale.kind != "category":
        assert scale.residual <= max(0.3 + 0.5 / abs(scale.slope) if scale.kind == "linear" else 0.3, 2.0)
