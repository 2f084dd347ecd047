"""Questions of a benchmark as they were published, their pictures, and plain means of their scores."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from PIL import Image as Images

from ..render.decode import open_picture
from ..train.runs.checksums import file_digest

Fields = Mapping[str, Any]
"""A published row, by column."""


@dataclass(frozen=True)
class Image:
    """A picture of a question: its file's bytes, read once."""

    data: bytes

    @cached_property
    def digest(self) -> str:
        """sha256 of the file."""
        return hashlib.sha256(self.data).hexdigest()

    def open(self) -> Images.Image:
        """Return its pixels.

        Raises:
            OSError: the bytes are not a picture, or one of too many pixels.
        """
        return open_picture(self.data)


@dataclass(frozen=True)
class FileImage:
    """A picture in a file of its own, read when it is needed: films' frames are too many to be held."""

    path: Path

    @property
    def digest(self) -> str:
        """sha256 of the file."""
        return digest_of_file(self.path)

    def open(self) -> Images.Image:
        """Return its pixels.

        Raises:
            OSError: the file is not a picture, one of too many pixels, or gone.
        """
        return open_picture(self.path.read_bytes())


@lru_cache(maxsize=100_000)
def digest_of_file(path: Path) -> str:
    """Return the sha256 of the file at `path`, computed once."""
    return file_digest(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One question, as published."""

    id: str
    question: str
    options: tuple[str, ...] = ()
    answer: Any = None
    images: tuple[Any, ...] = ()
    category: Mapping[str, str] = field(default_factory=dict)
    """What its score is counted under, by kind of category."""
    fields: Fields = field(default_factory=dict)
    """Other columns that the prompt or the metric reads."""
    cluster: str = ""
    """The picture, film or scene that it shares with other questions; empty where it shares none."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be asked: counted, not scored."""

    id: str
    reason: str


Scored = Sequence[tuple[Sample, float]]


def means(*category_kinds: str) -> Callable[[Scored], dict[str, float]]:
    """Return a function to the plain mean over all questions, and over those of each category of `category_kinds`."""

    def gathered(scored_samples: Scored) -> dict[str, float]:
        averages = {"overall": mean([score for _, score in scored_samples])}
        for category_kind in category_kinds:
            for category in sorted(
                {s.category[category_kind] for s, _ in scored_samples if category_kind in s.category}
            ):
                averages[category] = mean(
                    [score for s, score in scored_samples if s.category.get(category_kind) == category]
                )
        return averages

    return gathered


def mean(scores: Sequence[float]) -> float:
    """Return the mean of `scores`, 0 of none."""
    return sum(scores) / len(scores) if scores else 0.0


PLAIN = means()
"""The plain mean alone."""
