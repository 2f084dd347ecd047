"""Figures under conditions: gradients against differences, solutions and what they settle against known geometry."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zerosight.geometry.constraints import Figure, RowSpace, drifted, rows, satisfied

EXPRESSIONS = {
    "length": lambda f: f.length(0, 1),
    "turn": lambda f: f.turn(0, 1, 2, 3),
    "slope": lambda f: f.slope(0, 1, 2, 3),
    "angle": lambda f: f.angle(0, 1, 2),
    "area": lambda f: f.area((0, 1, 2, 3)),
    "perimeter": lambda f: f.perimeter((0, 1, 2)),
    "radius": lambda f: f.radius(0),
    "from_line": lambda f: f.from_line(3, 0, 1),
    "quotient": lambda f: f.length(0, 1).over(f.length(2, 3)),
    "on circle": lambda f: f.length(0, 1) - f.radius(0),
}
places = st.lists(st.floats(-20, 20), min_size=8, max_size=8)


@pytest.mark.parametrize("name", EXPRESSIONS)
@given(at=places, radius=st.floats(1, 10))
def test_gradient_is_the_limit_of_differences(name, at, radius):
    corners = np.array(at).reshape(-1, 2)
    assume(min(math.dist(a, b) for i, a in enumerate(corners) for b in corners[:i]) > 0.5)
    figure = Figure(np.array([*at, radius]), 4, (0,))
    # The size of an angle and of an area has a kink where three points are in line.
    assume(abs(figure.turn(0, 1, 1, 2).value) > 0.05 and abs(figure.area((0, 1, 2, 3)).value) > 0.5)
    assume(abs(figure.turn(0, 1, 0, 3).value) > 0.05)
    expression = EXPRESSIONS[name]
    for i in range(len(figure.unknowns)):
        step = np.zeros_like(figure.unknowns)
        step[i] = 1e-5
        ahead, behind = (expression(figure.moved(figure.unknowns + sign * step)).value for sign in (1, -1))
        gradient = expression(figure).gradient[i]
        assert gradient == pytest.approx((ahead - behind) / 2e-5, abs=2e-3, rel=1e-4)


def triangle(*corners: float) -> Figure:
    return Figure(np.array(corners, dtype=float), 3)


def sides(a: float, b: float, c: float):
    return [lambda f: f.length(0, 1) - a, lambda f: f.length(1, 2) - b, lambda f: f.length(2, 0) - c]


def test_three_sides_make_the_triangle_and_settle_its_angles():
    figure = satisfied(triangle(0, 0, 3.2, 0.1, -0.2, 3.7), sides(3, 5, 4))
    assert figure is not None and math.degrees(figure.angle(1, 0, 2).value) == pytest.approx(90, abs=1e-7)
    space = RowSpace(rows(figure, sides(3, 5, 4)))
    assert (
        space.steady
        and space.settles(figure.angle(0, 1, 2).gradient)
        and space.settles(figure.area((0, 1, 2)).gradient)
    )


def test_two_sides_leave_the_angle_open():
    figure = satisfied(triangle(0, 0, 3.2, 0.1, -0.2, 3.7), sides(3, 5, 4)[:2])
    assert figure is not None
    space = RowSpace(rows(figure, sides(3, 5, 4)[:2]))
    assert space.outside(figure.angle(1, 0, 2).gradient) > 0.1 and space.settles(figure.length(0, 1).gradient)


def test_a_greatest_value_seems_settled_where_it_stands_and_not_beside():
    legs = sides(3, 3, 0)[:2]
    figure = triangle(3, 0, 0, 0, 0, 3)
    area = (0, 1, 2)
    space = RowSpace(rows(figure, legs))
    assert space.settles(figure.area(area).gradient)
    beside = drifted(figure, legs, space)
    assert beside is not None and all(abs(leg(beside).value) < 1e-8 for leg in legs)
    assert beside.area(area).value < figure.area(area).value - 1e-5
    assert RowSpace(rows(beside, legs)).outside(beside.area(area).gradient) > 1e-3


def test_a_rigid_figure_drifts_to_one_of_its_own_shape():
    figure = satisfied(triangle(0, 0, 3.2, 0.1, -0.2, 3.7), sides(3, 5, 4))
    assert figure is not None
    beside = drifted(figure, sides(3, 5, 4), RowSpace(rows(figure, sides(3, 5, 4))))
    assert beside is not None and np.abs(beside.unknowns - figure.unknowns).max() > 0.01
    assert beside.angle(0, 1, 2).value == pytest.approx(figure.angle(0, 1, 2).value, abs=1e-9)


def test_nothing_settles_nothing():
    figure = triangle(0, 0, 3, 0, 0, 4)
    assert RowSpace(rows(figure, [])).outside(figure.length(0, 1).gradient) == pytest.approx(1)


@pytest.mark.parametrize("lengths", [(1, 1, 3), (3, 5, 4, 6)])
def test_contradictions_have_no_figure(lengths):
    conditions = sides(*lengths[:3]) + [lambda f, length=length: f.length(0, 1) - length for length in lengths[3:]]
    assert satisfied(triangle(0, 0, 3, 0, 0, 4), conditions) is None


def test_flat_triangle_is_unsteady():
    figure = satisfied(triangle(0, 0, 4, 0.01, 8, 0), sides(4, 4, 7.9999999))
    assert figure is None or not RowSpace(rows(figure, sides(4, 4, 7.9999999))).steady


@given(st.floats(0, 2 * math.pi), st.floats(-9, 9), st.floats(-9, 9))
def test_what_is_settled_does_not_hang_on_where_the_figure_lies(turn, x, y):
    corners = np.array([0, 3.2 + 0.1j, -0.2 + 3.7j]) * np.exp(1j * turn) + complex(x, y)
    figure = satisfied(triangle(*corners.view(float)), sides(3, 5, 4))
    assert figure is not None and figure.area((0, 1, 2)).value == pytest.approx(6, rel=1e-8)
