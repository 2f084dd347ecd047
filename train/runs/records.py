"""The files that a step leaves: its metrics and a JSON record of each rollout."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...envs import InfrastructureError, Rejected, Score
from ...render.drawing import Drawn
from ...roles.proposer import Proposal
from ..models.policy import ROLES
from ..rollouts import AnsweredItem, ProgramRollout, ProposalRollout, Trajectory, satisfies_spec


def step_metrics(rollouts: Sequence[ProposalRollout], trajectories: Sequence[Trajectory]) -> dict[str, Any]:
    """Compute a step's metrics: rewards and their terms by role, shares, and rejections by code.

    Args:
        rollouts: of the step.
        trajectories: made of them.
    """
    metrics: dict[str, Any] = {}
    for role in ROLES:
        scores = [trajectory.score for trajectory in trajectories if trajectory.role == role]
        metrics |= {f"{role}/{name}": value for name, value in _means(scores).items()}
    drawings = [drawing for rollout in rollouts for drawing in rollout.program_rollouts]
    answered_items = [item for rollout in rollouts for item in rollout.answered_items]
    rejections = Counter(f"proposal/{r.proposal.code}" for r in rollouts if isinstance(r.proposal, Rejected))
    rejections += Counter(f"program/{d.outcome.code}" for d in drawings if isinstance(d.outcome, Rejected))
    rejections += Counter(f"question/{r.code}" for rollout in rollouts for r in rollout.question_rejections)
    metrics |= {
        "proposals": sum(rollout.proposal is not None for rollout in rollouts),
        "proposals_valid": sum(isinstance(rollout.proposal, Proposal) for rollout in rollouts),
        "programs": len(drawings),
        "programs_rendered": sum(isinstance(d.outcome, Drawn) for d in drawings),
        "programs_spec_satisfied": sum(map(satisfies_spec, drawings)),
        "infrastructure_errors": sum(isinstance(d.outcome, InfrastructureError) for d in drawings)
        + sum(rollout.infrastructure_failures for rollout in rollouts),
        "items": len(answered_items),
        "items_from_proposer": sum(item.from_proposer for item in answered_items),
        "solve_rate": sum(item.solve_rate for item in answered_items) / len(answered_items) if answered_items else None,
        "rejected": dict(sorted(rejections.items())),
        "distinct_queries": len({repr(item.item.question.query) for item in answered_items}),
    }
    return metrics


def _means(scores: Sequence[Score]) -> dict[str, float]:
    if not scores:
        return {}
    terms = {name: sum(score.terms[name] for score in scores) / len(scores) for name in scores[0].terms}
    return {"reward": sum(score.value for score in scores) / len(scores)} | {f"term/{n}": v for n, v in terms.items()}


def proposal_record(rollout: ProposalRollout) -> dict[str, Any]:
    """Return a `rollout` as data: what was written, drawn, asked and answered, and every score."""
    rejection = rollout.proposal if isinstance(rollout.proposal, Rejected) else None
    return {
        "env": rollout.env.id,
        "briefing": rollout.briefing.text,
        "proposal": rollout.completion.text if rollout.completion else "",
        "rejected": [rejection.code, rejection.reason] if rejection else None,
        "programs": [program_record(drawing) for drawing in rollout.program_rollouts],
        "items": [item_record(item) for item in rollout.answered_items],
    }


def program_record(program_rollout: ProgramRollout) -> dict[str, Any]:
    """Return a `program_rollout` with what it drew or why it drew nothing, and its reward terms."""
    outcome = program_rollout.outcome
    if isinstance(outcome, Drawn):
        result: Any = {"scene": outcome.scene.digest}
    elif isinstance(outcome, Rejected):
        result = {"rejected": [outcome.code, outcome.reason]}
    else:
        result = {"failed": str(outcome)}
    return {
        "program": program_rollout.program,
        **result,
        "spec_check": program_rollout.spec_check._asdict() if program_rollout.spec_check else None,
    }


def item_record(answered_item: AnsweredItem) -> dict[str, Any]:
    """Return an `answered_item` with the count of each distinct answer and the solve rate."""
    item = answered_item.item
    return {
        "id": item.id,
        "task": item.task,
        "difficulty": item.difficulty,
        "from_proposer": answered_item.from_proposer,
        "scene": item.scene.digest,
        "program": item.program,
        "question": item.question.text,
        "query": item.question.query,
        "truth": item.truth.value,
        "margin": item.truth.margin,
        "answers": dict(Counter(completion.text for completion in answered_item.answers)),
        "solve_rate": answered_item.solve_rate,
    }
