"""Clipping: what a clipPath leaves of an element (SVG 1.1, 14.3.5)."""

from dataclasses import replace

from shapely import unary_union
from shapely.geometry.base import BaseGeometry

from .context import Context, Placement
from .document import Element
from .regions import EMPTY, transformed
from .style import read_style
from .transform import IDENTITY, Matrix, multiply, read_transform
from .vocabulary import NOTES

_UNITS = ("userSpaceOnUse", "objectBoundingBox")


class Clips:
    """Resolves clipPaths of one drawing."""

    def __init__(self, context: Context) -> None:
        """Look up elements in `context`."""
        self._context = context

    def region(self, element: Element, clip_name: str, placement: Placement) -> BaseGeometry:
        """Return what of the scene the clipPath `clip_name` leaves to `element`: its shapes, within its own clip-path.

        Args:
            element: what is clipped.
            clip_name: id of the clipPath.
            placement: that of the element, its style included.

        Raises:
            SvgError: the clipPath is not understood.
        """
        context = self._context
        clip_path = context.document.by_id.get(clip_name)
        if clip_path is None or clip_path.name != "clipPath":
            raise element.error("reference", f"there is no clipPath {clip_name[:40]!r}", "define it in <defs>")
        if context.is_copying(clip_path):
            raise element.error("cycle", f"clipPath {clip_name[:40]!r} clips itself", "clip with another clipPath")
        context.budget.visit(clip_path, placement.depth)
        outer_style = context.style_around(clip_path)
        style = read_style(clip_path, outer_style, placement.units._replace(font_size=outer_style.letters.size))
        transform = read_transform(clip_path, placement.own_units)
        if style.clip and transform != IDENTITY:
            # Whether the transform moves the outer clip as well is told nowhere, and programs differ.
            problem_text = "a <clipPath> has both transform and clip-path"
            raise clip_path.error("reference", problem_text, "write the transform on the shapes in it")
        matrix = multiply(multiply(placement.matrix, self._box(element, clip_path, placement)), transform)
        with context.copying(clip_path):
            inner_placement = replace(
                placement, style=replace(style, clip=None), matrix=matrix, depth=placement.depth + 1
            )
            clip_region = unary_union([self._part(child, inner_placement) for child in clip_path.children])
            if style.clip:
                outer_region = self.region(clip_path, style.clip, replace(placement, depth=placement.depth + 1))
                clip_region = context.overlays.overlap(clip_region, outer_region)
        return clip_region

    def _box(self, element: Element, clip_path: Element, placement: Placement) -> Matrix:
        """Return the matrix from the units that `clip_path` is written in to those of `element`."""
        units_word = clip_path.attributes.get("clipPathUnits", _UNITS[0]).strip()
        if units_word not in _UNITS:
            problem_text = f"clipPathUnits is {units_word[:40]!r}"
            raise clip_path.error("attribute", problem_text, "write userSpaceOnUse, and px of the drawing")
        return IDENTITY if units_word == _UNITS[0] else self._context.box_matrix(element, placement, "a clipPath")

    def _part(self, element: Element, placement: Placement) -> BaseGeometry:
        """Return what one shape of a clipPath adds to it, painted or not; `placement` is that around it."""
        context = self._context
        context.budget.visit(element, placement.depth)
        style = context.style_of(element, placement)
        if element.name in NOTES or not style.displayed:
            return EMPTY
        matrix = context.moved(element, placement.matrix, placement.own_units)
        own_placement = replace(placement, style=replace(style, clip=None), matrix=matrix, depth=placement.depth + 1)
        if element.name == "use":
            target = context.target(element)
            if target.name in ("g", "use", "symbol", "svg"):
                problem_text = f"<use> in a <clipPath> points to a <{target.name}>"
                raise element.error("reference", problem_text, "point to one shape")
            clip_region = self._part(target, own_placement)
        elif element.name == "text":
            clip_region = transformed(context.regions.lettered(element, style, own_placement.own_units), matrix)
        else:
            clip_region = transformed(context.regions.filled(element, style.clip_rule, own_placement.own_units), matrix)
            clip_region = clip_region if style.visible else EMPTY
        if style.clip:
            clip_region = context.overlays.overlap(clip_region, self.region(element, style.clip, own_placement))
        return clip_region
