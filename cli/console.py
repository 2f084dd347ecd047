"""Shared parts of the commands: consoles that print only plain text, bad input, progress bars, places to write to."""

import json
import logging
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.table import Column, Table
from rich.text import Text

from ..errors import UserError, did_you_mean

if TYPE_CHECKING:
    from ..envs.checker import CheckResult
    from ..train.runs.status import StatusFile

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb]"
)
"""Control characters but tab and line feed, marks that turn the writing direction, and lone surrogates."""


def printable(text: str) -> str:
    r"""Return `text` with every character that could command a terminal, or has no UTF-8, as an escape.

    >>> printable("a\x1b[31mb\ud800") == r"a\x1b[31mb\ud800"
    True
    """
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


class PlainConsole(Console):
    """A console on which no printed string can act: markup stays text, control characters become escapes.

    Args:
        stderr: print to stderr instead of stdout.
        options: further arguments of `rich.console.Console`.
    """

    def __init__(self, *, stderr: bool = False, **options: Any) -> None:
        super().__init__(stderr=stderr, markup=False, highlight=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return `text` as rich's Text, made printable before its width is measured."""
        return super().render_str(printable(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of `renderable`; of those that came past `render_str`, the text is made printable."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


console = PlainConsole()
errors = PlainConsole(stderr=True)


Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")]
"""The option that every command has."""


def print_json(value: Any) -> None:
    """Print `value` as JSON on stdout."""
    print(json.dumps(value, indent=1))  # noqa: T201


class Usage(UserError):
    """Bad input found by a command itself."""


def need_training() -> None:
    """Load the `train` extra, and keep its libraries quiet.

    Raises:
        Usage: it is not installed.
    """
    try:
        import torch
        import transformers
    except ModuleNotFoundError as error:
        raise Usage(
            f"{error.name} is not installed; run `pip install 'zerosight[train]'` (see `zerosight doctor`)"
        ) from error
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    torch.set_flush_denormal(True)


def one_of(option_name: str, value: Any, allowed_values: Iterable[Any]) -> Any:
    """Return `value` where it is one of `allowed_values`.

    Raises:
        Usage: it is not; the message names `option_name`, the closest name and all that are allowed.
    """
    allowed_values = tuple(allowed_values)
    if value in allowed_values:
        return value
    allowed_names = [str(allowed) for allowed in allowed_values]
    hint = did_you_mean(value, allowed_names)
    raise Usage(f"unknown {option_name} {value!r}; {hint and f'{hint} '}(allowed: {', '.join(allowed_names)})")


def output_file(path: Path) -> Path:
    """Return `path` where a file can be written there; commands call this before they begin to work.

    Raises:
        Usage: it is a folder, or its folder does not exist.
    """
    if path.is_dir():
        raise Usage(f"{path} is a folder; name a file in it, such as {path / 'NAME'}")
    if not path.parent.is_dir():
        raise Usage(f"{path} cannot be written: there is no folder {path.parent}; make it first (mkdir -p)")
    return path


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`; lone surrogates, which have no UTF-8, as escapes.

    Raises:
        Usage: the file cannot be written.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`.

    Raises:
        Usage: the file cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Usage(f"{path} cannot be written: {error.strerror}") from error


def share_alone(value: Any, digits: int = 1) -> str:
    """Write a share from 0 to 1 in per cent, with so many `digits`; a dash where it is unknown."""
    return f"{value:.{digits}%}" if isinstance(value, int | float) and math.isfinite(value) else "–"


def points(difference: Any) -> str:
    """Write a `difference` of shares in points with its sign; a dash where it is unknown."""
    return f"{100 * difference:+.1f}" if isinstance(difference, int | float) and math.isfinite(difference) else "–"


def share(summary: Mapping[str, Any], value_key: str = "accuracy") -> Text:
    """Return a share with its interval: `summary`'s `value_key`, `low` and `high`, from 0 to 1, in per cent.

    A dash where there was nothing to count.
    """
    if share_alone(summary[value_key]) == "–":
        return Text("–")
    interval = f" ({summary['low']:.1%}–{summary['high']:.1%})"
    return Text.assemble(f"{summary[value_key]:.1%}", (interval, "dim"))


def table_of(*columns: Any, **options: Any) -> Table:
    """Return a rich table whose cells wrap and are never cut off, so that it can be read at 80 columns.

    Args:
        columns: headings, or `rich.table.Column`s.
        options: further arguments of `rich.table.Table`.
    """
    table = Table(*columns, **options)
    for column in table.columns:
        column.overflow = "fold"
    return table


def report_checks(results: "Sequence[CheckResult]", as_json: bool) -> None:
    """Print `results` as a table or as JSON.

    Raises:
        typer.Exit: with 1, where one does not hold.
    """
    if as_json:
        print_json([result._asdict() for result in results])
    else:
        table = table_of("check", Column("holds", no_wrap=True), "detail")
        for result in results:
            verdict = Text("yes", "green") if result.holds else Text("NO", "bold red")
            table.add_row(result.name, verdict, result.detail)
        console.print(table)
    if not all(result.holds for result in results):
        raise typer.Exit(1)


class ProgressBars:
    """Progress bars on stderr, so that stdout is only what was asked for: `--json` can be piped.

    Args:
        is_shown: False draws nothing.
    """

    def __init__(self, is_shown: bool = True) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", style="bold", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=errors,
            disable=not is_shown,
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._progress.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._progress.__exit__(*exception)

    def update(self, name: str, done_steps: int | None = None, total_steps: int | None = None, note: str = "") -> None:
        """Set the bar `name` to `done_steps` of `total_steps`, and begin it if it is new.

        Args:
            name: is shown before the bar.
            done_steps: finished steps; None leaves them.
            total_steps: all steps; None leaves them, and is an endless bar at first.
            note: is shown after the bar.
        """
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(printable(name), total=total_steps, note="")
        self._progress.update(self._tasks[name], completed=done_steps, total=total_steps, note=printable(note))


class _WarningPrinter(logging.Handler):
    """Hands every logged warning to a function, as one line."""

    def __init__(self, show: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        """Show the message of `record`."""
        self._show(" ".join(record.getMessage().split()))


class SessionProgress(ProgressBars):
    """Progress of a training session: a bar for each phase, with what the last step did.

    What is logged as a warning meanwhile is printed above the bars. All of it goes to the `status_file` too.

    Args:
        status_file: of the run, for whoever looks on; None writes none.
    """

    def __init__(self, status_file: "StatusFile | None" = None) -> None:
        super().__init__()
        self._status_file = status_file
        self._warnings = _WarningPrinter(self.warn)
        self._phase = ""
        self._rejections: dict[str, int] = {}
        self._picture_count = self._failure_count = 0

    def __enter__(self) -> Self:
        logging.getLogger("zerosight").addHandler(self._warnings)
        return super().__enter__()

    def __exit__(self, *exception: Any) -> None:
        logging.getLogger("zerosight").removeHandler(self._warnings)
        super().__exit__(*exception)

    def warn(self, text: str) -> None:
        """Print the warning `text` above the bars, and write it to the status file."""
        errors.print(Text.assemble(("warning:", "yellow"), f" {text}"), soft_wrap=True)
        if self._status_file is not None:
            self._status_file.warn(text)

    def phase(self, name: str) -> None:
        """Begin the bar of the phase `name`."""
        self._phase = name
        self.update(name)
        if self._status_file is not None:
            self._status_file.phase(name)

    def answered(self, name: str, done_answers: int, total_answers: int) -> None:
        """Show that `done_answers` of `total_answers` held-out answers are there; `name` says of which pictures."""
        self.update(self._phase, done_answers, total_answers, name)
        if self._status_file is not None:
            self._status_file.progress(done_answers, total_answers, name)

    def stepped(self, metrics: Mapping[str, Any], total_steps: int) -> None:
        """Show the `metrics` of one training step of `total_steps`.

        Pictures, rejected programs and failures of the infrastructure are those of all steps of the session; a program
        is rejected for what it does, a failure is ours and is never scored.
        """
        self._picture_count += metrics["programs_rendered"]
        self._failure_count += metrics["infrastructure_errors"]
        for code, count in metrics["rejected"].items():
            self._rejections[code] = self._rejections.get(code, 0) + count
        frequent_codes = sorted(self._rejections.items(), key=lambda rejection: -rejection[1])[:3]
        rejected_programs = sum(count for code, count in self._rejections.items() if code.startswith("program/"))
        solve_rate = metrics["solve_rate"]
        solve_share = "–" if solve_rate is None else format(solve_rate, ".0%")
        note = (
            f"solve {solve_share} · valid {metrics['proposals_valid']}/{metrics['proposals']}"
            f" · as asked {metrics['programs_spec_satisfied']}/{metrics['programs']} · {self._picture_count} pictures"
            f" · {rejected_programs} programs rejected · {self._failure_count} infrastructure failures"
            f" · rejected {', '.join(f'{code} {count}' for code, count in frequent_codes)}"
        )
        self.update(self._phase, metrics["step"], total_steps, note)
        if self._status_file is not None:
            self._status_file.progress(metrics["step"], total_steps)
        # Without a terminal no bar is drawn, so a line now and then says how it goes.
        if not errors.is_terminal and (metrics["step"] % 10 == 0 or metrics["step"] == total_steps):
            errors.print(f"step {metrics['step']}/{total_steps}  {note}", soft_wrap=True)
