"""From painted things to a scene: what covers what, which colours are seen, and what is the background."""

from collections.abc import Sequence

import numpy as np
from shapely import Polygon, bounds, box
from shapely.geometry.base import BaseGeometry

from ...geometry import FlatObject, FlatScene, Gradient, Patch, classify_outline, rounded
from .blend import HIDES, Blender, Cell, Layer, PaintedThing, least_alpha
from .colour import WHITE, Colour, read_colour
from .document import Element
from .overlay import Overlays
from .viewport import SvgCanvas

BACKGROUND_SLACK = 0.01
"""A first rectangle is the background where it leaves no more of the canvas uncovered, as a share of it."""
_UNIFORM = 0.95
"""A thing has one colour where that is seen on at least this share of what is seen of it."""


def compose_scene(canvas: SvgCanvas, root: Element, things: Sequence[PaintedThing], overlays: Overlays) -> FlatScene:
    """Return the scene that `things` make on a `canvas`, the lowest first.

    Args:
        canvas: its size.
        root: the outermost <svg>, which may set a background.
        things: what is painted.
        overlays: what makes overlays, counted.

    Raises:
        SvgError: they cannot be told apart.
    """
    frame = box(0.0, 0.0, canvas.width, canvas.height)
    background = _page(root)
    if things and _is_background(things[0], frame):
        assert isinstance(things[0].fill, Colour)
        background, things = things[0].fill, things[1:]
    shown = [_shown(thing, frame, overlays) for thing in things]
    visible = _occluded(things, shown, overlays)
    is_plain = all(
        thing.cells is None and not thing.scopes and thing.layer is not None and least_alpha(thing.layer) >= 1
        for thing in things
    )
    cells = None if is_plain else Blender(things, shown, background, overlays).cells()
    objects: list[FlatObject] = []
    for number, (thing, region) in enumerate(zip(things, visible, strict=True)):
        outline = rounded(thing.outline)
        if outline.is_empty:
            continue
        seen = outline if region is thing.outline else rounded(region)
        own_cells = [] if cells is None else _cut(cells[number], shown[number], region, overlays)
        objects.append(_object(len(objects), thing, outline, seen, own_cells if cells is not None else None))
    return FlatScene(canvas.width, canvas.height, background.code, tuple(objects))


def _page(root: Element) -> Colour:
    """Return the colour below the drawing: that of the root's `background`, over white."""
    text = root.properties.get("background", "none")
    if text in ("none", "transparent"):
        return WHITE
    if "gradient(" in text or "url(" in text:
        problem = "the background is no one colour"
        raise root.error("paint", problem, "draw a <rect> of the canvas's size first")
    colour = read_colour(root, "background", text.split()[0] if text.endswith(("repeat", "center")) else text)
    return colour.over(WHITE) if isinstance(colour, Colour) else WHITE


def _is_background(thing: PaintedThing, frame: Polygon) -> bool:
    """Tell whether the first `thing` is one colour all over the canvas."""
    if not isinstance(thing.fill, Colour) or thing.fill.alpha < 1 or thing.stroke is not None:
        return False
    if thing.clip is not None or thing.scopes or thing.cells is not None or thing.text is not None:
        return False
    return bool(frame.difference(thing.outline).area <= BACKGROUND_SLACK * frame.area)


def _shown(thing: PaintedThing, frame: Polygon, overlays: Overlays) -> BaseGeometry:
    """Return what the canvas and clips leave of a `thing`."""
    inside = thing.outline if frame.covers(thing.outline) else overlays.overlap(thing.outline, frame)
    return inside if thing.clip is None else overlays.overlap(inside, thing.clip)


def _occluded(things: Sequence[PaintedThing], shown: Sequence[BaseGeometry], overlays: Overlays) -> list[BaseGeometry]:
    """Return what remains visible of each thing under those painted later that cannot be seen through."""
    boxes = bounds(np.array(shown, dtype=object)).reshape(-1, 4)
    left, top, right, bottom = boxes.T
    covers = np.array([thing.may_hide for thing in things], dtype=bool)
    visible: list[BaseGeometry] = []
    for number, region in enumerate(shown):
        if region.is_empty:
            visible.append(region)
            continue
        later = slice(number + 1, None)
        meets = (left[later] < right[number]) & (right[later] > left[number])
        meets &= (top[later] < bottom[number]) & (bottom[later] > top[number])
        for cover in (np.flatnonzero(meets & covers[later]) + number + 1).tolist():
            if not region.is_empty and things[cover].opacity_before(things[number]) >= HIDES:
                region = overlays.difference(region, shown[cover])
        visible.append(region)
    return visible


def _cut(cells: list[Cell], shown: BaseGeometry, visible: BaseGeometry, overlays: Overlays) -> list[Cell]:
    """Return the `cells` of a thing within what is `visible` of it."""
    if visible is shown or (len(cells) == 1 and cells[0].region is shown):
        return [Cell.of(visible, cells[0].layers)] if len(cells) == 1 and cells[0].region is shown else cells
    return [Cell.of(overlays.overlap(cell.region, visible), cell.layers) for cell in cells]


def _object(
    index: int, thing: PaintedThing, outline: BaseGeometry, seen: BaseGeometry, cells: list[Cell] | None
) -> FlatObject:
    """Return a `thing` as an object of the scene; `cells` are given where things can be seen through."""
    kind, margin = classify_outline(outline) if thing.text is None else ("text", 1.0)
    fill, stroke, patches = thing.fill, thing.stroke, tuple[Patch, ...]()
    if cells is not None:
        paint, patches = _seen_paint(cells, seen)
        fill = paint if thing.fill is not None else None
        stroke = paint if thing.stroke is not None else None
    layer = fill if fill is not None else stroke
    return FlatObject(
        index=index,
        kind=kind,
        kind_margin=round(margin, 3),
        fill=fill.code if isinstance(fill, Colour) else None,
        stroke=stroke.code if isinstance(stroke, Colour) else None,
        stroke_width=round(thing.stroke_width, 3),
        outline=outline,
        visible=seen,
        text=thing.text,
        gradient=layer if isinstance(layer, Gradient) else None,
        patches=patches,
    )


def _seen_paint(cells: list[Cell], seen: BaseGeometry) -> tuple[Layer | None, tuple[Patch, ...]]:
    """Return the one paint that is seen of a thing, if there is one, and the parts that look otherwise."""
    ordered = sorted((cell for cell in cells if cell.region.area > 0), key=lambda cell: -cell.region.area)
    patches = [Patch(rounded(cell.region), _paints(cell.layers)) for cell in ordered]
    patches = [patch for patch in patches if not patch.region.is_empty]
    if not patches:
        return None, ()
    covered = sum(cell.region.area for cell in ordered)
    if covered < 0.995 * seen.area:
        return None, tuple(patches)
    layers = ordered[0].layers
    if len(layers) == 1 and (len(patches) == 1 or ordered[0].region.area >= _UNIFORM * covered):
        return layers[0], tuple(patches[1:])
    # The commonest goes under all others, so that no seam is seen where they meet.
    return None, (Patch(seen, patches[0].paints), *patches[1:])


def _paints(layers: tuple[Layer, ...]) -> tuple[str | Gradient, ...]:
    return tuple(layer.code if isinstance(layer, Colour) else layer for layer in layers)
