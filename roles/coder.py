"""The Coder: reads what to draw, writes the program that draws it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..envs import Environment, FlatScene, Rejected, Requirement, Score
from .messages import Messages, chat
from .reward import weigh

SYSTEM = """You draw pictures as SVG programs. Reply with one <svg viewBox="0 0 64 64"> element and nothing else.
Use circle, rect and polygon elements with a fill and no stroke, on the white canvas, apart from each other and
inside the canvas. Small shapes are 8 to 10 wide, large ones 16 to 18. Draw exactly what is asked for."""

_FENCE = re.compile(r"^```(?:svg|xml)?\s*\n(.*?)\n?```$", re.DOTALL)


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


def describe(requirement: Requirement) -> str:
    """A requirement in English: `2 red circles`, `1 small shape`."""
    words = list(requirement.words)
    if not words or words[-1] not in ("circle", "square", "triangle"):
        words.append("shape")
    return f"{requirement.count} {' '.join(words)}{'s' if requirement.count > 1 else ''}"


def prompt(requirements: Sequence[Requirement]) -> Messages:
    """What the Coder is shown: the requirements, never the question."""
    return chat(SYSTEM, f"draw: {', '.join(map(describe, requirements))}")


def parse(text: str) -> str:
    """The program in a reply: the reply itself without a code fence around it."""
    body = text.strip()
    fenced = _FENCE.match(body)
    return fenced.group(1) if fenced else body


def reward(
    weights: CoderWeights,
    env: Environment,
    drawing: FlatScene | Rejected,
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
