"""Strict SVG parsing: what a model may write, and words for what it may not.

The text is read by expat, which fetches nothing; document types, entities and processing instructions are refused
where they begin, so none is ever expanded.
"""

import difflib
import math
import re
from dataclasses import dataclass, field
from xml.parsers import expat

from ..outcome import Rejected


@dataclass(frozen=True, kw_only=True, slots=True)
class SvgLimits:
    """How much a program may ask for."""

    max_bytes: int = 20_000
    """UTF-8 bytes of the text."""
    max_elements: int = 200
    """Elements in the text."""
    max_depth: int = 12
    """Nesting, `use` included."""
    max_points: int = 4_000
    """Vertices of all outlines together, curves flattened."""
    max_painted: int = 200
    """Painted things after `use` is expanded."""
    max_canvas: float = 1024.0
    """Width and height, px."""
    max_crossings: int = 500
    """How often the lines of one shape may cross."""
    max_overlay_crossings: int = 20_000
    """How often the outlines of two things may cross, one of which clips or hides the other."""
    max_overlay_points: int = 1_500_000
    """Vertices of all regions that are laid over others, counted each time."""
    max_dashes: int = 500
    """Dashes of all outlines together."""
    max_glyph_points: int = 30_000
    """Vertices of all letters together, each letter at least one: some 800 letters of plain text."""
    max_number: float = 100_000.0
    """Magnitude of any number."""


class SvgError(Exception):
    """Carries the rejection of a text to the front end's boundary."""

    def __init__(self, code: str, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.rejected = Rejected(code, reason, hint)


@dataclass(slots=True)
class Element:
    """An element of the document."""

    name: str
    attributes: dict[str, str]
    line: int
    children: list["Element"] = field(default_factory=list)
    content: list["str | Element"] = field(default_factory=list)
    """Of <text> and <tspan>: characters and elements as they follow each other."""

    def error(self, code: str, what: str, hint: str = "") -> SvgError:
        """An error that says where it is."""
        return SvgError(code, f"line {self.line}: {what}", hint)


PAINT = (
    *("fill", "stroke", "stroke-width", "stroke-linejoin", "stroke-linecap", "stroke-miterlimit", "color"),
    *("opacity", "fill-opacity", "stroke-opacity", "fill-rule", "clip-rule", "clip-path", "display", "visibility"),
    *("stroke-dasharray", "stroke-dashoffset", "style", "transform", "id"),
    *("font-family", "font-size", "font-style", "font-weight", "text-anchor", "dominant-baseline", "xml:space"),
    *("stop-color", "stop-opacity", "marker", "marker-start", "marker-mid", "marker-end"),
)
_GRADIENT = ("gradientUnits", "gradientTransform", "spreadMethod", "href")
_LETTERS = ("x", "y", "dx", "dy")
OWN: dict[str, tuple[str, ...]] = {
    "svg": ("x", "y", "width", "height", "viewBox", "version", "preserveAspectRatio", "overflow"),
    "g": (),
    "defs": (),
    "use": ("href", "x", "y", "width", "height"),
    "clipPath": ("clipPathUnits",),
    "circle": ("cx", "cy", "r"),
    "ellipse": ("cx", "cy", "rx", "ry"),
    "rect": ("x", "y", "width", "height", "rx", "ry"),
    "line": ("x1", "y1", "x2", "y2"),
    "polyline": ("points",),
    "polygon": ("points",),
    "path": ("d",),
    "text": _LETTERS,
    "tspan": _LETTERS,
    "linearGradient": ("x1", "y1", "x2", "y2", *_GRADIENT),
    "radialGradient": ("cx", "cy", "r", "fx", "fy", *_GRADIENT),
    "stop": ("offset",),
    "marker": (
        *("viewBox", "preserveAspectRatio", "overflow", "refX", "refY"),
        *("markerWidth", "markerHeight", "markerUnits", "orient"),
    ),
    "title": (),
    "desc": (),
}
"""Allowed elements with their own attributes; every element also takes those of `PAINT`."""

NOTES = ("title", "desc")
"""Elements that say something and draw nothing."""
GRADIENTS = ("linearGradient", "radialGradient")
_TEXT = ("text", "tspan")
_HOLDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("use", "circle", "ellipse", "rect", "line", "polyline", "polygon", "path", "stop"), NOTES),
    **dict.fromkeys(_TEXT, ("tspan", *NOTES)),
    **dict.fromkeys(GRADIENTS, ("stop", *NOTES)),
}
"""For elements that cannot hold all others: those they can."""
_WITHIN = {"tspan": _TEXT, "stop": GRADIENTS}
"""For elements that mean something in some others only: those."""

_ONE_COLOUR = "fill with one colour or a gradient"
_SPACED = "write one <text> for each part, with its own x"
INSTEAD = {
    "pattern": _ONE_COLOUR,
    **dict.fromkeys(("textPath", "tref", "rotate", "textLength", "lengthAdjust"), _SPACED),
    **dict.fromkeys(("letter-spacing", "word-spacing"), _SPACED),
    "alignment-baseline": "write dominant-baseline on the <text>",
    "baseline-shift": "write dy",
    "text-decoration": "draw a <line>",
    "font": "write font-size, font-weight and font-style",
    "mask": "cut with a clipPath",
    "filter": "draw it without effects",
    "style": 'write attributes, such as fill="red"',
    "class": 'write attributes, such as fill="red"',
    "symbol": "write <g> in <defs>",
    "image": "draw with shapes",
}
"""For elements and attributes that models often write: what to write in their place."""
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"

_XML_HINTS = {
    expat.errors.XML_ERROR_TAG_MISMATCH: "close every element, the innermost first",
    expat.errors.XML_ERROR_NO_ELEMENTS: "close every element",
    expat.errors.XML_ERROR_UNBOUND_PREFIX: "write href instead of xlink:href",
    expat.errors.XML_ERROR_UNDEFINED_ENTITY: "write the character itself",
    expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT: "write nothing after </svg>",
    expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE: "write each attribute once",
}


class _Reader:
    """Builds the tree from expat's events, refusing at the first thing that is not allowed."""

    def __init__(self, limits: SvgLimits) -> None:
        self._limits = limits
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.ProcessingInstructionHandler = self._instruction
        self._open: list[Element] = []
        self._count = 0
        self.root: Element | None = None

    def read(self, text: bytes) -> Element:
        try:
            self._parser.Parse(text, True)
        except expat.ExpatError as error:
            what = expat.errors.messages[error.code]
            hint = _XML_HINTS.get(what, "write one well-formed <svg> element")
            raise SvgError("xml", f"line {error.lineno}, column {error.offset + 1}: {what}", hint) from error
        if self.root is None:
            raise SvgError("xml", "line 1: there is no element", "write one <svg> element")
        return self.root

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber

    def _doctype(self, *_: object) -> None:
        raise SvgError("doctype", f"line {self._line}: a document type is not allowed", "begin with <svg")

    def _instruction(self, target: str, _: str) -> None:
        raise SvgError("instruction", f"line {self._line}: <?{target}?> is not allowed", "begin with <svg")

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        space, _, name = qualified.rpartition(" ")
        self._count += 1
        if space not in ("", _SVG) or name not in OWN:
            close = difflib.get_close_matches(name, OWN, n=1)
            guess = f"did you mean <{close[0]}>?" if close else f"allowed: {', '.join(OWN)}"
            hint = INSTEAD.get(name, guess)
            raise SvgError("element", f"line {self._line}: element <{name[:40]}> is not allowed", hint)
        if self._count > self._limits.max_elements:
            raise SvgError("size", f"line {self._line}: more than {self._limits.max_elements} elements", "draw less")
        if len(self._open) >= self._limits.max_depth:
            what = f"line {self._line}: nested deeper than {self._limits.max_depth}"
            raise SvgError("depth", what, "flatten the groups")
        element = Element(name, self._checked(name, attributes), self._line)
        if self._open:
            self._append(element)
        elif name != "svg":
            raise element.error("root", f"the outermost element is <{name}>", "begin with <svg")
        else:
            self.root = element
        self._open.append(element)

    def _append(self, element: Element) -> None:
        """Put an element into the innermost open one, where both are made for that."""
        name, above = element.name, self._open[-1]
        if name not in _HOLDS.get(above.name, OWN) or above.name not in _WITHIN.get(name, OWN):
            places = _WITHIN.get(name)
            hint = f"write it in <{places[0]}>" if places else f"close <{above.name}> before it"
            raise element.error("nesting", f"<{name}> in <{above.name}> is not allowed", hint)
        above.children.append(element)
        if above.name in _TEXT:
            above.content.append(element)

    def _checked(self, name: str, attributes: dict[str, str]) -> dict[str, str]:
        """The attributes without namespaces, all of them allowed."""
        allowed, found = (*OWN[name], *PAINT), {}
        for qualified, value in attributes.items():
            space, _, attribute = qualified.rpartition(" ")
            if (space, attribute) == (_XML, "space"):
                space, attribute = "", "xml:space"
            if attribute not in allowed or space not in ("", _XLINK):
                close = difflib.get_close_matches(attribute, allowed, n=1)
                hint = INSTEAD.get(attribute, f"did you mean {close[0]}?" if close else "remove it")
                raise SvgError("attribute", f"line {self._line}: <{name}> has no attribute {attribute[:40]}", hint)
            found[attribute] = value
        return found

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, data: str) -> None:
        if not self._open or (above := self._open[-1]).name in NOTES:
            return
        if above.name in _TEXT:
            above.content.append(data)
        elif data.strip():
            raise SvgError("text", f"line {self._line}: text in <{above.name}> draws nothing", "write it in <text>")


def parse_svg(text: str, limits: SvgLimits) -> Element:
    """The document's tree.

    Raises:
        SvgError: the text is not allowed; its `rejected` says why.
    """
    if not text.strip():
        raise SvgError("empty", "the program is empty", "write one <svg> element")
    if too_long := oversize(text, limits):
        raise SvgError(too_long.code, too_long.reason, too_long.hint)
    return _Reader(limits).read(encoded(text))


def encoded(text: str) -> bytes:
    """The text as UTF-8; lone surrogates, which are no XML characters in any case, become question marks."""
    return text.encode("utf-8", "replace")


def oversize(text: str, limits: SvgLimits) -> Rejected | None:
    """The rejection of a text that is too long to be read at all."""
    size = len(text) if len(text) > limits.max_bytes else len(encoded(text))
    if size <= limits.max_bytes:
        return None
    return Rejected("size", f"the program has {size} bytes, at most {limits.max_bytes} are read", "draw less")


def number(element: Element, name: str, limits: SvgLimits, default: float | None = 0.0) -> float:
    """An attribute as a number; `px` may follow it.

    Raises:
        SvgError: it is missing without a default, no number, or too large.
    """
    text = element.attributes.get(name)
    if text is None:
        if default is None:
            hint = 'write viewBox="0 0 64 64"' if element.name == "svg" else ""
            raise element.error("attribute", f"<{element.name}> needs {name}", hint)
        return default
    return parse_number(element, name, text.strip().removesuffix("px"), limits)


def parse_number(element: Element, name: str, text: str, limits: SvgLimits) -> float:
    """A text as a finite number within the limits."""
    if not _NUMBER.fullmatch(text.strip()):
        what = f"{name} of <{element.name}> is {text[:40]!r}, not a number"
        raise element.error("number", what, "write a plain number")
    value = float(text)
    if not math.isfinite(value) or abs(value) > limits.max_number:
        raise element.error("number", f"{name} of <{element.name}> is {text[:40]}, too large")
    return value


def number_list(element: Element, name: str, text: str, limits: SvgLimits) -> list[float]:
    """Numbers apart by spaces and commas."""
    parts = [part for part in re.split(r"[\s,]+", text.strip()) if part]
    if len(parts) > 2 * limits.max_points:
        raise element.error("size", f"{name} has {len(parts)} numbers", "draw less")
    return [parse_number(element, name, part, limits) for part in parts]
