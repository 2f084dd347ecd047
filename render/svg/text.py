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
        """The number of vertices of its letters, each at least one."""
        return sum(max(1, _vertex_count(self.face, glyph.name)) for glyph in self.face.glyphs(self.text, 1.0))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the boxes of its letters, in which gradients are measured."""
        size = self.style.letters.size
        return (self.x, self.y - self.face.ascent * size, self.x + self.width, self.y + self.face.descent * size)

    def region(self) -> BaseGeometry:
        """Return what its letters cover, with lines that decorate them."""
        letters, glyph_regions, moved_width = self.style.letters, list[BaseGeometry](), 0.0
        spacings = self._spacings()
        for glyph, spacing in zip(self.face.glyphs(self.text, letters.size), spacings, strict=True):
            glyph_shape = _glyph(self.face, glyph.name)
            if letters.size and not glyph_shape.is_empty:
                char_place = [letters.size, 0.0, 0.0, letters.size, self.x + glyph.x + moved_width, self.y]
                glyph_regions.append(affine_transform(glyph_shape, char_place))
            moved_width += spacing
        width = self.width
        for word in letters.decorations if letters.size and width > 0 else ():
            middle, thickness = self.face.decorations[word]
            top = self.y - (middle + thickness / 2) * letters.size
            glyph_regions.append(box(self.x, top, self.x + width, top + thickness * letters.size))
        return unary_union(glyph_regions)

    def _spacings(self) -> list[float]:
        """Return the room after each letter beyond the font's own."""
        letters = self.style.letters
        return [letters.spacing + (letters.word_spacing if letter_char == " " else 0.0) for letter_char in self.chars]


def _face(letters: Letters) -> Font:
    return font(letters.weight, letters.style)


@lru_cache(maxsize=4096)
def _glyph(face: Font, glyph_name: str) -> Polygon | MultiPolygon:
    """Return what the glyph `glyph_name` of a `face` covers at font size 1."""
    return fill_loops([[(float(x), float(y)) for x, y in loop] for loop in face.glyph_loops(glyph_name)], "nonzero")


def _vertex_count(face: Font, glyph_name: str) -> int:
    return sum(map(len, face.glyph_loops(glyph_name)))


@dataclass(slots=True)
class _Places:
    """The places that an open element sets, and how many of its characters are read."""

    values: dict[str, list[float]]
    count: int = 0

    def take(self) -> Iterator[tuple[str, float]]:
        """Yield what is set for the next character."""
        for place_name, place_values in self.values.items():
            if self.count < len(place_values):
                yield place_name, place_values[self.count]
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
        for content_part in element.content:
            if isinstance(content_part, str):
                for letter_char in content_part:
                    self.take(letter_char, style)
            elif content_part.name in _STYLED:
                inner_style = read_style(content_part, style, self.units._replace(font_size=style.letters.size))
                _check_span(content_part, inner_style)
                if inner_style.displayed:
                    self.read(content_part, inner_style)
        self.open_places.pop()

    def places(self, element: Element, style: SvgStyle) -> _Places:
        """Return the lists of x, y, dx and dy that `element` sets, a value for each of its characters."""
        length_units, place_values = self.units._replace(font_size=style.letters.size), dict[str, list[float]]()
        for place_name in _PLACES:
            if place_name in element.attributes and element.name != "a":
                value_words = split_list(element.attributes[place_name])
                if not value_words:
                    raise element.error("number", f"{place_name} of <{element.name}> is empty", "write a number")
                place_values[place_name] = [length_units.length(element, place_name, word) for word in value_words]
        return _Places(place_values)

    def take(self, letter_char: str, style: SvgStyle) -> None:
        """Add a `letter_char`, where white space does not drop it."""
        if letter_char in "\r\n":
            if not style.letters.preserve:
                return
            letter_char = " "
        letter_char = " " if letter_char == "\t" else letter_char
        if letter_char == " " and not style.letters.preserve and (not self.chars or self.chars[-1].char == " "):
            return
        if len(self.chars) > self.units.limits.max_glyph_points:
            problem_text = f"the letters of all text have more than {self.units.limits.max_glyph_points} points"
            raise self.element.error("size", problem_text, "write less")
        char_place = {place_name: value for places in self.open_places for place_name, value in places.take()}
        self.chars.append(_Char(letter_char, style, char_place))


def _check_span(element: Element, style: SvgStyle) -> None:
    """Refuse what can hold of a whole <text> only."""
    for property_name, is_set in (
        ("transform", "transform" in element.attributes or "transform" in element.properties),
        ("clip-path", style.clip is not None),
        ("mask", style.mask is not None),
    ):
        if is_set:
            problem_text = f"{property_name} on <{element.name}> is not allowed"
            raise element.error("attribute", problem_text, f"write {property_name} on the <text>")


def text_runs(element: Element, style: SvgStyle, length_units: Units) -> list[TextRun]:
    """Return the letters of the <text> `element` in rows of the same paint, in its own coordinates.

    Raises:
        SvgError: an attribute is not understood, or the font lacks a character.
    """
    reader = _CharReader(element, length_units)
    reader.read(element, style)
    chars = reader.chars
    if chars and chars[-1].char == " " and not chars[-1].style.letters.preserve:
        chars.pop()
    _check_letters(element, chars)
    line_runs: list[TextRun] = []
    for line_chars in _lines(chars):
        line_runs += _set_line(line_chars, line_runs[-1] if line_runs else None)
    return line_runs


def _check_letters(element: Element, chars: Sequence[_Char]) -> None:
    for letter_char in chars:
        if _face(letter_char.style.letters).missing(letter_char.char):
            unicode_name = unicodedata.name(letter_char.char, "")
            problem_text = f"the font has no {letter_char.char!r}, U+{ord(letter_char.char):04X} {unicode_name}"
            raise element.error("letter", problem_text.strip(), _ADVICE)


def _lines(chars: Sequence[_Char]) -> list[list[_Char]]:
    """Return `chars` in chunks that are anchored together: each begins where x or y is set."""
    char_lines: list[list[_Char]] = []
    for letter_char in chars:
        if not char_lines or "x" in letter_char.place or "y" in letter_char.place:
            char_lines.append([])
        char_lines[-1].append(letter_char)
    return char_lines


def _set_line(chars: Sequence[_Char], before: TextRun | None) -> list[TextRun]:
    """Return the runs of one chunk, which begins where the run `before` it ends unless its place is set."""
    x, y = (before.x + before.width, before.y - _rise(before.style.letters)) if before else (0.0, 0.0)
    char_place, line_runs = chars[0].place, list[TextRun]()
    x, y = char_place.get("x", x) + char_place.get("dx", 0.0), char_place.get("y", y) + char_place.get("dy", 0.0)
    start, anchor = x, chars[0].style.letters.anchor
    for char_number, letter_char in enumerate(chars):
        if char_number and not letter_char.place and letter_char.style == line_runs[-1].style:
            line_runs[-1].chars.append(letter_char.char)
            continue
        if char_number:
            x = line_runs[-1].x + line_runs[-1].width + letter_char.place.get("dx", 0.0)
            y += letter_char.place.get("dy", 0.0)
        line_runs.append(TextRun([letter_char.char], letter_char.style, x, y + _rise(letter_char.style.letters)))
    moved_width = -anchor * (line_runs[-1].x + line_runs[-1].width - start)
    for run in line_runs:
        run.x += moved_width
    return line_runs


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
