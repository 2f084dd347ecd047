"""Legends: rows of a sample and a name, and which series each row names."""

from collections.abc import Sequence
from typing import NamedTuple

from shapely import box

from ...geometry.chart import LegendEntry
from .display import DisplayItem, PaintedPath, TextItem
from .measure import Look, look_of
from .outlines import bounds_of, hexadecimal
from .parts import MIN_VISIBLE_SAMPLE, TextBlock, is_seen
from .visible import FigureVisibility

_REACH = 6.0
"""Letter heights: a sample is no larger, and its name no farther."""


class LegendRow(NamedTuple):
    """One row: the looks of its sample (a line can bear a marker) and its name."""

    looks: tuple[Look, ...]
    label: str


class Legend(NamedTuple):
    """The rows of a legend, and the paths drawn with it that belong to none of them."""

    legend_rows: tuple[LegendRow, ...]
    strays: tuple[PaintedPath, ...]


def read_legend(display_items: Sequence[DisplayItem], visibility: FigureVisibility) -> Legend:
    """Read the rows of a legend that are seen from its `display_items`, in the order of painting."""
    text_groups: dict[object, list[TextItem]] = {}
    for display_item in display_items:
        if isinstance(display_item, TextItem) and display_item.groups:
            text_groups.setdefault(display_item.groups[-1], []).append(display_item)
    text_blocks = [text for words in text_groups.values() if is_seen(text := TextBlock(tuple(words)), visibility)]
    legend_samples: dict[int, list[PaintedPath]] = {text_number: [] for text_number in range(len(text_blocks))}
    strays = []
    for display_item in display_items:
        if not isinstance(display_item, PaintedPath) or not len(display_item.path.points):
            continue
        region = visibility.region(display_item)
        if region.is_empty or (
            text_blocks and all(box(*region.bounds).contains(box(*text.bounds)) for text in text_blocks)
        ):
            # The frame reaches round all names.
            continue
        text_number = _named_by(display_item, text_blocks)
        if text_number is None:
            strays.append(display_item)
        elif visibility.share(display_item.paint_order, region) > MIN_VISIBLE_SAMPLE:
            legend_samples[text_number].append(display_item)
    legend_rows = [
        LegendRow(tuple(map(look_of, legend_samples[text_number])), text.string)
        for text_number, text in enumerate(text_blocks)
        if legend_samples[text_number]
    ]
    return Legend(tuple(legend_rows), tuple(strays))


def _named_by(sample_path: PaintedPath, text_blocks: Sequence[TextBlock]) -> int | None:
    """Return the number of the nearest text behind `sample_path` on its line; None if the path is not a sample."""
    points = (
        sample_path.path.drawn
        if sample_path.marker_places is None
        else sample_path.path.drawn + sample_path.marker_places[0]
    )
    left, top, right, bottom = bounds_of(points)
    near_texts = [
        (text.bounds[0] - right, text_number)
        for text_number, text in enumerate(text_blocks)
        if abs((top + bottom) / 2 - text.centre[1]) < 0.8 * text.size
        and -1 <= text.bounds[0] - right <= _REACH * text.size
        and max(right - left, bottom - top) <= _REACH * text.size
    ]
    return min(near_texts)[1] if near_texts else None


def entries(legend_rows: Sequence[LegendRow]) -> tuple[LegendEntry, ...]:
    """Return `legend_rows` as a scene has them."""
    legend_entries = []
    for row in legend_rows:
        colour = next((fill or stroke for fill, stroke, _ in row.looks if fill or stroke), None)
        legend_entries.append(LegendEntry(row.label, hexadecimal(colour or (0, 0, 0))))
    return tuple(legend_entries)


def name_by(legend_rows: Sequence[LegendRow], look: Look) -> str:
    """Return the name of what has this `look`; nothing if no row or more than one says it."""
    exact_rows = [row for row in legend_rows if look in row.looks]
    if len(exact_rows) == 1:
        return exact_rows[0].label
    fill, stroke, _ = look
    colour = fill or stroke
    similar_rows = [
        row for row in legend_rows if any(colour == (row_fill or row_stroke) for row_fill, row_stroke, _ in row.looks)
    ]
    return similar_rows[0].label if not exact_rows and len(similar_rows) == 1 else ""
