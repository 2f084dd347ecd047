"""Literals of the query language: descriptions, names and numbers, the programs that contain no program.

Begin at `LiteralKind`, which says what a kind of literal has to offer.
"""

import itertools
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import did_you_mean
from ...render import Rejected
from ..rng import SeededRng

MAX_NAME_CHARS = 60


class Invalid(Exception):
    """A program that cannot be built, with the reason for its author."""

    def __init__(self, code: str, reason: str, hint: str = "") -> None:
        """Carry the rejection."""
        super().__init__(reason)
        self.rejected = Rejected(code, reason, hint)


def closest_or_all(name: str, allowed_names: Sequence[str]) -> str:
    """Suggest the name of `allowed_names` that is closest to `name`, or list them all."""
    return did_you_mean(name, allowed_names, cutoff=0.6) or f"allowed: {', '.join(allowed_names)}"


class LiteralKind(ABC):
    """A kind of literal: the words it may hold and the value they stand for."""

    output: str
    """Its type."""
    about: str

    @abstractmethod
    def read(self, arguments: Sequence[Any]) -> tuple[Any, ...]:
        """Return `arguments` in canonical form.

        Raises:
            Invalid: they are not allowed.
        """

    @abstractmethod
    def pattern(self, words: Sequence[Any]) -> tuple[str, ...]:
        """Return the attributes of `words`, which tell structures apart."""

    @abstractmethod
    def patterns(self) -> Mapping[tuple[str, ...], int]:
        """Return every pattern with the number of its literals."""

    @abstractmethod
    def draw(self, pattern: tuple[str, ...], rng: SeededRng) -> tuple[Any, ...]:
        """Draw words of this `pattern`, all equally likely."""

    @abstractmethod
    def schema(self, name: str) -> dict[str, Any]:
        """Return the JSON schema of the literal of that `name`."""

    def usage(self, name: str) -> str:
        """Return how the literal called `name` is written, for a reader: `["segment", word, word]`."""
        counts = sorted({len(pattern) for pattern in self.patterns()})
        repeated = f", ... ({counts[0]} to {counts[-1]} words)" if len(counts) > 1 else ""
        return f"[{', '.join([json.dumps(name), *['word'] * max(1, counts[0])])}{repeated}]"

    def needs(self, name: str, words: tuple[Any, ...]) -> tuple[str, ...]:
        """Say what a picture must have so that the literal called `name`, with these `words`, means something.

        In English, for who draws the picture; empty where any picture will do.
        """
        return ()

    @abstractmethod
    def evaluate(self, run: Any, words: tuple[Any, ...]) -> Any:
        """Return the value of `words` on a scene; `run` is an `execute.Execution`."""


class Vocabulary(Mapping[str, tuple[str, ...]]):
    """The words of a world, by attribute, in the order in which English puts them.

    >>> Vocabulary(size=("small",), colour=("red", "blue")).attribute("blue")
    'colour'
    """

    def __init__(self, **attributes: tuple[str, ...]) -> None:
        """Take one tuple of words for each of the `attributes`; no word may belong to two."""
        self._attributes = attributes
        self._of = {word: name for name, words in attributes.items() for word in words}
        if len(self._of) != sum(map(len, attributes.values())):
            raise ValueError("a word belongs to two attributes")
        self.words = tuple(self._of)

    def __getitem__(self, attribute: str) -> tuple[str, ...]:
        """Return the words of an `attribute`."""
        return self._attributes[attribute]

    def __iter__(self) -> Iterator[str]:
        """Yield the attributes in order."""
        return iter(self._attributes)

    def __len__(self) -> int:
        """Return the number of attributes."""
        return len(self._attributes)

    def attribute(self, word: Any) -> str | None:
        """Return the attribute that a `word` belongs to, or None."""
        return self._of.get(word) if isinstance(word, str) else None


@dataclass(frozen=True)
class Description(LiteralKind):
    """All objects that every word describes, at most one word of each attribute; no word describes all objects.

    Values are lists of positions among `run.world`, whose members have `described_by(words)`.
    """

    vocabulary: Vocabulary
    output: str = "Set"
    about: str = "all objects that the words describe"
    standalone: tuple[str, ...] = ()
    """Attributes whose words stand alone, as they say enough: a letter that is on one object only."""

    def read(self, arguments: Sequence[Any]) -> tuple[str, ...]:
        """Return the words in `arguments` in the order of the vocabulary."""
        words_by_attribute: dict[str, str] = {}
        for word in arguments:
            attribute = self.vocabulary.attribute(word)
            if attribute is None:
                hint = closest_or_all(str(word)[:40], self.vocabulary.words)
                raise Invalid("word", f"{word!r:.40} describes no object", hint)
            if attribute in words_by_attribute:
                raise Invalid(
                    "word", f"{words_by_attribute[attribute]!r} and {word!r} are both a {attribute}", "keep one of them"
                )
            words_by_attribute[attribute] = word
        standalone_word = next(
            (words_by_attribute[name] for name in self.standalone if name in words_by_attribute), None
        )
        if standalone_word is not None and len(words_by_attribute) > 1:
            raise Invalid("word", f"{standalone_word!r} says enough alone", "leave the other words out")
        return tuple(words_by_attribute[name] for name in self.vocabulary if name in words_by_attribute)

    def pattern(self, words: Sequence[Any]) -> tuple[str, ...]:
        """Return the attributes that `words` name."""
        return tuple(str(self.vocabulary.attribute(word)) for word in words)

    def patterns(self) -> Mapping[tuple[str, ...], int]:
        """Return every set of attributes that may be named together."""
        combinable = tuple(name for name in self.vocabulary if name not in self.standalone)
        attribute_sets = [
            attribute_set
            for set_size in range(len(combinable) + 1)
            for attribute_set in itertools.combinations(combinable, set_size)
        ]
        attribute_sets += [(name,) for name in self.standalone]
        return {
            attribute_set: math.prod(len(self.vocabulary[name]) for name in attribute_set)
            for attribute_set in attribute_sets
        }

    def draw(self, pattern: tuple[str, ...], rng: SeededRng) -> tuple[str, ...]:
        """Draw a word for each attribute of the `pattern`."""
        return tuple(rng.choice(self.vocabulary[name]) for name in pattern)

    def schema(self, name: str) -> dict[str, Any]:
        """Return one form of array for each pattern, for the literal called `name`."""
        array_forms = [
            [{"const": name}, *({"enum": list(self.vocabulary[attribute])} for attribute in pattern)]
            for pattern in self.patterns()
        ]
        return {
            "anyOf": [
                {"type": "array", "prefixItems": array_form, "items": False, "minItems": len(array_form)}
                for array_form in array_forms
            ]
        }

    def usage(self, name: str) -> str:
        """Return how the literal called `name` is written, with the words of each attribute."""
        if not self.vocabulary:
            return f"[{json.dumps(name)}]"
        attributes = "; ".join(f"{attribute}: {', '.join(words)}" for attribute, words in self.vocabulary.items())
        alone = f", {' and '.join(self.standalone)} alone" if self.standalone else ""
        return f"[{json.dumps(name)}, word, ...] with at most one word of each attribute{alone} ({attributes})"

    def evaluate(self, run: Any, words: tuple[Any, ...]) -> list[int]:
        """Return the positions, among the members of `run.world`, of those that all `words` describe."""
        return [i for i, thing in enumerate(run.world) if thing.described_by(words)]


@dataclass(frozen=True)
class Name(LiteralKind):
    """One word: of a fixed list, or, without one, any short text that the scene may hold."""

    output: str
    about: str
    words: tuple[str, ...] = ()
    """The allowed ones; any text where there are none."""
    need: str = "a {name} called {word}"
    """What a picture must have for a word of its own, in English."""

    def read(self, arguments: Sequence[Any]) -> tuple[str, ...]:
        """Return the only one of `arguments`, an allowed word."""
        if len(arguments) != 1:
            raise Invalid("arity", f"expected one name, got {len(arguments)}")
        (word,) = arguments
        if not isinstance(word, str) or not word.strip() or len(word) > MAX_NAME_CHARS or not word.isprintable():
            raise Invalid("word", f"{word!r:.40} is no name", f"write 1 to {MAX_NAME_CHARS} printable characters")
        if self.words and word not in self.words:
            raise Invalid("word", f"{word!r:.40} is not known", closest_or_all(word[:40], self.words))
        return (word,)

    def pattern(self, words: Sequence[Any]) -> tuple[str, ...]:
        """Return one pattern for all `words`: names are alike."""
        return ("name",)

    def patterns(self) -> Mapping[tuple[str, ...], int]:
        """Return one pattern; names that only a scene knows count as one."""
        return {("name",): max(1, len(self.words))}

    def draw(self, pattern: tuple[str, ...], rng: SeededRng) -> tuple[str, ...]:
        """Draw one of the fixed words; a name that only a scene knows is left open, as `?`, whatever the `pattern`."""
        return (rng.choice(self.words),) if self.words else ("?",)

    def schema(self, name: str) -> dict[str, Any]:
        """Return the schema of an array of the literal's `name` and a word."""
        word_schema = {"enum": list(self.words)} if self.words else {"type": "string", "maxLength": MAX_NAME_CHARS}
        return {"type": "array", "prefixItems": [{"const": name}, word_schema], "items": False, "minItems": 2}

    def usage(self, name: str) -> str:
        """Return how the literal called `name` is written, with the allowed words where they are fixed."""
        return f"[{json.dumps(name)}, {' | '.join(map(json.dumps, self.words)) or 'name'}]"

    def needs(self, name: str, words: tuple[Any, ...]) -> tuple[str, ...]:
        """Ask for the thing that is called by the only one of `words`; fixed words need nothing."""
        return () if self.words else (self.need.format(name=name, word=words[0]),)

    def evaluate(self, run: Any, words: tuple[Any, ...]) -> Any:
        """Return what the only one of `words` stands for; `run.named` decides, so that a world can reject it."""
        return run.named(self.output, words[0])


@dataclass(frozen=True)
class Names(LiteralKind):
    """Several names in a row, each once, of what a `Name` literal of type `name_type` stands for."""

    output: str
    about: str
    name_type: str
    min_names: int = 2
    max_names: int = 5
    need: str = "a {name} called {word}"
    """What a picture must have for each word, in English."""

    def read(self, arguments: Sequence[Any]) -> tuple[str, ...]:
        """Return `arguments`, so many different names."""
        if not self.min_names <= len(arguments) <= self.max_names:
            raise Invalid("arity", f"expected {self.min_names} to {self.max_names} names, got {len(arguments)}")
        name_kind = Name(self.name_type, "")
        names = tuple(name_kind.read([argument])[0] for argument in arguments)
        if len(set(names)) < len(names):
            raise Invalid("word", "a name stands there twice", "write each name once")
        return names

    def pattern(self, words: Sequence[Any]) -> tuple[str, ...]:
        """Return as many names as there are `words`."""
        return ("name",) * len(words)

    def patterns(self) -> Mapping[tuple[str, ...], int]:
        """Return one pattern for each number of names, which only a scene knows."""
        return {("name",) * count: 1 for count in range(self.min_names, self.max_names + 1)}

    def draw(self, pattern: tuple[str, ...], rng: SeededRng) -> tuple[str, ...]:
        """Leave the names of a `pattern`, which only a scene knows, open as `?1`, `?2`."""
        return tuple(f"?{number}" for number in range(1, len(pattern) + 1))

    def schema(self, name: str) -> dict[str, Any]:
        """Return the schema of an array of the literal's `name` and words."""
        word_schema = {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS}
        return {
            "type": "array", "prefixItems": [{"const": name}], "items": word_schema, "minItems": 1 + self.min_names,
            "maxItems": 1 + self.max_names,
        }  # fmt: skip

    def needs(self, name: str, words: tuple[Any, ...]) -> tuple[str, ...]:
        """Ask for what each of `words` is called by."""
        return tuple(self.need.format(name=self.name_type.lower(), word=word) for word in words)

    def evaluate(self, run: Any, words: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return what each of `words` stands for in the scene of `run`."""
        return tuple(run.named(self.name_type, word) for word in words)


@dataclass(frozen=True)
class Quantity(LiteralKind):
    """One number within bounds."""

    output: str
    about: str
    low: float
    high: float
    is_whole: bool = False

    def read(self, arguments: Sequence[Any]) -> tuple[float, ...]:
        """Return the only one of `arguments`, a number; whole ones as integers."""
        if len(arguments) != 1:
            raise Invalid("arity", f"expected one number, got {len(arguments)}")
        (number,) = arguments
        bounds_text = f"from {self.low:g} to {self.high:g}"
        if isinstance(number, bool) or not isinstance(number, int | float) or not self.low <= number <= self.high:
            raise Invalid("number", f"{number!r:.40} is not allowed", f"write a number {bounds_text}")
        if self.is_whole and number != int(number):
            raise Invalid("number", f"{number!r:.40} is not whole", f"write a whole number {bounds_text}")
        return (int(number) if number == int(number) else float(number),)

    def pattern(self, words: Sequence[Any]) -> tuple[str, ...]:
        """Return one pattern for all `words`: numbers are alike."""
        return ("number",)

    def patterns(self) -> Mapping[tuple[str, ...], int]:
        """Return one pattern; real numbers count as the whole ones within the bounds."""
        return {("number",): int(self.high) - math.ceil(self.low) + 1}

    def draw(self, pattern: tuple[str, ...], rng: SeededRng) -> tuple[float, ...]:
        """Draw a whole number within the bounds, whatever the `pattern`."""
        return (rng.integer(math.ceil(self.low), int(self.high)),)

    def schema(self, name: str) -> dict[str, Any]:
        """Return the schema of an array of the literal's `name` and a number."""
        number_schema = {"type": "integer" if self.is_whole else "number", "minimum": self.low, "maximum": self.high}
        return {"type": "array", "prefixItems": [{"const": name}, number_schema], "items": False, "minItems": 2}

    def usage(self, name: str) -> str:
        """Return how the literal called `name` is written, with its bounds."""
        number = "whole number" if self.is_whole else "number"
        return f"[{json.dumps(name)}, {number} from {self.low:.10g} to {self.high:.10g}]"

    def evaluate(self, run: Any, words: tuple[Any, ...]) -> float:
        """Return the number in `words`."""
        return words[0]
