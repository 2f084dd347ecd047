"""Environments whose questions are programs of a `Language`: everything about them but the scenes."""

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ..render import Rejected
from .core import Environment, Question, S, Truth
from .language.execute import Result, ambiguity_of, execute
from .language.grammar import Grammar
from .language.query import Call, Language, dump, loads, skeleton
from .rng import SeededRng
from .scene_cache import SceneCache


class QueriedEnvironment(Environment[S]):
    """A world that is perceived as one value, over which the programs of its language run."""

    language: Language
    grammar: Grammar
    thresholds: Mapping[str, float]
    """By unit, the margin under which a question is ambiguous; the first unit is that of answers without a margin."""
    largest_margin: float
    """What an answer that hangs on no comparison has."""
    forms: Mapping[str, str]
    """Tasks by the skeleton of their queries."""

    @abstractmethod
    def parse_scene(self, scene: S) -> Any | Rejected:
        """Parse `scene` into the world that questions are asked about, or say why the picture is not clear.

        A pure function of `scene`, whose value nobody changes: `world_of` calls it once for each drawing.
        """

    @cached_property
    def _parsed_scenes(self) -> SceneCache:
        return SceneCache()

    def world_of(self, scene: S) -> Any | Rejected:
        """Return what `parse_scene` makes of `scene`, parsed once however many questions are asked about it."""
        return self._parsed_scenes.get(scene, self.parse_scene)

    def named(self, world: Any, output: str, word: str) -> Any:
        """What a name literal stands for in a world; the word itself by default.

        Raises:
            IllPosed: the world has nothing of that name.
        """
        return word

    def wording(self, value: Any) -> str:
        """A program's value as an answer."""
        return ("no", "yes")[value] if isinstance(value, bool) else str(value)

    def allowed(self, query: Call) -> tuple[str, ...]:
        """The answers that a query of no named form can have, where they are closed."""
        return ("no", "yes") if query.output == "Bool" else ()

    def tolerance(self, query: Call) -> float:
        """How far a right answer to it may be off, as a share of its value."""
        return 0.0

    def measure(self, query: Call) -> str:
        """What its answer is counted in, such as `m`."""
        return ""

    def parse(self, text: str) -> Call | Rejected:
        """A query of this world's language."""
        value = loads(text)
        return value if isinstance(value, Rejected) else self.parse_value(value)

    def parse_value(self, value: Any) -> Call | Rejected:
        """A query of this world's language, from decoded JSON."""
        return self.language.read(value)

    def schema(self) -> dict[str, Any]:
        """The language's."""
        return self.language.schema()

    def task_of(self, query: Call) -> str | None:
        """The task whose form has the query's operators."""
        return self.forms.get(skeleton(query))

    def run(self, scene: S, query: Call) -> Result | Rejected:
        """The query's value on the scene, however close it is."""
        world = self.world_of(scene)
        if isinstance(world, Rejected):
            return world
        return execute(self.language, query, world, self.thresholds, lambda kind, word: self.named(world, kind, word))

    def check(self, scene: S, query: Call) -> Rejected | None:
        """Whether the question has one clear answer on this scene."""
        truth = self.solve(scene, query)
        return truth if isinstance(truth, Rejected) else None

    def solve(self, scene: S, query: Call) -> Truth | Rejected:
        """The answer by the language's rules, its margin in the unit that decides it."""
        result = self.run(scene, query)
        if isinstance(result, Rejected):
            return result
        if (unclear := ambiguity_of(result, self.thresholds)) is not None:
            return unclear
        margin = round(min(result.margin, self.largest_margin), 3)
        kind = self.language.kind(query.output)
        return Truth(self.wording(result.value), kind, margin, result.unit, self.tolerance(query), self.measure(query))

    def ask(self, query: Call, rng: SeededRng, scene: S) -> Question:
        """The query in one of its phrasings."""
        task = self.task_of(query)
        options = self.tasks[task].options if task else self.allowed(query)
        return Question(dump(query), self.grammar.ask(query, rng), self.language.kind(query.output), options)
