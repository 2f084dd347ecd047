"""The worth of a proposal's items to the Solver: the direction in which they would move it, and what that gains."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from .learning.learner import Learner
from .models.packing import Branch, PackedRow, token_batches
from .models.policy import Policy
from .rollouts import AnsweredItem, Trajectory
from .trajectories import taught

RIGHTS_BUDGET = 8192
"""Padded tokens in a forward pass over right answers, at most."""


def cosine(one_gradient: Sequence[torch.Tensor], other_gradient: Sequence[torch.Tensor]) -> float:
    """Return the cosine of `one_gradient` and `other_gradient`, each given by parameter; 0 where one is zero."""
    dot = sum(float((x * y).sum()) for x, y in zip(one_gradient, other_gradient, strict=True))
    norms = [math.sqrt(sum(float((x * x).sum()) for x in side)) for side in (one_gradient, other_gradient)]
    return dot / (norms[0] * norms[1]) if norms[0] and norms[1] else 0.0


def influence(learner: Learner, trajectories: Sequence[Trajectory], reference: Sequence[torch.Tensor]) -> float:
    """Return the cosine of the step that these answers would cause with a `reference` gradient.

    Source: INFUSER (arXiv 2606.09052, commit 1179138): the cosine of the Solver's gradient, preconditioned by Adam's
    second moment, with a reference gradient on a development set.

    Args:
        learner: whose Solver and optimizer it is.
        trajectories: the Solver's.
        reference: a gradient as `Learner.gradient` gives it.
    """
    return cosine(learner.preconditioned(learner.gradient("solver", trajectories)), reference)


@contextmanager
def nudged(learner: Learner, trajectories: Sequence[Trajectory], learning_rate: float) -> Iterator[None]:
    """The Solver as a step on these answers would make it, inside the block; afterwards exactly as it was.

    The step is the optimizer's, of the preconditioned gradient, without its momentum.
    """
    parameters = learner.optimizer.param_groups[0]["params"]
    saved_values = [parameter.detach().clone() for parameter in parameters]
    gradient = learner.preconditioned(learner.gradient("solver", trajectories))
    if not learner.optimizer.state:
        # Without second moments the first step of Adam is a step of the gradient's sign.
        gradient = [g.sign() for g in gradient]
    try:
        with torch.no_grad():
            for parameter, values in zip(parameters, gradient, strict=True):
                parameter.sub_(values, alpha=learning_rate)
        yield
    finally:
        with torch.no_grad():
            for parameter, values in zip(parameters, saved_values, strict=True):
                parameter.copy_(values)


@torch.no_grad()
def expected_accuracy(policy: Policy, answered_items: Sequence[AnsweredItem]) -> float:
    """Return the mean probability that the Solver's answers to `answered_items` are the oracle's, token by token.

    It is the accuracy on average over samplings, for answers in the oracle's own wording; without their noise.
    """
    true_answers = [
        taught(policy, (f"item{number}",), answered_item) for number, answered_item in enumerate(answered_items)
    ]
    rows = [
        PackedRow(t.prompt.ids, [Branch(t.completion.ids)], t.prompt.vision, t.prompt.positions) for t in true_answers
    ]
    probability_sum = 0.0
    for indices in token_batches(rows, RIGHTS_BUDGET):
        packed_batch = policy.pack([rows[i] for i in indices])
        logprobs, _ = policy.logprobs("solver", packed_batch)
        lengths = [len(true_answers[i].completion.ids) for i in indices]
        probability_sum += sum(float(part.sum().exp()) for part in logprobs.split(lengths))
    return probability_sum / len(answered_items)
