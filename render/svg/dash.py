"""Dashes: lines cut by `stroke-dasharray` and `stroke-dashoffset` (SVG 1.1, 11.4).

Each subpath begins the pattern anew. On a closed one, a dash that runs over its end goes on in the dash that begins
there, with a join between them: SVG 1.1 is silent, and cairo and browsers do so. Begin reading at `dashes`.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from .path import Point


class Dash(NamedTuple):
    """A piece of a line that is drawn, in the units of the element."""

    points: list[Point]
    """Where it runs; the first again at the end where it is closed, one alone where it has no length."""
    heading: Point = (1.0, 0.0)
    """The direction of a piece without length."""
    closed: bool = False
    """Whether its ends are joined."""


class MeasuredPath:
    """A line that knows the distance along it of each of its points."""

    def __init__(self, corner_points: Sequence[Point]) -> None:
        """Measure the line through `corner_points`, two or more."""
        step_ends = [(math.dist(a, b), b) for a, b in pairwise(corner_points)]
        self._points = [corner_points[0], *(b for step, b in step_ends if step > 0)]
        self._ends = [0.0, *accumulate(step for step, _ in step_ends if step > 0)]

    @property
    def length(self) -> float:
        """The length of the line, in its own units."""
        return self._ends[-1]

    def piece(self, start_distance: float, end_distance: float) -> Dash:
        """Return the piece between `start_distance` and `end_distance`, both on the line."""
        if start_distance == end_distance:
            next_corner = min(bisect_right(self._ends, start_distance), len(self._ends) - 1)
            (x, y), (u, v) = self._points[next_corner - 1], self._points[next_corner]
            step_length = math.dist((x, y), (u, v))
            return Dash([self._at(start_distance)], ((u - x) / step_length, (v - y) / step_length))
        inner_corners = self._points[bisect_right(self._ends, start_distance) : bisect_left(self._ends, end_distance)]
        return Dash([self._at(start_distance), *inner_corners, self._at(end_distance)])

    def _at(self, distance_along: float) -> Point:
        next_corner = min(max(bisect_left(self._ends, distance_along), 1), len(self._ends) - 1)
        distance_before, distance_after = self._ends[next_corner - 1 : next_corner + 1]
        share = (distance_along - distance_before) / (distance_after - distance_before)
        (x, y), (u, v) = self._points[next_corner - 1], self._points[next_corner]
        return (x + share * (u - x), y + share * (v - y))


def dash_count(line_length: float, pattern: Sequence[float]) -> float:
    """Return an upper bound of the dashes on a line of `line_length` under a `pattern`, counting those at its end."""
    return (line_length / sum(pattern) + 2) * len(pattern) / 2


def begins_drawn(dash_lengths: Sequence[float], dash_offset: float) -> bool:
    """Tell whether a line under `dash_lengths` and `dash_offset` begins with a dash and not with a gap.

    >>> begins_drawn((4, 2), 0.0), begins_drawn((4, 2), 5.0)
    (True, False)
    """
    pattern_distance = dash_offset % sum(dash_lengths)
    return any(start <= pattern_distance < end for start, end in list(pairwise([0.0, *accumulate(dash_lengths)]))[::2])


def dashes(line: MeasuredPath, is_closed: bool, dash_lengths: Sequence[float], dash_offset: float) -> list[Dash]:
    """Return the drawn pieces of a line.

    Args:
        line: with its first point again at the end where it is closed.
        is_closed: tells that its ends are one point.
        dash_lengths: lengths of dashes and gaps in turn, as many of these as of those, not all 0.
        dash_offset: how far into the pattern the line begins.
    """
    line_length = line.length
    dash_spans = list(_spans(line_length, dash_lengths, dash_offset))
    if is_closed and dash_spans and dash_spans[0][0] <= 0 and dash_spans[-1][1] > line_length:
        if len(dash_spans) == 1:
            return [line.piece(0.0, line_length)._replace(closed=True)]
        first_dash, *middle_dashes, last_dash = (
            line.piece(max(start, 0.0), min(end, line_length)) for start, end in dash_spans
        )
        return [*middle_dashes, Dash([*last_dash.points, *first_dash.points[1:]])]
    return [line.piece(max(start, 0.0), min(end, line_length)) for start, end in dash_spans]


def _spans(line_length: float, dash_lengths: Sequence[float], dash_offset: float) -> Iterator[tuple[float, float]]:
    """Yield the start and end of each dash that touches a line of `line_length`; the outer ones may reach beyond it."""
    period, period_number = sum(dash_lengths), 0
    first_period = -math.fmod(dash_offset, period) if dash_offset >= 0 else -period - math.fmod(dash_offset, period)
    dash_ends = [0.0, *accumulate(dash_lengths)]
    while True:
        # Multiplied rather than summed up, so that rounding does not grow along the line.
        period_start = first_period + period_number * period
        for start, end in zip(dash_ends[:-1:2], dash_ends[1::2], strict=True):
            if period_start + start >= line_length:
                return
            if period_start + end > 0 or period_start + start == 0 == period_start + end:
                yield period_start + start, period_start + end
        period_number += 1
