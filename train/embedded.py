"""Loading what a run begins from: the shipped seed of the embedded model, or any other model by name."""

from pathlib import Path

from ..config import RunConfig
from .policy import Policy

EMBEDDED = Path(__file__).parent / "embedded"
"""The seed that `make seed` wrote: weights, tokenizer, processor, recipe and log."""


def model_path(name: str) -> str | Path:
    """The folder of the shipped seed for `embedded`, else the name itself."""
    return EMBEDDED if name == "embedded" else name


def load_policy(config: RunConfig) -> Policy:
    """The policy that a configuration names."""
    return Policy.load(model_path(config.model), config.sharing, config.lora_rank, config.seed)
