"""Strokes: error bars, lines, steps and rules; and areas between two lines."""

from collections.abc import Iterable, Sequence

import numpy as np
from shapely import box

from ...geometry.chart import Value
from .display import PaintedPath
from .measure import PanelMarks, stroke_ends
from .outlines import TOLERANCE, are_caps, bounds_of, direction, distinct, segment, two_chains


def read_errors(panel_marks: PanelMarks, painted_paths: Sequence[PaintedPath]) -> list[PaintedPath]:
    """Keep straight lines through points, bar ends or corners of lines as error bars, with or without caps.

    Returns:
        The other `painted_paths`.
    """
    anchors = [*_mark_anchors(panel_marks), *(corner for path in painted_paths for corner in _line_corners(path))]
    unread_paths, error_ends = [], []
    for painted_path in painted_paths:
        line = stroke_ends(painted_path)
        along = None if line is None or panel_marks.panel_frame.centre else direction(line)
        if line is None or along is None:
            unread_paths.append(painted_path)
            continue
        low, high = sorted(line[:, along])
        has_anchor = any(
            abs(anchor[1 - along] - line[0, 1 - along]) < TOLERANCE and low - 0.1 <= anchor[along] <= high + 0.1
            for anchor in anchors
        )
        if not has_anchor or not panel_marks.is_within(line):
            unread_paths.append(painted_path)
            continue
        numbers = panel_marks.sorted_values(along, (low, high))
        mark_values: dict[str, Value | None] = {"at": panel_marks.at(1 - along, float(line[0, 1 - along]))}
        if numbers is not None:
            mark_values |= {"low": numbers[0], "high": numbers[1]}
        region = panel_marks.visibility.region(painted_path)
        panel_marks.keep("error", painted_path, mark_values, bounds_of(line), region, upright=bool(along))
        error_ends += line.tolist()
    return [painted_path for painted_path in unread_paths if not are_caps(painted_path, error_ends)]


def _mark_anchors(panel_marks: PanelMarks) -> Iterable[tuple[float, float]]:
    """Yield the places of points and of the ends of bars in `panel_marks`, px."""
    for measured in panel_marks.measured_marks:
        left, top, right, bottom = measured.mark.bounds
        if measured.kind == "points":
            yield (left + right) / 2, (top + bottom) / 2
        elif measured.kind == "bar":
            x, y = (left + right) / 2, (top + bottom) / 2
            yield from ((x, top), (x, bottom)) if measured.upright else ((left, y), (right, y))


def _line_corners(painted_path: PaintedPath) -> list[tuple[float, float]]:
    """List the corners of a `painted_path` that is a line of more than two points, or a slanting straight one."""
    if painted_path.marker_places is not None or painted_path.path.is_curved or painted_path.style.fill is not None:
        return []
    line = segment(painted_path.path)
    if line is not None and direction(line) is not None:
        return []
    return [(float(x), float(y)) for x, y in painted_path.path.drawn]


def read_lines(panel_marks: PanelMarks, painted_paths: Sequence[PaintedPath]) -> list[PaintedPath]:
    """Keep strokes that are not curves as lines, steps and rules, and return the other `painted_paths`."""
    unread_paths = []
    curved_artists = {path.groups[-1] for path in painted_paths if path.path.is_curved and path.groups}
    for painted_path in painted_paths:
        style, loops = painted_path.style, painted_path.path.loops
        is_flat = panel_marks.panel_frame.centre is None
        if is_flat and painted_path.groups and painted_path.groups[-1] in curved_artists:
            # A curve, or the head of an arrow with a bent shaft.
            unread_paths.append(painted_path)
            continue
        is_stroke = painted_path.marker_places is None and style.fill is None and style.stroke is not None
        if not is_stroke or len(loops) != 1:
            unread_paths.append(painted_path)
            continue
        points, is_closed = loops[0]
        line = segment(painted_path.path)
        along = None if line is None else direction(line)
        if line is not None and along is not None and panel_marks.spans(bounds_of(line)):
            axis_index = 1 - along
            mark_values = {"xy"[axis_index]: panel_marks.axis_reader.value(axis_index, float(line[0, axis_index]))}
            region = panel_marks.visibility.region(painted_path)
            panel_marks.keep("rule", painted_path, mark_values, bounds_of(line), region, upright=along == 1)
        else:
            _keep_line(panel_marks, painted_path, np.concatenate([points, points[:1]]) if is_closed else points)
    return unread_paths


def _keep_line(panel_marks: PanelMarks, painted_path: PaintedPath, points: np.ndarray) -> None:
    """Keep the corners of a line, `points` [n, 2]; those outside the panel are not seen."""
    steps = np.abs(np.diff(points, axis=0))
    panel_frame, axis_reader = panel_marks.panel_frame, panel_marks.axis_reader
    is_step = len(steps) > 2 and bool((steps.min(axis=1) < 1e-3).all()) and panel_frame.centre is None
    left, top, right, bottom = panel_frame.bounds
    contrast = panel_marks.contrast(painted_path, panel_marks.visibility.region(painted_path))
    count_before = len(panel_marks.measured_marks)
    for x, y in points.tolist():
        if left - TOLERANCE <= x <= right + TOLERANCE and top - TOLERANCE <= y <= bottom + TOLERANCE:
            along_x, along_y = panel_frame.position(x, y)
            mark_values = {"x": axis_reader.value(0, along_x), "y": axis_reader.value(1, along_y)}
            dot = box(x - 1, y - 1, x + 1, y + 1)
            kind = "step" if is_step else "line"
            panel_marks.keep(kind, painted_path, mark_values, (x, y, x, y), dot, contrast=contrast)
    # Seen, but by no corner of its own.
    panel_marks.unread_count += len(panel_marks.measured_marks) == count_before


def read_areas(panel_marks: PanelMarks, painted_paths: Sequence[PaintedPath]) -> list[PaintedPath]:
    """Keep filled shapes between two lines that run along x, and return the other `painted_paths`."""
    unread_paths = []
    for painted_path in painted_paths:
        chains = None
        if painted_path.marker_places is None and painted_path.style.fill is not None:
            is_straight = not painted_path.path.is_curved and panel_marks.panel_frame.centre is None
            chains = two_chains(painted_path.path.loops) if is_straight else None
        if chains is None:
            unread_paths.append(painted_path)
            continue
        _keep_area(panel_marks, painted_path, *chains)
    return unread_paths


def _keep_area(
    panel_marks: PanelMarks, painted_path: PaintedPath, upper_chain: np.ndarray, lower_chain: np.ndarray
) -> None:
    """Keep an area at each vertex of the two lines [n, 2] that bound it."""
    region = panel_marks.visibility.region(painted_path)
    contrast, count_before = panel_marks.contrast(painted_path, region), len(panel_marks.measured_marks)
    left, top, right, bottom = panel_marks.panel_frame.bounds
    for x in distinct(np.concatenate([upper_chain[:, 0], lower_chain[:, 0]])):
        ends = [float(np.interp(x, chain[:, 0], chain[:, 1])) for chain in (upper_chain, lower_chain)]
        is_inside = left - TOLERANCE <= x <= right + TOLERANCE
        if is_inside and all(top - TOLERANCE <= end <= bottom + TOLERANCE for end in ends):
            mark_values: dict[str, Value | None] = {"x": panel_marks.axis_reader.value(0, x)}
            if (numbers := panel_marks.sorted_values(1, ends)) is not None:
                mark_values |= {"low": numbers[0], "high": numbers[1]}
            bounds = (x, min(ends), x, max(ends))
            panel_marks.keep("area", painted_path, mark_values, bounds, region, contrast=contrast)
    # Seen, but by no corner of its own.
    panel_marks.unread_count += len(panel_marks.measured_marks) == count_before
