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
    """The canvas that the outermost <svg> sets up."""

    width: float
    height: float
    matrix: Matrix
    """From the root's user units to the scene."""
    extent: Extent
    """What 100% is in it."""


class Inner(NamedTuple):
    """The inside of an element with a viewport of its own."""

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
    for attribute_name in ("transform", "clip-path", "mask"):
        if element.properties.get(attribute_name, element.attributes.get(attribute_name, "none")) != "none":
            problem_text = f"{attribute_name} on <{element.name}> is not allowed"
            raise element.error("attribute", problem_text, f"write <g {attribute_name}=...> inside it")


def _read_fit(element: Element) -> _Fit:
    attribute_text = element.attributes.get("preserveAspectRatio", "xMidYMid")
    fit_words = attribute_text.split()
    # `defer` speaks of images and is ignored on all else (7.8).
    fit_words = fit_words[1:] if fit_words[:1] == ["defer"] else fit_words
    align, how = fit_words if len(fit_words) == 2 else (" ".join(fit_words[:3]), "meet")
    match = _ALIGN.fullmatch(align)
    if how not in ("meet", "slice") or not (match or align == "none"):
        problem_text = f"preserveAspectRatio of <{element.name}> is {attribute_text[:40]!r}"
        raise element.error("canvas", problem_text, 'write none, or for example "xMidYMid meet"')
    shares = (_SHARES[match.group(1)], _SHARES[match.group(2)]) if match else None
    return _Fit(shares, how == "slice")


def _read_box(element: Element, svg_limits: SvgLimits) -> ViewBox | None:
    if "viewBox" not in element.attributes:
        return None
    box_values = number_list(element, "viewBox", element.attributes["viewBox"], svg_limits)
    if len(box_values) != 4:
        raise element.error("canvas", f"viewBox has {len(box_values)} numbers", "write four: 0 0 width height")
    return ViewBox(*box_values)


def _fitted(fit: _Fit, view_box: ViewBox, width: float, height: float) -> Matrix:
    """Return the transform that puts a `view_box` into a viewport of `width` and `height` at the origin (7.8)."""
    across, down = width / view_box.width, height / view_box.height
    if fit.shares is None:
        return (across, 0.0, 0.0, down, -view_box.left * across, -view_box.top * down)
    unit_scale = max(across, down) if fit.slice else min(across, down)
    x = (width - view_box.width * unit_scale) * fit.shares[0] - view_box.left * unit_scale
    y = (height - view_box.height * unit_scale) * fit.shares[1] - view_box.top * unit_scale
    return (unit_scale, 0.0, 0.0, unit_scale, x, y)


def _same_aspect(view_box: ViewBox, width: float, height: float) -> bool:
    return math.isclose(width * view_box.height, height * view_box.width, rel_tol=1e-9)


def _clips(element: Element) -> bool:
    """Tell whether what lies outside the viewport of `element` is cut off, the rule for nested ones (14.3.3)."""
    overflow_word = element.properties.get("overflow", "hidden")
    if overflow_word not in ("hidden", "visible", "scroll", "auto"):
        raise element.error(
            "attribute", f"overflow of <{element.name}> is {overflow_word[:40]!r}", "write hidden or visible"
        )
    return overflow_word in ("hidden", "scroll")


def root_canvas(root: Element, svg_limits: SvgLimits) -> SvgCanvas:
    """Return the canvas of the drawing under `root`.

    Raises:
        SvgError: its numbers are not understood, or the canvas is too small or too large for the `svg_limits`.
    """
    _check_whole(root)
    _clips(root)
    length_units = Units(svg_limits, (0.0, 0.0))
    view_box, fit = _read_box(root, svg_limits), _read_fit(root)
    for attribute_name in ("x", "y"):  # Without effect here (5.1.2), yet no place for nonsense.
        length_units.attribute(root, attribute_name)
    # A share of what is around the drawing is known only to a page: there the viewBox gives the aspect.
    is_open = [_is_open(root.attributes.get(attribute_name, _WHOLE)) for attribute_name in _SIZES]
    if view_box is None:
        if any(is_open):
            attribute_name = _SIZES[is_open.index(True)]
            raise root.error("attribute", f"<svg> needs {attribute_name}, or a viewBox", 'write viewBox="0 0 64 64"')
        width, height = (length_units.attribute(root, attribute_name) for attribute_name in _SIZES)
        _check_canvas(root, width, height, svg_limits.max_canvas)
        return SvgCanvas(width, height, IDENTITY, (width, height))
    if min(view_box.width, view_box.height) <= 0:
        _check_canvas(root, view_box.width, view_box.height, svg_limits.max_canvas)
    width, height = (
        1.0 if left else length_units.attribute(root, attribute_name)
        for left, attribute_name in zip(is_open, _SIZES, strict=True)
    )
    if min(width, height) <= 0:
        raise root.error("canvas", f"<svg> is {width:g} wide and {height:g} high", "leave out width and height")
    if any(is_open) or _same_aspect(view_box, width, height):
        _check_canvas(root, view_box.width, view_box.height, svg_limits.max_canvas)
        return SvgCanvas(
            view_box.width, view_box.height, shift(-view_box.left, -view_box.top), (view_box.width, view_box.height)
        )
    fit_matrix = _fitted(fit, view_box, width, height)
    unit = min(fit_matrix[0], fit_matrix[3])
    _check_canvas(root, width / unit, height / unit, svg_limits.max_canvas)
    a, b, c, d, e, f = (matrix_value / unit for matrix_value in fit_matrix)
    _check_size(root, (a, b, c, d, e, f), svg_limits)
    return SvgCanvas(width / unit, height / unit, (a, b, c, d, e, f), (view_box.width, view_box.height))


def _is_open(attribute_text: str) -> bool:
    """Tell whether a width or height of the root is left to the page."""
    attribute_word = attribute_text.strip()
    return attribute_word == "auto" or attribute_word.endswith(("%", "vw", "vh"))


def _check_size(element: Element, matrix: Matrix, svg_limits: SvgLimits) -> None:
    """Refuse a viewBox so small or so far off that its transform would soon be no numbers."""
    if any(not abs(matrix_value) <= svg_limits.max_number for matrix_value in matrix):
        raise element.error("number", "the viewBox is enlarged or moved too far", "use a viewBox of the drawing's size")


def _check_canvas(root: Element, width: float, height: float, max_size: float) -> None:
    """Refuse a canvas without room, and one with too much."""
    if not (min(width, height) >= 1 and max(width, height) <= max_size):
        hint_text = f"use 1 to {max_size:g}, and the aspect of the viewBox in width and height"
        raise root.error("canvas", f"the canvas is {width:g} x {height:g}", hint_text)


def inner_viewport(element: Element, length_units: Units, sizes: dict[str, str] | None = None) -> Inner | None:
    """Return the viewport of a nested <svg> or <symbol> (7.9); None where it has no room and draws nothing.

    Args:
        element: the <svg> or <symbol>.
        length_units: those where it stands.
        sizes: width and height that a <use> gives it, in place of its own.

    Raises:
        SvgError: its numbers are not understood.
    """
    _check_whole(element)
    view_box, fit, clips = _read_box(element, length_units.limits), _read_fit(element), _clips(element)
    x, y = (length_units.attribute(element, attribute_name) for attribute_name in ("x", "y"))
    written_sizes = {attribute_name: element.attributes.get(attribute_name, _WHOLE) for attribute_name in _SIZES} | (
        sizes or {}
    )
    width, height = (
        length_units.length(
            element,
            attribute_name,
            _WHOLE if written_sizes[attribute_name].strip() == "auto" else written_sizes[attribute_name],
        )
        for attribute_name in _SIZES
    )
    for attribute_name, matrix_value in zip(
        (*_SIZES, *_SIZES), (width, height, *(view_box[2:] if view_box else ())), strict=False
    ):
        if matrix_value < 0:
            raise element.error(
                "number", f"{attribute_name} of <{element.name}> or of its viewBox is negative", "write more than 0"
            )
    if 0 in (width, height) or (view_box and 0 in view_box[2:]):
        return None
    frame = ViewBox(x, y, width, height)
    if view_box is None:
        return Inner(frame, shift(x, y), (width, height), clips)
    a, b, c, d, e, f = fit_matrix = _fitted(fit, view_box, width, height)
    _check_size(element, fit_matrix, length_units.limits)
    return Inner(frame, (a, b, c, d, e + x, f + y), (view_box.width, view_box.height), clips)


def marker_viewport(element: Element, length_units: Units) -> Inner | None:
    """Return the viewport of a <marker>, its reference point at the origin (11.6.2); None where it draws nothing.

    Args:
        element: the <marker>.
        length_units: those where it is written.

    Raises:
        SvgError: its numbers are not understood.
    """
    _check_whole(element)
    view_box, fit, clips = _read_box(element, length_units.limits), _read_fit(element), _clips(element)
    width, height = (
        length_units.attribute(element, attribute_name, 3.0) for attribute_name in ("markerWidth", "markerHeight")
    )
    if min(width, height, *(view_box[2:] if view_box else ())) < 0:
        raise element.error("number", "a width or height of <marker> is negative", "write more than 0")
    if 0 in (width, height) or (view_box and 0 in view_box[2:]):
        return None
    a, b, c, d, e, f = _fitted(fit, view_box, width, height) if view_box else IDENTITY
    x, y = (_reference_point(element, attribute_name, view_box, length_units) for attribute_name in ("refX", "refY"))
    # The reference point is given in the units inside.
    left, top = -(a * x + e), -(d * y + f)
    matrix = (a, b, c, d, e + left, f + top)
    _check_size(element, matrix, length_units.limits)
    frame = ViewBox(left, top, width, height)
    return Inner(frame, matrix, (view_box.width, view_box.height) if view_box else (width, height), clips)


def _reference_point(element: Element, attribute_name: str, view_box: ViewBox | None, length_units: Units) -> float:
    """Return `refX` or `refY`, which SVG 2 writes in words as well."""
    share = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0}.get(
        element.attributes.get(attribute_name, "")
    )
    if share is None or view_box is None:
        return length_units.attribute(element, attribute_name)
    return (
        view_box.left + share * view_box.width if attribute_name == "refX" else view_box.top + share * view_box.height
    )


def pattern_fit(element: Element, svg_limits: SvgLimits, width: float, height: float) -> tuple[Matrix, Extent] | None:
    """Return what the viewBox of a <pattern> makes of its tile of `width` and `height`; None where it has none."""
    view_box = _read_box(element, svg_limits)
    if view_box is None or min(view_box.width, view_box.height) <= 0:
        return None
    return _fitted(_read_fit(element), view_box, width, height), (view_box.width, view_box.height)
