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


def parse_number(element: Element, name: str, text: str, limits: SvgLimits) -> float:
    """Return a `text` as a finite number within the `limits`.

    Raises:
        SvgError: it is not a number, or it is too large; the error names the attribute `name` of `element`.
    """
    if not _NUMBER.fullmatch(text := text.strip()):
        problem = f"{name} of <{element.name}> is {text[:_CHARACTERS]!r}, not a number"
        raise element.error("number", problem, "write a plain number")
    return _bounded(element, name, text, float(text), limits)


def _bounded(element: Element, name: str, text: str, value: float, limits: SvgLimits) -> float:
    if not math.isfinite(value) or abs(value) > limits.max_number:
        raise element.error("number", f"{name} of <{element.name}> is {text[:_CHARACTERS]}, too large")
    return value


def number_list(element: Element, name: str, text: str, limits: SvgLimits) -> list[float]:
    """Return the numbers of a `text`, apart by spaces, commas, or nothing where a sign or dot begins the next.

    Raises:
        SvgError: one of them is not a number, or they are too many.
    """
    numbers: list[float] = []
    position = 0
    while match := _ITEM.match(text, position):
        numbers.append(_bounded(element, name, match[1], float(match[1]), limits))
        position = match.end()
        if len(numbers) > 2 * limits.max_points:
            raise element.error("size", f"{name} has more than {2 * limits.max_points} numbers", "draw less")
    rest = _SEPARATED.match(text, position)
    if rest is not None and rest.end() < len(text):
        word = _WORD.match(text, rest.end())
        parse_number(element, name, word[0] if word else text[rest.end() :], limits)
        raise element.error("number", f"{name} of <{element.name}> is not a list of numbers", "write plain numbers")
    return numbers


def split_list(text: str) -> list[str]:
    """Return the words of a `text`, apart by spaces and commas."""
    return [word for word in _SEPARATORS.split(text.strip()) if word]


def url_fragment(text: str) -> str | None:
    """Return the id in a `text` such as `url(#name)`; None where it is not one.

    >>> url_fragment("url('#sky')"), url_fragment("url(http://a/#b)")
    ('sky', None)
    """
    match = _URL.fullmatch(text)
    return match[1] if match else None


class Units(NamedTuple):
    """What relative lengths are relative to where an element stands (SVG 1.1, 7.10)."""

    limits: SvgLimits
    extent: Extent
    font_size: float = 16.0
    """px, of the element itself: what `em` is."""
    root_font_size: float = 16.0

    def length(self, element: Element, name: str, text: str) -> float:
        """Return a length `text` in user units; the attribute `name` says which side of the viewport 100% is.

        Raises:
            SvgError: it is not a length, or too large.
        """
        match = _LENGTH.fullmatch(text := text.strip())
        scale = self._scale(name, match[2].lower()) if match else None
        if match is None or scale is None:
            problem = f"{name} of <{element.name}> is {text[:_CHARACTERS]!r}, not a number"
            raise element.error("number", problem, "write a plain number")
        _bounded(element, name, match[1], value := float(match[1]), self.limits)
        return _bounded(element, name, text, value if scale == 1 else value * scale, self.limits)

    def attribute(self, element: Element, name: str, default: float | None = 0.0) -> float:
        """Return the attribute `name` of `element` as a length.

        Raises:
            SvgError: it is missing without a `default`, or not a length.
        """
        text = element.attributes.get(name)
        if text is not None:
            return self.length(element, name, text)
        if default is None:
            hint = 'write viewBox="0 0 64 64"' if element.name == "svg" else ""
            raise element.error("attribute", f"<{element.name}> needs {name}", hint)
        return default

    def _scale(self, name: str, unit: str) -> float | None:
        """Return how many user units one `unit` is for the attribute `name`; None where it is not known."""
        if unit == "%":
            return self.diagonal(name) / 100
        if unit in ("em", "rem"):
            return self.font_size if unit == "em" else self.root_font_size
        if unit in ("ex", "ch"):
            return self.font_size * _X_HEIGHT
        if unit in ("vw", "vh"):
            return self.extent[unit == "vh"] / 100
        return _PX_PER_UNIT.get(unit)

    def diagonal(self, name: str) -> float:
        """Return what 100% is for the attribute `name`: a side of the viewport, or its diagonal over the root of 2."""
        width, height = self.extent
        if name in _ACROSS:
            return width
        return height if name in _DOWN else math.sqrt((width**2 + height**2) / 2)
