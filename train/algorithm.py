"""Algorithms: what a recipe does differently from the default within the one loop.

The loop rolls out an episode tree and trains on it. An algorithm says what the Proposer and the Coder are shown, which
questions are asked about a drawing, what each completion is paid, and what is learned from. This one is the default's;
the others are in train/recipes/, each beside the configuration that it is made for.
"""

import difflib
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from ..envs import Briefing, Environment, Score, SeededRng
from ..roles import coder, proposer
from ..roles.labels import Label
from ..roles.messages import Messages
from ..roles.proposer import Proposal
from ..roles.reward import edge, novelty, weigh
from .config import ConfigError, RunConfig
from .curriculum.base import Curriculum
from .diversity import varieties
from .learning.learner import Learner
from .models.policy import Policy
from .rollouts import (
    AnsweredItem,
    Draw,
    ProgramRollout,
    ProposalRollout,
    Trajectory,
    judged_programs,
    render_success_rate,
)


class Trial(Protocol):
    """What an algorithm may use of the running loop: drawing, answering, the learner and the step."""

    learner: Learner
    step: int
    """Steps that are finished."""
    draw: Draw
    """Draws programs in the sandbox."""

    def answered(self, every: Sequence[AnsweredItem], n: int, rng: SeededRng, temperature: float | None = None) -> None:
        """Have the Solver answer each item `n` times, in place."""
        ...


FAILED, FAILED_SHOWN = 0.25, 8
"""Solve rate under which a question counts as failed, and how many of them a Proposer is shown."""


class Algorithm:
    """The default: every role is paid by what was drawn and by the Solver's accuracy against the oracle.

    Raises:
        ConfigError: a quirk is asked for that the algorithm does not have.
    """

    name: ClassVar[str] = "zerosight"
    measures: ClassVar[bool] = False
    """Whether it tries out what proposals do to the policy: in one process, with nothing rolled out beside."""
    quirks: ClassVar[Mapping[str, str]] = {}
    """Switches by name: behaviour of the published code that is off unless it is named in the configuration."""

    def __init__(self, config: RunConfig) -> None:
        self.config = config
        self.failed: deque[str] = deque(maxlen=FAILED_SHOWN)
        """Questions that the Solver lately failed on, where the curriculum seeds proposals with failures."""
        for quirk in config.paper_compat:
            if quirk not in self.all_quirks():
                close = difflib.get_close_matches(quirk, self.all_quirks(), n=1)
                hint = f"did you mean {close[0]!r}? " if close else ""
                known = ", ".join(self.all_quirks()) or "none"
                raise ConfigError(f"unknown quirk {quirk!r}; {hint}(of {self.name}: {known})")

    @classmethod
    def all_quirks(cls) -> Mapping[str, str]:
        """The algorithm's quirks, with those of all that it is derived from."""
        quirks_by_name: dict[str, str] = {}
        for base in reversed(cls.__mro__):
            quirks_by_name |= vars(base).get("quirks", {})
        return quirks_by_name

    def has(self, quirk: str) -> bool:
        """Whether a quirk was asked for."""
        return quirk in self.config.paper_compat

    # --- what is shown and asked --------------------------------------------------------------------------------

    def note(self, env: Environment) -> str:
        """What the Proposer is told beside its task, in its system turn: what the Solver failed on, where kept."""
        shown = " / ".join(self.failed)
        return f"The solver lately failed on: {shown}. Ask for what these have in common." if shown else ""

    def briefed(self, briefing: Briefing, rng: SeededRng) -> Briefing:
        """The briefing as the Proposer gets it."""
        return briefing

    def coder_messages(self, env: Environment, proposal: Proposal, rng: SeededRng) -> Messages:
        """What the Coder is shown."""
        return coder.prompt(env, proposal.requirements)

    def questions(
        self, rollout: ProposalRollout, curriculum: Curriculum, rng: SeededRng
    ) -> list[tuple[Any, str, bool]]:
        """Queries to ask about each of its drawings, with their tasks and whether they are the Proposer's own."""
        assert isinstance(rollout.proposal, Proposal)
        env = rollout.env
        found = [(rollout.proposal.query, rollout.proposal.task or "other", True)]
        for arm in curriculum.draw(rng, self.config.rollout.env_questions):
            if arm.env == env.id:
                found.append((env.query(rng, arm.task), arm.task, False))
        return found

    def temperature(self, role: str) -> float:
        """What the role's completions are sampled at."""
        return float(getattr(self.config.rollout, f"{role}_temperature"))

    def assess(self, rollouts: Sequence[ProposalRollout], trial: Trial) -> None:
        """Called after each step's rollout, by algorithms that set `measures`."""

    def prepare(self, trial: Trial, step: int, rng: SeededRng) -> None:
        """Called before each step's rollout."""

    # --- what is paid -------------------------------------------------------------------------------------------

    def proposer_scores(self, rollouts: Sequence[ProposalRollout]) -> list[Score | None]:
        """Scores of the proposals; None where no drawing of one could be judged, or no model proposed."""
        valid = [a for a in rollouts if isinstance(a.proposal, Proposal)]
        queries = Counter(query_key(a) for a in valid)
        tasks = Counter(a.briefing.task for a in valid)
        weights = self.config.rewards.proposer
        unlike = {rollout.path: terms for rollout, terms in zip(valid, varieties(valid), strict=True)}
        found: list[Score | None] = []
        for rollout in rollouts:
            if rollout.completion is None:
                found.append(None)
            elif not isinstance(rollout.proposal, Proposal):
                found.append(proposer.reward(weights, valid=False))
            elif (drawable := render_success_rate(rollout)) is None:
                found.append(None)
            else:
                asked_of = 1.0 if rollout.conditioning_scene is not None else drawable * len(judged_programs(rollout))
                found.append(
                    proposer.reward(
                        weights,
                        valid=True,
                        brief=proposer.keeps_to(rollout.briefing, rollout.proposal),
                        drawable=drawable,
                        posed=1.0 - len(rollout.question_rejections) / asked_of if asked_of else 0.0,
                        edge=mean([edge(asked.solve_rate) for asked in rollout.proposer_items]),
                        novelty=novelty(queries[query_key(rollout)], tasks[rollout.briefing.task]),
                        **unlike[rollout.path],
                    )
                )
        return found

    def coder_score(self, rollout: ProposalRollout, drawing: ProgramRollout) -> Score | None:
        """The score of a program; None where our machinery failed."""
        return drawing.score

    def label(self, asked: AnsweredItem) -> Label | None:
        """What the Solver is held to: the oracle's answer or its own majority's, as configured.

        None where a vote gives no label, or its share lies outside the configured band.
        """
        labels = self.config.labels
        if labels.source == "oracle" or asked.rejection is not None:
            return Label(asked.item.truth.value, True)
        is_in_band = asked.vote.label is not None and labels.min_vote_share <= asked.vote.share <= labels.max_vote_share
        return Label(asked.vote.label or "", False) if is_in_band else None

    def solver_scores(self, asked: AnsweredItem) -> list[Score] | None:
        """Scores of an item's answers; None where it has no label."""
        label = self.label(asked)
        if label is None:
            return None
        if label.true:
            return [self.answer_score(score.terms["correct"], score.terms["format"]) for score in asked.scores]
        return [
            self.answer_score(float(label.matches(answer.text)), score.terms["format"])
            for answer, score in zip(asked.answers, asked.scores, strict=True)
        ]

    def answer_score(self, correct: float, well_formed: float) -> Score:
        """The score of one answer, from its accuracy against the label and its form."""
        return weigh({"correct": correct, "format": well_formed}, self.config.rewards.solver)

    # --- what is learned from -----------------------------------------------------------------------------------

    def teaches_coder(self, rollout: ProposalRollout) -> bool:
        """Whether the Coder learns from this proposal's programs."""
        return True

    def teaches_solver(self, rollout: ProposalRollout, asked: AnsweredItem) -> bool:
        """Whether the Solver learns from this item."""
        return True

    def lessons(
        self, rollouts: Sequence[ProposalRollout], trajectories: Sequence[Trajectory], policy: Policy
    ) -> list[Trajectory]:
        """What is imitated in a supervised phase: by default, each completion that is right by the oracle.

        Args:
            rollouts: of the step.
            trajectories: of the roles that learn.
            policy: whose tokenizer writes answers that nobody sampled.
        """
        return [trajectory for trajectory in trajectories if trajectory.correct]

    # --- what is remembered -------------------------------------------------------------------------------------

    def observe(self, rollouts: Sequence[ProposalRollout], trial: Trial) -> None:
        """Take in a finished step."""
        if self.config.curriculum.kind == "failures":
            asked = [each for rollout in rollouts for each in rollout.answered_items]
            self.failed.extend(each.item.question.text for each in asked if each.solve_rate < FAILED)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps, as JSON values."""
        return {"failed": list(self.failed)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave."""
        self.failed = deque(state["failed"], maxlen=FAILED_SHOWN)

    def figures(self) -> dict[str, float]:
        """What to log of the algorithm itself."""
        return {}


def mean(values: Sequence[float]) -> float:
    """Return the mean of `values`, 0 of an empty sequence."""
    return sum(values) / len(values) if values else 0.0


def query_key(rollout: ProposalRollout) -> tuple[str, str]:
    """What makes two proposals of a task the same question."""
    assert isinstance(rollout.proposal, Proposal)
    return rollout.briefing.task, repr(rollout.proposal.query)
