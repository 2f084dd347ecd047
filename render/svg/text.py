"""Text: where its letters stand and what they cover (SVG 1.1, chapter 10).

Whatever family is asked for, the letters are those of the bundled font (`font`), unhinted and kerned, so that the
same text covers the same region on every machine. Lines of a given size, px, on which the y of a text may lie:
    auto        the foot of letters.
    middle      half the height of the small x above it.
    central     the middle between the ascent and the descent of the font.
    hanging     0.8 of the ascent above it, near the top of capitals; browsers do so for Latin fonts.

White space is read as SVG 1.1 (10.15) has it: line breaks are removed, tabs become spaces, spaces at both ends of a
<text> go, and several become one; under `xml:space="preserve"` line breaks and tabs become spaces and all stay.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from shapely import MultiPolygon, Polygon, unary_union
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from ..glyphs import Font, font
from .fill import fill_loops
from .parse import Element, SvgLimits, number_list
from .style import Letters, Style, read_style

_ADVICE = "write Latin or Greek letters, digits and common signs"
_HANGING = 0.8


@dataclass(slots=True)
class _Char:
    char: str
    style: Style
    place: dict[str, float]
    """Of `x`, `y`, `dx`, `dy`, those that are set for it."""


@dataclass(slots=True)
class Run:
    """Letters in a row that are painted alike."""

    text: str
    style: Style
    x: float
    """Of the left end."""
    y: float
    """Of the foot of letters."""

    @property
    def face(self) -> Font:
        """What its letters are of."""
        return _face(self.style.letters)

    @property
    def width(self) -> float:
        """From its left end to where a next letter would begin."""
        return self.face.advance(self.text, self.style.letters.size)

    @property
    def points(self) -> int:
        """How many vertices its letters have, each at least one."""
        return sum(max(1, _vertices(self.face, glyph.name)) for glyph in self.face.glyphs(self.text, 1.0))

    def region(self) -> BaseGeometry:
        """What its letters cover."""
        size, parts = self.style.letters.size, []
        for glyph in self.face.glyphs(self.text, size):
            shape = _glyph(self.face, glyph.name)
            if size and not shape.is_empty:
                parts.append(affine_transform(shape, [size, 0.0, 0.0, size, self.x + glyph.x, self.y]))
        return unary_union(parts)


def _face(letters: Letters) -> Font:
    return font(letters.weight, letters.style)


@lru_cache(maxsize=4096)
def _glyph(face: Font, name: str) -> Polygon | MultiPolygon:
    """What a letter covers at font size 1."""
    return fill_loops([[(float(x), float(y)) for x, y in loop] for loop in face.glyph_loops(name)], "nonzero")


def _vertices(face: Font, name: str) -> int:
    return sum(map(len, face.glyph_loops(name)))


@dataclass(slots=True)
class _Reader:
    """Walks a <text> and collects its characters, spaces still as they are written."""

    limits: SvgLimits
    chars: list[_Char] = field(default_factory=list)
    waiting: list[dict[str, float]] = field(default_factory=list)
    """Places set by the open elements for the next character."""

    def read(self, element: Element, style: Style) -> None:
        """Collect what is in an element; inner places go before outer ones."""
        self.waiting.append(self.place(element))
        for part in element.content:
            if isinstance(part, str):
                for char in part:
                    self.take(char, style)
            elif part.name == "tspan":
                inner = read_style(part, style, self.limits)
                _check_span(part, inner)
                if inner.displayed:
                    self.read(part, inner)
        self.waiting.pop()

    def place(self, element: Element) -> dict[str, float]:
        """What an element sets of x, y, dx and dy."""
        found: dict[str, float] = {}
        for name in ("x", "y", "dx", "dy"):
            if name in element.attributes:
                text = element.attributes[name].strip().removesuffix("px")
                values = number_list(element, name, text, self.limits)
                if len(values) != 1:
                    what = f"{name} of <{element.name}> has {len(values)} numbers"
                    raise element.error("number", what, "write one number, and one <tspan> for each part moved")
                found[name] = values[0]
        return found

    def take(self, char: str, style: Style) -> None:
        """Add a character, where white space does not drop it."""
        if char in "\r\n":
            if not style.letters.preserve:
                return
            char = " "
        char = " " if char == "\t" else char
        if char == " " and not style.letters.preserve and (not self.chars or self.chars[-1].char == " "):
            return
        place = {name: value for places in self.waiting for name, value in places.items()}
        for places in self.waiting:
            places.clear()
        self.chars.append(_Char(char, style, place))


def _check_span(element: Element, style: Style) -> None:
    """Refuse what can hold of a whole <text> only."""
    for name, is_set in (
        ("transform", "transform" in element.attributes),
        ("clip-path", style.clip is not None),
        ("opacity", not style.opaque),
    ):
        if is_set:
            raise element.error("attribute", f"{name} on <tspan> is not allowed", f"write {name} on the <text>")


def text_runs(element: Element, style: Style, limits: SvgLimits) -> list[Run]:
    """The letters of a <text> in rows of the same paint, in its own coordinates.

    Raises:
        SvgError: an attribute is not understood, or the font lacks a character.
    """
    reader = _Reader(limits)
    reader.read(element, style)
    chars = reader.chars
    if chars and chars[-1].char == " " and not chars[-1].style.letters.preserve:
        chars.pop()
    _check_letters(element, chars)
    runs: list[Run] = []
    for line in _lines(chars):
        runs += _set(line, runs[-1] if runs else None)
    return runs


def _check_letters(element: Element, chars: Sequence[_Char]) -> None:
    for char in chars:
        if _face(char.style.letters).missing(char.char):
            name = unicodedata.name(char.char, "")
            what = f"the font has no {char.char!r}, U+{ord(char.char):04X} {name}"
            raise element.error("letter", what.strip(), _ADVICE)


def _lines(chars: Sequence[_Char]) -> list[list[_Char]]:
    """The characters in chunks that are anchored together: each begins where x or y is set."""
    found: list[list[_Char]] = []
    for char in chars:
        if not found or "x" in char.place or "y" in char.place:
            found.append([])
        found[-1].append(char)
    return found


def _set(chars: Sequence[_Char], before: Run | None) -> list[Run]:
    """The runs of one chunk, which begins where the run before it ends unless its place is set."""
    x, y = (before.x + before.width, before.y - _rise(before.style.letters)) if before else (0.0, 0.0)
    place, runs = chars[0].place, list[Run]()
    x, y = place.get("x", x) + place.get("dx", 0.0), place.get("y", y) + place.get("dy", 0.0)
    start, anchor = x, chars[0].style.letters.anchor
    for number, char in enumerate(chars):
        if number and not char.place and char.style == runs[-1].style:
            runs[-1].text += char.char
            continue
        if number:
            x = runs[-1].x + runs[-1].width + char.place.get("dx", 0.0)
            y += char.place.get("dy", 0.0)
        runs.append(Run(char.char, char.style, x, y + _rise(char.style.letters)))
    moved = -anchor * (runs[-1].x + runs[-1].width - start)
    for run in runs:
        run.x += moved
    return runs


def _rise(letters: Letters) -> float:
    """How far under the y of a text the foot of its letters is."""
    face = _face(letters)
    shares = {
        "auto": 0.0,
        "middle": face.x_height / 2,
        "central": (face.ascent - face.descent) / 2,
        "hanging": _HANGING * face.ascent,
    }
    return shares[letters.baseline] * letters.size
