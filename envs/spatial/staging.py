"""Cameras placed for a question: motions that a walk through a room seldom has."""

import math
from dataclasses import replace

from ..streams import Stream
from .layout import Layout, Viewpoint
from .physics import camera_faults, free_plan

_STEP = {"front": (0.0, 1.0, 0.0), "back": (0.0, -1.0, 0.0), "left": (-1.0, 0.0, 0.0), "right": (1.0, 0.0, 0.0),
         "above": (0.0, 0.0, 1.0), "below": (0.0, 0.0, -1.0)}  # fmt: skip
"""Right, forward, up."""
_TRIES = 12


def staged(layout: Layout, task: str, wanted: str | None, stream: Stream) -> Layout:
    """The layout, with one camera put where another comes by the wanted motion; as it is for every other task."""
    if task != "motion_camera" or wanted is None:
        return layout
    cameras, boxes = list(layout.cameras), [thing.box for thing in layout.things]
    plan = free_plan(layout.floors, layout.walls)
    for _ in range(_TRIES):
        first, second = stream.shuffled(range(len(cameras)))[:2]
        start = _levelled(cameras[first], wanted)
        moved = _moved(start, wanted, stream)
        pair = (start, moved)
        if not camera_faults([each.eye for each in pair], [each.target for each in pair], boxes, plan):
            cameras[first], cameras[second] = pair
            return replace(layout, cameras=tuple(cameras))
    return layout


def _levelled(camera: Viewpoint, wanted: str) -> Viewpoint:
    """The camera as low or as high as it takes to be moved up or down."""
    lift = {"above": 1.25, "below": 1.75}.get(wanted, camera.eye[2]) - camera.eye[2]
    raised = [_rounded(x, y, z + lift) for x, y, z in (camera.eye, camera.target)]
    return replace(camera, eye=raised[0], target=raised[1])


def _moved(camera: Viewpoint, wanted: str, stream: Stream) -> Viewpoint:
    """The camera after a turn, or after a step with the same heading."""
    (x, y, z), (u, v, w) = camera.eye, camera.target
    heading = math.atan2(v - y, u - x)
    if wanted.startswith("turn"):
        turn = math.radians(stream.integer(15, 50)) * (-1 if wanted == "turn-right" else 1)
        reach = math.hypot(u - x, v - y)
        u, v = x + reach * math.cos(heading + turn), y + reach * math.sin(heading + turn)
    else:
        length = stream.integer(35, 50 if wanted in ("above", "below") else 90) / 100
        right, forward, up = (value * length for value in _STEP[wanted])
        dx = forward * math.cos(heading) + right * math.sin(heading)
        dy = forward * math.sin(heading) - right * math.cos(heading)
        x, y, z, u, v, w = x + dx, y + dy, z + up, u + dx, v + dy, w + up
    return replace(camera, eye=_rounded(x, y, z), target=_rounded(u, v, w))


def _rounded(x: float, y: float, z: float) -> tuple[float, float, float]:
    return round(x, 2), round(y, 2), round(z, 2)
