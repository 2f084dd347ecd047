"""matplotlib figures read and drawn: display lists to chart scenes and pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...geometry.chart import ChartScene
from ..outcome import Rejected
from ..raster import Picture
from .display import DisplayList, TextItem, decode
from .paint import draw_list
from .read import read_chart

NONSENSE = Rejected("no_result", "the program handed back nonsense", "draw with matplotlib, and touch nothing else")


@dataclass(frozen=True, slots=True)
class DrawnChart:
    """What an accepted program drew."""

    scene: ChartScene
    picture: Picture


def draw_figure(message: Mapping[str, Any], payload: bytes, size: int) -> DrawnChart | Rejected:
    """A display list as scene and picture, `size` px wide."""
    try:
        display_list = decode(message, payload)
    except (LookupError, TypeError, ValueError):
        # Written by the program: whatever is wrong with it is the program's doing.
        return NONSENSE
    if (letters := _missing(display_list)) is not None:
        return letters
    return DrawnChart(read_chart(display_list), draw_list(display_list, size))


def _missing(display_list: DisplayList) -> Rejected | None:
    for display_item in display_list.display_items:
        if isinstance(display_item, TextItem) and (lacking := display_item.font.missing(display_item.text)):
            what = f"the text {display_item.text[:40]!r} has {lacking[0]!r}, which the font lacks"
            return Rejected("text", what, "write Latin or Greek letters and common signs")
    return None


# --- in the reader -------------------------------------------------------------------------------------------------


def warm() -> None:
    """Draw a little of everything, before the limits hold."""
    path, dot = [0, 3, "AQIC", 0], [3, 3, "AQIC", 0, 6, 1]
    message = {
        "width": 72.0,
        "height": 72.0,
        "vertices": 7,
        "styles": [[[1, 2, 3, 255], [1, 2, 3, 255], 1.0, None, "butt", "miter", None, None, True]],
        "items": [["path", *path], ["markers", *dot], ["text", 9.0, 50.0, "0", 9.0, False, False, 0.0, [0] * 4, None]],
    }
    points = np.array([[9, 9], [50, 9], [9, 50], [0, 0], [5, 0], [0, 5], [30, 30]], "<f8")
    draw_figure(message, points.tobytes(), 72)


def draw(request: Mapping[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """The scene and picture of a program's claim."""
    made = draw_figure(request["claim"], payload, request["request"]["size"])
    if isinstance(made, Rejected):
        return made.as_message(), b""
    return {"scene": made.scene.to_json(), "shape": made.picture.array.shape}, made.picture.array.tobytes()
