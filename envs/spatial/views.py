"""Viewpoints in a furnished place: where cameras stand, and what they look at.

They follow each other along a walkable path; each looks slightly down at the middle of a group of objects that it can
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
_LEAST_SEEN = 3
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
    rng: SeededRng, camera_count: int, plan: BaseGeometry, boxes: Sequence[OrientedBox]
) -> list[tuple[Point, Point]] | None:
    """Choose eyes and targets of cameras along a path; None where there is no room for them or too little to see.

    Args:
        rng: of random numbers.
        camera_count: how many.
        plan: the free floor.
        boxes: of the furniture.
    """
    walk_path = _path(rng, plan, boxes)
    if len(walk_path) < 2 * camera_count:
        return None
    camera_poses: list[tuple[Point, Point]] = []
    previous_objects: frozenset[int] = frozenset()
    seen_objects: frozenset[int] = frozenset()
    for i in range(camera_count):
        path_point = walk_path[int((i + rng.uniform(0.1, 0.9)) / camera_count * len(walk_path))]
        eye = (path_point[0], path_point[1], round(rng.uniform(EYES[0] + 0.05, EYES[1] - 0.05), 2))
        best_view = _best(
            rng, eye, plan, boxes, previous_objects, seen_objects, [_heading(e, t) for e, t in camera_poses]
        )
        if best_view is None:
            return None
        camera_poses.append((eye, best_view[0]))
        previous_objects, seen_objects = best_view[1], seen_objects | best_view[1]
    return camera_poses


def _path(rng: SeededRng, plan: BaseGeometry, boxes: Sequence[OrientedBox]) -> list[tuple[float, float]]:
    """Return a long way through the largest free part of the floor, the `plan` without the `boxes`."""
    clear_distance = CLEARANCE + _ROOM
    occupied_area = shapely.union_all([footprint(box).buffer(clear_distance) for box in boxes])
    walkable_area = plan.buffer(-clear_distance).difference(occupied_area)
    if walkable_area.is_empty:
        return []
    left, bottom, right, top = walkable_area.bounds
    xs, ys = np.arange(left, right + _STEP, _STEP), np.arange(bottom, top + _STEP, _STEP)
    free_cells = shapely.contains_xy(walkable_area, *np.meshgrid(xs, ys, indexing="ij"))
    grid_cells = [(int(i), int(j)) for i, j in np.argwhere(free_cells)]
    if not grid_cells:
        return []
    largest_part: dict[tuple[int, int], tuple[int, int] | None] = {}
    remaining_cells = set(grid_cells)
    while remaining_cells:
        cell_part = _walked(min(remaining_cells), free_cells)
        remaining_cells -= cell_part.keys()
        largest_part = max(largest_part, cell_part, key=len)
    start = list(_walked(rng.choice(sorted(largest_part)), free_cells))[-1]
    walk_tree = _walked(start, free_cells)
    path_points: list[tuple[float, float]] = []
    cell: tuple[int, int] | None = list(walk_tree)[-1]
    while cell is not None:
        path_points.append((round(float(xs[cell[0]]), 2), round(float(ys[cell[1]]), 2)))
        cell = walk_tree[cell]
    return path_points


def _walked(start_cell: tuple[int, int], free_cells: np.ndarray) -> dict[tuple[int, int], tuple[int, int] | None]:
    """Return all cells that can be reached from `start_cell`, in this order, with the one before each on the way."""
    predecessors: dict[tuple[int, int], tuple[int, int] | None] = {start_cell: None}
    pending_cells = deque([start_cell])
    while pending_cells:
        i, j = pending_cells.popleft()
        for cell in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
            inside = 0 <= cell[0] < free_cells.shape[0] and 0 <= cell[1] < free_cells.shape[1]
            if inside and free_cells[cell] and cell not in predecessors:
                predecessors[cell] = (i, j)
                pending_cells.append(cell)
    return predecessors


def _best(
    rng: SeededRng,
    eye: Point,
    plan: BaseGeometry,
    boxes: Sequence[OrientedBox],
    previous_objects: frozenset[int],
    seen_objects: frozenset[int],
    headings: Sequence[float],
) -> tuple[Point, frozenset[int]] | None:
    """Choose what to look at from an `eye`: many objects, some new and some seen from the view before.

    A direction that no view had yet is better.
    """
    middles = np.array([box.centre for box in boxes])
    visible_objects = _in_sight(np.array(eye), middles, plan, boxes)
    least_count, best_view, best_score = min(_LEAST_SEEN, max(1, len(boxes) // 2)), None, -math.inf
    for k in range(_HEADINGS):
        angle = math.radians(360 / _HEADINGS * k + rng.uniform(0, 360 / _HEADINGS))
        trial_target = (eye[0] + math.cos(angle), eye[1] + math.sin(angle), eye[2] - 0.25)
        framed_group = visible_objects[_framed(eye, trial_target, middles[visible_objects])]
        if not len(framed_group):
            continue
        x, y, z = middles[framed_group].mean(axis=0)
        distance = math.hypot(x - eye[0], y - eye[1])
        # Down by 5 to 25 degrees.
        z = min(max(z, eye[2] - 0.46 * distance), eye[2] - 0.09 * distance)
        target = (round(float(x), 2), round(float(y), 2), round(float(z), 2))
        if distance < 0.5 or not target[2] < eye[2]:
            continue
        framed_objects = frozenset(visible_objects[_framed(eye, target, middles[visible_objects])].tolist())
        shared_count = len(framed_objects & previous_objects)
        if len(framed_objects) < least_count or (previous_objects and not shared_count):
            continue
        heading_gap = min((abs((_heading(eye, target) - h + 180) % 360 - 180) for h in headings), default=180.0)
        score = (
            min(len(framed_objects), 6)
            + 2 * min(len(framed_objects - seen_objects), 5)
            + 2 * min(shared_count, 2)
            + rng.uniform(0, 2)
        )
        score += 6 if heading_gap >= _APART else 0
        if score > best_score:
            best_view, best_score = (target, framed_objects), score
    return best_view


def _heading(eye: Point, target: Point) -> float:
    return math.degrees(math.atan2(target[1] - eye[1], target[0] - eye[0]))


def _framed(eye: Point, target: Point, points: np.ndarray) -> np.ndarray:
    """Tell which `points` [n, 3] fall well within the picture of a camera at `eye`; [n] bool."""
    forward = np.subtract(target, eye)
    forward = forward / np.linalg.norm(forward)
    right = np.array([forward[1], -forward[0], 0.0])
    right /= math.hypot(right[0], right[1])
    down = np.cross(forward, right)
    x, y, z = np.array([right, down, forward]) @ (np.asarray(points) - eye).T
    return np.asarray((z > 0.3) & (np.abs(x) < _FRAME * z) & (np.abs(y) < _FRAME * z))


def _in_sight(eye: np.ndarray, middles: np.ndarray, plan: BaseGeometry, boxes: Sequence[OrientedBox]) -> np.ndarray:
    """Return the objects whose middle, or the middle of whose top, nothing hides from the `eye`."""
    sight_lines = shapely.linestrings([[eye[:2], middle[:2]] for middle in middles])
    is_near = np.linalg.norm(middles - eye, axis=1) < _REACH
    is_clear = is_near & shapely.covers(plan.buffer(1e-6), sight_lines)
    top_points = middles + np.array([[0, 0, box.size[2] / 2] for box in boxes])
    is_hidden = _blocked(eye, middles, boxes) & _blocked(eye, top_points, boxes)
    return np.flatnonzero(is_clear & ~is_hidden)


def _blocked(eye: np.ndarray, points: np.ndarray, boxes: Sequence[OrientedBox]) -> np.ndarray:
    """Tell which of the `points` [n, 3], one for each box, a box other than its own hides from `eye`; [n] bool."""
    is_blocked = np.zeros(len(points), bool)
    for j, box in enumerate(boxes):
        yaw = math.radians(box.yaw)
        turn = np.array([[math.cos(yaw), -math.sin(yaw), 0], [math.sin(yaw), math.cos(yaw), 0], [0, 0, 1]])
        box_eye, half_size = (eye - box.centre) @ turn, np.array(box.size) / 2 - 1e-3
        box_directions = (points - eye) @ turn
        box_directions = np.where(np.abs(box_directions) < 1e-9, 1e-9, box_directions)
        # The slabs between opposite faces, in parts of the way to each point.
        first_shares, second_shares = (-half_size - box_eye) / box_directions, (half_size - box_eye) / box_directions
        entry_share, exit_share = (
            np.minimum(first_shares, second_shares).max(axis=1),
            np.maximum(first_shares, second_shares).min(axis=1),
        )
        is_met = (entry_share < exit_share) & (exit_share > 0) & (entry_share < 1)
        is_met[j] = False
        is_blocked |= is_met
    return is_blocked
