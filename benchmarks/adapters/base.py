"""A public benchmark's parts: where its data is, how a row is read, asked and scored."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...envs.answers.replies import without_thinking
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
    as_row: Callable[[str, Any], Fields] | None = None
    """From a table's name and a row of it to the row's columns, where a published file has none."""
    from_vlmevalkit: Callable[[Fields], Fields] | None = None
    """From a row of VLMEvalKit's table of this benchmark, with a column for each option, to the published columns."""
    left_out: tuple[str, ...] = ()
    """Words in the names of files in a local folder that are not this benchmark's questions, such as training data."""
    system: str = ""
    """The text of the system turn."""
    interleaved: bool = False
    """Pictures stand where the prompt says `<image>`, not before the words."""
    reads_thinking: bool = False
    """The score reads the reply's thinking too; else it is taken away first, as the public harnesses do."""
    shares_pictures: bool = True
    """Questions about the same picture are one cluster for intervals, beside what `read` names as their cluster."""
    folder: Path | None = None
    """Where its own data is, whatever folder is given for others."""
    is_on_hub: bool = False
    """Read from the hub, whatever folder is given for others."""
    frames: int = 0
    """Taken of each film, evenly spaced; 0 where the questions are about pictures."""
    protocols: tuple[str, ...] = ("lmms-eval",)
    """Whose protocol all of this is; the first is its name."""
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Other protocols: the fields that differ, by name."""
    compared: str = "prompts, limits, scores and averages compared with lmms-eval 0.7.3 on 2026-11-30"
    """What was compared with whom, and when; empty where nothing was."""

    def under(self, protocol: str) -> "Adapter":
        """Return the benchmark under this `protocol`; as it is, with a note, where that is not written here.

        >>> from . import ADAPTERS
        >>> ADAPTERS["mmstar"].under("authors").protocols, ADAPTERS["mmstar"].under("lmms-eval").protocols
        (('authors',), ('lmms-eval',))
        """
        if protocol in self.protocols:
            return self
        if protocol in self.variants:
            fields = {"notes": self.notes, **self.variants[protocol]}
            return replace(self, protocols=(protocol,), variants={}, **fields)
        note = f"no protocol `{protocol}` of it is written here: asked and scored under `{self.protocols[0]}`"
        return replace(self, notes=(*self.notes, note))

    def prompt(self, sample: Sample) -> str:
        """Return the official prompt of `sample`."""
        return self.ask(sample)

    def score(self, sample: Sample, reply: str) -> float:
        """Return the official score of `reply` to `sample`, 0 to 1."""
        return self.mark(sample, self.final_part(reply))

    def final_part(self, reply: str) -> str:
        """Return the part of `reply` that is scored: without its thinking, if it has any; see `reads_thinking`."""
        if self.reads_thinking:
            return reply
        final_part = without_thinking(reply)
        # What follows thinking begins on a line of its own; a reply without any stays as it is, spaces and all.
        return final_part if final_part == reply else final_part.strip()

    def aggregate(self, scored_samples: Scored) -> dict[str, float]:
        """Return the official averages of `scored_samples`; `overall` is the headline."""
        return self.gather(scored_samples) if scored_samples else {"overall": 0.0}


class RowReader:
    """Rows of a benchmark, and the files that they name."""

    where = "the data"
    frame_count = 0
    """Frames to take of a film."""

    def rows(self) -> Iterator[Fields]:
        """Yield row after row."""
        raise NotImplementedError

    def file(self, file_name: str) -> Image | FileImage:
        """Return the picture's file `file_name` that a row names.

        Raises:
            RowError: it is not there.
        """
        raise NotImplementedError

    def image(self, cell: Any) -> Image | FileImage:
        """Return a picture as a table's `cell` has it: bytes, a struct of bytes or path, base64 text, or a file's name.

        Raises:
            RowError: there is none.
        """
        raise NotImplementedError

    def frames(self, film_name: str, frame_count: int) -> tuple[Any, ...]:
        """Return frames of a film, evenly spaced, its first and last among them.

        Args:
            film_name: its path in the published data.
            frame_count: how many; all of a film that has fewer.

        Raises:
            RowError: there is neither a film nor a folder of frames of this name.
        """
        raise NotImplementedError

    def images(self, cell: Any) -> tuple[Image | FileImage, ...]:
        """Return the pictures in a `cell`: a list of them, or one; none where it is empty."""
        if cell is None:
            return ()
        return tuple(self.image(picture_cell) for picture_cell in (cell if isinstance(cell, list | tuple) else [cell]))


def lettered(options: Sequence[str], separator: str = ". ") -> str:
    """Return `options` a line each, `A. one`, with `separator` after the letter."""
    return "\n".join(f"{letter(option_number)}{separator}{option}" for option_number, option in enumerate(options))


def letter(option_number: int) -> str:
    """Return A for 0, B for 1, and so on for `option_number`."""
    return chr(ord("A") + option_number)


def lettered_columns(row: Fields) -> dict[str, str]:
    """Return the options of a VLMEvalKit table's `row` by their letters; empty cells are none.

    >>> lettered_columns({"A": "red", "B": "blue", "C": "nan", "D": ""})
    {'A': 'red', 'B': 'blue'}
    """
    cells = {x: str(row.get(x) if row.get(x) is not None else "").strip() for x in "ABCDEFGH"}
    return {x: cell for x, cell in cells.items() if cell.lower() not in ("", "nan")}


PROTOCOLS = ("authors", "lmms-eval")
"""Names of `--protocol`; without it each benchmark's default is used."""

DIRECT = "Answer with the option's letter from the given choices directly."
"""The instruction of most of lmms-eval's tasks of choice."""
