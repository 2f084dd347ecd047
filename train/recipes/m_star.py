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
from typing import TYPE_CHECKING, Any

import numpy as np

from ...envs import SeededRng
from ..algorithm import Algorithm, Trial, mean
from ..config import LearningConfig, Phase, RolloutConfig, RunConfig
from ..models.completions import Completion
from ..rollouts import AnsweredItem, ProposalRollout, Trajectory
from ..validation import VALIDATION, validation
from .base import Recipe

if TYPE_CHECKING:
    from ..models.policy import Policy

BEST = 2
"""Answers of an item that are learned from, at most; and those of which Reward-Pass@2 wants one right."""
SAMPLES = 16
TEMPERATURES = tuple(round(0.3 + 0.1 * number, 1) for number in range(14))
TUNE_EVERY = 20
MAX_STEPS = 8
RATE, DECAY = 0.05, 1e-3
"""Of the scorer's gradient steps."""
FEATURES = 6


def step_features(completion: Completion, group: Sequence[Completion]) -> np.ndarray:
    """Return what is known of each step of a `completion` among its `group`, [steps, FEATURES].

    A constant; mean and least log-prob of the step's tokens; the mean up to its end; how far along it ends; and the
    share of the group's answers that are the same up to there.
    """
    logprobs, ids = np.asarray(completion.logprobs), completion.ids
    ends = np.unique(np.linspace(0, len(logprobs), min(MAX_STEPS, len(logprobs)) + 1).round().astype(int))
    rows = []
    for start, end in itertools.pairwise(ends):
        alike_share = sum(group_member.ids[:end] == ids[:end] for group_member in group) / len(group)
        step_logprobs = logprobs[start:end]
        rows.append(
            (1.0, step_logprobs.mean(), step_logprobs.min(), logprobs[:end].mean(), end / len(logprobs), alike_share)
        )
    return np.asarray(rows)


class StepScorer:
    """A model of how likely an answer is to end correct, judged after each of its steps; learned from outcomes."""

    def __init__(self, weights: Sequence[float] = (0.0,) * FEATURES) -> None:
        self.weights = np.asarray(weights, dtype=float)

    def steps(self, completion: Completion, group: Sequence[Completion]) -> np.ndarray:
        """Return the probability after each step of a `completion` among its `group`, [steps]."""
        return 1.0 / (1.0 + np.exp(-step_features(completion, group) @ self.weights))

    def score(self, completion: Completion, group: Sequence[Completion]) -> float:
        """Return the least probability over the steps of a `completion` among its `group`."""
        return float(self.steps(completion, group).min())

    def learn(self, completion: Completion, group: Sequence[Completion], is_correct: bool) -> None:
        """Take one gradient step of logistic regression: every step of a correct `completion` counts as correct."""
        features = step_features(completion, group)
        wrong_by = self.steps(completion, group) - float(is_correct)
        self.weights = self.weights - RATE * (wrong_by @ features / len(features) + DECAY * self.weights)

    def ranked(self, group: Sequence[Completion]) -> list[int]:
        """Return the places in a `group`, best first; equals in the order in which they were given."""
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
        """Return the temperature of a `role`; the Solver's is tuned."""
        return self.solver_temperature if role == "solver" else super().temperature(role)

    def sft_examples(
        self, rollouts: Sequence[ProposalRollout], trajectories: Sequence[Trajectory], policy: "Policy"
    ) -> list[Trajectory]:
        """Return the best two correct answers of each item among `trajectories`."""
        groups: dict[tuple[str, ...], list[Trajectory]] = {}
        for trajectory in trajectories:
            groups.setdefault(trajectory.group, []).append(trajectory)
        examples = []
        for group in groups.values():
            ranked_places = self.scorer.ranked([trajectory.completion for trajectory in group])
            examples += [group[place] for place in ranked_places if group[place].correct][:BEST]
        return examples

    def observe(self, rollouts: Sequence[ProposalRollout], trial: Trial) -> None:
        """Teach the scorer how the answers of `rollouts` ended."""
        super().observe(rollouts, trial)
        for rollout in rollouts:
            for answered_item in rollout.answered_items:
                for completion, score in zip(answered_item.answers, answered_item.scores, strict=True):
                    self.scorer.learn(completion, answered_item.answers, score.terms["correct"] == 1.0)

    def prepare(self, trial: Trial, step: int, rng: SeededRng) -> None:
        """Set the temperature, now and then before a `step`, to what does best on validation; of ties nearest to 1."""
        if step % TUNE_EVERY or not step:
            return
        pass_rates = {}
        for temperature in TEMPERATURES:
            self.solver_temperature = temperature
            dev_items = validation(self.config, VALIDATION, trial.limits.picture_px)
            # The same random numbers for each, so that temperatures differ by nothing else.
            trial.answered(dev_items, SAMPLES, rng.child("validation"))
            pass_rates[temperature] = self.reward_pass(dev_items)
        self.solver_temperature = min(pass_rates, key=lambda t: (-pass_rates[t], abs(math.log(t)), t))

    def reward_pass(self, answered_items: Sequence[AnsweredItem]) -> float:
        """Return Reward-Pass@2: the share of `answered_items` with a correct answer among the two best ranked."""
        return mean(
            [
                float(
                    any(
                        answered_item.scores[p].terms["correct"] == 1.0
                        for p in self.scorer.ranked(answered_item.answers)[:BEST]
                    )
                )
                for answered_item in answered_items
            ]
        )

    def state(self) -> dict[str, Any]:
        """Return the scorer and the temperature."""
        return super().state() | {"scorer": self.scorer.weights.tolist(), "temperature": self.solver_temperature}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take scorer and temperature back from a `state`."""
        super().restore(state)
        self.scorer, self.solver_temperature = StepScorer(state["scorer"]), float(state["temperature"])

    def metrics(self) -> dict[str, float]:
        """Return the temperature."""
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
