"""The parity table of docs/benchmarks.md: our adapters beside lmms-eval's own functions, measured and written down.

    pip download --no-deps lmms-eval && unzip lmms_eval-*.whl -d HARNESS     # it needs loguru, pandas, latex2sympy2,
    python tests/benchmarks/parity.py --harness HARNESS                      # word2number, datasets beside it

Without `--harness` only the table is written anew, from benchmarks/results/parity.json.
"""

import argparse
import datetime
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import harness
import numpy as np
from published_cases import CASES
from test_scoring import fuzzed

from zerosight.benchmarks.adapters import ADAPTERS
from zerosight.benchmarks.adapters.base import Adapter
from zerosight.benchmarks.adapters.sources import reader_of
from zerosight.benchmarks.samples import Sample
from zerosight.envs import SeededRng

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "parity.json"
DOCS = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- parity: written by tests/benchmarks/parity.py -->", "<!-- end of parity -->"
ROWS, REPLIES = 3, 500
"""Rows whose prompts are compared, and replies to each."""
TOLERANCE = 1e-9
"""Of scores."""
ROUNDED = 1e-5
"""Of averages: some of theirs are rounded to five digits."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure and write the parity table of docs/benchmarks.md.")
    parser.add_argument("--harness", type=Path, help="folder of an unpacked lmms_eval wheel")
    folder = parser.parse_args().harness
    if folder is not None:
        RESULTS.write_text(json.dumps(measured(folder), indent=1) + "\n", encoding="utf-8")
    text = DOCS.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    DOCS.write_text(f"{before}{BEGIN}\n{table(json.loads(RESULTS.read_text()))}\n{END}{after}", encoding="utf-8")


# --- measuring --------------------------------------------------------------------------------------------------------


def measured(folder: Path) -> dict[str, Any]:
    """Compare every adapter with the harness in `folder`."""
    harness.load(folder)
    version = next(folder.glob("lmms_eval-*.dist-info")).name.split("-")[1].removesuffix(".dist")
    rows = {name: compared(ADAPTERS[name], folder) for name in harness.TASKS}
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {"harness": f"lmms-eval {version}", "date": today, "benchmarks": rows}


def compared(default: Adapter, folder: Path) -> dict[str, Any]:
    """Return what of one benchmark is equal under lmms-eval's protocol, and how far the default one agrees."""
    task, adapter = harness.TASKS[default.name], default.under("lmms-eval")
    with tempfile.TemporaryDirectory() as written:
        CASES[default.name].write(Path(written))
        reader = reader_of(adapter, Path(written))
        docs = [dict(row) for row in reader.rows()]
        if default.name == "vsi-bench":
            # The harness can average nothing without this task.
            docs.append(docs[2] | {"id": len(docs), "question_type": "object_rel_direction_medium"})
        samples = [adapter.read(reader, doc) for doc in docs]
    pairs = [(sample, theirs(default.name, sample, doc)) for sample, doc in zip(samples, docs, strict=True)]
    prompts = [adapter.prompt(sample) == harness.prompt_of(task, doc, folder) for sample, doc in pairs[:ROWS]]
    result: dict[str, Any] = {"prompts": sum(prompts), "rows": len(prompts)}
    result["limit"], result["their_limit"] = adapter.max_new_tokens, harness.limit_of(task, folder)
    if task.score is None:
        return result
    replies = [reply for reply in fuzzed(len(default.name), 2 * REPLIES) if "think>" not in reply][:REPLIES]
    equal = default_equal = count = 0
    for sample, doc in pairs[:ROWS]:
        if sample.options:
            harness.draw(SeededRng(("mmmu", sample.id)).integer(0, len(sample.options) - 1))
        for reply in replies:
            score = task.score(harness.module_of(task), doc, reply)
            equal += abs(score - adapter.score(sample, reply)) < TOLERANCE
            default_equal += abs(score - default.score(sample, reply)) < TOLERANCE
            count += 1
    result |= {"replies": count, "agreement": equal / count, "default_agreement": default_equal / count}
    return result | {"averages": averages(adapter, pairs)}


def averages(adapter: Adapter, pairs: list[tuple[Sample, harness.Doc]]) -> bool | None:
    """Tell whether both average the same replies to the same; None where the harness has a plain mean."""
    random = np.random.default_rng(1)
    # A letter that is none of the options would have one drawn by MMMU.
    usual = ["A", "B"] if adapter.name == "mmmu" else ["A", "B", "C", "10", "4"]
    said = [(sample, doc, str(random.choice(usual))) for sample, doc in pairs]
    theirs_average = harness.average_of(adapter.name, [(doc, reply) for _, doc, reply in said])
    scored = [(sample, adapter.score(sample, reply)) for sample, _, reply in said]
    return (
        None if theirs_average is None else bool(abs(adapter.aggregate(scored)["overall"] - theirs_average) < ROUNDED)
    )


def theirs(name: str, sample: Sample, doc: Mapping[str, Any]) -> harness.Doc:
    """Return the row as the harness has it: what is empty is None, some columns have other names on its own hub."""
    row = {column: None if cell == "" else cell for column, cell in doc.items()}
    if name == "stare":
        row["qid"] = row["pid"]
    if name == "omnispatial":
        row["gt"] = sample.answer
    if name == "mmmu-pro" and row.get("question") is None:
        row.pop("question", None)
    return row


# --- the table --------------------------------------------------------------------------------------------------------


def table(results: Mapping[str, Any]) -> str:
    """Return the table in Markdown: of every adapter what was compared, and what is recalled only."""
    lines = [
        f"Compared with {results['harness']}'s own functions on {results['date']}, {REPLIES} replies to each of {ROWS} "
        "published rows at most, thinking left out (`tests/benchmarks/parity.py`). *Agreement* is the share of replies "
        "with the same score under `--protocol lmms-eval`, in brackets the default protocol's where it is another.",
        "",
        "| benchmark | default protocol | also | prompts equal | new tokens (theirs) | frames | agreement | averages |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, adapter in ADAPTERS.items():
        lines.append(f"| {' | '.join(cells(adapter, results['benchmarks'].get(name, {})))} |")
    recalled = [f"- {adapter.title}: {'; '.join(adapter.notes)}." for adapter in ADAPTERS.values() if adapter.notes]
    return "\n".join([*lines, "", "Recalled, differing or not comparable:", "", *recalled])


def cells(adapter: Adapter, row: Mapping[str, Any]) -> list[str]:
    also = sorted({*adapter.protocols[1:], *adapter.variants})
    limit = str(adapter.max_new_tokens)
    if row:
        limit = f"{row['limit']:,} ({row['their_limit'] or 'none'})"
    prompts = f"{row['prompts']} of {row['rows']}" if row else "not compared"
    agreement = "judge" if row else "–"
    if "agreement" in row:
        default = row["default_agreement"]
        agreement = f"{100 * row['agreement']:.1f} %" + (
            f" ({100 * default:.1f} %)" if default != row["agreement"] else ""
        )
    average = {True: "equal", False: "differ", None: "plain mean" if "agreement" in row else "–"}[row.get("averages")]
    return [adapter.title, adapter.protocols[0], ", ".join(also) or "–", prompts, limit, str(adapter.frames or "–"),
            agreement, average]  # fmt: skip


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
