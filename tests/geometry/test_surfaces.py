"""Surfaces: distances against boxes, sampled points and known cases; floors against their triangles."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.geometry.boxes import box_gap
from zerosight.geometry.spatial import Box
from zerosight.geometry.surfaces import Surface, extent, floor_area, on_floor, points_distance, surface_distance

numbers = st.floats(-3, 3)
sizes = st.floats(0.2, 2)
boxes = st.builds(Box, st.tuples(numbers, numbers, numbers), st.tuples(sizes, sizes, sizes), st.floats(-44, 45))
SIDES = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
                  [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]])  # fmt: skip


def mesh(box: Box) -> Surface:
    return Surface(box.corners, SIDES)


def turned(surface: Surface, seed: int) -> Surface:
    """The surface after one of all rigid motions."""
    random = np.random.default_rng(seed)
    q, _ = np.linalg.qr(random.normal(size=(3, 3)))
    return Surface(surface.vertices @ q.T + (1, -2, 3), surface.triangles)


@given(boxes, boxes)
def test_surfaces_of_boxes_that_are_apart_are_as_far_as_the_boxes(first, second):
    gap = box_gap(first, second)
    found = surface_distance(mesh(first), mesh(second))
    assert found == pytest.approx(gap, abs=1e-7) if gap > 1e-6 else found >= 0
    assert surface_distance(mesh(second), mesh(first)) == pytest.approx(found, abs=1e-9)


@given(st.integers(0, 10_000), st.integers(0, 100))
def test_distance_is_under_that_of_sampled_points_and_near_it(seed, motion):
    random = np.random.default_rng(seed)
    a, b = (Surface(random.uniform(0, 1, (12, 3)) + shift, random.permutation(12).reshape(4, 3)) for shift in (0, 1.2))
    shares = random.dirichlet((1, 1, 1), 400)
    dense = [(shares @ surface.corners).reshape(-1, 3) for surface in (a, b)]
    found = surface_distance(a, b)
    sampled = points_distance(*dense)
    assert found <= sampled + 1e-9 and sampled <= found + 0.25
    assert surface_distance(turned(a, motion), turned(b, motion)) == pytest.approx(found, abs=1e-7)


@pytest.mark.parametrize(
    ("second", "distance"),
    [
        ([[0.2, 0.2, 1], [0.4, 0.2, 1], [0.2, 0.4, 1]], 1.0),  # above the face
        ([[0.2, 0.2, -1], [0.3, 0.2, 1], [0.2, 0.3, 1]], 0.0),  # through the face
        ([[2, 0, 0], [3, 0, 0], [2, 1, 0]], 1.0),  # in the plane, a corner from a corner
        ([[1, 1, 0], [2, 1, 0], [1, 2, 0]], math.sqrt(0.5)),  # in the plane, a corner from an edge
        ([[-1, -0.5, 0.3], [2, -0.5, 0.3], [0, -3, 0.3]], math.hypot(0.5, 0.3)),  # edge from edge
        ([[0, 0, 0], [-1, 0, 0], [0, -1, 0]], 0.0),  # a common corner
    ],
)
def test_known_triangles(second, distance):
    first = Surface(np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], float), np.array([[0, 1, 2]]))
    found = surface_distance(first, Surface(np.array(second, float), np.array([[0, 1, 2]])))
    assert found == pytest.approx(distance, abs=1e-9)


def test_many_triangles_are_as_few(monkeypatch):
    monkeypatch.setattr("zerosight.geometry.surfaces.PAIRS", 7)
    assert surface_distance(mesh(Box((0, 0, 0), (1, 1, 1), 10)), mesh(Box((4, 0, 0), (1, 1, 1), 0))) == pytest.approx(
        box_gap(Box((0, 0, 0), (1, 1, 1), 10), Box((4, 0, 0), (1, 1, 1), 0))
    )


def test_extent_is_from_end_to_end():
    assert extent(np.array([[0, 1, 2], [3, -1, 2]])) == (3, 2, 0)


ELL = ((0, 0), (4, 0), (4, 2), (2, 2), (2, 5), (0, 5))


def test_floor_of_an_ell_is_its_two_parts():
    assert floor_area([ELL]) == 14 and floor_area([ELL, ((9, 9), (10, 9), (10, 10))]) == 14.5
    assert floor_area([tuple(reversed(ELL))]) == 14
    with pytest.raises(ValueError, match="three corners"):
        floor_area([((0, 0), (1, 1))])


@pytest.mark.parametrize(("x", "y", "inside", "margin"), [(1, 1, True, 1), (3, 3, False, 1), (3, 1.5, True, 0.5),
                                                          (-3, -4, False, 5), (2, 2, True, 0)])  # fmt: skip
def test_places_on_the_floor(x, y, inside, margin):
    found = on_floor([ELL], x, y)
    assert found.value is inside and found.margin == pytest.approx(margin)
