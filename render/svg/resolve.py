"""SVG to scenes: transforms, styles, `use`, markers, text, gradients, clipping and stacking resolved to regions.

Coordinates are those of the canvas (`svg_viewport`), px, x right and y down. Curves become polygons of fixed numbers
of pieces, so the same text gives the same scene on every machine (coordinates are rounded to a grid, see
`geometry.rounded`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from shapely import GEOSException, Polygon, STRtree, box, make_valid, polygons, unary_union
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from ...geometry import FlatObject, FlatScene, Gradient, classify_outline, rounded
from ..outcome import Rejected
from .dash import Dash, MeasuredPath, begins_drawn, dash_count, dashes
from .fill import fill_loops, tangled
from .gradient import Filled, read_gradient
from .marker import MARKED, Vertex, marker_matrix, vertices
from .overlay import Overlays
from .parse import GRADIENTS, NOTES, Element, SvgError, SvgLimits, number, parse_svg
from .path import Point
from .shapes import SHAPES, Subpath
from .stroke import stroked
from .style import IDENTITY, Matrix, Style, multiply, read_style, read_transform
from .text import text_runs
from .viewport import Extent, Inner, inner_viewport, marker_viewport, root_canvas

WHITE = "#ffffff"
EMPTY = Polygon()
BACKGROUND_SLACK = 0.01
"""A first rectangle is the background where it leaves no more of the canvas uncovered, as a share of it."""


@dataclass(slots=True)
class _Painted:
    """A thing before occlusion."""

    outline: BaseGeometry
    fill: str | None
    stroke: str | None
    stroke_width: float
    clip: BaseGeometry | None
    gradient: Gradient | None = None
    text: str | None = None


_UNPAINTED = ("defs", "clipPath", "marker", *GRADIENTS, *NOTES)
"""Elements that paint nothing where they stand."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What holds where an element stands."""

    style: Style
    matrix: Matrix
    """From the units there to the scene."""
    clip: BaseGeometry | None
    """What of the scene may be painted there; None for all."""
    extent: Extent | None
    """What 100% is there."""
    depth: int


@dataclass(slots=True)
class _Resolver:
    """Walks the tree once and collects what is painted."""

    limits: SvgLimits
    overlays: Overlays
    by_id: dict[str, Element] = field(default_factory=dict)
    painted: list[_Painted] = field(default_factory=list)
    parents: dict[int, Element] = field(default_factory=dict)
    copying: list[Element] = field(default_factory=list)
    """The targets of <use>, the clipPaths and the markers that are being resolved, the outermost first."""
    points: int = 0
    glyph_points: int = 0
    visits: int = 0
    dashes: float = 0.0

    def index(self, element: Element) -> None:
        """Remember ids, of which the first of two wins, as in browsers, and what each element lies in."""
        if name := element.attributes.get("id"):
            self.by_id.setdefault(name, element)
        for child in element.children:
            self.parents[id(child)] = element
            self.index(child)

    def visit(self, element: Element, depth: int) -> None:
        """Count an element each time that it is met, so that copies of copies stay few."""
        self.visits += 1
        if self.visits > 4 * self.limits.max_elements:
            raise element.error("size", "<use> and clip-path make too many copies", "draw less")
        if depth > self.limits.max_depth:
            what = f"nested deeper than {self.limits.max_depth}, <use> and clip-path included"
            raise element.error("depth", what, "flatten it")

    def paint(self, element: Element, place: _Place) -> None:
        """Paint an element and what is in it."""
        self.visit(element, place.depth)
        if element.name in _UNPAINTED:
            return
        style = read_style(element, place.style, self.limits)
        if not (style.displayed and style.opaque):
            return
        if element.name == "svg" and place.depth > 1:
            self.paint_inner(element, replace(place, style=style, depth=place.depth + 1))
            return
        matrix = self.moved(element, place.matrix)
        clip = place.clip
        if style.clip is not None:
            region = self.clip_region(element, style.clip, matrix, place.depth + 1)
            clip = region if clip is None else self.overlays.overlap(clip, region)
        here = _Place(replace(style, clip=None), matrix, clip, place.extent, place.depth + 1)
        if element.name in ("svg", "g"):
            self.paint_children(element, here)
        elif element.name == "use":
            target = self.target(element)
            if any(target is other for other in self.copying):
                raise element.error("cycle", f"#{target.attributes['id'][:40]} copies itself", "point to another shape")
            self.copying.append(target)
            self.paint(target, here)
            self.copying.pop()
        elif element.name == "text":
            self.paint_text(element, here)
        elif style.visible:
            self.paint_shape(element, here)
            self.paint_markers(element, here)

    def paint_children(self, element: Element, place: _Place) -> None:
        """Paint what is in an element."""
        for child in element.children:
            self.paint(child, place)

    def paint_inner(self, element: Element, place: _Place) -> None:
        """Paint what is in a nested <svg>."""
        inner = inner_viewport(element, self.limits, place.extent)
        if inner is not None:
            self.paint_children(element, self.inside(place, inner))

    def inside(self, place: _Place, inner: Inner) -> _Place:
        """What holds inside a viewport that stands at a place."""
        clip = place.clip
        if inner.clips:
            left, top, width, height = inner.frame
            frame = _transformed(box(left, top, left + width, top + height), place.matrix)
            clip = frame if clip is None else self.overlays.overlap(clip, frame)
        return replace(place, matrix=multiply(place.matrix, inner.matrix), clip=clip, extent=inner.extent)

    def target(self, element: Element) -> Element:
        """What a <use> points to; only places in this document are reached."""
        reference = element.attributes.get("href", "")
        if not reference.startswith("#"):
            hint = 'point to an id of this drawing: href="#name"'
            raise element.error("reference", f"<use> points to {reference[:40]!r}", hint)
        found = self.by_id.get(reference[1:])
        if found is None:
            raise element.error("reference", f"there is no id {reference[1:41]!r}", "define it in <defs>")
        if found.name in ("svg", "tspan", "stop", *_UNPAINTED):
            raise element.error("reference", f"<use> cannot copy a <{found.name}>", "copy a shape or a <g>")
        return found

    def moved(self, element: Element, matrix: Matrix) -> Matrix:
        """From the units in an element to the scene."""
        matrix = multiply(matrix, read_transform(element, self.limits))
        if element.name != "use":
            return matrix
        # x and y of <use> move what its own clip-path refers to as well (SVG 1.1, 5.6).
        offset = (number(element, "x", self.limits), number(element, "y", self.limits))
        return multiply(matrix, (1.0, 0.0, 0.0, 1.0, *offset))

    # --- clipping (SVG 1.1, 14.3.5) --------------------------------------------------------------------------------

    def clip_region(self, element: Element, name: str, matrix: Matrix, depth: int) -> BaseGeometry:
        """What of the scene a clipPath leaves to an element: its shapes together, within its own clip-path."""
        found = self.by_id.get(name)
        if found is None or found.name != "clipPath":
            raise element.error("reference", f"there is no clipPath {name[:40]!r}", "define it in <defs>")
        if any(found is other for other in self.copying):
            raise element.error("cycle", f"clipPath {name[:40]!r} clips itself", "clip with another clipPath")
        if found.attributes.get("clipPathUnits", "userSpaceOnUse") != "userSpaceOnUse":
            raise found.error("attribute", "clipPathUnits must be userSpaceOnUse", "write px of the drawing")
        self.visit(found, depth)
        style, own = read_style(found, self.inherited(found), self.limits), read_transform(found, self.limits)
        if style.clip and own != IDENTITY:
            # Whether the transform moves the outer clip as well is told nowhere, and programs differ.
            what = "a <clipPath> has both transform and clip-path"
            raise found.error("reference", what, "write the transform on the shapes in it")
        self.copying.append(found)
        above, inside = replace(style, clip=None), multiply(matrix, own)
        region = unary_union([self.clip_part(child, above, inside, depth + 1) for child in found.children])
        if style.clip:
            region = self.overlays.overlap(region, self.clip_region(found, style.clip, matrix, depth + 1))
        self.copying.pop()
        return region

    def inherited(self, element: Element) -> Style:
        """The style around an element where it is written: what a clipPath inherits, whoever refers to it."""
        parent = self.parents.get(id(element))
        return Style() if parent is None else read_style(parent, self.inherited(parent), self.limits)

    def clip_part(self, element: Element, above: Style, matrix: Matrix, depth: int) -> BaseGeometry:
        """What one shape of a clipPath adds to it, painted or not."""
        self.visit(element, depth)
        style = read_style(element, above, self.limits)
        if element.name in ("title", "desc") or not style.displayed:
            return EMPTY
        matrix = self.moved(element, matrix)
        if element.name == "use":
            target = self.target(element)
            if target.name in ("g", "use"):
                what = f"<use> in a <clipPath> points to a <{target.name}>"
                raise element.error("reference", what, "point to one shape")
            region = self.clip_part(target, replace(style, clip=None), matrix, depth + 1)
        else:
            is_text = element.name == "text"
            fills = self.text_region(element, style) if is_text else self.fill_region(element, style.clip_rule)
            region = _transformed(fills, matrix) if style.visible or is_text else EMPTY
        if style.clip:
            region = self.overlays.overlap(region, self.clip_region(element, style.clip, matrix, depth + 1))
        return region

    # --- painting ----------------------------------------------------------------------------------------------------

    def paint_shape(self, element: Element, place: _Place) -> None:
        """Add the regions that a shape's fill and stroke cover."""
        style, matrix, clip = place.style, place.matrix, place.clip
        fill, gradient = style.fill if style.fill_shown else None, None
        if style.gradient is not None and style.fill_shown:
            server = self.gradient(element, style.gradient, place)
            fill, gradient = (None, server) if isinstance(server, Gradient) else (server, None)
        stroke = style.stroke if style.stroke_shown and style.stroke_width > 0 else None
        scale = math.sqrt(abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]))
        width = style.stroke_width * scale if stroke else 0.0
        is_filled = fill is not None or gradient is not None
        inner = _transformed(self.fill_region(element, style.fill_rule), matrix) if is_filled else EMPTY
        edge = EMPTY
        if stroke:
            edge = unary_union([_transformed(part, matrix) for part in self.stroke_regions(element, style)])
        if fill and fill == stroke:
            self.add(element, _Painted(unary_union([inner, edge]), fill, stroke, width, clip))
            return
        # An outline of another colour is a thing of its own, so that every thing has one colour.
        self.add(element, _Painted(inner, fill, None, 0.0, clip, gradient))
        self.add(element, _Painted(edge, None, stroke, width, clip))

    def gradient(self, element: Element, name: str, place: _Place) -> Gradient | str | None:
        """What a gradient paints a shape with: itself, one colour, or nothing."""
        if element.name not in SHAPES:
            raise element.error("element", f"<{element.name}> is not allowed here", "use shapes")
        points = [point for line, _ in SHAPES[element.name](element, self.limits) for point in line]
        if not points:
            return None
        filled = Filled(element, points, place.matrix, place.extent)
        return read_gradient(filled, name, self.by_id, self.inherited, self.limits)

    def paint_text(self, element: Element, place: _Place) -> None:
        """Add the letters of a <text>, each row of the same paint as one thing."""
        for run in text_runs(element, place.style, self.limits):
            style, words = run.style, run.text.strip()
            self.count_letters(element, run.points)
            if not words or not style.visible:
                continue
            if style.stroke and style.stroke_shown and style.stroke_width > 0:
                # Letters are so thin that an outline hides their fill: what colour they have would be a guess.
                raise element.error("text", "text has a stroke", 'write stroke="none" on the <text>')
            if style.fill_shown and style.gradient is not None:
                raise element.error("text", "text is filled with a gradient", "fill text with one colour")
            if style.fill_shown and style.fill:
                region = _transformed(run.region(), place.matrix)
                self.add(element, _Painted(region, style.fill, None, 0.0, place.clip, text=words))

    def count_letters(self, element: Element, points: int) -> None:
        """Count the vertices of letters, which have a limit of their own."""
        self.glyph_points += points
        if self.glyph_points > self.limits.max_glyph_points:
            what = f"the letters of all text have more than {self.limits.max_glyph_points} points"
            raise element.error("size", what, "write less")

    def paint_markers(self, element: Element, place: _Place) -> None:
        """Paint the markers of a shape, the first vertex's first."""
        first, middle, last = place.style.markers
        if element.name not in MARKED or not (first or middle or last):
            return
        found = vertices(element, self.limits)
        for at, vertex in enumerate(found):
            if first and at == 0:
                self.paint_marker(element, first, vertex, True, place)
            if middle and 0 < at < len(found) - 1:
                self.paint_marker(element, middle, vertex, False, place)
            if last and at == len(found) - 1:
                self.paint_marker(element, last, vertex, False, place)

    def paint_marker(self, element: Element, name: str, vertex: Vertex, is_first: bool, place: _Place) -> None:
        """Paint what is in a <marker> at one vertex of a shape."""
        marker = self.by_id.get(name)
        if marker is None or marker.name != "marker":
            raise element.error("reference", f"there is no marker {name[:40]!r}", "define it in <defs>")
        if any(other.name == "marker" for other in self.copying):
            raise element.error("cycle", f"<{element.name}> in a <marker> has a marker", 'write marker="none" on it')
        self.visit(marker, place.depth)
        inner = marker_viewport(marker, self.limits)
        style = read_style(marker, self.inherited(marker), self.limits)
        matrix = marker_matrix(marker, vertex, is_first, place.style.stroke_width, self.limits)
        if inner is None or not style.opaque:
            return
        there = _Place(style, multiply(place.matrix, matrix), place.clip, place.extent, place.depth + 1)
        self.copying.append(marker)
        self.paint_children(marker, self.inside(there, inner))
        self.copying.pop()

    def add(self, element: Element, thing: _Painted) -> None:
        """Keep a thing that covers anything."""
        if thing.outline.is_empty or thing.outline.area <= 0:
            return
        if max(map(abs, thing.outline.bounds)) > self.limits.max_number:
            raise element.error("number", f"<{element.name}> is drawn too far out or too large")
        if len(self.painted) >= self.limits.max_painted:
            raise element.error("size", f"more than {self.limits.max_painted} things are painted", "draw less")
        self.painted.append(thing)

    # --- regions of single shapes, in the element's own coordinates ----------------------------------------------

    def subpaths(self, element: Element) -> list[Subpath]:
        """The boundary of a shape as points, each part with whether it is closed."""
        if element.name not in SHAPES:
            raise element.error("element", f"<{element.name}> is not allowed here", "use shapes")
        found = SHAPES[element.name](element, self.limits)
        self.points += sum(len(points) for points, _ in found)
        if self.points > self.limits.max_points:
            raise element.error("size", f"more than {self.limits.max_points} points in all", "draw less")
        return found

    def fill_region(self, element: Element, rule: str) -> BaseGeometry:
        """What filling covers; open parts are closed first, as SVG does."""
        loops = [points for points, _ in self.subpaths(element) if len(set(points)) > 2]
        if len(loops) == 1 and (simple := polygons(np.array(loops[0]))).is_valid:
            return simple
        self.check_tangle(element, loops, closed=True)
        return fill_loops(loops, rule)

    def text_region(self, element: Element, style: Style) -> BaseGeometry:
        """What the letters of a <text> cover, painted or not."""
        runs = text_runs(element, style, self.limits)
        self.count_letters(element, sum(run.points for run in runs))
        return unary_union([run.region() for run in runs if run.style.visible])

    def check_tangle(self, element: Element, lines: Sequence[Sequence[Point]], closed: bool) -> None:
        """Refuse lines that cross so often that resolving them takes long."""
        if tangled(lines, closed, self.limits.max_crossings):
            raise element.error("size", f"the lines cross more than {self.limits.max_crossings} times", "draw less")

    def stroke_regions(self, element: Element, style: Style) -> list[BaseGeometry]:
        """What stroking covers, in parts that may overlap."""
        found = []
        for points, closed in self.subpaths(element):
            self.check_tangle(element, [points], closed)
            line = [*points, points[0]] if closed else points
            if len(set(line)) > 1:
                whole = [Dash(line, closed=closed)]
                pieces = self.dashed(element, MeasuredPath(line), closed, style) if style.dashes else whole
                found += [stroked(piece, style) for piece in pieces]
            elif style.cap != "flat" and (not style.dashes or begins_drawn(style.dashes, style.dash_offset)):
                # A subpath without length is seen by its caps alone, which lie along the x axis (11.4).
                found.append(stroked(Dash([points[0]]), style))
        if style.dashes and found and len(STRtree(found).query(found)[0]) > 20 * self.limits.max_dashes:
            # Each pair is met twice. Dashes meet their neighbours; where all meet all, overlays take long.
            raise element.error("size", "the dashes lie on one another", "draw a thinner line or longer gaps")
        return found

    def dashed(self, element: Element, line: MeasuredPath, closed: bool, style: Style) -> list[Dash]:
        """The dashes of a line, few enough to draw."""
        self.dashes += dash_count(line.length, style.dashes)
        if self.dashes > self.limits.max_dashes:
            what = f"more than {self.limits.max_dashes} dashes in all"
            raise element.error("size", what, "write larger numbers in stroke-dasharray")
        return dashes(line, closed, style.dashes, style.dash_offset)


def _transformed(region: BaseGeometry, matrix: Matrix) -> BaseGeometry:
    if matrix == IDENTITY:
        return region
    a, b, c, d, e, f = matrix
    if a * d - b * c == 0:
        return Polygon()
    moved = affine_transform(region, [a, c, b, d, e, f])
    return moved if moved.is_valid else make_valid(moved)


# --- the document --------------------------------------------------------------------------------------------


def _occluded(painted: Sequence[_Painted], canvas: Polygon, overlays: Overlays) -> list[BaseGeometry]:
    """What remains visible of each thing under those painted later."""
    shown = []
    for thing in painted:
        inside = thing.outline if canvas.covers(thing.outline) else overlays.overlap(thing.outline, canvas)
        shown.append(inside if thing.clip is None else overlays.overlap(inside, thing.clip))
    found = []
    for i, region in enumerate(shown):
        left, top, right, bottom = region.bounds if not region.is_empty else (0.0, 0.0, 0.0, 0.0)
        for cover in shown[i + 1 :]:
            if cover.is_empty or region.is_empty:
                continue
            a, b, c, d = cover.bounds
            if a < right and c > left and b < bottom and d > top:
                region = overlays.difference(region, cover)
        found.append(region)
    return found


def _scene(text: str, limits: SvgLimits) -> FlatScene:
    root = parse_svg(text, limits)
    width, height, matrix, extent = root_canvas(root, limits)
    canvas = box(0.0, 0.0, width, height)
    resolver = _Resolver(limits, Overlays(limits))
    resolver.index(root)
    resolver.paint(root, _Place(Style(), matrix, None, extent, 1))
    painted, background = resolver.painted, WHITE
    if painted and (first := painted[0]).fill and first.clip is None and first.stroke is None:
        if canvas.difference(first.outline).area <= BACKGROUND_SLACK * canvas.area:
            background, painted = first.fill, painted[1:]
    objects: list[FlatObject] = []
    for thing, visible in zip(painted, _occluded(painted, canvas, resolver.overlays), strict=True):
        outline = rounded(thing.outline)
        if outline.is_empty:
            continue
        kind, margin = classify_outline(outline) if thing.text is None else ("text", 1.0)
        objects.append(
            FlatObject(
                index=len(objects),
                kind=kind,
                kind_margin=round(margin, 3),
                fill=thing.fill,
                stroke=thing.stroke,
                stroke_width=round(thing.stroke_width, 3),
                outline=outline,
                visible=outline if visible is thing.outline else rounded(visible),
                text=thing.text,
                gradient=thing.gradient,
            )
        )
    return FlatScene(width, height, background, tuple(objects))


def resolve_svg(text: str, limits: SvgLimits = SvgLimits()) -> FlatScene | Rejected:  # noqa: B008 - a frozen value
    """The scene that an SVG text draws, or why it is not accepted; no text makes it raise."""
    try:
        return _scene(text, limits)
    except SvgError as error:
        return error.rejected
    except GEOSException:
        # Overlays of nearly coincident lines can fail in floating point; the drawing is what makes them coincide.
        return Rejected("geometry", "the outlines are too intricate to tell apart", "draw simpler shapes")
