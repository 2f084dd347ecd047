"""Environments whose questions are programs of a `Language`: everything about them but the scenes.

A subclass says how a scene is parsed (`parse_scene`), draws items and pictures, and declares its language, grammar
and thresholds.
"""

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ..render import Rejected
from .core import Environment, Need, Question, S, Truth
from .language.execute import Result, ambiguity_of, execute
from .language.grammar import Grammar
from .language.query import Call, Language, Literal, Query, dump, loads, skeleton, walk
from .rng import SeededRng
from .scene_cache import SceneCache


class QueriedEnvironment(Environment[S]):
    """An environment whose scenes are parsed into one value, over which the programs of its language run."""

    language: Language
    grammar: Grammar
    thresholds: Mapping[str, float]
    """By unit, the margin under which a question is ambiguous; the first unit is that of answers without a margin."""
    largest_margin: float
    """What an answer that hangs on no comparison has."""
    forms: Mapping[str, str]
    """Tasks by the skeleton of their queries."""
    stated_types: frozenset[str] = frozenset()
    """Types of conditions that a question states, and that its picture must fulfil."""

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
        """Return what the name `word` of the type `output` stands for in a `world`; the word itself by default.

        Raises:
            IllPosed: the world has nothing of that name.
        """
        return word

    def wording(self, value: Any) -> str:
        """Return the `value` of a program as an answer."""
        return ("no", "yes")[value] if isinstance(value, bool) else str(value)

    def answer_options(self, query: Call) -> tuple[str, ...]:
        """Return the answers that a `query` of no named form can have, where they are closed."""
        return ("no", "yes") if query.output == "Bool" else ()

    def tolerance(self, query: Call) -> float:
        """Return how far a right answer to `query` may be off, as a share of its value."""
        return 0.0

    def measure(self, query: Call) -> str:
        """Return what the answer to `query` is counted in, such as `m`."""
        return ""

    def parse(self, text: str) -> Call | Rejected:
        """Read a query of this environment's language from `text`, JSON."""
        value = loads(text)
        return value if isinstance(value, Rejected) else self.parse_value(value)

    def parse_value(self, value: Any) -> Call | Rejected:
        """Read a query of this environment's language from `value`, decoded JSON."""
        return self.language.read(value)

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the language's programs."""
        return self.language.schema()

    def task_of(self, query: Call) -> str | None:
        """Return the task whose form has the operators of `query`."""
        return self.forms.get(skeleton(query))

    def needs(self, query: Call) -> tuple[Need, ...]:
        """Collect what the literals of `query` mean, its conditions, and what it calls the only one of its kind."""
        needs_by_text: dict[str, Need] = {}
        for query_part in walk(query):
            if isinstance(query_part, Literal):
                need_texts = self.language.literals[query_part.op].needs(query_part.op, query_part.words)
            elif query_part.output in self.stated_types:
                need_texts = (
                    ()
                    if any(arg.output in self.stated_types for arg in query_part.args)
                    else (self.grammar.say(query_part),)
                )
            elif query_part.op == "unique" and all(inner.output != "Object" for inner in walk(query_part.args[0])):
                need_texts = (f"exactly one {self.grammar.say(query_part.args[0])}",)
            else:
                need_texts = ()
            for text in need_texts:
                needs_by_text.setdefault(text, Need(text, query_part))
        return tuple(needs_by_text.values())

    def missing_needs(self, scene: S, query: Call) -> tuple[str, ...] | Rejected:
        """Evaluate the part of `query` behind each of its needs on `scene`, and name those that have no value."""
        world = self.world_of(scene)
        if isinstance(world, Rejected):
            return world
        return tuple(need.text for need in self.needs(query) if not self.has_need(world, need))

    def has_need(self, world: Any, need: Need) -> bool:
        """Tell whether `world` has what is behind `need`: here, whether that part of the query has a value."""
        return not isinstance(self._executed(need.part, world), Rejected)

    def _executed(self, query: Query, world: Any) -> Result | Rejected:
        return execute(
            self.language, query, world, self.thresholds, lambda name_type, word: self.named(world, name_type, word)
        )

    def run(self, scene: S, query: Call) -> Result | Rejected:
        """Return the value of `query` on `scene`, however close it is."""
        world = self.world_of(scene)
        if isinstance(world, Rejected):
            return world
        return self._executed(query, world)

    def solve(self, scene: S, query: Call) -> Truth | Rejected:
        """Return the answer to `query` on `scene` by the language's rules, its margin in the unit that decides it."""
        result = self.run(scene, query)
        if isinstance(result, Rejected):
            return result
        if (unclear := ambiguity_of(result, self.thresholds)) is not None:
            return unclear
        margin = round(min(result.margin, self.largest_margin), 3)
        answer_kind = self.language.kind(query.output)
        return Truth(
            self.wording(result.value), answer_kind, margin, result.unit, self.tolerance(query), self.measure(query)
        )

    def ask(self, query: Call, rng: SeededRng, scene: S) -> Question:
        """Ask `query` in one of its phrasings, drawn with `rng`."""
        task = self.task_of(query)
        answer_options = self.tasks[task].options if task else self.answer_options(query)
        return Question(dump(query), self.grammar.ask(query, rng), self.language.kind(query.output), answer_options)
