"""`zerosight env`: the environments that questions are asked about, looked at without loading torch."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column
from rich.text import Text

from .console import Json, console, errors, one_of, output_file, print_json, report_checks, table_of, write_text

if TYPE_CHECKING:
    from ..envs import Environment

env_app = typer.Typer(no_args_is_help=True, help="The environments that questions are asked about.")
WIDE_ENOUGH = 76
"""Columns of a terminal from which on a table of environments says what they are about."""
EnvId = Annotated[str, typer.Argument(help="An environment's id, such as shapes/Canvas-v1: see `env list`.")]


@env_app.command("list")
def env_list(
    as_json: Json = False,
    rates: Annotated[bool, typer.Option(help="Measure how many items a second each makes on one core here.")] = True,
) -> None:
    """List all environments with the number of their tasks, their chance levels and item rates."""
    from ..envs import broken_plugins, list_environments, make

    broken_reasons = broken_plugins()
    envs = [make(env_id) for env_id in list_environments() if env_id not in broken_reasons]
    item_rates = {env.id: _rate(env, broken_reasons) if rates else None for env in envs}
    if as_json:
        print_json([_env_summary(env) | {"items_per_second": item_rates[env.id]} for env in envs])
        return
    table = table_of(
        Column("environment", no_wrap=True),
        *(Column(heading, justify="right", no_wrap=True) for heading in ("tasks", "levels", "chance")),
        *([Column("items/s", justify="right", no_wrap=True)] if rates else []),
        # On a narrow terminal nothing but single letters would fit.
        *(["about"] if console.width >= WIDE_ENOUGH else []),
    )
    for env in envs:
        chances = [task.chance for task in env.tasks.values()]
        chance_range = f"{min(chances):.0%}–{max(chances):.0%}"
        rate_cells = [f"{item_rates[env.id] or 0:.0f}"] if rates else []
        about_cells = [(env.__doc__ or "").strip().splitlines()[0]] if console.width >= WIDE_ENOUGH else []
        levels = f"{min(env.difficulties)}–{max(env.difficulties)}"
        table.add_row(env.id, str(len(env.tasks)), levels, chance_range, *rate_cells, *about_cells)
    console.print(table)
    for reason in broken_reasons.values():
        errors.print(Text.assemble(("warning:", "yellow"), f" {reason}"), soft_wrap=True)


def _rate(env: "Environment", broken_reasons: dict[str, str]) -> float | None:
    """Return items a second; None for a plugin that cannot sample, whose reason `broken_reasons` gets."""
    from ..envs import PluginError
    from ..envs.checker import item_rate
    from ..envs.registry import guarded

    try:
        return guarded(f"environment {env.id!r} cannot sample", lambda: item_rate(env))
    except PluginError as error:
        broken_reasons[env.id] = str(error)
        return None


def _env_summary(env: Any) -> dict[str, Any]:
    """Return the id, difficulties and tasks of `env` as JSON values."""
    tasks = {
        name: {"kind": task.kind, "options": task.options, "chance": task.chance, "about": task.about}
        for name, task in env.tasks.items()
    }
    return {"id": env.id, "difficulties": env.difficulties, "tasks": tasks}


@env_app.command("show")
def env_show(env_id: EnvId, as_json: Json = False) -> None:
    """Print an environment's documentation and its tasks."""
    from ..envs import make

    env = make(env_id)
    if as_json:
        print_json(_env_summary(env))
        return
    console.print((env.__doc__ or "").strip())
    table = table_of(Column("task", no_wrap=True), "answers", Column("chance", justify="right", no_wrap=True), "about")
    for name, task in env.tasks.items():
        table.add_row(name, ", ".join(task.options) or f"any {task.kind}", f"{task.chance:.0%}", task.about)
    console.print(table)


@env_app.command("schema")
def env_schema(env_id: EnvId) -> None:
    """Print the JSON schema of an environment's queries, for constrained decoding."""
    from ..envs import make

    print_json(make(env_id).schema())


@env_app.command("new")
def env_new(
    name: Annotated[str, typer.Argument(help="The package's name, such as my-world.")],
    into: Annotated[Path, typer.Option(help="The folder in which the package's folder is made.")] = Path(),
    as_json: Json = False,
) -> None:
    """Write a plugin package with a small environment of its own, as a starting point."""
    from ..envs.scaffold import env_id_of, write_plugin

    folder = write_plugin(name, into)
    if as_json:
        print_json({"folder": str(folder), "environment": env_id_of(name)})
        return
    console.print(Text.assemble(f"{folder}: the environment ", (env_id_of(name), "bold"), "; next:"), soft_wrap=True)
    for step in (f"pip install -e {folder}", f"zerosight env check {env_id_of(name)}"):
        console.print(f"  {step}", soft_wrap=True)


@env_app.command("sample")
def env_sample(
    env_id: EnvId,
    n: Annotated[int, typer.Option("--n", min=1, help="Number of items.")] = 12,
    task: Annotated[str | None, typer.Option(help="Only this task.")] = None,
    difficulty: Annotated[int | None, typer.Option(help="Only this difficulty.")] = None,
    split: Annotated[str, typer.Option(help="train, dev or heldout.")] = "train",
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives other items.")] = 0,
    out: Annotated[Path, typer.Option(help="The HTML page to write.")] = Path("gallery.html"),
    as_json: Json = False,
) -> None:
    """Write a page of sampled items: picture, question, answer, margin and program."""
    from ..envs import SPLITS, item_rng, make
    from ..envs.gallery import gallery_page

    env = make(env_id)
    output_file(out)
    tasks = [one_of("task", task, env.tasks)] if task is not None else list(env.tasks)
    levels = list(env.difficulties)
    if difficulty is not None:
        levels = [one_of("difficulty", difficulty, env.difficulties)]
    one_of("split", split, SPLITS)
    items = [
        env.sample(item_rng(env.id, split, seed, i), tasks[i % len(tasks)], levels[i // len(tasks) % len(levels)])
        for i in range(n)
    ]
    write_text(out, gallery_page(env, items))
    if as_json:
        print_json({"page": str(out), "items": [_item_summary(item) for item in items]})
        return
    console.print(Text.assemble(f"{n} items: ", (str(out), "bold")), soft_wrap=True)


def _item_summary(item: Any) -> dict[str, Any]:
    """Return the `item` as JSON values."""
    return {
        "id": item.id,
        "task": item.task,
        "difficulty": item.difficulty,
        "question": item.question.text,
        "options": list(item.question.options),
        "answer": item.truth.value,
        "margin": item.truth.margin,
        "unit": item.truth.unit,
        "program": item.program,
    }


@env_app.command("check")
def env_check(
    env_id: EnvId,
    n: Annotated[int, typer.Option("--n", min=1, help="Number of items of each task.")] = 20,
    as_json: Json = False,
) -> None:
    """Check that an environment keeps its whole contract; exit with 1 where it does not."""
    from ..envs import make
    from ..envs.checker import check_environment
    from ..envs.registry import guarded

    make(env_id)
    results = guarded(f"{env_id} cannot be checked", lambda: check_environment(env_id, n))
    report_checks(results, as_json)
