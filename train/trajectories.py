"""From rollouts to what is learned: the Solver's trajectories, and answers that are to be imitated."""

from typing import TYPE_CHECKING

from ..envs import Score
from .algorithm import Algorithm
from .models.completions import Completion
from .rollouts import AnsweredItem, ProposalRollout, Trajectory

if TYPE_CHECKING:
    from .models.policy import Policy


def taught(policy: "Policy", group: tuple[str, ...], answered_item: AnsweredItem) -> Trajectory:
    """Return the oracle's answer to an item as a trajectory to imitate, whoever sampled it.

    Args:
        policy: whose tokenizer writes it.
        group: path of the item's answers.
        answered_item: the item, with its prompt.
    """
    assert answered_item.prompt is not None
    true_answer = answered_item.item.truth.value
    token_ids = (*policy.tokenizer(true_answer, add_special_tokens=False)["input_ids"], int(policy.ends[0]))
    completion = Completion(token_ids, (0.0,) * len(token_ids), true_answer, True)
    return Trajectory("solver", group, answered_item.prompt, completion, Score(1.0, {}), 0, True)


def group_of(rollout: ProposalRollout, number: int) -> tuple[str, ...]:
    """Return the path of the answers to item `number` of a `rollout`."""
    return (*rollout.path, f"item{number}")


def answer_trajectories(
    rollout: ProposalRollout, number: int, answered_item: AnsweredItem, policy_version: int, algorithm: Algorithm
) -> list[Trajectory]:
    """Return the Solver's trajectories of one item; none where it has no label or is filtered out.

    Args:
        rollout: that the item belongs to.
        number: of the item in it.
        answered_item: the item.
        policy_version: of the weights that answered.
        algorithm: which labels and scores.
    """
    assert answered_item.prompt is not None
    scores = algorithm.solver_scores(answered_item) if algorithm.teaches_solver(rollout, answered_item) else None
    if scores is None:
        return []
    group = group_of(rollout, number)
    return [
        Trajectory(
            "solver",
            group,
            answered_item.prompt,
            completion,
            score,
            policy_version,
            oracle_score.terms["correct"] == 1.0,
        )
        for completion, score, oracle_score in zip(answered_item.answers, scores, answered_item.scores, strict=True)
    ]
