"""`zerosight eval` and `zerosight bench`: models on benchmarks, and our suites for others' tools."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml
from rich.table import Column
from rich.text import Text

from . import eval_options as options
from .console import ProgressBars, Usage, console, errors, need_training, table_of
from .eval_options import check_options, shard_of

if TYPE_CHECKING:
    from ..benchmarks.evaluation.benchmark import Benchmark
    from ..benchmarks.evaluation.results import EvaluationResult

bench_app = typer.Typer(no_args_is_help=True, help="Public benchmarks and our own suites.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def evaluate_model(
    context: typer.Context,
    model: options.Model,
    other: options.OtherModel = None,
    suite: options.Suite = "heldout",
    items: options.Items = 1200,
    env: options.Worlds = None,
    data: options.Data = None,
    limit: options.Limit = None,
    out: options.Out = Path("evaluation"),
    fresh: options.Fresh = False,
    fresh_seed: options.FreshSeed = None,
    tokens: options.Tokens = None,
    batch: options.Batch = 32,
    sheet: options.Sheet = False,
    shard: options.Shard = "1/1",
    backend: options.Backend = "hf",
    key_file: options.KeyFile = None,
    judge: options.Judge = None,
    timeout: options.Timeout = 300.0,
    retries: options.Retries = 3,
    concurrency: options.Concurrency = 16,
    rate: options.Rate = None,
    body: options.Body = None,
    dry_run: options.DryRun = False,
    as_json: Json = False,
) -> None:
    """Measure one model or compare two: held-out items, our own suites or public benchmarks, with 95 % intervals."""
    need_training()
    from ..benchmarks.evaluation.models import open_model
    from ..benchmarks.evaluation.server import ServerOptions
    from ..benchmarks.evaluation.session import Choice, choose, suite_names
    from ..benchmarks.evaluation.settings import Settings

    models = [model] if other is None else [model, other]
    check_options(context, models, suite_names(suite))
    settings = Settings(data=data, limit=limit, max_new_tokens=tokens, batch=batch, sheet=sheet, shard=shard_of(shard))
    choice = Choice(
        suites=suite,
        worlds=env or (),
        items=items,
        taught_forms=_taught_forms(models),
        fresh=fresh or fresh_seed is not None,
        fresh_seed=fresh_seed,
    )
    benchmarks = choose(choice, _output_folder(out))
    if dry_run:
        _print_prompts(benchmarks, settings)
        return
    server = ServerOptions(
        timeout=timeout, retries=retries, concurrency=concurrency, requests_per_minute=rate, body=_fields(body or ())
    )
    open_named = partial(open_model, work=out / "work", key_file=key_file, server=server)
    openers = [partial(open_named, name, backend=backend) for name in models]
    open_judge = partial(open_named, judge) if judge else None
    with ProgressBars(is_shown=not as_json) as bars:
        evaluation = _evaluate(openers, benchmarks, settings, out, bars, open_judge)
    _report(evaluation, settings, out, as_json)


def _output_folder(path: Path) -> Path:
    """Return `path` where it is a folder or can become one.

    Raises:
        Usage: it is a file.
    """
    if path.exists() and not path.is_dir():
        raise Usage(f"--out {path} is a file; name a folder")
    return path


def _taught_forms(models: Sequence[str]) -> tuple[str, ...]:
    """Return the forms that all `models` were taught to answer, where they were taught the same ones."""
    from ..train.runs.store import Run
    from ..train.session import taught_forms

    bases = [Run.open(Path(name)).config.model if (Path(name) / "config.yaml").is_file() else name for name in models]
    forms = {taught_forms(base) for base in bases}
    return forms.pop() if len(forms) == 1 else ()


# --- the evaluation -------------------------------------------------------------------------------------------


def _fields(assignments: Sequence[str]) -> dict[str, Any]:
    """Return the fields that `assignments` such as `reasoning_effort=low` name, their values read as YAML.

    Raises:
        Usage: one has no name or no `=`.
    """
    fields = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not name or not equals:
            raise Usage(f"--body is NAME=VALUE, such as reasoning_effort=low, got {assignment!r}")
        try:
            fields[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise Usage(f"--body {assignment}: the value cannot be read ({str(error).splitlines()[0]})") from error
    return fields


def _print_prompts(benchmarks: "Sequence[Benchmark]", settings: Any) -> None:
    """Print the first question of each of `benchmarks` as a model would read it."""
    from ..benchmarks.evaluation.benchmark import questions_of
    from ..benchmarks.samples import Sample

    for benchmark in benchmarks:
        loaded_rows = questions_of(benchmark, settings.data, settings.limit)
        sample = next((row for row in loaded_rows if isinstance(row, Sample)), None)
        console.print(Text.assemble((benchmark.title, "bold"), f" ({benchmark.name})"), soft_wrap=True)
        if sample is None:
            console.print("no question can be read", soft_wrap=True)
            continue
        system = getattr(benchmark, "system", "")
        tokens = settings.max_new_tokens or getattr(benchmark, "max_new_tokens", None) or "default"
        console.print(
            f"{len(sample.images)} pictures, at most {tokens} new tokens, answer: {sample.answer}", soft_wrap=True
        )
        console.print(*([f"[system] {system}"] if system else []), benchmark.prompt(sample), sep="\n", soft_wrap=True)
        console.print()


def _evaluate(
    openers: Sequence[Callable[[], Any]],
    benchmarks: "Sequence[Benchmark]",
    settings: Any,
    out: Path,
    bars: ProgressBars,
    open_judge: Callable[[], Any] | None,
) -> "EvaluationResult":
    """Ask every model every benchmark, with a progress bar for each.

    Args:
        openers: open the models.
        benchmarks: their questions.
        settings: how they are asked.
        out: the folder of the cache.
        bars: show how it goes.
        open_judge: opens the model that reads replies, if any.
    """
    from ..benchmarks.evaluation.session import evaluate_models

    model_number = 0

    def counted(open_one: Callable[[], Any]) -> Any:
        nonlocal model_number
        model_number += 1
        return open_one()

    def show_progress(benchmark_name: str, done_count: int, total: int) -> None:
        bars.update(f"model {model_number}, {benchmark_name}", done_count, total)

    counted_openers = [partial(counted, open_one) for open_one in openers]
    return evaluate_models(counted_openers, benchmarks, settings, out, show_progress, open_judge)


def _report(evaluation: "EvaluationResult", settings: Any, out: Path, as_json: bool) -> None:
    """Write every file into `out`, print tables or JSON, and exit with a status that says what failed.

    Args:
        evaluation: the result.
        settings: how it was made.
        out: the folder.
        as_json: print JSON.

    Raises:
        typer.Exit: with 1 where no question could be answered, with 3 where a part failed.
    """
    from ..benchmarks.evaluation.page import write_page
    from ..benchmarks.evaluation.results import write_evaluation
    from ..benchmarks.evaluation.table import remarks, tables

    body = write_evaluation(evaluation, settings, out)
    page = write_page(evaluation, out)
    if as_json:
        print(json.dumps(body, indent=1))  # noqa: T201
    else:
        for table in tables(evaluation):
            console.print(table)
        for remark in remarks(evaluation):
            console.print(remark, soft_wrap=True)
        paths = Text.assemble("page: ", (str(page), "bold"), "; results: ", (str(out / "results.json"), "bold"))
        console.print(paths, soft_wrap=True)
    scores_of_all = [scores for models in evaluation.scores.values() for scores in models]
    if settings.sheet and not any(scores.counts["sheets"] for scores in scores_of_all):
        errors.print("note: --sheet had no effect, no question that was asked has several pictures", soft_wrap=True)
    if status := evaluation.exit_status():
        outcome = "no question could be asked" if status == 1 else "a part of the questions could not be asked"
        reason = next(row.reason for scores in scores_of_all for row in scores.answers.rows if row.reason)
        # The tables' remarks have the reason already.
        cause = f" ({reason})" if as_json else ""
        errors.print(f"{outcome}{cause}; the same command again asks what is left", soft_wrap=True)
        raise typer.Exit(status)


# --- benchmarks -----------------------------------------------------------------------------------------------


@bench_app.command("list")
def bench_list(as_json: Json = False) -> None:
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
