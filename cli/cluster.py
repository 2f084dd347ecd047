"""`zerosight cluster`: jobs for training engines that run on many machines."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from .console import console, need_training, one_of
from .data import need_data
from .data_options import WORLDS

cluster_app = typer.Typer(no_args_is_help=True, help="Jobs for training engines on many machines.")


@cluster_app.callback()
def cluster() -> None:
    """Write jobs for training engines on many machines."""


@cluster_app.command("verl")
def cluster_verl(
    out: Annotated[Path, typer.Argument(help="An empty or new folder, which every node will see.")],
    env: Annotated[list[str] | None, typer.Option(help="Environment id; repeatable.")] = None,
    model: Annotated[str, typer.Option(help="The model's id or folder.")] = "Qwen/Qwen2.5-VL-3B-Instruct",
    items: Annotated[int, typer.Option(min=1, help="Items of an epoch; they are drawn as they are needed.")] = 20_000,
    nodes: Annotated[int, typer.Option(min=1, help="Number of machines.")] = 1,
    gpus: Annotated[int, typer.Option(min=1, help="GPUs of each machine.")] = 8,
    batch: Annotated[int, typer.Option(min=1, help="Prompts of a step.")] = 128,
    group: Annotated[int, typer.Option(min=2, help="Replies to each prompt.")] = 8,
    triad: Annotated[bool, typer.Option("--triad", help="Proposer, Coder and Solver learn in turn.")] = False,
    mode: Annotated[str, typer.Option(help="The Solver's: answer, or reason.")] = "answer",
    size: Annotated[int, typer.Option(min=0, max=2048, help="Width of the pictures, px; 0 is each world's own.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives other items.")] = 0,
    validation: Annotated[int, typer.Option(min=1, help="Held-out items to validate on.")] = 200,
) -> None:
    """Write a job for verl on Ray: items, reward, agent loop, launch script, and how it differs from `evolve`."""
    need_data()
    need_training()
    from ..train.bridges.verl_job import VerlJob, write_job
    from ..train.data.plan import DataPlan

    plan = DataPlan(
        worlds=tuple(env or WORLDS),
        count=items,
        seed=seed,
        picture_px=size,
        mode=one_of("mode", mode, ("answer", "reason")),
    )
    job = VerlJob(
        plan=plan,
        model=model,
        nodes=nodes,
        gpus=gpus,
        batch=batch,
        group=group,
        triad=triad,
        validation_items=validation,
    )
    script = write_job(out, job)
    console.print(Text.assemble("job: ", (str(script), "bold"), f"; read {out / 'README.md'} first"), soft_wrap=True)
