"""Replies in a file, scored by the oracle: any of the formats with a reply in it, or replies beside a data set."""

import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...envs.scorer import score
from ..intervals import Share, wilson
from .make import RECORDS
from .plan import DataError

REPLY_FIELDS = ("reply", "response", "prediction", "completion", "output", "text", "generated_text")
ID_FIELDS = ("id", "question_id", "doc_id")
FILE_ENDINGS = (".parquet", ".jsonl", ".json", ".tar")


class ScoredReply(NamedTuple):
    """A reply with its score."""

    id: str
    world: str
    task: str
    reply: str
    score: float
    well_formed: bool


class TaskScore(NamedTuple):
    """The scores of a task's replies."""

    name: str
    mean: float
    accuracy: Share
    """Of wholly right replies."""
    well_formed: float


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of the data set's folder at `path`, or of one file of it, without pictures.

    Raises:
        DataError: it is not there, or not in one of the formats.
    """
    if path.is_dir():
        files = [file for file in sorted(path.rglob("*")) if _holds_rows(file, path)]
        if not files:
            raise DataError(f"{path} holds no data set; it has no file that ends in {', '.join(FILE_ENDINGS)}")
        for file in files:
            yield from read_rows(file)
        return
    if not path.is_file():
        raise DataError(f"{path} is not there; name a file of replies or a data set's folder")
    try:
        yield from _READERS[path.suffix](path)
    except KeyError:
        raise DataError(f"{path} is in no known format; it ends in {', '.join(FILE_ENDINGS)}") from None
    except (ValueError, OSError, tarfile.TarError) as error:
        raise DataError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error


def _holds_rows(file: Path, folder: Path) -> bool:
    inner = file.relative_to(folder).parts[:-1]
    inner_folders = {RECORDS, "parts", "images"} & set(inner)
    return file.suffix in FILE_ENDINGS and not inner_folders and file.name != "dataset_info.json"


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    table = pq.ParquetFile(path)
    columns = [name for name in table.schema_arrow.names if name != "images"]
    for batch in table.iter_batches(columns=columns):
        yield from batch.to_pylist()


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield _object(json.loads(line))


def _json_list(path: Path) -> Iterator[dict[str, Any]]:
    values = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(values, list):
        raise ValueError("it is not a list of objects")
    yield from map(_object, values)


def _tar_rows(path: Path) -> Iterator[dict[str, Any]]:
    with tarfile.open(path) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.name.endswith(".json") else None
            if content is not None:
                yield _object(json.loads(content.read()))


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("a row is a JSON object")
    return value


_READERS = {".parquet": _parquet_rows, ".jsonl": _json_lines, ".json": _json_list, ".tar": _tar_rows}


def truth_of(row: Mapping[str, Any]) -> str | None:
    """Return the truth of a `row` of any format as JSON text; None where it has none."""
    places = (row, row.get("metadata"), row.get("reward_model"))
    for place in places:
        for name in ("truth", "ground_truth"):
            if isinstance(place, Mapping) and isinstance(place.get(name), str):
                return str(place[name])
    return None


def id_of(row: Mapping[str, Any]) -> str | None:
    """Return the id of a `row` of any format, or of a reply."""
    for place in (row, row.get("extra_info")):
        for name in ID_FIELDS:
            if isinstance(place, Mapping) and place.get(name) is not None:
                return str(place[name])
    return None


def reply_of(row: Mapping[str, Any], field: str = "") -> str | None:
    """Return the reply that a `row` holds under `field`, or under any of the usual names.

    A list is a reply sampled several times, or chat turns: the last of it counts.
    """
    for name in [field] if field else REPLY_FIELDS:
        value = row.get(name)
        if isinstance(value, list) and value:
            value = value[-1]
        if isinstance(value, Mapping):
            value = value.get("content", value.get("value"))
        if isinstance(value, str):
            return value
    return None


def score_replies(
    replies: Iterable[Mapping[str, Any]], data: Iterable[Mapping[str, Any]] | None = None, field: str = ""
) -> Iterator[ScoredReply]:
    """Yield the score of each of `replies`.

    Args:
        replies: rows with a reply, and the truth unless `data` has it.
        data: rows of the data set that was asked, found by their ids.
        field: the name of the column that holds the reply; by default any of `REPLY_FIELDS`.

    Raises:
        DataError: a row has no reply, or no truth.
    """
    truths = {id_of(row): truth_of(row) for row in data} if data is not None else {}
    for number, row in enumerate(replies, start=1):
        reply, row_id = reply_of(row, field), id_of(row)
        truth = truth_of(row) or truths.get(row_id)
        if reply is None:
            names = field or ", ".join(REPLY_FIELDS)
            raise DataError(f"row {number} ({row_id}) has no reply under {names}; name its column with --field")
        if truth is None:
            where = "nor has the data set a row of this id" if truths else "name the data set with --data"
            raise DataError(f"row {number} ({row_id}) has no truth; {where}")
        outcome = score(truth, reply)
        world = str(json.loads(truth).get("world", ""))
        task = str(row.get("task") or (row_id or "").rpartition("/")[2])
        yield ScoredReply(row_id or str(number), world, task, reply, outcome.value, bool(outcome.terms["format"]))


def task_scores(scored_replies: Iterable[ScoredReply]) -> list[TaskScore]:
    """Return the scores of `scored_replies` by world and task, and of all as the last."""
    groups: dict[str, list[ScoredReply]] = {}
    all_replies = list(scored_replies)
    for reply in all_replies:
        groups.setdefault(f"{reply.world} {reply.task}".strip(), []).append(reply)
    return [_task_score(name, groups[name]) for name in sorted(groups)] + [_task_score("all", all_replies)]


def _task_score(name: str, replies: list[ScoredReply]) -> TaskScore:
    count = len(replies)
    right = sum(reply.score == 1.0 for reply in replies)
    mean = sum(reply.score for reply in replies) / count if count else 0.0
    return TaskScore(name, mean, wilson(right, count), sum(reply.well_formed for reply in replies) / max(1, count))
