"""Scenes as data: exact round trips, canonical bytes, valid regions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box, make_valid
from shapes import thing, things

from zerosight.geometry import FlatObject, FlatScene, region, rings, rounded

# Four decimals, one more than are kept. Lengths like 1e-138 are GEOS's own affair: make_valid fails on them.
places = st.floats(-99, 99).map(lambda value: round(value, 4))
points = st.lists(st.tuples(places, places), min_size=3, max_size=12)


@given(st.lists(things, max_size=4))
def test_round_trip_is_exact(objects: list[FlatObject]) -> None:
    scene = FlatScene(64.0, 48.0, "#ffffff", tuple(objects))
    again = FlatScene.from_json(scene.to_json())
    assert (again, again.to_json(), again.digest) == (scene, scene.to_json(), scene.digest)
    for before, after in zip(scene.objects, again.objects, strict=True):
        assert (before.area, before.centroid, before.bounds) == (after.area, after.centroid, after.bounds)


@given(points)
def test_rounded_regions_are_valid_and_stay_as_they_are(corners: list[tuple[float, float]]) -> None:
    once = rounded(make_valid(Polygon(corners)))
    assert once.is_valid
    assert rounded(once) == once
    assert region(rings(once)) == once


@given(points)
def test_rounded_moves_no_border_by_more_than_the_grid(corners: list[tuple[float, float]]) -> None:
    exact = make_valid(Polygon(corners))
    # Parts below the grid's area may go.
    assert abs(rounded(exact).area - exact.area) < 0.002 * (1 + exact.length)


def test_rounded_is_the_same_for_the_same_region() -> None:
    corners = [(0, 0), (9, 0), (9, 5), (0, 5)]
    found = {rounded(Polygon(order)).wkt for order in (corners, corners[::-1], corners[2:] + corners[:2])}
    assert len(found) == 1


def test_rounded_has_no_negative_zero() -> None:
    assert "-0.0" not in str(rings(rounded(box(-0.0001, -0.0001, 3, 3))))


@pytest.mark.parametrize(
    "shape", [Polygon(), Point(1, 1), LineString([(0, 0), (9, 9)]), box(0, 0, 1e-4, 1e-4), MultiPolygon()]
)
def test_rounded_drops_what_has_no_area(shape: object) -> None:
    assert rounded(shape) == Polygon()


def test_rounded_keeps_the_polygons_of_a_collection() -> None:
    assert rounded(GeometryCollection([Point(0, 0), box(0, 0, 2, 2)])).area == 4.0


def test_sliver_that_rounding_closes_leaves_a_valid_region() -> None:
    comb = Polygon([(0, 0), (9, 0), (9, 9), (5.0002, 9), (5.0001, 0.0001), (5, 9), (0, 9)])
    assert rounded(comb).is_valid
    assert rounded(comb).area == pytest.approx(81.0, abs=0.01)


def test_hole_survives() -> None:
    ring = rounded(box(0, 0, 9, 9).difference(box(3, 3, 6, 6)))
    assert region(rings(ring)) == ring
    assert ring.area == 72.0


def test_facts_of_a_partly_hidden_object() -> None:
    obj = thing(box(0, 0, 10, 4), visible=box(0, 0, 5, 4))
    assert (obj.area, obj.centroid, obj.bounds, obj.visible_share) == (20.0, (2.5, 2.0), (0.0, 0.0, 5.0, 4.0), 0.5)


def test_facts_of_a_hidden_object() -> None:
    obj = thing(box(0, 0, 10, 4), visible=Polygon())
    assert (obj.area, obj.visible_share) == (0.0, 0.0)
    assert all(map(math.isnan, (*obj.centroid, *obj.bounds)))
