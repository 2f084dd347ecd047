"""The marks of a panel while they are measured, and the series that they make.

`PanelMarks` is what every step of reading is handed: the panel's axes, what of it is seen, and where marks are kept.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from shapely.geometry.base import BaseGeometry

from ...geometry.chart import Bounds, Mark, Series, Value
from .axes import AxisReader, PanelFrame
from .display import Colour, Group, PaintedPath
from .outlines import TOLERANCE, bounds_of, hexadecimal, is_covered_by, rounded_bounds, segment
from .parts import TextBlock
from .visible import FigureVisibility, area_share

CATEGORY_REACH = 0.45
"""Of the distance of categories: a mark that is farther from one belongs to none."""
MIN_VISIBLE = 0.02
"""A mark of which less is seen is not there."""

Look: TypeAlias = tuple[Colour | None, Colour | None, tuple[float, ...] | None]
"""Fill, stroke and dashes: what a legend's row is compared by."""


def look_of(painted_path: PaintedPath) -> Look:
    """Return the look of `painted_path`, without colours that nobody sees."""
    fill, stroke, dash = painted_path.style.fill, painted_path.style.stroke, painted_path.style.dash
    dash_lengths = None if dash is None else tuple(round(length, 2) for length in dash[1])
    return fill if fill and fill[3] else None, stroke if stroke and stroke[3] else None, dash_lengths


class MeasuredMark(NamedTuple):
    """A mark before it becomes one of a series."""

    kind: str
    upright: bool
    look: Look
    artist: Group | None
    paint_order: int
    mark: Mark
    contrast: float


@dataclass(eq=False)
class PanelMarks:
    """The marks of a panel while they are read.

    Args:
        axis_reader: the panel's axes.
        visibility: what is seen of the whole figure.
        text_blocks: texts that stand by no axis.
        last_painted: the place of each artist's last path in the order of painting.
    """

    axis_reader: AxisReader
    visibility: FigureVisibility
    text_blocks: Sequence[TextBlock]
    last_painted: Mapping[Group, int]
    wedge_texts: list[TextBlock] = field(default_factory=list)
    """Texts that name wedges."""
    wedge_centres: list[tuple[float, float]] = field(default_factory=list)
    measured_marks: list[MeasuredMark] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    """How many seen things of each kind are not read."""

    def leave(self, kind: str) -> None:
        """Say that one more thing of this `kind` is seen and not read."""
        self.unread[kind] += 1

    @property
    def panel_frame(self) -> PanelFrame:
        """The panel's plane."""
        return self.axis_reader.panel_frame

    def is_visible(self, painted_path: PaintedPath) -> bool:
        """Tell whether enough of `painted_path` is seen for it to be a mark."""
        return self.visibility.item_share(painted_path) > MIN_VISIBLE

    def contrast(self, painted_path: PaintedPath, region: BaseGeometry) -> float:
        """Return the better contrast of fill and stroke of `painted_path` to what is under `region`, 0 to 1."""
        return self._colour_contrast(painted_path, self.visibility.visible(painted_path.paint_order, region))

    def _colour_contrast(self, painted_path: PaintedPath, visible_region: BaseGeometry) -> float:
        colours = [colour for colour in (painted_path.style.fill, painted_path.style.stroke) if colour is not None]
        return self.visibility.best_contrast(painted_path.paint_order, colours, visible_region)

    def is_contrasting(self, painted_path: PaintedPath) -> bool:
        """Tell whether anything of `painted_path` stands out."""
        return self.contrast(painted_path, self.visibility.region(painted_path)) > 0.02

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
        """Keep one more mark if any of it is seen.

        Args:
            kind: as `Series.kind` has it.
            painted_path: the path that draws the mark.
            mark_values: its values by name; those that are None are left out.
            bounds: left, top, right, bottom in px.
            region: the part of the canvas that has to be seen.
            upright: True if the mark runs along y.
            contrast: 0 to 1; measured in `region` if it is None.
        """
        visible_region = self.visibility.visible(painted_path.paint_order, region)
        visible_share = area_share(visible_region, region)
        if visible_share < MIN_VISIBLE:
            return
        contrast = self._colour_contrast(painted_path, visible_region) if contrast is None else contrast
        self.keep_measured(kind, painted_path, mark_values, bounds, visible_share, contrast, upright)

    def keep_measured(
        self,
        kind: str,
        painted_path: PaintedPath,
        mark_values: Mapping[str, Value | None],
        bounds: Bounds,
        visible_share: float,
        contrast: float,
        upright: bool = True,
    ) -> None:
        """Keep one more mark, of which `visible_share` is seen at this `contrast`; see `keep` for the others."""
        known_values = {name: value for name, value in mark_values.items() if value is not None}
        mark = Mark(known_values, rounded_bounds(bounds), round(min(1.0, visible_share), 2))
        artist = painted_path.groups[-1] if painted_path.groups else None
        self.measured_marks.append(
            MeasuredMark(
                kind, upright, look_of(painted_path), artist, painted_path.paint_order, mark, round(contrast, 3)
            )
        )

    def sorted_values(self, axis_index: int, axis_positions: Sequence[float]) -> list[Value] | None:
        """Return the values at `axis_positions`, the smallest first; None unless all are numbers."""
        axis_values = [self.axis_reader.value(axis_index, axis_position) for axis_position in axis_positions]
        return sorted(v for v in axis_values if isinstance(v, float)) if are_numbers(axis_values) else None

    def at(self, axis_index: int, axis_position: float) -> Value | None:
        """Return the value at `axis_position`, or the category that it belongs to."""
        return self.axis_reader.value(axis_index, axis_position, CATEGORY_REACH * self.axis_reader.step(axis_index))

    def spans(self, bounds: Bounds) -> bool:
        """Tell whether `bounds` reach across the whole panel one way, as a shaded region does."""
        left, top, right, bottom = self.panel_frame.bounds
        across = bounds[0] <= left + TOLERANCE and bounds[2] >= right - TOLERANCE
        down = bounds[1] <= top + TOLERANCE and bounds[3] >= bottom - TOLERANCE
        return across or down

    def is_within(self, points: np.ndarray) -> bool:
        """Tell whether `points` [n, 2] are in the panel, and do not reach across all of it."""
        bounds = bounds_of(points)
        return is_covered_by(bounds, self.panel_frame.bounds) and not self.spans(bounds)


def are_numbers(axis_values: Sequence[Value | None]) -> bool:
    """Tell whether all `axis_values` are numbers."""
    return all(isinstance(value, float) for value in axis_values)


def stroke_ends(painted_path: PaintedPath) -> np.ndarray | None:
    """Return the two ends [2, 2] of a `painted_path` that is one straight stroke, else None."""
    if painted_path.marker_places is not None or painted_path.style.stroke is None:
        return None
    return segment(painted_path.path)


def series_of(measured_marks: Sequence[MeasuredMark], name_series: Callable[[Look, str], str]) -> tuple[Series, ...]:
    """Put `measured_marks` together by kind and look; lines and areas are one series each, whatever they look like.

    Args:
        measured_marks: in the order in which they were read.
        name_series: gives the name of a look and kind.
    """
    groups: dict[object, list[MeasuredMark]] = defaultdict(list)
    for measured in measured_marks:
        artist = measured.artist if measured.kind in ("line", "step", "area", "rule", "cell") else None
        # A collection of lines is many lines.
        line_order = measured.paint_order if measured.kind in ("line", "step") else 0
        groups[measured.kind, measured.upright, measured.look, artist, line_order].append(measured)
    series = []
    for group in groups.values():
        head = group[0]
        fill, stroke, _ = head.look
        colour = fill or stroke or (0, 0, 0, 0)
        label = name_series(head.look, head.kind)
        contrast = min(measured.contrast for measured in group)
        marks = tuple(measured.mark for measured in group)
        alpha = round(colour[3] / 255, 3)
        series.append(Series(head.kind, head.upright, hexadecimal(colour), alpha, label, contrast, marks))
    return tuple(series)
