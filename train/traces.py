"""From rollouts to what is learned: the Solver's traces, and answers that are to be imitated."""

from ..envs import Score
from .algorithm import Algorithm
from .models.completions import Completion
from .models.policy import Policy
from .rollouts import Asked, Attempt, Trace


def taught(policy: Policy, group: tuple[str, ...], asked: Asked) -> Trace:
    """The oracle's answer to an item as what the Solver is to write, whoever sampled it."""
    assert asked.prompt is not None
    answer = asked.item.truth.value
    ids = (*policy.tokenizer(answer, add_special_tokens=False)["input_ids"], int(policy.ends[0]))
    completion = Completion(ids, (0.0,) * len(ids), answer, True)
    return Trace("solver", group, asked.prompt, completion, Score(1.0, {}), 0, True)


def group_of(attempt: Attempt, number: int) -> tuple[str, ...]:
    """The path of the answers to an attempt's item of this number."""
    return (*attempt.path, f"item{number}")


def answer_traces(attempt: Attempt, number: int, asked: Asked, version: int, algorithm: Algorithm) -> list[Trace]:
    """The Solver's traces of one item; none where it has no label or is filtered out."""
    assert asked.prompt is not None
    scores = algorithm.solver_scores(asked) if algorithm.teaches_solver(attempt, asked) else None
    if scores is None:
        return []
    group = group_of(attempt, number)
    return [
        Trace("solver", group, asked.prompt, completion, score, version, oracle.terms["correct"] == 1.0)
        for completion, score, oracle in zip(asked.answers, scores, asked.scores, strict=True)
    ]
