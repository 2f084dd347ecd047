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

    def __init__(self, code: str, reason: str, hint: str = "") -> None:
        """Keep `code`, `reason` and `hint` as a `Rejected`."""
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
    """Characters and elements of a <text> or <tspan> as they follow each other; the text of a <style>."""
    properties: dict[str, str] = field(default_factory=dict)
    """What the cascade sets: presentation attributes under style sheets under the `style` attribute."""

    def error(self, code: str, problem: str, hint: str = "") -> SvgError:
        """Return an error that says `problem` with the element's line."""
        return SvgError(code, f"line {self.line}: {problem}", hint)


def walk(element: Element) -> Iterator[Element]:
    """Yield `element` and all elements in it, in document order."""
    waiting = [element]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(current.children))


class Document:
    """The tree under `root` with its ids and parents."""

    def __init__(self, root: Element) -> None:
        """Remember ids, of which the first of two wins as in browsers, and what each element lies in."""
        self.root = root
        self._parents: dict[int, Element] = {}
        for element in walk(root):
            for child in element.children:
                self._parents[id(child)] = element

    @cached_property
    def by_id(self) -> dict[str, Element]:
        """The elements by id."""
        elements: dict[str, Element] = {}
        for element in walk(self.root):
            if name := element.attributes.get("id"):
                elements.setdefault(name, element)
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
            hint = 'point to an id of this drawing: href="#name"'
            raise element.error("reference", f"<{element.name}> points to {reference[:40]!r}", hint)
        target = self.by_id.get(reference[1:])
        if target is None:
            raise element.error("reference", f"there is no id {reference[1:41]!r}", "define it in <defs>")
        return target
