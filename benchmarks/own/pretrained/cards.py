"""How long the prompts of each world are in a tokenizer: what a first reply costs."""

from collections.abc import Callable
from typing import Any

from ....envs import SeededRng, make
from ....roles import coder, proposer
from .measure import briefings_of

BRIEFINGS = 12
"""Briefings of a world over which the longest prompts are taken."""


def card_tokens(env_id: str, count_tokens: Callable[[str], int]) -> dict[str, int]:
    """Return the most tokens of the full prompts of `env_id`, by role.

    Args:
        env_id: of the environment.
        count_tokens: a tokenizer's count.
    """
    env, rng = make(env_id), SeededRng(("cards", env_id))

    def count(messages: list[dict[str, Any]]) -> int:
        return sum(count_tokens(part["text"]) for message in messages for part in message["content"] if "text" in part)

    briefings = briefings_of(env, BRIEFINGS, rng)
    requirements = env.requirements([[2]])
    assert isinstance(requirements, tuple)
    return {
        "proposer": max(count(proposer.prompt(env, briefing, style="full", examples=2)) for briefing in briefings),
        "proposer_without_examples": max(
            count(proposer.prompt(env, briefing, style="full", examples=0)) for briefing in briefings
        ),
        "coder": count(coder.prompt(env, requirements, style="full")),
        "coder_without_example": count(coder.prompt(env, requirements)),
    }
