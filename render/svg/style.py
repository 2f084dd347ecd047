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
    """The setting of text; all of it is inherited."""

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
    """The style of an element: its paints, pen and letters."""

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


def read_style(element: Element, parent_style: SvgStyle, length_units: Units) -> SvgStyle:
    """Return the style of `element`: its properties over those that it inherits of `parent_style`.

    Args:
        element: where it is written.
        parent_style: the style around it.
        length_units: those around it, with the font size of the parent.

    Raises:
        SvgError: a value is not understood.
    """
    properties = element.properties
    is_plain = (
        parent_style.displayed and parent_style.opacity == 1 and parent_style.clip is None and parent_style.mask is None
    )
    if not properties and is_plain:
        return parent_style
    new_fields: dict[str, Any] = {"displayed": properties.get("display", "inline") != "none"}
    new_fields["clip"] = _reference(element, "clip-path", properties.get("clip-path", "none"))
    new_fields["mask"] = _reference(element, "mask", properties.get("mask", "none"))
    new_fields["opacity"] = _opacity(element, "opacity", properties.get("opacity", "1"), length_units)
    _check_undrawn(element)
    if not properties:
        return replace(parent_style, **new_fields)
    letters = _letters(element, parent_style.letters, length_units)
    length_units = length_units._replace(font_size=letters.size)
    new_fields |= {"letters": letters, **_paints(element, parent_style, length_units), **_pen(element, length_units)}
    for property_name, (field_name, choice_values) in _CHOICES.items():
        if properties.get(property_name, "inherit") != "inherit":
            new_fields[field_name] = _choice(element, property_name, properties[property_name], choice_values)
    if not properties.keys().isdisjoint(_MARKED):
        new_fields["markers"] = _markers(element, parent_style.markers)
    return replace(parent_style, **new_fields)


def _check_undrawn(element: Element) -> None:
    """Refuse effects that would change the picture and are not drawn."""
    for property_name, property_words in _UNDRAWN.items():
        value = element.properties.get(property_name, property_words[0])
        if value not in property_words:
            raise element.error(
                "attribute",
                f"{property_name} is {value[:_CHARACTERS]!r}, which is not drawn",
                property_hint(property_name),
            )


def _paints(element: Element, parent_style: SvgStyle, length_units: Units) -> dict[str, Any]:
    """Return what `element` fills and strokes with, as fields of its style."""
    properties, new_fields = element.properties, dict[str, Any]()
    if "color" in properties:
        colour = read_colour(element, "color", properties["color"])
        new_fields["color"] = parent_style.color if isinstance(colour, Current) else colour
    for property_name, field_name in (("fill", "fill"), ("stroke", "stroke")):
        if properties.get(property_name, "inherit") != "inherit":
            new_fields[field_name] = read_paint(element, property_name, properties[property_name])
    for property_name, field_name in (("fill-opacity", "fill_opacity"), ("stroke-opacity", "stroke_opacity")):
        if property_name in properties:
            new_fields[field_name] = _opacity(element, property_name, properties[property_name], length_units)
    if "paint-order" in properties:
        property_words = properties["paint-order"].split()
        new_fields["stroke_first"] = "stroke" in property_words and (
            "fill" not in property_words or property_words.index("stroke") < property_words.index("fill")
        )
    return new_fields


def _pen(element: Element, length_units: Units) -> dict[str, Any]:
    """Return how `element` is stroked, as fields of its style."""
    properties, new_fields = element.properties, dict[str, Any]()
    if "stroke-width" in properties:
        new_fields["stroke_width"] = length_units.length(element, "stroke-width", properties["stroke-width"])
        if new_fields["stroke_width"] < 0:
            raise element.error("number", "stroke-width is negative", "write 0 or more")
    if "stroke-miterlimit" in properties:
        limit = parse_number(element, "stroke-miterlimit", properties["stroke-miterlimit"], length_units.limits)
        new_fields["mitre_limit"] = max(1.0, limit)
    if "stroke-dasharray" in properties:
        new_fields["dashes"] = _dashes(element, properties["stroke-dasharray"], length_units)
    if "stroke-dashoffset" in properties:
        new_fields["dash_offset"] = length_units.length(element, "stroke-dashoffset", properties["stroke-dashoffset"])
    return new_fields


def _markers(
    element: Element, parent_style: tuple[str | None, str | None, str | None]
) -> tuple[str | None, str | None, str | None]:
    """Return the markers of `element`, of which `marker` sets all three (SVG 1.1, 11.6.3)."""
    property_words = [
        element.properties.get(property_name, element.properties.get("marker", "inherit")) for property_name in _MARKERS
    ]
    first_marker, middle_marker, last_marker = (
        outer_marker if property_word == "inherit" else _reference(element, property_name, property_word)
        for property_name, property_word, outer_marker in zip(_MARKERS, property_words, parent_style, strict=True)
    )
    return first_marker, middle_marker, last_marker


def _letters(element: Element, parent_style: Letters, length_units: Units) -> Letters:
    """Return how text of `element` is set. Every font family is accepted, and the bundled one is drawn (`glyphs`)."""
    properties, new_fields = _with_font(element), dict[str, Any]()
    if "font-size" in properties:
        new_fields["size"] = _font_size(element, properties["font-size"], parent_style.size, length_units)
    for property_name, (field_name, choice_values) in _LETTER_CHOICES.items():
        if property_name in properties:
            new_fields[field_name] = _choice(element, property_name, properties[property_name], choice_values)
    own_units = length_units._replace(font_size=new_fields.get("size", parent_style.size))
    for property_name, field_name in (("letter-spacing", "spacing"), ("word-spacing", "word_spacing")):
        if property_name in properties:
            property_word = properties[property_name]
            new_fields[field_name] = (
                0.0 if property_word == "normal" else own_units.length(element, property_name, property_word)
            )
    if "text-decoration" in properties:
        property_words = properties["text-decoration"].split()
        new_fields["decorations"] = tuple(
            property_word for property_word in _DECORATIONS if property_word in property_words
        )
    return replace(parent_style, **new_fields) if new_fields else parent_style


def _with_font(element: Element) -> Mapping[str, str]:
    """Return the properties of `element` with its `font` as the properties that it stands for."""
    property_text = element.properties.get("font")
    if property_text is None:
        return element.properties
    font_properties: dict[str, str] = {}
    for property_word in property_text.split()[:8]:
        if property_word in ("italic", "oblique"):
            font_properties["font-style"] = property_word
        elif property_word in ("bold", "bolder", "lighter") or (property_word.isdecimal() and len(property_word) == 3):
            font_properties["font-weight"] = property_word
        elif property_word[0].isdigit() or property_word[0] == "." or property_word.partition("/")[0] in _FONT_SIZES:
            font_properties["font-size"] = property_word.partition("/")[0]
            break
    return font_properties | element.properties


def _font_size(element: Element, property_text: str, parent_size: float, length_units: Units) -> float:
    """Return the font size that `property_text` names, px."""
    if property_text in ("larger", "smaller"):
        return parent_size * (1.2 if property_text == "larger" else 1 / 1.2)
    if property_text in _FONT_SIZES:
        return _FONT_SIZES[property_text]
    if property_text.endswith("%"):
        return parent_size * parse_number(element, "font-size", property_text[:-1], length_units.limits) / 100
    font_size = length_units._replace(font_size=parent_size).length(element, "font-size", property_text)
    if font_size < 0:
        raise element.error("number", "font-size is negative", "write 0 or more")
    return font_size


def _dashes(element: Element, property_text: str, length_units: Units) -> tuple[float, ...]:
    """Return the lengths of `stroke-dasharray`, an odd count of them twice; none where all are 0 (SVG 1.1, 11.4)."""
    if property_text in ("none", "0"):
        return ()
    dash_lengths = [
        length_units.length(element, "stroke-dasharray", property_word) for property_word in split_list(property_text)
    ]
    if not dash_lengths or min(dash_lengths) < 0:
        problem_text = f"stroke-dasharray is {property_text[:_CHARACTERS]!r}"
        raise element.error("style", problem_text, 'write lengths of dash and gap: stroke-dasharray="4 2"')
    return tuple(dash_lengths) * (1 + len(dash_lengths) % 2) if any(dash_lengths) else ()


def _choice(element: Element, property_name: str, property_word: str, choice_values: Mapping[str, Any]) -> Any:
    """Return the value of the property `property_name`, whose `property_word` is one of a few."""
    if property_word not in choice_values:
        raise element.error(
            "style", f"{property_name} is {property_word[:_CHARACTERS]!r}", f"allowed: {', '.join(choice_values)}"
        )
    return choice_values[property_word]


def _reference(element: Element, property_name: str, property_text: str) -> str | None:
    """Return the id that the property `property_name` points to; None where its `property_text` is none."""
    if property_text == "none":
        return None
    reference = url_fragment(property_text)
    if reference is None:
        raise element.error(
            "reference", f"{property_name} is {property_text[:_CHARACTERS]!r}", f'write {property_name}="url(#name)"'
        )
    return reference


def _opacity(element: Element, property_name: str, property_text: str, length_units: Units) -> float:
    """Return an opacity from 0 to 1, a number or a share in %."""
    is_share = property_text.endswith("%")
    value = parse_number(element, property_name, property_text.removesuffix("%"), length_units.limits) / (
        100 if is_share else 1
    )
    return min(1.0, max(0.0, value))
