"""The parity table: what was measured is what the documents say, and every comparison is above what we promise."""

import json

import harness
from parity import DOCS, RESULTS, table

from zerosight.benchmarks.adapters import ADAPTERS

PROMISED = 0.995


def test_the_documents_hold_the_table_of_the_results() -> None:
    assert table(json.loads(RESULTS.read_text())) in DOCS.read_text(), "run python tests/benchmarks/parity.py"


def test_prompts_limits_scores_and_averages_are_the_harness_own() -> None:
    rows = json.loads(RESULTS.read_text())["benchmarks"]
    assert set(rows) == set(harness.TASKS) and len(rows) == 23
    for name, row in rows.items():
        assert row["prompts"] == row["rows"] >= 2, name
        assert row["their_limit"] in (None, row["limit"]), name
        assert row.get("agreement", 1.0) >= PROMISED and row.get("averages") is not False, name
        assert row["limit"] == ADAPTERS[name].under("lmms-eval").max_new_tokens, "measured before the limit changed"
