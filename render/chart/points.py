"""Points: markers, and small shapes at places of a collection."""

from collections.abc import Sequence

import numpy as np
from shapely import STRtree, points

from .display import Group, PaintedPath
from .measure import PanelMarks
from .outlines import bounds_of

_LARGEST_POINT = 0.2
"""A shape that takes more of the panel's width and height is not a point."""


def read_points(panel_marks: PanelMarks, painted_paths: Sequence[PaintedPath]) -> list[PaintedPath]:
    """Keep the points among `painted_paths`, and return the other paths; markers on a line are the line's."""
    unread_paths = []
    line_corners: dict[Group, np.ndarray] = {
        path.groups[-1]: path.path.drawn for path in painted_paths if path.marker_places is None and path.groups
    }
    for painted_path in painted_paths:
        if painted_path.marker_places is None:
            unread_paths.append(painted_path)
            continue
        line = line_corners.get(painted_path.groups[-1]) if painted_path.groups else None
        if line is not None and _are_corners(painted_path.marker_places, line):
            continue
        # Two points: the cap of an error bar, a stroke across.
        if len(painted_path.path.points) == 2:
            unread_paths.append(painted_path)
            continue
        _keep_points(panel_marks, painted_path)
    return unread_paths


def _are_corners(places: np.ndarray, line: np.ndarray) -> bool:
    """Tell whether all `places` [n, 2] are corners of `line` [m, 2]."""
    near_pairs = STRtree(points(line)).query(points(places), predicate="dwithin", distance=0.1)
    return len(np.unique(near_pairs[0])) == len(places)


def _keep_points(panel_marks: PanelMarks, painted_path: PaintedPath) -> None:
    """Keep one point at each place of the marker `painted_path`."""
    assert painted_path.marker_places is not None
    left, top, right, bottom = bounds_of(painted_path.path.drawn)
    panel_bounds = panel_marks.panel_frame.bounds
    panel_width, panel_height = panel_bounds[2] - panel_bounds[0], panel_bounds[3] - panel_bounds[1]
    if right - left > _LARGEST_POINT * panel_width or bottom - top > _LARGEST_POINT * panel_height:
        panel_marks.leave("shape")
        return
    # Where a marker is not about its place, it is where it is seen.
    middle = np.array([left + right, top + bottom]) / 2
    shift = np.where(np.abs(middle) <= 0.15 * np.array([right - left, bottom - top]), 0.0, middle)
    regions = panel_marks.visibility.regions(painted_path)
    for number, (x, y) in enumerate((painted_path.marker_places + shift).tolist()):
        along_x, along_y = panel_marks.panel_frame.position(x, y)
        axis_reader = panel_marks.axis_reader
        mark_values = {"x": axis_reader.value(0, along_x), "y": axis_reader.value(1, along_y)}
        half_width, half_height = (right - left) / 2, (bottom - top) / 2
        bounds = (x - half_width, y - half_height, x + half_width, y + half_height)
        panel_marks.keep("points", painted_path, mark_values, bounds, regions[number])
