"""Chart programs in the manner of pretrained models: at least 95 % are accepted, and all of these read rightly."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from chart_checks import problems

from zerosight.render import FigurePool
from zerosight.render.chart.draw import DrawnChart

ENTRIES: list[dict[str, Any]] = [
    entry
    for path in sorted((Path(__file__).parent / "corpus").glob("*.yaml"))
    for entry in yaml.safe_load(path.read_text())
]


@pytest.fixture(scope="module")
def outcomes() -> Iterator[dict[str, Any]]:
    with FigurePool(workers=2, wall_s=60.0, memory_mb=768) as pool:
        drawn = pool.run([entry["program"] for entry in ENTRIES], 320)
    yield dict(zip((entry["name"] for entry in ENTRIES), drawn, strict=True))


def test_the_corpus_is_large_and_its_names_are_distinct() -> None:
    assert len({entry["name"] for entry in ENTRIES}) == len(ENTRIES) >= 40


def test_nearly_all_programs_are_accepted(outcomes: dict[str, Any]) -> None:
    refused = {name: outcome for name, outcome in outcomes.items() if not isinstance(outcome, DrawnChart)}
    assert len(refused) <= 0.05 * len(ENTRIES), refused


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
def test_program_is_read_as_its_author_meant(entry: dict[str, Any], outcomes: dict[str, Any]) -> None:
    outcome = outcomes[entry["name"]]
    assert isinstance(outcome, DrawnChart), outcome
    assert problems(outcome.scene, entry["panels"]) == []
