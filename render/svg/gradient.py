"""Gradients: what a `fill="url(#name)"` paints with (SVG 1.1, chapter 13).

Boxes of curves are those of their flattened outlines, off by less than 0.3 % of the curve's extent.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ...geometry import Gradient
from .colour import Colour, Current, read_colour
from .document import Document, Element
from .limits import SvgLimits
from .scan import Units, parse_number
from .style import SvgStyle, read_style
from .transform import Matrix, multiply, read_transform
from .vocabulary import GRADIENTS

_SPREADS = ("pad", "reflect", "repeat")
_UNITS = ("objectBoundingBox", "userSpaceOnUse")
_LINEAR = {"x1": "0%", "y1": "0%", "x2": "100%", "y2": "0%"}
_RADIAL = {"cx": "50%", "cy": "50%", "r": "50%"}
"""Attributes of their own with their defaults."""
_SHARED = frozenset(("gradientUnits", "gradientTransform", "spreadMethod", "href"))
_INSIDE = 0.999
"""How far out, as a share of the radius, a focus may lie: on the circle itself, part of the plane has no colour."""
_DIGITS = 9
"""Significant digits that are kept, so that machines whose sines differ in the last one agree."""
Bounds = tuple[float, float, float, float]
"""Left, top, right and bottom."""
Stop = tuple[float, Colour]
"""An offset from 0 to 1, and the colour there."""


class Filled(NamedTuple):
    """What a gradient is asked for."""

    element: Element
    """The shape."""
    bounds: Bounds
    """Of its geometry, in its own units."""
    matrix: Matrix
    """From those to the scene."""
    units: Units
    """What lengths are relative to where it stands."""


class Inheritance(NamedTuple):
    """Where the style around an element is looked up: what a gradient inherits, whoever refers to it."""

    document: Document
    style_around: Callable[[Element], SvgStyle]


def read_gradient(filled: Filled, name: str, inheritance: Inheritance) -> Gradient | Colour | None:
    """Return the gradient `name`, or its colour where it has only one, or None where it paints nothing.

    Args:
        filled: what is to be filled.
        name: id of the gradient.
        inheritance: where it is looked up.

    Raises:
        SvgError: there is none of that name, or it is not understood.
    """
    units = filled.units
    chain = _chain(filled.element, name, inheritance.document, units.limits)
    stops = _stops(chain, inheritance.style_around, units)
    if not stops or len({colour for _, colour in stops}) == 1:
        return stops[0][1] if stops else None
    attributes = _merged(chain)
    unit_word = _word(chain[0], attributes, "gradientUnits", _UNITS)
    spread = _word(chain[0], attributes, "spreadMethod", _SPREADS)
    matrix = filled.matrix
    if unit_word == "objectBoundingBox":
        left, top, right, bottom = filled.bounds
        if left == right or top == bottom:
            # Without width or height there are no such units, and no paint (7.11).
            return None
        matrix = multiply(matrix, (right - left, 0.0, 0.0, bottom - top, left, top))
        units = units._replace(extent=(1.0, 1.0))
    written = Element("gradientTransform", {"transform": attributes.get("gradientTransform", "")}, chain[0].line)
    matrix = multiply(matrix, read_transform(written, units))
    values = Element(chain[0].name, attributes, chain[0].line)
    kind = "linear" if values.name == "linearGradient" else "radial"
    points = (_linear if kind == "linear" else _radial)(values, units)
    if points is None:
        return stops[-1][1]
    codes = tuple((offset, stop_code(colour)) for offset, colour in stops)
    return Gradient(kind, tuple(map(_tidy, points)), codes, spread, _usable(chain[0], matrix, units.limits))


def stop_code(colour: Colour) -> str:
    """Return a `colour` as `#rrggbb`, or as `#rrggbbaa` where it can be seen through."""
    alpha = min(255, max(0, round(colour.alpha * 255)))
    return colour.code if alpha == 255 else f"{colour.code}{alpha:02x}"


def stop_colour(code: str) -> Colour:
    """Return the colour that `stop_code` wrote as `code`."""
    red, green, blue, *alpha = bytes.fromhex(code[1:])
    return Colour(float(red), float(green), float(blue), alpha[0] / 255 if alpha else 1.0)


def _chain(user: Element, name: str, document: Document, limits: SvgLimits) -> list[Element]:
    """Return the gradient `name` and those it takes its stops and attributes from."""
    chain: list[Element] = []
    while True:
        referrer = chain[-1] if chain else user
        element = document.by_id.get(name)
        if element is None or element.name not in GRADIENTS:
            problem = f"there is no gradient {name[:40]!r}"
            raise referrer.error("reference", problem, "define a <linearGradient> with that id")
        if any(element is other for other in chain):
            raise referrer.error("cycle", f"gradient {name[:40]!r} refers to itself", "write the stops in it")
        chain.append(element)
        if len(chain) > limits.max_depth:
            problem = f"more than {limits.max_depth} gradients refer to each other"
            raise referrer.error("depth", problem, "write the stops")
        reference = element.attributes.get("href", "")
        if not reference:
            return chain
        if not reference.startswith("#"):
            hint = 'point to a gradient of this drawing: href="#name"'
            raise element.error("reference", f"<{element.name}> points to {reference[:40]!r}", hint)
        name = reference[1:]


def _merged(chain: Sequence[Element]) -> dict[str, str]:
    """Return the attributes of a `chain`, nearer ones first; places and radii only from gradients of one kind."""
    attributes: dict[str, str] = {}
    for element in reversed(chain):
        is_kin = element.name == chain[0].name
        attributes |= {name: value for name, value in element.attributes.items() if is_kin or name in _SHARED}
    return attributes


def _stops(chain: Sequence[Element], style_around: Callable[[Element], SvgStyle], units: Units) -> tuple[Stop, ...]:
    """Return the stops of the first of a `chain` that has any; one below an earlier one is raised to it (13.2.4)."""
    stops: list[Stop] = []
    groups = ([child for child in element.children if child.name == "stop"] for element in chain)
    for element in next((group for group in groups if group), []):
        text = element.attributes.get("offset", "0").strip()
        share = parse_number(element, "offset", text.removesuffix("%"), units.limits)
        share /= 100 if text.endswith("%") else 1
        offset = max(stops[-1][0] if stops else 0.0, min(1.0, max(0.0, share)))
        stops.append((_tidy(offset), _stop_colour(element, style_around(element), units)))
    return tuple(stops)


def _stop_colour(element: Element, around: SvgStyle, units: Units) -> Colour:
    properties = element.properties
    text = properties.get("stop-opacity", "1")
    opacity = parse_number(element, "stop-opacity", text.removesuffix("%"), units.limits)
    opacity = min(1.0, max(0.0, opacity / (100 if text.endswith("%") else 1)))
    word = properties.get("stop-color", "black")
    if word == "none":
        raise element.error("colour", "stop-color is none", "write stop-opacity=0, or use one colour")
    colour = read_colour(element, "stop-color", word)
    if isinstance(colour, Current):
        colour = read_style(element, around, units).color
    return colour.faded(opacity)


def _word(element: Element, attributes: Mapping[str, str], name: str, words: Sequence[str]) -> str:
    word = attributes.get(name, words[0]).strip()
    if word not in words:
        raise element.error("attribute", f"{name} is {word[:40]!r}", f"allowed: {', '.join(words)}")
    return word


def _read(values: Element, units: Units, defaults: Mapping[str, str]) -> list[float]:
    """Return the attributes of `values` that `defaults` names."""
    return [units.length(values, name, values.attributes.get(name, word)) for name, word in defaults.items()]


def _linear(values: Element, units: Units) -> tuple[float, ...] | None:
    """Return both ends of a linear gradient; None where they are one, which paints the last colour."""
    x1, y1, x2, y2 = _read(values, units, _LINEAR)
    return None if (x1, y1) == (x2, y2) else (x1, y1, x2, y2)


def _radial(values: Element, units: Units) -> tuple[float, ...] | None:
    """Return centre, radius and focus of a radial gradient; None where the radius is 0: the last colour."""
    cx, cy, r = _read(values, units, _RADIAL)
    if r < 0:
        raise values.error("number", f"r of <{values.name}> is negative", "write 0 or more")
    if r == 0:
        return None
    fx, fy = units.attribute(values, "fx", cx), units.attribute(values, "fy", cy)
    out = math.dist((cx, cy), (fx, fy)) / (r * _INSIDE)
    # A focus outside is moved on the line to the centre (13.2.3).
    return (cx, cy, r, fx, fy) if out <= 1 else (cx, cy, r, cx + (fx - cx) / out, cy + (fy - cy) / out)


def _usable(element: Element, matrix: Matrix, limits: SvgLimits) -> Matrix:
    """Return the `matrix`, which has to have a way back."""
    a, b, c, d, e, f = matrix
    flat = abs(a * d - b * c) * limits.max_number
    if flat <= max(map(abs, (a, b, c, d))) or max(map(abs, matrix)) > limits.max_number:
        raise element.error("number", f"<{element.name}> is drawn too large, too small or flat", "use a plainer one")
    return (_tidy(a), _tidy(b), _tidy(c), _tidy(d), _tidy(e), _tidy(f))


def _tidy(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}") + 0.0
