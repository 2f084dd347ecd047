"""Measure what of a display list can be seen: the share of each item that later ones leave, and its contrast.

Facts are read from items that are seen and from no others. Items that let colour through cover nothing. Regions are
computed by geometry, not from pixels, so that scenes do not hang on a version of cairo.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from shapely import (
    LineString,
    Point,
    Polygon,
    box,
    contains_xy,
    make_valid,
    point_on_surface,
    polygons,
    prepare,
    unary_union,
)
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from .display import Bitmap, Clip, Colour, DisplayItem, DisplayList, PaintedPath, PaintStyle, Path, TextItem

EMPTY = Polygon()
_THICK = 1.5
"""px: thinner lines hide nothing that matters."""
_LARGE_TEXT = 24.0
"""px: letters below this size hide nothing that matters."""
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
    stroke_regions = []
    for points, is_closed in path.loops:
        line = np.concatenate([points, points[:1]]) if is_closed else points
        if len(line) > 1 and np.ptp(line, axis=0).any():
            stroke_regions.append(
                LineString(line).buffer(
                    style.width / 2, quad_segs=4, cap_style=_CAPS[style.cap], join_style=_JOINS[style.join]
                )
            )
    return unary_union(stroke_regions) if stroke_regions else EMPTY


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


def region_of(display_item: DisplayItem, place_index: int | None = None) -> BaseGeometry:
    """Return all that `display_item` paints; of a path at several places, that at one of them or at all."""
    if isinstance(display_item, Bitmap):
        return clipped(make_valid(polygons(display_item.corners)), display_item.clip)
    if isinstance(display_item, TextItem):
        return Polygon(display_item.corners)
    style = display_item.style
    partial_regions = [filled(display_item.path)] if style.fill is not None else []
    if style.stroke is not None:
        partial_regions.append(stroked(display_item.path, style))
    region = partial_regions[0] if len(partial_regions) == 1 else unary_union(partial_regions)
    if display_item.marker_places is not None:
        chosen_places = (
            display_item.marker_places
            if place_index is None
            else display_item.marker_places[place_index : place_index + 1]
        )
        region = unary_union([translate(region, x, y) for x, y in chosen_places.tolist()])
    return clipped(region, style.clip)


class FigureVisibility:
    """Answers questions on what is seen of a figure."""

    def __init__(self, display_list: DisplayList) -> None:
        self._display_list = display_list
        self._canvas = box(0, 0, display_list.width, display_list.height)

    @cached_property
    def _covers(self) -> list[tuple[int, BaseGeometry]]:
        """Opaque regions with the index of what paints them, in order."""
        indexed_regions = [
            (display_item.paint_order, _opaque(display_item)) for display_item in self._display_list.display_items
        ]
        return [(paint_order, region) for paint_order, region in indexed_regions if not region.is_empty]

    @cached_property
    def _cover_bounds(self) -> np.ndarray:
        return np.array([region.bounds for _, region in self._covers]).reshape(-1, 4)

    @cached_property
    def _cover_order(self) -> np.ndarray:
        return np.array([paint_order for paint_order, _ in self._covers], int)

    def visible(self, paint_order: int, region: BaseGeometry) -> BaseGeometry:
        """Return the part of `region` that items later than `paint_order` leave to be seen."""
        if region.is_empty:
            return region
        left, top, right, bottom = region.bounds
        if left < 0 or top < 0 or right > self._display_list.width or bottom > self._display_list.height:
            region = region.intersection(self._canvas)
        if region.is_empty or not self._covers:
            return region
        bounds = self._cover_bounds
        is_above = (self._cover_order > paint_order) & (bounds[:, 0] < right) & (bounds[:, 2] > left)
        is_above &= (bounds[:, 1] < bottom) & (bounds[:, 3] > top)
        for cover_index in np.flatnonzero(is_above):
            region = region.difference(self._covers[cover_index][1])
            if region.is_empty:
                break
        return region

    def share(self, paint_order: int, region: BaseGeometry) -> float:
        """Return the share of `region` that is seen, 0 to 1."""
        visible_region = self.visible(paint_order, region)
        if visible_region is region:
            return float(region.area > 0)
        return float(visible_region.area / region.area) if region.area > 0 else 0.0

    @cached_property
    def _painted(self) -> tuple[list[tuple[PaintedPath | Bitmap, BaseGeometry]], np.ndarray]:
        """Everything but text and lines, whose colour others are seen against, with bounds [n, 4]."""
        paint_regions = [
            (display_item, _paint_region(display_item))
            for display_item in self._display_list.display_items
            if not isinstance(display_item, TextItem)
        ]
        painted_items = [(display_item, region) for display_item, region in paint_regions if not region.is_empty]
        for _, region in painted_items:
            prepare(region)
        return painted_items, np.array([region.bounds for _, region in painted_items]).reshape(-1, 4)

    def under(self, paint_order: int, x: float, y: float) -> tuple[float, float, float]:
        """Return the colour at `x`, `y` before item `paint_order` is painted: red, green, blue of 255."""
        painted_items, bounds = self._painted
        colour = np.array([255.0, 255.0, 255.0])
        if not painted_items:
            return (255.0, 255.0, 255.0)
        is_near = (bounds[:, 0] <= x) & (x <= bounds[:, 2]) & (bounds[:, 1] <= y) & (y <= bounds[:, 3])
        for item_index in np.flatnonzero(is_near):
            display_item, region = painted_items[item_index]
            if display_item.paint_order < paint_order and contains_xy(region, x, y):
                colour = _over(_colour_at(display_item, x, y), colour)
        return float(colour[0]), float(colour[1]), float(colour[2])

    def _through(self, paint_order: int, x: float, y: float) -> float:
        """Return how much of what is painted at `paint_order` shines through the items that are painted there later."""
        painted_items, bounds = self._painted
        if not painted_items:
            return 1.0
        is_near = (bounds[:, 0] <= x) & (x <= bounds[:, 2]) & (bounds[:, 1] <= y) & (y <= bounds[:, 3])
        transmittance = 1.0
        for item_index in np.flatnonzero(is_near):
            display_item, region = painted_items[item_index]
            if display_item.paint_order > paint_order and contains_xy(region, x, y):
                transmittance *= 1 - _colour_at(display_item, x, y)[3] / 255
        return transmittance

    def contrast(self, paint_order: int, colour: Colour, region: BaseGeometry) -> float:
        """Return how far `colour` is from what is under it, 0 to 1, at a place inside `region`."""
        place = _inside(region)
        if place is None:
            return 0.0
        under = np.array(self.under(paint_order, place.x, place.y))
        return contrast(_over(colour, under), under) * self._through(paint_order, place.x, place.y)

    def words_share(self, text_item: TextItem) -> float:
        """Return the share of `text_item` that is in the canvas, uncovered and not run into by other text."""
        text_region = Polygon(text_item.corners)
        free_region = self.visible(text_item.paint_order, text_region)
        near_texts = self._near_words(text_item)
        if free_region is text_region and not near_texts:
            return 1.0
        for near_text in near_texts:
            free_region = free_region.difference(near_text)
        return float(free_region.area / text_region.area) if text_region.area else 0.0

    @cached_property
    def _text_boxes(self) -> tuple[list[TextItem], list[Polygon], np.ndarray]:
        all_words = [
            display_item
            for display_item in self._display_list.display_items
            if isinstance(display_item, TextItem) and display_item.colour[3] > 0
        ]
        boxes = [Polygon(text_item.corners).buffer(0) for text_item in all_words]
        return all_words, boxes, np.array([region.bounds for region in boxes]).reshape(-1, 4)

    def _near_words(self, text_item: TextItem) -> Sequence[Polygon]:
        all_words, boxes, bounds = self._text_boxes
        (left, top), (right, bottom) = text_item.corners.min(axis=0), text_item.corners.max(axis=0)
        is_near = (bounds[:, 0] < right) & (bounds[:, 2] > left) & (bounds[:, 1] < bottom) & (bounds[:, 3] > top)
        # Lines of one text stand close, and the parts of a formula run into each other's boxes.
        own_group = text_item.groups[-1:]
        return [
            boxes[box_index] for box_index in np.flatnonzero(is_near) if all_words[box_index].groups[-1:] != own_group
        ]


def contrast(first_colour: np.ndarray, second_colour: np.ndarray) -> float:
    """Return the distance of two colours [3] of 255, `first_colour` and `second_colour`; 1 is black to white."""
    return float(np.linalg.norm(np.subtract(first_colour, second_colour)) / np.linalg.norm([255.0, 255.0, 255.0]))


def _over(colour: Sequence[float], under: np.ndarray) -> np.ndarray:
    alpha = colour[3] / 255
    return np.array(colour[:3], float) * alpha + under * (1 - alpha)


def _inside(region: BaseGeometry) -> Point | None:
    if region.is_empty:
        return None
    centre = region.centroid
    return centre if contains_xy(region, centre.x, centre.y) else point_on_surface(region)


def _opaque(display_item: DisplayItem) -> BaseGeometry:
    """Return the region that `display_item` hides."""
    if isinstance(display_item, Bitmap):
        return region_of(display_item) if (display_item.pixels[..., 3] == 255).all() else EMPTY
    if isinstance(display_item, TextItem):
        if display_item.size < _LARGE_TEXT or display_item.colour[3] < 255:
            return EMPTY
        loops = [loop for loop in display_item.font.outline(display_item.text, display_item.size) if len(loop) > 2]
        parts = [make_valid(polygons(display_item.placed(loop))) for loop in loops]
        return unary_union(parts) if parts else EMPTY
    style = display_item.style
    parts = []
    if style.fill is not None and style.fill[3] == 255:
        parts.append(filled(display_item.path))
    if style.stroke is not None and style.stroke[3] == 255 and style.width >= _THICK and style.dash is None:
        parts.append(stroked(display_item.path, style))
    return clipped(_placed(unary_union(parts), display_item), style.clip) if parts else EMPTY


def _paint_region(display_item: PaintedPath | Bitmap) -> BaseGeometry:
    if isinstance(display_item, Bitmap):
        return region_of(display_item)
    if display_item.style.fill is None or display_item.style.fill[3] == 0:
        return EMPTY
    return clipped(_placed(filled(display_item.path), display_item), display_item.style.clip)


def _placed(region: BaseGeometry, painted_path: PaintedPath) -> BaseGeometry:
    if painted_path.marker_places is None:
        return region
    return unary_union([translate(region, x, y) for x, y in painted_path.marker_places.tolist()])


def _colour_at(display_item: PaintedPath | Bitmap, x: float, y: float) -> Sequence[float]:
    if isinstance(display_item, PaintedPath):
        return display_item.style.fill or (0, 0, 0, 0)
    origin, across, _, down = display_item.corners
    axes = np.stack([across - origin, down - origin], axis=1)
    if abs(np.linalg.det(axes)) < 1e-9:
        return (0, 0, 0, 0)
    share = np.linalg.solve(axes, np.array([x, y]) - origin)
    rows, columns = display_item.pixels.shape[:2]
    row, column = (int(min(max(s, 0.0), 0.999999) * count) for s, count in ((share[1], rows), (share[0], columns)))
    return [float(part) for part in display_item.pixels[row, column]]
