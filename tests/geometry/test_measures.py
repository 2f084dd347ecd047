"""Measures against their mathematics: mirrors, shifts, exchanges and triangles."""

import doctest
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely import box
from shapes import mirrored, moved, square, thing, things, whole

from zerosight.geometry import (
    FlatObject,
    Measurement,
    centre_distance,
    contains,
    direction_degrees,
    extreme,
    gap_distance,
    horizontal_relation,
    measures,
    nearest,
    overlap_area,
    vertical_relation,
)

OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}


def test_doctests() -> None:
    assert doctest.testmod(measures).failed == 0


@pytest.mark.parametrize(
    ("first", "second", "across", "down"),
    [
        (square(0, 0), square(10, 20), ("left", 10.0), ("above", 20.0)),
        (square(10, 20), square(0, 0), ("right", 10.0), ("below", 20.0)),
    ],
)
def test_relations_have_x_right_and_y_down(first: FlatObject, second: FlatObject, across: object, down: object) -> None:
    assert horizontal_relation(first, second) == across
    assert vertical_relation(first, second) == down


def test_relations_use_the_visible_part() -> None:
    half_hidden = thing(box(0, 0, 20, 4), visible=box(16, 0, 20, 4))
    assert horizontal_relation(half_hidden, square(10, 0)) == ("right", 6.0)


@given(things, things)
def test_exchange_reverses_relations(first: FlatObject, second: FlatObject) -> None:
    for relation in (horizontal_relation, vertical_relation):
        there, back = relation(first, second), relation(second, first)
        assert there.margin == back.margin
        assume(there.margin > 0)
        assert there.value == OPPOSITE[back.value]


@given(things, things)
def test_mirror_exchanges_left_and_right_only(first: FlatObject, second: FlatObject) -> None:
    assume(horizontal_relation(first, second).margin > 0)
    before, after = (horizontal_relation(*pair) for pair in ((first, second), (mirrored(first), mirrored(second))))
    assert after.value == OPPOSITE[before.value]
    assert after.margin == pytest.approx(before.margin)
    assert vertical_relation(mirrored(first), mirrored(second)).value == vertical_relation(first, second).value


@given(things, things, whole, whole)
def test_shifting_both_changes_nothing(first: FlatObject, second: FlatObject, dx: float, dy: float) -> None:
    there = moved(first, dx, dy), moved(second, dx, dy)
    assert centre_distance(*there) == pytest.approx(centre_distance(first, second))
    assert gap_distance(*there) == pytest.approx(gap_distance(first, second))
    assert overlap_area(*there) == pytest.approx(overlap_area(first, second))
    assert contains(*there).value == contains(first, second).value
    assert contains(*there).margin == pytest.approx(contains(first, second).margin)
    assert horizontal_relation(*there).margin == pytest.approx(horizontal_relation(first, second).margin)


@given(things, things)
def test_distances_and_overlap_are_symmetric(first: FlatObject, second: FlatObject) -> None:
    for measure in (centre_distance, gap_distance, overlap_area):
        assert measure(first, second) == pytest.approx(measure(second, first))


@given(things, things, things)
def test_centre_distance_obeys_the_triangle_inequality(a: FlatObject, b: FlatObject, c: FlatObject) -> None:
    assert centre_distance(a, c) <= centre_distance(a, b) + centre_distance(b, c) + 1e-9


@given(things, things)
def test_gap_and_overlap_exclude_each_other(first: FlatObject, second: FlatObject) -> None:
    assert gap_distance(first, second) == 0.0 or overlap_area(first, second) == 0.0
    assert overlap_area(first, second) <= min(first.area, second.area) + 1e-6


def test_gap_is_between_nearest_borders() -> None:
    assert gap_distance(square(0, 0), square(7, 8)) == 5.0
    assert gap_distance(square(0, 0), square(4, 0)) == 0.0


def test_overlap_counts_what_is_hidden() -> None:
    under = thing(box(0, 0, 4, 4), visible=box(0, 0, 2, 4))
    assert overlap_area(under, square(2, 0)) == 8.0


@pytest.mark.parametrize(
    ("inner", "value", "margin"),
    [
        (square(3, 4), True, 3.0),
        (square(0, 4), True, 0.0),
        (square(-1, 4), False, 1.0),
        (square(30, 4), False, 14.0),
    ],
)
def test_contains_with_its_margin(inner: FlatObject, value: bool, margin: float) -> None:
    assert contains(square(0, 0, 20), inner) == (value, margin)


@given(things, things)
def test_only_equals_contain_each_other(first: FlatObject, second: FlatObject) -> None:
    assert contains(first, first) == (True, 0.0)
    if contains(first, second).value and contains(second, first).value:
        assert first.outline.equals(second.outline)


@pytest.mark.parametrize(
    ("dx", "dy", "degrees"), [(9, 0, 0), (9, -9, 45), (0, -9, 90), (-9, 0, 180), (0, 9, -90), (-9, 9, -135)]
)
def test_direction_is_counted_from_the_right_upwards(dx: float, dy: float, degrees: float) -> None:
    assert direction_degrees(square(50, 50), square(50 + dx, 50 + dy)) == pytest.approx(degrees)


@given(things, things)
def test_direction_back_is_opposite(first: FlatObject, second: FlatObject) -> None:
    assume(centre_distance(first, second) > 1e-6)
    turn = direction_degrees(first, second) - direction_degrees(second, first)
    assert abs(turn) == pytest.approx(180.0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8), st.booleans())
def test_extreme_is_an_extreme_by_its_margin(values: list[float], largest: bool) -> None:
    index, margin = extreme(values, largest)
    others = values[:index] + values[index + 1 :]
    assert values[index] == (max(values) if largest else min(values))
    assert margin == (min(abs(values[index] - other) for other in others) if others else math.inf)


def test_extreme_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="no values"):
        extreme([], largest=True)


def test_nearest_has_the_gap_to_the_runner_up() -> None:
    target, others = square(0, 0), [square(30, 0), square(0, -10), square(12, 0)]
    assert nearest(target, others) == Measurement(1, 2.0)
    assert nearest(target, others[:1]) == Measurement(0, math.inf)
