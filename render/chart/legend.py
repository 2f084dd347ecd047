"""Legends: rows of a sample and a name, and which series each row names."""

from collections.abc import Sequence
from typing import NamedTuple

from shapely import box

from ...geometry.chart import LegendEntry
from .display import DisplayItem, PaintedPath, TextItem
from .marks import Look, look_of
from .outlines import bounds_of, hexadecimal
from .parts import MIN_VISIBLE_SAMPLE, TextBlock, is_seen
from .visible import FigureVisibility, region_of

_REACH = 6.0
"""Letter heights: a sample is no larger, and its name no farther."""


class LegendRow(NamedTuple):
    """A sample's looks (a line can bear a marker) and its name."""

    looks: tuple[Look, ...]
    label: str


class Legend(NamedTuple):
    """What a legend says, and what is drawn with it but is no part of one."""

    legend_rows: tuple[LegendRow, ...]
    strays: tuple[PaintedPath, ...]


def read_legend(display_items: Sequence[DisplayItem], visibility: FigureVisibility) -> Legend:
    """The rows of a legend that are seen, in the order of painting."""
    groups: dict[object, list[TextItem]] = {}
    for display_item in display_items:
        if isinstance(display_item, TextItem) and display_item.groups:
            groups.setdefault(display_item.groups[-1], []).append(display_item)
    text_blocks = [text for words in groups.values() if is_seen(text := TextBlock(tuple(words)), visibility)]
    samples: dict[int, list[PaintedPath]] = {at: [] for at in range(len(text_blocks))}
    strays = []
    for display_item in display_items:
        if not isinstance(display_item, PaintedPath) or not len(display_item.path.points):
            continue
        region = region_of(display_item)
        if region.is_empty or (
            text_blocks and all(box(*region.bounds).contains(box(*text.bounds)) for text in text_blocks)
        ):
            # The frame reaches round all names.
            continue
        at = _named_by(display_item, text_blocks)
        if at is None:
            strays.append(display_item)
        elif visibility.share(display_item.paint_order, region) > MIN_VISIBLE_SAMPLE:
            samples[at].append(display_item)
    legend_rows = [
        LegendRow(tuple(map(look_of, samples[at])), text.string) for at, text in enumerate(text_blocks) if samples[at]
    ]
    return Legend(tuple(legend_rows), tuple(strays))


def _named_by(sample: PaintedPath, text_blocks: Sequence[TextBlock]) -> int | None:
    """Which text stands behind a small shape on the same line, the nearest; None for what is no sample."""
    points = sample.path.drawn if sample.marker_places is None else sample.path.drawn + sample.marker_places[0]
    left, top, right, bottom = bounds_of(points)
    found = [
        (text.bounds[0] - right, at)
        for at, text in enumerate(text_blocks)
        if abs((top + bottom) / 2 - text.centre[1]) < 0.8 * text.size
        and -1 <= text.bounds[0] - right <= _REACH * text.size
        and max(right - left, bottom - top) <= _REACH * text.size
    ]
    return min(found)[1] if found else None


def entries(legend_rows: Sequence[LegendRow]) -> tuple[LegendEntry, ...]:
    """The rows as a scene has them."""
    found = []
    for row in legend_rows:
        colour = next((fill or stroke for fill, stroke, _ in row.looks if fill or stroke), None)
        found.append(LegendEntry(row.label, hexadecimal(colour or (0, 0, 0))))
    return tuple(found)


def name_by(legend_rows: Sequence[LegendRow], look: Look) -> str:
    """The name of what looks so; nothing where no row or more than one says it."""
    exact = [row for row in legend_rows if look in row.looks]
    if len(exact) == 1:
        return exact[0].label
    fill, stroke, _ = look
    colour = fill or stroke
    alike = [row for row in legend_rows if any(colour == (a or b) for a, b, _ in row.looks)]
    return alike[0].label if not exact and len(alike) == 1 else ""
