"""Zerosight: a vision-language model improves itself from zero data."""

from typing import TYPE_CHECKING, Any

from .errors import UserError

if TYPE_CHECKING:
    from .envs.scorer import score

__all__ = ["UserError", "score"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Return `score` when it is first asked for: what only needs an error's class loads no world."""
    if name == "score":
        from .envs.scorer import score

        return score
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
