"""Numbers, lengths and references as they are written (SVG 1.1, chapter 4; CSS Values 3, chapters 4 to 6).

All patterns are possessive: none can go back over what it has taken, so reading takes time linear in the text whatever
the text is. `tests/render/test_svg_growth.py` measures it.
"""

import math
import re
from typing import NamedTuple

from .document import Element
from .limits import SvgLimits

NUMBER = r"[+-]?+(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?+[0-9]++)?+"
"""A number of SVG, as a pattern that cannot go back."""
_NUMBER = re.compile(NUMBER)
_LENGTH = re.compile(rf"({NUMBER})(%|[a-zA-Z]*+)")
_ITEM = re.compile(rf"[\s,]*+({NUMBER})")
_SEPARATORS = re.compile(r"[\s,]++")
_SEPARATED = re.compile(r"[\s,]*+")
_WORD = re.compile(r"[^\s,]*+")
_URL = re.compile(r"url\(\s*+['\"]?+#([^'\")\s]++)['\"]?+\s*+\)", re.IGNORECASE)
_PX_PER_UNIT = {
    **{"": 1.0, "px": 1.0, "pt": 96 / 72, "pc": 16.0},
    **{"in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6},
}
_X_HEIGHT = 0.546875
"""The height of the small x of the bundled font, as a share of the font size."""
_CHARACTERS = 40
"""How much of a value is quoted in a reason."""
_ACROSS = frozenset(("x", "cx", "x1", "x2", "rx", "fx", "dx", "width", "markerWidth", "refX"))
_DOWN = frozenset(("y", "cy", "y1", "y2", "ry", "fy", "dy", "height", "markerHeight", "refY"))
Extent = tuple[float, float]
"""Width and height that 100% is of: those of the viewBox around, as browsers have it."""


def parse_number(element: Element, attribute_name: str, value_text: str, svg_limits: SvgLimits) -> float:
    """Return a `value_text` as a finite number within the `svg_limits`.

    Raises:
        SvgError: it is not a number, or it is too large; the error names the attribute `attribute_name` of `element`.
    """
    if not _NUMBER.fullmatch(value_text := value_text.strip()):
        problem_text = f"{attribute_name} of <{element.name}> is {value_text[:_CHARACTERS]!r}, not a number"
        raise element.error("number", problem_text, "write a plain number")
    return _bounded(element, attribute_name, value_text, float(value_text), svg_limits)


def _bounded(
    element: Element, attribute_name: str, value_text: str, number_value: float, svg_limits: SvgLimits
) -> float:
    if not math.isfinite(number_value) or abs(number_value) > svg_limits.max_number:
        raise element.error("number", f"{attribute_name} of <{element.name}> is {value_text[:_CHARACTERS]}, too large")
    return number_value


def number_list(element: Element, attribute_name: str, value_text: str, svg_limits: SvgLimits) -> list[float]:
    """Return the numbers of a `value_text`, apart by spaces, commas, or nothing where a sign or dot begins the next.

    Raises:
        SvgError: one of them is not a number, or they are too many.
    """
    number_values: list[float] = []
    text_position = 0
    while match := _ITEM.match(value_text, text_position):
        number_values.append(_bounded(element, attribute_name, match[1], float(match[1]), svg_limits))
        text_position = match.end()
        if len(number_values) > 2 * svg_limits.max_points:
            raise element.error(
                "size", f"{attribute_name} has more than {2 * svg_limits.max_points} numbers", "draw less"
            )
    rest_match = _SEPARATED.match(value_text, text_position)
    if rest_match is not None and rest_match.end() < len(value_text):
        word = _WORD.match(value_text, rest_match.end())
        parse_number(element, attribute_name, word[0] if word else value_text[rest_match.end() :], svg_limits)
        raise element.error(
            "number", f"{attribute_name} of <{element.name}> is not a list of numbers", "write plain numbers"
        )
    return number_values


def split_list(value_text: str) -> list[str]:
    """Return the words of a `value_text`, apart by spaces and commas."""
    return [word for word in _SEPARATORS.split(value_text.strip()) if word]


def url_fragment(value_text: str) -> str | None:
    """Return the id in a `value_text` such as `url(#name)`; None where it is not one.

    >>> url_fragment("url('#sky')"), url_fragment("url(http://a/#b)")
    ('sky', None)
    """
    match = _URL.fullmatch(value_text)
    return match[1] if match else None


class Units(NamedTuple):
    """The sizes that relative lengths are shares of, where an element stands (SVG 1.1, 7.10)."""

    limits: SvgLimits
    extent: Extent
    font_size: float = 16.0
    """px, of the element itself: what `em` is."""
    root_font_size: float = 16.0

    def length(self, element: Element, attribute_name: str, value_text: str) -> float:
        """Return a length `value_text` in user units; `attribute_name` says of which side 100% is.

        Raises:
            SvgError: it is not a length, or too large.
        """
        match = _LENGTH.fullmatch(value_text := value_text.strip())
        unit_scale = self._scale(attribute_name, match[2].lower()) if match else None
        if match is None or unit_scale is None:
            problem_text = f"{attribute_name} of <{element.name}> is {value_text[:_CHARACTERS]!r}, not a number"
            raise element.error("number", problem_text, "write a plain number")
        _bounded(element, attribute_name, match[1], number_value := float(match[1]), self.limits)
        return _bounded(
            element,
            attribute_name,
            value_text,
            number_value if unit_scale == 1 else number_value * unit_scale,
            self.limits,
        )

    def attribute(self, element: Element, attribute_name: str, default: float | None = 0.0) -> float:
        """Return the attribute `attribute_name` of `element` as a length.

        Raises:
            SvgError: it is missing without a `default`, or not a length.
        """
        value_text = element.attributes.get(attribute_name)
        if value_text is not None:
            return self.length(element, attribute_name, value_text)
        if default is None:
            hint_text = 'write viewBox="0 0 64 64"' if element.name == "svg" else ""
            raise element.error("attribute", f"<{element.name}> needs {attribute_name}", hint_text)
        return default

    def _scale(self, attribute_name: str, unit_name: str) -> float | None:
        """Return how many user units one `unit_name` is for `attribute_name`; None where it is not known."""
        if unit_name == "%":
            return self.diagonal(attribute_name) / 100
        if unit_name in ("em", "rem"):
            return self.font_size if unit_name == "em" else self.root_font_size
        if unit_name in ("ex", "ch"):
            return self.font_size * _X_HEIGHT
        if unit_name in ("vw", "vh"):
            return self.extent[unit_name == "vh"] / 100
        return _PX_PER_UNIT.get(unit_name)

    def diagonal(self, attribute_name: str) -> float:
        """Return what 100% is for `attribute_name`: a side of the viewport, or its diagonal over the root of 2."""
        width, height = self.extent
        if attribute_name in _ACROSS:
            return width
        return height if attribute_name in _DOWN else math.sqrt((width**2 + height**2) / 2)
