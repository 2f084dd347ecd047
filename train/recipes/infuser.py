"""INFUSER: the Proposer is paid for questions that move the Solver where questions it is to master would.

Source: INFUSER (arXiv 2606.09052; commit 1179138): a generator's reward is the cosine of the Solver's gradient on its
    question, preconditioned by Adam, with a reference gradient on a development set; advantages of the generator by
    dual normalisation (`learning.advantage=dual`), of the Solver by the mean alone.

Deviations: labels are the oracle's instead of the generator's own. The reference is made anew in each step from 32
    items of the `dev` split, where INFUSER takes a momentum buffer. One normalisation serves all roles (dual). A
    proposal of which nothing could be asked is worth 0, a malformed one -1. Coder and Solver are paid as by default.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...envs import SeededRng
from ...roles.terms import PROPOSER
from ..algorithm import Algorithm, Trial, mean
from ..config import LearningConfig, RewardConfig, RunConfig
from ..rollouts import ProposalRollout, Trajectory
from ..trajectories import answer_trajectories
from ..validation import validation
from .base import Recipe

if TYPE_CHECKING:
    import torch

ANSWERS = 8
"""Of the Solver to each item of the development set."""


class MeasuredUtility(Algorithm):
    """Pays the Proposer by a measurement of what its questions do to the Solver (the term `utility`)."""

    name = "measured"
    needs_policy_eval = True
    provides = frozenset({"utilities"})

    @property
    def pays_utility(self) -> bool:
        """True where the measurement is paid at all; else it is not made."""
        return bool(self.config.rewards.proposer.get("utility"))

    def metrics(self) -> dict[str, float]:
        """Return the mean utility of the step's proposals."""
        return {"utility": mean(list(self.utilities.values()))}


def proposer_item_trajectories(rollout: ProposalRollout, algorithm: Algorithm, version: int) -> list[Trajectory]:
    """Return the Solver's answers to the Proposer's own questions, as sampled by policy `version`."""
    return [
        trajectory
        for number, answered_item in enumerate(rollout.answered_items)
        if answered_item.from_proposer
        for trajectory in answer_trajectories(rollout, number, answered_item, version, algorithm)
    ]


class Infuser(MeasuredUtility):
    """Influence by gradient alignment."""

    name = "infuser"

    def assess(self, rollouts: Sequence[ProposalRollout], trial: Trial) -> None:
        """Measure the influence of each proposal's questions."""
        if not self.pays_utility:
            return
        # Needs torch, which recipes are listed without.
        from ..influence import influence

        learner = trial.learner
        reference = self._reference(trial)
        self.utilities = {
            rollout.path: influence(learner, trajectories, reference)
            for rollout in rollouts
            if (trajectories := proposer_item_trajectories(rollout, self, learner.version))
        }

    def _reference(self, trial: Trial) -> "list[torch.Tensor]":
        """Return the Solver's gradient on the development set, a tensor for each parameter."""
        learner = trial.learner
        dev_items = validation(self.config, picture_px=trial.limits.picture_px)
        trial.answered(dev_items, ANSWERS, SeededRng(("influence", self.config.seed, trial.step)))
        trajectories = [
            Trajectory("solver", (f"dev{number}",), dev_item.prompt, completion, score, learner.version)
            for number, dev_item in enumerate(dev_items)
            if dev_item.prompt is not None
            for completion, score in zip(dev_item.answers, self.oracle_scores(dev_item), strict=True)
        ]
        return learner.gradient("solver", trajectories)


def config() -> RunConfig:
    """Return the configuration."""
    return RunConfig(
        recipe="infuser",
        algorithm="infuser",
        learning=LearningConfig(advantage="dual"),
        rewards=RewardConfig(proposer=PROPOSER.only(utility=1.0, unreadable=-1.0, rule_violation=-1.0)),
    )


RECIPE = Recipe("infuser", config, Infuser)
