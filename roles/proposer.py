"""The Proposer: reads a briefing, writes a concept, what to draw, and a question about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..envs import Briefing, Environment, Rejected, Requirement, SeededRng
from ..envs.answers.replies import object_text
from ..envs.card import Style, proposer_card
from ..envs.language.query import loads
from .messages import Messages, chat

MAX_CONCEPT_CHARS = 120

SHORT_SYSTEM = """You invent exercises that train another model to see. Reply with one JSON object and nothing else:
{"concept": a short title, "draw": a list of [count, word, ...] that says which objects the picture shows,
"ask": a query in nested lists}. Words describe objects: %s.
A query such as %s must have exactly one clear answer on the picture.
Good exercises are neither trivial nor impossible."""
"""The embedded model's; its chat template drops it."""
FULL_SYSTEM = """You invent exercises that train another model to see. Think of a picture, then of a question about it
that has exactly one clear answer on the picture and that is neither trivial nor impossible. Another model will draw the
picture from your list of objects, and will not know the question.

Reply with one JSON object and nothing else. It has three keys:
"concept": a short title of the picture.
"draw": a list of [count, word, ...] that says which objects the picture shows, all of them.
"ask": the question, as a query in nested lists.

"""
"""Every other model's, before the environment's card."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A checked proposal."""

    concept: str
    requirements: tuple[Requirement, ...]
    query: Any
    task: str | None
    """The task whose form the query has, None where it is of a form without a name."""

    @property
    def objects(self) -> int:
        """The number of objects that the picture shall show."""
        return sum(requirement.count for requirement in self.requirements)


SCENE_NOTE = """You are shown a picture. Let "draw" say what you see on it, and "ask" about that."""


def prompt(
    env: Environment,
    briefing: Briefing,
    *,
    note: str = "",
    shows_scene: bool = False,
    style: Style = "short",
    rng: SeededRng | None = None,
    examples: int = 2,
) -> Messages:
    """Return the Proposer's prompt.

    Args:
        env: the environment that it proposes in.
        briefing: what is asked for.
        note: more of what it is to know, for the system turn.
        shows_scene: it asks about a picture that is there already.
        style: `full` explains the environment's whole language, with examples; `short` is the embedded model's.
        rng: what the examples are drawn with, so that they vary from step to step.
        examples: whole proposals that are shown in full style.
    """
    notes = [*([SCENE_NOTE] if shows_scene else []), *([note] if note else [])]
    if style == "short":
        system = SHORT_SYSTEM % (", ".join(env.words), env.example)
        return chat("\n".join([system, *notes]), f"propose: {briefing.text}", image=shows_scene)
    card = proposer_card(env, style, task=briefing.task, rng=rng, example_count=examples)
    return chat("\n\n".join([FULL_SYSTEM + card, *notes]), f"Asked for: {briefing.text}", image=shows_scene)


def schema(envs: Sequence[Environment]) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of proposals for any of `envs`, for constrained decoding."""
    proposal_schemas, definitions = [], {}
    for number, env in enumerate(envs):
        env_schema = env.schema()
        # Worlds name their parts alike; each world's get its number.
        for definition_name, definition in env_schema.pop("$defs", {}).items():
            definitions[f"world{number}{definition_name}"] = _renumbered(definition, number)
        query_schema = {
            key: _renumbered(definition, number)
            for key, definition in env_schema.items()
            if key not in ("$schema", "title")
        }
        concept = {"type": "string", "minLength": 1, "maxLength": MAX_CONCEPT_CHARS}
        properties = {"concept": concept, "draw": env.requirements_schema(), "ask": query_schema}
        proposal_schemas.append(
            {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
        )
    whole_schema = proposal_schemas[0] if len(proposal_schemas) == 1 else {"anyOf": proposal_schemas}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "proposal",
        **whole_schema,
        "$defs": definitions,
    }


def _renumbered(fragment: Any, number: int) -> Any:
    """The part of a schema with its references to definitions of this world."""
    if isinstance(fragment, list):
        return [_renumbered(member, number) for member in fragment]
    if not isinstance(fragment, dict):
        return fragment
    renumbered = {key: _renumbered(member, number) for key, member in fragment.items()}
    if isinstance(renumbered.get("$ref"), str):
        renumbered["$ref"] = renumbered["$ref"].replace("#/$defs/", f"#/$defs/world{number}")
    return renumbered


def parse(env: Environment, text: str) -> Proposal | Rejected:
    """Return the proposal in a reply `text` for `env`, or the first thing that is wrong with it."""
    body = loads(object_text(text))
    if isinstance(body, Rejected):
        return body
    if not isinstance(body, dict) or not {"concept", "draw", "ask"} <= set(body):
        return Rejected("syntax", "expected a JSON object with concept, draw and ask", "write these three keys")
    concept = body["concept"]
    if not isinstance(concept, str) or not concept.strip() or len(concept) > MAX_CONCEPT_CHARS:
        return Rejected("concept", "the concept is no short text", f"write 1 to {MAX_CONCEPT_CHARS} characters")
    if any("\ud800" <= letter <= "\udfff" for letter in concept):
        return Rejected("concept", "the concept holds half a character (a lone surrogate)", "write plain text")
    requirements = env.requirements(body["draw"])
    if isinstance(requirements, Rejected):
        return requirements
    # Some models write the query as a string of its own.
    asked_query = loads(body["ask"]) if isinstance(body["ask"], str) else body["ask"]
    if isinstance(asked_query, Rejected):
        return asked_query
    query = env.parse_value(asked_query)
    if isinstance(query, Rejected):
        return query
    return Proposal(concept.strip(), requirements, query, env.task_of(query))


def briefing_agreement(briefing: Briefing, proposal: Proposal) -> float:
    """Return 1 where task and number of objects of `proposal` are as in the `briefing`, 0.5 where one is, else 0."""
    return ((proposal.task == briefing.task) + (proposal.objects == briefing.objects)) / 2
