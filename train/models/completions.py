"""Prompts, completions and the protocol of whatever samples them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ...render import Picture
from ...roles.messages import Messages

if TYPE_CHECKING:
    # Recipes are listed and explained without them.
    import torch

    from .packing import Vision


class Prompt(NamedTuple):
    """A tokenised prompt with what the processor made of its pictures, or None for text alone."""

    ids: tuple[int, ...]
    """As the trainer sees them: one placeholder for each piece of the picture."""
    vision: "Vision | None" = None
    """The model's picture inputs, made once: they serve sampling and training."""
    positions: "torch.Tensor | None" = None
    """[3, T] for a family that numbers pictures by row and column; None for 0 to T - 1."""
    text: str = ""
    """The words as the chat template wrote them, with one placeholder: what an engine with a processor takes."""
    picture: Picture | None = None
    """The picture itself, for such an engine."""
    messages: Messages | None = None
    """What `text` was made of; another model's endpoint has a template of its own."""
    more_pictures: tuple[Picture, ...] = ()
    """The pictures after the first, in the order of their places in the messages."""

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All pictures, in order."""
        return () if self.picture is None else (self.picture, *self.more_pictures)


@dataclass(frozen=True, slots=True)
class Completion:
    """One sampled reply."""

    ids: tuple[int, ...]
    """As sampled, with the end token where one was sampled."""
    logprobs: tuple[float, ...]
    """Under the distribution that was sampled from, temperature included."""
    text: str
    finished: bool
    """False where `max_new_tokens` cut it off."""
    temperature: float = 1.0
    """Of the distribution; 0 for greedy decoding, whose log-probs are those at 1."""
    trainable: bool = True
    """False where the backend gave no ids and log-probs: a frozen role's."""
    constrained: bool = False
    """True where only what a schema allows was sampled: its log-probs are not those that the trainer computes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """The settings of a sampler."""

    max_new_tokens: int
    temperature: float = 1.0
    """0 decodes greedily."""
    n: int = 1
    """Completions for each prompt; they share the prompt's computation."""


class Generator(Protocol):
    """The interface of what can sample completions."""

    def generate(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        """Sample `sampling.n` completions for each of `prompts`, in order; equal arguments and weights give equal ids.

        Args:
            role: who is sampled.
            prompts: to be completed.
            sampling: how.
            seed: of everything that is drawn.
        """
        ...
