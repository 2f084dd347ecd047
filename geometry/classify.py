"""Kinds of shapes, judged by an outline's geometry and not by the element that drew it.

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
    """Return the kind of an `outline` and how clearly it is of that kind.

    Returns:
        `(kind, margin)`: kind is `circle`, `ellipse`, `square`, `rectangle`, `triangle`, `polygon` (other straight
        sides) or `path` (anything else); margin is in 0..1, the unused share of the slack that decided.
    """
    if isinstance(outline, MultiPolygon) or outline.is_empty or outline.interiors:
        return "path", 1.0
    boundary_points = _without_straight(np.asarray(outline.exterior.coords)[:-1])
    turn_angles = _turns(boundary_points)
    is_corner = np.abs(turn_angles) > CORNER_DEGREES
    if not is_corner.any():
        return _round_kind(outline)
    if not is_corner.all():
        return "path", 1.0
    if len(boundary_points) == 3:
        least_angle = 180.0 - float(np.max(np.abs(turn_angles)))
        margin = min(1.0, (least_angle - MIN_ANGLE) / MIN_ANGLE)
        return ("triangle", margin) if least_angle > MIN_ANGLE else ("polygon", 1.0)
    if len(boundary_points) == 4:
        return _four_sided(boundary_points, turn_angles)
    return "polygon", 1.0


def _without_straight(boundary_points: np.ndarray) -> np.ndarray:
    """Return the `boundary_points` at which the boundary turns at all."""
    distinct = boundary_points[np.any(boundary_points != _shifted(boundary_points, 1), axis=1)]
    return distinct[np.abs(_turns(distinct)) > STRAIGHT_DEGREES] if len(distinct) > 3 else distinct


def _shifted(points: np.ndarray, by: int) -> np.ndarray:
    """Shift `points` along the boundary: `np.roll`, which for so few points costs more than the work itself."""
    return np.concatenate((points[-by:], points[:-by]))


def _turns(points: np.ndarray) -> np.ndarray:
    """Return the turn at each of the `points` of a closed boundary, in degrees, -180 to 180."""
    incoming_edges = points - _shifted(points, 1)
    outgoing_edges = _shifted(incoming_edges, -1)
    cross_products = incoming_edges[:, 0] * outgoing_edges[:, 1] - incoming_edges[:, 1] * outgoing_edges[:, 0]
    dot_products = (incoming_edges * outgoing_edges).sum(1)
    return np.degrees(np.arctan2(cross_products, dot_products))


def _four_sided(points: np.ndarray, turn_angles: np.ndarray) -> tuple[str, float]:
    angle_error = float(np.max(np.abs(np.abs(turn_angles) - 90.0)))
    if angle_error > ANGLE_SLACK:
        return "polygon", min(1.0, (angle_error - ANGLE_SLACK) / ANGLE_SLACK)
    angle_margin = 1.0 - angle_error / ANGLE_SLACK
    side_lengths = np.linalg.norm(_shifted(points, -1) - points, axis=1)
    side_spread = 1.0 - float(side_lengths.min() / side_lengths.max())
    if side_spread <= SIDE_SLACK:
        return "square", min(angle_margin, 1.0 - side_spread / SIDE_SLACK)
    return "rectangle", min(angle_margin, (side_spread - SIDE_SLACK) / SIDE_SLACK, 1.0)


def _round_kind(outline: Polygon) -> tuple[str, float]:
    boundary_points = np.asarray(outline.exterior.coords) - np.asarray(outline.centroid.coords)
    axis_moments, axes = np.linalg.eigh(_second_moments(boundary_points))
    # An ellipse with semi-axes a and b has second moments a^2 / 4 and b^2 / 4.
    semi_axes = 2.0 * np.sqrt(np.maximum(axis_moments, 1e-12))
    ellipse_error = float(np.max(np.abs(np.linalg.norm(boundary_points @ axes / semi_axes, axis=1) - 1.0)))
    if ellipse_error > ELLIPSE_SLACK:
        return "path", min(1.0, (ellipse_error - ELLIPSE_SLACK) / ELLIPSE_SLACK)
    ellipse_margin = 1.0 - ellipse_error / ELLIPSE_SLACK
    axis_spread = 1.0 - float(semi_axes[0] / semi_axes[1])
    if axis_spread <= SIDE_SLACK:
        return "circle", min(ellipse_margin, 1.0 - axis_spread / SIDE_SLACK)
    return "ellipse", min(ellipse_margin, (axis_spread - SIDE_SLACK) / SIDE_SLACK, 1.0)


def _second_moments(points: np.ndarray) -> np.ndarray:
    """Return the covariance [2, 2], about the origin, of the area within a closed boundary, px squared.

    By Green's theorem; `points` are [n, 2], the first one repeated at the end.
    """
    starts, ends = points[:-1], points[1:]
    cross_products = starts[:, 0] * ends[:, 1] - starts[:, 1] * ends[:, 0]
    sums = starts + ends
    moments = np.einsum("n,ni,nj->ij", cross_products, sums, sums)
    moments += np.einsum("n,ni,nj->ij", cross_products, starts, starts)
    moments += np.einsum("n,ni,nj->ij", cross_products, ends, ends)
    return moments / (12.0 * cross_products.sum())


def polygon_kind(outline: Region) -> tuple[str, float]:
    """Return the name of a regular figure for an `outline` that `classify_outline` calls `polygon`.

    Returns:
        `(name, margin)`: name is `pentagon` or `hexagon` (sides and turns alike within the slacks of a square), `star`
        (ten corners that turn out and in by turns) or `polygon`; margin is in 0..1, the unused share of the slack.
    """
    if isinstance(outline, MultiPolygon) or outline.is_empty or outline.interiors:
        return "polygon", 1.0
    boundary_points = _without_straight(np.asarray(outline.exterior.coords)[:-1])
    turn_angles = _turns(boundary_points)
    side_lengths = np.linalg.norm(_shifted(boundary_points, -1) - boundary_points, axis=1)
    side_spread = 1.0 - float(side_lengths.min() / side_lengths.max())
    name = {5: "pentagon", 6: "hexagon", 10: "star"}.get(len(boundary_points))
    if name is None or side_spread > SIDE_SLACK:
        return "polygon", 1.0
    # A star turns one way at its tips and the other way between them; the rest turn one way only.
    turn_groups = (turn_angles[::2], turn_angles[1::2]) if name == "star" else (turn_angles,)
    turn_spread = max(float(np.ptp(group)) for group in turn_groups)
    straight = name == "star" and turn_angles[0] * turn_angles[1] >= 0
    if turn_spread > ANGLE_SLACK or straight:
        return "polygon", 1.0
    return name, min(1.0 - side_spread / SIDE_SLACK, 1.0 - turn_spread / ANGLE_SLACK)
