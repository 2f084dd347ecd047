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


def multiply(first_matrix: Matrix, second_matrix: Matrix) -> Matrix:
    """Return the transform that does `second_matrix` and then `first_matrix`."""
    if second_matrix == IDENTITY:
        return first_matrix
    a, b, c, d, e, f = first_matrix
    g, h, i, j, k, m = second_matrix
    return (a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * m + e, b * k + d * m + f)


def applied(matrix: Matrix, point: tuple[float, float]) -> tuple[float, float]:
    """Return a `point` under a `matrix`."""
    (a, b, c, d, e, f), (x, y) = matrix, point
    return (a * x + c * y + e, b * x + d * y + f)


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


def read_transform(element: Element, length_units: Units, attribute_name: str = "transform") -> Matrix:
    """Return the transform of `element` itself, or that of another attribute `attribute_name` that is written like it.

    Raises:
        SvgError: it is not understood.
    """
    transform_text = element.properties.get(attribute_name, element.attributes.get(attribute_name, "")).strip()
    if not transform_text or transform_text == "none":
        return IDENTITY
    matrix, text_position = IDENTITY, 0
    while text_position < len(transform_text):
        match = _FUNCTION.match(transform_text, text_position)
        if match is None:
            problem_text = (
                f"{attribute_name} is not understood at {transform_text[text_position : text_position + 30]!r}"
            )
            raise element.error("transform", problem_text, 'write functions such as "translate(10 20) rotate(45)"')
        matrix = multiply(matrix, _function(element, attribute_name, match[1], match[2], length_units))
        text_position = match.end()
    matrix = _about_origin(element, matrix, length_units)
    if any(not abs(matrix_value) <= length_units.limits.max_number for matrix_value in matrix):
        raise element.error("number", f"the {attribute_name} is too large")
    return matrix


def _about_origin(element: Element, matrix: Matrix, length_units: Units) -> Matrix:
    """Return `matrix` done about the `transform-origin` of `element`, where it has one."""
    transform_text = element.properties.get("transform-origin")
    if transform_text is None:
        return matrix
    argument_words = [_ORIGINS.get(word, word) for word in split_list(transform_text)]
    if element.properties.get("transform-box", "view-box") != "view-box" or not 1 <= len(argument_words) <= 3:
        problem_text = f"transform-origin is {transform_text[:40]!r} of a transform-box that is not the view-box"
        raise element.error("transform", problem_text, 'write transform="rotate(angle cx cy)"')
    x, y = argument_words[0], argument_words[1] if len(argument_words) > 1 else "50%"
    if transform_text.split()[0] in ("top", "bottom"):
        x, y = y, x
    origin = (length_units.length(element, "x", x), length_units.length(element, "y", y))
    return multiply(multiply(shift(*origin), matrix), shift(-origin[0], -origin[1]))


def _degrees(element: Element, transform_text: str, length_units: Units) -> float:
    """Return an angle, plain or with a unit, in degrees."""
    match = _ANGLE.fullmatch(transform_text) if len(transform_text) < _MAX_ANGLE else None
    if match is None:
        return number_list(element, "transform", transform_text, length_units.limits)[0]
    return number_list(element, "transform", match[1], length_units.limits)[0] * _DEGREES[match[2]]


def _function(element: Element, attribute: str, function_name: str, transform_text: str, length_units: Units) -> Matrix:
    """Return the matrix of one function `function_name` of a transform, its arguments as `transform_text`."""
    argument_words = split_list(transform_text) if any(sign in transform_text for sign in "dgnmpx%") else []
    if argument_words and 1 <= len(argument_words) <= 3 and function_name in ("translate", "translateX", "translateY"):
        sides = ("x", "y") if function_name != "translateY" else ("y",)
        argument_values = [
            length_units.length(element, side, word) for side, word in zip(sides, argument_words, strict=False)
        ]
    elif argument_words and function_name in ("rotate", "rotateZ", "skewX", "skewY", "skew"):
        angles = argument_words if function_name == "skew" else argument_words[:1]
        argument_values = [_degrees(element, word, length_units) for word in angles]
        argument_values += [
            length_units.length(element, side, word)
            for side, word in zip("xy", argument_words[len(angles) :], strict=False)
        ]
    elif argument_words and function_name.startswith("scale") and transform_text.count("%"):
        argument_values = [
            number_list(element, attribute, word.removesuffix("%"), length_units.limits)[0] / 100
            for word in argument_words
        ]
    else:
        argument_values = number_list(element, attribute, transform_text, length_units.limits)
    matrix = _matrix(function_name, argument_values)
    if matrix is None:
        problem_text = f"{function_name[:20]}({', '.join(map(str, argument_values))[:40]}) is not understood"
        raise element.error("transform", problem_text, "use translate, scale, rotate")
    return matrix


def _matrix(function_name: str, v: list[float]) -> Matrix | None:
    """Return the matrix of a function `function_name` with the values `v`; None where they do not fit it."""
    count = len(v)
    if function_name == "matrix" and count == 6:
        return (v[0], v[1], v[2], v[3], v[4], v[5])
    if function_name == "translate" and count in (1, 2):
        return shift(v[0], v[1] if count == 2 else 0.0)
    if function_name == "scale" and count in (1, 2):
        return (v[0], 0.0, 0.0, v[-1], 0.0, 0.0)
    if function_name in ("rotate", "rotateZ") and count == 1:
        return turn(v[0])
    if function_name == "rotate" and count == 3:
        return multiply(multiply(shift(v[1], v[2]), turn(v[0])), shift(-v[1], -v[2]))
    if function_name in ("skewX", "skewY", "skew") and count == 1 + (function_name == "skew"):
        across, down = (
            (v[0], 0.0) if function_name == "skewX" else (0.0, v[0]) if function_name == "skewY" else (v[0], v[1])
        )
        return (1.0, math.tan(math.radians(down)), math.tan(math.radians(across)), 1.0, 0.0, 0.0)
    single = {"translateX": (1.0, 0.0, 0.0, 1.0, *v, 0.0), "translateY": (1.0, 0.0, 0.0, 1.0, 0.0, *v)}
    single |= {"scaleX": (*v, 0.0, 0.0, 1.0, 0.0, 0.0), "scaleY": (1.0, 0.0, 0.0, *v, 0.0, 0.0)}
    return single.get(function_name) if count == 1 else None  # type: ignore[return-value]
