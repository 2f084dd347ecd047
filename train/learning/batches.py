"""Trajectories as rows to compute: those that share a prompt become one row, and equal ones one branch of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..models.packing import Branch, PackedRow
from ..rollouts import Trajectory
from .advantages import Method, advantages_by

Truncation = Literal["plain", "masked", "penalised"]
"""See `LearningConfig.mask_truncated`."""


@dataclass(frozen=True, eq=False, slots=True)
class PrefixBatch:
    """Trajectories that share a prompt, as one row to compute; equal ones are one branch.

    Compared by identity, so that it can be a key.
    """

    role: str
    row: PackedRow
    trajectories: tuple[Trajectory, ...]
    """One for each branch."""
    counts: tuple[int, ...]
    """How many trajectories each branch stands for."""
    is_imitation: bool
    """Supervised: whoever wrote the completions, they are made likelier."""

    @property
    def sequences(self) -> int:
        """Trajectories, each branch as often as it counts."""
        return sum(self.counts)

    @property
    def scored_tokens(self) -> int:
        """Scored tokens, each branch as often as it counts."""
        return sum(
            n * len(trajectory.completion.logprobs)
            for n, trajectory in zip(self.counts, self.trajectories, strict=True)
        )

    @property
    def branch_tokens(self) -> int:
        """Scored tokens, each branch once: as many as a forward pass gives log-probs."""
        return sum(len(trajectory.completion.logprobs) for trajectory in self.trajectories)

    @property
    def has_pictures(self) -> bool:
        """True where the shared prompt shows pictures."""
        return self.row.vision is not None

    def split(self, branch_groups: Sequence[Sequence[int]]) -> list["PrefixBatch"]:
        """Return a batch for each of `branch_groups`, the numbers of the branches that are computed together."""
        if len(branch_groups) == 1:
            return [self]
        return [
            replace(
                self,
                row=self.row._replace(branches=[self.row.branches[i] for i in numbers]),
                trajectories=tuple(self.trajectories[i] for i in numbers),
                counts=tuple(self.counts[i] for i in numbers),
            )
            for numbers in branch_groups
        ]


def with_advantages(
    trajectories: Sequence[Trajectory], scale: Any, method: Method = "group", mask_truncated: Truncation = "plain"
) -> tuple[list[Trajectory], dict[str, float]]:
    """Return the `trajectories` with their advantages; those of groups without signal are dropped and counted.

    Args:
        trajectories: of one role or more; those of unlike roles are compared apart.
        scale: what centred rewards are divided by.
        method: what rewards are compared with.
        mask_truncated: what is learned from completions that were cut off; masked ones count in their group's mean, as
            in TRL 1.16.0 (`mask_truncated_completions`) and in DAPO's overlong filtering (Yu et al. 2025, section 3.4).

    Returns:
        The trajectories to learn from, and counts of groups, flat groups and truncated completions.
    """
    if mask_truncated == "penalised":
        trajectories = [_penalised(trajectory) for trajectory in trajectories]
    rewards, groups = (
        [trajectory.score.value for trajectory in trajectories],
        [(t.role, *t.group) for t in trajectories],
    )
    advantages = advantages_by(method, rewards, groups, scale)
    learned_from = [
        replace(trajectory, advantage=float(value))
        for trajectory, value, has_signal in zip(trajectories, advantages.values, advantages.signal, strict=True)
        if has_signal and (mask_truncated != "masked" or trajectory.completion.finished)
    ]
    counts = {
        "groups": float(advantages.groups),
        "flat_groups": float(advantages.flat_groups),
        "truncated": truncated_count(trajectories),
    }
    return learned_from, counts


def to_imitate(
    trajectories: Sequence[Trajectory], mask_truncated: Truncation
) -> tuple[list[Trajectory], dict[str, float]]:
    """Return the `trajectories` to imitate, without those cut off where they are masked, and what to log of them."""
    imitated_trajectories = [t for t in trajectories if mask_truncated != "masked" or t.completion.finished]
    counts = {"imitated": float(len(imitated_trajectories)), "truncated": truncated_count(trajectories)}
    return imitated_trajectories, counts


def truncated_count(trajectories: Sequence[Trajectory]) -> float:
    """Count the `trajectories` whose completion was cut off at its length limit."""
    return float(sum(not trajectory.completion.finished for trajectory in trajectories))


def _penalised(trajectory: Trajectory) -> Trajectory:
    """Return a `trajectory` whose reward is 0 at most where its completion was cut off."""
    if trajectory.completion.finished:
        return trajectory
    return replace(trajectory, score=replace(trajectory.score, value=min(0.0, trajectory.score.value)))


def prefix_batches(role: str, trajectories: Sequence[Trajectory], is_imitation: bool = False) -> list[PrefixBatch]:
    """Group `trajectories` of a `role` by prompt; those with the same ids and advantage are computed once.

    Short answers of one group are mostly the same few, so this saves most of their work.

    Args:
        role: whose trajectories they are.
        trajectories: with their advantages.
        is_imitation: they are to be made likelier, whoever wrote them.
    """
    by_prompt: dict[tuple[int, tuple[int, ...]], list[Trajectory]] = {}
    for trajectory in trajectories:
        # Pictures are told apart by identity: the tensor made for an item serves sampling and training alike.
        by_prompt.setdefault((id(trajectory.prompt.vision), trajectory.prompt.ids), []).append(trajectory)
    prompt_batches = []
    for prompt_trajectories in by_prompt.values():
        shared_prompt = prompt_trajectories[0].prompt
        counts = Counter((trajectory.completion.ids, trajectory.advantage) for trajectory in prompt_trajectories)
        representatives = {
            (trajectory.completion.ids, trajectory.advantage): trajectory
            for trajectory in reversed(prompt_trajectories)
        }
        unlike_trajectories = tuple(representatives[key] for key in counts)
        branches = [Branch(trajectory.completion.ids) for trajectory in unlike_trajectories]
        row = PackedRow(shared_prompt.ids, branches, shared_prompt.vision, shared_prompt.positions)
        prompt_batches.append(PrefixBatch(role, row, unlike_trajectories, tuple(counts.values()), is_imitation))
    return prompt_batches
