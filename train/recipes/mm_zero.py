"""MM-Zero: Proposer, Coder and Solver trained in turn, the Solver on its own majority's answers.

Source: MM-Zero (arXiv 2603.09206; commit 70592bcc, where its constants were read). Proposer: over its programs, the
    mean of min(solvability, 0.5) + min(c, 1 - c), less penalties for too easy, for common types and for repeated
    texts. Coder: 1 + solvability + min(c, 1 - c) if it draws; learns from proposals with a render rate in [0.25, 0.75].
    Solver: 0.9 accuracy against its majority label + 0.1 format; learns where the easy share is 0.5 or more and the
    hard one in [0.25, 0.75]. 20 steps of each role in turn, from separate weights.

Deviations: its hard question is the Proposer's, as there; the easy ones are the world's questions about the same
    drawing, answered by the oracle instead of by the Proposer. Only drawings that show what was required are asked
    about; others count as drawn and unsolvable. A proposal's type is its question's form. What its text penalty takes
    the excess over is not in our facts: over an even share of the clusters. The answers that vote are those that learn.
    Learning rate and batch sizes are the embedded model's. `--set labels.source=oracle` gives it true labels.
"""

from collections.abc import Mapping
from typing import ClassVar

from ...envs import Rejected
from ...roles.labels import BANDS
from ...roles.reward import mm_zero_keeps_for_coder, mm_zero_keeps_for_solver
from ...roles.terms import CODER, PROPOSER, SOLVER
from ..algorithm import Algorithm, mean
from ..config import LabelConfig, Phase, RewardConfig, RolloutConfig, RunConfig
from ..rollouts import AnsweredItem, ProposalRollout, judged_programs
from .base import Recipe


class MMZero(Algorithm):
    """The published filters; the rewards are in the configuration."""

    name = "mm-zero"
    paper_compat: ClassVar[Mapping[str, str]] = {
        "uncapped": "the Proposer's solvability has no cap of 0.5 (the first published version)",
        "unfiltered": "no filter on render rate or consistency (the published tree MM-zero_noFilter)",
    }

    def teaches_coder(self, rollout: ProposalRollout) -> bool:
        """Tell whether some programs of `rollout` draw and some do not."""
        render_rate = mean([float(not isinstance(program.outcome, Rejected)) for program in judged_programs(rollout)])
        return self.has("unfiltered") or mm_zero_keeps_for_coder(render_rate)

    def teaches_solver(self, rollout: ProposalRollout, answered_item: AnsweredItem) -> bool:
        """Tell whether an item is the Proposer's, splits the Solver, and its drawing's easy questions do not."""
        if not answered_item.from_proposer:
            return False
        easy_shares = [
            easy_item.vote.share
            for easy_item in rollout.answered_items
            if not easy_item.from_proposer and easy_item.scene_digest == answered_item.scene_digest
        ]
        easy_consistency = mean(easy_shares) if easy_shares else 1.0
        return self.has("unfiltered") or mm_zero_keeps_for_solver(easy_consistency, answered_item.vote.share)


def config() -> RunConfig:
    """Return the configuration."""
    band = BANDS["mm-zero"]
    return RunConfig(
        recipe="mm-zero",
        algorithm="mm-zero",
        sharing="full",
        rollout=RolloutConfig(num_answers=10, env_questions=2),
        labels=LabelConfig(source="majority", min_vote_share=band.low, max_vote_share=band.high),
        rewards=RewardConfig(
            proposer=PROPOSER.only(
                solvable_and_split=1.0, task_balance=1.0, text_balance=1.0, unreadable=-1.0, rule_violation=-1.0
            ),
            coder=CODER.only(rendered=1.0, solvability=1.0, vote_split=1.0, no_drawing=-1.0),
            solver=SOLVER.only(correct=0.9, format=0.1),
        ),
        phases=(
            Phase(roles=("proposer",), steps=20),
            Phase(roles=("coder",), steps=20),
            Phase(roles=("solver",), steps=20),
        ),
    )


RECIPE = Recipe("mm-zero", config, MMZero)
