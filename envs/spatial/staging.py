"""Cameras placed for a question: motions that a walk through a room seldom has."""

import math
from dataclasses import replace

from ...geometry.directions import EIGHT
from ..rng import SeededRng
from .layout import Layout, Viewpoint
from .physics import camera_faults, free_plan
from .surroundings import LINKS, REGIONS

_STEP = {"front": (0.0, 1.0, 0.0), "back": (0.0, -1.0, 0.0), "left": (-1.0, 0.0, 0.0), "right": (1.0, 0.0, 0.0),
         "above": (0.0, 0.0, 1.0), "below": (0.0, 0.0, -1.0)}  # fmt: skip
"""Right, forward, up."""
_TRIES = 12


AIMED = ("position_cam_cam", "position_cam_obj", "position_cam_reg")
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


def staged(layout: Layout, task: str, wanted: str | None, rng: SeededRng) -> Layout:
    """The layout with cameras that suit a task and its wanted answer; as it is where there is no such way."""
    if task == "motion_camera" and wanted:
        return _moving(layout, wanted, rng)
    if task not in AIMED or not wanted:
        return layout
    wide = replace(layout, cameras=tuple(replace(each, fov=WIDE) for each in layout.cameras))
    return _aimed(wide, task, EIGHT.index(wanted), rng)


def _aimed(layout: Layout, task: str, eighths: int, rng: SeededRng) -> Layout:
    """With one camera turned so that something is where it is wanted, while it shares things with another camera."""
    places = [(thing.x, thing.y) for thing in layout.things]
    ways = []
    for held, camera in enumerate(layout.cameras):
        for seen, other in enumerate(layout.cameras):
            for target, members in _targets(layout, task, other) if seen != held else ():
                if math.dist(camera.eye[:2], target) < _NEAR or not all(_in_view(other, each) for each in members):
                    continue
                turn = 45 * eighths + rng.integer(-_JITTER, _JITTER) - _bearing(camera, target)
                turned = _turned(camera, round(turn))
                shared = sum(_in_view(turned, each) and _in_view(other, each) for each in places)
                if shared >= LINKS:
                    ways.append((held, turned))
    if not ways:
        return layout
    held, turned = rng.choice(ways)
    return replace(layout, cameras=tuple(turned if n == held else each for n, each in enumerate(layout.cameras)))


def _targets(layout: Layout, task: str, other: Viewpoint) -> list[tuple[Place, list[Place]]]:
    """What may be asked for: its place, and what another camera must see of it."""
    if task == "position_cam_cam":
        return [(other.eye[:2], [])]
    if task == "position_cam_obj":
        return [((thing.x, thing.y), [(thing.x, thing.y)]) for thing in layout.things]
    found = []
    for labels in REGIONS.values():
        members = [(thing.x, thing.y) for thing in layout.things if thing.category in labels]
        members = [each for each in members if _in_view(other, each)]
        if len(members) > 1:
            middle = sum(x for x, _ in members) / len(members), sum(y for _, y in members) / len(members)
            found.append((middle, members))
    return found


def _bearing(camera: Viewpoint, place: Place) -> float:
    """Degrees clockwise from the camera's heading."""
    (x, y, _), (u, v, _) = camera.eye, camera.target
    ahead, there = math.atan2(v - y, u - x), math.atan2(place[1] - y, place[0] - x)
    return math.degrees(ahead - there)


def _in_view(camera: Viewpoint, place: Place) -> bool:
    """Whether a place is before the camera, hidden or not."""
    off = (_bearing(camera, place) + 180) % 360 - 180
    return abs(off) < _IN_VIEW and math.dist(camera.eye[:2], place) > _NEAR


def _moving(layout: Layout, wanted: str, rng: SeededRng) -> Layout:
    """The layout with one camera put where another comes by a motion, if there is room for it."""
    cameras, boxes = list(layout.cameras), [thing.box for thing in layout.things]
    plan = free_plan(layout.floors, layout.walls)
    for _ in range(_TRIES):
        first, second = rng.shuffled(range(len(cameras)))[:2]
        start = _levelled(cameras[first], wanted)
        moved = _moved(start, wanted, rng)
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


def _moved(camera: Viewpoint, wanted: str, rng: SeededRng) -> Viewpoint:
    """The camera after a turn, or after a step with the same heading."""
    (x, y, z), (u, v, w) = camera.eye, camera.target
    heading = math.atan2(v - y, u - x)
    if wanted.startswith("turn"):
        return _turned(camera, rng.integer(15, 50) * (-1 if wanted == "turn-right" else 1))
    length = rng.integer(35, 50 if wanted in ("above", "below") else 90) / 100
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
