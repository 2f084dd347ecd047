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


def look_of(painted_path: PaintedPath) -> Look:
    """How a shape looks."""
    fill, stroke, dash = painted_path.style.fill, painted_path.style.stroke, painted_path.style.dash
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

    axis_reader: AxisReader
    visibility: FigureVisibility
    painted_paths: list[PaintedPath]
    text_blocks: Sequence[TextBlock]
    wedge_texts: list[TextBlock] = field(default_factory=list)
    """Those that were found to name wedges."""
    measured_marks: list[MeasuredMark] = field(default_factory=list)
    unread_count: int = 0
    last_painted: dict[Group, int] = field(default_factory=dict)
    """When each artist paints its last shape."""

    def read(self) -> None:
        """Take all shapes in turn."""
        self.last_painted = {
            painted_path.groups[-1]: painted_path.paint_order
            for painted_path in self.painted_paths
            if painted_path.groups
        }
        self.painted_paths = [
            painted_path
            for painted_path in self.painted_paths
            if self.share(painted_path.paint_order, region_of(painted_path)) > MIN_VISIBLE
        ]
        for step in (self.boxes, self.points, self.bars, self.rings, self.errors, self.lines, self.areas):
            self.painted_paths = step(self.painted_paths)
        self.unread_count += sum(self.is_contrasting(painted_path) for painted_path in self.painted_paths)

    # --- what is seen -------------------------------------------------------------------------------------------------

    @property
    def panel_frame(self) -> PanelFrame:
        """The panel's plane."""
        return self.axis_reader.panel_frame

    def share(self, paint_order: int, region: BaseGeometry) -> float:
        """The share of a region that is seen."""
        return self.visibility.share(paint_order, region)

    def contrast(self, painted_path: PaintedPath, region: BaseGeometry) -> float:
        """The best of fill and stroke against what is under them."""
        colours = [colour for colour in (painted_path.style.fill, painted_path.style.stroke) if colour is not None]
        shown = self.visibility.visible(painted_path.paint_order, region)
        return max(
            (self.visibility.contrast(painted_path.paint_order, colour, shown) for colour in colours), default=0.0
        )

    def is_contrasting(self, painted_path: PaintedPath) -> bool:
        """Whether anything of it stands out."""
        return self.contrast(painted_path, region_of(painted_path)) > 0.02

    def keep(
        self,
        kind: str,
        painted_path: PaintedPath,
        mark_values: Mapping[str, Value | None],
        bounds: Bounds,
        region: BaseGeometry,
        upright: bool = True,
        contrast: float | None = None,
    ) -> None:
        """One more mark, where any of it is seen; its contrast is measured unless it is given."""
        # A line's own markers lie on its corners, and show where they are.
        is_line = kind in ("line", "step") and painted_path.groups
        share = self.share(
            self.last_painted.get(painted_path.groups[-1], painted_path.paint_order)
            if is_line
            else painted_path.paint_order,
            region,
        )
        if share < MIN_VISIBLE:
            return
        kept = {name: value for name, value in mark_values.items() if value is not None}
        mark = Mark(kept, rounded_bounds(bounds), round(min(1.0, share), 2))
        contrast = self.contrast(painted_path, region) if contrast is None else contrast
        artist = painted_path.groups[-1] if painted_path.groups else None
        self.measured_marks.append(MeasuredMark(kind, upright, look_of(painted_path), artist, mark, round(contrast, 3)))

    # --- box plots ----------------------------------------------------------------------------------------------------

    def boxes(self, painted_paths: list[PaintedPath]) -> list[PaintedPath]:
        """Rectangles with a line across, and whiskers."""
        lines = [
            (painted_path, ends) for painted_path in painted_paths if (ends := self.straight(painted_path)) is not None
        ]
        unread_paths = list(painted_paths)
        for painted_path in painted_paths:
            bounds = rectangle(painted_path.path) if painted_path.marker_places is None else None
            if bounds is None or self.panel_frame.centre is not None:
                continue
            for upright in (True, False):
                taken = box_lines(bounds, lines, upright)
                if taken is None:
                    continue
                median, whiskers, used = taken
                self.keep_box(painted_path, bounds, median, whiskers, upright)
                gone = {id(painted_path), *(id(line) for line in used)}
                unread_paths = [other for other in unread_paths if id(other) not in gone]
                lines = [line for line in lines if id(line[0]) not in gone]
                break
        return unread_paths

    def straight(self, painted_path: PaintedPath) -> np.ndarray | None:
        """The ends of a line that is one straight stroke."""
        return (
            segment(painted_path.path)
            if painted_path.marker_places is None and painted_path.style.stroke is not None
            else None
        )

    def keep_box(
        self, painted_path: PaintedPath, bounds: Bounds, median: float, whiskers: tuple[float, float], upright: bool
    ) -> None:
        """One box: its edges, its median and the far ends of its whiskers."""
        along = int(upright)
        middle = (bounds[1 - along] + bounds[3 - along]) / 2
        places = (whiskers[0], bounds[along], median, bounds[along + 2], whiskers[1])
        numbers = self.sorted_values(along, places)
        mark_values = {"at": self.at(1 - along, middle)}
        if numbers is not None:
            mark_values |= dict(zip(("low", "q1", "median", "q3", "high"), numbers, strict=True))
        self.keep("box", painted_path, mark_values, bounds, box(*bounds), upright)

    def sorted_values(self, axis_index: int, places: Sequence[float]) -> list[Value] | None:
        """The values at places, the smallest first; None unless all are numbers."""
        found = [self.axis_reader.value(axis_index, axis_position) for axis_position in places]
        return sorted(value for value in found if isinstance(value, float)) if _all_numbers(found) else None

    def at(self, axis_index: int, axis_position: float) -> Value | None:
        """Where something stands: a value, or the category to which it belongs."""
        return self.axis_reader.value(axis_index, axis_position, 0.5 * self.axis_reader.step(axis_index))

    # --- points -------------------------------------------------------------------------------------------------------

    def points(self, painted_paths: list[PaintedPath]) -> list[PaintedPath]:
        """Markers, and small shapes at places of a collection; those on a line's vertices are the line's."""
        unread_paths = []
        corners: dict[Group, np.ndarray] = {
            painted_path.groups[-1]: painted_path.path.drawn
            for painted_path in painted_paths
            if painted_path.marker_places is None and painted_path.groups
        }
        for painted_path in painted_paths:
            if painted_path.marker_places is None:
                unread_paths.append(painted_path)
                continue
            line = corners.get(painted_path.groups[-1]) if painted_path.groups else None
            if line is not None and all(
                np.abs(line - axis_position).max(axis=1).min() < 0.1 for axis_position in painted_path.marker_places
            ):
                continue
            # Two points: the cap of an error bar, a stroke across.
            if len(painted_path.path.points) == 2:
                unread_paths.append(painted_path)
                continue
            self.keep_points(painted_path)
        return unread_paths

    def keep_points(self, painted_path: PaintedPath) -> None:
        """One point at each place of a marker."""
        assert painted_path.marker_places is not None
        left, top, right, bottom = bounds_of(painted_path.path.drawn)
        wide, tall = (
            self.panel_frame.bounds[2] - self.panel_frame.bounds[0],
            self.panel_frame.bounds[3] - self.panel_frame.bounds[1],
        )
        if right - left > _LARGEST_POINT * wide or bottom - top > _LARGEST_POINT * tall:
            self.unread_count += 1
            return
        # Where a marker is not about its place, it is where it is seen.
        middle = np.array([left + right, top + bottom]) / 2
        shift = np.where(np.abs(middle) <= 0.15 * np.array([right - left, bottom - top]), 0.0, middle)
        for number, (x, y) in enumerate((painted_path.marker_places + shift).tolist()):
            first, second = self.panel_frame.position(x, y)
            mark_values = {"x": self.axis_reader.value(0, first), "y": self.axis_reader.value(1, second)}
            size = (x - (right - left) / 2, y - (bottom - top) / 2, x + (right - left) / 2, y + (bottom - top) / 2)
            self.keep("points", painted_path, mark_values, size, region_of(painted_path, number))

    # --- bars ---------------------------------------------------------------------------------------------------------

    def bars(self, painted_paths: list[PaintedPath]) -> list[PaintedPath]:
        """Rectangles."""
        unread_paths, found = [], []
        for painted_path in painted_paths:
            bounds = rectangle(painted_path.path) if painted_path.marker_places is None else None
            if bounds is None or self.panel_frame.centre is not None:
                unread_paths.append(painted_path)
            elif self.spans(bounds):
                self.unread_count += 1
            else:
                found.append((painted_path, bounds))
        if found:
            upright = self.are_upright([bounds for _, bounds in found])
            close = touching([bounds for _, bounds in found], upright)
            for painted_path, bounds in found:
                self.keep_bar(painted_path, bounds, upright, close)
        return unread_paths

    def spans(self, bounds: Bounds) -> bool:
        """Whether a rectangle reaches across the whole panel one way, as a shaded region does."""
        left, top, right, bottom = self.panel_frame.bounds
        across = bounds[0] <= left + TOLERANCE and bounds[2] >= right - TOLERANCE
        down = bounds[1] <= top + TOLERANCE and bounds[3] >= bottom - TOLERANCE
        return across or down

    def are_upright(self, found: Sequence[Bounds]) -> bool:
        """Whether bars run along y: their feet stand on the axis of categories, or are as wide as one another."""
        kinds = [axis.scale.kind if axis and axis.scale else "" for axis in map(self.axis_reader.axis, ("x", "y"))]
        if ("category" in kinds) and kinds[0] != kinds[1]:
            return kinds[0] == "category"
        edges = np.array(found)
        wide, tall = edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1]
        if np.ptp(wide) <= 0.02 * wide.max() and np.ptp(tall) > 0.02 * tall.max():
            return True
        if np.ptp(tall) <= 0.02 * tall.max() and np.ptp(wide) > 0.02 * wide.max():
            return False
        return bool(np.ptp(edges[:, 3]) <= np.ptp(edges[:, 0]))

    def keep_bar(self, painted_path: PaintedPath, bounds: Bounds, upright: bool, close: bool) -> None:
        """One bar, by those of its ends that are in the panel; a histogram's where bars stand close on a scale."""
        along, panel_frame = int(upright), self.panel_frame.bounds
        ends = [self.end(along, bounds[along]), self.end(along, bounds[along + 2])]
        numbers = sorted(end for end in ends if isinstance(end, float))
        # An end beyond the panel is not seen: the one that is seen keeps its name.
        first_cut = bounds[along] < panel_frame[along] - TOLERANCE
        low_at = bounds[along + 2] if self.rises(along) else bounds[along]
        mark_values: dict[str, Value | None] = {}
        if len(numbers) == 2:
            mark_values = {"low": numbers[0], "high": numbers[1]}
        elif len(numbers) == 1:
            low_is_cut = first_cut == (low_at == bounds[along])
            mark_values = {"high" if low_is_cut else "low": numbers[0]}
        shown = np.clip(bounds, np.tile(panel_frame[:2], 2), np.tile(panel_frame[2:], 2)).tolist()
        region = box(*shown)
        edges = [
            self.axis_reader.value(1 - along, bounds[1 - along]),
            self.axis_reader.value(1 - along, bounds[3 - along]),
        ]
        if close and _all_numbers(edges):
            left, right = sorted(float(edge) for edge in edges if edge is not None)
            self.keep("histogram", painted_path, mark_values | {"left": left, "right": right}, shown, region, upright)
            return
        middle = (bounds[1 - along] + bounds[3 - along]) / 2
        self.keep("bar", painted_path, mark_values | {"at": self.at(1 - along, middle)}, shown, region, upright)

    def end(self, axis_index: int, axis_position: float) -> Value | None:
        """The value at a bar's end, where it is within the panel."""
        low, high = self.panel_frame.bounds[axis_index], self.panel_frame.bounds[axis_index + 2]
        return (
            self.axis_reader.value(axis_index, axis_position)
            if low - TOLERANCE <= axis_position <= high + TOLERANCE
            else None
        )

    def rises(self, axis_index: int) -> bool:
        """Whether values grow against the direction of px."""
        axis = self.axis_reader.axis("xy"[axis_index])
        return axis is None or axis.scale is None or axis.scale.slope < 0

    # --- parts of rings: pies and polar bars --------------------------------------------------------------------------

    def rings(self, painted_paths: list[PaintedPath]) -> list[PaintedPath]:
        """Wedges, about a centre of their own or the polar panel's."""
        unread_paths, wedges = [], []
        for painted_path in painted_paths:
            found = (
                ring(painted_path.path)
                if painted_path.marker_places is None and painted_path.style.fill is not None
                else None
            )
            if found is None:
                unread_paths.append(painted_path)
            elif self.panel_frame.centre is None:
                wedges.append((painted_path, found))
            elif math.dist(found.centre, self.panel_frame.centre[:2]) < TOLERANCE:
                self.keep_polar_bar(painted_path, found)
            else:
                self.unread_count += 1
        names = self.wedge_names([found for _, found in wedges])
        for (painted_path, found), name in zip(wedges, names, strict=True):
            mark_values: dict[str, Value | None] = {
                "share": significant((found.end - found.start) / 360, 6),
                "start": significant(found.start, 6),
                "end": significant(found.end, 6),
                "label": name,
            }
            self.keep("wedge", painted_path, mark_values, bounds_of(painted_path.path.drawn), region_of(painted_path))
        return unread_paths

    def wedge_names(self, wedges: Sequence[RingSector]) -> list[str | None]:
        """For each wedge the text just outside the middle of its rim; a text names the wedge that it is nearest to."""
        best: list[tuple[float, TextBlock] | None] = [None] * len(wedges)
        for text in self.text_blocks:
            axis_position = box(*text.bounds)
            apart = [
                (axis_position.distance(Point(wedge.rim(1.12))) / wedge.outer, at) for at, wedge in enumerate(wedges)
            ]
            distance, at = min(apart, default=(math.inf, -1))
            outside = at >= 0 and math.dist(text.centre, wedges[at].centre) > wedges[at].outer
            taken = best[at] if outside else None
            if outside and distance < _LABEL_REACH and (taken is None or distance < taken[0]):
                best[at] = (distance, text)
        self.wedge_texts = [named[1] for named in best if named is not None]
        return [None if named is None else named[1].string for named in best]

    def keep_polar_bar(self, painted_path: PaintedPath, found: RingSector) -> None:
        """One bar about the panel's centre."""
        ends = self.sorted_values(1, [found.inner, min(found.outer, 1e6)])
        mark_values: dict[str, Value | None] = {"at": self.at(0, ((found.start + found.end) / 2) % 360)}
        if ends is not None:
            mark_values |= {"low": ends[0], "high": ends[1]}
        self.keep("bar", painted_path, mark_values, bounds_of(painted_path.path.drawn), region_of(painted_path))

    # --- error bars ---------------------------------------------------------------------------------------------------

    def errors(self, painted_paths: list[PaintedPath]) -> list[PaintedPath]:
        """Straight lines through points, bar ends or corners of lines, with or without caps."""
        places = [*self.point_places(), *(p for painted_path in painted_paths for p in self.corners(painted_path))]
        unread_paths, ends = [], []
        for painted_path in painted_paths:
            line = self.straight(painted_path)
            along = None if line is None or self.panel_frame.centre else direction(line)
            if line is None or along is None:
                unread_paths.append(painted_path)
                continue
            low, high = sorted(line[:, along])
            through = [
                axis_position
                for axis_position in places
                if abs(axis_position[1 - along] - line[0, 1 - along]) < TOLERANCE
                and low - 0.1 <= axis_position[along] <= high + 0.1
            ]
            if not through or not self.is_within(line):
                unread_paths.append(painted_path)
                continue
            numbers = self.sorted_values(along, (low, high))
            mark_values: dict[str, Value | None] = {"at": self.at(1 - along, float(line[0, 1 - along]))}
            if numbers is not None:
                mark_values |= {"low": numbers[0], "high": numbers[1]}
            self.keep("error", painted_path, mark_values, bounds_of(line), region_of(painted_path), upright=bool(along))
            ends += line.tolist()
        return [painted_path for painted_path in unread_paths if not are_caps(painted_path, ends)]

    def point_places(self) -> Iterable[tuple[float, float]]:
        """Of points, and of the ends of bars."""
        for one in self.measured_marks:
            left, top, right, bottom = one.mark.bounds
            if one.kind == "points":
                yield (left + right) / 2, (top + bottom) / 2
            elif one.kind == "bar":
                x, y = (left + right) / 2, (top + bottom) / 2
                yield from ((x, top), (x, bottom)) if one.upright else ((left, y), (right, y))

    def corners(self, painted_path: PaintedPath) -> list[tuple[float, float]]:
        """Of a line of more than two points, or of a straight one that runs slantwise."""
        if painted_path.marker_places is not None or painted_path.path.is_curved or painted_path.style.fill is not None:
            return []
        line = segment(painted_path.path)
        if line is not None and direction(line) is not None:
            return []
        return [(float(x), float(y)) for x, y in painted_path.path.drawn]

    def is_within(self, points: np.ndarray) -> bool:
        """Whether points are in the panel, and do not reach across all of it."""
        bounds = bounds_of(points)
        return is_covered_by(bounds, self.panel_frame.bounds) and not self.spans(bounds)

    # --- lines and areas ----------------------------------------------------------------------------------------------

    def lines(self, painted_paths: list[PaintedPath]) -> list[PaintedPath]:
        """Strokes that are no curves."""
        unread_paths = []
        bent = {
            painted_path.groups[-1]
            for painted_path in painted_paths
            if painted_path.path.is_curved and painted_path.groups
        }
        for painted_path in painted_paths:
            style, loops = painted_path.style, painted_path.path.loops
            if self.panel_frame.centre is None and painted_path.groups and painted_path.groups[-1] in bent:
                # A curve, or the head of an arrow with a bent shaft.
                unread_paths.append(painted_path)
                continue
            if (
                painted_path.marker_places is not None
                or style.fill is not None
                or style.stroke is None
                or len(loops) != 1
            ):
                unread_paths.append(painted_path)
                continue
            points, closed = loops[0]
            line = segment(painted_path.path)
            along = None if line is None else direction(line)
            if line is not None and along is not None and self.spans(bounds_of(line)):
                axis_index = 1 - along
                name = "xy"[axis_index]
                mark_values = {name: self.axis_reader.value(axis_index, float(line[0, axis_index]))}
                self.keep(
                    "rule", painted_path, mark_values, bounds_of(line), region_of(painted_path), upright=along == 1
                )
            else:
                self.keep_line(painted_path, np.concatenate([points, points[:1]]) if closed else points)
        return unread_paths

    def keep_line(self, painted_path: PaintedPath, points: np.ndarray) -> None:
        """The corners of a line; those outside the panel are not seen."""
        steps = np.abs(np.diff(points, axis=0))
        is_step = len(steps) > 2 and bool((steps.min(axis=1) < 1e-3).all()) and self.panel_frame.centre is None
        left, top, right, bottom = self.panel_frame.bounds
        slack, contrast, before = 3.0, self.contrast(painted_path, region_of(painted_path)), len(self.measured_marks)
        for x, y in points.tolist():
            if left - TOLERANCE <= x <= right + TOLERANCE and top - TOLERANCE <= y <= bottom + TOLERANCE:
                first, second = self.panel_frame.position(x, y)
                mark_values = {
                    "x": self.axis_reader.value(0, first, slack),
                    "y": self.axis_reader.value(1, second, slack),
                }
                dot = box(x - 1, y - 1, x + 1, y + 1)
                self.keep(
                    "step" if is_step else "line", painted_path, mark_values, (x, y, x, y), dot, contrast=contrast
                )
        # Seen, but by no corner of its.
        self.unread_count += len(self.measured_marks) == before

    def areas(self, painted_paths: list[PaintedPath]) -> list[PaintedPath]:
        """Filled shapes between two lines that run along x."""
        unread_paths = []
        for painted_path in painted_paths:
            chains = None
            if (
                painted_path.marker_places is None
                and painted_path.style.fill is not None
                and not painted_path.path.is_curved
            ):
                chains = two_chains(painted_path.path.loops) if self.panel_frame.centre is None else None
            if chains is None:
                unread_paths.append(painted_path)
                continue
            upper, lower = chains
            region = region_of(painted_path)
            contrast, before = self.contrast(painted_path, region), len(self.measured_marks)
            for x in distinct(np.concatenate([upper[:, 0], lower[:, 0]])):
                ends = [float(np.interp(x, chain[:, 0], chain[:, 1])) for chain in (upper, lower)]
                left, top, right, bottom = self.panel_frame.bounds
                inside = left - TOLERANCE <= x <= right + TOLERANCE
                if inside and all(top - TOLERANCE <= end <= bottom + TOLERANCE for end in ends):
                    mark_values = {"x": self.axis_reader.value(0, x)}
                    if (numbers := self.sorted_values(1, ends)) is not None:
                        mark_values |= {"low": numbers[0], "high": numbers[1]}
                    self.keep(
                        "area", painted_path, mark_values, (x, min(ends), x, max(ends)), region, contrast=contrast
                    )
            # Seen, but by no corner of its.
            self.unread_count += len(self.measured_marks) == before
        return unread_paths


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


def _all_numbers(mark_values: Sequence[Value | None]) -> bool:
    return all(isinstance(value, float) for value in mark_values)
