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
_CELL_WEIGHT = 2
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
    def of(cls, region: BaseGeometry, layers: tuple[Layer, ...]) -> "Cell":
        """Return the cell of a `region` with its bounds."""
        return cls(region, layers, region.bounds)


@dataclass(frozen=True, slots=True)
class Scope:
    """A group that is laid over what is below as a whole."""

    opacity: float = 1.0
    mask: tuple[tuple[BaseGeometry, float], ...] | None = None
    """Regions with how much of the group each of them shows; nothing elsewhere."""

    def parts(self, region: BaseGeometry, overlays: Overlays) -> Iterator[tuple[BaseGeometry, float]]:
        """Yield the parts of a `region` with how opaque the scope leaves them."""
        if self.mask is None:
            yield region, self.opacity
            return
        for shown, share in self.mask:
            part = overlays.overlap(region, shown)
            if part.area > _SPECK:
                yield part, share * self.opacity


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
        """What it is painted with."""
        return self.fill if self.fill is not None else self.stroke

    @property
    def may_hide(self) -> bool:
        """Tells that it can hide what is below it: it is not too translucent itself."""
        return self.cells is None and self.layer is not None and least_alpha(self.layer) >= HIDES

    def opacity_before(self, other: "PaintedThing") -> float:
        """Return how much this thing hides of an `other` one below it, from 0 to 1."""
        if self.cells is not None or self.layer is None:
            return 0.0
        opacity = least_alpha(self.layer)
        for number, scope in enumerate(self.scopes):
            if number < len(other.scopes) and other.scopes[number] is scope:
                continue
            opacity *= 0.0 if scope.mask is not None else scope.opacity
        return opacity


def least_alpha(layer: Layer) -> float:
    """Return the opacity of a `layer` where it is least."""
    return layer.alpha if isinstance(layer, Colour) else min(stop_colour(code).alpha for _, code in layer.stops)


def faded(layer: Layer, opacity: float) -> Layer:
    """Return a `layer` with all its alphas times `opacity`."""
    if isinstance(layer, Colour) or opacity == 1:
        return layer.faded(opacity) if isinstance(layer, Colour) else layer
    stops = tuple((offset, stop_code(stop_colour(code).faded(opacity))) for offset, code in layer.stops)
    return replace(layer, stops=stops)


def laid_over(layers: tuple[Layer, ...], top: Layer) -> tuple[Layer, ...]:
    """Return the `layers` with one more on `top`, mixed where that is exact."""
    if not layers or least_alpha(top) >= 1:
        return (top,)
    below = layers[-1]
    if isinstance(top, Colour) and isinstance(below, Colour):
        return (*layers[:-1], top.over(below))
    if isinstance(top, Colour) and isinstance(below, Gradient) and least_alpha(below) >= 1:
        stops = tuple((offset, stop_code(top.over(stop_colour(code)))) for offset, code in below.stops)
        return (*layers[:-1], replace(below, stops=stops))
    if isinstance(top, Gradient) and isinstance(below, Colour) and below.alpha >= 1:
        colours = [stop_colour(code) for _, code in top.stops]
        if len({colour[:3] for colour in colours}) == 1 or len({colour.alpha for colour in colours}) == 1:
            stops = tuple(
                (offset, stop_code(colour.over(below))) for (offset, _), colour in zip(top.stops, colours, strict=True)
            )
            return (*layers[:-1], replace(top, stops=stops))
    return (*layers, top)


def merged(cells: Sequence[Cell]) -> list[Cell]:
    """Return `cells` with those of the same layers made one."""
    regions: dict[tuple[Layer, ...], list[BaseGeometry]] = {}
    for region, layers, _ in cells:
        regions.setdefault(layers, []).append(region)
    return [
        Cell.of(parts[0] if len(parts) == 1 else unary_union(parts), layers)
        for layers, parts in regions.items()
        if sum(part.area for part in parts) > _SPECK
    ]


@dataclass(slots=True)
class _OpenScope:
    scope: Scope | None
    members: list[int] = field(default_factory=list)


class Blender:
    """Tells the cells of `things` from below to above."""

    def __init__(
        self,
        things: Sequence[PaintedThing],
        shown: Sequence[BaseGeometry],
        background: Colour | None,
        overlays: Overlays,
    ) -> None:
        """Begin before the first thing.

        Args:
            things: in the order in which they are painted.
            shown: what clips leave of each.
            background: what is below all of them; None for nothing.
            overlays: what makes overlays, counted.
        """
        self._things, self._shown, self._overlays = things, shown, overlays
        self._background = background
        self._cells: list[list[Cell]] = []
        self._open: list[_OpenScope] = [_OpenScope(None)]

    def cells(self) -> list[list[Cell]]:
        """Return the cells of each thing.

        Raises:
            SvgError: they are too many, or cannot be told.
        """
        for thing, shown in zip(self._things, self._shown, strict=True):
            self._enter(thing.scopes)
            if shown.is_empty:
                self._cells.append([])
            elif thing.cells is not None:
                parts = [(self._overlays.overlap(shown, cell.region), cell.layers) for cell in thing.cells]
                self._cells.append(merged([cell for part, layers in parts for cell in self._over(part, layers)]))
            else:
                assert thing.layer is not None
                self._cells.append(merged(self._over(shown, (thing.layer,))))
            self._open[-1].members.append(len(self._cells) - 1)
        self._enter(())
        return self._cells

    def _enter(self, scopes: tuple[Scope, ...]) -> None:
        """Close and open scopes until just `scopes` are open."""
        kept = 0
        while kept < min(len(scopes), len(self._open) - 1) and self._open[kept + 1].scope is scopes[kept]:
            kept += 1
        while len(self._open) - 1 > kept:
            self._close()
        self._open += [_OpenScope(scope) for scope in scopes[kept:]]

    def _close(self) -> None:
        """Lay what is in the innermost scope over what is below it."""
        closing = self._open.pop()
        assert closing.scope is not None
        for member in closing.members:
            laid: list[Cell] = []
            for region, layers, _ in self._cells[member]:
                for part, opacity in closing.scope.parts(region, self._overlays):
                    laid += self._over(part, (faded(_one(layers, opacity), opacity),) if opacity < 1 else layers)
            self._cells[member] = merged(laid)
        self._open[-1].members += closing.members

    def _over(self, region: BaseGeometry, layers: tuple[Layer, ...]) -> list[Cell]:
        """Return the cells of a `region` whose own `layers` lie over what is painted already in the open scope."""
        if least_alpha(layers[0]) >= 1:
            return [Cell.of(region, layers)]
        cells: list[Cell] = []
        box = region.bounds
        for member in reversed(self._open[-1].members):
            for below in self._cells[member]:
                if not _meet(box, below.bounds):
                    continue
                points = int(get_num_coordinates(region)) + int(get_num_coordinates(below.region))
                self._overlays.spend(_CELL_WORK + _CELL_WEIGHT * points)
                part = self._overlays.overlap(region, below.region)
                if part.area > _SPECK:
                    cells.append(Cell.of(part, _stacked(below.layers, layers)))
                    region = self._overlays.difference(region, below.region)
                    if region.is_empty:
                        return cells
                    box = region.bounds
        if region.area > _SPECK:
            is_lowest = len(self._open) == 1 and self._background is not None
            base: tuple[Layer, ...] = (self._background,) if is_lowest and self._background else ()
            cells.append(Cell.of(region, _stacked(base, layers)))
        return cells


def _stacked(below: tuple[Layer, ...], layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Return the layers of `below` with all of `layers` on top."""
    for layer in layers:
        below = laid_over(below, layer)
    return below


def _one(layers: tuple[Layer, ...], opacity: float) -> Layer:
    """Return the only one of some `layers` that are to be seen through as a whole."""
    if len(layers) > 1:
        problem = f"gradients lie over one another in a group of opacity {opacity:g}"
        raise SvgError("opacity", f"in the drawing, {problem}", "write the opacity on each shape")
    return layers[0]


def _meet(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    """Tell whether two boxes overlap."""
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


def seen_from_above(cells: Sequence[Sequence[Cell]], overlays: Overlays) -> list[Cell]:
    """Return the `cells` of things, the lowest thing's first, as they are seen: none lies under another."""
    seen: list[Cell] = []
    for thing_cells in reversed(cells):
        fresh: list[Cell] = []
        for region, layers, box in thing_cells:
            for above in seen:
                if not region.is_empty and _meet(box, above.bounds):
                    region = overlays.difference(region, above.region)
            if region.area > _SPECK:
                fresh.append(Cell.of(region, layers))
        seen = merged([*seen, *fresh])
    return seen
