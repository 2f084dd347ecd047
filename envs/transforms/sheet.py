"""Sheets: the source and the pictures that a question offers, side by side on one picture, with their labels.

Panels are whole multiples of `SIDE` px at the sheet's own size, so that every pixel of a picture is a square of the
sheet.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ...render import Picture
from ..panels import SheetPanel, lay_out
from .difference import SIDE, fitted

LANCZOS = Image.Resampling.LANCZOS
WIDTH = 448
"""The sheet's own width, px."""
_SMALL, _LARGE = 2 * SIDE, 3 * SIDE
_TOP, _ROW, _MARGIN = 24, 24, 16


def _grid(labels: Sequence[str]) -> tuple[int, tuple[SheetPanel, ...]]:
    """Return the sheet's height, px, and its panels: the source on the left, then one picture or two rows of two."""
    if len(labels) == 1:
        gap_px = (WIDTH - 2 * _LARGE) // 3
        return _TOP + _LARGE + gap_px, (
            SheetPanel(gap_px, _TOP, _LARGE, "source", True), SheetPanel(2 * gap_px + _LARGE, _TOP, _LARGE, labels[0])
        )  # fmt: skip
    gap_px = (WIDTH - 3 * _SMALL) // 4
    sheet_height = 2 * (_SMALL + _ROW) + _MARGIN
    panels = [SheetPanel(gap_px, (sheet_height - _SMALL + _ROW) // 2, _SMALL, "source", True)]
    for panel_index, label in enumerate(labels):
        row, column = divmod(panel_index, 2)
        left_px, top_px = (2 + column) * gap_px + (1 + column) * _SMALL, _TOP + row * (_SMALL + _ROW)
        panels.append(SheetPanel(left_px, top_px, _SMALL, label))
    return sheet_height, tuple(panels)


def sheet(source: np.ndarray, pictures: Sequence[np.ndarray], labels: Sequence[str], width: int) -> Picture:
    """Lay out the source and the labelled `pictures`, `width` px wide."""
    sheet_height, panels = _grid(labels)
    panel_pixels = [
        fitted(pixels).repeat(panel.side // SIDE, 0).repeat(panel.side // SIDE, 1)
        for pixels, panel in zip((source, *pictures), panels, strict=True)
    ]
    sheet_pixels = lay_out(WIDTH, sheet_height, panels, panel_pixels)
    if width != WIDTH:
        sheet_pixels = np.asarray(
            Image.fromarray(sheet_pixels).resize((width, max(1, round(sheet_height * width / WIDTH))), LANCZOS)
        )
    return Picture(sheet_pixels)
