"""Sheets of frames: what a question about a room shows, side by side on one picture."""

from collections.abc import Mapping
from functools import cache

import numpy as np
from PIL import Image

from ...geometry import RoomScene
from ...render import Picture
from ..language.query import Call
from ..panels import Panel, laid
from .operators import PLAN, views
from .plan import Marks, plan_view

WIDTH = 512
"""The sheet's own width, px."""
_GAP, _LABEL, _BELOW = 14, 22, 8
_RESIZE = Image.Resampling.LANCZOS


def frames_of(scene: RoomScene, query: Call) -> tuple[int, ...]:
    """The frames that a question shows, by number: those that it names, or all."""
    named = tuple(sorted(set(views(query))))
    return named if named and query.op not in PLAN else tuple(range(1, len(scene.cameras) + 1))


@cache
def _grid(count: int) -> tuple[int, int, int]:
    """Height of a sheet of so many panels, their columns and their side."""
    columns = next(number for number in range(1, 99) if number * number >= count)
    rows = -(-count // columns)
    side = min((WIDTH - _GAP * (columns + 1)) // columns, WIDTH // rows - _LABEL - _BELOW)
    return rows * (side + _LABEL + _BELOW), columns, side


def sheet(scene: RoomScene, query: Call, pictures: Mapping[int, np.ndarray], size: int) -> Picture:
    """The frames that a question shows, and the plan where it is about one.

    Args:
        scene: the room.
        query: the question.
        pictures: by number, each frame's pixels [h, w, 3], uint8; all that `frames_of` names.
        size: width, px.
    """
    labels = {f"frame {number}": pictures[number] for number in frames_of(scene, query)}
    if query.op in PLAN:
        plan = plan_view(scene, Marks(views=views(query), named=False), WIDTH)
        labels = {"plan": plan.array, **labels}
    height, columns, side = _grid(len(labels))
    step = (WIDTH - columns * side) // (columns + 1) + side
    panels = [
        Panel(step - side + number % columns * step, _LABEL + number // columns * (side + _LABEL + _BELOW), side, label)
        for number, label in enumerate(labels)
    ]
    made = laid(WIDTH, height, panels, [_square(pixels, side) for pixels in labels.values()])
    if size != WIDTH:
        made = np.asarray(Image.fromarray(made).resize((size, max(1, round(height * size / WIDTH))), _RESIZE))
    return Picture(made)


def _square(pixels: np.ndarray, side: int) -> np.ndarray:
    """A picture as large as it fits into a square, on black."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    fitted = max(1, round(width * scale)), max(1, round(height * scale))
    made = np.zeros((side, side, 3), np.uint8)
    left, top = (side - fitted[0]) // 2, (side - fitted[1]) // 2
    made[top : top + fitted[1], left : left + fitted[0]] = np.asarray(Image.fromarray(pixels).resize(fitted, _RESIZE))
    return made
