"""The loop: roll out, reward, learn, again; measured before and after on items the run never saw."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..config import RunConfig
from ..envs import InfrastructureError, Rejected, Score, Stream, make
from ..render.pools import Drawn
from .curricula import make_curriculum
from .curriculum import task_label
from .embedded import load_policy
from .episodes import Asked, Attempt, Draw, Episodes
from .generator import HFGenerator
from .learner import Learner, Trace
from .policy import ROLES
from .store import Run

Report = Callable[[Mapping[str, Any]], None]
"""Called with each step's metrics."""


class Evolution:
    """A run in memory: policy, learner, curriculum and the step it stands at."""

    def __init__(self, run: Run, draw: Draw) -> None:
        config = run.config
        self.run = run
        self.config: RunConfig = config
        self.policy = load_policy(config)
        self.learner = Learner(self.policy, config.learning, config.steps)
        self.curriculum = make_curriculum(config.curriculum, [make(env) for env in config.envs])
        self.generator = HFGenerator(self.policy)
        self.episodes = Episodes(config, self.policy, self.generator, self.curriculum, draw)
        self.step = 0
        state = run.restore(self.policy, self.learner)
        if state is not None:
            self.step = state["step"]
            self.curriculum.restore(state["curriculum"])
            self.episodes.asked_before = Counter({tuple(key): count for key, count in state["asked_before"]})

    def evolve(self, report: Report) -> None:
        """Every step that is left, with a checkpoint each `checkpoint_every` and at the end."""
        while self.step < self.config.steps:
            metrics = self.one_step()
            self.run.log(metrics)
            report(metrics)
            if self.step % self.config.checkpoint_every == 0 or self.step == self.config.steps:
                self.checkpoint()

    def one_step(self) -> dict[str, Any]:
        """Roll out, reward and learn once; a pure function of the state before it and of the run's seed."""
        began = time.monotonic()
        stream = Stream(("step", self.config.seed, self.step))
        attempts = self.episodes.roll_out(stream)
        rolled = time.monotonic()
        traces = self.episodes.traces(attempts, self.learner.version)
        if self.config.shuffle_rewards:
            traces = shuffled_rewards(traces, stream.child("shuffle"))
        learned = self.learner.step(traces, stream.child("learn"))
        self.episodes.observe(attempts)
        self.step += 1
        self._keep(attempts)
        metrics = {"step": self.step, **step_metrics(attempts, traces), **learned}
        metrics |= {
            "arms": {
                f"{task_label(self.config.envs, a.env, a.task)}/{a.difficulty}": round(a.rate, 3)
                for a in self.curriculum.arms
            }
        }
        return metrics | {"time/rollout": rolled - began, "time/learn": time.monotonic() - rolled}

    def _keep(self, attempts: Sequence[Attempt]) -> None:
        """The step's rollouts on disk, with the pictures of those that a report may show."""
        self.run.keep_rollouts(self.step, [_attempt_record(attempt) for attempt in attempts])
        if self.step <= 3 or self.step % 10 == 0 or self.step == self.config.steps:
            for attempt in attempts:
                for drawing in attempt.drawings:
                    if isinstance(drawing.outcome, Drawn):
                        self.run.keep_picture(drawing.outcome.scene.digest, drawing.outcome.picture)
                for asked in attempt.asked:
                    self.run.keep_picture(asked.item.scene.digest, asked.picture)

    def checkpoint(self) -> None:
        """Everything that later steps depend on."""
        asked = [[list(key), count] for key, count in sorted(self.episodes.asked_before.items())]
        state = {"curriculum": self.curriculum.state(), "asked_before": asked}
        self.run.checkpoint(self.step, self.policy, self.learner, state)


def shuffled_rewards(traces: Sequence[Trace], stream: Stream) -> list[Trace]:
    """Control: the Solver's scores dealt out at random among its traces of the step."""
    places = [i for i, trace in enumerate(traces) if trace.role == "solver"]
    dealt = stream.shuffled(places)
    result = list(traces)
    for place, other in zip(places, dealt, strict=True):
        result[place] = replace(traces[place], score=traces[other].score)
    return result


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
        "proposals": len(attempts),
        "proposals_valid": sum(not isinstance(a.proposal, Rejected) for a in attempts),
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
        "proposal": attempt.completion.text,
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
