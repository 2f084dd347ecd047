"""Comparison pages: runs side by side, whatever they came to."""

from pathlib import Path
from typing import Any

import pytest
from test_report import Page, evaluation, metrics

from zerosight.train.config import RunConfig, override
from zerosight.train.runs.compare import compared, sides, write_comparison
from zerosight.train.runs.store import Run, RunError


def made(folder: Path, *settings: str, error: float = 0.0, accuracy: float | None = 0.5) -> Path:
    run = Run.create(folder, override(RunConfig(), list(settings)))
    for step in range(1, 5):
        values: dict[str, Any] = {
            "label/error": error * step,
            "hacking/rewarded_incorrect": error,
            "collapse/query_entropy": 1.0,
        }
        run.log(metrics(step) | values)
    if accuracy is not None:
        run.keep_evaluation("start", evaluation(0.25))
        run.keep_evaluation("end", evaluation(accuracy))
    return folder


def test_figures_stand_side_by_side(tmp_path: Path) -> None:
    first = made(tmp_path / "oracle", accuracy=0.75)
    second = made(tmp_path / "<b>vote", "labels.source=majority", "seed=3", error=0.1, accuracy=0.25)
    page = Page(write_comparison([first, second], tmp_path / "page.html").read_text())
    assert page.count("b") and "<b>vote" in page.text, "a folder's name is text"
    assert "+50.0" in page.text and "0.0" in page.text
    assert 'seed: 3 labels.source: "majority"' in page.text
    # Wrong labels of 10 to 40 per cent, and count/1 and colour/1 stay while count/2 rises: nothing is forgotten.
    (oracle, vote) = sides([first, second])
    assert vote.label_error == pytest.approx(0.25) and oracle.label_error == 0.0
    assert vote.mean_forgetting == 0.0
    assert vote.skills == {"count": {1: 0.25, 2: 0.4}, "colour": {1: 0.2}}
    assert page.count("script") == 1 and not page.open


def test_runs_that_are_not_finished_are_shown(tmp_path: Path) -> None:
    begun = Run.create(tmp_path / "begun", RunConfig()).folder
    page = Page(write_comparison([begun, made(tmp_path / "run", accuracy=None)], tmp_path / "page.html").read_text())
    assert "not measured" in page.text and "0 of 240" in page.text


def test_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    folders = [made(tmp_path / place / "run") for place in ("a", "b")]
    assert [side.name for side in sides(folders)] == [str(folder) for folder in folders]
    assert compared(sides(folders))["differences"] == {str(folders[1]): {}}


@pytest.mark.parametrize(
    ("count", "message"), [(1, "takes 2 to 6 runs, got 1"), (7, "takes 2 to 6 runs, got 7"), (0, "got 0")]
)
def test_too_few_and_too_many_are_refused(count: int, message: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=message):
        sides([tmp_path / str(number) for number in range(count)])


def test_a_run_against_itself_is_refused(tmp_path: Path) -> None:
    folder = made(tmp_path / "run")
    with pytest.raises(RunError, match="is given twice"):
        sides([folder, tmp_path / "." / "run"])
