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

from ...envs import Score, Stream
from ...roles.formulas import MALFORMED
from ...roles.proposer import Proposal
from ..algorithm import Algorithm, Trial, mean
from ..config import Learning, RunConfig
from ..influence import influence
from ..rollouts import Attempt, Trace
from ..traces import answer_traces
from ..validation import validation
from .base import Recipe
from .r_zero import machinery_failed

ANSWERS = 8
"""Of the Solver to each item of the development set."""


class Measured(Algorithm):
    """The Proposer is paid by what was measured of its questions, by path."""

    name = "measured"
    measures = True

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self.worth: Mapping[tuple[str, ...], float] = {}

    def proposer_scores(self, attempts: Sequence[Attempt]) -> list[Score | None]:
        """What was measured; see the module's text for the others."""
        return [self._score(attempt) for attempt in attempts]

    def _score(self, attempt: Attempt) -> Score | None:
        if attempt.completion is None or machinery_failed(attempt):
            return None
        if not isinstance(attempt.proposal, Proposal):
            return Score(MALFORMED, {"format": 0.0, "worth": 0.0})
        worth = self.worth.get(attempt.path, 0.0)
        return Score(worth, {"format": 1.0, "worth": worth})

    def figures(self) -> dict[str, float]:
        """The mean worth of the step's proposals."""
        return {"worth": mean(list(self.worth.values()))}


def own_traces(attempt: Attempt, algorithm: Algorithm, version: int) -> list[Trace]:
    """The Solver's answers to the Proposer's own questions."""
    return [
        trace
        for number, asked in enumerate(attempt.asked)
        if asked.own
        for trace in answer_traces(attempt, number, asked, version, algorithm)
    ]


class Infuser(Measured):
    """Influence by gradient alignment."""

    name = "infuser"

    def assess(self, attempts: Sequence[Attempt], trial: Trial) -> None:
        """The influence of each proposal's questions."""
        learner = trial.learner
        reference = self._reference(trial)
        self.worth = {
            attempt.path: influence(learner, traces, reference)
            for attempt in attempts
            if (traces := own_traces(attempt, self, learner.version))
        }

    def _reference(self, trial: Trial) -> list[torch.Tensor]:
        """The Solver's gradient on the development set."""
        asked, learner = validation(self.config), trial.learner
        trial.answered(asked, ANSWERS, Stream(("influence", self.config.seed, trial.step)))
        traces = [
            Trace("solver", (f"dev{number}",), each.prompt, completion, score, learner.version)
            for number, each in enumerate(asked)
            if each.prompt is not None
            for completion, score in zip(each.answers, each.scores, strict=True)
        ]
        return learner.gradient("solver", traces)


def config() -> RunConfig:
    """The configuration."""
    return RunConfig(recipe="infuser", algorithm="infuser", learning=Learning(advantage="dual"))


RECIPE = Recipe("infuser", config, Infuser)
