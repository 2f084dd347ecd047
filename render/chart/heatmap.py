"""Heat maps: cells of images and meshes, and their values by the colours of a bar beside them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...geometry.chart import Bounds, significant
from .axes import AxisReader
from .display import Bitmap, DisplayItem, Group, PaintedPath, hint_of
from .outlines import bounds_of, rectangle

MAX_CELLS = 2_500
_RAMP_STEPS = 32
"""Fewer steps of colour are no bar of colours."""
_COLOUR_SLACK = 4.0
"""Of 255, by which the colour of a cell may be off the bar's."""
_AMBIGUOUS = 0.02
"""Of the bar: two places of one colour that are farther apart leave the value open."""


class ColourGrid(NamedTuple):
    """A grid of colours."""

    last_painted: int
    """When the last of it is painted."""
    artist: Group | None
    bounds: np.ndarray
    """[n, 4]: left, top, right, bottom of each cell."""
    colours: np.ndarray
    """[n, 4]: RGBA of 255."""
    columns: int
    rows: int


@dataclass(frozen=True)
class ColourRamp:
    """A bar of colours: the colour at each place along it."""

    places: np.ndarray
    """[n] px, increasing."""
    colours: np.ndarray
    """[n, 3]"""
    upright: bool

    def position(self, colour: np.ndarray) -> float | None:
        """Return the place of `colour` along the bar; None if it is nowhere, or at places far apart."""
        distances = np.linalg.norm(self.colours - colour[:3], axis=1)
        nearest = int(distances.argmin())
        if distances[nearest] > _COLOUR_SLACK:
            return None
        similar_places = self.places[distances <= distances[nearest] + 1.0]
        if np.ptp(similar_places) > _AMBIGUOUS * np.ptp(self.places):
            return None
        return float((similar_places[0] + similar_places[-1]) / 2)


def find_cells(display_items: Sequence[DisplayItem]) -> tuple[list[ColourGrid], list[DisplayItem]]:
    """Split `display_items` into grids of colours and other items."""
    meshes: dict[Group, list[PaintedPath]] = defaultdict(list)
    colour_grids: list[ColourGrid] = []
    other_items: list[DisplayItem] = []
    for display_item in display_items:
        if isinstance(display_item, Bitmap):
            grid = None if hint_of(display_item.groups) == "image" else _of_bitmap(display_item)
            colour_grids += [] if grid is None else [grid]
            other_items += [display_item] if grid is None else []
        elif isinstance(display_item, PaintedPath) and hint_of(display_item.groups) == "cells":
            meshes[display_item.groups[-1]].append(display_item)
        else:
            other_items.append(display_item)
    for painted_paths in meshes.values():
        grid = _of_mesh(painted_paths)
        colour_grids += [] if grid is None else [grid]
        other_items += painted_paths if grid is None else []
    return colour_grids, other_items


def _of_bitmap(bitmap: Bitmap) -> ColourGrid | None:
    """Return the grid of cells that `bitmap` shows; None if it is too large or turned."""
    rows, columns = bitmap.pixels.shape[:2]
    origin, row_end, _, column_end = bitmap.corners
    if rows * columns > MAX_CELLS or abs(row_end[1] - origin[1]) > 0.01 or abs(column_end[0] - origin[0]) > 0.01:
        return None
    x, y = np.linspace(origin[0], row_end[0], columns + 1), np.linspace(origin[1], column_end[1], rows + 1)
    left, right = np.minimum(x[:-1], x[1:]), np.maximum(x[:-1], x[1:])
    top, bottom = np.minimum(y[:-1], y[1:]), np.maximum(y[:-1], y[1:])
    bounds = np.stack(
        [np.tile(left, rows), np.repeat(top, columns), np.tile(right, rows), np.repeat(bottom, columns)], axis=1
    )
    artist = bitmap.groups[-1] if bitmap.groups else None
    return ColourGrid(bitmap.paint_order, artist, bounds, bitmap.pixels.reshape(-1, 4).astype(float), columns, rows)


def _of_mesh(painted_paths: Sequence[PaintedPath]) -> ColourGrid | None:
    """Return the grid that `painted_paths` are if they are rectangles that fill a rectangle, each once."""
    cell_bounds = [
        rectangle(painted_path.path) if painted_path.marker_places is None else None for painted_path in painted_paths
    ]
    if len(painted_paths) > MAX_CELLS or any(corner is None for corner in cell_bounds):
        return None
    bounds = np.array(cell_bounds, float).reshape(-1, 4)
    left, top, right, bottom = bounds_of(np.concatenate([bounds[:, :2], bounds[:, 2:]]))
    area = ((bounds[:, 2] - bounds[:, 0]) * (bounds[:, 3] - bounds[:, 1])).sum()
    columns, rows = (len(np.unique(np.round(bounds[:, side], 2))) for side in (0, 1))
    if (
        len(painted_paths) < 2
        or columns * rows != len(painted_paths)
        or abs(area - (right - left) * (bottom - top)) > 0.001 * area
    ):
        return None
    colours = np.array([painted_path.style.fill or (0, 0, 0, 0) for painted_path in painted_paths], float)
    return ColourGrid(painted_paths[-1].paint_order, painted_paths[0].groups[-1], bounds, colours, columns, rows)


def ramp_of(grid: ColourGrid) -> ColourRamp | None:
    """Return the bar of colours that a `grid` of one row or column is."""
    if min(grid.columns, grid.rows) != 1 or max(grid.columns, grid.rows) < _RAMP_STEPS:
        return None
    along = int(grid.rows > 1)
    middles = (grid.bounds[:, along] + grid.bounds[:, along + 2]) / 2
    order = middles.argsort()
    return ColourRamp(middles[order], grid.colours[order, :3], bool(along))


def values_of(
    grid: ColourGrid, axis_reader: AxisReader, ramp: ColourRamp | None, bar_reader: AxisReader | None
) -> list[tuple[Bounds, dict[str, float | str | None]]]:
    """List the bounds (px) and values of each cell of `grid`, read at `axis_reader` and against the colour `ramp`."""
    cell_values = []
    for (left, top, right, bottom), colour in zip(grid.bounds.tolist(), grid.colours, strict=True):
        values: dict[str, float | str | None] = {
            "x": axis_reader.value(0, (left + right) / 2, (right - left) / 2),
            "y": axis_reader.value(1, (top + bottom) / 2, (bottom - top) / 2),
        }
        axis_position = ramp.position(colour) if ramp is not None and colour[3] == 255 else None
        if axis_position is not None and ramp is not None and bar_reader is not None:
            value = bar_reader.value(int(ramp.upright), axis_position)
            # The bar's own steps of colour bound what can be told.
            values["value"] = significant(value, 6) if isinstance(value, float) else value
        cell_values.append(((left, top, right, bottom), values))
    return cell_values
