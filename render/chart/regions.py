"""Regions of the canvas that items of a display list paint, hide or fill, by geometry.

A path at several places has one region at each of them: `marker_regions`. Lengths are px.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from shapely import LineString, Polygon, box, buffer, get_coordinates, make_valid, polygons, unary_union
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from .display import Bitmap, Clip, DisplayItem, PaintedPath, PaintStyle, Path, TextItem

EMPTY = Polygon()
_THICK = 1.5
"""px: thinner lines hide nothing that matters."""
_LARGE_TEXT = 24.0
"""px: letters below this size hide nothing that matters."""
_LONG_LINE = 200
"""Vertices: a longer line is stroked in pieces, as the time of stroking grows with the square of their number."""
_PIECE = 32
"""Vertices of such a piece."""
_CAPS = {"butt": "flat", "round": "round", "projecting": "square"}
_JOINS = {"miter": "mitre", "round": "round", "bevel": "bevel"}


def filled(path: Path) -> BaseGeometry:
    """Return the region that filling `path` covers.

    Overlapping loops are taken by even and odd, which differs from nonzero for tangles only.
    """
    parts = [make_valid(polygons(points)) for points, _ in path.loops if len(points) > 2]
    if not parts:
        return EMPTY
    region = parts[0]
    for part in parts[1:]:
        region = region.symmetric_difference(part)
    return region


def stroked(path: Path, style: PaintStyle) -> BaseGeometry:
    """Return the region that stroking `path` covers, its dashes taken for a whole line."""
    lines: list[LineString] = []
    for points, is_closed in path.loops:
        line = np.concatenate([points, points[:1]]) if is_closed else points
        if len(line) > _LONG_LINE:
            lines += [LineString(line[i : i + _PIECE + 1]) for i in range(0, len(line) - 1, _PIECE)]
        elif len(line) > 1 and np.ptp(line, axis=0).any():
            lines.append(LineString(line))
    if not lines:
        return EMPTY
    strokes = buffer(
        np.array(lines), style.width / 2, quad_segs=4, cap_style=_CAPS[style.cap], join_style=_JOINS[style.join]
    )
    return unary_union(strokes)


def clipped(region: BaseGeometry, clip: Clip | None) -> BaseGeometry:
    """Return the part of `region` that `clip` lets through."""
    if clip is not None and clip.box is not None and not region.is_empty:
        left, top, right, bottom = clip.box
        region_left, region_top, region_right, region_bottom = region.bounds
        if region_left < left or region_top < top or region_right > right or region_bottom > bottom:
            region = region.intersection(box(left, top, right, bottom))
    if clip is not None and clip.path is not None:
        region = region.intersection(filled(clip.path))
    return region


def marker_regions(region: BaseGeometry, painted_path: PaintedPath) -> NDArray[np.object_]:
    """Return `region`, given about the origin, at each place of `painted_path` and clipped as it is.

    A path without places has the one region, as it is given.
    """
    places, clip = painted_path.marker_places, painted_path.style.clip
    if places is None:
        regions = np.array([region], object)
    elif isinstance(region, Polygon) and not region.is_empty and not region.interiors:
        regions = polygons(get_coordinates(region)[None] + places[:, None])
    else:
        regions = np.array([translate(region, x, y) for x, y in places.tolist()], object)
    return np.array([clipped(marker_region, clip) for marker_region in regions], object)


def path_regions(painted_path: PaintedPath) -> NDArray[np.object_]:
    """Return the regions that `painted_path` paints, by fill and stroke, one for each of its places."""
    style = painted_path.style
    parts = [filled(painted_path.path)] if style.fill is not None else []
    if style.stroke is not None:
        parts.append(stroked(painted_path.path, style))
    return marker_regions(parts[0] if len(parts) == 1 else unary_union(parts), painted_path)


def item_regions(display_item: DisplayItem) -> NDArray[np.object_]:
    """Return all that `display_item` paints: one region, or of a path at several places, one for each."""
    if isinstance(display_item, Bitmap):
        return np.array([clipped(make_valid(polygons(display_item.corners)), display_item.clip)], object)
    if isinstance(display_item, TextItem):
        return np.array([Polygon(display_item.corners)], object)
    return path_regions(display_item)


def hidden_regions(display_item: DisplayItem) -> NDArray[np.object_]:
    """Return the regions that `display_item` hides."""
    if isinstance(display_item, Bitmap):
        return item_regions(display_item) if (display_item.pixels[..., 3] == 255).all() else _none()
    if isinstance(display_item, TextItem):
        if display_item.size < _LARGE_TEXT or display_item.colour[3] < 255:
            return _none()
        loops = [loop for loop in display_item.font.outline(display_item.text, display_item.size) if len(loop) > 2]
        return _joined([make_valid(polygons(display_item.placed(loop))) for loop in loops])
    style = display_item.style
    parts = []
    if style.fill is not None and style.fill[3] == 255:
        parts.append(filled(display_item.path))
    if style.stroke is not None and style.stroke[3] == 255 and style.width >= _THICK and style.dash is None:
        parts.append(stroked(display_item.path, style))
    return marker_regions(unary_union(parts), display_item) if parts else _none()


def filled_regions(display_item: PaintedPath | Bitmap) -> NDArray[np.object_]:
    """Return the regions that `display_item` fills with colour, however thinly."""
    if isinstance(display_item, Bitmap):
        return item_regions(display_item)
    if display_item.style.fill is None or display_item.style.fill[3] == 0:
        return _none()
    return marker_regions(filled(display_item.path), display_item)


def _none() -> NDArray[np.object_]:
    return np.array([], object)


def _joined(parts: Sequence[BaseGeometry]) -> NDArray[np.object_]:
    return np.array([unary_union(parts)], object) if parts else _none()
