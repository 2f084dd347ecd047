"""The commands that make pages of runs: `zerosight watch`, `report`, `compare`."""

import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from .console import Json, console, need_training, output_file, print_json


def watch(
    runs: Annotated[list[Path], typer.Argument(help="Run directories, 1 to 6; they need not be running.")],
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port; 0 takes any, and so does a usual one in use.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=0, help="Stop after so long; by default at Ctrl-C.")] = None,
    as_json: Json = False,
) -> None:
    """Show runs as they go, on a page that this machine alone can open.

    From another machine: ssh -L 8421:localhost:8421 HOST, and open the page there.
    """
    from ..train.live.server import LiveServer

    with LiveServer(runs, port) as server:
        if as_json:
            print_json({"url": server.url})
        else:
            console.print(Text.assemble("live page: ", (server.url, "bold"), " (Ctrl-C stops it)"), soft_wrap=True)
        try:
            threading.Event().wait(seconds)
        except KeyboardInterrupt:
            console.print("stopped; the runs go on")


def report(run: Annotated[Path, typer.Argument(help="A run directory.")], as_json: Json = False) -> None:
    """Write the report.html of a run again, finished or not."""
    need_training()
    from ..train.runs.report import write_report
    from ..train.runs.store import Run

    path = write_report(Run.open(run))
    if as_json:
        print_json({"report": str(path)})
        return
    console.print(Text.assemble("report: ", (str(path), "bold")), soft_wrap=True)


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run directories, 2 to 6.")],
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("comparison.html"),
    as_json: Json = False,
) -> None:
    """Put runs side by side on one page: results, curves, label error, forgetting, settings."""
    output_file(out)
    need_training()
    from ..train.runs.compare import write_comparison

    path = write_comparison(runs, out)
    if as_json:
        print_json({"comparison": str(path)})
        return
    console.print(Text.assemble("comparison: ", (str(path), "bold")), soft_wrap=True)
