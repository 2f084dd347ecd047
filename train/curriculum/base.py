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
    """The running record of one task at one difficulty of one environment."""

    env: str
    task: str
    difficulty: int
    chance: float
    solve_rate: float
    """Running solve rate of the Solver while training."""
    signal: float = 1.0
    """Running mean of `edge` over items: how much the answers to one item differ in their reward."""
    answer_weight: float = 0.0
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
    """The default curriculum: arms are drawn by 4 skill (1 - skill) times the signal, with a floor.

    A task at the blind level has skill 0 and gets the floor; GRPO would find no signal there that is not luck.
    Once it leaves that level its weight rises, and falls again when the task is mastered, or when the Solver is
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
        """Return the weight that an `arm` is drawn by, before normalising; unseen arms count as half known."""
        if self._config.kind == "uniform":
            return 1.0
        doubt = SHRINK / (SHRINK + arm.answer_weight)
        return max(self._config.min_weight, (1.0 - doubt) * bernoulli_variance(arm.skill) * arm.signal + doubt)

    def draw(self, rng: SeededRng, count: int) -> list[Arm]:
        """Draw `count` arms, with replacement."""
        weights = [self.weight(arm) for arm in self.arms]
        return [rng.weighted(self.arms, weights) for _ in range(count)]

    def observe(self, env: str, task: str, difficulty: int, solve_rate: float, answer_count: int) -> None:
        """Take in the Solver's `solve_rate` over `answer_count` answers to one item of an arm."""
        arm = self._by_key[env, task, difficulty]
        kept_weight = arm.answer_weight * self._config.memory + SHRINK * (arm.answer_weight == 0)
        arm.solve_rate = (arm.solve_rate * kept_weight + solve_rate * answer_count) / (kept_weight + answer_count)
        arm.signal = (arm.signal * kept_weight + bernoulli_variance(solve_rate) * answer_count) / (
            kept_weight + answer_count
        )
        arm.answer_weight = arm.answer_weight * self._config.memory + answer_count

    def note_share(self, env: str, task: str, difficulty: int, share: float) -> None:
        """Take in the majority `share` of the answers to one item; for curricula that go by the Solver's confidence."""

    def finish_step(self) -> None:
        """Take note that a step's items were all observed; curricula that learn by steps do so here."""

    def state(self) -> list[dict[str, Any]]:
        """Return what a checkpoint keeps: an entry for each arm."""
        return [
            {
                name: getattr(arm, name)
                for name in ("env", "task", "difficulty", "solve_rate", "signal", "answer_weight")
            }
            for arm in self.arms
        ]

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Take back a `state` that `state()` gave."""
        for entry in state:
            arm = self._by_key[entry["env"], entry["task"], entry["difficulty"]]
            arm.solve_rate, arm.signal, arm.answer_weight = (
                float(entry[name]) for name in ("solve_rate", "signal", "answer_weight")
            )
