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

    rows: tuple[LegendRow, ...]
    strays: tuple[PaintedPath, ...]


def read_legend(things: Sequence[DisplayItem], seen: FigureVisibility) -> Legend:
    """The rows of a legend that are seen, in the order of painting."""
    groups: dict[object, list[TextItem]] = {}
    for thing in things:
        if isinstance(thing, TextItem) and thing.groups:
            groups.setdefault(thing.groups[-1], []).append(thing)
    texts = [text for words in groups.values() if is_seen(text := TextBlock(tuple(words)), seen)]
    samples: dict[int, list[PaintedPath]] = {at: [] for at in range(len(texts))}
    strays = []
    for thing in things:
        if not isinstance(thing, PaintedPath) or not len(thing.path.points):
            continue
        region = region_of(thing)
        if region.is_empty or (texts and all(box(*region.bounds).contains(box(*text.bounds)) for text in texts)):
            # The frame reaches round all names.
            continue
        at = _named_by(thing, texts)
        if at is None:
            strays.append(thing)
        elif seen.share(thing.index, region) > MIN_VISIBLE_SAMPLE:
            samples[at].append(thing)
    rows = [LegendRow(tuple(map(look_of, samples[at])), text.string) for at, text in enumerate(texts) if samples[at]]
    return Legend(tuple(rows), tuple(strays))


def _named_by(sample: PaintedPath, texts: Sequence[TextBlock]) -> int | None:
    """Which text stands behind a small shape on the same line, the nearest; None for what is no sample."""
    points = sample.path.drawn if sample.places is None else sample.path.drawn + sample.places[0]
    left, top, right, bottom = bounds_of(points)
    found = [
        (text.bounds[0] - right, at)
        for at, text in enumerate(texts)
        if abs((top + bottom) / 2 - text.centre[1]) < 0.8 * text.size
        and -1 <= text.bounds[0] - right <= _REACH * text.size
        and max(right - left, bottom - top) <= _REACH * text.size
    ]
    return min(found)[1] if found else None


def entries(rows: Sequence[LegendRow]) -> tuple[LegendEntry, ...]:
    """The rows as a scene has them."""
    found = []
    for row in rows:
        colour = next((fill or stroke for fill, stroke, _ in row.looks if fill or stroke), None)
        found.append(LegendEntry(row.label, hexadecimal(colour or (0, 0, 0))))
    return tuple(found)


def name_by(rows: Sequence[LegendRow], look: Look) -> str:
    """The name of what looks so; nothing where no row or more than one says it."""
    exact = [row for row in rows if look in row.looks]
    if len(exact) == 1:
        return exact[0].label
    fill, stroke, _ = look
    colour = fill or stroke
    alike = [row for row in rows if any(colour == (a or b) for a, b, _ in row.looks)]
    return alike[0].label if not exact and len(alike) == 1 else ""
