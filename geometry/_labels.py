"""What one tick label says: a number with its sign, or fields of a time; and times from labels that stand in order."""

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
    half: float  # half the last digit drawn; 0 where the label is exact
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
    """The label with one kind of minus, space, power and fraction."""
    text = label.strip()
    if len(text) > LONGEST_LABEL:
        return text
    text = text.replace("\N{MINUS SIGN}", "-").replace("\\times", "×").replace("\\pi", "π").replace("\\%", "%")
    text = re.sub("[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}]", " ", text)
    text = re.sub("⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: "^{" + found[0].translate(_SUPERSCRIPTS) + "}", text)
    return re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", text)


def parse_number(label: str) -> Number | None:
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
    return Number(sign * value, half, unit, found["base"] is not None, found["ten"] is not None)


def _multiple_of_pi(found: re.Match[str]) -> Number | None:
    times = found["times"]
    if times == ".":
        return None
    part = math.pi / int(found["over"] or 1) * (-1.0 if found["sign"] == "-" else 1.0)
    # Whole multiples and fractions of π are exact; decimal ones were rounded.
    half = 0.5 * abs(part) * 10.0 ** -len(times.partition(".")[2]) if "." in times else 0.0
    value = part * float(times or 1)
    return Number(value, half, "", False) if abs(value) < LARGEST else None


def read_number(label: str) -> tuple[float, str] | None:
    """The number that a label shows and the sign drawn with it; None where it shows none.

    >>> read_number("−1,250.5"), read_number("$2.5k"), read_number("3×10^{−2}"), read_number("12 %")
    ((-1250.5, ''), (2.5, '$k'), (0.03, ''), (12.0, '%'))
    >>> read_number("1,25"), read_number("Q1"), read_number("10-20"), read_number("")
    (None, None, None, None)
    """
    number = parse_number(label)
    return None if number is None else (number.value, number.unit)


def read_offset(offset: str) -> tuple[float, float] | None:
    """Factor and summand that matplotlib's offset text asks for."""
    found = _OFFSET.fullmatch(_plain(offset)) if len(offset) <= LONGEST_LABEL else None
    if found is None:
        return None
    plus = parse_number(found["plus"]) if found["plus"] else Number(0.0, 0.0, "", False)
    times = float(f"1e{found['times'] or 0}")
    return None if plus is None or not 1 / LARGEST < times < LARGEST else (times, plus.value)


def common_unit(numbers: Sequence[Number]) -> tuple[list[Number], str] | None:
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


def parse_date(label: str, lone: re.Pattern[str]) -> Fields | None:
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


def _shifted(known: datetime, coarsest: int, steps: int) -> list[int]:
    """The fields coarser than `coarsest` of a known time, the finest of them moved by some steps."""
    year, month = known.year, known.month
    if coarsest == 1:
        year += steps
    elif coarsest == 2:
        year, month = year + (month - 1 + steps) // 12, (month - 1 + steps) % 12 + 1
    else:
        unit = {3: timedelta(days=1), 4: timedelta(hours=1), 5: timedelta(minutes=1)}
        known += steps * unit.get(coarsest, timedelta())
        year, month = known.year, known.month
    return [year, month, known.day, known.hour, known.minute][:coarsest]


def _coarsest(fields: Fields) -> int:
    return next(i for i, field in enumerate(fields) if field is not None)


def _completed(coarser: Sequence[float], fields: Fields) -> datetime | None:
    """The time that a label means after the coarser fields; finer ones than it names are at their start."""
    own = [(1 if i in (1, 2) else 0) if field is None else field for i, field in enumerate(fields)]
    return _time([*coarser, *own[len(coarser) :]])


def _next(known: datetime, fields: Fields, way: int) -> datetime | None:
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


def _anchors(labels: Sequence[Fields], offset: Fields | None) -> list[tuple[int, datetime | None]]:
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


def spelled_out(labels: Sequence[Fields], offset: Fields | None) -> list[list[float]]:
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
