"""The formats of data sets: one writer for each, which turns rows into the files of a shard.

`parquet` is a folder that `datasets.load_dataset` reads, pictures decoded; `jsonl`, `llava` and `sharegpt` have the
pictures in files beside them; `webdataset` is tar files; `verl` is parquet with the columns of verl's rollouts.
Files depend on the rows alone: no times, no machine, sorted names.
"""

import io
import json
import re
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import did_you_mean
from ..runs.files import write_atomically
from .plan import DataError, DataPlan
from .rows import Row, target

Rows = Sequence[Mapping[str, Any]]
IMAGE_MARK = "<image>"
"""Where the picture stands in a prompt of the formats that mark it."""


class Shard(NamedTuple):
    """A shard's number, and the number of its first row in the data set."""

    number: int
    start: int


@dataclass(frozen=True)
class DataFormat:
    """A format by name."""

    name: str
    about: str
    write: Callable[[Rows, Path, Shard, DataPlan], list[Path]]
    """Writes the rows of a shard into a folder; returns its files but for pictures."""
    finish: Callable[[Path, DataPlan, Sequence[Path]], list[Path]] = lambda folder, plan, shards: []
    """Writes what a whole data set needs beside its shards."""


def data_format(name: str) -> DataFormat:
    """Return the format called `name`.

    Raises:
        DataError: there is none; the message suggests the closest.
    """
    if name not in FORMATS:
        hint = did_you_mean(name, FORMATS, 0.4)
        raise DataError(f"unknown format {name!r}; {hint and f'{hint} '}(allowed: {', '.join(FORMATS)})")
    return FORMATS[name]


def file_stem(row_id: str) -> str:
    """Return `row_id` as the name of a file.

    >>> file_stem("shapes/Canvas-v2/train/0/3/count")
    'shapes-Canvas-v2-train-0-3-count'
    """
    return re.sub(r"[^A-Za-z0-9_-]+", "-", row_id).strip("-")


# --- parquet ----------------------------------------------------------------------------------------------------

_TYPE_NAMES = {bool: "int64", int: "int64", float: "float64", str: "string", list: "list"}


def columns_of(rows: Rows) -> dict[str, str]:
    """Return the columns of `rows` but the picture, with their types."""
    return {name: _TYPE_NAMES[type(value)] for name, value in rows[0].items() if name != "png"}


def _arrow(schema: Mapping[str, str], picture_column: str = "images") -> Any:
    """Return the schema of a parquet file, with the features that `datasets` reads types from."""
    import pyarrow as pa

    picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    types = {
        "string": pa.string(),
        "int64": pa.int64(),
        "float64": pa.float64(),
        "list": pa.list_(pa.string()),
        "messages": pa.list_(message),
    }
    text = {"dtype": "string", "_type": "Value"}
    features: dict[str, Any] = {
        name: {
            "list": {"feature": text, "_type": "Sequence"},
            "messages": [{"role": text, "content": text}],
        }.get(kind, {"dtype": kind, "_type": "Value"})
        for name, kind in schema.items()
    }
    columns = [(name, types[kind]) for name, kind in schema.items()]
    features[picture_column] = {"feature": {"_type": "Image"}, "_type": "Sequence"}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema([*columns, (picture_column, pa.list_(picture))], metadata=metadata)


def _write_parquet(table_rows: Sequence[Mapping[str, Any]], schema: Any, path: Path) -> list[Path]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([dict(row) for row in table_rows], schema), content, compression="zstd")
    write_atomically(path, content.getvalue())
    return [path]


def _pictures(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"bytes": row["png"], "path": f"{file_stem(row['id'])}.png"}] if "png" in row else []


def _parquet(rows: Rows, folder: Path, shard: Shard, plan: DataPlan) -> list[Path]:
    schema = columns_of(rows) | {"prompt": "messages"}
    table_rows = [{**row, "prompt": chat_turns(row), "images": _pictures(row)} for row in rows]
    names = [*schema, "images"]
    path = folder / "data" / f"{plan.split}-{shard.number:05d}.parquet"
    return _write_parquet([{name: row[name] for name in names} for row in table_rows], _arrow(schema), path)


def chat_turns(row: Mapping[str, Any], mark: str = "") -> list[dict[str, str]]:
    """Return the prompt of `row` as chat turns of text, `mark` before the words of the user's."""
    return [{"role": "system", "content": row["system"]}, {"role": "user", "content": f"{mark}{row['prompt']}"}]


VERL_COLUMNS = {"data_source": "string", "prompt": "messages", "ability": "string"}
"""verl's own columns with plain types; `reward_model` and `extra_info` are structs."""


def verl_row(row: Mapping[str, Any], number: int, split: str) -> Row:
    """Return `row` with the columns that verl reads.

    Args:
        row: of the data set.
        number: in the data set.
        split: of the data set.

    Raises:
        DataError: the row has no truth.
    """
    if "truth" not in row:
        raise DataError("verl's rows need an answer to reward; take another format for proposals and programs")
    extra = {"index": number, "split": split, "id": row["id"], "task": row["task"], "difficulty": row["difficulty"]}
    return {
        "data_source": f"zerosight/{row['world']}",
        "prompt": chat_turns(row, IMAGE_MARK),
        "images": _pictures(row),
        "ability": "visual_reasoning",
        "reward_model": {"style": "rule", "ground_truth": row["truth"]},
        "extra_info": extra | {"question": row["question"], "answer": row["answer"]},
    }


def _verl(rows: Rows, folder: Path, shard: Shard, plan: DataPlan) -> list[Path]:
    import pyarrow as pa

    text = pa.string()
    schema = _arrow(VERL_COLUMNS)
    extra = [("index", pa.int64()), ("split", text), ("id", text), ("task", text), ("difficulty", pa.int64())]
    structs = [
        ("reward_model", pa.struct([("style", text), ("ground_truth", text)])),
        ("extra_info", pa.struct([*extra, ("question", text), ("answer", text)])),
    ]
    # Without `datasets`' features: verl reads pictures as structs of bytes.
    plain_schema = pa.schema([*((field.name, field.type) for field in schema), *structs])
    table_rows = [verl_row(row, shard.start + i, plan.split) for i, row in enumerate(rows)]
    return _write_parquet(table_rows, plain_schema, folder / f"{plan.split}-{shard.number:05d}.parquet")


# --- JSON with pictures beside it -------------------------------------------------------------------------------


def _save_pictures(rows: Rows, folder: Path, shard: Shard) -> list[str]:
    """Write the pictures of `rows` and return their paths relative to `folder`, "" for a row without one."""
    names = [f"images/{shard.number:05d}/{file_stem(row['id'])}.png" if "png" in row else "" for row in rows]
    for name, row in zip(names, rows, strict=True):
        if not name:
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # The shard's own file is written after them, and whole; a picture cut short is written again with it.
        path.write_bytes(row["png"])
    return names


def _named(column: str, picture_name: str) -> dict[str, str]:
    return {column: picture_name} if picture_name else {}


def _write_lines(objects: Sequence[Mapping[str, Any]], path: Path) -> list[Path]:
    text = "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in objects)
    write_atomically(path, text.encode("utf-8", "backslashreplace"))
    return [path]


def _jsonl(rows: Rows, folder: Path, shard: Shard, plan: DataPlan) -> list[Path]:
    names = _save_pictures(rows, folder, shard)
    lines = [
        {**{name: value for name, value in row.items() if name != "png"}, **_named("image", picture_name)}
        for row, picture_name in zip(rows, names, strict=True)
    ]
    return _write_lines(lines, folder / f"{plan.split}-{shard.number:05d}.jsonl")


def conversation(row: Mapping[str, Any], mode: Any, mark: str) -> list[dict[str, str]]:
    """Return the turns of `row` as LLaVA and ShareGPT have them, with the reply to learn; `mark` is the picture's."""
    question = {"from": "human", "value": f"{mark}{row['prompt']}"}
    return [question, {"from": "gpt", "value": str(row["reply"]) if "reply" in row else target(row, mode)}]


def _llava(rows: Rows, folder: Path, shard: Shard, plan: DataPlan) -> list[Path]:
    names = _save_pictures(rows, folder, shard)
    lines = [
        {
            "id": row["id"],
            **_named("image", picture_name),
            "conversations": conversation(row, plan.mode, _llava_opening(row, plan, picture_name)),
            "metadata": _metadata(row),
        }
        for row, picture_name in zip(rows, names, strict=True)
    ]
    return _write_lines(lines, folder / "parts" / f"{shard.number:05d}.jsonl")


def _llava_opening(row: Mapping[str, Any], plan: DataPlan, picture_name: str) -> str:
    """Return what stands before the words of `row`: its picture's mark, and the instruction that LLaVA has no turn for.

    Args:
        row: of the data set.
        plan: of the data set.
        picture_name: "" for a row without a picture.
    """
    instruction = f"{row['system']}\n" if plan.mode == "reason" or not picture_name else ""
    return (f"{IMAGE_MARK}\n" if picture_name else "") + instruction


def _sharegpt(rows: Rows, folder: Path, shard: Shard, plan: DataPlan) -> list[Path]:
    names = _save_pictures(rows, folder, shard)
    lines = [
        {
            "id": row["id"],
            "system": row["system"],
            "conversations": conversation(row, plan.mode, IMAGE_MARK if picture_name else ""),
            "images": [picture_name] if picture_name else [],
            "metadata": _metadata(row),
        }
        for row, picture_name in zip(rows, names, strict=True)
    ]
    return _write_lines(lines, folder / "parts" / f"{shard.number:05d}.jsonl")


def _metadata(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("world", "task", "truth", "verdict", "reason") if name in row}


def _one_list(folder: Path, name: str, shards: Sequence[Path]) -> Path:
    """Write the lines of all `shards` as one JSON list, which is what these readers take, and return its path."""
    lines = [line for shard in shards for line in shard.read_text(encoding="utf-8").splitlines()]
    path = folder / name
    write_atomically(path, ("[\n" + ",\n".join(lines) + "\n]\n").encode())
    return path


def _finish_llava(folder: Path, plan: DataPlan, shards: Sequence[Path]) -> list[Path]:
    return [_one_list(folder, f"{plan.split}.json", shards)]


def _finish_sharegpt(folder: Path, plan: DataPlan, shards: Sequence[Path]) -> list[Path]:
    """Write the list of all `shards` into `folder`, and the `dataset_info.json` that LLaMA-Factory finds it by."""
    data_path = _one_list(folder, f"{plan.split}.json", shards)
    columns = {"messages": "conversations", "images": "images", "system": "system"}
    info = {f"zerosight_{plan.split}": {"file_name": data_path.name, "formatting": "sharegpt", "columns": columns}}
    info_path = folder / "dataset_info.json"
    write_atomically(info_path, (json.dumps(info, indent=1) + "\n").encode())
    return [data_path, info_path]


# --- tar --------------------------------------------------------------------------------------------------------


def _webdataset(rows: Rows, folder: Path, shard: Shard, plan: DataPlan) -> list[Path]:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for position, row in enumerate(rows):
            fields = {name: value for name, value in row.items() if name != "png"}
            # A sample is the files that share a name up to its first dot, one after another.
            key = f"{shard.number:05d}{position:06d}"
            for suffix, data in (
                *([("png", row["png"])] if "png" in row else []),
                ("json", json.dumps(fields, sort_keys=True).encode()),
            ):
                member = tarfile.TarInfo(f"{key}.{suffix}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    path = folder / f"{plan.split}-{shard.number:05d}.tar"
    write_atomically(path, content.getvalue())
    return [path]


FORMATS: Mapping[str, DataFormat] = {
    entry.name: entry
    for entry in (
        DataFormat("parquet", "a folder for datasets.load_dataset, pictures as Image features", _parquet),
        DataFormat("jsonl", "JSON lines, pictures in files", _jsonl),
        DataFormat("llava", "LLaVA's JSON list, pictures in files", _llava, _finish_llava),
        DataFormat("sharegpt", "ShareGPT JSON and LLaMA-Factory's dataset_info.json", _sharegpt, _finish_sharegpt),
        DataFormat("webdataset", "tar files of PNG and JSON", _webdataset),
        DataFormat("verl", "parquet with verl's columns", _verl),
    )
}
"""The formats by name."""
