"""Requirements: what a drawing must show, as a list of `[count, word, ...]`, and what it fails to show."""

from collections.abc import Sequence
from typing import Any, Protocol

from ..render import Rejected
from .core import Requirement
from .language.literals import Description, Invalid


class Described(Protocol):
    """A thing that words may be true of."""

    def described_by(self, words: Sequence[str]) -> bool:
        """Whether every word is true of it."""
        ...


def read_requirements(value: Any, description: Description, most: int) -> tuple[Requirement, ...] | Rejected:
    """A list of `[count, word, ...]` with 1 to `most` objects in all."""
    if not isinstance(value, list) or not value:
        return Rejected("requirements", "expected a list of descriptions", 'such as [[2, "red", "circle"]]')
    found = []
    for entry in value:
        if not isinstance(entry, list) or not entry or type(entry[0]) is not int or entry[0] < 1:
            return Rejected("requirements", f"expected [count, word, ...], got {entry!r:.40}", "counts begin at 1")
        if entry[0] > most:
            return Rejected("requirements", "too many objects are asked for", f"ask for at most {most}")
        try:
            found.append(Requirement(entry[0], description.read(entry[1:])))
        except Invalid as invalid:
            return invalid.rejected
    total = sum(requirement.count for requirement in found)
    if total > most:
        return Rejected("requirements", f"{total} objects are asked for", f"ask for at most {most}")
    return tuple(found)


def missing_requirements(things: Sequence[Described], requirements: Sequence[Requirement]) -> tuple[str, ...]:
    """Every thing must stand for one requirement that it fits, and every requirement have all its things."""
    missing = []
    for wanted, found in zip(requirements, _matched(things, requirements), strict=True):
        if found < wanted.count:
            missing.append(f"{found} of {wanted.count} {' '.join((*wanted.words, 'objects'))}")
    total = sum(requirement.count for requirement in requirements)
    if len(things) != total:
        missing.append(f"{len(things)} objects drawn, {total} wanted")
    return tuple(missing)


def _matched(things: Sequence[Described], requirements: Sequence[Requirement]) -> list[int]:
    """How many things stand for each requirement in a largest matching (Kuhn's augmenting paths)."""
    # The most exact descriptions choose first, so that what is reported missing is the vaguer one.
    exact_first = sorted(range(len(requirements)), key=lambda number: -len(requirements[number].words))
    slots = [number for number in exact_first for _ in range(requirements[number].count)]
    taken: dict[int, int] = {}

    def place(slot: int, tried: set[int]) -> bool:
        for i, thing in enumerate(things):
            if i not in tried and thing.described_by(requirements[slots[slot]].words):
                tried.add(i)
                if i not in taken or place(taken[i], tried):
                    taken[i] = slot
                    return True
        return False

    for slot in range(len(slots)):
        place(slot, set())
    return [sum(slots[slot] == number for slot in taken.values()) for number in range(len(requirements))]
