"""Decoding under a JSON schema by llguidance: at each token, what cannot go on to a valid text has no share.

The mask of a row costs about a third of a millisecond, whatever the schema (measured on the six environments). The
log-probs of what is sampled are those among what the schema allows, so they are not compared with the trainer's
(`Completion.constrained`), and `learning.correction` weighs them as it does those of any other sampler.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ..config import ConfigError

LLGUIDANCE_MISSING = "constrained decoding by hf needs llguidance; run `pip install 'zerosight[train]'`"
SEPARATORS = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""No white space but Python's own: a base model could fill its limit with it."""


class SchemaGrammar:
    """A JSON schema in a tokenizer's tokens.

    Args:
        tokenizer: a fast Hugging Face tokenizer.
        schema: JSON schema (draft 2020-12).

    Raises:
        ConfigError: llguidance is not installed, or takes neither the tokenizer nor the schema.
    """

    def __init__(self, tokenizer: Any, schema: Mapping[str, Any]) -> None:
        try:
            import llguidance.hf
        except ModuleNotFoundError as error:
            raise ConfigError(LLGUIDANCE_MISSING) from error
        try:
            self._tokenizer = llguidance.hf.from_tokenizer(
                tokenizer, n_vocab=len(tokenizer), eos_token=tokenizer.eos_token_id
            )
        except (TypeError, ValueError) as error:
            raise ConfigError(f"this model's tokenizer cannot decode under a schema: {error}") from error
        grammar = llguidance.LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides=SEPARATORS)
        self._matcher = llguidance.LLMatcher(self._tokenizer, grammar)
        if self._matcher.is_error():
            raise ConfigError(f"the schema of the proposals cannot be decoded under: {self._matcher.get_error()[:200]}")

    @property
    def vocabulary_size(self) -> int:
        """Tokens of the tokenizer."""
        return int(self._tokenizer.vocab_size)

    def rows(self, count: int) -> "GrammarRows":
        """Begin `count` texts."""
        matchers = [self._matcher.deep_copy() for _ in range(count)]
        return GrammarRows(matchers, self.vocabulary_size, int(self._tokenizer.eos_token))


class GrammarRows:
    """The texts of one batch, each as far as it is written."""

    def __init__(self, matchers: list[Any], vocabulary_size: int, end_id: int) -> None:
        import llguidance.numpy

        self._matchers = matchers
        self._fill = llguidance.numpy.fill_next_token_bitmask
        self._bits = llguidance.numpy.allocate_token_bitmask(len(matchers), vocabulary_size)
        self._vocabulary_size = vocabulary_size
        self._end_id = end_id
        """All that can follow a text that is complete."""

    def forbid(self, logits: torch.Tensor) -> torch.Tensor:
        """Return `logits` [B, vocabulary] with -inf for each token that no valid text goes on with."""
        for row, matcher in enumerate(self._matchers):
            if not matcher.is_stopped():
                self._fill(matcher, self._bits, row)
        is_allowed = np.unpackbits(self._bits.view(np.uint8), axis=1, bitorder="little")[:, : logits.shape[1]]
        mask = torch.zeros(logits.shape, dtype=torch.bool)
        width = min(self._vocabulary_size, is_allowed.shape[1])
        mask[:, :width] = torch.from_numpy(is_allowed[:, :width].astype(bool))
        stopped_rows = [row for row, matcher in enumerate(self._matchers) if matcher.is_stopped()]
        mask[stopped_rows] = False
        mask[stopped_rows, self._end_id] = True
        return logits.masked_fill(~mask.to(logits.device), -torch.inf)

    def accept(self, tokens: torch.Tensor) -> None:
        """Write the next of `tokens` [B] in each text that is not over."""
        for matcher, token in zip(self._matchers, tokens.tolist(), strict=True):
            if not matcher.is_stopped():
                matcher.consume_token(token)
