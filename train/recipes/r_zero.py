"""R-Zero: a questioner paid where the Solver's answers are split, a Solver held to its own majority.

Source: R-Zero (github Chengsong-Huang/R-Zero, commit 5699329): questioner reward min(s, 1 - s) less the share of its
    cluster by BLEU (cut 0.5), malformed -1 less the share; s the majority share of 10 answers; the Solver learns from
    questions with s in [0.3, 0.8]; 5 steps of the questioner, then 15 of the Solver.

Deviations: R-Zero asks in words alone; here the Coder, frozen, draws what is asked about, and a question that could
    not be asked of any drawing has no split (s counts as 0). The answers that vote are those that learn, where R-Zero
    samples a set of questions first and then trains on it. Learning rate and group sizes are the embedded model's.
"""

from collections.abc import Sequence

from ...envs import Score
from ...roles.formulas import r_zero as formula
from ...roles.labels import BANDS
from ...roles.novelty import cluster_shares
from ...roles.proposer import Proposal
from ..algorithm import Algorithm, mean
from ..config import LabelConfig, LearningConfig, Phase, RolloutConfig, RunConfig
from ..rollouts import AnsweredItem, ProposalRollout
from .base import Recipe

CUT = 0.5


class RZero(Algorithm):
    """The questioner's reward, and only its own questions for the Solver."""

    name = "r-zero"

    def proposer_scores(self, rollouts: Sequence[ProposalRollout]) -> list[Score | None]:
        """See the module's text; None where our machinery failed on every drawing."""
        shares = cluster_shares([asked_text(rollout) for rollout in rollouts], CUT)
        return [self._score(rollout, share) for rollout, share in zip(rollouts, shares, strict=True)]

    def _score(self, rollout: ProposalRollout, cluster: float) -> Score | None:
        formed = isinstance(rollout.proposal, Proposal)
        if rollout.completion is None or infrastructure_failed(rollout):
            return None
        split = mean([asked.vote.share for asked in rollout.proposer_items])
        terms = {"format": float(formed), "split": min(split, 1.0 - split), "repetition": cluster}
        return Score(formula(split, cluster, well_formed=formed), terms)

    def teaches_solver(self, rollout: ProposalRollout, asked: AnsweredItem) -> bool:
        """The questioner's own questions, and what the worlds made where there were none."""
        return asked.from_proposer or "made" in asked.item.provenance


def asked_text(rollout: ProposalRollout) -> str:
    """What a proposal asks, in words where they are known."""
    if rollout.proposer_items:
        return rollout.proposer_items[0].item.question.text
    return rollout.completion.text if rollout.completion else ""


def infrastructure_failed(rollout: ProposalRollout) -> bool:
    """Whether a valid proposal's drawings were all lost to us, so that nothing is known of it."""
    lost = bool(rollout.program_rollouts) and all(drawing.score is None for drawing in rollout.program_rollouts)
    return lost or (rollout.infrastructure_failures > 0 and not rollout.answered_items)


def config() -> RunConfig:
    """The configuration."""
    band = BANDS["r-zero"]
    return RunConfig(
        recipe="r-zero",
        algorithm="r-zero",
        sharing="full",
        rollout=RolloutConfig(num_answers=10, env_questions=0),
        labels=LabelConfig(source="majority", min_vote_share=band.low, max_vote_share=band.high),
        learning=LearningConfig(role_weights={"proposer": 1.0, "solver": 1.0}),
        phases=(Phase(roles=("proposer",), steps=5), Phase(roles=("solver",), steps=15)),
    )


RECIPE = Recipe("r-zero", config, RZero)
