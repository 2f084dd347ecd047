"""What the drawn tick labels of an axis say of it: a scale, or the reason why none can be told.

Only positions (px along the axis, right or down) and label texts are used, as a reader of the picture would. A scale is
given where the labels agree with their places; where they do not, the labels are names, or the axis is unreadable.

What no picture can show, and is taken on trust: that labels which lie on their line to a fraction of a px, at round
steps, were not all rounded by the same amount; that a month's name stands at the first of the month.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from ._labels import (
    DAY,
    LARGEST,
    LONGEST_LABEL,
    SECOND,
    Number,
    common_unit,
    parse_date,
    parse_number,
    read_number,
    read_offset,
    spelled_out,
)

__all__ = ["Scale", "Tick", "read_number", "read_scale"]

PIXEL_TOLERANCE = 0.3
"""How far a labelled tick may lie from where its label says, beyond what rounding of the label explains, px."""
ERROR_BOUND = 0.0025
"""The largest error of a scale that rounded labels may leave, as a part of the labelled span."""
COARSEST = 0.04
"""The widest rounding, as a part of the labelled span, that the agreement of many labels can make up for."""
ROUND_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 7.5, 8.0, 9.0)
"""First digits of steps that people and tick locators choose; matplotlib's own are 1, 2, 2.5 and 5."""
ROUNDED, CROOKED = "labels are rounded too much", "the labels fit neither a linear nor a logarithmic scale"
NO_YEAR = "no year"


class Tick(NamedTuple):
    """A tick: its place along the axis (px, x right or y down) and its text, "" where it has none."""

    position: float
    label: str


@dataclass(frozen=True)
class Scale:
    """What places along an axis mean."""

    kind: str
    """`linear`, `log`, `date` or `category`."""
    slope: float
    """Of the value (log: its log10; date: days since 1970-01-01) per px; 0 for categories."""
    intercept: float
    """The value (log10, days) at px 0."""
    categories: tuple[tuple[float, str], ...]
    """(px, label) in order of px; empty for the other kinds."""
    residual: float
    """The farthest that a labelled tick lies from where its label says, px."""
    unit: str = ""
    """Sign drawn with every number, such as "%", "$", "k" (values are as drawn: 5 for "5k"); "no year" for dates that
    name none and are counted as if in 2000 (2001 where only a year without a leap day fits)."""

    def value(self, px: float) -> float:
        """The value at a place.

        Raises:
            ValueError: the axis has categories.
        """
        self._demand(self.kind != "category", "values")
        straight = self.slope * px + self.intercept
        if self.kind != "log":
            return straight
        return 10.0**straight if straight < 308 else math.inf

    def position(self, value: float) -> float:
        """The place of a value, px.

        Raises:
            ValueError: the axis has categories, or is logarithmic and the value not positive.
        """
        self._demand(self.kind != "category", "values")
        if self.kind == "log":
            self._demand(value > 0, f"place for {value}")
            value = math.log10(value)
        return (value - self.intercept) / self.slope

    def category(self, px: float) -> tuple[str, float]:
        """The category nearest to a place, and how far it is, px.

        Raises:
            ValueError: the axis has values.
        """
        self._demand(self.kind == "category", "categories")
        place, label = min(self.categories, key=lambda known: abs(known[0] - px))
        return label, abs(place - px)

    def _demand(self, held: bool, what: str) -> None:
        if not held:
            raise ValueError(f"a {self.kind} axis has no {what}")

    def to_dict(self) -> dict[str, Any]:
        """JSON values; floats rounded to 12 significant digits."""
        return {
            "kind": self.kind,
            "slope": _rounded(self.slope),
            "intercept": _rounded(self.intercept),
            "categories": [[_rounded(px), label] for px, label in self.categories],
            "residual": _rounded(self.residual),
            "unit": self.unit,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Scale":
        """The scale that `to_dict` wrote."""
        categories = tuple((float(px), str(label)) for px, label in data["categories"])
        return cls(data["kind"], data["slope"], data["intercept"], categories, data["residual"], data["unit"])


def _rounded(number: float) -> float:
    return float(f"{number:.12g}")


# --- Lines through labelled ticks


class _Line(NamedTuple):
    slope: float
    intercept: float
    residual: float  # px
    error: float  # the worst that rounding can make of it over the labelled span, as a part of that
    exact: bool  # all labels lie on it without any rounding
    coarseness: float  # the widest rounding of a label, as a part of the labelled span


def _clip(polygon: list[tuple[float, float]], left: float, right: float, bound: float) -> list[tuple[float, float]]:
    """The part of a convex polygon of points (a, b) where left * a + right * b is at most the bound."""
    kept = []
    for (a, b), (c, d) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        here, there = left * a + right * b - bound, left * c + right * d - bound
        if here <= 0:
            kept.append((a, b))
        if (here < 0 < there) or (there < 0 < here):
            part = here / (here - there)
            kept.append((a + part * (c - a), b + part * (d - b)))
    return kept


def _lines_within(parts: Sequence[float], low: Sequence[float], high: Sequence[float]) -> list[tuple[float, float]]:
    """Corners of the set of lines, each as (value at part 0, value at part 1), that pass through all intervals."""
    first, last = parts.index(0.0), parts.index(1.0)
    polygon = [(a, b) for a in (low[first], high[first]) for b in (low[last], high[last])]
    polygon = [polygon[0], polygon[1], polygon[3], polygon[2]]
    for part, bottom, top in zip(parts, low, high, strict=True):
        polygon = _clip(_clip(polygon, 1 - part, part, top), part - 1, -part, -bottom)
    return polygon


def _fit(places: Sequence[float], values: Sequence[float], low: Sequence[float], high: Sequence[float]) -> _Line | None:
    """The line through labels that say `values` and mean anything from `low` to `high`; None where there is none."""
    start, span = min(places), max(places) - min(places)
    parts = [(place - start) / span for place in places]
    middle, height = math.fsum(parts) / len(parts), math.fsum(values) / len(values)
    # Rise over the labelled span, by least squares.
    rise = math.fsum((p - middle) * (v - height) for p, v in zip(parts, values, strict=True))
    rise /= math.fsum((p - middle) ** 2 for p in parts)
    if not math.isfinite(rise) or abs(rise) <= 1e-12 * max(map(abs, values)):
        return None
    slack = PIXEL_TOLERANCE / span * abs(rise)
    corners = _lines_within(parts, [v - slack for v in low], [v + slack for v in high])
    if not corners:
        return None
    left = height - rise * middle
    inside = list(zip(parts, low, high, strict=True))

    def excess() -> float:
        return max(max(left + rise * p - top, bottom - left - rise * p) for p, bottom, top in inside)

    if excess() > slack:
        # Least squares can leave the labels' own roundings; the middle of all lines that keep to them does not.
        left = math.fsum(a for a, _ in corners) / len(corners)
        rise = math.fsum(b for _, b in corners) / len(corners) - left
        if abs(rise) <= 1e-12 * max(map(abs, values)):
            return None
    allowed = max(excess(), 0.0) + 1e-9 * abs(rise)
    corners = _lines_within(parts, [v - allowed for v in low], [v + allowed for v in high])
    error = max(max(abs(a - left), abs(b - left - rise)) for a, b in corners) / abs(rise) if corners else math.inf
    residual = max(abs(left + rise * p - v) for p, v in zip(parts, values, strict=True)) / abs(rise) * span
    slope = rise / span
    width = max(top - bottom for _, bottom, top in inside) / abs(rise)
    return _Line(slope, left - slope * start, residual, error, residual <= PIXEL_TOLERANCE, width)


def _even(places: Sequence[float]) -> bool:
    """Whether places in order lie at equal steps."""
    step = (places[-1] - places[0]) / max(len(places) - 1, 1)
    return all(abs(place - places[0] - i * step) <= PIXEL_TOLERANCE for i, place in enumerate(places))


def _mantissa(value: float) -> float:
    value = abs(value)
    return round(value / 10.0 ** math.floor(math.log10(value) + 1e-9), 6) if value else 0.0


def _chosen(places: Sequence[float], values: Sequence[float], log: bool) -> bool:
    """Whether labels that lie on a line are likelier chosen there than rounded to it.

    Rounded labels of ticks at equal steps lie at equal steps rather often, so few of them must be round numbers.
    """
    if log and all(_mantissa(value) == int(_mantissa(value)) for value in values):
        return True
    count = len(values)
    if count >= 5 or (count >= 3 and not _even(places)):
        return True
    step = abs(values[-1] - values[0]) / (count - 1)
    if count >= 3:
        return not log and _mantissa(step) in ROUND_STEPS
    return _mantissa(step) in (1.0, 2.0, 2.5, 5.0) and abs(values[0] / step - round(values[0] / step)) < 1e-6


def _judged(line: _Line, places: Sequence[float], values: Sequence[float], log: bool) -> bool:
    """Whether the scale's error is bounded well enough."""
    span = max(places) - min(places)
    chosen = line.exact and line.residual < ERROR_BOUND * span and _chosen(places, values, log)
    # Labels rounded to few steps can leave but one line, and that by the worst of roundings: no evidence at all.
    return chosen or (line.coarseness < COARSEST and line.error < ERROR_BOUND)


def _unlabelled_say(places: Sequence[float], bare: Sequence[float], log: _Line) -> str:
    """Whether unlabelled ticks lie evenly between labelled ones (`linear`) or at 2..9 of a decade (`log`); or ""."""
    if not bare:
        return ""

    def off(px: float) -> float:
        power = log.slope * px + log.intercept
        decade = math.floor(power + 1e-6)
        return min(abs(power - decade - math.log10(digit)) for digit in range(1, 11)) / abs(log.slope)

    at_digits = all(off(px) <= PIXEL_TOLERANCE for px in bare)
    evenly = _even(sorted([*places, *bare]))
    return "" if at_digits == evenly else ("log" if at_digits else "linear")


def _numeric(ticks: Sequence[tuple[float, Number]], bare: Sequence[float], unit: str) -> Scale | str:
    """The scale that numbers in order of px tell, without names for a way out."""
    places, values = [px for px, _ in ticks], [number.value for _, number in ticks]
    halves = [number.half for _, number in ticks]
    ends = [sorted((v - h, v + h)) for v, h in zip(values, halves, strict=True)]
    # Only logarithmic formatters draw bare powers; those of a symlog axis, as -10, 0, 10, can lie on a line.
    powers = any(number.power for _, number in ticks)
    linear = None if powers else _fit(places, values, [low for low, _ in ends], [high for _, high in ends])
    log = None
    if min(low for low, _ in ends) > 0:
        middle, low, high = ([math.log10(v) for v in row] for row in (values, *zip(*ends, strict=True)))
        log = _fit(places, middle, low, high)
    said = _unlabelled_say(places, bare, log) if log else ""
    if linear and log and len(values) == 2 and not said:
        if {_mantissa(value) for value in values} == {1.0}:
            return "two labels fit a linear and a logarithmic scale"
        said = "log" if any(number.times_power for _, number in ticks) else "linear"
    if log and (not linear or said == "log" or (said == "" and not _judged(linear, places, values, False))):
        if _judged(log, places, values, True) or (said == "log" and log.exact and len(bare) > 1):
            return Scale("log", log.slope, log.intercept, (), log.residual, unit)
        return ROUNDED
    if linear and _judged(linear, places, values, False):
        return Scale("linear", linear.slope, linear.intercept, (), linear.residual, unit)
    return ROUNDED if linear else CROOKED


# --- Dates


def _date_scale(ticks: Sequence[tuple[float, str]], offset: str) -> Scale | None:
    """The scale of labels in order of px that are dates and lie where time says; None where they do not."""
    clock = any(":" in text for text in (offset, *(label for _, label in ticks)))
    parsed = [parse_date(label, SECOND if clock else DAY) for _, label in ticks]
    labels = [fields for fields in parsed if fields is not None]
    context = parse_date(offset, DAY) if offset else None
    if len(labels) < len(ticks) or (offset and (context is None or context[0] is None)):
        return None
    places = [px for px, _ in ticks]
    if all(fields[2:] == (None,) * 4 for fields in labels) and _even(places):
        return None  # months are of different lengths: bars at equal steps, named after months
    if all(fields[0] is None and fields[1] and fields[2] for fields in labels):
        # "Jan 24" can be a year, and "01-05" before "06-10" a range.
        days_named = {fields[2] for fields in labels}
        if len(days_named) == 1 and days_named != {1}:
            return None
        if all(b[1] in (a[2], (a[2] or 0) + 1) for a, b in pairwise(labels)):
            return None
    lines = []
    for way in (1, -1):
        for days in spelled_out(labels[::way], context):
            line = _fit(places, days[::way], days[::way], days[::way])
            if line and line.exact and line.residual < ERROR_BOUND * (places[-1] - places[0]):
                lines.append(line)
                break
    lines.sort(key=lambda line: abs(line.slope))
    if not lines or (len(lines) == 2 and lines[1].slope == -lines[0].slope):
        return None  # "00:00", "12:00", "00:00" can run either way
    known = context is not None or any(fields[0] is not None for fields in labels)
    return Scale("date", lines[0].slope, lines[0].intercept, (), lines[0].residual, "" if known else NO_YEAR)


# --- All together


def _named(ticks: Sequence[tuple[float, str]]) -> Scale:
    return Scale("category", 0.0, 0.0, tuple(ticks), 0.0)


def _number_scale(
    ticks: Sequence[tuple[float, str]], numbers: Sequence[Number], bare: Sequence[float], offset: str
) -> Scale | str:
    """The scale that labels in order of px tell that are numbers."""
    factors, common = read_offset(offset), common_unit(numbers)
    if factors is None:
        return f"the offset text {offset[:LONGEST_LABEL]!r} is not understood"
    if common is None:
        return _named(ticks)
    times, plus = factors
    same, unit = common
    # "0" stands beside "0.5" and "π" alike: it is as exact as they are.
    finest = max((number.half for number in same if number.value), default=math.inf)
    same = [number if number.value else number._replace(half=min(number.half, finest)) for number in same]
    same = [number._replace(value=number.value * times + plus, half=number.half * times) for number in same]
    if any(abs(n.value) >= LARGEST or n.half >= LARGEST or 0 < abs(n.value) < 1 / LARGEST for n in same):
        return "the numbers are too large or too small"
    places, values = [px for px, _ in ticks], [number.value for number in same]
    told = _numeric(list(zip(places, same, strict=True)), bare, unit)
    if isinstance(told, str) and values not in (sorted(values), sorted(values, reverse=True)) and _even(places):
        return _named(ticks)
    return told


def read_scale(ticks: Sequence[Tick], offset: str = "") -> Scale | str:
    """The scale that the ticks of an axis tell, or the reason why none can be told.

    Args:
        ticks: in any order.
        offset: matplotlib's offset text, which applies to every label.

    >>> scale = read_scale([Tick(10, "0"), Tick(60, "5"), Tick(110, "10")])
    >>> scale.kind, scale.value(85)
    ('linear', 7.5)
    >>> read_scale([Tick(10, "oak"), Tick(60, "elm")]).category(50)
    ('elm', 10.0)
    >>> read_scale([Tick(10, "0"), Tick(60, "7"), Tick(110, "10")])
    'the labels fit neither a linear nor a logarithmic scale'
    """
    offset = offset.strip()
    if any(not abs(tick.position) < 1e6 for tick in ticks):
        return "a tick has no place"
    labelled = sorted((float(tick.position), tick.label.strip()) for tick in ticks if tick.label.strip())
    bare = sorted(float(tick.position) for tick in ticks if not tick.label.strip())
    if not labelled:
        return "no tick is labelled"
    numbers = [number for _, label in labelled if (number := parse_number(label))]
    dated = bool(offset) and (fields := parse_date(offset, DAY)) is not None and fields[0] is not None
    numeric = len(numbers) == len(labelled)
    lone = len(labelled) < 2 or labelled[-1][0] - labelled[0][0] < 1
    if numeric and lone:
        return "one number alone tells no scale"
    if numeric and not dated:
        return _number_scale(labelled, numbers, bare, offset)
    dates = None if lone else _date_scale(labelled, offset)
    if dates is not None:
        return dates
    return "the days do not follow time" if numeric else _named(labelled)
