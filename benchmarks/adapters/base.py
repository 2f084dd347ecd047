"""What a benchmark is made of: questions as they were published, how they are asked and scored, and where they are."""

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from PIL import Image as Images

from ... import Mendable

Fields = Mapping[str, Any]
"""A published row, by column."""


class BenchmarkDataError(Mendable, ValueError):
    """A benchmark's data is not there or not as it was published; the message says what to do."""


class RowError(ValueError):
    """One row cannot be read: it is counted and not asked."""


@dataclass(frozen=True)
class Image:
    """A picture of a question: its file's bytes, read once."""

    data: bytes

    @cached_property
    def digest(self) -> str:
        """sha256 of the file."""
        return hashlib.sha256(self.data).hexdigest()

    def open(self) -> Images.Image:
        """Its pixels.

        Raises:
            OSError: the bytes are no picture.
        """
        return Images.open(io.BytesIO(self.data))


@dataclass(frozen=True)
class FileImage:
    """A picture in a file of its own, read when it is needed: films' frames are too many to be held."""

    path: Path

    @property
    def digest(self) -> str:
        """sha256 of the file."""
        return digest_of_file(self.path)

    def open(self) -> Images.Image:
        """Its pixels.

        Raises:
            OSError: the file is no picture, or gone.
        """
        return Images.open(io.BytesIO(self.path.read_bytes()))


@lru_cache(maxsize=100_000)
def digest_of_file(path: Path) -> str:
    """sha256 of a file, computed once."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
    """What else the prompt or the metric reads."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be asked: counted, not scored."""

    id: str
    reason: str


Scored = Sequence[tuple[Sample, float]]


def means(*kinds: str) -> Callable[[Scored], dict[str, float]]:
    """The plain mean over all questions, and over those of each category of these kinds."""

    def gathered(scored: Scored) -> dict[str, float]:
        found = {"overall": mean([score for _, score in scored])}
        for kind in kinds:
            for value in sorted({s.category[kind] for s, _ in scored if kind in s.category}):
                found[value] = mean([score for s, score in scored if s.category.get(kind) == value])
        return found

    return gathered


def mean(values: Sequence[float]) -> float:
    """The mean, 0 of nothing."""
    return sum(values) / len(values) if values else 0.0


PLAIN = means()
"""The plain mean alone."""


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """A public benchmark: where its data is, how a row is read, asked and scored."""

    name: str
    title: str
    dataset: str
    """Its id on the Hugging Face hub, or the address of its files where it is not there."""
    split: str
    read: Callable[["Reader", Fields], Sample]
    """A row as a question."""
    ask: Callable[[Sample], str]
    """The words of the official prompt."""
    mark: Callable[[Sample, str], float]
    """The official score of a reply, 0 to 1."""
    metric: str
    """Its name."""
    citation: str
    """The paper, with its address."""
    columns: tuple[str, ...]
    """Without which a row is not as published."""
    configs: tuple[str | None, ...] = (None,)
    """Configurations on the hub, read one after another."""
    revision: str | None = None
    """On the hub; None takes the newest."""
    gather: Callable[[Scored], dict[str, float]] = PLAIN
    """The official average, with its categories."""
    chance: float | Mapping[str, float] = 0.0
    published: Mapping[str, float] = field(default_factory=dict)
    """Scores of others in per cent, by who and where."""
    judged: Callable[[Sample, str, Callable[[str], str]], float] | None = None
    """The official score where it asks a language model; `mark` is then a rule that is not comparable with it."""
    needs: tuple[str, ...] = ()
    """`video`: frames are read from films; `judge`: the official score asks a language model."""
    quirks: tuple[str, ...] = ()
    """What of the official scoring a reader would not expect; it is kept."""
    notes: tuple[str, ...] = ()
    """What of this was recalled and could not be checked, and what is not as the authors have it."""
    max_new_tokens: int = 16
    files: tuple[str, ...] = ("*.parquet", "*.jsonl", "*.json", "*.tsv")
    """Patterns of the tables in a local folder: those of the first that is there are read."""
    system: str = ""
    """What the system turn says."""

    def load(self, root: Path | None, limit: int | None = None) -> Iterator[Sample | BadRow]:
        """The questions, from the hub or from a folder in the published layout.

        Args:
            root: a folder of this benchmark, or one that has a folder of its name; None asks the hub.
            limit: questions at most.

        Raises:
            BenchmarkDataError: the data is not there, or lacks a column.
        """
        from .sources import reader_of

        reader = reader_of(self, root)
        for number, row in enumerate(reader.rows()):
            if limit is not None and number >= limit:
                return
            self._has_columns(row, reader)
            try:
                yield self.read(reader, row)
            except (RowError, KeyError, ValueError, TypeError, OSError) as error:
                said = str(error).splitlines()[0] if str(error) else type(error).__name__
                yield BadRow(f"{self.name}/row{number}", f"row {number}: {said}")

    def _has_columns(self, row: Fields, reader: "Reader") -> None:
        lacking = [column for column in self.columns if column not in row]
        if lacking:
            raise BenchmarkDataError(
                f"{self.name}: {reader.where} has no column {', '.join(lacking)} (it has {', '.join(row)}); give the "
                f"published files of {self.dataset}, or pin the revision that this adapter was written for"
            )

    def prompt(self, sample: Sample) -> str:
        """The official prompt."""
        return self.ask(sample)

    def score(self, sample: Sample, reply: str) -> float:
        """The official score of a reply."""
        return self.mark(sample, reply)

    def aggregate(self, scored: Scored) -> dict[str, float]:
        """The official averages; `overall` is the headline."""
        return self.gather(scored) if scored else {"overall": 0.0}


class Reader:
    """Rows of a benchmark, and the files that they name."""

    where = "the data"

    def rows(self) -> Iterator[Fields]:
        """Row after row."""
        raise NotImplementedError

    def file(self, name: str) -> Image | FileImage:
        """A picture's file that a row names.

        Raises:
            RowError: it is not there.
        """
        raise NotImplementedError

    def image(self, value: Any) -> Image | FileImage:
        """A picture as a table has it: bytes, a struct of bytes or path, base64 text, or a file's name.

        Raises:
            RowError: there is none.
        """
        raise NotImplementedError

    def frames(self, name: str, count: int) -> tuple[Any, ...]:
        """So many frames of a film, evenly spaced, its first and last among them.

        Raises:
            RowError: there is neither a film nor a folder of frames of this name.
        """
        raise NotImplementedError

    def images(self, value: Any) -> tuple[Image | FileImage, ...]:
        """Pictures: a list of them, or one; none where there are none."""
        if value is None:
            return ()
        return tuple(self.image(each) for each in (value if isinstance(value, list | tuple) else [value]))


def lettered(options: Sequence[str], mark: str = ". ") -> str:
    """Options a line each, `A. one`."""
    return "\n".join(f"{letter(number)}{mark}{option}" for number, option in enumerate(options))


def letter(number: int) -> str:
    """A for 0, B for 1, and so on."""
    return chr(ord("A") + number)


DIRECT = "Answer with the option's letter from the given choices directly."
"""The instruction of most of lmms-eval's tasks of choice."""
