"""Options of `zerosight eval`, and the reasons why one has no effect on an evaluation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from .console import Usage

Model = Annotated[
    str,
    typer.Argument(help="`embedded`, a run directory, a model folder, a Hugging Face id, or http://HOST:PORT#NAME."),
]
OtherModel = Annotated[str | None, typer.Argument(help="A second model, compared on the same questions.")]
Suite = Annotated[
    str, typer.Option(help="heldout (what a run measures itself on), own, spatial, visual, or names: see `bench list`.")
]
Items = Annotated[int, typer.Option(min=1, help="Number of held-out items.")]
Worlds = Annotated[list[str] | None, typer.Option(help="Environment id, for the suites heldout and own; repeatable.")]
Data = Annotated[
    Path | None, typer.Option(help="Folder with benchmarks as published; without it they come from the hub.")
]
Limit = Annotated[int | None, typer.Option(min=1, help="Ask at most this many questions of each benchmark.")]
Out = Annotated[
    Path, typer.Option(help="Folder for replies, results and the page; an interrupted evaluation continues there.")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Also draw our own suites anew, under a secret seed.")]
FreshSeed = Annotated[int | None, typer.Option(min=0, help="Also draw our own suites under this seed.")]
Tokens = Annotated[
    int | None, typer.Option(min=1, help="Most new tokens in a reply; by default the benchmark's own limit.")
]
Batch = Annotated[int, typer.Option(min=1, help="Number of questions asked together.")]
Sheet = Annotated[bool, typer.Option("--sheet", help="Show a question's pictures as the tiles of one picture.")]
Shard = Annotated[str, typer.Option(help="Ask only part I of N, such as 2/4; afterwards run once more without it.")]
Backend = Annotated[str, typer.Option(help="What runs the model: hf or vllm.")]
KeyFile = Annotated[Path | None, typer.Option(help="File with the API key of a model behind a URL.")]
Judge = Annotated[
    str | None, typer.Option(help="URL#NAME of a model that reads the replies, where the authors use one.")
]
Timeout = Annotated[float, typer.Option(min=1, help="Of a server: seconds for one request.")]
Retries = Annotated[int, typer.Option(min=0, help="Of a server: further tries of a request.")]
Concurrency = Annotated[int, typer.Option(min=1, help="Of a server: requests under way at a time.")]
Rate = Annotated[float | None, typer.Option(min=0.1, help="Of a server: most requests begun in a minute.")]
Body = Annotated[
    list[str] | None,
    typer.Option(
        help="Of a server: a field of every request, such as reasoning_effort=low or max_completion_tokens=4096; "
        "=null takes one away. Repeatable."
    ),
]
Protocol = Annotated[
    str | None,
    typer.Option(
        help="Whose prompts, limits and scores where public harnesses differ: authors or lmms-eval; without it each "
        "benchmark's default (docs/benchmarks.md)."
    ),
]
Revision = Annotated[
    list[str] | None,
    typer.Option(help="Revision of a benchmark's data on the hub, such as mmstar=main. Repeatable."),
]
Frames = Annotated[
    int | None, typer.Option(min=1, help="Frames of each film; by default as many as the protocol takes.")
]
Dataset = Annotated[
    str | None, typer.Option(help="Your own data: a folder or a table with pictures, or an id on the hub.")
]
Column = Annotated[
    list[str] | None,
    typer.Option(
        help="Of --dataset: a column's part, such as question=ask, image=front,side or options=A,B,C,D. Parts: "
        "question, answer, image, options, id, category, group. Usual names are found. Repeatable."
    ),
]
Template = Annotated[
    str | None,
    typer.Option(help="Of --dataset: the prompt, with {question}, {options}, {letters}, {instruction} or any column."),
]
Scorer = Annotated[
    str,
    typer.Option(
        help="Of --dataset: auto, letter, yes-no, number, relaxed, mra, exact, contains, math or boxed.",
    ),
]
Split = Annotated[str, typer.Option(help="Of --dataset: the split.")]
Temperature = Annotated[float, typer.Option(min=0.0, max=5.0, help="Of sampling; 0 decodes greedily.")]
TopP = Annotated[float, typer.Option(min=0.01, max=1.0, help="Of a server's sampling: share of likeliest tokens.")]
Samples = Annotated[int, typer.Option(min=1, help="Replies to each question.")]
Pick = Annotated[str, typer.Option(help="How several replies become a score: mean, majority, or pass@K.")]
Shots = Annotated[int, typer.Option(min=0, help="Show so many first questions with their answers; they are not asked.")]
System = Annotated[str | None, typer.Option(help="The system turn in place of the benchmark's own.")]
MaxPicture = Annotated[int | None, typer.Option(min=16, help="Longest side of a picture, px; larger ones are scaled.")]
Gpus = Annotated[int, typer.Option(min=1, help="Ask on so many GPUs at once, a process each.")]
Price = Annotated[str | None, typer.Option(help="Of a million tokens of questions/replies, such as 2.5/10.")]
Submission = Annotated[bool, typer.Option("--submission", help="Write a file of replies for an evaluation server.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print each benchmark's first prompt; ask nothing.")]


def check_options(context: typer.Context, models: Sequence[str], suites: Sequence[str]) -> None:
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
    checks = (("shard", shard_of), ("backend", check_backend), ("protocol", _check_protocol), ("price", pair_of))
    for name, check in checks:
        try:
            if context.params[name] is not None:
                check(context.params[name])
        except EvaluationError as error:
            problems.append(str(error))
    reasons = _reasons_without_effect(models, suites, context.params["judge"], context.params["dataset"])
    reasons |= _reasons_of_sampling(context.params, models)
    for name, reason in reasons.items():
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            problems.append(f"--{name.replace('_', '-')} has no effect: {reason}")
    if problems:
        raise Usage("; ".join(problems))


def _check_protocol(protocol: str) -> None:
    """Refuse a `protocol` that is not one of `PROTOCOLS`.

    Raises:
        EvaluationError: it is another; the message names those that are allowed.
    """
    from ..benchmarks.adapters.base import PROTOCOLS
    from ..benchmarks.evaluation.benchmark import EvaluationError
    from ..errors import did_you_mean

    if protocol not in PROTOCOLS:
        hint = did_you_mean(protocol, PROTOCOLS)
        allowed = ", ".join(PROTOCOLS)
        raise EvaluationError(f"unknown --protocol {protocol!r} (allowed: {allowed}){hint and f'; {hint}'}")


def _reasons_of_sampling(params: Mapping[str, Any], models: Sequence[str]) -> dict[str, str]:
    """Return why an option of sampling has no effect, by the option's name.

    Args:
        params: every option.
        models: the names of the models.
    """
    reasons = {}
    if params["temperature"] == 0:
        reasons["samples"] = "every reply is the same at temperature 0; add --temperature"
        reasons["top_p"] = "nothing is sampled at temperature 0; add --temperature"
    elif not all(name.startswith(("http://", "https://")) for name in models):
        reasons["top_p"] = "only a server takes it, and a model here samples from all tokens"
    if params["samples"] == 1:
        reasons["pick"] = "there is one reply to each question; add --samples"
    if params["shard"] != "1/1":
        reasons["gpus"] = "--shard is what it would be used for"
    return reasons


def _reasons_without_effect(
    models: Sequence[str], suites: Sequence[str], judge: str | None, dataset: str | None
) -> dict[str, str]:
    """Return why an option has no effect on this evaluation, by the option's name.

    Args:
        models: the names of the models.
        suites: the names of the benchmarks.
        judge: the name of the model that reads replies, if any.
        dataset: the user's own data set, if any.
    """
    from ..benchmarks.adapters import ADAPTERS
    from ..benchmarks.evaluation.benchmark import Judged
    from ..benchmarks.evaluation.heldout import NAME as HELDOUT
    from ..benchmarks.evaluation.own import OWN

    suite_option = f"--suite {','.join(suites)}" if suites else f"--dataset {dataset}"
    published_adapters = [ADAPTERS[name] for name in suites if name in ADAPTERS]
    own_suites = [name for name in suites if name in OWN]
    server_names = [name for name in [*models, judge or ""] if name.startswith(("http://", "https://"))]
    reasons = {}
    if HELDOUT not in suites:
        reasons["items"] = f"it counts the items of --suite heldout, and {suite_option} is another; use --limit"
    if set(suites) == {HELDOUT} and dataset is None:
        reasons["limit"] = "the number of held-out items is --items"
    if not own_suites and HELDOUT not in suites:
        reasons["env"] = f"it picks worlds of the suites heldout and own, and {suite_option} has none"
    if not own_suites:
        for name in ("fresh", "fresh_seed"):
            reasons[name] = f"it draws our own suites anew, and {suite_option} has none; add --suite own"
    if not published_adapters:
        reasons["data"] = f"it is the folder of published benchmarks, and the items of {suite_option} are made here"
        reasons["protocol"] = f"the items of {suite_option} are asked in one way only"
        reasons["revision"] = f"nothing of {suite_option} is on the hub"
        if dataset is None:
            reasons["sheet"] = f"each item of {suite_option} has one picture"
    if not any(adapter.frames for adapter in published_adapters):
        reasons["frames"] = f"no benchmark of {suite_option} shows films"
    if dataset is None:
        for name in ("column", "template", "scorer", "split"):
            reasons[name] = "it describes the data of --dataset, which was not given"
    if not any(isinstance(adapter, Judged) for adapter in published_adapters):
        reasons["judge"] = f"the replies to {suite_option} are scored by rules alone"
    if not server_names:
        for name in ("key_file", "timeout", "retries", "concurrency", "rate", "body"):
            reasons[name] = "no model is behind a URL"
    if all(name in server_names for name in models):
        reasons["backend"] = "a model behind a URL is run by its own server"
        reasons["gpus"] = "a model behind a URL is run by its own server"
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


def pair_of(text: str) -> tuple[float, float]:
    """Return the two prices in `text`, such as `2.5/10`.

    Raises:
        EvaluationError: `text` is not of this form.
    """
    from ..benchmarks.evaluation.benchmark import EvaluationError

    try:
        first, second = (float(part) for part in text.split("/"))
    except ValueError as error:
        raise EvaluationError(f"--price is QUESTIONS/REPLIES, such as 2.5/10, got {text!r}") from error
    return first, second
