"""Counting the programs of a language, and drawing programs evenly over their structures.

A structure is a program with each word replaced by its attribute: `colour(leftmost(select(shape)))`. Drawing evenly
over structures, and not over strings, keeps a description with six colours from being six times as frequent as one
without. Begin at `Enumeration`.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import NamedTuple, TypeVar

from ..rng import SeededRng
from .query import Call, Language, Query

T = TypeVar("T")


class Count(NamedTuple):
    """The number of well-typed programs of one depth."""

    structures: int
    programs: int


class ArgumentForm(NamedTuple):
    """The type of an operator's argument and its depth, which is exact or the largest that is allowed."""

    output: str
    is_exact: bool
    depth: int


class Enumeration:
    """The well-typed programs of a language, by type and depth; checks such as `trivial` are not applied.

    Args:
        language: the language whose programs are counted and drawn.
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
        """Count the programs that give an answer and have exactly this `depth`."""
        return _total([self.of(output, depth) for output in sorted(self.language.answers)])

    def _count_of(self, output: str, depth: int) -> Count:
        """Count the programs of the type `output` and exactly this `depth`."""
        structures = programs = 0
        if depth == 1:
            for literal_kind in self.language.literals.values():
                if literal_kind.output == output:
                    pattern_sizes = literal_kind.patterns()
                    structures, programs = structures + len(pattern_sizes), programs + sum(pattern_sizes.values())
        for _, argument_forms in self._forms(output, depth):
            argument_counts = [self._count_argument(argument_form) for argument_form in argument_forms]
            structures += math.prod(count.structures for count in argument_counts)
            programs += math.prod(count.programs for count in argument_counts)
        return Count(structures, programs)

    def _count_argument(self, argument_form: ArgumentForm) -> Count:
        """Count the programs that `argument_form` allows."""
        counter = self.of if argument_form.is_exact else self._within
        return counter(argument_form.output, argument_form.depth)

    def _count_within(self, output: str, depth: int) -> Count:
        """Count the programs of the type `output` and at most this `depth`."""
        return _total([self.of(output, level) for level in range(1, depth + 1)])

    def _forms(self, output: str, depth: int) -> Iterator[tuple[str, list[ArgumentForm]]]:
        """Yield the operators that give `output` at exactly this `depth`, with the form of each argument.

        One argument or more reaches the full depth; the others stay below it, and at `side` where that is less. Every
        program is of one such form only.
        """
        for name, operator in self.language.operators.items():
            if operator.output != output or depth < 2:
                continue
            for depth_pattern in product((True, False), repeat=len(operator.inputs)):
                # Beyond `side` only one argument may be deep.
                if sum(depth_pattern) == 1 or (any(depth_pattern) and depth - 1 <= self._side):
                    side_depth = min(depth - 2, self._side)
                    yield (
                        name,
                        [
                            ArgumentForm(input_type, is_deep, depth - 1 if is_deep else side_depth)
                            for is_deep, input_type in zip(depth_pattern, operator.inputs, strict=True)
                        ],
                    )

    def programs(self, output: str, depth: int) -> Iterator[Query]:
        """Yield every structure of the type `output`, of at most this `depth`, with the first words of each pattern."""
        if depth < 1:
            return
        for name, literal in self.language.literals.items():
            if literal.output == output:
                for pattern in literal.patterns():
                    yield self.language.literal(name, *literal.draw(pattern, SeededRng(("first", name, *pattern))))
        for name, operator in self.language.operators.items():
            if operator.output == output:
                argument_choices = [tuple(self.programs(input_type, depth - 1)) for input_type in operator.inputs]
                for arguments in product(*argument_choices):
                    yield self.language.call(name, *arguments)

    def draw(self, rng: SeededRng, depth: int, output: str | None = None) -> Call:
        """Draw a program of exactly this depth: every structure equally likely, then its words.

        Args:
            rng: the generator that draws.
            depth: from 2, or as many levels as the type needs.
            output: the type of the program; any answer by default.

        Raises:
            ValueError: no program is so deep.
        """
        answer_types = sorted(self.language.answers) if output is None else [output]
        type_weights = [self.of(answer_type, depth).structures for answer_type in answer_types]
        if not any(type_weights):
            raise ValueError(f"no program of {' or '.join(answer_types)} has depth {depth}")
        program = self._draw(rng, _weighted(rng, answer_types, type_weights), depth)
        assert isinstance(program, Call)
        return program

    def _draw(self, rng: SeededRng, output: str, depth: int) -> Query:
        """Draw a program of the type `output` and exactly this `depth`."""
        if depth == 1:
            name, pattern = rng.choice(
                [
                    (name, pattern)
                    for name, literal_kind in self.language.literals.items()
                    if literal_kind.output == output
                    for pattern in literal_kind.patterns()
                ]
            )
            return self.language.literal(name, *self.language.literals[name].draw(pattern, rng))
        operator_forms = list(self._forms(output, depth))
        form_weights = [
            math.prod(self._count_argument(argument_form).structures for argument_form in argument_forms)
            for _, argument_forms in operator_forms
        ]
        name, argument_forms = _weighted(rng, operator_forms, form_weights)
        return self.language.call(name, *(self._draw_argument(rng, form) for form in argument_forms))

    def _draw_argument(self, rng: SeededRng, argument_form: ArgumentForm) -> Query:
        """Draw a program that `argument_form` allows."""
        output, depth = argument_form.output, argument_form.depth
        return self._draw(rng, output, depth if argument_form.is_exact else self._shallower(rng, output, depth))

    def _shallower(self, rng: SeededRng, output: str, max_depth: int) -> int:
        """Draw a depth up to `max_depth`, as often as it has structures."""
        depths = list(range(1, max_depth + 1))
        return _weighted(rng, depths, [self.of(output, level).structures for level in depths])


def _weighted(rng: SeededRng, options: Sequence[T], weights: Sequence[int]) -> T:
    """Draw one of the `options`; their `weights` may be larger than any float."""
    total = sum(weights)
    return rng.weighted(options, [weight / total for weight in weights])


def _total(counts: Sequence[Count]) -> Count:
    """Add up `counts`."""
    return Count(sum(count.structures for count in counts), sum(count.programs for count in counts))
