"""Rollouts: a step's proposals with their programs, drawings and answered questions, and what is learned from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..envs import Briefing, Environment, Item, Rejected, Score
from ..render import Picture
from ..render.drawing import Pools, RenderOutcome
from ..roles.coder import SpecCheck
from ..roles.context import ProgramView
from ..roles.labels import Vote
from ..roles.proposer import Proposal
from .models.completions import Completion, Prompt

EXPLAIN = "explain"
"""The task of an item that asks why another question has no answer."""


NO_VOTE = Vote(None, 0.0)


class ProgramRollout(NamedTuple):
    """A program of the Coder with its outcome."""

    program: str
    outcome: RenderOutcome
    spec_check: SpecCheck | None
    """What was drawn against what was required; None where the infrastructure failed: no reward, no trajectory."""


class ConditioningScene(NamedTuple):
    """A scene that the environment made, with its picture: what a Proposer that does not draw asks about."""

    item: Item
    picture: Picture


@dataclass(slots=True)
class AnsweredItem:
    """An item with the Solver's answers."""

    item: Item
    from_proposer: bool
    """True for the Proposer's question, False for one that the environment added."""
    picture: Picture
    prompt: Prompt | None = None
    """Made when it is asked: most that are offered never are."""
    answers: list[Completion] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    """Of the answers against the oracle, whatever they are rewarded for."""
    vote: Vote = NO_VOTE
    """What the answers agree on."""
    rejection: Rejected | None = None
    """Of an item that asks for an explanation: what is to be explained."""
    token_limit: int = 0
    """New tokens that an answer may have; 0 before it is asked."""

    @property
    def solve_rate(self) -> float:
        """The Solver's accuracy against the oracle."""
        return sum(score.terms["correct"] for score in self.scores) / len(self.scores)

    @property
    def scene_digest(self) -> str:
        """The digest of the scene that it is about."""
        return self.item.scene.digest


@dataclass(slots=True)
class ProposalRollout:
    """One proposal with all that grew from it; where the environment does the proposing, one briefing with it."""

    env: Environment
    briefing: Briefing
    path: tuple[str, ...]
    prompt: Prompt | None = None
    """None where no model proposed."""
    completion: Completion | None = None
    proposal: Proposal | Rejected | None = None
    """None where the world made the whole item."""
    conditioning_scene: ConditioningScene | None = None
    """The scene that it asks about, where that was not left to a Coder."""
    coder_prompt: Prompt | None = None
    program_completions: list[Completion] = field(default_factory=list)
    program_rollouts: list[ProgramRollout] = field(default_factory=list)
    answered_items: list[AnsweredItem] = field(default_factory=list)
    question_rejections: list[Rejected] = field(default_factory=list)
    """Why the question has no clear answer on a drawing that satisfies its spec, or on the given scene."""
    infrastructure_failures: int = 0
    """How often our machinery failed to make an item for it."""

    @property
    def proposer_items(self) -> list[AnsweredItem]:
        """The Proposer's question, on each scene that it was asked of."""
        return [answered_item for answered_item in self.answered_items if answered_item.from_proposer]

    def items_about(self, program: ProgramView) -> list[AnsweredItem]:
        """Return the questions that were asked about what `program` drew."""
        scene = getattr(program.outcome, "scene", None)
        return (
            []
            if scene is None
            else [answered_item for answered_item in self.answered_items if answered_item.scene_digest == scene.digest]
        )


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One completion of a role with its score: what training is made of."""

    role: str
    group: tuple[str, ...]
    """Path of the group that it is compared in, unique within a step."""
    prompt: Prompt
    completion: Completion
    score: Score
    policy_version: int
    """Policy version that sampled it."""
    correct: bool = False
    """Whether it is right by the oracle, or by what it drew, whatever it is paid."""
    advantage: float = 0.0


def judged_programs(rollout: ProposalRollout) -> list[ProgramRollout]:
    """Return the programs of `rollout` that the infrastructure could judge."""
    return [program for program in rollout.program_rollouts if program.spec_check is not None]


def satisfies_spec(program: ProgramRollout) -> bool:
    """Tell whether `program` draws all that was required and nothing else."""
    return program.spec_check is not None and program.spec_check.spec_satisfied


def infrastructure_failed(rollout: ProposalRollout) -> bool:
    """Tell whether all drawings of a valid proposal were lost to the infrastructure, so that nothing is known of it."""
    all_lost = bool(rollout.program_rollouts) and not judged_programs(rollout)
    return all_lost or (rollout.infrastructure_failures > 0 and not rollout.answered_items)


Draw = Callable[[Environment, Sequence[str]], Sequence[RenderOutcome]]
"""Programs of a world to their outcomes, in order."""


def drawn_by(pools: Pools) -> Draw:
    """Return each environment's own way to draw, in the workers of `pools`."""
    return lambda env, programs: env.draw(pools, programs)


def draw_each(draw: Draw, jobs: Sequence[tuple[Environment, str]]) -> list[RenderOutcome]:
    """Draw the programs of `jobs`, each environment's in one batch; outcomes in the order of the jobs."""
    outcomes: dict[int, RenderOutcome] = {}
    for env in {env.id: env for env, _ in jobs}.values():
        job_numbers = [number for number, (job_env, _) in enumerate(jobs) if job_env is env]
        outcomes.update(zip(job_numbers, draw(env, [jobs[number][1] for number in job_numbers]), strict=True))
    return [outcomes[number] for number in range(len(jobs))]
