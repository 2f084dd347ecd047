"""The Coder: reads what to draw, writes the program that draws it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..envs import Environment, Rejected, Requirement, Scene, Score
from .messages import Messages, chat
from .reward import weigh

_FENCE = re.compile(r"^```(?:svg|xml|python|py)?\s*\n(.*?)\n?```$", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class CoderWeights:
    """Weights of the Coder's terms."""

    drawn: float = 0.2
    """The program is one that the renderer accepts."""
    clear: float = 0.2
    """Every shape can be named: inside, apart, of a known colour, shape and size."""
    met: float = 0.2
    """Share of the requirements that the picture meets."""
    faithful: float = 0.4
    """The picture shows all that was asked for and nothing else."""


def prompt(env: Environment, requirements: Sequence[Requirement]) -> Messages:
    """What the Coder is shown: the world's guide and the requirements, never the question."""
    return chat(env.guide, f"draw: {', '.join(map(env.describe, requirements))}")


def parse(text: str) -> str:
    """The program in a reply: the reply itself without a code fence around it."""
    body = text.strip()
    fenced = _FENCE.match(body)
    return fenced.group(1) if fenced else body


def reward(
    weights: CoderWeights,
    env: Environment,
    drawing: Scene | Rejected,
    requirements: Sequence[Requirement],
) -> Score:
    """The Coder's score from the scene that its program drew; no model is asked."""
    if isinstance(drawing, Rejected):
        return weigh({"drawn": 0.0, "clear": 0.0, "met": 0.0, "faithful": 0.0}, weights)
    unmet = env.unmet(drawing, requirements)
    if isinstance(unmet, Rejected):
        return weigh({"drawn": 1.0, "clear": 0.0, "met": 0.0, "faithful": 0.0}, weights)
    met = max(0.0, 1.0 - len(unmet) / (len(requirements) + 1))
    return weigh({"drawn": 1.0, "clear": 1.0, "met": met, "faithful": float(not unmet)}, weights)
