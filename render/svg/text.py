"""Text: where its letters stand and what they cover (SVG 1.1, chapter 10).

Whatever family is asked for, the letters are those of the bundled font (`glyphs`), unhinted and kerned, so that the
same text covers the same region on every machine. Lines of a given size, px, on which the y of a text may lie:
    auto        the foot of letters.
    middle      half the height of the small x above it.
    central     the middle between the ascent and the descent of the font.
    hanging     0.8 of the ascent above it, near the top of capitals; browsers do so for Latin fonts.
    ascent, descent     those of the font.

White space is read as SVG 1.1 (10.15) has it: line breaks are removed, tabs become spaces, spaces at both ends of a
<text> go, and several become one; under `xml:space="preserve"` line breaks and tabs become spaces and all stay.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from shapely import MultiPolygon, Polygon, box, unary_union
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from ..glyphs import Font, font
from .document import Element
from .fill import fill_loops
from .scan import Units, split_list
from .style import Letters, SvgStyle, read_style

_ADVICE = "write Latin or Greek letters, digits and common signs"
_HANGING = 0.8
_PLACES = ("x", "y", "dx", "dy")
_STYLED = ("tspan", "a")


@dataclass(slots=True)
class _Char:
    char: str
    style: SvgStyle
    place: dict[str, float]
    """Of `x`, `y`, `dx`, `dy`, those that are set for it."""


@dataclass(slots=True)
class TextRun:
    """Letters in a row that are painted alike."""

    chars: list[str]
    style: SvgStyle
    x: float
    """Of the left end."""
    y: float
    """Of the foot of letters."""

    @property
    def text(self) -> str:
        """Its letters as they are written."""
        return "".join(self.chars)

    @property
    def face(self) -> Font:
        """The font of its letters."""
        return _face(self.style.letters)

    @property
    def width(self) -> float:
        """From its left end to where a next letter would begin, px."""
        return self.face.advance(self.text, self.style.letters.size) + sum(self._spacings())

    @property
    def point_count(self) -> int:
        """How many vertices its letters have, each at least one."""
        return sum(max(1, _vertex_count(self.face, glyph.name)) for glyph in self.face.glyphs(self.text, 1.0))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the boxes of its letters, in which gradients are measured."""
        size = self.style.letters.size
        return (self.x, self.y - self.face.ascent * size, self.x + self.width, self.y + self.face.descent * size)

    def region(self) -> BaseGeometry:
        """Return what its letters cover, with lines that decorate them."""
        letters, parts, moved = self.style.letters, list[BaseGeometry](), 0.0
        spacings = self._spacings()
        for glyph, spacing in zip(self.face.glyphs(self.text, letters.size), spacings, strict=True):
            shape = _glyph(self.face, glyph.name)
            if letters.size and not shape.is_empty:
                place = [letters.size, 0.0, 0.0, letters.size, self.x + glyph.x + moved, self.y]
                parts.append(affine_transform(shape, place))
            moved += spacing
        width = self.width
        for word in letters.decorations if letters.size and width > 0 else ():
            middle, thickness = self.face.decorations[word]
            top = self.y - (middle + thickness / 2) * letters.size
            parts.append(box(self.x, top, self.x + width, top + thickness * letters.size))
        return unary_union(parts)

    def _spacings(self) -> list[float]:
        """Return the room after each letter beyond the font's own."""
        letters = self.style.letters
        return [letters.spacing + (letters.word_spacing if char == " " else 0.0) for char in self.chars]


def _face(letters: Letters) -> Font:
    return font(letters.weight, letters.style)


@lru_cache(maxsize=4096)
def _glyph(face: Font, name: str) -> Polygon | MultiPolygon:
    """Return what the glyph `name` of a `face` covers at font size 1."""
    return fill_loops([[(float(x), float(y)) for x, y in loop] for loop in face.glyph_loops(name)], "nonzero")


def _vertex_count(face: Font, name: str) -> int:
    return sum(map(len, face.glyph_loops(name)))


@dataclass(slots=True)
class _Places:
    """The places that an open element sets, and how many of its characters are read."""

    values: dict[str, list[float]]
    count: int = 0

    def take(self) -> Iterator[tuple[str, float]]:
        """Yield what is set for the next character."""
        for name, values in self.values.items():
            if self.count < len(values):
                yield name, values[self.count]
        self.count += 1


@dataclass(slots=True)
class _CharReader:
    """Walks a <text> and collects its characters, spaces still as they are written."""

    element: Element
    """The <text>."""
    units: Units
    chars: list[_Char] = field(default_factory=list)
    open_places: list[_Places] = field(default_factory=list)

    def read(self, element: Element, style: SvgStyle) -> None:
        """Collect what is in `element`; inner places go before outer ones."""
        self.open_places.append(self.places(element, style))
        for part in element.content:
            if isinstance(part, str):
                for char in part:
                    self.take(char, style)
            elif part.name in _STYLED:
                inner = read_style(part, style, self.units._replace(font_size=style.letters.size))
                _check_span(part, inner)
                if inner.displayed:
                    self.read(part, inner)
        self.open_places.pop()

    def places(self, element: Element, style: SvgStyle) -> _Places:
        """Return the lists of x, y, dx and dy that `element` sets, a value for each of its characters."""
        units, values = self.units._replace(font_size=style.letters.size), dict[str, list[float]]()
        for name in _PLACES:
            if name in element.attributes and element.name != "a":
                words = split_list(element.attributes[name])
                if not words:
                    raise element.error("number", f"{name} of <{element.name}> is empty", "write a number")
                values[name] = [units.length(element, name, word) for word in words]
        return _Places(values)

    def take(self, char: str, style: SvgStyle) -> None:
        """Add a `char`, where white space does not drop it."""
        if char in "\r\n":
            if not style.letters.preserve:
                return
            char = " "
        char = " " if char == "\t" else char
        if char == " " and not style.letters.preserve and (not self.chars or self.chars[-1].char == " "):
            return
        if len(self.chars) > self.units.limits.max_glyph_points:
            problem = f"the letters of all text have more than {self.units.limits.max_glyph_points} points"
            raise self.element.error("size", problem, "write less")
        place = {name: value for places in self.open_places for name, value in places.take()}
        self.chars.append(_Char(char, style, place))


def _check_span(element: Element, style: SvgStyle) -> None:
    """Refuse what can hold of a whole <text> only."""
    for name, is_set in (
        ("transform", "transform" in element.attributes or "transform" in element.properties),
        ("clip-path", style.clip is not None),
        ("mask", style.mask is not None),
    ):
        if is_set:
            problem = f"{name} on <{element.name}> is not allowed"
            raise element.error("attribute", problem, f"write {name} on the <text>")


def text_runs(element: Element, style: SvgStyle, units: Units) -> list[TextRun]:
    """Return the letters of the <text> `element` in rows of the same paint, in its own coordinates.

    Raises:
        SvgError: an attribute is not understood, or the font lacks a character.
    """
    reader = _CharReader(element, units)
    reader.read(element, style)
    chars = reader.chars
    if chars and chars[-1].char == " " and not chars[-1].style.letters.preserve:
        chars.pop()
    _check_letters(element, chars)
    runs: list[TextRun] = []
    for line in _lines(chars):
        runs += _set_line(line, runs[-1] if runs else None)
    return runs


def _check_letters(element: Element, chars: Sequence[_Char]) -> None:
    for char in chars:
        if _face(char.style.letters).missing(char.char):
            name = unicodedata.name(char.char, "")
            problem = f"the font has no {char.char!r}, U+{ord(char.char):04X} {name}"
            raise element.error("letter", problem.strip(), _ADVICE)


def _lines(chars: Sequence[_Char]) -> list[list[_Char]]:
    """Return `chars` in chunks that are anchored together: each begins where x or y is set."""
    lines: list[list[_Char]] = []
    for char in chars:
        if not lines or "x" in char.place or "y" in char.place:
            lines.append([])
        lines[-1].append(char)
    return lines


def _set_line(chars: Sequence[_Char], before: TextRun | None) -> list[TextRun]:
    """Return the runs of one chunk, which begins where the run `before` it ends unless its place is set."""
    x, y = (before.x + before.width, before.y - _rise(before.style.letters)) if before else (0.0, 0.0)
    place, runs = chars[0].place, list[TextRun]()
    x, y = place.get("x", x) + place.get("dx", 0.0), place.get("y", y) + place.get("dy", 0.0)
    start, anchor = x, chars[0].style.letters.anchor
    for number, char in enumerate(chars):
        if number and not char.place and char.style == runs[-1].style:
            runs[-1].chars.append(char.char)
            continue
        if number:
            x = runs[-1].x + runs[-1].width + char.place.get("dx", 0.0)
            y += char.place.get("dy", 0.0)
        runs.append(TextRun([char.char], char.style, x, y + _rise(char.style.letters)))
    moved = -anchor * (runs[-1].x + runs[-1].width - start)
    for run in runs:
        run.x += moved
    return runs


def _rise(letters: Letters) -> float:
    """Return how far under the y of a text the foot of its `letters` is, px."""
    face = _face(letters)
    shares = {
        "auto": 0.0,
        "middle": face.x_height / 2,
        "central": (face.ascent - face.descent) / 2,
        "hanging": _HANGING * face.ascent,
        "ascent": face.ascent,
        "descent": -face.descent,
    }
    return shares[letters.baseline] * letters.size
