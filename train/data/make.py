"""Write a data set in shards, by worker processes: whole shards are never made twice, and a kill costs one of them.

A shard is done once its record under `.zerosight/` is there, which is written after its files; the same command again
goes on behind the last record. Rows come in the order of the plan whatever the number of workers, so that the bytes
are the same.
"""

import json
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import ExitStack
from itertools import count, islice
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, NamedTuple

from ...envs import InfrastructureError
from ..runs.checksums import file_digest
from ..runs.files import write_atomically
from .card import card
from .formats import DataFormat, Shard, data_format
from .plan import DataError, DataPlan
from .rows import Row, planned_row

CHUNK = 16
"""Rows that a worker makes at a time."""
TRIES = 3
"""Of a row whose drawing fails through no fault of its own."""
RECORDS = ".zerosight"
"""The folder within a data set that says how far it is."""

RowFilter = Callable[[Sequence[Row]], list[Row | None]]
"""Takes rows and returns them, with further columns, or None for those to leave out."""
RowsFrom = Callable[[int], Iterator[tuple[int, Row]]]
"""Yields rows with their numbers, from a number on."""
Progress = Callable[[int, int, str], None]
"""Called with the rows that are done, all rows, and a note."""


class DataSet(NamedTuple):
    """A data set that was written."""

    folder: Path
    rows: int
    made_rows: int
    """Rows that this call made; the others were there."""
    files: dict[str, str]
    """sha256 of each file but pictures, by its path within the folder."""


def make_data(
    folder: Path,
    plan: DataPlan,
    to: str = "parquet",
    *,
    workers: int = 1,
    shard_rows: int = 1000,
    progress: Progress | None = None,
    row_filter: RowFilter | None = None,
    rows_from: RowsFrom | None = None,
    choice: str = "",
    most_candidates: int = 100,
    license_name: str = "apache-2.0",
) -> DataSet:
    """Write the data set of `plan` into `folder`, or go on where an earlier call was ended.

    Args:
        folder: empty, missing, or of the same plan, format and shards.
        plan: which items, and how they are asked.
        to: the format's name.
        workers: processes that make rows; with 1 they are made in this one.
        shard_rows: rows of a shard.
        progress: called after each chunk of rows.
        row_filter: leaves rows out, such as those that a model finds too easy; the next items take their places.
        rows_from: where rows come from instead of the plan's items; there may be fewer than the plan's count.
        choice: says what `row_filter` or `rows_from` do; part of what must be the same to go on.
        most_candidates: items to look at for each row of a filtered data set before giving up.
        license_name: of the data, for its card.

    Raises:
        DataError: the folder holds something else, the format or a library is missing, or the filter lets too few by.
        InfrastructureError: the sandbox failed again and again.
    """
    chosen_format = data_format(to)
    settings = {"plan": plan.to_dict(), "format": to, "shard_rows": shard_rows, "choice": choice}
    records = _begin(folder, settings)
    rows_done = sum(record["rows"] for record in records)
    next_number = records[-1]["next"] if records else 0
    made_rows = 0
    if rows_done < plan.count:
        with ExitStack() as stack:
            rows = _source(stack, plan, workers, next_number, row_filter, rows_from, most_candidates)
            while rows_done < plan.count:
                shard = Shard(len(records), rows_done)
                row_target = min(shard_rows, plan.count - rows_done)
                numbered_rows = _collect(rows, row_target, rows_done, plan.count, progress)
                if not numbered_rows:
                    break
                records.append(_write_shard(folder, chosen_format, numbered_rows, shard, plan))
                rows_done, made_rows = rows_done + len(numbered_rows), made_rows + len(numbered_rows)
    files = _finish(folder, chosen_format, plan, records, license_name, choice)
    return DataSet(folder, rows_done, made_rows, files)


def _begin(folder: Path, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the records of the shards that are done, for a data set with these `settings`.

    Raises:
        DataError: the folder holds something else.
    """
    plan_path = folder / RECORDS / "plan.json"
    text = json.dumps(settings, indent=1, sort_keys=True) + "\n"
    if plan_path.is_file():
        if plan_path.read_text(encoding="utf-8") != text:
            raise DataError(
                f"{folder} holds a data set of other options (see {plan_path}); choose another folder, or repeat the "
                "command that began it"
            )
    elif folder.is_file() or (folder.is_dir() and any(path.name != RECORDS for path in folder.iterdir())):
        raise DataError(f"{folder} is not empty; choose another folder")
    else:
        write_atomically(plan_path, text.encode())
    records: list[dict[str, Any]] = []
    for number in count():
        path = folder / RECORDS / f"{number:05d}.json"
        if not path.is_file():
            return records
        records.append(json.loads(path.read_text(encoding="utf-8")))
    raise AssertionError("count() does not end")


def _collect(
    rows: Iterator[tuple[int, Row]], row_target: int, rows_done: int, total: int, progress: Progress | None
) -> list[tuple[int, Row]]:
    """Take `row_target` rows, with the numbers behind which to go on, and report `progress` beside the `rows_done`."""
    numbered_rows: list[tuple[int, Row]] = []
    for numbered_row in islice(rows, row_target):
        numbered_rows.append(numbered_row)
        if progress is not None and (len(numbered_rows) % CHUNK == 0 or len(numbered_rows) == row_target):
            progress(rows_done + len(numbered_rows), total, f"item {numbered_row[0]}")
    return numbered_rows


def _write_shard(
    folder: Path, chosen_format: DataFormat, numbered_rows: Sequence[tuple[int, Row]], shard: Shard, plan: DataPlan
) -> dict[str, Any]:
    """Write the files of `shard`, then its record, and return the record."""
    rows = [row for _, row in numbered_rows]
    paths = chosen_format.write(rows, folder, shard, plan)
    record = {
        "rows": len(rows),
        "next": numbered_rows[-1][0] + 1,
        "files": {path.relative_to(folder).as_posix(): file_digest(path) for path in paths},
        "tasks": _counts(rows),
    }
    write_atomically(folder / RECORDS / f"{shard.number:05d}.json", (json.dumps(record, indent=1) + "\n").encode())
    return record


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        name = f"{row['world']} {row['task']}"
        counts[name] = counts.get(name, 0) + 1
    return counts


def _finish(
    folder: Path,
    chosen_format: DataFormat,
    plan: DataPlan,
    records: Sequence[dict[str, Any]],
    license_name: str,
    choice: str,
) -> dict[str, str]:
    """Write what the whole data set needs, its card last, and return the digests of its files."""
    digests = {name: digest for record in records for name, digest in record["files"].items()}
    shards = [folder / name for name in sorted(digests)]
    final_paths = chosen_format.finish(folder, plan, shards)
    counts: dict[str, int] = {}
    for record in records:
        for name, rows in record["tasks"].items():
            counts[name] = counts.get(name, 0) + rows
    card_path = folder / "README.md"
    write_atomically(card_path, card(plan, chosen_format.name, counts, license_name, choice).encode())
    return digests | {path.relative_to(folder).as_posix(): file_digest(path) for path in (*final_paths, card_path)}


def _source(
    stack: ExitStack,
    plan: DataPlan,
    workers: int,
    start: int,
    row_filter: RowFilter | None,
    rows_from: RowsFrom | None,
    most_candidates: int,
) -> Iterator[tuple[int, Row]]:
    """Return the rows from number `start` on; worker processes end with the `stack`."""
    if rows_from is not None:
        return rows_from(start)
    numbers: Iterable[int] = count(start) if row_filter else range(start, plan.count)
    source = stack.enter_context(_RowSource(plan, workers, numbers))
    return source if row_filter is None else _filtered(source, row_filter, plan.count * most_candidates)


def _filtered(
    source: Iterator[tuple[int, Row]], row_filter: RowFilter, most_candidates: int
) -> Iterator[tuple[int, Row]]:
    """Yield the rows of `source` that `row_filter` lets by.

    Raises:
        DataError: there were more than `most_candidates`.
    """
    candidate_count = passing_count = 0
    while candidate_count < most_candidates:
        numbered_rows = list(islice(source, CHUNK))
        candidate_count += len(numbered_rows)
        for (number, _), row in zip(numbered_rows, row_filter([row for _, row in numbered_rows]), strict=True):
            if row is not None:
                passing_count += 1
                yield number, row
    raise DataError(
        f"of {candidate_count} items only {passing_count} lie in the band of solve rates; widen it (--rates), or "
        "choose other tasks or bands of difficulty"
    )


# --- rows by worker processes -----------------------------------------------------------------------------------


class _RowSource:
    """An iterator of (number, row) in the order of `numbers`, made here or by worker processes."""

    def __init__(self, plan: DataPlan, workers: int, numbers: Iterable[int]) -> None:
        self._plan, self._numbers, self._workers = plan, iter(numbers), workers
        self._pool: ProcessPoolExecutor | None = None
        self._rows = self._iterate()

    def __enter__(self) -> "_RowSource":
        if self._workers > 1:
            # A fresh interpreter for each: what this process has loaded, such as a model, is not copied.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._workers, context, initializer=_end_with_parent)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        return self

    def __next__(self) -> tuple[int, Row]:
        return next(self._rows)

    def _iterate(self) -> Iterator[tuple[int, Row]]:
        if self._pool is None:
            for number in self._numbers:
                yield number, _row(self._plan, number)
            return
        pending: deque[tuple[list[int], Future[list[Row]]]] = deque()
        while True:
            # Far enough ahead that nobody waits for a slow chunk, and no more: pictures take memory.
            while len(pending) < 3 * self._workers and (chunk := list(islice(self._numbers, CHUNK))):
                pending.append((chunk, self._pool.submit(_rows, self._plan, chunk)))
            if not pending:
                return
            chunk, future = pending.popleft()
            try:
                rows = future.result()
            except BrokenExecutor as error:
                raise DataError(
                    "a worker process was ended from outside (out of memory?); the same command again goes on"
                ) from error
            yield from zip(chunk, rows, strict=True)


def _rows(plan: DataPlan, numbers: Sequence[int]) -> list[Row]:
    return [_row(plan, number) for number in numbers]


def _row(plan: DataPlan, number: int) -> Row:
    """Return row `number`, tried again where the sandbox fails.

    Raises:
        InfrastructureError: it failed `TRIES` times.
    """
    for _ in range(TRIES - 1):
        try:
            return planned_row(plan, number)
        except InfrastructureError:
            continue
    return planned_row(plan, number)


def _end_with_parent() -> None:
    """End this worker when its parent is gone, killed or not: it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
