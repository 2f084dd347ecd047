"""`zerosight export`: a trained role for others' tools."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from .console import Json, console, need_training, one_of, print_json


def export_role(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    out: Annotated[Path, typer.Option(help="An empty or new folder.")],
    role: Annotated[str, typer.Option(help="proposer, coder or solver.")] = "solver",
    adapter: Annotated[bool, typer.Option("--adapter", help="The LoRA adapter alone, for peft.")] = False,
    best: Annotated[bool, typer.Option("--best", help="Take the checkpoint that keep_best keeps.")] = False,
    as_json: Json = False,
) -> None:
    """Write a trained role as a Hugging Face folder that plain transformers loads, with a model card."""
    one_of("role", role, ("proposer", "coder", "solver"))
    need_training()
    from ..train.runs.export import export

    export(run, out, role, "adapter" if adapter else "merged", best=best)
    if as_json:
        print_json({"role": role, "folder": str(out)})
        return
    console.print(Text.assemble(f"{role}: ", (str(out), "bold")), soft_wrap=True)
