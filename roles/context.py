"""Contexts: all that a reward term may be computed from, for one answer, one program or one proposal.

The classes that hold rollouts belong to the training layer, which this one may not import; the protocols below say
which of their attributes a term may read. `terms.py` declares the terms.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeVar

from ..envs import Briefing, Environment, Item, Rejected, Score
from ..geometry import scene_kind, statistics
from ..render.drawing import Drawn, RenderOutcome
from .coder import SpecCheck
from .labels import Vote
from .novelty import cluster_shares, structure
from .proposer import Proposal

_Answer = TypeVar("_Answer")

CONCEPT_CUT = 0.5
"""Distance (1 - BLEU) at which concepts are no longer one cluster: R-Zero's."""


class ReplyView(Protocol):
    """A text that a model wrote."""

    @property
    def text(self) -> str:
        """The reply as text."""
        ...


class SceneView(Protocol):
    """A scene that the environment made, for a Proposer that asks about given scenes."""

    @property
    def item(self) -> Item:
        """The item whose scene it is."""
        ...


class ItemView(Protocol):
    """A question about a picture, with the Solver's answers."""

    @property
    def item(self) -> Item:
        """Question, scene and true answer."""
        ...

    @property
    def from_proposer(self) -> bool:
        """True for the Proposer's question, False for one that the environment sampled."""
        ...

    @property
    def answers(self) -> Sequence[ReplyView]:
        """The Solver's answers."""
        ...

    @property
    def scores(self) -> Sequence[Score]:
        """The oracle's score of each answer, with terms `correct` and `format`."""
        ...

    @property
    def vote(self) -> Vote:
        """The majority among the answers."""
        ...

    @property
    def rejection(self) -> Rejected | None:
        """The reason why a question has no answer, where an explanation is asked for."""
        ...

    @property
    def solve_rate(self) -> float:
        """The Solver's accuracy against the oracle, 0 to 1."""
        ...

    @property
    def scene_digest(self) -> str:
        """The digest of the scene that it is about."""
        ...


class ProgramView(Protocol):
    """A program of the Coder with what it drew."""

    @property
    def program(self) -> str:
        """The program's text."""
        ...

    @property
    def outcome(self) -> RenderOutcome:
        """Its drawing, the reason of its rejection, or the failure of the infrastructure."""
        ...

    @property
    def spec_check(self) -> SpecCheck | None:
        """The comparison of its drawing with what was required; None where the infrastructure failed."""
        ...


class ProposalView(Protocol):
    """A proposal with its programs, their drawings, and the questions that were answered about those."""

    @property
    def env(self) -> Environment:
        """The environment that it proposes in."""
        ...

    @property
    def briefing(self) -> Briefing:
        """The task and the number of objects that were asked for."""
        ...

    @property
    def path(self) -> tuple[str, ...]:
        """Its place among the step's rollouts, unique within the step."""
        ...

    @property
    def completion(self) -> ReplyView | None:
        """The Proposer's reply; None where no model proposed."""
        ...

    @property
    def proposal(self) -> Proposal | Rejected | None:
        """The proposal that was read from it, or the reason why there is none."""
        ...

    @property
    def conditioning_scene(self) -> SceneView | None:
        """The scene that it asks about, where no Coder drew one."""
        ...

    @property
    def program_rollouts(self) -> Sequence[ProgramView]:
        """The Coder's programs for it."""
        ...

    @property
    def answered_items(self) -> Sequence[ItemView]:
        """All questions that were answered about its scenes."""
        ...

    @property
    def question_rejections(self) -> Sequence[Rejected]:
        """The reasons why its question has no clear answer, one for each scene where it has none."""
        ...

    @property
    def proposer_items(self) -> Sequence[ItemView]:
        """Its own question, once for each scene where it was answered."""
        ...

    def items_about(self, program: ProgramView) -> Sequence[ItemView]:
        """Return the questions that were answered about what `program` drew."""
        ...


@dataclass(frozen=True)
class AnswerContext:
    """One answer of the Solver."""

    reply: ReplyView
    answered_item: ItemView
    correct: float
    """1 where it is right by its label: the oracle's answer, or the majority's."""
    well_formed: float
    """1 where it is an answer of the kind that was asked for."""
    length_share: float = 0.0
    """Its tokens over the most that it may have, 0 to 1."""


@dataclass(frozen=True)
class ProgramContext:
    """One program of the Coder, which the infrastructure could judge."""

    program: ProgramView
    spec_check: SpecCheck
    rollout: ProposalView
    """The proposal that it was written for."""
    paper_compat: Collection[str] = ()
    """Switches of published behaviour that are on."""

    @property
    def drawn(self) -> Drawn | None:
        """Its drawing; None where it was rejected."""
        return self.program.outcome if isinstance(self.program.outcome, Drawn) else None

    @property
    def answered_items(self) -> Sequence[ItemView]:
        """The questions that were answered about its drawing."""
        return self.rollout.items_about(self.program)


@dataclass
class StepContext:
    """All proposals of a step: what a term compares one of them with. Each statistic is computed once, when asked for.

    >>> StepContext([]).valid_proposals
    []
    """

    rollouts: Sequence[ProposalView]
    paper_compat: Collection[str] = ()
    """Switches of published behaviour that are on."""
    utilities: Mapping[tuple[str, ...], float] = field(default_factory=dict)
    """Measured gain of the policy from a proposal's questions, by its path; of algorithms that measure it."""

    @cached_property
    def valid_proposals(self) -> list[ProposalView]:
        """The rollouts whose proposal was accepted."""
        return [rollout for rollout in self.rollouts if isinstance(rollout.proposal, Proposal)]

    @cached_property
    def query_counts(self) -> Counter[tuple[str, str]]:
        """The number of valid proposals for a task that ask the same query."""
        return Counter(map(query_key, self.valid_proposals))

    @cached_property
    def task_counts(self) -> Counter[str]:
        """The number of valid proposals that were briefed with a task."""
        return Counter(rollout.briefing.task for rollout in self.valid_proposals)

    @cached_property
    def proposed_tasks(self) -> list[str]:
        """The task of each valid proposal's query."""
        return [proposed_task(rollout) for rollout in self.valid_proposals]

    @cached_property
    def program_structures(self) -> dict[tuple[str, ...], set[str]]:
        """The structures of the programs for each valid proposal, by its path."""
        return {
            rollout.path: {structure(program.program) for program in rollout.program_rollouts}
            for rollout in self.valid_proposals
        }

    @cached_property
    def scene_statistics(self) -> dict[tuple[str, ...], list[tuple[str, dict[str, float]]]]:
        """Kind and statistics of each scene that was drawn for a valid proposal, by its path."""
        return {
            rollout.path: [
                (scene_kind(program.outcome.scene), statistics(program.outcome.scene))
                for program in rollout.program_rollouts
                if isinstance(program.outcome, Drawn)
            ]
            for rollout in self.valid_proposals
        }

    @cached_property
    def concept_shares(self) -> dict[tuple[str, ...], float]:
        """The share of valid proposals whose concept is in the same cluster of words, by path."""
        concepts = [rollout.proposal.concept for rollout in self.rollouts if isinstance(rollout.proposal, Proposal)]
        return self._by_path(self.valid_proposals, cluster_shares(concepts, CONCEPT_CUT))

    @cached_property
    def question_shares(self) -> dict[tuple[str, ...], float]:
        """The share of all proposals whose question is in the same cluster of words, by path: R-Zero's, cut 0.5."""
        return self._by_path(self.rollouts, cluster_shares(list(map(question_text, self.rollouts)), 0.5))

    @cached_property
    def text_excess(self) -> dict[tuple[str, ...], dict[str, float]]:
        """The excess of the clusters of a valid proposal's three texts over clusters of even size, by path.

        The texts and the cut of 0.25 are MM-Zero's; that the excess is over clusters of even size is ours.
        """
        texts: dict[str, list[str]] = {"caption": [], "easy": [], "hard": []}
        for rollout in self.valid_proposals:
            assert isinstance(rollout.proposal, Proposal)
            texts["caption"].append(rollout.proposal.concept)
            texts["easy"].append(", ".join(map(rollout.env.describe, rollout.proposal.requirements)))
            texts["hard"].append(question_text(rollout) if rollout.proposer_items else repr(rollout.proposal.query))
        excess_columns = {name: _excess(column) for name, column in texts.items()}
        return {
            rollout.path: {name: column[number] for name, column in excess_columns.items()}
            for number, rollout in enumerate(self.valid_proposals)
        }

    @staticmethod
    def _by_path(rollouts: Sequence[ProposalView], values: Sequence[float]) -> dict[tuple[str, ...], float]:
        return {rollout.path: value for rollout, value in zip(rollouts, values, strict=True)}


@dataclass(frozen=True)
class ProposalContext:
    """One proposal among those of its step."""

    rollout: ProposalView
    step: StepContext

    @property
    def proposal(self) -> Proposal:
        """The accepted proposal; terms of rejected ones read `rollout.proposal`."""
        assert isinstance(self.rollout.proposal, Proposal)
        return self.rollout.proposal

    @property
    def rejection(self) -> Rejected | None:
        """The reason why there is no proposal; None where there is one."""
        return self.rollout.proposal if isinstance(self.rollout.proposal, Rejected) else None

    @property
    def judged_programs(self) -> list[ProgramView]:
        """Its programs that the infrastructure could judge."""
        return [program for program in self.rollout.program_rollouts if program.spec_check is not None]


def mean_over(items: Sequence[_Answer], value: Callable[[_Answer], float]) -> float:
    """Return the mean of `value` over `items`, 0 of no items.

    >>> mean_over([1, 2], lambda number: 2.0 * number)
    3.0
    """
    return sum(map(value, items)) / len(items) if items else 0.0


def query_key(rollout: ProposalView) -> tuple[str, str]:
    """Return the briefed task and the query of a valid proposal: equal for two that ask the same."""
    assert isinstance(rollout.proposal, Proposal)
    return rollout.briefing.task, repr(rollout.proposal.query)


def proposed_task(rollout: ProposalView) -> str:
    """Return the task of a valid proposal's query, `other` for a query of no named task."""
    assert isinstance(rollout.proposal, Proposal)
    return rollout.proposal.task or "other"


def question_text(rollout: ProposalView) -> str:
    """Return what a proposal asks: its question in words where one was asked, else the whole reply."""
    if rollout.proposer_items:
        return rollout.proposer_items[0].item.question.text
    return rollout.completion.text if rollout.completion else ""


def _excess(texts: Sequence[str]) -> list[float]:
    shares = cluster_shares(texts, 0.25)
    # A cluster of share 1/k has k times that share's worth of members, so this counts the clusters.
    cluster_count = sum(1.0 / (share * len(texts)) for share in shares)
    return [share - 1.0 / cluster_count for share in shares]
