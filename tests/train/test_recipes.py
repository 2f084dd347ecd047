"""Recipes: each runs end to end and resumes exactly; a run goes on under another's rules."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from zerosight.render.drawing import Pools
from zerosight.train.algorithm import Algorithm
from zerosight.train.config import ConfigError, RunConfig, build, override
from zerosight.train.loop import Evolution
from zerosight.train.recipes import RECIPES, UnknownRecipeError, find_recipe, make_algorithm, recipe_config
from zerosight.train.recipes.base import differences
from zerosight.train.rollouts import Draw, drawn_by
from zerosight.train.runs.glossary import explain
from zerosight.train.runs.store import Run, RunError, begin_policy

TOY = (
    "steps=4", "checkpoint_every=1", "rollout.num_briefings=2", "rollout.num_proposals=2", "rollout.num_programs=2",
    "rollout.num_answers=4", "rollout.items_per_step=4", "rollout.coder_tokens=96", "rollout.solver_tokens=4", "seed=5",
)  # fmt: skip
WORLDS = {"spatialevo": "[shapes/Canvas-v1]"}
"""Rooms take seconds each to furnish; the algorithm is the same on the canvas (test_algorithms.py asks about rooms)."""


@pytest.fixture(scope="module")
def draw() -> Iterator[Draw]:
    with Pools(1) as pools:
        yield drawn_by(pools)


def toy(name: str, *settings: str) -> RunConfig:
    worlds = (f"envs={WORLDS[name]}",) if name in WORLDS else ()
    config = override(recipe_config(name), [*TOY, *worlds, *settings])
    # Each phase a step, so that a few steps see them all.
    return config.model_copy(update={"phases": tuple(p.model_copy(update={"steps": 1}) for p in config.phases)})


def steps_of(run: Run) -> list[dict[str, Any]]:
    return [{k: v for k, v in entry.items() if not k.startswith("time/")} for entry in run.metrics()]


def weights(evolution: Evolution) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in evolution.policy.trainable().items()}


@pytest.mark.parametrize("name", [name for name in RECIPES if name not in ("zerosight", "uniform", "shuffled")])
def test_a_recipe_runs_and_a_killed_run_of_it_ends_alike(name: str, draw: Draw, tmp_path: Path) -> None:
    whole, broken = (Run.create(tmp_path / place, toy(name)) for place in ("whole", "broken"))
    first = Evolution(whole, draw)
    for _ in range(3):
        whole.log(first.one_step())
    begun = Evolution(broken, draw)
    for number in range(2):
        broken.log(begun.one_step())
        if number == 0:
            begun.checkpoint()
    second = Evolution(broken, draw)
    assert second.step == 1, "the second step was logged, but is not in a checkpoint"
    for _ in range(2):
        broken.log(second.one_step())
    assert steps_of(broken) == steps_of(whole)
    assert json.dumps(second._state()) == json.dumps(first._state())
    ends = weights(first), weights(second)
    assert all(torch.equal(ends[0][key], ends[1][key]) for key in ends[0])
    assert sum(entry["items"] for entry in steps_of(whole)) > 0, "every recipe asks something of the embedded model"
    logged_keys = {key for entry in whole.metrics() for key in entry if key not in ("arms", "rejected")}
    assert sorted(key for key in logged_keys if explain(key) is None) == [], "add them to train/runs/glossary.py"


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_says_what_it_is(name: str) -> None:
    recipe = find_recipe(name)
    assert recipe.name == name == recipe.config().recipe
    assert recipe.title.endswith(".")
    if recipe.algorithm is not Algorithm:
        assert recipe.algorithm.name == name == recipe.config().algorithm
        assert "Source: " in recipe.about and "Deviations: " in recipe.about
    assert name == "zerosight" or len(recipe.changes()) >= 2, "the name, and something that it changes"
    assert build(recipe.config().model_dump(mode="json")) == recipe.config()


def test_names_that_are_not_there_are_refused_with_the_close_one() -> None:
    with pytest.raises(UnknownRecipeError, match=r"'mmzero'; did you mean 'mm-zero'\?"):
        find_recipe("mmzero")
    with pytest.raises(
        ConfigError, match=r"unknown paper_compat switch 'last-only'; did you mean 'last_only'\?.*of eve"
    ):
        make_algorithm("eve", override(recipe_config("eve"), ["paper_compat=[last-only]"]))
    with pytest.raises(ConfigError, match=r"unknown paper_compat switch 'capped'.*of zerosight: none"):
        make_algorithm("zerosight", override(RunConfig(), ["paper_compat=[capped]"]))


def test_differences_name_what_was_changed() -> None:
    assert recipe_config("uniform").curriculum.kind == "uniform"
    assert RECIPES["uniform"].changes() == {"recipe": "uniform", "curriculum.kind": "uniform"}
    assert differences({"a": {"x": 1}}, {"a": {"x": 1}}) == {}


def test_a_run_goes_on_under_another_recipe(draw: Draw, tmp_path: Path) -> None:
    before = Run.create(tmp_path / "before", toy("sampled"))
    first = Evolution(before, draw)
    for _ in range(2):
        first.one_step()
    first.checkpoint()
    config = toy("r-zero", f"start_from={before.folder}", "sharing=shared")
    after = Run.create(tmp_path / "after", config)
    second = Evolution(after, draw)
    assert second.step == 0
    assert second.curriculum.state() == first.curriculum.state()
    assert second.episodes.answer_counts == first.episodes.answer_counts
    begun = weights(second)
    assert all(torch.equal(value, begun[key]) for key, value in weights(first).items())
    assert all(torch.equal(p, begun[key]) for key, p in begin_policy(config).trainable().items()), "what is measured"
    second.one_step()
    second.checkpoint()
    assert Evolution(after, draw).step == 1, "a resumed run goes on from itself, not from where it began"


def test_weights_of_another_make_are_not_begun_with(draw: Draw, tmp_path: Path) -> None:
    before = Run.create(tmp_path / "before", toy("sampled"))
    with pytest.raises(RunError, match="has no checkpoint yet"):
        Evolution(Run.create(tmp_path / "none", toy("r-zero", f"start_from={before.folder}", "sharing=shared")), draw)
    Evolution(before, draw).checkpoint()
    with pytest.raises(RunError, match=r"has sharing=shared, and this run sharing=full.*--set sharing=shared"):
        Evolution(Run.create(tmp_path / "after", toy("r-zero", f"start_from={before.folder}")), draw)


def test_phases_of_different_recipes_in_one_run(draw: Draw, tmp_path: Path) -> None:
    phases = [
        {"roles": ["solver"], "steps": 1, "algorithm": "m-star", "method": "sft"},
        {"roles": ["proposer", "coder", "solver"], "steps": 1, "algorithm": "mm-zero"},
    ]
    config = toy("zerosight", f"phases={json.dumps(phases)}")
    whole, broken = (Run.create(tmp_path / place, config) for place in ("whole", "broken"))
    first = Evolution(whole, draw)
    for _ in range(3):
        whole.log(first.one_step())
    assert ["algorithm/temperature" in entry for entry in steps_of(whole)] == [True, False, True]
    assert ["solver/imitated" in entry for entry in steps_of(whole)] == [True, False, True]
    begun = Evolution(broken, draw)
    broken.log(begun.one_step())
    begun.checkpoint()
    second = Evolution(broken, draw)
    for _ in range(2):
        broken.log(second.one_step())
    assert steps_of(broken) == steps_of(whole)
    assert second.algorithms["m-star"].state() == first.algorithms["m-star"].state()


def test_two_models_are_proposer_with_coder_and_solver(draw: Draw, tmp_path: Path) -> None:
    evolution = Evolution(Run.create(tmp_path / "run", toy("zerosight", "sharing=two")), draw)
    cores = evolution.policy._cores
    assert cores["proposer"] is cores["coder"] is not cores["solver"]
    evolution.one_step()
    evolution.checkpoint()
    again = Evolution(Run.open(tmp_path / "run"), draw)
    assert all(torch.equal(p, weights(evolution)[key]) for key, p in again.policy.trainable().items())
    assert again.policy._cores["proposer"] is again.policy._cores["coder"]
