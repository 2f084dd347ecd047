"""SOAR: the Proposer is paid by what the student gains, measured, from learning on its questions.

Source: SOAR (arXiv 2601.18778), by its abstract and notes on it: a teacher's reward is the student's accuracy on a set
    of hard questions after an inner run of learning on the teacher's, less its accuracy before; RLOO on both levels.

Deviations: the inner run is one step of the preconditioned gradient, undone afterwards. The gain is of the probability
    of the oracle's answers on 32 items of the `dev` split, which is the accuracy without its sampling noise, times 100,
    so that a hundredth is worth 1. The student is the run's own Solver, which learns from all questions alike; nothing
    is promoted. A proposal of which nothing could be asked gains 0, a malformed one is worth -1.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ...envs import Question
from ...roles import solver
from ...roles.messages import Messages
from ...roles.terms import PROPOSER
from ..algorithm import Trial
from ..config import LearningConfig, RewardConfig, RunConfig
from ..rollouts import AnsweredItem, ProposalRollout
from ..validation import validation
from .base import Recipe
from .infuser import MeasuredUtility, proposer_item_trajectories

if TYPE_CHECKING:
    from ..models.policy import Policy

POINTS = 100.0


class Soar(MeasuredUtility):
    """The measured gain."""

    name = "soar"

    def assess(self, rollouts: Sequence[ProposalRollout], trial: Trial) -> None:
        """Measure what each proposal's questions gain."""
        if not self.pays_utility:
            return
        learner = trial.learner
        # Needs torch, which recipes are listed without.
        from ..influence import expected_accuracy, nudged

        policy = learner.policy
        hard_items = prompted(validation(self.config, picture_px=trial.limits.picture_px), policy, self.solver_messages)
        accuracy_before = expected_accuracy(policy, hard_items)
        utilities: dict[tuple[str, ...], float] = {}
        for rollout in rollouts:
            trajectories = proposer_item_trajectories(rollout, self, learner.version)
            if trajectories:
                with nudged(learner, trajectories, self.config.learning.learning_rate):
                    utilities[rollout.path] = POINTS * (expected_accuracy(policy, hard_items) - accuracy_before)
        self.utilities = utilities


def prompted(
    answered_items: Sequence[AnsweredItem], policy: "Policy", ask: Callable[[Question], Messages] = solver.prompt
) -> Sequence[AnsweredItem]:
    """Return `answered_items` with the prompts of `policy`, set in place; `ask` writes them."""
    for answered_item in answered_items:
        answered_item.prompt = policy.prompt(ask(answered_item.item.question), answered_item.picture)
    return answered_items


def config() -> RunConfig:
    """Return the configuration."""
    return RunConfig(
        recipe="soar",
        algorithm="soar",
        learning=LearningConfig(loss="rloo"),
        rewards=RewardConfig(proposer=PROPOSER.only(utility=1.0, unreadable=-1.0, rule_violation=-1.0)),
    )


RECIPE = Recipe("soar", config, Soar)
