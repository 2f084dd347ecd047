"""The Coder: reads what to draw, writes the program that draws it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..envs import Environment, Rejected, Requirement, Scene, Score
from ..envs.answers.replies import program_text
from .messages import Messages, chat
from .reward import weigh


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
    return program_text(text)


def reward(
    weights: CoderWeights,
    env: Environment,
    drawing: Scene | Rejected,
    requirements: Sequence[Requirement],
) -> Score:
    """The Coder's score from the scene that its program drew; no model is asked."""
    if isinstance(drawing, Rejected):
        return weigh({"drawn": 0.0, "clear": 0.0, "met": 0.0, "faithful": 0.0}, weights)
    missing_requirements = env.missing_requirements(drawing, requirements)
    if isinstance(missing_requirements, Rejected):
        return weigh({"drawn": 1.0, "clear": 0.0, "met": 0.0, "faithful": 0.0}, weights)
    met = max(0.0, 1.0 - len(missing_requirements) / (len(requirements) + 1))
    return weigh({"drawn": 1.0, "clear": 1.0, "met": met, "faithful": float(not missing_requirements)}, weights)
