"""Sectors of rings: the wedges of pies and the bars of polar panels."""

import math
from typing import NamedTuple

import numpy as np

from .display import LINE, MOVE, Path

_SLACK = 0.02
"""Of the radius, by which points may be off a circle."""
_NEARLY_ROUND = 330.0
"""Degrees: a closed arc of more is a whole circle."""


class RingSector(NamedTuple):
    """The area between two radii and two angles."""

    centre: tuple[float, float]
    inner: float
    """0 for a wedge that reaches the centre."""
    outer: float
    start: float
    """Degrees anticlockwise from the right, in [0, 360)."""
    end: float
    """Above `start`, by 360 at most."""

    def rim(self, share: float) -> tuple[float, float]:
        """Return the point at the middle of its angles, `share` of its outer radius from the centre."""
        turn = math.radians((self.start + self.end) / 2)
        x, y = self.centre
        return x + share * self.outer * math.cos(turn), y - share * self.outer * math.sin(turn)


def ring(path: Path) -> RingSector | None:
    """Return the sector of a ring that a closed `path` is, or None; a whole ring has an inner loop besides."""
    if not path.is_curved or len(path.loops) > 2:
        return None
    points = path.drawn
    returns_to_start = np.allclose(points[0], points[-1], atol=1e-6)
    if returns_to_start:
        points = points[:-1]
    centre = _centre(path)
    if centre is None:
        return None
    offsets = points - centre
    distances = np.hypot(*offsets.T)
    outer = float(distances.max())
    is_outer = distances > (1 - _SLACK) * outer
    inner_distances = distances[~is_outer]
    inner = float(np.median(inner_distances)) if len(inner_distances) else 0.0
    inner = 0.0 if inner < 1e-6 * outer else inner
    if outer < 2 or (len(inner_distances) and np.abs(inner_distances - inner).max() > _SLACK * outer):
        return None
    # In the order in which they are drawn; steps between neighbours are small on an arc.
    angles = np.unwrap(np.arctan2(-offsets[is_outer, 1], offsets[is_outer, 0]))
    low, high = (round(math.degrees(angle), 6) for angle in (angles.min(), angles.max()))
    if high - low > 360.5:
        return None
    if returns_to_start and not len(inner_distances) and high - low > _NEARLY_ROUND:
        # The last step back to the start is left out above.
        high = low + 360.0
    start = low % 360
    return RingSector((float(centre[0]), float(centre[1])), inner, outer, start, start + min(high - low, 360.0))


def _centre(path: Path) -> np.ndarray | None:
    """Fit the centre of a circle to the first, middle and last point of the longest arc of `path`."""
    codes = path.codes
    is_curve = ~np.isin(codes, (MOVE, LINE, 79))
    run_edges = np.flatnonzero(np.diff(np.concatenate([[0], is_curve.astype(int), [0]])))
    arcs = [
        path.points[max(0, arc_start - 1) : arc_end]
        for arc_start, arc_end in zip(run_edges[::2], run_edges[1::2], strict=True)
    ]
    if not arcs:
        return None
    longest_arc = max(arcs, key=len)
    # The last point of each cubic is on the curve; control points are not.
    curve_points = longest_arc[::3]
    if len(curve_points) < 2:
        return None
    arc_start, arc_end = curve_points[0], curve_points[-1]
    arc_middle = curve_points[len(curve_points) // 2] if len(curve_points) > 2 else _bezier_middle(longest_arc[:4])
    if arc_middle is None:
        return None
    if np.hypot(*(arc_start - arc_end)) < 1e-6:
        # All round.
        return np.asarray((curve_points.min(axis=0) + curve_points.max(axis=0)) / 2)
    return _circumcentre(arc_start, arc_end, arc_middle)


def _bezier_middle(control: np.ndarray) -> np.ndarray | None:
    return control.T @ np.array([1, 3, 3, 1]) / 8 if len(control) == 4 else None


def _circumcentre(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray | None:
    sides = 2 * np.stack([b - a, c - a])
    if abs(np.linalg.det(sides)) < 1e-6:
        return None
    return np.linalg.solve(sides, np.array([b @ b - a @ a, c @ c - a @ a]))
