"""What a pen covers that follows a line (SVG 1.1, 11.4), also where buffers of GEOS differ from it.

Past the mitre limit GEOS cuts a mitre short where SVG has a bevel, and it joins the ends of an open line that meet,
where SVG gives each a cap. Such lines are drawn in pieces.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from shapely import LineString, Polygon, unary_union
from shapely import Point as Place
from shapely.geometry.base import BaseGeometry

from .dash import Dash
from .fill import crossings
from .path import Point
from .style import Style

_LONG = 70
"""Lines of up to so many points, a circle among them, are never taken apart."""
_CROSSINGS = 10_000
"""How often the sides of a stroke may cross before it is."""
_PIECE = 4
"""Corners of a part: the union is fastest with few."""


def stroked(piece: Dash, style: Style) -> BaseGeometry:
    """The region of a dash or of a whole line."""
    points = [piece.points[0], *(b for a, b in pairwise(piece.points) if a != b)]
    if len(points) == 1:
        return _dot(points[0], piece.heading, style)
    sharp = _sharp(points, piece.closed, style.mitre_limit) if style.join == "mitre" else []
    is_simple = piece.closed or points[0] != points[-1]
    if is_simple and not sharp:
        return _pen(piece.points, style, style.join, style.cap)
    join = "bevel" if sharp else style.join
    if is_simple:
        parts = [_pen(points, style, join, style.cap)]
    else:
        ends = ((points[0], _heading(*points[:2])), (points[-1], _heading(*points[-2:])))
        parts = [*_uncapped(points, style, join), *(_dot(place, heading, style) for place, heading in ends)]
    for run in _runs(points, sharp, piece.closed):
        parts += _uncapped(run, style, "mitre")
    return unary_union(parts)


def _pen(points: Sequence[Point], style: Style, join: str, cap: str) -> BaseGeometry:
    half, limit = style.stroke_width / 2, style.mitre_limit
    if len(points) > _LONG and _crowded(points, half):
        return _pieced(points, style, join, cap)
    return LineString(points).buffer(half, quad_segs=8, join_style=join, cap_style=cap, mitre_limit=limit)


def _crowded(points: Sequence[Point], half: float) -> bool:
    """Whether the two sides of a stroke cross so often that one buffer, which makes all crossings, takes long."""
    ends = np.asarray(points, dtype=float)
    segments = np.stack([ends[:-1], ends[1:]], axis=1)
    segments = segments[np.any(segments[:, 0] != segments[:, 1], axis=1)]
    step = segments[:, 1] - segments[:, 0]
    aside = half * np.stack([-step[:, 1], step[:, 0]], axis=1) / np.hypot(*step.T)[:, None]
    # Each side as one line: where it leaps at a corner, it crosses all that passes there.
    sides = [(segments + sign * aside[:, None]).reshape(-1, 2) for sign in (1, -1)]
    whole = np.concatenate([np.stack([side[:-1], side[1:]], axis=1) for side in sides])
    found = crossings(whole, _CROSSINGS, 50 * _CROSSINGS)
    return found is None or found > _CROSSINGS


def _pieced(points: Sequence[Point], style: Style, join: str, cap: str) -> BaseGeometry:
    """The same region as the union of short parts, each of which shares a segment, and so a corner, with the next."""
    points = [points[0], *(b for a, b in pairwise(points) if a != b)]
    parts: list[BaseGeometry] = []
    if points[0] == points[-1]:
        points = [*points, points[1]]
    elif cap != "flat":
        ends = ((points[0], _heading(points[1], points[0])), (points[-1], _heading(*points[-2:])))
        parts = [_cap(place, heading, style) for place, heading in ends]
    for first in range(0, max(1, len(points) - 2), _PIECE):
        parts.append(_pen(points[first : first + _PIECE + 2], style, join, "flat"))
    return unary_union(parts)


def _cap(place: Point, heading: Point, style: Style) -> BaseGeometry:
    """What a cap covers past the end of a line."""
    (x, y), (u, v), half = place, heading, style.stroke_width / 2
    if style.cap == "square":
        corners = [(0.0, 1.0), (1.0, 1.0), (1.0, -1.0), (0.0, -1.0)]
    else:
        turns = [math.pi * step / 16 for step in range(17)]
        corners = [(math.sin(turn), math.cos(turn)) for turn in turns]
    return Polygon([(x + half * (a * u - b * v), y + half * (a * v + b * u)) for a, b in corners])


def _uncapped(points: Sequence[Point], style: Style, join: str) -> list[BaseGeometry]:
    """A line without caps; where its ends meet, in two overlapping parts, since they are not to be joined."""
    if points[0] != points[-1]:
        return [_pen(points, style, join, "flat")]
    (x, y), (u, v) = points[-2:]
    cut = ((x + u) / 2, (y + v) / 2)
    return [_pen([*points[:-1], cut], style, join, "flat"), _pen(points[-2:], style, join, "flat")]


def _heading(start: Point, end: Point) -> Point:
    step = math.dist(start, end)
    return ((end[0] - start[0]) / step, (end[1] - start[1]) / step)


def _sharp(points: Sequence[Point], closed: bool, limit: float) -> list[int]:
    """Which corners have mitres longer than the limit: those where 1 / sin(angle / 2) is more."""
    headings = [_heading(a, b) for a, b in pairwise(points)]
    corners = list(enumerate(pairwise(headings), start=1))
    if closed:
        corners.insert(0, (0, (headings[-1], headings[0])))
    # sin²(angle / 2) is half of 1 + the cosine of the turn.
    return [at for at, ((a, b), (c, d)) in corners if (1 + a * c + b * d) / 2 * limit**2 < 1]


def _runs(points: list[Point], sharp: Sequence[int], closed: bool) -> Iterator[list[Point]]:
    """The parts of a line between its sharp corners that have corners of their own."""
    if not sharp:
        return
    cuts = [0, *sharp, len(points) - 1]
    if closed:
        first, ring = sharp[0], points[:-1]
        points = [*ring[first:], *ring[:first], ring[first]]
        cuts = [*(at - first for at in sharp), len(ring)]
    for start, end in pairwise(cuts):
        if end - start > 1:
            yield points[start : end + 1]


def _dot(place: Point, heading: Point, style: Style) -> BaseGeometry:
    """What the caps of a line without length cover: a disc, or a square along it."""
    (x, y), (u, v), half = place, heading, style.stroke_width / 2
    if style.cap == "round":
        return Place(x, y).buffer(half, quad_segs=8)
    if style.cap == "flat":
        return Polygon()
    turns = ((1, 1), (-1, 1), (-1, -1), (1, -1))
    return Polygon([(x + half * (a * u - b * v), y + half * (a * v + b * u)) for a, b in turns])
