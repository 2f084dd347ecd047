"""Regions of single shapes and texts, in the element's own coordinates, counted towards the budget."""

from collections.abc import Sequence

import numpy as np
from shapely import Polygon, STRtree, make_valid, polygons, unary_union
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from .dash import Dash, MeasuredPath, begins_drawn, dash_count, dashes
from .document import Document, Element
from .fill import fill_loops, tangled
from .limits import Budget
from .path import Point
from .scan import Units, parse_number
from .shapes import SHAPES, Subpath
from .stroke import stroked
from .style import SvgStyle
from .text import TextRun, Track, text_runs
from .transform import IDENTITY, Matrix, applied, read_transform

EMPTY = Polygon()


def transformed(region: BaseGeometry, matrix: Matrix) -> BaseGeometry:
    """Return a `region` under a `matrix`; empty where that flattens it."""
    if matrix == IDENTITY:
        return region
    a, b, c, d, e, f = matrix
    if a * d - b * c == 0:
        return EMPTY
    moved_region = affine_transform(region, [a, c, b, d, e, f])
    return moved_region if moved_region.is_valid else make_valid(moved_region)


class Regions:
    """Reads what elements cover. A shape is read once, however often a <use> copies it."""

    def __init__(self, document: Document, budget: Budget) -> None:
        """Read elements of a `document`, and count towards `budget`."""
        self._document = document
        self._budget = budget
        self._limits = budget.limits
        self._subpaths: dict[tuple[int, Units], list[Subpath]] = {}

    def subpaths(self, element: Element, length_units: Units) -> list[Subpath]:
        """Return the boundary of a shape as points, each part with whether it is closed."""
        if element.name not in SHAPES:
            raise element.error("element", f"<{element.name}> is not allowed here", "use shapes")
        cache_key = (id(element), length_units)
        if cache_key not in self._subpaths:
            self._subpaths[cache_key] = SHAPES[element.name](element, length_units)
        subpaths = self._subpaths[cache_key]
        self._budget.spend_points(element, sum(len(line_points) for line_points, _ in subpaths))
        return subpaths

    def bounds(self, element: Element, length_units: Units) -> tuple[float, float, float, float] | None:
        """Return left, top, right and bottom of a shape's geometry, strokes left out; None where it has none."""
        line_points = [point for subpath_points, _ in self.subpaths(element, length_units) for point in subpath_points]
        if not line_points:
            return None
        across, down = zip(*line_points, strict=True)
        return min(across), min(down), max(across), max(down)

    def filled(self, element: Element, fill_rule: str, length_units: Units) -> BaseGeometry:
        """Return what filling covers; open parts are closed first, as SVG does."""
        loops = [line_points for line_points, _ in self.subpaths(element, length_units) if len(set(line_points)) > 2]
        if len(loops) == 1 and (simple := polygons(np.array(loops[0]))).is_valid:
            return simple
        self._check_tangle(element, loops, is_closed=True)
        return fill_loops(loops, fill_rule)

    def stroked(self, element: Element, style: SvgStyle, length_units: Units) -> list[BaseGeometry]:
        """Return what stroking covers, in parts that may overlap."""
        stroke_parts: list[BaseGeometry] = []
        for line_points, is_closed in self.subpaths(element, length_units):
            self._check_tangle(element, [line_points], is_closed)
            closed_line = [*line_points, line_points[0]] if is_closed else line_points
            if len(set(closed_line)) > 1:
                whole_line = [Dash(closed_line, closed=is_closed)]
                line_pieces = (
                    self._dashed(element, MeasuredPath(closed_line), is_closed, style) if style.dashes else whole_line
                )
                stroke_parts += [stroked(piece, style) for piece in line_pieces]
            elif style.cap != "flat" and (not style.dashes or begins_drawn(style.dashes, style.dash_offset)):
                # A subpath without length is seen by its caps alone, which lie along the x axis (11.4).
                stroke_parts.append(stroked(Dash([line_points[0]]), style))
        if (
            style.dashes
            and stroke_parts
            and len(STRtree(stroke_parts).query(stroke_parts)[0]) > 20 * self._limits.max_dashes
        ):
            # Each pair is met twice. Dashes meet their neighbours; where all meet all, overlays take long.
            raise element.error("size", "the dashes lie on one another", "draw a thinner line or longer gaps")
        return stroke_parts

    def runs(self, element: Element, style: SvgStyle, length_units: Units) -> list[TextRun]:
        """Return the letters of a <text> in rows of the same paint."""
        runs = text_runs(element, style, length_units, self._track)
        self._budget.spend_glyph_points(element, sum(run.point_count for run in runs))
        return runs

    def _track(self, element: Element, length_units: Units) -> Track:
        """Return the path that the <textPath> `element` refers to."""
        target = self._document.fragment(element, element.attributes.get("href", ""))
        lines = [(points, closed) for points, closed in self.subpaths(target, length_units) if len(set(points)) > 1]
        if len(lines) != 1:
            problem_text = f"the <{target.name}> that letters follow has {len(lines)} parts with a length"
            raise element.error("reference", problem_text, "point to a <path> of one part")
        ((line_points, is_closed),) = lines
        matrix = read_transform(target, length_units)
        moved_points = [applied(matrix, point) for point in line_points]
        line = MeasuredPath([*moved_points, moved_points[0]] if is_closed else moved_points)
        offset_text = element.attributes.get("startOffset", "0")
        if offset_text.endswith("%"):
            return Track(line, line.length * parse_number(element, "startOffset", offset_text[:-1], self._limits) / 100)
        return Track(line, length_units.length(element, "startOffset", offset_text))

    def lettered(self, element: Element, style: SvgStyle, length_units: Units) -> BaseGeometry:
        """Return what the letters of a <text> cover, painted or not."""
        return unary_union([run.region() for run in self.runs(element, style, length_units) if run.style.visible])

    def _check_tangle(self, element: Element, lines: Sequence[Sequence[Point]], is_closed: bool) -> None:
        """Refuse lines that cross so often that resolving them takes long."""
        if tangled(lines, is_closed, self._limits.max_crossings):
            problem_text = f"the lines cross more than {self._limits.max_crossings} times"
            raise element.error("size", problem_text, "draw less")

    def _dashed(self, element: Element, measured_line: MeasuredPath, is_closed: bool, style: SvgStyle) -> list[Dash]:
        """Return the dashes of a line, few enough to draw."""
        self._budget.spend_dashes(element, dash_count(measured_line.length, style.dashes))
        return dashes(measured_line, is_closed, style.dashes, style.dash_offset)
