"""Leaves of the query language: descriptions, names and numbers."""

import difflib
import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...render import Rejected
from ..rng import SeededRng

MAX_NAME_CHARS = 60


class Invalid(Exception):
    """A program that cannot be built, with the reason for its author."""

    def __init__(self, code: str, reason: str, hint: str = "") -> None:
        """Carry the rejection."""
        super().__init__(reason)
        self.rejected = Rejected(code, reason, hint)


def did_you_mean(name: str, allowed: Sequence[str]) -> str:
    """The closest allowed name, or all of them."""
    close = difflib.get_close_matches(name, allowed, n=1)
    return f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(allowed)}"


class LiteralKind(ABC):
    """What a leaf may hold and what it stands for."""

    output: str
    """Its type."""
    about: str

    @abstractmethod
    def read(self, arguments: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments in canonical form.

        Raises:
            Invalid: they are not allowed.
        """

    @abstractmethod
    def pattern(self, words: Sequence[Any]) -> tuple[str, ...]:
        """The words' attributes: what tells structures apart."""

    @abstractmethod
    def patterns(self) -> Mapping[tuple[str, ...], int]:
        """Every pattern with its number of leaves."""

    @abstractmethod
    def draw(self, pattern: tuple[str, ...], rng: SeededRng) -> tuple[Any, ...]:
        """Words of that pattern, all equally likely."""

    @abstractmethod
    def schema(self, name: str) -> dict[str, Any]:
        """JSON schema of the leaf of that name."""

    @abstractmethod
    def evaluate(self, run: Any, words: tuple[Any, ...]) -> Any:
        """Its value on a scene; `run` is an `execute.Run`."""


class Vocabulary(Mapping[str, tuple[str, ...]]):
    """The words of a world, by attribute, in the order in which English puts them.

    >>> Vocabulary(size=("small",), colour=("red", "blue")).attribute("blue")
    'colour'
    """

    def __init__(self, **attributes: tuple[str, ...]) -> None:
        """One tuple of words for each attribute; no word may be of two."""
        self._attributes = attributes
        self._of = {word: name for name, words in attributes.items() for word in words}
        if len(self._of) != sum(map(len, attributes.values())):
            raise ValueError("a word belongs to two attributes")
        self.words = tuple(self._of)

    def __getitem__(self, attribute: str) -> tuple[str, ...]:
        """The attribute's words."""
        return self._attributes[attribute]

    def __iter__(self) -> Iterator[str]:
        """The attributes in order."""
        return iter(self._attributes)

    def __len__(self) -> int:
        """How many attributes there are."""
        return len(self._attributes)

    def attribute(self, word: Any) -> str | None:
        """Which attribute a word is of."""
        return self._of.get(word) if isinstance(word, str) else None


@dataclass(frozen=True)
class Description(LiteralKind):
    """All objects that every word describes, at most one word of each attribute; no word describes all objects.

    Values are lists of positions among `run.world`, whose members have `described_by(words)`.
    """

    vocabulary: Vocabulary
    output: str = "Set"
    about: str = "all objects that the words describe"
    alone: tuple[str, ...] = ()
    """Attributes whose words stand alone, as they say enough: a letter that is on one object only."""

    def read(self, arguments: Sequence[Any]) -> tuple[str, ...]:
        """Words in the vocabulary's order."""
        used: dict[str, str] = {}
        for word in arguments:
            attribute = self.vocabulary.attribute(word)
            if attribute is None:
                hint = did_you_mean(str(word)[:40], self.vocabulary.words)
                raise Invalid("word", f"{word!r:.40} describes no object", hint)
            if attribute in used:
                raise Invalid("word", f"{used[attribute]!r} and {word!r} are both a {attribute}", "keep one of them")
            used[attribute] = word
        sole = next((used[name] for name in self.alone if name in used), None)
        if sole is not None and len(used) > 1:
            raise Invalid("word", f"{sole!r} says enough alone", "leave the other words out")
        return tuple(used[name] for name in self.vocabulary if name in used)

    def pattern(self, words: Sequence[Any]) -> tuple[str, ...]:
        """The attributes that are named."""
        return tuple(str(self.vocabulary.attribute(word)) for word in words)

    def patterns(self) -> Mapping[tuple[str, ...], int]:
        """Every set of attributes that may be named together."""
        names = tuple(name for name in self.vocabulary if name not in self.alone)
        chosen = [each for size in range(len(names) + 1) for each in itertools.combinations(names, size)]
        chosen += [(name,) for name in self.alone]
        return {each: math.prod(len(self.vocabulary[name]) for name in each) for each in chosen}

    def draw(self, pattern: tuple[str, ...], rng: SeededRng) -> tuple[str, ...]:
        """A word for each attribute of the pattern."""
        return tuple(rng.choice(self.vocabulary[name]) for name in pattern)

    def schema(self, name: str) -> dict[str, Any]:
        """One array form for each pattern."""
        forms = [
            [{"const": name}, *({"enum": list(self.vocabulary[attribute])} for attribute in pattern)]
            for pattern in self.patterns()
        ]
        return {"anyOf": [{"type": "array", "prefixItems": f, "items": False, "minItems": len(f)} for f in forms]}

    def evaluate(self, run: Any, words: tuple[Any, ...]) -> list[int]:
        """Positions of the objects described."""
        return [i for i, thing in enumerate(run.world) if thing.described_by(words)]


@dataclass(frozen=True)
class Name(LiteralKind):
    """One word: of a fixed list, or, without one, any short text that the scene may hold."""

    output: str
    about: str
    words: tuple[str, ...] = ()
    """The allowed ones; any text where there are none."""

    def read(self, arguments: Sequence[Any]) -> tuple[str, ...]:
        """One allowed word."""
        if len(arguments) != 1:
            raise Invalid("arity", f"expected one name, got {len(arguments)}")
        (word,) = arguments
        if not isinstance(word, str) or not word.strip() or len(word) > MAX_NAME_CHARS or not word.isprintable():
            raise Invalid("word", f"{word!r:.40} is no name", f"write 1 to {MAX_NAME_CHARS} printable characters")
        if self.words and word not in self.words:
            raise Invalid("word", f"{word!r:.40} is not known", did_you_mean(word[:40], self.words))
        return (word,)

    def pattern(self, words: Sequence[Any]) -> tuple[str, ...]:
        """Names are all alike."""
        return ("name",)

    def patterns(self) -> Mapping[tuple[str, ...], int]:
        """One; names that only a scene knows count as one."""
        return {("name",): max(1, len(self.words))}

    def draw(self, pattern: tuple[str, ...], rng: SeededRng) -> tuple[str, ...]:
        """One of the fixed list; a name that only a scene knows is left open, as `?`."""
        return (rng.choice(self.words),) if self.words else ("?",)

    def schema(self, name: str) -> dict[str, Any]:
        """An array of the leaf's name and a word."""
        word = {"enum": list(self.words)} if self.words else {"type": "string", "maxLength": MAX_NAME_CHARS}
        return {"type": "array", "prefixItems": [{"const": name}, word], "items": False, "minItems": 2}

    def evaluate(self, run: Any, words: tuple[Any, ...]) -> Any:
        """What the name stands for on the scene: `run.named` decides, so that a world can say it is not there."""
        return run.named(self.output, words[0])


@dataclass(frozen=True)
class Names(LiteralKind):
    """Several names in a row, each once, each of what a `Name` leaf of type `each` stands for."""

    output: str
    about: str
    each: str
    fewest: int = 2
    most: int = 5

    def read(self, arguments: Sequence[Any]) -> tuple[str, ...]:
        """So many different names."""
        if not self.fewest <= len(arguments) <= self.most:
            raise Invalid("arity", f"expected {self.fewest} to {self.most} names, got {len(arguments)}")
        single = Name(self.each, "")
        names = tuple(single.read([argument])[0] for argument in arguments)
        if len(set(names)) < len(names):
            raise Invalid("word", "a name stands there twice", "write each name once")
        return names

    def pattern(self, words: Sequence[Any]) -> tuple[str, ...]:
        """How many there are."""
        return ("name",) * len(words)

    def patterns(self) -> Mapping[tuple[str, ...], int]:
        """One for each number of names, which only a scene knows."""
        return {("name",) * count: 1 for count in range(self.fewest, self.most + 1)}

    def draw(self, pattern: tuple[str, ...], rng: SeededRng) -> tuple[str, ...]:
        """Names that only a scene knows are left open, as `?1`, `?2`."""
        return tuple(f"?{number}" for number in range(1, len(pattern) + 1))

    def schema(self, name: str) -> dict[str, Any]:
        """An array of the leaf's name and words."""
        word = {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS}
        return {
            "type": "array", "prefixItems": [{"const": name}], "items": word, "minItems": 1 + self.fewest,
            "maxItems": 1 + self.most,
        }  # fmt: skip

    def evaluate(self, run: Any, words: tuple[Any, ...]) -> tuple[Any, ...]:
        """What each stands for."""
        return tuple(run.named(self.each, word) for word in words)


@dataclass(frozen=True)
class Quantity(LiteralKind):
    """One number within bounds."""

    output: str
    about: str
    low: float
    high: float
    whole: bool = False

    def read(self, arguments: Sequence[Any]) -> tuple[float, ...]:
        """One number; whole ones as integers."""
        if len(arguments) != 1:
            raise Invalid("arity", f"expected one number, got {len(arguments)}")
        (number,) = arguments
        allowed = f"from {self.low:g} to {self.high:g}"
        if isinstance(number, bool) or not isinstance(number, int | float) or not self.low <= number <= self.high:
            raise Invalid("number", f"{number!r:.40} is not allowed", f"write a number {allowed}")
        if self.whole and number != int(number):
            raise Invalid("number", f"{number!r:.40} is not whole", f"write a whole number {allowed}")
        return (int(number) if number == int(number) else float(number),)

    def pattern(self, words: Sequence[Any]) -> tuple[str, ...]:
        """Numbers are all alike."""
        return ("number",)

    def patterns(self) -> Mapping[tuple[str, ...], int]:
        """One; real numbers count as the whole ones in their bounds."""
        return {("number",): int(self.high) - math.ceil(self.low) + 1}

    def draw(self, pattern: tuple[str, ...], rng: SeededRng) -> tuple[float, ...]:
        """A whole number in the bounds."""
        return (rng.integer(math.ceil(self.low), int(self.high)),)

    def schema(self, name: str) -> dict[str, Any]:
        """An array of the leaf's name and a number."""
        number = {"type": "integer" if self.whole else "number", "minimum": self.low, "maximum": self.high}
        return {"type": "array", "prefixItems": [{"const": name}, number], "items": False, "minItems": 2}

    def evaluate(self, run: Any, words: tuple[Any, ...]) -> float:
        """The number."""
        return words[0]
