"""Stroked regions: what a pen covers that follows a line (SVG 1.1, 11.4), also where buffers of GEOS differ from it.

Past the mitre limit GEOS cuts a mitre short where SVG has a bevel, and it joins the ends of an open line that meet,
where SVG gives each a cap. Such lines are drawn in pieces. Begin reading at `stroked`.
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
from .style import SvgStyle

_LONG = 70
"""Lines of up to so many points, a circle among them, are never taken apart."""
_CROSSINGS = 10_000
"""How often the sides of a stroke may cross before it is."""
_PIECE = 4
"""Corners of a part: the union is fastest with few."""


def stroked(piece: Dash, style: SvgStyle) -> BaseGeometry:
    """Return the region that a `piece` of a line covers under a `style`."""
    line_points = [piece.points[0], *(b for a, b in pairwise(piece.points) if a != b)]
    if len(line_points) == 1:
        return _dot(line_points[0], piece.heading, style)
    sharp_corners = _sharp(line_points, piece.closed, style.mitre_limit) if style.join == "mitre" else []
    is_simple = piece.closed or line_points[0] != line_points[-1]
    if is_simple and not sharp_corners:
        return _pen(piece.points, style, style.join, style.cap)
    join_style = "bevel" if sharp_corners else style.join
    if is_simple:
        pen_regions = [_pen(line_points, style, join_style, style.cap)]
    else:
        line_ends = ((line_points[0], _heading(*line_points[:2])), (line_points[-1], _heading(*line_points[-2:])))
        pen_regions = [
            *_uncapped(line_points, style, join_style),
            *(_dot(place, heading, style) for place, heading in line_ends),
        ]
    for corner_run in _runs(line_points, sharp_corners, piece.closed):
        pen_regions += _uncapped(corner_run, style, "mitre")
    return unary_union(pen_regions)


def _pen(line_points: Sequence[Point], style: SvgStyle, join_style: str, cap_style: str) -> BaseGeometry:
    half_width, mitre_limit = style.stroke_width / 2, style.mitre_limit
    if len(line_points) > _LONG and _crowded(line_points, half_width):
        return _pieced(line_points, style, join_style, cap_style)
    return LineString(line_points).buffer(
        half_width, quad_segs=8, join_style=join_style, cap_style=cap_style, mitre_limit=mitre_limit
    )


def _crowded(line_points: Sequence[Point], half_width: float) -> bool:
    """Tell whether the two sides of a stroke cross so often that one buffer, which makes all crossings, takes long.

    Args:
        line_points: corners of the line.
        half_width: half of the stroke's width, in the same units.
    """
    corner_points = np.asarray(line_points, dtype=float)
    segments = np.stack([corner_points[:-1], corner_points[1:]], axis=1)
    segments = segments[np.any(segments[:, 0] != segments[:, 1], axis=1)]
    segment_steps = segments[:, 1] - segments[:, 0]
    side_steps = (
        half_width * np.stack([-segment_steps[:, 1], segment_steps[:, 0]], axis=1) / np.hypot(*segment_steps.T)[:, None]
    )
    # Each side as one line: where it leaps at a corner, it crosses all that passes there.
    side_lines = [(segments + sign * side_steps[:, None]).reshape(-1, 2) for sign in (1, -1)]
    side_segments = np.concatenate([np.stack([side[:-1], side[1:]], axis=1) for side in side_lines])
    crossing_count = crossings(side_segments, _CROSSINGS, 50 * _CROSSINGS)
    return crossing_count is None or crossing_count > _CROSSINGS


def _pieced(line_points: Sequence[Point], style: SvgStyle, join_style: str, cap_style: str) -> BaseGeometry:
    """Return the stroke through `line_points` as the union of short parts, each sharing a corner with the next."""
    line_points = [line_points[0], *(b for a, b in pairwise(line_points) if a != b)]
    pen_regions: list[BaseGeometry] = []
    if line_points[0] == line_points[-1]:
        line_points = [*line_points, line_points[1]]
    elif cap_style != "flat":
        line_ends = (
            (line_points[0], _heading(line_points[1], line_points[0])),
            (line_points[-1], _heading(*line_points[-2:])),
        )
        pen_regions = [_cap(place, heading, style) for place, heading in line_ends]
    for piece_start in range(0, max(1, len(line_points) - 2), _PIECE):
        pen_regions.append(_pen(line_points[piece_start : piece_start + _PIECE + 2], style, join_style, "flat"))
    return unary_union(pen_regions)


def _cap(end_point: Point, heading: Point, style: SvgStyle) -> BaseGeometry:
    """Return the region that a cap covers past the `end_point` of a line that runs in the direction of `heading`."""
    (x, y), (u, v), half_width = end_point, heading, style.stroke_width / 2
    if style.cap == "square":
        cap_corners = [(0.0, 1.0), (1.0, 1.0), (1.0, -1.0), (0.0, -1.0)]
    else:
        turns = [math.pi * step / 16 for step in range(17)]
        cap_corners = [(math.sin(turn), math.cos(turn)) for turn in turns]
    return Polygon([(x + half_width * (a * u - b * v), y + half_width * (a * v + b * u)) for a, b in cap_corners])


def _uncapped(line_points: Sequence[Point], style: SvgStyle, join_style: str) -> list[BaseGeometry]:
    """Return the stroke through `line_points` without caps; in two overlapping parts where its ends meet unjoined."""
    if line_points[0] != line_points[-1]:
        return [_pen(line_points, style, join_style, "flat")]
    (x, y), (u, v) = line_points[-2:]
    cut_point = ((x + u) / 2, (y + v) / 2)
    return [
        _pen([*line_points[:-1], cut_point], style, join_style, "flat"),
        _pen(line_points[-2:], style, join_style, "flat"),
    ]


def _heading(start_point: Point, end_point: Point) -> Point:
    step_length = math.dist(start_point, end_point)
    return ((end_point[0] - start_point[0]) / step_length, (end_point[1] - start_point[1]) / step_length)


def _sharp(line_points: Sequence[Point], is_closed: bool, mitre_limit: float) -> list[int]:
    """Return the corners whose mitres are longer than `mitre_limit`: where 1 / sin(angle / 2) is more."""
    headings = [_heading(a, b) for a, b in pairwise(line_points)]
    corner_turns = list(enumerate(pairwise(headings), start=1))
    if is_closed:
        corner_turns.insert(0, (0, (headings[-1], headings[0])))
    # sin²(angle / 2) is half of 1 + the cosine of the turn.
    return [at for at, ((a, b), (c, d)) in corner_turns if (1 + a * c + b * d) / 2 * mitre_limit**2 < 1]


def _runs(line_points: list[Point], sharp_corners: Sequence[int], is_closed: bool) -> Iterator[list[Point]]:
    """Yield the parts of a line between its `sharp_corners` that have corners of their own."""
    if not sharp_corners:
        return
    cut_indices = [0, *sharp_corners, len(line_points) - 1]
    if is_closed:
        first_sharp, ring = sharp_corners[0], line_points[:-1]
        line_points = [*ring[first_sharp:], *ring[:first_sharp], ring[first_sharp]]
        cut_indices = [*(at - first_sharp for at in sharp_corners), len(ring)]
    for start, end in pairwise(cut_indices):
        if end - start > 1:
            yield line_points[start : end + 1]


def _dot(dot_point: Point, heading: Point, style: SvgStyle) -> BaseGeometry:
    """Return the region that the caps of a line without length cover: a disc, or a square along its `heading`."""
    (x, y), (u, v), half_width = dot_point, heading, style.stroke_width / 2
    if style.cap == "round":
        return Place(x, y).buffer(half_width, quad_segs=8)
    if style.cap == "flat":
        return Polygon()
    turns = ((1, 1), (-1, 1), (-1, -1), (1, -1))
    return Polygon([(x + half_width * (a * u - b * v), y + half_width * (a * v + b * u)) for a, b in turns])
