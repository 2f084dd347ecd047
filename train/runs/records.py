"""What a step leaves on disk: its metrics and a JSON record of each rollout."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...envs import InfrastructureError, Rejected, Score
from ...render.drawing import Drawn
from ...roles.proposer import Proposal
from ..models.policy import ROLES
from ..rollouts import Asked, Attempt, Trace


def step_metrics(attempts: Sequence[Attempt], traces: Sequence[Trace]) -> dict[str, Any]:
    """What a step came to: rewards and their terms by role, shares, and rejections by code."""
    metrics: dict[str, Any] = {}
    for role in ROLES:
        scores = [trace.score for trace in traces if trace.role == role]
        metrics |= {f"{role}/{name}": value for name, value in _means(scores).items()}
    drawings = [drawing for attempt in attempts for drawing in attempt.drawings]
    asked = [asked for attempt in attempts for asked in attempt.asked]
    refused = Counter(f"proposal/{a.proposal.code}" for a in attempts if isinstance(a.proposal, Rejected))
    refused += Counter(f"program/{d.outcome.code}" for d in drawings if isinstance(d.outcome, Rejected))
    refused += Counter(f"question/{r.code}" for a in attempts for r in a.refused)
    metrics |= {
        "proposals": sum(a.proposal is not None for a in attempts),
        "proposals_valid": sum(isinstance(a.proposal, Proposal) for a in attempts),
        "programs": len(drawings),
        "pictures": sum(isinstance(d.outcome, Drawn) for d in drawings),
        "faithful": sum(bool(d.score and d.score.terms["faithful"]) for d in drawings),
        "infrastructure_errors": sum(isinstance(d.outcome, InfrastructureError) for d in drawings)
        + sum(attempt.failures for attempt in attempts),
        "items": len(asked),
        "items_own": sum(a.own for a in asked),
        "solve_rate": sum(a.rate for a in asked) / len(asked) if asked else None,
        "rejected": dict(sorted(refused.items())),
        "structures": len({repr(a.item.question.query) for a in asked}),
    }
    return metrics


def _means(scores: Sequence[Score]) -> dict[str, float]:
    if not scores:
        return {}
    terms = {name: sum(score.terms[name] for score in scores) / len(scores) for name in scores[0].terms}
    return {"reward": sum(score.value for score in scores) / len(scores)} | {f"term/{n}": v for n, v in terms.items()}


def _attempt_record(attempt: Attempt) -> dict[str, Any]:
    """An attempt as data: what was written, drawn, asked and answered, and every score."""
    rejected = attempt.proposal if isinstance(attempt.proposal, Rejected) else None
    return {
        "env": attempt.env.id,
        "briefing": attempt.briefing.text,
        "proposal": attempt.completion.text if attempt.completion else "",
        "rejected": [rejected.code, rejected.reason] if rejected else None,
        "drawings": [_drawing_record(drawing) for drawing in attempt.drawings],
        "items": [_asked_record(asked) for asked in attempt.asked],
    }


def _drawing_record(drawing: Any) -> dict[str, Any]:
    outcome = drawing.outcome
    if isinstance(outcome, Drawn):
        result: Any = {"scene": outcome.scene.digest}
    elif isinstance(outcome, Rejected):
        result = {"rejected": [outcome.code, outcome.reason]}
    else:
        result = {"failed": str(outcome)}
    return {"program": drawing.program, **result, "terms": dict(drawing.score.terms) if drawing.score else None}


def _asked_record(asked: Asked) -> dict[str, Any]:
    item = asked.item
    return {
        "id": item.id,
        "task": item.task,
        "difficulty": item.difficulty,
        "own": asked.own,
        "scene": item.scene.digest,
        "program": item.program,
        "question": item.question.text,
        "query": item.question.query,
        "truth": item.truth.value,
        "margin": item.truth.margin,
        "answers": dict(Counter(completion.text for completion in asked.answers)),
        "rate": asked.rate,
    }
