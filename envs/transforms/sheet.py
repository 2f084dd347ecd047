"""Sheets: the source and the pictures that a question offers, side by side on one picture, with their labels.

Panels are whole multiples of `SIDE` px at the sheet's own size, so that every pixel of a picture is a square of the
sheet.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image

from ...render import Picture, Rejected, rasterise, resolve_svg
from .difference import SIDE, fitted

WIDTH = 448
"""The sheet's own width, px."""
_SMALL, _LARGE = 2 * SIDE, 3 * SIDE
_TOP, _ROW, _MARGIN, _TEXT = 24, 24, 16, 17
_BACK = "#e6e6e6"
Panel = tuple[int, int, int, str]
"""Left, top, side, label."""


def _grid(labels: Sequence[str]) -> tuple[int, tuple[Panel, ...]]:
    """The sheet's height, and its panels: the source on the left, then one picture or two rows of two."""
    if len(labels) == 1:
        gap = (WIDTH - 2 * _LARGE) // 3
        return _TOP + _LARGE + gap, ((gap, _TOP, _LARGE, "source"), (2 * gap + _LARGE, _TOP, _LARGE, labels[0]))
    gap = (WIDTH - 3 * _SMALL) // 4
    height = 2 * (_SMALL + _ROW) + _MARGIN
    panels = [(gap, (height - _SMALL + _ROW) // 2, _SMALL, "source")]
    for place, label in enumerate(labels):
        row, column = divmod(place, 2)
        panels.append(((2 + column) * gap + (1 + column) * _SMALL, _TOP + row * (_SMALL + _ROW), _SMALL, label))
    return height, tuple(panels)


@lru_cache(maxsize=16)
def _ground(labels: tuple[str, ...]) -> tuple[np.ndarray, tuple[Panel, ...]]:
    """The sheet without its pictures."""
    height, panels = _grid(labels)
    words = "".join(
        f'<text x="{left + side / 2}" y="{top - 6}" font-size="{_TEXT}" text-anchor="middle" '
        f'font-weight="{"normal" if label == "source" else "bold"}" fill="black">{label}</text>'
        for left, top, side, label in panels
    )
    # A white picture must not run into the sheet.
    back = f'<rect width="{WIDTH}" height="{WIDTH}" fill="{_BACK}"/>'
    frames = "".join(
        f'<rect x="{left - 2}" y="{top - 2}" width="{side + 4}" height="{side + 4}" fill="#808080"/>'
        for left, top, side, _ in panels
    )
    # The canvas is a square, which is how it is drawn, and is cut.
    scene = resolve_svg(f'<svg viewBox="0 0 {WIDTH} {WIDTH}">{back}{frames}{words}</svg>')
    if isinstance(scene, Rejected):
        raise AssertionError(f"our own labels are refused: {scene}")
    return rasterise(scene, WIDTH).array[:height], panels


def sheet(source: np.ndarray, pictures: Sequence[np.ndarray], labels: Sequence[str], width: int) -> Picture:
    """The source and the labelled pictures, `width` px wide."""
    ground, panels = _ground(tuple(labels))
    made = ground.copy()
    for pixels, (left, top, side, _) in zip((source, *pictures), panels, strict=True):
        times = side // SIDE
        made[top : top + side, left : left + side] = fitted(pixels).repeat(times, 0).repeat(times, 1)
    if width != WIDTH:
        height = max(1, round(made.shape[0] * width / WIDTH))
        made = np.asarray(Image.fromarray(made).resize((width, height), Image.Resampling.LANCZOS))
    return Picture(made)
