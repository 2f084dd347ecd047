"""Each advantage against loops, hand-worked groups and its invariances."""

import random
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.train.learning.advantages import (
    Advantages,
    advantages_by,
    dual_advantages,
    dynamic_sampling,
    group_advantages,
    pooled,
    reinforce_pp_advantages,
    rloo_advantages,
)

METHODS = ("group", "rloo", "reinforce_pp", "reinforce_pp_baseline", "dual")
GRADED = st.lists(st.tuples(st.integers(-8, 8).map(lambda n: n / 4), st.sampled_from("abcd")), min_size=1, max_size=24)


def loops(method: str, rewards: list[float], groups: list[str]) -> list[float]:
    """The formulas, member by member; groups rewarded alike get 0."""
    by_group = {key: [r for r, g in zip(rewards, groups, strict=True) if g == key] for key in groups}
    spreads = [s for own in by_group.values() if (s := statistics.pstdev(own)) > 0]
    centred = [r - statistics.fmean(by_group[g]) for r, g in zip(rewards, groups, strict=True)]
    found = []
    for i, (reward, key) in enumerate(zip(rewards, groups, strict=True)):
        own = by_group[key]
        if method == "reinforce_pp":
            same = max(rewards) == min(rewards)
            found.append(0.0 if same else (reward - statistics.fmean(rewards)) / (statistics.pstdev(rewards) + 1e-8))
        elif max(own) == min(own):
            found.append(0.0)
        elif method == "rloo":
            others = list(own)
            others.remove(reward)
            found.append(reward - statistics.fmean(others))
        elif method == "reinforce_pp_baseline":
            found.append(centred[i] / (statistics.pstdev(centred) + 1e-8))
        elif method == "dual":
            found.append(centred[i] / (statistics.pstdev(own) + statistics.fmean(spreads) + 1e-6))
        else:
            found.append(centred[i] / (statistics.pstdev(own) + 1e-4))
    return found


@pytest.mark.parametrize("method", METHODS)
@given(pairs=GRADED)
def test_advantages_equal_the_loops(method: Any, pairs: list[tuple[float, str]]) -> None:
    rewards, groups = [reward for reward, _ in pairs], [group for _, group in pairs]
    assert advantages_by(method, rewards, groups).values == pytest.approx(loops(method, rewards, groups), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@given(pairs=GRADED)
def test_each_group_sums_to_nothing(method: Any, pairs: list[tuple[float, str]]) -> None:
    rewards, groups = [reward for reward, _ in pairs], [group for _, group in pairs]
    values = advantages_by(method, rewards, groups).values
    keys = ["batch"] * len(groups) if method == "reinforce_pp" else groups
    for key in set(keys):
        assert sum(v for v, own in zip(values, keys, strict=True) if own == key) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
@given(pairs=GRADED, factor=st.sampled_from([0.5, 3.0, 100.0]), shift=st.integers(-5, 5))
def test_scale_and_shift(method: Any, pairs: list[tuple[float, str]], factor: float, shift: int) -> None:
    """A shift changes nothing; a factor changes nothing where a deviation divides, and else multiplies."""
    rewards, groups = [reward for reward, _ in pairs], [group for _, group in pairs]
    before = advantages_by(method, rewards, groups)
    after = advantages_by(method, [reward * factor + shift for reward in rewards], groups)
    expected = before.values * (factor if method == "rloo" else 1.0)
    # The epsilon beside a deviation is at most 1e-4, and the least deviation drawn here is 0.02.
    assert after.values == pytest.approx(expected, rel=1e-2, abs=1e-9)
    assert after.signal.tolist() == before.signal.tolist()


@pytest.mark.parametrize("method", METHODS)
@given(pairs=GRADED, seed=st.integers(0, 99))
def test_order_does_not_matter(method: Any, pairs: list[tuple[float, str]], seed: int) -> None:
    order = random.Random(seed).sample(range(len(pairs)), len(pairs))
    plain = advantages_by(method, [r for r, _ in pairs], [g for _, g in pairs]).values
    moved = advantages_by(method, [pairs[i][0] for i in order], [pairs[i][1] for i in order]).values
    assert moved == pytest.approx(plain[order], abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_equal_rewards_give_nothing(method: Any) -> None:
    found = advantages_by(method, [0.3] * 5, list("aabbc"))
    assert found.values.tolist() == [0.0] * 5
    assert not found.signal.any()
    assert (found.groups, found.flat_groups) == (3, 3)


def test_rloo_of_a_worked_group() -> None:
    # Others' means: (0 + 1) / 2, (3 + 1) / 2, (3 + 0) / 2.
    assert rloo_advantages([3.0, 0.0, 1.0], "aaa").values.tolist() == [2.5, -2.0, -0.5]


def test_reinforce_pp_of_a_worked_batch() -> None:
    # Without: mean 1.5, deviations 1.5, -.5, .5, -1.5: variance 5/4. With: 1.5, -1.5 of a; 0, 0 of b and its flat
    # members count: variance 4.5/4.
    plain = reinforce_pp_advantages([3.0, 1.0, 2.0, 0.0], "aabb")
    assert plain.values == pytest.approx(np.array([1.5, -0.5, 0.5, -1.5]) / 1.25**0.5)
    based = reinforce_pp_advantages([3.0, 0.0, 2.0, 2.0], "aabb", group_baseline=True)
    assert based.values == pytest.approx(np.array([1.5, -1.5, 0.0, 0.0]) / (4.5 / 4) ** 0.5)
    assert based.signal.tolist() == [True, True, False, False]
    assert plain.signal.all()


def test_dual_of_worked_groups() -> None:
    # Deviations 1 (a), 3 (b), 0 (c, not counted): mean 2. a: 1 / (1 + 2); b: 3 / (3 + 2).
    found = dual_advantages([2.0, 0.0, 6.0, 0.0, 1.0, 1.0], "aabbcc", epsilon=0.0)
    assert found.values == pytest.approx([1 / 3, -1 / 3, 3 / 5, -3 / 5, 0.0, 0.0])


def test_structures_are_compared_with_their_own_and_rare_ones_together() -> None:
    structures, rewards = [1, 1, 2, 2, 3, 4], [1.0, 0.0, 5.0, 7.0, 2.0, 4.0]
    pooled_rare = group_advantages(rewards, pooled(structures), "group", epsilon=0.0)
    assert pooled_rare.values.tolist() == [1.0, -1.0, -1.0, 1.0, -1.0, 1.0]
    alone = group_advantages(rewards, pooled(structures, 1), "group", epsilon=0.0)
    assert alone.values.tolist() == [1.0, -1.0, -1.0, 1.0, 0.0, 0.0]
    assert alone.flat_groups == 2


def test_a_lone_rare_structure_carries_no_signal() -> None:
    assert group_advantages([1.0, 0.0, 9.0], pooled([1, 1, 2])).signal.tolist() == [True, True, False]


def test_dynamic_sampling_keeps_groups_some_of_which_are_right() -> None:
    # a: one of two; b: all; c: none, though unlike; d: a lone right one.
    found = dynamic_sampling([1.0, 0.0, 1.0, 1.0, 0.2, 0.4, 1.0], "aabbccd")
    assert found.keep.tolist() == [True, True, False, False, False, False, False]
    assert (found.all_correct, found.all_wrong) == (2, 1)
    assert dynamic_sampling([0.2, 0.6], "cc", correct_reward=0.5).keep.all()


@pytest.mark.parametrize("method", [rloo_advantages, dual_advantages, group_advantages, dynamic_sampling,
                                    reinforce_pp_advantages])  # fmt: skip
def test_rewards_that_cannot_be_are_refused(method: Callable[..., Advantages]) -> None:
    with pytest.raises(ValueError, match="2 rewards for 1 groups"):
        method([1.0, 2.0], ["a"])
    with pytest.raises(ValueError, match="reward 1 is not finite"):
        method([1.0, float("nan")], ["a", "a"])
