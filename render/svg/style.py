"""Styles: properties to values, inherited as SVG does (SVG 1.1, chapters 6, 10 and 11)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .colour import BLACK, Colour, Current, Paint, read_colour, read_paint
from .document import Element
from .scan import Units, parse_number, split_list, url_fragment
from .vocabulary import property_hint

_RULES = {"nonzero": "nonzero", "evenodd": "evenodd"}
_CHOICES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "fill-rule": ("fill_rule", _RULES),
    "clip-rule": ("clip_rule", _RULES),
    "stroke-linejoin": (
        "join",
        {"miter": "mitre", "round": "round", "bevel": "bevel", "miter-clip": "mitre", "arcs": "mitre"},
    ),
    "stroke-linecap": ("cap", {"butt": "flat", "round": "round", "square": "square"}),
    "visibility": ("visible", {"visible": True, "hidden": False, "collapse": False}),
}
"""Properties of a few words: the field that each sets, and its words as shapely says them."""
_LETTER_CHOICES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "font-style": ("style", {word: word for word in ("normal", "italic", "oblique")}),
    "font-weight": (
        "weight",
        {"normal": 400, "bold": 700, "bolder": 700, "lighter": 300, **{str(n): n for n in range(100, 1000, 100)}},
    ),
    "text-anchor": ("anchor", {"start": 0.0, "middle": 0.5, "end": 1.0}),
    "dominant-baseline": (
        "baseline",
        {
            **{"auto": "auto", "alphabetic": "auto", "baseline": "auto"},
            **{word: word for word in ("middle", "central", "hanging")},
            **{"text-before-edge": "ascent", "text-top": "ascent"},
            **{"text-after-edge": "descent", "text-bottom": "descent", "ideographic": "descent"},
        },
    ),
    "xml:space": ("preserve", {"default": False, "preserve": True}),
    "white-space": ("preserve", {"normal": False, "nowrap": False, "pre": True, "pre-wrap": True}),
}
"""The same of text: the field of `Letters` that each sets."""
_FONT_SIZES = {
    **{"xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0},
    **{"xx-large": 32.0, "xxx-large": 48.0},
}
_DECORATIONS = ("underline", "overline", "line-through")
_MARKERS = ("marker-start", "marker-mid", "marker-end")
_MARKED = ("marker", *_MARKERS)
_UNDRAWN = {"filter": ("none",), "mix-blend-mode": ("normal",), "vector-effect": ("none",)}
"""Properties whose effects are not drawn, with the words that ask for none."""
_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Letters:
    """How text is set; all of it is inherited."""

    size: float = 16.0
    weight: int = 400
    style: str = "normal"
    anchor: float = 0.0
    """Which point of a text is at its x, as a share of its width."""
    baseline: str = "auto"
    """Which line of it is at its y: `auto` (the foot of letters), `middle`, `central`, `hanging`, `ascent` or
    `descent`."""
    preserve: bool = False
    """Tells that spaces stay as they are written."""
    spacing: float = 0.0
    """px between letters, over the font's own."""
    word_spacing: float = 0.0
    decorations: tuple[str, ...] = ()
    """`underline`, `overline` and `line-through`, those that are drawn."""


@dataclass(frozen=True, slots=True)
class SvgStyle:
    """What an element paints with."""

    fill: Paint = BLACK
    stroke: Paint = None
    fill_opacity: float = 1.0
    stroke_opacity: float = 1.0
    stroke_width: float = 1.0
    fill_rule: str = "nonzero"
    clip_rule: str = "nonzero"
    color: Colour = BLACK
    join: str = "mitre"
    cap: str = "flat"
    mitre_limit: float = 4.0
    dashes: tuple[float, ...] = ()
    """Lengths of dashes and gaps in turn, an even count; none where the line is whole."""
    dash_offset: float = 0.0
    stroke_first: bool = False
    """Tells that the fill is painted over the stroke."""
    markers: tuple[str | None, str | None, str | None] = (None, None, None)
    """Ids of the markers at the first, the middle and the last vertices."""
    letters: Letters = Letters()
    visible: bool = True
    displayed: bool = True
    """Not inherited: False where the element and all in it are not drawn."""
    opacity: float = 1.0
    """Not inherited: of the element and all in it together."""
    clip: str | None = None
    """Not inherited: id of the element's own clipPath."""
    mask: str | None = None
    """Not inherited: id of the element's own mask."""

    def solid(self, paint: Colour | Current) -> Colour:
        """Return the colour that a `paint` is on an element of this style."""
        return self.color if isinstance(paint, Current) else paint


def read_style(element: Element, parent: SvgStyle, units: Units) -> SvgStyle:
    """Return the style of `element`: its properties over those that it inherits of `parent`.

    Args:
        element: where it is written.
        parent: the style around it.
        units: those around it, with the font size of the parent.

    Raises:
        SvgError: a value is not understood.
    """
    properties = element.properties
    is_plain = parent.displayed and parent.opacity == 1 and parent.clip is None and parent.mask is None
    if not properties and is_plain:
        return parent
    new: dict[str, Any] = {"displayed": properties.get("display", "inline") != "none"}
    new["clip"] = _reference(element, "clip-path", properties.get("clip-path", "none"))
    new["mask"] = _reference(element, "mask", properties.get("mask", "none"))
    new["opacity"] = _opacity(element, "opacity", properties.get("opacity", "1"), units)
    _check_undrawn(element)
    if not properties:
        return replace(parent, **new)
    letters = _letters(element, parent.letters, units)
    units = units._replace(font_size=letters.size)
    new |= {"letters": letters, **_paints(element, parent, units), **_pen(element, units)}
    for name, (target, values) in _CHOICES.items():
        if properties.get(name, "inherit") != "inherit":
            new[target] = _choice(element, name, properties[name], values)
    if not properties.keys().isdisjoint(_MARKED):
        new["markers"] = _markers(element, parent.markers)
    return replace(parent, **new)


def _check_undrawn(element: Element) -> None:
    """Refuse effects that would change the picture and are not drawn."""
    for name, words in _UNDRAWN.items():
        value = element.properties.get(name, words[0])
        if value not in words:
            raise element.error(
                "attribute", f"{name} is {value[:_CHARACTERS]!r}, which is not drawn", property_hint(name)
            )


def _paints(element: Element, parent: SvgStyle, units: Units) -> dict[str, Any]:
    """Return what `element` fills and strokes with, as fields of its style."""
    properties, new = element.properties, dict[str, Any]()
    if "color" in properties:
        colour = read_colour(element, "color", properties["color"])
        new["color"] = parent.color if isinstance(colour, Current) else colour
    for name, target in (("fill", "fill"), ("stroke", "stroke")):
        if properties.get(name, "inherit") != "inherit":
            new[target] = read_paint(element, name, properties[name])
    for name, target in (("fill-opacity", "fill_opacity"), ("stroke-opacity", "stroke_opacity")):
        if name in properties:
            new[target] = _opacity(element, name, properties[name], units)
    if "paint-order" in properties:
        words = properties["paint-order"].split()
        new["stroke_first"] = "stroke" in words and ("fill" not in words or words.index("stroke") < words.index("fill"))
    return new


def _pen(element: Element, units: Units) -> dict[str, Any]:
    """Return how `element` is stroked, as fields of its style."""
    properties, new = element.properties, dict[str, Any]()
    if "stroke-width" in properties:
        new["stroke_width"] = units.length(element, "stroke-width", properties["stroke-width"])
        if new["stroke_width"] < 0:
            raise element.error("number", "stroke-width is negative", "write 0 or more")
    if "stroke-miterlimit" in properties:
        limit = parse_number(element, "stroke-miterlimit", properties["stroke-miterlimit"], units.limits)
        new["mitre_limit"] = max(1.0, limit)
    if "stroke-dasharray" in properties:
        new["dashes"] = _dashes(element, properties["stroke-dasharray"], units)
    if "stroke-dashoffset" in properties:
        new["dash_offset"] = units.length(element, "stroke-dashoffset", properties["stroke-dashoffset"])
    return new


def _markers(
    element: Element, parent: tuple[str | None, str | None, str | None]
) -> tuple[str | None, str | None, str | None]:
    """Return the markers of `element`, of which `marker` sets all three (SVG 1.1, 11.6.3)."""
    words = [element.properties.get(name, element.properties.get("marker", "inherit")) for name in _MARKERS]
    first, middle, last = (
        inherited if word == "inherit" else _reference(element, name, word)
        for name, word, inherited in zip(_MARKERS, words, parent, strict=True)
    )
    return first, middle, last


def _letters(element: Element, parent: Letters, units: Units) -> Letters:
    """Return how text of `element` is set. Every font family is accepted, and the bundled one is drawn (`glyphs`)."""
    properties, new = _with_font(element), dict[str, Any]()
    if "font-size" in properties:
        new["size"] = _font_size(element, properties["font-size"], parent.size, units)
    for name, (target, values) in _LETTER_CHOICES.items():
        if name in properties:
            new[target] = _choice(element, name, properties[name], values)
    own_units = units._replace(font_size=new.get("size", parent.size))
    for name, target in (("letter-spacing", "spacing"), ("word-spacing", "word_spacing")):
        if name in properties:
            word = properties[name]
            new[target] = 0.0 if word == "normal" else own_units.length(element, name, word)
    if "text-decoration" in properties:
        words = properties["text-decoration"].split()
        new["decorations"] = tuple(word for word in _DECORATIONS if word in words)
    return replace(parent, **new) if new else parent


def _with_font(element: Element) -> Mapping[str, str]:
    """Return the properties of `element` with its `font` as the properties that it stands for."""
    text = element.properties.get("font")
    if text is None:
        return element.properties
    written: dict[str, str] = {}
    for word in text.split()[:8]:
        if word in ("italic", "oblique"):
            written["font-style"] = word
        elif word in ("bold", "bolder", "lighter") or (word.isdecimal() and len(word) == 3):
            written["font-weight"] = word
        elif word[0].isdigit() or word[0] == "." or word.partition("/")[0] in _FONT_SIZES:
            written["font-size"] = word.partition("/")[0]
            break
    return written | element.properties


def _font_size(element: Element, text: str, parent_size: float, units: Units) -> float:
    """Return the font size that `text` names, px."""
    if text in ("larger", "smaller"):
        return parent_size * (1.2 if text == "larger" else 1 / 1.2)
    if text in _FONT_SIZES:
        return _FONT_SIZES[text]
    if text.endswith("%"):
        return parent_size * parse_number(element, "font-size", text[:-1], units.limits) / 100
    size = units._replace(font_size=parent_size).length(element, "font-size", text)
    if size < 0:
        raise element.error("number", "font-size is negative", "write 0 or more")
    return size


def _dashes(element: Element, text: str, units: Units) -> tuple[float, ...]:
    """Return the lengths of `stroke-dasharray`, an odd count of them twice; none where all are 0 (SVG 1.1, 11.4)."""
    if text in ("none", "0"):
        return ()
    lengths = [units.length(element, "stroke-dasharray", word) for word in split_list(text)]
    if not lengths or min(lengths) < 0:
        problem = f"stroke-dasharray is {text[:_CHARACTERS]!r}"
        raise element.error("style", problem, 'write lengths of dash and gap: stroke-dasharray="4 2"')
    return tuple(lengths) * (1 + len(lengths) % 2) if any(lengths) else ()


def _choice(element: Element, name: str, word: str, values: Mapping[str, Any]) -> Any:
    """Return the value of the property `name`, whose `word` is one of a few."""
    if word not in values:
        raise element.error("style", f"{name} is {word[:_CHARACTERS]!r}", f"allowed: {', '.join(values)}")
    return values[word]


def _reference(element: Element, name: str, text: str) -> str | None:
    """Return the id that the property `name` points to; None where its `text` is none."""
    if text == "none":
        return None
    reference = url_fragment(text)
    if reference is None:
        raise element.error("reference", f"{name} is {text[:_CHARACTERS]!r}", f'write {name}="url(#name)"')
    return reference


def _opacity(element: Element, name: str, text: str, units: Units) -> float:
    """Return an opacity from 0 to 1, a number or a share in %."""
    is_share = text.endswith("%")
    value = parse_number(element, name, text.removesuffix("%"), units.limits) / (100 if is_share else 1)
    return min(1.0, max(0.0, value))
