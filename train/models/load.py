"""Loading what a run begins from: the shipped seed of the embedded model, or any other model by name."""

from pathlib import Path

import torch

from ..config import RunConfig
from .policy import Policy

EMBEDDED_SEED = Path(__file__).parent.parent / "embedded"
"""The seed that `make seed` wrote: weights, tokenizer, processor, recipe and log."""


def model_path(name: str) -> str | Path:
    """Return the folder of the shipped seed for the `name` `embedded`, else the name itself."""
    return EMBEDDED_SEED if name == "embedded" else name


def load_policy(config: RunConfig, device: torch.device | None = None) -> Policy:
    """Load the policy that `config` names, on this `device` or else the configured one."""
    if device is None:
        device_name = config.device if config.device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
        device = torch.device(device_name)
    is_bfloat16 = config.precision == "bfloat16" or (config.precision == "auto" and device.type == "cuda")
    policy = Policy.load(
        model_path(config.model),
        config.sharing,
        config.lora_rank,
        config.seed,
        config.lora_targets,
        device,
        # A frozen base may be kept in bfloat16; what is trained would lose small updates in it.
        torch.bfloat16 if is_bfloat16 and config.sharing == "lora" else torch.float32,
    )
    policy.autocast = torch.bfloat16 if is_bfloat16 else None
    return policy
