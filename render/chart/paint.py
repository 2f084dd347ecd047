"""Draw a display list with cairo: the picture that is shown, from the list that facts are read from."""

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


def draw_list(display_list: DisplayList, size: int) -> Picture:
    """Draw `display_list` as pixels, `size` wide, on white."""
    height = max(1, round(size * display_list.height / display_list.width))
    surface = cairocffi.ImageSurface(cairocffi.FORMAT_ARGB32, size, height)
    try:
        context = cairocffi.Context(surface)
        context.set_source_rgb(1, 1, 1)
        context.paint()
        context.scale(size / display_list.width, height / display_list.height)
        for display_item in display_list.display_items:
            context.save()
            if isinstance(display_item, PaintedPath):
                _clip(context, display_item.style.clip)
                _shape(context, display_item)
            elif isinstance(display_item, TextItem):
                _words(context, display_item)
            else:
                _clip(context, display_item.clip)
                _bitmap(context, display_item)
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
    point_index = 0
    while point_index < len(codes):
        code = codes[point_index]
        if code == MOVE:
            context.move_to(*points[point_index])
        elif code == LINE:
            context.line_to(*points[point_index])
        elif code == CLOSE:
            context.close_path()
        elif code == CUBIC:
            context.curve_to(*points[point_index], *points[point_index + 1], *points[point_index + 2])
            point_index += 2
        else:
            (x, y), (u, v) = points[point_index : point_index + 2]
            start_x, start_y = context.get_current_point()
            # The cubic that is this quadratic.
            context.curve_to((start_x + 2 * x) / 3, (start_y + 2 * y) / 3, (u + 2 * x) / 3, (v + 2 * y) / 3, u, v)
            point_index += 1
        point_index += 1


def _shape(context: cairocffi.Context, painted_path: PaintedPath) -> None:
    _pen(context, painted_path.style)
    if painted_path.marker_places is None:
        _trace(context, painted_path.path)
        _paint(context, painted_path.style)
        return
    _trace(context, painted_path.path)
    path = context.copy_path()
    context.new_path()
    for x, y in painted_path.marker_places.tolist():
        context.save()
        context.translate(x, y)
        context.append_path(path)
        _paint(context, painted_path.style)
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
    """Fill and stroke the current path of `context` in a `style`."""
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


def _words(context: cairocffi.Context, text_item: TextItem) -> None:
    context.translate(text_item.x, text_item.y)
    context.rotate(-math.radians(text_item.degrees))
    _source(context, text_item.colour)
    if text_item.shifts is None:
        letters = [(0.0, text_item.text)]
    else:
        letters = list(zip(text_item.shifts, text_item.text, strict=True))
    for shift, text in letters:
        for command, numbers in text_item.font.commands(text, text_item.size):
            shifted = [number + shift * (1 - i % 2) for i, number in enumerate(numbers)]
            if command == "M":
                context.move_to(*shifted)
            elif command == "L":
                context.line_to(*shifted)
            elif command == "C":
                context.curve_to(*shifted)
            else:
                context.close_path()
    context.fill()


def _bitmap(context: cairocffi.Context, bitmap: Bitmap) -> None:
    rows, columns = bitmap.pixels.shape[:2]
    origin, row_end, _, column_end = bitmap.corners
    a, b = (row_end - origin) / columns
    c, d = (column_end - origin) / rows
    if a * d - b * c == 0:
        return
    alpha = bitmap.pixels[..., 3:].astype(np.uint16)
    # Cairo wants colours multiplied by alpha, in the order blue, green, red.
    premultiplied = (bitmap.pixels[..., 2::-1] * alpha + 127) // 255
    pixel_bytes = np.ascontiguousarray(np.concatenate([premultiplied, alpha], axis=2).astype(np.uint8))
    surface = cairocffi.ImageSurface.create_for_data(
        bytearray(pixel_bytes.tobytes()), cairocffi.FORMAT_ARGB32, columns, rows, 4 * columns
    )
    context.transform(cairocffi.Matrix(a, b, c, d, *origin))
    pattern = cairocffi.SurfacePattern(surface)
    # Cells are cells: no blending between them.
    pattern.set_filter(cairocffi.FILTER_NEAREST)
    context.set_source(pattern)
    context.rectangle(0, 0, columns, rows)
    context.fill()
