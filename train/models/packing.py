"""Packing: completions that share a prompt are computed with the prompt once.

A row is a prefix and its branches, a tree of depth one. Every branch token sees the prefix and its own branch,
and its position continues the prefix, so each branch's log-probs equal those of the plain sequence
`prefix + branch` (a test holds this).

Legend: B rows, T tokens of the longest row, N scored tokens of all branches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.checkpoint import checkpoint

from .architecture import Layout

LOGITS_HELD = 1 << 26
"""Logits (tokens times vocabulary) at most that are held at a time."""

Vision = Mapping[str, torch.Tensor]
"""What a processor made of one prompt's pictures: tensors by the names that the model takes them under."""


class Branch(NamedTuple):
    """Token ids after the prefix; those before `scored_from` are given, the others are scored."""

    ids: Sequence[int]
    scored_from: int = 0


class Row(NamedTuple):
    """One prefix with its branches; `vision` holds its pictures, None for text alone."""

    prefix: Sequence[int]
    branches: Sequence[Branch]
    vision: Vision | None = None
    positions: torch.Tensor | None = None
    """[3, T] of the prefix where a family numbers pictures by row and column; None for 0 to T - 1."""

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
    """[B, T] int64, or [3, B, T] for a family with three axes."""
    mask: torch.Tensor | dict[str, torch.Tensor]
    """[B, 1, T, T] bool, True where a token (third axis) sees another (fourth); by kind of layer where they differ."""
    vision: dict[str, torch.Tensor]
    """The rows' pictures as one batch."""
    rows: torch.Tensor
    """[N] row of each scored token."""
    before: torch.Tensor
    """[N] position whose output predicts each scored token."""
    targets: torch.Tensor
    """[N] the scored token ids."""
    branch: torch.Tensor
    """[N] number of the branch among all branches of the batch."""

    def to(self, device: torch.device) -> "Packed":
        """The same on a device."""
        masks = self.mask
        moved = {k: m.to(device) for k, m in masks.items()} if isinstance(masks, dict) else masks.to(device)
        return Packed(
            self.input_ids.to(device),
            self.position_ids.to(device),
            moved,
            {name: value.to(device) for name, value in self.vision.items()},
            *(t.to(device) for t in (self.rows, self.before, self.targets, self.branch)),
        )


def vision_kind(vision: Vision | None) -> tuple[Any, ...]:
    """What two prompts' pictures must have in common to be one batch; () for text alone."""
    return tuple((name, tuple(value.shape[1:])) for name, value in sorted((vision or {}).items()))


def joined(visions: Sequence[Vision | None]) -> dict[str, torch.Tensor]:
    """The pictures of a batch's prompts; every family counts them along the first axis.

    Raises:
        ValueError: they are of unlike kinds; batch them apart.
    """
    kinds = {vision_kind(vision) for vision in visions}
    if len(kinds) > 1:
        bare = sum(vision is None for vision in visions)
        raise ValueError(
            f"{len(visions) - bare} of {len(visions)} rows have a picture, of {len(kinds - {()})} kinds; "
            "batch rows of unlike kinds apart"
        )
    given = [vision for vision in visions if vision is not None]
    return {name: torch.cat([vision[name] for vision in given]) for name in (given[0] if given else ())}


def pack(rows: Sequence[Row], pad_id: int, layout: Layout = Layout()) -> Packed:  # noqa: B008 - a frozen value
    """The rows as one batch, numbered and masked as the model's family is.

    Raises:
        ValueError: some rows have a picture and some have not, or of another kind; batch them apart.
    """
    length = max(row.tokens for row in rows)
    ids = np.full((len(rows), length), pad_id, np.int64)
    positions = np.zeros((layout.axes, len(rows), length), np.int64)
    segments = np.full((len(rows), length), -1, np.int64)
    scored: list[tuple[int, int, int, int]] = []
    number = 0
    for r, row in enumerate(rows):
        end = len(row.prefix)
        ids[r, :end], segments[r, :end] = row.prefix, 0
        positions[:, r, :end] = np.arange(end) if row.positions is None else row.positions.numpy(force=True)
        following = positions[:, r, :end].max() + 1
        for k, branch in enumerate(row.branches, start=1):
            start, end = end, end + len(branch.ids)
            ids[r, start:end], segments[r, start:end] = branch.ids, k
            positions[:, r, start:end] = following + np.arange(end - start)
            for j in range(branch.scored_from, len(branch.ids)):
                before = start + j - 1 if j else len(row.prefix) - 1
                scored.append((r, before, branch.ids[j], number))
            number += 1
    table = torch.tensor(scored, dtype=torch.long).reshape(-1, 4)
    numbered = torch.from_numpy(positions if layout.axes > 1 else positions[0])
    return Packed(
        torch.from_numpy(ids),
        numbered,
        _masks(torch.from_numpy(ids), torch.from_numpy(positions[0]), torch.from_numpy(segments), layout),
        joined([row.vision for row in rows]),
        *table.unbind(1),
    )


def _masks(
    ids: torch.Tensor, positions: torch.Tensor, segments: torch.Tensor, layout: Layout
) -> torch.Tensor | dict[str, torch.Tensor]:
    """The tree's mask [B, 1, T, T], with pictures seen whole and with a second one for sliding layers, if any."""
    mask = _tree_mask(segments)
    if layout.seen_whole is not None:
        mask = mask | _same_run(ids == layout.seen_whole).unsqueeze(1)
    if layout.window is None:
        return mask
    # Distances are those of positions: a later branch is as near to its prefix as the first.
    near = positions[:, :, None] - positions[:, None, :] < layout.window
    itself = torch.eye(ids.shape[1], dtype=torch.bool)
    return {"full_attention": mask, "sliding_attention": mask & (near | itself).unsqueeze(1)}


def _same_run(chosen: torch.Tensor) -> torch.Tensor:
    """[B, T, T]: True where two chosen tokens stand in one unbroken run of chosen ones."""
    starts = chosen & ~torch.nn.functional.pad(chosen, (1, 0))[:, :-1]
    run = torch.where(chosen, starts.cumsum(1), 0)
    return (run[:, :, None] == run[:, None, :]) & chosen[:, None, :]


def _tree_mask(segments: torch.Tensor) -> torch.Tensor:
    """[B, 1, T, T]: causal, within the prefix or the own branch; padding sees itself so that no row is empty."""
    length = segments.shape[1]
    earlier = torch.ones(length, length, dtype=torch.bool).tril()
    own = segments[:, :, None] == segments[:, None, :]
    prefix = (segments == 0)[:, None, :] & (segments >= 0)[:, :, None]
    return ((own | prefix) & earlier).unsqueeze(1)


def batches(rows: Sequence[Row], token_budget: int) -> list[list[int]]:
    """Row numbers in batches of at most `token_budget` padded tokens, longest first, kinds of pictures apart."""
    kinds = [vision_kind(row.vision) for row in rows]
    order = sorted(range(len(rows)), key=lambda i: (not kinds[i], kinds[i], -rows[i].tokens, i))
    found: list[list[int]] = []
    for i in order:
        if found:
            first = found[-1][0]
            if kinds[first] == kinds[i] and rows[first].tokens * (len(found[-1]) + 1) <= token_budget:
                found[-1].append(i)
                continue
        found.append([i])
    return found


def scored_logprobs(
    model: Any, packed: Packed, temperature: float = 1.0, *, entropy: bool = False, held: int = LOGITS_HELD
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Log-probs [N] of the scored tokens and, where asked for, the entropies [N] (nats) at their places.

    Logits are computed at the scored positions only, and at most `held` of them at a time: where there are more, they
    are computed piece by piece, and again in the backward pass.
    """
    hidden = model.model(
        input_ids=packed.input_ids,
        attention_mask=packed.mask,
        position_ids=packed.position_ids,
        use_cache=False,
        **packed.vision,
    ).last_hidden_state[packed.rows, packed.before]
    size = max(1, held // model.lm_head.weight.shape[0])

    def score(part: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        logprobs = torch.log_softmax((model.lm_head(part) / temperature).float(), dim=-1)
        entropies = -(logprobs.exp() * logprobs).sum(-1) if entropy else None
        return logprobs.gather(1, targets[:, None]).squeeze(1), entropies

    if len(hidden) <= size:
        return score(hidden, packed.targets)
    pieces = [
        checkpoint(score, part, targets, use_reentrant=False)
        for part, targets in zip(hidden.split(size), packed.targets.split(size), strict=True)
    ]
    logprobs = torch.cat([piece[0] for piece in pieces])
    return logprobs, torch.cat([piece[1] for piece in pieces]) if entropy else None
