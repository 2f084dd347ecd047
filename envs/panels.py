"""Contact sheets: several labelled pictures side by side as one.

Begin at `lay_out`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..render import Rejected, rasterise, resolve_svg

TEXT = 17
"""Height of labels, px."""
_BACK = "#e6e6e6"


class SheetPanel(NamedTuple):
    """A square for one picture, px; its label stands above it."""

    left: int
    top: int
    side: int
    label: str
    quiet: bool = False
    """Whether the label is not to stand out."""


@lru_cache(maxsize=32)
def sheet_background(width: int, height: int, panels: tuple[SheetPanel, ...]) -> np.ndarray:
    """Draw the sheet of `panels` without its pictures, `width` px wide; at most as high as wide.

    Returns:
        uint8 [height, width, 3].

    Raises:
        ValueError: it is higher.
    """
    if height > width:
        raise ValueError(f"a sheet is at most as high as wide, got {width} x {height} px")
    label_elements = "".join(
        f'<text x="{panel.left + panel.side / 2}" y="{panel.top - 6}" font-size="{TEXT}" text-anchor="middle" '
        f'font-weight="{"normal" if panel.quiet else "bold"}" fill="black">{panel.label}</text>'
        for panel in panels
    )
    # A white picture must not run into the sheet.
    frame_elements = "".join(
        f'<rect x="{panel.left - 2}" y="{panel.top - 2}" width="{panel.side + 4}" height="{panel.side + 4}" '
        f'fill="#808080"/>'
        for panel in panels
    )
    # The canvas is a square, which is how it is drawn, and is cut.
    background_element = f'<rect width="{width}" height="{width}" fill="{_BACK}"/>'
    sheet_scene = resolve_svg(
        f'<svg viewBox="0 0 {width} {width}">{background_element}{frame_elements}{label_elements}</svg>'
    )
    if isinstance(sheet_scene, Rejected):
        raise AssertionError(f"our own labels are refused: {sheet_scene}")
    return rasterise(sheet_scene, width).array[:height]


def lay_out(width: int, height: int, panels: Sequence[SheetPanel], panel_pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Draw the sheet of `panels` with its `panel_pictures`, each of its panel's side.

    Returns:
        uint8 [height, width, 3].
    """
    sheet_array = sheet_background(width, height, tuple(panels)).copy()
    for panel_pixels, panel in zip(panel_pictures, panels, strict=True):
        sheet_array[panel.top : panel.top + panel.side, panel.left : panel.left + panel.side] = panel_pixels
    return sheet_array
