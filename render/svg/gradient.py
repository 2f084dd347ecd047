"""Gradients: what a `fill="url(#name)"` paints with (SVG 1.1, chapter 13).

Boxes of curves are those of their flattened outlines, off by less than 0.3 % of the curve's extent.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ...geometry import Gradient
from .parse import GRADIENTS, Element, SvgLimits, parse_number
from .path import Point
from .style import Matrix, Style, declared, multiply, read_paint, read_style, read_transform
from .viewport import Extent

_SPREADS = ("pad", "reflect", "repeat")
_UNITS = ("objectBoundingBox", "userSpaceOnUse")
_LINEAR = {"x1": "0%", "y1": "0%", "x2": "100%", "y2": "0%"}
_RADIAL = {"cx": "50%", "cy": "50%", "r": "50%"}
"""Own attributes with their defaults."""
_INSIDE = 0.999
"""How far out, as a share of the radius, a focus may lie: on the circle itself, part of the plane has no colour."""
_DIGITS = 9
"""Significant digits that are kept, so that machines whose sines differ in the last one agree."""


class Filled(NamedTuple):
    """What a gradient is asked for."""

    element: Element
    """The shape."""
    points: Sequence[Point]
    """Its vertices, in its own units."""
    matrix: Matrix
    """From those to the scene."""
    extent: Extent | None
    """What 100% is where it stands."""


def read_gradient(
    filled: Filled,
    name: str,
    by_id: Mapping[str, Element],
    inherited: Callable[[Element], Style],
    limits: SvgLimits,
) -> Gradient | str | None:
    """The gradient, or the colour where all of it has one, or None where it has no stops and paints nothing.

    Args:
        filled: what is to be filled.
        name: id of the gradient.
        by_id: the elements of the drawing.
        inherited: the style around an element where it is written.
        limits: how large numbers may be.

    Raises:
        SvgError: there is none of that name, or it is not understood.
    """
    chain = _chain(filled.element, name, by_id, limits)
    stops = _stops(chain, inherited, limits)
    if not stops or len({colour for _, colour in stops}) == 1:
        return stops[0][1] if stops else None
    given = _merged(chain)
    units = _word(chain[0], given, "gradientUnits", _UNITS)
    spread = _word(chain[0], given, "spreadMethod", _SPREADS)
    matrix, whole = filled.matrix, filled.extent
    if units == "objectBoundingBox":
        left, top, right, bottom = _bounds(filled.points)
        if left == right or top == bottom:
            # Without width or height there are no such units, and no paint (7.11).
            return None
        matrix, whole = multiply(matrix, (right - left, 0.0, 0.0, bottom - top, left, top)), (1.0, 1.0)
    transform = Element("gradientTransform", {"transform": given.get("gradientTransform", "")}, chain[0].line)
    matrix = multiply(matrix, read_transform(transform, limits))
    kind = "linear" if chain[0].name == "linearGradient" else "radial"
    points = (_linear if kind == "linear" else _radial)(chain[0], given, limits, whole)
    if points is None:
        return stops[-1][1]
    return Gradient(kind, tuple(map(_tidy, points)), stops, spread, _usable(chain[0], matrix, limits))


def _chain(user: Element, name: str, by_id: Mapping[str, Element], limits: SvgLimits) -> list[Element]:
    """The gradient and those it takes its stops and attributes from."""
    found: list[Element] = []
    while True:
        at = found[-1] if found else user
        element = by_id.get(name)
        if element is None or element.name not in GRADIENTS:
            raise at.error("reference", f"there is no gradient {name[:40]!r}", "define a <linearGradient> with that id")
        if any(element is other for other in found):
            raise at.error("cycle", f"gradient {name[:40]!r} refers to itself", "write the stops in it")
        found.append(element)
        if len(found) > limits.max_depth:
            raise at.error("depth", f"more than {limits.max_depth} gradients refer to each other", "write the stops")
        reference = element.attributes.get("href", "")
        if not reference:
            return found
        if not reference.startswith("#"):
            hint = 'point to a gradient of this drawing: href="#name"'
            raise element.error("reference", f"<{element.name}> points to {reference[:40]!r}", hint)
        name = reference[1:]


def _merged(chain: Sequence[Element]) -> dict[str, str]:
    """The attributes, nearer ones first; places and radii only from gradients of the same kind."""
    found: dict[str, str] = {}
    for element in reversed(chain):
        shared = {"gradientUnits", "gradientTransform", "spreadMethod"}
        own = element.name == chain[0].name
        found |= {name: value for name, value in element.attributes.items() if own or name in shared}
    return found


def _stops(
    chain: Sequence[Element], inherited: Callable[[Element], Style], limits: SvgLimits
) -> tuple[tuple[float, str], ...]:
    """Those of the first gradient that has any; an offset below an earlier one is raised to it (13.2.4)."""
    found: list[tuple[float, str]] = []
    elements = next((own for one in chain if (own := [x for x in one.children if x.name == "stop"])), [])
    for element in elements:
        text = element.attributes.get("offset", "0").strip()
        share = parse_number(element, "offset", text.removesuffix("%"), limits) / (100 if text.endswith("%") else 1)
        offset = max(found[-1][0] if found else 0.0, min(1.0, max(0.0, share)))
        found.append((_tidy(offset), _stop_colour(element, inherited(element), limits)))
    return tuple(found)


def _stop_colour(element: Element, above: Style, limits: SvgLimits) -> str:
    given = declared(element)
    opacity = given.get("stop-opacity", "1")
    if parse_number(element, "stop-opacity", opacity, limits) < 1:
        raise element.error("opacity", f"stop-opacity is {opacity[:20]}; only opaque paint is allowed", "leave it out")
    current = read_style(element, above, limits).color
    colour = read_paint(element, "stop-color", given.get("stop-color", "black"), current)
    if colour is None:
        raise element.error("colour", "stop-color is none", "use one colour")
    return colour


def _word(element: Element, given: Mapping[str, str], name: str, words: Sequence[str]) -> str:
    word = given.get(name, words[0]).strip()
    if word not in words:
        raise element.error("attribute", f"{name} is {word[:40]!r}", f"allowed: {', '.join(words)}")
    return word


def _bounds(points: Sequence[Point]) -> tuple[float, float, float, float]:
    across, down = zip(*points, strict=True)
    return min(across), min(down), max(across), max(down)


def _length(
    element: Element, name: str, given: Mapping[str, str], default: str, limits: SvgLimits, whole: Extent | None
) -> float:
    """A place or a radius; shares in % are of the box, or of the viewport around the shape (7.10)."""
    text = given.get(name, default).strip()
    if not text.endswith("%"):
        return parse_number(element, name, text.removesuffix("px"), limits)
    if whole is None:
        what = f"{name} is {text[:40]} of a viewport that its viewBox does not fill"
        raise element.error("number", what, "write a plain number")
    width, height = whole
    full = math.sqrt((width**2 + height**2) / 2) if name == "r" else width if "x" in name else height
    return parse_number(element, name, text[:-1], limits) / 100 * full


def _linear(
    element: Element, given: Mapping[str, str], limits: SvgLimits, whole: Extent | None
) -> tuple[float, ...] | None:
    """Both ends; None where they are one, which paints the last colour."""
    x1, y1, x2, y2 = (_length(element, name, given, default, limits, whole) for name, default in _LINEAR.items())
    return None if (x1, y1) == (x2, y2) else (x1, y1, x2, y2)


def _radial(
    element: Element, given: Mapping[str, str], limits: SvgLimits, whole: Extent | None
) -> tuple[float, ...] | None:
    """Centre, radius and focus; None where the radius is 0, which paints the last colour."""
    cx, cy, r = (_length(element, name, given, default, limits, whole) for name, default in _RADIAL.items())
    if r < 0:
        raise element.error("number", f"r of <{element.name}> is negative", "write 0 or more")
    if r == 0:
        return None
    fx = _length(element, "fx", given, "", limits, whole) if "fx" in given else cx
    fy = _length(element, "fy", given, "", limits, whole) if "fy" in given else cy
    out = math.dist((cx, cy), (fx, fy)) / (r * _INSIDE)
    # A focus outside is moved on the line to the centre (13.2.3).
    return (cx, cy, r, fx, fy) if out <= 1 else (cx, cy, r, cx + (fx - cx) / out, cy + (fy - cy) / out)


def _usable(element: Element, matrix: Matrix, limits: SvgLimits) -> Matrix:
    """The matrix, which has to have a way back."""
    a, b, c, d, e, f = matrix
    flat = abs(a * d - b * c) * limits.max_number
    if flat <= max(map(abs, (a, b, c, d))) or max(map(abs, matrix)) > limits.max_number:
        raise element.error("number", f"<{element.name}> is drawn too large, too small or flat", "use a plainer one")
    return (_tidy(a), _tidy(b), _tidy(c), _tidy(d), _tidy(e), _tidy(f))


def _tidy(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}") + 0.0
