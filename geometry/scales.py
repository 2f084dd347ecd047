"""What the drawn tick labels of an axis say of it: a scale, or the reason why none can be told.

Only positions (px along the axis, right or down) and label texts are used, as a reader of the picture would. A scale is
given where the labels agree with their places; where they do not, the labels are names, or the axis is unreadable.

What no picture can show, and is taken on trust: that labels which lie on their line to a fraction of a px, at round
steps, were not all rounded by the same amount; that a month's name stands at the first of the month.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

PIXEL_TOLERANCE = 0.3
"""How far a labelled tick may lie from where its label says, beyond what rounding of the label explains, px."""
ERROR_BOUND = 0.0025
"""The largest error of a scale that rounded labels may leave, as a part of the labelled span."""
ROUND_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 7.5, 8.0, 9.0)
"""First digits of steps that people and tick locators choose; matplotlib's own are 1, 2, 2.5 and 5."""
MULTIPLIERS = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9}
ROUNDED, CROOKED = "labels are rounded too much", "the labels fit neither a linear nor a logarithmic scale"
NO_YEAR = "no year"
LONGEST_LABEL = 60
LARGEST = 1e100
"""Numbers beyond this, and below its inverse, are not read: sums of them could overflow."""


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


# --- Numbers


class _Number(NamedTuple):
    value: float
    half: float  # half the last digit drawn; 0 where the label is exact
    unit: str
    power: bool  # drawn as a bare power, which only logarithmic formatters do


_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_DIGITS = r"(?:[0-9]{1,3}(?:([,  '’_])[0-9]{3})(?:\1[0-9]{3})*|[0-9]+)"
_MANTISSA = rf"(?P<mantissa>{_DIGITS}(?:\.[0-9]*)?|\.[0-9]+)"
_POWER = r"(?P<base>10|2|e)\^\{(?P<power>[+-]?[0-9]{1,3})\}"
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?P<currency>[$€£¥]?)(?P<inner>[+-]?) ?"
    rf"(?:{_POWER}|{_MANTISSA}(?:[eE](?P<e>[+-]?[0-9]{{1,3}})| ?[×·⋅] ?10\^\{{(?P<ten>[+-]?[0-9]{{1,3}})\}})?)"
    r" ?(?P<suffix>[kKMB]?) ?(?P<mark>%|°[CF]?|[€£¥$])?"
)
_PI = re.compile(r"(?P<sign>[+-]?)(?P<times>[0-9]*\.?[0-9]*) ?[·×⋅]? ?π(?: ?/ ?(?P<over>[1-9][0-9]?))?")
_OFFSET = re.compile(
    r"(?:(?:1e|[×·]? ?10\^\{)(?P<times>[+-]?[0-9]{1,3})\}?)?"
    r"(?P<plus>[+-][0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]{1,3}| ?× ?10\^\{[+-]?[0-9]{1,3}\})?)?"
)


def _plain(label: str) -> str:
    """The label with one kind of minus, space, power and fraction."""
    text = label.strip()
    if len(text) > LONGEST_LABEL:
        return text
    text = text.replace("\N{MINUS SIGN}", "-").replace("\\times", "×").replace("\\pi", "π").replace("\\%", "%")
    text = re.sub("[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}]", " ", text)
    text = re.sub("⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: "^{" + found[0].translate(_SUPERSCRIPTS) + "}", text)
    return re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", text)


def _parse_number(label: str) -> _Number | None:
    text = _plain(label)
    if len(text) > LONGEST_LABEL:
        return None
    if found := _PI.fullmatch(text):
        return _multiple_of_pi(found)
    found = _NUMBER.fullmatch(text)
    if found is None or (found["sign"] and found["inner"]):
        return None
    mark = found["mark"] or ""
    if found["currency"] and mark:
        return None
    unit = found["currency"] + found["suffix"] + mark
    sign = -1.0 if "-" in (found["sign"], found["inner"]) else 1.0
    if found["base"]:
        base, power = {"10": 10.0, "2": 2.0, "e": math.e}[found["base"]], int(found["power"])
        value = base**power if abs(power * math.log10(base)) < 300 else math.inf
        half = 0.0
    else:
        digits = re.sub("[^0-9.]", "", found["mantissa"])
        exponent = int(found["e"] or found["ten"] or 0)
        value = float(f"{digits}e{exponent}")
        half = 0.5 * float(f"1e{exponent - len(digits.partition('.')[2])}")
    if value >= LARGEST or 0 < value < 1 / LARGEST or half >= LARGEST:
        return None
    return _Number(sign * value, half, unit, found["base"] is not None)


def _multiple_of_pi(found: re.Match[str]) -> _Number | None:
    times = found["times"]
    if times == ".":
        return None
    part = math.pi / int(found["over"] or 1) * (-1.0 if found["sign"] == "-" else 1.0)
    # Whole multiples and fractions of π are exact; decimal ones were rounded.
    half = 0.5 * abs(part) * 10.0 ** -len(times.partition(".")[2]) if "." in times else 0.0
    value = part * float(times or 1)
    return _Number(value, half, "", False) if abs(value) < LARGEST else None


def read_number(label: str) -> tuple[float, str] | None:
    """The number that a label shows and the sign drawn with it; None where it shows none.

    >>> read_number("−1,250.5"), read_number("$2.5k"), read_number("3×10^{−2}"), read_number("12 %")
    ((-1250.5, ''), (2.5, '$k'), (0.03, ''), (12.0, '%'))
    >>> read_number("1,25"), read_number("Q1"), read_number("10-20"), read_number("")
    (None, None, None, None)
    """
    number = _parse_number(label)
    return None if number is None else (number.value, number.unit)


def _read_offset(offset: str) -> tuple[float, float] | None:
    """Factor and summand that matplotlib's offset text asks for."""
    found = _OFFSET.fullmatch(_plain(offset)) if len(offset) <= LONGEST_LABEL else None
    if found is None:
        return None
    plus = _parse_number(found["plus"]) if found["plus"] else _Number(0.0, 0.0, "", False)
    times = float(f"1e{found['times'] or 0}")
    return None if plus is None or not 1 / LARGEST < times < LARGEST else (times, plus.value)


def _common_unit(numbers: Sequence[_Number]) -> tuple[list[_Number], str] | None:
    """The numbers in one unit; "500k" beside "1M" are multiplied out. None where the units differ otherwise."""
    units = sorted({number.unit for number in numbers if number.value or number.unit})
    if len(units) <= 1:
        return list(numbers), "".join(units)
    bare = {re.sub("[kKMB]", "", unit) for unit in units}
    if len(bare) > 1:
        return None
    scaled = []
    for number in numbers:
        times = math.prod(MULTIPLIERS.get(sign, 1.0) for sign in number.unit)
        scaled.append(number._replace(value=number.value * times, half=number.half * times))
    return scaled, bare.pop()


# --- Lines through labelled ticks


class _Line(NamedTuple):
    slope: float
    intercept: float
    residual: float  # px
    error: float  # the worst that rounding can make of it over the labelled span, as a part of that
    exact: bool  # all labels lie on it without any rounding


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
    return _Line(slope, left - slope * start, residual, error, residual <= PIXEL_TOLERANCE)


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
    return chosen or line.error < ERROR_BOUND


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


def _numeric(ticks: Sequence[tuple[float, _Number]], bare: Sequence[float], unit: str) -> Scale | str:
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
        said = "linear"
    if log and (not linear or said == "log" or (said == "" and not _judged(linear, places, values, False))):
        if _judged(log, places, values, True) or (said == "log" and log.exact and len(bare) > 1):
            return Scale("log", log.slope, log.intercept, (), log.residual, unit)
        return ROUNDED
    if linear and _judged(linear, places, values, False):
        return Scale("linear", linear.slope, linear.intercept, (), linear.residual, unit)
    return ROUNDED if linear else CROOKED



# --- Dates

_MONTHS = "january february march april may june july august september october november december".split()
_Y, _B, _D, _T = r"(?P<Y>[12][0-9]{3})", r"(?P<b>[A-Za-z]{3,9})", r"(?P<d>[0-9]{1,2})", r"(?P<H>[0-9]{2}):(?P<M>[0-9]{2})"
_M, _S = r"(?P<m>[0-9]{1,2})", r"(?P<S>[0-9]{2}(?:\.[0-9]{1,6})?)"
_DATES = [
    re.compile(text)
    for text in (
        rf"{_Y}-{_M}-{_D}(?:[ T]{_T}(?::{_S})?)?", rf"{_Y}/{_M}/{_D}", rf"{_D}\.{_M}\.{_Y}", rf"{_Y}-{_M}",
        rf"{_Y}-{_B}(?:-{_D}(?: {_T})?)?", rf"{_B} {_Y}", rf"{_B}[ -]{_D}", rf"{_B} {_D}, {_Y}", rf"{_D} {_B}(?: {_Y})?",
        _B, _Y, r"(?P<m>[0-9]{2})-(?P<d>[0-9]{2})(?: (?P<H>[0-9]{2}))?", rf"(?P<d>[0-9]{{2}}) {_T}", rf"{_T}(?::{_S})?",
        r"(?P<M>[0-9]{2}):(?P<S>[0-9]{2}\.[0-9]{1,6})",
    )
]  # fmt: skip
_DAY, _SECOND = re.compile(_D), re.compile(_S)
_EPOCH = datetime(1970, 1, 1)
_Fields = tuple[int | None, int | None, int | None, int | None, int | None, float | None]
"""Year, month, day, hour, minute, second; None where the label does not say."""


def _parse_date(label: str, lone: re.Pattern[str]) -> _Fields | None:
    """What a label says of a time; `lone` reads a number that stands alone."""
    text = _plain(label)
    if len(text) > LONGEST_LABEL:
        return None
    found = next((match for pattern in (*_DATES, lone) if (match := pattern.fullmatch(text))), None)
    if found is None:
        return None
    part = found.groupdict()
    if name := part.get("b"):
        months = [i for i, month in enumerate(_MONTHS, 1) if name.lower() in (month, month[:3])]
        if not months:
            return None
        part["m"] = str(months[0])
    year, month, day, hour, minute = (int(part[key]) if part.get(key) else None for key in "YmdHM")
    return year, month, day, hour, minute, float(part["S"]) if part.get("S") else None


def _time(fields: Sequence[float]) -> datetime | None:
    year, month, day, hour, minute = (int(field) for field in fields[:5])
    try:
        return datetime(year, month, day, hour, minute) + timedelta(seconds=fields[5]) if fields[5] < 60 else None
    except (ValueError, OverflowError):
        return None


def _shifted(known: datetime, coarsest: int, steps: int) -> list[float]:
    """The fields coarser than `coarsest` of a known time, the finest of them moved by some steps."""
    year, month = known.year, known.month
    if coarsest == 1:
        year += steps
    elif coarsest == 2:
        year, month = year + (month - 1 + steps) // 12, (month - 1 + steps) % 12 + 1
    else:
        known += steps * {3: timedelta(days=1), 4: timedelta(hours=1), 5: timedelta(minutes=1)}.get(coarsest, timedelta())
        year, month = known.year, known.month
    return [year, month, known.day, known.hour, known.minute][:coarsest]


def _coarsest(fields: _Fields) -> int:
    return next(i for i, field in enumerate(fields) if field is not None)


def _completed(coarser: Sequence[float], fields: _Fields) -> datetime | None:
    """The time that a label means after the coarser fields; finer ones than it names are at their start."""
    own = [(1 if i in (1, 2) else 0) if field is None else field for i, field in enumerate(fields)]
    return _time([*coarser, *own[len(coarser) :]])


def _next(known: datetime, fields: _Fields, way: int) -> datetime | None:
    """The first time after (way 1) or before (-1) a known one that a label can mean."""
    coarsest = _coarsest(fields)
    for step in range(9 if coarsest else 1):
        try:
            time = _completed(_shifted(known, coarsest, way * step), fields)
        except OverflowError:
            return None
        if time is not None and (time > known if way > 0 else time < known):
            return time
    return None


def _anchors(labels: Sequence[_Fields], offset: _Fields | None) -> list[tuple[int, datetime | None]]:
    """Which label, in order of time, means which time: the first with a year, else the last by the offset text."""
    for i, fields in enumerate(labels):
        if fields[0] is not None:
            return [(i, _completed([], fields))]
    if offset is not None:
        # ConciseDateFormatter's offset text is of the last tick.
        last, coarsest = labels[-1], _coarsest(labels[-1])
        known = [field for field in offset[:coarsest] if field is not None]
        agree = all(a is None or b is None or a == b for a, b in zip(offset, last, strict=True))
        return [(len(labels) - 1, _completed(known, last))] if agree and len(known) == coarsest else []
    # Without a month any length of month can follow, and without a year a leap day can.
    starts = [(2000, 1), (2000, 4), (2000, 2), (2001, 1), (2001, 2)]
    return [(0, _completed([*start, 1, 0, 0][: _coarsest(labels[0])], labels[0])) for start in starts]


def _spelled_out(labels: Sequence[_Fields], offset: _Fields | None) -> list[list[float]]:
    """What labels in order of time can mean, days since 1970."""
    readings = []
    for anchor, time in _anchors(labels, offset):
        times = [time]
        for fields in labels[anchor + 1 :]:
            times.append(times[-1] and _next(times[-1], fields, 1))
        for fields in reversed(labels[:anchor]):
            times.insert(0, times[0] and _next(times[0], fields, -1))
        days = [(time - _EPOCH) / timedelta(days=1) for time in times if time is not None]
        if len(days) == len(labels):
            readings.append(days)
    return readings


def _date_scale(ticks: Sequence[tuple[float, str]], offset: str) -> Scale | None:
    """The scale of labels in order of px that are dates and lie where time says; None where they do not."""
    clock = any(":" in text for text in (offset, *(label for _, label in ticks)))
    parsed = [_parse_date(label, _SECOND if clock else _DAY) for _, label in ticks]
    labels = [fields for fields in parsed if fields is not None]
    context = _parse_date(offset, _DAY) if offset else None
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
        for days in _spelled_out(labels[::way], context):
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
    ticks: Sequence[tuple[float, str]], numbers: Sequence[_Number], bare: Sequence[float], offset: str
) -> Scale | str:
    """The scale that labels in order of px tell that are numbers."""
    factors, common = _read_offset(offset), _common_unit(numbers)
    if factors is None:
        return f"the offset text {offset[:LONGEST_LABEL]!r} is not understood"
    if common is None:
        return _named(ticks)
    times, plus = factors
    same, unit = common
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
    numbers = [number for _, label in labelled if (number := _parse_number(label))]
    dated = bool(offset) and (fields := _parse_date(offset, _DAY)) is not None and fields[0] is not None
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
