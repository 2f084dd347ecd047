"""matplotlib programs: ordinary plotting code, whose finished figure is handed over as a display list.

Seen from the program: it draws with `matplotlib` or `pyplot` and ends. The figure that counts is the one that it saved
last, as it was then; or else the one that it showed last; or else the one that is open at the end. What it does to a
figure after it has saved or shown it changes nothing. `savefig` writes no file and `show` opens no window (after it
pyplot begins a new figure, as when a window has been closed), `os.makedirs` makes no folder, and API that matplotlib
has had since 3.5 works (see `compat.py`). The figure is recorded at 72 px to the inch, text as text; options of
`savefig` that move things, such as `bbox_inches`, change nothing.

A display list is `{"width", "height", "items", "styles"}` with all coordinates in the payload, float64 [n, 2] in px,
x right and y down. Items, in the order of painting:

    ["group", name, hint] and ["end"]   what matplotlib says the things between them belong to; hints: see `hints.py`
    ["path", first, count, codes, style]        vertices from `first` on; matplotlib's codes, in base64
    ["markers", first, count, codes, style, at, times]      the same path about each of the vertices from `at` on
    ["text", x, y, string, size, bold, italic, degrees, colour, shifts]     from its baseline's left end on; `shifts`
        are the letters' own places along it, or null
    ["image", first, [height, width], offset, style]        by four corners; RGBA from this byte of the tail on

A style is `[fill, stroke, width, dashes, cap, join, clip, hatch, antialiased]`.

Everything in it is the program's claim, names of groups included: `read.py` reads facts from geometry.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..outcome import Rejected
from .limits import MAX_SIDE_IN

_records: dict[str, tuple[Any, bytes] | Rejected] = {}
"""The last figure that the program `saved`, and the last one that it `shown`, in a child of its own."""
_NO_FIGURE = Rejected("no_figure", "the program leaves no figure", "draw with plt.subplots(); do not close it")
_EMPTY = Rejected("no_figure", "the figure is empty", "draw before you save or show it")

_LIBRARIES = "use matplotlib, with numpy, pandas, seaborn or scipy"
_OTHER_LIBRARY = re.compile(r"^\s*(?:import|from)\s+(?:plotly|altair|bokeh|pygal|turtle)\b", re.MULTILINE)
"""One of them is installed with what draws solids, and leaves no figure."""
_NO_FILES = "write the data into the program: no file can be read and nothing be downloaded"

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

    from .compat import keep_older_api

    pyplot.switch_backend("agg")
    keep_older_api()
    _take_over_output()
    namespace: dict[str, Any] = {}
    exec(_WARM, namespace)  # noqa: S102 - our own text
    run(namespace, {}, b"")
    pyplot.close("all")


def hint(error: BaseException, program: str) -> str | None:
    """Return what to do about an `error` of which `program` is the reason, where that is more than to mend a line."""
    if isinstance(error, ModuleNotFoundError):
        return _LIBRARIES
    return _NO_FILES if isinstance(error, OSError) else None


def _forget_folder(folder: str) -> None:
    """Remove the `folder` that matplotlib makes for itself where it finds no home; nobody would later."""
    if Path(folder).parent == Path(tempfile.gettempdir()):
        shutil.rmtree(folder, ignore_errors=True)


def _take_over_output() -> None:
    """Let the functions that save, show or make folders record the figure instead, or do nothing."""
    import matplotlib
    from matplotlib import animation, pyplot
    from matplotlib.backend_bases import FigureCanvasBase
    from matplotlib.figure import Figure

    def save(figure: Any, *args: Any, **options: Any) -> None:
        _records["saved"] = _record(figure)

    def show(*args: Any, block: bool = True, **options: Any) -> None:
        if pyplot.get_fignums():
            _records["shown"] = _record(pyplot.gcf())
        if block and not pyplot.isinteractive():
            pyplot.close("all")

    def show_figure(figure: Any, warn: bool = True) -> None:
        _records["shown"] = _record(figure)

    def do_nothing(*args: Any, **options: Any) -> None:
        """Windows need a backend that is not here, and folders a disk."""

    replacements: list[tuple[Any, str, Callable[..., None]]] = [
        (Figure, "savefig", save),
        (Figure, "show", show_figure),
        (FigureCanvasBase, "print_figure", lambda canvas, *args, **options: save(canvas.figure)),
        (pyplot, "show", show),
        (pyplot, "pause", lambda interval: show(block=False)),
        (pyplot, "switch_backend", do_nothing),
        (matplotlib, "use", do_nothing),
        (animation.Animation, "save", do_nothing),
        (os, "makedirs", do_nothing),
        (os, "mkdir", do_nothing),
        (Path, "mkdir", do_nothing),
    ]
    for owner, name, function in replacements:
        setattr(owner, name, function)


def run(namespace: Mapping[str, Any], request: Mapping[str, Any], payload: bytes) -> tuple[Any, bytes]:
    """Return the display list of the figure that a program leaves in `namespace` or in pyplot."""
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    records = [_records.pop(name) for name in ("saved", "shown") if name in _records]
    if not records and pyplot.get_fignums():
        records = [_record(pyplot.gcf())]
    elif not records:
        records = [_record(value) for value in namespace.values() if isinstance(value, Figure)][-1:]
    # An empty figure is saved by mistake where another one has been shown before.
    outcome = next((record for record in records if record is not _EMPTY), (records or [_NO_FIGURE])[0])
    if outcome is _NO_FIGURE and _OTHER_LIBRARY.search(request.get("program", "")):
        outcome = Rejected("no_figure", "the program draws with another library", _LIBRARIES)
    return (outcome, b"") if isinstance(outcome, Rejected) else outcome


def _record(figure: Any) -> tuple[Any, bytes] | Rejected:
    """Return `figure` as a display list as it is now, or why it is refused."""
    from .hints import hinted
    from .recorder import Recorder, Refused

    width, height = (float(side) for side in figure.get_size_inches())
    if not (0.5 <= width <= MAX_SIDE_IN and 0.5 <= height <= MAX_SIDE_IN):
        hint = f"use 0.5 to {MAX_SIDE_IN:g} inches a side"
        return Rejected("size", f"the figure is {width:g} x {height:g} inches", hint)
    if not any(artist is not figure.patch for artist in figure.get_children()):
        return _EMPTY
    dpi = figure.dpi
    figure.set_dpi(72)
    recorder = Recorder(72 * width, 72 * height)
    try:
        with hinted(figure):
            figure.draw(recorder)
    except Refused as error:
        return error.rejected
    finally:
        figure.set_dpi(dpi)
    return recorder.list.result()
