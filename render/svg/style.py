"""Styles and transforms: attributes to values, inherited as SVG does."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from PIL import ImageColor

from .parse import INSTEAD, PAINT, Element, SvgLimits, number_list, parse_number

Matrix = tuple[float, float, float, float, float, float]
"""a b c d e f of SVG: x' = a x + c y + e, y' = b x + d y + f."""
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)

_TRANSFORM = re.compile(r"\s*([a-zA-Z]+)\s*\(([^()]*)\)\s*,?")
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_RGB = re.compile(r"rgb\(\s*(\d{1,3}%?)\s*,\s*(\d{1,3}%?)\s*,\s*(\d{1,3}%?)\s*\)")
_URL = re.compile(r"url\(\s*['\"]?#([^'\")\s]+)['\"]?\s*\)")
_RULES = {"nonzero": "nonzero", "evenodd": "evenodd"}
_CHOICES = {
    "fill-rule": ("fill_rule", _RULES),
    "clip-rule": ("clip_rule", _RULES),
    "stroke-linejoin": ("join", {"miter": "mitre", "round": "round", "bevel": "bevel"}),
    "stroke-linecap": ("cap", {"butt": "flat", "round": "round", "square": "square"}),
}
"""Properties of a few words: the field each sets, and its words as shapely says them."""
_LETTER_CHOICES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "font-style": ("style", {word: word for word in ("normal", "italic", "oblique")}),
    "font-weight": ("weight", {"normal": 400, "bold": 700, **{str(n): n for n in range(100, 1000, 100)}}),
    "text-anchor": ("anchor", {"start": 0.0, "middle": 0.5, "end": 1.0}),
    "dominant-baseline": (
        "baseline",
        {"auto": "auto", "alphabetic": "auto", **{word: word for word in ("middle", "central", "hanging")}},
    ),
    "xml:space": ("preserve", {"default": False, "preserve": True}),
}
"""The same of text: the field of `Letters` that each sets."""
_LETTERED = ("font-size", *_LETTER_CHOICES)
_MARKERS = ("marker-start", "marker-mid", "marker-end")
_MARKED = ("marker", *_MARKERS)


@dataclass(frozen=True, slots=True)
class Letters:
    """How text is set; all of it is inherited."""

    size: float = 16.0
    weight: int = 400
    style: str = "normal"
    anchor: float = 0.0
    """Which point of a text is at its x, as a share of its width."""
    baseline: str = "auto"
    """Which line of it is at its y: `auto` (the foot of letters), `middle`, `central` or `hanging`."""
    preserve: bool = False
    """Whether spaces stay as they are written."""


@dataclass(frozen=True, slots=True)
class Style:
    """What an element paints with; colours are `#rrggbb`, None paints nothing."""

    fill: str | None = "#000000"
    gradient: str | None = None
    """Id of the gradient that fills, in place of a colour."""
    stroke: str | None = None
    fill_shown: bool = True
    stroke_shown: bool = True
    """False where an opacity of 0 hides the paint, whatever its colour."""
    stroke_width: float = 1.0
    fill_rule: str = "nonzero"
    clip_rule: str = "nonzero"
    color: str = "#000000"
    join: str = "mitre"
    cap: str = "flat"
    mitre_limit: float = 4.0
    dashes: tuple[float, ...] = ()
    """Lengths of dashes and gaps in turn, an even count; none where the line is whole."""
    dash_offset: float = 0.0
    markers: tuple[str | None, str | None, str | None] = (None, None, None)
    """Ids of the markers at the first, the middle and the last vertices."""
    letters: Letters = Letters()
    visible: bool = True
    displayed: bool = True
    """Not inherited: False where the element and all in it are not drawn."""
    opaque: bool = True
    """Not inherited: False where an opacity of 0 hides the element and all in it, save in a clipPath."""
    clip: str | None = None
    """Not inherited: id of the element's own clipPath."""


def read_style(element: Element, parent: Style, limits: SvgLimits) -> Style:
    """The element's style: its `style` attribute over its attributes over its parent's style.

    Raises:
        SvgError: a property is unknown or its value not understood.
    """
    given = declared(element)
    if not given and parent.displayed and parent.opaque and parent.clip is None:
        return parent
    new: dict[str, Any] = {"displayed": given.get("display", "inline") != "none", "opaque": True}
    new["clip"] = _reference(element, "clip-path", given.get("clip-path", "none"))
    if "color" in given:
        new["color"] = read_paint(element, "color", given["color"], parent.color) or parent.color
    for name in ("fill", "stroke"):
        if given.get(name, "inherit") != "inherit":
            server = _URL.fullmatch(given[name]) if name == "fill" else None
            new[name] = None if server else read_paint(element, name, given[name], new.get("color", parent.color))
            if name == "fill":
                new["gradient"] = server.group(1) if server else None
    for name, target in (("opacity", "opaque"), ("fill-opacity", "fill_shown"), ("stroke-opacity", "stroke_shown")):
        if name in given:
            new[target] = _is_shown(element, name, given[name], limits)
    if "stroke-width" in given:
        new["stroke_width"] = parse_number(element, "stroke-width", given["stroke-width"].removesuffix("px"), limits)
        if new["stroke_width"] < 0:
            raise element.error("number", "stroke-width is negative", "write 0 or more")
    if "stroke-miterlimit" in given:
        new["mitre_limit"] = max(1.0, parse_number(element, "stroke-miterlimit", given["stroke-miterlimit"], limits))
    if given.get("stroke-dasharray", "inherit") != "inherit":
        new["dashes"] = _dashes(element, given["stroke-dasharray"], limits)
    if given.get("stroke-dashoffset", "inherit") != "inherit":
        text = given["stroke-dashoffset"].removesuffix("px")
        new["dash_offset"] = parse_number(element, "stroke-dashoffset", text, limits)
    for name, (target, values) in _CHOICES.items():
        if given.get(name, "inherit") != "inherit":
            new[target] = _choice(element, name, given[name], values)
    if "visibility" in given:
        new["visible"] = given["visibility"] == "visible"
    if not given.keys().isdisjoint(_MARKED):
        new["markers"] = _markers(element, given, parent.markers)
    if not given.keys().isdisjoint(_LETTERED):
        new["letters"] = _letters(element, given, parent.letters, limits)
    return replace(parent, **new)


def declared(element: Element) -> dict[str, str]:
    """The properties that an element sets: those of its `style` attribute over its attributes."""
    given = {name: value.strip() for name, value in element.attributes.items() if name in PAINT}
    return given | _declarations(element, given.pop("style", ""))


def _markers(
    element: Element, given: dict[str, str], parent: tuple[str | None, str | None, str | None]
) -> tuple[str | None, str | None, str | None]:
    """The markers, of which `marker` sets all three (SVG 1.1, 11.6.3)."""
    words = [given.get(name, given.get("marker", "inherit")) for name in _MARKERS]
    first, middle, last = (
        above if word == "inherit" else _reference(element, name, word)
        for name, word, above in zip(_MARKERS, words, parent, strict=True)
    )
    return first, middle, last


def _letters(element: Element, given: dict[str, str], parent: Letters, limits: SvgLimits) -> Letters:
    """How text is set. Every font family is accepted, and the bundled one is drawn (`font`)."""
    new: dict[str, Any] = {}
    if given.get("font-size", "inherit") != "inherit":
        new["size"] = parse_number(element, "font-size", given["font-size"].removesuffix("px"), limits)
        if new["size"] < 0:
            raise element.error("number", "font-size is negative", "write 0 or more")
    for name, (target, values) in _LETTER_CHOICES.items():
        if given.get(name, "inherit") != "inherit":
            new[target] = _choice(element, name, given[name], values)
    return replace(parent, **new)


def _dashes(element: Element, text: str, limits: SvgLimits) -> tuple[float, ...]:
    """The lengths of `stroke-dasharray`, an odd count of them twice; none where all are 0 (SVG 1.1, 11.4)."""
    if text == "none":
        return ()
    found = number_list(element, "stroke-dasharray", re.sub(r"(?<=[\d.])px\b", "", text), limits)
    if not found or min(found) < 0:
        what = f"stroke-dasharray is {text[:40]!r}"
        raise element.error("style", what, 'write lengths of dash and gap: stroke-dasharray="4 2"')
    return tuple(found) * (1 + len(found) % 2) if any(found) else ()


def _choice(element: Element, name: str, word: str, values: Mapping[str, Any]) -> Any:
    """The value of a property that takes one of a few words."""
    if word not in values:
        raise element.error("style", f"{name} is {word[:40]!r}", f"allowed: {', '.join(values)}")
    return values[word]


def _declarations(element: Element, text: str) -> dict[str, str]:
    """The properties of a `style` attribute."""
    found = {}
    for part in filter(str.strip, text.split(";")):
        name, colon, value = part.partition(":")
        name = name.strip()
        if not colon or name not in PAINT or name in ("style", "transform", "id", "xml:space"):
            what = f"style has {part.strip()[:40]!r}, which is not understood"
            raise element.error("style", what, INSTEAD.get(name, "use attributes"))
        found[name] = value.strip()
    return found


def _reference(element: Element, name: str, value: str) -> str | None:
    """The id that a property points to."""
    if value == "none":
        return None
    match = _URL.fullmatch(value)
    if match is None:
        raise element.error("reference", f"{name} is {value[:40]!r}", f'write {name}="url(#name)"')
    return match.group(1)


def read_paint(element: Element, name: str, value: str, current: str) -> str | None:
    """A colour as `#rrggbb`, or None where nothing is painted.

    Args:
        element: where it is written.
        name: of the property.
        value: as it is written.
        current: what `currentColor` is.

    Raises:
        SvgError: it is no colour.
    """
    lowered = value.lower()
    if lowered in ("none", "transparent"):
        return None
    if lowered == "currentcolor":
        return current
    if match := _RGB.fullmatch(lowered):
        parts = [min(255, (int(p[:-1]) * 255 + 50) // 100 if p.endswith("%") else int(p)) for p in match.groups()]
        return "#" + "".join(f"{part:02x}" for part in parts)
    if _HEX.fullmatch(value) or lowered in ImageColor.colormap:
        return "#" + "".join(f"{part:02x}" for part in ImageColor.getrgb(value)[:3])
    if lowered.startswith("url"):
        hint = 'write fill="url(#name)"' if name == "fill" else "use one colour"
        what = "which is no id of this drawing" if name == "fill" else "and only fill may be a gradient"
        raise element.error("paint", f"{name} is {value[:40]!r}, {what}", hint)
    raise element.error("colour", f"{name} is {value[:40]!r}, which is no colour", 'use a CSS name or "#rrggbb"')


def _is_shown(element: Element, name: str, text: str, limits: SvgLimits) -> bool:
    """Opacity 1 changes nothing and 0 paints nothing; between them a colour would not be what is seen."""
    value = parse_number(element, name, text, limits)
    if 0 < value < 1:
        raise element.error("opacity", f"{name} is {text[:20]}; only opaque paint is allowed", "leave it out")
    return value > 0


# --- transforms ----------------------------------------------------------------------------------------------


def multiply(first: Matrix, second: Matrix) -> Matrix:
    """The transform that does `second` and then `first`."""
    if second == IDENTITY:
        return first
    a, b, c, d, e, f = first
    g, h, i, j, k, m = second
    return (a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * m + e, b * k + d * m + f)


def read_transform(element: Element, limits: SvgLimits, name: str = "transform") -> Matrix:
    """The element's own transform, or another attribute that is written like it.

    Raises:
        SvgError: it is not understood.
    """
    text = element.attributes.get(name, "").strip()
    matrix, position = IDENTITY, 0
    while position < len(text):
        match = _TRANSFORM.match(text, position)
        if match is None:
            raise element.error("transform", f"{name} is not understood at {text[position : position + 30]!r}")
        values = number_list(element, name, match.group(2), limits)
        matrix = multiply(matrix, _single(element, match.group(1), values))
        position = match.end()
    if any(abs(value) > limits.max_number for value in matrix):
        raise element.error("number", f"the {name} is too large")
    return matrix


def _single(element: Element, name: str, v: list[float]) -> Matrix:
    count = len(v)
    if name == "matrix" and count == 6:
        return (v[0], v[1], v[2], v[3], v[4], v[5])
    if name == "translate" and count in (1, 2):
        return (1.0, 0.0, 0.0, 1.0, v[0], v[1] if count == 2 else 0.0)
    if name == "scale" and count in (1, 2):
        return (v[0], 0.0, 0.0, v[-1], 0.0, 0.0)
    if name == "rotate" and count in (1, 3):
        cos, sin = math.cos(math.radians(v[0])), math.sin(math.radians(v[0]))
        turn = (cos, sin, -sin, cos, 0.0, 0.0)
        if count == 1:
            return turn
        there, back = (1.0, 0.0, 0.0, 1.0, v[1], v[2]), (1.0, 0.0, 0.0, 1.0, -v[1], -v[2])
        return multiply(multiply(there, turn), back)
    if name == "skewX" and count == 1:
        return (1.0, 0.0, math.tan(math.radians(v[0])), 1.0, 0.0, 0.0)
    if name == "skewY" and count == 1:
        return (1.0, math.tan(math.radians(v[0])), 0.0, 1.0, 0.0, 0.0)
    what = f"{name}({', '.join(map(str, v))[:40]}) is not understood"
    raise element.error("transform", what, "use translate, scale, rotate")
