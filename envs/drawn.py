"""Worlds of countable things that SVG programs draw: all of an environment but its things, forms and scenes."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from ..geometry import FlatScene
from ..render import Picture, Rejected, rasterise, resolve_svg
from .core import Briefing, Item, Requirement, Truth
from .language.literals import Description
from .language.query import Call
from .queried import QueriedEnvironment
from .requirements import Described, missing_requirements, read_requirements
from .rng import SeededRng

MAX_POSED, MAX_COMPOSED = 50, 10
"""Queries, and scenes for each, that are tried before it is given up; a world that plans well needs one or two."""


class DrawnEnvironment(QueriedEnvironment[FlatScene]):
    """A world whose scenes are perceived as a sequence of things that words describe."""

    description: Description
    """What its things may be called."""
    objects: Mapping[int, tuple[int, int]]
    """By difficulty, the fewest and the most things of a scene."""
    most_objects: int
    """Beyond this many nothing is asked for."""

    @abstractmethod
    def parse_scene(self, scene: FlatScene) -> Sequence[Described] | Rejected:
        """The things that questions are about, or why the picture is not clear."""

    @abstractmethod
    def compose(self, rng: SeededRng, query: Call, wanted: str | None, difficulty: int) -> str | None:
        """A program whose picture gives the query the wanted answer, or, where answers are open, any clear one.

        None where the query can hardly have that answer: another one is drawn.
        """

    def briefing(self, rng: SeededRng, task: str, difficulty: int) -> Briefing:
        """A form and a number of objects within the difficulty's range."""
        return Briefing(task, difficulty, rng.integer(*self.objects[difficulty]))

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        """Query first, then the wanted answer, then a scene that gives it: blind guessing stays at chance."""
        truth: Truth | Rejected = Rejected("none", "no program was composed")
        for tried in range(MAX_POSED * MAX_COMPOSED):
            # A second query is rare, so that what its words tell of the answer is next to nothing.
            if tried % MAX_COMPOSED == 0:
                query, wanted = self.pose(rng, task, difficulty)
            program = self.compose(rng, query, wanted, difficulty)
            if program is None:
                continue
            scene = self.render(program)
            truth = scene if isinstance(scene, Rejected) else self.solve(scene, query)
            if isinstance(scene, FlatScene) and isinstance(truth, Truth) and wanted in (None, truth.value):
                key = "/".join(map(str, rng.key))
                return Item(key, self.id, task, difficulty, program, scene, self.ask(query, rng, scene), truth)
        raise RuntimeError(f"no sampled scene of {rng.key} holds what it was built for; the last one: {truth}")

    def pose(self, rng: SeededRng, task: str, difficulty: int) -> tuple[Call, str | None]:
        """A query of the task's form and the answer that it shall have, or None where answers are open."""
        query, options = self.query(rng, task), self.tasks[task].options
        return query, rng.choice(options) if options else None

    def difficulty_of(self, scene: FlatScene) -> int:
        """The first difficulty whose range reaches the number of objects; the last for more."""
        count = len(scene.objects)
        return next((level for level, (_, most) in self.objects.items() if count <= most), max(self.objects))

    def requirements(self, value: Any) -> tuple[Requirement, ...] | Rejected:
        """A list of `[count, word, ...]`."""
        return read_requirements(value, self.description, self.most_objects)

    def describe(self, requirement: Requirement) -> str:
        """A requirement in English: `2 red circles`, `1 small shape`."""
        literal = self.language.literal("select", *requirement.words)
        return f"{requirement.count} {self.grammar.say(literal, plural=requirement.count > 1)}"

    def missing_requirements(self, scene: FlatScene, requirements: Sequence[Requirement]) -> tuple[str, ...] | Rejected:
        """Every object must stand for one requirement that it fits, and every requirement have all its objects."""
        things = self.world_of(scene)
        return things if isinstance(things, Rejected) else missing_requirements(things, requirements)

    def render(self, program: str) -> FlatScene | Rejected:
        """The scene of an SVG program, which runs no code."""
        return resolve_svg(program)

    def picture(self, scene: FlatScene, size: int | None = None) -> Picture:
        """The scene in pixels."""
        return rasterise(scene, size or self.size)

    def render_item(self, item: Item, size: int) -> Picture:
        """The item's scene in pixels."""
        assert isinstance(item.scene, FlatScene)
        return self.picture(item.scene, size)
