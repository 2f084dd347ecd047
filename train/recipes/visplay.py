"""VisPlay: R-Zero's game about given pictures.

Source: VisPlay (arXiv 2511.15661; github bruno686/VisPlay, commit 3aa895b): a questioner that is shown a picture, with
    R-Zero's reward, its filter [0.3, 0.8] and 10 answers; groups of 8 questions; 20 steps of each role in turn.

Deviations: its pictures are photographs of Vision-SR1-47K; here a world makes them, so that the oracle can say how
    often the majority is wrong. The rest as in R-Zero's recipe.
"""

from ...roles.labels import BANDS
from ..config import LabelConfig, LearningConfig, Phase, RewardConfig, RolloutConfig, RunConfig
from .base import Recipe
from .r_zero import QUESTIONER, RZero


class VisPlay(RZero):
    """R-Zero's rewards, about pictures that are given."""

    name = "visplay"


def config() -> RunConfig:
    """Return the configuration."""
    band = BANDS["visplay"]
    return RunConfig(
        recipe="visplay",
        algorithm="visplay",
        sharing="full",
        rollout=RolloutConfig(source="scenes", num_proposals=8, num_answers=10, env_questions=0),
        labels=LabelConfig(source="majority", min_vote_share=band.low, max_vote_share=band.high),
        learning=LearningConfig(role_weights={"proposer": 1.0, "solver": 1.0}),
        rewards=RewardConfig(proposer=QUESTIONER),
        phases=(Phase(roles=("proposer",), steps=20), Phase(roles=("solver",), steps=20)),
    )


RECIPE = Recipe("visplay", config, VisPlay)
