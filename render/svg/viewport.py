"""Viewports: what a width, a height, `viewBox` and `preserveAspectRatio` make of coordinates (SVG 1.1, 7.2 to 7.9).

The scene of a drawing is its viewport, measured in units of the viewBox. Where width and height have the aspect of
the viewBox, or leave it open, that is the viewBox itself. Elsewhere one unit stays one unit of the viewBox as fitted,
so shapes keep their numbers and only the canvas round them grows (`meet`) or shrinks (`slice`); under `none`, which
stretches, the less stretched axis keeps its numbers.
"""

import math
import re
from typing import NamedTuple

from .document import Element
from .limits import SvgLimits
from .scan import Extent, Units, number_list
from .transform import IDENTITY, Matrix, shift

_ALIGN = re.compile(r"x(Min|Mid|Max)Y(Min|Mid|Max)")
_SHARES = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}
_SIZES = ("width", "height")
_WHOLE = "100%"
"""The default of width and height (5.1.2)."""


class ViewBox(NamedTuple):
    """A rectangle, x right and y down."""

    left: float
    top: float
    width: float
    height: float


class SvgCanvas(NamedTuple):
    """What the outermost <svg> sets up."""

    width: float
    height: float
    matrix: Matrix
    """From the root's user units to the scene."""
    extent: Extent
    """What 100% is in it."""


class Inner(NamedTuple):
    """What an element with a viewport of its own sets up inside it."""

    frame: ViewBox
    """Where it lies, in the units around it."""
    matrix: Matrix
    """From the units inside it to those around it."""
    extent: Extent
    clips: bool


class _Fit(NamedTuple):
    """A `preserveAspectRatio`."""

    shares: tuple[float, float] | None
    """How much of the room left over lies to the left and above; None stretches."""
    slice: bool


def _check_whole(element: Element) -> None:
    """Refuse what acts on `element` as a whole, whose units there drawing programs do not agree on."""
    for name in ("transform", "clip-path", "mask"):
        if element.properties.get(name, element.attributes.get(name, "none")) != "none":
            problem = f"{name} on <{element.name}> is not allowed"
            raise element.error("attribute", problem, f"write <g {name}=...> inside it")


def _read_fit(element: Element) -> _Fit:
    text = element.attributes.get("preserveAspectRatio", "xMidYMid")
    words = text.split()
    # `defer` speaks of images and is ignored on all else (7.8).
    words = words[1:] if words[:1] == ["defer"] else words
    align, how = words if len(words) == 2 else (" ".join(words[:3]), "meet")
    match = _ALIGN.fullmatch(align)
    if how not in ("meet", "slice") or not (match or align == "none"):
        problem = f"preserveAspectRatio of <{element.name}> is {text[:40]!r}"
        raise element.error("canvas", problem, 'write none, or for example "xMidYMid meet"')
    shares = (_SHARES[match.group(1)], _SHARES[match.group(2)]) if match else None
    return _Fit(shares, how == "slice")


def _read_box(element: Element, limits: SvgLimits) -> ViewBox | None:
    if "viewBox" not in element.attributes:
        return None
    values = number_list(element, "viewBox", element.attributes["viewBox"], limits)
    if len(values) != 4:
        raise element.error("canvas", f"viewBox has {len(values)} numbers", "write four: 0 0 width height")
    return ViewBox(*values)


def _fitted(fit: _Fit, box: ViewBox, width: float, height: float) -> Matrix:
    """Return the transform that puts a `box` into a viewport of `width` and `height` at the origin (7.8)."""
    across, down = width / box.width, height / box.height
    if fit.shares is None:
        return (across, 0.0, 0.0, down, -box.left * across, -box.top * down)
    scale = max(across, down) if fit.slice else min(across, down)
    x = (width - box.width * scale) * fit.shares[0] - box.left * scale
    y = (height - box.height * scale) * fit.shares[1] - box.top * scale
    return (scale, 0.0, 0.0, scale, x, y)


def _same_aspect(box: ViewBox, width: float, height: float) -> bool:
    return math.isclose(width * box.height, height * box.width, rel_tol=1e-9)


def _clips(element: Element) -> bool:
    """Tell whether what lies outside the viewport of `element` is cut off, the rule for nested ones (14.3.3)."""
    word = element.properties.get("overflow", "hidden")
    if word not in ("hidden", "visible", "scroll", "auto"):
        raise element.error("attribute", f"overflow of <{element.name}> is {word[:40]!r}", "write hidden or visible")
    return word in ("hidden", "scroll")


def root_canvas(root: Element, limits: SvgLimits) -> SvgCanvas:
    """Return the canvas of the drawing under `root`.

    Raises:
        SvgError: its numbers are not understood, or the canvas is too small or too large for the `limits`.
    """
    _check_whole(root)
    _clips(root)
    units = Units(limits, (0.0, 0.0))
    box, fit = _read_box(root, limits), _read_fit(root)
    for name in ("x", "y"):  # Without effect here (5.1.2), yet no place for nonsense.
        units.attribute(root, name)
    # A share of what is around the drawing is known only to a page: there the viewBox gives the aspect.
    is_open = [_is_open(root.attributes.get(name, _WHOLE)) for name in _SIZES]
    if box is None:
        if any(is_open):
            name = _SIZES[is_open.index(True)]
            raise root.error("attribute", f"<svg> needs {name}, or a viewBox", 'write viewBox="0 0 64 64"')
        width, height = (units.attribute(root, name) for name in _SIZES)
        _check_canvas(root, width, height, limits.max_canvas)
        return SvgCanvas(width, height, IDENTITY, (width, height))
    if min(box.width, box.height) <= 0:
        _check_canvas(root, box.width, box.height, limits.max_canvas)
    width, height = (1.0 if left else units.attribute(root, name) for left, name in zip(is_open, _SIZES, strict=True))
    if min(width, height) <= 0:
        raise root.error("canvas", f"<svg> is {width:g} wide and {height:g} high", "leave out width and height")
    if any(is_open) or _same_aspect(box, width, height):
        _check_canvas(root, box.width, box.height, limits.max_canvas)
        return SvgCanvas(box.width, box.height, shift(-box.left, -box.top), (box.width, box.height))
    fitted = _fitted(fit, box, width, height)
    unit = min(fitted[0], fitted[3])
    _check_canvas(root, width / unit, height / unit, limits.max_canvas)
    a, b, c, d, e, f = (value / unit for value in fitted)
    _check_size(root, (a, b, c, d, e, f), limits)
    return SvgCanvas(width / unit, height / unit, (a, b, c, d, e, f), (box.width, box.height))


def _is_open(text: str) -> bool:
    """Tell whether a width or height of the root is left to the page."""
    word = text.strip()
    return word == "auto" or word.endswith(("%", "vw", "vh"))


def _check_size(element: Element, matrix: Matrix, limits: SvgLimits) -> None:
    """Refuse a viewBox so small or so far off that its transform would soon be no numbers."""
    if any(not abs(value) <= limits.max_number for value in matrix):
        raise element.error("number", "the viewBox is enlarged or moved too far", "use a viewBox of the drawing's size")


def _check_canvas(root: Element, width: float, height: float, most: float) -> None:
    """Refuse a canvas without room, and one with too much."""
    if not (min(width, height) >= 1 and max(width, height) <= most):
        hint = f"use 1 to {most:g}, and the aspect of the viewBox in width and height"
        raise root.error("canvas", f"the canvas is {width:g} x {height:g}", hint)


def inner_viewport(element: Element, units: Units, sizes: dict[str, str] | None = None) -> Inner | None:
    """Return the viewport of a nested <svg> or <symbol> (7.9); None where it has no room and draws nothing.

    Args:
        element: the <svg> or <symbol>.
        units: those where it stands.
        sizes: width and height that a <use> gives it, in place of its own.

    Raises:
        SvgError: its numbers are not understood.
    """
    _check_whole(element)
    box, fit, clips = _read_box(element, units.limits), _read_fit(element), _clips(element)
    x, y = (units.attribute(element, name) for name in ("x", "y"))
    written = {name: element.attributes.get(name, _WHOLE) for name in _SIZES} | (sizes or {})
    width, height = (
        units.length(element, name, _WHOLE if written[name].strip() == "auto" else written[name]) for name in _SIZES
    )
    for name, value in zip((*_SIZES, *_SIZES), (width, height, *(box[2:] if box else ())), strict=False):
        if value < 0:
            raise element.error(
                "number", f"{name} of <{element.name}> or of its viewBox is negative", "write more than 0"
            )
    if 0 in (width, height) or (box and 0 in box[2:]):
        return None
    frame = ViewBox(x, y, width, height)
    if box is None:
        return Inner(frame, shift(x, y), (width, height), clips)
    a, b, c, d, e, f = fitted = _fitted(fit, box, width, height)
    _check_size(element, fitted, units.limits)
    return Inner(frame, (a, b, c, d, e + x, f + y), (box.width, box.height), clips)


def marker_viewport(element: Element, units: Units) -> Inner | None:
    """Return the viewport of a <marker>, its reference point at the origin (11.6.2); None where it draws nothing.

    Args:
        element: the <marker>.
        units: those where it is written.

    Raises:
        SvgError: its numbers are not understood.
    """
    _check_whole(element)
    box, fit, clips = _read_box(element, units.limits), _read_fit(element), _clips(element)
    width, height = (units.attribute(element, name, 3.0) for name in ("markerWidth", "markerHeight"))
    if min(width, height, *(box[2:] if box else ())) < 0:
        raise element.error("number", "a width or height of <marker> is negative", "write more than 0")
    if 0 in (width, height) or (box and 0 in box[2:]):
        return None
    a, b, c, d, e, f = _fitted(fit, box, width, height) if box else IDENTITY
    x, y = (_reference_point(element, name, box, units) for name in ("refX", "refY"))
    # The reference point is given in the units inside.
    left, top = -(a * x + e), -(d * y + f)
    matrix = (a, b, c, d, e + left, f + top)
    _check_size(element, matrix, units.limits)
    frame = ViewBox(left, top, width, height)
    return Inner(frame, matrix, (box.width, box.height) if box else (width, height), clips)


def _reference_point(element: Element, name: str, box: ViewBox | None, units: Units) -> float:
    """Return `refX` or `refY`, which SVG 2 writes in words as well."""
    share = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0}.get(element.attributes.get(name, ""))
    if share is None or box is None:
        return units.attribute(element, name)
    return box.left + share * box.width if name == "refX" else box.top + share * box.height


def pattern_fit(element: Element, limits: SvgLimits, width: float, height: float) -> tuple[Matrix, Extent] | None:
    """Return what the viewBox of a <pattern> makes of its tile of `width` and `height`; None where it has none."""
    box = _read_box(element, limits)
    if box is None or min(box.width, box.height) <= 0:
        return None
    return _fitted(_read_fit(element), box, width, height), (box.width, box.height)
