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

from ...roles.terms import PROPOSER, SOLVER
from ..algorithm import Algorithm
from ..config import CurriculumConfig, RewardConfig, RolloutConfig, RunConfig
from .base import Recipe

METRIC = ("absolute_distance", "distance_cam_obj", "room_size")
"""Tasks whose accuracy its scheduler takes as min(acc/0.5, 1)."""


class SpatialEvo(Algorithm):
    """The default's prompts and filters; the rewards, judged by rules, are in the configuration."""

    name = "spatialevo"


def config() -> RunConfig:
    """Return the configuration."""
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
        rewards=RewardConfig(
            proposer=PROPOSER.only(readable=0.1, observed_validity=0.9, unreadable=-1.0),
            solver=SOLVER.only(correct=0.9, format=0.1),
        ),
    )


RECIPE = Recipe("spatialevo", config, SpatialEvo)
