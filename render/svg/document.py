"""Documents: the tree of a drawing's elements, and the error that refuses one of them.

An element keeps what was written (`attributes`) beside what the cascade made of it (`properties`, see `sheet`), so that
each is read once however often a <use> copies it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from ..outcome import Rejected


class SvgError(Exception):
    """The rejection of a text on its way to the front end's boundary."""

    def __init__(self, error_code: str, reason_text: str, hint_text: str = "") -> None:
        """Keep `error_code`, `reason_text` and `hint_text` as a `Rejected`."""
        super().__init__(reason_text)
        self.rejected = Rejected(error_code, reason_text, hint_text)


@dataclass(slots=True)
class Element:
    """An element of the document."""

    name: str
    attributes: dict[str, str]
    line: int
    children: list["Element"] = field(default_factory=list)
    content: list["str | Element"] = field(default_factory=list)
    """Characters and elements of a <text> or <tspan> as they follow each other; the text of a <style>."""
    properties: dict[str, str] = field(default_factory=dict)
    """What the cascade sets: presentation attributes under style sheets under the `style` attribute."""

    def error(self, error_code: str, problem_text: str, hint_text: str = "") -> SvgError:
        """Return an error that says `problem_text` with the element's line."""
        return SvgError(error_code, f"line {self.line}: {problem_text}", hint_text)


def walk(element: Element) -> Iterator[Element]:
    """Yield `element` and all elements in it, in document order."""
    waiting_elements = [element]
    while waiting_elements:
        current_element = waiting_elements.pop()
        yield current_element
        waiting_elements.extend(reversed(current_element.children))


class Document:
    """The tree under `root` with its ids and parents."""

    def __init__(self, root: Element) -> None:
        """Remember ids, of which the first of two wins as in browsers, and what each element lies in."""
        self.root = root
        self._parents: dict[int, Element] = {}
        for element in walk(root):
            for child_element in element.children:
                self._parents[id(child_element)] = element

    @cached_property
    def by_id(self) -> dict[str, Element]:
        """The elements by id."""
        elements: dict[str, Element] = {}
        for element in walk(self.root):
            if element_name := element.attributes.get("id"):
                elements.setdefault(element_name, element)
        return elements

    def parent(self, element: Element) -> Element | None:
        """Return the element around `element`; None round the root."""
        return self._parents.get(id(element))

    def fragment(self, element: Element, reference: str) -> Element:
        """Return the element that a `reference` such as `#name` in `element` points to.

        Raises:
            SvgError: it points out of this drawing, or to an id that is not there.
        """
        if not reference.startswith("#"):
            hint_text = 'point to an id of this drawing: href="#name"'
            raise element.error("reference", f"<{element.name}> points to {reference[:40]!r}", hint_text)
        target_element = self.by_id.get(reference[1:])
        if target_element is None:
            raise element.error("reference", f"there is no id {reference[1:41]!r}", "define it in <defs>")
        return target_element
