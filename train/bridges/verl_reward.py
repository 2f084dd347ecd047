"""verl's reward function: the oracle's score of a response, from the truth in `reward_model.ground_truth`."""

from typing import Any

from ...envs.scorer import score

FORMAT_WEIGHT = 0.1
"""As our own loop pays a Solver for a reply that can be read as an answer."""


def compute_score(
    data_source: str, solution_str: str, ground_truth: Any, extra_info: Any = None, **options: Any
) -> dict[str, float]:
    """Return the reward of a response under `score`, with accuracy and format beside it.

    Args:
        data_source: of the row; not needed, since the truth names its world.
        solution_str: the response.
        ground_truth: the truth as JSON text.
        extra_info: of the row; not needed.
        options: verl's own; not needed.
    """
    outcome = score(ground_truth, solution_str)
    well_formed = float(outcome.terms["format"])
    return {"score": outcome.value + FORMAT_WEIGHT * well_formed, "acc": outcome.value, "format": well_formed}
