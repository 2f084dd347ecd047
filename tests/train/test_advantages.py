"""Advantages against hand-worked groups and their properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.train.learning.advantages import group_advantages


def test_hand_worked_groups_of_unequal_size() -> None:
    found = group_advantages([1.0, 0.0, 0.0, 5.0, 7.0], ["a", "a", "a", "b", "b"], epsilon=0.0)
    third = np.sqrt(2.0)
    assert found.values == pytest.approx([third, -third / 2, -third / 2, -1.0, 1.0])
    assert (found.groups, found.flat_groups) == (2, 0)


def test_members_need_not_stand_together() -> None:
    apart = group_advantages([1.0, 5.0, 0.0, 7.0], ["a", "b", "a", "b"])
    together = group_advantages([1.0, 0.0, 5.0, 7.0], ["a", "a", "b", "b"])
    assert apart.values[[0, 2, 1, 3]] == pytest.approx(together.values)


def test_flat_and_lone_groups_carry_no_signal() -> None:
    found = group_advantages([0.3, 0.3, 0.9, 1.0, 0.0], ["flat", "flat", "lone", "a", "a"])
    assert found.signal.tolist() == [False, False, False, True, True]
    assert found.values[:3].tolist() == [0.0, 0.0, 0.0]
    assert (found.groups, found.flat_groups) == (3, 2)


def test_scale_none_leaves_centred_rewards() -> None:
    assert group_advantages([1.0, 0.0], ["a", "a"], "none").values.tolist() == [0.5, -0.5]


def test_scale_batch_has_unit_deviation_over_all_groups_with_signal() -> None:
    found = group_advantages([1.0, 0.0, 10.0, 0.0, 3.0, 3.0], list("aabbcc"), "batch", epsilon=0.0)
    assert found.values[found.signal].std() == pytest.approx(1.0)
    assert found.values[2] / found.values[0] == pytest.approx(10.0)


rewards = st.lists(st.floats(-10, 10), min_size=2, max_size=12)


@given(rewards, st.floats(-5, 5))
def test_a_constant_added_to_a_group_changes_nothing(values: list[float], shift: float) -> None:
    plain = group_advantages(values, ["g"] * len(values), "none").values
    moved = group_advantages([value + shift for value in values], ["g"] * len(values), "none").values
    assert moved == pytest.approx(plain, abs=1e-6)


@given(rewards)
def test_groups_sum_to_zero(values: list[float]) -> None:
    assert group_advantages(values, ["g"] * len(values)).values.sum() == pytest.approx(0.0, abs=1e-6)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="got 2 rewards for 1"):
        group_advantages([1.0, 2.0], ["a"])
    with pytest.raises(ValueError, match="reward 1 is not finite"):
        group_advantages([1.0, float("nan")], ["a", "a"])
