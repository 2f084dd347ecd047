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


def _not_negative(element: Element, units: Units, *names: str) -> list[float]:
    values = [units.attribute(element, name) for name in names]
    for name, value in zip(names, values, strict=True):
        if value < 0:
            raise element.error("number", f"{name} of <{element.name}> is negative", "write 0 or more")
    return values


def _radii(element: Element, units: Units) -> tuple[float, float]:
    """Return rx and ry; one that is missing or `auto` is the other (SVG 2, 10.2)."""
    written = [name for name in ("rx", "ry") if element.attributes.get(name, "auto").strip() != "auto"]
    radii = dict(zip(written, _not_negative(element, units, *written), strict=True))
    return radii.get("rx", radii.get("ry", 0.0)), radii.get("ry", radii.get("rx", 0.0))


def _circle(element: Element, units: Units) -> list[Subpath]:
    (r,) = _not_negative(element, units, "r")
    return _ellipse_points(units.attribute(element, "cx"), units.attribute(element, "cy"), r, r)


def _ellipse(element: Element, units: Units) -> list[Subpath]:
    rx, ry = _radii(element, units)
    return _ellipse_points(units.attribute(element, "cx"), units.attribute(element, "cy"), rx, ry)


def _rect(element: Element, units: Units) -> list[Subpath]:
    x, y = units.attribute(element, "x"), units.attribute(element, "y")
    width, height = _not_negative(element, units, "width", "height")
    rx, ry = _radii(element, units)
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


def _line(element: Element, units: Units) -> list[Subpath]:
    x1, y1, x2, y2 = (units.attribute(element, name) for name in ("x1", "y1", "x2", "y2"))
    return [([(x1, y1), (x2, y2)], False)]


def _polygon(element: Element, units: Units) -> list[Subpath]:
    values = number_list(element, "points", element.attributes.get("points", ""), units.limits)
    if len(values) % 2:
        raise element.error("points", f"points has {len(values)} numbers, an odd count", "write pairs x,y")
    pairs = list(zip(values[::2], values[1::2], strict=True))
    is_closed = element.name == "polygon"
    return [(pairs, is_closed)] if len(pairs) > (0 if is_closed else 1) else []


def _path(element: Element, units: Units) -> list[Subpath]:
    return flatten_path(element, units.limits)


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
