"""Sort a figure's display list into its parts: axes, their ticks, legends, texts.

The names of groups, which come from the program, only propose what belongs together; what is made of the parts is
judged by geometry and by what is seen.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from shapely import Polygon

from ...geometry.chart import Bounds, ChartText
from .display import Colour, DisplayItem, DisplayList, Group, PaintedPath, TextItem
from .outlines import bounds_of, hexadecimal, rounded_bounds
from .visible import FigureVisibility

MIN_LETTER = 4.0
"""px: smaller text is not read."""
MIN_SHARE = 0.6
"""A text that is covered, cut off or run into by more is not read."""
MIN_CONTRAST = 0.12
_WIDEST_MARGIN = 2.5
"""Of its size: a box that reaches farther round a text is a shape of its own."""
_THICKEST_RULE = 2.0
"""px: the line of a fraction or a root is no thicker."""
MIN_VISIBLE_SAMPLE = 0.3
"""Of a legend's sample."""


@dataclass(frozen=True, eq=False)
class TextBlock:
    """The lines and pieces of one text."""

    text_items: tuple[TextItem, ...]

    @property
    def paint_order(self) -> int:
        """The place of its first piece in the order of painting."""
        return self.text_items[0].paint_order

    @property
    def size(self) -> float:
        """The size of its largest letters, px."""
        return max(text_items.size for text_items in self.text_items)

    @property
    def colour(self) -> Colour:
        """The colour of its first piece."""
        return self.text_items[0].colour

    @cached_property
    def bounds(self) -> Bounds:
        """Left, top, right and bottom of all of it, px."""
        return bounds_of(np.concatenate([text_items.corners for text_items in self.text_items]))

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of its bounds, px."""
        left, top, right, bottom = self.bounds
        return (left + right) / 2, (top + bottom) / 2

    @cached_property
    def string(self) -> str:
        """The text as it is read: raised small pieces as `^{...}`, lowered ones as `_{...}`, lines apart by a space."""
        turn = math.radians(self.text_items[0].degrees)
        cos, sin = math.cos(turn), math.sin(turn)
        # Along the baseline and down from it.
        placed_items = [(item.x * cos - item.y * sin, item.x * sin + item.y * cos, item) for item in self.text_items]
        lines: list[tuple[float, list[tuple[float, str]]]] = []
        for along, down, text_items in sorted(placed_items, key=lambda piece: -piece[2].size):
            near = [line for line in lines if abs(line[0] - down) < 0.75 * self.size]
            if not near:
                lines.append((down, [(along, text_items.text)]))
                continue
            base, pieces = min(near, key=lambda line: abs(line[0] - down))
            small = text_items.size < 0.9 * self.size
            mark = "^" if small and down < base - 0.15 * self.size else "_" if small and down > base + 0.08 else ""
            pieces.append((along, f"{mark}{{{text_items.text}}}" if mark else text_items.text))
        rows = ("".join(text for _, text in sorted(pieces, key=lambda piece: piece[0])) for _, pieces in sorted(lines))
        return " ".join(" ".join(rows).split())


@dataclass(eq=False)
class TickParts:
    """The paths and texts of one tick."""

    painted_paths: list[PaintedPath] = field(default_factory=list)
    text_blocks: list[TextBlock] = field(default_factory=list)


@dataclass(eq=False)
class AxisParts:
    """The paths, ticks and texts of one axis."""

    name: str = ""
    painted_paths: list[PaintedPath] = field(default_factory=list)
    """In no tick: there are none in an honest axis."""
    ticks: list[TickParts] = field(default_factory=list)
    text_blocks: list[TextBlock] = field(default_factory=list)
    unseen_strings: list[str] = field(default_factory=list)
    """Texts in no tick that cannot be read in the picture."""

    @property
    def all_paths(self) -> list[PaintedPath]:
        """All paths, those of its ticks included."""
        return [*self.painted_paths, *(painted_path for tick in self.ticks for painted_path in tick.painted_paths)]


@dataclass(eq=False)
class AxesParts:
    """The items, axes and legends of one pair of axes."""

    display_items: list[DisplayItem] = field(default_factory=list)
    """Marks, spines, the background: all that is no text and in no axis or legend; in order."""
    text_blocks: list[TextBlock] = field(default_factory=list)
    axes: list[AxisParts] = field(default_factory=list)
    legends: list[list[DisplayItem]] = field(default_factory=list)
    tables: dict[Group, list[PaintedPath]] = field(default_factory=dict)
    """The cells of each table."""
    hint: str = ""
    """The kind of axes that the program says they are, such as `3D axes` or `colour bar`."""


@dataclass(eq=False)
class FigureParts:
    """The parts of a whole figure."""

    axes: list[AxesParts] = field(default_factory=list)
    text_blocks: list[TextBlock] = field(default_factory=list)
    legends: list[list[DisplayItem]] = field(default_factory=list)
    display_items: list[DisplayItem] = field(default_factory=list)
    tables: dict[Group, list[PaintedPath]] = field(default_factory=dict)


def sort_out(display_list: DisplayList, visibility: FigureVisibility) -> FigureParts:
    """Sort `display_list` into parts; texts that are not seen are left out."""
    figure_parts = FigureParts()
    axes_by_group: dict[Group, AxesParts] = {}
    axis_by_group: dict[Group, AxisParts] = {}
    tick_by_group: dict[Group, TickParts] = {}
    legend_by_group: dict[Group, list[DisplayItem]] = {}
    block_by_group = _text_blocks(display_list.display_items, visibility)
    first_pieces = {text.paint_order: text for text in block_by_group.values()}
    for display_item in display_list.display_items:
        text = first_pieces.get(display_item.paint_order)
        if isinstance(display_item, PaintedPath) and _is_of_text(display_item, block_by_group):
            continue
        names = [group.name for group in display_item.groups]
        axes_group = display_item.groups[_last(names, "axes")] if "axes" in names else None
        inner_groups = (
            display_item.groups[display_item.groups.index(axes_group) + 1 :] if axes_group else display_item.groups[1:]
        )
        if axes_group and axes_group not in axes_by_group:
            axes_by_group[axes_group] = AxesParts(hint=axes_group.hint)
            figure_parts.axes.append(axes_by_group[axes_group])
        owner_parts: AxesParts | FigureParts = axes_by_group[axes_group] if axes_group else figure_parts
        legend_group = next((group for group in inner_groups if group.name == "legend"), None)
        if legend_group is not None:
            if legend_group not in legend_by_group:
                legend_by_group[legend_group] = []
                owner_parts.legends.append(legend_by_group[legend_group])
            legend_by_group[legend_group].append(display_item)
        elif axes_group and inner_groups and inner_groups[0].name == "matplotlib.axis":
            if inner_groups[0] not in axis_by_group:
                axis_by_group[inner_groups[0]] = AxisParts()
                axes_by_group[axes_group].axes.append(axis_by_group[inner_groups[0]])
            _into_axis(axis_by_group[inner_groups[0]], tick_by_group, inner_groups[1:], display_item, text)
        elif text is not None:
            owner_parts.text_blocks.append(text)
        elif not isinstance(display_item, TextItem):
            table_group = next((group for group in inner_groups if group.name == "table"), None)
            if table_group is not None and isinstance(display_item, PaintedPath):
                owner_parts.tables.setdefault(table_group, []).append(display_item)
            else:
                owner_parts.display_items.append(display_item)
    for axes_parts in figure_parts.axes:
        for turn, axis_parts in enumerate(axes_parts.axes):
            # Without a single tick, an axis is known by its turn: x is drawn first.
            axis_parts.name = axis_parts.name or "xy"[min(turn, 1)]
    return figure_parts


def _into_axis(
    axis_parts: AxisParts,
    tick_by_group: dict[Group, TickParts],
    inner_groups: Sequence[Group],
    display_item: DisplayItem,
    text: TextBlock | None,
) -> None:
    if inner_groups and inner_groups[0].name in ("xtick", "ytick"):
        axis_parts.name = inner_groups[0].name[0]
        if inner_groups[0] not in tick_by_group:
            tick_by_group[inner_groups[0]] = TickParts()
            axis_parts.ticks.append(tick_by_group[inner_groups[0]])
        if text is not None:
            tick_by_group[inner_groups[0]].text_blocks.append(text)
        elif isinstance(display_item, PaintedPath):
            tick_by_group[inner_groups[0]].painted_paths.append(display_item)
    elif text is not None:
        axis_parts.text_blocks.append(text)
    elif isinstance(display_item, PaintedPath):
        axis_parts.painted_paths.append(display_item)
    elif isinstance(display_item, TextItem) and not _belongs_to(display_item, axis_parts.text_blocks):
        axis_parts.unseen_strings.append(display_item.text)


def _belongs_to(text_item: TextItem, text_blocks: Iterable[TextBlock]) -> bool:
    """Tell whether `text_item` is a piece of one of `text_blocks`."""
    return any(text_item is piece for block in text_blocks for piece in block.text_items)


def _last(names: Sequence[str], name: str) -> int:
    return len(names) - 1 - list(reversed(names)).index(name)


def _text_blocks(display_items: Iterable[DisplayItem], visibility: FigureVisibility) -> dict[Group, TextBlock]:
    """Put the pieces of each text among `display_items` together; texts that are not seen are left out."""
    text_pieces: dict[Group, list[TextItem]] = defaultdict(list)
    for display_item in display_items:
        if isinstance(display_item, TextItem) and display_item.groups:
            text_pieces[display_item.groups[-1]].append(display_item)
    blocks = {group: TextBlock(tuple(pieces)) for group, pieces in text_pieces.items()}
    return {group: block for group, block in blocks.items() if is_seen(block, visibility)}


def _is_of_text(painted_path: PaintedPath, block_by_group: Mapping[Group, TextBlock]) -> bool:
    """Tell whether `painted_path` is the box that stands close round a text of its own group, or a rule within it."""
    texts = [block_by_group[group] for group in painted_path.groups if group in block_by_group]
    if not texts or painted_path.marker_places is not None or not len(painted_path.path.points):
        return False
    left, top, right, bottom = bounds_of(painted_path.path.drawn)
    text_left, text_top, text_right, text_bottom = texts[-1].bounds
    margins = (text_left - left, text_top - top, right - text_right, bottom - text_bottom)
    is_rule = min(right - left, bottom - top) <= _THICKEST_RULE and max(margins) <= 1.0
    return is_rule or (min(margins) > -1.0 and max(margins) <= _WIDEST_MARGIN * texts[-1].size)


def is_seen(text: TextBlock, visibility: FigureVisibility) -> bool:
    """Tell whether `text` can be read in the picture."""
    return all(
        text_items.size >= MIN_LETTER
        and visibility.words_share(text_items) >= MIN_SHARE
        and visibility.contrast(text_items.paint_order, text_items.colour, Polygon(text_items.corners)) >= MIN_CONTRAST
        for text_items in text.text_items
        if text_items.text.strip()
    )


def seen_words(text: TextBlock, role: str) -> ChartText:
    """Return `text` as a scene has it, in a `role` such as `mark`."""
    return ChartText(text.string, role, rounded_bounds(text.bounds), hexadecimal(text.colour), round(text.size, 2))
