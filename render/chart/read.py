"""Read a figure's display list as a chart."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from shapely import box

from ...geometry.chart import Axis, ChartScene, Mark, Panel
from .axes import AxisReader, PanelFrame, find_frame, read_axes, share_scales, strays
from .bars import BAR_HINTS
from .display import Bitmap, DisplayItem, DisplayList, PaintedPath, hint_of
from .heatmap import ColourGrid, ColourRamp, find_cells, ramp_of, values_of
from .legend import LegendRow, entries, name_by, read_legend
from .marks import UNREAD_AXES, read_marks, unread_kind
from .measure import Look, MeasuredMark, series_of
from .outlines import TOLERANCE, direction, hexadecimal, rounded_bounds, segment
from .parts import AxesParts, FigureParts, TextBlock, seen_words, sort_out
from .regions import item_regions
from .visible import FigureVisibility


class _Plot:
    """A panel while it is read."""

    def __init__(self, axes_parts: AxesParts, panel_frame: PanelFrame, visibility: FigureVisibility) -> None:
        self.axes_parts = axes_parts
        self.axis_reader = AxisReader(panel_frame, tuple(read_axes(axes_parts, panel_frame, visibility)))
        self.legends = [read_legend(legend, visibility) for legend in axes_parts.legends]
        self.rows = [row for legend in self.legends for row in legend.legend_rows]
        odd_paths = [
            *strays(axes_parts, panel_frame),
            *(painted_path for legend in self.legends for painted_path in legend.strays),
        ]
        # What is said to belong to ticks or a legend but does not look it is judged like all else.
        colour_grids, self.display_items = find_cells(
            sorted([*axes_parts.display_items, *odd_paths], key=lambda display_item: display_item.paint_order)
        )
        self.cells = [grid for grid in colour_grids if visibility.share(grid.last_painted, box(*_round(grid))) > 0.5]
        ramps = [ramp for grid in self.cells if (ramp := ramp_of(grid)) is not None]
        self.ramp: ColourRamp | None = ramps[0] if len(ramps) == len(self.cells) == 1 else None


def read_chart(display_list: DisplayList) -> ChartScene:
    """Read the chart that `display_list` shows."""
    visibility = FigureVisibility(display_list)
    figure_parts = sort_out(display_list, visibility)
    plots = [
        _Plot(axes_parts, panel_frame, visibility)
        for axes_parts in figure_parts.axes
        if (panel_frame := find_frame(axes_parts)) is not None
    ]
    for plot, axis_reader in zip(plots, share_scales([plot.axis_reader for plot in plots]), strict=True):
        plot.axis_reader = axis_reader
    bar_plots = [plot for plot in plots if _is_bar(plot)]
    bars_without_scale = [plot for plot in plots if plot.axes_parts.hint == "colour bar" and plot not in bar_plots]
    panels = []
    legends = [read_legend(figure_legend, visibility) for figure_legend in figure_parts.legends]
    outer_rows = [row for figure_legend in legends for row in figure_legend.legend_rows]
    odd_items = [
        *figure_parts.display_items[1:],
        *(painted_path for figure_legend in legends for painted_path in figure_legend.strays),
    ]
    for axes_parts in figure_parts.axes:
        if find_frame(axes_parts) is None:
            odd_items += [
                *axes_parts.display_items,
                *(painted_path for axis in axes_parts.axes for painted_path in axis.all_paths),
            ]
    for plot_number, plot in enumerate(plots):
        if plot.axes_parts.hint in UNREAD_AXES:
            panels.append(_unread_panel(plot))
        elif plot not in bar_plots and plot not in bars_without_scale:
            bar_plot = _bar_of(plot, plots[plot_number + 1 :], bar_plots) or _bar_of(plot, plots, bar_plots)
            panels.append(_panel(plot, bar_plot, outer_rows, visibility))
    words = tuple(seen_words(text, "figure") for text in figure_parts.text_blocks)
    # 3D axes draw some of their parts outside of their group; the panel says that they are not read.
    said_kinds = {kind for panel in panels for kind in panel.unread if kind in UNREAD_AXES}
    said_hints = {*said_kinds, "background"} if said_kinds else set()
    odd_items = [item for item in odd_items if hint_of(item.groups) not in said_hints]
    unread = Counter(unread_kind(item) for item in odd_items if _is_shown(item, visibility))
    unread += Counter({"table": len(figure_parts.tables), "colour bar": len(bars_without_scale)})
    size = (round(display_list.width, 3), round(display_list.height, 3))
    return ChartScene(*size, _background(figure_parts), tuple(panels), words, unread.total(), tuple(sorted(unread)))


def _is_shown(display_item: DisplayItem, visibility: FigureVisibility) -> bool:
    """Tell whether anything of `display_item` can be seen; of a clear image nothing can."""
    if isinstance(display_item, Bitmap) and not display_item.pixels[..., 3].any():
        return False
    return visibility.item_share(display_item) > 0


def _unread_panel(plot: _Plot) -> Panel:
    """Return the panel of a `plot` whose axes are drawn and not read: its texts only."""
    panel_frame = plot.axis_reader.panel_frame
    title, text_blocks = _title(plot.axes_parts.text_blocks, panel_frame)
    words = tuple(seen_words(text, "mark") for text in text_blocks)
    bounds, rows = rounded_bounds(panel_frame.bounds), entries(plot.rows)
    return Panel(bounds, title, False, (), (), rows, words, 1, (plot.axes_parts.hint,))


def _is_bar(plot: _Plot) -> bool:
    """Tell whether `plot` is a bar of colours: nothing but steps of colour, and a scale along them."""
    if plot.ramp is None:
        return False
    axis = plot.axis_reader.axis("xy"[int(plot.ramp.upright)])
    return axis is not None and axis.scale is not None and axis.scale.kind != "category"


def _bar_of(plot: _Plot, other_plots: Sequence[_Plot], bar_plots: Sequence[_Plot]) -> _Plot | None:
    return next((other_plot for other_plot in other_plots if other_plot in bar_plots), None) if plot.cells else None


def _background(figure_parts: FigureParts) -> str:
    first_path = next(
        (display_item for display_item in figure_parts.display_items if isinstance(display_item, PaintedPath)), None
    )
    fill = first_path.style.fill if first_path is not None else None
    return hexadecimal(fill if fill is not None and fill[3] == 255 else (255, 255, 255))


def _panel(plot: _Plot, bar_plot: _Plot | None, outer_rows: Sequence[LegendRow], visibility: FigureVisibility) -> Panel:
    panel_frame = plot.axis_reader.panel_frame
    painted_paths = [
        display_item
        for display_item in plot.display_items
        if isinstance(display_item, PaintedPath) and _is_mark(display_item, plot.axes_parts, panel_frame)
    ]
    panel_marks = read_marks(plot.axis_reader, visibility, painted_paths, plot.axes_parts.text_blocks)
    for display_item in plot.display_items:
        if not isinstance(display_item, PaintedPath) and _is_shown(display_item, visibility):
            panel_marks.leave(unread_kind(display_item))
    panel_marks.unread += Counter({"table": len(plot.axes_parts.tables)})
    for cells in plot.cells:
        panel_marks.measured_marks += _cells_found(cells, plot.axis_reader, bar_plot, visibility)
    series = series_of(panel_marks.measured_marks, partial(_name, plot.rows or outer_rows))
    title, text_blocks = _title(
        [text for text in plot.axes_parts.text_blocks if text not in panel_marks.wedge_texts], panel_frame
    )
    words = [seen_words(text, "wedge") for text in panel_marks.wedge_texts] + [
        seen_words(text, "mark") for text in text_blocks
    ]
    axes = tuple(axis for axis in plot.axis_reader.axes if axis.ticks or axis.label)
    if bar_plot is not None and bar_plot.ramp is not None:
        axes += (_colour_axis(bar_plot),)
    return Panel(
        rounded_bounds(panel_frame.bounds),
        title,
        panel_frame.centre is not None,
        axes,
        series,
        entries(plot.rows),
        tuple(words),
        panel_marks.unread.total(),
        tuple(sorted(panel_marks.unread)),
    )


def _name(rows: Sequence[LegendRow], look: Look, kind: str) -> str:
    return "" if kind in ("cell", "rule") and not rows else name_by(rows, look)


def _colour_axis(bar_plot: _Plot) -> Axis:
    assert bar_plot.ramp is not None
    axis = bar_plot.axis_reader.axis("xy"[int(bar_plot.ramp.upright)])
    assert axis is not None
    return replace(axis, name="colour")


def _is_mark(display_item: PaintedPath, axes_parts: AxesParts, panel_frame: PanelFrame) -> bool:
    """Tell whether `display_item` is neither the background nor a spine of the panel."""
    is_alone = len(axes_parts.display_items) == 1 and not axes_parts.axes
    if hint_of(display_item.groups) in (*BAR_HINTS, "wedge"):
        return True
    if not is_alone and display_item is next(
        (item for item in axes_parts.display_items if isinstance(item, PaintedPath)), None
    ):
        bounds = item_regions(display_item)[0].bounds
        if display_item.style.fill is not None and bounds and np.allclose(bounds, panel_frame.bounds, atol=1):
            return False
    end_points = segment(display_item.path) if display_item.marker_places is None else None
    if end_points is not None and hint_of(display_item.groups) == "spine" and _is_axis_line(end_points, panel_frame):
        return False
    if end_points is not None and display_item.style.clip is None:
        left, top, right, bottom = panel_frame.bounds
        edges = ((0, left), (0, right), (1, top), (1, bottom))
        return not any(
            np.abs(end_points[:, axis_index] - edge_position).max() < TOLERANCE for axis_index, edge_position in edges
        )
    return not (panel_frame.centre is not None and display_item.style.clip is None and display_item.style.fill is None)


def _is_axis_line(end_points: np.ndarray, panel_frame: PanelFrame) -> bool:
    """Tell whether a straight line, `end_points` [2, 2], runs along an axis across the panel or outside of it."""
    left, top, right, bottom = panel_frame.bounds
    along = direction(end_points)
    if along is None:
        return False
    low, high = sorted(end_points[:, along])
    panel_low, panel_high = ((left, right), (top, bottom))[along]
    across, (side_low, side_high) = end_points[0, 1 - along], ((left, right), (top, bottom))[1 - along]
    spans_panel = low <= panel_low + TOLERANCE and high >= panel_high - TOLERANCE
    return spans_panel or not side_low + TOLERANCE < across < side_high - TOLERANCE


def _round(cells: ColourGrid) -> tuple[float, float, float, float]:
    left, top = cells.bounds[:, :2].min(axis=0)
    right, bottom = cells.bounds[:, 2:].max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _cells_found(
    cells: ColourGrid, axis_reader: AxisReader, bar_plot: _Plot | None, visibility: FigureVisibility
) -> list[MeasuredMark]:
    cell_marks = []
    ramp = None if bar_plot is None else bar_plot.ramp
    for bounds, values in values_of(cells, axis_reader, ramp, None if bar_plot is None else bar_plot.axis_reader):
        share = visibility.share(cells.last_painted, box(*bounds))
        known_values = {name: value for name, value in values.items() if value is not None}
        mark = Mark(known_values, rounded_bounds(bounds), round(min(1.0, share), 2))
        cell_marks.append(MeasuredMark("cell", True, (None, None, None), cells.artist, 0, mark, 1.0))
    return cell_marks


def _title(text_blocks: Sequence[TextBlock], panel_frame: PanelFrame) -> tuple[str, list[TextBlock]]:
    """Split `text_blocks` into the largest text above the panel and the other texts."""
    texts_above = [text for text in text_blocks if text.bounds[3] <= panel_frame.bounds[1] + 2]
    if not texts_above:
        return "", list(text_blocks)
    title = max(texts_above, key=lambda text: text.size)
    return title.string, [text for text in text_blocks if text is not title]
