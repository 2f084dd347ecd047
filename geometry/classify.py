"""What kind of shape an outline is, judged by its geometry and not by the element that drew it.

Thresholds, on outlines of at least a few px:
    corners     vertices where the boundary turns by more than `CORNER_DEGREES`; a curve of 64 pieces turns by 5.6.
    triangle    3 corners joined by straight sides, none of which is a sliver.
    square      4 corners of 90 degrees within `ANGLE_SLACK`, sides alike within `SIDE_SLACK`; otherwise a rectangle.
    circle      no corners, fills its minimum rotated rectangle as an ellipse does (pi/4 within `ELLIPSE_SLACK`),
                axes alike within `SIDE_SLACK`; otherwise an ellipse.
"""

import math

import numpy as np
from shapely import MultiPolygon, Polygon

from .scene import Region

CORNER_DEGREES = 20.0
STRAIGHT_DEGREES = 1.0
ANGLE_SLACK = 6.0
SIDE_SLACK = 0.06
ELLIPSE_SLACK = 0.02
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
    points = points[np.any(points != np.roll(points, 1, axis=0), axis=1)]
    return points[np.abs(_turns(points)) > STRAIGHT_DEGREES] if len(points) > 3 else points


def _turns(points: np.ndarray) -> np.ndarray:
    """The turn at each point of a closed boundary, in degrees, -180 to 180."""
    before = points - np.roll(points, 1, axis=0)
    after = np.roll(points, -1, axis=0) - points
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    dot = (before * after).sum(1)
    return np.degrees(np.arctan2(cross, dot))


def _four_sided(points: np.ndarray, turns: np.ndarray) -> tuple[str, float]:
    off = float(np.max(np.abs(np.abs(turns) - 90.0)))
    if off > ANGLE_SLACK:
        return "polygon", min(1.0, (off - ANGLE_SLACK) / ANGLE_SLACK)
    right = 1.0 - off / ANGLE_SLACK
    sides = np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1)
    spread = 1.0 - float(sides.min() / sides.max())
    if spread <= SIDE_SLACK:
        return "square", min(right, 1.0 - spread / SIDE_SLACK)
    return "rectangle", min(right, (spread - SIDE_SLACK) / SIDE_SLACK, 1.0)


def _round_kind(outline: Polygon) -> tuple[str, float]:
    box = np.asarray(outline.minimum_rotated_rectangle.exterior.coords)
    sides = np.linalg.norm(np.diff(box[:3], axis=0), axis=1)
    # A polygon of 64 pieces lacks 0.16 % of the circle's area: well inside the slack.
    off = abs(outline.area / float(sides.prod()) - math.pi / 4)
    if off > ELLIPSE_SLACK:
        return "path", min(1.0, (off - ELLIPSE_SLACK) / ELLIPSE_SLACK)
    fit = 1.0 - off / ELLIPSE_SLACK
    spread = 1.0 - float(sides.min() / sides.max())
    if spread <= SIDE_SLACK:
        return "circle", min(fit, 1.0 - spread / SIDE_SLACK)
    return "ellipse", min(fit, (spread - SIDE_SLACK) / SIDE_SLACK, 1.0)
