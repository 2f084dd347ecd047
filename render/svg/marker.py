"""Markers: what is painted at the vertices of lines and paths (SVG 1.1, 11.6)."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from .document import Element
from .path import TINY, Point, Segment, path_segments
from .scan import Units, parse_number
from .shapes import SHAPES
from .transform import Matrix, multiply, turn

MARKED = ("line", "polyline", "polygon", "path")
"""Elements that have markers."""
_REVERSED = "auto-start-reverse"


class Vertex(NamedTuple):
    """A place where a marker stands."""

    place: Point
    degrees: float
    """The direction there: between that of the line coming in and that going out."""


def vertices(element: Element, length_units: Units) -> list[Vertex]:
    """Return the vertices of an `element` of `MARKED`, in its own coordinates.

    Raises:
        SvgError: its points are not understood.
    """
    segments = (
        path_segments(element, length_units.limits) if element.name == "path" else _straight(element, length_units)
    )
    vertex_list: list[Vertex] = []
    subpath_start = 0
    for subpath_end in range(1, len(segments) + 1):
        if (
            subpath_end == len(segments)
            or segments[subpath_end].kind == "move"
            or segments[subpath_end - 1].kind == "close"
        ):
            vertex_list += _subpath(segments[subpath_start:subpath_end])
            subpath_start = subpath_end
    return vertex_list


def _straight(element: Element, length_units: Units) -> list[Segment]:
    straight_segments: list[Segment] = []
    for corner_points, is_closed in SHAPES[element.name](element, length_units):
        straight_segments.append(Segment(corner_points[0], kind="move"))
        for start, end in pairwise([*corner_points, corner_points[0]] if is_closed else corner_points):
            segment_step = (end[0] - start[0], end[1] - start[1])
            heading = segment_step if math.hypot(*segment_step) > TINY else None
            straight_segments.append(Segment(end, heading, heading))
        if is_closed:
            straight_segments[-1] = straight_segments[-1]._replace(kind="close")
    return straight_segments


def _subpath(segments: Sequence[Segment]) -> list[Vertex]:
    """Return the vertices of the `segments` of one subpath; one that goes on after a close has no first vertex."""
    is_opened, is_closed = segments[0].kind == "move", segments[-1].kind == "close"
    drawn_segments = segments[1:] if is_opened else segments
    if not drawn_segments:
        return [Vertex(segments[0].end, 0.0)]
    ways_in, ways_out = _filled([(segment.leaves, segment.arrives) for segment in drawn_segments])
    first_in, last_out = (ways_in[-1], ways_out[0]) if is_closed else (None, None)
    vertex_list = [Vertex(segments[0].end, _between(first_in, ways_out[0]))] if is_opened else []
    for segment_number, segment in enumerate(drawn_segments):
        way_onward = ways_out[segment_number + 1] if segment_number + 1 < len(drawn_segments) else last_out
        vertex_list.append(Vertex(segment.end, _between(ways_in[segment_number], way_onward)))
    return vertex_list


def _filled(ways: Sequence[tuple[Point | None, Point | None]]) -> tuple[list[Point], list[Point]]:
    """Return how each segment of `ways` ends and begins; one without length goes on like those before it (F.5)."""
    last_way = next((leaves for leaves, _ in ways if leaves), (1.0, 0.0))
    ways_in, ways_out = [], []
    for leaves, arrives in ways:
        ways_out.append(leaves or last_way)
        last_way = arrives or last_way
        ways_in.append(last_way)
    return ways_in, ways_out


def _between(way_in: Point | None, way_out: Point | None) -> float:
    """Return the direction half-way between `way_in` and `way_out`, in degrees."""
    if way_in is None or way_out is None:
        x, y = way_in or way_out or (1.0, 0.0)
        return math.degrees(math.atan2(y, x))
    degrees_in, degrees_out = (math.degrees(math.atan2(y, x)) for x, y in (way_in, way_out))
    # The smaller of the two angles between them is halved.
    return degrees_in + ((degrees_out - degrees_in + 180.0) % 360.0 - 180.0) / 2


def marker_matrix(marker: Element, vertex: Vertex, is_first: bool, stroke_width: float, length_units: Units) -> Matrix:
    """Return the matrix from the units of a marker's viewport to those of the shape.

    Args:
        marker: the <marker>.
        vertex: where it is painted.
        is_first: tells that this is the first vertex of the shape.
        stroke_width: of the shape.
        length_units: those where the marker is written.

    Raises:
        SvgError: an attribute is not understood.
    """
    orient_word = marker.attributes.get("orient", "0").strip()
    if orient_word in ("auto", _REVERSED):
        turn_degrees = vertex.degrees + (180.0 if is_first and orient_word == _REVERSED else 0.0)
    else:
        turn_degrees = parse_number(marker, "orient", orient_word.removesuffix("deg"), length_units.limits)
    units_word = marker.attributes.get("markerUnits", "strokeWidth").strip()
    if units_word not in ("strokeWidth", "userSpaceOnUse"):
        problem_text = f"markerUnits is {units_word[:40]!r}"
        raise marker.error("attribute", problem_text, "allowed: strokeWidth, userSpaceOnUse")
    unit_scale = stroke_width if units_word == "strokeWidth" else 1.0
    a, b, c, d, _, _ = turn(turn_degrees)
    return multiply((a, b, c, d, *vertex.place), (unit_scale, 0.0, 0.0, unit_scale, 0.0, 0.0))
