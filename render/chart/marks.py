"""What stands in a panel: shapes told apart by their geometry, measured, and held against the axes.

In a polar panel the angle stands for x and the radius for y.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from shapely import Point, box
from shapely.geometry.base import BaseGeometry

from ...geometry.chart import Bounds, Mark, Series, Value, significant
from .axes import AxisReader, PanelFrame
from .display import Colour, Group, PaintedPath
from .outlines import (
    TOLERANCE,
    are_caps,
    bounds_of,
    box_lines,
    direction,
    distinct,
    hexadecimal,
    is_covered_by,
    rectangle,
    rounded_bounds,
    segment,
    touching,
    two_chains,
)
from .parts import TextBlock
from .polar import RingSector, ring
from .visible import FigureVisibility, region_of

MIN_VISIBLE = 0.02
"""A mark of which less is seen is not there."""
_LABEL_REACH = 0.25
"""Of its radius: a text farther from a wedge's rim is not its name."""
_LARGEST_POINT = 0.2
"""A shape that takes more of the panel's width and height is no point."""

Look: TypeAlias = tuple[Colour | None, Colour | None, tuple[float, ...] | None]
"""Fill, stroke and dashes: what a legend's row is compared by."""


def look_of(shape: PaintedPath) -> Look:
    """How a shape looks."""
    fill, stroke, dash = shape.style.fill, shape.style.stroke, shape.style.dash
    lengths = None if dash is None else tuple(round(length, 2) for length in dash[1])
    return fill if fill and fill[3] else None, stroke if stroke and stroke[3] else None, lengths


class MeasuredMark(NamedTuple):
    """A mark before it becomes one of a series."""

    kind: str
    upright: bool
    look: Look
    artist: Group | None
    mark: Mark
    contrast: float


@dataclass(eq=False)
class MarkReader:
    """Reads the marks of a panel; each step takes the shapes that it knows, and leaves the rest to the next.

    Args:
        reader: of the panel's axes.
        seen: of the whole figure.
        shapes: what is drawn in the panel, without background and spines.
        texts: those that stand by no axis.
    """

    reader: AxisReader
    seen: FigureVisibility
    shapes: list[PaintedPath]
    texts: Sequence[TextBlock]
    wedge_texts: list[TextBlock] = field(default_factory=list)
    """Those that were found to name wedges."""
    found: list[MeasuredMark] = field(default_factory=list)
    others: int = 0
    last: dict[Group, int] = field(default_factory=dict)
    """When each artist paints its last shape."""

    def read(self) -> None:
        """Take all shapes in turn."""
        self.last = {shape.groups[-1]: shape.index for shape in self.shapes if shape.groups}
        self.shapes = [shape for shape in self.shapes if self.share(shape.index, region_of(shape)) > MIN_VISIBLE]
        for step in (self.boxes, self.points, self.bars, self.rings, self.errors, self.lines, self.areas):
            self.shapes = step(self.shapes)
        self.others += sum(self.is_contrasting(shape) for shape in self.shapes)

    # --- what is seen -------------------------------------------------------------------------------------------------

    @property
    def frame(self) -> PanelFrame:
        """The panel's plane."""
        return self.reader.frame

    def share(self, index: int, region: BaseGeometry) -> float:
        """The share of a region that is seen."""
        return self.seen.share(index, region)

    def contrast(self, shape: PaintedPath, region: BaseGeometry) -> float:
        """The best of fill and stroke against what is under them."""
        colours = [colour for colour in (shape.style.fill, shape.style.stroke) if colour is not None]
        shown = self.seen.visible(shape.index, region)
        return max((self.seen.contrast(shape.index, colour, shown) for colour in colours), default=0.0)

    def is_contrasting(self, shape: PaintedPath) -> bool:
        """Whether anything of it stands out."""
        return self.contrast(shape, region_of(shape)) > 0.02

    def keep(
        self,
        kind: str,
        shape: PaintedPath,
        values: Mapping[str, Value | None],
        bounds: Bounds,
        region: BaseGeometry,
        upright: bool = True,
        contrast: float | None = None,
    ) -> None:
        """One more mark, where any of it is seen; its contrast is measured unless it is given."""
        # A line's own markers lie on its corners, and show where they are.
        is_line = kind in ("line", "step") and shape.groups
        share = self.share(self.last.get(shape.groups[-1], shape.index) if is_line else shape.index, region)
        if share < MIN_VISIBLE:
            return
        kept = {name: value for name, value in values.items() if value is not None}
        mark = Mark(kept, rounded_bounds(bounds), round(min(1.0, share), 2))
        contrast = self.contrast(shape, region) if contrast is None else contrast
        artist = shape.groups[-1] if shape.groups else None
        self.found.append(MeasuredMark(kind, upright, look_of(shape), artist, mark, round(contrast, 3)))

    # --- box plots ----------------------------------------------------------------------------------------------------

    def boxes(self, shapes: list[PaintedPath]) -> list[PaintedPath]:
        """Rectangles with a line across, and whiskers."""
        lines = [(shape, ends) for shape in shapes if (ends := self.straight(shape)) is not None]
        rest = list(shapes)
        for shape in shapes:
            bounds = rectangle(shape.path) if shape.places is None else None
            if bounds is None or self.frame.centre is not None:
                continue
            for upright in (True, False):
                taken = box_lines(bounds, lines, upright)
                if taken is None:
                    continue
                median, whiskers, used = taken
                self.keep_box(shape, bounds, median, whiskers, upright)
                gone = {id(shape), *(id(line) for line in used)}
                rest = [other for other in rest if id(other) not in gone]
                lines = [line for line in lines if id(line[0]) not in gone]
                break
        return rest

    def straight(self, shape: PaintedPath) -> np.ndarray | None:
        """The ends of a line that is one straight stroke."""
        return segment(shape.path) if shape.places is None and shape.style.stroke is not None else None

    def keep_box(
        self, shape: PaintedPath, bounds: Bounds, median: float, whiskers: tuple[float, float], upright: bool
    ) -> None:
        """One box: its edges, its median and the far ends of its whiskers."""
        along = int(upright)
        middle = (bounds[1 - along] + bounds[3 - along]) / 2
        places = (whiskers[0], bounds[along], median, bounds[along + 2], whiskers[1])
        numbers = self.sorted_values(along, places)
        values = {"at": self.at(1 - along, middle)}
        if numbers is not None:
            values |= dict(zip(("low", "q1", "median", "q3", "high"), numbers, strict=True))
        self.keep("box", shape, values, bounds, box(*bounds), upright)

    def sorted_values(self, which: int, places: Sequence[float]) -> list[Value] | None:
        """The values at places, the smallest first; None unless all are numbers."""
        found = [self.reader.value(which, place) for place in places]
        return sorted(value for value in found if isinstance(value, float)) if _all_numbers(found) else None

    def at(self, which: int, place: float) -> Value | None:
        """Where something stands: a value, or the category to which it belongs."""
        return self.reader.value(which, place, 0.5 * self.reader.step(which))

    # --- points -------------------------------------------------------------------------------------------------------

    def points(self, shapes: list[PaintedPath]) -> list[PaintedPath]:
        """Markers, and small shapes at places of a collection; those on a line's vertices are the line's."""
        rest = []
        corners: dict[Group, np.ndarray] = {
            shape.groups[-1]: shape.path.drawn for shape in shapes if shape.places is None and shape.groups
        }
        for shape in shapes:
            if shape.places is None:
                rest.append(shape)
                continue
            line = corners.get(shape.groups[-1]) if shape.groups else None
            if line is not None and all(np.abs(line - place).max(axis=1).min() < 0.1 for place in shape.places):
                continue
            # Two points: the cap of an error bar, a stroke across.
            if len(shape.path.points) == 2:
                rest.append(shape)
                continue
            self.keep_points(shape)
        return rest

    def keep_points(self, shape: PaintedPath) -> None:
        """One point at each place of a marker."""
        assert shape.places is not None
        left, top, right, bottom = bounds_of(shape.path.drawn)
        wide, tall = self.frame.bounds[2] - self.frame.bounds[0], self.frame.bounds[3] - self.frame.bounds[1]
        if right - left > _LARGEST_POINT * wide or bottom - top > _LARGEST_POINT * tall:
            self.others += 1
            return
        # Where a marker is not about its place, it is where it is seen.
        middle = np.array([left + right, top + bottom]) / 2
        shift = np.where(np.abs(middle) <= 0.15 * np.array([right - left, bottom - top]), 0.0, middle)
        for number, (x, y) in enumerate((shape.places + shift).tolist()):
            first, second = self.frame.place(x, y)
            values = {"x": self.reader.value(0, first), "y": self.reader.value(1, second)}
            size = (x - (right - left) / 2, y - (bottom - top) / 2, x + (right - left) / 2, y + (bottom - top) / 2)
            self.keep("points", shape, values, size, region_of(shape, number))

    # --- bars ---------------------------------------------------------------------------------------------------------

    def bars(self, shapes: list[PaintedPath]) -> list[PaintedPath]:
        """Rectangles."""
        rest, found = [], []
        for shape in shapes:
            bounds = rectangle(shape.path) if shape.places is None else None
            if bounds is None or self.frame.centre is not None:
                rest.append(shape)
            elif self.spans(bounds):
                self.others += 1
            else:
                found.append((shape, bounds))
        if found:
            upright = self.are_upright([bounds for _, bounds in found])
            close = touching([bounds for _, bounds in found], upright)
            for shape, bounds in found:
                self.keep_bar(shape, bounds, upright, close)
        return rest

    def spans(self, bounds: Bounds) -> bool:
        """Whether a rectangle reaches across the whole panel one way, as a shaded region does."""
        left, top, right, bottom = self.frame.bounds
        across = bounds[0] <= left + TOLERANCE and bounds[2] >= right - TOLERANCE
        down = bounds[1] <= top + TOLERANCE and bounds[3] >= bottom - TOLERANCE
        return across or down

    def are_upright(self, found: Sequence[Bounds]) -> bool:
        """Whether bars run along y: their feet stand on the axis of categories, or are as wide as one another."""
        kinds = [axis.scale.kind if axis and axis.scale else "" for axis in map(self.reader.axis, ("x", "y"))]
        if ("category" in kinds) and kinds[0] != kinds[1]:
            return kinds[0] == "category"
        edges = np.array(found)
        wide, tall = edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1]
        if np.ptp(wide) <= 0.02 * wide.max() and np.ptp(tall) > 0.02 * tall.max():
            return True
        if np.ptp(tall) <= 0.02 * tall.max() and np.ptp(wide) > 0.02 * wide.max():
            return False
        return bool(np.ptp(edges[:, 3]) <= np.ptp(edges[:, 0]))

    def keep_bar(self, shape: PaintedPath, bounds: Bounds, upright: bool, close: bool) -> None:
        """One bar, by those of its ends that are in the panel; a histogram's where bars stand close on a scale."""
        along, frame = int(upright), self.frame.bounds
        ends = [self.end(along, bounds[along]), self.end(along, bounds[along + 2])]
        numbers = sorted(end for end in ends if isinstance(end, float))
        # An end beyond the panel is not seen: the one that is seen keeps its name.
        first_cut = bounds[along] < frame[along] - TOLERANCE
        low_at = bounds[along + 2] if self.rises(along) else bounds[along]
        values: dict[str, Value | None] = {}
        if len(numbers) == 2:
            values = {"low": numbers[0], "high": numbers[1]}
        elif len(numbers) == 1:
            low_is_cut = first_cut == (low_at == bounds[along])
            values = {"high" if low_is_cut else "low": numbers[0]}
        shown = np.clip(bounds, np.tile(frame[:2], 2), np.tile(frame[2:], 2)).tolist()
        region = box(*shown)
        edges = [self.reader.value(1 - along, bounds[1 - along]), self.reader.value(1 - along, bounds[3 - along])]
        if close and _all_numbers(edges):
            left, right = sorted(float(edge) for edge in edges if edge is not None)
            self.keep("histogram", shape, values | {"left": left, "right": right}, shown, region, upright)
            return
        middle = (bounds[1 - along] + bounds[3 - along]) / 2
        self.keep("bar", shape, values | {"at": self.at(1 - along, middle)}, shown, region, upright)

    def end(self, which: int, place: float) -> Value | None:
        """The value at a bar's end, where it is within the panel."""
        low, high = self.frame.bounds[which], self.frame.bounds[which + 2]
        return self.reader.value(which, place) if low - TOLERANCE <= place <= high + TOLERANCE else None

    def rises(self, which: int) -> bool:
        """Whether values grow against the direction of px."""
        axis = self.reader.axis("xy"[which])
        return axis is None or axis.scale is None or axis.scale.slope < 0

    # --- parts of rings: pies and polar bars --------------------------------------------------------------------------

    def rings(self, shapes: list[PaintedPath]) -> list[PaintedPath]:
        """Wedges, about a centre of their own or the polar panel's."""
        rest, wedges = [], []
        for shape in shapes:
            found = ring(shape.path) if shape.places is None and shape.style.fill is not None else None
            if found is None:
                rest.append(shape)
            elif self.frame.centre is None:
                wedges.append((shape, found))
            elif math.dist(found.centre, self.frame.centre[:2]) < TOLERANCE:
                self.keep_polar_bar(shape, found)
            else:
                self.others += 1
        names = self.wedge_names([found for _, found in wedges])
        for (shape, found), name in zip(wedges, names, strict=True):
            values: dict[str, Value | None] = {
                "share": significant((found.end - found.start) / 360, 6),
                "start": significant(found.start, 6),
                "end": significant(found.end, 6),
                "label": name,
            }
            self.keep("wedge", shape, values, bounds_of(shape.path.drawn), region_of(shape))
        return rest

    def wedge_names(self, wedges: Sequence[RingSector]) -> list[str | None]:
        """For each wedge the text just outside the middle of its rim; a text names the wedge that it is nearest to."""
        best: list[tuple[float, TextBlock] | None] = [None] * len(wedges)
        for text in self.texts:
            place = box(*text.bounds)
            apart = [(place.distance(Point(wedge.rim(1.12))) / wedge.outer, at) for at, wedge in enumerate(wedges)]
            distance, at = min(apart, default=(math.inf, -1))
            outside = at >= 0 and math.dist(text.centre, wedges[at].centre) > wedges[at].outer
            taken = best[at] if outside else None
            if outside and distance < _LABEL_REACH and (taken is None or distance < taken[0]):
                best[at] = (distance, text)
        self.wedge_texts = [named[1] for named in best if named is not None]
        return [None if named is None else named[1].string for named in best]

    def keep_polar_bar(self, shape: PaintedPath, found: RingSector) -> None:
        """One bar about the panel's centre."""
        ends = self.sorted_values(1, [found.inner, min(found.outer, 1e6)])
        values: dict[str, Value | None] = {"at": self.at(0, ((found.start + found.end) / 2) % 360)}
        if ends is not None:
            values |= {"low": ends[0], "high": ends[1]}
        self.keep("bar", shape, values, bounds_of(shape.path.drawn), region_of(shape))

    # --- error bars ---------------------------------------------------------------------------------------------------

    def errors(self, shapes: list[PaintedPath]) -> list[PaintedPath]:
        """Straight lines through points, bar ends or corners of lines, with or without caps."""
        places = [*self.point_places(), *(p for shape in shapes for p in self.corners(shape))]
        rest, ends = [], []
        for shape in shapes:
            line = self.straight(shape)
            along = None if line is None or self.frame.centre else direction(line)
            if line is None or along is None:
                rest.append(shape)
                continue
            low, high = sorted(line[:, along])
            through = [
                place
                for place in places
                if abs(place[1 - along] - line[0, 1 - along]) < TOLERANCE and low - 0.1 <= place[along] <= high + 0.1
            ]
            if not through or not self.is_within(line):
                rest.append(shape)
                continue
            numbers = self.sorted_values(along, (low, high))
            values: dict[str, Value | None] = {"at": self.at(1 - along, float(line[0, 1 - along]))}
            if numbers is not None:
                values |= {"low": numbers[0], "high": numbers[1]}
            self.keep("error", shape, values, bounds_of(line), region_of(shape), upright=bool(along))
            ends += line.tolist()
        return [shape for shape in rest if not are_caps(shape, ends)]

    def point_places(self) -> Iterable[tuple[float, float]]:
        """Of points, and of the ends of bars."""
        for one in self.found:
            left, top, right, bottom = one.mark.bounds
            if one.kind == "points":
                yield (left + right) / 2, (top + bottom) / 2
            elif one.kind == "bar":
                x, y = (left + right) / 2, (top + bottom) / 2
                yield from ((x, top), (x, bottom)) if one.upright else ((left, y), (right, y))

    def corners(self, shape: PaintedPath) -> list[tuple[float, float]]:
        """Of a line of more than two points, or of a straight one that runs slantwise."""
        if shape.places is not None or shape.path.is_curved or shape.style.fill is not None:
            return []
        line = segment(shape.path)
        if line is not None and direction(line) is not None:
            return []
        return [(float(x), float(y)) for x, y in shape.path.drawn]

    def is_within(self, points: np.ndarray) -> bool:
        """Whether points are in the panel, and do not reach across all of it."""
        bounds = bounds_of(points)
        return is_covered_by(bounds, self.frame.bounds) and not self.spans(bounds)

    # --- lines and areas ----------------------------------------------------------------------------------------------

    def lines(self, shapes: list[PaintedPath]) -> list[PaintedPath]:
        """Strokes that are no curves."""
        rest = []
        bent = {shape.groups[-1] for shape in shapes if shape.path.is_curved and shape.groups}
        for shape in shapes:
            style, loops = shape.style, shape.path.loops
            if self.frame.centre is None and shape.groups and shape.groups[-1] in bent:
                # A curve, or the head of an arrow with a bent shaft.
                rest.append(shape)
                continue
            if shape.places is not None or style.fill is not None or style.stroke is None or len(loops) != 1:
                rest.append(shape)
                continue
            points, closed = loops[0]
            line = segment(shape.path)
            along = None if line is None else direction(line)
            if line is not None and along is not None and self.spans(bounds_of(line)):
                which = 1 - along
                name = "xy"[which]
                values = {name: self.reader.value(which, float(line[0, which]))}
                self.keep("rule", shape, values, bounds_of(line), region_of(shape), upright=along == 1)
            else:
                self.keep_line(shape, np.concatenate([points, points[:1]]) if closed else points)
        return rest

    def keep_line(self, shape: PaintedPath, points: np.ndarray) -> None:
        """The corners of a line; those outside the panel are not seen."""
        steps = np.abs(np.diff(points, axis=0))
        is_step = len(steps) > 2 and bool((steps.min(axis=1) < 1e-3).all()) and self.frame.centre is None
        left, top, right, bottom = self.frame.bounds
        slack, contrast, before = 3.0, self.contrast(shape, region_of(shape)), len(self.found)
        for x, y in points.tolist():
            if left - TOLERANCE <= x <= right + TOLERANCE and top - TOLERANCE <= y <= bottom + TOLERANCE:
                first, second = self.frame.place(x, y)
                values = {"x": self.reader.value(0, first, slack), "y": self.reader.value(1, second, slack)}
                dot = box(x - 1, y - 1, x + 1, y + 1)
                self.keep("step" if is_step else "line", shape, values, (x, y, x, y), dot, contrast=contrast)
        # Seen, but by no corner of its.
        self.others += len(self.found) == before

    def areas(self, shapes: list[PaintedPath]) -> list[PaintedPath]:
        """Filled shapes between two lines that run along x."""
        rest = []
        for shape in shapes:
            chains = None
            if shape.places is None and shape.style.fill is not None and not shape.path.is_curved:
                chains = two_chains(shape.path.loops) if self.frame.centre is None else None
            if chains is None:
                rest.append(shape)
                continue
            upper, lower = chains
            region = region_of(shape)
            contrast, before = self.contrast(shape, region), len(self.found)
            for x in distinct(np.concatenate([upper[:, 0], lower[:, 0]])):
                ends = [float(np.interp(x, chain[:, 0], chain[:, 1])) for chain in (upper, lower)]
                left, top, right, bottom = self.frame.bounds
                inside = left - TOLERANCE <= x <= right + TOLERANCE
                if inside and all(top - TOLERANCE <= end <= bottom + TOLERANCE for end in ends):
                    values = {"x": self.reader.value(0, x)}
                    if (numbers := self.sorted_values(1, ends)) is not None:
                        values |= {"low": numbers[0], "high": numbers[1]}
                    self.keep("area", shape, values, (x, min(ends), x, max(ends)), region, contrast=contrast)
            # Seen, but by no corner of its.
            self.others += len(self.found) == before
        return rest


def series_of(found: Sequence[MeasuredMark], name: Callable[[Look, str], str]) -> tuple[Series, ...]:
    """Marks put together by kind and look; lines and areas are one each, whatever they look like."""
    together: dict[object, list[MeasuredMark]] = defaultdict(list)
    for one in found:
        own = one.artist if one.kind in ("line", "step", "area", "rule", "cell") else None
        together[one.kind, one.upright, one.look, own].append(one)
    made = []
    for group in together.values():
        first = group[0]
        fill, stroke, _ = first.look
        colour = fill or stroke or (0, 0, 0, 0)
        label = name(first.look, first.kind)
        contrast = min(one.contrast for one in group)
        marks = tuple(one.mark for one in group)
        alpha = round(colour[3] / 255, 3)
        made.append(Series(first.kind, first.upright, hexadecimal(colour), alpha, label, contrast, marks))
    return tuple(made)


def _all_numbers(values: Sequence[Value | None]) -> bool:
    return all(isinstance(value, float) for value in values)
