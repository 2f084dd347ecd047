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
from typing import TYPE_CHECKING, Any

from ...envs import Environment
from ..algorithm import Algorithm, Trial
from ..config import CurriculumConfig, LearningConfig, Phase, RolloutConfig, RunConfig
from ..rollouts import ProposalRollout, Trajectory
from ..trajectories import group_of, taught
from .base import Recipe

if TYPE_CHECKING:
    from ..models.policy import Policy

MEMORY = 0.9


class Ouroboros(Algorithm):
    """Confidence by form, told to the proposer; the oracle's answers, taught to the Solver."""

    name = "ouroboros"

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self.confidence: dict[str, dict[str, float]] = {}
        """By world and form."""

    def note(self, env: Environment) -> str:
        """Return a sentence on how sure the Solver is of each task of `env`."""
        ranked_tasks = sorted(self.confidence.get(env.id, {}).items(), key=lambda pair: pair[1])
        confidence_text = ", ".join(f"{task.replace('_', ' ')} {share:.0%}" for task, share in ranked_tasks)
        return f"The solver's confidence by form: {confidence_text}. Ask where it is unsure." if confidence_text else ""

    def sft_examples(
        self, rollouts: Sequence[ProposalRollout], trajectories: Sequence[Trajectory], policy: "Policy"
    ) -> list[Trajectory]:
        """Return the true answer to every item of `rollouts`."""
        return [
            taught(policy, group_of(rollout, number), answered_item)
            for rollout in rollouts
            for number, answered_item in enumerate(rollout.answered_items)
        ]

    def observe(self, rollouts: Sequence[ProposalRollout], trial: Trial) -> None:
        """Move the confidences by the votes in `rollouts`."""
        super().observe(rollouts, trial)
        for rollout in rollouts:
            task_confidence = self.confidence.setdefault(rollout.env.id, {})
            for answered_item in rollout.answered_items:
                old_confidence = task_confidence.get(answered_item.item.task, answered_item.vote.share)
                task_confidence[answered_item.item.task] = (
                    MEMORY * old_confidence + (1.0 - MEMORY) * answered_item.vote.share
                )

    def state(self) -> dict[str, Any]:
        """Return the confidences."""
        return super().state() | {"confidence": self.confidence}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take the confidences back from a `state`."""
        super().restore(state)
        self.confidence = {env: dict(task_confidence) for env, task_confidence in state["confidence"].items()}


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
