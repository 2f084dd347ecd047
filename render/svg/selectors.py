"""Selectors of style sheets (Selectors 3): which rules match which element, in bounded time.

Selectors are matched from the root down. A `_Trail` tells an element which beginnings of selectors matched at its
ancestors and siblings, so that no chain of combinators is tried twice. cssselect2, whose
parser reads the selectors here, tries them from the element up, which takes exponential time for `a a a a …`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import tinycss2
import tinycss2.nth
from cssselect2 import parser
from cssselect2.parser import SelectorError

from .document import Element
from .limits import SvgLimits

_MAX_TOKENS = 64
"""Tokens of one selector, since the parser of selectors goes as deep as they are many."""
_STATES = frozenset(
    (
        *("hover", "focus", "active", "visited", "link", "target", "focus-within", "focus-visible", "disabled"),
        *("checked", "enabled", "any-link", "target-within"),
    )
)
"""Pseudo-classes that no element of a still picture has."""
_CHARACTERS = 40


class Compound(NamedTuple):
    """A demand of a selector on one element."""

    tests: tuple[Any, ...]
    """Simple selectors of cssselect2, all of which have to hold."""
    combinator: str
    """How the element is related to that of the compound before: ` `, `>`, `+` or `~`; `` where there is none."""


class Selector(NamedTuple):
    """A chain of compounds, the last of which is for the element that is meant."""

    compounds: tuple[Compound, ...]
    specificity: tuple[int, int, int]


class _Place(NamedTuple):
    """The place of an element among its siblings."""

    number: int
    """From 1 on."""
    siblings: int
    """How many there are, itself included; 0 for the root."""


@dataclass(slots=True)
class _Trail:
    """The numbers of the compounds that matched round an element and go on with a combinator."""

    ancestors: frozenset[int] = frozenset()
    parent: frozenset[int] = frozenset()
    siblings: set[int] = field(default_factory=set)
    """At any earlier sibling."""
    neighbour: frozenset[int] = frozenset()
    """At the sibling just before."""

    def allows(self, combinator: str, compound_number: int) -> bool:
        """Tell whether the compound of that number matched where `combinator` looks for it."""
        if combinator == " ":
            return compound_number in self.ancestors
        if combinator == ">":
            return compound_number in self.parent
        return compound_number in (self.siblings if combinator == "~" else self.neighbour)


def read_selectors(element: Element, prelude: Sequence[Any]) -> list[Selector]:
    """Return the selectors of a rule's `prelude`, which commas divide; those for pseudo-elements are left out.

    Raises:
        SvgError: one of them is not understood; the error names the <style> `element`.
    """
    groups: list[list[Any]] = [[]]
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            groups.append([])
        else:
            groups[-1].append(token)
    selectors = [_read_selector(element, group) for group in groups]
    return [selector for selector in selectors if selector is not None]


def _read_selector(element: Element, tokens: list[Any]) -> Selector | None:
    selector_text = tinycss2.serialize(tokens[: _MAX_TOKENS + 1]).strip()
    hint_text = "write a type, .class or #id, and those apart by spaces"
    if len(tokens) > _MAX_TOKENS or len(selector_text) > 8 * _MAX_TOKENS:
        raise element.error("style", f"the selector {selector_text[:_CHARACTERS]!r} is too long", hint_text)
    try:
        parsed_selectors = list(parser.parse(tokens))
    except SelectorError as error:
        problem_text = f"the selector {selector_text[:_CHARACTERS]!r} is not understood"
        raise element.error("style", problem_text, hint_text) from error
    if len(parsed_selectors) != 1 or parsed_selectors[0].pseudo_element is not None:
        return None
    compounds: list[Compound] = []
    selector_tree = parsed_selectors[0].parsed_tree
    while isinstance(selector_tree, parser.CombinedSelector):
        compounds.append(Compound(tuple(selector_tree.right.simple_selectors), selector_tree.combinator))
        selector_tree = selector_tree.left
    compounds.append(Compound(tuple(selector_tree.simple_selectors), ""))
    for simple_test in (simple_test for compound in compounds for simple_test in compound.tests):
        if not _is_known(simple_test):
            test_text = str(simple_test)[:_CHARACTERS]
            problem_text = f"the selector {selector_text[:_CHARACTERS]!r} has {test_text!r}, which is not understood"
            raise element.error("style", problem_text, hint_text)
    return Selector(tuple(reversed(compounds)), parsed_selectors[0].specificity)


def _is_known(simple_test: Any) -> bool:
    """Tell whether a simple selector is one that `_holds` understands."""
    if isinstance(simple_test, parser.PseudoClassSelector):
        return simple_test.name in _STATES or simple_test.name in ("root", "first-child", "last-child", "only-child")
    if isinstance(simple_test, parser.FunctionalPseudoClassSelector):
        return simple_test.name == "nth-child" and tinycss2.nth.parse_nth(simple_test.arguments) is not None
    if isinstance(simple_test, parser.NegationSelector):
        trees = [selector.parsed_tree for selector in simple_test.selector_list]
        return all(isinstance(selector_tree, parser.CompoundSelector) for selector_tree in trees) and all(
            _is_known(inner) for selector_tree in trees for inner in selector_tree.simple_selectors
        )
    selector_kinds = (parser.LocalNameSelector, parser.IDSelector, parser.ClassSelector, parser.AttributeSelector)
    return isinstance(simple_test, (*selector_kinds, parser.NamespaceSelector))


def _holds(simple_test: Any, element: Element, sibling_place: _Place) -> bool:
    """Tell whether a simple selector holds for an `element` at a `sibling_place` among its siblings."""
    if isinstance(simple_test, parser.ClassSelector):
        return simple_test.class_name in element.attributes.get("class", "").split()
    if isinstance(simple_test, parser.IDSelector):
        return bool(simple_test.ident == element.attributes.get("id"))
    if isinstance(simple_test, parser.LocalNameSelector):
        return bool(simple_test.local_name == element.name)
    if isinstance(simple_test, parser.AttributeSelector):
        return _attribute_holds(simple_test, element.attributes.get(simple_test.name))
    if isinstance(simple_test, parser.NegationSelector):
        return not any(
            all(_holds(inner, element, sibling_place) for inner in selector.parsed_tree.simple_selectors)
            for selector in simple_test.selector_list
        )
    if isinstance(simple_test, parser.FunctionalPseudoClassSelector):
        a, b = tinycss2.nth.parse_nth(simple_test.arguments)
        return (
            sibling_place.number == b
            if a == 0
            else (sibling_place.number - b) % a == 0 and (sibling_place.number - b) / a >= 0
        )
    if isinstance(simple_test, parser.PseudoClassSelector):
        is_first, is_last = sibling_place.number == 1, sibling_place.number == sibling_place.siblings
        answers = {"root": sibling_place.siblings == 0, "first-child": is_first, "last-child": is_last}
        return answers.get(simple_test.name, simple_test.name == "only-child" and is_first and is_last)
    return isinstance(simple_test, parser.NamespaceSelector)


def _attribute_holds(simple_test: Any, attribute_value: str | None) -> bool:
    if attribute_value is None or simple_test.operator is None:
        return attribute_value is not None
    if simple_test.operator in ("^=", "$=", "*=") and not simple_test.value:
        return False
    answers = {
        "=": lambda: attribute_value == simple_test.value,
        "~=": lambda: simple_test.value in attribute_value.split(),
        "|=": lambda: attribute_value == simple_test.value or attribute_value.startswith(f"{simple_test.value}-"),
        "^=": lambda: attribute_value.startswith(simple_test.value),
        "$=": lambda: attribute_value.endswith(simple_test.value),
        "*=": lambda: simple_test.value in attribute_value,
    }
    return bool(answers[simple_test.operator]())


class Matcher:
    """Matches `selectors` with all elements of a tree, counted towards the `svg_limits`."""

    def __init__(self, selectors: Sequence[Selector], svg_limits: SvgLimits) -> None:
        """Number the compounds of all selectors in a row."""
        self._limits = svg_limits
        self._checks = 0
        self._compounds: list[tuple[Compound, int]] = []
        """With the number of the selector that ends there, or -1."""
        for selector_number, selector in enumerate(selectors):
            last_index = len(selector.compounds) - 1
            self._compounds += [
                (compound, selector_number if i == last_index else -1) for i, compound in enumerate(selector.compounds)
            ]

    def match(self, root: Element) -> Iterator[tuple[Element, int]]:
        """Yield each element under `root` with the number of each selector that matches it.

        Raises:
            SvgError: there are too many comparisons.
        """
        matched_here, selector_numbers = self._matched(root, _Trail(), _Place(1, 0))
        yield from ((root, selector_number) for selector_number in selector_numbers)
        waiting_elements = [(root, frozenset[int](), matched_here)]
        while waiting_elements:
            parent, ancestors, matched_parent = waiting_elements.pop()
            trail = _Trail(ancestors | matched_parent, matched_parent)
            for sibling_place, child in enumerate(parent.children, start=1):
                matched_here, selector_numbers = self._matched(
                    child, trail, _Place(sibling_place, len(parent.children))
                )
                yield from ((child, selector_number) for selector_number in selector_numbers)
                trail.siblings.update(matched_here)
                trail.neighbour = matched_here
                if child.children:
                    waiting_elements.append((child, trail.ancestors, matched_here))

    def _matched(self, element: Element, trail: _Trail, sibling_place: _Place) -> tuple[frozenset[int], list[int]]:
        """Return the compounds that match at `element` and go on, and the selectors that end at it."""
        self.spend(element, len(self._compounds))
        matched_compounds, selector_numbers = list[int](), list[int]()
        for index, (compound, selector_number) in enumerate(self._compounds):
            if compound.combinator and not trail.allows(compound.combinator, index - 1):
                continue
            if all(_holds(simple_test, element, sibling_place) for simple_test in compound.tests):
                if selector_number >= 0:
                    selector_numbers.append(selector_number)
                else:
                    matched_compounds.append(index)
        return frozenset(matched_compounds), selector_numbers

    def spend(self, element: Element, count: int) -> None:
        """Count comparisons at `element`."""
        self._checks += count
        if self._checks > self._limits.max_selector_checks:
            raise element.error(
                "size", "the style sheets have too many rules for so many elements", "write fewer rules"
            )
