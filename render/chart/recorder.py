"""Record a matplotlib figure, in the process of the program that draws it; see `program.py` for the form."""

import base64
import json
from typing import Any, NamedTuple

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.font_manager import weight_dict
from matplotlib.transforms import Affine2D

from ..outcome import Rejected
from .limits import MAX_COORDINATE, MAX_IMAGE_BYTES, MAX_ITEMS, MAX_VERTICES


class Refused(Exception):
    """Raised when a figure holds something that is not read; carries the rejection."""

    def __init__(self, code: str, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.rejected = Rejected(code, reason, hint)


class Recorder(RendererBase):
    """A matplotlib renderer that writes down what it is told to draw.

    Args:
        width: of the figure, px.
        height: of the figure, px.
    """

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self.list = DisplayListWriter(width, height)
        self._size = (width, height)
        self.dpi = 72.0
        self._offset: tuple[float, float] | None = None

    # --- what matplotlib calls: names and arguments are its own

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Width and height, px."""
        return self._size

    def points_to_pixels(self, points: Any) -> Any:
        """Return `points` as they are: a px is a point."""
        return points

    def flipy(self) -> bool:
        """Yes: text comes with y down."""
        return True

    def option_scale_image(self) -> bool:
        """Yes: images come as they are, with where they lie."""
        return True

    def option_image_nocomposite(self) -> bool:
        """Yes: images come one by one."""
        return True

    def open_group(self, s: str, gid: str | None = None) -> None:
        """Say that the items to follow belong to `s`, an artist that has its hint for a `gid`."""
        self.list.add(["group", str(s), str(gid or "")])

    def close_group(self, s: str) -> None:
        """Say that the items of `s` end here."""
        self.list.add(["end"])

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
        """Measure the text `s`, in the one family that is drawn."""
        # Whatever family is asked for, one is drawn.
        return super().get_text_width_height_descent(s, _drawn_font(prop), ismath)

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:
        """Record a `path`; one of a collection that is set off is recorded about its place."""
        style = self.list.style(gc, rgbFace)
        if self._offset is None:
            self.list.add(["path", *self.list.path(path, transform), style])
            return
        about = transform.frozen().translate(-self._offset[0], -self._offset[1])
        places = np.array([self._offset])
        self.list.add(["markers", *self.list.shape(path, about), style, self.list.vertices(places), 1])

    def draw_markers(
        self, gc: Any, marker_path: Any, marker_trans: Any, path: Any, trans: Any, rgbFace: Any = None
    ) -> None:
        """Record `marker_path` at every vertex of `path`."""
        # Of a curve, only the ends of its pieces carry markers; 79 closes a path.
        places = [points[-2:] for points, code in path.iter_segments(trans, simplify=False) if code != 79]
        if len(places) == 1 and np.abs(places).max() < 1e-6:
            # A collection's only path, which is not set off.
            self.draw_path(gc, marker_path, marker_trans, rgbFace)
        elif places:
            shape, style = self.list.shape(marker_path, marker_trans), self.list.style(gc, rgbFace)
            self.list.add(["markers", *shape, style, self.list.vertices(np.array(places)), len(places)])

    def _iter_collection(self, *args: Any, **options: Any) -> Any:
        # Of paths that are set off from one another, the places are kept and not only the outlines.
        for x, y, *properties in super()._iter_collection(*args, **options):  # type: ignore[misc]
            self._offset = (x, y) if max(abs(x), abs(y)) > 1e-6 else None
            yield x, y, *properties
        self._offset = None

    def draw_image(self, gc: Any, x: float, y: float, im: Any, transform: Any = None) -> None:
        """Record the image `im`, with its corners."""
        corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
        corners = corners * im.shape[1::-1] if transform is None else transform.transform(corners)
        self.list.add(["group", "image", str(gc.get_url() or "")])
        self.list.image(corners + np.array([x, y]), im, self.list.style(gc, None), gc.get_alpha())
        self.list.add(["end"])

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None
    ) -> None:
        """Record the text `s`: a line, or a formula."""
        prop, colour = _drawn_font(prop), _rgba(gc.get_rgb(), gc)
        if not ismath:
            self.list.text(x, y, s, None, prop, prop.get_size_in_points(), angle, colour)
            return
        _, _, _, glyphs, rules = self._text2path.mathtext_parser.parse(s, 72, prop)
        self.list.formula(x, y, glyphs, rules, angle, colour)

    def draw_gouraud_triangles(self, *args: Any, **options: Any) -> None:
        """Refuse triangles whose colours run into one another."""
        raise Refused("shading", "the figure has smooth shading", "use shading='flat' or 'nearest'")

    def draw_tex(self, *args: Any, **options: Any) -> None:
        """Refuse text that LaTeX would set."""
        raise Refused("usetex", "the figure sets text with LaTeX", "leave out usetex; $...$ works without")


class _Letters(NamedTuple):
    """The looks of a formula's letters, asked for as of a font's properties."""

    bold: bool
    italic: bool

    def get_weight(self) -> int:
        return 700 if self.bold else 400

    def get_style(self) -> str:
        return "italic" if self.italic else "normal"


def _weight(prop: Any) -> int:
    weight = prop.get_weight()
    return int(weight_dict.get(weight, weight))


def _drawn_font(prop: Any) -> Any:
    font_properties = prop.copy()
    font_properties.set_family("DejaVu Sans")
    return font_properties


def _scaled(size: float) -> Any:
    return Affine2D().scale(size)


def _rgba(colour: Any, gc: Any) -> list[int]:
    """Return a `colour` as red, green, blue and alpha of 255; the context's alpha counts if it was set."""
    red, green, blue, *alpha = (float(part) for part in colour)
    opacity = gc.get_alpha() if gc.get_forced_alpha() else alpha[0] if alpha else 1.0
    return [round(255 * part) for part in (red, green, blue, opacity)]


class DisplayListWriter:
    """The display list as it grows."""

    def __init__(self, width: float, height: float) -> None:
        self._height = height
        self._message: dict[str, Any] = {"width": width, "height": height, "items": [], "styles": []}
        self._items: list[Any] = self._message["items"]
        self._styles: dict[str, int] = {}
        self._vertices: list[np.ndarray] = []
        self._count = 0
        self._pixels: list[bytes] = []
        self._bytes = 0
        self._shapes: dict[Any, tuple[Any, tuple[int, int, str]]] = {}
        """What is kept of each path, and the path itself: a later one may else get its id."""

    def result(self) -> tuple[dict[str, Any], bytes]:
        """Message and payload."""
        self._message["styles"] = [json.loads(style) for style in self._styles]
        self._message["vertices"] = self._count
        return self._message, b"".join([*(points.tobytes() for points in self._vertices), *self._pixels])

    def add(self, item: list[Any]) -> None:
        """Append one more `item`."""
        if len(self._items) >= MAX_ITEMS:
            raise Refused("size", f"the figure has more than {MAX_ITEMS} parts", "draw less")
        self._items.append(item)

    def vertices(self, points: np.ndarray, flip_y: bool = True) -> int:
        """Keep `points`, matplotlib's with y up, and return the number of their first."""
        first_vertex, vertex_count = self._count, len(points)
        self._count += vertex_count
        if self._count > MAX_VERTICES:
            raise Refused("size", f"the figure has more than {MAX_VERTICES} points", "draw less")
        # Farther out, the rasteriser counts no more; on a log axis, 0 is that far.
        clipped_points = np.clip(np.asarray(points, np.float64), -MAX_COORDINATE, MAX_COORDINATE)
        clipped_points[:, 1] = (self._height if flip_y else 0.0) - clipped_points[:, 1]
        self._vertices.append(clipped_points)
        return first_vertex

    def path(self, path: Any, transform: Any, flip_y: bool = True) -> tuple[int, int, str]:
        """Keep a `path` and return its first vertex, their count, and their codes."""
        if path.codes is None and np.isfinite(path.vertices).all():
            points, codes = transform.transform(path.vertices), b"\x01" + b"\x02" * (len(path.vertices) - 1)
        else:
            clean = path.cleaned(transform=transform, remove_nans=True, curves=True)
            # The last one says only that it is the last.
            points, codes = clean.vertices[:-1], clean.codes[:-1].astype(np.uint8).tobytes()
        return self.vertices(points, flip_y), len(points), base64.b64encode(codes[: len(points)]).decode()

    def shape(self, path: Any, transform: Any) -> tuple[int, int, str]:
        """Keep a marker's `path`, once however often it comes."""
        return self._once(path, transform, flip_y=False)

    def _once(self, path: Any, transform: Any, flip_y: bool) -> tuple[int, int, str]:
        key = (id(path), transform.get_matrix().tobytes(), flip_y)
        if key not in self._shapes:
            self._shapes[key] = (path, self.path(path, transform, flip_y))
        return self._shapes[key][1]

    def style(self, gc: Any, face_colour: Any) -> int:
        """Return the number of the style that `gc` and `face_colour` make."""
        width = float(gc.get_linewidth())
        stroke = _rgba(gc.get_rgb(), gc) if width > 0 else None
        offset, dashes = gc.get_dashes()
        dash = [float(offset or 0), [float(length) for length in dashes]] if dashes is not None else None
        # As matplotlib's own words: `butt` and so on.
        cap, join = str(gc.get_capstyle()), str(gc.get_joinstyle())
        hatch_lines = None
        if gc.get_hatch() and face_colour is not None:
            tile_path = self.path(gc.get_hatch_path(), _scaled(72.0), flip_y=False)
            hatch_lines = [*tile_path, _rgba(gc.get_hatch_color(), gc), float(gc.get_hatch_linewidth())]
        fill = None if face_colour is None else _rgba(face_colour, gc)
        is_smooth = bool(gc.get_antialiased())
        return self._numbered([fill, stroke, width, dash, cap, join, self._clip(gc), hatch_lines, is_smooth])

    def _numbered(self, style: list[Any]) -> int:
        return self._styles.setdefault(json.dumps(style), len(self._styles))

    def _clip(self, gc: Any) -> list[Any] | None:
        box = gc.get_clip_rectangle()
        rectangle = None if box is None else [box.x0, self._height - box.y1, box.x1, self._height - box.y0]
        path, transform = gc.get_clip_path()
        if path is None:
            return None if rectangle is None else [rectangle, None]
        return [rectangle, self._once(path, transform, flip_y=True)]

    def image(self, corners: np.ndarray, pixels: Any, style: int, alpha: float | None) -> None:
        """Keep an image [h, w, 4] of uint8, `pixels`; row 0 lies at `corners` 0 and 1, column 0 at 0 and 3."""
        row_count, column_count = pixels.shape[:2]
        rgba_pixels = np.array(pixels, np.uint8)
        if alpha is not None and alpha < 1:
            rgba_pixels[..., 3] = np.round(rgba_pixels[..., 3] * alpha)
        pixel_bytes = rgba_pixels.tobytes()
        self.add(["image", self.vertices(corners), [row_count, column_count], self._bytes, style])
        self._pixels.append(pixel_bytes)
        self._bytes += len(pixel_bytes)
        if self._bytes > MAX_IMAGE_BYTES:
            raise Refused("size", f"the images have more than {MAX_IMAGE_BYTES // 4} pixels", "use smaller arrays")

    def text(
        self, x: float, y: float, string: str, shifts: Any, prop: Any, size: float, angle: float, colour: Any
    ) -> None:
        """Append one line of text, `string`, at its baseline's left end; y is down here already."""
        bold = _weight(prop) >= 600
        italic = prop.get_style() != "normal"
        self.add(["text", float(x), float(y), string, float(size), bold, italic, float(angle), colour, shifts])

    def formula(self, x: float, y: float, glyphs: Any, rules: Any, angle: float, colour: Any) -> None:
        """Append a formula (`glyphs`) as runs of letters of one size and height, and its `rules`."""
        cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        letter_runs: list[list[Any]] = []
        for font, size, code, *_, right, up in glyphs:
            key = (font.style_name, float(size), round(float(up), 3))
            if not letter_runs or letter_runs[-1][0] != key or right < letter_runs[-1][2][-1]:
                letter_runs.append([key, "", []])
            letter_runs[-1][1] += chr(code)
            letter_runs[-1][2].append(float(right))
        for (style, size, up), letters, letter_places in letter_runs:
            start = letter_places[0]
            font_like = _Letters("Bold" in style, "Oblique" in style or "Italic" in style)
            baseline_start = (x + start * cos - up * sin, y - start * sin - up * cos)
            self.text(
                *baseline_start, letters, [place - start for place in letter_places], font_like, size, angle, colour
            )
        turn = np.array([[cos, -sin], [sin, cos]])
        for left, bottom, wide, tall in rules:
            corners = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]]) + np.array([left, bottom])
            points = corners @ turn.T * (1, -1) + (x, y)
            style = self._numbered([colour, None, 0.0, None, "butt", "miter", None, None, True])
            first_vertex = self.vertices(points * (1, -1), flip_y=False)
            self.add(["path", first_vertex, 4, base64.b64encode(b"\x01\x02\x02\x02").decode(), style])
