"""R-Zero: a questioner paid where the Solver's answers are split, a Solver held to its own majority.

Source: R-Zero (github Chengsong-Huang/R-Zero, commit 5699329): questioner reward min(s, 1 - s) less the share of its
    cluster by BLEU (cut 0.5), malformed -1 less the share; s the majority share of 10 answers; the Solver learns from
    questions with s in [0.3, 0.8]; 5 steps of the questioner, then 15 of the Solver.

Deviations: R-Zero asks in words alone; here the Coder, frozen, draws what is asked about, and a question that could
    not be asked of any drawing has no split (s counts as 0). The answers that vote are those that learn, where R-Zero
    samples a set of questions first and then trains on it. Learning rate and group sizes are the embedded model's.
"""

from ...roles.labels import BANDS
from ...roles.terms import PROPOSER
from ..algorithm import Algorithm
from ..config import LabelConfig, LearningConfig, Phase, RewardConfig, RolloutConfig, RunConfig
from ..rollouts import AnsweredItem, ProposalRollout
from .base import Recipe

QUESTIONER = PROPOSER.only(vote_split=1.0, repetition=-1.0, unreadable=-1.0, rule_violation=-1.0)
"""Weights of the questioner's reward."""


class RZero(Algorithm):
    """Only the questioner's own questions teach the Solver; the rewards are in the configuration."""

    name = "r-zero"

    def teaches_solver(self, rollout: ProposalRollout, answered_item: AnsweredItem) -> bool:
        """Tell whether an item is the questioner's, or was made by the environment because there were none."""
        return answered_item.from_proposer or "made" in answered_item.item.provenance


def config() -> RunConfig:
    """Return the configuration."""
    band = BANDS["r-zero"]
    return RunConfig(
        recipe="r-zero",
        algorithm="r-zero",
        sharing="full",
        rollout=RolloutConfig(num_answers=10, env_questions=0),
        labels=LabelConfig(source="majority", min_vote_share=band.low, max_vote_share=band.high),
        learning=LearningConfig(role_weights={"proposer": 1.0, "solver": 1.0}),
        rewards=RewardConfig(proposer=QUESTIONER),
        phases=(Phase(roles=("proposer",), steps=5), Phase(roles=("solver",), steps=15)),
    )


RECIPE = Recipe("r-zero", config, RZero)
