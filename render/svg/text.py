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

Along a <textPath> each letter stands upright on its middle's place on the path; those whose middle is beyond an end are
not drawn (10.13), and not read.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate

from shapely import MultiPolygon, Polygon, box, unary_union
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from ..glyphs import Font, Glyph, font
from .dash import MeasuredPath
from .document import Element
from .fill import fill_loops
from .scan import Units, split_list
from .style import Letters, SvgStyle, read_style

_ADVICE = "write Latin or Greek letters, digits and common signs"
_HANGING = 0.8
_PLACES = ("x", "y", "dx", "dy")
_SPANS = ("tspan", "textPath", "a")
_PATH_WORDS = {"method": "align", "side": "left"}
"""What is drawn of the ways in which letters may follow a path."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A path that letters stand on."""

    line: MeasuredPath
    offset: float
    """Where the first letter begins, along the path."""


ReadTrack = Callable[[Element, Units], Track]
"""Returns the path of a <textPath>, given the units in it."""


@dataclass(slots=True)
class _Char:
    char: str
    style: SvgStyle
    place: dict[str, float]
    """Of `x`, `y`, `dx`, `dy`, those that are set for it."""
    track: Track | None


@dataclass(slots=True)
class TextRun:
    """Letters in a row that are painted alike."""

    chars: list[str]
    style: SvgStyle
    x: float
    """Of the left end; along the track, where there is one."""
    y: float
    """Of the foot of letters; how far beside the track."""
    track: Track | None = None

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
        if self.track is not None:
            return self.region().bounds if self.text.strip() else (*self.track.line.piece(0.0, 0.0).points[0] * 2,)
        size = self.style.letters.size
        return (self.x, self.y - self.face.ascent * size, self.x + self.width, self.y + self.face.descent * size)

    def region(self) -> BaseGeometry:
        """Return what its letters cover, with lines that decorate them."""
        letters, glyph_regions = self.style.letters, list[BaseGeometry]()
        for glyph, x in zip(self.face.glyphs(self.text, letters.size), self.starts(), strict=True):
            glyph_shape = _glyph(self.face, glyph.name)
            if letters.size and not glyph_shape.is_empty:
                glyph_regions.append(affine_transform(glyph_shape, self._char_place(glyph, x)))
        width = self.width
        for word in letters.decorations if letters.size and width > 0 else ():
            middle, thickness = self.face.decorations[word]
            top = self.y - (middle + thickness / 2) * letters.size
            glyph_regions.append(box(self.x, top, self.x + width, top + thickness * letters.size))
        return unary_union(glyph_regions)

    def starts(self) -> list[float]:
        """Return where each letter begins, px."""
        before = accumulate(self._spacings(), initial=self.x)
        glyphs = self.face.glyphs(self.text, self.style.letters.size)
        return [glyph.x + moved_x for glyph, moved_x in zip(glyphs, before, strict=False)]

    def middles(self) -> list[float]:
        """Return where the middle of each letter is, px."""
        return [x + self._half(letter_char) for x, letter_char in zip(self.starts(), self.chars, strict=True)]

    def _half(self, letter_char: str) -> float:
        return self.face.advance(letter_char, self.style.letters.size) / 2

    def _char_place(self, glyph: Glyph, x: float) -> list[float]:
        """Return the matrix, as shapely takes it, that sets a `glyph` of size 1 which begins at `x`."""
        size = self.style.letters.size
        if self.track is None:
            return [size, 0.0, 0.0, size, x, self.y]
        half_width = self.face.width(glyph.name) * size / 2
        middle = self.track.line.piece(x + half_width, x + half_width)
        ((middle_x, middle_y),), (across, down) = middle.points, middle.heading
        left, foot = middle_x - across * half_width, middle_y - down * half_width
        return [size * across, -size * down, size * down, size * across, left - down * self.y, foot + across * self.y]

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
    read_track: ReadTrack
    track: Track | None = None
    """The path that is being followed."""
    chars: list[_Char] = field(default_factory=list)
    open_places: list[_Places] = field(default_factory=list)

    def read(self, element: Element, style: SvgStyle) -> None:
        """Collect what is in `element`; inner places go before outer ones."""
        self.open_places.append(self.places(element, style))
        for content_part in element.content:
            if isinstance(content_part, str):
                for letter_char in content_part:
                    self.take(letter_char, style)
            elif content_part.name in _SPANS:
                inner_style = read_style(content_part, style, self.units._replace(font_size=style.letters.size))
                _check_span(content_part, inner_style)
                if inner_style.displayed:
                    outer_track = self.track
                    if content_part.name == "textPath":
                        self.track = self._track(content_part, inner_style)
                    self.read(content_part, inner_style)
                    self.track = outer_track
        self.open_places.pop()

    def _track(self, element: Element, style: SvgStyle) -> Track:
        """Return the path of the <textPath> `element`, where its letters follow it in the usual way."""
        for attribute_name, usual_word in _PATH_WORDS.items():
            if element.attributes.get(attribute_name, usual_word) != usual_word:
                problem_text = f"{attribute_name} of <textPath> is {element.attributes[attribute_name][:40]!r}"
                raise element.error("attribute", problem_text, f'write {attribute_name}="{usual_word}"')
        if style.letters.decorations:
            hint_text = "leave text-decoration out, or draw the line as a <path>"
            raise element.error("attribute", "text-decoration along a <textPath> is not drawn", hint_text)
        return self.read_track(element, self.units._replace(font_size=style.letters.size))

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
        self.chars.append(_Char(letter_char, style, char_place, self.track))


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


def text_runs(element: Element, style: SvgStyle, length_units: Units, read_track: ReadTrack) -> list[TextRun]:
    """Return the letters of the <text> `element` in rows of the same paint, in its own coordinates.

    Args:
        element: the <text>.
        style: its own.
        length_units: those in it.
        read_track: returns the path of a <textPath> in it.

    Raises:
        SvgError: an attribute is not understood, or the font lacks a character.
    """
    reader = _CharReader(element, length_units, read_track)
    reader.read(element, style)
    chars = _without_gaps(element, reader.chars)
    if chars and chars[-1].char == " " and not chars[-1].style.letters.preserve:
        chars.pop()
    _check_letters(element, chars)
    line_runs: list[TextRun] = []
    for line_chars in _lines(chars):
        line_runs += _set_line(line_chars, line_runs[-1] if line_runs else None)
    return line_runs


def _without_gaps(element: Element, chars: list[_Char]) -> list[_Char]:
    """Return `chars` without the white space around a <textPath>; other letters there are refused."""
    if all(letter_char.track is None for letter_char in chars):
        return chars
    if any(letter_char.track is None and letter_char.char != " " for letter_char in chars):
        raise element.error("text", "letters stand beside a <textPath>", "write them in a <text> of their own")
    return [letter_char for letter_char in chars if letter_char.track is not None]


def _check_letters(element: Element, chars: Sequence[_Char]) -> None:
    for letter_char in chars:
        if _face(letter_char.style.letters).missing(letter_char.char):
            unicode_name = unicodedata.name(letter_char.char, "")
            problem_text = f"the font has no {letter_char.char!r}, U+{ord(letter_char.char):04X} {unicode_name}"
            raise element.error("letter", problem_text.strip(), _ADVICE)


def _lines(chars: Sequence[_Char]) -> list[list[_Char]]:
    """Return `chars` in chunks that are anchored together: each begins where x or y is set, or a path."""
    char_lines: list[list[_Char]] = []
    for letter_char in chars:
        is_moved = "x" in letter_char.place or ("y" in letter_char.place and letter_char.track is None)
        if not char_lines or is_moved or letter_char.track is not char_lines[-1][-1].track:
            char_lines.append([])
        char_lines[-1].append(letter_char)
    return char_lines


def _set_line(chars: Sequence[_Char], before: TextRun | None) -> list[TextRun]:
    """Return the runs of one chunk, which begins where the run `before` it ends unless its place is set."""
    x, y = (before.x + before.width, before.y - _rise(before.style.letters)) if before else (0.0, 0.0)
    char_place, line_runs, track = chars[0].place, list[TextRun](), chars[0].track
    if track is not None:
        x, y = track.offset + char_place.get("x", 0.0), 0.0
        char_place = {place_name: char_place[place_name] for place_name in ("dx", "dy") if place_name in char_place}
    x, y = char_place.get("x", x) + char_place.get("dx", 0.0), char_place.get("y", y) + char_place.get("dy", 0.0)
    start, anchor = x, chars[0].style.letters.anchor
    for char_number, letter_char in enumerate(chars):
        if char_number and not letter_char.place and letter_char.style == line_runs[-1].style:
            line_runs[-1].chars.append(letter_char.char)
            continue
        if char_number:
            x = line_runs[-1].x + line_runs[-1].width + letter_char.place.get("dx", 0.0)
            y += letter_char.place.get("dy", 0.0)
        foot = y + _rise(letter_char.style.letters)
        line_runs.append(TextRun([letter_char.char], letter_char.style, x, foot, track))
    moved_width = -anchor * (line_runs[-1].x + line_runs[-1].width - start)
    for run in line_runs:
        run.x += moved_width
    return line_runs if track is None else [part for run in line_runs for part in _on_track(run, track)]


def _on_track(run: TextRun, track: Track) -> Iterator[TextRun]:
    """Yield what of a `run` stands on its `track`: the letters whose middle is not beyond an end."""
    numbers = [number for number, middle in enumerate(run.middles()) if 0 <= middle <= track.line.length]
    if numbers:
        standing = slice(numbers[0], numbers[-1] + 1)
        yield TextRun(run.chars[standing], run.style, run.starts()[numbers[0]], run.y, track)


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
