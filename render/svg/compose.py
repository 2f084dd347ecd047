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


_SEAM = 1 / 400
"""Half a pixel of a picture of 200."""


def compose_scene(
    canvas: SvgCanvas, root: Element, painted_things: Sequence[PaintedThing], overlays: Overlays
) -> FlatScene:
    """Return the scene that `painted_things` make on a `canvas`, the lowest first.

    Args:
        canvas: its size.
        root: the outermost <svg>, which may set a background.
        painted_things: what is painted.
        overlays: what makes overlays, counted.

    Raises:
        SvgError: they cannot be told apart.
    """
    frame = box(0.0, 0.0, canvas.width, canvas.height)
    background = _page(root)
    if painted_things and _is_background(painted_things[0], frame):
        assert isinstance(painted_things[0].fill, Colour)
        background, painted_things = painted_things[0].fill, painted_things[1:]
    shown_regions = [_shown(painted_thing, frame, overlays) for painted_thing in painted_things]
    visible_regions = _occluded(painted_things, shown_regions, overlays)
    is_plain = all(
        painted_thing.cells is None
        and not painted_thing.scopes
        and painted_thing.layer is not None
        and least_alpha(painted_thing.layer) >= 1
        for painted_thing in painted_things
    )
    thing_cells = None if is_plain else Blender(painted_things, shown_regions, background, overlays).cells()
    objects: list[FlatObject] = []
    seam = _SEAM * max(canvas.width, canvas.height)
    for thing_number, (painted_thing, visible_region) in enumerate(zip(painted_things, visible_regions, strict=True)):
        outline = rounded(painted_thing.outline)
        if outline.is_empty:
            continue
        seen_region = outline if visible_region is painted_thing.outline else rounded(visible_region)
        own_paint = None
        if thing_cells is not None:
            own_cells = _cut(thing_cells[thing_number], shown_regions[thing_number], visible_region, overlays)
            own_paint = _seen_paint(own_cells, seen_region, seam, overlays)
        objects.append(_object(len(objects), painted_thing, outline, seen_region, own_paint))
    return FlatScene(canvas.width, canvas.height, background.code, tuple(objects))


def _page(root: Element) -> Colour:
    """Return the colour below the drawing: that of the root's `background`, over white."""
    background_text = root.properties.get("background", "none")
    if background_text in ("none", "transparent"):
        return WHITE
    if "gradient(" in background_text or "url(" in background_text:
        problem_text = "the background is no one colour"
        raise root.error("paint", problem_text, "draw a <rect> of the canvas's size first")
    colour = read_colour(
        root,
        "background",
        background_text.split()[0] if background_text.endswith(("repeat", "center")) else background_text,
    )
    return colour.over(WHITE) if isinstance(colour, Colour) else WHITE


def _is_background(painted_thing: PaintedThing, frame: Polygon) -> bool:
    """Tell whether the first `painted_thing` is one colour all over the canvas."""
    if not isinstance(painted_thing.fill, Colour) or painted_thing.fill.alpha < 1 or painted_thing.stroke is not None:
        return False
    if (
        painted_thing.clip is not None
        or painted_thing.scopes
        or painted_thing.cells is not None
        or painted_thing.text is not None
    ):
        return False
    return bool(frame.difference(painted_thing.outline).area <= BACKGROUND_SLACK * frame.area)


def _shown(painted_thing: PaintedThing, frame: Polygon, overlays: Overlays) -> BaseGeometry:
    """Return what the canvas and clips leave of a `painted_thing`."""
    inside = (
        painted_thing.outline if frame.covers(painted_thing.outline) else overlays.overlap(painted_thing.outline, frame)
    )
    return inside if painted_thing.clip is None else overlays.overlap(inside, painted_thing.clip)


def _occluded(
    painted_things: Sequence[PaintedThing], shown_regions: Sequence[BaseGeometry], overlays: Overlays
) -> list[BaseGeometry]:
    """Return what remains visible of each thing under those painted later that cannot be seen through."""
    boxes = bounds(np.array(shown_regions, dtype=object)).reshape(-1, 4)
    left, top, right, bottom = boxes.T
    covers = np.array([painted_thing.may_hide for painted_thing in painted_things], dtype=bool)
    visible_regions: list[BaseGeometry] = []
    for thing_number, visible_region in enumerate(shown_regions):
        if visible_region.is_empty:
            visible_regions.append(visible_region)
            continue
        later = slice(thing_number + 1, None)
        meets = (left[later] < right[thing_number]) & (right[later] > left[thing_number])
        meets &= (top[later] < bottom[thing_number]) & (bottom[later] > top[thing_number])
        for cover_number in (np.flatnonzero(meets & covers[later]) + thing_number + 1).tolist():
            if (
                not visible_region.is_empty
                and painted_things[cover_number].opacity_before(painted_things[thing_number]) >= HIDES
            ):
                visible_region = overlays.difference(visible_region, shown_regions[cover_number])
        visible_regions.append(visible_region)
    return visible_regions


def _cut(
    thing_cells: list[Cell], shown_region: BaseGeometry, visible_region: BaseGeometry, overlays: Overlays
) -> list[Cell]:
    """Return the `thing_cells` of a thing within its `visible_region`."""
    if len(thing_cells) == 1 and thing_cells[0].region is shown_region:
        return [Cell.of(visible_region, thing_cells[0].layers)]
    if visible_region is shown_region:
        return thing_cells
    return [Cell.of(overlays.overlap(cell.region, visible_region), cell.layers) for cell in thing_cells]


def _object(
    index: int,
    painted_thing: PaintedThing,
    outline: BaseGeometry,
    seen_region: BaseGeometry,
    seen_paint: tuple[Layer | None, tuple[Patch, ...]] | None,
) -> FlatObject:
    """Return a `painted_thing` as an object of the scene; its `seen_paint` is given where it can be seen through."""
    kind, margin = classify_outline(outline) if painted_thing.text is None else ("text", 1.0)
    fill, stroke, patches = painted_thing.fill, painted_thing.stroke, tuple[Patch, ...]()
    if seen_paint is not None:
        paint, patches = seen_paint
        fill = paint if painted_thing.fill is not None else None
        stroke = paint if painted_thing.stroke is not None else None
    seen_layer = fill if fill is not None else stroke
    return FlatObject(
        index=index,
        kind=kind,
        kind_margin=round(margin, 3),
        fill=fill.code if isinstance(fill, Colour) else None,
        stroke=stroke.code if isinstance(stroke, Colour) else None,
        stroke_width=round(painted_thing.stroke_width, 3),
        outline=outline,
        visible=seen_region,
        text=painted_thing.text,
        gradient=seen_layer if isinstance(seen_layer, Gradient) else None,
        patches=patches,
    )


def _seen_paint(
    thing_cells: list[Cell], seen_region: BaseGeometry, seam: float, overlays: Overlays
) -> tuple[Layer | None, tuple[Patch, ...]]:
    """Return the one paint that is seen of a thing, if there is one, and the parts that look otherwise.

    Args:
        thing_cells: what is seen of the thing.
        seen_region: all of it.
        seam: how far the commonest part reaches under the others, so that nothing shines through where they meet.
        overlays: what makes overlays, counted.
    """
    ordered_cells = sorted((cell for cell in thing_cells if cell.region.area > 0), key=lambda cell: -cell.region.area)
    patches = [Patch(rounded(cell.region), _paints(cell.layers)) for cell in ordered_cells]
    patches = [patch for patch in patches if not patch.region.is_empty]
    if not patches:
        return None, ()
    covered_area = sum(cell.region.area for cell in ordered_cells)
    if len(patches) == 1 and covered_area < 0.995 * seen_region.area:
        return None, tuple(patches)
    commonest, layers = ordered_cells[0].region, ordered_cells[0].layers
    if len(layers) == 1 and (len(patches) == 1 or commonest.area >= _UNIFORM * seen_region.area):
        return layers[0], tuple(patches[1:])
    if len(patches) > 1:
        wider = overlays.overlap(commonest.buffer(seam, quad_segs=2, join_style="mitre"), seen_region)
        patches[0] = Patch(rounded(wider), patches[0].paints)
    return None, tuple(patches)


def _paints(layers: tuple[Layer, ...]) -> tuple[str | Gradient, ...]:
    return tuple(seen_layer.code if isinstance(seen_layer, Colour) else seen_layer for seen_layer in layers)
