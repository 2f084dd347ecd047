"""The Coder: reads what to draw, writes the program that draws it."""

from collections.abc import Sequence
from typing import NamedTuple

from ..envs import Environment, Rejected, Requirement, Scene, SeededRng
from ..envs.answers.replies import program_text
from ..envs.card import Style, coder_card
from .messages import Messages, chat
from .proposer import Proposal


class SpecCheck(NamedTuple):
    """The comparison of what a program drew with what was required of it."""

    rendered: bool
    """The renderer accepts it."""
    parseable: bool
    """Every object can be named: inside, apart, of a known colour, shape and size."""
    requirement_recall: float
    """Share of the requirements that the picture meets, 0 to 1."""
    spec_satisfied: bool
    """The picture shows all that was required and nothing else."""


FULL_SYSTEM = """You write programs that draw pictures. A picture must show all that is asked for, and nothing else.
Reply with the program alone, in a fenced block.

"""
"""Before the environment's guide, for every model but the embedded one."""


def prompt(
    env: Environment,
    requirements: Sequence[Requirement],
    *,
    needs: Sequence[str] = (),
    style: Style = "short",
    rng: SeededRng | None = None,
    programs: Sequence[str] = (),
) -> Messages:
    """Return the Coder's prompt: the guide of `env` and the `requirements`, never the question.

    Args:
        env: the environment.
        requirements: what the picture is to show.
        needs: what the question is about and must stand in the picture, such as names (`env.needs`); in full style.
        style: `full` adds a complete program; `short` is the embedded model's.
        rng: what the example is drawn with.
        programs: shown as examples, instead of one of the environment's own.
    """
    wanted_text = ", ".join(map(env.describe, requirements))
    examples_text = "".join(f"\n\nAn example:\n\n{program}" for program in programs)
    if style == "short":
        return chat(f"{env.guide}{examples_text}", f"draw: {wanted_text}")
    needed = f" The picture must have: {'; '.join(needs)}." if needs else ""
    card = f"{env.guide}{examples_text}" if programs else coder_card(env, style, rng=rng)
    return chat(FULL_SYSTEM + card, f"Draw {wanted_text}.{needed}")


def proposal_prompt(
    env: Environment,
    proposal: Proposal,
    *,
    style: Style = "short",
    rng: SeededRng | None = None,
    programs: Sequence[str] = (),
) -> Messages:
    """Return the Coder's prompt for a `proposal` in `env`: what it requires, and what its question needs.

    Args:
        env: the environment.
        proposal: whose picture is to be drawn.
        style: as in `prompt`.
        rng: as in `prompt`.
        programs: as in `prompt`.
    """
    needs = [need.text for need in env.needs(proposal.query)] if style == "full" else []
    return prompt(env, proposal.requirements, needs=needs, style=style, rng=rng, programs=programs)


def parse(text: str) -> str:
    """Return the program in a reply `text`: without a code fence or words around it."""
    return program_text(text)


def check_spec(env: Environment, drawing: Scene | Rejected, requirements: Sequence[Requirement]) -> SpecCheck:
    """Compare what a program drew with what was required; no model is asked.

    Args:
        env: the environment that it was drawn in.
        drawing: the scene, or why there is none.
        requirements: what was to be drawn.
    """
    if isinstance(drawing, Rejected):
        return SpecCheck(False, False, 0.0, False)
    missing_requirements = env.missing_requirements(drawing, requirements)
    if isinstance(missing_requirements, Rejected):
        return SpecCheck(True, False, 0.0, False)
    recall = max(0.0, 1.0 - len(missing_requirements) / (len(requirements) + 1))
    return SpecCheck(True, True, recall, not missing_requirements)
