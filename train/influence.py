"""What a proposal's items are worth to the Solver: how they would move it, and what that gains."""

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


def cosine(first: Sequence[torch.Tensor], second: Sequence[torch.Tensor]) -> float:
    """Of two gradients given by parameter, from -1 to 1; 0 where one of them is zero."""
    dot = sum(float((a * b).sum()) for a, b in zip(first, second, strict=True))
    norms = [math.sqrt(sum(float((a * a).sum()) for a in side)) for side in (first, second)]
    return dot / (norms[0] * norms[1]) if norms[0] and norms[1] else 0.0


def influence(learner: Learner, trajectories: Sequence[Trajectory], reference: Sequence[torch.Tensor]) -> float:
    """How far learning from these answers would lead where learning from the reference does.

    Source: INFUSER (arXiv 2606.09052, commit 1179138): the cosine of the Solver's gradient, preconditioned by Adam's
    second moment, with a reference gradient on a development set.

    Args:
        learner: whose Solver and optimizer it is.
        trajectories: the Solver's.
        reference: a gradient as `Learner.gradient` gives it.
    """
    return cosine(learner.preconditioned(learner.gradient("solver", trajectories)), reference)


@contextmanager
def nudged(learner: Learner, trajectories: Sequence[Trajectory], rate: float) -> Iterator[None]:
    """The Solver as a step on these answers would make it, inside the block; afterwards exactly as it was.

    The step is the optimizer's, of the preconditioned gradient, without its momentum.
    """
    parameters = learner.optimizer.param_groups[0]["params"]
    before = [parameter.detach().clone() for parameter in parameters]
    gradient = learner.preconditioned(learner.gradient("solver", trajectories))
    if not learner.optimizer.state:
        # Without second moments the first step of Adam is a step of the gradient's sign.
        gradient = [g.sign() for g in gradient]
    try:
        with torch.no_grad():
            for parameter, own in zip(parameters, gradient, strict=True):
                parameter.sub_(own, alpha=rate)
        yield
    finally:
        with torch.no_grad():
            for parameter, own in zip(parameters, before, strict=True):
                parameter.copy_(own)


@torch.no_grad()
def expected_accuracy(policy: Policy, every: Sequence[AnsweredItem]) -> float:
    """The mean probability that the Solver's answer to an item is, token by token, the oracle's.

    What its accuracy is on average over samplings, for answers in the oracle's own wording; without their noise.
    """
    rights = [taught(policy, (f"item{number}",), asked) for number, asked in enumerate(every)]
    rows = [PackedRow(t.prompt.ids, [Branch(t.completion.ids)], t.prompt.vision, t.prompt.positions) for t in rights]
    total = 0.0
    for indices in token_batches(rows, RIGHTS_BUDGET):
        packed = policy.pack([rows[i] for i in indices])
        logprobs, _ = policy.logprobs("solver", packed)
        lengths = [len(rights[i].completion.ids) for i in indices]
        total += sum(float(part.sum().exp()) for part in logprobs.split(lengths))
    return total / len(every)
