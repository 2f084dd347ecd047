"""Read the marks of a panel: paths told apart by their geometry, measured, and held against the axes.

Begin with `read_marks`. In a polar panel the angle stands for x and the radius for y.
"""

from collections.abc import Sequence

from .axes import AxisReader
from .bars import is_zero_bar, read_bars
from .boxes import read_boxes
from .display import Bitmap, DisplayItem, PaintedPath, hint_of
from .lines import read_areas, read_errors, read_lines
from .measure import PanelMarks
from .parts import TextBlock
from .points import read_points
from .visible import FigureVisibility
from .wedges import is_hole, read_wedges

UNREAD_HINTS = frozenset(
    "arrow baseline cells contour events hexagons image mesh patch shadow span vectors violin".split()
)
"""Kinds of artists that are drawn and not read; a scene says so."""
UNREAD_AXES = ("3D axes", "map axes")
"""Kinds of axes that are drawn and not read."""
_STEPS = (read_boxes, read_points, read_bars, read_wedges, read_errors, read_lines, read_areas)
"""Each step takes the paths that it knows and leaves the others to the next."""


def read_marks(
    axis_reader: AxisReader,
    visibility: FigureVisibility,
    painted_paths: Sequence[PaintedPath],
    text_blocks: Sequence[TextBlock],
) -> PanelMarks:
    """Read all marks of a panel.

    Args:
        axis_reader: the panel's axes.
        visibility: what is seen of the whole figure.
        painted_paths: what is drawn in the panel, without background and spines.
        text_blocks: texts that stand by no axis.
    """
    last_painted = {path.groups[-1]: path.paint_order for path in painted_paths if path.groups}
    panel_marks = PanelMarks(axis_reader, visibility, text_blocks, last_painted)
    visible_paths = [path for path in painted_paths if is_zero_bar(path) or panel_marks.is_visible(path)]
    unread_paths = [path for path in visible_paths if hint_of(path.groups) not in UNREAD_HINTS]
    for read_step in _STEPS:
        unread_paths = read_step(panel_marks, unread_paths)
    left_out = [path for path in visible_paths if hint_of(path.groups) in UNREAD_HINTS]
    for path in [*unread_paths, *left_out]:
        if panel_marks.is_contrasting(path) and not is_hole(panel_marks, path):
            panel_marks.leave(unread_kind(path))
    return panel_marks


def unread_kind(display_item: DisplayItem) -> str:
    """Return the kind of a `display_item` that is not read, as scenes name it."""
    hint = hint_of(display_item.groups)
    if isinstance(display_item, Bitmap):
        return "image"
    if hint in UNREAD_HINTS or hint in UNREAD_AXES:
        return hint
    is_curved = isinstance(display_item, PaintedPath) and display_item.path.is_curved
    return "curve" if is_curved else "shape"
