"""The curriculum: which forms at which difficulty are worth asking now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...envs import Environment, SeededRng
from ...roles.reward import bernoulli_variance
from ..config import CurriculumConfig

SHRINK = 8.0
"""Answers' worth of the prior, chance level, in an arm's first estimates."""


@dataclass(slots=True)
class Arm:
    """What is known of one form at one difficulty of one environment."""

    env: str
    task: str
    difficulty: int
    chance: float
    solve_rate: float
    """Running solve rate of the Solver while training."""
    signal: float = 1.0
    """Running mean of `edge` over items: how much the answers to one item differ in their reward."""
    seen: float = 0.0
    """Answers behind the rate and the signal, with forgetting."""

    @property
    def skill(self) -> float:
        """Solve rate above chance, 0 at or under chance and 1 at full."""
        return max(0.0, (self.solve_rate - self.chance) / (1.0 - self.chance))


def task_label(envs: Collection[str], env: str, task: str) -> str:
    """A task's name in tables and curves: with its environment's id where a run has several.

    >>> task_label(["a/A-v1"], "a/A-v1", "count"), task_label(["a/A-v1", "b/B-v1"], "a/A-v1", "count")
    ('count', 'a/A-v1: count')
    """
    return task if len(envs) == 1 else f"{env}: {task}"


class Curriculum:
    """Arms are drawn by their weight: `4 skill (1 - skill)` times the signal, and a floor.

    A form at the blind level has skill 0 and gets the floor; GRPO would find no signal there that is not luck.
    Once it leaves that level its weight rises, and falls again when the form is mastered, or when the Solver is
    sure of each item, rightly or wrongly: groups of equal answers teach nothing.
    """

    def __init__(self, config: CurriculumConfig, envs: Sequence[Environment]) -> None:
        self._config = config
        self.arms = [
            Arm(env.id, task.name, difficulty, task.chance, task.chance)
            for env in envs
            for task in env.tasks.values()
            for difficulty in env.difficulties
        ]
        self._by_key = {(arm.env, arm.task, arm.difficulty): arm for arm in self.arms}

    def weight(self, arm: Arm) -> float:
        """How likely the arm is to be drawn, before normalising; unseen arms count as half known."""
        if self._config.kind == "uniform":
            return 1.0
        doubt = SHRINK / (SHRINK + arm.seen)
        return max(self._config.min_weight, (1.0 - doubt) * bernoulli_variance(arm.skill) * arm.signal + doubt)

    def draw(self, rng: SeededRng, count: int) -> list[Arm]:
        """`count` arms, with replacement."""
        weights = [self.weight(arm) for arm in self.arms]
        return [rng.weighted(self.arms, weights) for _ in range(count)]

    def observe(self, env: str, task: str, difficulty: int, rate: float, answers: int) -> None:
        """Take in the Solver's rate on one item of an arm."""
        arm = self._by_key[env, task, difficulty]
        kept = arm.seen * self._config.memory + SHRINK * (arm.seen == 0)
        arm.solve_rate = (arm.solve_rate * kept + rate * answers) / (kept + answers)
        arm.signal = (arm.signal * kept + bernoulli_variance(rate) * answers) / (kept + answers)
        arm.seen = arm.seen * self._config.memory + answers

    def note_share(self, env: str, task: str, difficulty: int, share: float) -> None:
        """Take in how many of the Solver's answers to one item agreed; for curricula that go by its confidence."""

    def finish_step(self) -> None:
        """Told once after a step's items were all observed; curricula that learn by steps do so here."""

    def state(self) -> list[dict[str, Any]]:
        """What a checkpoint keeps."""
        return [
            {name: getattr(a, name) for name in ("env", "task", "difficulty", "solve_rate", "signal", "seen")}
            for a in self.arms
        ]

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Take back what `state` gave."""
        for entry in state:
            arm = self._by_key[entry["env"], entry["task"], entry["difficulty"]]
            arm.solve_rate, arm.signal, arm.seen = (float(entry[name]) for name in ("solve_rate", "signal", "seen"))
