"""What a benchmark is made of: questions as they were published, and rows that cannot be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class BenchmarkDataError(ValueError):
    """A benchmark's data is not there or not as it was published; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One question, as published."""

    id: str
    question: str
    options: tuple[str, ...] = ()
    answer: Any = None
    images: tuple[Any, ...] = ()
    category: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be asked: counted, not scored."""

    id: str
    reason: str
