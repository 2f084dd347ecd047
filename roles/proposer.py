"""The Proposer: reads a briefing, writes a concept, what to draw, and a question about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..envs import Briefing, Environment, Rejected, Requirement, Score
from ..envs.language.query import loads
from .messages import Messages, chat
from .reward import weigh

MAX_CONCEPT_CHARS = 120

SYSTEM = """You invent exercises that train another model to see. Reply with one JSON object and nothing else:
{"concept": a short title, "draw": a list of [count, word, ...] that says which objects the picture shows,
"ask": a query in nested lists}. Words describe objects: %s.
A query such as %s must have exactly one clear answer on the picture.
Good exercises are neither trivial nor impossible."""


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
        """How many objects the picture shall show."""
        return sum(requirement.count for requirement in self.requirements)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProposerWeights:
    """Weights of the Proposer's terms."""

    format: float = 0.2
    """The text is a valid proposal."""
    brief: float = 0.2
    """It keeps to the briefing: the form asked for, the number of objects."""
    drawable: float = 0.1
    """Share of programs that draw what was required."""
    posed: float = 0.2
    """Share of those drawings on which the question has one clear answer."""
    edge: float = 0.5
    """Mean 4p(1 - p) of the Solver's accuracy against the oracle."""
    novelty: float = 0.1
    """Rarity of the query among the batch's proposals of the same task."""
    structure: float = 0.0
    """Share of its programs whose structure no other proposal's has; this and the next two are logged if not paid."""
    wording: float = 0.0
    """How small the cluster is that its concept's words are in, by BLEU: 1 less the cluster's share of the batch."""
    scene: float = 0.0
    """How far the statistics of its scenes lie from those of the other proposals'."""


SEEN = """You are shown a picture. Let "draw" say what you see on it, and "ask" about that."""


def prompt(env: Environment, briefing: Briefing, *, note: str = "", given: bool = False) -> Messages:
    """What the Proposer is shown.

    Args:
        env: the world that it proposes in.
        briefing: what is asked for.
        note: more of what it is to know, for the system turn.
        given: it asks about a picture that is there already.
    """
    parts = [SYSTEM % (", ".join(env.words), env.example), *([SEEN] if given else []), *([note] if note else [])]
    return chat("\n".join(parts), f"propose: {briefing.text}", image=given)


def schema(envs: Sequence[Environment]) -> dict[str, Any]:
    """JSON schema (draft 2020-12) of proposals for any of these worlds, for decoding under constraint.

    What is drawn is any list: which words a world knows stands in its system turn, and `parse` checks it.
    """
    asks, definitions = [], {}
    for number, env in enumerate(envs):
        own = env.schema()
        # Worlds name their parts alike; each world's get its number.
        for name, part in own.pop("$defs", {}).items():
            definitions[f"world{number}{name}"] = _renumbered(part, number)
        asks.append({key: _renumbered(part, number) for key, part in own.items() if key not in ("$schema", "title")})
    concept = {"type": "string", "minLength": 1, "maxLength": MAX_CONCEPT_CHARS}
    parts = {"concept": concept, "draw": {"type": "array"}, "ask": {"anyOf": asks}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "proposal",
        "type": "object",
        "properties": parts,
        "required": list(parts),
        "additionalProperties": False,
        "$defs": definitions,
    }


def _renumbered(part: Any, number: int) -> Any:
    """The part of a schema with its references to definitions of this world."""
    if isinstance(part, list):
        return [_renumbered(each, number) for each in part]
    if not isinstance(part, dict):
        return part
    found = {key: _renumbered(each, number) for key, each in part.items()}
    if isinstance(found.get("$ref"), str):
        found["$ref"] = found["$ref"].replace("#/$defs/", f"#/$defs/world{number}")
    return found


def parse(env: Environment, text: str) -> Proposal | Rejected:
    """The proposal in a reply, or the first thing that is wrong with it."""
    body = loads(text.strip())
    if isinstance(body, Rejected):
        return body
    if not isinstance(body, dict) or set(body) != {"concept", "draw", "ask"}:
        return Rejected("syntax", "expected a JSON object with concept, draw and ask", "write these three keys")
    concept = body["concept"]
    if not isinstance(concept, str) or not concept.strip() or len(concept) > MAX_CONCEPT_CHARS:
        return Rejected("concept", "the concept is no short text", f"write 1 to {MAX_CONCEPT_CHARS} characters")
    if any("\ud800" <= letter <= "\udfff" for letter in concept):
        return Rejected("concept", "the concept holds half a character (a lone surrogate)", "write plain text")
    requirements = env.requirements(body["draw"])
    if isinstance(requirements, Rejected):
        return requirements
    query = env.parse_value(body["ask"])
    if isinstance(query, Rejected):
        return query
    return Proposal(concept.strip(), requirements, query, env.task_of(query))


def keeps_to(briefing: Briefing, proposal: Proposal) -> float:
    """1 where form and number of objects are as briefed, 0.5 where one of them is, else 0."""
    return ((proposal.task == briefing.task) + (proposal.objects == briefing.objects)) / 2


def reward(
    weights: ProposerWeights,
    *,
    valid: bool,
    brief: float = 0.0,
    drawable: float = 0.0,
    posed: float = 0.0,
    edge: float = 0.0,
    novelty: float = 0.0,
    structure: float = 0.0,
    wording: float = 0.0,
    scene: float = 0.0,
) -> Score:
    """The Proposer's score; a rejected proposal has every term 0.

    Never paid for agreement among the Solver's samples, only for its accuracy against the oracle.
    """
    terms = {"brief": brief, "drawable": drawable, "posed": posed, "edge": edge, "novelty": novelty}
    terms |= {"structure": structure, "wording": wording, "scene": scene}
    if not valid:
        terms = dict.fromkeys(terms, 0.0)
    return weigh({"format": float(valid), **terms}, weights)
