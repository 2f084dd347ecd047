"""C2-Evo: pictures and texts of geometry problems grow together; supervised and GRPO phases alternate.

Source: C2-Evo (arXiv 2507.16518), by its abstract: diagrams and problems co-evolve in complexity, what is trained on is
    chosen by the model's own performance, and supervised fine-tuning alternates with reinforcement learning.

Deviations: neither code nor formulas are published. Here two ladders are climbed, the pictures' (difficulty) and the
    texts' (how many operators a form's query has), turn by turn, whenever the Solver is right often enough on the rungs
    that are open (`coevolve` in train/curricula.py); an item is chosen where the Solver errs, and not always; the
    phases are 10 steps each; problems are made by the world, as its base data set is.
"""

from collections.abc import Sequence

from ..algorithm import Algorithm
from ..config import CurriculumConfig, Learning, Phase, RunConfig, Tree
from ..models.policy import Policy
from ..rollouts import Asked, Attempt, Trace
from ..traces import group_of, taught
from .base import Recipe


class C2Evo(Algorithm):
    """Selection by the Solver's error."""

    name = "c2-evo"

    def teaches_solver(self, attempt: Attempt, asked: Asked) -> bool:
        """Items that it errs on, and not always."""
        return 0.0 < asked.rate < 1.0

    def lessons(self, attempts: Sequence[Attempt], traces: Sequence[Trace], policy: Policy) -> list[Trace]:
        """The true answers to the chosen items."""
        return [
            taught(policy, group_of(attempt, number), asked)
            for attempt in attempts
            for number, asked in enumerate(attempt.asked)
            if self.teaches_solver(attempt, asked)
        ]


def config() -> RunConfig:
    """The configuration."""
    return RunConfig(
        recipe="c2-evo",
        algorithm="c2-evo",
        envs=("diagrams/Geometry-v1",),
        tree=Tree(source="world", items=64, answers=8, solver_tokens=8),
        curriculum=CurriculumConfig(kind="coevolve"),
        learning=Learning(roles={"solver": 1.0}),
        phases=(
            Phase(roles=("solver",), steps=10, method="sft"),
            Phase(roles=("solver",), steps=10),
        ),
    )


RECIPE = Recipe("c2-evo", config, C2Evo)
