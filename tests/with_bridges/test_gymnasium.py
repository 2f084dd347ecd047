"""Worlds through Gymnasium: its checker passes, seeds repeat, and the oracle pays."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from zerosight.train.bridges import gymnasium_envs

WORLDS = ("zerosight/Canvas-v1", "zerosight/Canvas-v2", "zerosight/Geometry-v1")


@pytest.mark.parametrize("env_id", WORLDS)
def test_gymnasiums_own_checker_passes(env_id: str) -> None:
    check_env(gymnasium.make(env_id, render_mode="rgb_array").unwrapped)


def test_a_right_answer_pays_1_and_ends_the_episode() -> None:
    env = gymnasium.make("zerosight/Canvas-v2")
    for seed in range(5):
        env.reset(seed=seed)
        answer = env.unwrapped._item.truth.value
        _, reward, terminated, truncated, info = env.step(answer)
        assert (reward, terminated, truncated, info["answer"]) == (1.0, True, False, answer)
        with pytest.raises(gymnasium.error.ResetNeeded):
            env.unwrapped.step(answer)


def test_a_seed_repeats_its_items() -> None:
    env = gymnasium.make("zerosight/Canvas-v1")
    episodes = []
    for _ in range(2):
        observation, _ = env.reset(seed=3)
        following, _ = env.reset()
        episodes.append((observation, following))
    (first, second), (again, second_again) = episodes
    assert first["question"] == again["question"]
    assert np.array_equal(second["picture"], second_again["picture"])
    assert not np.array_equal(first["picture"], second["picture"])


def test_one_name_makes_and_registers() -> None:
    env = gymnasium.make(f"{gymnasium_envs.__name__}:zerosight/Chart-v1")
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    assert env.step("?")[1] == 0.0


def test_vector_environments_work() -> None:
    envs = gymnasium.make_vec("zerosight/Canvas-v1", num_envs=2, vectorization_mode="sync")
    observations, _ = envs.reset(seed=0)
    assert observations["picture"].shape[0] == 2
    _, rewards, terminated, _, _ = envs.step(["?", "?"])
    assert rewards.tolist() == [0.0, 0.0]
    assert terminated.all()
