"""A display list as pixels, drawn by cairo: the picture that is shown, from the list that facts are read from."""

import math

import cairocffi
import numpy as np

from ..raster import Picture, picture_from
from .display import (
    CLOSE,
    CUBIC,
    LINE,
    MOVE,
    Bitmap,
    Clip,
    Colour,
    DisplayList,
    PaintedPath,
    PaintStyle,
    Path,
    TextItem,
)

_CAPS = {"butt": cairocffi.LINE_CAP_BUTT, "round": cairocffi.LINE_CAP_ROUND, "projecting": cairocffi.LINE_CAP_SQUARE}
_JOINS = {
    "miter": cairocffi.LINE_JOIN_MITER,
    "round": cairocffi.LINE_JOIN_ROUND,
    "bevel": cairocffi.LINE_JOIN_BEVEL,
}
_TILE = 72


def draw_list(figure: DisplayList, size: int) -> Picture:
    """The figure as pixels, `size` wide, on white."""
    height = max(1, round(size * figure.height / figure.width))
    surface = cairocffi.ImageSurface(cairocffi.FORMAT_ARGB32, size, height)
    try:
        context = cairocffi.Context(surface)
        context.set_source_rgb(1, 1, 1)
        context.paint()
        context.scale(size / figure.width, height / figure.height)
        for thing in figure.things:
            context.save()
            if isinstance(thing, PaintedPath):
                _clip(context, thing.style.clip)
                _shape(context, thing)
            elif isinstance(thing, TextItem):
                _words(context, thing)
            else:
                _clip(context, thing.clip)
                _bitmap(context, thing)
            context.restore()
        return picture_from(surface)
    finally:
        surface.finish()


def _clip(context: cairocffi.Context, clip: Clip | None) -> None:
    if clip is None:
        return
    if clip.box is not None:
        left, top, right, bottom = clip.box
        context.rectangle(left, top, right - left, bottom - top)
        context.clip()
    if clip.path is not None:
        _trace(context, clip.path)
        context.clip()


def _trace(context: cairocffi.Context, path: Path) -> None:
    points, codes = path.points.tolist(), path.codes.tolist()
    at = 0
    while at < len(codes):
        code = codes[at]
        if code == MOVE:
            context.move_to(*points[at])
        elif code == LINE:
            context.line_to(*points[at])
        elif code == CLOSE:
            context.close_path()
        elif code == CUBIC:
            context.curve_to(*points[at], *points[at + 1], *points[at + 2])
            at += 2
        else:
            (x, y), (u, v) = points[at : at + 2]
            a, b = context.get_current_point()
            # The cubic that is this quadratic.
            context.curve_to((a + 2 * x) / 3, (b + 2 * y) / 3, (u + 2 * x) / 3, (v + 2 * y) / 3, u, v)
            at += 1
        at += 1


def _shape(context: cairocffi.Context, shape: PaintedPath) -> None:
    _pen(context, shape.style)
    if shape.places is None:
        _trace(context, shape.path)
        _paint(context, shape.style)
        return
    _trace(context, shape.path)
    path = context.copy_path()
    context.new_path()
    for x, y in shape.places.tolist():
        context.save()
        context.translate(x, y)
        context.append_path(path)
        _paint(context, shape.style)
        context.restore()


def _pen(context: cairocffi.Context, style: PaintStyle) -> None:
    context.set_line_width(style.width)
    context.set_line_cap(_CAPS[style.cap])
    context.set_line_join(_JOINS[style.join])
    if not style.smooth:
        context.set_antialias(cairocffi.ANTIALIAS_NONE)
    if style.dash is not None:
        offset, lengths = style.dash
        context.set_dash(lengths, offset)


def _paint(context: cairocffi.Context, style: PaintStyle) -> None:
    """Fill and stroke the current path."""
    if style.fill is not None:
        _source(context, style.fill)
        context.fill_preserve()
    if style.hatch is not None:
        context.save()
        context.clip_preserve()
        tile = cairocffi.RecordingSurface(cairocffi.CONTENT_COLOR_ALPHA, (0, -_TILE, _TILE, _TILE))
        pen = cairocffi.Context(tile)
        _trace(pen, style.hatch.tile)
        _source(pen, style.hatch.colour)
        pen.set_line_width(style.hatch.width)
        pen.fill_preserve()
        pen.stroke()
        pattern = cairocffi.SurfacePattern(tile)
        pattern.set_extend(cairocffi.EXTEND_REPEAT)
        context.set_source(pattern)
        context.paint()
        context.restore()
    if style.stroke is not None:
        _source(context, style.stroke)
        context.stroke()
    context.new_path()


def _source(context: cairocffi.Context, colour: Colour) -> None:
    context.set_source_rgba(*(part / 255 for part in colour))


def _words(context: cairocffi.Context, words: TextItem) -> None:
    context.translate(words.x, words.y)
    context.rotate(-math.radians(words.degrees))
    _source(context, words.colour)
    if words.shifts is None:
        letters = [(0.0, words.text)]
    else:
        letters = list(zip(words.shifts, words.text, strict=True))
    for shift, text in letters:
        for command, numbers in words.font.commands(text, words.size):
            moved = [number + shift * (1 - i % 2) for i, number in enumerate(numbers)]
            if command == "M":
                context.move_to(*moved)
            elif command == "L":
                context.line_to(*moved)
            elif command == "C":
                context.curve_to(*moved)
            else:
                context.close_path()
    context.fill()


def _bitmap(context: cairocffi.Context, bitmap: Bitmap) -> None:
    rows, columns = bitmap.pixels.shape[:2]
    origin, across, _, down = bitmap.corners
    a, b = (across - origin) / columns
    c, d = (down - origin) / rows
    if a * d - b * c == 0:
        return
    alpha = bitmap.pixels[..., 3:].astype(np.uint16)
    # Cairo wants colours multiplied by alpha, in the order blue, green, red.
    mixed = (bitmap.pixels[..., 2::-1] * alpha + 127) // 255
    data = np.ascontiguousarray(np.concatenate([mixed, alpha], axis=2).astype(np.uint8))
    surface = cairocffi.ImageSurface.create_for_data(
        bytearray(data.tobytes()), cairocffi.FORMAT_ARGB32, columns, rows, 4 * columns
    )
    context.transform(cairocffi.Matrix(a, b, c, d, *origin))
    pattern = cairocffi.SurfacePattern(surface)
    # Cells are cells: no blending between them.
    pattern.set_filter(cairocffi.FILTER_NEAREST)
    context.set_source(pattern)
    context.rectangle(0, 0, columns, rows)
    context.fill()
