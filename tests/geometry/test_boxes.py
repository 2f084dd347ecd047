"""Upright boxes: analytic cases, sampled surfaces as a second method, and what rigid motions and scaling do."""

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.geometry.boxes import (
    BoxIndex,
    OrientedBox,
    box_gap,
    centre_distance,
    fits,
    footprint,
    point_gap,
)

numbers = st.floats(-4, 4)
sizes = st.floats(0.2, 3)
boxes = st.builds(OrientedBox, st.tuples(numbers, numbers, numbers), st.tuples(sizes, sizes, sizes), st.floats(-44, 45))
turns = st.tuples(st.floats(-170, 170), numbers, numbers, numbers)


def cube(x: float, y: float, z: float, side: float = 1.0, yaw: float = 0.0) -> OrientedBox:
    return OrientedBox((x, y, z), (side, side, side), yaw)


def local(box: OrientedBox, points: np.ndarray) -> np.ndarray:
    """Points of the box's own frame in the world, by complex numbers."""
    turned = (points[:, 0] + 1j * points[:, 1]) * np.exp(1j * math.radians(box.yaw))
    return np.stack([turned.real, turned.imag, points[:, 2]], axis=1) + box.centre


def grid(box: OrientedBox, steps: int = 9) -> np.ndarray:
    """Points all over and within a box."""
    sides = [np.linspace(-side / 2, side / 2, steps) for side in box.size]
    return local(box, np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 3))


def moved(box: OrientedBox, motion: tuple[float, float, float, float], scale: float = 1.0) -> OrientedBox:
    """The box after a turn about the vertical, a shift and a scaling."""
    turn, dx, dy, dz = motion
    at = complex(*box.centre[:2]) * np.exp(1j * math.radians(turn))
    centre = (scale * (at.real + dx), scale * (at.imag + dy), scale * (box.centre[2] + dz))
    return OrientedBox(centre, tuple(scale * side for side in box.size), box.yaw + turn)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second", "gap"),
    [
        (cube(0, 0, 0), cube(3, 0, 0), 2), (cube(0, 0, 0), cube(0, 0, 5), 4), (cube(0, 0, 0), cube(0.5, 0.5, 0.5), 0),
        (cube(0, 0, 0), cube(4, 5, 0), 5), (cube(0, 0, 0), cube(4, 5, 13), 13),
        (cube(0, 0, 0), cube(3, 0, 0, 1, 45), 2.5 - math.sqrt(0.5)), (cube(0, 0, 0), cube(1, 0, 0), 0),
    ],
)  # fmt: skip
def test_gap_of_known_boxes(first, second, gap):
    assert box_gap(first, second) == pytest.approx(gap)


@given(boxes, boxes)
def test_gap_is_that_of_sampled_points(first, second):
    """No two points are nearer than the gap, and the nearest of a grid are hardly farther."""
    a, b = grid(first), grid(second)
    least = min(float(np.linalg.norm(b - point, axis=1).min()) for point in a)
    step = max(*first.size, *second.size) / 8
    assert box_gap(first, second) <= least + 1e-9
    assert least <= box_gap(first, second) + math.sqrt(3) * step


@given(boxes, boxes, turns, st.floats(0.3, 3))
def test_gap_keeps_under_motions_and_scales(first, second, motion, scale):
    gap = box_gap(first, second)
    assert box_gap(second, first) == pytest.approx(gap, abs=1e-9)
    assert box_gap(moved(first, motion), moved(second, motion)) == pytest.approx(gap, abs=1e-7)
    both = (moved(each, (0, 0, 0, 0), scale) for each in (first, second))
    assert box_gap(*both) == pytest.approx(scale * gap, abs=1e-7)
    assert gap <= centre_distance(first, second) + 1e-9


@given(boxes, boxes, boxes)
def test_centre_distance_is_a_metric(first, second, third):
    assert centre_distance(first, third) <= centre_distance(first, second) + centre_distance(second, third) + 1e-9
    assert centre_distance(first, second) == centre_distance(second, first)


@given(boxes, st.tuples(numbers, numbers, numbers))
def test_point_gap_is_that_of_sampled_points(box, point):
    least = float(np.linalg.norm(grid(box, 15) - point, axis=1).min())
    assert point_gap(point, box) <= least + 1e-9 <= point_gap(point, box) + math.sqrt(3) * max(box.size) / 14 + 1e-6
    assert (point_gap(point, box) <= 2e-6) == bool(box.contains(np.array(point)))


def test_footprint_has_the_boxs_corners():
    box = OrientedBox((1, 2, 3), (2, 1, 1), 30)
    corners = {(round(x, 6), round(y, 6)) for x, y, _ in box.corners}
    assert {(round(x, 6), round(y, 6)) for x, y in footprint(box).exterior.coords} == corners


@pytest.mark.parametrize(
    ("inner", "outer", "answer"),
    [
        ((1, 2, 1), (2, 1, 1), True), ((1, 2, 1.1), (2, 1, 1), False), ((1.05, 2, 1), (2, 1, 1), False),
        ((4.05, 0.05, 1), (4, 4, 1), True), ((5.7, 0.01, 1), (4, 4, 1), False), ((5.6, 0.01, 1), (4, 4, 1), True),
        ((10, 1, 1), (2, 2, 2), False),
    ],
)  # fmt: skip
def test_fitting_of_known_boxes(inner, outer, answer):
    assert fits(inner, outer).value is answer


@given(sizes, sizes, sizes, sizes)
def test_fitting_is_that_of_turned_rectangles(p, q, a, b):
    """By trying all turns: the box around the turned one has to be no larger."""
    angles = np.radians(np.arange(0, 90.01, 0.02))
    across, along = p * np.cos(angles) + q * np.sin(angles), p * np.sin(angles) + q * np.cos(angles)
    tried = bool(((across <= a) & (along <= b)).any())
    answer, margin = fits((p, q, 1), (a, b, 2))
    assert answer == tried or margin < 1e-3
    grown = fits((p + margin + 1e-6, q + margin + 1e-6, 1), (a, b, 9)) if answer and margin < 1 else None
    assert grown is None or not grown.value


@given(st.lists(boxes, min_size=3, max_size=12))
def test_nearest_is_that_of_all_pairs(found):
    gaps = sorted((box_gap(found[0], each), i) for i, each in enumerate(found) if i)
    nearest = BoxIndex(found).nearest(0)
    assert box_gap(found[0], found[nearest.value]) == pytest.approx(gaps[0][0])
    assert nearest.margin == pytest.approx(gaps[1][0] - gaps[0][0])


def test_ten_times_the_boxes_cost_little_more_each():
    def seconds(count: int) -> float:
        side = math.sqrt(count)
        places = np.random.default_rng(count).uniform(0, side, (count, 2))
        index = BoxIndex([OrientedBox((x, y, 0.5), (0.4, 0.4, 1), 0) for x, y in places])
        began = time.perf_counter()
        for target in range(100):
            index.nearest(target)
        return time.perf_counter() - began

    seconds(100)
    assert seconds(10_000) < 12 * seconds(1_000)


def test_nearest_of_one_is_an_error():
    with pytest.raises(ValueError, match="no other box"):
        BoxIndex([cube(0, 0, 0)]).nearest(0)
