"""Viewports: what a width, a height, `viewBox` and `preserveAspectRatio` make of coordinates (SVG 1.1, 7.2 to 7.9).

The scene of a drawing is its viewport, measured in units of the viewBox. Where width and height have the aspect of
the viewBox, or leave it open, that is the viewBox itself. Elsewhere one unit stays one unit of the viewBox as fitted,
so shapes keep their numbers and only the canvas round them grows (`meet`) or shrinks (`slice`); under `none`, which
stretches, the less stretched axis keeps its numbers.
"""

import math
import re
from typing import NamedTuple

from .svg_parse import Element, SvgLimits, number, number_list
from .svg_style import IDENTITY, Matrix

_ALIGN = re.compile(r"x(Min|Mid|Max)Y(Min|Mid|Max)")
_SHARES = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}
_SIZES = ("width", "height")
_WHOLE = "100%"
"""The default of width and height (5.1.2)."""


class Box(NamedTuple):
    """A rectangle, x right and y down."""

    left: float
    top: float
    width: float
    height: float


class Canvas(NamedTuple):
    """What the outermost <svg> sets up."""

    width: float
    height: float
    matrix: Matrix
    """From the root's user units to the scene."""


class _Fit(NamedTuple):
    """A `preserveAspectRatio`."""

    shares: tuple[float, float] | None
    """How much of the room left over lies to the left and above; None stretches."""
    slice: bool


def _check_whole(element: Element) -> None:
    """Refuse what acts on an <svg> as a whole, whose units there drawing programs do not agree on."""
    for name in ("transform", "clip-path"):
        if name in element.attributes or re.search(rf"(?:^|;)\s*{name}\s*:", element.attributes.get("style", "")):
            raise element.error("attribute", f"{name} on <svg> is not allowed", f"write <g {name}=...> inside it")


def _read_fit(element: Element) -> _Fit:
    text = element.attributes.get("preserveAspectRatio", "xMidYMid")
    words = text.split()
    # `defer` speaks of images and is ignored on all else (7.8).
    words = words[1:] if words[:1] == ["defer"] else words
    align, how = words if len(words) == 2 else (" ".join(words), "meet")
    match = _ALIGN.fullmatch(align)
    if how not in ("meet", "slice") or not (match or align == "none"):
        what = f"preserveAspectRatio of <{element.name}> is {text[:40]!r}"
        raise element.error("canvas", what, 'write none, or for example "xMidYMid meet"')
    shares = (_SHARES[match.group(1)], _SHARES[match.group(2)]) if match else None
    return _Fit(shares, how == "slice")


def _read_box(element: Element, limits: SvgLimits) -> Box | None:
    if "viewBox" not in element.attributes:
        return None
    values = number_list(element, "viewBox", element.attributes["viewBox"], limits)
    if len(values) != 4:
        raise element.error("canvas", f"viewBox has {len(values)} numbers", "write four: 0 0 width height")
    return Box(*values)


def _fitted(fit: _Fit, box: Box, width: float, height: float) -> Matrix:
    """The transform that puts a viewBox into a viewport whose corner is at the origin (7.8)."""
    across, down = width / box.width, height / box.height
    if fit.shares is None:
        return (across, 0.0, 0.0, down, -box.left * across, -box.top * down)
    scale = max(across, down) if fit.slice else min(across, down)
    x = (width - box.width * scale) * fit.shares[0] - box.left * scale
    y = (height - box.height * scale) * fit.shares[1] - box.top * scale
    return (scale, 0.0, 0.0, scale, x, y)


def root_canvas(root: Element, limits: SvgLimits) -> Canvas:
    """The canvas of a drawing.

    Raises:
        SvgError: its numbers are not understood, or the canvas is too small or too large.
    """
    _check_whole(root)
    box, fit = _read_box(root, limits), _read_fit(root)
    for name in ("x", "y"):  # Without effect here (5.1.2), yet no place for nonsense.
        number(root, name, limits)
    if box is None:
        width, height = (number(root, name, limits, None) for name in _SIZES)
        _check_canvas(root, width, height, limits.max_canvas)
        return Canvas(width, height, IDENTITY)
    if min(box.width, box.height) <= 0:
        _check_canvas(root, box.width, box.height, limits.max_canvas)
    # A share of what is around the drawing is known only to a page: there the viewBox gives the aspect.
    is_open = [root.attributes.get(name, _WHOLE).strip() == _WHOLE for name in _SIZES]
    width, height = (1.0 if left else number(root, name, limits) for left, name in zip(is_open, _SIZES, strict=True))
    if min(width, height) <= 0:
        raise root.error("canvas", f"<svg> is {width:g} wide and {height:g} high", "leave out width and height")
    if any(is_open) or math.isclose(width * box.height, height * box.width, rel_tol=1e-9):
        _check_canvas(root, box.width, box.height, limits.max_canvas)
        return Canvas(box.width, box.height, (1.0, 0.0, 0.0, 1.0, -box.left, -box.top))
    fitted = _fitted(fit, box, width, height)
    unit = min(fitted[0], fitted[3])
    _check_canvas(root, width / unit, height / unit, limits.max_canvas)
    a, b, c, d, e, f = (value / unit for value in fitted)
    return Canvas(width / unit, height / unit, (a, b, c, d, e, f))


def _check_canvas(root: Element, width: float, height: float, most: float) -> None:
    """Refuse a canvas without room, and one with too much."""
    if not (min(width, height) >= 1 and max(width, height) <= most):
        hint = f"use 1 to {most:g}, and the aspect of the viewBox in width and height"
        raise root.error("canvas", f"the canvas is {width:g} x {height:g}", hint)
