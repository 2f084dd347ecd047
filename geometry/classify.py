"""What kind of shape an outline is, judged by its geometry and not by the element that drew it.

Thresholds, on outlines of at least a few px:
    corners     vertices where the boundary turns by more than `CORNER_DEGREES`; a curve of 64 pieces turns by 5.6.
    triangle    3 corners joined by straight sides, none of which is a sliver.
    square      4 corners of 90 degrees within `ANGLE_SLACK`, sides alike within `SIDE_SLACK`; otherwise a rectangle.
    circle      no corners, all vertices within `ELLIPSE_SLACK` (as a share of the axes) of the ellipse that has the
                outline's second moments, axes alike within `SIDE_SLACK`; otherwise an ellipse.
"""

import numpy as np
from shapely import MultiPolygon, Polygon

from .scene import Region

CORNER_DEGREES = 20.0
STRAIGHT_DEGREES = 1.0
ANGLE_SLACK = 6.0
SIDE_SLACK = 0.06
ELLIPSE_SLACK = 0.03
MIN_ANGLE = 12.0


def classify_outline(outline: Region) -> tuple[str, float]:
    """The kind of an outline and how clearly it is of that kind.

    Returns:
        `(kind, margin)`: kind is `circle`, `ellipse`, `square`, `rectangle`, `triangle`, `polygon` (other straight
        sides) or `path` (anything else); margin is in 0..1, the unused share of the slack that decided.
    """
    if isinstance(outline, MultiPolygon) or outline.is_empty or outline.interiors:
        return "path", 1.0
    points = _without_straight(np.asarray(outline.exterior.coords)[:-1])
    turns = _turns(points)
    corners = np.abs(turns) > CORNER_DEGREES
    if not corners.any():
        return _round_kind(outline)
    if not corners.all():
        return "path", 1.0
    if len(points) == 3:
        least = 180.0 - float(np.max(np.abs(turns)))
        return ("triangle", min(1.0, (least - MIN_ANGLE) / MIN_ANGLE)) if least > MIN_ANGLE else ("polygon", 1.0)
    if len(points) == 4:
        return _four_sided(points, turns)
    return "polygon", 1.0


def _without_straight(points: np.ndarray) -> np.ndarray:
    """The points at which the boundary turns at all."""
    points = points[np.any(points != _shifted(points, 1), axis=1)]
    return points[np.abs(_turns(points)) > STRAIGHT_DEGREES] if len(points) > 3 else points


def _shifted(points: np.ndarray, by: int) -> np.ndarray:
    """`np.roll` along the boundary, which for so few points costs more than the work itself."""
    return np.concatenate((points[-by:], points[:-by]))


def _turns(points: np.ndarray) -> np.ndarray:
    """The turn at each point of a closed boundary, in degrees, -180 to 180."""
    before = points - _shifted(points, 1)
    after = _shifted(before, -1)
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    dot = (before * after).sum(1)
    return np.degrees(np.arctan2(cross, dot))


def _four_sided(points: np.ndarray, turns: np.ndarray) -> tuple[str, float]:
    off = float(np.max(np.abs(np.abs(turns) - 90.0)))
    if off > ANGLE_SLACK:
        return "polygon", min(1.0, (off - ANGLE_SLACK) / ANGLE_SLACK)
    right = 1.0 - off / ANGLE_SLACK
    sides = np.linalg.norm(_shifted(points, -1) - points, axis=1)
    spread = 1.0 - float(sides.min() / sides.max())
    if spread <= SIDE_SLACK:
        return "square", min(right, 1.0 - spread / SIDE_SLACK)
    return "rectangle", min(right, (spread - SIDE_SLACK) / SIDE_SLACK, 1.0)


def _round_kind(outline: Polygon) -> tuple[str, float]:
    points = np.asarray(outline.exterior.coords) - np.asarray(outline.centroid.coords)
    spread, axes = np.linalg.eigh(_second_moments(points))
    # An ellipse with semi-axes a and b has second moments a^2 / 4 and b^2 / 4.
    semi = 2.0 * np.sqrt(np.maximum(spread, 1e-12))
    off = float(np.max(np.abs(np.linalg.norm(points @ axes / semi, axis=1) - 1.0)))
    if off > ELLIPSE_SLACK:
        return "path", min(1.0, (off - ELLIPSE_SLACK) / ELLIPSE_SLACK)
    fit = 1.0 - off / ELLIPSE_SLACK
    unlike = 1.0 - float(semi[0] / semi[1])
    if unlike <= SIDE_SLACK:
        return "circle", min(fit, 1.0 - unlike / SIDE_SLACK)
    return "ellipse", min(fit, (unlike - SIDE_SLACK) / SIDE_SLACK, 1.0)


def _second_moments(points: np.ndarray) -> np.ndarray:
    """Covariance [2, 2] of the area within a closed boundary [n, 2] about the origin, px squared (Green's theorem)."""
    here, there = points[:-1], points[1:]
    cross = here[:, 0] * there[:, 1] - here[:, 1] * there[:, 0]
    both = here + there
    moments = np.einsum("n,ni,nj->ij", cross, both, both)
    moments += np.einsum("n,ni,nj->ij", cross, here, here) + np.einsum("n,ni,nj->ij", cross, there, there)
    return moments / (12.0 * cross.sum())


def polygon_kind(outline: Region) -> tuple[str, float]:
    """The name of a regular figure among the outlines that `classify_outline` calls `polygon`.

    Returns:
        `(name, margin)`: name is `pentagon` or `hexagon` (sides and turns alike within the slacks of a square), `star`
        (ten corners that turn out and in by turns) or `polygon`; margin is in 0..1, the unused share of the slack.
    """
    if isinstance(outline, MultiPolygon) or outline.is_empty or outline.interiors:
        return "polygon", 1.0
    points = _without_straight(np.asarray(outline.exterior.coords)[:-1])
    turns = _turns(points)
    sides = np.linalg.norm(_shifted(points, -1) - points, axis=1)
    spread = 1.0 - float(sides.min() / sides.max())
    name = {5: "pentagon", 6: "hexagon", 10: "star"}.get(len(points))
    if name is None or spread > SIDE_SLACK:
        return "polygon", 1.0
    # A star turns one way at its tips and the other way between them; the rest turn one way only.
    groups = (turns[::2], turns[1::2]) if name == "star" else (turns,)
    off = max(float(np.ptp(group)) for group in groups)
    straight = name == "star" and turns[0] * turns[1] >= 0
    if off > ANGLE_SLACK or straight:
        return "polygon", 1.0
    return name, min(1.0 - spread / SIDE_SLACK, 1.0 - off / ANGLE_SLACK)
