"""Token limits and picture sizes of a run: those that were set, else what the environments and the model need.

An option left at its default is settled here, once the model's tokenizer and processor are known: a reply may be as
long as the environments' own items in this tokenizer, with room for the sentences around it, and a picture is as large
as the model can see. The embedded model's are the constants that it was warmed up with.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ..envs import Environment, make
from ..envs.card import Style
from .config import ConfigError, RunConfig
from .phases import ROLES
from .token_needs import TokenNeeds, measure_needs

if TYPE_CHECKING:
    from .models.policy import Policy

EMBEDDED_LIMITS = {"proposer": 96, "coder": 160, "solver": 4}
"""New tokens of the embedded model's replies, which are bare: it has seen no others."""
PROSE_TOKENS = 96
"""Room for what instruct models write around a reply: a sentence, a fence, tags."""
REASONING_TOKENS = 1_024
"""Room for thinking before an answer."""
DETAILED_PX = 448
"""Width of pictures for a model that takes any size, such as Qwen2.5-VL: 256 visual tokens."""
LARGEST_FIXED_PX = 2_048
"""A processor's size beyond this is a bound on pixels and not a side."""


class RunLimits(NamedTuple):
    """What a run's replies and pictures are held to."""

    tokens: dict[str, int]
    """New tokens at most, by role."""
    picture_px: int
    """Width that pictures have at least."""

    def picture_size(self, env: Environment) -> int:
        """Return the width of the pictures of `env`, px."""
        return max(env.size, self.picture_px)


def run_limits(config: RunConfig, policy: "Policy") -> RunLimits:
    """Settle the limits of a run of `config` with `policy`.

    Raises:
        ConfigError: a limit that was set cannot hold a single one of the environments' own items.
    """
    chosen = {role: getattr(config.rollout, f"{role}_tokens") for role in ROLES}
    picture_px = config.rollout.picture_size or processor_size(policy.processor)
    if config.model == "embedded":
        return RunLimits({role: chosen[role] or EMBEDDED_LIMITS[role] for role in ROLES}, picture_px)
    needs = _needs(policy, config.envs, picture_px, config.style)
    for role, limit in chosen.items():
        shortest = min(roles[role].shortest_reply for roles in needs.by_env.values())
        if limit is not None and limit < shortest:
            raise ConfigError(
                f"rollout.{role}_tokens={limit} cannot hold one of the environments' own items in this tokenizer, "
                f"which take {shortest} tokens or more; leave it away, or --set rollout.{role}_tokens="
                f"{needs.roles[role].reply_tokens}"
            )
    room = {role: needs.roles[role].reply_tokens + PROSE_TOKENS for role in ROLES}
    if config.rollout.solver_mode == "reason":
        room["solver"] += REASONING_TOKENS
    return RunLimits({role: chosen[role] or room[role] for role in ROLES}, picture_px)


@lru_cache(maxsize=4)
def _needs(policy: "Policy", env_ids: Sequence[str], picture_px: int, style: Style) -> TokenNeeds:
    return measure_needs(policy, [make(env_id) for env_id in env_ids], picture_px=picture_px, style=style)


def processor_size(processor: Any) -> int:
    """Return the width of pictures that a `processor` makes the most of, px.

    A processor of one size (CLIP's, SigLIP's, the embedded model's) scales every picture to it; one that takes any size
    spends visual tokens by area, and gets `DETAILED_PX`.
    """
    image_processor = getattr(processor, "image_processor", None)
    if hasattr(image_processor, "merge_size"):
        # Qwen's: its `size` bounds the number of pixels.
        return DETAILED_PX
    for name, is_used in (("crop_size", "do_center_crop"), ("size", "do_resize")):
        size = (getattr(image_processor, name, None) or {}) if getattr(image_processor, is_used, False) else {}
        sides = [size[key] for key in ("width", "height", "shortest_edge") if key in size]
        if sides and isinstance(sides[0], int) and sides[0] <= LARGEST_FIXED_PX:
            return sides[0]
    return DETAILED_PX
