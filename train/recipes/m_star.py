"""M-STaR: self-training on the best of one's own right answers, ranked by a step scorer, at a tuned temperature.

Source: M-STaR (arXiv 2412.17451): keep the answers that are right, rank them by a process reward model (the least of
    its scores over the steps), train on the top 2 of 16; optimizer and schedule go on over the iterations; every
    second iteration the temperature (0.3 to 1.6 in steps of 0.1) is set to what does best on validation by
    Reward-Pass@2: one of the two that the scorer ranks first is right.

Deviations: the step scorer is small and learns along: a logistic regression of the outcome on how sure the Solver was
    within each step and up to it, and how many of its answers began alike. A step is a token, or in
    answers of more than 8 an eighth of them. An iteration is 10 steps of the run. The labels, which M-STaR takes from a
    data set, are the oracle's, and its items the world's.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...envs import SeededRng
from ..algorithm import Algorithm, Trial, mean
from ..config import LearningConfig, Phase, RolloutConfig, RunConfig
from ..models.completions import Completion
from ..models.policy import Policy
from ..rollouts import AnsweredItem, ProposalRollout, Trajectory
from ..validation import VALIDATION, validation
from .base import Recipe

KEPT = 2
"""Answers of an item that are learned from, at most; and those of which Reward-Pass@2 wants one right."""
SAMPLES = 16
TEMPERATURES = tuple(round(0.3 + 0.1 * number, 1) for number in range(14))
TUNE_EVERY = 20
MAX_STEPS = 8
RATE, DECAY = 0.05, 1e-3
"""Of the scorer's gradient steps."""
FEATURES = 6


def step_features(completion: Completion, group: Sequence[Completion]) -> np.ndarray:
    """What is known of each step of an answer, [steps, FEATURES].

    A constant; mean and least log-prob of the step's tokens; the mean up to its end; how far along it ends; and the
    share of the group's answers that are the same up to there.
    """
    values, ids = np.asarray(completion.logprobs), completion.ids
    ends = np.unique(np.linspace(0, len(values), min(MAX_STEPS, len(values)) + 1).round().astype(int))
    rows = []
    for start, end in itertools.pairwise(ends):
        alike = sum(other.ids[:end] == ids[:end] for other in group) / len(group)
        part = values[start:end]
        rows.append((1.0, part.mean(), part.min(), values[:end].mean(), end / len(values), alike))
    return np.asarray(rows)


class StepScorer:
    """How likely an answer is to end right, judged after each of its steps; learned from outcomes."""

    def __init__(self, weights: Sequence[float] = (0.0,) * FEATURES) -> None:
        self.weights = np.asarray(weights, dtype=float)

    def steps(self, completion: Completion, group: Sequence[Completion]) -> np.ndarray:
        """[steps] probabilities."""
        return 1.0 / (1.0 + np.exp(-step_features(completion, group) @ self.weights))

    def score(self, completion: Completion, group: Sequence[Completion]) -> float:
        """The least over the steps."""
        return float(self.steps(completion, group).min())

    def learn(self, completion: Completion, group: Sequence[Completion], right: bool) -> None:
        """One gradient step of logistic regression: every step of a right answer counts as right."""
        features = step_features(completion, group)
        wrong_by = self.steps(completion, group) - float(right)
        self.weights = self.weights - RATE * (wrong_by @ features / len(features) + DECAY * self.weights)

    def ranked(self, group: Sequence[Completion]) -> list[int]:
        """Places in the group, best first; equals in the order in which they were given."""
        scores = [self.score(completion, group) for completion in group]
        return sorted(range(len(group)), key=lambda place: (-scores[place], place))


class MStar(Algorithm):
    """Rejection sampling, ranked and tuned."""

    name = "m-star"

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self.scorer = StepScorer()
        self.solver_temperature = config.rollout.solver_temperature

    def temperature(self, role: str) -> float:
        """The Solver's is tuned."""
        return self.solver_temperature if role == "solver" else super().temperature(role)

    def sft_examples(
        self, rollouts: Sequence[ProposalRollout], trajectories: Sequence[Trajectory], policy: Policy
    ) -> list[Trajectory]:
        """The best two right answers of each item."""
        groups: dict[tuple[str, ...], list[Trajectory]] = {}
        for trajectory in trajectories:
            groups.setdefault(trajectory.group, []).append(trajectory)
        found = []
        for group in groups.values():
            order = self.scorer.ranked([trajectory.completion for trajectory in group])
            found += [group[place] for place in order if group[place].correct][:KEPT]
        return found

    def observe(self, rollouts: Sequence[ProposalRollout], trial: Trial) -> None:
        """Teach the scorer how the answers ended."""
        super().observe(rollouts, trial)
        for rollout in rollouts:
            for asked in rollout.answered_items:
                for completion, score in zip(asked.answers, asked.scores, strict=True):
                    self.scorer.learn(completion, asked.answers, score.terms["correct"] == 1.0)

    def prepare(self, trial: Trial, step: int, rng: SeededRng) -> None:
        """Every so often, set the temperature to what does best on validation; of equals the nearest to 1."""
        if step % TUNE_EVERY or not step:
            return
        passed = {}
        for temperature in TEMPERATURES:
            self.solver_temperature = temperature
            asked = validation(self.config, VALIDATION, trial.limits.picture_px)
            # The same random numbers for each, so that temperatures differ by nothing else.
            trial.answered(asked, SAMPLES, rng.child("validation"))
            passed[temperature] = self.reward_pass(asked)
        self.solver_temperature = min(passed, key=lambda t: (-passed[t], abs(math.log(t)), t))

    def reward_pass(self, every: Sequence[AnsweredItem]) -> float:
        """Reward-Pass@2: the share of items of which one of the two best ranked answers is right."""
        return mean(
            [
                float(any(asked.scores[p].terms["correct"] == 1.0 for p in self.scorer.ranked(asked.answers)[:KEPT]))
                for asked in every
            ]
        )

    def state(self) -> dict[str, Any]:
        """The scorer and the temperature."""
        return super().state() | {"scorer": self.scorer.weights.tolist(), "temperature": self.solver_temperature}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take them back."""
        super().restore(state)
        self.scorer, self.solver_temperature = StepScorer(state["scorer"]), float(state["temperature"])

    def metrics(self) -> dict[str, float]:
        """The temperature."""
        return {"temperature": self.solver_temperature}


def config() -> RunConfig:
    """Return the configuration."""
    return RunConfig(
        recipe="m-star",
        algorithm="m-star",
        rollout=RolloutConfig(source="environment", num_answers=SAMPLES),
        learning=LearningConfig(role_weights={"solver": 1.0}),
        phases=(Phase(roles=("solver",), steps=1, method="sft"),),
    )


RECIPE = Recipe("m-star", config, MStar)
