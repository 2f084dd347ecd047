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
        things, scopes = self.things, self._scopes
        self.things, self._scopes = [], ()
        try:
            for element in elements:
                self.paint(element, placement)
            return self.things
        finally:
            self.things, self._scopes = things, scopes

    def paint(self, element: Element, placement: Placement) -> None:
        """Paint `element` and what is in it; `placement` is that around it."""
        context = self._context
        context.budget.visit(element, placement.depth)
        if element.name in UNPAINTED:
            return
        style = context.style_of(element, placement)
        if not style.displayed or style.opacity <= 0:
            return
        if element.name == "svg" and placement.depth > 1:
            with self._scope(Scope(style.opacity) if style.opacity < 1 else None):
                bare = replace(style, opacity=1.0)
                self._paint_inner(element, replace(placement, style=bare, depth=placement.depth + 1))
            return
        # The <svg> at the root has no transform, and no clip of its own.
        is_root = element is context.document.root
        matrix = placement.matrix if is_root else context.moved(element, placement.matrix, placement.own_units)
        depth = placement.depth + 1
        here = replace(placement, style=style, matrix=matrix, depth=depth)
        if style.clip is not None:
            here = replace(here, clip=context.both(placement.clip, self._clips.region(element, style.clip, here)))
        scope = Scope(style.opacity) if style.opacity < 1 else None
        if style.mask is not None:
            here, scope = self._masked(element, here)
        with self._scope(scope):
            self._paint_content(element, replace(here, style=replace(style, clip=None, mask=None, opacity=1.0)))

    @contextmanager
    def _scope(self, scope: Scope | None) -> Iterator[None]:
        """Put what is painted while the block lasts into a `scope`."""
        around = self._scopes
        self._scopes = around if scope is None else (*around, scope)
        yield
        self._scopes = around

    def _masked(self, element: Element, placement: Placement) -> tuple[Placement, Scope | None]:
        """Return the `placement` and the scope of an element with a mask."""
        style = placement.style
        assert style.mask is not None
        mask = self._servers.mask(element, style.mask, placement)
        clip = self._context.both(placement.clip, unary_union([region for region, _ in mask]))
        is_plain = all(share >= 1 for _, share in mask)
        scope = Scope(style.opacity, None if is_plain else mask)
        return replace(placement, clip=clip), None if is_plain and style.opacity >= 1 else scope

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
        inner = inner_viewport(element, placement.own_units, sizes)
        if inner is not None:
            self._paint_children(element.children, self._context.inside(placement, inner))

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
            style = context.style_of(target, placement)
            sizes = {name: text for name, text in element.attributes.items() if name in ("width", "height")}
            if style.displayed and style.opacity > 0:
                with self._scope(Scope(style.opacity) if style.opacity < 1 else None):
                    bare = replace(style, opacity=1.0)
                    self._paint_inner(target, replace(placement, style=bare, depth=placement.depth + 1), sizes)

    # --- shapes and letters --------------------------------------------------------------------------------------

    def _paint_shape(self, element: Element, placement: Placement) -> None:
        """Add what a shape's fill and stroke cover."""
        style, matrix, regions = placement.style, placement.matrix, self._context.regions
        fill = self._servers.layer(element, "fill", placement)
        stroke = self._servers.layer(element, "stroke", placement) if style.stroke_width > 0 else None
        width = style.stroke_width * stretch(matrix) if stroke else 0.0
        inner, edge = None, None
        if fill:
            inner = transformed(regions.filled(element, style.fill_rule, placement.own_units), matrix)
        if stroke:
            parts = regions.stroked(element, style, placement.own_units)
            edge = unary_union([transformed(part, matrix) for part in parts])
        if inner and edge and fill and stroke and fill.is_same_colour(stroke):
            self._add(element, unary_union([inner, edge]), placement, fill, stroke, width)
            return
        # An outline of another colour is a thing of its own, so that every thing has one colour.
        added = [(inner, fill, None, 0.0), (edge, None, stroke, width)]
        for region, own_fill, own_stroke, own_width in reversed(added) if style.stroke_first else added:
            if region is not None:
                self._add(element, region, placement, own_fill, own_stroke, own_width)

    def _paint_text(self, element: Element, placement: Placement) -> None:
        """Add the letters of a <text>, each row of the same paint as one thing."""
        for run in self._context.regions.runs(element, placement.style, placement.own_units):
            if run.text.strip() and run.style.visible:
                with self._scope(Scope(run.style.opacity) if run.style.opacity < 1 else None):
                    self._paint_run(element, run, replace(placement, style=run.style))

    def _paint_run(self, element: Element, run: TextRun, placement: Placement) -> None:
        """Add the letters of one run, and their outline where it has a stroke."""
        style, words = run.style, run.text.strip()
        fill = self._servers.layer(element, "fill", placement)
        stroke = self._servers.layer(element, "stroke", placement) if style.stroke_width > 0 else None
        if not (fill or stroke) or style.opacity <= 0:
            return
        letters, edge, width = run.region(), None, 0.0
        if stroke:
            half, corners = style.stroke_width / 2, {"join_style": style.join, "mitre_limit": style.mitre_limit}
            edge = transformed(letters.boundary.buffer(half, quad_segs=4, **corners), placement.matrix)
            width = style.stroke_width * stretch(placement.matrix)
        inner = transformed(letters, placement.matrix)
        if fill and stroke and edge is not None and fill.is_same_colour(stroke):
            self._add(element, unary_union([inner, edge]), placement, fill, stroke, width, words)
            return
        is_filled = fill is not None
        if is_filled and edge is not None and not style.stroke_first:
            left = self._context.overlays.difference(inner, edge)
            is_filled = left.area >= _LEGIBLE * inner.area
        added = [(inner, fill, None, 0.0, words if is_filled else None)] if fill else []
        if edge is not None:
            added.append((edge, None, stroke, width, None if is_filled else words))  # type: ignore[arg-type]
        for region, own_fill, own_stroke, own_width, text in reversed(added) if style.stroke_first else added:
            self._add(element, region, placement, own_fill, own_stroke, own_width, text)

    def _add(
        self,
        element: Element,
        region: BaseGeometry,
        placement: Placement,
        fill: Painting | None,
        stroke: Painting | None,
        stroke_width: float,
        text: str | None = None,
    ) -> None:
        """Keep a painted `region` of the scene that covers anything."""
        if region.is_empty or region.area <= 0:
            return
        if max(map(abs, region.bounds)) > self._context.limits.max_number:
            raise element.error("number", f"<{element.name}> is drawn too far out or too large")
        self._context.budget.spend_painted(element)
        thing = PaintedThing(region, None, None, stroke_width, placement.clip, text, self._scopes)
        painting = fill or stroke
        assert painting is not None
        if painting.is_tiled:
            thing.cells = self._servers.tiled(element, painting, region, placement)
            if fill:
                thing.fill = Colour(0.0, 0.0, 0.0, 0.0)
            else:
                thing.stroke = Colour(0.0, 0.0, 0.0, 0.0)
        else:
            thing.fill = faded(fill.layer, fill.opacity) if fill and fill.layer else None
            thing.stroke = faded(stroke.layer, stroke.opacity) if stroke and stroke.layer else None
        self.things.append(thing)

    # --- markers (SVG 1.1, 11.6) -------------------------------------------------------------------------------------

    def _paint_markers(self, element: Element, placement: Placement) -> None:
        """Paint the markers of a shape, the first vertex's first."""
        first, middle, last = placement.style.markers
        if element.name not in MARKED or not (first or middle or last):
            return
        corners = vertices(element, placement.own_units)
        for number, vertex in enumerate(corners):
            if first and number == 0:
                self._paint_marker(element, first, vertex, True, placement)
            if middle and 0 < number < len(corners) - 1:
                self._paint_marker(element, middle, vertex, False, placement)
            if last and number == len(corners) - 1:
                self._paint_marker(element, last, vertex, False, placement)

    def _paint_marker(self, element: Element, name: str, vertex: Vertex, is_first: bool, placement: Placement) -> None:
        """Paint what is in a <marker> at one `vertex` of a shape."""
        context = self._context
        marker = context.document.by_id.get(name)
        if marker is None or marker.name != "marker":
            raise element.error("reference", f"there is no marker {name[:40]!r}", "define it in <defs>")
        if context.copies_a("marker"):
            problem = f"<{element.name}> in a <marker> has a marker"
            raise element.error("cycle", problem, 'write marker="none" on it')
        context.budget.visit(marker, placement.depth)
        around = context.style_around(marker)
        units = context.units._replace(font_size=around.letters.size)
        inner = marker_viewport(marker, units)
        style = read_style(marker, around, units)
        matrix = marker_matrix(marker, vertex, is_first, placement.style.stroke_width, units)
        if inner is None or style.opacity <= 0:
            return
        there = replace(
            placement, style=style, matrix=multiply(placement.matrix, matrix), units=units, depth=placement.depth + 1
        )
        with context.copying(marker), self._scope(Scope(style.opacity) if style.opacity < 1 else None):
            bare = replace(there, style=replace(style, opacity=1.0))
            self._paint_children(marker.children, context.inside(bare, inner))


def _scene(text: str, limits: SvgLimits) -> FlatScene:
    document = Document(parse_svg(text, limits))
    apply_styles(document, limits)
    canvas = root_canvas(document.root, limits)
    context = Context(document, _root_units(document.root, canvas, limits))
    resolver = _Resolver(context)
    resolver.paint(document.root, Placement(SvgStyle(), canvas.matrix, None, context.units, 1))
    return compose_scene(canvas, document.root, resolver.things, context.overlays)


def _root_units(root: Element, canvas: SvgCanvas, limits: SvgLimits) -> Units:
    """Return the units of the drawing, whose `rem` is the font size of the root."""
    units = Units(limits, canvas.extent)
    size = read_style(root, SvgStyle(), units).letters.size
    return units._replace(root_font_size=size)


def resolve_svg(text: str, limits: SvgLimits = SvgLimits()) -> FlatScene | Rejected:  # noqa: B008 - a frozen value
    """Return the scene that an SVG `text` draws, or why it is not accepted; no text makes it raise.

    Args:
        text: the program.
        limits: how much it may ask for.
    """
    try:
        return _scene(text, limits)
    except SvgError as error:
        return error.rejected
    except GEOSException:
        # Overlays of nearly coincident lines can fail in floating point; the drawing is what makes them coincide.
        return Rejected("geometry", "the outlines are too intricate to tell apart", "draw simpler shapes")
