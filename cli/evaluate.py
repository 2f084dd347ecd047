"""`zerosight eval` and `zerosight bench`: models on benchmarks, and our suites for others' tools."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column
from rich.text import Text

from .console import ProgressBars, Usage, console, errors, need_training, table_of

if TYPE_CHECKING:
    from ..benchmarks.evaluation.benchmark import Benchmark
    from ..benchmarks.evaluation.results import EvaluationResult

bench_app = typer.Typer(no_args_is_help=True, help="Public benchmarks and our own suites.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def evaluate_model(
    context: typer.Context,
    model: Annotated[
        str,
        typer.Argument(
            help="`embedded`, a run directory, a model folder, a Hugging Face id, or http://HOST:PORT#NAME."
        ),
    ],
    other: Annotated[str | None, typer.Argument(help="A second model, compared on the same questions.")] = None,
    suite: Annotated[
        str,
        typer.Option(help="heldout (what a run measures itself on), own, spatial, visual, or names: see `bench list`."),
    ] = "heldout",
    items: Annotated[int, typer.Option(min=1, help="Number of held-out items.")] = 1200,
    env: Annotated[
        list[str] | None, typer.Option(help="Environment id, for the suites heldout and own; repeatable.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder with benchmarks as published; without it they come from the hub.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask at most this many questions of each benchmark.")] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for replies, results and the page; an interrupted evaluation continues there.")
    ] = Path("evaluation"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Also draw our own suites anew, under a secret seed.")] = False,
    fresh_seed: Annotated[int | None, typer.Option(min=0, help="Also draw our own suites under this seed.")] = None,
    tokens: Annotated[
        int | None, typer.Option(min=1, help="Most new tokens in a reply; by default the benchmark's own limit.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Number of questions asked together.")] = 32,
    sheet: Annotated[
        bool, typer.Option("--sheet", help="Show a question's pictures as the tiles of one picture.")
    ] = False,
    shard: Annotated[
        str, typer.Option(help="Ask only part I of N, such as 2/4; afterwards run once more without it.")
    ] = "1/1",
    backend: Annotated[str, typer.Option(help="What runs the model: hf or vllm.")] = "hf",
    key_file: Annotated[Path | None, typer.Option(help="File with the API key of a model behind a URL.")] = None,
    judge: Annotated[
        str | None, typer.Option(help="URL#NAME of a model that reads the replies, where the authors use one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure one model or compare two: held-out items, our own suites or public benchmarks, with 95 % intervals."""
    need_training()
    from ..benchmarks.evaluation.runner import Settings
    from ..benchmarks.evaluation.session import Choice, choose, suite_names

    models = [model] if other is None else [model, other]
    _check_options(context, models, suite_names(suite))
    settings = Settings(data=data, limit=limit, max_new_tokens=tokens, batch=batch, sheet=sheet, shard=shard_of(shard))
    choice = Choice(
        suites=suite,
        worlds=env or (),
        items=items,
        taught_forms=_taught_forms(models),
        fresh=fresh or fresh_seed is not None,
        fresh_seed=fresh_seed,
    )
    if out.exists() and not out.is_dir():
        raise Usage(f"--out {out} is a file; name a folder")
    open_named = _opener(out, key_file)
    with ProgressBars(shown=not as_json) as bars:
        evaluation = _evaluate(
            [partial(open_named, name, backend=backend) for name in models],
            choose(choice, out),
            settings,
            out,
            bars,
            partial(open_named, judge) if judge else None,
        )
    _report(evaluation, settings, out, as_json)


def _taught_forms(models: Sequence[str]) -> tuple[str, ...]:
    """Return the forms that all `models` were taught to answer, where they were taught the same ones."""
    from ..train.runs.store import Run
    from ..train.session import taught_forms

    bases = [Run.open(Path(name)).config.model if (Path(name) / "config.yaml").is_file() else name for name in models]
    forms = {taught_forms(base) for base in bases}
    return forms.pop() if len(forms) == 1 else ()


# --- options without effect -----------------------------------------------------------------------------------


def _check_options(context: typer.Context, models: Sequence[str], suites: Sequence[str]) -> None:
    """Refuse options that would do nothing, all of them in one message.

    Args:
        context: knows which options were given, and their values.
        models: the names of the models.
        suites: the names of the benchmarks, groups resolved.

    Raises:
        Usage: an option is not of its form, or has no effect; the message names each one and says why.
    """
    from ..benchmarks.evaluation.benchmark import EvaluationError
    from ..benchmarks.evaluation.models import check_backend

    problems = []
    for name, check in (("shard", shard_of), ("backend", check_backend)):
        try:
            check(context.params[name])
        except EvaluationError as error:
            problems.append(str(error))
    reasons = _reasons_without_effect(models, suites, context.params["judge"])
    for name, reason in reasons.items():
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            problems.append(f"--{name.replace('_', '-')} has no effect: {reason}")
    if problems:
        raise Usage("; ".join(problems))


def _reasons_without_effect(models: Sequence[str], suites: Sequence[str], judge: str | None) -> dict[str, str]:
    """Return why an option has no effect on this evaluation, by the option's name."""
    from ..benchmarks.adapters import ADAPTERS
    from ..benchmarks.evaluation.benchmark import Judged
    from ..benchmarks.evaluation.heldout import NAME as HELDOUT
    from ..benchmarks.evaluation.own import OWN

    asked = f"--suite {','.join(suites)}"
    published = [ADAPTERS[name] for name in suites if name in ADAPTERS]
    ours = [name for name in suites if name in OWN]
    urls = [name for name in [*models, judge or ""] if name.startswith(("http://", "https://"))]
    reasons = {}
    if HELDOUT not in suites:
        reasons["items"] = f"it counts the items of --suite heldout, and {asked} is another; use --limit"
    if set(suites) == {HELDOUT}:
        reasons["limit"] = "the number of held-out items is --items"
    if not ours and HELDOUT not in suites:
        reasons["env"] = f"it picks worlds of the suites heldout and own, and {asked} has none"
    if not ours:
        for name in ("fresh", "fresh_seed"):
            reasons[name] = f"it draws our own suites anew, and {asked} has none; add --suite own"
    if not published:
        reasons["data"] = f"it is the folder of published benchmarks, and the items of {asked} are made here"
        reasons["sheet"] = f"each item of {asked} has one picture"
    if not any(isinstance(adapter, Judged) for adapter in published):
        reasons["judge"] = f"the replies to {asked} are scored by rules alone"
    if not urls:
        reasons["key_file"] = "no model is behind a URL"
    if all(name in urls for name in models):
        reasons["backend"] = "a model behind a URL is run by its own server"
    return reasons


def shard_of(text: str) -> tuple[int, int]:
    """Return the part and the number of parts in `text`: (2, 4) of `2/4`, the second part of four.

    Raises:
        EvaluationError: `text` is not of this form.
    """
    from ..benchmarks.evaluation.benchmark import EvaluationError

    part, slash, parts = text.partition("/")
    if slash and part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts):
        return int(part), int(parts)
    raise EvaluationError(f"--shard is I/N with I from 1 to N, such as 2/4, got {text!r}")


# --- the evaluation -------------------------------------------------------------------------------------------


def _opener(out: Path, key_file: Path | None) -> Callable[..., Any]:
    from ..benchmarks.evaluation.models import open_model

    return partial(open_model, work=out / "work", key_file=key_file)


def _evaluate(
    openers: Sequence[Callable[[], Any]],
    benchmarks: "Sequence[Benchmark]",
    settings: Any,
    out: Path,
    bars: ProgressBars,
    open_judge: Callable[[], Any] | None,
) -> "EvaluationResult":
    """Ask every model every benchmark, with a progress bar for each."""
    from ..benchmarks.evaluation.session import evaluate_models

    model_number = 0

    def counted(open_one: Callable[[], Any]) -> Any:
        nonlocal model_number
        model_number += 1
        return open_one()

    def show_progress(benchmark_name: str, done: int, total: int) -> None:
        bars.update(f"model {model_number}, {benchmark_name}", done, total)

    counted_openers = [partial(counted, open_one) for open_one in openers]
    return evaluate_models(counted_openers, benchmarks, settings, out, show_progress, open_judge)


def _report(evaluation: "EvaluationResult", settings: Any, out: Path, as_json: bool) -> None:
    """Write every file into `out`, print tables or JSON, and exit with a status that says what failed.

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
