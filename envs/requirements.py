"""Requirements: what a drawing must show, as a list of `[count, word, ...]`, and what it lacks.

Begin at `read_requirements` and `missing_requirements`.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from ..render import Rejected
from .core import Requirement
from .language.literals import Description, Invalid


class Described(Protocol):
    """An object that words may be true of."""

    def described_by(self, words: Sequence[str]) -> bool:
        """Tell whether all of `words` are true of it."""
        ...


def read_requirements(
    requirement_value: Any, description: Description, max_objects: int
) -> tuple[Requirement, ...] | Rejected:
    """Read a list of `[count, word, ...]` with 1 to `max_objects` objects in all.

    Args:
        requirement_value: decoded JSON.
        description: the words that may be used.
        max_objects: how many objects may be asked for.
    """
    if not isinstance(requirement_value, list) or not requirement_value:
        return Rejected("requirements", "expected a list of descriptions", 'such as [[2, "red", "circle"]]')
    requirements = []
    for entry in requirement_value:
        if not isinstance(entry, list) or not entry or type(entry[0]) is not int or entry[0] < 1:
            return Rejected("requirements", f"expected [count, word, ...], got {entry!r:.40}", "counts begin at 1")
        if entry[0] > max_objects:
            return Rejected("requirements", "too many objects are asked for", f"ask for at most {max_objects}")
        try:
            requirements.append(Requirement(entry[0], description.read(entry[1:])))
        except Invalid as error:
            return error.rejected
    object_count = sum(requirement.count for requirement in requirements)
    if object_count > max_objects:
        return Rejected("requirements", f"{object_count} objects are asked for", f"ask for at most {max_objects}")
    return tuple(requirements)


MAX_DESCRIPTIONS = 6
"""Descriptions in a list that constrained decoding writes, at most."""


def requirements_schema(description: Description, max_objects: int) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of lists that `read_requirements` accepts, for constrained decoding.

    A schema cannot bound a sum, so that each count is bounded by an equal share of `max_objects`.

    Args:
        description: the words that may be used.
        max_objects: how many objects may be asked for.
    """
    word_forms = [[{"enum": list(description.vocabulary[name])} for name in names] for names in description.patterns()]

    def list_of(length: int) -> dict[str, Any]:
        count_schema = {"enum": list(range(1, max_objects // length + 1))}
        entry_forms = [
            {"type": "array", "prefixItems": [count_schema, *words], "items": False, "minItems": 1 + len(words)}
            for words in word_forms
        ]
        return {"type": "array", "items": {"anyOf": entry_forms}, "minItems": length, "maxItems": length}

    return {"anyOf": [list_of(length) for length in range(1, min(MAX_DESCRIPTIONS, max_objects) + 1)]}


def missing_requirements(scene_objects: Sequence[Described], requirements: Sequence[Requirement]) -> tuple[str, ...]:
    """Say which of the `requirements` lack objects among `scene_objects`.

    Every object must stand for one requirement that it fits, and every requirement have all its objects.
    """
    missing_texts = []
    for requirement, matched_count in zip(requirements, _matched(scene_objects, requirements), strict=True):
        if matched_count < requirement.count:
            missing_texts.append(f"{matched_count} of {requirement.count} {' '.join((*requirement.words, 'objects'))}")
    wanted_count = sum(requirement.count for requirement in requirements)
    if len(scene_objects) != wanted_count:
        missing_texts.append(f"{len(scene_objects)} objects drawn, {wanted_count} wanted")
    return tuple(missing_texts)


def requirements_of(scene_objects: Sequence[Described], description: Description) -> tuple[Requirement, ...]:
    """Describe `scene_objects` as requirements, as exactly as the words of `description` allow.

    Words that stand alone, such as letters, are left out. In order of the first object of each requirement.
    """
    vocabulary = description.vocabulary
    exact_words = [
        tuple(
            word
            for attribute in vocabulary
            if attribute not in description.standalone
            for word in vocabulary[attribute]
            if scene_object.described_by((word,))
        )
        for scene_object in scene_objects
    ]
    return tuple(Requirement(count, words) for words, count in Counter(exact_words).items())


def _matched(scene_objects: Sequence[Described], requirements: Sequence[Requirement]) -> list[int]:
    """Count the `scene_objects` that stand for each of the `requirements` in a largest matching.

    Kuhn's augmenting paths.
    """
    # The most exact descriptions choose first, so that what is reported missing is the vaguer one.
    exact_first = sorted(range(len(requirements)), key=lambda number: -len(requirements[number].words))
    open_slots = [number for number in exact_first for _ in range(requirements[number].count)]
    slot_by_object: dict[int, int] = {}

    def place(slot: int, visited: set[int]) -> bool:
        for object_index, scene_object in enumerate(scene_objects):
            if object_index not in visited and scene_object.described_by(requirements[open_slots[slot]].words):
                visited.add(object_index)
                if object_index not in slot_by_object or place(slot_by_object[object_index], visited):
                    slot_by_object[object_index] = slot
                    return True
        return False

    for slot in range(len(open_slots)):
        place(slot, set())
    return [sum(open_slots[slot] == number for slot in slot_by_object.values()) for number in range(len(requirements))]
