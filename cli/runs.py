"""`zerosight runs`: list runs, say how they stand, measure and clean them; one option alone needs torch."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column
from rich.text import Text

from .console import Json, console, errors, print_json, share_alone, table_of

runs_app = typer.Typer(no_args_is_help=True, help="List runs, say how they stand, measure and clean them.")
RunFolder = Annotated[Path, typer.Argument(help="A run directory.")]
MIB = 2**20


@runs_app.command("list")
def runs_list(
    folder: Annotated[Path, typer.Argument(help="The folder that the runs are in.")] = Path("runs"),
    as_json: Json = False,
) -> None:
    """List the runs in a folder: recipe, steps, state and held-out accuracy, the newest last."""
    from ..errors import UserError
    from ..train.runs.upkeep import find_runs

    rows, problems = [], []
    for path in find_runs(folder):
        try:
            rows.append(_summary(path))
        except UserError as error:
            problems.append(f"{path}: {error}")
    if as_json:
        print_json(rows)
    elif rows:
        table = table_of(
            Column("run", overflow="fold"), "recipe", "steps", "state", Column("before", justify="right"),
            Column("after", justify="right"),
        )  # fmt: skip
        for row in rows:
            accuracies = [share_alone(row[name]) for name in ("before", "after")]
            table.add_row(row["name"], row["recipe"], f"{row['step']} of {row['steps']}", row["phase"], *accuracies)
        console.print(table)
    else:
        console.print(f"no runs in {folder}; `zerosight evolve` begins one", soft_wrap=True)
    for problem in problems:
        errors.print(Text.assemble(("warning:", "yellow"), f" {problem}"), soft_wrap=True)


def _summary(folder: Path) -> dict[str, Any]:
    """Return a line on the run in `folder`."""
    from ..train.live.feed import RunFeed

    feed = RunFeed(folder, folder.name)
    feed.poll()
    state = feed.state(time.time())
    before, after = (state["heldout"][name] or {} for name in ("start", "end"))
    return {
        "name": folder.name,
        "folder": str(folder),
        "recipe": feed.config.recipe,
        "model": feed.config.model,
        "step": state["step"],
        "steps": feed.config.steps,
        "phase": f"{state['phase']} (running)" if state["owner"] else state["phase"],
        "owner": state["owner"],
        "seconds_left": state["seconds_left"],
        "warnings": state["warnings"],
        "before": before.get("accuracy"),
        "after": after.get("accuracy"),
    }


@runs_app.command("status")
def runs_status(run: RunFolder, as_json: Json = False) -> None:
    """Say how a run stands: phase, steps, time left, accuracy, warnings."""
    from ..train.runs.upkeep import require_run

    summary = _summary(require_run(run))
    if as_json:
        print_json(summary)
        return
    left = summary["seconds_left"]
    lines = {
        "run": f"{summary['name']} ({summary['recipe']}, {summary['model']})",
        "state": summary["phase"] + (f", {summary['owner']}" if summary["owner"] else ""),
        "steps": f"{summary['step']} of {summary['steps']}" + (f", about {left / 60:.0f} min left" if left else ""),
        "held-out": f"{share_alone(summary['before'])} before, {share_alone(summary['after'])} after",
    }
    for name, text in lines.items():
        console.print(Text.assemble((f"{name:9}", "bold"), text), soft_wrap=True)
    for warning in summary["warnings"]:
        console.print(Text.assemble(("warning: ", "yellow"), warning), soft_wrap=True)
    if not summary["owner"] and summary["after"] is None:
        console.print(f"continue it: zerosight evolve --resume {run}", soft_wrap=True)


@runs_app.command("size")
def runs_size(
    runs: Annotated[list[Path], typer.Argument(help="Run directories, or folders of runs.")], as_json: Json = False
) -> None:
    """Say how much room runs take on the disk, by part."""
    from ..train.runs.upkeep import find_runs, sizes

    rows: list[dict[str, Any]] = [
        {"name": path.name, "folder": str(path)} | sizes(path) for folder in runs for path in find_runs(folder)
    ]
    if as_json:
        print_json(rows)
        return
    parts = ("checkpoints", "pictures", "rollouts", "total")
    table = table_of(Column("run", overflow="fold"), *(Column(f"{part}, MiB", justify="right") for part in parts))
    for row in rows:
        table.add_row(row["name"], *(f"{row[part] / MIB:,.1f}" for part in parts))
    console.print(table)


@runs_app.command("clean")
def runs_clean(
    runs: Annotated[list[Path], typer.Argument(help="Run directories.")],
    checkpoints: Annotated[
        bool, typer.Option("--checkpoints", help="Also delete all checkpoints but the newest and the best.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete; without it what would go is only listed.")] = False,
    as_json: Json = False,
) -> None:
    """List, and with --yes delete, what runs leave that nothing reads again; results and pictures stay."""
    from ..train.runs.upkeep import delete, leftovers, require_run

    entries = [
        entry
        for run in map(require_run, runs)
        for entry in leftovers(run, _best_checkpoints(run) if checkpoints else (), checkpoints)
    ]
    freed_bytes = delete(entries) if yes else sum(entry.bytes for entry in entries)
    if as_json:
        listed = [{"path": str(entry.path), "what": entry.description, "bytes": entry.bytes} for entry in entries]
        print_json({"deleted": yes, "bytes": freed_bytes, "entries": listed})
        return
    for entry in entries:
        console.print(f"{entry.path}: {entry.description}, {entry.bytes / MIB:,.1f} MiB", soft_wrap=True)
    if yes:
        console.print(f"{freed_bytes / MIB:,.1f} MiB freed")
    elif entries:
        console.print(f"{freed_bytes / MIB:,.1f} MiB would be freed; say --yes to delete these")
    else:
        console.print("nothing to delete")


def _best_checkpoints(run: Path) -> list[Path]:
    """Return the checkpoint that the `run` keeps as its best, if any; needs torch where it keeps one."""
    from ..train.config import RunConfig

    if not RunConfig.load(run / "config.yaml").keep_best:
        return []
    from ..train.runs.store import Run

    best = Run.open(run).best_checkpoint()
    return [] if best is None else [best]
