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
    answered_items = [entry for rollout in rollouts for entry in rollout.answered_items if entry.rejection is None]
    wrong_labels = [label_is_wrong(entry, algorithm) for entry in answered_items]
    known_labels = [entry for entry in wrong_labels if entry is not None]
    query_structures = [
        _form(rollout_with_query.proposal.query)
        for rollout_with_query in rollouts
        if isinstance(rollout_with_query.proposal, Proposal)
    ]
    programs = [program.program for rollout in rollouts for program in rollout.program_rollouts]
    solver_trajectories = [
        trajectory for trajectory in trajectories if trajectory.role == "solver" and "correct" in trajectory.score.terms
    ]
    is_rewarded = [trajectory.score.terms["correct"] == 1.0 for trajectory in solver_trajectories]
    return {
        "label/error": _share(known_labels),
        "label/coverage": len(known_labels) / len(answered_items) if answered_items else None,
        "collapse/query_entropy": structure_entropy(query_structures) if query_structures else None,
        "collapse/program_entropy": structure_entropy(programs) if programs else None,
        "hacking/rewarded_incorrect": _share(
            [rewarded and not t.correct for rewarded, t in zip(is_rewarded, solver_trajectories, strict=True)]
        ),
        "hacking/unrewarded_correct": _share(
            [t.correct and not rewarded for rewarded, t in zip(is_rewarded, solver_trajectories, strict=True)]
        ),
        **{f"algorithm/{name}": value for name, value in algorithm.metrics().items()},
    }


def label_is_wrong(answered_item: AnsweredItem, algorithm: Algorithm) -> bool | None:
    """Tell whether the label of `answered_item` is not one that the oracle accepts; None where it has no label."""
    label = algorithm.label(answered_item)
    if label is None:
        return None
    if label.true:
        return False
    env, item = make(answered_item.item.env), answered_item.item
    return env.score(item.truth, item.question.options, label.text).terms["correct"] < 1.0


def _form(query: Any) -> str:
    """Return a `query` without its words: its operators."""
    return skeleton(query) if isinstance(query, Call) else repr(query)


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def forgetting(metrics: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return, by arm (task and difficulty), how far the Solver's running accuracy is below the best that it ever was.

    Source: the forgetting measure of Chaudhry et al. 2018 (https://arxiv.org/abs/1801.10112, section 3), over the
    running solve rates of training instead of over tests after each task.

    Args:
        metrics: a run's logged steps.
    """
    if not metrics:
        return {}
    last_rates = metrics[-1].get("arms", {})
    return {
        arm: max(entry.get("arms", {}).get(arm, 0.0) for entry in metrics) - rate for arm, rate in last_rates.items()
    }


def skill_matrix(metrics: Sequence[Mapping[str, Any]]) -> dict[str, dict[int, float]]:
    """Return the Solver's running accuracy by task and difficulty at the end of `metrics`.

    >>> skill_matrix([{"arms": {"count/1": 0.5, "count/2": 0.25}}])
    {'count': {1: 0.5, 2: 0.25}}
    """
    rates_by_task: dict[str, dict[int, float]] = {}
    for arm, rate in (metrics[-1].get("arms", {}) if metrics else {}).items():
        task, _, level = arm.rpartition("/")
        rates_by_task.setdefault(task, {})[int(level)] = rate
    return rates_by_task
