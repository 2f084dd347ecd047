"""A plan counts what a run really has, and says what would not fit."""

import json

import pytest

from zerosight.envs import make
from zerosight.train.config import RunConfig, override
from zerosight.train.learning.learner import Learner
from zerosight.train.models.load import EMBEDDED_SEED
from zerosight.train.models.policy import Policy
from zerosight.train.plan import (
    GIB,
    PlanError,
    activation_bytes,
    memory_problems,
    model_size,
    plan_run,
    unloaded_policy,
)
from zerosight.train.presets import PRESETS, UnknownPresetError, config_from
from zerosight.train.token_needs import measure_needs, sampled_items


@pytest.fixture(scope="module")
def plan():
    return plan_run(RunConfig(), "rtx4090")


@pytest.mark.parametrize("sharing", ["shared", "lora", "two", "full"])
def test_states_are_those_of_the_real_policy(sharing):
    """Weights that are trained, by the tensors that the real learner has."""
    config = RunConfig(sharing=sharing)
    size = model_size(unloaded_policy(config).model, config)
    policy = Policy.load(EMBEDDED_SEED, sharing)
    learner = Learner(policy, config.learning, 1)
    trained = sum(p.numel() for group in learner.optimizer.param_groups for p in group["params"] if p.requires_grad)
    copies = {"shared": 1, "lora": 3, "two": 2, "full": 3}[sharing]
    assert copies * size.trained == trained
    assert size.parameters == sum(p.numel() for p in Policy.load(EMBEDDED_SEED).model.parameters())


def test_needs_are_those_of_the_prompts(plan):
    """An independent count: the policy that has weights, and each program encoded alone."""
    policy, env = Policy.load(EMBEDDED_SEED), make("shapes/Canvas-v1")
    needs = measure_needs(policy, [env], 6)
    longest = max(len(policy.tokenizer.encode(item.program)) for item in sampled_items(env, 6))
    assert longest < needs.roles["coder"].reply_tokens <= 1.25 * (longest + 2) + 2
    assert plan.needs.roles["solver"].picture_tokens == 16


def test_a_limit_that_cannot_hold_an_item_is_named_with_its_mend():
    config = RunConfig(envs=("shapes/Canvas-v2",))
    assert config.rollout.coder_tokens is None
    problems = plan_run(config).problems
    assert any(problem.startswith("rollout.coder_tokens=160 is too short for shapes/Canvas-v2") for problem in problems)
    mends = [word for problem in problems for word in problem.split() if word.startswith("rollout.") and "=" in word]
    assert plan_run(override(config, mends)).problems == ()


def test_what_is_too_large_for_a_card_is_said_with_options(plan):
    size = plan.size._replace(parameters=7 * 10**9, trained=7 * 10**9)
    memory = plan.memory_gib | {"weights": 7e9 * 6 / GIB, "optimizer states": 7e9 * 8 / GIB}
    large = plan.__class__(plan.config, "rtx4090", 1, size, plan.needs, memory, 1, 1, ())
    (problem,) = memory_problems(large)
    assert "on a rtx4090; most of it is optimizer states; try --set sharing=lora" in problem
    assert memory_problems(plan) == []


def test_recomputing_layers_keeps_less(plan):
    assert activation_bytes(plan.size, 4096, True) < activation_bytes(plan.size, 4096, False)
    assert activation_bytes(plan.size, 8192, False) == 2 * activation_bytes(plan.size, 4096, False)


def test_unknown_card_and_model_are_named():
    with pytest.raises(PlanError, match=r"unknown card 'a100-8'; did you mean 'a100-80'\? \(known: h200,"):
        plan_run(RunConfig(), "a100-8")
    with pytest.raises(PlanError, match="no settings of model 'nobody/nothing'"):
        plan_run(RunConfig(model="nobody/nothing"))


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_valid_and_give_way_to_settings(name):
    config = config_from("zerosight", name, ["rollout.num_answers=4"])
    assert config.rollout.num_answers == 4 and config.rollout.solver_tokens == 1024
    assert config.learning.learning_rate == 1e-5 and config.learning.entropy_weight == {}


def test_a_resolved_configuration_runs_again(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(config_from("mm-zero").to_yaml())
    assert config_from(str(path)) == config_from("mm-zero")
    with pytest.raises(UnknownPresetError, match="did you mean '7b-8gpu'"):
        config_from("zerosight", "7b-8gpus")


def test_command_prints_a_plan(zerosight):
    done = zerosight("plan", "--json", "--card", "l40s")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["parameters"] == 2_086_112
    assert zerosight("plan", "--set", "rollout.coder_tokens=16").returncode == 1
