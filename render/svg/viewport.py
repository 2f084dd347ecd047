"""Viewports: what a width, a height, `viewBox` and `preserveAspectRatio` make of coordinates (SVG 1.1, 7.2 to 7.9).

The scene of a drawing is its viewport, measured in units of the viewBox. Where width and height have the aspect of
the viewBox, or leave it open, that is the viewBox itself. Elsewhere one unit stays one unit of the viewBox as fitted,
so shapes keep their numbers and only the canvas round them grows (`meet`) or shrinks (`slice`); under `none`, which
stretches, the less stretched axis keeps its numbers.
"""

import math
import re
from typing import NamedTuple

from .parse import Element, SvgLimits, number, number_list, parse_number
from .style import IDENTITY, Matrix

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
    extent: "Extent | None"


Extent = tuple[float, float]
"""What 100% is inside a viewport. None stands for one that has room beside its viewBox, or too little: there SVG 1.1
(7.10) measures the viewport, and browsers measure the viewBox."""


class Inner(NamedTuple):
    """What a nested <svg> sets up."""

    frame: Box
    """Where it lies, in the units around it."""
    matrix: Matrix
    """From the units inside it to those around it."""
    extent: Extent | None
    clips: bool


class _Fit(NamedTuple):
    """A `preserveAspectRatio`."""

    shares: tuple[float, float] | None
    """How much of the room left over lies to the left and above; None stretches."""
    slice: bool


def _check_whole(element: Element) -> None:
    """Refuse what acts on an <svg> or <marker> as a whole, whose units there drawing programs do not agree on."""
    for name in ("transform", "clip-path"):
        if element.attributes.get(name, "none") != "none" or re.search(
            rf"(?:^|;)\s*{name}\s*:", element.attributes.get("style", "")
        ):
            what = f"{name} on <{element.name}> is not allowed"
            raise element.error("attribute", what, f"write <g {name}=...> inside it")


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


def _same_aspect(box: Box, width: float, height: float) -> bool:
    return math.isclose(width * box.height, height * box.width, rel_tol=1e-9)


def _clips(element: Element) -> bool:
    """Whether what lies outside the viewport is cut off, as is the rule for nested ones (14.3.3)."""
    word = element.attributes.get("overflow", "hidden")
    if word not in ("hidden", "visible"):
        raise element.error("attribute", f"overflow of <{element.name}> is {word[:40]!r}", "write hidden or visible")
    return word == "hidden"


def root_canvas(root: Element, limits: SvgLimits) -> Canvas:
    """The canvas of a drawing.

    Raises:
        SvgError: its numbers are not understood, or the canvas is too small or too large.
    """
    _check_whole(root)
    _clips(root)
    box, fit = _read_box(root, limits), _read_fit(root)
    for name in ("x", "y"):  # Without effect here (5.1.2), yet no place for nonsense.
        number(root, name, limits)
    if box is None:
        width, height = (number(root, name, limits, None) for name in _SIZES)
        _check_canvas(root, width, height, limits.max_canvas)
        return Canvas(width, height, IDENTITY, (width, height))
    if min(box.width, box.height) <= 0:
        _check_canvas(root, box.width, box.height, limits.max_canvas)
    # A share of what is around the drawing is known only to a page: there the viewBox gives the aspect.
    is_open = [root.attributes.get(name, _WHOLE).strip() == _WHOLE for name in _SIZES]
    width, height = (1.0 if left else number(root, name, limits) for left, name in zip(is_open, _SIZES, strict=True))
    if min(width, height) <= 0:
        raise root.error("canvas", f"<svg> is {width:g} wide and {height:g} high", "leave out width and height")
    if any(is_open) or _same_aspect(box, width, height):
        _check_canvas(root, box.width, box.height, limits.max_canvas)
        return Canvas(box.width, box.height, (1.0, 0.0, 0.0, 1.0, -box.left, -box.top), (box.width, box.height))
    fitted = _fitted(fit, box, width, height)
    unit = min(fitted[0], fitted[3])
    _check_canvas(root, width / unit, height / unit, limits.max_canvas)
    a, b, c, d, e, f = (value / unit for value in fitted)
    _check_size(root, (a, b, c, d, e, f), limits)
    extent = None if fit.shares else (box.width, box.height)
    return Canvas(width / unit, height / unit, (a, b, c, d, e, f), extent)


def _check_size(element: Element, matrix: Matrix, limits: SvgLimits) -> None:
    """Refuse a viewBox so small or so far off that its transform would soon be no numbers."""
    if any(abs(value) > limits.max_number for value in matrix):
        raise element.error("number", "the viewBox is enlarged or moved too far", "use a viewBox of the drawing's size")


def _check_canvas(root: Element, width: float, height: float, most: float) -> None:
    """Refuse a canvas without room, and one with too much."""
    if not (min(width, height) >= 1 and max(width, height) <= most):
        hint = f"use 1 to {most:g}, and the aspect of the viewBox in width and height"
        raise root.error("canvas", f"the canvas is {width:g} x {height:g}", hint)


def inner_viewport(element: Element, limits: SvgLimits, around: Extent | None) -> Inner | None:
    """The viewport of a nested <svg> (7.9), or None where it has no room and draws nothing.

    Args:
        element: the <svg>.
        limits: how large numbers may be.
        around: what 100% is where it stands.

    Raises:
        SvgError: its numbers are not understood.
    """
    _check_whole(element)
    box, fit, clips = _read_box(element, limits), _read_fit(element), _clips(element)
    x, y = (_length(element, name, "0", limits, around, axis) for axis, name in enumerate(("x", "y")))
    width, height = (_length(element, name, _WHOLE, limits, around, axis) for axis, name in enumerate(_SIZES))
    for name, value in zip((*_SIZES, *_SIZES), (width, height, *(box[2:] if box else ())), strict=False):
        if value < 0:
            raise element.error("number", f"{name} of <svg> or of its viewBox is negative", "write more than 0")
    if 0 in (width, height) or (box and 0 in box[2:]):
        return None
    frame = Box(x, y, width, height)
    if box is None:
        return Inner(frame, (1.0, 0.0, 0.0, 1.0, x, y), (width, height), clips)
    a, b, c, d, e, f = fitted = _fitted(fit, box, width, height)
    _check_size(element, fitted, limits)
    is_exact = fit.shares is None or _same_aspect(box, width, height)
    return Inner(frame, (a, b, c, d, e + x, f + y), (box.width, box.height) if is_exact else None, clips)


def marker_viewport(element: Element, limits: SvgLimits) -> Inner | None:
    """The viewport of a <marker>, with its point of reference at the origin (11.6.2); None where it draws nothing.

    Raises:
        SvgError: its numbers are not understood.
    """
    _check_whole(element)
    box, fit, clips = _read_box(element, limits), _read_fit(element), _clips(element)
    width, height = (number(element, name, limits, 3.0) for name in ("markerWidth", "markerHeight"))
    if min(width, height, *(box[2:] if box else ())) < 0:
        raise element.error("number", "a width or height of <marker> is negative", "write more than 0")
    if 0 in (width, height) or (box and 0 in box[2:]):
        return None
    a, b, c, d, e, f = _fitted(fit, box, width, height) if box else IDENTITY
    x, y = number(element, "refX", limits), number(element, "refY", limits)
    # The reference point is given in the units inside.
    left, top = -(a * x + e), -(d * y + f)
    matrix = (a, b, c, d, e + left, f + top)
    _check_size(element, matrix, limits)
    return Inner(Box(left, top, width, height), matrix, (box.width, box.height) if box else (width, height), clips)


def _length(element: Element, name: str, default: str, limits: SvgLimits, around: Extent | None, axis: int) -> float:
    """A coordinate or length of a nested <svg>; alone there, a share in % is understood."""
    text = element.attributes.get(name, default).strip()
    if not text.endswith("%"):
        return parse_number(element, name, text.removesuffix("px"), limits)
    if around is None:
        what = f"{name} of <svg> is {text[:40]} of a viewport that its viewBox does not fill"
        raise element.error("number", what, "write a plain number")
    return parse_number(element, name, text[:-1], limits) / 100 * around[axis]
