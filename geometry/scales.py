"""Scales of axes, read from their drawn tick labels, or the reason why none can be told.

Only positions (px along the axis, right or down) and label texts are used, as a reader of the picture would. A scale is
given where the labels agree with their places; where they do not, the labels are names, or the axis is unreadable.

Two things no picture can show are taken on trust: that labels which lie on their line to a fraction of a px, at round
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
TOO_ROUNDED, NO_FIT = "labels are rounded too much", "the labels fit neither a linear nor a logarithmic scale"
NO_YEAR = "no year"


class Tick(NamedTuple):
    """A tick: its place along the axis (px, x right or y down) and its text, "" where it has none."""

    position: float
    label: str


@dataclass(frozen=True)
class Scale:
    """The meaning of places along an axis."""

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
        """Return the value at a place, `px` along the axis.

        Raises:
            ValueError: the axis has categories.
        """
        self._demand(self.kind != "category", "values")
        scale_value = self.slope * px + self.intercept
        if self.kind != "log":
            return scale_value
        return 10.0**scale_value if scale_value < 308 else math.inf

    def position(self, value: float) -> float:
        """Return the place of a `value`, px.

        Raises:
            ValueError: the axis has categories, or is logarithmic and the value not positive.
        """
        self._demand(self.kind != "category", "values")
        if self.kind == "log":
            self._demand(value > 0, f"place for {value}")
            value = math.log10(value)
        return (value - self.intercept) / self.slope

    def category(self, px: float) -> tuple[str, float]:
        """Return the category nearest to a place, `px` along the axis, and how far it is, px.

        Raises:
            ValueError: the axis has values.
        """
        self._demand(self.kind == "category", "categories")
        category_px, label = min(self.categories, key=lambda entry: abs(entry[0] - px))
        return label, abs(category_px - px)

    def _demand(self, condition: bool, quantity: str) -> None:
        if not condition:
            raise ValueError(f"a {self.kind} axis has no {quantity}")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; floats rounded to 12 significant digits."""
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
        """Read the scale that `to_dict` wrote as `data`."""
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


def _clip(
    polygon: list[tuple[float, float]], a_factor: float, b_factor: float, limit: float
) -> list[tuple[float, float]]:
    """Return the part of a convex `polygon` of points (a, b) where a_factor * a + b_factor * b <= `limit`."""
    clipped_polygon = []
    for (a, b), (c, d) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        start_excess, end_excess = a_factor * a + b_factor * b - limit, a_factor * c + b_factor * d - limit
        if start_excess <= 0:
            clipped_polygon.append((a, b))
        if (start_excess < 0 < end_excess) or (end_excess < 0 < start_excess):
            crossing = start_excess / (start_excess - end_excess)
            clipped_polygon.append((a + crossing * (c - a), b + crossing * (d - b)))
    return clipped_polygon


def _lines_within(
    positions: Sequence[float], low_values: Sequence[float], high_values: Sequence[float]
) -> list[tuple[float, float]]:
    """Return the corners of the set of lines that pass through all intervals.

    Each corner is (value at position 0, value at position 1).

    Args:
        positions: of the ticks, from 0 to 1 along the labelled span.
        low_values: least that each label can mean.
        high_values: most that it can mean.
    """
    start_index, end_index = positions.index(0.0), positions.index(1.0)
    polygon = [
        (a, b)
        for a in (low_values[start_index], high_values[start_index])
        for b in (low_values[end_index], high_values[end_index])
    ]
    polygon = [polygon[0], polygon[1], polygon[3], polygon[2]]
    for position, low_value, high_value in zip(positions, low_values, high_values, strict=True):
        polygon = _clip(_clip(polygon, 1 - position, position, high_value), position - 1, -position, -low_value)
    return polygon


def _fit(
    tick_places: Sequence[float], values: Sequence[float], low_values: Sequence[float], high_values: Sequence[float]
) -> _Line | None:
    """Return the line through labels, or None where there is none.

    Args:
        tick_places: px.
        values: what the labels say.
        low_values: least that they can mean.
        high_values: most that they can mean.
    """
    start, span = min(tick_places), max(tick_places) - min(tick_places)
    positions = [(place - start) / span for place in tick_places]
    mean_position, mean_value = math.fsum(positions) / len(positions), math.fsum(values) / len(values)
    # Rise over the labelled span, by least squares.
    rise = math.fsum((p - mean_position) * (v - mean_value) for p, v in zip(positions, values, strict=True))
    rise /= math.fsum((p - mean_position) ** 2 for p in positions)
    if not math.isfinite(rise) or abs(rise) <= 1e-12 * max(map(abs, values)):
        return None
    slack = PIXEL_TOLERANCE / span * abs(rise)
    corners = _lines_within(positions, [v - slack for v in low_values], [v + slack for v in high_values])
    if not corners:
        return None
    start_value = mean_value - rise * mean_position
    label_intervals = list(zip(positions, low_values, high_values, strict=True))

    def excess() -> float:
        return max(
            max(start_value + rise * p - top, bottom - start_value - rise * p) for p, bottom, top in label_intervals
        )

    if excess() > slack:
        # Least squares can leave the labels' own roundings; the middle of all lines that keep to them does not.
        start_value = math.fsum(a for a, _ in corners) / len(corners)
        rise = math.fsum(b for _, b in corners) / len(corners) - start_value
        if abs(rise) <= 1e-12 * max(map(abs, values)):
            return None
    tolerance = max(excess(), 0.0) + 1e-9 * abs(rise)
    corners = _lines_within(positions, [v - tolerance for v in low_values], [v + tolerance for v in high_values])
    error = (
        max(max(abs(a - start_value), abs(b - start_value - rise)) for a, b in corners) / abs(rise)
        if corners
        else math.inf
    )
    residual = max(abs(start_value + rise * p - v) for p, v in zip(positions, values, strict=True)) / abs(rise) * span
    slope = rise / span
    rounding_width = max(top - bottom for _, bottom, top in label_intervals) / abs(rise)
    return _Line(slope, start_value - slope * start, residual, error, residual <= PIXEL_TOLERANCE, rounding_width)


def _even(tick_places: Sequence[float]) -> bool:
    """Tell whether `tick_places` in order lie at equal steps."""
    mean_step = (tick_places[-1] - tick_places[0]) / max(len(tick_places) - 1, 1)
    return all(
        abs(tick_place - tick_places[0] - i * mean_step) <= PIXEL_TOLERANCE for i, tick_place in enumerate(tick_places)
    )


def _mantissa(value: float) -> float:
    value = abs(value)
    return round(value / 10.0 ** math.floor(math.log10(value) + 1e-9), 6) if value else 0.0


def _chosen(tick_places: Sequence[float], values: Sequence[float], is_log: bool) -> bool:
    """Tell whether labels that lie on a line are likelier chosen there than rounded to it.

    Rounded labels of ticks at equal steps lie at equal steps rather often, so few of them must be round numbers.

    Args:
        tick_places: px, in order.
        values: of the labels.
        is_log: whether the line is one of logarithms.
    """
    if is_log and all(_mantissa(value) == int(_mantissa(value)) for value in values):
        return True
    count = len(values)
    if count >= 5 or (count >= 3 and not _even(tick_places)):
        return True
    step = abs(values[-1] - values[0]) / (count - 1)
    if count >= 3:
        return not is_log and _mantissa(step) in ROUND_STEPS
    return _mantissa(step) in (1.0, 2.0, 2.5, 5.0) and abs(values[0] / step - round(values[0] / step)) < 1e-6


def _judged(line: _Line, tick_places: Sequence[float], values: Sequence[float], is_log: bool) -> bool:
    """Tell whether the error of the scale of a `line` is bounded well enough."""
    span = max(tick_places) - min(tick_places)
    is_chosen = line.exact and line.residual < ERROR_BOUND * span and _chosen(tick_places, values, is_log)
    # Labels rounded to few steps can leave but one line, and that by the worst of roundings: no evidence at all.
    return is_chosen or (line.coarseness < COARSEST and line.error < ERROR_BOUND)


def _unlabelled_say(tick_places: Sequence[float], bare_places: Sequence[float], log_line: _Line) -> str:
    """Tell whether unlabelled ticks lie evenly between labelled ones (`linear`) or at 2..9 of a decade (`log`); or "".

    Args:
        tick_places: px, of labelled ticks.
        bare_places: px, of unlabelled ones.
        log_line: through the labels' logarithms.
    """
    if not bare_places:
        return ""

    def digit_distance(px: float) -> float:
        power = log_line.slope * px + log_line.intercept
        decade = math.floor(power + 1e-6)
        return min(abs(power - decade - math.log10(digit)) for digit in range(1, 11)) / abs(log_line.slope)

    at_digits = all(digit_distance(px) <= PIXEL_TOLERANCE for px in bare_places)
    evenly = _even(sorted([*tick_places, *bare_places]))
    return "" if at_digits == evenly else ("log" if at_digits else "linear")


def _numeric(ticks: Sequence[tuple[float, Number]], bare_places: Sequence[float], unit: str) -> Scale | str:
    """Return the scale of `ticks` labelled by numbers, in order of px, without names for a way out."""
    tick_places, values = [px for px, _ in ticks], [number.value for _, number in ticks]
    half_digits = [number.half_digit for _, number in ticks]
    label_intervals = [sorted((v - h, v + h)) for v, h in zip(values, half_digits, strict=True)]
    # Only logarithmic formatters draw bare powers; those of a symlog axis, as -10, 0, 10, can lie on a line.
    has_powers = any(number.power for _, number in ticks)
    linear_line = (
        None
        if has_powers
        else _fit(
            tick_places,
            values,
            [low_logs for low_logs, _ in label_intervals],
            [high_logs for _, high_logs in label_intervals],
        )
    )
    log_line = None
    if min(low_logs for low_logs, _ in label_intervals) > 0:
        log_values, low_logs, high_logs = (
            [math.log10(v) for v in row] for row in (values, *zip(*label_intervals, strict=True))
        )
        log_line = _fit(tick_places, log_values, low_logs, high_logs)
    tick_pattern = _unlabelled_say(tick_places, bare_places, log_line) if log_line else ""
    if linear_line and log_line and len(values) == 2 and not tick_pattern:
        if {_mantissa(value) for value in values} == {1.0}:
            return "two labels fit a linear and a logarithmic scale"
        tick_pattern = "log" if any(number.times_power for _, number in ticks) else "linear"
    if log_line and (
        not linear_line
        or tick_pattern == "log"
        or (tick_pattern == "" and not _judged(linear_line, tick_places, values, False))
    ):
        if _judged(log_line, tick_places, values, True) or (
            tick_pattern == "log" and log_line.exact and len(bare_places) > 1
        ):
            return Scale("log", log_line.slope, log_line.intercept, (), log_line.residual, unit)
        return TOO_ROUNDED
    if linear_line and _judged(linear_line, tick_places, values, False):
        return Scale("linear", linear_line.slope, linear_line.intercept, (), linear_line.residual, unit)
    return TOO_ROUNDED if linear_line else NO_FIT


# --- Dates


def _date_scale(ticks: Sequence[tuple[float, str]], offset: str) -> Scale | None:
    """Return the scale of `ticks` in order of px whose labels are dates and lie where time says; None otherwise."""
    has_clock = any(":" in text for text in (offset, *(label for _, label in ticks)))
    label_fields = [parse_date(label, SECOND if has_clock else DAY) for _, label in ticks]
    dates = [fields for fields in label_fields if fields is not None]
    offset_fields = parse_date(offset, DAY) if offset else None
    if len(dates) < len(ticks) or (offset and (offset_fields is None or offset_fields[0] is None)):
        return None
    places = [px for px, _ in ticks]
    if all(fields[2:] == (None,) * 4 for fields in dates) and _even(places):
        return None  # months are of different lengths: bars at equal steps, named after months
    if all(fields[0] is None and fields[1] and fields[2] for fields in dates):
        # "Jan 24" can be a year, and "01-05" before "06-10" a range.
        days_named = {fields[2] for fields in dates}
        if len(days_named) == 1 and days_named != {1}:
            return None
        if all(later[1] in (earlier[2], (earlier[2] or 0) + 1) for earlier, later in pairwise(dates)):
            return None
    date_lines = []
    for order in (1, -1):
        for label_days in spelled_out(dates[::order], offset_fields):
            date_line = _fit(places, label_days[::order], label_days[::order], label_days[::order])
            if date_line and date_line.exact and date_line.residual < ERROR_BOUND * (places[-1] - places[0]):
                date_lines.append(date_line)
                break
    date_lines.sort(key=lambda date_line: abs(date_line.slope))
    if not date_lines or (len(date_lines) == 2 and date_lines[1].slope == -date_lines[0].slope):
        return None  # "00:00", "12:00", "00:00" can run either way
    has_year = offset_fields is not None or any(fields[0] is not None for fields in dates)
    return Scale(
        "date", date_lines[0].slope, date_lines[0].intercept, (), date_lines[0].residual, "" if has_year else NO_YEAR
    )


# --- All together


def _named(ticks: Sequence[tuple[float, str]]) -> Scale:
    return Scale("category", 0.0, 0.0, tuple(ticks), 0.0)


def _number_scale(
    ticks: Sequence[tuple[float, str]], numbers: Sequence[Number], bare_places: Sequence[float], offset: str
) -> Scale | str:
    """Return the scale of labels in order of px that are `numbers`."""
    factors, common_numbers = read_offset(offset), common_unit(numbers)
    if factors is None:
        return f"the offset text {offset[:LONGEST_LABEL]!r} is not understood"
    if common_numbers is None:
        return _named(ticks)
    factor, summand = factors
    scaled_numbers, unit = common_numbers
    # "0" stands beside "0.5" and "π" alike: it is as exact as they are.
    finest_digit = max((number.half_digit for number in scaled_numbers if number.value), default=math.inf)
    scaled_numbers = [
        number if number.value else number._replace(half_digit=min(number.half_digit, finest_digit))
        for number in scaled_numbers
    ]
    scaled_numbers = [
        number._replace(value=number.value * factor + summand, half_digit=number.half_digit * factor)
        for number in scaled_numbers
    ]
    if any(
        abs(n.value) >= LARGEST or n.half_digit >= LARGEST or 0 < abs(n.value) < 1 / LARGEST for n in scaled_numbers
    ):
        return "the numbers are too large or too small"
    tick_places, values = [px for px, _ in ticks], [number.value for number in scaled_numbers]
    number_scale = _numeric(list(zip(tick_places, scaled_numbers, strict=True)), bare_places, unit)
    if (
        isinstance(number_scale, str)
        and values not in (sorted(values), sorted(values, reverse=True))
        and _even(tick_places)
    ):
        return _named(ticks)
    return number_scale


def read_scale(ticks: Sequence[Tick], offset: str = "") -> Scale | str:
    """Return the scale of an axis by its ticks, or the reason why none can be told.

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
    labelled_ticks = sorted((float(tick.position), tick.label.strip()) for tick in ticks if tick.label.strip())
    bare_places = sorted(float(tick.position) for tick in ticks if not tick.label.strip())
    if not labelled_ticks:
        return "no tick is labelled"
    numbers = [number for _, label in labelled_ticks if (number := parse_number(label))]
    has_dated_offset = bool(offset) and (fields := parse_date(offset, DAY)) is not None and fields[0] is not None
    all_numbers = len(numbers) == len(labelled_ticks)
    is_single = len(labelled_ticks) < 2 or labelled_ticks[-1][0] - labelled_ticks[0][0] < 1
    if all_numbers and is_single:
        return "one number alone tells no scale"
    if all_numbers and not has_dated_offset:
        return _number_scale(labelled_ticks, numbers, bare_places, offset)
    date_scale = None if is_single else _date_scale(labelled_ticks, offset)
    if date_scale is not None:
        return date_scale
    return "the days do not follow time" if all_numbers else _named(labelled_ticks)
