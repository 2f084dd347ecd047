"""Contact sheets: the frames that a question about a room shows, side by side on one picture."""

from collections.abc import Mapping
from functools import cache

import numpy as np
from PIL import Image

from ...geometry import RoomScene
from ...render import Picture
from ..language.query import Call
from ..panels import SheetPanel, lay_out
from .operators import PLAN, views
from .plan import PlanMarks, plan_view

WIDTH = 512
"""The sheet's own width, px."""
_GAP, _LABEL, _BELOW = 14, 22, 8
_RESIZE = Image.Resampling.LANCZOS


def frames_of(scene: RoomScene, query: Call) -> tuple[int, ...]:
    """Return the frames that the question of a `query` shows, by number: those that it names, or all."""
    named_frames = tuple(sorted(set(views(query))))
    return named_frames if named_frames and query.op not in PLAN else tuple(range(1, len(scene.cameras) + 1))


@cache
def _grid(panel_count: int) -> tuple[int, int, int]:
    """Return the height of a sheet of `panel_count` panels, their columns and their side."""
    columns = next(number for number in range(1, 99) if number * number >= panel_count)
    rows = -(-panel_count // columns)
    panel_side = min((WIDTH - _GAP * (columns + 1)) // columns, WIDTH // rows - _LABEL - _BELOW)
    return rows * (panel_side + _LABEL + _BELOW), columns, panel_side


def sheet(scene: RoomScene, query: Call, pictures: Mapping[int, np.ndarray], size: int) -> Picture:
    """Lay out the frames that a question shows, and the plan where it is about one.

    Args:
        scene: the room.
        query: the question.
        pictures: by number, each frame's pixels [h, w, 3], uint8; all that `frames_of` names.
        size: width, px.
    """
    labelled_pictures = {f"frame {number}": pictures[number] for number in frames_of(scene, query)}
    if query.op in PLAN:
        plan = plan_view(scene, PlanMarks(views=views(query), with_names=False), WIDTH)
        labelled_pictures = {"plan": plan.array, **labelled_pictures}
    height, columns, panel_side = _grid(len(labelled_pictures))
    column_step = (WIDTH - columns * panel_side) // (columns + 1) + panel_side
    panels = [
        SheetPanel(
            column_step - panel_side + number % columns * column_step,
            _LABEL + number // columns * (panel_side + _LABEL + _BELOW),
            panel_side,
            label,
        )
        for number, label in enumerate(labelled_pictures)
    ]
    squares = [_square(pixels, panel_side) for pixels in labelled_pictures.values()]
    sheet_pixels = lay_out(WIDTH, height, panels, squares)
    if size != WIDTH:
        sheet_pixels = np.asarray(
            Image.fromarray(sheet_pixels).resize((size, max(1, round(height * size / WIDTH))), _RESIZE)
        )
    return Picture(sheet_pixels)


def _square(pixels: np.ndarray, side: int) -> np.ndarray:
    """Return a picture's `pixels` as large as they fit into a square of `side` px, on black."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    fitted_size = max(1, round(width * scale)), max(1, round(height * scale))
    square_pixels = np.zeros((side, side, 3), np.uint8)
    left, top = (side - fitted_size[0]) // 2, (side - fitted_size[1]) // 2
    square_pixels[top : top + fitted_size[1], left : left + fitted_size[0]] = np.asarray(
        Image.fromarray(pixels).resize(fitted_size, _RESIZE)
    )
    return square_pixels
