"""What a pen covers that follows a line (SVG 1.1, 11.4), also where buffers of GEOS differ from it.

Past the mitre limit GEOS cuts a mitre short where SVG has a bevel, and it joins the ends of an open line that meet,
where SVG gives each a cap. Such lines are drawn in pieces.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from shapely import LineString, Polygon, unary_union
from shapely import Point as Place
from shapely.geometry.base import BaseGeometry

from .svg_dash import Dash
from .svg_path import Point
from .svg_style import Style


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
    return LineString(points).buffer(half, quad_segs=8, join_style=join, cap_style=cap, mitre_limit=limit)


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
