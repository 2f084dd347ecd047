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

from collections.abc import Mapping, Sequence
from typing import ClassVar

from ...envs import Rejected, Score
from ...render.drawing import Drawn
from ...roles import formulas as shapes
from ...roles.labels import BANDS
from ...roles.novelty import cluster_shares
from ...roles.proposer import Proposal
from ..algorithm import Algorithm, mean
from ..config import LabelConfig, Phase, RolloutConfig, RunConfig
from ..rollouts import AnsweredItem, ProgramRollout, ProposalRollout, judged_programs, satisfies_spec
from .base import Recipe
from .r_zero import asked_text, infrastructure_failed

CUT = 0.25
"""Distance at which texts are no longer one cluster."""


class MMZero(Algorithm):
    """The published rewards and filters."""

    name = "mm-zero"
    quirks: ClassVar[Mapping[str, str]] = {
        "uncapped": "the Proposer's solvability has no cap of 0.5 (the first published version)",
        "unfiltered": "no filter on render rate or consistency (the published tree MM-zero_noFilter)",
    }

    def proposer_scores(self, rollouts: Sequence[ProposalRollout]) -> list[Score | None]:
        """See the module's text; -1 for a malformed proposal, None where our machinery failed."""
        valid = [a for a in rollouts if isinstance(a.proposal, Proposal)]
        kinds = [_kind(a) for a in valid]
        excess = iter(_excess(valid))
        return [
            self._score(rollout, kinds, next(excess) if isinstance(rollout.proposal, Proposal) else None, len(valid))
            for rollout in rollouts
        ]

    def _score(
        self, rollout: ProposalRollout, kinds: Sequence[str], excess: Mapping[str, float] | None, valid: int
    ) -> Score | None:
        if rollout.completion is None or infrastructure_failed(rollout):
            return None
        if excess is None:
            return Score(shapes.MALFORMED, {"format": 0.0, "programs": 0.0, "type": 0.0, "text": 0.0})
        samples = [self.rendered(rollout, drawing) for drawing in judged_programs(rollout)]
        cap = None if self.has("uncapped") else shapes.SOLVABILITY_CAP
        terms = {
            "format": 1.0,
            "programs": shapes.mm_zero_proposer(samples, cap=cap),
            "type": shapes.type_penalty(_kind(rollout), kinds),
            "text": shapes.text_penalty(excess, valid),
        }
        return Score(terms["programs"] + terms["type"] + terms["text"], terms)

    def rendered(self, rollout: ProposalRollout, drawing: ProgramRollout) -> shapes.Rendered | None:
        """What the Solver made of a drawing; None where the program did not draw."""
        if not isinstance(drawing.outcome, Drawn):
            return None
        if not satisfies_spec(drawing):
            return shapes.Rendered(0.0, 1.0)
        about = rollout.items_about(drawing)
        easy = [asked.solve_rate for asked in about if not asked.from_proposer]
        hard = [asked.vote.share for asked in about if asked.from_proposer]
        return shapes.Rendered(mean(easy) if easy else 1.0, mean(hard) if hard else 1.0)

    def coder_score(self, rollout: ProposalRollout, drawing: ProgramRollout) -> Score | None:
        """See the module's text; None where our machinery failed."""
        if drawing.score is None:
            return None
        sample = self.rendered(rollout, drawing)
        svg = rollout.env.renderer != "svg" or "<svg" in drawing.program
        value = shapes.mm_zero_coder(sample, empty=not drawing.program, svg=svg)
        terms = {"drawn": float(sample is not None), "solvable": sample.solvability if sample else 0.0}
        return Score(value, terms | {"split": shapes.smaller_side(sample.consistency) if sample else 0.0})

    def answer_score(self, correct: float, well_formed: float) -> Score:
        """0.9 accuracy and 0.1 format."""
        return Score(shapes.mm_zero_solver(correct, well_formed), {"correct": correct, "format": well_formed})

    def teaches_coder(self, rollout: ProposalRollout) -> bool:
        """Proposals of which some programs draw and some do not."""
        known = judged_programs(rollout)
        rate = mean([float(not isinstance(drawing.outcome, Rejected)) for drawing in known])
        return self.has("unfiltered") or shapes.mm_zero_keeps_for_coder(rate)

    def teaches_solver(self, rollout: ProposalRollout, asked: AnsweredItem) -> bool:
        """The Proposer's questions on which the Solver is split, of drawings on which it agrees about the easy ones."""
        if not asked.from_proposer:
            return False
        easy = [
            each.vote.share
            for each in rollout.answered_items
            if not each.from_proposer and each.scene_digest == asked.scene_digest
        ]
        agreed = mean(easy) if easy else 1.0
        return self.has("unfiltered") or shapes.mm_zero_keeps_for_solver(agreed, asked.vote.share)


def _kind(rollout: ProposalRollout) -> str:
    assert isinstance(rollout.proposal, Proposal)
    return rollout.proposal.task or "other"


def _excess(rollouts: Sequence[ProposalRollout]) -> list[Mapping[str, float]]:
    """By how much each proposal's three texts' clusters are larger than even ones."""
    texts: dict[str, list[str]] = {"caption": [], "easy": [], "hard": []}
    for rollout in rollouts:
        assert isinstance(rollout.proposal, Proposal)
        texts["caption"].append(rollout.proposal.concept)
        texts["easy"].append(", ".join(map(rollout.env.describe, rollout.proposal.requirements)))
        texts["hard"].append(asked_text(rollout) if rollout.proposer_items else repr(rollout.proposal.query))
    columns = {}
    for name, column in texts.items():
        shares = cluster_shares(column, CUT)
        # A cluster of share 1/k has k times that share's worth of members, so this counts the clusters.
        count = sum(1.0 / (share * len(column)) for share in shares)
        columns[name] = [share - 1.0 / count for share in shares]
    return [{name: column[number] for name, column in columns.items()} for number in range(len(rollouts))]


def config() -> RunConfig:
    """The configuration."""
    band = BANDS["mm-zero"]
    return RunConfig(
        recipe="mm-zero",
        algorithm="mm-zero",
        sharing="full",
        rollout=RolloutConfig(num_answers=10, env_questions=2),
        labels=LabelConfig(source="majority", min_vote_share=band.low, max_vote_share=band.high),
        phases=(
            Phase(roles=("proposer",), steps=20),
            Phase(roles=("coder",), steps=20),
            Phase(roles=("solver",), steps=20),
        ),
    )


RECIPE = Recipe("mm-zero", config, MMZero)
