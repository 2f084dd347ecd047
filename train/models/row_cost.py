"""The cost of rows, and the choice between one row for all completions of a prompt, several, and one for each.

A row with a prefix and n branches computes the prefix once, but its attention is over all pairs of its tokens, though
a branch sees no other: for long completions that costs more than the prefix saves. `split_branches` chooses the
number of rows by the floating-point operations that a model's sizes imply. Knows nothing of tensors' contents.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch

from .architecture import text_half, tower_half

PAIR_OVERHEAD = 1.5
"""Time of attention's operations beside those of matrix products, measured at 60 + 8 x 96 to 60 + 16 x 512 tokens."""


class RowCost(NamedTuple):
    """Floating-point operations of a forward pass, up to a common factor."""

    token: float
    """Of one token in all linear layers."""
    pair: float
    """Of one pair of tokens in all attention layers under a mask; a plain causal row skips half of its pairs."""
    patch: float
    """Of one patch of a picture in the vision tower."""
    patch_area: float
    """Pixels of a patch."""

    @classmethod
    def of(cls, model: Any) -> "RowCost":
        """Read the sizes off a loaded `model`."""
        text, text_config = text_half(model), model.config.get_text_config()
        embedding_ids = {id(p) for p in text.get_input_embeddings().parameters()}
        text_parameters = sum(p.numel() for p in text.parameters() if id(p) not in embedding_ids)
        head_width = (
            getattr(text_config, "head_dim", None) or text_config.hidden_size // text_config.num_attention_heads
        )
        attention_width = head_width * text_config.num_attention_heads
        tower = tower_half(model)
        vision_config = getattr(model.config, "vision_config", None)
        return cls(
            token=2.0 * text_parameters,
            pair=4.0 * PAIR_OVERHEAD * attention_width * text_config.num_hidden_layers,
            patch=2.0 * sum(p.numel() for p in tower.parameters()) if tower is not None else 0.0,
            patch_area=_area(getattr(vision_config, "patch_size", 16)),
        )

    def row(self, tokens: int, branches: int, patches: float) -> float:
        """Estimate the cost of a row of so many `tokens` and `branches`, with pictures of so many `patches`."""
        pair = self.pair if branches > 1 else self.pair / 2.0
        return tokens * self.token + tokens * tokens * pair + patches * self.patch

    def patches(self, vision: Mapping[str, torch.Tensor] | None) -> float:
        """Count the patches of a prompt's pictures, from what the processor made of them: `vision`."""
        if not vision:
            return 0.0
        if "image_grid_thw" in vision:
            return float(vision["image_grid_thw"].prod(-1).sum())
        return vision["pixel_values"].numel() / 3.0 / self.patch_area if "pixel_values" in vision else 0.0


def _area(patch_size: int | Sequence[int]) -> float:
    """Return the pixels of a patch, of a `patch_size` that some families give for each side."""
    return float(patch_size**2) if isinstance(patch_size, int) else float(math.prod(patch_size))


def split_branches(
    prefix_length: int,
    branch_lengths: Sequence[int],
    cost: RowCost,
    patches: float = 0.0,
    token_budget: int | None = None,
) -> list[list[int]]:
    """Choose which branches of a prefix share a row.

    Args:
        prefix_length: tokens of the prefix, which every row computes.
        branch_lengths: tokens of each branch.
        cost: of the model.
        patches: of the prefix's pictures, which every row computes too.
        token_budget: tokens of a row at most, where a row has more branches than one.

    Returns:
        Branch numbers of each row, ascending; the rows in the order of their first branch.

    >>> cheap_pairs = RowCost(token=1.0, pair=0.0, patch=0.0, patch_area=1.0)
    >>> split_branches(60, [4, 4, 4], cheap_pairs)
    [[0, 1, 2]]
    >>> split_branches(60, [400, 400, 400], cheap_pairs._replace(pair=1.0))
    [[0], [1], [2]]
    """
    if len(branch_lengths) < 2:
        return [list(range(len(branch_lengths)))]
    best_rows: list[list[int]] = []
    least_cost = float("inf")
    for row_count in _row_counts(len(branch_lengths)):
        rows = _balanced(branch_lengths, row_count)
        lengths = [prefix_length + sum(branch_lengths[i] for i in row) for row in rows]
        if token_budget is not None and row_count < len(branch_lengths) and max(lengths) > token_budget:
            continue
        total_cost = sum(cost.row(length, len(row), patches) for length, row in zip(lengths, rows, strict=True))
        if total_cost < least_cost:
            best_rows, least_cost = rows, total_cost
    return sorted(best_rows)


def _row_counts(branch_count: int) -> list[int]:
    """List the numbers of rows worth trying for `branch_count` branches: one for each number of branches in a row."""
    return sorted({-(-branch_count // branches) for branches in range(1, branch_count + 1)})


def _balanced(branch_lengths: Sequence[int], row_count: int) -> list[list[int]]:
    """Deal branches out to `row_count` rows of about as many tokens: each, longest first, to the shortest row."""
    rows: list[list[int]] = [[] for _ in range(row_count)]
    lengths = [0] * row_count
    for i in sorted(range(len(branch_lengths)), key=lambda i: (-branch_lengths[i], i)):
        shortest = min(range(row_count), key=lambda number: (lengths[number], len(rows[number]), number))
        rows[shortest].append(i)
        lengths[shortest] += branch_lengths[i]
    return [sorted(row) for row in rows]
