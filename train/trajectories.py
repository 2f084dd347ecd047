"""From rollouts to what is learned: the Solver's trajectories, and answers that are to be imitated."""

from ..envs import Score
from .algorithm import Algorithm
from .models.completions import Completion
from .models.policy import Policy
from .rollouts import AnsweredItem, ProposalRollout, Trajectory


def taught(policy: Policy, group: tuple[str, ...], asked: AnsweredItem) -> Trajectory:
    """The oracle's answer to an item as what the Solver is to write, whoever sampled it."""
    assert asked.prompt is not None
    answer = asked.item.truth.value
    ids = (*policy.tokenizer(answer, add_special_tokens=False)["input_ids"], int(policy.ends[0]))
    completion = Completion(ids, (0.0,) * len(ids), answer, True)
    return Trajectory("solver", group, asked.prompt, completion, Score(1.0, {}), 0, True)


def group_of(rollout: ProposalRollout, number: int) -> tuple[str, ...]:
    """The path of the answers to a rollout's item of this number."""
    return (*rollout.path, f"item{number}")


def answer_trajectories(
    rollout: ProposalRollout, number: int, asked: AnsweredItem, version: int, algorithm: Algorithm
) -> list[Trajectory]:
    """The Solver's trajectories of one item; none where it has no label or is filtered out."""
    assert asked.prompt is not None
    scores = algorithm.solver_scores(asked) if algorithm.teaches_solver(rollout, asked) else None
    if scores is None:
        return []
    group = group_of(rollout, number)
    return [
        Trajectory("solver", group, asked.prompt, completion, score, version, oracle.terms["correct"] == 1.0)
        for completion, score, oracle in zip(asked.answers, scores, asked.scores, strict=True)
    ]
