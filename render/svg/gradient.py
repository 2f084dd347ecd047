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
    """A shape that asks a gradient for its paint."""

    element: Element
    """The shape."""
    bounds: Bounds
    """Of its geometry, in its own units."""
    matrix: Matrix
    """From those to the scene."""
    units: Units
    """What lengths are relative to where it stands."""


class Inheritance(NamedTuple):
    """The document, and the lookup of the style around an element: what a gradient inherits, whoever refers to it."""

    document: Document
    style_around: Callable[[Element], SvgStyle]


def read_gradient(filled_shape: Filled, gradient_name: str, inheritance: Inheritance) -> Gradient | Colour | None:
    """Return the gradient `gradient_name`, or its colour where it has only one, or None where it paints nothing.

    Args:
        filled_shape: what is to be filled.
        gradient_name: id of the gradient.
        inheritance: where it is looked up.

    Raises:
        SvgError: there is none of that name, or it is not understood.
    """
    length_units = filled_shape.units
    chain = _chain(filled_shape.element, gradient_name, inheritance.document, length_units.limits)
    gradient_stops = _stops(chain, inheritance.style_around, length_units)
    if not gradient_stops or len({colour for _, colour in gradient_stops}) == 1:
        return gradient_stops[0][1] if gradient_stops else None
    merged_attributes = _merged(chain)
    unit_word = _word(chain[0], merged_attributes, "gradientUnits", _UNITS)
    spread_method = _word(chain[0], merged_attributes, "spreadMethod", _SPREADS)
    matrix = filled_shape.matrix
    if unit_word == "objectBoundingBox":
        left, top, right, bottom = filled_shape.bounds
        if left == right or top == bottom:
            # Without width or height there are no such units, and no paint (7.11).
            return None
        matrix = multiply(matrix, (right - left, 0.0, 0.0, bottom - top, left, top))
        length_units = length_units._replace(extent=(1.0, 1.0))
    transform_element = Element(
        "gradientTransform", {"transform": merged_attributes.get("gradientTransform", "")}, chain[0].line
    )
    matrix = multiply(matrix, read_transform(transform_element, length_units))
    value_element = Element(chain[0].name, merged_attributes, chain[0].line)
    kind = "linear" if value_element.name == "linearGradient" else "radial"
    points = (_linear if kind == "linear" else _radial)(value_element, length_units)
    if points is None:
        return gradient_stops[-1][1]
    stop_codes = tuple((offset, stop_code(colour)) for offset, colour in gradient_stops)
    return Gradient(
        kind, tuple(map(_tidy, points)), stop_codes, spread_method, _usable(chain[0], matrix, length_units.limits)
    )


def stop_code(colour: Colour) -> str:
    """Return a `colour` as `#rrggbb`, or as `#rrggbbaa` where it can be seen through."""
    alpha = min(255, max(0, round(colour.alpha * 255)))
    return colour.code if alpha == 255 else f"{colour.code}{alpha:02x}"


def stop_colour(colour_code: str) -> Colour:
    """Return the colour that `stop_code` wrote as `colour_code`."""
    red, green, blue, *alpha = bytes.fromhex(colour_code[1:])
    return Colour(float(red), float(green), float(blue), alpha[0] / 255 if alpha else 1.0)


def _chain(user: Element, gradient_name: str, document: Document, svg_limits: SvgLimits) -> list[Element]:
    """Return the gradient `gradient_name` and those it takes its stops and attributes from."""
    chain: list[Element] = []
    while True:
        referrer = chain[-1] if chain else user
        element = document.by_id.get(gradient_name)
        if element is None or element.name not in GRADIENTS:
            problem_text = f"there is no gradient {gradient_name[:40]!r}"
            raise referrer.error("reference", problem_text, "define a <linearGradient> with that id")
        if any(element is earlier_element for earlier_element in chain):
            raise referrer.error("cycle", f"gradient {gradient_name[:40]!r} refers to itself", "write the stops in it")
        chain.append(element)
        if len(chain) > svg_limits.max_depth:
            problem_text = f"more than {svg_limits.max_depth} gradients refer to each other"
            raise referrer.error("depth", problem_text, "write the stops")
        reference = element.attributes.get("href", "")
        if not reference:
            return chain
        if not reference.startswith("#"):
            hint_text = 'point to a gradient of this drawing: href="#name"'
            raise element.error("reference", f"<{element.name}> points to {reference[:40]!r}", hint_text)
        gradient_name = reference[1:]


def _merged(chain: Sequence[Element]) -> dict[str, str]:
    """Return the attributes of a `chain`, nearer ones first; places and radii only from gradients of one kind."""
    merged_attributes: dict[str, str] = {}
    for element in reversed(chain):
        is_kin = element.name == chain[0].name
        merged_attributes |= {
            attribute_name: value
            for attribute_name, value in element.attributes.items()
            if is_kin or attribute_name in _SHARED
        }
    return merged_attributes


def _stops(
    chain: Sequence[Element], style_around: Callable[[Element], SvgStyle], length_units: Units
) -> tuple[Stop, ...]:
    """Return the stops of the first of a `chain` that has any; one below an earlier one is raised to it (13.2.4)."""
    gradient_stops: list[Stop] = []
    groups = ([child for child in element.children if child.name == "stop"] for element in chain)
    for element in next((group for group in groups if group), []):
        attribute_text = element.attributes.get("offset", "0").strip()
        stop_offset = parse_number(element, "offset", attribute_text.removesuffix("%"), length_units.limits)
        stop_offset /= 100 if attribute_text.endswith("%") else 1
        offset = max(gradient_stops[-1][0] if gradient_stops else 0.0, min(1.0, max(0.0, stop_offset)))
        gradient_stops.append((_tidy(offset), _stop_colour(element, style_around(element), length_units)))
    return tuple(gradient_stops)


def _stop_colour(element: Element, outer_style: SvgStyle, length_units: Units) -> Colour:
    properties = element.properties
    attribute_text = properties.get("stop-opacity", "1")
    opacity = parse_number(element, "stop-opacity", attribute_text.removesuffix("%"), length_units.limits)
    opacity = min(1.0, max(0.0, opacity / (100 if attribute_text.endswith("%") else 1)))
    colour_word = properties.get("stop-color", "black")
    if colour_word == "none":
        raise element.error("colour", "stop-color is none", "write stop-opacity=0, or use one colour")
    colour = read_colour(element, "stop-color", colour_word)
    if isinstance(colour, Current):
        colour = read_style(element, outer_style, length_units).color
    return colour.faded(opacity)


def _word(element: Element, merged_attributes: Mapping[str, str], attribute_name: str, words: Sequence[str]) -> str:
    unit_word = merged_attributes.get(attribute_name, words[0]).strip()
    if unit_word not in words:
        raise element.error("attribute", f"{attribute_name} is {unit_word[:40]!r}", f"allowed: {', '.join(words)}")
    return unit_word


def _read(value_element: Element, length_units: Units, defaults: Mapping[str, str]) -> list[float]:
    """Return the attributes of `value_element` that `defaults` names."""
    return [
        length_units.length(value_element, attribute_name, value_element.attributes.get(attribute_name, default_word))
        for attribute_name, default_word in defaults.items()
    ]


def _linear(value_element: Element, length_units: Units) -> tuple[float, ...] | None:
    """Return both ends of a linear gradient; None where they are one, which paints the last colour."""
    x1, y1, x2, y2 = _read(value_element, length_units, _LINEAR)
    return None if (x1, y1) == (x2, y2) else (x1, y1, x2, y2)


def _radial(value_element: Element, length_units: Units) -> tuple[float, ...] | None:
    """Return centre, radius and focus of a radial gradient; None where the radius is 0: the last colour."""
    cx, cy, r = _read(value_element, length_units, _RADIAL)
    if r < 0:
        raise value_element.error("number", f"r of <{value_element.name}> is negative", "write 0 or more")
    if r == 0:
        return None
    fx, fy = length_units.attribute(value_element, "fx", cx), length_units.attribute(value_element, "fy", cy)
    out = math.dist((cx, cy), (fx, fy)) / (r * _INSIDE)
    # A focus outside is moved on the line to the centre (13.2.3).
    return (cx, cy, r, fx, fy) if out <= 1 else (cx, cy, r, cx + (fx - cx) / out, cy + (fy - cy) / out)


def _usable(element: Element, matrix: Matrix, svg_limits: SvgLimits) -> Matrix:
    """Return the `matrix`, which has to have a way back."""
    a, b, c, d, e, f = matrix
    flat = abs(a * d - b * c) * svg_limits.max_number
    if flat <= max(map(abs, (a, b, c, d))) or max(map(abs, matrix)) > svg_limits.max_number:
        raise element.error("number", f"<{element.name}> is drawn too large, too small or flat", "use a plainer one")
    return (_tidy(a), _tidy(b), _tidy(c), _tidy(d), _tidy(e), _tidy(f))


def _tidy(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}") + 0.0
