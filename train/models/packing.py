"""Packing: completions that share a prompt are computed with the prompt once.

A row is a prefix and its branches, a tree of depth one. Every branch token sees the prefix and its own branch,
and its position continues the prefix, so each branch's log-probs equal those of the plain sequence
`prefix + branch` (a test holds this).

Legend: B rows, T tokens of the longest row, N scored tokens of all branches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.checkpoint import checkpoint

from .architecture import ModelLayout

MAX_LOGITS = 1 << 26
"""Logits (tokens times vocabulary) at most that are held at a time."""

WORTH_A_PASS = 512
"""Tokens whose computation costs about as much as a forward pass does beside its tokens."""

Vision = Mapping[str, torch.Tensor]
"""What a processor made of one prompt's pictures: tensors by the names that the model takes them under."""


class Branch(NamedTuple):
    """Token ids after the prefix; those before `scored_from` are given, the others are scored."""

    ids: Sequence[int]
    scored_from: int = 0


class PackedRow(NamedTuple):
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
class PackedBatch:
    """Tensors of one forward pass; the scored tokens are in the order of rows, branches, tokens."""

    input_ids: torch.Tensor
    """[B, T] int64, padded on the right."""
    position_ids: torch.Tensor
    """[B, T] int64, or [3, B, T] for a family with three axes."""
    mask: torch.Tensor | dict[str, torch.Tensor]
    """[B, 1, T, T] bool, True where a token (third axis) sees another (fourth); by kind of layer where they differ.

    Rows of one branch each, in a family whose tokens see all before them, have [B, T] of ones: plain causal attention,
    for which there are faster kernels. Padding on the right is seen by nothing that is scored.
    """
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

    def to(self, device: torch.device) -> "PackedBatch":
        """Move the tensors to `device`."""
        mask = self.mask
        moved_mask = {k: m.to(device) for k, m in mask.items()} if isinstance(mask, dict) else mask.to(device)
        return PackedBatch(
            self.input_ids.to(device),
            self.position_ids.to(device),
            moved_mask,
            {name: value.to(device) for name, value in self.vision.items()},
            *(t.to(device) for t in (self.rows, self.before, self.targets, self.branch)),
        )


def vision_kind(vision: Vision | None) -> tuple[Any, ...]:
    """Return what two prompts' `vision` must have in common to be one batch; () for text alone."""
    return tuple((name, tuple(value.shape[1:])) for name, value in sorted((vision or {}).items()))


def join_visions(visions: Sequence[Vision | None]) -> dict[str, torch.Tensor]:
    """Join the `visions` of a batch's prompts; every family counts pictures along the first axis.

    Raises:
        ValueError: they are of unlike kinds; batch them apart.
    """
    vision_kinds = {vision_kind(vision) for vision in visions}
    if len(vision_kinds) > 1:
        without_picture = sum(vision is None for vision in visions)
        raise ValueError(
            f"{len(visions) - without_picture} of {len(visions)} rows have a picture, "
            f"of {len(vision_kinds - {()})} kinds; batch rows of unlike kinds apart"
        )
    present = [vision for vision in visions if vision is not None]
    return {name: torch.cat([vision[name] for vision in present]) for name in (present[0] if present else ())}


def pack(
    rows: Sequence[PackedRow],
    pad_id: int,
    layout: ModelLayout = ModelLayout(),  # noqa: B008 - a frozen value
    splits: Sequence[Sequence[Sequence[int]]] | None = None,
) -> PackedBatch:
    """Pack `rows` as one batch, numbered and masked as the model's family is.

    Args:
        rows: of any number of branches each.
        pad_id: that fills shorter rows.
        layout: of the family.
        splits: branch numbers of each row, by those that are computed together; by default all of them. The scored
            tokens keep the order of `rows`, however they are computed.

    Raises:
        ValueError: some rows have a picture and some have not, or of another kind; batch them apart.
    """
    if splits is not None:
        return _reordered(pack(_split_rows(rows, splits), pad_id, layout), rows, splits)
    row_length = max(row.tokens for row in rows)
    ids = np.full((len(rows), row_length), pad_id, np.int64)
    positions = np.zeros((layout.axes, len(rows), row_length), np.int64)
    segments = np.full((len(rows), row_length), -1, np.int64)
    scored_places: list[tuple[int, int, int, int]] = []
    branch_number = 0
    for row_number, row in enumerate(rows):
        end = len(row.prefix)
        ids[row_number, :end], segments[row_number, :end] = row.prefix, 0
        positions[:, row_number, :end] = np.arange(end) if row.positions is None else row.positions.numpy(force=True)
        next_position = positions[:, row_number, :end].max() + 1
        for segment_number, branch in enumerate(row.branches, start=1):
            start, end = end, end + len(branch.ids)
            ids[row_number, start:end], segments[row_number, start:end] = branch.ids, segment_number
            positions[:, row_number, start:end] = next_position + np.arange(end - start)
            for j in range(branch.scored_from, len(branch.ids)):
                predicting_place = start + j - 1 if j else len(row.prefix) - 1
                scored_places.append((row_number, predicting_place, branch.ids[j], branch_number))
            branch_number += 1
    scored_table = torch.tensor(scored_places, dtype=torch.long).reshape(-1, 4)
    position_ids = torch.from_numpy(positions if layout.axes > 1 else positions[0])
    is_plain = layout.seen_whole is None and layout.window is None and all(len(row.branches) < 2 for row in rows)
    if is_plain:
        mask: torch.Tensor | dict[str, torch.Tensor] = torch.ones(ids.shape, dtype=torch.long)
    else:
        mask = _masks(torch.from_numpy(ids), torch.from_numpy(positions[0]), torch.from_numpy(segments), layout)
    return PackedBatch(
        torch.from_numpy(ids),
        position_ids,
        mask,
        join_visions([row.vision for row in rows]),
        *scored_table.unbind(1),
    )


def _split_rows(rows: Sequence[PackedRow], splits: Sequence[Sequence[Sequence[int]]]) -> list[PackedRow]:
    """Return the rows that `splits` makes of `rows`."""
    return [
        row._replace(branches=[row.branches[i] for i in numbers])
        for row, groups in zip(rows, splits, strict=True)
        for numbers in groups
    ]


def _reordered(batch: PackedBatch, rows: Sequence[PackedRow], splits: Sequence[Sequence[Sequence[int]]]) -> PackedBatch:
    """Put the scored tokens of a `batch` of split rows back into the order of `rows`."""
    first_branches = np.cumsum([0, *(len(row.branches) for row in rows)])
    original_numbers = [
        int(offset) + i
        for offset, groups in zip(first_branches[:-1], splits, strict=True)
        for numbers in groups
        for i in numbers
    ]
    branch = torch.tensor(original_numbers, dtype=torch.long)[batch.branch]
    order = torch.argsort(branch, stable=True)
    return replace(
        batch, rows=batch.rows[order], before=batch.before[order], targets=batch.targets[order], branch=branch[order]
    )


def _masks(
    ids: torch.Tensor, positions: torch.Tensor, segments: torch.Tensor, layout: ModelLayout
) -> torch.Tensor | dict[str, torch.Tensor]:
    """Build the rows' mask [B, 1, T, T], with pictures seen whole and with a second one for sliding layers, if any.

    Args:
        ids: [B, T] token ids.
        positions: [B, T] on the first axis.
        segments: [B, T] 0 in the prefix, n in the n-th branch, -1 in the padding.
        layout: of the model's family.
    """
    mask = _tree_mask(segments)
    if layout.seen_whole is not None:
        mask = mask | _same_run(ids == layout.seen_whole).unsqueeze(1)
    if layout.window is None:
        return mask
    # Distances are those of positions: a later branch is as near to its prefix as the first.
    within_window = positions[:, :, None] - positions[:, None, :] < layout.window
    diagonal = torch.eye(ids.shape[1], dtype=torch.bool)
    return {"full_attention": mask, "sliding_attention": mask & (within_window | diagonal).unsqueeze(1)}


def _same_run(selected: torch.Tensor) -> torch.Tensor:
    """Return [B, T, T]: True where two tokens of `selected` [B, T] stand in one unbroken run of selected ones."""
    run_starts = selected & ~torch.nn.functional.pad(selected, (1, 0))[:, :-1]
    run_numbers = torch.where(selected, run_starts.cumsum(1), 0)
    return (run_numbers[:, :, None] == run_numbers[:, None, :]) & selected[:, None, :]


def _tree_mask(segments: torch.Tensor) -> torch.Tensor:
    """Return [B, 1, T, T]: causal, within the prefix or the branch of `segments` [B, T].

    Padding sees itself, so that no row of the mask is empty.
    """
    row_length = segments.shape[1]
    earlier = torch.ones(row_length, row_length, dtype=torch.bool).tril()
    same_segment = segments[:, :, None] == segments[:, None, :]
    sees_prefix = (segments == 0)[:, None, :] & (segments >= 0)[:, :, None]
    return ((same_segment | sees_prefix) & earlier).unsqueeze(1)


def token_batches(rows: Sequence[PackedRow], token_budget: int) -> list[list[int]]:
    """Group `rows` in batches of at most `token_budget` padded tokens, longest first, kinds of pictures apart.

    A row that would be more padding than tokens begins a batch, unless a forward pass costs more than the padding.

    Returns:
        Row numbers of each batch.
    """
    vision_kinds = [vision_kind(row.vision) for row in rows]
    order = sorted(range(len(rows)), key=lambda i: (not vision_kinds[i], vision_kinds[i], -rows[i].tokens, i))
    index_batches: list[list[int]] = []
    for i in order:
        if index_batches:
            longest = index_batches[-1][0]
            padded_length, padding = rows[longest].tokens, rows[longest].tokens - rows[i].tokens
            fits = padded_length * (len(index_batches[-1]) + 1) <= token_budget
            is_wasteful = padding > max(WORTH_A_PASS, padded_length // 2)
            if vision_kinds[longest] == vision_kinds[i] and fits and not is_wasteful:
                index_batches[-1].append(i)
                continue
        index_batches.append([i])
    return index_batches


def scored_logprobs(
    model: Any,
    batch: PackedBatch,
    temperature: float = 1.0,
    *,
    entropy: bool = False,
    suppressed_ids: torch.Tensor | None = None,
    max_logits: int = MAX_LOGITS,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return log-probs [N] of the scored tokens and, where asked for, the entropies [N] (nats) at their places.

    Logits are computed at the scored positions only, and at most `max_logits` of them at a time: where there are more,
    they are computed piece by piece, and again in the backward pass.

    Args:
        model: a Hugging Face image-text-to-text model.
        batch: of packed rows.
        temperature: of the softmax.
        entropy: compute the entropies.
        suppressed_ids: ids that the sampler never draws; they have no share in the distribution here either.
        max_logits: tokens times vocabulary.
    """
    hidden_states = model.model(
        input_ids=batch.input_ids,
        attention_mask=batch.mask,
        position_ids=batch.position_ids,
        use_cache=False,
        **batch.vision,
    ).last_hidden_state[batch.rows, batch.before]
    piece_size = max(1, max_logits // model.lm_head.weight.shape[0])

    def score(part: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        logits = (model.lm_head(part) / temperature).float()
        if suppressed_ids is not None:
            # Far below any logit, yet finite: 0 times minus infinity would make the entropy NaN.
            logits = logits.index_fill_(1, suppressed_ids, -1e30)
        logprobs = torch.log_softmax(logits, dim=-1)
        entropies = -(logprobs.exp() * logprobs).sum(-1) if entropy else None
        return logprobs.gather(1, targets[:, None]).squeeze(1), entropies

    if len(hidden_states) <= piece_size:
        return score(hidden_states, batch.targets)
    pieces = [
        checkpoint(score, part, targets, use_reentrant=False)
        for part, targets in zip(hidden_states.split(piece_size), batch.targets.split(piece_size), strict=True)
    ]
    logprobs = torch.cat([piece[0] for piece in pieces])
    return logprobs, torch.cat([piece[1] for piece in pieces]) if entropy else None
