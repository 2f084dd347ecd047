"""The command line: `zerosight evolve`, `recipe`, `compare`, `env`, `draw`, `eval`, `bench`, `export` and others."""

import json
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column
from rich.text import Text

from ..envs import make
from ..errors import UserError
from .cluster import cluster_app
from .console import (
    SessionProgress,
    Usage,
    console,
    errors,
    need_training,
    one_of,
    output_file,
    share,
    table_of,
    write_bytes,
    write_text,
)
from .data import data_app
from .doctor import diagnose
from .environments import env_app
from .evaluate import bench_app, evaluate_model
from .plan import plan
from .recipes import compare, recipe_app

if TYPE_CHECKING:
    from ..train.config import RunConfig

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    # Help texts name packages such as zerosight[train], which markup would swallow.
    rich_markup_mode=None,
    help="A vision-language model improves itself from zero data.",
)
app.add_typer(env_app, name="env")
app.add_typer(recipe_app, name="recipe")
app.command()(compare)
app.command()(plan)
app.add_typer(bench_app, name="bench")
app.add_typer(data_app, name="data")
app.add_typer(cluster_app, name="cluster")
app.command("eval")(evaluate_model)
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def main() -> None:
    """Run the command line; what the user can mend is one line on stderr and, as a rule, exit status 2."""
    try:
        app()
    except UserError as error:
        errors.print(Text.assemble(("error:", "bold red"), f" {error}"), soft_wrap=True)
        sys.exit(error.exit_status)


# --- evolve --------------------------------------------------------------------------------------------------


@app.command()
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
) -> None:
    """Evolve a model from zero data, and measure it before and after on held-out items."""
    need_training()
    import torch

    from ..train.follow import follow
    from ..train.learning.processes import Together, launched
    from ..train.loop import Terminated
    from ..train.runs.report import write_report
    from ..train.runs.store import Run
    from ..train.session import run_session

    if threads:
        torch.set_num_threads(threads)
    processes, device = launched()
    if isinstance(processes, Together) and processes.rank > 0:
        follow(processes, device)
        return
    if resume is not None:
        if settings or preset or out is not None or begin is not None:
            raise Usage(
                "--resume continues a run as it was configured; leave --set, --preset, --out and --from away, or start "
                "a new run"
            )
        run = Run.open(resume)
    else:
        config = _checked_config(recipe, preset, settings or (), begin)
        run = Run.create(out or Path("runs") / time.strftime(f"{config.recipe}-%Y%m%d-%H%M%S"), config)
    console.print(Text.assemble("run directory: ", (str(run.folder), "bold")), soft_wrap=True)
    try:
        with SessionProgress() as progress:
            start, end = run_session(run, progress, processes=processes)
    except Terminated as interruption:
        name = signal.Signals(interruption.signal_number).name
        errors.print(f"{interruption} by {name}; continue with zerosight evolve --resume {run.folder}", soft_wrap=True)
        raise typer.Exit(128 + interruption.signal_number) from None
    write_report(run)
    _print_results(start, end)
    console.print(Text.assemble("report: ", (str(run.folder / "report.html"), "bold")), soft_wrap=True)


def _checked_config(recipe: str, preset: str, settings: Sequence[str], begin: Path | None) -> "RunConfig":
    """Return the configuration of a new run once all that it names is known to be here: no run directory is made yet.

    Args:
        recipe: the recipe's name.
        preset: the preset's name, if any.
        settings: overridden options.
        begin: the run to begin from, if any.

    Raises:
        UserError: an option, environment, model, algorithm, run, sandbox layer or device is not.
    """
    import torch

    from ..render.sandbox.layers import demand
    from ..train.models.load import model_path
    from ..train.models.policy import locate_model
    from ..train.presets import config_from
    from ..train.recipes import algorithm_names, make_algorithm
    from ..train.runs.store import newest_checkpoint

    from_run = [f"start_from={begin.resolve()}"] if begin is not None else []
    config = config_from(recipe, preset, [*settings, *from_run])
    for env_id in config.envs:
        make(env_id)
    locate_model(model_path(config.model))
    for name in algorithm_names(config):
        make_algorithm(name, config)
    if config.start_from is not None:
        newest_checkpoint(config.start_from)
    if config.device == "cuda" and not torch.cuda.is_available():
        raise Usage("device=cuda: torch finds no CUDA device here (see `zerosight doctor`); leave it away for the CPU")
    demand(config.sandbox.required)
    return config


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
            gain = f"{100 * (after['accuracy'] - before['accuracy']):+.1f}"
            blind = [f"{summary['blind']:.1%}" for summary in (before, after)]
            table.add_row(
                name, str(before["items"]), f"{before['chance']:.0%}", share(before), share(after), gain, *blind
            )
    console.print(table)
    if "writing" in start and "writing" in end:
        table = table_of(
            "share of", "before", "after", title="Proposer and Coder on held-out briefings (95 % interval)"
        )
        for name, before in start["writing"].items():
            table.add_row(name.replace("_", " "), share(before, "value"), share(end["writing"][name], "value"))
        console.print(table)


# --- drawing, export, report, doctor ---------------------------------------------------------------------------


@app.command()
def draw(
    program: Annotated[Path, typer.Argument(help="A file: SVG, or Python for matplotlib or trimesh.")],
    kind: Annotated[str, typer.Option(help="svg, chart or solid; guessed from the program by default.")] = "",
    out: Annotated[Path, typer.Option(help="The PNG file to write; several pictures get numbers.")] = Path(
        "picture.png"
    ),
    scene: Annotated[Path | None, typer.Option(help="Also write the scene, as JSON, to this file.")] = None,
    size: Annotated[int, typer.Option(min=8, max=1024, help="Width of the picture, px.")] = 448,
) -> None:
    """Run a program in the sandbox, and write its picture or say why it is rejected."""
    from ..render import InfrastructureError, Rejected
    from ..render.drawing import KINDS, Pools, kind_of

    for path in (out, *([scene] if scene is not None else [])):
        output_file(path)
    try:
        text = program.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{program} cannot be read: {error}") from error
    kind = one_of("kind", kind or kind_of(text), KINDS)
    with Pools() as pools:
        (outcome,) = pools.draw(kind, [text], size)
    if isinstance(outcome, InfrastructureError):
        raise Usage(f"the drawing service failed: {outcome}")
    if isinstance(outcome, Rejected):
        console.print(f"rejected ({outcome.code}): {outcome.reason}", soft_wrap=True)
        if outcome.hint:
            console.print(f"hint: {outcome.hint}", soft_wrap=True)
        raise typer.Exit(1)
    has_several = len(outcome.pictures) > 1
    paths = [out.with_stem(f"{out.stem}-{i}") if has_several else out for i in range(1, len(outcome.pictures) + 1)]
    for path, picture in zip(paths, outcome.pictures, strict=True):
        write_bytes(path, picture.png())
    if scene is not None:
        write_text(scene, outcome.scene.to_json())
    files = ", ".join(map(str, [*paths, *([scene] if scene else [])]))
    console.print(f"{kind}: {files}", soft_wrap=True)


@app.command("export")
def export_role(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    out: Annotated[Path, typer.Option(help="An empty or new folder.")],
    role: Annotated[str, typer.Option(help="proposer, coder or solver.")] = "solver",
    adapter: Annotated[bool, typer.Option("--adapter", help="The LoRA adapter alone, for peft.")] = False,
    best: Annotated[bool, typer.Option("--best", help="Take the checkpoint that keep_best keeps.")] = False,
) -> None:
    """Write a trained role as a Hugging Face folder that plain transformers loads, with a model card."""
    need_training()
    from ..train.runs.export import export

    one_of("role", role, ("proposer", "coder", "solver"))
    export(run, out, role, "adapter" if adapter else "merged", best=best)
    console.print(Text.assemble(f"{role}: ", (str(out), "bold")), soft_wrap=True)


@app.command()
def report(run: Annotated[Path, typer.Argument(help="A run directory.")]) -> None:
    """Write the report.html of a run again, finished or not."""
    need_training()
    from ..train.runs.report import write_report
    from ..train.runs.store import Run

    console.print(Text.assemble("report: ", (str(write_report(Run.open(run))), "bold")), soft_wrap=True)


@app.command()
def doctor(as_json: Json = False) -> None:
    """List what is installed, what is missing and how to get it, and how drawing programs are contained here."""
    findings = diagnose()
    if as_json:
        print(json.dumps([finding._asdict() for finding in findings], indent=1))  # noqa: T201
    else:
        table = table_of(Column("part", no_wrap=True), Column("state", no_wrap=True), "detail")
        for finding in findings:
            state = Text("ok", "green") if finding.ok else Text("missing", "yellow")
            table.add_row(finding.part, state, finding.detail)
        console.print(table)
    if not all(finding.ok for finding in findings if finding.needed):
        raise typer.Exit(1)
