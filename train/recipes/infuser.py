"""INFUSER: the Proposer is paid for questions that move the Solver where questions it is to master would.

Source: INFUSER (arXiv 2606.09052; commit 1179138): a generator's reward is the cosine of the Solver's gradient on its
    question, preconditioned by Adam, with a reference gradient on a development set; advantages of the generator by
    dual normalisation (`learning.advantage=dual`), of the Solver by the mean alone.

Deviations: labels are the oracle's instead of the generator's own. The reference is made anew in each step from 32
    items of the `dev` split, where INFUSER takes a momentum buffer. One normalisation serves all roles (dual). A
    proposal of which nothing could be asked is worth 0, a malformed one -1. Coder and Solver are paid as by default.
"""

from collections.abc import Mapping, Sequence

import torch

from ...envs import Score, SeededRng
from ...roles.formulas import MALFORMED
from ...roles.proposer import Proposal
from ..algorithm import Algorithm, Trial, mean
from ..config import LearningConfig, RunConfig
from ..influence import influence
from ..rollouts import ProposalRollout, Trajectory
from ..trajectories import answer_trajectories
from ..validation import validation
from .base import Recipe
from .r_zero import infrastructure_failed

ANSWERS = 8
"""Of the Solver to each item of the development set."""


class Measured(Algorithm):
    """The Proposer is paid by what was measured of its questions, by path."""

    name = "measured"
    measures = True

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self.worth: Mapping[tuple[str, ...], float] = {}

    def proposer_scores(self, rollouts: Sequence[ProposalRollout]) -> list[Score | None]:
        """What was measured; see the module's text for the others."""
        return [self._score(rollout) for rollout in rollouts]

    def _score(self, rollout: ProposalRollout) -> Score | None:
        if rollout.completion is None or infrastructure_failed(rollout):
            return None
        if not isinstance(rollout.proposal, Proposal):
            return Score(MALFORMED, {"format": 0.0, "worth": 0.0})
        worth = self.worth.get(rollout.path, 0.0)
        return Score(worth, {"format": 1.0, "worth": worth})

    def figures(self) -> dict[str, float]:
        """The mean worth of the step's proposals."""
        return {"worth": mean(list(self.worth.values()))}


def proposer_item_trajectories(rollout: ProposalRollout, algorithm: Algorithm, version: int) -> list[Trajectory]:
    """The Solver's answers to the Proposer's own questions."""
    return [
        trajectory
        for number, asked in enumerate(rollout.answered_items)
        if asked.from_proposer
        for trajectory in answer_trajectories(rollout, number, asked, version, algorithm)
    ]


class Infuser(Measured):
    """Influence by gradient alignment."""

    name = "infuser"

    def assess(self, rollouts: Sequence[ProposalRollout], trial: Trial) -> None:
        """The influence of each proposal's questions."""
        learner = trial.learner
        reference = self._reference(trial)
        self.worth = {
            rollout.path: influence(learner, trajectories, reference)
            for rollout in rollouts
            if (trajectories := proposer_item_trajectories(rollout, self, learner.version))
        }

    def _reference(self, trial: Trial) -> list[torch.Tensor]:
        """The Solver's gradient on the development set."""
        asked, learner = validation(self.config), trial.learner
        trial.answered(asked, ANSWERS, SeededRng(("influence", self.config.seed, trial.step)))
        trajectories = [
            Trajectory("solver", (f"dev{number}",), each.prompt, completion, score, learner.version)
            for number, each in enumerate(asked)
            if each.prompt is not None
            for completion, score in zip(each.answers, each.scores, strict=True)
        ]
        return learner.gradient("solver", trajectories)


def config() -> RunConfig:
    """The configuration."""
    return RunConfig(recipe="infuser", algorithm="infuser", learning=LearningConfig(advantage="dual"))


RECIPE = Recipe("infuser", config, Infuser)
