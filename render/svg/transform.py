"""Transforms: `transform` attributes (SVG 1.1, 7.6) and the same property of style sheets (CSS Transforms 1)."""

import math
import re

from .document import Element
from .scan import Units, number_list, split_list

Matrix = tuple[float, float, float, float, float, float]
"""a b c d e f of SVG: x' = a x + c y + e, y' = b x + d y + f."""
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)

_FUNCTION = re.compile(r"\s*+([a-zA-Z]++)\s*+\(([^()]*+)\)\s*+,?+")
_DEGREES = {"deg": 1.0, "rad": 180 / math.pi, "grad": 0.9, "turn": 360.0}
_ANGLE = re.compile(r"(.*?[0-9.])(deg|rad|grad|turn)", re.ASCII)
_ORIGINS = {"left": "0%", "top": "0%", "center": "50%", "right": "100%", "bottom": "100%"}
_MAX_ANGLE = 60
"""Characters of an angle."""


def multiply(first: Matrix, second: Matrix) -> Matrix:
    """Return the transform that does `second` and then `first`."""
    if second == IDENTITY:
        return first
    a, b, c, d, e, f = first
    g, h, i, j, k, m = second
    return (a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * m + e, b * k + d * m + f)


def shift(x: float, y: float) -> Matrix:
    """Return the transform that moves by `x` and `y`."""
    return (1.0, 0.0, 0.0, 1.0, x, y)


def turn(degrees: float) -> Matrix:
    """Return the transform that turns by `degrees` from x to y."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return (cos, sin, -sin, cos, 0.0, 0.0)


def stretch(matrix: Matrix) -> float:
    """Return by how much a `matrix` enlarges lengths on average: the root of how much it enlarges areas."""
    return math.sqrt(abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]))


def read_transform(element: Element, units: Units, name: str = "transform") -> Matrix:
    """Return the transform of `element` itself, or that of another attribute `name` that is written like it.

    Raises:
        SvgError: it is not understood.
    """
    text = element.properties.get(name, element.attributes.get(name, "")).strip()
    if not text or text == "none":
        return IDENTITY
    matrix, position = IDENTITY, 0
    while position < len(text):
        match = _FUNCTION.match(text, position)
        if match is None:
            problem = f"{name} is not understood at {text[position : position + 30]!r}"
            raise element.error("transform", problem, 'write functions such as "translate(10 20) rotate(45)"')
        matrix = multiply(matrix, _function(element, name, match[1], match[2], units))
        position = match.end()
    matrix = _about_origin(element, matrix, units)
    if any(not abs(value) <= units.limits.max_number for value in matrix):
        raise element.error("number", f"the {name} is too large")
    return matrix


def _about_origin(element: Element, matrix: Matrix, units: Units) -> Matrix:
    """Return `matrix` done about the `transform-origin` of `element`, where it has one."""
    text = element.properties.get("transform-origin")
    if text is None:
        return matrix
    words = [_ORIGINS.get(word, word) for word in split_list(text)]
    if element.properties.get("transform-box", "view-box") != "view-box" or not 1 <= len(words) <= 3:
        problem = f"transform-origin is {text[:40]!r} of a transform-box that is not the view-box"
        raise element.error("transform", problem, 'write transform="rotate(angle cx cy)"')
    x, y = words[0], words[1] if len(words) > 1 else "50%"
    if text.split()[0] in ("top", "bottom"):
        x, y = y, x
    origin = (units.length(element, "x", x), units.length(element, "y", y))
    return multiply(multiply(shift(*origin), matrix), shift(-origin[0], -origin[1]))


def _degrees(element: Element, text: str, units: Units) -> float:
    """Return an angle, plain or with a unit, in degrees."""
    match = _ANGLE.fullmatch(text) if len(text) < _MAX_ANGLE else None
    if match is None:
        return number_list(element, "transform", text, units.limits)[0]
    return number_list(element, "transform", match[1], units.limits)[0] * _DEGREES[match[2]]


def _function(element: Element, attribute: str, name: str, text: str, units: Units) -> Matrix:
    """Return the matrix of one function `name` of a transform, its arguments as `text`."""
    words = split_list(text) if any(sign in text for sign in "dgnmpx%") else []
    if words and 1 <= len(words) <= 3 and name in ("translate", "translateX", "translateY"):
        sides = ("x", "y") if name != "translateY" else ("y",)
        values = [units.length(element, side, word) for side, word in zip(sides, words, strict=False)]
    elif words and name in ("rotate", "rotateZ", "skewX", "skewY", "skew"):
        angles = words if name == "skew" else words[:1]
        values = [_degrees(element, word, units) for word in angles]
        values += [units.length(element, side, word) for side, word in zip("xy", words[len(angles) :], strict=False)]
    elif words and name.startswith("scale") and text.count("%"):
        values = [number_list(element, attribute, word.removesuffix("%"), units.limits)[0] / 100 for word in words]
    else:
        values = number_list(element, attribute, text, units.limits)
    matrix = _matrix(name, values)
    if matrix is None:
        problem = f"{name[:20]}({', '.join(map(str, values))[:40]}) is not understood"
        raise element.error("transform", problem, "use translate, scale, rotate")
    return matrix


def _matrix(name: str, v: list[float]) -> Matrix | None:
    """Return the matrix of a function `name` with the values `v`; None where they do not fit it."""
    count = len(v)
    if name == "matrix" and count == 6:
        return (v[0], v[1], v[2], v[3], v[4], v[5])
    if name == "translate" and count in (1, 2):
        return shift(v[0], v[1] if count == 2 else 0.0)
    if name == "scale" and count in (1, 2):
        return (v[0], 0.0, 0.0, v[-1], 0.0, 0.0)
    if name in ("rotate", "rotateZ") and count == 1:
        return turn(v[0])
    if name == "rotate" and count == 3:
        return multiply(multiply(shift(v[1], v[2]), turn(v[0])), shift(-v[1], -v[2]))
    if name in ("skewX", "skewY", "skew") and count == 1 + (name == "skew"):
        across, down = (v[0], 0.0) if name == "skewX" else (0.0, v[0]) if name == "skewY" else (v[0], v[1])
        return (1.0, math.tan(math.radians(down)), math.tan(math.radians(across)), 1.0, 0.0, 0.0)
    single = {"translateX": (1.0, 0.0, 0.0, 1.0, *v, 0.0), "translateY": (1.0, 0.0, 0.0, 1.0, 0.0, *v)}
    single |= {"scaleX": (*v, 0.0, 0.0, 1.0, 0.0, 0.0), "scaleY": (1.0, 0.0, 0.0, *v, 0.0, 0.0)}
    return single.get(name) if count == 1 else None  # type: ignore[return-value]
