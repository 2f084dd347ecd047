"""Basic shapes and paths as points (SVG 1.1, chapters 8 and 9)."""

import math
from collections.abc import Callable

from .parse import Element, SvgLimits, number, number_list
from .path import CIRCLE_PIECES, Point, flatten_path

Subpath = tuple[list[Point], bool]
"""The points of a boundary without the closing one, and whether it is closed."""


def _ellipse_points(cx: float, cy: float, rx: float, ry: float) -> list[Subpath]:
    if rx <= 0 or ry <= 0:
        return []
    turns = (2 * math.pi * step / CIRCLE_PIECES for step in range(CIRCLE_PIECES))
    return [([(cx + rx * math.cos(turn), cy + ry * math.sin(turn)) for turn in turns], True)]


def _not_negative(element: Element, limits: SvgLimits, *names: str) -> list[float]:
    values = [number(element, name, limits) for name in names]
    for name, value in zip(names, values, strict=True):
        if value < 0:
            raise element.error("number", f"{name} of <{element.name}> is negative", "write 0 or more")
    return values


def _circle(element: Element, limits: SvgLimits) -> list[Subpath]:
    (r,) = _not_negative(element, limits, "r")
    return _ellipse_points(number(element, "cx", limits), number(element, "cy", limits), r, r)


def _ellipse(element: Element, limits: SvgLimits) -> list[Subpath]:
    rx, ry = _not_negative(element, limits, "rx", "ry")
    return _ellipse_points(number(element, "cx", limits), number(element, "cy", limits), rx, ry)


def _rect(element: Element, limits: SvgLimits) -> list[Subpath]:
    x, y = number(element, "x", limits), number(element, "y", limits)
    width, height, rx, ry = _not_negative(element, limits, "width", "height", "rx", "ry")
    if width == 0 or height == 0:
        return []
    rx = min(rx if "rx" in element.attributes else ry, width / 2)
    ry = min(ry if "ry" in element.attributes else rx, height / 2)
    if rx == 0 or ry == 0:
        return [([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], True)]
    points, pieces = [], CIRCLE_PIECES // 4
    left, top, right, bottom = x + rx, y + ry, x + width - rx, y + height - ry
    for cx, cy, first in ((right, top, -90), (right, bottom, 0), (left, bottom, 90), (left, top, 180)):
        for step in range(pieces + 1):
            angle = math.radians(first + 90 * step / pieces)
            points.append((cx + rx * math.cos(angle), cy + ry * math.sin(angle)))
    # Where the outline begins counts for dashes: at the left end of the upper side (9.2).
    return [([points[-1], *points[:-1]], True)]


def _line(element: Element, limits: SvgLimits) -> list[Subpath]:
    x1, y1, x2, y2 = (number(element, name, limits) for name in ("x1", "y1", "x2", "y2"))
    return [([(x1, y1), (x2, y2)], False)]


def _points(element: Element, limits: SvgLimits) -> list[Subpath]:
    values = number_list(element, "points", element.attributes.get("points", ""), limits)
    if len(values) % 2:
        raise element.error("points", f"points has {len(values)} numbers, an odd count", "write pairs x,y")
    pairs = list(zip(values[::2], values[1::2], strict=True))
    is_closed = element.name == "polygon"
    return [(pairs, is_closed)] if len(pairs) > (0 if is_closed else 1) else []


SHAPES: dict[str, Callable[[Element, SvgLimits], list[Subpath]]] = {
    "circle": _circle,
    "ellipse": _ellipse,
    "rect": _rect,
    "line": _line,
    "polygon": _points,
    "polyline": _points,
    "path": flatten_path,
}
"""What reads each shape's boundary, in the element's own coordinates."""
