"""Absolute Zero: one model sets tasks that an executor can check and solves them, paid for hard but solvable ones.

Source: Absolute Zero Reasoner (github LeapLabTHU/Absolute-Zero-Reasoner, commit a82124e): proposer 1 - p where any
    answer was right, else 0; a task without an answer 0; malformed output -0.5 or -1; one set of weights, an advantage
    normalised for each role on its own (REINFORCE++).

Deviations: of its three kinds of task (deduction, abduction, induction) there is the first alone: a program is run, and
    what it shows is to be told. What it calls proposing is divided into proposing and drawing, both paid alike. Its
    optional bonuses for complexity and diversity are left out.
"""

from collections.abc import Sequence

from ...envs import Rejected, Score
from ...roles.formulas import absolute_zero as formula
from ..algorithm import Algorithm, mean
from ..config import LearningConfig, RolloutConfig, RunConfig
from ..rollouts import ProgramRollout, ProposalRollout
from .base import Recipe
from .r_zero import infrastructure_failed

UNREADABLE, INVALID = -1.0, -0.5
NO_CODE = ("syntax", "unfinished", "xml", "empty")
"""Why a text is no proposal and no program at all; every other reason is of one that breaks a rule."""


class AbsoluteZero(Algorithm):
    """The proposer's reward, for programs too."""

    name = "absolute-zero"

    def proposer_scores(self, rollouts: Sequence[ProposalRollout]) -> list[Score | None]:
        """See the module's text."""
        return [self._score(rollout) for rollout in rollouts]

    def _score(self, rollout: ProposalRollout) -> Score | None:
        if rollout.completion is None or infrastructure_failed(rollout):
            return None
        if isinstance(rollout.proposal, Rejected):
            return _worth(UNREADABLE if rollout.proposal.code in NO_CODE else INVALID)
        return _worth(mean([formula(asked.solve_rate) for asked in rollout.proposer_items]))

    def coder_score(self, rollout: ProposalRollout, drawing: ProgramRollout) -> Score | None:
        """As a proposal: by the Solver's accuracy on the question about this drawing."""
        if drawing.score is None:
            return None
        if isinstance(drawing.outcome, Rejected):
            return _worth(UNREADABLE if drawing.outcome.code in NO_CODE else INVALID)
        return _worth(
            mean([formula(asked.solve_rate) for asked in rollout.items_about(drawing) if asked.from_proposer])
        )


def _worth(value: float) -> Score:
    return Score(value, {"learnable": max(0.0, value), "format": float(value >= 0.0)})


def config() -> RunConfig:
    """The configuration."""
    return RunConfig(
        recipe="absolute-zero",
        algorithm="absolute-zero",
        sharing="shared",
        rollout=RolloutConfig(num_answers=8, env_questions=0),
        learning=LearningConfig(loss="reinforce_pp", advantage="reinforce_pp"),
    )


RECIPE = Recipe("absolute-zero", config, AbsoluteZero)
