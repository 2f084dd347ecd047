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

    def region(self, element: Element, name: str, placement: Placement) -> BaseGeometry:
        """Return what of the scene the clipPath `name` leaves to `element`: its shapes, within its own clip-path.

        Args:
            element: what is clipped.
            name: id of the clipPath.
            placement: that of the element, its style included.

        Raises:
            SvgError: the clipPath is not understood.
        """
        context = self._context
        clip_path = context.document.by_id.get(name)
        if clip_path is None or clip_path.name != "clipPath":
            raise element.error("reference", f"there is no clipPath {name[:40]!r}", "define it in <defs>")
        if context.is_copying(clip_path):
            raise element.error("cycle", f"clipPath {name[:40]!r} clips itself", "clip with another clipPath")
        context.budget.visit(clip_path, placement.depth)
        around = context.style_around(clip_path)
        style = read_style(clip_path, around, placement.units._replace(font_size=around.letters.size))
        transform = read_transform(clip_path, placement.own_units)
        if style.clip and transform != IDENTITY:
            # Whether the transform moves the outer clip as well is told nowhere, and programs differ.
            problem = "a <clipPath> has both transform and clip-path"
            raise clip_path.error("reference", problem, "write the transform on the shapes in it")
        matrix = multiply(multiply(placement.matrix, self._box(element, clip_path, placement)), transform)
        with context.copying(clip_path):
            inside = replace(placement, style=replace(style, clip=None), matrix=matrix, depth=placement.depth + 1)
            region = unary_union([self._part(child, inside) for child in clip_path.children])
            if style.clip:
                outer = self.region(clip_path, style.clip, replace(placement, depth=placement.depth + 1))
                region = context.overlays.overlap(region, outer)
        return region

    def _box(self, element: Element, clip_path: Element, placement: Placement) -> Matrix:
        """Return the matrix from the units that `clip_path` is written in to those of `element`."""
        word = clip_path.attributes.get("clipPathUnits", _UNITS[0]).strip()
        if word not in _UNITS:
            problem = f"clipPathUnits is {word[:40]!r}"
            raise clip_path.error("attribute", problem, "write userSpaceOnUse, and px of the drawing")
        return IDENTITY if word == _UNITS[0] else self._context.box_matrix(element, placement, "a clipPath")

    def _part(self, element: Element, placement: Placement) -> BaseGeometry:
        """Return what one shape of a clipPath adds to it, painted or not; `placement` is that around it."""
        context = self._context
        context.budget.visit(element, placement.depth)
        style = context.style_of(element, placement)
        if element.name in NOTES or not style.displayed:
            return EMPTY
        matrix = context.moved(element, placement.matrix, placement.own_units)
        here = replace(placement, style=replace(style, clip=None), matrix=matrix, depth=placement.depth + 1)
        if element.name == "use":
            target = context.target(element)
            if target.name in ("g", "use", "symbol", "svg"):
                problem = f"<use> in a <clipPath> points to a <{target.name}>"
                raise element.error("reference", problem, "point to one shape")
            region = self._part(target, here)
        elif element.name == "text":
            region = transformed(context.regions.lettered(element, style, here.own_units), matrix)
        else:
            region = transformed(context.regions.filled(element, style.clip_rule, here.own_units), matrix)
            region = region if style.visible else EMPTY
        if style.clip:
            region = context.overlays.overlap(region, self.region(element, style.clip, here))
        return region
