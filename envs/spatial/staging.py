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


TURNED = {"position_cam_cam": 2, "position_cam_obj": 2, "position_cam_reg": 3}
"""Cameras that look anywhere for tasks about where something is for a camera: for those that look at things it would
mostly be in front."""


def staged(layout: Layout, task: str, wanted: str | None, stream: Stream) -> Layout:
    """The layout with cameras that suit a task: one that came by the wanted motion, or some that look anywhere."""
    if task in TURNED:
        turned = stream.shuffled(range(len(layout.cameras)))[: TURNED[task]]
        cameras = tuple(_turned(c, stream.integer(0, 359)) if n in turned else c for n, c in enumerate(layout.cameras))
        return replace(layout, cameras=cameras)
    return _moving(layout, wanted, stream) if task == "motion_camera" and wanted else layout


def _moving(layout: Layout, wanted: str, stream: Stream) -> Layout:
    """The layout with one camera put where another comes by a motion, if there is room for it."""
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
        return _turned(camera, stream.integer(15, 50) * (-1 if wanted == "turn-right" else 1))
    length = stream.integer(35, 50 if wanted in ("above", "below") else 90) / 100
    right, forward, up = (value * length for value in _STEP[wanted])
    dx = forward * math.cos(heading) + right * math.sin(heading)
    dy = forward * math.sin(heading) - right * math.cos(heading)
    return replace(camera, eye=_rounded(x + dx, y + dy, z + up), target=_rounded(u + dx, v + dy, w + up))


def _turned(camera: Viewpoint, degrees: int) -> Viewpoint:
    """The camera turned about the vertical, counter-clockwise."""
    (x, y, _), (u, v, w) = camera.eye, camera.target
    heading, reach = math.atan2(v - y, u - x) + math.radians(degrees), math.hypot(u - x, v - y)
    return replace(camera, target=_rounded(x + reach * math.cos(heading), y + reach * math.sin(heading), w))


def _rounded(x: float, y: float, z: float) -> tuple[float, float, float]:
    return round(x, 2), round(y, 2), round(z, 2)
