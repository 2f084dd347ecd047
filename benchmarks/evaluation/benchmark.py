"""Benchmarks: public ones through their adapters, our own suites; the runner knows nothing else of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ...errors import UserError
from ..adapters.base import Adapter
from ..adapters.sources import questions
from ..samples import BadRow, Sample


class EvaluationError(UserError, ValueError):
    """An evaluation cannot be made as asked; the message says what to do."""


class ModelDownError(EvaluationError):
    """A model, or the judge, failed for several questions in a row.

    Args:
        message: what happened, and how to go on.
        answered: whether anything was answered before.
    """

    def __init__(self, message: str, *, answered: bool) -> None:
        super().__init__(message)
        self.exit_status = PARTLY_FAILED if answered else NOTHING_ASKED


NOTHING_ASKED = 1
"""The command line's status where no question could be answered."""
PARTLY_FAILED = 3
"""The command line's status where a part of the questions failed."""


class Benchmark(Protocol):
    """Questions, the way they are asked, and the way replies are scored."""

    @property
    def name(self) -> str:
        """Short and unique."""
        ...

    @property
    def title(self) -> str:
        """For people."""
        ...

    @property
    def chance(self) -> float | Mapping[str, float]:
        """The score of guessing, overall or by category."""
        ...

    @property
    def published(self) -> Mapping[str, float]:
        """Scores of others in percent, by who and where."""
        ...

    def prompt(self, sample: Sample) -> str:
        """Return the words that ask `sample`."""
        ...

    def score(self, sample: Sample, reply: str) -> float:
        """Return the score of `reply` to `sample`, between 0 and 1."""
        ...

    def aggregate(self, scored_samples: Sequence[tuple[Sample, float]]) -> Mapping[str, float]:
        """Return the averages of `scored_samples`: `overall`, and each category."""
        ...


@runtime_checkable
class SelfLoading(Protocol):
    """A benchmark that makes its questions itself, such as a suite of our own worlds."""

    def load(self, root: Path | None, limit: int | None = None) -> Iterable[Sample | BadRow]:
        """Yield the questions, `limit` at most, and rows that cannot be read."""
        ...


def questions_of(benchmark: Benchmark, root: Path | None, limit: int | None = None) -> Iterable[Sample | BadRow]:
    """Yield a benchmark's questions, and rows that cannot be read.

    Args:
        benchmark: an adapter of published data, or one that makes its questions itself.
        root: the folder of published data; None asks the hub.
        limit: questions at most.

    Raises:
        BenchmarkDataError: the published data is not there, or lacks a column.
    """
    if isinstance(benchmark, Adapter):
        return questions(benchmark, root, limit)
    assert isinstance(benchmark, SelfLoading)
    return benchmark.load(root, limit)


@runtime_checkable
class Judged(Protocol):
    """A benchmark whose authors have a model read the replies; `score` is then by rules and not comparable."""

    def judged(self, sample: Sample, reply: str, judge: Callable[[str], str]) -> float:
        """The official score, between 0 and 1.

        Args:
            sample: the question.
            reply: the model's.
            judge: from a prompt to what the judge says.

        Raises:
            InfrastructureError: the judge does not answer.
        """
        ...


def chance_of(benchmark: Benchmark, key: str, samples: Sequence[Sample]) -> float | None:
    """The score of guessing on one category, or `overall`; None where the authors give none.

    Args:
        benchmark: whose.
        key: a key of its aggregate.
        samples: those that were answered: where chance is known by category only, theirs is weighed.
    """
    chance = benchmark.chance
    if isinstance(chance, int | float):
        return float(chance)
    if key in chance:
        return chance[key]
    category_values = [
        sample.category.values() for sample in samples if key == "overall" or key in sample.category.values()
    ]
    chances = [
        next((chance[chance_value] for chance_value in values if chance_value in chance), None)
        for values in category_values
    ]
    known_chances = [chance_value for chance_value in chances if chance_value is not None]
    return sum(known_chances) / len(known_chances) if known_chances and len(known_chances) == len(chances) else None


def jsonable(value: Any) -> Any:
    """A value as JSON has it; anything else as its text."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
