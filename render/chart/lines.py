"""Strokes: error bars, lines, steps and rules; and areas between two lines."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from shapely import box

from ...geometry.chart import Value
from .display import DisplayItem, PaintedPath, hint_of
from .measure import MIN_VISIBLE, PanelMarks, are_numbers, stroke_ends
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
        across = line[0, 1 - along]
        anchors_on = [anchor[along] for anchor in anchors if abs(anchor[1 - along] - across) < TOLERANCE]
        anchors_on = [place for place in anchors_on if low - 0.1 <= place <= high + 0.1]
        is_claimed = hint_of(painted_path.groups) == "error"
        is_through = any(low + TOLERANCE < place < high - TOLERANCE for place in anchors_on)
        if anchors_on and not is_claimed and not is_through and _ends_at_point(panel_marks, line):
            # A stem: it says nothing that its point does not.
            continue
        if not anchors_on or not (is_claimed or is_through) or not panel_marks.is_within(line):
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


def _ends_at_point(panel_marks: PanelMarks, line: np.ndarray) -> bool:
    """Tell whether a point has been read at an end of `line` [2, 2]."""
    point_bounds = [m.mark.bounds for m in panel_marks.measured_marks if m.kind == "points"]
    centres = np.array([((left + right) / 2, (top + bottom) / 2) for left, top, right, bottom in point_bounds])
    return any(bool((np.abs(centres - end).max(axis=1) < TOLERANCE).any()) for end in line) if len(centres) else False


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
        # A line with gaps is one of several loops; several that are closed are no line.
        if not is_stroke or not loops or (len(loops) > 1 and any(is_closed for _, is_closed in loops)):
            unread_paths.append(painted_path)
            continue
        points, is_closed = np.concatenate([points for points, _ in loops]), loops[0][1]
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
    is_inside = (points >= (left - TOLERANCE, top - TOLERANCE)) & (points <= (right + TOLERANCE, bottom + TOLERANCE))
    corners = points[is_inside.all(axis=1)]
    if not len(corners):
        # Seen, but by no corner of its own.
        panel_marks.leave("line without corners")
        return
    # A line's own markers lie on its corners, and show where they are.
    paint_order = _last_order(panel_marks, painted_path)
    dots = box(*(corners - 1).T, *(corners + 1).T)
    visible_shares = panel_marks.visibility.shares(paint_order, dots)
    for dot in dots[visible_shares < MIN_VISIBLE]:
        if not all(map(_is_thin, panel_marks.visibility.covers(paint_order, dot))):
            # Nobody can tell what lies under a bar or a box.
            panel_marks.leave("covered line")
            return
    contrast = panel_marks.contrast(painted_path, panel_marks.visibility.region(painted_path))
    for (x, y), visible_share in zip(corners.tolist(), visible_shares.tolist(), strict=True):
        along_x, along_y = panel_frame.position(x, y)
        mark_values = {"x": axis_reader.value(0, along_x), "y": axis_reader.value(1, along_y)}
        kind = "step" if is_step else "line"
        panel_marks.keep_measured(kind, painted_path, mark_values, (x, y, x, y), visible_share, contrast=contrast)


def _last_order(panel_marks: PanelMarks, painted_path: PaintedPath) -> int:
    """Return the place in the order of painting of the last path of the artist that draws `painted_path`."""
    own_order = painted_path.paint_order
    return panel_marks.last_painted.get(painted_path.groups[-1], own_order) if painted_path.groups else own_order


def _is_thin(display_item: DisplayItem) -> bool:
    """Tell whether `display_item` is a marker or a stroke, under which a line goes on as anyone can see."""
    if not isinstance(display_item, PaintedPath):
        return False
    return display_item.marker_places is not None or display_item.style.fill is None


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
    """Keep an area at each vertex of `upper_chain` and `lower_chain`, the two lines [n, 2] that bound it."""
    region = panel_marks.visibility.region(painted_path)
    if any(_has_jumps(chain) for chain in (upper_chain, lower_chain)):
        _keep_steps(panel_marks, painted_path, upper_chain, lower_chain)
        return
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
    if len(panel_marks.measured_marks) == count_before:
        panel_marks.leave("area without corners")


def _has_jumps(chain: np.ndarray) -> bool:
    """Tell whether `chain`, a line [n, 2] along x, goes straight up or down anywhere but at its ends."""
    steps = np.abs(np.diff(chain, axis=0))
    is_jump = (steps[:, 0] < 1e-3) & (steps[:, 1] > TOLERANCE)
    is_end = (np.abs(chain[1:, 0] - chain[0, 0]) < 1e-3) | (np.abs(chain[1:, 0] - chain[-1, 0]) < 1e-3)
    return bool((is_jump & ~is_end).any())


def _keep_steps(
    panel_marks: PanelMarks, painted_path: PaintedPath, upper_chain: np.ndarray, lower_chain: np.ndarray
) -> None:
    """Keep a filled shape of level steps, between `upper_chain` and `lower_chain`, as a histogram.

    There is one mark between each two places where either of them jumps.
    """
    steps = np.concatenate([np.abs(np.diff(chain, axis=0)) for chain in (upper_chain, lower_chain)])
    if (steps.min(axis=1) > 0.1).any():
        panel_marks.leave("area with jumps")
        return
    axis_reader = panel_marks.axis_reader
    for left, right in pairwise(distinct(np.concatenate([upper_chain[:, 0], lower_chain[:, 0]]))):
        middle = (left + right) / 2
        ends = sorted(float(np.interp(middle, chain[:, 0], chain[:, 1])) for chain in (upper_chain, lower_chain))
        edges = [axis_reader.value(0, left), axis_reader.value(0, right)]
        numbers = panel_marks.sorted_values(1, ends)
        mark_values: dict[str, Value | None] = {}
        if are_numbers(edges) and numbers is not None:
            low_edge, high_edge = sorted(edge for edge in edges if isinstance(edge, float))
            mark_values = {"left": low_edge, "right": high_edge, "low": numbers[0], "high": numbers[1]}
        bounds = (left, ends[0], right, ends[1])
        if right - left > TOLERANCE and ends[1] - ends[0] > TOLERANCE:
            panel_marks.keep("histogram", painted_path, mark_values, bounds, box(*bounds))
