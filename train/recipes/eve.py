"""EVE: a Challenger writes picture edits as programs, a Solver tells what they did; programs that work become examples.

Source: EVE (arXiv 2604.18320; recipe/EVE, commit fc7d6a04). Challenger: 0.2 format + 0.4 validity + 0.4 difficulty,
    1 - 2 |accuracy - 1/2| over two kinds of question (which picture do these parameters give, which parameters gave
    this picture); its prompt shows two programs of a library, half of the time one, which a program enters that is
    valid, new and at the edge (envs/transforms/library.py has the rules). Solver: 0.8 accuracy + 0.2 format, from
    questions answered rightly at least one time in four and not always. 10 steps of each in turn, separate weights.

Deviations: labels are the oracle's, as there, but difference is measured by colour instead of a perceptual hash, and
    the library wants programs new in effect, not in words alone. The Coder is the Challenger; a proposal is the
    question's form alone, by the world. Sources are procedural, not photographs. There are no thinking tags. A valid
    program that nothing could be asked about has difficulty 0. In a world without edits its two questions are of forms
    that the curriculum draws. The learning rate is the embedded model's.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ...envs import Environment, SeededRng
from ...envs.transforms.edit import ENV_ID
from ...envs.transforms.library import PROBES, Library, Offer
from ...envs.transforms.program import with_source
from ...render import Rejected
from ...render.drawing import Drawn
from ...roles import coder
from ...roles.messages import Messages
from ...roles.proposer import Proposal
from ...roles.reward import eve_keeps
from ...roles.terms import CODER, SOLVER
from ..algorithm import Algorithm, Trial, mean
from ..config import LearningConfig, Phase, RewardConfig, RolloutConfig, RunConfig
from ..curriculum.base import Curriculum
from ..rollouts import AnsweredItem, ProposalRollout
from .base import Recipe

TYPES = ("which_image", "which_params")
EXAMPLES = 2
FIRST_ONLY = 0.5
"""How often one example is shown instead of two."""


class Eve(Algorithm):
    """The library, and the two types of question; the rewards are in the configuration."""

    name = "eve"
    paper_compat: ClassVar[Mapping[str, str]] = {
        "last_only": "once an item of a program was kept, the last question type's difficulty alone counts"
    }

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self.library = Library.of_seeds()

    def coder_messages(self, env: Environment, proposal: Proposal, rng: SeededRng) -> Messages:
        """Return the guide of `env` with examples from the library, and what the `proposal` requires."""
        example_count = 1 if rng.integer(0, 99) < 100 * FIRST_ONLY else EXAMPLES
        example_entries = rng.sample(self.library.entries, example_count) if env.id == ENV_ID else []
        programs = [entry.program for entry in example_entries]
        return coder.proposal_prompt(env, proposal, style=self.config.style, rng=rng.child("card"), programs=programs)

    def questions(
        self, rollout: ProposalRollout, curriculum: Curriculum, rng: SeededRng
    ) -> list[tuple[Any, str, bool]]:
        """Return a question of each of the two types for the drawings of `rollout`."""
        env = rollout.env
        tasks = [task for task in TYPES if task in env.tasks] or [arm.task for arm in curriculum.draw(rng, 2)]
        return [(env.query(rng, task), task, True) for task in tasks if task in env.tasks]

    def teaches_solver(self, rollout: ProposalRollout, answered_item: AnsweredItem) -> bool:
        """Tell whether the item is answered correctly one time in four or more, and not always."""
        return eve_keeps(answered_item.solve_rate)

    def observe(self, rollouts: Sequence[ProposalRollout], trial: Trial) -> None:
        """Offer each valid program of the Coder to the library."""
        super().observe(rollouts, trial)
        for rollout in rollouts:
            for program in rollout.program_rollouts if rollout.env.id == ENV_ID else ():
                answered_items = rollout.items_about(program)
                if isinstance(program.outcome, Drawn) and answered_items:
                    accuracy = mean([answered_item.solve_rate for answered_item in answered_items])
                    self._offer(rollout, program.program, program.outcome, accuracy, trial)

    def _offer(self, rollout: ProposalRollout, program: str, drawing: Drawn, accuracy: float, trial: Trial) -> None:
        probe_outcomes = trial.draw(rollout.env, [with_source(program, probe) for probe in PROBES])
        if not all(isinstance(probe_outcome, Drawn) for probe_outcome in probe_outcomes):
            # Without its effect on every probe it cannot be told from those that are kept.
            return
        effect = tuple(
            p.array
            for probe_outcome in probe_outcomes
            if isinstance(probe_outcome, Drawn)
            for p in probe_outcome.pictures[2:]
        )
        new_library = self.library.admit(Offer(program, drawing.scene, effect, accuracy))  # type: ignore[arg-type]
        if not isinstance(new_library, Rejected):
            self.library = new_library

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps, with the library."""
        return super().state() | {"library": self.library.to_json()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take the library back from a `state`."""
        super().restore(state)
        self.library = Library.from_json(state["library"])

    def metrics(self) -> dict[str, float]:
        """Return how many programs the library has beside those that it began with."""
        return {"library": float(sum(not entry.seed for entry in self.library.entries))}


def config() -> RunConfig:
    """Return the configuration."""
    return RunConfig(
        recipe="eve",
        algorithm="eve",
        sharing="full",
        envs=(ENV_ID,),
        rollout=RolloutConfig(proposer="environment", num_answers=8, coder_tokens=320),
        learning=LearningConfig(role_weights={"coder": 1.0, "solver": 1.0}),
        rewards=RewardConfig(
            coder=CODER.only(short_comments=0.2, rendered=0.4, tent_difficulty=0.4),
            solver=SOLVER.only(correct=0.8, format=0.2),
        ),
        phases=(Phase(roles=("coder",), steps=10), Phase(roles=("solver",), steps=10)),
    )


RECIPE = Recipe("eve", config, Eve)
