"""Legends: rows of a sample and a name, and which series each row names."""

from collections.abc import Sequence
from typing import NamedTuple

from shapely import box

from ..geometry.chart import Entry
from .chart_marks import Look, look_of
from .chart_parts import MIN_VISIBLE_SAMPLE, Text, bounds_of, hexadecimal, is_seen
from .display import Shape, Thing, Words
from .display_seen import Seen, region_of


class Row(NamedTuple):
    """A sample's looks (a line can bear a marker) and its name."""

    looks: tuple[Look, ...]
    label: str


def read_legend(things: Sequence[Thing], seen: Seen) -> list[Row]:
    """The rows of a legend that are seen, in the order of painting."""
    texts, samples = _split(things, seen)
    found = []
    for text in texts:
        left, top, _, bottom = text.bounds
        middle, reach = (top + bottom) / 2, 0.8 * text.size
        # The sample stands before its name, nearer to it than another name does.
        near = [
            (sample, bounds)
            for sample, bounds in samples
            if abs((bounds[1] + bounds[3]) / 2 - middle) < reach and bounds[2] <= left + 1
        ]
        before = [other.bounds[2] for other in texts if abs(other.centre[1] - middle) < reach and other.centre[0] < left]
        near = [(sample, bounds) for sample, bounds in near if bounds[0] >= max(before, default=-1e9)]
        if near:
            found.append(Row(tuple(look_of(sample) for sample, _ in near), text.string))
    return found


def _split(things: Sequence[Thing], seen: Seen) -> tuple[list[Text], list[tuple[Shape, tuple[float, ...]]]]:
    groups: dict[object, list[Words]] = {}
    for thing in things:
        if isinstance(thing, Words) and thing.groups:
            groups.setdefault(thing.groups[-1], []).append(thing)
    texts = [text for words in groups.values() if is_seen(text := Text(tuple(words)), seen)]
    samples = []
    for thing in things:
        if not isinstance(thing, Shape):
            continue
        region = region_of(thing)
        # The frame reaches round all names.
        if texts and not region.is_empty and box(*region.bounds).contains(box(*texts[0].bounds)):
            continue
        if seen.share(thing.index, region) > MIN_VISIBLE_SAMPLE:
            points = thing.path.drawn if thing.places is None else thing.places
            samples.append((thing, bounds_of(points)))
    return texts, samples


def entries(rows: Sequence[Row]) -> tuple[Entry, ...]:
    """The rows as a scene has them."""
    found = []
    for row in rows:
        colour = next((fill or stroke for fill, stroke, _ in row.looks if fill or stroke), None)
        found.append(Entry(row.label, hexadecimal(colour or (0, 0, 0))))
    return tuple(found)


def name_by(rows: Sequence[Row], look: Look) -> str:
    """The name of what looks so; nothing where no row or more than one says it."""
    exact = [row for row in rows if look in row.looks]
    if len(exact) == 1:
        return exact[0].label
    fill, stroke, _ = look
    colour = fill or stroke
    alike = [row for row in rows if any(colour == (a or b) for a, b, _ in row.looks)]
    return alike[0].label if not exact and len(alike) == 1 else ""
