"""The Environment contract, and the data that passes through it: tasks, questions, answers, items.

An environment, or world, can be proposed in, drawn in, asked about and scored. Begin at `Environment`; to write one,
begin at `drawn.DrawnEnvironment` or `queried.QueriedEnvironment`, which do most of it. It imports `geometry`, `render`
and the siblings `answers` and `rng`.
"""

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
    """An environment cannot be made of the data in a folder; the message says why."""


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of question that an environment asks: the form of its queries and its answers."""

    name: str
    kind: str
    """Answer kind: one of `answers.KINDS`."""
    options: tuple[str, ...]
    """Every answer that an item of this task can have; sampled items have each equally often. Empty where answers are
    open: amounts, or names that the scene gives."""
    about: str
    open_chance: float = 0.0
    """Accuracy of the best constant answer where answers are open."""

    @property
    def chance(self) -> float:
        """The accuracy of the best constant answer on sampled items."""
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
        """Return JSON values; without a measure where there is none, as items of worlds older than measures were."""
        fields = asdict(self)
        return fields if self.measure else {name: fields[name] for name in fields if name != "measure"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """A number of objects of one description that a drawing must show."""

    count: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a picture must have so that a question can be asked of it."""

    text: str
    """In English: `a series called Sales`, `exactly one red circle`, `segment AB`."""
    part: Any
    """The part of the query that means nothing without it."""


@dataclass(frozen=True, slots=True)
class Briefing:
    """The specification that the Proposer is conditioned on: a task and how crowded the picture should be."""

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
        """Return canonical JSON: equal items give equal bytes."""
        item_fields = {name: getattr(self, name) for name in ("id", "env", "task", "difficulty", "program")}
        item_fields |= {"scene": json.loads(self.scene.to_json()), "question": asdict(self.question)}
        item_fields |= {"truth": self.truth.to_dict(), "provenance": dict(self.provenance)}
        if not isinstance(self.scene, FlatScene):
            item_fields["scene_kind"] = scene_kind(self.scene)
        return json.dumps(item_fields, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Item":
        """Read the item that `to_json` wrote as `text`."""
        item_fields = json.loads(text)
        question_fields = item_fields["question"] | {"options": tuple(item_fields["question"]["options"])}
        return cls(
            **{name: item_fields[name] for name in ("id", "env", "task", "difficulty", "program", "provenance")},
            scene=read_scene(item_fields.get("scene_kind", "flat"), json.dumps(item_fields["scene"])),
            question=Question(**question_fields),
            truth=Truth(**item_fields["truth"]),
        )

    @property
    def digest(self) -> str:
        """sha256 over the canonical JSON without the id: equal content, equal digest."""
        content = json.loads(self.to_json())
        for name in ("id", "provenance"):
            del content[name]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class Environment(ABC, Generic[S]):
    """A world of scenes and questions whose answers are computed, never guessed.

    A method that judges model-written input returns `Rejected` with a reason; it raises only on a
    programming error. Everything is a pure function of its arguments.

    The methods follow the way of a task: what is asked for (`briefing` to `with_data`), what models write (`parse` to
    `describe`), pictures (`draw` to `explanation_image`), the oracle (`solve` to `score`).
    """

    id: str
    """`family/Name-vN`; any change of an item's bytes or answers for the same key is a new N."""
    tasks: Mapping[str, Task]
    difficulties: tuple[int, ...]
    words: tuple[str, ...]
    """The words that a requirement may use."""
    example: str
    """A query of this world, in JSON, shown to the Proposer."""
    guide: str
    """The instructions for the Coder: which kind of program, its canvas, what to keep to."""
    renderer: str = "svg"
    """The kind of its programs: one of `render.drawing.KINDS`, or `edit`."""
    size: int = 64
    """The width, px, at which its pictures are meant to be seen."""

    # --- the task -------------------------------------------------------------------------------------------------

    @abstractmethod
    def briefing(self, rng: SeededRng, task: str, difficulty: int) -> Briefing:
        """Draw with `rng` what to ask of the Proposer for this `task` and `difficulty`."""

    @abstractmethod
    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        """Make an item of `task` and `difficulty` without any model; the same key of `rng` gives the same item."""

    @abstractmethod
    def query(self, rng: SeededRng, task: str) -> Any:
        """Draw a query of the form of `task` without any scene: its words tell nothing of the answer."""

    @abstractmethod
    def difficulty_of(self, scene: S) -> int:
        """Return the difficulty of `scene`, whoever drew it."""

    def with_data(self, folder: Path) -> "Environment":
        """Return the same environment made of the data in `folder`, such as scanned rooms.

        Raises:
            FolderError: this environment takes no data, or the folder has none of it.
        """
        raise FolderError(f"{self.id} is not made of a folder: write it without @{folder}")

    # --- what models write: queries and requirements --------------------------------------------------------------

    @abstractmethod
    def parse(self, text: str) -> Any | Rejected:
        """Read a query from `text`, JSON, and type-check it."""

    @abstractmethod
    def parse_value(self, value: Any) -> Any | Rejected:
        """Read a query from `value`, decoded JSON, and type-check it."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """Return the JSON schema (draft 2020-12) of the queries; every query that `parse` accepts is valid under it."""

    @abstractmethod
    def task_of(self, query: Any) -> str | None:
        """Return the task whose form `query` has, or None where it is of no named form."""

    @abstractmethod
    def requirements(self, value: Any) -> tuple[Requirement, ...] | Rejected:
        """Read and check the requirements in `value`, decoded JSON such as `[[2, "red", "circle"]]`."""

    def requirements_schema(self) -> dict[str, Any]:
        """Return the JSON schema (draft 2020-12) of what `requirements` accepts; by default, of any list."""
        return {"type": "array"}

    @abstractmethod
    def describe(self, requirement: Requirement) -> str:
        """Return `requirement` in English, for the Coder: `2 red circles`."""

    def needs(self, query: Any) -> tuple[Need, ...]:
        """Say what a picture must have so that `query` can be asked of it: names, points, stated conditions.

        Computed from the query alone, without any scene, so that it cannot tell the answer.
        """
        return ()

    def missing_needs(self, scene: S, query: Any) -> tuple[str, ...] | Rejected:
        """Say in words which of the needs of `query` a `scene` lacks; empty where it has all of them."""
        return ()

    # --- pictures -------------------------------------------------------------------------------------------------

    def draw(
        self, pools: Pools, programs: Sequence[str], size: int | None = None
    ) -> list[Drawn | Rejected | InfrastructureError]:
        """Run `programs`, anybody's, in the sandbox and return their outcomes in order.

        Args:
            pools: the sandbox's workers.
            programs: programs of the kind `renderer`.
            size: the width of the pictures, px; by default this environment's own.
        """
        return pools.draw(self.renderer, programs, size or self.size)

    def render(self, program: str) -> S | Rejected:
        """Return the scene that `program` draws, in this process's own workers.

        Raises:
            InfrastructureError: the sandbox failed; nothing is known of the program.
        """
        (outcome,) = self.draw(shared(), [program])
        if isinstance(outcome, InfrastructureError):
            raise outcome
        return outcome if isinstance(outcome, Rejected) else cast(S, outcome.scene)

    @abstractmethod
    def render_item(self, item: Item, size: int) -> Picture:
        """Draw the picture of `item`, `size` px wide.

        Raises:
            InfrastructureError: the sandbox failed, in environments whose programs run code.
        """

    def observation(self, item: Item, drawn: Drawn) -> Picture:
        """Return the picture of `item` at this environment's size, where its program was `drawn` already.

        An environment in which the question decides what is to be seen lays it out here, without drawing again.
        """
        return drawn.picture

    def explanation_image(self, item: Item, size: int) -> Picture | None:
        """Draw a picture, `size` px wide, on which a reader can check the answer to `item`; None if it needs none."""
        return None

    # --- the oracle -----------------------------------------------------------------------------------------------

    @abstractmethod
    def solve(self, scene: S, query: Any) -> Truth | Rejected:
        """Return the answer to `query` on `scene` with its margin, or why there is none."""

    def check(self, scene: S, query: Any) -> Rejected | None:
        """Return why `query` cannot be asked of `scene`, or None where it has one clear answer."""
        truth = self.solve(scene, query)
        return truth if isinstance(truth, Rejected) else None

    @abstractmethod
    def missing_requirements(self, scene: S, requirements: Sequence[Requirement]) -> tuple[str, ...] | Rejected:
        """Say in words what a `scene` lacks of the `requirements`; empty where it shows all of them and no more."""

    def requirements_of(self, scene: S) -> tuple[Requirement, ...]:
        """Return requirements that `scene` meets, as exact as words allow; empty where the environment cannot say."""
        return ()

    @abstractmethod
    def ask(self, query: Any, rng: SeededRng, scene: S) -> Question:
        """Return `query` about `scene` in English, in one of its phrasings, drawn with `rng`."""

    def score(self, truth: Truth, options: Sequence[str], answer_text: str) -> Score:
        """Score `answer_text`: 1 for the value of `truth` in an accepted form, 0 for anything else.

        Of graded kinds a near answer scores in between. `options` are the answers that the question allows.
        """
        return score_answer(
            Answer(truth.value, truth.kind, tuple(options), truth.tolerance, truth.measure), answer_text
        )
