"""Sheets: the source and the pictures that a question offers, side by side on one picture, with their labels.

Panels are whole multiples of `SIDE` px at the sheet's own size, so that every pixel of a picture is a square of the
sheet.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ...render import Picture
from ..panels import Panel, laid
from .difference import SIDE, fitted

LANCZOS = Image.Resampling.LANCZOS
WIDTH = 448
"""The sheet's own width, px."""
_SMALL, _LARGE = 2 * SIDE, 3 * SIDE
_TOP, _ROW, _MARGIN = 24, 24, 16


def _grid(labels: Sequence[str]) -> tuple[int, tuple[Panel, ...]]:
    """The sheet's height, and its panels: the source on the left, then one picture or two rows of two."""
    if len(labels) == 1:
        gap = (WIDTH - 2 * _LARGE) // 3
        return _TOP + _LARGE + gap, (
            Panel(gap, _TOP, _LARGE, "source", True), Panel(2 * gap + _LARGE, _TOP, _LARGE, labels[0])
        )  # fmt: skip
    gap = (WIDTH - 3 * _SMALL) // 4
    height = 2 * (_SMALL + _ROW) + _MARGIN
    panels = [Panel(gap, (height - _SMALL + _ROW) // 2, _SMALL, "source", True)]
    for place, label in enumerate(labels):
        row, column = divmod(place, 2)
        panels.append(Panel((2 + column) * gap + (1 + column) * _SMALL, _TOP + row * (_SMALL + _ROW), _SMALL, label))
    return height, tuple(panels)


def sheet(source: np.ndarray, pictures: Sequence[np.ndarray], labels: Sequence[str], width: int) -> Picture:
    """The source and the labelled pictures, `width` px wide."""
    height, panels = _grid(labels)
    squares = [
        fitted(pixels).repeat(panel.side // SIDE, 0).repeat(panel.side // SIDE, 1)
        for pixels, panel in zip((source, *pictures), panels, strict=True)
    ]
    made = laid(WIDTH, height, panels, squares)
    if width != WIDTH:
        made = np.asarray(Image.fromarray(made).resize((width, max(1, round(height * width / WIDTH))), LANCZOS))
    return Picture(made)
