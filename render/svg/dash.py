"""Dashes: lines cut by `stroke-dasharray` and `stroke-dashoffset` (SVG 1.1, 11.4).

Each subpath begins the pattern anew. On a closed one, a dash that runs over its end goes on in the dash that begins
there, with a join between them: SVG 1.1 is silent, and cairo and browsers do so.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from .path import Point


class Dash(NamedTuple):
    """A piece of a line that is drawn."""

    points: list[Point]
    """Where it runs; the first again at the end where it is closed, one alone where it has no length."""
    heading: Point = (1.0, 0.0)
    """The direction of a piece without length."""
    closed: bool = False
    """Whether its ends are joined."""


class Measured:
    """A line that knows how far along it each of its points is."""

    def __init__(self, points: Sequence[Point]) -> None:
        """Measure the points of a line, two or more."""
        steps = [(math.dist(a, b), b) for a, b in pairwise(points)]
        self._points = [points[0], *(b for step, b in steps if step > 0)]
        self._ends = [0.0, *accumulate(step for step, _ in steps if step > 0)]

    @property
    def length(self) -> float:
        """How long it is."""
        return self._ends[-1]

    def piece(self, start: float, end: float) -> Dash:
        """What lies between two distances, both on the line."""
        if start == end:
            after = min(bisect_right(self._ends, start), len(self._ends) - 1)
            (x, y), (u, v) = self._points[after - 1], self._points[after]
            step = math.dist((x, y), (u, v))
            return Dash([self._at(start)], ((u - x) / step, (v - y) / step))
        between = self._points[bisect_right(self._ends, start) : bisect_left(self._ends, end)]
        return Dash([self._at(start), *between, self._at(end)])

    def _at(self, along: float) -> Point:
        after = min(max(bisect_left(self._ends, along), 1), len(self._ends) - 1)
        begun, ended = self._ends[after - 1 : after + 1]
        share = (along - begun) / (ended - begun)
        (x, y), (u, v) = self._points[after - 1], self._points[after]
        return (x + share * (u - x), y + share * (v - y))


def dash_count(length: float, pattern: Sequence[float]) -> float:
    """At most how many dashes a line of some length has, counting the last beginnings."""
    return (length / sum(pattern) + 2) * len(pattern) / 2


def begins_drawn(pattern: Sequence[float], offset: float) -> bool:
    """Whether a line begins with a dash and not with a gap."""
    along = offset % sum(pattern)
    return any(start <= along < end for start, end in list(pairwise([0.0, *accumulate(pattern)]))[::2])


def dashes(line: Measured, closed: bool, pattern: Sequence[float], offset: float) -> list[Dash]:
    """The drawn pieces of a line of some length.

    Args:
        line: with its first point again at the end where it is closed.
        closed: whether its ends are one.
        pattern: lengths of dashes and gaps in turn, as many of these as of those, not all 0.
        offset: how far into the pattern the line begins.
    """
    length = line.length
    spans = list(_spans(length, pattern, offset))
    if closed and spans and spans[0][0] <= 0 and spans[-1][1] > length:
        if len(spans) == 1:
            return [line.piece(0.0, length)._replace(closed=True)]
        first, *middle, last = (line.piece(max(start, 0.0), min(end, length)) for start, end in spans)
        return [*middle, Dash([*last.points, *first.points[1:]])]
    return [line.piece(max(start, 0.0), min(end, length)) for start, end in spans]


def _spans(length: float, pattern: Sequence[float], offset: float) -> Iterator[tuple[float, float]]:
    """From where to where the dashes that touch a line of some length run; the outer ones may reach beyond it."""
    period, turn = sum(pattern), 0
    begun = -math.fmod(offset, period) if offset >= 0 else -period - math.fmod(offset, period)
    places = [0.0, *accumulate(pattern)]
    while True:
        # Multiplied rather than summed up, so that rounding does not grow along the line.
        base = begun + turn * period
        for start, end in zip(places[:-1:2], places[1::2], strict=True):
            if base + start >= length:
                return
            if base + end > 0 or base + start == 0 == base + end:
                yield base + start, base + end
        turn += 1
