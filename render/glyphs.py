"""The bundled font: outlines and extents of text, the same on every machine.

DejaVu Sans in four faces (`render/fonts`), read by fontTools: no system fonts, no hinting, no shaping beyond pair
kerning. Lengths are in px for a font size in px; x points right, y down, and the origin is the left end of the
baseline.
"""

from collections.abc import Iterator
from functools import cache, cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont

CURVE_PIECES = 4
"""Straight pieces that a quadratic curve becomes: an `o` of 40 px is off by less than 0.06 px."""
BOLD_FROM = 600
"""Weights from here on are drawn bold."""

_FOLDER = Path(__file__).parent / "fonts"
_FACES = {
    (False, False): "DejaVuSans.ttf",
    (True, False): "DejaVuSans-Bold.ttf",
    (False, True): "DejaVuSans-Oblique.ttf",
    (True, True): "DejaVuSans-BoldOblique.ttf",
}
"""File names by bold and slanted."""
_WEIGHTS = {"normal": 400, "bold": 700}
_NOTDEF = ".notdef"

Command = tuple[str, tuple[float, ...]]
"""A step of a path as cairo takes it: `M` x y, `L` x y, `C` x1 y1 x2 y2 x y, `Z`."""
Pair = tuple[float, float]


class Glyph(NamedTuple):
    """A character as it is drawn."""

    name: str
    """Of its outline, in the font."""
    x: float
    """How far right of the text's left end it begins, px."""


class _Outline(BasePen):
    """A pen that takes a glyph down in font units: contours of a first point and the steps after it.

    A step is `(end,)` for a straight line or `(control, end)` for a quadratic curve.
    """

    def __init__(self, glyphs: Any) -> None:
        super().__init__(glyphs)
        self.contours: list[tuple[Pair, list[tuple[Pair, ...]]]] = []

    def _moveTo(self, pt: Pair) -> None:
        self.contours.append((pt, []))

    def _lineTo(self, pt: Pair) -> None:
        self.contours[-1][1].append((pt,))

    def _qCurveToOne(self, pt1: Pair, pt2: Pair) -> None:
        self.contours[-1][1].append((pt1, pt2))


class Font:
    """One face of the bundled family."""

    def __init__(self, font_bytes: bytes) -> None:
        """Read a TrueType file with a `kern` table from `font_bytes`."""
        font_tables = TTFont(BytesIO(font_bytes), lazy=True)
        self._em = float(font_tables["head"].unitsPerEm)
        self._names: dict[int, str] = font_tables.getBestCmap()
        self._widths: dict[str, tuple[int, int]] = dict(font_tables["hmtx"].metrics)
        self._pairs: dict[tuple[str, str], int] = dict(font_tables["kern"].kernTables[0].kernTable)
        self._glyphs = font_tables.getGlyphSet()
        post, os2 = font_tables["post"], font_tables["OS/2"]
        self._underline = (post.underlinePosition, post.underlineThickness)
        self._strike = (os2.yStrikeoutPosition, os2.yStrikeoutSize)
        # The first glyph read loads what the rest need.
        self._outline(_NOTDEF)
        self.ascent = font_tables["hhea"].ascent / self._em
        """How far letters reach over the baseline, as a share of the font size."""
        self.descent = -font_tables["hhea"].descent / self._em
        """How far letters reach under the baseline, as a share of the font size."""

    @cached_property
    def decorations(self) -> dict[str, tuple[float, float]]:
        """Where lines that decorate text lie over the baseline, and how thick they are, as shares of the font size."""
        return {
            "underline": (self._underline[0] / self._em, self._underline[1] / self._em),
            "overline": (self.ascent, self._underline[1] / self._em),
            "line-through": (self._strike[0] / self._em, self._strike[1] / self._em),
        }

    @cached_property
    def x_height(self) -> float:
        """The height of the small x, as a share of the font size."""
        return self._top("x")

    def missing(self, text: str) -> str:
        """Return the characters of `text` that the font lacks, each once, in order; they are drawn as empty boxes."""
        return "".join(dict.fromkeys(char for char in text if ord(char) not in self._names))

    def glyphs(self, text: str, font_size: float) -> list[Glyph]:
        """Return the glyphs of `text` at `font_size` with their places, kerned; spaces included."""
        return [Glyph(name, x * font_size / self._em) for name, x in self._placed(text)]

    def advance(self, text: str, font_size: float) -> float:
        """Return the width, px, at which `text` is set at `font_size`; what follows it begins there."""
        last_glyph = None
        for last_glyph in self._placed(text):  # noqa: B007 - only the last is asked for
            pass
        return 0.0 if last_glyph is None else (last_glyph[1] + self._widths[last_glyph[0]][0]) * font_size / self._em

    def width(self, glyph_name: str) -> float:
        """Return how far after the glyph `glyph_name` the next one begins, as a share of the font size."""
        return self._widths[glyph_name][0] / self._em

    def outline(self, text: str, font_size: float) -> list[np.ndarray]:
        """Return the closed loops [n, 2], px, that `text` covers at `font_size`, curves flattened; nonzero rule."""
        return [
            loop * font_size + (glyph.x, 0.0)
            for glyph in self.glyphs(text, font_size)
            for loop in self.glyph_loops(glyph.name)
        ]

    def glyph_loops(self, glyph_name: str) -> tuple[np.ndarray, ...]:
        """Return the loops [n, 2] of the glyph `glyph_name` at font size 1, without closing points."""
        return self._loops(glyph_name)

    def commands(self, text: str, font_size: float) -> list[Command]:
        """Return the outlines of `text` at `font_size` with their curves, for drawing."""
        scale = font_size / self._em
        draw_commands: list[Command] = []
        for glyph in self.glyphs(text, font_size):
            for (x, y), contour_steps in self._outline(glyph.name):
                pen_point = (glyph.x + x * scale, -y * scale)
                draw_commands.append(("M", pen_point))
                for *control, (u, v) in contour_steps:
                    end_point = (glyph.x + u * scale, -v * scale)
                    if not control:
                        draw_commands.append(("L", end_point))
                    else:
                        control_point = (glyph.x + control[0][0] * scale, -control[0][1] * scale)
                        draw_commands.append(
                            ("C", (*_raised(pen_point, control_point), *_raised(end_point, control_point), *end_point))
                        )
                    pen_point = end_point
                draw_commands.append(("Z", ()))
        return draw_commands

    def _placed(self, text: str) -> Iterator[tuple[str, int]]:
        """Yield the glyph name of each character of `text` with its place in font units."""
        x, name_before = 0, ""
        for char in text:
            glyph_name = self._names.get(ord(char), _NOTDEF)
            x += self._pairs.get((name_before, glyph_name), 0)
            yield glyph_name, x
            x, name_before = x + self._widths[glyph_name][0], glyph_name

    @lru_cache(maxsize=2048)  # noqa: B019 - the faces are few and live as long as the process
    def _outline(self, glyph_name: str) -> list[tuple[Pair, list[tuple[Pair, ...]]]]:
        outline_pen = _Outline(self._glyphs)
        self._glyphs[glyph_name].draw(outline_pen)
        return outline_pen.contours

    @lru_cache(maxsize=2048)  # noqa: B019 - as above
    def _loops(self, glyph_name: str) -> tuple[np.ndarray, ...]:
        loop_arrays = []
        for start_point, contour_steps in self._outline(glyph_name):
            loop_points = [start_point]
            for *control, end_point in contour_steps:
                loop_points += _pieces(loop_points[-1], control[0], end_point) if control else [end_point]
            if loop_points[-1] == loop_points[0]:
                loop_points.pop()
            # Some contours are single points, which only place accents.
            if len(loop_points) > 2:
                loop_arrays.append(np.array(loop_points) / (self._em, -self._em))
        return tuple(loop_arrays)

    def _top(self, char: str) -> float:
        return -min(float(loop[:, 1].min()) for loop in self.outline(char, 1.0))


def _raised(curve_end: Pair, control_point: Pair) -> Pair:
    """Return the control point next to `curve_end` of the cubic curve that equals a quadratic one."""
    return (
        curve_end[0] + 2 / 3 * (control_point[0] - curve_end[0]),
        curve_end[1] + 2 / 3 * (control_point[1] - curve_end[1]),
    )


def _pieces(start_point: Pair, control_point: Pair, end_point: Pair) -> list[Pair]:
    """Return the points after `start_point` on a quadratic curve."""
    curve_points = []
    for step in range(1, CURVE_PIECES + 1):
        t = step / CURVE_PIECES
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t**2
        x, y = (a * p + b * q + c * r for p, q, r in zip(start_point, control_point, end_point, strict=True))
        curve_points.append((x, y))
    return curve_points


@cache
def _face(is_bold: bool, is_slanted: bool) -> Font:
    return Font((_FOLDER / _FACES[is_bold, is_slanted]).read_bytes())


def font(font_weight: str | int = "normal", font_style: str = "normal") -> Font:
    """Return the face for a CSS weight and style.

    Args:
        font_weight: `normal`, `bold`, or 1 to 1000.
        font_style: `normal`, `italic` or `oblique`.
    """
    weight_number = (
        _WEIGHTS[font_weight] if isinstance(font_weight, str) and font_weight in _WEIGHTS else int(font_weight)
    )
    return _face(weight_number >= BOLD_FROM, font_style != "normal")
