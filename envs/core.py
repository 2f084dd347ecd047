"""The Environment contract: what a world must offer to be proposed in, drawn in, asked about and scored."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, cast

from typing_extensions import TypeVar

from ..errors import UserError
from ..geometry import FlatScene, Scene, read_scene, scene_kind
from ..render import InfrastructureError, Picture, Rejected
from ..render.drawing import Drawn, Pools, shared
from .answers import Answer, Score, score_answer
from .rng import SeededRng

S = TypeVar("S", bound=Scene, default=Any)

SPLITS = ("train", "dev", "heldout")


class FolderError(UserError, ValueError):
    """A world cannot be made of what lies in a folder; the message says why."""


@dataclass(frozen=True, slots=True)
class Task:
    """One question form of an environment."""

    name: str
    kind: str
    """Answer kind: one of `answers.KINDS`."""
    options: tuple[str, ...]
    """Every answer that an item of this form can have; sampled items have each equally often. None where answers are
    open: amounts, or names that the scene gives."""
    about: str
    open_chance: float = 0.0
    """Accuracy of the best constant answer where answers are open."""

    @property
    def chance(self) -> float:
        """Accuracy of the best constant answer on sampled items."""
        return 1.0 / len(self.options) if self.options else self.open_chance


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
    """Of the margin."""
    tolerance: float = 0.0
    """How far a right answer may be off, as a share of the value; amounts only."""
    measure: str = ""
    """What the value is counted in, such as `cm`; an answer may say it or leave it out."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; without a measure where there is none, as items of worlds older than measures were."""
        fields = asdict(self)
        return fields if self.measure else {name: fields[name] for name in fields if name != "measure"}


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
    scene: Scene
    question: Question
    truth: Truth
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Canonical JSON: equal items give equal bytes."""
        body = {name: getattr(self, name) for name in ("id", "env", "task", "difficulty", "program")}
        body |= {"scene": json.loads(self.scene.to_json()), "question": asdict(self.question)}
        body |= {"truth": self.truth.to_dict(), "provenance": dict(self.provenance)}
        if not isinstance(self.scene, FlatScene):
            body["scene_kind"] = scene_kind(self.scene)
        return json.dumps(body, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Item":
        """The item that `to_json` wrote."""
        body = json.loads(text)
        question = body["question"] | {"options": tuple(body["question"]["options"])}
        return cls(
            **{name: body[name] for name in ("id", "env", "task", "difficulty", "program", "provenance")},
            scene=read_scene(body.get("scene_kind", "flat"), json.dumps(body["scene"])),
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


class Environment(ABC, Generic[S]):
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
    example: str
    """A query of this world, in JSON, shown to the Proposer."""
    guide: str
    """What the Coder is told: which kind of program, its canvas, what to keep to."""
    renderer: str = "svg"
    """The kind of its programs, one of `render.pools.KINDS`."""
    size: int = 64
    """The width, px, at which its pictures are meant to be seen."""

    def with_data(self, folder: Path) -> "Environment":
        """The same world made of what lies in a folder, such as scanned rooms.

        Raises:
            FolderError: it is made of nothing of the sort, or the folder has nothing of it.
        """
        raise FolderError(f"{self.id} is not made of a folder: write it without @{folder}")

    @abstractmethod
    def briefing(self, rng: SeededRng, task: str, difficulty: int) -> Briefing:
        """What to ask of the Proposer for this task and difficulty."""

    @abstractmethod
    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        """An item without any model; the same key of `rng` gives the same item."""

    @abstractmethod
    def query(self, rng: SeededRng, task: str) -> Any:
        """A query of the task's form, drawn without any scene: its words tell nothing of the answer."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """JSON schema (draft 2020-12) of this world's queries; every query that `parse` accepts is valid under it."""

    @abstractmethod
    def difficulty_of(self, scene: S) -> int:
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
    def describe(self, requirement: Requirement) -> str:
        """A requirement in English, for the Coder: `2 red circles`."""

    def draw(
        self, pools: Pools, programs: Sequence[str], size: int | None = None
    ) -> list[Drawn | Rejected | InfrastructureError]:
        """What programs, anybody's, come to in the sandbox, in order; `size` px wide, by default this world's size."""
        return pools.draw(self.renderer, programs, size or self.size)

    def render(self, program: str) -> S | Rejected:
        """The scene that a program draws, in this process's own workers.

        Raises:
            InfrastructureError: our machinery failed; nothing is known of the program.
        """
        (found,) = self.draw(shared(), [program])
        if isinstance(found, InfrastructureError):
            raise found
        return found if isinstance(found, Rejected) else cast(S, found.scene)

    @abstractmethod
    def render_item(self, item: Item, size: int) -> Picture:
        """The item's pixels, `size` wide.

        Raises:
            InfrastructureError: our machinery failed, in worlds whose programs run code.
        """

    def observation(self, item: Item, drawn: Drawn) -> Picture:
        """The item's pixels at this world's size, where its program was drawn already.

        A world in which the question decides what is to be seen lays it out here, without drawing again.
        """
        return drawn.picture

    def explanation_image(self, item: Item, size: int) -> Picture | None:
        """A picture, `size` px wide, on which a reader can check the answer; None in worlds that need none."""
        return None

    @abstractmethod
    def missing_requirements(self, scene: S, requirements: Sequence[Requirement]) -> tuple[str, ...] | Rejected:
        """What a drawing fails to show, in words; empty where it shows all of it and nothing else."""

    @abstractmethod
    def check(self, scene: S, query: Any) -> Rejected | None:
        """Why this question cannot be asked of this scene, or None."""

    @abstractmethod
    def solve(self, scene: S, query: Any) -> Truth | Rejected:
        """The answer, its margin, or why there is none."""

    @abstractmethod
    def ask(self, query: Any, rng: SeededRng, scene: S) -> Question:
        """The query about this scene in English, in one of its phrasings."""

    def score(self, truth: Truth, options: Sequence[str], answer_text: str) -> Score:
        """1 for the right answer in an accepted form, 0 for anything else."""
        return score_answer(
            Answer(truth.value, truth.kind, tuple(options), truth.tolerance, truth.measure), answer_text
        )
