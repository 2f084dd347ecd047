"""Ouroboros-Spatial: a frozen proposer is told how sure the Solver is, and the Solver is fine-tuned on what comes out.

Source: Ouroboros-Spatial (arXiv 2606.11719), by its abstract: a frozen proposer writes questions with code that gives
    the true answer; the Solver's confidence in each is its difficulty, and is given back to the proposer in context;
    the Solver learns by supervised fine-tuning on the samples that were accepted.

Deviations: the formula and thresholds of its confidence were not at hand. Here it is the share of the Solver's answers
    that agree, as a running mean of each form; a sample is accepted where its question has one clear answer. The
    steering is in the system turn, and in what is asked for too: forms are drawn by doubt, as the embedded model reads
    no system turn.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ...envs import Environment
from ..algorithm import Algorithm, Trial
from ..config import CurriculumConfig, LearningConfig, Phase, RolloutConfig, RunConfig
from ..models.policy import Policy
from ..rollouts import ProposalRollout, Trajectory
from ..trajectories import group_of, taught
from .base import Recipe

MEMORY = 0.9


class Ouroboros(Algorithm):
    """Confidence by form, told to the proposer; the oracle's answers, taught to the Solver."""

    name = "ouroboros"

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self.confidence: dict[str, dict[str, float]] = {}
        """By world and form."""

    def note(self, env: Environment) -> str:
        """How sure the Solver is of each form."""
        known = sorted(self.confidence.get(env.id, {}).items(), key=lambda pair: pair[1])
        said = ", ".join(f"{task.replace('_', ' ')} {share:.0%}" for task, share in known)
        return f"The solver's confidence by form: {said}. Ask where it is unsure." if said else ""

    def sft_examples(
        self, rollouts: Sequence[ProposalRollout], trajectories: Sequence[Trajectory], policy: Policy
    ) -> list[Trajectory]:
        """The true answer to every item."""
        return [
            taught(policy, group_of(rollout, number), asked)
            for rollout in rollouts
            for number, asked in enumerate(rollout.answered_items)
        ]

    def observe(self, rollouts: Sequence[ProposalRollout], trial: Trial) -> None:
        """Move the confidences."""
        super().observe(rollouts, trial)
        for rollout in rollouts:
            own = self.confidence.setdefault(rollout.env.id, {})
            for asked in rollout.answered_items:
                before = own.get(asked.item.task, asked.vote.share)
                own[asked.item.task] = MEMORY * before + (1.0 - MEMORY) * asked.vote.share

    def state(self) -> dict[str, Any]:
        """The confidences."""
        return super().state() | {"confidence": self.confidence}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take them back."""
        super().restore(state)
        self.confidence = {env: dict(own) for env, own in state["confidence"].items()}


def config() -> RunConfig:
    """Return the configuration."""
    return RunConfig(
        recipe="ouroboros",
        algorithm="ouroboros",
        rollout=RolloutConfig(num_answers=8),
        curriculum=CurriculumConfig(kind="confidence"),
        learning=LearningConfig(role_weights={"solver": 1.0}),
        phases=(Phase(roles=("solver",), steps=1, method="sft"),),
    )


RECIPE = Recipe("ouroboros", config, Ouroboros)
