"""Point sets against all their pairs, and floors against known areas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.geometry.surfaces import floor_area, points_distance


@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 60), st.floats(0, 5))
def test_points_distance_is_the_least_of_all_pairs(seed, first_count, second_count, shift):
    random = np.random.default_rng(seed)
    first_points = random.uniform(0, 1, (first_count, 3))
    second_points = random.uniform(0, 1, (second_count, 3)) + np.array([shift, 0, 0])
    least = np.linalg.norm(first_points[:, None] - second_points[None], axis=2).min()
    assert points_distance(first_points, second_points) == pytest.approx(least, abs=1e-12)
    assert points_distance(second_points, first_points) == pytest.approx(least, abs=1e-12)


def test_points_distance_of_many_points_is_that_of_the_nearest_two():
    """More points than the sample: the nearest pair is not in the first guess."""
    random = np.random.default_rng(3)
    cloud = random.uniform(0, 1, (5_000, 3))
    cloud[7], far_cloud = (1.4, 0.5, 0.5), random.uniform((1.5, 0, 0), (2.5, 1, 1), (5_000, 3))
    far_cloud[9] = (1.45, 0.5, 0.5)
    assert points_distance(cloud, far_cloud) == pytest.approx(0.05, abs=1e-9)


ELL = ((0, 0), (4, 0), (4, 2), (2, 2), (2, 5), (0, 5))


def test_floor_of_an_ell_is_its_two_parts():
    assert floor_area([ELL]) == 14 and floor_area([ELL, ((9, 9), (10, 9), (10, 10))]) == 14.5
    assert floor_area([tuple(reversed(ELL))]) == 14
    with pytest.raises(ValueError, match="three corners"):
        floor_area([((0, 0), (1, 1))])
