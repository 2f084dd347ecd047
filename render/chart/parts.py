"""A figure's display list sorted into parts: axes, their ticks, legends, words. The names of groups, which come from
the program, only propose what belongs together; what is made of the parts is judged by geometry and by what is seen.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
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
MIN_VISIBLE_SAMPLE = 0.3
"""Of a legend's sample."""


@dataclass(frozen=True, eq=False)
class TextBlock:
    """The lines and pieces of one text."""

    text_items: tuple[TextItem, ...]

    @property
    def paint_order(self) -> int:
        """When its first piece is painted."""
        return self.text_items[0].paint_order

    @property
    def size(self) -> float:
        """Of its largest letters, px."""
        return max(text_items.size for text_items in self.text_items)

    @property
    def colour(self) -> Colour:
        """Of its first piece."""
        return self.text_items[0].colour

    @cached_property
    def bounds(self) -> Bounds:
        """Round all of it."""
        return bounds_of(np.concatenate([text_items.corners for text_items in self.text_items]))

    @property
    def centre(self) -> tuple[float, float]:
        """Of its bounds."""
        left, top, right, bottom = self.bounds
        return (left + right) / 2, (top + bottom) / 2

    @cached_property
    def string(self) -> str:
        """As it is read: raised small pieces as `^{...}`, lowered ones as `_{...}`, lines apart by a space."""
        turn = math.radians(self.text_items[0].degrees)
        cos, sin = math.cos(turn), math.sin(turn)
        # Along the baseline and down from it.
        placed = [(w.x * cos - w.y * sin, w.x * sin + w.y * cos, w) for w in self.text_items]
        lines: list[tuple[float, list[tuple[float, str]]]] = []
        for along, down, text_items in sorted(placed, key=lambda one: -one[2].size):
            near = [line for line in lines if abs(line[0] - down) < 0.75 * self.size]
            if not near:
                lines.append((down, [(along, text_items.text)]))
                continue
            base, pieces = min(near, key=lambda line: abs(line[0] - down))
            small = text_items.size < 0.9 * self.size
            mark = "^" if small and down < base - 0.15 * self.size else "_" if small and down > base + 0.08 else ""
            pieces.append((along, f"{mark}{{{text_items.text}}}" if mark else text_items.text))
        rows = ("".join(text for _, text in sorted(pieces, key=lambda one: one[0])) for _, pieces in sorted(lines))
        return " ".join(" ".join(rows).split())


@dataclass(eq=False)
class TickParts:
    """What one tick is drawn with."""

    painted_paths: list[PaintedPath] = field(default_factory=list)
    text_blocks: list[TextBlock] = field(default_factory=list)


@dataclass(eq=False)
class AxisParts:
    """What one axis is drawn with."""

    name: str = ""
    painted_paths: list[PaintedPath] = field(default_factory=list)
    """In no tick: there are none in an honest axis."""
    ticks: list[TickParts] = field(default_factory=list)
    text_blocks: list[TextBlock] = field(default_factory=list)

    @property
    def all_paths(self) -> list[PaintedPath]:
        """Those of its ticks included."""
        return [*self.painted_paths, *(painted_path for tick in self.ticks for painted_path in tick.painted_paths)]


@dataclass(eq=False)
class AxesParts:
    """What one pair of axes is drawn with."""

    display_items: list[DisplayItem] = field(default_factory=list)
    """Marks, spines, the background: all that is no text and in no axis or legend; in order."""
    text_blocks: list[TextBlock] = field(default_factory=list)
    axes: list[AxisParts] = field(default_factory=list)
    legends: list[list[DisplayItem]] = field(default_factory=list)


@dataclass(eq=False)
class FigureParts:
    """A whole figure's."""

    axes: list[AxesParts] = field(default_factory=list)
    text_blocks: list[TextBlock] = field(default_factory=list)
    legends: list[list[DisplayItem]] = field(default_factory=list)
    display_items: list[DisplayItem] = field(default_factory=list)


def sort_out(display_list: DisplayList, visibility: FigureVisibility) -> FigureParts:
    """The parts of a figure; texts that are not seen are left out."""
    found = FigureParts()
    axes: dict[Group, AxesParts] = {}
    lines: dict[Group, AxisParts] = {}
    ticks: dict[Group, TickParts] = {}
    legends: dict[Group, list[DisplayItem]] = {}
    for display_item, text in _with_texts(display_list.display_items, visibility):
        names = [group.name for group in display_item.groups]
        owner = display_item.groups[_last(names, "axes")] if "axes" in names else None
        inner = display_item.groups[display_item.groups.index(owner) + 1 :] if owner else display_item.groups[1:]
        if owner and owner not in axes:
            axes[owner] = AxesParts()
            found.axes.append(axes[owner])
        home: AxesParts | FigureParts = axes[owner] if owner else found
        legend = next((group for group in inner if group.name == "legend"), None)
        if legend is not None:
            if legend not in legends:
                legends[legend] = []
                home.legends.append(legends[legend])
            legends[legend].append(display_item)
        elif owner and inner and inner[0].name == "matplotlib.axis":
            if inner[0] not in lines:
                lines[inner[0]] = AxisParts()
                axes[owner].axes.append(lines[inner[0]])
            _into_axis(lines[inner[0]], ticks, inner[1:], display_item, text)
        elif text is not None:
            home.text_blocks.append(text)
        elif not isinstance(display_item, TextItem):
            home.display_items.append(display_item)
    for own in found.axes:
        for at, line in enumerate(own.axes):
            # Without a single tick, an axis is known by its turn: x is drawn first.
            line.name = line.name or "xy"[min(at, 1)]
    return found


def _into_axis(
    axis: AxisParts,
    ticks: dict[Group, TickParts],
    inner: Sequence[Group],
    display_item: DisplayItem,
    text: TextBlock | None,
) -> None:
    if inner and inner[0].name in ("xtick", "ytick"):
        axis.name = inner[0].name[0]
        if inner[0] not in ticks:
            ticks[inner[0]] = TickParts()
            axis.ticks.append(ticks[inner[0]])
        if text is not None:
            ticks[inner[0]].text_blocks.append(text)
        elif isinstance(display_item, PaintedPath):
            ticks[inner[0]].painted_paths.append(display_item)
    elif text is not None:
        axis.text_blocks.append(text)
    elif isinstance(display_item, PaintedPath):
        axis.painted_paths.append(display_item)


def _last(names: Sequence[str], name: str) -> int:
    return len(names) - 1 - list(reversed(names)).index(name)


def _with_texts(
    display_items: Iterable[DisplayItem], visibility: FigureVisibility
) -> Iterable[tuple[DisplayItem, TextBlock | None]]:
    """Each thing, and with the first piece of each text that is seen, the text; other pieces come without."""
    pieces: dict[Group, list[TextItem]] = defaultdict(list)
    kept = list(display_items)
    for display_item in kept:
        if isinstance(display_item, TextItem) and display_item.groups:
            pieces[display_item.groups[-1]].append(display_item)
    for display_item in kept:
        if not isinstance(display_item, TextItem):
            yield display_item, None
        elif display_item.groups and pieces[display_item.groups[-1]][0] is display_item:
            text = TextBlock(tuple(pieces[display_item.groups[-1]]))
            yield display_item, text if is_seen(text, visibility) else None


def is_seen(text: TextBlock, visibility: FigureVisibility) -> bool:
    """Whether a text can be read in the picture."""
    return all(
        text_items.size >= MIN_LETTER
        and visibility.words_share(text_items) >= MIN_SHARE
        and visibility.contrast(text_items.paint_order, text_items.colour, Polygon(text_items.corners)) >= MIN_CONTRAST
        for text_items in text.text_items
        if text_items.text.strip()
    )


def seen_words(text: TextBlock, role: str) -> ChartText:
    """A text as a scene has it."""
    return ChartText(text.string, role, rounded_bounds(text.bounds), hexadecimal(text.colour), round(text.size, 2))
