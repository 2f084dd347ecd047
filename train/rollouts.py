"""What a step's episode tree is made of: proposals, drawings, and questions with the Solver's answers."""

from dataclasses import dataclass, field
from typing import NamedTuple

from ..envs import Briefing, Environment, Item, Rejected, Score
from ..render import Picture
from ..render.drawing import Outcome
from ..roles.labels import Vote
from ..roles.proposer import Proposal
from .generators.hf import Completion, Prompt

EXPLAIN = "explain"
"""The task of an item that asks why another question has no answer."""


NO_VOTE = Vote(None, 0.0)


class Drawing(NamedTuple):
    """What a program came to."""

    program: str
    outcome: Outcome
    score: Score | None
    """By what was drawn alone; None where our machinery failed: no reward, no trace."""


class Given(NamedTuple):
    """A scene that the world made, with its picture: what a Proposer that does not draw asks about."""

    item: Item
    picture: Picture


@dataclass(slots=True)
class Asked:
    """An item with the Solver's answers."""

    item: Item
    own: bool
    """True for the Proposer's question, False for one that the environment added."""
    picture: Picture
    prompt: Prompt | None = None
    """Made when it is asked: most that are offered never are."""
    answers: list[Completion] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    """Of the answers against the oracle, whatever they are rewarded for."""
    vote: Vote = NO_VOTE
    """What the answers agree on."""
    refused: Rejected | None = None
    """Of an item that asks for an explanation: what is to be explained."""

    @property
    def rate(self) -> float:
        """The Solver's accuracy against the oracle."""
        return sum(score.terms["correct"] for score in self.scores) / len(self.scores)

    @property
    def drawing(self) -> str:
        """The digest of the scene that it is about."""
        return self.item.scene.digest


@dataclass(slots=True)
class Attempt:
    """One proposal with all that grew from it; where the world does the proposing, one briefing with it."""

    env: Environment
    briefing: Briefing
    path: tuple[str, ...]
    prompt: Prompt | None = None
    """None where no model proposed."""
    completion: Completion | None = None
    proposal: Proposal | Rejected | None = None
    """None where the world made the whole item."""
    given: Given | None = None
    """The scene that it asks about, where that was not left to a Coder."""
    coder_prompt: Prompt | None = None
    programs: list[Completion] = field(default_factory=list)
    drawings: list[Drawing] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    refused: list[Rejected] = field(default_factory=list)
    """Why the question could not be asked of a faithful drawing, or of the given scene."""
    failures: int = 0
    """How often our machinery failed to make an item for it."""

    @property
    def own(self) -> list[Asked]:
        """The Proposer's question, on each scene that it was asked of."""
        return [asked for asked in self.asked if asked.own]

    def about(self, drawing: Drawing) -> list[Asked]:
        """The questions that were asked about a drawing."""
        scene = getattr(drawing.outcome, "scene", None)
        return [] if scene is None else [asked for asked in self.asked if asked.drawing == scene.digest]
