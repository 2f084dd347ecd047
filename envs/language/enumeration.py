"""How many programs a language has, and programs drawn evenly over their structures.

A structure is a program with each word replaced by its attribute: `colour(leftmost(select(shape)))`. Drawing evenly
over structures, and not over strings, keeps a description with six colours from being six times as frequent as one
without.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import Any, NamedTuple, TypeVar

from ..rng import SeededRng
from .query import Call, Language, Query

T = TypeVar("T")


class Count(NamedTuple):
    """Well-typed programs of one depth."""

    structures: int
    programs: int


class Enumeration:
    """The well-typed programs of a language, by type and depth; checks such as `trivial` are not applied.

    Args:
        language: whose programs.
        side: how deep the arguments beside the deepest one may nest; any depth by default. Without a bound nearly all
            deep programs are bushes of a hundred descriptions that no picture of a few objects fulfils; with it they
            are chains, "the shape nearest to the leftmost of the shapes above ...".
    """

    def __init__(self, language: Language, side: int | None = None) -> None:
        self.language = language
        self._side = language.max_depth if side is None else side
        self._within = cache(self._count_within)
        self.of = cache(self._count_of)

    def count(self, depth: int) -> Count:
        """Programs that give an answer, of exactly this depth."""
        counts = [self.of(output, depth) for output in sorted(self.language.answers)]
        return Count(sum(each.structures for each in counts), sum(each.programs for each in counts))

    def _count_of(self, output: str, depth: int) -> Count:
        """Programs of a type, of exactly this depth."""
        structures = programs = 0
        if depth == 1:
            for literal in self.language.literals.values():
                if literal.output == output:
                    patterns = literal.patterns()
                    structures, programs = structures + len(patterns), programs + sum(patterns.values())
        for _, inner in self._forms(output, depth):
            counts = [self.of(*each) if exact else self._within(*each) for exact, *each in inner]
            structures += _product(each.structures for each in counts)
            programs += _product(each.programs for each in counts)
        return Count(structures, programs)

    def _count_within(self, output: str, depth: int) -> Count:
        """Programs of a type, of this depth at most."""
        counts = [self.of(output, each) for each in range(1, depth + 1)]
        return Count(sum(each.structures for each in counts), sum(each.programs for each in counts))

    def _forms(self, output: str, depth: int) -> Iterator[tuple[str, list[tuple[bool, str, int]]]]:
        """Operators that give programs of exactly this depth, with each argument's type and exact or largest depth.

        One argument or more reaches the full depth; the rest stay below it, and at `side` where that is less. Every
        program is of one such form only.
        """
        for name, operator in self.language.operators.items():
            if operator.output != output or depth < 2:
                continue
            for full in product((True, False), repeat=len(operator.inputs)):
                # Beyond `side` only one argument may be deep.
                if sum(full) == 1 or (any(full) and depth - 1 <= self._side):
                    below = min(depth - 2, self._side)
                    yield (
                        name,
                        [
                            (deep, wanted, depth - 1 if deep else below)
                            for deep, wanted in zip(full, operator.inputs, strict=True)
                        ],
                    )

    def programs(self, output: str, depth: int) -> Iterator[Query]:
        """Every structure of a type, of this depth at most, with the first words of each pattern."""
        if depth < 1:
            return
        for name, literal in self.language.literals.items():
            if literal.output == output:
                for pattern in literal.patterns():
                    yield self.language.literal(name, *literal.draw(pattern, SeededRng(("first", name, *pattern))))
        for name, operator in self.language.operators.items():
            if operator.output == output:
                for args in product(*(tuple(self.programs(wanted, depth - 1)) for wanted in operator.inputs)):
                    yield self.language.call(name, *args)

    def draw(self, rng: SeededRng, depth: int, output: str | None = None) -> Call:
        """A program of exactly this depth: every structure equally likely, then its words.

        Args:
            rng: where it is drawn from.
            depth: from 2, or as many levels as the type needs.
            output: its type; any answer by default.

        Raises:
            ValueError: no program is so deep.
        """
        outputs = sorted(self.language.answers) if output is None else [output]
        weights = [self.of(each, depth).structures for each in outputs]
        if not any(weights):
            raise ValueError(f"no program of {' or '.join(outputs)} has depth {depth}")
        drawn = self._draw(rng, _weighted(rng, outputs, weights), depth)
        assert isinstance(drawn, Call)
        return drawn

    def _draw(self, rng: SeededRng, output: str, depth: int) -> Query:
        """Of exactly this depth."""
        if depth == 1:
            literals = {name: literal for name, literal in self.language.literals.items() if literal.output == output}
            name, pattern = rng.choice(
                [(name, each) for name, literal in literals.items() for each in literal.patterns()]
            )
            return self.language.literal(name, *self.language.literals[name].draw(pattern, rng))
        options = list(self._forms(output, depth))
        weights = [
            _product((self.of(*each) if exact else self._within(*each)).structures for exact, *each in inner)
            for _, inner in options
        ]
        name, inner = _weighted(rng, options, weights)
        args = [
            self._draw(rng, wanted, most if exact else self._shallower(rng, wanted, most))
            for exact, wanted, most in inner
        ]
        return self.language.call(name, *args)

    def _shallower(self, rng: SeededRng, output: str, most: int) -> int:
        """A depth up to `most`, as often as it has structures."""
        depths = list(range(1, most + 1))
        return _weighted(rng, depths, [self.of(output, each).structures for each in depths])


def _weighted(rng: SeededRng, options: Sequence[T], weights: Sequence[int]) -> T:
    """One of the options; weights may be larger than any float."""
    total = sum(weights)
    return rng.weighted(options, [weight / total for weight in weights])


def _product(numbers: Any) -> int:
    total = 1
    for number in numbers:
        total *= number
    return total
