"""A figure's display list read as a chart."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from shapely import box

from ...geometry.chart import Axis, ChartScene, Mark, Panel
from .axes import AxisReader, PanelFrame, find_frame, read_axes, share_scales, strays
from .display import DisplayList, PaintedPath
from .heatmap import ColourGrid, ColourRamp, find_cells, ramp_of, values_of
from .legend import LegendRow, entries, name_by, read_legend
from .marks import Look, MarkReader, MeasuredMark, series_of
from .outlines import TOLERANCE, hexadecimal, rounded_bounds, segment
from .parts import AxesParts, FigureParts, TextBlock, seen_words, sort_out
from .visible import FigureVisibility, region_of


class _Plot:
    """A panel while it is read."""

    def __init__(self, parts: AxesParts, frame: PanelFrame, seen: FigureVisibility) -> None:
        self.parts = parts
        self.reader = AxisReader(frame, tuple(read_axes(parts, frame, seen)))
        self.legends = [read_legend(legend, seen) for legend in parts.legends]
        self.rows = [row for legend in self.legends for row in legend.rows]
        odd = [*strays(parts, frame), *(shape for legend in self.legends for shape in legend.strays)]
        # What is said to belong to ticks or a legend but does not look it is judged like all else.
        cells, self.things = find_cells(sorted([*parts.things, *odd], key=lambda thing: thing.index))
        self.cells = [grid for grid in cells if seen.share(grid.last, box(*_round(grid))) > 0.5]
        ramps = [ramp for grid in self.cells if (ramp := ramp_of(grid)) is not None]
        self.ramp: ColourRamp | None = ramps[0] if len(ramps) == len(self.cells) == 1 else None


def read_chart(figure: DisplayList) -> ChartScene:
    """What the figure shows."""
    seen = FigureVisibility(figure)
    parts = sort_out(figure, seen)
    plots = [_Plot(own, frame, seen) for own in parts.axes if (frame := find_frame(own)) is not None]
    for plot, reader in zip(plots, share_scales([plot.reader for plot in plots]), strict=True):
        plot.reader = reader
    bars = [plot for plot in plots if _is_bar(plot)]
    panels = []
    legends = [read_legend(legend, seen) for legend in parts.legends]
    outer = [row for legend in legends for row in legend.rows]
    odd = [*parts.things[1:], *(shape for legend in legends for shape in legend.strays)]
    for own in parts.axes:
        if find_frame(own) is None:
            odd += [*own.things, *(shape for axis in own.axes for shape in axis.all_shapes)]
    for at, plot in enumerate(plots):
        if plot not in bars:
            bar = _bar_of(plot, plots[at + 1 :], bars) or _bar_of(plot, plots, bars)
            panels.append(_panel(plot, bar, outer, seen))
    words = tuple(seen_words(text, "figure") for text in parts.texts)
    others = sum(seen.share(thing.index, region_of(thing)) > 0 for thing in odd)
    size = (round(figure.width, 3), round(figure.height, 3))
    return ChartScene(*size, _background(parts), tuple(panels), words, others)


def _is_bar(plot: _Plot) -> bool:
    """Whether a panel is a bar of colours: nothing but steps of colour, and a scale along them."""
    if plot.ramp is None:
        return False
    axis = plot.reader.axis("xy"[int(plot.ramp.upright)])
    return axis is not None and axis.scale is not None and axis.scale.kind != "category"


def _bar_of(plot: _Plot, others: Sequence[_Plot], bars: Sequence[_Plot]) -> _Plot | None:
    return next((other for other in others if other in bars), None) if plot.cells else None


def _background(parts: FigureParts) -> str:
    first = next((thing for thing in parts.things if isinstance(thing, PaintedPath)), None)
    fill = first.style.fill if first is not None else None
    return hexadecimal(fill if fill is not None and fill[3] == 255 else (255, 255, 255))


def _panel(plot: _Plot, bar: _Plot | None, outer: Sequence[LegendRow], seen: FigureVisibility) -> Panel:
    frame = plot.reader.frame
    shapes = [thing for thing in plot.things if isinstance(thing, PaintedPath) and _is_mark(thing, plot.parts, frame)]
    marks = MarkReader(plot.reader, seen, shapes, plot.parts.texts)
    marks.others += sum(not isinstance(thing, PaintedPath) for thing in plot.things)
    marks.read()
    for cells in plot.cells:
        marks.found += _cells_found(cells, plot.reader, bar, seen)
    series = series_of(marks.found, partial(_name, plot.rows or outer))
    title, texts = _title([text for text in plot.parts.texts if text not in marks.wedge_texts], frame)
    words = [seen_words(text, "wedge") for text in marks.wedge_texts] + [seen_words(text, "mark") for text in texts]
    axes = tuple(axis for axis in plot.reader.axes if axis.ticks or axis.label)
    if bar is not None and bar.ramp is not None:
        axes += (_colour_axis(bar),)
    return Panel(
        rounded_bounds(frame.bounds),
        title,
        frame.centre is not None,
        axes,
        series,
        entries(plot.rows),
        tuple(words),
        marks.others,
    )


def _name(rows: Sequence[LegendRow], look: Look, kind: str) -> str:
    return "" if kind in ("cell", "rule") and not rows else name_by(rows, look)


def _colour_axis(bar: _Plot) -> Axis:
    assert bar.ramp is not None
    axis = bar.reader.axis("xy"[int(bar.ramp.upright)])
    assert axis is not None
    return replace(axis, name="colour")


def _is_mark(thing: PaintedPath, parts: AxesParts, frame: PanelFrame) -> bool:
    """Whether a shape is neither the background nor a spine."""
    alone = len(parts.things) == 1 and not parts.axes
    if not alone and thing is next((other for other in parts.things if isinstance(other, PaintedPath)), None):
        bounds = region_of(thing).bounds
        if thing.style.fill is not None and bounds and np.allclose(bounds, frame.bounds, atol=1):
            return False
    ends = segment(thing.path) if thing.places is None else None
    if ends is not None and thing.style.clip is None:
        left, top, right, bottom = frame.bounds
        edges = ((0, left), (0, right), (1, top), (1, bottom))
        return not any(np.abs(ends[:, which] - edge).max() < TOLERANCE for which, edge in edges)
    return not (frame.centre is not None and thing.style.clip is None and thing.style.fill is None)


def _round(cells: ColourGrid) -> tuple[float, float, float, float]:
    left, top = cells.bounds[:, :2].min(axis=0)
    right, bottom = cells.bounds[:, 2:].max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _cells_found(
    cells: ColourGrid, reader: AxisReader, bar: _Plot | None, seen: FigureVisibility
) -> list[MeasuredMark]:
    found = []
    ramp = None if bar is None else bar.ramp
    for bounds, values in values_of(cells, reader, ramp, None if bar is None else bar.reader):
        share = seen.share(cells.last, box(*bounds))
        kept = {name: value for name, value in values.items() if value is not None}
        mark = Mark(kept, rounded_bounds(bounds), round(min(1.0, share), 2))
        found.append(MeasuredMark("cell", True, (None, None, None), cells.artist, mark, 1.0))
    return found


def _title(texts: Sequence[TextBlock], frame: PanelFrame) -> tuple[str, list[TextBlock]]:
    """The largest text above the panel, and the other texts."""
    above = [text for text in texts if text.bounds[3] <= frame.bounds[1] + 2]
    if not above:
        return "", list(texts)
    title = max(above, key=lambda text: text.size)
    return title.string, [text for text in texts if text is not title]
