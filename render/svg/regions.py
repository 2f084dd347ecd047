"""Regions of single shapes and texts, in the element's own coordinates, counted towards the budget."""

from collections.abc import Sequence

import numpy as np
from shapely import Polygon, STRtree, make_valid, polygons, unary_union
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from .dash import Dash, MeasuredPath, begins_drawn, dash_count, dashes
from .document import Element
from .fill import fill_loops, tangled
from .limits import Budget
from .path import Point
from .scan import Units
from .shapes import SHAPES, Subpath
from .stroke import stroked
from .style import SvgStyle
from .text import TextRun, text_runs
from .transform import IDENTITY, Matrix

EMPTY = Polygon()


def transformed(region: BaseGeometry, matrix: Matrix) -> BaseGeometry:
    """Return a `region` under a `matrix`; empty where that flattens it."""
    if matrix == IDENTITY:
        return region
    a, b, c, d, e, f = matrix
    if a * d - b * c == 0:
        return EMPTY
    moved = affine_transform(region, [a, c, b, d, e, f])
    return moved if moved.is_valid else make_valid(moved)


class Regions:
    """Reads what elements cover. A shape is read once, however often a <use> copies it."""

    def __init__(self, budget: Budget) -> None:
        """Count towards `budget`."""
        self._budget = budget
        self._limits = budget.limits
        self._subpaths: dict[tuple[int, Units], list[Subpath]] = {}

    def subpaths(self, element: Element, units: Units) -> list[Subpath]:
        """Return the boundary of a shape as points, each part with whether it is closed."""
        if element.name not in SHAPES:
            raise element.error("element", f"<{element.name}> is not allowed here", "use shapes")
        key = (id(element), units)
        if key not in self._subpaths:
            self._subpaths[key] = SHAPES[element.name](element, units)
        subpaths = self._subpaths[key]
        self._budget.spend_points(element, sum(len(points) for points, _ in subpaths))
        return subpaths

    def bounds(self, element: Element, units: Units) -> tuple[float, float, float, float] | None:
        """Return left, top, right and bottom of a shape's geometry, strokes left out; None where it has none."""
        points = [point for line, _ in self.subpaths(element, units) for point in line]
        if not points:
            return None
        across, down = zip(*points, strict=True)
        return min(across), min(down), max(across), max(down)

    def filled(self, element: Element, fill_rule: str, units: Units) -> BaseGeometry:
        """Return what filling covers; open parts are closed first, as SVG does."""
        loops = [points for points, _ in self.subpaths(element, units) if len(set(points)) > 2]
        if len(loops) == 1 and (simple := polygons(np.array(loops[0]))).is_valid:
            return simple
        self._check_tangle(element, loops, is_closed=True)
        return fill_loops(loops, fill_rule)

    def stroked(self, element: Element, style: SvgStyle, units: Units) -> list[BaseGeometry]:
        """Return what stroking covers, in parts that may overlap."""
        parts: list[BaseGeometry] = []
        for points, is_closed in self.subpaths(element, units):
            self._check_tangle(element, [points], is_closed)
            line = [*points, points[0]] if is_closed else points
            if len(set(line)) > 1:
                whole = [Dash(line, closed=is_closed)]
                pieces = self._dashed(element, MeasuredPath(line), is_closed, style) if style.dashes else whole
                parts += [stroked(piece, style) for piece in pieces]
            elif style.cap != "flat" and (not style.dashes or begins_drawn(style.dashes, style.dash_offset)):
                # A subpath without length is seen by its caps alone, which lie along the x axis (11.4).
                parts.append(stroked(Dash([points[0]]), style))
        if style.dashes and parts and len(STRtree(parts).query(parts)[0]) > 20 * self._limits.max_dashes:
            # Each pair is met twice. Dashes meet their neighbours; where all meet all, overlays take long.
            raise element.error("size", "the dashes lie on one another", "draw a thinner line or longer gaps")
        return parts

    def runs(self, element: Element, style: SvgStyle, units: Units) -> list[TextRun]:
        """Return the letters of a <text> in rows of the same paint."""
        runs = text_runs(element, style, units)
        self._budget.spend_glyph_points(element, sum(run.point_count for run in runs))
        return runs

    def lettered(self, element: Element, style: SvgStyle, units: Units) -> BaseGeometry:
        """Return what the letters of a <text> cover, painted or not."""
        return unary_union([run.region() for run in self.runs(element, style, units) if run.style.visible])

    def _check_tangle(self, element: Element, lines: Sequence[Sequence[Point]], is_closed: bool) -> None:
        """Refuse lines that cross so often that resolving them takes long."""
        if tangled(lines, is_closed, self._limits.max_crossings):
            problem = f"the lines cross more than {self._limits.max_crossings} times"
            raise element.error("size", problem, "draw less")

    def _dashed(self, element: Element, line: MeasuredPath, is_closed: bool, style: SvgStyle) -> list[Dash]:
        """Return the dashes of a line, few enough to draw."""
        self._budget.spend_dashes(element, dash_count(line.length, style.dashes))
        return dashes(line, is_closed, style.dashes, style.dash_offset)
