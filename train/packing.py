"""Packing: completions that share a prompt are computed with the prompt once.

A row is a prefix and its branches, a tree of depth one. Every branch token sees the prefix and its own branch,
and its position continues the prefix, so each branch's log-probs equal those of the plain sequence
`prefix + branch` (a test holds this).

Legend: B rows, T tokens of the longest row, N scored tokens of all branches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch


class Branch(NamedTuple):
    """Token ids after the prefix; those before `scored_from` are given, the others are scored."""

    ids: Sequence[int]
    scored_from: int = 0


class Row(NamedTuple):
    """One prefix with its branches; `pixels` is the picture's tensor [3, H, W], None for text alone."""

    prefix: Sequence[int]
    branches: Sequence[Branch]
    pixels: torch.Tensor | None = None

    @property
    def tokens(self) -> int:
        """Length in tokens."""
        return len(self.prefix) + sum(len(branch.ids) for branch in self.branches)


@dataclass(frozen=True, slots=True)
class Packed:
    """Tensors of one forward pass; the scored tokens are in the order of rows, branches, tokens."""

    input_ids: torch.Tensor
    """[B, T] int64, padded on the right."""
    position_ids: torch.Tensor
    """[B, T] int64."""
    mask: torch.Tensor
    """[B, 1, T, T] bool, True where a token (third axis) sees another (fourth)."""
    pixels: torch.Tensor | None
    """[B, 3, H, W] float32."""
    rows: torch.Tensor
    """[N] row of each scored token."""
    before: torch.Tensor
    """[N] position whose output predicts each scored token."""
    targets: torch.Tensor
    """[N] the scored token ids."""
    branch: torch.Tensor
    """[N] number of the branch among all branches of the batch."""


def pack(rows: Sequence[Row], pad_id: int) -> Packed:
    """The rows as one batch.

    Raises:
        ValueError: some rows have a picture and some have not; batch them apart.
    """
    pictured = [row.pixels for row in rows if row.pixels is not None]
    if pictured and len(pictured) != len(rows):
        raise ValueError(f"{len(pictured)} of {len(rows)} rows have a picture; batch rows with and without apart")
    length = max(row.tokens for row in rows)
    ids = np.full((len(rows), length), pad_id, np.int64)
    positions = np.zeros((len(rows), length), np.int64)
    segments = np.full((len(rows), length), -1, np.int64)
    scored: list[tuple[int, int, int, int]] = []
    number = 0
    for r, row in enumerate(rows):
        end = len(row.prefix)
        ids[r, :end], positions[r, :end], segments[r, :end] = row.prefix, np.arange(end), 0
        for k, branch in enumerate(row.branches, start=1):
            start, end = end, end + len(branch.ids)
            ids[r, start:end], segments[r, start:end] = branch.ids, k
            positions[r, start:end] = len(row.prefix) + np.arange(end - start)
            for j in range(branch.scored_from, len(branch.ids)):
                before = start + j - 1 if j else len(row.prefix) - 1
                scored.append((r, before, branch.ids[j], number))
            number += 1
    table = torch.tensor(scored, dtype=torch.long).reshape(-1, 4)
    return Packed(
        torch.from_numpy(ids),
        torch.from_numpy(positions),
        _tree_mask(torch.from_numpy(segments)),
        torch.stack(pictured) if pictured else None,
        *table.unbind(1),
    )


def _tree_mask(segments: torch.Tensor) -> torch.Tensor:
    """[B, 1, T, T]: causal, within the prefix or the own branch; padding sees itself so that no row is empty."""
    length = segments.shape[1]
    earlier = torch.ones(length, length, dtype=torch.bool).tril()
    own = segments[:, :, None] == segments[:, None, :]
    prefix = (segments == 0)[:, None, :] & (segments >= 0)[:, :, None]
    return ((own | prefix) & earlier).unsqueeze(1)


def batches(rows: Sequence[Row], token_budget: int) -> list[list[int]]:
    """Row numbers in batches of at most `token_budget` padded tokens, longest first, pictures apart from text."""
    order = sorted(range(len(rows)), key=lambda i: (rows[i].pixels is None, -rows[i].tokens, i))
    found: list[list[int]] = []
    for i in order:
        if found:
            first = rows[found[-1][0]]
            same_kind = (first.pixels is None) == (rows[i].pixels is None)
            if same_kind and first.tokens * (len(found[-1]) + 1) <= token_budget:
                found[-1].append(i)
                continue
        found.append([i])
    return found


def scored_logprobs(
    model: Any, packed: Packed, temperature: float = 1.0, *, entropy: bool = False
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Log-probs [N] of the scored tokens and, where asked for, the entropies [N] (nats) at their places.

    Logits are computed at the scored positions only, never for the whole batch.
    """
    inputs = {"pixel_values": packed.pixels} if packed.pixels is not None else {}
    hidden = model.model(
        input_ids=packed.input_ids,
        attention_mask=packed.mask,
        position_ids=packed.position_ids,
        use_cache=False,
        **inputs,
    ).last_hidden_state
    logits = model.lm_head(hidden[packed.rows, packed.before]) / temperature
    logprobs = torch.log_softmax(logits.float(), dim=-1)
    entropies = -(logprobs.exp() * logprobs).sum(-1) if entropy else None
    return logprobs.gather(1, packed.targets[:, None]).squeeze(1), entropies
