"""`zerosight eval` and `zerosight bench`: models on benchmarks, and our suites for others' tools."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column
from rich.text import Text

from . import eval_options as options
from .console import console, need_training, table_of

bench_app = typer.Typer(no_args_is_help=True, help="Public benchmarks and our own suites.")


def evaluate_model(
    context: typer.Context,
    model: options.Model,
    other: options.OtherModel = None,
    suite: options.Suite = "heldout",
    items: options.Items = 1200,
    env: options.Worlds = None,
    data: options.Data = None,
    protocol: options.Protocol = None,
    revision: options.Revision = None,
    frames: options.Frames = None,
    dataset: options.Dataset = None,
    column: options.Column = None,
    template: options.Template = None,
    scorer: options.Scorer = "auto",
    split: options.Split = "test",
    limit: options.Limit = None,
    out: options.Out = Path("evaluation"),
    fresh: options.Fresh = False,
    fresh_seed: options.FreshSeed = None,
    tokens: options.Tokens = None,
    temperature: options.Temperature = 0.0,
    top_p: options.TopP = 1.0,
    samples: options.Samples = 1,
    pick: options.Pick = "mean",
    shots: options.Shots = 0,
    system: options.System = None,
    max_picture: options.MaxPicture = None,
    batch: options.Batch = 32,
    sheet: options.Sheet = False,
    shard: options.Shard = "1/1",
    gpus: options.Gpus = 1,
    backend: options.Backend = "hf",
    key_file: options.KeyFile = None,
    judge: options.Judge = None,
    timeout: options.Timeout = 300.0,
    retries: options.Retries = 3,
    concurrency: options.Concurrency = 16,
    rate: options.Rate = None,
    body: options.Body = None,
    price: options.Price = None,
    submission: options.Submission = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Measure one model or compare two: held-out items, our own suites or public benchmarks, with 95 % intervals."""
    need_training()
    from .eval_run import EvaluationRun

    EvaluationRun(context).run()


# --- benchmarks -----------------------------------------------------------------------------------------------


@bench_app.command("list")
def bench_list(as_json: options.Json = False) -> None:
    """List every benchmark and suite that `zerosight eval --suite` takes."""
    need_training()
    from ..benchmarks.evaluation.session import known_suites

    suites = known_suites()
    if as_json:
        print(json.dumps(suites, indent=1))  # noqa: T201
        return
    table = table_of(Column("name", no_wrap=True), "about", "groups", "data set")
    for entry in suites:
        table.add_row(entry["name"], entry["title"], ", ".join(entry["groups"]), entry["data"])
    console.print(table)


@bench_app.command("export")
def bench_export(
    out: Annotated[Path, typer.Argument(help="An empty or new folder.")],
    to: Annotated[str, typer.Option(help="The tool: lmms-eval or vlmevalkit.")],
    suite: Annotated[str, typer.Option(help="Which of our suites.")] = "zerosight/heldout-v1",
    env: Annotated[list[str] | None, typer.Option(help="Export only this environment; repeatable.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Export at most this many items.")] = None,
    fresh_seed: Annotated[int | None, typer.Option(min=0, help="Export a fresh variant under this seed.")] = None,
) -> None:
    """Write one of our suites for lmms-eval or VLMEvalKit."""
    need_training()
    from ..benchmarks.evaluation.bridges import export_suite
    from ..benchmarks.evaluation.session import own_suite

    path = export_suite(own_suite(suite, env or (), fresh_seed), to, out, limit)
    console.print(Text.assemble(f"{to}: ", (str(path), "bold")), soft_wrap=True)
