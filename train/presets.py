"""Presets: options for models of 3 and 7 billion parameters on one GPU and on eight, and runs from a YAML file.

The rates are those that GRPO of vision-language models of this size is usually run with: 1e-5 for LoRA adapters, no
entropy bonus, groups of 8, replies of up to 1,024 tokens (EVE, SpatialEvo and TRL's own defaults lie within a factor of
two of each). A preset sets options of any recipe; what is set after it counts more.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import UserError, did_you_mean
from .config import RunConfig, override
from .recipes import recipe_config
from .recipes.effects import refuse_ineffective

_REASONING = (
    "rollout.num_briefings=8",
    "rollout.num_proposals=8",
    "rollout.num_programs=8",
    "rollout.num_answers=8",
    "rollout.proposer_tokens=1024",
    "rollout.coder_tokens=2048",
    "rollout.solver_tokens=1024",
    "learning.entropy_weight={}",
    "learning.length_constant=1024",
    "learning.mask_truncated=masked",
    "learning.gradient_checkpointing=true",
    "learning.max_logprob_gap=0.15",
    "precision=bfloat16",
    "sharing=lora",
    "lora_rank=32",
    "learning.learning_rate=1e-5",
)
"""What all presets share: room for reasoning, groups of 8, one adapter for each role on a frozen base in bfloat16."""
_COLOCATED = ("generator.kind=vllm", "learning.correction=token_truncate")
"""Sampling by vLLM beside the trainer, whose log-probs are not the trainer's to the last bit."""

PRESETS: Mapping[str, Sequence[str]] = {
    "3b-1gpu": (
        "model=Qwen/Qwen2.5-VL-3B-Instruct", *_REASONING, *_COLOCATED, "generator.gpu_memory_fraction=0.4",
        "rollout.items_per_step=64", "learning.token_budget=8192", "render_workers=4",
    ),
    "7b-1gpu": (
        "model=Qwen/Qwen2.5-VL-7B-Instruct", *_REASONING, *_COLOCATED, "generator.gpu_memory_fraction=0.45",
        "rollout.items_per_step=48", "learning.token_budget=4096", "render_workers=4",
    ),
    "3b-8gpu": (
        "model=Qwen/Qwen2.5-VL-3B-Instruct", *_REASONING, "generator.batch_size=64",
        "rollout.items_per_step=512", "rollout.num_briefings=32", "learning.token_budget=16384", "render_workers=16",
    ),
    "7b-8gpu": (
        "model=Qwen/Qwen2.5-VL-7B-Instruct", *_REASONING, "generator.batch_size=32",
        "rollout.items_per_step=384", "rollout.num_briefings=24", "learning.token_budget=8192", "render_workers=16",
    ),
}  # fmt: skip
"""Options by name; `zerosight evolve --preset NAME`, `zerosight plan --preset NAME`. On eight GPUs each process samples
with Hugging Face, since vLLM in the process is for one."""


class UnknownPresetError(UserError, ValueError):
    """No preset has this name."""


def preset_settings(name: str) -> Sequence[str]:
    """Return the `a.b=c` settings of the preset called `name`; none for the empty name.

    Raises:
        UnknownPresetError: there is no such preset; the message suggests the closest.
    """
    if not name:
        return ()
    if name not in PRESETS:
        hint = did_you_mean(name, PRESETS)
        raise UnknownPresetError(f"unknown preset {name!r}; {hint}{' ' if hint else ''}(known: {', '.join(PRESETS)})")
    return PRESETS[name]


def config_from(recipe: str, preset: str = "", settings: Sequence[str] = ()) -> RunConfig:
    """Return the configuration of a new run.

    Args:
        recipe: a recipe's name, or a YAML file of options, such as another run's `config.yaml`.
        preset: a preset's name, or "".
        settings: `a.b=c`, which count more than the preset and the recipe.

    Raises:
        UserError: there is no such recipe, file or preset, or an option is not allowed or has no effect.
    """
    is_file = recipe.endswith((".yaml", ".yml")) or Path(recipe).is_file()
    config = RunConfig.load(Path(recipe)) if is_file else recipe_config(recipe)
    config = override(config, [*preset_settings(preset), *settings])
    refuse_ineffective(config, settings)
    return config
