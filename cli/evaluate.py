"""`zerosight eval` and `zerosight bench`: models on benchmarks, and our suites for others' tools."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from ..envs import make
from .console import Usage, Watch, console, errors, need_training, share

if TYPE_CHECKING:
    from ..benchmarks.evaluation.runner import Settings
    from ..benchmarks.evaluation.session import Choice

bench_app = typer.Typer(no_args_is_help=True, help="Public benchmarks and our own suites.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def evaluate_model(
    model: Annotated[str, typer.Argument(help="`embedded`, a run directory, a model folder or a Hugging Face id.")],
    other: Annotated[str | None, typer.Argument(help="A second model, compared on the same questions.")] = None,
    suite: Annotated[
        str,
        typer.Option(help="heldout (a run's own measurement), own, spatial, visual, or names: `zerosight bench list`"),
    ] = "heldout",
    items: Annotated[int, typer.Option(min=1, help="Items of heldout.")] = 1200,
    env: Annotated[list[str] | None, typer.Option(help="Environment id, for heldout and own; repeatable.")] = None,
    data: Annotated[Path | None, typer.Option(help="A folder of benchmarks as published; the hub by default.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Questions of each benchmark at most.")] = None,
    out: Annotated[Path, typer.Option(help="Where answers, figures and the page go; continues there.")] = Path(
        "evaluation"
    ),
    fresh: Annotated[bool, typer.Option("--fresh", help="Also own suites under a new secret seed.")] = False,
    fresh_seed: Annotated[int | None, typer.Option(min=0, help="The same under this seed.")] = None,
    tokens: Annotated[
        int | None, typer.Option(min=1, help="New tokens in a reply; by default the benchmark's.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Questions asked together.")] = 32,
    sheet: Annotated[bool, typer.Option("--sheet", help="Several pictures as tiles of one.")] = False,
    shard: Annotated[str, typer.Option(help="Ask only the Ith of N shares, such as 2/4; then run without it.")] = "1/1",
    backend: Annotated[str, typer.Option(help="hf or vllm.")] = "hf",
    key_file: Annotated[Path | None, typer.Option(help="Holds the API key of a model at a URL.")] = None,
    judge: Annotated[
        str | None, typer.Option(help="URL#NAME of a model that reads replies, where authors have one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """A model's scores with intervals: held-out items, our own suites, or public benchmarks."""
    need_training()
    if suite != "heldout":
        from ..benchmarks.evaluation.runner import Settings
        from ..benchmarks.evaluation.session import Choice

        share_of_all = shard_of(shard)
        settings = Settings(data=data, limit=limit, max_new_tokens=tokens, batch=batch, sheet=sheet, shard=share_of_all)
        fresh = fresh or fresh_seed is not None
        choice = Choice(suites=suite, worlds=env or (), fresh=fresh, fresh_seed=fresh_seed)
        models = [model] if other is None else [model, other]
        _evaluate(models, choice, settings, out, backend=backend, key_file=key_file, judge=judge, as_json=as_json)
        return
    if other is not None:
        raise Usage("--suite heldout measures one model; compare two with --suite own")
    _measure_heldout(model, items, env, as_json)


def _measure_heldout(model: str, items: int, env: list[str] | None, as_json: bool) -> None:
    from ..train.heldout import evaluate, heldout_suite
    from ..train.models.load import model_path
    from ..train.models.policy import Policy
    from ..train.runs.store import load_trained
    from ..train.session import taught_forms

    envs = [make(name).id for name in env or ["shapes/Canvas-v1"]]
    folder = Path(model)
    policy = load_trained(folder) if (folder / "config.yaml").is_file() else Policy.load(model_path(model))
    made = heldout_suite(envs, items)
    with Watch() as watch:
        watch.phase("answers")
        result = evaluate(policy, made, taught_forms(model), watch.answered if not as_json else None)
    if as_json:
        print(json.dumps(result, indent=1))  # noqa: T201
        return
    table = Table("form", "items", "chance", "accuracy (95 % interval)", "blind")
    for name, row in (*result["tasks"].items(), *result["kinds"].items(), ("all forms", result["overall"])):
        table.add_row(name, str(row["items"]), f"{row['chance']:.0%}", share(row), f"{row['blind']:.1%}")
    console.print(table)


def _evaluate(
    models: Sequence[str],
    choice: "Choice",
    settings: "Settings",
    out: Path,
    *,
    backend: str,
    key_file: Path | None,
    judge: str | None,
    as_json: bool,
) -> None:
    """One or two models on suites: a table or JSON, and every file in `out`."""
    from ..benchmarks.evaluation.models import open_model
    from ..benchmarks.evaluation.page import write_page
    from ..benchmarks.evaluation.results import write_evaluation
    from ..benchmarks.evaluation.session import choose, evaluate_models

    benchmarks = choose(choice, out)
    opened = [partial(open_model, name, backend=backend, work=out / "work", key_file=key_file) for name in models]
    reader = partial(open_model, judge, work=out / "work", key_file=key_file) if judge else None
    with _Bars(shown=not as_json) as bars:
        begun = [bars.beginning(open_one) for open_one in opened]
        found = evaluate_models(begun, benchmarks, settings, out, bars.told, reader)
    body = write_evaluation(found, settings, out)
    page = write_page(found, out)
    if as_json:
        print(json.dumps(body, indent=1))  # noqa: T201
        return
    _print(found)
    console.print(f"page: [bold]{page}[/]; figures: [bold]{out / 'results.json'}[/]", soft_wrap=True)


def _print(found: Any) -> None:
    from ..benchmarks.evaluation.table import remarks, tables

    for table in tables(found):
        console.print(table)
    for remark in remarks(found):
        console.print(remark, highlight=False, markup=False, soft_wrap=True)


class _Bars:
    """A progress bar for each benchmark of each model, on stderr."""

    def __init__(self, shown: bool) -> None:
        self._bars = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=errors,
            disable=not shown,
        )
        self._tasks: dict[tuple[int, str], Any] = {}
        self._model = 0

    def __enter__(self) -> "_Bars":
        self._bars.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._bars.__exit__(*exception)

    def beginning(self, open_one: Callable[[], Any]) -> Callable[[], Any]:
        """The same opener, which also begins the bars of another model."""

        def begin() -> Any:
            self._model += 1
            return open_one()

        return begin

    def told(self, name: str, done: int, total: int) -> None:
        """Answers came in."""
        key = (self._model, name)
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(f"model {self._model}, {name}", total=total)
        self._bars.update(self._tasks[key], completed=done, total=total)


@bench_app.command("list")
def bench_list(as_json: Json = False) -> None:
    """Every benchmark and suite that `zerosight eval --suite` takes."""
    need_training()
    from ..benchmarks.evaluation.session import known_suites

    found = known_suites()
    if as_json:
        print(json.dumps(found, indent=1))  # noqa: T201
        return
    table = Table("name", "what", "in", "data set")
    for entry in found:
        table.add_row(entry["name"], entry["title"], ", ".join(entry["groups"]), entry["data"])
    console.print(table)


@bench_app.command("export")
def bench_export(
    out: Annotated[Path, typer.Argument(help="An empty or new folder.")],
    to: Annotated[str, typer.Option(help="lmms-eval or vlmevalkit.")],
    suite: Annotated[str, typer.Option(help="The suite of ours.")] = "zerosight/heldout-v1",
    env: Annotated[list[str] | None, typer.Option(help="Only this world; repeatable.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Items at most.")] = None,
    fresh_seed: Annotated[int | None, typer.Option(min=0, help="A fresh variant under this seed.")] = None,
) -> None:
    """Write a suite of ours for lmms-eval or VLMEvalKit."""
    need_training()
    from ..benchmarks.evaluation.bridges import export_suite
    from ..benchmarks.evaluation.session import own_suite

    path = export_suite(own_suite(suite, env or (), fresh_seed), to, out, limit)
    console.print(f"{to}: [bold]{path}[/]", soft_wrap=True)


def shard_of(text: str) -> tuple[int, int]:
    """`2/4`: the second share of four.

    Raises:
        EvaluationError: it is not of this form.
    """
    from ..benchmarks.evaluation.benchmark import EvaluationError

    first, slash, second = text.partition("/")
    if slash and first.isdecimal() and second.isdecimal() and 1 <= int(first) <= int(second):
        return int(first), int(second)
    raise EvaluationError(f"--shard is I/N with I from 1 to N, such as 2/4, got {text!r}")
