"""Style sheets: which declarations hold for which element (CSS 2.2, chapter 6; SVG 1.1, chapter 6).

Begin reading at `apply_styles`. tinycss2 reads the text; it fetches nothing.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import tinycss2

from .document import Document, Element, walk
from .limits import SvgLimits
from .selectors import Matcher, Selector, read_selectors
from .vocabulary import GEOMETRY, IGNORED_PROPERTIES, PRESENTATION, UNINHERITED, property_hint

_PASSED_OVER = frozenset(("media", "charset", "font-face", "supports", "namespace", "page", "property", "layer"))
"""At-rules that change nothing here: none of them fetches anything, and no condition of theirs is taken as met."""
_INITIAL = {
    **{"fill": "black", "stroke": "none", "stroke-width": "1", "stroke-dasharray": "none", "opacity": "1"},
    **{"fill-opacity": "1", "stroke-opacity": "1", "visibility": "visible", "display": "inline", "color": "black"},
}
"""What `initial` stands for, of properties that models reset."""
_BACKGROUND = ("background", "background-color")
_VARIABLE = re.compile(r"var\(\s*+(--[\w-]++)\s*+(?:,([^()]*+))?+\)")
_MAX_VALUE = 2_000
"""Characters of a value, variables replaced: one that doubles another is soon too long."""
_RULE_WORK = 50
"""Reading a selector takes as long as so many comparisons."""
_BRACKETS = re.compile(r"[(\[{)\]}]")
_MAX_NESTING = 40
"""Brackets in one another."""
_CHARACTERS = 40


class Declaration(NamedTuple):
    """A property with its value as it is written."""

    name: str
    value: str
    is_important: bool


def apply_styles(document: Document, svg_limits: SvgLimits) -> None:
    """Fill the `properties` of every element of `document` from its attributes and the drawing's style sheets.

    Raises:
        SvgError: a style sheet or a `style` attribute is not understood, or takes too long to apply.
    """
    rules: list[tuple[Selector, tuple[Declaration, ...]]] = []
    for element in walk(document.root):
        if element.name == "style" and element.attributes.get("type", "text/css").strip() in ("", "text/css"):
            rules += _read_sheet(
                element, "".join(content_part for content_part in element.content if isinstance(content_part, str))
            )
        if _RULE_WORK * len(rules) > svg_limits.max_selector_checks:
            raise element.error("size", "the style sheets have too many rules", "write fewer rules")
    rule_declarations: dict[int, list[Declaration]] = {}
    if rules:
        # Later rules go before earlier ones of the same specificity: sorting keeps their order.
        rules.sort(key=lambda rule: rule[0].specificity)
        matcher = Matcher([selector for selector, _ in rules], svg_limits)
        for element, number in matcher.match(document.root):
            matcher.spend(element, len(rules[number][1]))
            rule_declarations.setdefault(id(element), []).extend(rules[number][1])
    variables: dict[int, dict[str, str]] = {}
    for element in walk(document.root):
        parent_element = document.parent(element)
        outer_variables = variables.get(id(parent_element), {}) if parent_element is not None else {}
        variables[id(element)] = _cascade(element, rule_declarations.get(id(element), ()), outer_variables)


def _cascade(element: Element, rules: Sequence[Declaration], outer_variables: dict[str, str]) -> dict[str, str]:
    """Set the properties of `element`: attributes under `rules` of style sheets under the `style` attribute.

    Returns:
        The variables (`--name`) that hold in it: those `outer_variables` and those set in it.
    """
    attributes = element.attributes
    properties = {
        property_name: attributes[property_name].strip()
        for property_name in attributes
        if property_name in PRESENTATION
    }
    inline = read_declarations(element, attributes["style"]) if "style" in attributes else ()
    ordered_parts = sorted((*rules, *inline), key=lambda declaration: declaration.is_important)
    set_here = {
        property_name: property_value[:_MAX_VALUE]
        for property_name, property_value, _ in ordered_parts
        if property_name.startswith("--")
    }
    variables = outer_variables | set_here if set_here else outer_variables
    for property_name, property_value, _ in ordered_parts:
        if not property_name.startswith("--"):
            _set_property(element, properties, property_name, property_value)
    for property_name, property_value in list(properties.items()):
        if "var(" in property_value:
            properties[property_name] = property_value = _replaced(element, property_value, variables)
        word = property_value.lower() if len(property_value) < _CHARACTERS else ""
        if word in ("unset", "revert") or (word == "inherit" and property_name not in UNINHERITED):
            del properties[property_name]
        elif word == "initial":
            del properties[property_name]
            properties |= {property_name: _INITIAL[property_name]} if property_name in _INITIAL else {}
    element.properties = properties
    return variables


def _set_property(element: Element, properties: dict[str, str], property_name: str, property_value: str) -> None:
    """Let a declaration hold: geometry replaces the attribute, which is the same thing in SVG 2."""
    if property_name not in GEOMETRY:
        properties[property_name] = property_value
    elif element.name != "svg" and (property_value != "auto" or property_name in ("rx", "ry")):
        element.attributes = element.attributes | {property_name: property_value}


def _replaced(element: Element, property_value: str, variables: dict[str, str]) -> str:
    """Return a `property_value` with its variables replaced, also in what replaces them."""
    for _ in range(4):
        property_value = _VARIABLE.sub(lambda match: variables.get(match[1], match[2] or "").strip(), property_value)
        if len(property_value) > _MAX_VALUE:
            raise element.error("size", "a style grows too long by its variables", "write the values themselves")
    return property_value.strip()


def read_declarations(element: Element, style_text: str) -> tuple[Declaration, ...]:
    """Return the declarations of the `style` attribute `style_text` of `element`, those without effect left out.

    Raises:
        SvgError: one is not understood.
    """
    if any(sign in style_text for sign in "/{\\(@'\""):
        return _read_block(element, tinycss2.parse_blocks_contents, style_text)
    declarations: list[Declaration] = []
    for declaration_text in style_text.split(";"):
        property_name, colon, property_value = declaration_text.partition(":")
        if colon:
            property_value, important, _ = property_value.partition("!important")
            declarations += _declared(element, property_name.strip(), property_value.strip(), bool(important))
        elif declaration_text.strip():
            problem_text = f"style has {declaration_text.strip()[:_CHARACTERS]!r}, which is not understood"
            raise element.error("style", problem_text, property_hint(property_name.strip()))
    return tuple(declarations)


def _declared(element: Element, written_name: str, property_value: str, is_important: bool) -> Iterator[Declaration]:
    """Yield a declaration, unless it changes nothing."""
    property_name = written_name if written_name.startswith("--") else written_name.lower()
    if element.name == "svg" and property_name in GEOMETRY:
        # How large a page shows the drawing is no part of it.
        return
    if (
        property_name in PRESENTATION
        or property_name in GEOMETRY
        or property_name.startswith("--")
        or property_name == "transform"
    ):
        if property_name == "xml:space":
            raise element.error("style", "style has 'xml:space'", "write it as an attribute")
        yield Declaration(property_name, property_value, is_important)
    elif property_name in _BACKGROUND and (
        element.name in ("svg", "style") or property_value in ("none", "transparent")
    ):
        yield Declaration("background", property_value, is_important)
    elif property_name.startswith("animation") and property_value == "none":
        return
    elif property_name.startswith("-") or property_name in IGNORED_PROPERTIES or property_name in _BACKGROUND:
        return
    else:
        problem_text = f"style has {f'{written_name}:{property_value}'[:_CHARACTERS]!r}, which is not understood"
        hint_name = "animation" if property_name.startswith("animation") else property_name
        raise element.error("style", problem_text, property_hint(hint_name))


def _nesting(style_text: str) -> int:
    """Return how deep the brackets of a style nest at most, those in quotes and comments included."""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(style_text):
        depth = depth + 1 if bracket in "([{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _nodes(element: Element, parse: Any, style_text: Any) -> list[Any]:
    """Return the nodes that tinycss2 reads; it writes them out by recursion, so they may not nest deep."""
    if isinstance(style_text, str) and _nesting(style_text) > _MAX_NESTING:
        raise element.error("style", "the brackets of a style nest too deep", "close each bracket")
    try:
        return list(parse(style_text, skip_comments=True, skip_whitespace=True))
    except ValueError as error:
        # Python refuses to read whole numbers of very many digits.
        raise element.error("style", "a style has a number that is too long", "write shorter numbers") from error


def _read_block(element: Element, parse: Any, style_text: Any) -> tuple[Declaration, ...]:
    """Return the declarations of a block."""
    declarations: list[Declaration] = []
    for node in _nodes(element, parse, style_text):
        if node.type == "declaration":
            property_value = tinycss2.serialize(node.value).strip()
            declarations += _declared(element, node.name, property_value, node.important)
        else:
            at_rule_text = (
                f"@{node.at_keyword}" if node.type == "at-rule" else node.message if node.type == "error" else ""
            )
            problem_text = f"style has a part that is not understood: {at_rule_text or tinycss2.serialize([node])}"
            raise element.error("style", problem_text[:100], "write property: value;")
    return tuple(declarations)


def _read_sheet(element: Element, style_text: str) -> list[tuple[Selector, tuple[Declaration, ...]]]:
    """Return the rules of the style sheet `style_text` of a <style>.

    Raises:
        SvgError: it fetches or animates, or a rule is not understood.
    """
    rules: list[tuple[Selector, tuple[Declaration, ...]]] = []
    for node in _nodes(element, tinycss2.parse_stylesheet, style_text):
        if node.type == "at-rule":
            _pass_over(element, node.lower_at_keyword)
        elif node.type == "qualified-rule":
            declarations = _read_block(element, tinycss2.parse_blocks_contents, node.content)
            rules += [(selector, declarations) for selector in read_selectors(element, node.prelude)]
        else:
            problem_text = f"the style sheet is not understood: {node.message[:60]}"
            raise element.error("style", problem_text, "write rules such as .name { fill: red }")
    return rules


def _pass_over(element: Element, keyword: str) -> None:
    if keyword == "import":
        raise element.error("reference", "@import in a style sheet is not allowed", "write the rules here")
    if keyword not in _PASSED_OVER:
        problem_text = f"@{keyword[:_CHARACTERS]} in a style sheet is not allowed"
        raise element.error(
            "style", problem_text, property_hint("animation") if "keyframes" in keyword else "leave it out"
        )
