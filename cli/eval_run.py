"""One `zerosight eval`: from its options to the tables, the files and the exit status."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
import yaml
from rich.text import Text

from .console import ProgressBars, Usage, console, errors
from .eval_options import check_options, pair_of, shard_of

if TYPE_CHECKING:
    from ..benchmarks.adapters.anyone import DataCard
    from ..benchmarks.evaluation.benchmark import Benchmark
    from ..benchmarks.evaluation.results import EvaluationResult
    from ..benchmarks.evaluation.session import Choice
    from ..benchmarks.evaluation.settings import Settings


class EvaluationRun:
    """The evaluation that a command line asks for.

    Args:
        context: holds every option by its name.
    """

    def __init__(self, context: typer.Context) -> None:
        self._context = context
        self._options: dict[str, Any] = context.params
        self._out: Path = self._options["out"]
        other = self._options["other"]
        self._models: list[str] = [self._options["model"], *([] if other is None else [other])]

    def run(self) -> None:
        """Check the options, ask what is not answered yet, print and write the results.

        Raises:
            Usage: an option cannot be taken.
            typer.Exit: with 1 where no question could be answered, with 3 where a part failed.
        """
        from ..benchmarks.evaluation.session import choose, suite_names

        card = self._card()
        suites = suite_names(self._options["suite"]) if card is None or self._is_given("suite") else []
        check_options(self._context, self._models, suites)
        if self._out.exists() and not self._out.is_dir():
            raise Usage(f"--out {self._out} is a file; name a folder")
        settings = self._settings()
        benchmarks = choose(self._choice(",".join(suites), card), self._out)
        if self._options["dry_run"]:
            print_prompts(benchmarks, settings, self._models[0])
            return
        if self._options["gpus"] > 1:
            ask_on_gpus(self._options["gpus"], self._out)
        with ProgressBars(is_shown=not self._options["as_json"]) as bars:
            evaluation = evaluate(self._openers(), benchmarks, settings, self._out, bars, self._judge_opener())
        report(evaluation, settings, self._out, self._options["as_json"])

    def _is_given(self, name: str) -> bool:
        source = self._context.get_parameter_source(name)
        return source is not None and source.name == "COMMANDLINE"

    def _card(self) -> "DataCard | None":
        """Return the description of the user's own data set; None where none was given."""
        from ..benchmarks.adapters.anyone import DataCard

        source = self._options["dataset"]
        if source is None:
            return None
        columns: dict[str, tuple[str, ...]] = {}
        for assignment in self._options["column"] or ():
            part, names = split_assignment(assignment, "--column is PART=COLUMN, such as question=ask or options=A,B,C")
            columns[part] = tuple(names.split(","))
        template = self._options["template"]
        card = DataCard(source=source, columns=columns, scorer=self._options["scorer"], split=self._options["split"])
        # A shell passes a written line break as two characters.
        return card if template is None else replace(card, template=template.replace("\\n", "\n"))

    def _choice(self, suites: str, card: "DataCard | None") -> "Choice":
        from ..benchmarks.evaluation.session import Choice

        options = self._options
        return Choice(
            suites=suites,
            worlds=options["env"] or (),
            items=options["items"],
            taught_forms=taught_forms_of(self._models),
            fresh=options["fresh"] or options["fresh_seed"] is not None,
            fresh_seed=options["fresh_seed"],
            protocol=options["protocol"],
            frames=options["frames"],
            dataset=card,
            revisions=revisions_of(options["revision"] or ()),
        )

    def _settings(self) -> "Settings":
        from ..benchmarks.evaluation.settings import Decoding, Settings, check_pick

        options = self._options
        check_pick(options["pick"], options["samples"])
        return Settings(
            data=options["data"],
            limit=options["limit"],
            max_new_tokens=options["tokens"],
            batch=options["batch"],
            sheet=options["sheet"],
            shard=shard_of(options["shard"]),
            decoding=Decoding(temperature=options["temperature"], top_p=options["top_p"]),
            samples=options["samples"],
            pick=options["pick"],
            shots=options["shots"],
            system=options["system"],
            picture_side=options["max_picture"],
            submission=options["submission"],
            price=None if options["price"] is None else pair_of(options["price"]),
        )

    def _open(self) -> Callable[..., Any]:
        from ..benchmarks.evaluation.models import open_model
        from ..benchmarks.evaluation.server import ServerOptions

        options = self._options
        server = ServerOptions(
            timeout=options["timeout"],
            retries=options["retries"],
            concurrency=options["concurrency"],
            requests_per_minute=options["rate"],
            body=fields_of(options["body"] or ()),
        )
        return partial(open_model, work=self._out / "work", key_file=options["key_file"], server=server)

    def _openers(self) -> list[Callable[[], Any]]:
        return [partial(self._open(), name, backend=self._options["backend"]) for name in self._models]

    def _judge_opener(self) -> Callable[[], Any] | None:
        judge = self._options["judge"]
        return partial(self._open(), judge) if judge else None


def taught_forms_of(models: Sequence[str]) -> tuple[str, ...]:
    """Return the forms that all `models` were taught to answer, where they were taught the same ones."""
    from ..train.runs.store import Run
    from ..train.session import taught_forms

    bases = [Run.open(Path(name)).config.model if (Path(name) / "config.yaml").is_file() else name for name in models]
    forms = {taught_forms(base) for base in bases}
    return forms.pop() if len(forms) == 1 else ()


def split_assignment(assignment: str, usage: str, *, may_be_empty: bool = False) -> tuple[str, str]:
    """Return the two sides of an `assignment` such as `reasoning_effort=low`.

    Args:
        assignment: as it was given.
        usage: says what is taken, in the error.
        may_be_empty: let the value be empty.

    Raises:
        Usage: it has no name, no `=`, or no value.
    """
    name, equals, value = assignment.partition("=")
    if not name or not equals or not (value or may_be_empty):
        raise Usage(f"{usage}, got {assignment!r}")
    return name, value


def fields_of(assignments: Sequence[str]) -> dict[str, Any]:
    """Return the fields that `assignments` such as `reasoning_effort=low` name, their values read as YAML.

    Raises:
        Usage: one has no name or no `=`.
    """
    fields = {}
    for assignment in assignments:
        usage = "--body is NAME=VALUE, such as reasoning_effort=low"
        name, value = split_assignment(assignment, usage, may_be_empty=True)
        try:
            fields[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise Usage(f"--body {assignment}: the value cannot be read ({str(error).splitlines()[0]})") from error
    return fields


def revisions_of(assignments: Sequence[str]) -> Mapping[str, str]:
    """Return the hub's revisions that `assignments` such as `mmstar=4f1c2a` pin, by benchmark.

    Raises:
        Usage: one has no name or no `=`.
    """
    usage = "--revision is BENCHMARK=REVISION, such as mmstar=main"
    return dict(split_assignment(assignment, usage) for assignment in assignments)


def ask_on_gpus(count: int, out: Path) -> None:
    """Have one process for each of `count` GPUs ask its share; their answers are in the folder `out` afterwards.

    Raises:
        Usage: one of them failed; the message has its last words.
    """
    arguments = _without(sys.argv[1:], "--gpus")
    processes = []
    for number in range(count):
        share = [*arguments, "--shard", f"{number + 1}/{count}", "--json"]
        command = ["env", f"CUDA_VISIBLE_DEVICES={number}", sys.executable, "-m", "zerosight.cli", *share]
        log = out / "work" / f"gpu{number}.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            processes.append((subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=file), log))
    for number, (process, log) in enumerate(processes):
        # A part that failed is asked once more by the process that puts all together.
        if process.wait() not in (0, 3):
            last_line = ([*log.read_text(errors="replace").strip().splitlines(), "no message"])[-1]
            raise Usage(f"the process on GPU {number} ended with status {process.returncode}: {last_line}")


def _without(arguments: Sequence[str], name: str) -> list[str]:
    """Return `arguments` without the option `name` and its value."""
    kept_arguments, is_value = [], False
    for argument in arguments:
        if not is_value and argument != name and not argument.startswith(f"{name}="):
            kept_arguments.append(argument)
        is_value = argument == name
    return kept_arguments


def print_prompts(benchmarks: "Sequence[Benchmark]", settings: "Settings", model: str) -> None:
    """Print the first question of each of `benchmarks` as `model` would read it."""
    from ..benchmarks.evaluation.benchmark import questions_of
    from ..benchmarks.evaluation.models import asking_of
    from ..benchmarks.evaluation.session import asked_in
    from ..benchmarks.samples import Sample

    for benchmark in (asked_in(benchmark, asking_of(model)) for benchmark in benchmarks):
        loaded_rows = questions_of(benchmark, settings.data, settings.limit)
        sample = next((row for row in loaded_rows if isinstance(row, Sample)), None)
        protocol = getattr(benchmark, "protocols", ("",))[0]
        name = f" ({benchmark.name}{protocol and f', protocol {protocol}'})"
        console.print(Text.assemble((benchmark.title, "bold"), name), soft_wrap=True)
        if sample is None:
            console.print("no question can be read", soft_wrap=True)
            continue
        system = getattr(benchmark, "system", "") if settings.system is None else settings.system
        tokens = settings.max_new_tokens or getattr(benchmark, "max_new_tokens", None) or "default"
        facts = f"{len(sample.images)} pictures, at most {tokens} new tokens, answer: {sample.answer}"
        console.print(Text(facts), soft_wrap=True)
        for text in (*([f"[system] {system}"] if system else []), benchmark.prompt(sample), ""):
            console.print(Text(text), soft_wrap=True)


def evaluate(
    openers: Sequence[Callable[[], Any]],
    benchmarks: "Sequence[Benchmark]",
    settings: "Settings",
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


def report(evaluation: "EvaluationResult", settings: "Settings", out: Path, as_json: bool) -> None:
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
            console.print(Text(remark), soft_wrap=True)
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
