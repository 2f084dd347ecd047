"""What a benchmark is made of: questions as they were published, how they are asked and scored, and where they are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import UserError
from ..samples import PLAIN, Fields, FileImage, Image, Sample, Scored


class BenchmarkDataError(UserError, ValueError):
    """A benchmark's data is not there or not as it was published; the message says what to do."""


class RowError(ValueError):
    """One row cannot be read: it is counted and not asked."""


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """A public benchmark: where its data is, how a row is read, asked and scored."""

    name: str
    title: str
    dataset: str
    """Its id on the Hugging Face hub, or the address of its files where it is not there."""
    split: str
    read: Callable[["RowReader", Fields], Sample]
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

    def prompt(self, sample: Sample) -> str:
        """The official prompt."""
        return self.ask(sample)

    def score(self, sample: Sample, reply: str) -> float:
        """The official score of a reply."""
        return self.mark(sample, reply)

    def aggregate(self, scored: Scored) -> dict[str, float]:
        """The official averages; `overall` is the headline."""
        return self.gather(scored) if scored else {"overall": 0.0}


class RowReader:
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
