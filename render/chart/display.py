"""Display lists: what a figure's program hands over, checked and decoded into items to draw, in order.

Coordinates are px of the figure's canvas, x right and y down. See `program.py` for the form on the wire.
"""

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..glyphs import Font, font
from .limits import MAX_COORDINATE, MAX_IMAGE_BYTES, MAX_ITEMS, MAX_SIDE_IN, MAX_VERTICES

MOVE, LINE, QUADRATIC, CUBIC, CLOSE = 1, 2, 3, 4, 79
_MAX_DEPTH = 40
_MAX_TEXT = 300
_CURVE_PIECES = 8
"""Straight pieces of a flattened curve."""

Colour: TypeAlias = tuple[int, int, int, int]
"""Red, green, blue and alpha of 255."""


class Group(NamedTuple):
    """A name and a hint from the program, and the number of the item that opens it: claims, never facts."""

    name: str
    number: int
    hint: str = ""
    """The kind of artist that draws it, as `hints.py` has it."""


def hint_of(groups: Sequence[Group]) -> str:
    """Return the hint of the innermost of `groups` that has one."""
    return next((group.hint for group in reversed(groups) if group.hint), "")


@dataclass(frozen=True, eq=False)
class Path:
    """A path of matplotlib's codes, each piece of which begins with MOVE."""

    points: np.ndarray
    """[n, 2]"""
    codes: np.ndarray
    """[n] uint8; the points of a curve carry its code each."""

    @cached_property
    def is_curved(self) -> bool:
        """True if any piece is a curve."""
        return bool(np.isin(self.codes, (QUADRATIC, CUBIC)).any())

    @cached_property
    def loops(self) -> list[tuple[np.ndarray, bool]]:
        """The points [n, 2] of each connected piece, curves flattened, and whether it is closed."""
        open_loops: list[tuple[list[np.ndarray], bool]] = []
        at, codes = 0, self.codes
        while at < len(codes):
            code, points = codes[at], self.points
            if code == MOVE:
                open_loops.append(([points[at]], False))
                at += 1
            elif code == LINE:
                open_loops[-1][0].append(points[at])
                at += 1
            elif code == CLOSE:
                open_loops[-1] = (open_loops[-1][0], True)
                at += 1
            else:
                vertex_count = 2 if code == QUADRATIC else 3
                open_loops[-1][0].extend(_curve(np.array([open_loops[-1][0][-1], *points[at : at + vertex_count]])))
                at += vertex_count
        return [(np.array(loop_points), is_closed) for loop_points, is_closed in open_loops]

    @cached_property
    def drawn(self) -> np.ndarray:
        """All points [m, 2] that are drawn through, curves flattened; without those that close, which have no place."""
        return np.concatenate([points for points, _ in self.loops])


def _curve(control_points: np.ndarray) -> np.ndarray:
    """Return points of a Bézier curve of 3 or 4 `control_points`, without its first."""
    parameters = np.arange(1, _CURVE_PIECES + 1)[:, None] / _CURVE_PIECES
    degree = len(control_points) - 1
    return np.sum(
        [
            math.comb(degree, i) * parameters**i * (1 - parameters) ** (degree - i) * point
            for i, point in enumerate(control_points)
        ],
        axis=0,
    )


@dataclass(frozen=True, eq=False)
class Clip:
    """Bounds to painting: a rectangle (left, top, right, bottom), a path, or both."""

    box: tuple[float, float, float, float] | None
    path: Path | None


@dataclass(frozen=True, eq=False)
class Hatch:
    """Lines over a fill: a tile of 72 px, repeated."""

    tile: Path
    colour: Colour
    width: float


@dataclass(frozen=True, eq=False)
class PaintStyle:
    """The way a path is filled and stroked."""

    fill: Colour | None
    stroke: Colour | None
    width: float
    dash: tuple[float, tuple[float, ...]] | None
    """Offset, then lengths of dashes and gaps in turn."""
    cap: str
    join: str
    clip: Clip | None
    hatch: Hatch | None
    smooth: bool
    """Whether its edges are blended; those of cells that touch are not."""


@dataclass(frozen=True, eq=False)
class PaintedPath:
    """A path, or one path at several places."""

    paint_order: int
    groups: tuple[Group, ...]
    path: Path
    """About the origin where there are places."""
    style: PaintStyle
    marker_places: np.ndarray | None
    """[m, 2]"""


@dataclass(frozen=True, eq=False)
class TextItem:
    """A line of text."""

    paint_order: int
    groups: tuple[Group, ...]
    x: float
    """Of the baseline's left end."""
    y: float
    text: str
    size: float
    font: Font
    degrees: float
    """Turned by so much, anticlockwise."""
    colour: Colour
    shifts: tuple[float, ...] | None
    """Where each letter begins along the baseline, where that is not told by the font."""

    @cached_property
    def width(self) -> float:
        """Px along the baseline."""
        if self.shifts is None:
            return self.font.advance(self.text, self.size)
        return self.shifts[-1] + self.font.advance(self.text[-1], self.size)

    @cached_property
    def corners(self) -> np.ndarray:
        """[4, 2]: from above the beginning, round by the end; as high as figures and capitals."""
        up, down = 0.76 * self.size, 0.1 * self.size
        return self.placed(np.array([[0, -up], [self.width, -up], [self.width, down], [0, down]]))

    def placed(self, points: np.ndarray) -> np.ndarray:
        """Return `points` [n, 2], given along the baseline with y down, on the canvas."""
        cos, sin = math.cos(math.radians(self.degrees)), math.sin(math.radians(self.degrees))
        return points @ np.array([[cos, -sin], [sin, cos]]) + (self.x, self.y)


@dataclass(frozen=True, eq=False)
class Bitmap:
    """An image."""

    paint_order: int
    groups: tuple[Group, ...]
    corners: np.ndarray
    """[4, 2]: of row 0 and column 0, then the last column, the last of both, the last row."""
    pixels: np.ndarray
    """[rows, columns, 4] uint8, RGBA, alpha not multiplied in."""
    clip: Clip | None


DisplayItem: TypeAlias = PaintedPath | TextItem | Bitmap


@dataclass(frozen=True, eq=False)
class DisplayList:
    """A figure."""

    width: float
    height: float
    display_items: tuple[DisplayItem, ...]


def decode(message: Mapping[str, Any], payload: bytes) -> DisplayList:
    """Decode a display list from the `message` and `payload` of the wire.

    Raises:
        LookupError, TypeError, ValueError: it is not a display list; the program wrote it, so it can be anything.
    """
    width, height = _number(message["width"]), _number(message["height"])
    if not (36 <= width <= 72 * MAX_SIDE_IN and 36 <= height <= 72 * MAX_SIDE_IN):
        raise ValueError(f"a canvas of {width} x {height}")
    vertex_count = int(message["vertices"])
    if not (0 <= vertex_count <= MAX_VERTICES and 0 <= len(payload) - 16 * vertex_count <= MAX_IMAGE_BYTES):
        raise ValueError(f"{len(payload)} bytes with {vertex_count} vertices")
    points = np.frombuffer(payload, "<f8", 2 * vertex_count).reshape(vertex_count, 2)
    if not (np.abs(points) <= MAX_COORDINATE + 2000).all():
        raise ValueError("a vertex is no number or far out")
    return DisplayList(
        width, height, tuple(_Decoder(points, payload[16 * vertex_count :], message["styles"]).items(message))
    )


class _Decoder:
    """Turns rows into items; whatever does not fit raises LookupError, TypeError or ValueError."""

    def __init__(self, points: np.ndarray, tail: bytes, styles: Sequence[Any]) -> None:
        self._points, self._tail = points, tail
        self._paths: dict[tuple[int, int, str], Path] = {}
        self._clips: dict[str, Clip] = {}
        self._styles = [self._style(*style) for style in styles[:MAX_ITEMS]]

    def items(self, message: Mapping[str, Any]) -> list[DisplayItem]:
        """List all items that `message` draws, in order."""
        groups: list[Group] = []
        display_items: list[DisplayItem] = []
        for row_number, (kind, *row_values) in enumerate(message["items"]):
            if kind == "group":
                name, hint = (*row_values, "")[:2]
                groups.append(Group(str(name)[:60], row_number, str(hint)[:60]))
            elif kind == "end":
                groups.pop()
            else:
                display_items.append(self._thing(kind, len(display_items), tuple(groups), row_values))
            if len(groups) > _MAX_DEPTH or row_number >= 2 * MAX_ITEMS:
                raise ValueError("too many groups or items")
        return display_items

    def _thing(self, kind: str, paint_order: int, groups: tuple[Group, ...], rest: Sequence[Any]) -> DisplayItem:
        if kind == "path":
            first_vertex, vertex_count, codes, style = rest
            return PaintedPath(
                paint_order, groups, self._path(first_vertex, vertex_count, codes), self._styles[_natural(style)], None
            )
        if kind == "markers":
            first_vertex, vertex_count, codes, style, at, times = rest
            marker_places = self._slice(at, times)
            return PaintedPath(
                paint_order,
                groups,
                self._path(first_vertex, vertex_count, codes),
                self._styles[_natural(style)],
                marker_places,
            )
        if kind == "text":
            return self._words(paint_order, groups, *rest)
        if kind == "image":
            return self._bitmap(paint_order, groups, *rest)
        raise ValueError(f"a thing of kind {kind!r}")

    def _slice(self, first_vertex: int, vertex_count: int) -> np.ndarray:
        if not (0 <= _natural(first_vertex) <= first_vertex + _natural(vertex_count) <= len(self._points)):
            raise ValueError("vertices that are not there")
        return self._points[first_vertex : first_vertex + vertex_count]

    def _path(self, first_vertex: int, vertex_count: int, codes: str) -> Path:
        key = (_natural(first_vertex), _natural(vertex_count), codes)
        if key not in self._paths:
            path = Path(
                self._slice(first_vertex, vertex_count), np.frombuffer(base64.b64decode(codes, validate=True), np.uint8)
            )
            _check_codes(path)
            self._paths[key] = path
        return self._paths[key]

    def _style(
        self,
        fill_colour: Any,
        stroke_colour: Any,
        width: Any,
        dash: Any,
        cap: Any,
        join: Any,
        clip: Any,
        hatch: Any,
        smooth: Any,
    ) -> PaintStyle:
        if cap not in ("butt", "round", "projecting") or join not in ("miter", "round", "bevel"):
            raise ValueError("an unknown cap or join")
        dash_lengths = None if dash is None else (_number(dash[0]), tuple(_size(length) for length in dash[1][:20]))
        # Dashes of no length would go on for ever.
        if dash_lengths is not None and sum(dash_lengths[1]) < 0.1:
            dash_lengths = None
        hatch_lines = None
        if hatch is not None:
            first_vertex, vertex_count, codes, colour, line_width = hatch
            hatch_lines = Hatch(self._path(first_vertex, vertex_count, codes), _colour(colour), _size(line_width))
        pen_colour = _colour(stroke_colour) if stroke_colour is not None and _size(width) > 0 else None
        face_colour = None if fill_colour is None else _colour(fill_colour)
        return PaintStyle(
            face_colour,
            pen_colour,
            _size(width),
            dash_lengths,
            cap,
            join,
            self._clip(clip),
            hatch_lines,
            smooth is not False,
        )

    def _clip(self, clip: Any) -> Clip | None:
        if clip is None:
            return None
        if (key := repr(clip)) not in self._clips:
            box, path = clip
            clip_edges = None
            if box is not None:
                left, top, right, bottom = (_number(side) for side in box)
                clip_edges = (left, top, right, bottom)
            self._clips[key] = Clip(clip_edges, None if path is None else self._path(*path))
        return self._clips[key]

    def _words(
        self,
        paint_order: int,
        groups: tuple[Group, ...],
        x: Any,
        y: Any,
        text: Any,
        size: Any,
        bold: Any,
        italic: Any,
        degrees: Any,
        colour: Any,
        shifts: Any,
    ) -> TextItem:
        if not isinstance(text, str) or not 0 < len(text) <= _MAX_TEXT:
            raise ValueError("no line of text")
        face = font("bold" if bold is True else "normal", "italic" if italic is True else "normal")
        size = max(_size(size), 0.1)
        marker_places = None
        if shifts is not None:
            marker_places = tuple(_number(shift) for shift in shifts)
            if len(marker_places) != len(text):
                raise ValueError("a formula with other places than letters")
            _check_order(text, marker_places, face, size)
        return TextItem(
            paint_order,
            groups,
            _number(x),
            _number(y),
            text,
            size,
            face,
            _number(degrees),
            _colour(colour),
            marker_places,
        )

    def _bitmap(
        self, paint_order: int, groups: tuple[Group, ...], first_vertex: Any, painted_path: Any, offset: Any, style: Any
    ) -> Bitmap:
        rows, columns = (_natural(side) for side in painted_path)
        start = _natural(offset)
        if rows < 1 or columns < 1 or start + 4 * rows * columns > len(self._tail):
            raise ValueError("an image that is not there")
        pixels = np.frombuffer(self._tail, np.uint8, 4 * rows * columns, start).reshape(rows, columns, 4)
        clip = self._styles[_natural(style)].clip
        return Bitmap(paint_order, groups, self._slice(first_vertex, 4), pixels, clip)


def _check_codes(path: Path) -> None:
    """Raise ValueError unless each piece of `path` begins with MOVE and curves have all their points."""
    codes = path.codes.tolist()
    if len(codes) != len(path.points) or (codes and codes[0] != MOVE):
        raise ValueError("a path that does not begin")
    at, is_open = 0, True
    while at < len(codes):
        code = codes[at]
        point_count = {MOVE: 1, LINE: 1, QUADRATIC: 2, CUBIC: 3, CLOSE: 1}[code]
        if codes[at : at + point_count] != [code] * point_count or (not is_open and code != MOVE):
            raise ValueError("a path with half a curve, or one that goes on when it is closed")
        is_open = code != CLOSE
        at += point_count


def _check_order(text: str, marker_places: Sequence[float], face: Font, size: float) -> None:
    """Raise ValueError unless the letters of a formula's `text` stand in the order in which they are read.

    Otherwise the text that is read would not be what is seen.
    """
    for letter, letter_start, next_start in zip(text, marker_places, marker_places[1:], strict=False):
        gap = next_start - letter_start - face.advance(letter, size)
        if not -0.35 * size <= gap <= 1.5 * size:
            raise ValueError("a formula whose letters do not follow one another")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_COORDINATE:
        raise ValueError(f"{value!r:.40} is no number in reach")
    return float(value)


def _size(value: Any) -> float:
    size = _number(value)
    if size < 0 or size > 2000:
        raise ValueError(f"{size} is no size")
    return size


def _natural(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_IMAGE_BYTES:
        raise ValueError(f"{value!r:.40} is no count")
    return value


def _colour(parts: Any) -> Colour:
    red, green, blue, alpha = parts
    if not all(isinstance(part, int) and 0 <= part <= 255 for part in parts):
        raise ValueError("no colour")
    return red, green, blue, alpha
