"""Tokens that a run's environments need in a model's own tokenizer and processor: of prompts, and of what is written.

The environments' own items are measured, so that a limit is never a constant that fits one model only. May import
everything below `train/` and the policy; begin at `measure_needs`.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..envs import Environment, Item, item_rng
from ..envs.card import Style
from ..roles import coder, proposer, solver
from .phases import ROLES

if TYPE_CHECKING:
    from .models.policy import Policy

ITEMS_PER_ENV = 24
"""Items that are measured of each environment, over its tasks and difficulties in turn."""
ROOM = 1.25
"""How much longer than an environment's own program or proposal a model's may be."""
QUANTILE = 0.99


class RoleNeeds(NamedTuple):
    """Tokens of one role."""

    prompt_tokens: int
    """The longest prompt, pictures included."""
    picture_tokens: int
    """Tokens of its pictures, of the prompt that has most of them."""
    shortest_reply: int
    """Of the environments' own replies, with the token that ends them."""
    reply_tokens: int
    """The `QUANTILE` of what the environments' own replies take, with `ROOM`, and the token that ends them."""


@dataclass(frozen=True, slots=True)
class TokenNeeds:
    """What each role needs, over all environments of a run."""

    roles: dict[str, RoleNeeds]
    by_env: dict[str, dict[str, RoleNeeds]]


def measure_needs(
    policy: "Policy",
    envs: Sequence[Environment],
    items_per_env: int = ITEMS_PER_ENV,
    picture_px: int = 0,
    style: Style = "short",
) -> TokenNeeds:
    """Measure prompts and replies of each role on the environments' own items.

    Args:
        policy: whose tokenizer and processor count; its weights are not used.
        envs: of the run.
        items_per_env: items sampled of each.
        picture_px: width that pictures have at least.
        style: of the prompts.
    """
    by_env = {env.id: _needs_of_env(policy, env, items_per_env, picture_px, style) for env in envs}
    roles = {
        role: RoleNeeds(*(max(needs[role][place] for needs in by_env.values()) for place in range(4))) for role in ROLES
    }
    return TokenNeeds(roles, by_env)


def sampled_items(env: Environment, count: int) -> list[Item]:
    """Sample `count` items of `env`, its tasks and difficulties in turn."""
    arms = [(task, difficulty) for difficulty in sorted(env.difficulties) for task in env.tasks]
    # Evenly over the arms, so that a few items see easy and hard ones alike.
    chosen_arms = [arms[number * len(arms) // count] for number in range(min(count, len(arms)))]
    while len(chosen_arms) < count:
        chosen_arms += arms[: count - len(chosen_arms)]
    return [
        env.sample(item_rng(env.id, "dev", 1, number), task, difficulty)
        for number, (task, difficulty) in enumerate(chosen_arms)
    ]


def _needs_of_env(
    policy: "Policy", env: Environment, count: int, picture_px: int, style: Style
) -> dict[str, RoleNeeds]:
    prompts: dict[str, list[tuple[int, int]]] = {role: [] for role in ROLES}
    replies: dict[str, list[int]] = {role: [] for role in ROLES}
    for number, item in enumerate(sampled_items(env, count)):
        briefing = env.briefing(item_rng(env.id, "dev", 2, number), item.task, item.difficulty)
        requirements = env.requirements([[briefing.objects]])
        messages: dict[str, Any] = {
            "proposer": proposer.prompt(env, briefing, style=style),
            "coder": None if not isinstance(requirements, tuple) else coder.prompt(env, requirements, style=style),
        }
        for role, role_messages in messages.items():
            if role_messages is not None:
                prompts[role].append((len(policy.prompt(role_messages).ids), 0))
        picture = env.render_item(item, max(env.size, picture_px))
        prompt = policy.prompt(solver.prompt(item.question, style=style), picture)
        prompts["solver"].append((len(prompt.ids), prompt.ids.count(policy.image_id)))
        for role, text in _own_replies(item, briefing.text, briefing.objects).items():
            if text:
                replies[role].append(len(policy.tokenizer(text, add_special_tokens=False)["input_ids"]) + 1)
    return {role: _summary(prompts[role], replies[role]) for role in ROLES}


def _own_replies(item: Item, concept: str, objects: int) -> dict[str, str]:
    """Return what each role would have written for `item`."""
    proposal = {"concept": concept, "draw": [[objects]], "ask": item.question.query}
    return {"proposer": json.dumps(proposal), "coder": item.program or "", "solver": item.truth.value}


def _summary(prompts: Sequence[tuple[int, int]], replies: Sequence[int]) -> RoleNeeds:
    ordered = sorted(replies) or [0]
    quantile = ordered[min(len(ordered) - 1, math.ceil(QUANTILE * len(ordered)) - 1)]
    return RoleNeeds(
        max((tokens for tokens, _ in prompts), default=0),
        max((pictures for _, pictures in prompts), default=0),
        ordered[0],
        math.ceil(ROOM * quantile) + 1 if quantile else 0,
    )
