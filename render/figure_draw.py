"""matplotlib figures read and drawn: display lists to chart scenes and pictures, and the pool that makes both."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ..geometry.chart import ChartScene
from .chart_read import read_chart
from .display import DisplayList, Words, decode
from .display_draw import draw_list
from .outcome import Rejected
from .raster import Picture

NONSENSE = Rejected("no_result", "the program handed back nonsense", "draw with matplotlib, and touch nothing else")


@dataclass(frozen=True, slots=True)
class Chart:
    """What an accepted program drew."""

    scene: ChartScene
    picture: Picture


def draw_figure(message: Mapping[str, Any], payload: bytes, size: int) -> Chart | Rejected:
    """A display list as scene and picture, `size` px wide."""
    try:
        figure = decode(message, payload)
    except (KeyError, TypeError, ValueError):
        # Written by the program: whatever is wrong with it is the program's doing.
        return NONSENSE
    if (letters := _missing(figure)) is not None:
        return letters
    return Chart(read_chart(figure), draw_list(figure, size))


def _missing(figure: DisplayList) -> Rejected | None:
    for thing in figure.things:
        if isinstance(thing, Words) and (lacking := thing.font.missing(thing.text)):
            what = f"the text {thing.text[:40]!r} has {lacking[0]!r}, which the font lacks"
            return Rejected("text", what, "write Latin or Greek letters and common signs")
    return None
