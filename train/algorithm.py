"""Algorithms: what a recipe does differently from the default within the one loop.

The loop rolls out a step's episodes and trains on them. An algorithm says what the Proposer and the Coder are shown,
which questions are asked about a drawing, what labels the Solver is held to, and what is learned from. This one is the
default's; the others are in train/recipes/, each beside the configuration that it is made for. What a role is paid is
not decided here: every reward is a weighted sum of the terms in `roles/terms.py`, with the weights of the run.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ..envs import Briefing, Environment, Question, Score, SeededRng
from ..errors import did_you_mean
from ..roles import coder, proposer, solver
from ..roles.context import AnswerContext, ProgramContext, ProposalContext, StepContext
from ..roles.labels import Label
from ..roles.messages import Messages
from ..roles.proposer import Proposal
from ..roles.terms import CODER, PROPOSER, SOLVER, TABLES
from .config import ConfigError, RunConfig
from .curriculum.base import Curriculum
from .limits import RunLimits
from .rollouts import (
    AnsweredItem,
    Draw,
    ProgramRollout,
    ProposalRollout,
    Trajectory,
    infrastructure_failed,
)

if TYPE_CHECKING:
    # Recipes are listed and explained without torch.
    from .learning.learner import Learner
    from .models.policy import Policy


class Trial(Protocol):
    """What an algorithm may use of the running loop: drawing, answering, the learner and the step."""

    learner: "Learner"
    step: int
    """The number of finished steps."""
    draw: Draw
    """Draws programs in the sandbox."""
    limits: RunLimits
    """Token limits and picture sizes of the run."""

    def answered(
        self, answered_items: Sequence[AnsweredItem], n: int, rng: SeededRng, temperature: float | None = None
    ) -> None:
        """Have the Solver answer each of `answered_items` `n` times, in place."""
        ...


FAILED, FAILED_SHOWN = 0.25, 8
"""Solve rate under which a question counts as failed, and how many of them a Proposer is shown."""


class Algorithm:
    """The default: oracle labels, questions of the Proposer and of the environment, all of it learned from.

    Args:
        config: of the run, with the reward weights that this algorithm pays by.

    Raises:
        ConfigError: `paper_compat` has a switch that the algorithm does not have, or a weighted reward term requires
            what the algorithm does not measure.
    """

    name: ClassVar[str] = "zerosight"
    needs_policy_eval: ClassVar[bool] = False
    """Whether it tries out what proposals do to the policy: in one process, with nothing rolled out beside."""
    provides: ClassVar[frozenset[str]] = frozenset()
    """What it measures for reward terms that require it, such as `utilities`."""
    paper_compat: ClassVar[Mapping[str, str]] = {}
    """Switches by name: behaviour of the published code that is off unless it is named in the configuration."""

    def __init__(self, config: RunConfig) -> None:
        self.config = config
        self.failed_questions: deque[str] = deque(maxlen=FAILED_SHOWN)
        """Questions that the Solver lately failed on, where the curriculum seeds proposals with failures."""
        self.utilities: Mapping[tuple[str, ...], float] = {}
        """Measured gain of the policy from each proposal's questions, by its path."""
        known_switches = self.all_paper_compat()
        for switch in config.paper_compat:
            if switch not in known_switches:
                suggestion = did_you_mean(switch, known_switches)
                hint = f"{suggestion} " if suggestion else ""
                known = ", ".join(known_switches) or "none"
                raise ConfigError(f"unknown paper_compat switch {switch!r}; {hint}(of {self.name}: {known})")
        for table in TABLES.values():
            for term in table.terms.values():
                if term.requires and term.requires not in self.provides and self._weights(table.role).get(term.name):
                    raise ConfigError(
                        f"rewards.{table.role}.{term.name}: the algorithm {self.name} does not measure it; set it "
                        "to 0, or take one that does (infuser, soar)"
                    )

    @classmethod
    def all_paper_compat(cls) -> Mapping[str, str]:
        """Return the algorithm's switches, with those of all that it is derived from."""
        switches: dict[str, str] = {}
        for base in reversed(cls.__mro__):
            switches |= vars(base).get("paper_compat", {})
        return switches

    def has(self, switch: str) -> bool:
        """Tell whether a `switch` of published behaviour is on."""
        return switch in self.config.paper_compat

    # --- what is shown and asked --------------------------------------------------------------------------------

    def note(self, env: Environment) -> str:
        """Return what the Proposer is told beside its task, in its system turn: what the Solver failed on, if kept."""
        questions = " / ".join(self.failed_questions)
        return f"The solver lately failed on: {questions}. Ask for what these have in common." if questions else ""

    def briefed(self, briefing: Briefing, rng: SeededRng) -> Briefing:
        """Return the `briefing` as the Proposer gets it."""
        return briefing

    def proposer_messages(
        self, env: Environment, briefing: Briefing, rng: SeededRng, *, shows_scene: bool = False
    ) -> Messages:
        """Return what the Proposer is shown for a `briefing` in `env`; `rng` draws examples."""
        return proposer.prompt(
            env,
            briefing,
            note=self.note(env),
            shows_scene=shows_scene,
            style=self.config.style,
            rng=rng,
            examples=self.config.rollout.examples,
        )

    def coder_messages(self, env: Environment, proposal: Proposal, rng: SeededRng) -> Messages:
        """Return what the Coder is shown for a `proposal`."""
        return coder.proposal_prompt(env, proposal, style=self.config.style, rng=rng.child("card"))

    def solver_messages(self, question: Question) -> Messages:
        """Return what the Solver is shown beside the picture: the `question`, and how it is to answer."""
        return solver.prompt(question, style=self.config.style, mode=self.config.rollout.solver_mode)

    def questions(
        self, rollout: ProposalRollout, curriculum: Curriculum, rng: SeededRng
    ) -> list[tuple[Any, str, bool]]:
        """Return the queries to ask about each drawing of `rollout`: query, task, and whether it is the Proposer's."""
        assert isinstance(rollout.proposal, Proposal)
        env = rollout.env
        queries = [(rollout.proposal.query, rollout.proposal.task or "other", True)]
        for arm in curriculum.draw(rng, self.config.rollout.env_questions):
            if arm.env == env.id:
                queries.append((env.query(rng, arm.task), arm.task, False))
        return queries

    def temperature(self, role: str) -> float:
        """Return the temperature that completions of `role` are sampled at."""
        return float(getattr(self.config.rollout, f"{role}_temperature"))

    def assess(self, rollouts: Sequence[ProposalRollout], trial: Trial) -> None:
        """Measure what proposals do to the policy, after each rollout; for algorithms with `needs_policy_eval`."""

    def prepare(self, trial: Trial, step: int, rng: SeededRng) -> None:
        """Get ready for the rollout of a `step`."""

    # --- what is paid -------------------------------------------------------------------------------------------

    def _weights(self, role: str) -> Mapping[str, float]:
        return self.config.rewards.of(role)

    def proposer_scores(self, rollouts: Sequence[ProposalRollout]) -> list[Score | None]:
        """Return the score of each proposal; None where infrastructure failed on it, or no model proposed."""
        step_context = StepContext(rollouts, self.config.paper_compat, self.utilities)
        return [
            None
            if rollout.completion is None or infrastructure_failed(rollout)
            else PROPOSER.score(ProposalContext(rollout, step_context), self._weights("proposer"))
            for rollout in rollouts
        ]

    def coder_score(self, rollout: ProposalRollout, program: ProgramRollout) -> Score | None:
        """Return the score of a `program` for the proposal of `rollout`; None where infrastructure failed."""
        if program.spec_check is None:
            return None
        context = ProgramContext(program, program.spec_check, rollout, self.config.paper_compat)
        return CODER.score(context, self._weights("coder"))

    def label(self, answered_item: AnsweredItem) -> Label | None:
        """Return what the Solver is held to: the oracle's answer or its own majority's, as configured.

        None where a vote gives no label, or its share lies outside the configured band.
        """
        labels, vote = self.config.labels, answered_item.vote
        if labels.source == "oracle" or answered_item.rejection is not None:
            return Label(answered_item.item.truth.value, True)
        is_in_band = vote.label is not None and labels.min_vote_share <= vote.share <= labels.max_vote_share
        return Label(vote.label or "", False) if is_in_band else None

    def solver_scores(self, answered_item: AnsweredItem) -> list[Score] | None:
        """Return the score of each answer to an item; None where the item has no label."""
        label = self.label(answered_item)
        if label is None:
            return None
        if label.true:
            return self.oracle_scores(answered_item)
        return self._scored(answered_item, [float(label.matches(reply.text)) for reply in answered_item.answers])

    def oracle_scores(self, answered_item: AnsweredItem) -> list[Score]:
        """Return the score of each answer to an item against the oracle, whatever the run's labels are."""
        return self._scored(answered_item, [score.terms["correct"] for score in answered_item.scores])

    def _scored(self, answered_item: AnsweredItem, correct_marks: Sequence[float]) -> list[Score]:
        return [
            SOLVER.score(
                AnswerContext(
                    reply,
                    answered_item,
                    correct,
                    oracle_score.terms["format"],
                    len(reply.ids) / answered_item.token_limit if answered_item.token_limit else 0.0,
                ),
                self._weights("solver"),
            )
            for reply, oracle_score, correct in zip(
                answered_item.answers, answered_item.scores, correct_marks, strict=True
            )
        ]

    # --- what is learned from -----------------------------------------------------------------------------------

    def teaches_coder(self, rollout: ProposalRollout) -> bool:
        """Tell whether the Coder learns from the programs of `rollout`."""
        return True

    def teaches_solver(self, rollout: ProposalRollout, answered_item: AnsweredItem) -> bool:
        """Tell whether the Solver learns from an item of `rollout`."""
        return True

    def sft_examples(
        self, rollouts: Sequence[ProposalRollout], trajectories: Sequence[Trajectory], policy: "Policy"
    ) -> list[Trajectory]:
        """Return what is imitated in a supervised phase: by default, each completion that is correct by the oracle.

        Args:
            rollouts: of the step.
            trajectories: of the roles that learn.
            policy: whose tokenizer writes answers that nobody sampled.
        """
        return [trajectory for trajectory in trajectories if trajectory.correct]

    # --- what is remembered -------------------------------------------------------------------------------------

    def observe(self, rollouts: Sequence[ProposalRollout], trial: Trial) -> None:
        """Take in the `rollouts` of a finished step."""
        if self.config.curriculum.kind == "failures":
            answered_items = [answered_item for rollout in rollouts for answered_item in rollout.answered_items]
            self.failed_questions.extend(
                answered_item.item.question.text
                for answered_item in answered_items
                if answered_item.solve_rate < FAILED
            )

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps, as JSON values."""
        return {"failed_questions": list(self.failed_questions)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back a `state` that `state()` gave."""
        self.failed_questions = deque(state["failed_questions"], maxlen=FAILED_SHOWN)

    def metrics(self) -> dict[str, float]:
        """Return what to log of the algorithm itself, as `algorithm/NAME`."""
        return {}


def mean(values: Sequence[float]) -> float:
    """Return the mean of `values`, 0 of an empty sequence."""
    return sum(values) / len(values) if values else 0.0
