"""One tick label: a number with its sign, or fields of a time; and times from labels that stand in order."""

import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

MULTIPLIERS = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9}
LONGEST_LABEL = 60
LARGEST = 1e100
"""Numbers beyond this, and below its inverse, are not read: sums of them could overflow."""

# --- Numbers


class Number(NamedTuple):
    value: float
    half_digit: float  # half the last digit drawn; 0 where the label is exact
    unit: str
    power: bool  # drawn as a bare power, which only logarithmic formatters do
    times_power: bool = False  # drawn as a multiple of a power, which they do too


_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_DIGITS = r"(?:[0-9]{1,3}(?P<gap>[,  '’_])[0-9]{3}(?:(?P=gap)[0-9]{3})*|[0-9]+)"
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
    """Return the `label` with one kind of minus, space, power and fraction."""
    text = label.strip()
    if len(text) > LONGEST_LABEL:
        return text
    text = text.replace("\N{MINUS SIGN}", "-").replace("\\times", "×").replace("\\pi", "π").replace("\\%", "%")
    text = re.sub("[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}]", " ", text)
    text = re.sub("⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda digits: "^{" + digits[0].translate(_SUPERSCRIPTS) + "}", text)
    return re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", text)


def parse_number(label: str) -> Number | None:
    text = _plain(label)
    if len(text) > LONGEST_LABEL:
        return None
    if label_match := _PI.fullmatch(text):
        return _multiple_of_pi(label_match)
    label_match = _NUMBER.fullmatch(text)
    if label_match is None or (label_match["sign"] and label_match["inner"]):
        return None
    unit_mark = label_match["mark"] or ""
    if label_match["currency"] and unit_mark:
        return None
    unit = label_match["currency"] + label_match["suffix"] + unit_mark
    sign = -1.0 if "-" in (label_match["sign"], label_match["inner"]) else 1.0
    if label_match["base"]:
        base, power = {"10": 10.0, "2": 2.0, "e": math.e}[label_match["base"]], int(label_match["power"])
        value = base**power if abs(power * math.log10(base)) < 300 else math.inf
        half_digit = 0.0
    else:
        digits = re.sub("[^0-9.]", "", label_match["mantissa"])
        exponent = int(label_match["e"] or label_match["ten"] or 0)
        value = float(f"{digits}e{exponent}")
        half_digit = 0.5 * float(f"1e{exponent - len(digits.partition('.')[2])}")
    if value >= LARGEST or 0 < value < 1 / LARGEST or half_digit >= LARGEST:
        return None
    return Number(sign * value, half_digit, unit, label_match["base"] is not None, label_match["ten"] is not None)


def _multiple_of_pi(label_match: re.Match[str]) -> Number | None:
    factor_text = label_match["times"]
    if factor_text == ".":
        return None
    pi_fraction = math.pi / int(label_match["over"] or 1) * (-1.0 if label_match["sign"] == "-" else 1.0)
    # Whole multiples and fractions of π are exact; decimal ones were rounded.
    half_digit = 0.5 * abs(pi_fraction) * 10.0 ** -len(factor_text.partition(".")[2]) if "." in factor_text else 0.0
    value = pi_fraction * float(factor_text or 1)
    return Number(value, half_digit, "", False) if abs(value) < LARGEST else None


def read_number(label: str) -> tuple[float, str] | None:
    """Return the number that a `label` shows and the sign drawn with it; None where it shows none.

    >>> read_number("−1,250.5"), read_number("$2.5k"), read_number("3×10^{−2}"), read_number("12 %")
    ((-1250.5, ''), (2.5, '$k'), (0.03, ''), (12.0, '%'))
    >>> read_number("1,25"), read_number("Q1"), read_number("10-20"), read_number("")
    (None, None, None, None)
    """
    number = parse_number(label)
    return None if number is None else (number.value, number.unit)


def read_offset(offset: str) -> tuple[float, float] | None:
    """Return the factor and the summand that matplotlib's `offset` text asks for."""
    offset_match = _OFFSET.fullmatch(_plain(offset)) if len(offset) <= LONGEST_LABEL else None
    if offset_match is None:
        return None
    summand = parse_number(offset_match["plus"]) if offset_match["plus"] else Number(0.0, 0.0, "", False)
    factor = float(f"1e{offset_match['times'] or 0}")
    return None if summand is None or not 1 / LARGEST < factor < LARGEST else (factor, summand.value)


def common_unit(numbers: Sequence[Number]) -> tuple[list[Number], str] | None:
    """Return the `numbers` in one unit, or None where their units differ: "500k" beside "1M" are multiplied out."""
    units = sorted({number.unit for number in numbers if number.value or number.unit})
    if len(units) <= 1:
        return list(numbers), "".join(units)
    bare_units = {re.sub("[kKMB]", "", unit) for unit in units}
    if len(bare_units) > 1:
        return None
    scaled_numbers = []
    for number in numbers:
        unit_factor = math.prod(MULTIPLIERS.get(letter, 1.0) for letter in number.unit)
        scaled_numbers.append(
            number._replace(value=number.value * unit_factor, half_digit=number.half_digit * unit_factor)
        )
    return scaled_numbers, bare_units.pop()


# --- Dates

_MONTHS = "january february march april may june july august september october november december".split()
_Y, _B, _D = r"(?P<Y>[12][0-9]{3})", r"(?P<b>[A-Za-z]{3,9})", r"(?P<d>[0-9]{1,2})"
_T, _M, _S = r"(?P<H>[0-9]{2}):(?P<M>[0-9]{2})", r"(?P<m>[0-9]{1,2})", r"(?P<S>[0-9]{2}(?:\.[0-9]{1,6})?)"
_DATES = [
    re.compile(text)
    for text in (
        rf"{_Y}-{_M}-{_D}(?:[ T]{_T}(?::{_S})?)?", rf"{_Y}/{_M}/{_D}", rf"{_D}\.{_M}\.{_Y}", rf"{_Y}-{_M}",
        rf"{_Y}-{_B}(?:-{_D}(?: {_T})?)?", rf"{_B} {_Y}", rf"{_B}[ -]{_D}", rf"{_B} {_D}, {_Y}",
        rf"{_D} {_B}(?: {_Y})?", _B, _Y,
        r"(?P<m>[0-9]{2})-(?P<d>[0-9]{2})(?: (?P<H>[0-9]{2}))?", rf"(?P<d>[0-9]{{2}}) {_T}", rf"{_T}(?::{_S})?",
        r"(?P<M>[0-9]{2}):(?P<S>[0-9]{2}\.[0-9]{1,6})",
    )
]  # fmt: skip
DAY, SECOND = re.compile(_D), re.compile(_S)
_EPOCH = datetime(1970, 1, 1)
Fields = tuple[int | None, int | None, int | None, int | None, int | None, float | None]
"""Year, month, day, hour, minute, second; None where the label does not say."""


def parse_date(label: str, lone_pattern: re.Pattern[str]) -> Fields | None:
    """Return the fields of a time that a `label` gives; `lone_pattern` reads a number that stands alone."""
    text = _plain(label)
    if len(text) > LONGEST_LABEL:
        return None
    label_match = next((match for pattern in (*_DATES, lone_pattern) if (match := pattern.fullmatch(text))), None)
    if label_match is None:
        return None
    date_parts = label_match.groupdict()
    if name := date_parts.get("b"):
        months = [i for i, month in enumerate(_MONTHS, 1) if name.lower() in (month, month[:3])]
        if not months:
            return None
        date_parts["m"] = str(months[0])
    year, month, day, hour, minute = (int(date_parts[key]) if date_parts.get(key) else None for key in "YmdHM")
    return year, month, day, hour, minute, float(date_parts["S"]) if date_parts.get("S") else None


def _time(fields: Sequence[float]) -> datetime | None:
    year, month, day, hour, minute = (int(field) for field in fields[:5])
    try:
        return datetime(year, month, day, hour, minute) + timedelta(seconds=fields[5]) if fields[5] < 60 else None
    except (ValueError, OverflowError):
        return None


def _shifted(known_time: datetime, coarsest: int, steps: int) -> list[int]:
    """Return the fields coarser than `coarsest` of a known time, the finest of them moved by so many `steps`."""
    year, month = known_time.year, known_time.month
    if coarsest == 1:
        year += steps
    elif coarsest == 2:
        year, month = year + (month - 1 + steps) // 12, (month - 1 + steps) % 12 + 1
    else:
        unit_length = {3: timedelta(days=1), 4: timedelta(hours=1), 5: timedelta(minutes=1)}
        known_time += steps * unit_length.get(coarsest, timedelta())
        year, month = known_time.year, known_time.month
    return [year, month, known_time.day, known_time.hour, known_time.minute][:coarsest]


def _coarsest(fields: Fields) -> int:
    return next(i for i, field in enumerate(fields) if field is not None)


def _completed(coarser_fields: Sequence[float], fields: Fields) -> datetime | None:
    """Return the time that a label means after the coarser fields; finer ones than it names are at their start.

    Args:
        coarser_fields: year, month and so on, down to where the label's own fields begin.
        fields: of the label.
    """
    completed_fields = [(1 if i in (1, 2) else 0) if field is None else field for i, field in enumerate(fields)]
    return _time([*coarser_fields, *completed_fields[len(coarser_fields) :]])


def _next(known_time: datetime, fields: Fields, time_direction: int) -> datetime | None:
    """Return the first time after (direction 1) or before (-1) a known one that a label of these `fields` can mean."""
    coarsest = _coarsest(fields)
    for step in range(9 if coarsest else 1):
        try:
            candidate_time = _completed(_shifted(known_time, coarsest, time_direction * step), fields)
        except OverflowError:
            return None
        if candidate_time is not None and (
            candidate_time > known_time if time_direction > 0 else candidate_time < known_time
        ):
            return candidate_time
    return None


def _anchors(labels: Sequence[Fields], offset: Fields | None) -> list[tuple[int, datetime | None]]:
    """Return which of the `labels`, in order of time, means which time.

    The first one with a year, else the last one by the `offset` text; else the first one in each year that can matter.
    """
    for i, fields in enumerate(labels):
        if fields[0] is not None:
            return [(i, _completed([], fields))]
    if offset is not None:
        # ConciseDateFormatter's offset text is of the last tick.
        last_label, coarsest = labels[-1], _coarsest(labels[-1])
        known_fields = [field for field in offset[:coarsest] if field is not None]
        agree = all(
            offset_field is None or label_field is None or offset_field == label_field
            for offset_field, label_field in zip(offset, last_label, strict=True)
        )
        return (
            [(len(labels) - 1, _completed(known_fields, last_label))] if agree and len(known_fields) == coarsest else []
        )
    # Without a month any length of month can follow, and without a year a leap day can.
    starts = [(2000, 1), (2000, 4), (2000, 2), (2001, 1), (2001, 2)]
    return [(0, _completed([*start, 1, 0, 0][: _coarsest(labels[0])], labels[0])) for start in starts]


def spelled_out(labels: Sequence[Fields], offset: Fields | None) -> list[list[float]]:
    """Return the times, days since 1970, that `labels` in order of time can mean: a list for each reading."""
    readings = []
    for anchor_index, anchor_time in _anchors(labels, offset):
        times = [anchor_time]
        for fields in labels[anchor_index + 1 :]:
            times.append(times[-1] and _next(times[-1], fields, 1))
        for fields in reversed(labels[:anchor_index]):
            times.insert(0, times[0] and _next(times[0], fields, -1))
        label_days = [(anchor_time - _EPOCH) / timedelta(days=1) for anchor_time in times if anchor_time is not None]
        if len(label_days) == len(labels):
            readings.append(label_days)
    return readings
