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
    """A drawn character."""

    name: str
    """Of its outline, in the font."""
    x: float
    """How far right of the text's left end it begins, px."""


class _Outline(BasePen):
    """Takes a glyph down in font units: contours of a first point and what follows, `(end,)` or `(control, end)`."""

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
    """One face."""

    def __init__(self, data: bytes) -> None:
        """Read a TrueType file with a `kern` table."""
        tables = TTFont(BytesIO(data), lazy=True)
        self._em = float(tables["head"].unitsPerEm)
        self._names: dict[int, str] = tables.getBestCmap()
        self._widths: dict[str, tuple[int, int]] = dict(tables["hmtx"].metrics)
        self._pairs: dict[tuple[str, str], int] = dict(tables["kern"].kernTables[0].kernTable)
        self._glyphs = tables.getGlyphSet()
        # The first glyph read loads what the rest need.
        self._outline(_NOTDEF)
        self.ascent = tables["hhea"].ascent / self._em
        """How far letters reach over the baseline, as a share of the font size."""
        self.descent = -tables["hhea"].descent / self._em
        """How far letters reach under the baseline, as a share of the font size."""

    @cached_property
    def x_height(self) -> float:
        """How high the small x is, as a share of the font size."""
        return self._top("x")

    @cached_property
    def cap_height(self) -> float:
        """How high the large H is, as a share of the font size."""
        return self._top("H")

    def missing(self, text: str) -> str:
        """The characters of a text that the font lacks, each once, in order; they are drawn as empty boxes."""
        return "".join(dict.fromkeys(char for char in text if ord(char) not in self._names))

    def glyphs(self, text: str, size: float) -> list[Glyph]:
        """The characters with their places, kerned; spaces included."""
        return [Glyph(name, x * size / self._em) for name, x in self._placed(text)]

    def advance(self, text: str, size: float) -> float:
        """How wide a text is set, px; what follows it begins there."""
        last = None
        for last in self._placed(text):  # noqa: B007 - only the last is asked for
            pass
        return 0.0 if last is None else (last[1] + self._widths[last[0]][0]) * size / self._em

    def outline(self, text: str, size: float) -> list[np.ndarray]:
        """What a text covers: closed loops [n, 2], px, curves flattened; under the nonzero rule."""
        return [
            loop * size + (glyph.x, 0.0) for glyph in self.glyphs(text, size) for loop in self.glyph_loops(glyph.name)
        ]

    def glyph_loops(self, name: str) -> tuple[np.ndarray, ...]:
        """The loops [n, 2] of one glyph at font size 1, without closing points."""
        return self._loops(name)

    def commands(self, text: str, size: float) -> list[Command]:
        """The same outlines with their curves, for drawing."""
        scale = size / self._em
        found: list[Command] = []
        for glyph in self.glyphs(text, size):
            for (x, y), steps in self._outline(glyph.name):
                at = (glyph.x + x * scale, -y * scale)
                found.append(("M", at))
                for *control, (u, v) in steps:
                    end = (glyph.x + u * scale, -v * scale)
                    if not control:
                        found.append(("L", end))
                    else:
                        mid = (glyph.x + control[0][0] * scale, -control[0][1] * scale)
                        found.append(("C", (*_raised(at, mid), *_raised(end, mid), *end)))
                    at = end
                found.append(("Z", ()))
        return found

    def _placed(self, text: str) -> Iterator[tuple[str, int]]:
        """Glyph names with their places in font units."""
        x, before = 0, ""
        for char in text:
            name = self._names.get(ord(char), _NOTDEF)
            x += self._pairs.get((before, name), 0)
            yield name, x
            x, before = x + self._widths[name][0], name

    @lru_cache(maxsize=2048)  # noqa: B019 - the faces are few and live as long as the process
    def _outline(self, name: str) -> list[tuple[Pair, list[tuple[Pair, ...]]]]:
        pen = _Outline(self._glyphs)
        self._glyphs[name].draw(pen)
        return pen.contours

    @lru_cache(maxsize=2048)  # noqa: B019 - as above
    def _loops(self, name: str) -> tuple[np.ndarray, ...]:
        found = []
        for start, steps in self._outline(name):
            points = [start]
            for *control, end in steps:
                points += _pieces(points[-1], control[0], end) if control else [end]
            if points[-1] == points[0]:
                points.pop()
            # Some contours are single points, which only place accents.
            if len(points) > 2:
                found.append(np.array(points) / (self._em, -self._em))
        return tuple(found)

    def _top(self, char: str) -> float:
        return -min(float(loop[:, 1].min()) for loop in self.outline(char, 1.0))


def _raised(end: Pair, control: Pair) -> Pair:
    """A control point of the cubic curve that is a quadratic one, at one of its ends."""
    return (end[0] + 2 / 3 * (control[0] - end[0]), end[1] + 2 / 3 * (control[1] - end[1]))


def _pieces(start: Pair, control: Pair, end: Pair) -> list[Pair]:
    """Points after the first on a quadratic curve."""
    found = []
    for step in range(1, CURVE_PIECES + 1):
        t = step / CURVE_PIECES
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t**2
        x, y = (a * p + b * q + c * r for p, q, r in zip(start, control, end, strict=True))
        found.append((x, y))
    return found


@cache
def _face(bold: bool, slanted: bool) -> Font:
    return Font((_FOLDER / _FACES[bold, slanted]).read_bytes())


def font(weight: str | int = "normal", style: str = "normal") -> Font:
    """The face for a CSS weight (`normal`, `bold`, 1 to 1000) and style (`normal`, `italic`, `oblique`)."""
    number = _WEIGHTS[weight] if isinstance(weight, str) and weight in _WEIGHTS else int(weight)
    return _face(number >= BOLD_FROM, style != "normal")
