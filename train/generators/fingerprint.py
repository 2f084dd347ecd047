"""A check that a backend runs the trainer's weights: greedy log-probs of one prompt, compared."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..models.completions import Completion, Prompt, Sampling
from ..models.packing import Branch, PackedRow
from .replies import FingerprintError

TrainerLogprobs = Callable[[str, Prompt, Sequence[int]], Sequence[float]]
"""The trainer's log-probs of a completion's ids, as a role, after a prompt, at temperature 1."""
Generate = Callable[[str, Sequence[Prompt], Sampling, int], list[list[Completion]]]
"""What `Generator.generate` is."""


def trainer_logprobs(policy: Any) -> TrainerLogprobs:
    """Return a function to the log-probs that a `policy` gives, as it trains."""

    @torch.no_grad()
    def score(role: str, prompt: Prompt, ids: Sequence[int]) -> list[float]:
        row = PackedRow(prompt.ids, [Branch(ids)], prompt.vision, prompt.positions)
        logprobs: list[float] = policy.logprobs(role, policy.pack([row]))[0].tolist()
        return logprobs

    return score


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One prompt whose greedy completion must have the same log-probs here and there.

    It finds weights that are another role's, another model's, scaled otherwise or not loaded. The weights of the step
    before, which differ by less than the tolerance, it need not find: every version has an adapter name of its own.
    """

    trainer_logprobs: TrainerLogprobs
    prompt: Prompt
    tokens: int = 8
    tolerance: float = 0.05
    """Nats for each token, on average; float32 on both sides stays below 0.001, bfloat16 below 0.05 as a rule."""

    def check(self, role: str, generate: Generate) -> float:
        """Return the gap in nats for each token.

        Args:
            role: whose weights.
            generate: samples as `Generator.generate` does, by no schema: it changes the log-probs.

        Raises:
            FingerprintError: it is above the tolerance, or not a number.
        """
        [[completion]] = generate(role, [self.prompt], Sampling(max_new_tokens=self.tokens, temperature=0.0), 0)
        trainer_values = self.trainer_logprobs(role, self.prompt, completion.ids)
        gaps = [abs(theirs - ours) for theirs, ours in zip(completion.logprobs, trainer_values, strict=True)]
        gap = sum(gaps) / len(gaps)
        if math.isnan(gap) or gap > self.tolerance:
            raise FingerprintError(
                f"{role}: backend and trainer differ by {gap:.3f} nats a token on the probe, more than "
                f"{self.tolerance}: the backend does not run this role's weights (wrong base model, an adapter that "
                "was not applied, or another dtype); nothing was sampled from it"
            )
        return gap
