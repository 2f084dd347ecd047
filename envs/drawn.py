"""Environments of countable objects that SVG programs draw: all about them but objects, queries and scenes.

The base to begin from: a subclass says how a scene is parsed, draws a query of each task, and composes a program whose
picture has the wanted answer.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from ..geometry import FlatScene
from ..render import Picture, Rejected, rasterise, resolve_svg
from .core import Briefing, Item, Requirement, Truth
from .language.literals import Description
from .language.query import Call
from .queried import QueriedEnvironment
from .requirements import Described, missing_requirements, read_requirements, requirements_of, requirements_schema
from .rng import SeededRng

MAX_QUERIES, MAX_SCENES_PER_QUERY = 50, 10
"""Queries, and scenes for each, that are tried before it is given up; a world that plans well needs one or two."""


class DrawnEnvironment(QueriedEnvironment[FlatScene]):
    """An environment whose scenes are parsed into a sequence of objects that words describe."""

    description: Description
    """What its things may be called."""
    objects: Mapping[int, tuple[int, int]]
    """By difficulty, the fewest and the most things of a scene."""
    max_objects: int
    """Beyond this many nothing is asked for."""

    @abstractmethod
    def parse_scene(self, scene: FlatScene) -> Sequence[Described] | Rejected:
        """Parse `scene` into the objects that questions are about, or say why the picture is not clear."""

    @abstractmethod
    def compose(self, rng: SeededRng, query: Call, target_answer: str | None, difficulty: int) -> str | None:
        """Write a program whose picture gives `query` the `target_answer` or, where answers are open, any clear one.

        Returns:
            The program, or None where the query can hardly have that answer: another one is drawn.
        """

    def briefing(self, rng: SeededRng, task: str, difficulty: int) -> Briefing:
        """Draw a number of objects within the range of `difficulty`, to be asked about by `task`."""
        return Briefing(task, difficulty, rng.integer(*self.objects[difficulty]))

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        """Make an item of `task`: query first, then the answer it shall have, then a scene that gives it.

        That order keeps blind guessing at chance.
        """
        truth: Truth | Rejected = Rejected("none", "no program was composed")
        for try_number in range(MAX_QUERIES * MAX_SCENES_PER_QUERY):
            # A second query is rare, so that what its words tell of the answer is next to nothing.
            if try_number % MAX_SCENES_PER_QUERY == 0:
                query, target_answer = self.query_and_answer(rng, task, difficulty)
            program = self.compose(rng, query, target_answer, difficulty)
            if program is None:
                continue
            scene = self.render(program)
            truth = scene if isinstance(scene, Rejected) else self.solve(scene, query)
            if isinstance(scene, FlatScene) and isinstance(truth, Truth) and target_answer in (None, truth.value):
                item_id = "/".join(map(str, rng.key))
                return Item(item_id, self.id, task, difficulty, program, scene, self.ask(query, rng, scene), truth)
        raise RuntimeError(f"no sampled scene of {rng.key} holds what it was built for; the last one: {truth}")

    def query_and_answer(self, rng: SeededRng, task: str, difficulty: int) -> tuple[Call, str | None]:
        """Draw a query of `task` and the answer that it shall have, or None where answers are open."""
        query, options = self.query(rng, task), self.tasks[task].options
        return query, rng.choice(options) if options else None

    def difficulty_of(self, scene: FlatScene) -> int:
        """Return the first difficulty whose range reaches the number of objects in `scene`; the last for more."""
        object_count = len(scene.objects)
        return next(
            (level for level, (_, max_count) in self.objects.items() if object_count <= max_count), max(self.objects)
        )

    def requirements(self, value: Any) -> tuple[Requirement, ...] | Rejected:
        """Read `value`, a list of `[count, word, ...]`."""
        return read_requirements(value, self.description, self.max_objects)

    def requirements_schema(self) -> dict[str, Any]:
        """Return the JSON schema of lists of `[count, word, ...]` for constrained decoding."""
        return requirements_schema(self.description, self.max_objects)

    def describe(self, requirement: Requirement) -> str:
        """Return `requirement` in English: `2 red circles`, `1 small shape`."""
        description_literal = self.language.literal("select", *requirement.words)
        return f"{requirement.count} {self.grammar.say(description_literal, plural=requirement.count > 1)}"

    def missing_requirements(self, scene: FlatScene, requirements: Sequence[Requirement]) -> tuple[str, ...] | Rejected:
        """Match each object of `scene` with one of the `requirements`, and say which of these lack objects."""
        scene_objects = self.world_of(scene)
        return (
            scene_objects if isinstance(scene_objects, Rejected) else missing_requirements(scene_objects, requirements)
        )

    def requirements_of(self, scene: FlatScene) -> tuple[Requirement, ...]:
        """Describe the objects of `scene` as requirements."""
        scene_objects = self.world_of(scene)
        return () if isinstance(scene_objects, Rejected) else requirements_of(scene_objects, self.description)

    def render(self, program: str) -> FlatScene | Rejected:
        """Return the scene of an SVG `program`, which runs no code."""
        return resolve_svg(program)

    def picture(self, scene: FlatScene, size: int | None = None) -> Picture:
        """Draw `scene`, `size` px wide."""
        return rasterise(scene, size or self.size)

    def render_item(self, item: Item, size: int) -> Picture:
        """Draw the scene of `item`, `size` px wide."""
        assert isinstance(item.scene, FlatScene)
        return self.picture(item.scene, size)
