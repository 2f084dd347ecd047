"""Read the marks of a panel: paths told apart by their geometry, measured, and held against the axes.

Begin with `read_marks`. In a polar panel the angle stands for x and the radius for y.
"""

from collections.abc import Sequence

from .axes import AxisReader
from .bars import read_bars
from .boxes import read_boxes
from .display import PaintedPath
from .lines import read_areas, read_errors, read_lines
from .measure import PanelMarks
from .parts import TextBlock
from .points import read_points
from .visible import FigureVisibility
from .wedges import read_wedges

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
    unread_paths = [path for path in painted_paths if panel_marks.is_visible(path)]
    for read_step in _STEPS:
        unread_paths = read_step(panel_marks, unread_paths)
    panel_marks.unread_count += sum(map(panel_marks.is_contrasting, unread_paths))
    return panel_marks
