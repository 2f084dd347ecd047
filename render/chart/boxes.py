"""Box plots: rectangles with a line across and whiskers."""

from collections.abc import Sequence

from shapely import box

from ...geometry.chart import Bounds
from .display import PaintedPath
from .measure import PanelMarks, stroke_ends
from .outlines import box_lines, box_outline


def read_boxes(panel_marks: PanelMarks, painted_paths: Sequence[PaintedPath]) -> list[PaintedPath]:
    """Keep the boxes among `painted_paths` in `panel_marks`, and return the other paths."""
    straight_lines = [(path, end_points) for path in painted_paths if (end_points := stroke_ends(path)) is not None]
    unread_paths = list(painted_paths)
    for painted_path in painted_paths:
        outline = box_outline(painted_path.path) if painted_path.marker_places is None else None
        if outline is None or panel_marks.panel_frame.centre is not None:
            continue
        for upright in (True, False):
            box_parts = box_lines(outline, straight_lines, upright)
            if box_parts is None:
                continue
            median, whisker_ends, used_lines = box_parts
            _keep_box(panel_marks, painted_path, outline.bounds, (median, *whisker_ends), upright)
            used_ids = {id(painted_path), *(id(line) for line in used_lines)}
            unread_paths = [path for path in unread_paths if id(path) not in used_ids]
            straight_lines = [line for line in straight_lines if id(line[0]) not in used_ids]
            break
    return unread_paths


def _keep_box(
    panel_marks: PanelMarks,
    painted_path: PaintedPath,
    bounds: Bounds,
    box_places: tuple[float, float, float],
    upright: bool,
) -> None:
    """Keep one box: its edges, and `box_places`: its median and the far ends of its whiskers."""
    median, low_end, high_end = box_places
    along = int(upright)
    middle = (bounds[1 - along] + bounds[3 - along]) / 2
    axis_positions = (low_end, bounds[along], median, bounds[along + 2], high_end)
    numbers = panel_marks.sorted_values(along, axis_positions)
    mark_values = {"at": panel_marks.at(1 - along, middle)}
    if numbers is not None:
        mark_values |= dict(zip(("low", "q1", "median", "q3", "high"), numbers, strict=True))
    panel_marks.keep("box", painted_path, mark_values, bounds, box(*bounds), upright)
