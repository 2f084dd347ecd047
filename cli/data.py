"""`zerosight data`: data sets for other trainers, and replies to them scored; only `--hard-for` loads torch."""

import json
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column
from rich.text import Text

from ..train.data.hub import push, uploads
from ..train.data.make import DataSet, RowFilter, RowsFrom, make_data
from ..train.data.plan import BANDS, DataPlan
from ..train.data.scoring import ScoredReply, TaskScore, read_rows, score_replies, task_scores
from ..train.data.writing import ROLES, writing_rows
from . import data_options as options
from .console import (
    Json,
    ProgressBars,
    Usage,
    console,
    errors,
    need_training,
    one_of,
    output_file,
    print_json,
    share,
    table_of,
    write_text,
)

if TYPE_CHECKING:
    from ..envs.card import Style
    from ..roles.solver import Mode

data_app = typer.Typer(no_args_is_help=True, help="Data sets for other trainers.")


def need_data() -> None:
    """Check for pyarrow, which writes parquet.

    Raises:
        Usage: it is not installed.
    """
    try:
        import pyarrow  # noqa: F401
    except ModuleNotFoundError as error:
        raise Usage("pyarrow is not installed; run `pip install 'zerosight[data]'`") from error


@data_app.command("make")
def data_make(
    out: options.Out,
    env: options.Worlds = None,
    count: options.Count = 1000,
    to: options.Format = "parquet",
    task: options.Tasks = None,
    band: options.Bands = None,
    split: options.Split = "train",
    seed: options.Seed = 0,
    style: options.PromptStyle = "full",
    mode: options.SolverMode = "answer",
    size: options.Size = 0,
    balanced: options.Balanced = False,
    scene: options.WithScene = False,
    hard_for: options.HardFor = "",
    rates: options.Rates = "0.2-0.8",
    replies: options.Replies = 8,
    key_file: options.KeyFile = None,
    role: options.Role = "solver",
    run: options.FromRun = None,
    workers: options.Workers = 1,
    shard: options.ShardRows = 1000,
    license_name: options.License = "apache-2.0",
) -> None:
    """Write a data set for another trainer; interrupted, the same command goes on and ends in the same bytes."""
    need_data()
    plan = DataPlan(
        worlds=tuple(env or options.WORLDS),
        count=count,
        tasks=tuple(task or ()),
        bands=tuple(band or BANDS),
        split=split,
        seed=seed,
        picture_px=size,
        style=_style(style),
        mode=_mode(mode),
        balanced=balanced,
        with_scene=scene,
    )
    choice, row_filter, rows_from = _choice(plan, hard_for, rates, replies, key_file, role, run)
    bars, began = ProgressBars(), time.monotonic()
    write = partial(make_data, out, plan, to, workers=workers, shard_rows=shard, license_name=license_name)
    try:
        with bars:
            data_set = write(
                progress=partial(bars.update, "items"), row_filter=row_filter, rows_from=rows_from, choice=choice
            )
    except KeyboardInterrupt:
        errors.print("interrupted; the same command again goes on", soft_wrap=True)
        raise typer.Exit(130) from None
    _print_data_set(data_set, time.monotonic() - began)


def _style(name: str) -> "Style":
    return one_of("style", name, ("full", "short"))


def _mode(name: str) -> "Mode":
    return one_of("mode", name, ("answer", "reason"))


def _choice(
    plan: DataPlan, hard_for: str, rates: str, replies: int, key_file: Path | None, role: str, run: Path | None
) -> tuple[str, RowFilter | None, RowsFrom | None]:
    """Return how rows are chosen: in words, by a filter, or from elsewhere.

    Raises:
        Usage: two of these exclude one another.
    """
    one_of("role", role, ("solver", *ROLES))
    if role != "solver":
        if hard_for:
            raise Usage("--hard-for asks a model items' questions, which --role proposer and coder have none of")
        source = f" of {run}" if run is not None else ""
        return f"what a {role} writes{source}", None, partial(writing_rows, plan, role, run)
    if run is not None:
        raise Usage("--run takes what a run's models wrote: add --role proposer or --role coder")
    if not hard_for:
        return "", None, None
    low, _, high = rates.partition("-")
    try:
        band = float(low), float(high)
    except ValueError:
        raise Usage(f"--rates is LOW-HIGH, such as 0.2-0.8, got {rates!r}") from None
    need_training()
    from ..train.data.hard import open_sampler, solve_rate_filter

    generator, make_prompt = open_sampler(hard_for, key_file)
    tokens = 1024 if plan.mode == "reason" else 16
    row_filter = solve_rate_filter(generator, make_prompt, *band, replies=replies, max_new_tokens=tokens)
    return f"solve rate {band[0]:g} to {band[1]:g} of {hard_for} in {replies} replies", row_filter, None


def _print_data_set(data_set: DataSet, seconds: float) -> None:
    rate = f", {data_set.made_rows / seconds:.1f} a second" if data_set.made_rows and seconds > 0 else ""
    made = f"{data_set.made_rows} made now{rate}" if data_set.made_rows else "complete already"
    console.print(
        Text.assemble(
            f"{data_set.rows} rows ({made}): ", (str(data_set.folder), "bold"), f", {len(data_set.files)} files"
        ),
        soft_wrap=True,
    )


@data_app.command("score")
def data_score(
    replies: Annotated[Path, typer.Argument(help="Replies: a .jsonl, .json, .parquet or .tar file, or a folder.")],
    data: Annotated[
        Path | None, typer.Option(help="The data set that was asked, where the replies lack its truth.")
    ] = None,
    field: Annotated[
        str, typer.Option(help="The column of the reply; by default reply, response, prediction, ...")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Also write each reply's score to this JSON lines file.")] = None,
    as_json: Json = False,
) -> None:
    """Score replies to a data set by the oracle, by world and task, with 95 % intervals."""
    if out is not None:
        output_file(out)
    scored = list(score_replies(read_rows(replies), read_rows(data) if data is not None else None, field))
    if not scored:
        raise Usage(f"{replies} holds no replies")
    if out is not None:
        write_text(out, "".join(json.dumps(reply._asdict()) + "\n" for reply in scored))
    _print_scores(scored, task_scores(scored), as_json)


def _print_scores(scored: list[ScoredReply], tasks: list[TaskScore], as_json: bool) -> None:
    if as_json:
        summary: list[dict[str, Any]] = [{**task._asdict(), "accuracy": task.accuracy._asdict()} for task in tasks]
        print_json(summary)
        return
    columns = (Column(heading, justify="right") for heading in ("replies", "score", "wholly right", "readable"))
    table = table_of("task", *columns)
    for task in tasks:
        row = (str(task.accuracy.total), f"{task.mean:.3f}", share(task.accuracy._asdict(), "value"))
        table.add_row(task.name, *row, f"{task.well_formed:.0%}")
    console.print(table)


@data_app.command("push")
def data_push(
    folder: Annotated[Path, typer.Argument(help="The folder of a finished data set.")],
    repo: Annotated[str, typer.Argument(help="Where to on the Hugging Face hub: NAME/DATASET.")],
    public: Annotated[bool, typer.Option("--public", help="Let everybody see it.")] = False,
    token_file: Annotated[Path | None, typer.Option(help="File with the hub's token; else the stored login's.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be sent; send nothing.")] = False,
) -> None:
    """Send a data set to the Hugging Face hub."""
    files = uploads(folder)
    if dry_run:
        for file in files[:20]:
            console.print(f"{file.size:>12,}  {file.name}", soft_wrap=True)
        further = f" ({len(files) - 20} more files)" if len(files) > 20 else ""
        visibility = "public" if public else "private"
        total = sum(file.size for file in files)
        console.print(f"{len(files)} files{further}, {total:,} bytes, to the {visibility} data set {repo}: not sent")
        return
    try:
        token = token_file.read_text().strip() if token_file is not None else None
    except OSError as error:
        raise Usage(f"the token file {token_file} cannot be read: {error.strerror}") from error
    console.print(push(folder, repo, private=not public, token=token), soft_wrap=True)
