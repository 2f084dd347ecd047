"""SpatialEvo: one policy asks about rooms and answers; geometry says what is valid and true.

Source: SpatialEvo (arXiv 2604.14144, commit 465546a7). Round 1, the questioner: 0.1 format + 0.9 validity times
    observation, -1 if malformed, a valid question worth less where its answer says little. Round 2, the solver: 0.1
    format + 0.9 accuracy, or, of an invalid question, how well it explains why. Its scheduler draws tasks by
    max(0.05, 1 - accuracy). One set of weights, groups of 4.

Deviations: the observation and the explanation are scored by rules instead of a language model: the first by how much
    of what the questioner says it sees is there, the second in roles/explain.py. Questions are typed queries, which no
    model extracts. Both rounds are one step with one update, where there the solver answers with the weights that the
    questioner's update left. Rooms are procedural or scans (`--set envs=[spatial/Scans-v1@FOLDER]`).
"""

from collections.abc import Sequence

from ...envs import Rejected, Score
from ...roles import formulas as shapes
from ...roles.proposer import Proposal
from ..algorithm import Algorithm, mean
from ..config import CurriculumConfig, RolloutConfig, RunConfig
from ..rollouts import ProposalRollout
from .base import Recipe
from .r_zero import infrastructure_failed

METRIC = ("absolute_distance", "distance_cam_obj", "room_size")
"""Tasks whose accuracy its scheduler takes as min(acc/0.5, 1)."""


class SpatialEvo(Algorithm):
    """The published rewards, judged by rules."""

    name = "spatialevo"

    def proposer_scores(self, rollouts: Sequence[ProposalRollout]) -> list[Score | None]:
        """The questioner's: see the module's text."""
        return [self._score(rollout) for rollout in rollouts]

    def _score(self, rollout: ProposalRollout) -> Score | None:
        if rollout.completion is None or infrastructure_failed(rollout):
            return None
        if not isinstance(rollout.proposal, Proposal):
            refused = rollout.proposal
            malformed = isinstance(refused, Rejected) and refused.code in ("syntax", "unfinished")
            value = shapes.spatialevo_round1(1.0, 0.0, 0.0, malformed=malformed)
            return Score(value, {"format": float(not malformed), "validity": 0.0, "observation": 0.0})
        valid = [asked for asked in rollout.proposer_items if asked.rejection is None]
        factors = [shapes.spatialevo_factor(asked.item.task, asked.item.truth.value) for asked in valid]
        seen = observed(rollout)
        terms = {"format": 1.0, "validity": mean(factors), "observation": seen}
        return Score(shapes.spatialevo_round1(1.0, terms["validity"], seen), terms)

    def answer_score(self, correct: float, well_formed: float) -> Score:
        """The solver's: accuracy, or the mark of its explanation."""
        return Score(shapes.spatialevo_round2(well_formed, correct), {"correct": correct, "format": well_formed})


def observed(rollout: ProposalRollout) -> float:
    """How much of what the questioner says it sees is on the scene that it was given, 0 to 1."""
    if rollout.conditioning_scene is None or not isinstance(rollout.proposal, Proposal):
        return 0.0
    missing_requirements = rollout.env.missing_requirements(rollout.conditioning_scene.item.scene, rollout.proposal.requirements)
    if isinstance(missing_requirements, Rejected):
        return 0.0
    return max(0.0, 1.0 - len(missing_requirements) / (len(rollout.proposal.requirements) + 1))


def config() -> RunConfig:
    """The configuration."""
    return RunConfig(
        recipe="spatialevo",
        algorithm="spatialevo",
        sharing="shared",
        envs=("spatial/Rooms-v1",),
        rollout=RolloutConfig(
            source="scenes",
            explain_unanswerable=True,
            num_briefings=8,
            num_proposals=4,
            num_answers=4,
            env_questions=0,
            solver_tokens=16,
        ),
        curriculum=CurriculumConfig(kind="spatialevo", remapped_tasks=METRIC),
    )


RECIPE = Recipe("spatialevo", config, SpatialEvo)
