"""Wedges: the slices of pies and donuts, and the bars of polar panels."""

import math
from collections.abc import Sequence

from shapely import Point, box

from ...geometry.chart import Value, significant
from .display import PaintedPath, hint_of
from .measure import PanelMarks
from .outlines import TOLERANCE, bounds_of
from .parts import TextBlock
from .polar import RingSector, ring

_LABEL_REACH = 0.25
"""Of its radius: a text farther from a wedge's rim is not its name."""


def read_wedges(panel_marks: PanelMarks, painted_paths: Sequence[PaintedPath]) -> list[PaintedPath]:
    """Keep wedges, about a centre of their own or the polar panel's, and return the other `painted_paths`."""
    unread_paths, wedges = [], []
    centre = panel_marks.panel_frame.centre
    for painted_path in painted_paths:
        is_filled = painted_path.marker_places is None and painted_path.style.fill is not None
        sector = ring(painted_path.path) if is_filled else None
        if sector is None:
            unread_paths.append(painted_path)
        elif centre is None:
            wedges.append((painted_path, sector))
        elif math.dist(sector.centre, centre[:2]) < TOLERANCE:
            _keep_polar_bar(panel_marks, painted_path, sector)
        else:
            panel_marks.leave("wedge")
    panel_marks.wedge_centres = [sector.centre for _, sector in wedges]
    wedge_names = _name_wedges(panel_marks, [sector for _, sector in wedges])
    for (painted_path, sector), name in zip(wedges, wedge_names, strict=True):
        mark_values: dict[str, Value | None] = {
            "share": significant((sector.end - sector.start) / 360, 6),
            "start": significant(sector.start, 6),
            "end": significant(sector.end, 6),
            "label": name,
        }
        bounds = bounds_of(painted_path.path.drawn)
        panel_marks.keep("wedge", painted_path, mark_values, bounds, panel_marks.visibility.region(painted_path))
    return unread_paths


def is_hole(panel_marks: PanelMarks, painted_path: PaintedPath) -> bool:
    """Tell whether `painted_path` is a circle about the centre of a pie, as is laid over one to make it a donut."""
    sector = ring(painted_path.path) if painted_path.marker_places is None else None
    if sector is None or sector.inner > 0 or sector.end - sector.start < 359:
        return False
    distances = [math.dist(sector.centre, centre) for centre in panel_marks.wedge_centres]
    return min(distances, default=math.inf) < TOLERANCE


def _name_wedges(panel_marks: PanelMarks, sectors: Sequence[RingSector]) -> list[str | None]:
    """Return for each of `sectors` the text just outside the middle of its rim.

    A text names the wedge that it is nearest to; the panel's title names none.
    """
    nearest_texts: list[tuple[float, TextBlock] | None] = [None] * len(sectors)
    for text_block in panel_marks.text_blocks:
        if hint_of(text_block.text_items[0].groups) == "title":
            continue
        text_box = box(*text_block.bounds)
        rim_distances = [
            (text_box.distance(Point(sector.rim(1.12))) / sector.outer, number) for number, sector in enumerate(sectors)
        ]
        distance, number = min(rim_distances, default=(math.inf, -1))
        is_outside = number >= 0 and math.dist(text_block.centre, sectors[number].centre) > sectors[number].outer
        rival = nearest_texts[number] if is_outside else None
        if is_outside and distance < _LABEL_REACH and (rival is None or distance < rival[0]):
            nearest_texts[number] = (distance, text_block)
    panel_marks.wedge_texts = [pair[1] for pair in nearest_texts if pair is not None]
    return [None if pair is None else pair[1].string for pair in nearest_texts]


def _keep_polar_bar(panel_marks: PanelMarks, painted_path: PaintedPath, sector: RingSector) -> None:
    """Keep one bar about the panel's centre, which `sector` is."""
    numbers = panel_marks.sorted_values(1, [sector.inner, min(sector.outer, 1e6)])
    mark_values: dict[str, Value | None] = {"at": panel_marks.at(0, ((sector.start + sector.end) / 2) % 360)}
    if numbers is not None:
        mark_values |= {"low": numbers[0], "high": numbers[1]}
    panel_marks.keep(
        "bar",
        painted_path,
        mark_values,
        bounds_of(painted_path.path.drawn),
        panel_marks.visibility.region(painted_path),
    )
