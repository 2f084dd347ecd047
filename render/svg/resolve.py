"""SVG to scenes: transforms, styles, `use`, markers, text, gradients, clipping and stacking resolved to regions.

Begin reading at `resolve_svg`; `_Resolver` walks the tree, `clip` and `servers` tell what clips and what paints,
`blend` and `compose` what is seen of it. Coordinates are those of the canvas (`viewport`), px, x right and y down.
Curves become polygons of fixed numbers of pieces, so the same text gives the same scene on every machine (coordinates
are rounded to a grid, see `geometry.rounded`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from shapely import GEOSException, unary_union
from shapely.geometry.base import BaseGeometry

from ...geometry import FlatScene
from ..outcome import Rejected
from .blend import PaintedThing, Scope, faded
from .clip import Clips
from .colour import Colour
from .compose import compose_scene
from .context import Context, Placement
from .document import Document, Element, SvgError
from .limits import SvgLimits
from .marker import MARKED, Vertex, marker_matrix, vertices
from .parse import parse_svg
from .regions import transformed
from .scan import Units
from .servers import Painting, Servers
from .sheet import apply_styles
from .style import SvgStyle, read_style
from .text import TextRun
from .transform import multiply, stretch
from .viewport import SvgCanvas, inner_viewport, marker_viewport, root_canvas
from .vocabulary import GROUPS, UNPAINTED

_LEGIBLE = 0.5
"""Letters are read by their fill where a stroke over it leaves at least this share of it, and else by the stroke."""


class _Resolver:
    """Walks the tree once and collects what is painted."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._clips = Clips(context)
        self._servers = Servers(context, self.painted_apart)
        self.things: list[PaintedThing] = []
        self._scopes: tuple[Scope, ...] = ()

    def painted_apart(self, elements: Sequence[Element], placement: Placement) -> list[PaintedThing]:
        """Return what `elements` paint, of a mask or pattern, kept apart from the drawing."""
        painted_things, scopes = self.things, self._scopes
        self.things, self._scopes = [], ()
        try:
            for element in elements:
                self.paint(element, placement)
            return self.things
        finally:
            self.things, self._scopes = painted_things, scopes

    def paint(self, element: Element, placement: Placement) -> None:
        """Paint `element` and what is in it; `placement` is that around it."""
        context = self._context
        context.budget.visit(element, placement.depth)
        if element.name in UNPAINTED:
            return
        own_style = context.style_of(element, placement)
        if not own_style.displayed or own_style.opacity <= 0:
            return
        if element.name == "svg" and placement.depth > 1:
            with self._scope(Scope(own_style.opacity) if own_style.opacity < 1 else None):
                bare = replace(own_style, opacity=1.0)
                self._paint_inner(element, replace(placement, style=bare, depth=placement.depth + 1))
            return
        # The <svg> at the root has no transform, and no clip of its own.
        is_root = element is context.document.root
        matrix = placement.matrix if is_root else context.moved(element, placement.matrix, placement.own_units)
        depth = placement.depth + 1
        own_placement = replace(placement, style=own_style, matrix=matrix, depth=depth)
        if own_style.clip is not None:
            own_placement = replace(
                own_placement,
                clip=context.both(placement.clip, self._clips.region(element, own_style.clip, own_placement)),
            )
        new_scope = Scope(own_style.opacity) if own_style.opacity < 1 else None
        if own_style.mask is not None:
            own_placement, new_scope = self._masked(element, own_placement)
        with self._scope(new_scope):
            self._paint_content(
                element, replace(own_placement, style=replace(own_style, clip=None, mask=None, opacity=1.0))
            )

    @contextmanager
    def _scope(self, new_scope: Scope | None) -> Iterator[None]:
        """Put what is painted while the block lasts into a `new_scope`."""
        outer_scopes = self._scopes
        self._scopes = outer_scopes if new_scope is None else (*outer_scopes, new_scope)
        yield
        self._scopes = outer_scopes

    def _masked(self, element: Element, placement: Placement) -> tuple[Placement, Scope | None]:
        """Return the `placement` and the scope of an element with a mask."""
        own_style = placement.style
        assert own_style.mask is not None
        mask = self._servers.mask(element, own_style.mask, placement)
        clip = self._context.both(placement.clip, unary_union([region for region, _ in mask]))
        is_plain = all(share >= 1 for _, share in mask)
        new_scope = Scope(own_style.opacity, None if is_plain else mask)
        return replace(placement, clip=clip), None if is_plain and own_style.opacity >= 1 else new_scope

    def _paint_content(self, element: Element, placement: Placement) -> None:
        """Paint `element`, whose own style and matrix are those of `placement`."""
        if element.name == "switch":
            self._paint_children(element.children[:1], placement)
        elif element.name == "svg" or element.name in GROUPS:
            self._paint_children(element.children, placement)
        elif element.name == "use":
            self._paint_copy(element, placement)
        elif element.name == "text":
            self._paint_text(element, placement)
        elif placement.style.visible:
            self._paint_shape(element, placement)
            self._paint_markers(element, placement)

    def _paint_children(self, elements: Sequence[Element], placement: Placement) -> None:
        for child in elements:
            self.paint(child, placement)

    def _paint_inner(self, element: Element, placement: Placement, sizes: dict[str, str] | None = None) -> None:
        """Paint what is in a nested <svg> or in a <symbol>."""
        viewport_inside = inner_viewport(element, placement.own_units, sizes)
        if viewport_inside is not None:
            self._paint_children(element.children, self._context.inside(placement, viewport_inside))

    def _paint_copy(self, element: Element, placement: Placement) -> None:
        """Paint what a <use> points to."""
        context = self._context
        target = context.target(element)
        if context.is_copying(target):
            raise element.error("cycle", f"#{target.attributes['id'][:40]} copies itself", "point to another shape")
        with context.copying(target):
            if target.name not in ("symbol", "svg"):
                self.paint(target, placement)
                return
            context.budget.visit(target, placement.depth)
            target_style = context.style_of(target, placement)
            sizes = {
                size_name: size_text
                for size_name, size_text in element.attributes.items()
                if size_name in ("width", "height")
            }
            if target_style.displayed and target_style.opacity > 0:
                with self._scope(Scope(target_style.opacity) if target_style.opacity < 1 else None):
                    bare = replace(target_style, opacity=1.0)
                    self._paint_inner(target, replace(placement, style=bare, depth=placement.depth + 1), sizes)

    # --- shapes and letters --------------------------------------------------------------------------------------

    def _paint_shape(self, element: Element, placement: Placement) -> None:
        """Add what a shape's fill and stroke cover."""
        own_style, matrix, regions = placement.style, placement.matrix, self._context.regions
        fill = self._servers.layer(element, "fill", placement)
        stroke = self._servers.layer(element, "stroke", placement) if own_style.stroke_width > 0 else None
        stroke_width = own_style.stroke_width * stretch(matrix) if stroke else 0.0
        inner_region, edge_region = None, None
        if fill:
            inner_region = transformed(regions.filled(element, own_style.fill_rule, placement.own_units), matrix)
        if stroke:
            edge_parts = regions.stroked(element, own_style, placement.own_units)
            edge_region = unary_union([transformed(part, matrix) for part in edge_parts])
        if inner_region and edge_region and fill and stroke and fill.is_same_colour(stroke):
            self._add(element, unary_union([inner_region, edge_region]), placement, fill, stroke, stroke_width)
            return
        # An outline of another colour is a thing of its own, so that every thing has one colour.
        painted_parts = [(inner_region, fill, None, 0.0), (edge_region, None, stroke, stroke_width)]
        for region, own_fill, own_stroke, own_width in (
            reversed(painted_parts) if own_style.stroke_first else painted_parts
        ):
            if region is not None:
                self._add(element, region, placement, own_fill, own_stroke, own_width)

    def _paint_text(self, element: Element, placement: Placement) -> None:
        """Add the letters of a <text>, each row of the same paint as one thing."""
        for text_run in self._context.regions.runs(element, placement.style, placement.own_units):
            if text_run.text.strip() and text_run.style.visible:
                with self._scope(Scope(text_run.style.opacity) if text_run.style.opacity < 1 else None):
                    self._paint_run(element, text_run, placement)

    def _paint_run(self, element: Element, text_run: TextRun, text_placement: Placement) -> None:
        """Add the letters of one run, and their outline where it has a stroke; `text_placement` is the <text>'s."""
        own_style, run_words = text_run.style, text_run.text.strip()
        placement = replace(text_placement, style=own_style)
        fill = self._servers.layer(element, "fill", placement, text_placement)
        has_stroke = own_style.stroke_width > 0
        stroke = self._servers.layer(element, "stroke", placement, text_placement) if has_stroke else None
        if not (fill or stroke) or own_style.opacity <= 0:
            return
        letters, edge_region, stroke_width = text_run.region(), None, 0.0
        if stroke:
            half_width = own_style.stroke_width / 2
            join_options = {"join_style": own_style.join, "mitre_limit": own_style.mitre_limit}
            edge_region = transformed(
                letters.boundary.buffer(half_width, quad_segs=4, **join_options), placement.matrix
            )
            stroke_width = own_style.stroke_width * stretch(placement.matrix)
        inner_region = transformed(letters, placement.matrix)
        if fill and stroke and edge_region is not None and fill.is_same_colour(stroke):
            self._add(
                element, unary_union([inner_region, edge_region]), placement, fill, stroke, stroke_width, run_words
            )
            return
        is_filled = fill is not None
        if is_filled and edge_region is not None and not own_style.stroke_first:
            left = self._context.overlays.difference(inner_region, edge_region)
            is_filled = left.area >= _LEGIBLE * inner_region.area
        painted_parts = [(inner_region, fill, None, 0.0, run_words if is_filled else None)] if fill else []
        if edge_region is not None:
            painted_parts.append((edge_region, None, stroke, stroke_width, None if is_filled else run_words))  # type: ignore[arg-type]
        for region, own_fill, own_stroke, own_width, written_text in (
            reversed(painted_parts) if own_style.stroke_first else painted_parts
        ):
            self._add(element, region, placement, own_fill, own_stroke, own_width, written_text)

    def _add(
        self,
        element: Element,
        region: BaseGeometry,
        placement: Placement,
        fill: Painting | None,
        stroke: Painting | None,
        stroke_width: float,
        written_text: str | None = None,
    ) -> None:
        """Keep a painted `region` of the scene that covers anything."""
        if region.is_empty or region.area <= 0:
            return
        if max(map(abs, region.bounds)) > self._context.limits.max_number:
            raise element.error("number", f"<{element.name}> is drawn too far out or too large")
        self._context.budget.spend_painted(element)
        painted_thing = PaintedThing(region, None, None, stroke_width, placement.clip, written_text, self._scopes)
        painting = fill or stroke
        assert painting is not None
        if painting.is_tiled:
            painted_thing.cells = self._servers.tiled(element, painting, region, placement)
            if fill:
                painted_thing.fill = Colour(0.0, 0.0, 0.0, 0.0)
            else:
                painted_thing.stroke = Colour(0.0, 0.0, 0.0, 0.0)
        else:
            painted_thing.fill = faded(fill.layer, fill.opacity) if fill and fill.layer else None
            painted_thing.stroke = faded(stroke.layer, stroke.opacity) if stroke and stroke.layer else None
        self.things.append(painted_thing)

    # --- markers (SVG 1.1, 11.6) -------------------------------------------------------------------------------------

    def _paint_markers(self, element: Element, placement: Placement) -> None:
        """Paint the markers of a shape, the first vertex's first."""
        first_marker, middle_marker, last_marker = placement.style.markers
        if element.name not in MARKED or not (first_marker or middle_marker or last_marker):
            return
        corner_vertices = vertices(element, placement.own_units)
        for number, vertex in enumerate(corner_vertices):
            if first_marker and number == 0:
                self._paint_marker(element, first_marker, vertex, True, placement)
            if middle_marker and 0 < number < len(corner_vertices) - 1:
                self._paint_marker(element, middle_marker, vertex, False, placement)
            if last_marker and number == len(corner_vertices) - 1:
                self._paint_marker(element, last_marker, vertex, False, placement)

    def _paint_marker(
        self, element: Element, marker_name: str, vertex: Vertex, is_first: bool, placement: Placement
    ) -> None:
        """Paint what is in a <marker> at one `vertex` of a shape."""
        context = self._context
        marker = context.document.by_id.get(marker_name)
        if marker is None or marker.name != "marker":
            raise element.error("reference", f"there is no marker {marker_name[:40]!r}", "define it in <defs>")
        if context.copies_a("marker"):
            problem_text = f"<{element.name}> in a <marker> has a marker"
            raise element.error("cycle", problem_text, 'write marker="none" on it')
        context.budget.visit(marker, placement.depth)
        outer_style = context.style_around(marker)
        length_units = context.units._replace(font_size=outer_style.letters.size)
        marker_inside = marker_viewport(marker, length_units)
        own_style = read_style(marker, outer_style, length_units)
        matrix = marker_matrix(marker, vertex, is_first, placement.style.stroke_width, length_units)
        if marker_inside is None or own_style.opacity <= 0:
            return
        marker_placement = replace(
            placement,
            style=own_style,
            matrix=multiply(placement.matrix, matrix),
            units=length_units,
            depth=placement.depth + 1,
        )
        with context.copying(marker), self._scope(Scope(own_style.opacity) if own_style.opacity < 1 else None):
            bare = replace(marker_placement, style=replace(own_style, opacity=1.0))
            self._paint_children(marker.children, context.inside(bare, marker_inside))


def _scene(svg_text: str, svg_limits: SvgLimits) -> FlatScene:
    document = Document(parse_svg(svg_text, svg_limits))
    apply_styles(document, svg_limits)
    canvas = root_canvas(document.root, svg_limits)
    context = Context(document, _root_units(document.root, canvas, svg_limits))
    resolver = _Resolver(context)
    resolver.paint(document.root, Placement(SvgStyle(), canvas.matrix, None, context.units, 1))
    return compose_scene(canvas, document.root, resolver.things, context.overlays)


def _root_units(root: Element, canvas: SvgCanvas, svg_limits: SvgLimits) -> Units:
    """Return the units of the drawing, whose `rem` is the font size of the root."""
    length_units = Units(svg_limits, canvas.extent)
    size = read_style(root, SvgStyle(), length_units).letters.size
    return length_units._replace(root_font_size=size)


def resolve_svg(svg_text: str, svg_limits: SvgLimits = SvgLimits()) -> FlatScene | Rejected:  # noqa: B008 - a frozen value
    """Return the scene that an SVG `svg_text` draws, or why it is not accepted; no text makes it raise.

    Args:
        svg_text: the program.
        svg_limits: how much it may ask for.
    """
    try:
        return _scene(svg_text, svg_limits)
    except SvgError as error:
        return error.rejected
    except GEOSException:
        # Overlays of nearly coincident lines can fail in floating point; the drawing is what makes them coincide.
        return Rejected("geometry", "the outlines are too intricate to tell apart", "draw simpler shapes")
