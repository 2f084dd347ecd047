"""Advantages: pure functions from rewards to what the loss is weighted by."""

from collections.abc import Hashable, Sequence
from typing import Literal, NamedTuple

import numpy as np

Scale = Literal["group", "batch", "none"]


class Advantages(NamedTuple):
    """One value for each reward, and which groups carried no signal."""

    values: np.ndarray
    """[N] float64; 0 for members of groups without signal."""
    signal: np.ndarray
    """[N] bool: False where the whole group was rewarded alike."""
    groups: int
    flat_groups: int
    """Groups dropped because every member was rewarded alike (a lone member is such a group)."""


def group_advantages(
    rewards: Sequence[float], groups: Sequence[Hashable], scale: Scale = "group", epsilon: float = 1e-4
) -> Advantages:
    """Group-relative advantages: reward minus the group's mean, over a standard deviation.

    Source: GRPO, DeepSeekMath (Shao et al. 2024, section 4.1.2, https://arxiv.org/abs/2402.03300); without the
    deviation Dr. GRPO (Liu et al. 2025, section 3.2, https://arxiv.org/abs/2503.20783).

    Args:
        rewards: N rewards.
        groups: N keys; members of a group need not stand together, and groups may differ in size.
        scale: divide by the standard deviation of the group, by that of all centred rewards of groups with
            signal, or not at all.
        epsilon: added to the deviation. The deviation is the population's (divided by n); TRL's is the sample's.

    Raises:
        ValueError: rewards and groups differ in length, or a reward is not finite.
    """
    values = np.asarray(rewards, dtype=np.float64)
    if len(values) != len(groups):
        raise ValueError(f"got {len(values)} rewards for {len(groups)} groups' members")
    if not np.isfinite(values).all():
        raise ValueError(f"reward {int(np.argmin(np.isfinite(values)))} is not finite")
    numbers: dict[Hashable, int] = {}
    index = np.array([numbers.setdefault(key, len(numbers)) for key in groups], dtype=np.int64)
    result, signal = np.zeros_like(values), np.zeros(len(values), dtype=bool)
    flat = 0
    for number in range(len(numbers)):
        members = index == number
        own = values[members]
        if np.ptp(own) < 1e-9:
            flat += 1
            continue
        centred = own - own.mean()
        result[members] = centred / (own.std() + epsilon) if scale == "group" else centred
        signal[members] = True
    if scale == "batch" and signal.any():
        result[signal] /= result[signal].std() + epsilon
    return Advantages(result, signal, len(numbers), flat)
