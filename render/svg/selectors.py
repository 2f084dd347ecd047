"""Selectors of style sheets (Selectors 3): which rules match which element, in bounded time.

Selectors are matched from the root down. A `_Trail` tells an element which beginnings of selectors matched at its
ancestors and siblings, one bit for each compound, so that no chain of combinators is tried twice. cssselect2, whose
parser reads the selectors here, tries them from the element up, which takes exponential time for `a a a a …`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
    """What a selector asks of one element."""

    tests: tuple[Any, ...]
    """Simple selectors of cssselect2, all of which have to hold."""
    combinator: str
    """How the element is related to that of the compound before: ` `, `>`, `+` or `~`; `` where there is none."""


class Selector(NamedTuple):
    """A chain of compounds, the last of which is for the element that is meant."""

    compounds: tuple[Compound, ...]
    specificity: tuple[int, int, int]


class _Place(NamedTuple):
    """Where an element stands among its siblings."""

    number: int
    """From 1 on."""
    siblings: int
    """How many there are, itself included; 0 for the root."""


@dataclass(slots=True)
class _Trail:
    """Which compounds matched round an element, as bits."""

    ancestors: int
    parent: int
    siblings: int
    """At any earlier sibling."""
    neighbour: int
    """At the sibling just before."""

    def allows(self, combinator: str, bit: int) -> bool:
        """Tell whether the compound of `bit` matched where `combinator` looks for it."""
        if combinator == " ":
            return bool(self.ancestors & bit)
        if combinator == ">":
            return bool(self.parent & bit)
        return bool((self.siblings if combinator == "~" else self.neighbour) & bit)


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
    text = tinycss2.serialize(tokens[: _MAX_TOKENS + 1]).strip()
    hint = "write a type, .class or #id, and those apart by spaces"
    if len(tokens) > _MAX_TOKENS or len(text) > 8 * _MAX_TOKENS:
        raise element.error("style", f"the selector {text[:_CHARACTERS]!r} is too long", hint)
    try:
        parsed = list(parser.parse(tokens))
    except SelectorError as error:
        problem = f"the selector {text[:_CHARACTERS]!r} is not understood"
        raise element.error("style", problem, hint) from error
    if len(parsed) != 1 or parsed[0].pseudo_element is not None:
        return None
    compounds: list[Compound] = []
    tree = parsed[0].parsed_tree
    while isinstance(tree, parser.CombinedSelector):
        compounds.append(Compound(tuple(tree.right.simple_selectors), tree.combinator))
        tree = tree.left
    compounds.append(Compound(tuple(tree.simple_selectors), ""))
    for test in (test for compound in compounds for test in compound.tests):
        if not _is_known(test):
            problem = f"the selector {text[:_CHARACTERS]!r} has {str(test)[:_CHARACTERS]!r}, which is not understood"
            raise element.error("style", problem, hint)
    return Selector(tuple(reversed(compounds)), parsed[0].specificity)


def _is_known(test: Any) -> bool:
    """Tell whether a simple selector is one that `_holds` understands."""
    if isinstance(test, parser.PseudoClassSelector):
        return test.name in _STATES or test.name in ("root", "first-child", "last-child", "only-child")
    if isinstance(test, parser.FunctionalPseudoClassSelector):
        return test.name == "nth-child" and tinycss2.nth.parse_nth(test.arguments) is not None
    if isinstance(test, parser.NegationSelector):
        trees = [selector.parsed_tree for selector in test.selector_list]
        return all(isinstance(tree, parser.CompoundSelector) for tree in trees) and all(
            _is_known(inner) for tree in trees for inner in tree.simple_selectors
        )
    kinds = (parser.LocalNameSelector, parser.IDSelector, parser.ClassSelector, parser.AttributeSelector)
    return isinstance(test, (*kinds, parser.NamespaceSelector))


def _holds(test: Any, element: Element, place: _Place) -> bool:
    """Tell whether a simple selector holds for an `element` at a `place` among its siblings."""
    if isinstance(test, parser.ClassSelector):
        return test.class_name in element.attributes.get("class", "").split()
    if isinstance(test, parser.IDSelector):
        return bool(test.ident == element.attributes.get("id"))
    if isinstance(test, parser.LocalNameSelector):
        return bool(test.local_name == element.name)
    if isinstance(test, parser.AttributeSelector):
        return _attribute_holds(test, element.attributes.get(test.name))
    if isinstance(test, parser.NegationSelector):
        return not any(
            all(_holds(inner, element, place) for inner in selector.parsed_tree.simple_selectors)
            for selector in test.selector_list
        )
    if isinstance(test, parser.FunctionalPseudoClassSelector):
        a, b = tinycss2.nth.parse_nth(test.arguments)
        return place.number == b if a == 0 else (place.number - b) % a == 0 and (place.number - b) / a >= 0
    if isinstance(test, parser.PseudoClassSelector):
        is_first, is_last = place.number == 1, place.number == place.siblings
        answers = {"root": place.siblings == 0, "first-child": is_first, "last-child": is_last}
        return answers.get(test.name, test.name == "only-child" and is_first and is_last)
    return isinstance(test, parser.NamespaceSelector)


def _attribute_holds(test: Any, value: str | None) -> bool:
    if value is None or test.operator is None:
        return value is not None
    if test.operator in ("^=", "$=", "*=") and not test.value:
        return False
    answers = {
        "=": lambda: value == test.value,
        "~=": lambda: test.value in value.split(),
        "|=": lambda: value == test.value or value.startswith(f"{test.value}-"),
        "^=": lambda: value.startswith(test.value),
        "$=": lambda: value.endswith(test.value),
        "*=": lambda: test.value in value,
    }
    return bool(answers[test.operator]())


class Matcher:
    """Matches `selectors` with all elements of a tree, counted towards the `limits`."""

    def __init__(self, selectors: Sequence[Selector], limits: SvgLimits) -> None:
        """Give each compound of each selector a bit."""
        self._limits = limits
        self._checks = 0
        self._compounds: list[tuple[Compound, int]] = []
        """With the number of the selector that ends there, or -1."""
        for number, selector in enumerate(selectors):
            last = len(selector.compounds) - 1
            self._compounds += [
                (compound, number if i == last else -1) for i, compound in enumerate(selector.compounds)
            ]

    def match(self, root: Element) -> Iterator[tuple[Element, int]]:
        """Yield each element under `root` with the number of each selector that matches it.

        Raises:
            SvgError: there are too many comparisons.
        """
        here, numbers = self._matched(root, _Trail(0, 0, 0, 0), _Place(1, 0))
        yield from ((root, number) for number in numbers)
        waiting = [(root, 0, here)]
        while waiting:
            parent, ancestors, matched = waiting.pop()
            trail = _Trail(ancestors | matched, matched, 0, 0)
            for place, child in enumerate(parent.children, start=1):
                here, numbers = self._matched(child, trail, _Place(place, len(parent.children)))
                yield from ((child, number) for number in numbers)
                trail.siblings |= here
                trail.neighbour = here
                if child.children:
                    waiting.append((child, trail.ancestors, here))

    def _matched(self, element: Element, trail: _Trail, place: _Place) -> tuple[int, list[int]]:
        """Return the bits of the compounds that match at `element`, and the selectors that end in one."""
        self.spend(element, len(self._compounds))
        bits, numbers = 0, []
        for index, (compound, number) in enumerate(self._compounds):
            if compound.combinator and not trail.allows(compound.combinator, 1 << (index - 1)):
                continue
            if all(_holds(test, element, place) for test in compound.tests):
                bits |= 1 << index
                if number >= 0:
                    numbers.append(number)
        return bits, numbers

    def spend(self, element: Element, count: int) -> None:
        """Count comparisons at `element`."""
        self._checks += count
        if self._checks > self._limits.max_selector_checks:
            raise element.error(
                "size", "the style sheets have too many rules for so many elements", "write fewer rules"
            )
