"""Point sets and floors: the least distance between clouds of points, and the area of a floor. Metres.

`points_distance` is between points that were measured. It is not the distance between boxes (`boxes.box_gap`), which
is never more.
"""

import math
from collections.abc import Sequence

import numpy as np

SAMPLE_SIZE = 1_000
"""Points of a set that stand for all of it in a first guess."""


def points_distance(first_points: np.ndarray, second_points: np.ndarray) -> float:
    """Return the least distance between two sets of points.

    Points that are farther from the bounds of the other set than some of its points are, are left out first: a search
    tree is slow for what is far away, and clouds that lie apart have few points that count.

    Args:
        first_points: [n, 3], at least one.
        second_points: [m, 3], at least one.
    """
    # scipy belongs to an extra.
    from scipy.spatial import cKDTree

    clouds = np.asarray(first_points, float), np.asarray(second_points, float)
    best = math.inf
    while True:
        samples = [points[:: max(1, len(points) // SAMPLE_SIZE)] for points in clouds]
        best = min(best, float(cKDTree(samples[0]).query(samples[1])[0].min()))
        near_points = [
            points[_bounds_distance(points, partner) <= best]
            for points, partner in zip(clouds, clouds[::-1], strict=True)
        ]
        # Each round goes over all that is left, and must save a good part of it.
        if sum(map(len, near_points)) > 0.8 * sum(map(len, clouds)):
            break
        clouds = near_points[0], near_points[1]
    small, large = sorted(near_points, key=len)
    return min(best, float(cKDTree(large).query(small, distance_upper_bound=best)[0].min()))


def _bounds_distance(points: np.ndarray, other_points: np.ndarray) -> np.ndarray:
    """Return the distance [n] of each of the `points` [n, 3] from the bounds of `other_points`."""
    low, high = other_points.min(axis=0), other_points.max(axis=0)
    return np.asarray(np.linalg.norm(np.maximum(np.maximum(low - points, points - high), 0.0), axis=1))


def floor_area(rings: Sequence[Sequence[tuple[float, float]]]) -> float:
    """Return the area of a floor, square metres (the shoelace formula).

    Args:
        rings: outlines of the floor's parts, which do not overlap.

    Raises:
        ValueError: a ring has fewer than three corners.
    """
    total = 0.0
    for ring in rings:
        if len(ring) < 3:
            raise ValueError(f"an outline has three corners or more, got {len(ring)}")
        ends = [*ring[1:], ring[0]]
        total += abs(math.fsum(x * v - u * y for (x, y), (u, v) in zip(ring, ends, strict=True))) / 2
    return total
