"""Absolute Zero: one model sets tasks that an executor can check and solves them, paid for hard but solvable ones.

Source: Absolute Zero Reasoner (github LeapLabTHU/Absolute-Zero-Reasoner, commit a82124e): proposer 1 - p where any
    answer was right, else 0; a task without an answer 0; malformed output -0.5 or -1; one set of weights, an advantage
    normalised for each role on its own (REINFORCE++).

Deviations: of its three kinds of task (deduction, abduction, induction) there is the first alone: a program is run, and
    what it shows is to be told. What it calls proposing is split into proposing and drawing, both paid alike. Its
    optional bonuses for complexity and diversity are left out.
"""

from ...roles.terms import CODER, PROPOSER
from ..algorithm import Algorithm
from ..config import LearningConfig, RewardConfig, RolloutConfig, RunConfig
from .base import Recipe


class AbsoluteZero(Algorithm):
    """The default's prompts and filters; the rewards are in the configuration."""

    name = "absolute-zero"


def config() -> RunConfig:
    """Return the configuration."""
    return RunConfig(
        recipe="absolute-zero",
        algorithm="absolute-zero",
        sharing="shared",
        rollout=RolloutConfig(num_answers=8, env_questions=0),
        learning=LearningConfig(loss="reinforce_pp", advantage="reinforce_pp"),
        rewards=RewardConfig(
            proposer=PROPOSER.only(rarely_solved=1.0, unreadable=-1.0, rule_violation=-0.5),
            coder=CODER.only(rarely_solved=1.0, unreadable=-1.0, rule_violation=-0.5),
        ),
    )


RECIPE = Recipe("absolute-zero", config, AbsoluteZero)
