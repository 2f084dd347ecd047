"""Cameras placed for a question: motions that a walk through a room seldom has."""

import math
from dataclasses import replace

from ...geometry.directions import EIGHT
from ..rng import SeededRng
from .layout import RoomLayout, Viewpoint
from .physics import camera_faults, free_plan
from .surroundings import LINKS, REGIONS

_STEP = {"front": (0.0, 1.0, 0.0), "back": (0.0, -1.0, 0.0), "left": (-1.0, 0.0, 0.0), "right": (1.0, 0.0, 0.0),
         "above": (0.0, 0.0, 1.0), "below": (0.0, 0.0, -1.0)}  # fmt: skip
"""Right, forward, up."""
_TRIES = 12


AIMED_TASKS = ("position_cam_cam", "position_cam_obj", "position_cam_reg")
"""Tasks about where something is for a camera: of cameras that look at things it would mostly be in front."""
WIDE = 100.0
"""Degrees that pictures span in these tasks, so that cameras with other headings share things."""
_IN_VIEW = WIDE / 2 - 5
"""Degrees from the heading within which a thing's middle counts as in view."""
_NEAR = 0.6
"""Metres: what is nearer does not."""
_JITTER = 14
"""Degrees by which a direction may be off the middle of its name."""
Place = tuple[float, float]


def staged(layout: RoomLayout, task: str, wanted_answer: str | None, rng: SeededRng) -> RoomLayout:
    """Return the `layout` with cameras that suit a `task` and its `wanted_answer`, or as it is where none do."""
    if task == "motion_camera" and wanted_answer:
        return _moving(layout, wanted_answer, rng)
    if task not in AIMED_TASKS or not wanted_answer:
        return layout
    wide_layout = replace(layout, cameras=tuple(replace(viewpoint, fov=WIDE) for viewpoint in layout.cameras))
    return _aimed(wide_layout, task, EIGHT.index(wanted_answer), rng)


def _aimed(layout: RoomLayout, task: str, eighths: int, rng: SeededRng) -> RoomLayout:
    """Return the `layout` with one camera turned so that something is in the wanted direction.

    The camera still shares objects with another one.
    """
    object_points = [(thing.x, thing.y) for thing in layout.placements]
    aimed_cameras = []
    for camera_index, camera in enumerate(layout.cameras):
        for other_index, other_camera in enumerate(layout.cameras):
            for target, members in _targets(layout, task, other_camera) if other_index != camera_index else ():
                if math.dist(camera.eye[:2], target) < _NEAR or not all(
                    _in_view(other_camera, point) for point in members
                ):
                    continue
                turn_angle = 45 * eighths + rng.integer(-_JITTER, _JITTER) - _bearing(camera, target)
                turned_camera = _turned(camera, round(turn_angle))
                shared_count = sum(
                    _in_view(turned_camera, point) and _in_view(other_camera, point) for point in object_points
                )
                if shared_count >= LINKS:
                    aimed_cameras.append((camera_index, turned_camera))
    if not aimed_cameras:
        return layout
    camera_index, turned_camera = rng.choice(aimed_cameras)
    return replace(
        layout, cameras=tuple(turned_camera if n == camera_index else point for n, point in enumerate(layout.cameras))
    )


def _targets(layout: RoomLayout, task: str, other_camera: Viewpoint) -> list[tuple[Place, list[Place]]]:
    """Return what may be asked for in a `task`: its place, and the points that `other_camera` must see of it."""
    if task == "position_cam_cam":
        return [(other_camera.eye[:2], [])]
    if task == "position_cam_obj":
        return [((placement.x, placement.y), [(placement.x, placement.y)]) for placement in layout.placements]
    targets = []
    for labels in REGIONS.values():
        member_points = [(placement.x, placement.y) for placement in layout.placements if placement.category in labels]
        member_points = [point for point in member_points if _in_view(other_camera, point)]
        if len(member_points) > 1:
            middle = (
                sum(x for x, _ in member_points) / len(member_points),
                sum(y for _, y in member_points) / len(member_points),
            )
            targets.append((middle, member_points))
    return targets


def _bearing(camera: Viewpoint, point: Place) -> float:
    """Return the direction of a `point`, degrees clockwise from the heading of the `camera`."""
    (x, y, _), (u, v, _) = camera.eye, camera.target
    heading_angle, point_angle = math.atan2(v - y, u - x), math.atan2(point[1] - y, point[0] - x)
    return math.degrees(heading_angle - point_angle)


def _in_view(camera: Viewpoint, point: Place) -> bool:
    """Tell whether a `point` is before the `camera`, hidden or not."""
    bearing = (_bearing(camera, point) + 180) % 360 - 180
    return abs(bearing) < _IN_VIEW and math.dist(camera.eye[:2], point) > _NEAR


def _moving(layout: RoomLayout, wanted_motion: str, rng: SeededRng) -> RoomLayout:
    """Return the `layout` with one camera put where another comes by `wanted_motion`, if there is room for it."""
    cameras, boxes = list(layout.cameras), [placement.box for placement in layout.placements]
    plan = free_plan(layout.floors, layout.walls)
    for _ in range(_TRIES):
        first_index, second_index = rng.shuffled(range(len(cameras)))[:2]
        start_camera = _levelled(cameras[first_index], wanted_motion)
        moved_camera = _moved(start_camera, wanted_motion, rng)
        camera_pair = (start_camera, moved_camera)
        if not camera_faults(
            [viewpoint.eye for viewpoint in camera_pair], [viewpoint.target for viewpoint in camera_pair], boxes, plan
        ):
            cameras[first_index], cameras[second_index] = camera_pair
            return replace(layout, cameras=tuple(cameras))
    return layout


def _levelled(camera: Viewpoint, wanted_motion: str) -> Viewpoint:
    """Return the `camera` as low or as high as it takes to be moved up or down."""
    lift = {"above": 1.25, "below": 1.75}.get(wanted_motion, camera.eye[2]) - camera.eye[2]
    raised_points = [_rounded(x, y, z + lift) for x, y, z in (camera.eye, camera.target)]
    return replace(camera, eye=raised_points[0], target=raised_points[1])


def _moved(camera: Viewpoint, wanted_motion: str, rng: SeededRng) -> Viewpoint:
    """Return the `camera` after a turn, or after a step with the same heading."""
    (x, y, z), (u, v, w) = camera.eye, camera.target
    heading = math.atan2(v - y, u - x)
    if wanted_motion.startswith("turn"):
        return _turned(camera, rng.integer(15, 50) * (-1 if wanted_motion == "turn-right" else 1))
    step_length = rng.integer(35, 50 if wanted_motion in ("above", "below") else 90) / 100
    right, forward, up = (value * step_length for value in _STEP[wanted_motion])
    dx = forward * math.cos(heading) + right * math.sin(heading)
    dy = forward * math.sin(heading) - right * math.cos(heading)
    return replace(camera, eye=_rounded(x + dx, y + dy, z + up), target=_rounded(u + dx, v + dy, w + up))


def _turned(camera: Viewpoint, degrees: int) -> Viewpoint:
    """Return the `camera` turned about the vertical, by `degrees` counter-clockwise."""
    (x, y, _), (u, v, w) = camera.eye, camera.target
    heading, reach = math.atan2(v - y, u - x) + math.radians(degrees), math.hypot(u - x, v - y)
    return replace(camera, target=_rounded(x + reach * math.cos(heading), y + reach * math.sin(heading), w))


def _rounded(x: float, y: float, z: float) -> tuple[float, float, float]:
    return round(x, 2), round(y, 2), round(z, 2)
