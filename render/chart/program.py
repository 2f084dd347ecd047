"""matplotlib programs: ordinary plotting code, whose finished figure is handed over as a display list.

Seen from the program: it draws with `matplotlib` or `pyplot` and ends; the figure that it saved last, or else its last
open one, is taken. `savefig` writes no file and `show` opens no window. The figure is recorded at 72 px to the inch,
text as text; options of `savefig` that move things, such as `bbox_inches`, change nothing.

A display list is `{"width", "height", "items", "styles"}` with all coordinates in the payload, float64 [n, 2] in px,
x right and y down. Items, in the order of painting:

    ["group", name] and ["end"]         what matplotlib says the things between them belong to
    ["path", first, count, codes, style]        vertices from `first` on; matplotlib's codes, in base64
    ["markers", first, count, codes, style, at, times]      the same path about each of the vertices from `at` on
    ["text", x, y, string, size, bold, italic, degrees, colour, shifts]     from its baseline's left end on; `shifts`
        are the letters' own places along it, or null
    ["image", first, [height, width], offset, style]        by four corners; RGBA from this byte of the tail on

A style is `[fill, stroke, width, dashes, cap, join, clip, hatch, antialiased]`.

Everything in it is the program's claim, names of groups included: `figure_draw` reads facts from geometry.
"""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..outcome import Rejected
from .limits import MAX_SIDE_IN

_saved: list[Any] = []
"""Figures that the program saved, in a child of its own."""

_WARM = """
import numpy as np
import matplotlib.pyplot as plt
from datetime import datetime
fig, axes = plt.subplots(2, 3, figsize=(6, 4))
axes[0, 0].bar(["a", "b"], [1, 2], label="x", yerr=[0.1, 0.2])
axes[0, 0].legend()
axes[0, 1].plot([1, 2, 3], [1, 10, 100], "o--")
axes[0, 1].set_yscale("log")
axes[0, 1].grid(True)
axes[0, 2].pie([1, 2], labels=["a", "b"], autopct="%1.0f%%")
axes[1, 0].plot([datetime(2024, 1, 1), datetime(2024, 6, 1)], [1, 2])
axes[1, 1].scatter([1, 2], [1, 2], c=[0, 1])
axes[1, 1].annotate("here", (1, 1), (1.5, 1.2), arrowprops={"arrowstyle": "->"})
fig.colorbar(axes[1, 2].imshow(np.eye(3)))
axes[1, 0].fill_between([0, 1], [1, 2])
axes[1, 0].boxplot([[1, 2, 3, 4]])
axes[1, 1].hist([1, 2, 2, 3], bins=3)
axes[1, 0].set_title("warm $10^2$")
fig.tight_layout()
"""


def warm() -> None:
    """Import what programs use and draw once, so that fonts and caches are there before the first fork."""
    import matplotlib

    _forget_folder(matplotlib.get_configdir())
    matplotlib.rcdefaults()  # Whatever this machine's users prefer.
    matplotlib.use("agg")
    matplotlib.rcParams["image.interpolation"] = "none"  # Images are handed over cell by cell, not resampled.
    matplotlib.rcParams["figure.max_open_warning"] = 0
    import matplotlib.dates
    import matplotlib.ticker
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    Figure.savefig = lambda self, *args, **options: _saved.append(self)  # type: ignore[method-assign]
    pyplot.show = lambda *args, **options: None
    namespace: dict[str, Any] = {}
    exec(_WARM, namespace)  # noqa: S102 - our own text
    run(namespace, {}, b"")
    pyplot.close("all")


def _forget_folder(folder: str) -> None:
    """Remove the folder that matplotlib makes for itself where it finds no home; nobody would later."""
    if Path(folder).parent == Path(tempfile.gettempdir()):
        shutil.rmtree(folder, ignore_errors=True)


def run(namespace: Mapping[str, Any], request: Mapping[str, Any], payload: bytes) -> tuple[Any, bytes]:
    """The display list of the figure that a program leaves."""
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    from .hints import hinted
    from .recorder import Recorder, Refused

    if _saved:
        figure = _saved.pop()
    elif pyplot.get_fignums():
        figure = pyplot.gcf()
    else:
        found = [value for value in namespace.values() if isinstance(value, Figure)]
        if not found:
            hint = "draw with plt.subplots(); do not close it"
            return Rejected("no_figure", "the program leaves no figure", hint), b""
        figure = found[-1]
    width, height = (float(side) for side in figure.get_size_inches())
    if not (0.5 <= width <= MAX_SIDE_IN and 0.5 <= height <= MAX_SIDE_IN):
        hint = f"use 0.5 to {MAX_SIDE_IN:g} inches a side"
        return Rejected("size", f"the figure is {width:g} x {height:g} inches", hint), b""
    figure.set_dpi(72)
    recorder = Recorder(72 * width, 72 * height)
    try:
        with hinted(figure):
            figure.draw(recorder)
    except Refused as error:
        return error.rejected, b""
    return recorder.list.result()
