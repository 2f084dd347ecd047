"""Our suites in the forms of other tools: an lmms-eval task folder and VLMEvalKit's TSV files.

What is relied on. lmms-eval (docs/guides/task_guide.md): a YAML names functions of the `utils.py` beside it, and
`dataset_path: parquet` with `data_files` loads a local file through `datasets`. VLMEvalKit: `$LMUData/NAME.tsv` of an
unknown name is a multiple-choice data set where it has columns A and B, else one of open questions, of which it keeps
predictions and scores nothing: `zerosight_vlmevalkit.py` beside the files does.
"""

import base64
import csv
import io
import json
import string
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment as Templates
from jinja2 import StrictUndefined

from ...envs import Item, answers
from ...errors import did_you_mean
from ...train.runs.store import write_atomically
from ..samples import Sample
from .benchmark import EvaluationError
from .own import OwnSuite
from .pictures import picture_of

MAX_OPTIONS = 26


def export_suite(suite: OwnSuite, to: str, out: Path, limit: int | None = None) -> Path:
    """Write a suite for another tool.

    Args:
        suite: which.
        to: `lmms-eval` or `vlmevalkit`.
        out: an empty or missing folder.
        limit: items at most.

    Returns:
        What the tool is to be pointed at.

    Raises:
        EvaluationError: there is no bridge to this tool, or the folder holds something.
    """
    if to not in BRIDGES:
        hint = did_you_mean(to, BRIDGES, cutoff=0.4)
        raise EvaluationError(f"no bridge to {to!r}; {hint and f'{hint} '}(allowed: {', '.join(BRIDGES)})")
    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise EvaluationError(f"{out} is not empty; choose another folder")
    out.mkdir(parents=True, exist_ok=True)
    rows = (_row(suite, sample) for sample in suite.load(None, limit) if isinstance(sample, Sample))
    return BRIDGES[to](suite, rows, out)


def task_name(suite: OwnSuite) -> str:
    """Return the id of `suite` as other tools take names: `zerosight_heldout_v1`."""
    return "".join(char if char.isalnum() else "_" for char in suite.name)


def _row(suite: OwnSuite, sample: Sample) -> dict[str, Any]:
    item: Item = sample.fields["item"]
    return {
        "id": sample.id,
        **sample.category,
        "question": sample.question,
        "prompt": suite.prompt(sample),
        "options": list(sample.options),
        "answer": str(sample.answer),
        "kind": item.question.kind,
        "tolerance": float(item.truth.tolerance),
        "measure": item.truth.measure,
        "png": picture_of(sample.images[0].open()).png(),
    }


# --- lmms-eval --------------------------------------------------------------------------------------------------


def _lmms_eval(suite: OwnSuite, rows: Iterable[Mapping[str, Any]], out: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = [{**row, "image": {"bytes": row["png"], "path": None}} for row in rows]
    text = ("id", "world", "band", "form", "question", "prompt", "answer", "kind", "measure")
    schema = pa.schema(
        [
            *((name, pa.string()) for name in text),
            ("options", pa.list_(pa.string())),
            ("tolerance", pa.float64()),
            ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ],
        # What `datasets` reads types from: with it the pictures come decoded.
        metadata={"huggingface": json.dumps({"info": {"features": _features(text)}})},
    )
    data = out / f"{task_name(suite)}.parquet"
    pq.write_table(pa.Table.from_pylist([{name: row[name] for name in schema.names} for row in columns], schema), data)
    _write_module(out / "utils.py", "lmms_utils.py.j2", title=suite.title, data=data.name)
    write_atomically(out / f"{task_name(suite)}.yaml", _task_yaml(suite).encode())
    return out


def _write_module(path: Path, template_name: str, **values: str) -> None:
    """Write the Python file of a template, and beside it our reading of answers, which it loads.

    Args:
        path: the file.
        template_name: of the template.
        values: what it is filled with.
    """
    # Not markup: a Python file, filled with a title and names.
    templates = Templates(undefined=StrictUndefined, keep_trailing_newline=True)
    template, loading = (
        files(__package__).joinpath(name).read_text(encoding="utf-8")
        for name in (template_name, "exported_answers.py.j2")
    )
    write_atomically(path, templates.from_string(template).render(answers=loading.strip(), **values).encode())
    for module in Path(answers.__file__).parent.glob("*.py"):
        write_atomically(path.parent / "answers" / module.name, module.read_bytes())


def _features(text: Iterable[str]) -> dict[str, Any]:
    value = {"dtype": "string", "_type": "Value"}
    return {
        **dict.fromkeys(text, value),
        "options": {"feature": value, "_type": "Sequence"},
        "tolerance": {"dtype": "float64", "_type": "Value"},
        "image": {"_type": "Image"},
    }


def _task_yaml(suite: OwnSuite) -> str:
    """Return the task's file for `suite`.

    `!function` is lmms-eval's own tag, so it is put in after the values; it names any value of `utils.py`, the path of
    the rows among them, so that the folder can be moved.
    """
    task = {
        "task": task_name(suite),
        "dataset_path": "parquet",
        "dataset_kwargs": {"data_files": {"test": "utils.DATA"}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_visual": "utils.doc_to_visual",
        "doc_to_text": "utils.doc_to_text",
        "doc_to_target": "utils.doc_to_target",
        "process_results": "utils.process_results",
        "generation_kwargs": {"max_new_tokens": suite.max_new_tokens or 64, "temperature": 0, "do_sample": False},
        "metric_list": [
            {"metric": "score", "aggregation": "mean", "higher_is_better": True},
            {"metric": "by_band", "aggregation": "utils.mean_of_bands", "higher_is_better": True},
        ],
        "metadata": [{"version": 1.0, "suite": suite.name, "split": suite.split}],
    }
    text = yaml.safe_dump(task, sort_keys=False, allow_unicode=True)
    return text.replace(": utils.", ": !function utils.")


# --- VLMEvalKit -------------------------------------------------------------------------------------------------


def _vlmevalkit(suite: OwnSuite, rows: Iterable[Mapping[str, Any]], out: Path) -> Path:
    """Write `NAME_MCQ.tsv` of the `rows` with listed answers into `out`, `NAME_VQA.tsv` of the others."""
    choice_rows: list[dict[str, Any]] = []
    open_rows: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        tsv_row = {
            "index": number,
            "image": base64.b64encode(row["png"]).decode(),
            "category": row["form"],
            "l2-category": row["band"],
        }
        if row["answer"] in row["options"] and 2 <= len(row["options"]) <= MAX_OPTIONS:
            letters = dict(zip(string.ascii_uppercase, row["options"], strict=False))
            right_letter = next(letter for letter, option in letters.items() if option == row["answer"])
            choice_rows.append({**tsv_row, "question": row["question"], "answer": right_letter, **letters})
        else:
            scoring = {name: row[name] for name in ("kind", "tolerance", "measure")}
            options = json.dumps(row["options"])
            open_rows.append(
                {**tsv_row, "question": row["prompt"], "answer": row["answer"], **scoring, "options": options}
            )
    most_columns = max((len(row) for row in choice_rows), default=0)
    widest_row = next((row for row in choice_rows if len(row) == most_columns), {})
    for kind, kind_rows, names in (
        ("MCQ", choice_rows, list(widest_row)),
        ("VQA", open_rows, list(open_rows[0]) if open_rows else []),
    ):
        if kind_rows:
            write_atomically(out / f"{task_name(suite)}_{kind}.tsv", _tsv(kind_rows, names))
    data_names = " ".join(path.stem for path in sorted(out.glob("*.tsv")))
    _write_module(out / "zerosight_vlmevalkit.py", "vlmevalkit.py.j2", title=suite.title, names=data_names)
    return out


def _tsv(rows: Iterable[Mapping[str, Any]], names: list[str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, delimiter="\t", lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


BRIDGES: Mapping[str, Callable[[OwnSuite, Iterable[Mapping[str, Any]], Path], Path]] = {
    "lmms-eval": _lmms_eval,
    "vlmevalkit": _vlmevalkit,
}
"""The tools by name."""
