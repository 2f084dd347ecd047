"""Advantages: pure functions from rewards to what the loss is weighted by.

Legend: N rewards; `groups` holds N keys, members of a group need not stand together, and groups may differ in size.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Literal, NamedTuple

import numpy as np

Scale = Literal["group", "batch", "none"]
Method = Literal["group", "rloo", "reinforce_pp", "reinforce_pp_baseline", "dual"]

_ALIKE = 1e-9
"""Rewards that differ by less are the same."""


class Advantages(NamedTuple):
    """One value for each reward, and which groups carried no signal."""

    values: np.ndarray
    """[N] float64; 0 for members of groups without signal."""
    signal: np.ndarray
    """[N] bool: False where the whole group was rewarded alike."""
    groups: int
    flat_groups: int
    """Groups dropped because every member was rewarded alike (a lone member is such a group)."""


class DynamicSample(NamedTuple):
    """The rewards that dynamic sampling keeps, and why it drops the rest."""

    keep: np.ndarray
    """[N] bool."""
    all_correct: int
    """Groups dropped because every member was correct."""
    all_wrong: int
    """Groups dropped because none was."""


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

    def centred(group_rewards: np.ndarray) -> np.ndarray:
        advantages = group_rewards - group_rewards.mean()
        return advantages / (group_rewards.std() + epsilon) if scale == "group" else advantages

    advantages = _by_group(rewards, groups, centred)
    if scale == "batch" and advantages.signal.any():
        advantages.values[advantages.signal] /= advantages.values[advantages.signal].std() + epsilon
    return advantages


def rloo_advantages(rewards: Sequence[float], groups: Sequence[Hashable]) -> Advantages:
    """Leave-one-out: reward minus the mean of the group's other members; n / (n - 1) of the centred reward.

    Source: RLOO (Kool et al. 2019; Ahmadian et al. 2024, section 2.2, https://arxiv.org/abs/2402.14740).

    Deviation: members of groups rewarded alike are marked as without signal; a lone member has no others and is
    such a group.

    Args:
        rewards: N rewards.
        groups: N keys.

    Raises:
        ValueError: rewards and groups differ in length, or a reward is not finite.
    """
    return _by_group(rewards, groups, lambda group: group - (group.sum() - group) / (len(group) - 1))


def reinforce_pp_advantages(
    rewards: Sequence[float], groups: Sequence[Hashable], group_baseline: bool = False, epsilon: float = 1e-8
) -> Advantages:
    """REINFORCE++: normalised over the whole batch, with or without the group's mean taken off first.

    Source: REINFORCE++ and REINFORCE++-baseline (Hu et al. 2025, https://arxiv.org/abs/2501.03262): the reward, or
    the reward minus its group's mean, minus the batch's mean, over the batch's deviation.

    Deviations: (1) the KL is a term of the loss and not of the reward; (2) with the baseline, groups rewarded alike
    are marked as without signal, but count in the batch's deviation; without it groups do not matter, and all is
    signal unless the whole batch is alike.

    Args:
        rewards: N rewards.
        groups: N keys; only with the baseline do they matter.
        group_baseline: take the group's mean off first.
        epsilon: added to the deviation.

    Raises:
        ValueError: rewards and groups differ in length, or a reward is not finite.
    """
    if group_baseline:
        advantages = _by_group(rewards, groups, lambda group: group - group.mean())
    else:
        batch_advantages = _by_group(rewards, ["batch"] * len(groups), lambda group: group - group.mean())
        group_count = len(set(groups))
        flat_groups = 0 if batch_advantages.signal.any() else group_count
        advantages = batch_advantages._replace(groups=group_count, flat_groups=flat_groups)
    if advantages.signal.any():
        advantages.values[:] /= advantages.values.std() + epsilon
    return advantages


def dual_advantages(rewards: Sequence[float], groups: Sequence[Hashable], epsilon: float = 1e-6) -> Advantages:
    """INFUSER's dual normalisation: centred, over the group's deviation plus the mean of the groups' deviations.

    A group that hardly differs is thereby not blown up to the size of one that does.

    Source: INFUSER (https://arxiv.org/abs/2606.09052), mode `hybrid_std` of its code: (r - mean_g) / (std_g + mean
    of the non-zero group deviations + 1e-6). That this mode is the paper's DuGRPO is our reading.

    Deviation: the deviation is the population's.

    Args:
        rewards: N rewards.
        groups: N keys.
        epsilon: added to the deviations.

    Raises:
        ValueError: rewards and groups differ in length, or a reward is not finite.
    """
    deviations = _by_group(rewards, groups, lambda group: np.full_like(group, group.std()))
    first_members = {key: i for i, key in reversed(list(enumerate(groups))) if deviations.signal[i]}
    mean_deviation = float(np.mean([deviations.values[i] for i in first_members.values()])) if first_members else 0.0
    return _by_group(rewards, groups, lambda group: (group - group.mean()) / (group.std() + mean_deviation + epsilon))


def pooled(structures: Sequence[Hashable], min_members: int = 2) -> list[tuple[Hashable, ...]]:
    """Return the group of each of `structures`: its own, or, with fewer than `min_members`, that of all rare ones.

    >>> pooled(["count", "count", "colour", "shape"])
    [('own', 'count'), ('own', 'count'), ('rare',), ('rare',)]
    """
    structure_sizes = Counter(structures)
    return [("own", key) if structure_sizes[key] >= min_members else ("rare",) for key in structures]


def dynamic_sampling(
    rewards: Sequence[float], groups: Sequence[Hashable], correct_reward: float = 1.0
) -> DynamicSample:
    """DAPO's filter: keep groups in which some members, and not all, are correct.

    Source: DAPO (Yu et al. 2025, section 3.2, equation 11, https://arxiv.org/abs/2503.14476). The paper samples
    anew until the batch is full; that is the caller's part.

    Args:
        rewards: N rewards.
        groups: N keys.
        correct_reward: a reward of at least this is correct.

    Raises:
        ValueError: rewards and groups differ in length, or a reward is not finite.
    """
    values, group_index, group_count = _indexed(rewards, groups)
    correct_counts = np.bincount(group_index, weights=values >= correct_reward, minlength=group_count)
    group_sizes = np.bincount(group_index, minlength=group_count)
    keep = (correct_counts > 0) & (correct_counts < group_sizes)
    return DynamicSample(
        keep[group_index], int((correct_counts == group_sizes).sum()), int((correct_counts == 0).sum())
    )


def advantages_by(
    method: Method, rewards: Sequence[float], groups: Sequence[Hashable], scale: Scale = "group"
) -> Advantages:
    """Compute the advantages of `rewards` by a `method`'s name; `scale` is of `group` alone."""
    if method == "rloo":
        return rloo_advantages(rewards, groups)
    if method == "dual":
        return dual_advantages(rewards, groups)
    if method == "group":
        return group_advantages(rewards, groups, scale)
    return reinforce_pp_advantages(rewards, groups, group_baseline=method == "reinforce_pp_baseline")


def _indexed(rewards: Sequence[float], groups: Sequence[Hashable]) -> tuple[np.ndarray, np.ndarray, int]:
    """Return `rewards` [N] as float64, each one's number among `groups` [N] by first appearance, and their count."""
    values = np.asarray(rewards, dtype=np.float64)
    if len(values) != len(groups):
        raise ValueError(f"got {len(values)} rewards for {len(groups)} groups' members")
    if not np.isfinite(values).all():
        raise ValueError(f"reward {int(np.argmin(np.isfinite(values)))} is not finite")
    group_numbers: dict[Hashable, int] = {}
    group_index = np.array([group_numbers.setdefault(key, len(group_numbers)) for key in groups], dtype=np.int64)
    return values, group_index, len(group_numbers)


def _by_group(
    rewards: Sequence[float], groups: Sequence[Hashable], advantage: Callable[[np.ndarray], np.ndarray]
) -> Advantages:
    """Apply `advantage` to each group's `rewards`; groups rewarded alike get 0 and no signal."""
    values, group_index, group_count = _indexed(rewards, groups)
    result, signal = np.zeros_like(values), np.zeros(len(values), dtype=bool)
    flat_groups = 0
    for group_number in range(group_count):
        members = group_index == group_number
        group_rewards = values[members]
        if np.ptp(group_rewards) < _ALIKE:
            flat_groups += 1
            continue
        result[members] = advantage(group_rewards)
        signal[members] = True
    return Advantages(result, signal, group_count, flat_groups)
