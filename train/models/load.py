"""Loading what a run begins from: the shipped seed of the embedded model, or any other model by name."""

from pathlib import Path

import torch

from ..config import RunConfig
from .policy import Policy

EMBEDDED = Path(__file__).parent.parent / "embedded"
"""The seed that `make seed` wrote: weights, tokenizer, processor, recipe and log."""


def model_path(name: str) -> str | Path:
    """The folder of the shipped seed for `embedded`, else the name itself."""
    return EMBEDDED if name == "embedded" else name


def load_policy(config: RunConfig, device: torch.device | None = None) -> Policy:
    """The policy that a configuration names, on this device or else the configured one."""
    if device is None:
        wanted = config.device if config.device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
        device = torch.device(wanted)
    half = config.precision == "bfloat16" or (config.precision == "auto" and device.type == "cuda")
    policy = Policy.load(
        model_path(config.model),
        config.sharing,
        config.lora_rank,
        config.seed,
        config.lora_targets,
        device,
        # A frozen base may be kept in bfloat16; what is trained would lose small updates in it.
        torch.bfloat16 if half and config.sharing == "lora" else torch.float32,
    )
    policy.autocast = torch.bfloat16 if half else None
    return policy
