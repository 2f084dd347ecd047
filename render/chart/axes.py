"""Axes read as a person reads them: from the tick labels that are seen, at the tick marks that are seen."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ...geometry.chart import Axis, Bounds, significant
from ...geometry.scales import Scale, Tick, read_number, read_scale
from .display import PaintedPath
from .outlines import bounds_of, rectangle, segment
from .parts import MIN_CONTRAST, AxesParts, AxisParts, TextBlock, TickParts
from .polar import ring
from .visible import FigureVisibility, region_of

_OFFSET = re.compile(r"^(?:[×x]?\s*(?:1e|10\^)|[+\-−]\s*[\d.]+|\d{4}(?:-\w+)*$|\w{3}\s*-?\d{4}|\d{4}-\w{3})")
_LONGEST_TICK = 25.0
"""px: a longer line is no tick mark."""
_ANGLE_SLACK = 1.0
"""Degrees by which the label of an angle may be off."""


class PanelFrame(NamedTuple):
    """The plane that marks are drawn in."""

    bounds: Bounds
    centre: tuple[float, float, float] | None
    """Of a polar one: x, y and radius."""

    def position(self, x: float, y: float) -> tuple[float, float]:
        """A point's place along the two axes: px, or degrees anticlockwise from the right and px from the centre."""
        if self.centre is None:
            return x, y
        across, up = x - self.centre[0], self.centre[1] - y
        return math.degrees(math.atan2(up, across)) % 360, math.hypot(across, up)


@dataclass(frozen=True)
class AxisReader:
    """The axes of a panel: places to values."""

    panel_frame: PanelFrame
    axes: tuple[Axis, ...]

    def axis(self, name: str) -> Axis | None:
        """The axis of that name."""
        return next((axis for axis in self.axes if axis.name == name), None)

    @property
    def names(self) -> tuple[str, str]:
        """Of the two axes that marks are placed by."""
        return ("angle", "radius") if self.panel_frame.centre else ("x", "y")

    def value(self, axis_index: int, axis_position: float, slack: float = 3.0) -> float | str | None:
        """The value at a place along axis 0 or 1; None where the axis is not readable, or no category is near.

        Args:
            axis_index: 0 for x or the angle, 1 for y or the radius.
            axis_position: in the axis's unit of place.
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
        """Between neighbouring categories; infinite where there are not two."""
        axis = self.axis(self.names[axis_index])
        places = [axis_position for axis_position, _ in axis.scale.categories] if axis and axis.scale else []
        return min((b - a for a, b in pairwise(places)), default=math.inf)


def find_frame(axes_parts: AxesParts) -> PanelFrame | None:
    """The plane of a panel: its background, or else what its marks are clipped to, or else what its axes span."""
    painted_paths = [display_item for display_item in axes_parts.display_items if isinstance(display_item, PaintedPath)]
    boxes = [painted_path.style.clip.box for painted_path in painted_paths if painted_path.style.clip is not None]
    clips = [box for box in boxes if box is not None]
    for painted_path in painted_paths[:1]:
        found = rectangle(painted_path.path)
        if found and painted_path.style.fill and (not clips or any(np.allclose(found, box, atol=1) for box in clips)):
            return PanelFrame(found, None)
        circle = ring(painted_path.path)
        if (
            circle
            and circle.inner == 0
            and circle.end - circle.start > 359
            and painted_path.style.fill
            and axes_parts.axes
        ):
            (x, y), radius = circle.centre, circle.outer
            return PanelFrame((x - radius, y - radius, x + radius, y + radius), (x, y, radius))
    if clips:
        return PanelFrame(max(clips, key=lambda box: (box[2] - box[0]) * (box[3] - box[1])), None)
    spines = [
        ends
        for painted_path in painted_paths
        if painted_path.marker_places is None and (ends := segment(painted_path.path)) is not None
    ]
    drawn = spines or [painted_path.path.drawn for painted_path in painted_paths if painted_path.marker_places is None]
    return PanelFrame(bounds_of(np.concatenate(drawn)), None) if drawn else None


def read_axes(axes_parts: AxesParts, panel_frame: PanelFrame, visibility: FigureVisibility) -> list[Axis]:
    """The axes of a panel."""
    return [_read(axis, panel_frame, visibility) for axis in axes_parts.axes]


def _read(axes_parts: AxisParts, panel_frame: PanelFrame, visibility: FigureVisibility) -> Axis:
    axis_index = "xy".index(axes_parts.name)
    places = [_tick(tick, axis_index, panel_frame, visibility) for tick in axes_parts.ticks]
    ticks = sorted({tick for tick in places if tick is not None})
    label, offset = _titles(axes_parts.text_blocks, axis_index, panel_frame.bounds)
    left, top, right, bottom = panel_frame.bounds
    if panel_frame.centre is not None:
        name, ends = ("angle", "radius")[axis_index], ((0.0, 360.0), (0.0, panel_frame.centre[2]))[axis_index]
    else:
        name, ends = axes_parts.name, ((left, right), (bottom, top))[axis_index]
    scale = _turning(ticks) if name == "angle" else None
    found = scale or read_scale(ticks, offset)
    kept = tuple(Tick(round(tick.position, 2), tick.label) for tick in ticks)
    ends = (round(ends[0], 2), round(ends[1], 2))
    if isinstance(found, str):
        return Axis(name, label, kept, None, found, ends)
    return Axis(name, label, kept, _settled(found), "", ends)


def _settled(scale: Scale) -> Scale:
    """Without the last digits, in which machines differ, and as it is after a round trip."""
    slope = significant(scale.slope, 10)
    decimals = math.ceil(-math.log10(abs(slope) * 1e-6)) if slope else 0
    intercept = round(scale.intercept, decimals) + 0.0
    settled = replace(scale, slope=slope, intercept=intercept, residual=round(scale.residual, 3))
    return Scale.from_dict(settled.to_dict())


def _tick(tick: TickParts, axis_index: int, panel_frame: PanelFrame, visibility: FigureVisibility) -> Tick | None:
    """Where a tick is and what it says; None where nothing of it is seen."""
    drawn = _drawn_place(tick.painted_paths, axis_index, panel_frame, visibility)
    text_blocks = [text for text in tick.text_blocks if text.string]
    if not text_blocks:
        return None if drawn is None else Tick(drawn, "")
    text = text_blocks[0]
    if panel_frame.centre is not None:
        axis_position = panel_frame.position(*text.centre)[axis_index] if drawn is None or axis_index == 0 else drawn
        # A label stands outside the circle at its tick's angle; that of a radius has to have its circle.
        if axis_index == 1 and drawn is None:
            return None
        return Tick(axis_position if drawn is None else drawn, text.string)
    low, high = text.bounds[axis_index], text.bounds[axis_index + 2]
    middle = (low + high) / 2
    if drawn is None:
        return Tick(middle, text.string)
    if not low - text.size <= drawn <= high + text.size:
        return Tick(drawn, "")
    return Tick(drawn, text.string)


def _drawn_place(
    painted_paths: Sequence[PaintedPath], axis_index: int, panel_frame: PanelFrame, visibility: FigureVisibility
) -> float | None:
    """Where the tick mark or grid line that is seen lies along the axis."""
    for painted_path in sorted(painted_paths, key=lambda painted_path: painted_path.marker_places is None):
        region = region_of(painted_path)
        if painted_path.style.stroke is None or region.is_empty:
            continue
        if visibility.contrast(painted_path.paint_order, painted_path.style.stroke, region) < MIN_CONTRAST / 2:
            continue
        axis_position = tick_place(painted_path, axis_index, panel_frame)
        if axis_position is not None:
            return axis_position
    return None


def tick_place(painted_path: PaintedPath, axis_index: int, panel_frame: PanelFrame) -> float | None:
    """Where a tick mark or a grid line lies along its axis; None for what is neither by its geometry."""
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
    ends = segment(painted_path.path)
    if ends is None or abs(ends[0, axis_index] - ends[1, axis_index]) > 0.1:
        return None
    low, high = sorted(ends[:, 1 - axis_index])
    spans = low <= panel_frame.bounds[1 - axis_index] + 1 and high >= panel_frame.bounds[3 - axis_index] - 1
    return float(ends[0, axis_index]) if spans else None


def _polar_grid(painted_path: PaintedPath, axis_index: int, panel_frame: PanelFrame) -> float | None:
    """The angle of a spoke, or the radius of a circle."""
    places = np.array([panel_frame.position(*point) for point in painted_path.path.drawn.tolist()])
    if axis_index == 0:
        return float(places[places[:, 1].argmax(), 0]) if segment(painted_path.path) is not None else None
    radii = places[:, 1]
    return float(radii.mean()) if np.ptp(radii) < 0.02 * radii.mean() + 0.1 else None


def strays(axes_parts: AxesParts, panel_frame: PanelFrame) -> list[PaintedPath]:
    """What is drawn with the ticks and is neither tick mark nor grid line: marks like any other."""
    found = [painted_path for axis in axes_parts.axes for painted_path in axis.painted_paths]
    for axis in axes_parts.axes:
        axis_index = "xy".index(axis.name)
        painted_paths = [
            painted_path for tick in axis.ticks for painted_path in tick.painted_paths if len(painted_path.path.points)
        ]
        found += [
            painted_path for painted_path in painted_paths if tick_place(painted_path, axis_index, panel_frame) is None
        ]
    return found


def _turning(ticks: Sequence[Tick]) -> Scale | None:
    """A scale of degrees all round, whatever its direction and where it begins."""
    read = [(tick.position, number) for tick in ticks if (number := read_number(tick.label)) is not None]
    if len(read) < 2 or len(read) < sum(bool(tick.label) for tick in ticks) or any(n[1] != "°" for _, n in read):
        return None
    for slope in (1.0, -1.0):
        offsets = [(value - slope * axis_position) % 360 for axis_position, (value, _) in read]
        spread = [(offset - offsets[0] + 180) % 360 - 180 for offset in offsets]
        if max(map(abs, spread)) <= _ANGLE_SLACK:
            start = round(offsets[0] + sum(spread) / len(spread), 1)
            return Scale("linear", slope, start % 360, (), max(map(abs, spread)), "°")
    return None


def _titles(text_blocks: Sequence[TextBlock], axis_index: int, bounds: Bounds) -> tuple[str, str]:
    """An axis's label, which stands at its middle, and what applies to all its numbers, which stands at its end."""
    label = offset = ""
    low, high = bounds[axis_index], bounds[axis_index + 2]
    for text in text_blocks:
        share = (text.centre[axis_index] - low) / (high - low) if high > low else 0.5
        at_end = share > 0.7 if axis_index == 0 else share < 0.15
        if at_end and _OFFSET.match(text.string):
            offset = text.string
        else:
            label = text.string
    return label, offset


def share_scales(panels: Sequence[AxisReader]) -> list[AxisReader]:
    """Panels without an axis of their own read it off the neighbour that they share it with.

    An axis whose ticks bear no labels is its neighbour's with the same ends and ticks; one that is not drawn at all is
    that of a panel in the same place, as under `twinx`.
    """
    found = []
    for panel in panels:
        axes = []
        for axis in panel.axes:
            lender = None
            if axis.scale is None and axis.ticks and not any(tick.label for tick in axis.ticks):
                lender = next((other for one in panels for other in one.axes if _same_place(axis, other)), None)
            axes.append(axis if lender is None else replace(axis, scale=lender.scale, reason=""))
        twins = [
            one for one in panels if one is not panel and np.allclose(one.panel_frame.bounds, panel.panel_frame.bounds)
        ]
        for name in panel.names:
            if twins and not any(axis.name == name and axis.ticks for axis in axes):
                lent = next((axis for one in twins for axis in one.axes if axis.name == name and axis.ticks), None)
                axes = [axis for axis in axes if axis.name != name] + ([lent] if lent else [])
        found.append(AxisReader(panel.panel_frame, tuple(axes)))
    return found


def _same_place(axis: Axis, other: Axis) -> bool:
    return (
        other.scale is not None
        and axis.name == other.name
        and np.allclose(axis.ends, other.ends, atol=0.5)
        and len(axis.ticks) == len(other.ticks)
        and all(abs(a.position - b.position) < 0.5 for a, b in zip(axis.ticks, other.ticks, strict=True))
    )
