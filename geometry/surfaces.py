"""Point sets and triangle meshes: least distances, extents, and the floor's outline. Metres.

`points_distance` is between points that were measured, `surface_distance` between surfaces, exactly; neither is the
distance between boxes (`boxes.box_gap`), which is never more than either.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from shapely import Point, Polygon, unary_union

from .measures import Measured

PAIRS = 200_000
"""Pairs of triangles that are compared at once."""
FEW = 1_000
"""Points of a set that stand for all of it in a first guess."""
_FLAT = 1e-14


class Surface(NamedTuple):
    """A triangle mesh."""

    vertices: np.ndarray
    """[n, 3]."""
    triangles: np.ndarray
    """[m, 3] integers, rows of `vertices`."""

    @property
    def corners(self) -> np.ndarray:
        """[m, 3, 3]: each triangle's corners."""
        return np.asarray(self.vertices[self.triangles], float)


def extent(points: np.ndarray) -> tuple[float, float, float]:
    """How far points [n, 3] reach along x, y and z."""
    x, y, z = np.ptp(points, axis=0)
    return float(x), float(y), float(z)


def points_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Least distance between two sets of points [n, 3] and [m, 3].

    Points that are farther from the bounds of the other set than some of its points are, are left out first: a search
    tree is slow for what is far away, and clouds that lie apart have few points that count.
    """
    # scipy belongs to an extra.
    from scipy.spatial import cKDTree

    first, second = np.asarray(first, float), np.asarray(second, float)
    best = math.inf
    while True:
        few, others = (points[:: max(1, len(points) // FEW)] for points in (first, second))
        best = min(best, float(cKDTree(few).query(others)[0].min()))
        kept = first[_off(first, second) <= best], second[_off(second, first) <= best]
        # Each round goes over all that is left, and must save a good part of it.
        if len(kept[0]) + len(kept[1]) > 0.8 * (len(first) + len(second)):
            break
        first, second = kept
    large, small = kept if len(kept[0]) >= len(kept[1]) else kept[::-1]
    return min(best, float(cKDTree(large).query(small, distance_upper_bound=best)[0].min()))


def _off(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How far points [n, 3] are from the bounds of others; [n]."""
    low, high = others.min(axis=0), others.max(axis=0)
    return np.asarray(np.linalg.norm(np.maximum(np.maximum(low - points, points - high), 0.0), axis=1))


def surface_distance(first: Surface, second: Surface) -> float:
    """Least distance between two surfaces; 0 where they cross or touch, but not where one lies within the other.

    The nearest points of two triangles that do not cross are a corner and a point of a face, or points of two edges
    (Ericson, Real-Time Collision Detection, 2005, 5.1.9 and 5.1.10). Triangles whose surrounding balls are farther
    apart than the nearest corners are left out.
    """
    from scipy.spatial import cKDTree

    a, b = first.corners, second.corners
    best = points_distance(a.reshape(-1, 3), b.reshape(-1, 3))
    middles, radii = zip(*(_balls(each) for each in (a, b)), strict=True)
    reach = best + radii[0] + float(radii[1].max())
    near = cKDTree(middles[1]).query_ball_point(middles[0], reach)
    rows = np.repeat(np.arange(len(a)), [len(each) for each in near])
    columns = np.concatenate([np.asarray(each, int) for each in near]) if len(rows) else np.zeros(0, int)
    apart = np.linalg.norm(middles[0][rows] - middles[1][columns], axis=1) - radii[0][rows] - radii[1][columns]
    order = np.argsort(apart, kind="stable")
    for start in range(0, len(order), PAIRS):
        chunk = order[start : start + PAIRS]
        if apart[chunk[0]] > best or not best:
            break
        best = min(best, float(_triangles_apart(a[rows[chunk]], b[columns[chunk]]).min()))
    return best


def _balls(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Middles [m, 3] and radii [m] of balls around triangles [m, 3, 3]."""
    middles = corners.mean(axis=1)
    return middles, np.linalg.norm(corners - middles[:, None], axis=2).max(axis=1)


def _triangles_apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distances [k] between triangles [k, 3, 3] and others."""
    best = np.full(len(a), np.inf)
    for i in range(3):
        for j in range(3):
            best = np.minimum(best, _segments_apart(a[:, i], a[:, (i + 1) % 3], b[:, j], b[:, (j + 1) % 3]))
        best = np.minimum(best, np.minimum(_above(a[:, i], b), _above(b[:, i], a)))
        crossing = _pierces(a[:, i], a[:, (i + 1) % 3], b) | _pierces(b[:, i], b[:, (i + 1) % 3], a)
        best = np.where(crossing, 0.0, best)
    return best


def _dot(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("...i,...i->...", u, v))


def _segments_apart(p: np.ndarray, q: np.ndarray, r: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Distances [k] between segments p q and r s, each [k, 3]."""
    u, v, w = q - p, s - r, p - r
    a, e, f, c, b = _dot(u, u), _dot(v, v), _dot(v, w), _dot(u, w), _dot(u, v)
    determinant = a * e - b * b
    # Parallel segments: any place on the first will do, as the ends are tried through the clamping below.
    first = np.where(determinant > _FLAT, (b * f - c * e) / np.maximum(determinant, _FLAT), 0.0).clip(0, 1)
    second = (b * first + f) / np.maximum(e, _FLAT)
    first = np.where(second < 0, -c / np.maximum(a, _FLAT), first)
    first = np.where(second > 1, (b - c) / np.maximum(a, _FLAT), first).clip(0, 1)
    second = second.clip(0, 1)
    return np.asarray(np.linalg.norm(w + first[:, None] * u - second[:, None] * v, axis=1))


def _inside(points: np.ndarray, triangle: np.ndarray) -> np.ndarray:
    """Whether points [k, 3] in the planes of triangles [k, 3, 3] lie in these (barycentric coordinates)."""
    u, v, w = triangle[:, 1] - triangle[:, 0], triangle[:, 2] - triangle[:, 0], points - triangle[:, 0]
    a, b, c, d, e = _dot(u, u), _dot(u, v), _dot(v, v), _dot(w, u), _dot(w, v)
    determinant = np.maximum(a * c - b * b, _FLAT)
    s, t = (c * d - b * e) / determinant, (a * e - b * d) / determinant
    return np.asarray((a * c - b * b > _FLAT) & (s >= 0) & (t >= 0) & (s + t <= 1))


def _normals(triangle: np.ndarray) -> np.ndarray:
    normal = np.cross(triangle[:, 1] - triangle[:, 0], triangle[:, 2] - triangle[:, 0])
    return np.asarray(normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), _FLAT))


def _above(points: np.ndarray, triangle: np.ndarray) -> np.ndarray:
    """Distances of points to the faces that they are right above or below; infinite for others."""
    normal = _normals(triangle)
    height = _dot(points - triangle[:, 0], normal)
    return np.where(_inside(points - height[:, None] * normal, triangle), np.abs(height), np.inf)


def _pierces(p: np.ndarray, q: np.ndarray, triangle: np.ndarray) -> np.ndarray:
    """Whether segments p q cross triangles."""
    normal = _normals(triangle)
    one, other = _dot(p - triangle[:, 0], normal), _dot(q - triangle[:, 0], normal)
    share = one / np.where(np.abs(one - other) > _FLAT, one - other, 1.0)
    return np.asarray((one * other < 0) & _inside(p + share[:, None] * (q - p), triangle))


# --- the floor -----------------------------------------------------------------------------------------------------


def floor_area(rings: Sequence[Sequence[tuple[float, float]]]) -> float:
    """Area of a floor of several parts that do not overlap, square metres (the shoelace formula).

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


def on_floor(rings: Sequence[Sequence[tuple[float, float]]], x: float, y: float) -> Measured[bool]:
    """Whether a place in the plan is on the floor; the margin is its distance from the outline, metres."""
    whole = unary_union([Polygon(ring) for ring in rings])
    place = Point(x, y)
    return Measured(bool(whole.covers(place)), float(whole.boundary.distance(place)))
