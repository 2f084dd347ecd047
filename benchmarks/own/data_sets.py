"""`make bench-data`: data sets written by one process and by two, and a million replies scored by 32 threads.

Each world of two dimensions is written to parquet by one process and by two workers, start-up included, and the files
are compared. The scorer gets right, wrong and hostile replies in a pool of threads; a reply's time is its thread's own
processor time, since a thread that waits for the interpreter is not scoring; the wall clock is reported beside it.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from ...envs.scorer import score
from ...train.data.make import make_data
from ...train.data.plan import DataPlan
from ...train.data.rows import planned_row
from .results_file import report_results

WORLDS = (
    "shapes/Canvas-v1",
    "shapes/Canvas-v2",
    "charts/Chart-v1",
    "diagrams/Geometry-v1",
    "transforms/Edit-v1",
)
THREADS = 32
HOSTILE_CHARS = 20_000
HOSTILE_PIECES = (
    "{",
    '{"a":',
    "<answer>",
    "\\boxed{",
    "the answer is ",
    "3 ",
    "```\n",
    "<think>",
    '{"answer":1} ',
    "no.",
)
HOSTILE_EVERY = 1_000
"""One reply in so many is hostile."""
CALIBRATION_ITEMS = 12


def written(world: str, count: int, workers: int, folder: Path) -> tuple[float, dict[str, str]]:
    """Return the seconds that `count` items of `world` took, and the digests of the files in `folder`."""
    began = time.perf_counter()
    data_set = make_data(folder, DataPlan(worlds=(world,), count=count), workers=workers)
    return time.perf_counter() - began, data_set.files


def throughput(world: str, most_items: int, seconds: float) -> dict[str, Any]:
    """Return the rates of one process and of two workers on `world`.

    Args:
        world: its id.
        most_items: items at most.
        seconds: about as long as one process shall take; fewer items are written where they would take longer.
    """
    plan = DataPlan(worlds=(world,), count=1, seed=1)
    planned_row(plan, 0)
    began = time.perf_counter()
    for number in range(CALIBRATION_ITEMS):
        planned_row(plan, number + 1)
    rate = CALIBRATION_ITEMS / (time.perf_counter() - began)
    count = max(32, min(most_items, int(rate * seconds)))
    with tempfile.TemporaryDirectory() as scratch:
        one_seconds, one_files = written(world, count, 1, Path(scratch) / "one")
        two_seconds, two_files = written(world, count, 2, Path(scratch) / "two")
    return {
        "items": count,
        "one_process_per_second": round(count / one_seconds, 1),
        "two_workers_per_second": round(count / two_seconds, 1),
        "ratio": round(one_seconds / two_seconds, 2),
        "same_bytes": one_files == two_files,
    }


def replies(count: int, rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield `count` truths with replies to the questions of `rows`: right, wrong, in sentences, and hostile."""
    for number in range(count):
        row = rows[number % len(rows)]
        answer = row["answer"]
        if number % HOSTILE_EVERY == 0:
            piece = HOSTILE_PIECES[number // HOSTILE_EVERY % len(HOSTILE_PIECES)]
            yield row["truth"], piece * (HOSTILE_CHARS // len(piece))
        else:
            yield row["truth"], (answer, f"The answer is {answer}.", f"<answer>{answer}</answer>", "?")[number % 4]


def scoring(count: int) -> dict[str, Any]:
    """Return the times and the memory of scoring `count` replies in a pool of threads."""
    plan = DataPlan(worlds=WORLDS[:2], count=40)
    pairs = list(replies(10_000, [planned_row(plan, number) for number in range(plan.count)]))

    def timed(number: int) -> tuple[float, float]:
        truth, reply = pairs[number % len(pairs)]
        began, wall_began = time.thread_time(), time.perf_counter()
        score(truth, reply)
        return time.thread_time() - began, time.perf_counter() - wall_began

    process = psutil.Process()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(timed, range(len(pairs))))
        before, began = process.memory_info().rss, time.perf_counter()
        worst, worst_wall, middle, memory = 0.0, 0.0, [], []
        for start in range(0, count, len(pairs)):
            times = list(pool.map(timed, range(start, min(count, start + len(pairs))), chunksize=50))
            worst = max(worst, max(cpu for cpu, _ in times))
            worst_wall = max(worst_wall, max(wall for _, wall in times))
            middle.append(statistics.median(cpu for cpu, _ in times))
            memory.append(process.memory_info().rss)
    return {
        "replies": count,
        "threads": THREADS,
        "hostile": count // HOSTILE_EVERY,
        "hostile_characters": HOSTILE_CHARS,
        "per_second": round(count / (time.perf_counter() - began)),
        "median_ms": round(1e3 * statistics.median(middle), 3),
        "longest_ms": round(1e3 * worst, 1),
        "longest_wall_ms": round(1e3 * worst_wall, 1),
        "memory_growth_mb": round((max(memory) - before) / 1e6, 1),
    }


def main(
    items: Annotated[int, typer.Option(min=1, help="Items of each world, at most.")] = 10_000,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds of one process on a world, about, at most.")] = 2_400,
    reply_count: Annotated[int, typer.Option("--replies", min=1, help="Replies to score.")] = 1_000_000,
    learning: Annotated[
        Path | None, typer.Option(help="What `make example-trl` printed; kept beside the rest.")
    ] = None,
) -> None:
    """Measure and write benchmarks/results/data.json."""
    figures: dict[str, Any] = {"load_at_start": round(os.getloadavg()[0], 1), "worlds": {}}
    figures["scoring"] = scoring(reply_count)
    typer.echo(f"scoring: {figures['scoring']}")
    for world in WORLDS:
        figures["worlds"][world] = throughput(world, items, seconds)
        typer.echo(f"{world}: {figures['worlds'][world]}")
    options = f"--items {items} --seconds {seconds:g} --replies {reply_count}"
    if learning is not None:
        figures["learning"] = json.loads(learning.read_text().strip().splitlines()[-1])
    report_results("data", f"make bench-data ARGS='{options}'", figures)


if __name__ == "__main__":
    typer.run(main)
