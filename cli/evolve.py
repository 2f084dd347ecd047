"""`zerosight evolve`: a run, from its first check to its tables."""

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column
from rich.text import Text

from .checks import checked_config
from .console import (
    Json,
    SessionProgress,
    Usage,
    console,
    errors,
    need_training,
    points,
    print_json,
    share,
    share_alone,
    table_of,
)

if TYPE_CHECKING:
    from ..train.runs.store import Run


def evolve(
    recipe: Annotated[
        str, typer.Argument(help="A recipe's name (see `recipe list`), or a YAML file of options.")
    ] = "zerosight",
    preset: Annotated[
        str, typer.Option(help="Options for a size of model and number of GPUs: 3b-1gpu, 7b-8gpu, ...")
    ] = "",
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override an option: a.b=c. Repeatable.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run directory; by default a new folder under runs/.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Continue the run in this directory.")] = None,
    begin: Annotated[Path | None, typer.Option("--from", help="Begin with this run's weights and curriculum.")] = None,
    threads: Annotated[int, typer.Option(min=0, help="Number of torch's threads; 0 takes every core.")] = 0,
    watch: Annotated[
        bool, typer.Option("--watch", help="Also show the run on a page, as `zerosight watch` does.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Evolve a model from zero data, and measure it before and after on held-out items."""
    need_training()
    import torch

    from ..train.follow import follow
    from ..train.learning.processes import Together, launched
    from ..train.loop import Terminated
    from ..train.runs.report import write_report
    from ..train.runs.status import StatusFile
    from ..train.session import run_session

    if threads:
        torch.set_num_threads(threads)
    processes, device = launched()
    if isinstance(processes, Together) and processes.rank > 0:
        follow(processes, device)
        return
    if resume is not None and (settings or preset or out is not None or begin is not None):
        raise Usage(
            "--resume continues a run as it was configured; leave --set, --preset, --out and --from away, or start "
            "a new run"
        )
    run = _opened(resume) if resume is not None else _created(recipe, preset, settings or (), out, begin)
    if not as_json:
        console.print(Text.assemble("run directory: ", (str(run.folder), "bold")), soft_wrap=True)
    try:
        with _watched(run.folder, watch), SessionProgress(StatusFile(run.folder)) as progress:
            start, end = run_session(run, progress, processes=processes)
    except Terminated as interruption:
        name = signal.Signals(interruption.signal_number).name
        errors.print(f"{interruption} by {name}; continue with zerosight evolve --resume {run.folder}", soft_wrap=True)
        raise typer.Exit(128 + interruption.signal_number) from None
    report = write_report(run)
    if as_json:
        print_json({"run": str(run.folder), "report": str(report), "before": start, "after": end})
        return
    _print_results(start, end)
    console.print(Text.assemble("report: ", (str(report), "bold")), soft_wrap=True)


def _opened(folder: Path) -> "Run":
    """Return the run in `folder`."""
    from ..train.runs.store import Run

    return Run.open(folder)


def _created(recipe: str, preset: str, settings: Sequence[str], out: Path | None, begin: Path | None) -> "Run":
    """Check all that a new run needs, then make its directory.

    Args:
        recipe: the recipe's name or file.
        preset: the preset's name, if any.
        settings: overridden options.
        out: the directory, if it was named.
        begin: the run to begin from, if any.
    """
    from ..train.runs.store import Run

    config = checked_config(recipe, preset, settings, begin, out or Path("runs"))
    return Run.create(out or Path("runs") / time.strftime(f"{config.recipe}-%Y%m%d-%H%M%S"), config)


@contextmanager
def _watched(folder: Path, is_watched: bool) -> Iterator[None]:
    """Serve the live page of the run in `folder` while the block lasts."""
    if not is_watched:
        yield
        return
    from ..train.live.server import LiveServer

    with LiveServer([folder]) as server:
        errors.print(Text.assemble("live page: ", (server.url, "bold")), soft_wrap=True)
        yield


def _print_results(start: Mapping[str, Any], end: Mapping[str, Any]) -> None:
    """Print the held-out evaluations `start` and `end` side by side."""
    headings = ("items", "chance", "before", "after", "gain", "blind before", "blind after")
    columns = (Column(heading, justify="right") for heading in headings)
    table = table_of("task", *columns, title="Held-out accuracy of the Solver (95 % interval)")
    groups = [("", start["tasks"]), ("kinds", start["kinds"]), ("all", {"all tasks": start["overall"]})]
    for section, rows in groups:
        if section:
            table.add_section()
        for name, before in rows.items():
            after = end["overall"] if section == "all" else end["kinds" if section else "tasks"][name]
            gain = points(after["accuracy"] - before["accuracy"])
            blind = [share_alone(summary["blind"]) for summary in (before, after)]
            table.add_row(
                name, str(before["items"]), share_alone(before["chance"], 0), share(before), share(after), gain, *blind
            )
    console.print(table)
    if "writing" in start and "writing" in end:
        table = table_of(
            "share of", "before", "after", title="Proposer and Coder on held-out briefings (95 % interval)"
        )
        for name, before in start["writing"].items():
            table.add_row(name.replace("_", " "), share(before, "value"), share(end["writing"][name], "value"))
        console.print(table)
