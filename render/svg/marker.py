"""Markers: what is painted at the vertices of lines and paths (SVG 1.1, 11.6)."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from .parse import Element, SvgLimits, parse_number
from .path import TINY, Point, Segment, path_segments
from .shapes import SHAPES
from .style import Matrix, multiply

MARKED = ("line", "polyline", "polygon", "path")
"""Elements that have markers."""
_REVERSED = "auto-start-reverse"


class Vertex(NamedTuple):
    """Where a marker stands."""

    place: Point
    degrees: float
    """The direction there: between that of the line coming in and that going out."""


def vertices(element: Element, limits: SvgLimits) -> list[Vertex]:
    """The vertices of a shape of `MARKED`, in its own coordinates.

    Raises:
        SvgError: its points are not understood.
    """
    segments = path_segments(element, limits) if element.name == "path" else _straight(element, limits)
    found: list[Vertex] = []
    begun = 0
    for end in range(1, len(segments) + 1):
        if end == len(segments) or segments[end].kind == "move" or segments[end - 1].kind == "close":
            found += _subpath(segments[begun:end])
            begun = end
    return found


def _straight(element: Element, limits: SvgLimits) -> list[Segment]:
    found: list[Segment] = []
    for points, is_closed in SHAPES[element.name](element, limits):
        found.append(Segment(points[0], kind="move"))
        for start, end in pairwise([*points, points[0]] if is_closed else points):
            step = (end[0] - start[0], end[1] - start[1])
            heading = step if math.hypot(*step) > TINY else None
            found.append(Segment(end, heading, heading))
        if is_closed:
            found[-1] = found[-1]._replace(kind="close")
    return found


def _subpath(segments: Sequence[Segment]) -> list[Vertex]:
    """The vertices of one subpath; one that goes on after a close has no first vertex of its own."""
    opens, closes = segments[0].kind == "move", segments[-1].kind == "close"
    drawn = segments[1:] if opens else segments
    if not drawn:
        return [Vertex(segments[0].end, 0.0)]
    ways_in, ways_out = _filled([(one.leaves, one.arrives) for one in drawn])
    first_in, last_out = (ways_in[-1], ways_out[0]) if closes else (None, None)
    found = [Vertex(segments[0].end, _between(first_in, ways_out[0]))] if opens else []
    for number, one in enumerate(drawn):
        after = ways_out[number + 1] if number + 1 < len(drawn) else last_out
        found.append(Vertex(one.end, _between(ways_in[number], after)))
    return found


def _filled(ways: Sequence[tuple[Point | None, Point | None]]) -> tuple[list[Point], list[Point]]:
    """How each segment ends and begins; one without length goes on like those before it, else after it (F.5)."""
    known = next((leaves for leaves, _ in ways if leaves), (1.0, 0.0))
    ways_in, ways_out = [], []
    for leaves, arrives in ways:
        ways_out.append(leaves or known)
        known = arrives or known
        ways_in.append(known)
    return ways_in, ways_out


def _between(way_in: Point | None, way_out: Point | None) -> float:
    """The direction half-way between two, in degrees."""
    if way_in is None or way_out is None:
        x, y = way_in or way_out or (1.0, 0.0)
        return math.degrees(math.atan2(y, x))
    before, after = (math.degrees(math.atan2(y, x)) for x, y in (way_in, way_out))
    # The smaller of the two angles between them is halved.
    return before + ((after - before + 180.0) % 360.0 - 180.0) / 2


def marker_matrix(marker: Element, vertex: Vertex, is_first: bool, width: float, limits: SvgLimits) -> Matrix:
    """From the units of a marker's viewport to those of the shape.

    Args:
        marker: the <marker>.
        vertex: where it is painted.
        is_first: whether that is the first one of the shape.
        width: of the shape's stroke.
        limits: how large numbers may be.

    Raises:
        SvgError: an attribute is not understood.
    """
    orient = marker.attributes.get("orient", "0").strip()
    if orient in ("auto", _REVERSED):
        degrees = vertex.degrees + (180.0 if is_first and orient == _REVERSED else 0.0)
    else:
        degrees = parse_number(marker, "orient", orient.removesuffix("deg"), limits)
    units = marker.attributes.get("markerUnits", "strokeWidth").strip()
    if units not in ("strokeWidth", "userSpaceOnUse"):
        what = f"markerUnits is {units[:40]!r}"
        raise marker.error("attribute", what, "allowed: strokeWidth, userSpaceOnUse")
    scale = width if units == "strokeWidth" else 1.0
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return multiply((cos, sin, -sin, cos, *vertex.place), (scale, 0.0, 0.0, scale, 0.0, 0.0))
