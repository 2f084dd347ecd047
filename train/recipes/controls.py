"""The default and its controls: each changes one thing, so that a comparison says what that thing is worth."""

from ..config import CurriculumConfig, LabelConfig, LearningConfig, RolloutConfig, RunConfig


def zerosight() -> RunConfig:
    """The default: all three roles, oracle answers, curriculum at the edge."""
    return RunConfig(recipe="zerosight")


def uniform() -> RunConfig:
    """Control: the default with forms and difficulties drawn evenly."""
    return RunConfig(recipe="uniform", curriculum=CurriculumConfig(kind="uniform"))


def shuffled() -> RunConfig:
    """Control: the default with the Solver's rewards shuffled, which must teach nothing."""
    return RunConfig(recipe="shuffled", shuffle_rewards=True)


def frozen_proposer() -> RunConfig:
    """Control: the default with the Proposer left as it began.

    In published tables it sometimes wins: INFUSER's frozen generator equals its trained one on SuperGPQA.
    """
    return RunConfig(recipe="frozen-proposer", learning=LearningConfig(role_weights={"coder": 0.3, "solver": 1.0}))


def sampled() -> RunConfig:
    """Control: no model proposes or draws; the worlds make the items, the curriculum chooses their kinds."""
    return RunConfig(
        recipe="sampled",
        rollout=RolloutConfig(source="environment"),
        learning=LearningConfig(role_weights={"solver": 1.0}),
    )


def majority() -> RunConfig:
    """Control: the default with the Solver held to its own majority's answers instead of the oracle's."""
    return RunConfig(recipe="majority", labels=LabelConfig(source="majority"))
