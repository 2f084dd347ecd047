"""Kinds of outlines: every family at many sizes and turns, and what lies between two families."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box
from shapely.affinity import rotate, scale, skew

from zerosight.geometry import Region, classify_outline, rounded

turns = st.floats(0, 360)
sizes = st.floats(2, 200)


def ellipse(a: float, b: float, pieces: int = 64) -> Polygon:
    angles = [2 * math.pi * i / pieces for i in range(pieces)]
    return Polygon([(300 + a * math.cos(angle), 300 + b * math.sin(angle)) for angle in angles])


def kind(outline: Region) -> str:
    found, margin = classify_outline(rounded(outline))
    assert 0.0 <= margin <= 1.0
    return found


@given(sizes, turns)
def test_squares_and_circles_stay_so_when_turned(size: float, turn: float) -> None:
    assert kind(rotate(box(0, 0, size, size), turn)) == "square"
    assert kind(rotate(ellipse(size, size), turn)) == "circle"


@given(sizes, st.floats(1.15, 6), turns)
def test_rectangles_and_ellipses_stay_so_when_turned(size: float, ratio: float, turn: float) -> None:
    assert kind(rotate(box(0, 0, size, size * ratio), turn)) == "rectangle"
    assert kind(rotate(ellipse(size, size * min(ratio, 3.0)), turn)) == "ellipse"


@given(sizes, turns, st.floats(0.2, 1.5))
def test_triangles_stay_so_when_turned_and_stretched(size: float, turn: float, height: float) -> None:
    triangle = Polygon([(0, 0), (size, 0), (size * 0.4, size * height)])
    assert kind(rotate(triangle, turn)) == "triangle"


@given(sizes, turns, st.integers(5, 9))
def test_regular_polygons_are_polygons(size: float, turn: float, corners: int) -> None:
    assert kind(rotate(ellipse(size, size, corners), turn)) == "polygon"


@pytest.mark.parametrize(
    ("outline", "expected"),
    [
        (skew(box(0, 0, 20, 20), 25), "polygon"),
        (Polygon([(0, 0), (20, 0), (20, 20), (10, 5)]), "polygon"),
        (Polygon([(0, 0), (40, 0), (38, 3)]), "polygon"),
        (Polygon([(0, 0), (40, 0), (20, 1)]), "path"),
        (Polygon([(0, 0), (10, 0), (20, 0), (20, 20), (0, 20)]), "square"),
        (box(0, 0, 20, 20).difference(box(5, 5, 9, 9)), "path"),
        (MultiPolygon([box(0, 0, 5, 5), box(9, 9, 14, 14)]), "path"),
        (Polygon(), "path"),
        (box(0, 0, 30, 20).buffer(6), "path"),
        (ellipse(20, 20).difference(box(0, 0, 300, 600)), "path"),
        (ellipse(20, 20).difference(ellipse(20, 14).buffer(0.01)), "path"),
        (scale(ellipse(20, 20), 1.04), "circle"),
        (scale(ellipse(20, 20), 1.09), "ellipse"),
        (box(0, 0, 20, 20.9), "square"),
        (box(0, 0, 20, 21.9), "rectangle"),
    ],
)
def test_single_outlines(outline: Region, expected: str) -> None:
    assert kind(outline) == expected


def test_smooth_outline_that_fills_its_box_like_an_ellipse_is_still_none() -> None:
    # A pear: no corners, and an area of pi/4 of its box to within a per cent.
    angles = [2 * math.pi * i / 96 for i in range(96)]
    pear = Polygon([(40 * math.cos(t), 24 * math.sin(t) * (1 + 0.35 * math.cos(t))) for t in angles])
    assert kind(pear) == "path"


def test_margin_shrinks_towards_the_border() -> None:
    margins = [classify_outline(box(0, 0, 20, 20 * (1 + step / 100)))[1] for step in range(7)]
    assert margins == sorted(margins, reverse=True)
    assert margins[0] == 1.0 and margins[-1] < 0.1


def test_start_and_sense_of_the_boundary_do_not_matter() -> None:
    points = list(ellipse(20, 9).exterior.coords)[:-1]
    found = {classify_outline(rounded(Polygon(order))) for order in (points, points[::-1], points[20:] + points[:20])}
    assert len(found) == 1
