"""Measure what of a display list can be seen: the share of each item that later ones leave, and its contrast.

Facts are read from items that are seen and from no others. Items that let colour through cover nothing. Regions are
computed by geometry, not from pixels, so that scenes do not hang on a version of cairo.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from shapely import Point, Polygon, STRtree, area, box, contains_xy, point_on_surface, prepare, unary_union
from shapely.geometry.base import BaseGeometry

from .display import Bitmap, Colour, DisplayItem, DisplayList, PaintedPath, TextItem
from .regions import filled_regions, hidden_regions, item_regions

_FEW_COVERS = 8
"""So many covers are taken off one by one, more of them at once."""

ItemT = TypeVar("ItemT", bound=DisplayItem)


class _RegionIndex(Generic[ItemT]):
    """Regions of items, to be asked which of them meet a region or a place."""

    def __init__(self, display_items: Iterable[ItemT], regions_of: Callable[[ItemT], NDArray[np.object_]]) -> None:
        pairs = [(item, region) for item in display_items for region in regions_of(item) if not region.is_empty]
        self.items = [item for item, _ in pairs]
        self.regions = np.array([region for _, region in pairs], object)
        self._paint_orders = np.array([item.paint_order for item in self.items], int)
        self._tree = STRtree(self.regions)
        prepare(self.regions)

    def meeting(self, region: BaseGeometry, paint_order: int) -> NDArray[np.int64]:
        """Return the numbers of the regions painted after `paint_order` whose bounds meet those of `region`."""
        numbers = np.sort(self._tree.query(region))
        return numbers[self._paint_orders[numbers] > paint_order]

    def at(self, x: float, y: float) -> list[ItemT]:
        """List the items whose regions hold the point `x`, `y`, in the order of painting."""
        numbers = np.sort(self._tree.query(Point(x, y)))
        return [self.items[number] for number in numbers[contains_xy(self.regions[numbers], x, y)]]


class FigureVisibility:
    """Answers questions on what is seen of a figure."""

    def __init__(self, display_list: DisplayList) -> None:
        self._display_list = display_list
        self._canvas = box(0, 0, display_list.width, display_list.height)
        self._regions: dict[int, NDArray[np.object_]] = {}

    @cached_property
    def _covers(self) -> _RegionIndex[DisplayItem]:
        """Opaque regions."""
        return _RegionIndex(self._display_list.display_items, hidden_regions)

    @cached_property
    def _fills(self) -> _RegionIndex[PaintedPath | Bitmap]:
        """Everything but text and lines, whose colour others are seen against."""
        coloured_items = [item for item in self._display_list.display_items if not isinstance(item, TextItem)]
        return _RegionIndex(coloured_items, filled_regions)

    def regions(self, display_item: DisplayItem) -> NDArray[np.object_]:
        """Return all that `display_item` paints: one region, or of a path at several places, one for each."""
        order = display_item.paint_order
        if order not in self._regions:
            self._regions[order] = item_regions(display_item)
        return self._regions[order]

    def region(self, display_item: DisplayItem) -> BaseGeometry:
        """Return all that `display_item` paints as one region."""
        regions = self.regions(display_item)
        return regions[0] if len(regions) == 1 else unary_union(regions)

    def visible(self, paint_order: int, region: BaseGeometry) -> BaseGeometry:
        """Return the part of `region` that items later than `paint_order` leave to be seen."""
        if region.is_empty:
            return region
        left, top, right, bottom = region.bounds
        if left < 0 or top < 0 or right > self._display_list.width or bottom > self._display_list.height:
            region = region.intersection(self._canvas)
        if region.is_empty:
            return region
        numbers = self._covers.meeting(region, paint_order)
        if len(numbers) > _FEW_COVERS:
            return region.difference(unary_union(self._covers.regions[numbers]))
        for number in numbers:
            region = region.difference(self._covers.regions[number])
            if region.is_empty:
                break
        return region

    def share(self, paint_order: int, region: BaseGeometry) -> float:
        """Return the share of `region` that is seen, 0 to 1."""
        return area_share(self.visible(paint_order, region), region)

    def shares(self, paint_order: int, regions: NDArray[np.object_]) -> NDArray[np.float64]:
        """Return the share of each of `regions` that is seen, 0 to 1."""
        return np.array([self.share(paint_order, region) for region in regions])

    def item_share(self, display_item: DisplayItem) -> float:
        """Return the share of `display_item` that is seen, 0 to 1, each of its places counted for itself."""
        regions = self.regions(display_item)
        areas = area(regions)
        if not areas.sum():
            return 0.0
        return float(sum(self.visible(display_item.paint_order, region).area for region in regions) / areas.sum())

    def covers(self, paint_order: int, region: BaseGeometry) -> list[DisplayItem]:
        """List the opaque items later than `paint_order` that meet `region`."""
        numbers = self._covers.meeting(region, paint_order)
        return [self._covers.items[number] for number in numbers if self._covers.regions[number].intersects(region)]

    def contrast(self, paint_order: int, colour: Colour, region: BaseGeometry) -> float:
        """Return how far `colour` is from what is under it, 0 to 1, at a place inside `region`."""
        return self.best_contrast(paint_order, [colour], region)

    def best_contrast(self, paint_order: int, colours: Sequence[Colour], region: BaseGeometry) -> float:
        """Return the largest contrast of `colours` to what is under them, 0 to 1, at a place inside `region`.

        What is painted at that place later than `paint_order` takes its part of the contrast away.
        """
        place = _inside(region)
        if place is None or not colours:
            return 0.0
        under, transmittance = np.array([255.0, 255.0, 255.0]), 1.0
        for display_item in self._fills.at(place.x, place.y):
            fill_colour = _colour_at(display_item, place.x, place.y)
            if display_item.paint_order < paint_order:
                under = _over(fill_colour, under)
            elif display_item.paint_order > paint_order:
                transmittance *= 1 - fill_colour[3] / 255
        return max(contrast(_over(colour, under), under) for colour in colours) * transmittance

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


def area_share(part: BaseGeometry, region: BaseGeometry) -> float:
    """Return the share that `part` has of the area of `region`, 0 if there is none."""
    if part is region:
        return float(region.area > 0)
    return float(part.area / region.area) if region.area > 0 else 0.0


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
