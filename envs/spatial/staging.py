"""Cameras placed for a question: motions that a walk through a room seldom has."""

import math
from dataclasses import replace
from typing import Any

from ..streams import Stream
from .layout import Layout, free_for_camera

_STEP = {"front": (0.0, 1.0, 0.0), "back": (0.0, -1.0, 0.0), "left": (-1.0, 0.0, 0.0), "right": (1.0, 0.0, 0.0),
         "above": (0.0, 0.0, 1.0), "below": (0.0, 0.0, -1.0)}  # fmt: skip
"""Right, forward, up."""
_TRIES = 12


def staged(layout: Layout, task: str, wanted: str | None, stream: Stream) -> Layout:
    """The layout, with one camera put where another comes by the wanted motion; as it is for every other task."""
    if task != "motion_camera" or wanted is None:
        return layout
    cameras = list(layout.cameras)
    for _ in range(_TRIES):
        first, second = stream.shuffled(range(len(cameras)))[:2]
        moved = _moved(cameras[first], wanted, stream)
        if free_for_camera(layout, moved.eye):
            cameras[second] = moved
            return replace(layout, cameras=tuple(cameras))
    return layout


def _moved(camera: Any, wanted: str, stream: Stream) -> Any:
    """The camera after a turn, or after a step with the same heading."""
    (x, y, z), (u, v, w) = camera.eye, camera.target
    heading = math.atan2(v - y, u - x)
    if wanted.startswith("turn"):
        turn = math.radians(stream.integer(15, 50)) * (-1 if wanted == "turn-right" else 1)
        reach = math.hypot(u - x, v - y)
        u, v = x + reach * math.cos(heading + turn), y + reach * math.sin(heading + turn)
    else:
        right, forward, up = (value * stream.integer(35, 90) / 100 for value in _STEP[wanted])
        dx = forward * math.cos(heading) + right * math.sin(heading)
        dy = forward * math.sin(heading) - right * math.cos(heading)
        x, y, z, u, v, w = x + dx, y + dy, z + up, u + dx, v + dy, w + up
    return replace(camera, eye=_rounded(x, y, z), target=_rounded(u, v, w))


def _rounded(*place: float) -> tuple[float, ...]:
    return tuple(round(value, 2) for value in place)
