"""Where cameras stand in a furnished place, and what they look at.

They follow each other along a walkable path; each looks slightly down at the middle of a group of things that it can
see, some of which the one before it sees too.
"""

import math
from collections import deque
from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from ...geometry.boxes import OrientedBox, footprint
from ..rng import SeededRng
from .physics import CLEARANCE, EYES

FOV = 70.0
"""Degrees, of the whole picture."""
_STEP = 0.12
"""Metres between the places where a camera may stand."""
_ROOM = 0.02
"""Metres more than the clearance, because places are rounded to the centimetre."""
_SEEN = 3
"""Things that each camera is to see; of fewer than twice as many, half."""
_REACH = 9.0
"""Metres: things farther away do not count as seen."""
_FRAME = math.tan(math.radians(FOV / 2 - 3))
"""Part of the picture, from its middle, in which a thing's middle counts as seen."""
_HEADINGS = 24
_APART = 20.0
"""Degrees by which each two cameras' headings differ, where that can be."""

Point = tuple[float, float, float]


def chosen(
    rng: SeededRng, count: int, plan: BaseGeometry, boxes: Sequence[OrientedBox]
) -> list[tuple[Point, Point]] | None:
    """Eyes and targets of cameras along a path; None where there is no room for them or too little to see."""
    path = _path(rng, plan, boxes)
    if len(path) < 2 * count:
        return None
    found: list[tuple[Point, Point]] = []
    before: frozenset[int] = frozenset()
    known: frozenset[int] = frozenset()
    for i in range(count):
        at = path[int((i + rng.uniform(0.1, 0.9)) / count * len(path))]
        eye = (at[0], at[1], round(rng.uniform(EYES[0] + 0.05, EYES[1] - 0.05), 2))
        best = _best(rng, eye, plan, boxes, before, known, [_heading(e, t) for e, t in found])
        if best is None:
            return None
        found.append((eye, best[0]))
        before, known = best[1], known | best[1]
    return found


def _path(rng: SeededRng, plan: BaseGeometry, boxes: Sequence[OrientedBox]) -> list[tuple[float, float]]:
    """A long way through the largest free part of the floor."""
    clear = CLEARANCE + _ROOM
    taken = shapely.union_all([footprint(box).buffer(clear) for box in boxes])
    walkable = plan.buffer(-clear).difference(taken)
    if walkable.is_empty:
        return []
    left, bottom, right, top = walkable.bounds
    xs, ys = np.arange(left, right + _STEP, _STEP), np.arange(bottom, top + _STEP, _STEP)
    free = shapely.contains_xy(walkable, *np.meshgrid(xs, ys, indexing="ij"))
    cells = [(int(i), int(j)) for i, j in np.argwhere(free)]
    if not cells:
        return []
    largest: dict[tuple[int, int], tuple[int, int] | None] = {}
    left_over = set(cells)
    while left_over:
        part = _walked(min(left_over), free)
        left_over -= part.keys()
        largest = max(largest, part, key=len)
    start = list(_walked(rng.choice(sorted(largest)), free))[-1]
    walked = _walked(start, free)
    way: list[tuple[float, float]] = []
    cell: tuple[int, int] | None = list(walked)[-1]
    while cell is not None:
        way.append((round(float(xs[cell[0]]), 2), round(float(ys[cell[1]]), 2)))
        cell = walked[cell]
    return way


def _walked(start: tuple[int, int], free: np.ndarray) -> dict[tuple[int, int], tuple[int, int] | None]:
    """All cells that can be reached, in the order of the way to them, with the one before each on that way."""
    before: dict[tuple[int, int], tuple[int, int] | None] = {start: None}
    waiting = deque([start])
    while waiting:
        i, j = waiting.popleft()
        for cell in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
            inside = 0 <= cell[0] < free.shape[0] and 0 <= cell[1] < free.shape[1]
            if inside and free[cell] and cell not in before:
                before[cell] = (i, j)
                waiting.append(cell)
    return before


def _best(
    rng: SeededRng,
    eye: Point,
    plan: BaseGeometry,
    boxes: Sequence[OrientedBox],
    before: frozenset[int],
    known: frozenset[int],
    headings: Sequence[float],
) -> tuple[Point, frozenset[int]] | None:
    """What to look at from an eye: many things, some new and some known from the view before, in a new direction."""
    middles = np.array([box.centre for box in boxes])
    visible = _in_sight(np.array(eye), middles, plan, boxes)
    enough, best, most = min(_SEEN, max(1, len(boxes) // 2)), None, -math.inf
    for k in range(_HEADINGS):
        angle = math.radians(360 / _HEADINGS * k + rng.uniform(0, 360 / _HEADINGS))
        ahead = (eye[0] + math.cos(angle), eye[1] + math.sin(angle), eye[2] - 0.25)
        group = visible[_framed(eye, ahead, middles[visible])]
        if not len(group):
            continue
        x, y, z = middles[group].mean(axis=0)
        distance = math.hypot(x - eye[0], y - eye[1])
        # Down by 5 to 25 degrees.
        z = min(max(z, eye[2] - 0.46 * distance), eye[2] - 0.09 * distance)
        target = (round(float(x), 2), round(float(y), 2), round(float(z), 2))
        if distance < 0.5 or not target[2] < eye[2]:
            continue
        seen = frozenset(visible[_framed(eye, target, middles[visible])].tolist())
        shared = len(seen & before)
        if len(seen) < enough or (before and not shared):
            continue
        turned = min((abs((_heading(eye, target) - h + 180) % 360 - 180) for h in headings), default=180.0)
        score = min(len(seen), 6) + 2 * min(len(seen - known), 5) + 2 * min(shared, 2) + rng.uniform(0, 2)
        score += 6 if turned >= _APART else 0
        if score > most:
            best, most = (target, seen), score
    return best


def _heading(eye: Point, target: Point) -> float:
    return math.degrees(math.atan2(target[1] - eye[1], target[0] - eye[0]))


def _framed(eye: Point, target: Point, points: np.ndarray) -> np.ndarray:
    """Which points [n, 3] fall well within the picture; [n] bool."""
    forward = np.subtract(target, eye)
    forward = forward / np.linalg.norm(forward)
    right = np.array([forward[1], -forward[0], 0.0])
    right /= math.hypot(right[0], right[1])
    down = np.cross(forward, right)
    x, y, z = np.array([right, down, forward]) @ (np.asarray(points) - eye).T
    return np.asarray((z > 0.3) & (np.abs(x) < _FRAME * z) & (np.abs(y) < _FRAME * z))


def _in_sight(eye: np.ndarray, middles: np.ndarray, plan: BaseGeometry, boxes: Sequence[OrientedBox]) -> np.ndarray:
    """Things whose middle, or the middle of whose top, no wall and no other thing hides."""
    lines = shapely.linestrings([[eye[:2], middle[:2]] for middle in middles])
    near = np.linalg.norm(middles - eye, axis=1) < _REACH
    clear = near & shapely.covers(plan.buffer(1e-6), lines)
    tops = middles + np.array([[0, 0, box.size[2] / 2] for box in boxes])
    hidden = _blocked(eye, middles, boxes) & _blocked(eye, tops, boxes)
    return np.flatnonzero(clear & ~hidden)


def _blocked(eye: np.ndarray, points: np.ndarray, boxes: Sequence[OrientedBox]) -> np.ndarray:
    """Whether a box other than its own stands between an eye and each of the points [n, 3], one for each box."""
    blocked = np.zeros(len(points), bool)
    for j, box in enumerate(boxes):
        yaw = math.radians(box.yaw)
        turn = np.array([[math.cos(yaw), -math.sin(yaw), 0], [math.sin(yaw), math.cos(yaw), 0], [0, 0, 1]])
        start, half = (eye - box.centre) @ turn, np.array(box.size) / 2 - 1e-3
        along = (points - eye) @ turn
        along = np.where(np.abs(along) < 1e-9, 1e-9, along)
        # The slabs between opposite faces, in parts of the way to each point.
        first, second = (-half - start) / along, (half - start) / along
        enter, leave = np.minimum(first, second).max(axis=1), np.maximum(first, second).min(axis=1)
        meets = (enter < leave) & (leave > 0) & (enter < 1)
        meets[j] = False
        blocked |= meets
    return blocked
