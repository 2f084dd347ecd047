"""Losses: pure functions of log-probs and advantages.

Legend: N scored tokens of S sequences; `sequence` [N] says which sequence a token is of.
"""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class PolicyLoss:
    """The loss and what to log of it."""

    loss: torch.Tensor
    clipped: torch.Tensor
    """Share of tokens whose ratio was clipped."""
    kl: torch.Tensor
    """Mean k3 estimate against the reference; 0 without one."""


def grpo_loss(
    logprobs: torch.Tensor,
    sampled: torch.Tensor,
    advantages: torch.Tensor,
    sequence: torch.Tensor,
    *,
    weights: torch.Tensor | None = None,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    reference: torch.Tensor | None = None,
    kl_weight: float = 0.0,
) -> PolicyLoss:
    """The clipped surrogate, averaged within each sequence and then summed over sequences.

    Source: GRPO, DeepSeekMath (Shao et al. 2024, equation 3); the asymmetric clip from DAPO (Yu et al. 2025,
    section 3.1, https://arxiv.org/abs/2503.14476); KL by the k3 estimator (Schulman 2020).

    Deviation: the sum over sequences is left undivided, so that micro-batches of any size add up; the learner
    divides by the number of sequences of the whole batch.

    Args:
        logprobs: [N] under the policy that is trained.
        sampled: [N] under the policy that sampled, as it gave them.
        advantages: [N] of each token's sequence.
        sequence: [N] int64 number of each token's sequence.
        weights: [S] how often each sequence counts, in the order of first appearance; once each by default.
        clip_low: the ratio is clipped below 1 - clip_low.
        clip_high: and above 1 + clip_high.
        reference: [N] under the reference policy, where there is one.
        kl_weight: of the KL term.
    """
    ratio = torch.exp(logprobs - sampled)
    clipped = ratio.clamp(1.0 - clip_low, 1.0 + clip_high)
    per_token = -torch.minimum(ratio * advantages, clipped * advantages)
    kl = torch.zeros(())
    if reference is not None:
        gap = reference - logprobs
        k3 = gap.exp() - gap - 1.0
        per_token, kl = per_token + kl_weight * k3, k3.detach().mean()
    means = sequence_means(per_token, sequence)
    loss = (means if weights is None else means * weights).sum()
    outside = ((ratio < 1.0 - clip_low) & (advantages < 0)) | ((ratio > 1.0 + clip_high) & (advantages > 0))
    return PolicyLoss(loss, outside.float().mean(), kl)


def sequence_means(values: torch.Tensor, sequence: torch.Tensor) -> torch.Tensor:
    """The mean of each sequence's tokens: [N] values to [S] means, in the order of first appearance."""
    _, index, counts = torch.unique_consecutive(sequence, return_inverse=True, return_counts=True)
    return torch.zeros(len(counts), dtype=values.dtype).index_add(0, index, values) / counts
