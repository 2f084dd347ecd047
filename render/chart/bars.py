"""Bars and histograms: rectangles that stand side by side."""

from collections.abc import Sequence

import numpy as np
from shapely import box

from ...geometry.chart import Bounds, Value
from .display import PaintedPath, hint_of
from .measure import PanelMarks, are_numbers
from .outlines import TOLERANCE, rectangle, touching

BAR_HINTS = ("bar", "bar sideways")
_THINNEST = 0.25
"""px: a shorter bar leaves no trace in a picture."""


def is_zero_bar(painted_path: PaintedPath) -> bool:
    """Tell whether `painted_path` is a bar of no length, or next to none: all that is seen is that nothing is there."""
    bounds = rectangle(painted_path.path) if painted_path.marker_places is None else None
    if bounds is None or hint_of(painted_path.groups) not in BAR_HINTS:
        return False
    return (bounds[2] - bounds[0] < _THINNEST) != (bounds[3] - bounds[1] < _THINNEST)


def read_bars(panel_marks: PanelMarks, painted_paths: Sequence[PaintedPath]) -> list[PaintedPath]:
    """Keep the rectangles among `painted_paths` as bars, and return the other paths."""
    unread_paths, bars = [], []
    for painted_path in painted_paths:
        bounds = rectangle(painted_path.path) if painted_path.marker_places is None else None
        if bounds is None or panel_marks.panel_frame.centre is not None:
            unread_paths.append(painted_path)
        elif hint_of(painted_path.groups) not in BAR_HINTS and panel_marks.spans(bounds):
            # A bar can fill the panel as well, but then its artist says that it is one.
            panel_marks.leave("span")
        else:
            bars.append((painted_path, bounds))
    if bars:
        claims_sideways = all(hint_of(path.groups) == "bar sideways" for path, _ in bars)
        upright = _are_upright(panel_marks, [bounds for _, bounds in bars], claims_sideways)
        are_touching = touching([bounds for _, bounds in bars], upright)
        for painted_path, bounds in bars:
            _keep_bar(panel_marks, painted_path, bounds, upright, are_touching)
    return unread_paths


def _are_upright(panel_marks: PanelMarks, bar_bounds: Sequence[Bounds], claims_sideways: bool) -> bool:
    """Tell whether bars run along y: they stand on the axis of categories, or `bar_bounds` are equally wide.

    Only where that leaves it open does the program's claim count.
    """
    axes = map(panel_marks.axis_reader.axis, ("x", "y"))
    scale_kinds = [axis.scale.kind if axis and axis.scale else "" for axis in axes]
    if ("category" in scale_kinds) and scale_kinds[0] != scale_kinds[1]:
        return scale_kinds[0] == "category"
    edges = np.array(bar_bounds)
    widths, heights = edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1]
    if np.ptp(widths) <= 0.02 * widths.max() and np.ptp(heights) > 0.02 * heights.max():
        return True
    if np.ptp(heights) <= 0.02 * heights.max() and np.ptp(widths) > 0.02 * widths.max():
        return False
    feet_differ, sides_differ = np.ptp(edges[:, 3]), np.ptp(edges[:, 0])
    if abs(feet_differ - sides_differ) <= TOLERANCE:
        return not claims_sideways
    return bool(feet_differ < sides_differ)


def _keep_bar(
    panel_marks: PanelMarks, painted_path: PaintedPath, bounds: Bounds, upright: bool, are_touching: bool
) -> None:
    """Keep one bar by the ends of its `bounds` that are in the panel; a histogram's where bars touch."""
    along, frame_bounds = int(upright), panel_marks.panel_frame.bounds
    bar_ends = [_value_at_end(panel_marks, along, bounds[along]), _value_at_end(panel_marks, along, bounds[along + 2])]
    numbers = sorted(end for end in bar_ends if isinstance(end, float))
    # An end beyond the panel is not seen: the one that is seen keeps its name.
    is_first_cut = bounds[along] < frame_bounds[along] - TOLERANCE
    low_position = bounds[along + 2] if _grows_upwards(panel_marks, along) else bounds[along]
    mark_values: dict[str, Value | None] = {}
    if len(numbers) == 2:
        mark_values = {"low": numbers[0], "high": numbers[1]}
    elif len(numbers) == 1:
        is_low_cut = is_first_cut == (low_position == bounds[along])
        mark_values = {"high" if is_low_cut else "low": numbers[0]}
    shown_bounds = np.clip(bounds, np.tile(frame_bounds[:2], 2), np.tile(frame_bounds[2:], 2)).tolist()
    region = box(*shown_bounds)
    if is_zero_bar(painted_path):
        # It is seen where nothing covers its place.
        region = region.buffer(1.0)
    axis_reader = panel_marks.axis_reader
    edges = [axis_reader.value(1 - along, bounds[1 - along]), axis_reader.value(1 - along, bounds[3 - along])]
    if are_touching and are_numbers(edges):
        left, right = sorted(float(edge) for edge in edges if edge is not None)
        mark_values |= {"left": left, "right": right}
        panel_marks.keep("histogram", painted_path, mark_values, shown_bounds, region, upright)
        return
    middle = (bounds[1 - along] + bounds[3 - along]) / 2
    mark_values |= {"at": panel_marks.at(1 - along, middle)}
    panel_marks.keep("bar", painted_path, mark_values, shown_bounds, region, upright)


def _value_at_end(panel_marks: PanelMarks, axis_index: int, axis_position: float) -> Value | None:
    """Return the value at a bar's end, `axis_position`, if it is within the panel."""
    low, high = panel_marks.panel_frame.bounds[axis_index], panel_marks.panel_frame.bounds[axis_index + 2]
    is_inside = low - TOLERANCE <= axis_position <= high + TOLERANCE
    return panel_marks.axis_reader.value(axis_index, axis_position) if is_inside else None


def _grows_upwards(panel_marks: PanelMarks, axis_index: int) -> bool:
    """Tell whether values along axis `axis_index` grow against the direction of px."""
    axis = panel_marks.axis_reader.axis("xy"[axis_index])
    return axis is None or axis.scale is None or axis.scale.slope < 0
