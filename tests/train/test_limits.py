"""Limits left at their defaults fit the environments and the model; the embedded model keeps those it learned with."""

import shutil

import numpy as np
import pytest

from zerosight.envs import make
from zerosight.roles import solver
from zerosight.train.config import ConfigError, RunConfig, override
from zerosight.train.heldout import heldout_suite
from zerosight.train.limits import DETAILED_PX, EMBEDDED_LIMITS, processor_size, run_limits
from zerosight.train.models.load import EMBEDDED_SEED
from zerosight.train.models.policy import Policy
from zerosight.train.token_needs import sampled_items

ENVS = ("shapes/Canvas-v1", "shapes/Canvas-v2")


@pytest.fixture(scope="module")
def policy():
    return Policy.load(EMBEDDED_SEED)


@pytest.fixture(scope="module")
def other_name(tmp_path_factory):
    """The same model by another name: a stranger's."""
    folder = tmp_path_factory.mktemp("models") / "stranger"
    shutil.copytree(EMBEDDED_SEED, folder)
    return str(folder)


def test_embedded_model_has_the_limits_it_was_taught_with(policy):
    limits = run_limits(RunConfig(envs=ENVS), policy)
    assert limits.tokens == EMBEDDED_LIMITS and limits.picture_size(make("shapes/Canvas-v1")) == 64


def test_limits_of_another_model_hold_every_item_of_its_environments(policy, other_name):
    limits = run_limits(RunConfig(model=other_name, envs=ENVS), policy)
    for env_id in ENVS:
        for item in sampled_items(make(env_id), 12):
            assert len(policy.tokenizer.encode(item.program)) < limits.tokens["coder"]
            assert len(policy.tokenizer.encode(item.truth.value)) < limits.tokens["solver"]


def test_what_is_set_counts(policy, other_name):
    config = override(RunConfig(model=other_name), ["rollout.solver_tokens=700", "rollout.picture_size=320"])
    limits = run_limits(config, policy)
    assert limits.tokens["solver"] == 700 and limits.picture_px == 320
    assert heldout_suite(["shapes/Canvas-v1"], 2, picture_px=limits.picture_px).pictures[0].array.shape == (320, 320, 3)


def test_a_limit_that_holds_no_item_is_refused_with_one_that_does(policy, other_name):
    config = override(RunConfig(model=other_name, envs=("shapes/Canvas-v2",)), ["rollout.coder_tokens=16"])
    with pytest.raises(
        ConfigError, match=r"coder_tokens=16 cannot hold one of .* --set rollout.coder_tokens=\d+"
    ):
        run_limits(config, policy)


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ({"size": {"height": 384, "width": 384}, "do_resize": True}, 384),
        ({"crop_size": {"height": 336, "width": 336}, "size": {"shortest_edge": 336}, "do_center_crop": True}, 336),
        ({"crop_size": {"height": 224, "width": 224}, "size": {"height": 64, "width": 64}, "do_resize": True}, 64),
        ({"size": {"shortest_edge": 3136, "longest_edge": 12845056}, "merge_size": 2, "do_resize": True}, DETAILED_PX),
        ({"size": {"shortest_edge": 3136, "longest_edge": 12845056}, "do_resize": True}, DETAILED_PX),
        ({}, DETAILED_PX),
    ],
)
def test_size_is_the_processors_own(attributes, size):
    processor = type("Processor", (), {"image_processor": type("ImageProcessor", (), attributes)()})()
    assert processor_size(processor) == size


def test_larger_pictures_show_the_same_drawing(policy):
    """An independent look: the larger picture, averaged down, is nearly the smaller one."""
    env = make("shapes/Canvas-v1")
    (item,) = sampled_items(env, 1)
    small, large = (env.render_item(item, size).array.astype(float) for size in (64, 448))
    shrunk = large.reshape(64, 7, 64, 7, 3).mean((1, 3))
    assert np.abs(shrunk - small).mean() < 2.0
    assert policy.prompt(solver.prompt(item.question), env.render_item(item, 448)).ids
