"""Units of amounts: their names, and the conversion of an amount into the unit that was asked for."""

import math
from collections.abc import Mapping
from typing import NamedTuple

LENGTHS = {"nm": 1e-9, "µm": 1e-6, "mm": 1e-3, "cm": 1e-2, "dm": 1e-1, "m": 1.0, "km": 1e3, "in": 0.0254, "ft": 0.3048}
FAMILIES: Mapping[str, Mapping[str, float]] = {
    "length": LENGTHS,
    "area": {f"{name}²": size**2 for name, size in LENGTHS.items()},
    "volume": {f"{name}³": size**3 for name, size in LENGTHS.items()},
    "angle": {"°": 1.0, "rad": 180.0 / math.pi},
    "share": {"%": 0.01, "": 1.0},
    "time": {"s": 1.0, "min": 60.0, "h": 3600.0, "ms": 1e-3},
    "mass": {"mg": 1e-6, "g": 1e-3, "kg": 1.0, "t": 1e3},
}
"""Units that can be converted into one another, with their sizes."""
_LENGTH_NAMES = {
    "mm": "millimetre", "cm": "centimetre", "dm": "decimetre", "m": "metre", "km": "kilometre", "nm": "nanometre",
}  # fmt: skip
UNIT_NAMES: dict[str, str] = {
    "percent": "%", "percentage": "%", "pct": "%", "degree": "°", "degrees": "°", "deg": "°", "º": "°", "˚": "°",
    "radian": "rad", "radians": "rad", "inch": "in", "inches": "in", "foot": "ft", "feet": "ft", "second": "s",
    "seconds": "s", "sec": "s", "minute": "min", "minutes": "min", "hour": "h", "hours": "h", "gram": "g", "grams": "g",
    "kilogram": "kg", "kilograms": "kg", "kgs": "kg", "tonne": "t", "tonnes": "t", "pixel": "px", "pixels": "px",
    "dollar": "$", "dollars": "$", "usd": "$", "us$": "$", "euro": "€", "euros": "€", "eur": "€", "pound": "£",
    "pounds": "£", "gbp": "£", "point": "points", "pts": "points",
}  # fmt: skip
for _short, _long in _LENGTH_NAMES.items():
    for _name in (_long, _long + "s", _long.replace("metre", "meter"), _long.replace("metre", "meter") + "s"):
        UNIT_NAMES[_name] = _short
CURRENCIES = ("$", "€", "£")


class Amount(NamedTuple):
    """A number with the unit that it was written with."""

    value: float
    unit: str
    """As in `FAMILIES`, a currency's sign, any other noun, or "" where none was written."""


def canonical_unit(name: str) -> str:
    """Return a unit as `FAMILIES` and the currencies have it, or any other noun in lower case.

    >>> canonical_unit("Centimeters"), canonical_unit("sq cm"), canonical_unit("square metres"), canonical_unit("pies")
    ('cm', 'cm²', 'm²', 'pies')
    """
    unit_name = " ".join(name.strip(" .").split())
    if unit_name in ("M", "MM"):
        return unit_name
    unit_name = unit_name.lower().replace("^2", "²").replace("^3", "³")
    for word, power in (("square", "²"), ("sq", "²"), ("cubic", "³"), ("cu", "³")):
        if unit_name.startswith((word + " ", word + ". ")):
            return canonical_unit(unit_name.partition(" ")[2]) + power
    if len(unit_name) > 1 and unit_name[-1] in "²³":
        return canonical_unit(unit_name[:-1]) + unit_name[-1]
    if len(unit_name) > 1 and unit_name[-1] in "23" and unit_name[:-1] in LENGTHS:
        return unit_name[:-1] + {"2": "²", "3": "³"}[unit_name[-1]]
    return UNIT_NAMES.get(unit_name, unit_name)


def converted(amount: Amount, measure: str) -> float | None:
    """Convert an amount into the unit that was asked for; None where its own unit is of another kind.

    Args:
        amount: as it was written.
        measure: the unit that was asked for, "" for a pure number.

    >>> converted(Amount(166.6, "mm"), "cm"), converted(Amount(82.5, "%"), ""), converted(Amount(5, "kg"), "cm")
    (16.66, 0.825, None)
    """
    wanted_unit = canonical_unit(measure)
    if not amount.unit or amount.unit == wanted_unit:
        return amount.value
    for sizes in FAMILIES.values():
        if amount.unit in sizes and wanted_unit in sizes:
            # Rounded, so that 166.6 mm are 16.66 cm to the last digit.
            return float(f"{amount.value * sizes[amount.unit] / sizes[wanted_unit]:.14g}")
    if wanted_unit and (wanted_unit in amount.unit.split() or amount.unit in wanted_unit.split()):
        return amount.value
    return None


def is_unit(name: str) -> bool:
    """Tell whether a canonical `name` is a unit that can be converted, or a currency."""
    return bool(name) and (name in CURRENCIES or any(name in sizes for sizes in FAMILIES.values()))
