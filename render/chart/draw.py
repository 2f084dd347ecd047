"""Read and draw matplotlib figures: display lists to chart scenes and pictures."""

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
    """The scene and the picture of an accepted program."""

    scene: ChartScene
    picture: Picture


def draw_figure(message: Mapping[str, Any], payload: bytes, size: int) -> DrawnChart | Rejected:
    """Read and draw a display list, `size` px wide.

    Args:
        message: the display list, as it came over the wire.
        payload: its vertices and images.
        size: width of the picture, px.
    """
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
        if isinstance(display_item, TextItem) and (missing_letters := display_item.font.missing(display_item.text)):
            reason = f"the text {display_item.text[:40]!r} has {missing_letters[0]!r}, which the font lacks"
            return Rejected("text", reason, "write Latin or Greek letters and common signs")
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
    """Return the scene and picture of the claim that `request` holds, its vertices in `payload`."""
    outcome = draw_figure(request["claim"], payload, request["request"]["size"])
    if isinstance(outcome, Rejected):
        return outcome.as_message(), b""
    return {"scene": outcome.scene.to_json(), "shape": outcome.picture.array.shape}, outcome.picture.array.tobytes()
