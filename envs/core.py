"""The Environment contract: what a world must offer to be proposed in, drawn in, asked about and scored."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..geometry import FlatScene
from ..render import Picture, Rejected
from .answers import Answer, Score, score_answer
from .streams import Stream

SPLITS = ("train", "dev", "heldout")


@dataclass(frozen=True, slots=True)
class Task:
    """One question form of an environment."""

    name: str
    kind: str
    """Answer kind: `number`, `yesno` or `word`."""
    options: tuple[str, ...]
    """Every answer that an item of this form can have; sampled items have each equally often."""
    about: str

    @property
    def chance(self) -> float:
        """Accuracy of the best constant answer on balanced items."""
        return 1.0 / len(self.options)


@dataclass(frozen=True, slots=True)
class Question:
    """A query with the words that ask it."""

    query: Any
    """The program as JSON (nested lists and strings)."""
    text: str
    kind: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """The oracle's answer and how far the scene is from a different one."""

    value: str
    kind: str
    margin: float
    unit: str = "px"
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True)
class Requirement:
    """How many objects of one description a drawing must show."""

    count: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Briefing:
    """What the Proposer is asked for: a question form and how crowded the picture should be."""

    task: str
    difficulty: int
    objects: int

    @property
    def text(self) -> str:
        """The briefing in the words that the Proposer reads."""
        return f"{self.task.replace('_', ' ')}, {self.objects} objects"


@dataclass(frozen=True, slots=True)
class Item:
    """One question about one scene, with its oracle's answer; everything in it is data."""

    id: str
    env: str
    task: str
    difficulty: int
    program: str
    scene: FlatScene
    question: Question
    truth: Truth
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Canonical JSON: equal items give equal bytes."""
        body = {name: getattr(self, name) for name in ("id", "env", "task", "difficulty", "program")}
        body |= {"scene": json.loads(self.scene.to_json()), "question": asdict(self.question)}
        body |= {"truth": asdict(self.truth), "provenance": dict(self.provenance)}
        return json.dumps(body, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Item":
        """The item that `to_json` wrote."""
        body = json.loads(text)
        question = body["question"] | {"options": tuple(body["question"]["options"])}
        return cls(
            **{name: body[name] for name in ("id", "env", "task", "difficulty", "program", "provenance")},
            scene=FlatScene.from_json(json.dumps(body["scene"])),
            question=Question(**question),
            truth=Truth(**body["truth"]),
        )

    @property
    def digest(self) -> str:
        """sha256 over the canonical JSON without the id: equal content, equal digest."""
        body = json.loads(self.to_json())
        for name in ("id", "provenance"):
            del body[name]
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


class Environment(ABC):
    """A world of scenes and questions whose answers are computed, never guessed.

    A method that judges model-written input returns `Rejected` with a reason; it raises only on a
    programming error. Everything is a pure function of its arguments.
    """

    id: str
    """`family/Name-vN`; any change of an item's bytes or answers for the same key is a new N."""
    tasks: Mapping[str, Task]
    difficulties: tuple[int, ...]
    words: tuple[str, ...]
    """Every word that a description may use."""

    @abstractmethod
    def briefing(self, stream: Stream, task: str, difficulty: int) -> Briefing:
        """What to ask of the Proposer for this task and difficulty."""

    @abstractmethod
    def sample(self, stream: Stream, task: str, difficulty: int) -> Item:
        """An item without any model; the same stream key gives the same item."""

    @abstractmethod
    def query(self, stream: Stream, task: str) -> Any:
        """A query of the task's form, drawn without any scene: its words tell nothing of the answer."""

    @abstractmethod
    def difficulty_of(self, scene: FlatScene) -> int:
        """The difficulty that a drawing has, whoever drew it."""

    @abstractmethod
    def parse(self, text: str) -> Any | Rejected:
        """The query in a text of JSON, type-checked."""

    @abstractmethod
    def parse_value(self, value: Any) -> Any | Rejected:
        """The query in decoded JSON, type-checked."""

    @abstractmethod
    def task_of(self, query: Any) -> str | None:
        """The task whose form this query has, or None where it is of no named form."""

    @abstractmethod
    def requirements(self, value: Any) -> tuple[Requirement, ...] | Rejected:
        """The requirements in a JSON value such as `[[2, "red", "circle"]]`, checked."""

    @abstractmethod
    def render(self, program: str) -> FlatScene | Rejected:
        """The scene that a program draws."""

    @abstractmethod
    def picture(self, scene: FlatScene, size: int) -> Picture:
        """The scene's pixels, `size` wide."""

    @abstractmethod
    def unmet(self, scene: FlatScene, requirements: Sequence[Requirement]) -> tuple[str, ...] | Rejected:
        """What a drawing fails to show, in words; empty where it shows all of it and nothing else."""

    @abstractmethod
    def check(self, scene: FlatScene, query: Any) -> Rejected | None:
        """Why this question cannot be asked of this scene, or None."""

    @abstractmethod
    def solve(self, scene: FlatScene, query: Any) -> Truth | Rejected:
        """The answer, its margin, or why there is none."""

    @abstractmethod
    def ask(self, query: Any, stream: Stream) -> Question:
        """The query in English, in one of its phrasings."""

    def score(self, truth: Truth, options: Sequence[str], answer_text: str) -> Score:
        """1 for the right answer in an accepted form, 0 for anything else."""
        return score_answer(Answer(truth.value, truth.kind, tuple(options)), answer_text)
