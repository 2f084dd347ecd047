"""Basic shapes and paths as points (SVG 1.1, chapters 8 and 9)."""

import math
from collections.abc import Callable

from .document import Element
from .path import CIRCLE_PIECES, Point, flatten_path
from .scan import Units, number_list

Subpath = tuple[list[Point], bool]
"""The points of a boundary without the closing one, and whether it is closed."""


def _ellipse_points(cx: float, cy: float, rx: float, ry: float) -> list[Subpath]:
    if rx <= 0 or ry <= 0:
        return []
    turns = (2 * math.pi * step / CIRCLE_PIECES for step in range(CIRCLE_PIECES))
    return [([(cx + rx * math.cos(turn), cy + ry * math.sin(turn)) for turn in turns], True)]


def _not_negative(element: Element, length_units: Units, *attribute_names: str) -> list[float]:
    number_values = [length_units.attribute(element, attribute_name) for attribute_name in attribute_names]
    for attribute_name, number_value in zip(attribute_names, number_values, strict=True):
        if number_value < 0:
            raise element.error("number", f"{attribute_name} of <{element.name}> is negative", "write 0 or more")
    return number_values


def _radii(element: Element, length_units: Units) -> tuple[float, float]:
    """Return rx and ry; one that is missing or `auto` is the other (SVG 2, 10.2)."""
    written_radii = [
        attribute_name
        for attribute_name in ("rx", "ry")
        if element.attributes.get(attribute_name, "auto").strip() != "auto"
    ]
    radii = dict(zip(written_radii, _not_negative(element, length_units, *written_radii), strict=True))
    return radii.get("rx", radii.get("ry", 0.0)), radii.get("ry", radii.get("rx", 0.0))


def _circle(element: Element, length_units: Units) -> list[Subpath]:
    (r,) = _not_negative(element, length_units, "r")
    return _ellipse_points(length_units.attribute(element, "cx"), length_units.attribute(element, "cy"), r, r)


def _ellipse(element: Element, length_units: Units) -> list[Subpath]:
    rx, ry = _radii(element, length_units)
    return _ellipse_points(length_units.attribute(element, "cx"), length_units.attribute(element, "cy"), rx, ry)


def _rect(element: Element, length_units: Units) -> list[Subpath]:
    x, y = length_units.attribute(element, "x"), length_units.attribute(element, "y")
    width, height = _not_negative(element, length_units, "width", "height")
    rx, ry = _radii(element, length_units)
    if width == 0 or height == 0:
        return []
    rx, ry = min(rx, width / 2), min(ry, height / 2)
    if rx == 0 or ry == 0:
        return [([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], True)]
    corner_points, pieces = list[Point](), CIRCLE_PIECES // 4
    left, top, right, bottom = x + rx, y + ry, x + width - rx, y + height - ry
    for cx, cy, first_degrees in ((right, top, -90), (right, bottom, 0), (left, bottom, 90), (left, top, 180)):
        for step in range(pieces + 1):
            angle = math.radians(first_degrees + 90 * step / pieces)
            corner_points.append((cx + rx * math.cos(angle), cy + ry * math.sin(angle)))
    # Where the outline begins counts for dashes: at the left end of the upper side (9.2).
    return [([corner_points[-1], *corner_points[:-1]], True)]


def _line(element: Element, length_units: Units) -> list[Subpath]:
    x1, y1, x2, y2 = (length_units.attribute(element, attribute_name) for attribute_name in ("x1", "y1", "x2", "y2"))
    return [([(x1, y1), (x2, y2)], False)]


def _polygon(element: Element, length_units: Units) -> list[Subpath]:
    number_values = number_list(element, "points", element.attributes.get("points", ""), length_units.limits)
    if len(number_values) % 2:
        raise element.error("points", f"points has {len(number_values)} numbers, an odd count", "write pairs x,y")
    pairs = list(zip(number_values[::2], number_values[1::2], strict=True))
    is_closed = element.name == "polygon"
    return [(pairs, is_closed)] if len(pairs) > (0 if is_closed else 1) else []


def _path(element: Element, length_units: Units) -> list[Subpath]:
    return flatten_path(element, length_units.limits)


SHAPES: dict[str, Callable[[Element, Units], list[Subpath]]] = {
    "circle": _circle,
    "ellipse": _ellipse,
    "rect": _rect,
    "line": _line,
    "polygon": _polygon,
    "polyline": _polygon,
    "path": _path,
}
"""What reads each shape's boundary, in the element's own coordinates."""
