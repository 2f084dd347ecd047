"""Read axes as a person does: from the tick labels that are seen, at the tick marks that are seen."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import NamedTuple

import numpy as np

from ...geometry.chart import Axis, Bounds, significant
from ...geometry.scales import Scale, Tick, read_number, read_scale
from .display import Bitmap, PaintedPath, hint_of
from .outlines import bounds_of, rectangle, segment
from .parts import MIN_CONTRAST, AxesParts, AxisParts, TextBlock, TickParts
from .polar import ring
from .visible import FigureVisibility

_OFFSET = re.compile(r"^(?:[×x]?\s*(?:1e|10\^)|[+\-−]\s*[\d.]+|\d{4}(?:-\w+)*$|\w{3}\s*-?\d{4}|\d{4}-\w{3})")
_LONGEST_TICK = 25.0
"""px: a longer line is no tick mark."""
_ONE_TICK = 3.0
"""px: ticks no farther apart are one, drawn twice."""
_ANGLE_SLACK = 1.0
"""Degrees by which the label of an angle may be off."""


class PanelFrame(NamedTuple):
    """The plane that marks are drawn in, in px of the canvas."""

    bounds: Bounds
    centre: tuple[float, float, float] | None
    """Of a polar one: x, y and radius."""

    def position(self, x: float, y: float) -> tuple[float, float]:
        """Place a point at `x`, `y` (px of the canvas) along the two axes.

        The result is in px, or in a polar panel degrees anticlockwise from the right and px from the centre.
        """
        if self.centre is None:
            return x, y
        across, up = x - self.centre[0], self.centre[1] - y
        return math.degrees(math.atan2(up, across)) % 360, math.hypot(across, up)


@dataclass(frozen=True)
class AxisReader:
    """The axes of a panel, which turn places into values."""

    panel_frame: PanelFrame
    axes: tuple[Axis, ...]

    def axis(self, name: str) -> Axis | None:
        """Return the axis called `name`, or None."""
        return next((axis for axis in self.axes if axis.name == name), None)

    @property
    def names(self) -> tuple[str, str]:
        """The names of the two axes that marks are placed by."""
        return ("angle", "radius") if self.panel_frame.centre else ("x", "y")

    def value(self, axis_index: int, axis_position: float, slack: float = 3.0) -> float | str | None:
        """Return the value at a place along axis 0 or 1, or None if the axis is not readable or no category is near.

        Args:
            axis_index: 0 for x or the angle, 1 for y or the radius.
            axis_position: the place, in the axis's unit of place.
            slack: how far the place may be from a category's, in the same unit.
        """
        axis = self.axis(self.names[axis_index])
        if axis is None or axis.scale is None:
            return None
        if axis.scale.kind == "category":
            label, distance = axis.scale.category(axis_position)
            return label if distance <= slack else None
        value = axis.scale.value(axis_position)
        # What is less than a thousandth of a px says nothing, and would keep 0 from being 0.
        least = abs(axis.scale.slope) / 1000
        if axis.scale.kind == "log":
            return significant(value, max(1, math.ceil(-math.log10(least * math.log(10)))))
        return significant(round(value % 360 if axis.name == "angle" else value, math.ceil(-math.log10(least))))

    def step(self, axis_index: int) -> float:
        """Return the distance between neighbouring categories of axis `axis_index`; infinite where it has none.

        A tick whose label cannot be seen has a category as well, as far as anybody can tell. A single one reaches as
        far as it could if it stood in the middle of the axis.
        """
        axis = self.axis(self.names[axis_index])
        labelled = [axis_position for axis_position, _ in axis.scale.categories] if axis and axis.scale else []
        if axis is None or not labelled:
            return math.inf
        bare = [tick.position for tick in axis.ticks if not tick.label]
        apart = [place for place in bare if min(abs(place - other) for other in labelled) > _ONE_TICK]
        places = sorted([*labelled, *apart])
        reach = min(abs(labelled[0] - end) for end in axis.ends)
        alone = 2 * reach if self.panel_frame.centre is None else math.inf
        return min((high - low for low, high in pairwise(places)), default=alone)


def find_frame(axes_parts: AxesParts) -> PanelFrame | None:
    """Find the plane of a panel in its `axes_parts`.

    It is the panel's background, or else what its marks are clipped to, or else what its axes span.
    """
    painted_paths = [display_item for display_item in axes_parts.display_items if isinstance(display_item, PaintedPath)]
    clips = [path.style.clip for path in painted_paths]
    clips += [item.clip for item in axes_parts.display_items if isinstance(item, Bitmap)]
    clip_bounds = [clip.box for clip in clips if clip is not None and clip.box is not None]
    for painted_path in painted_paths[:1]:
        background = rectangle(painted_path.path)
        if (
            background
            and painted_path.style.fill
            and (not clip_bounds or any(np.allclose(background, box, atol=1) for box in clip_bounds))
        ):
            return PanelFrame(background, None)
        circle = ring(painted_path.path)
        if (
            circle
            and hint_of(painted_path.groups) == "background"
            and circle.inner == 0
            and circle.end - circle.start > 359
            and painted_path.style.fill
            and axes_parts.axes
        ):
            (x, y), radius = circle.centre, circle.outer
            return PanelFrame((x - radius, y - radius, x + radius, y + radius), (x, y, radius))
    if clip_bounds:
        return PanelFrame(max(clip_bounds, key=lambda box: (box[2] - box[0]) * (box[3] - box[1])), None)
    spine_ends = [
        end_points
        for painted_path in painted_paths
        if painted_path.marker_places is None and (end_points := segment(painted_path.path)) is not None
    ]
    axis_lines = spine_ends or [
        painted_path.path.drawn for painted_path in painted_paths if painted_path.marker_places is None
    ]
    return PanelFrame(bounds_of(np.concatenate(axis_lines)), None) if axis_lines else None


def read_axes(axes_parts: AxesParts, panel_frame: PanelFrame, visibility: FigureVisibility) -> list[Axis]:
    """Read the axes of a panel from its `axes_parts`."""
    return [_read(axis, panel_frame, visibility) for axis in axes_parts.axes]


def _read(axis_parts: AxisParts, panel_frame: PanelFrame, visibility: FigureVisibility) -> Axis:
    axis_index = "xy".index(axis_parts.name)
    read_ticks = [_tick(tick, axis_index, panel_frame, visibility) for tick in axis_parts.ticks]
    ticks = _aligned([tick for tick in read_ticks if tick is not None])
    label, offset_text = _titles(axis_parts.text_blocks, axis_index, panel_frame.bounds)
    left, top, right, bottom = panel_frame.bounds
    if panel_frame.centre is not None:
        name, ends = ("angle", "radius")[axis_index], ((0.0, 360.0), (0.0, panel_frame.centre[2]))[axis_index]
    else:
        name, ends = axis_parts.name, ((left, right), (bottom, top))[axis_index]
    scale = _turning(ticks) if name == "angle" else None
    read_result = scale or read_scale(ticks, offset_text)
    if not isinstance(read_result, str) and any(map(_OFFSET.match, axis_parts.unseen_strings)):
        # Read without it, all numbers would be wrong by a factor or a sum.
        read_result = "the text that applies to all its numbers cannot be read"
    rounded_ticks = tuple(Tick(round(tick.position, 2), tick.label) for tick in ticks)
    ends = (round(ends[0], 2), round(ends[1], 2))
    if isinstance(read_result, str):
        return Axis(name, label, rounded_ticks, None, read_result, ends)
    return Axis(name, label, rounded_ticks, _settled(read_result), "", ends)


class _ReadTick(NamedTuple):
    """A tick as it was read."""

    tick: Tick
    is_drawn: bool
    """A mark or grid line says where it is, and not its label alone."""
    label_shift: float = 0.0
    """How far the middle of its label is from its mark, px."""


def _aligned(read_ticks: Sequence[_ReadTick]) -> list[Tick]:
    """Return ticks in order; those without a mark stand as far from their labels as others do from theirs."""
    label_shifts = [read.label_shift for read in read_ticks if read.is_drawn and read.tick.label]
    shift = median(label_shifts) if label_shifts else 0.0
    ticks = {read.tick if read.is_drawn else Tick(read.tick.position - shift, read.tick.label) for read in read_ticks}
    return sorted(ticks)


def _settled(scale: Scale) -> Scale:
    """Round off the digits of `scale` in which machines differ, and those that a round trip through JSON would lose."""
    slope = significant(scale.slope, 10)
    decimals = math.ceil(-math.log10(abs(slope) * 1e-6)) if slope else 0
    intercept = round(scale.intercept, decimals) + 0.0
    rounded_scale = replace(scale, slope=slope, intercept=intercept, residual=round(scale.residual, 3))
    return Scale.from_dict(rounded_scale.to_dict())


def _tick(tick: TickParts, axis_index: int, panel_frame: PanelFrame, visibility: FigureVisibility) -> _ReadTick | None:
    """Read the place and the label of one `tick`; None if nothing of it is seen."""
    drawn_position = _drawn_place(tick.painted_paths, axis_index, panel_frame, visibility)
    is_drawn = drawn_position is not None
    text_blocks = [tick_label for tick_label in tick.text_blocks if tick_label.string]
    if not text_blocks:
        return None if drawn_position is None else _ReadTick(Tick(drawn_position, ""), is_drawn)
    tick_label = text_blocks[0]
    if panel_frame.centre is not None:
        axis_position = (
            panel_frame.position(*tick_label.centre)[axis_index]
            if drawn_position is None or axis_index == 0
            else drawn_position
        )
        # A label stands outside the circle at its tick's angle; that of a radius has to have its circle.
        if axis_index == 1 and drawn_position is None:
            return None
        return _ReadTick(Tick(axis_position if drawn_position is None else drawn_position, tick_label.string), True)
    low, high = tick_label.bounds[axis_index], tick_label.bounds[axis_index + 2]
    middle = (low + high) / 2
    if drawn_position is None:
        return _ReadTick(Tick(middle, tick_label.string), is_drawn)
    if not low - tick_label.size <= drawn_position <= high + tick_label.size:
        return _ReadTick(Tick(drawn_position, ""), is_drawn)
    return _ReadTick(Tick(drawn_position, tick_label.string), is_drawn, middle - drawn_position)


def _drawn_place(
    painted_paths: Sequence[PaintedPath], axis_index: int, panel_frame: PanelFrame, visibility: FigureVisibility
) -> float | None:
    """Find the place along the axis of the first of `painted_paths` that is a visible tick mark or grid line."""
    for painted_path in sorted(painted_paths, key=lambda painted_path: painted_path.marker_places is None):
        region = visibility.region(painted_path)
        if painted_path.style.stroke is None or region.is_empty:
            continue
        # A grid line is seen beside the bars that cover it in part.
        region = visibility.visible(painted_path.paint_order, region)
        if visibility.contrast(painted_path.paint_order, painted_path.style.stroke, region) < MIN_CONTRAST / 2:
            continue
        axis_position = tick_place(painted_path, axis_index, panel_frame)
        if axis_position is not None:
            return axis_position
    return None


def tick_place(painted_path: PaintedPath, axis_index: int, panel_frame: PanelFrame) -> float | None:
    """Return the place of a tick mark or grid line along its axis; None if `painted_path` is neither."""
    if not len(painted_path.path.points):
        return None
    if painted_path.marker_places is not None:
        is_short = np.ptp(painted_path.path.drawn, axis=0).max() <= _LONGEST_TICK
        return (
            panel_frame.position(*painted_path.marker_places[0].tolist())[axis_index]
            if is_short and len(painted_path.marker_places) == 1
            else None
        )
    if panel_frame.centre is not None:
        return _polar_grid(painted_path, axis_index, panel_frame)
    end_points = segment(painted_path.path)
    if end_points is None or abs(end_points[0, axis_index] - end_points[1, axis_index]) > 0.1:
        return None
    low, high = sorted(end_points[:, 1 - axis_index])
    spans_panel = low <= panel_frame.bounds[1 - axis_index] + 1 and high >= panel_frame.bounds[3 - axis_index] - 1
    return float(end_points[0, axis_index]) if spans_panel else None


def _polar_grid(painted_path: PaintedPath, axis_index: int, panel_frame: PanelFrame) -> float | None:
    """Return the angle of a spoke or the radius of a circle that `painted_path` draws."""
    polar_positions = np.array([panel_frame.position(*point) for point in painted_path.path.drawn.tolist()])
    if axis_index == 0:
        return (
            float(polar_positions[polar_positions[:, 1].argmax(), 0])
            if segment(painted_path.path) is not None
            else None
        )
    radii = polar_positions[:, 1]
    return float(radii.mean()) if np.ptp(radii) < 0.02 * radii.mean() + 0.1 else None


def strays(axes_parts: AxesParts, panel_frame: PanelFrame) -> list[PaintedPath]:
    """List paths drawn with the ticks in `axes_parts` that are neither tick mark nor grid line: they are marks."""
    stray_paths = [painted_path for axis in axes_parts.axes for painted_path in axis.painted_paths]
    for axis in axes_parts.axes:
        axis_index = "xy".index(axis.name)
        painted_paths = [
            painted_path for tick in axis.ticks for painted_path in tick.painted_paths if len(painted_path.path.points)
        ]
        stray_paths += [
            painted_path for painted_path in painted_paths if tick_place(painted_path, axis_index, panel_frame) is None
        ]
    return stray_paths


def _turning(ticks: Sequence[Tick]) -> Scale | None:
    """Return the scale of degrees all round that `ticks` show, whatever its direction and its start."""
    read_labels = [(tick.position, number) for tick in ticks if (number := read_number(tick.label)) is not None]
    if (
        len(read_labels) < 2
        or len(read_labels) < sum(bool(tick.label) for tick in ticks)
        or any(n[1] != "°" for _, n in read_labels)
    ):
        return None
    for slope in (1.0, -1.0):
        offsets = [(value - slope * axis_position) % 360 for axis_position, (value, _) in read_labels]
        offset_spread = [(offset - offsets[0] + 180) % 360 - 180 for offset in offsets]
        if max(map(abs, offset_spread)) <= _ANGLE_SLACK:
            start = round(offsets[0] + sum(offset_spread) / len(offset_spread), 1)
            return Scale("linear", slope, start % 360, (), max(map(abs, offset_spread)), "°")
    return None


def _titles(text_blocks: Sequence[TextBlock], axis_index: int, bounds: Bounds) -> tuple[str, str]:
    """Split an axis's `text_blocks` into its label and the offset that applies to all its numbers.

    The label stands at the axis's middle, the offset (such as `1e6`) at its end.
    """
    label = offset_text = ""
    low, high = bounds[axis_index], bounds[axis_index + 2]
    for text_block in text_blocks:
        share_along = (text_block.centre[axis_index] - low) / (high - low) if high > low else 0.5
        at_end = share_along > 0.7 if axis_index == 0 else share_along < 0.15
        if at_end and _OFFSET.match(text_block.string):
            offset_text = text_block.string
        else:
            label = text_block.string
    return label, offset_text


def share_scales(panels: Sequence[AxisReader]) -> list[AxisReader]:
    """Lend scales between `panels`: one without an axis of its own is read off the neighbour that it shares it with.

    An axis whose ticks bear no labels is its neighbour's with the same ends and ticks; one that is not drawn at all is
    that of a panel in the same place, as under `twinx`.
    """
    shared_readers = []
    for axis_reader in panels:
        axes = []
        for axis in axis_reader.axes:
            lender = None
            if axis.scale is None and axis.ticks and not any(tick.label for tick in axis.ticks):
                lender = next(
                    (
                        lender_axis
                        for panel_reader in panels
                        for lender_axis in panel_reader.axes
                        if _same_place(axis, lender_axis)
                    ),
                    None,
                )
            axes.append(axis if lender is None else replace(axis, scale=lender.scale, reason=""))
        twins = [
            panel_reader
            for panel_reader in panels
            if panel_reader is not axis_reader
            and np.allclose(panel_reader.panel_frame.bounds, axis_reader.panel_frame.bounds)
        ]
        for name in axis_reader.names:
            if twins and not any(axis.name == name and axis.ticks for axis in axes):
                twin_axis = next(
                    (axis for panel_reader in twins for axis in panel_reader.axes if axis.name == name and axis.ticks),
                    None,
                )
                axes = [axis for axis in axes if axis.name != name] + ([twin_axis] if twin_axis else [])
        shared_readers.append(AxisReader(axis_reader.panel_frame, tuple(axes)))
    return shared_readers


def _same_place(axis: Axis, lender_axis: Axis) -> bool:
    return (
        lender_axis.scale is not None
        and axis.name == lender_axis.name
        and np.allclose(axis.ends, lender_axis.ends, atol=0.5)
        and len(axis.ticks) == len(lender_axis.ticks)
        and all(
            abs(tick.position - lender_tick.position) < 0.5
            for tick, lender_tick in zip(axis.ticks, lender_axis.ticks, strict=True)
        )
    )
