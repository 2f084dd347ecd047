"""Directions, each in a frame that its name says, and turns between cameras. Metres and degrees; the world's z is up.

Frames:
    level       the camera's place and heading with the horizon level: right, forward, up. What a person means who
                holds the camera. Its forward is the optical axis projected to the plan; a view straight up or down has
                none.
    object      from one object, facing another: forward is the way from the first to the second in the plan.
    world       the plan itself: degrees counter-clockwise from +x, as in mathematics.

A bearing is 0 straight ahead and grows clockwise, seen from above: 90 is right, -90 left; in (-180, 180].
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .camera import Camera
from .measures import Measurement

EIGHT = ("front", "front-right", "right", "back-right", "back", "back-left", "left", "front-left")
FOUR = ("front", "right", "back", "left")
_LEAST_HEADING = 1e-6
Point = Sequence[float] | np.ndarray


def wrapped(degrees: float) -> float:
    """Return the same direction, in `degrees`, within (-180, 180]."""
    wrapped_angle = -((180.0 - degrees) % 360.0) + 180.0
    return wrapped_angle + 0.0


def heading(camera: Camera) -> float:
    """Return the direction in which the `camera` looks in the plan, degrees counter-clockwise from +x.

    Raises:
        ValueError: it looks straight up or down.
    """
    x, y, _ = camera.rotation[:, 2]
    if math.hypot(x, y) < _LEAST_HEADING:
        raise ValueError("a camera that looks straight up or down has no heading")
    return math.degrees(math.atan2(y, x))


def in_level(camera: Camera, point: Point) -> np.ndarray:
    """Return a `point` [3] of the world as right, forward and up of the level `camera`, metres.

    Raises:
        ValueError: as `heading`.
    """
    x, y, z = np.asarray(point, float) - camera.position
    heading_angle = math.radians(heading(camera))
    cos, sin = math.cos(heading_angle), math.sin(heading_angle)
    return np.array([sin * x - cos * y, cos * x + sin * y, z])


def world_bearing(origin: Point, target: Point) -> float:
    """Return the direction from `origin` to `target` in the plan, degrees counter-clockwise from +x.

    Raises:
        ValueError: one is above the other.
    """
    return _turn_of(np.asarray(target, float)[:2] - np.asarray(origin, float)[:2])


def _turn_of(offset: Any) -> float:
    x, y = (float(value) for value in offset)
    if math.hypot(x, y) < _LEAST_HEADING:
        raise ValueError("there is no direction between places above each other")
    return math.degrees(math.atan2(y, x))


def camera_bearing(camera: Camera, point: Point) -> float:
    """Return the bearing of a `point` in the level frame of a `camera`: where it is for who holds the camera."""
    right, forward, _ = in_level(camera, point)
    return wrapped(90.0 - _turn_of((right, forward)))


def object_bearing(stand: Point, face: Point, target: Point) -> float:
    """Return the bearing of a target in the object frame: for who stands at one place and faces another.

    Args:
        stand: [3], where somebody stands.
        face: [3], straight ahead of them.
        target: [3], whose bearing is returned, degrees.

    Raises:
        ValueError: two of the places are above each other.
    """
    return wrapped(world_bearing(stand, face) - world_bearing(stand, target))


def sector(bearing: float, names: Sequence[str] = EIGHT) -> Measurement[str]:
    """Return the name of a `bearing` among equal sectors around `names`, the first straight ahead and on clockwise.

    The margin is the angle to the nearest border between sectors, degrees: at most half a sector.

    >>> sector(90.0, FOUR)
    Measurement(value='right', margin=45.0)
    """
    sector_width = 360.0 / len(names)
    sector_position = (bearing % 360.0) / sector_width
    number = math.floor(sector_position + 0.5)
    return Measurement(names[number % len(names)], sector_width * (0.5 - abs(sector_position - number)))


# --- cameras -------------------------------------------------------------------------------------------------------


def turn(first_camera: Camera, second_camera: Camera) -> float:
    """Return the turn from `first_camera` to `second_camera` about the world's vertical; clockwise positive, degrees.

    Raises:
        ValueError: as `heading`.
    """
    return wrapped(heading(first_camera) - heading(second_camera))


def pitch(camera: Camera) -> float:
    """Return the angle of the optical axis of the `camera` above the horizon, degrees."""
    x, y, z = camera.rotation[:, 2]
    return math.degrees(math.atan2(z, math.hypot(x, y)))


def roll(camera: Camera) -> float:
    """Return how far the picture of the `camera` is turned from an upright one, degrees, clockwise positive.

    Raises:
        ValueError: as `heading`.
    """
    heading_angle = math.radians(heading(camera))
    level_right = np.array([math.sin(heading_angle), -math.cos(heading_angle), 0.0])
    right, down = level_right @ camera.rotation[:, 0], level_right @ camera.rotation[:, 1]
    return math.degrees(math.atan2(-down, right))
