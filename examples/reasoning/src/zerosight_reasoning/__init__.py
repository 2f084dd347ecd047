"""reasoning-gym's data sets as worlds: the problem is typeset as a picture, and the Solver reads and solves it.

Task:
    A picture of the text of one entry of a data set; the answer is the entry's.

Answer:
    Text that must be the entry's answer, in any case. No tolerance.

Difficulty knobs:
    None: the data set's default configuration.

Degenerate cases excluded:
    Entries without an answer, and those whose text does not fit into `MAX_LINES` lines.

History:
    v1: first version.
"""

import textwrap
from collections.abc import Sequence
from html import escape
from typing import Any

from reasoning_gym.dataset import ProceduralDataset
from reasoning_gym.factory import DATASETS, create_dataset

from zerosight import UserError
from zerosight.envs import (
    Briefing,
    Environment,
    FlatScene,
    InfrastructureError,
    Item,
    Picture,
    Question,
    Rejected,
    Requirement,
    Score,
    SeededRng,
    Task,
    Truth,
)
from zerosight.envs.answers import final_claims
from zerosight.envs.language.query import loads
from zerosight.render.drawing import shared

WIDTH, LINE_HEIGHT, FONT_SIZE, LINE_CHARS, MAX_LINES = 448, 18, 14, 54, 24
MAX_SEED = 2**31 - 1
TRIES = 100


class UnwrappableError(UserError, ValueError):
    """A data set that cannot be a world; the message says why."""


def typeset(text: str) -> str | None:
    """Return an SVG program that shows `text`, or None where it does not fit."""
    lines = [part for line in text.splitlines() for part in (textwrap.wrap(line, LINE_CHARS) or [""])]
    if len(lines) > MAX_LINES or any(ord(char) < 32 or ord(char) > 0xFFFF for line in lines for char in line):
        return None
    rows = "".join(
        f'<text x="8" y="{24 + LINE_HEIGHT * number}" font-size="{FONT_SIZE}">{escape(line)}</text>'
        for number, line in enumerate(lines)
        if line.strip()
    )
    return f'<svg viewBox="0 0 {WIDTH} {WIDTH}">{rows}</svg>'


class ReasoningWorld(Environment[FlatScene]):
    """Problems of one data set of reasoning-gym.

    Args:
        name: of the data set, such as `leg_counting`.
    """

    difficulties = (1,)
    words = ()
    guide = "The picture is the text of a problem; it is typeset by the world."
    renderer = "svg"
    size = WIDTH

    def __init__(self, name: str) -> None:
        if name not in DATASETS:
            raise UnwrappableError(f"reasoning-gym has no data set {name!r}")
        if DATASETS[name][0].score_answer is not ProceduralDataset.score_answer:
            raise UnwrappableError(f"{name} scores answers by a program of its own, which needs more than the answer")
        self.name = name
        self.id = f"reasoning/{''.join(part.capitalize() for part in name.split('_'))}-v1"
        self.tasks = {name: Task(name, "name", (), f"problems of reasoning-gym's {name}")}
        self.example = f'["solve", "{name}", 0]'

    def _entry(self, seed: int) -> dict[str, Any]:
        return dict(create_dataset(self.name, size=1, seed=seed)[0])

    def briefing(self, rng: SeededRng, task: str, difficulty: int) -> Briefing:
        """Return the only specification that there is."""
        return Briefing(task, difficulty, 1)

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        """Make an item of the first entry drawn with `rng` that has an answer and fits.

        Raises:
            UnwrappableError: none of many did.
        """
        for _ in range(TRIES):
            seed = rng.integer(0, MAX_SEED)
            entry = self._entry(seed)
            program = typeset(str(entry["question"]))
            if program is None or not str(entry["answer"] or "").strip():
                continue
            scene, query = self.render(program), ["solve", self.name, seed]
            if isinstance(scene, Rejected):
                continue
            truth = Truth(str(entry["answer"]), "name", 1.0, "answer")
            item_id = "/".join(map(str, rng.key))
            return Item(item_id, self.id, task, difficulty, program, scene, self.ask(query, rng, scene), truth)
        raise UnwrappableError(f"{self.name}: no entry of {TRIES} fits into a picture")

    def query(self, rng: SeededRng, task: str) -> Any:
        """Draw the number of an entry with `rng`."""
        return ["solve", self.name, rng.integer(0, MAX_SEED)]

    def difficulty_of(self, scene: FlatScene) -> int:
        """Return 1."""
        return 1

    def parse(self, text: str) -> Any | Rejected:
        """Read a query from `text`."""
        value = loads(text)
        return value if isinstance(value, Rejected) else self.parse_value(value)

    def parse_value(self, value: Any) -> Any | Rejected:
        """Read a query from `value`: `["solve", NAME, SEED]`."""
        is_query = isinstance(value, list) and len(value) == 3 and value[:2] == ["solve", self.name]
        if not is_query or type(value[2]) is not int or not 0 <= value[2] <= MAX_SEED:
            return Rejected("syntax", f'a query is ["solve", "{self.name}", NUMBER]', "write one")
        return value

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the queries."""
        seed = {"type": "integer", "minimum": 0, "maximum": MAX_SEED}
        parts = [{"const": "solve"}, {"const": self.name}, seed]
        return {"type": "array", "prefixItems": parts, "items": False, "minItems": 3}

    def task_of(self, query: Any) -> str | None:
        """Return the only task."""
        return self.name

    def requirements(self, value: Any) -> tuple[Requirement, ...] | Rejected:
        """Refuse every `value`: the text is the world's own."""
        return () if value == [] else Rejected("requirements", "the picture is the world's own", "write []")

    def describe(self, requirement: Requirement) -> str:
        """Return the words of `requirement`, of which there is none."""
        return " ".join(requirement.words)

    def missing_requirements(self, scene: FlatScene, requirements: Sequence[Requirement]) -> tuple[str, ...] | Rejected:
        """Return nothing: nothing is required."""
        return ()

    def render_item(self, item: Item, size: int) -> Picture:
        """Draw the text of `item`, `size` px wide."""
        (drawn,) = self.draw(shared(), [item.program], size)
        if isinstance(drawn, Rejected):
            raise InfrastructureError(f"an accepted program was rejected: {drawn}")
        if isinstance(drawn, InfrastructureError):
            raise drawn
        return drawn.picture

    def solve(self, scene: FlatScene, query: Any) -> Truth | Rejected:
        """Return the entry's answer where `scene` shows its text."""
        entry = self._entry(query[2])
        program = typeset(str(entry["question"]))
        shown = self.render(program) if program is not None else None
        if not isinstance(shown, FlatScene) or shown.digest != scene.digest:
            return Rejected("other_problem", "the picture does not show this problem", "show the problem's text")
        return Truth(str(entry["answer"]), "name", 1.0, "answer")

    def ask(self, query: Any, rng: SeededRng, scene: FlatScene) -> Question:
        """Return the question, which is the same for every problem."""
        return Question(query, "solve the problem in the picture: what is the answer?", "name", ())

    def score(self, truth: Truth, options: Sequence[str], answer_text: str) -> Score:
        """Score the last claim of `answer_text` by the data set's rule: 1 for the answer itself, in any case."""
        claims = [claim.strip().strip("*`\"'").rstrip(".").strip() for claim in final_claims(answer_text)]
        is_right = bool(claims) and len(set(claims)) == 1 and claims[0].casefold() == truth.value.strip().casefold()
        return Score(float(is_right), {"correct": float(is_right), "format": float(any(claims))})


def leg_counting() -> ReasoningWorld:
    """Return the world of `leg_counting`."""
    return ReasoningWorld("leg_counting")


def basic_arithmetic() -> ReasoningWorld:
    """Return the world of `basic_arithmetic`."""
    return ReasoningWorld("basic_arithmetic")


def number_sequence() -> ReasoningWorld:
    """Return the world of `number_sequence`."""
    return ReasoningWorld("number_sequence")
