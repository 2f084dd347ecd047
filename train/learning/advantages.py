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


class Kept(NamedTuple):
    """What dynamic sampling keeps, and why it drops the rest."""

    keep: np.ndarray
    """[N] bool."""
    all_right: int
    """Groups dropped because every member was right."""
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

    def centred(own: np.ndarray) -> np.ndarray:
        found = own - own.mean()
        return found / (own.std() + epsilon) if scale == "group" else found

    found = _by_group(rewards, groups, centred)
    if scale == "batch" and found.signal.any():
        found.values[found.signal] /= found.values[found.signal].std() + epsilon
    return found


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
    return _by_group(rewards, groups, lambda own: own - (own.sum() - own) / (len(own) - 1))


def reinforce_pp_advantages(
    rewards: Sequence[float], groups: Sequence[Hashable], baseline: bool = False, epsilon: float = 1e-8
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
        baseline: take the group's mean off first.
        epsilon: added to the deviation.

    Raises:
        ValueError: rewards and groups differ in length, or a reward is not finite.
    """
    if baseline:
        found = _by_group(rewards, groups, lambda own: own - own.mean())
    else:
        whole = _by_group(rewards, ["batch"] * len(groups), lambda own: own - own.mean())
        found = whole._replace(groups=len(set(groups)), flat_groups=0 if whole.signal.any() else len(set(groups)))
    if found.signal.any():
        found.values[:] /= found.values.std() + epsilon
    return found


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
    spread = _by_group(rewards, groups, lambda own: np.full_like(own, own.std()))
    first = {key: i for i, key in reversed(list(enumerate(groups))) if spread.signal[i]}
    typical = float(np.mean([spread.values[i] for i in first.values()])) if first else 0.0
    return _by_group(rewards, groups, lambda own: (own - own.mean()) / (own.std() + typical + epsilon))


def pooled(structures: Sequence[Hashable], least: int = 2) -> list[tuple[Hashable, ...]]:
    """The group of each structure: its own, or, with fewer than `least` members, that of all rare ones.

    >>> pooled(["count", "count", "colour", "shape"])
    [('own', 'count'), ('own', 'count'), ('rare',), ('rare',)]
    """
    sizes = Counter(structures)
    return [("own", key) if sizes[key] >= least else ("rare",) for key in structures]


def dynamic_sampling(rewards: Sequence[float], groups: Sequence[Hashable], right: float = 1.0) -> Kept:
    """DAPO's filter: keep groups in which some members, and not all, are right.

    Source: DAPO (Yu et al. 2025, section 3.2, equation 11, https://arxiv.org/abs/2503.14476). The paper samples
    anew until the batch is full; that is the caller's part.

    Args:
        rewards: N rewards.
        groups: N keys.
        right: a reward of at least this is right.

    Raises:
        ValueError: rewards and groups differ in length, or a reward is not finite.
    """
    values, index, count = _indexed(rewards, groups)
    correct = np.bincount(index, weights=values >= right, minlength=count)
    sizes = np.bincount(index, minlength=count)
    keep = (correct > 0) & (correct < sizes)
    return Kept(keep[index], int((correct == sizes).sum()), int((correct == 0).sum()))


def advantages_by(
    method: Method, rewards: Sequence[float], groups: Sequence[Hashable], scale: Scale = "group"
) -> Advantages:
    """The advantages by a method's name; `scale` is of `group` alone."""
    if method == "rloo":
        return rloo_advantages(rewards, groups)
    if method == "dual":
        return dual_advantages(rewards, groups)
    if method == "group":
        return group_advantages(rewards, groups, scale)
    return reinforce_pp_advantages(rewards, groups, baseline=method == "reinforce_pp_baseline")


def _indexed(rewards: Sequence[float], groups: Sequence[Hashable]) -> tuple[np.ndarray, np.ndarray, int]:
    """Rewards [N] float64, each one's group number [N] in the order of first appearance, and how many groups."""
    values = np.asarray(rewards, dtype=np.float64)
    if len(values) != len(groups):
        raise ValueError(f"got {len(values)} rewards for {len(groups)} groups' members")
    if not np.isfinite(values).all():
        raise ValueError(f"reward {int(np.argmin(np.isfinite(values)))} is not finite")
    numbers: dict[Hashable, int] = {}
    index = np.array([numbers.setdefault(key, len(numbers)) for key in groups], dtype=np.int64)
    return values, index, len(numbers)


def _by_group(
    rewards: Sequence[float], groups: Sequence[Hashable], advantage: Callable[[np.ndarray], np.ndarray]
) -> Advantages:
    """A function of each group's rewards; groups rewarded alike get 0 and no signal."""
    values, index, count = _indexed(rewards, groups)
    result, signal = np.zeros_like(values), np.zeros(len(values), dtype=bool)
    flat = 0
    for number in range(count):
        members = index == number
        own = values[members]
        if np.ptp(own) < _ALIKE:
            flat += 1
            continue
        result[members] = advantage(own)
        signal[members] = True
    return Advantages(result, signal, count, flat)
