"""Diagnostics of every step: how often labels are wrong, whether the Proposer collapses, what is paid though wrong.

The oracle knows the truth of every item, whatever a recipe's labels are, so all of this is measured, not estimated.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..envs import make
from ..envs.language.query import Call, skeleton
from ..roles.novelty import structure_entropy
from ..roles.proposer import Proposal
from .algorithm import Algorithm
from .rollouts import AnsweredItem, ProposalRollout, Trajectory


def diagnose(
    rollouts: Sequence[ProposalRollout], trajectories: Sequence[Trajectory], algorithm: Algorithm
) -> dict[str, Any]:
    """Return what a step's labels, proposals and rewards were worth, to be logged.

    `label/error`: share of wrong labels among the labelled items, and `label/coverage`: share of items with a label;
    `collapse/query_entropy` and `collapse/program_entropy`: entropy of their structures in nats, 0 where all are alike;
    `hacking/rewarded_incorrect` and `hacking/unrewarded_correct`: shares of the Solver's answers that are paid as
    correct and are not, and the other way round; and `algorithm/NAME`: the algorithm's own metrics.

    Args:
        rollouts: of the step.
        trajectories: that were learned from.
        algorithm: of the step.
    """
    asked = [each for rollout in rollouts for each in rollout.answered_items if each.rejection is None]
    wrong = [label_is_wrong(each, algorithm) for each in asked]
    labelled = [each for each in wrong if each is not None]
    queries = [_form(a.proposal.query) for a in rollouts if isinstance(a.proposal, Proposal)]
    programs = [drawing.program for rollout in rollouts for drawing in rollout.program_rollouts]
    answers = [
        trajectory for trajectory in trajectories if trajectory.role == "solver" and "correct" in trajectory.score.terms
    ]
    paid = [trajectory.score.terms["correct"] == 1.0 for trajectory in answers]
    return {
        "label/error": _share(labelled),
        "label/coverage": len(labelled) / len(asked) if asked else None,
        "collapse/query_entropy": structure_entropy(queries) if queries else None,
        "collapse/program_entropy": structure_entropy(programs) if programs else None,
        "hacking/rewarded_incorrect": _share([p and not t.correct for p, t in zip(paid, answers, strict=True)]),
        "hacking/unrewarded_correct": _share([t.correct and not p for p, t in zip(paid, answers, strict=True)]),
        **{f"algorithm/{name}": value for name, value in algorithm.metrics().items()},
    }


def label_is_wrong(asked: AnsweredItem, algorithm: Algorithm) -> bool | None:
    """Whether an item's label is not one that the oracle accepts; None where it has no label."""
    label = algorithm.label(asked)
    if label is None:
        return None
    if label.true:
        return False
    env, item = make(asked.item.env), asked.item
    return env.score(item.truth, item.question.options, label.text).terms["correct"] < 1.0


def _form(query: Any) -> str:
    """A query without its words: its operators."""
    return skeleton(query) if isinstance(query, Call) else repr(query)


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def forgetting(metrics: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """By arm (form and difficulty), how far the Solver's running accuracy is below the best that it ever was.

    Source: the forgetting measure of Chaudhry et al. 2018 (https://arxiv.org/abs/1801.10112, section 3), over the
    running solve rates of training instead of over tests after each task.

    Args:
        metrics: a run's logged steps.
    """
    if not metrics:
        return {}
    last = metrics[-1].get("arms", {})
    return {arm: max(entry.get("arms", {}).get(arm, 0.0) for entry in metrics) - rate for arm, rate in last.items()}


def skill_matrix(metrics: Sequence[Mapping[str, Any]]) -> dict[str, dict[int, float]]:
    """The Solver's running accuracy by form and difficulty at the end.

    >>> skill_matrix([{"arms": {"count/1": 0.5, "count/2": 0.25}}])
    {'count': {1: 0.5, 2: 0.25}}
    """
    found: dict[str, dict[int, float]] = {}
    for arm, rate in (metrics[-1].get("arms", {}) if metrics else {}).items():
        task, _, level = arm.rpartition("/")
        found.setdefault(task, {})[int(level)] = rate
    return found
