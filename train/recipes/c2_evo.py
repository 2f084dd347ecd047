"""C2-Evo: pictures and texts of geometry problems grow together; supervised and GRPO phases alternate.

Source: C2-Evo (arXiv 2507.16518), by its abstract: diagrams and problems co-evolve in complexity, what is trained on is
    chosen by the model's own performance, and supervised fine-tuning alternates with reinforcement learning.

Deviations: neither code nor formulas are published. Here two ladders are climbed, the pictures' (difficulty) and the
    texts' (how many operators a form's query has), turn by turn, whenever the Solver is correct often enough on the
    rungs that are open (`coevolve` in train/curriculum/variants.py); an item is chosen where the Solver errs, and not
    always; the phases are 10 steps each; problems are made by the environment, as its base data set is.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..algorithm import Algorithm
from ..config import CurriculumConfig, LearningConfig, Phase, RolloutConfig, RunConfig
from ..rollouts import AnsweredItem, ProposalRollout, Trajectory
from ..trajectories import group_of, taught
from .base import Recipe

if TYPE_CHECKING:
    from ..models.policy import Policy


class C2Evo(Algorithm):
    """Selection by the Solver's error."""

    name = "c2-evo"

    def teaches_solver(self, rollout: ProposalRollout, answered_item: AnsweredItem) -> bool:
        """Tell whether the Solver errs on the item, and not always."""
        return 0.0 < answered_item.solve_rate < 1.0

    def sft_examples(
        self, rollouts: Sequence[ProposalRollout], trajectories: Sequence[Trajectory], policy: "Policy"
    ) -> list[Trajectory]:
        """Return the true answers to the chosen items."""
        return [
            taught(policy, group_of(rollout, number), answered_item)
            for rollout in rollouts
            for number, answered_item in enumerate(rollout.answered_items)
            if self.teaches_solver(rollout, answered_item)
        ]


def config() -> RunConfig:
    """Return the configuration."""
    return RunConfig(
        recipe="c2-evo",
        algorithm="c2-evo",
        envs=("diagrams/Geometry-v1",),
        rollout=RolloutConfig(source="environment", items_per_step=64, num_answers=8, solver_tokens=8),
        curriculum=CurriculumConfig(kind="coevolve"),
        learning=LearningConfig(role_weights={"solver": 1.0}),
        phases=(
            Phase(roles=("solver",), steps=10, method="sft"),
            Phase(roles=("solver",), steps=10),
        ),
    )


RECIPE = Recipe("c2-evo", config, C2Evo)
