"""How many programs a language has, and programs drawn evenly over their structures.

A structure is a program with each word replaced by its attribute: `colour(leftmost(select(shape)))`. Drawing evenly
over structures, and not over strings, keeps a description with six colours from being six times as frequent as one
without.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import Any, NamedTuple, TypeVar

from .query import Call, Language, Query
from .streams import Stream

T = TypeVar("T")


class Count(NamedTuple):
    """Well-typed programs of one depth."""

    structures: int
    programs: int


class Enumeration:
    """The well-typed programs of a language, by type and depth; checks such as `trivial` are not applied."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._within = cache(self._count_within)

    def count(self, depth: int) -> Count:
        """Programs that give an answer, of exactly this depth."""
        counts = [self.of(output, depth) for output in sorted(self.language.answers)]
        return Count(sum(each.structures for each in counts), sum(each.programs for each in counts))

    def of(self, output: str, depth: int) -> Count:
        """Programs of a type, of exactly this depth."""
        deep, shallow = self._within(output, depth), self._within(output, depth - 1)
        return Count(deep.structures - shallow.structures, deep.programs - shallow.programs)

    def _count_within(self, output: str, depth: int) -> Count:
        """Programs of a type, of this depth at most."""
        if depth < 1:
            return Count(0, 0)
        structures = programs = 0
        for leaf in self.language.leaves.values():
            if leaf.output == output:
                patterns = leaf.patterns()
                structures, programs = structures + len(patterns), programs + sum(patterns.values())
        for operator in self.language.operators.values():
            if operator.output == output and depth > 1:
                inner = [self._within(wanted, depth - 1) for wanted in operator.inputs]
                structures += _product(each.structures for each in inner)
                programs += _product(each.programs for each in inner)
        return Count(structures, programs)

    def programs(self, output: str, depth: int) -> Iterator[Query]:
        """Every structure of a type, of this depth at most, with the first words of each pattern."""
        if depth < 1:
            return
        for name, leaf in self.language.leaves.items():
            if leaf.output == output:
                for pattern in leaf.patterns():
                    yield self.language.leaf(name, *leaf.draw(pattern, Stream(("first", name, *pattern))))
        for name, operator in self.language.operators.items():
            if operator.output == output:
                for args in product(*(tuple(self.programs(wanted, depth - 1)) for wanted in operator.inputs)):
                    yield self.language.call(name, *args)

    def draw(self, stream: Stream, depth: int, output: str | None = None) -> Call:
        """A program of exactly this depth: every structure equally likely, then its words.

        Args:
            stream: where it is drawn from.
            depth: from 2, or as many levels as the type needs.
            output: its type; any answer by default.

        Raises:
            ValueError: no program is so deep.
        """
        outputs = sorted(self.language.answers) if output is None else [output]
        weights = [self.of(each, depth).structures for each in outputs]
        if not any(weights):
            raise ValueError(f"no program of {' or '.join(outputs)} has depth {depth}")
        drawn = self._draw(stream, _weighted(stream, outputs, weights), depth)
        assert isinstance(drawn, Call)
        return drawn

    def _draw(self, stream: Stream, output: str, depth: int) -> Query:
        """Of exactly this depth."""
        forms: list[tuple[Any, ...]] = []
        weights: list[int] = []
        if depth == 1:
            for name, leaf in self.language.leaves.items():
                if leaf.output == output:
                    forms += [(name, pattern) for pattern in leaf.patterns()]
            name, pattern = stream.choice(forms)
            return self.language.leaf(name, *self.language.leaves[name].draw(pattern, stream))
        for name, operator in self.language.operators.items():
            if operator.output == output:
                # Which arguments reach the full depth, at least one: the rest stay below it.
                for full in product((True, False), repeat=len(operator.inputs)):
                    inner = [
                        (self.of if deep else self._within)(wanted, depth - 1 if deep else depth - 2).structures
                        for deep, wanted in zip(full, operator.inputs, strict=True)
                    ]
                    if any(full) and (weight := _product(inner)):
                        forms.append((name, full))
                        weights.append(weight)
        name, full = _weighted(stream, forms, weights)
        inputs = self.language.operators[name].inputs
        args = [
            self._draw(stream, wanted, depth - 1 if deep else self._shallower(stream, wanted, depth - 2))
            for deep, wanted in zip(full, inputs, strict=True)
        ]
        return self.language.call(name, *args)

    def _shallower(self, stream: Stream, output: str, most: int) -> int:
        """A depth up to `most`, as often as it has structures."""
        depths = list(range(1, most + 1))
        return _weighted(stream, depths, [self.of(output, each).structures for each in depths])


def _weighted(stream: Stream, options: Sequence[T], weights: Sequence[int]) -> T:
    """One of the options; weights may be larger than any float."""
    total = sum(weights)
    return stream.weighted(options, [weight / total for weight in weights])


def _product(numbers: Any) -> int:
    total = 1
    for number in numbers:
        total *= number
    return total
