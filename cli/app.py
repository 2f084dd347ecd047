"""The command line: `zerosight evolve`, `recipe`, `compare`, `env`, `draw`, `eval`, `bench`, `export` and others."""

import json
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table

from ..envs import SPLITS, Environment, PluginError, broken_plugins, list_environments, make, stream
from ..envs.checker import check_environment, item_rate
from ..envs.gallery import gallery_page
from ..envs.registry import guarded
from ..envs.scaffold import env_id_of, write_plugin
from ..errors import UserError
from .console import Usage, Watch, console, errors, need_training, share
from .doctor import diagnose
from .evaluate import bench_app, evaluate_model
from .recipes import compare, recipe_app

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="A vision-language model improves itself from zero data."
)
env_app = typer.Typer(no_args_is_help=True, help="The worlds that questions are asked about.")
app.add_typer(env_app, name="env")
app.add_typer(recipe_app, name="recipe")
app.command()(compare)
app.add_typer(bench_app, name="bench")
app.command("eval")(evaluate_model)
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def main() -> None:
    """Run the command line; what a person can mend is one line on stderr and exit code 2."""
    try:
        app()
    except UserError as error:
        errors.print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
        sys.exit(2)


# --- evolve --------------------------------------------------------------------------------------------------


@app.command()
def evolve(
    recipe: Annotated[str, typer.Argument(help="A recipe's name.")] = "zerosight",
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override an option: a.b=c. Repeatable.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run directory; a new folder under runs/ by default.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Continue the run in this directory.")] = None,
    begin: Annotated[Path | None, typer.Option("--from", help="Begin with this run's weights and curriculum.")] = None,
    threads: Annotated[int, typer.Option(min=0, help="Threads of torch; 0 takes every core.")] = 0,
) -> None:
    """Evolve a model from zero data, measured before and after on held-out items."""
    need_training()
    import torch

    from ..render.sandbox.layers import demand
    from ..train.config import override
    from ..train.follow import follow
    from ..train.learning.processes import Together, launched
    from ..train.loop import Terminated
    from ..train.models.load import model_path
    from ..train.models.policy import locate_model
    from ..train.recipes import algorithm_names, make_algorithm, recipe_config
    from ..train.runs.report import write_report
    from ..train.runs.store import Run, newest_checkpoint
    from ..train.session import run_session

    if threads:
        torch.set_num_threads(threads)
    processes, device = launched()
    if isinstance(processes, Together) and processes.rank > 0:
        follow(processes, device)
        return
    if resume is not None:
        if settings or out is not None or begin is not None:
            raise Usage(
                "--resume continues a run as it was configured; leave --set, --out and --from away, or start a new run"
            )
        run = Run.open(resume)
    else:
        from_run = [f"start={begin.resolve()}"] if begin is not None else []
        config = override(recipe_config(recipe), [*(settings or []), *from_run])
        for env in config.envs:
            make(env)
        locate_model(model_path(config.model))
        for algorithm in algorithm_names(config):
            make_algorithm(algorithm, config)
        if config.start is not None:
            newest_checkpoint(config.start)
        demand(config.sandbox.required)
        run = Run.create(out or Path("runs") / time.strftime(f"{recipe}-%Y%m%d-%H%M%S"), config)
    console.print(f"run directory: [bold]{run.folder}[/]")
    try:
        with Watch() as watch:
            start, end = run_session(run, watch, processes=processes)
    except Terminated as stopped:
        errors.print(f"{stopped} by SIGTERM; continue with zerosight evolve --resume {run.folder}")
        raise typer.Exit(128 + signal.SIGTERM) from None
    write_report(run)
    _print_results(start, end)
    console.print(f"report: [bold]{run.folder / 'report.html'}[/]")


def _print_results(start: Mapping[str, Any], end: Mapping[str, Any]) -> None:
    table = Table(title="Held-out accuracy of the Solver (95 % interval)")
    for heading in ("form", "items", "chance", "before", "after", "gain", "blind before", "blind after"):
        table.add_column(heading, justify="left" if heading == "form" else "right")
    groups = [("", start["tasks"]), ("kinds", start["kinds"]), ("all", {"all forms": start["overall"]})]
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
        table = Table(title="Proposer and Coder on held-out briefings (95 % interval)")
        for heading in ("share of", "before", "after"):
            table.add_column(heading)
        for name, before in start["writing"].items():
            table.add_row(name.replace("_", " "), share(before, "value"), share(end["writing"][name], "value"))
        console.print(table)


# --- environments --------------------------------------------------------------------------------------------


@env_app.command("list")
def env_list(
    as_json: Json = False,
    rates: Annotated[bool, typer.Option(help="Measure how many items a second each makes on one core here.")] = True,
) -> None:
    """All environments with their forms, chance levels and item rates."""
    broken = broken_plugins()
    found = [make(name) for name in list_environments() if name not in broken]
    measured = {env.id: _rate(env, broken) if rates else None for env in found}
    if as_json:
        print(json.dumps([_env_summary(env) | {"items_per_second": measured[env.id]} for env in found], indent=1))  # noqa: T201
        return
    table = Table(Column("environment", no_wrap=True), "forms", "difficulties", "chance")
    if rates:
        table.add_column("items/s", justify="right")
    table.add_column("about", no_wrap=True, overflow="ellipsis")
    for env in found:
        chances = [task.chance for task in env.tasks.values()]
        spread = f"{min(chances):.0%}–{max(chances):.0%}"
        rate = [f"{measured[env.id] or 0:.0f}"] if rates else []
        about = (env.__doc__ or "").strip().splitlines()[0]
        levels = f"{min(env.difficulties)}–{max(env.difficulties)}"
        table.add_row(env.id, str(len(env.tasks)), levels, spread, *rate, about)
    console.print(table)
    for reason in broken.values():
        errors.print(f"[yellow]warning:[/] {reason}", highlight=False)


def _rate(env: Environment, broken: dict[str, str]) -> float | None:
    """Items a second; None for a plugin that cannot sample, which is added to the broken ones."""
    try:
        return guarded(f"environment {env.id!r} cannot sample", lambda: item_rate(env))
    except PluginError as error:
        broken[env.id] = str(error)
        return None


def _env_summary(env: Any) -> dict[str, Any]:
    tasks = {
        name: {"kind": task.kind, "options": task.options, "chance": task.chance, "about": task.about}
        for name, task in env.tasks.items()
    }
    return {"id": env.id, "difficulties": env.difficulties, "tasks": tasks}


@env_app.command("show")
def env_show(env_id: str, as_json: Json = False) -> None:
    """An environment's documentation and forms."""
    env = make(env_id)
    if as_json:
        print(json.dumps(_env_summary(env), indent=1))  # noqa: T201
        return
    console.print((env.__doc__ or "").strip(), highlight=False, markup=False)
    table = Table("form", "answers", "chance", "about")
    for name, task in env.tasks.items():
        table.add_row(name, ", ".join(task.options) or f"any {task.kind}", f"{task.chance:.0%}", task.about)
    console.print(table)


@env_app.command("schema")
def env_schema(env_id: str) -> None:
    """The JSON schema of an environment's queries, for decoding under constraint."""
    print(json.dumps(make(env_id).schema(), indent=1))  # noqa: T201


@env_app.command("new")
def env_new(
    name: Annotated[str, typer.Argument(help="The package's name, such as my-world.")],
    into: Annotated[Path, typer.Option(help="The folder to make its folder in.")] = Path(),
) -> None:
    """Write a plugin package with a small world of its own, to begin with."""
    folder = write_plugin(name, into)
    console.print(f"{folder}: the world [bold]{env_id_of(name)}[/]; next:", highlight=False)
    for step in (f"pip install -e {folder}", f"zerosight env check {env_id_of(name)}"):
        console.print(f"  {step}", highlight=False, soft_wrap=True)


@env_app.command("sample")
def env_sample(
    env_id: str,
    n: Annotated[int, typer.Option("--n", min=1, help="How many items.")] = 12,
    task: Annotated[str | None, typer.Option(help="One form only.")] = None,
    difficulty: Annotated[int | None, typer.Option(help="One difficulty only.")] = None,
    split: Annotated[str, typer.Option(help="train, dev or heldout.")] = "train",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("gallery.html"),
) -> None:
    """Write a page of items: picture, question, answer, margin, program."""
    env = make(env_id)
    tasks = [_one_of("form", task, tuple(env.tasks))] if task else list(env.tasks)
    levels = [_one_of("difficulty", difficulty, env.difficulties)] if difficulty else list(env.difficulties)
    _one_of("split", split, SPLITS)
    items = [
        env.sample(stream(env.id, split, seed, i), tasks[i % len(tasks)], levels[i // len(tasks) % len(levels)])
        for i in range(n)
    ]
    out.write_text(gallery_page(env, items))
    console.print(f"{n} items: [bold]{out}[/]")


def _one_of(what: str, given: Any, allowed: tuple[Any, ...]) -> Any:
    import difflib

    if given in allowed:
        return given
    close = difflib.get_close_matches(str(given), list(map(str, allowed)), n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise Usage(f"unknown {what} {given!r}; {hint}(allowed: {', '.join(map(str, allowed))})")


@env_app.command("check")
def env_check(
    env_id: str,
    n: Annotated[int, typer.Option("--n", min=1, help="Items for each form.")] = 20,
    as_json: Json = False,
) -> None:
    """Run the whole contract on an environment; exit code 1 where it does not hold."""
    make(env_id)
    results = guarded(f"{env_id} cannot be checked", lambda: check_environment(env_id, n))
    if as_json:
        print(json.dumps([result._asdict() for result in results], indent=1))  # noqa: T201
    else:
        table = Table("check", "holds", "detail")
        for result in results:
            table.add_row(result.name, "[green]yes[/]" if result.holds else "[bold red]NO[/]", escape(result.detail))
        console.print(table)
    if not all(result.holds for result in results):
        raise typer.Exit(1)


# --- eval, report, doctor ------------------------------------------------------------------------------------


@app.command()
def draw(
    program: Annotated[Path, typer.Argument(help="A file: SVG, or Python for matplotlib or trimesh.")],
    kind: Annotated[str, typer.Option(help="svg, chart or solid; by its looks where it is not given.")] = "",
    out: Annotated[Path, typer.Option(help="The picture, a PNG file; of several, each gets a number.")] = Path(
        "picture.png"
    ),
    scene: Annotated[Path | None, typer.Option(help="Also write the scene, as JSON, to this file.")] = None,
    size: Annotated[int, typer.Option(min=8, max=1024, help="Width, px.")] = 448,
) -> None:
    """Run a program in the sandbox, and say what it drew or why it is rejected."""
    from ..render import InfrastructureError, Rejected
    from ..render.drawing import KINDS, Pools, kind_of

    try:
        text = program.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{program} cannot be read: {error}") from error
    kind = _one_of("kind", kind or kind_of(text), KINDS)
    with Pools() as pools:
        (outcome,) = pools.draw(kind, [text], size)
    if isinstance(outcome, InfrastructureError):
        raise Usage(f"the machinery failed: {outcome}")
    if isinstance(outcome, Rejected):
        console.print(f"rejected ({outcome.code}): {outcome.reason}", highlight=False, markup=False)
        if outcome.hint:
            console.print(f"hint: {outcome.hint}", highlight=False, markup=False)
        raise typer.Exit(1)
    many = len(outcome.pictures) > 1
    paths = [out.with_stem(f"{out.stem}-{i}") if many else out for i in range(1, len(outcome.pictures) + 1)]
    for path, picture in zip(paths, outcome.pictures, strict=True):
        path.write_bytes(picture.png())
    if scene is not None:
        scene.write_text(outcome.scene.to_json())
    named = ", ".join(map(str, [*paths, *([scene] if scene else [])]))
    console.print(f"{kind}: {named}", highlight=False, markup=False)


@app.command("export")
def export_role(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    out: Annotated[Path, typer.Option(help="An empty or new folder.")],
    role: Annotated[str, typer.Option(help="proposer, coder or solver.")] = "solver",
    adapter: Annotated[bool, typer.Option("--adapter", help="The LoRA adapter alone, for peft.")] = False,
    best: Annotated[bool, typer.Option("--best", help="Of the checkpoint that keep_best keeps.")] = False,
) -> None:
    """Write a trained role as a Hugging Face folder that plain transformers loads, with a model card."""
    need_training()
    from ..train.runs.export import export

    _one_of("role", role, ("proposer", "coder", "solver"))
    export(run, out, role, "adapter" if adapter else "merged", best=best)
    console.print(f"{role}: [bold]{out}[/]")


@app.command()
def report(run: Annotated[Path, typer.Argument(help="A run directory.")]) -> None:
    """Write a run's report.html anew, finished or not."""
    need_training()
    from ..train.runs.report import write_report
    from ..train.runs.store import Run

    console.print(f"report: [bold]{write_report(Run.open(run))}[/]")


@app.command()
def doctor(as_json: Json = False) -> None:
    """What is installed, what is missing and how to get it, and how drawing programs are contained here."""
    findings = diagnose()
    if as_json:
        print(json.dumps([finding._asdict() for finding in findings], indent=1))  # noqa: T201
    else:
        table = Table("part", "state", "detail")
        for finding in findings:
            table.add_row(finding.part, "[green]ok[/]" if finding.ok else "[yellow]missing[/]", escape(finding.detail))
        console.print(table)
    if not all(finding.ok for finding in findings if finding.needed):
        raise typer.Exit(1)
