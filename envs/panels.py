"""Sheets: several labelled pictures side by side as one."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..render import Rejected, rasterise, resolve_svg

TEXT = 17
"""Height of labels, px."""
_BACK = "#e6e6e6"


class Panel(NamedTuple):
    """A square for one picture, px; its label stands above it."""

    left: int
    top: int
    side: int
    label: str
    quiet: bool = False
    """Whether the label is not to stand out."""


@lru_cache(maxsize=32)
def ground(width: int, height: int, panels: tuple[Panel, ...]) -> np.ndarray:
    """The sheet without its pictures, uint8 [height, width, 3]; at most as high as wide.

    Raises:
        ValueError: it is higher.
    """
    if height > width:
        raise ValueError(f"a sheet is at most as high as wide, got {width} x {height} px")
    words = "".join(
        f'<text x="{each.left + each.side / 2}" y="{each.top - 6}" font-size="{TEXT}" text-anchor="middle" '
        f'font-weight="{"normal" if each.quiet else "bold"}" fill="black">{each.label}</text>'
        for each in panels
    )
    # A white picture must not run into the sheet.
    frames = "".join(
        f'<rect x="{each.left - 2}" y="{each.top - 2}" width="{each.side + 4}" height="{each.side + 4}" '
        f'fill="#808080"/>'
        for each in panels
    )
    # The canvas is a square, which is how it is drawn, and is cut.
    back = f'<rect width="{width}" height="{width}" fill="{_BACK}"/>'
    scene = resolve_svg(f'<svg viewBox="0 0 {width} {width}">{back}{frames}{words}</svg>')
    if isinstance(scene, Rejected):
        raise AssertionError(f"our own labels are refused: {scene}")
    return rasterise(scene, width).array[:height]


def laid(width: int, height: int, panels: Sequence[Panel], pictures: Sequence[np.ndarray]) -> np.ndarray:
    """The sheet with its pictures, each of its panel's side; uint8 [height, width, 3]."""
    made = ground(width, height, tuple(panels)).copy()
    for pixels, each in zip(pictures, panels, strict=True):
        made[each.top : each.top + each.side, each.left : each.left + each.side] = pixels
    return made
