"""Losses: pure functions of log-probs and advantages.

Legend: N scored tokens of S sequences; `sequence` [N] says which sequence a token is of, a sequence's tokens
standing together. Losses are left undivided, so that micro-batches of any size add up; `divisor` gives what the
whole batch's sum is divided by.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch

from ...envs.parts import installed_parts, load_part
from ...errors import UserError, did_you_mean

KL = Literal["k1", "k2", "k3"]
Level = Literal["token", "sequence_mean", "sequence_sum"]
Surrogate = Literal["clip", "weight"]
Aggregation = Literal["sequence_mean", "token_mean", "batch_token_mean", "constant"]
Correction = Literal["token_truncate", "token_mask", "sequence_truncate", "sequence_mask"]


class UnknownLossError(UserError, ValueError):
    """No loss has this name; the message gives the close ones."""


class LossKind(NamedTuple):
    """The choices in which one published loss differs from another."""

    level: Level
    """The ratio is each token's, or its sequence's: the geometric mean over tokens, or their product."""
    surrogate: Surrogate
    """`clip`: the minimum of plain and clipped; `weight`: log-prob times the capped ratio, held constant."""
    aggregation: Aggregation


LOSSES: dict[str, LossKind] = {
    "grpo": LossKind("token", "clip", "sequence_mean"),
    "dr_grpo": LossKind("token", "clip", "constant"),
    "dapo": LossKind("token", "clip", "token_mean"),
    "bnpo": LossKind("token", "clip", "batch_token_mean"),
    "cispo": LossKind("token", "weight", "token_mean"),
    "gspo": LossKind("sequence_mean", "clip", "sequence_mean"),
    "rloo": LossKind("sequence_sum", "clip", "sequence_mean"),
    "reinforce_pp": LossKind("token", "clip", "token_mean"),
}
"""The losses by name.

Sources, by name:
    grpo: DeepSeekMath (Shao et al. 2024, equation 3, https://arxiv.org/abs/2402.03300).
    dr_grpo: Liu et al. 2025, section 3.2 (https://arxiv.org/abs/2503.20783): tokens summed, over a constant.
    dapo: Yu et al. 2025, equation 8 (https://arxiv.org/abs/2503.14476): mean over all tokens; give it a
        clip_high above clip_low, and drop groups without signal (`advantages.dynamic_sampling`).
    bnpo: the token mean of each micro-batch of its own, as TRL 1.16.0 computes its loss type `bnpo`.
    cispo: MiniMax-M1 (2025, equations 4 and 5, https://arxiv.org/abs/2506.13585): no token loses its
        gradient; its ratio, capped, is a constant weight of its log-prob.
    gspo: Zheng et al. 2025, equations 5 to 7 (https://arxiv.org/abs/2507.18071): one ratio for a sequence, the
        geometric mean over its tokens. The paper's clips are 3e-4 and 4e-4, far tighter than a token's.
    rloo: Ahmadian et al. 2024 (https://arxiv.org/abs/2402.14740): the whole completion is one action, so the
        ratio is the product over its tokens; clipped as in TRL's RLOOTrainer 1.16.0.
    reinforce_pp: REINFORCE++ (Hu et al. 2025, https://arxiv.org/abs/2501.03262): each token's clipped ratio,
        mean over all tokens; its KL is added to the loss here, not to the reward.
"""


@dataclass(frozen=True, slots=True)
class PolicyLoss:
    """The loss and what to log of it."""

    loss: torch.Tensor
    clip_share: torch.Tensor
    """Share of tokens whose ratio was clipped."""
    mean_kl: torch.Tensor
    """Mean estimate against the reference, k3 unless another is asked for; 0 without a reference."""
    mean_ratio: torch.Tensor
    """Mean ratio over tokens; 1 where sampler and trainer agree."""


class TokenSums(NamedTuple):
    """Sums over scored tokens, from which the logged means are made."""

    logprob_gap: float = 0.0
    """Sampler against trainer, nats."""
    clipped: float = 0.0
    entropy: float = 0.0
    """In nats."""
    ratio: float = 0.0
    kl: float = 0.0
    tokens: float = 0.0

    def plus(self, more_sums: "TokenSums") -> "TokenSums":
        """Add the sums of other tokens, `more_sums`."""
        return TokenSums(*(mine + theirs for mine, theirs in zip(self, more_sums, strict=True)))

    def mean(self, name: str) -> float:
        """Return the mean over all tokens of the sum called `name`."""
        return float(getattr(self, name)) / self.tokens


def loss_kind(name: str) -> LossKind:
    """Return the loss called `name`.

    Raises:
        UnknownLossError: there is none; the message gives the close name.
        PluginError: an installed one does not load.
    """
    if name in LOSSES:
        return LOSSES[name]
    if name in installed_parts("loss"):
        return load_part("loss", name)
    hints = (did_you_mean(name, LOSSES), f"there are {', '.join(LOSSES)}")
    raise UnknownLossError(f"no loss is called {name!r}; {' '.join(filter(None, hints))}")


def policy_loss(
    name: str,
    logprobs: torch.Tensor,
    old_logprobs: torch.Tensor,
    advantages: torch.Tensor,
    sequence: torch.Tensor,
    *,
    weights: torch.Tensor | None = None,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    reference: torch.Tensor | None = None,
    kl_weight: float = 0.0,
    kl: KL = "k3",
    correction: torch.Tensor | None = None,
) -> PolicyLoss:
    """The loss of this name, summed and undivided: divide it, over the whole batch, by `divisor`.

    The sources of each stand at `LOSSES`.

    Deviations: (1) sums are undivided; (2) the clip may be asymmetric in all of them; (3) CISPO caps only above,
    at 1 + clip_high, as the paper does in practice (TRL's epsilon_high is the cap itself).

    Args:
        name: one of `LOSSES`.
        logprobs: [N] under the policy that is trained.
        old_logprobs: [N] under the policy that the ratio is taken to: the sampler's own, or, with a correction, the
            trainer's before its first update.
        advantages: [N] of each token's sequence; alike within a sequence.
        sequence: [N] int64 number of each token's sequence.
        weights: [S] how often each sequence counts, in the order of first appearance; once each by default.
        clip_low: the ratio is clipped below 1 - clip_low.
        clip_high: and above 1 + clip_high.
        reference: [N] under the reference policy, where there is one.
        kl_weight: of the KL term.
        kl: which estimate of it.
        correction: [N] of `importance_weights`, constants that weigh the surrogate and not the KL.

    Raises:
        UnknownLossError: no loss has this name.
    """
    loss_settings = loss_kind(name)
    ratio = torch.exp(_level(logprobs - old_logprobs, sequence, loss_settings.level))
    token_losses, clipped_tokens = _surrogate(loss_settings.surrogate, ratio, logprobs, advantages, clip_low, clip_high)
    if correction is not None:
        token_losses = token_losses * correction.detach()
    mean_kl = torch.zeros((), device=logprobs.device)
    if reference is not None:
        kl_estimates = kl_estimate(logprobs, reference, kl)
        token_losses, mean_kl = token_losses + kl_weight * kl_estimates, kl_estimates.detach().mean()
    loss = aggregate(token_losses, sequence, loss_settings.aggregation, weights)
    return PolicyLoss(loss, clipped_tokens.float().mean(), mean_kl, ratio.detach().mean())


def imitation_loss(logprobs: torch.Tensor, sequence: torch.Tensor, weights: torch.Tensor | None = None) -> PolicyLoss:
    """Supervised fine-tuning: minus the mean log-prob of each sequence, summed over sequences and undivided.

    Args:
        logprobs: [N] under the policy that is trained.
        sequence: [N] int64 number of each token's sequence.
        weights: [S] how often each sequence counts, in the order of first appearance; once each by default.
    """
    zero = torch.zeros((), device=logprobs.device)
    return PolicyLoss(aggregate(-logprobs, sequence, "sequence_mean", weights), zero, zero, zero + 1.0)


def _surrogate(
    surrogate: Surrogate,
    ratio: torch.Tensor,
    logprobs: torch.Tensor,
    advantages: torch.Tensor,
    clip_low: float,
    clip_high: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each token's loss [N], and which tokens' `ratio` was clipped [N] bool."""
    above_clip = ratio > 1.0 + clip_high
    if surrogate == "weight":
        return -ratio.detach().clamp(max=1.0 + clip_high) * advantages * logprobs, above_clip
    clipped_ratio = ratio.clamp(1.0 - clip_low, 1.0 + clip_high)
    clipped_tokens = ((ratio < 1.0 - clip_low) & (advantages < 0)) | (above_clip & (advantages > 0))
    return -torch.minimum(ratio * advantages, clipped_ratio * advantages), clipped_tokens


def aggregate(
    values: torch.Tensor, sequence: torch.Tensor, aggregation: Aggregation, weights: torch.Tensor | None = None
) -> torch.Tensor:
    """The undivided sum: of each sequence's mean for `sequence_mean`, else of all tokens.

    Args:
        values: [N] one for each token.
        sequence: [N] int64 number of each token's sequence.
        aggregation: what is averaged over; see `divisor`.
        weights: [S] how often each sequence counts, in the order of first appearance.
    """
    if aggregation == "sequence_mean":
        sequence_mean = sequence_means(values, sequence)
        return (sequence_mean if weights is None else sequence_mean * weights).sum()
    if weights is None:
        return values.sum()
    return (values * weights[_numbered(sequence)[0]]).sum()


def divisor(aggregation: Aggregation, sequences: float, tokens: float, length_constant: float) -> float:
    """Return the number that the batch's sum of `aggregate` is divided by.

    Source: GRPO divides by sequences; DAPO (equation 8) by the batch's tokens, BNPO by the micro-batch's (give its
    tokens); Dr. GRPO (section 3.2) by sequences times a constant, the longest that a completion may be.

    Args:
        aggregation: what is averaged over.
        sequences: how many there are, each as often as it counts.
        tokens: scored tokens of them, counted likewise.
        length_constant: Dr. GRPO's.
    """
    return {
        "sequence_mean": sequences,
        "token_mean": tokens,
        "batch_token_mean": tokens,
        "constant": sequences * length_constant,
    }[aggregation]


def kl_estimate(logprobs: torch.Tensor, reference_logprobs: torch.Tensor, kind: KL = "k3") -> torch.Tensor:
    """Each token's estimate [N] of KL(policy || reference) from samples of the policy.

    Source: Schulman 2020, http://joschu.net/blog/kl-approx.html. k1 is unbiased and may be negative; its gradient
    is zero on average, so as a loss it only adds noise: log it. k2's gradient is that of the true KL, though its
    value is biased. k3 is unbiased and never negative.

    Args:
        logprobs: [N] under the policy.
        reference_logprobs: [N] under the reference.
        kind: k1 = log p - log q; k2 = (log p - log q)^2 / 2; k3 = q/p - 1 - (log q - log p).
    """
    log_ratio = reference_logprobs - logprobs
    if kind == "k1":
        return -log_ratio
    if kind == "k2":
        return log_ratio.square() / 2.0
    return log_ratio.exp() - log_ratio - 1.0


def importance_weights(
    trainer_logprobs: torch.Tensor,
    sampler_logprobs: torch.Tensor,
    sequence: torch.Tensor,
    mode: Correction,
    *,
    min_ratio: float = 0.0,
    max_ratio: float = 3.0,
) -> torch.Tensor:
    """Constants [N] that correct for a sampler whose log-probs differ from the trainer's of the same weights.

    Source: truncated importance sampling (Yao et al. 2025, https://fengyao.notion.site/off-policy-rl): the ratio
    kept within bounds; masked ("When Speed Kills Stability", Liu, Li et al. 2025): zero where it is outside them.
    A sequence's ratio is the product of its tokens'. The four modes are those of TRL 1.16.0; as there, masked tokens
    still count where the loss is divided.

    Args:
        trainer_logprobs: [N] under the trainer, before its first update on this batch.
        sampler_logprobs: [N] as the sampler gave them.
        sequence: [N] int64 number of each token's sequence.
        mode: of each token or of its sequence; truncate or mask.
        min_ratio: the least ratio.
        max_ratio: the greatest.
    """
    ratio = torch.exp(_level((trainer_logprobs - sampler_logprobs).detach(), sequence, _CORRECTION_LEVELS[mode]))
    if mode.endswith("truncate"):
        return ratio.clamp(min_ratio, max_ratio)
    return torch.where((ratio < min_ratio) | (ratio > max_ratio), torch.zeros_like(ratio), ratio)


_CORRECTION_LEVELS: dict[str, Level] = {
    "token_truncate": "token",
    "token_mask": "token",
    "sequence_truncate": "sequence_sum",
    "sequence_mask": "sequence_sum",
}


def sequence_means(values: torch.Tensor, sequence: torch.Tensor) -> torch.Tensor:
    """The mean of each sequence's tokens: [N] values to [S] means, in the order of first appearance."""
    sequence_index, lengths = _numbered(sequence)
    return (
        torch.zeros(len(lengths), dtype=values.dtype, device=values.device).index_add(0, sequence_index, values)
        / lengths
    )


def _numbered(sequence: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Number the sequences of `sequence` [N] from 0 in the order they stand in, [N]; with their lengths [S]."""
    _, sequence_index, lengths = torch.unique_consecutive(sequence, return_inverse=True, return_counts=True)
    return sequence_index, lengths


def _level(log_ratio: torch.Tensor, sequence: torch.Tensor, level: Level) -> torch.Tensor:
    """Return `log_ratio` [N] as it is, or, by `level`, its sequence's sum or mean for each token."""
    if level == "token":
        return log_ratio
    sequence_index, lengths = _numbered(sequence)
    sequence_sums = torch.zeros(len(lengths), dtype=log_ratio.dtype, device=log_ratio.device).index_add(
        0, sequence_index, log_ratio
    )
    return (sequence_sums / lengths if level == "sequence_mean" else sequence_sums)[sequence_index]
