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
_CHARACTERS = 40


class Declaration(NamedTuple):
    """A property with its value as it is written."""

    name: str
    value: str
    is_important: bool


def apply_styles(document: Document, limits: SvgLimits) -> None:
    """Fill the `properties` of every element of `document` from its attributes and the drawing's style sheets.

    Raises:
        SvgError: a style sheet or a `style` attribute is not understood, or takes too long to apply.
    """
    rules: list[tuple[Selector, tuple[Declaration, ...]]] = []
    for element in walk(document.root):
        if element.name == "style" and element.attributes.get("type", "text/css").strip() in ("", "text/css"):
            rules += _read_sheet(element, "".join(part for part in element.content if isinstance(part, str)))
        if _RULE_WORK * len(rules) > limits.max_selector_checks:
            raise element.error("size", "the style sheets have too many rules", "write fewer rules")
    declared: dict[int, list[Declaration]] = {}
    if rules:
        # Later rules go before earlier ones of the same specificity: sorting keeps their order.
        rules.sort(key=lambda rule: rule[0].specificity)
        matcher = Matcher([selector for selector, _ in rules], limits)
        for element, number in matcher.match(document.root):
            matcher.spend(element, len(rules[number][1]))
            declared.setdefault(id(element), []).extend(rules[number][1])
    variables: dict[int, dict[str, str]] = {}
    for element in walk(document.root):
        around = document.parent(element)
        inherited = variables.get(id(around), {}) if around is not None else {}
        variables[id(element)] = _cascade(element, declared.get(id(element), ()), inherited)


def _cascade(element: Element, rules: Sequence[Declaration], inherited: dict[str, str]) -> dict[str, str]:
    """Set the properties of `element`: attributes under `rules` of style sheets under the `style` attribute.

    Returns:
        The variables (`--name`) that hold in it: those `inherited` and those set in it.
    """
    attributes = element.attributes
    properties = {name: attributes[name].strip() for name in attributes if name in PRESENTATION}
    inline = read_declarations(element, attributes["style"]) if "style" in attributes else ()
    ordered = sorted((*rules, *inline), key=lambda declaration: declaration.is_important)
    set_here = {name: value[:_MAX_VALUE] for name, value, _ in ordered if name.startswith("--")}
    variables = inherited | set_here if set_here else inherited
    for name, value, _ in ordered:
        if not name.startswith("--"):
            _set_property(element, properties, name, value)
    for name, value in list(properties.items()):
        if "var(" in value:
            properties[name] = value = _replaced(element, value, variables)
        word = value.lower() if len(value) < _CHARACTERS else ""
        if word in ("unset", "revert") or (word == "inherit" and name not in UNINHERITED):
            del properties[name]
        elif word == "initial":
            del properties[name]
            properties |= {name: _INITIAL[name]} if name in _INITIAL else {}
    element.properties = properties
    return variables


def _set_property(element: Element, properties: dict[str, str], name: str, value: str) -> None:
    """Let a declaration hold: geometry replaces the attribute, which is the same thing in SVG 2."""
    if name not in GEOMETRY:
        properties[name] = value
    elif element.name != "svg" and (value != "auto" or name in ("rx", "ry")):
        element.attributes = element.attributes | {name: value}


def _replaced(element: Element, value: str, variables: dict[str, str]) -> str:
    """Return a `value` with its variables replaced, also in what replaces them."""
    for _ in range(4):
        value = _VARIABLE.sub(lambda match: variables.get(match[1], match[2] or "").strip(), value)
        if len(value) > _MAX_VALUE:
            raise element.error("size", "a style grows too long by its variables", "write the values themselves")
    return value.strip()


def read_declarations(element: Element, text: str) -> tuple[Declaration, ...]:
    """Return the declarations of the `style` attribute `text` of `element`, those without effect left out.

    Raises:
        SvgError: one is not understood.
    """
    if any(sign in text for sign in "/{\\(@'\""):
        return _read_block(element, tinycss2.parse_blocks_contents, text)
    declarations: list[Declaration] = []
    for part in text.split(";"):
        name, colon, value = part.partition(":")
        if colon:
            value, important, _ = value.partition("!important")
            declarations += _declared(element, name.strip(), value.strip(), bool(important))
        elif part.strip():
            problem = f"style has {part.strip()[:_CHARACTERS]!r}, which is not understood"
            raise element.error("style", problem, property_hint(name.strip()))
    return tuple(declarations)


def _declared(element: Element, written_name: str, value: str, is_important: bool) -> Iterator[Declaration]:
    """Yield a declaration, unless it changes nothing."""
    name = written_name if written_name.startswith("--") else written_name.lower()
    if element.name == "svg" and name in GEOMETRY:
        # How large a page shows the drawing is no part of it.
        return
    if name in PRESENTATION or name in GEOMETRY or name.startswith("--") or name == "transform":
        if name == "xml:space":
            raise element.error("style", "style has 'xml:space'", "write it as an attribute")
        yield Declaration(name, value, is_important)
    elif name in _BACKGROUND and (element.name in ("svg", "style") or value in ("none", "transparent")):
        yield Declaration("background", value, is_important)
    elif name.startswith("animation") and value == "none":
        return
    elif name.startswith("-") or name in IGNORED_PROPERTIES or name in _BACKGROUND:
        return
    else:
        problem = f"style has {f'{written_name}:{value}'[:_CHARACTERS]!r}, which is not understood"
        hint_name = "animation" if name.startswith("animation") else name
        raise element.error("style", problem, property_hint(hint_name))


def _nodes(element: Element, parse: Any, text: Any) -> list[Any]:
    """Return the nodes that tinycss2 reads."""
    try:
        return list(parse(text, skip_comments=True, skip_whitespace=True))
    except ValueError as error:
        # Python refuses to read whole numbers of very many digits.
        raise element.error("style", "a style has a number that is too long", "write shorter numbers") from error


def _read_block(element: Element, parse: Any, text: Any) -> tuple[Declaration, ...]:
    """Return the declarations of a block."""
    declarations: list[Declaration] = []
    for node in _nodes(element, parse, text):
        if node.type == "declaration":
            value = tinycss2.serialize(node.value).strip()
            declarations += _declared(element, node.name, value, node.important)
        else:
            written = f"@{node.at_keyword}" if node.type == "at-rule" else node.message if node.type == "error" else ""
            problem = f"style has a part that is not understood: {written or tinycss2.serialize([node])}"
            raise element.error("style", problem[:100], "write property: value;")
    return tuple(declarations)


def _read_sheet(element: Element, text: str) -> list[tuple[Selector, tuple[Declaration, ...]]]:
    """Return the rules of the style sheet `text` of a <style>.

    Raises:
        SvgError: it fetches or animates, or a rule is not understood.
    """
    rules: list[tuple[Selector, tuple[Declaration, ...]]] = []
    for node in _nodes(element, tinycss2.parse_stylesheet, text):
        if node.type == "at-rule":
            _pass_over(element, node.lower_at_keyword)
        elif node.type == "qualified-rule":
            declarations = _read_block(element, tinycss2.parse_blocks_contents, node.content)
            rules += [(selector, declarations) for selector in read_selectors(element, node.prelude)]
        else:
            problem = f"the style sheet is not understood: {node.message[:60]}"
            raise element.error("style", problem, "write rules such as .name { fill: red }")
    return rules


def _pass_over(element: Element, keyword: str) -> None:
    if keyword == "import":
        raise element.error("reference", "@import in a style sheet is not allowed", "write the rules here")
    if keyword not in _PASSED_OVER:
        problem = f"@{keyword[:_CHARACTERS]} in a style sheet is not allowed"
        raise element.error("style", problem, property_hint("animation") if "keyframes" in keyword else "leave it out")
