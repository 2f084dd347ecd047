"""`zerosight plan`: what a run will need, before it is begun."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from .console import Json, console, need_training, print_json, table_of

if TYPE_CHECKING:
    from ..train.plan import RunPlan


def plan(
    recipe: Annotated[str, typer.Argument(help="A recipe's name, or a YAML file of options.")] = "zerosight",
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override an option: a.b=c. Repeatable.")] = None,
    preset: Annotated[str, typer.Option(help="Options for a size of model and number of GPUs: 3b-1gpu, ...")] = "",
    card: Annotated[str, typer.Option(help="The GPU, such as h100-80, a100-80, l40s or rtx4090.")] = "a100-80",
    gpus: Annotated[int, typer.Option(min=1, help="How many of them.")] = 1,
    as_json: Json = False,
) -> None:
    """Estimate tokens, memory and time of a step of `recipe`, and say what would not fit. No weights are loaded."""
    need_training()
    from ..train.plan import plan_run
    from ..train.presets import config_from

    run_plan = plan_run(config_from(recipe, preset, settings or ()), card, gpus)
    if as_json:
        print_json(as_dict(run_plan))
    else:
        print_plan(run_plan)
    if run_plan.problems:
        raise typer.Exit(1)


def as_dict(run_plan: "RunPlan") -> dict[str, Any]:
    """Return `run_plan` as JSON values."""
    return {
        "model": run_plan.config.model,
        "card": run_plan.card_name,
        "gpus": run_plan.gpus,
        "parameters": run_plan.size.parameters,
        "trained_parameters": run_plan.size.trained,
        "tokens": {env_id: {role: needs._asdict() for role, needs in roles.items()}
                   for env_id, roles in run_plan.needs.by_env.items()},
        "memory_gib": run_plan.memory_gib,
        "peak_gib": run_plan.peak_gib,
        "generated_tokens": run_plan.generated_tokens,
        "trained_tokens": run_plan.trained_tokens,
        "step_seconds": run_plan.step_seconds,
        "problems": list(run_plan.problems),
    }  # fmt: skip


def print_plan(run_plan: "RunPlan") -> None:
    """Print `run_plan` as tables, its problems last."""
    size = run_plan.size
    console.print(
        f"{run_plan.config.model}: {size.parameters / 1e6:,.1f} million parameters, {size.trained / 1e6:,.1f} million "
        f"in each trained set; {run_plan.gpus} x {run_plan.card_name}",
        soft_wrap=True,
        markup=False,
    )
    token_table = table_of("environment", "role", "prompt", "of it picture", "its own reply", "limit")
    for env_id, roles in run_plan.needs.by_env.items():
        for role, needs in roles.items():
            limit = getattr(run_plan.config.rollout, f"{role}_tokens")
            token_table.add_row(Text(env_id), role, *map(str, (*needs, limit)))
    console.print(token_table)
    memory_table = table_of("memory of one card", "GiB")
    for part, amount in run_plan.memory_gib.items():
        memory_table.add_row(part, f"{amount:.2f}")
    memory_table.add_row("at once", f"{run_plan.peak_gib:.2f}")
    console.print(memory_table)
    console.print(
        f"a step: {run_plan.generated_tokens:,} tokens generated or read, {run_plan.trained_tokens:,} learned from, "
        f"about {run_plan.step_seconds:.1f} s without drawing",
        soft_wrap=True,
        markup=False,
    )
    for problem in run_plan.problems:
        console.print(Text.assemble(("would not fit: ", "bold yellow"), problem), soft_wrap=True)
