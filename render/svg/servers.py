"""Paint servers: gradients (SVG 1.1, chapter 13), patterns (13.3) and masks (14.4) as what shapes are painted with."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from shapely import MultiPolygon, box, get_num_coordinates, get_parts, unary_union
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from .blend import Blender, Cell, Layer, PaintedThing, seen_from_above
from .colour import Colour, Server
from .context import Context, Placement
from .document import Element
from .gradient import Filled, Inheritance, read_gradient
from .regions import EMPTY, transformed
from .style import read_style
from .transform import IDENTITY, Matrix, multiply, read_transform, shift
from .viewport import pattern_fit
from .vocabulary import GRADIENTS

_BOX, _USER = "objectBoundingBox", "userSpaceOnUse"
_LUMINANCE = (0.2125 / 255, 0.7154 / 255, 0.0721 / 255)
"""How bright red, green and blue are (14.4)."""
_UNSEEN = 0.004
"""Shares of a mask below it show nothing in 256 steps, and those as near to 1 show all."""
_MAX_TILES = 2_000
"""Copies of a pattern's tile in one shape."""


@dataclass(frozen=True, slots=True)
class Painting:
    """A paint of a fill or stroke: a layer, or a pattern."""

    layer: Layer | None
    """None for a pattern."""
    opacity: float
    pattern: Element | None = None

    @property
    def is_tiled(self) -> bool:
        """Tells that it is a pattern."""
        return self.pattern is not None

    def is_same_colour(self, other_painting: "Painting") -> bool:
        """Tell whether both are one opaque colour, so that nobody sees where one ends."""
        if not isinstance(self.layer, Colour) or self.layer != other_painting.layer:
            return False
        return self.opacity == other_painting.opacity == self.layer.alpha == 1


class Servers:
    """Looks up gradients, patterns and masks of one drawing."""

    def __init__(
        self, context: Context, painted_apart: Callable[[Sequence[Element], Placement], list[PaintedThing]]
    ) -> None:
        """Look up elements in `context`, and have what is in them painted by `painted_apart`."""
        self._context = context
        self._painted_apart = painted_apart
        self._inheritance = Inheritance(context.document, context.style_around)

    def layer(
        self, element: Element, property_name: str, placement: Placement, boxed: Placement | None = None
    ) -> Painting | None:
        """Return what `element` is painted with by its `fill` or `stroke`, as `property_name` says; None for nothing.

        Args:
            element: the shape or <text>.
            property_name: `fill` or `stroke`.
            placement: that of the shape, or of a part of the text.
            boxed: that of the whole text, in whose box gradients are measured.

        Raises:
            SvgError: it refers to what is not there.
        """
        style = placement.style
        server_paint, opacity = (
            (style.fill, style.fill_opacity) if property_name == "fill" else (style.stroke, style.stroke_opacity)
        )
        if server_paint is None or opacity <= 0:
            return None
        if not isinstance(server_paint, Server):
            colour = style.solid(server_paint)
            return Painting(colour, opacity) if colour.alpha > 0 else None
        server = self._context.document.by_id.get(server_paint.name)
        if server is None and server_paint.has_fallback:
            return Painting(style.solid(server_paint.fallback), opacity) if server_paint.fallback is not None else None
        if server is not None and server.name == "pattern":
            return Painting(None, opacity, server)
        box_matrix = None
        if self._is_boxed(server_paint.name):
            box_matrix = self._context.box_matrix(element, boxed or placement, "a gradient")
        bounds = (0.0, 0.0, 0.0, 0.0)
        if box_matrix is not None:
            a, _, _, d, left, top = box_matrix
            bounds = (left, top, left + a, top + d)
        filled_shape = Filled(element, bounds, placement.matrix, placement.own_units)
        layer = read_gradient(filled_shape, server_paint.name, self._inheritance)
        return None if layer is None else Painting(layer, opacity)

    def _is_boxed(self, server_name: str) -> bool:
        """Tell whether the gradient `server_name` can be measured in the box of what it fills."""
        server = self._context.document.by_id.get(server_name)
        return server is not None and server.name in GRADIENTS

    # --- masks ---------------------------------------------------------------------------------------------------

    def mask(self, element: Element, server_name: str, placement: Placement) -> tuple[tuple[BaseGeometry, float], ...]:
        """Return regions of the scene with how much of `element` the mask `server_name` shows there, from 0 to 1.

        Raises:
            SvgError: the mask is not understood, or fades by a gradient.
        """
        context = self._context
        mask = context.document.by_id.get(server_name)
        if mask is None or mask.name != "mask":
            raise element.error("reference", f"there is no mask {server_name[:40]!r}", "define it in <defs>")
        if context.is_copying(mask):
            raise element.error("cycle", f"mask {server_name[:40]!r} masks itself", "mask with another mask")
        context.budget.visit(mask, placement.depth)
        outer_style = context.style_around(mask)
        style = read_style(mask, outer_style, placement.units._replace(font_size=outer_style.letters.size))
        matrix = placement.matrix
        if _word(mask, "maskContentUnits", _USER) == _BOX:
            matrix = multiply(matrix, context.box_matrix(element, placement, "a mask"))
        with context.copying(mask):
            bare = replace(style, clip=None, mask=None, opacity=1.0)
            inside = replace(placement, style=bare, matrix=matrix, clip=None, depth=placement.depth + 1)
            mask_cells = self._cells(self._painted_apart(mask.children, inside))
        by_alpha = mask.attributes.get("mask-type", "luminance").strip() == "alpha"
        frame = self._mask_frame(element, mask, placement)
        shown_parts: list[tuple[BaseGeometry, float]] = []
        for mask_region, layers, _ in mask_cells:
            shown_share = _shown_share(element, layers, by_alpha)
            shown_region = mask_region if frame is None else context.overlays.overlap(mask_region, frame)
            if shown_share > _UNSEEN and not shown_region.is_empty:
                shown_parts.append((shown_region, 1.0 if shown_share > 1 - _UNSEEN else shown_share))
        return tuple(shown_parts)

    def _mask_frame(self, element: Element, mask: Element, placement: Placement) -> BaseGeometry | None:
        """Return the rectangle that a mask is cut to; None where it is the default, which is larger than the shape."""
        if not any(attribute_name in mask.attributes for attribute_name in ("x", "y", "width", "height")):
            return None
        defaults, matrix = ("-10%", "-10%", "120%", "120%"), placement.matrix
        length_units = placement.own_units
        if _word(mask, "maskUnits", _BOX) == _BOX:
            if element.name in ("g", "use", "a"):
                return None
            matrix = multiply(matrix, self._context.box_matrix(element, placement, "a mask"))
            length_units = length_units._replace(extent=(1.0, 1.0))
        left, top, width, height = (
            length_units.length(mask, attribute_name, mask.attributes.get(attribute_name, default))
            for attribute_name, default in zip(("x", "y", "width", "height"), defaults, strict=True)
        )
        if min(width, height) <= 0:
            return EMPTY
        return transformed(box(left, top, left + width, top + height), matrix)

    def _cells(self, painted_things: list[PaintedThing]) -> list[Cell]:
        """Return what is seen of `painted_things` that were painted apart, with nothing below them."""
        overlays = self._context.overlays
        shown_regions = [
            painted_thing.outline
            if painted_thing.clip is None
            else overlays.overlap(painted_thing.outline, painted_thing.clip)
            for painted_thing in painted_things
        ]
        return seen_from_above(Blender(painted_things, shown_regions, None, overlays).cells(), overlays)

    # --- patterns ------------------------------------------------------------------------------------------------

    def tiled(
        self, element: Element, painting: Painting, painted_region: BaseGeometry, placement: Placement
    ) -> list[Cell]:
        """Return what a pattern paints in a `painted_region` of the scene, as cells.

        Args:
            element: the shape.
            painting: its fill or stroke.
            painted_region: what that covers.
            placement: that of the shape.

        Raises:
            SvgError: the pattern is not understood, or its tiles are too many.
        """
        context, pattern = self._context, painting.pattern
        assert pattern is not None
        if context.is_copying(pattern):
            raise element.error("cycle", "a pattern is filled with itself", "fill with one colour")
        context.budget.visit(pattern, placement.depth)
        merged_pattern = self._inherited_pattern(pattern)
        left, top, width, height, unit_matrix = self._tile(element, merged_pattern, placement)
        if min(width, height) <= 0:
            return []
        matrix = multiply(placement.matrix, read_transform(merged_pattern, placement.own_units, "patternTransform"))
        inner, length_units = unit_matrix, placement.units
        fit = pattern_fit(merged_pattern, context.limits, width, height)
        if fit is not None:
            inner, length_units = multiply(shift(left, top), fit[0]), length_units._replace(extent=fit[1])
        elif inner == IDENTITY:
            # Content is written in the units of the shape, and moves with the tile's corner.
            inner = shift(left, top)
        outer_style = context.style_around(pattern)
        style = replace(outer_style, clip=None, mask=None, opacity=1.0)
        with context.copying(pattern):
            inside = Placement(style, inner, None, length_units, placement.depth + 1)
            tile_box = box(left, top, left + width, top + height)
            painted_things = self._painted_apart(merged_pattern.children, inside)
            tile_cells = [
                Cell.of(context.overlays.overlap(cell.region, tile_box), cell.layers)
                for cell in self._cells(painted_things)
            ]
        return self._repeated(element, tile_cells, (left, top, width, height), matrix, painted_region, painting.opacity)

    def _inherited_pattern(self, pattern: Element) -> Element:
        """Return a pattern with the attributes and children of those that it refers to."""
        chain = [pattern]
        while reference := chain[-1].attributes.get("href", ""):
            target = self._context.document.fragment(chain[-1], reference)
            if target.name != "pattern" or any(target is other_element for other_element in chain):
                raise pattern.error("cycle", "a pattern refers to itself or to no pattern", "write the shapes in it")
            chain.append(target)
        attributes: dict[str, str] = {}
        for element in reversed(chain):
            attributes |= element.attributes
        children = next((element.children for element in chain if element.children), [])
        return Element("pattern", attributes, pattern.line, children)

    def _tile(
        self, element: Element, pattern: Element, placement: Placement
    ) -> tuple[float, float, float, float, Matrix]:
        """Return the tile in the units of the shape, and the matrix of its content."""
        length_units, names = placement.own_units, ("x", "y", "width", "height")
        box_matrix = self._context.box_matrix(element, placement, "a pattern")
        if _word(pattern, "patternUnits", _BOX) == _BOX:
            share_units = length_units._replace(extent=(1.0, 1.0))
            x, y, width, height = (share_units.attribute(pattern, attribute_name) for attribute_name in names)
            left, top = box_matrix[4] + x * box_matrix[0], box_matrix[5] + y * box_matrix[3]
            width, height = width * box_matrix[0], height * box_matrix[3]
        else:
            left, top, width, height = (length_units.attribute(pattern, attribute_name) for attribute_name in names)
        content = IDENTITY
        if _word(pattern, "patternContentUnits", _USER) == _BOX:
            content = multiply(shift(left, top), (box_matrix[0], 0.0, 0.0, box_matrix[3], 0.0, 0.0))
        return left, top, width, height, content

    def _repeated(
        self,
        element: Element,
        tile_cells: list[Cell],
        tile_box: tuple[float, float, float, float],
        matrix: Matrix,
        painted_region: BaseGeometry,
        opacity: float,
    ) -> list[Cell]:
        """Return the `tile_cells` of a `tile_box` repeated over a `painted_region` of the scene."""
        left, top, width, height = tile_box
        a, b, c, d, e, f = matrix
        determinant = a * d - b * c
        if determinant == 0 or not tile_cells:
            return []
        low_x, low_y, high_x, high_y = painted_region.bounds
        corners = np.array([(low_x, low_y), (high_x, low_y), (low_x, high_y), (high_x, high_y)]) - (e, f)
        across = (corners @ (d, -c)) / determinant
        down = (corners @ (-b, a)) / determinant
        first_column, last_column = math.floor((across.min() - left) / width), math.floor((across.max() - left) / width)
        first_row, last_row = math.floor((down.min() - top) / height), math.floor((down.max() - top) / height)
        count = (last_column - first_column + 1) * (last_row - first_row + 1)
        if count > _MAX_TILES:
            raise element.error("size", f"a pattern has more than {_MAX_TILES} tiles", "make the tiles larger")
        repeated_cells: list[Cell] = []
        for cell in tile_cells:
            if any(not isinstance(layer, Colour) for layer in cell.layers):
                raise element.error("paint", "a pattern has a gradient in it", "write plain colours in the <pattern>")
            self._context.budget.spend_points(element, count * int(get_num_coordinates(cell.region)) // 16)
            tile_copies = [
                translate(cell.region, column * width, row * height)
                for column in range(first_column, last_column + 1)
                for row in range(first_row, last_row + 1)
            ]
            is_apart = left < cell.bounds[0] and top < cell.bounds[1]
            is_apart = is_apart and cell.bounds[2] < left + width and cell.bounds[3] < top + height
            # Copies that cannot touch need no overlay to be one region.
            tiled_region = MultiPolygon(get_parts(tile_copies).tolist()) if is_apart else unary_union(tile_copies)
            tiled_region = transformed(tiled_region, matrix)
            layers = tuple(layer.faded(opacity) for layer in cell.layers if isinstance(layer, Colour))
            repeated_cells.append(Cell.of(self._context.overlays.overlap(tiled_region, painted_region), layers))
        return repeated_cells


def _word(element: Element, attribute_name: str, default: str) -> str:
    """Return the attribute `attribute_name`, one of the two words for units."""
    unit_word = element.attributes.get(attribute_name, default).strip()
    if unit_word not in (_BOX, _USER):
        raise element.error("attribute", f"{attribute_name} is {unit_word[:40]!r}", f"allowed: {_BOX}, {_USER}")
    return unit_word


def _shown_share(element: Element, layers: tuple[Layer, ...], by_alpha: bool) -> float:
    """Return how much a mask of these `layers` shows: its alpha, by default times how bright it is."""
    if len(layers) != 1 or not isinstance(layers[0], Colour):
        problem_text = "a mask fades by a gradient"
        raise element.error("paint", problem_text, "fill the shape with a gradient whose stops have a stop-opacity")
    colour = layers[0]
    brightness = sum(shown_share * part for shown_share, part in zip(_LUMINANCE, colour[:3], strict=True))
    return colour.alpha * (1.0 if by_alpha else brightness)
