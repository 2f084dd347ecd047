"""Translucent paint: which colours are seen where things can be seen through (SVG 1.1, 14.2 and 14.5).

A thing is painted with layers. What is seen of it is told in cells: regions, each with the layers that lie on one
another there, its own on top. Colours over colours are mixed to one; where a gradient is among them and cannot be
mixed exactly, the layers stay apart and the picture is painted with all of them.

Elements with an opacity of their own, and those with masks, are scopes: what is in them covers each other as if it
were opaque, and the whole is laid over what is below.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from shapely import get_num_coordinates, unary_union
from shapely.geometry.base import BaseGeometry

from ...geometry import Gradient
from .colour import Colour
from .document import SvgError
from .gradient import stop_code, stop_colour
from .overlay import Overlays

Layer = Colour | Gradient
"""One paint."""
HIDES = 0.9
"""What is at least so opaque leaves nothing of what is below it to be seen."""
_CELL_WORK = 50
"""Looking at a cell takes as long as overlaying so many points."""
_CELL_WEIGHT = 4
"""How much longer overlays of cells take, whose many small parts meet everywhere."""
_SPECK = 1e-3
"""px²; smaller cells are left out."""


class Cell(NamedTuple):
    """A part of a thing that looks alike."""

    region: BaseGeometry
    layers: tuple[Layer, ...]
    """From below to above."""
    bounds: tuple[float, ...]
    """Of the region, which are asked for far more often than it changes."""

    @classmethod
    def of(cls, cell_region: BaseGeometry, cell_layers: tuple[Layer, ...]) -> "Cell":
        """Return the cell of a `cell_region` with its bounds."""
        return cls(cell_region, cell_layers, cell_region.bounds)


@dataclass(frozen=True, slots=True)
class Scope:
    """A group that is laid over what is below as a whole."""

    opacity: float = 1.0
    mask: tuple[tuple[BaseGeometry, float], ...] | None = None
    """Regions with how much of the group each of them shows; nothing elsewhere."""

    def parts(self, cell_region: BaseGeometry, overlays: Overlays) -> Iterator[tuple[BaseGeometry, float]]:
        """Yield the parts of a `cell_region` with how opaque the scope leaves them."""
        if self.mask is None:
            yield cell_region, self.opacity
            return
        for shown_region, mask_share in self.mask:
            region_part = overlays.overlap(cell_region, shown_region)
            if region_part.area > _SPECK:
                yield region_part, mask_share * self.opacity


@dataclass(slots=True)
class PaintedThing:
    """A thing before anything covers it."""

    outline: BaseGeometry
    fill: Layer | None
    stroke: Layer | None
    """Where both are set, they are the same colour."""
    stroke_width: float = 0.0
    clip: BaseGeometry | None = None
    text: str | None = None
    scopes: tuple[Scope, ...] = ()
    """Those around it, the outermost first."""
    cells: list[Cell] | None = None
    """Of a pattern, in place of one layer."""

    @property
    def layer(self) -> Layer | None:
        """The paint of the thing: its fill, or else its stroke."""
        return self.fill if self.fill is not None else self.stroke

    @property
    def may_hide(self) -> bool:
        """Tells that it can hide what is below it: it is not too translucent itself."""
        return self.cells is None and self.layer is not None and least_alpha(self.layer) >= HIDES

    def opacity_before(self, lower_thing: "PaintedThing") -> float:
        """Return how much this thing hides of an `lower_thing` one below it, from 0 to 1."""
        if self.cells is not None or self.layer is None:
            return 0.0
        layer_opacity = least_alpha(self.layer)
        for number, scope in enumerate(self.scopes):
            if number < len(lower_thing.scopes) and lower_thing.scopes[number] is scope:
                continue
            layer_opacity *= 0.0 if scope.mask is not None else scope.opacity
        return layer_opacity


def least_alpha(layer: Layer) -> float:
    """Return the opacity of a `layer` where it is least."""
    return (
        layer.alpha if isinstance(layer, Colour) else min(stop_colour(stop_text).alpha for _, stop_text in layer.stops)
    )


def faded(layer: Layer, opacity_factor: float) -> Layer:
    """Return a `layer` with all its alphas times `opacity_factor`."""
    if isinstance(layer, Colour) or opacity_factor == 1:
        return layer.faded(opacity_factor) if isinstance(layer, Colour) else layer
    new_stops = tuple(
        (offset, stop_code(stop_colour(stop_text).faded(opacity_factor))) for offset, stop_text in layer.stops
    )
    return replace(layer, stops=new_stops)


def laid_over(cell_layers: tuple[Layer, ...], top_layer: Layer) -> tuple[Layer, ...]:
    """Return the `cell_layers` with one more on `top_layer`, mixed where that is exact."""
    if not cell_layers or least_alpha(top_layer) >= 1:
        return (top_layer,)
    layer_below = cell_layers[-1]
    if isinstance(top_layer, Colour) and isinstance(layer_below, Colour):
        return (*cell_layers[:-1], top_layer.over(layer_below))
    if isinstance(top_layer, Colour) and isinstance(layer_below, Gradient) and least_alpha(layer_below) >= 1:
        new_stops = tuple(
            (offset, stop_code(top_layer.over(stop_colour(stop_text)))) for offset, stop_text in layer_below.stops
        )
        return (*cell_layers[:-1], replace(layer_below, stops=new_stops))
    if isinstance(top_layer, Gradient) and isinstance(layer_below, Colour) and layer_below.alpha >= 1:
        colours = [stop_colour(stop_text) for _, stop_text in top_layer.stops]
        if len({colour[:3] for colour in colours}) == 1 or len({colour.alpha for colour in colours}) == 1:
            new_stops = tuple(
                (offset, stop_code(colour.over(layer_below)))
                for (offset, _), colour in zip(top_layer.stops, colours, strict=True)
            )
            return (*cell_layers[:-1], replace(top_layer, stops=new_stops))
    return (*cell_layers, top_layer)


def merged(blended_cells: Sequence[Cell]) -> list[Cell]:
    """Return `blended_cells` with those of the same layers made one."""
    regions: dict[tuple[Layer, ...], list[BaseGeometry]] = {}
    for cell_region, cell_layers, _ in blended_cells:
        regions.setdefault(cell_layers, []).append(cell_region)
    return [
        Cell.of(region_parts[0] if len(region_parts) == 1 else unary_union(region_parts), cell_layers)
        for cell_layers, region_parts in regions.items()
        if sum(region_part.area for region_part in region_parts) > _SPECK
    ]


@dataclass(slots=True)
class _OpenScope:
    scope: Scope | None
    members: list[int] = field(default_factory=list)


class Blender:
    """Tells the cells of `painted_things` from below to above."""

    def __init__(
        self,
        painted_things: Sequence[PaintedThing],
        shown_regions: Sequence[BaseGeometry],
        background: Colour | None,
        overlays: Overlays,
    ) -> None:
        """Begin before the first thing.

        Args:
            painted_things: in the order in which they are painted.
            shown_regions: what clips leave of each.
            background: what is below all of them; None for nothing.
            overlays: what makes overlays, counted.
        """
        self._things, self._shown, self._overlays = painted_things, shown_regions, overlays
        self._background = background
        self._cells: list[list[Cell]] = []
        self._open: list[_OpenScope] = [_OpenScope(None)]

    def cells(self) -> list[list[Cell]]:
        """Return the cells of each thing.

        Raises:
            SvgError: they are too many, or cannot be told.
        """
        for painted_thing, shown_region in zip(self._things, self._shown, strict=True):
            self._enter(painted_thing.scopes)
            if shown_region.is_empty:
                self._cells.append([])
            elif painted_thing.cells is not None:
                region_parts = [
                    (self._overlays.overlap(shown_region, cell.region), cell.layers) for cell in painted_thing.cells
                ]
                self._cells.append(
                    merged(
                        [
                            cell
                            for region_part, cell_layers in region_parts
                            for cell in self._over(region_part, cell_layers)
                        ]
                    )
                )
            else:
                assert painted_thing.layer is not None
                self._cells.append(merged(self._over(shown_region, (painted_thing.layer,))))
            self._open[-1].members.append(len(self._cells) - 1)
        self._enter(())
        return self._cells

    def _enter(self, scopes: tuple[Scope, ...]) -> None:
        """Close and open scopes until just `scopes` are open."""
        open_count = 0
        while (
            open_count < min(len(scopes), len(self._open) - 1)
            and self._open[open_count + 1].scope is scopes[open_count]
        ):
            open_count += 1
        while len(self._open) - 1 > open_count:
            self._close()
        self._open += [_OpenScope(scope) for scope in scopes[open_count:]]

    def _close(self) -> None:
        """Lay what is in the innermost scope over what is below it."""
        closing = self._open.pop()
        assert closing.scope is not None
        for member in closing.members:
            laid_cells: list[Cell] = []
            for cell_region, cell_layers, _ in self._cells[member]:
                for region_part, part_opacity in closing.scope.parts(cell_region, self._overlays):
                    laid_cells += self._over(
                        region_part,
                        (faded(_one(cell_layers, part_opacity), part_opacity),) if part_opacity < 1 else cell_layers,
                    )
            self._cells[member] = merged(laid_cells)
        self._open[-1].members += closing.members

    def _over(self, cell_region: BaseGeometry, cell_layers: tuple[Layer, ...]) -> list[Cell]:
        """Return the cells of a `cell_region` whose `cell_layers` lie over what the open scope has painted."""
        if least_alpha(cell_layers[0]) >= 1:
            return [Cell.of(cell_region, cell_layers)]
        blended_cells: list[Cell] = []
        region_box = cell_region.bounds
        for member in reversed(self._open[-1].members):
            for cell_below in self._cells[member]:
                if not _meet(region_box, cell_below.bounds):
                    continue
                points = int(get_num_coordinates(cell_region)) + int(get_num_coordinates(cell_below.region))
                self._overlays.spend(_CELL_WORK + _CELL_WEIGHT * points)
                region_part = self._overlays.overlap(cell_region, cell_below.region)
                if region_part.area > _SPECK:
                    blended_cells.append(Cell.of(region_part, _stacked(cell_below.layers, cell_layers)))
                    cell_region = self._overlays.difference(cell_region, cell_below.region)
                    if cell_region.is_empty:
                        return blended_cells
                    region_box = cell_region.bounds
        if cell_region.area > _SPECK:
            is_lowest = len(self._open) == 1 and self._background is not None
            base: tuple[Layer, ...] = (self._background,) if is_lowest and self._background else ()
            blended_cells.append(Cell.of(cell_region, _stacked(base, cell_layers)))
        return blended_cells


def _stacked(lower_layers: tuple[Layer, ...], cell_layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Return the layers of `lower_layers` with all of `cell_layers` on top."""
    for layer in cell_layers:
        lower_layers = laid_over(lower_layers, layer)
    return lower_layers


def _one(cell_layers: tuple[Layer, ...], group_opacity: float) -> Layer:
    """Return the only one of some `cell_layers` that are to be seen through as a whole."""
    if len(cell_layers) > 1:
        problem_text = f"gradients lie over one another in a group of opacity {group_opacity:g}"
        raise SvgError("opacity", f"in the drawing, {problem_text}", "write the opacity on each shape")
    return cell_layers[0]


def _meet(first_box: tuple[float, ...], second_box: tuple[float, ...]) -> bool:
    """Tell whether two boxes overlap."""
    return (
        first_box[0] < second_box[2]
        and second_box[0] < first_box[2]
        and first_box[1] < second_box[3]
        and second_box[1] < first_box[3]
    )


def seen_from_above(blended_cells: Sequence[Sequence[Cell]], overlays: Overlays) -> list[Cell]:
    """Return the `blended_cells` of things, the lowest thing's first, as they are seen: none lies under another."""
    seen_cells: list[Cell] = []
    for thing_cells in reversed(blended_cells):
        fresh_cells: list[Cell] = []
        for cell_region, cell_layers, region_box in thing_cells:
            for above in seen_cells:
                if not cell_region.is_empty and _meet(region_box, above.bounds):
                    cell_region = overlays.difference(cell_region, above.region)
            if cell_region.area > _SPECK:
                fresh_cells.append(Cell.of(cell_region, cell_layers))
        seen_cells = merged([*seen_cells, *fresh_cells])
    return seen_cells
