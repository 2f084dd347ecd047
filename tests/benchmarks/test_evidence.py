"""The evidence benchmark: its conditions are runs that can be made, its intervals those of a second method."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zerosight.benchmarks.own.evidence import (
    ALIKE,
    BASE,
    COMPARISONS,
    KEPT_IN,
    MARK,
    PAGE,
    Condition,
    accuracy,
    conditions,
    figures,
    folder_of,
    keep,
    mean_curve,
    paired,
    records,
    with_tables,
    write_page,
)
from zerosight.benchmarks.own.results_file import RESULTS
from zerosight.train.config import override
from zerosight.train.recipes import algorithm_names, make_algorithm, recipe_config
from zerosight.train.runs.store import Run


@pytest.mark.parametrize("condition", conditions(), ids=lambda condition: condition.name)
def test_a_condition_is_a_configuration_that_differs_from_the_default(condition: Condition) -> None:
    config = override(recipe_config(condition.recipe), [*ALIKE, *condition.settings])
    for algorithm in algorithm_names(config):
        make_algorithm(algorithm, config)
    default = override(recipe_config(BASE.recipe), ALIKE)
    assert (config == default) == (condition == BASE)
    assert (config.envs, config.rollout.items_per_step, config.rollout.num_answers) == (default.envs, 64, 16), (
        "equal compute"
    )
    for own in COMPARISONS.values():
        assert own[0] == BASE and len({each.name for each in own}) == len(own)


def test_a_paired_difference_has_the_interval_of_the_normal_approximation() -> None:
    random = np.random.default_rng(3)
    first = (random.random((1, 4000)) < 0.5).astype(float)
    # A right answer is kept with 0.9, a wrong one mended with 0.3: 0.45 + 0.15 against 0.5.
    second = np.where(first == 1, random.random((1, 4000)) < 0.9, random.random((1, 4000)) < 0.3).astype(float)
    found = paired(first, second)
    change = (second - first)[0]
    half = 1.96 * change.std() / np.sqrt(change.size)
    assert found["points"] == pytest.approx(100 * change.mean(), abs=0.01)
    assert found["low"] == pytest.approx(100 * (change.mean() - half), abs=0.25)
    assert found["high"] == pytest.approx(100 * (change.mean() + half), abs=0.25)


def test_seeds_that_disagree_widen_the_interval() -> None:
    alike, unlike = np.full((3, 500), 0.5), np.repeat([[0.2], [0.5], [0.8]], 500, axis=1)
    base = np.full((3, 500), 0.5)
    assert paired(base, alike) == {"points": 0.0, "low": 0.0, "high": 0.0}
    wide = paired(base, unlike)
    assert wide["points"] == 0.0 and wide["low"] < -10 and wide["high"] > 10


def run_of(folder: Path, right: int, error: float) -> None:
    run = Run.create(folder, override(recipe_config("zerosight"), ["steps=2"]))
    for step in (1, 2):
        entry: dict[str, Any] = {"step": step, "solve_rate": 0.1 * step, "items": 8, "arms": {"count/1": 0.5 / step}}
        run.log(entry | {"label/error": error, "time/rollout": 1.0, "time/learn": 2.0})
    for name, count in (("start", 2), ("end", right)):
        answers = [{"id": str(n), "right": n < count} for n in range(10)]
        run.keep_evaluation(name, {"overall": {"accuracy": count / 10, "blind": 0.3}, "answers": answers})


def test_what_is_finished_is_kept_compared_and_shown(tmp_path: Path) -> None:
    out, kept = tmp_path / "runs", tmp_path / "kept"
    for seed in (0, 1):
        run_of(folder_of(out, BASE, seed), 8, 0.0)
    (majority,) = COMPARISONS["labels"][1:]
    run_of(folder_of(out, majority, 0), 1, 0.6)
    Run.create(folder_of(out, majority, 1), recipe_config("majority"))
    there = [keep(kept, out, each, seed, ALIKE) for each in (BASE, majority) for seed in (0, 1)]
    assert there == [True, True, True, False], "a run without its end is not finished"
    # Now the runs themselves may go.
    shutil.rmtree(out)
    assert keep(kept, out, majority, 0, ALIKE) and not keep(kept, out, majority, 0, [*ALIKE, "steps=9"])
    found = {each.name: records(kept, each, ALIKE) for each in conditions()}
    assert [len(found[each.name]) for each in (BASE, majority)] == [2, 1]
    assert records(kept, BASE, [*ALIKE, "steps=9"]) == [], "a run with other settings is another one"
    assert accuracy(found[BASE.name]).shape == (2, 10)
    assert mean_curve(found[BASE.name], "solve_rate") == [(1.0, 0.1), (2.0, 0.2)]
    result = figures(found)
    assert result["against_the_default"]["labels"]["majority"]["points"] == -70.0
    assert result["conditions"]["majority"]["label_error"] == [0.6]
    assert result["conditions"]["zerosight"]["gain_points"] == [60.0, 60.0]
    assert result["conditions"]["zerosight"]["forgotten"] == [0.25, 0.25]
    assert result["conditions"]["zerosight"]["answers"] == [2 * 8 * 16] * 2
    assert result["against_the_default"]["curricula"] == {}
    page = write_page(tmp_path / "page.html", result | {"steps": 2, "alike": []}, found).read_text()
    assert "-70.0" in page and "wrong labels, over the steps" in page


def test_the_committed_figures_are_those_of_the_committed_records() -> None:
    figured = json.loads((RESULTS / "evidence.json").read_text())["figures"]
    found = {each.name: records(KEPT_IN, each, figured["alike"]) for each in conditions()}
    assert json.loads(json.dumps(figures(found))) == {
        name: figured[name] for name in ("conditions", "against_the_default")
    }
    text = PAGE.read_text()
    assert with_tables(text, figured) == text, "the page's tables are those of the figures"
    assert set(MARK.findall(text)[n][1] for n in range(len(COMPARISONS))) == set(COMPARISONS)
