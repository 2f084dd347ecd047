"""What a step leaves on disk: its metrics and a JSON record of each rollout."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...envs import InfrastructureError, Rejected, Score
from ...render.drawing import Drawn
from ...roles.proposer import Proposal
from ..models.policy import ROLES
from ..rollouts import AnsweredItem, ProgramRollout, ProposalRollout, Trajectory


def step_metrics(rollouts: Sequence[ProposalRollout], trajectories: Sequence[Trajectory]) -> dict[str, Any]:
    """What a step came to: rewards and their terms by role, shares, and rejections by code."""
    metrics: dict[str, Any] = {}
    for role in ROLES:
        scores = [trajectory.score for trajectory in trajectories if trajectory.role == role]
        metrics |= {f"{role}/{name}": value for name, value in _means(scores).items()}
    drawings = [drawing for rollout in rollouts for drawing in rollout.program_rollouts]
    asked = [asked for rollout in rollouts for asked in rollout.answered_items]
    refused = Counter(f"proposal/{a.proposal.code}" for a in rollouts if isinstance(a.proposal, Rejected))
    refused += Counter(f"program/{d.outcome.code}" for d in drawings if isinstance(d.outcome, Rejected))
    refused += Counter(f"question/{r.code}" for a in rollouts for r in a.question_rejections)
    metrics |= {
        "proposals": sum(a.proposal is not None for a in rollouts),
        "proposals_valid": sum(isinstance(a.proposal, Proposal) for a in rollouts),
        "programs": len(drawings),
        "pictures": sum(isinstance(d.outcome, Drawn) for d in drawings),
        "faithful": sum(bool(d.score and d.score.terms["faithful"]) for d in drawings),
        "infrastructure_errors": sum(isinstance(d.outcome, InfrastructureError) for d in drawings)
        + sum(rollout.infrastructure_failures for rollout in rollouts),
        "items": len(asked),
        "items_own": sum(a.from_proposer for a in asked),
        "solve_rate": sum(a.solve_rate for a in asked) / len(asked) if asked else None,
        "rejected": dict(sorted(refused.items())),
        "structures": len({repr(a.item.question.query) for a in asked}),
    }
    return metrics


def _means(scores: Sequence[Score]) -> dict[str, float]:
    if not scores:
        return {}
    terms = {name: sum(score.terms[name] for score in scores) / len(scores) for name in scores[0].terms}
    return {"reward": sum(score.value for score in scores) / len(scores)} | {f"term/{n}": v for n, v in terms.items()}


def proposal_record(rollout: ProposalRollout) -> dict[str, Any]:
    """A rollout as data: what was written, drawn, asked and answered, and every score."""
    rejected = rollout.proposal if isinstance(rollout.proposal, Rejected) else None
    return {
        "env": rollout.env.id,
        "briefing": rollout.briefing.text,
        "proposal": rollout.completion.text if rollout.completion else "",
        "rejected": [rejected.code, rejected.reason] if rejected else None,
        "drawings": [program_record(drawing) for drawing in rollout.program_rollouts],
        "items": [item_record(asked) for asked in rollout.answered_items],
    }


def program_record(drawing: ProgramRollout) -> dict[str, Any]:
    """Return a program with what it drew or why it drew nothing, and its reward terms."""
    outcome = drawing.outcome
    if isinstance(outcome, Drawn):
        result: Any = {"scene": outcome.scene.digest}
    elif isinstance(outcome, Rejected):
        result = {"rejected": [outcome.code, outcome.reason]}
    else:
        result = {"failed": str(outcome)}
    return {"program": drawing.program, **result, "terms": dict(drawing.score.terms) if drawing.score else None}


def item_record(asked: AnsweredItem) -> dict[str, Any]:
    """Return an item with the count of each distinct answer and the solve rate."""
    item = asked.item
    return {
        "id": item.id,
        "task": item.task,
        "difficulty": item.difficulty,
        "own": asked.from_proposer,
        "scene": item.scene.digest,
        "program": item.program,
        "question": item.question.text,
        "query": item.question.query,
        "truth": item.truth.value,
        "margin": item.truth.margin,
        "answers": dict(Counter(completion.text for completion in asked.answers)),
        "rate": asked.solve_rate,
    }
