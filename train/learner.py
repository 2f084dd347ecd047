"""The learner: one GRPO step from the traces of all roles."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from ..config import Learning
from ..envs import Score, Stream
from .advantages import group_advantages
from .generator import Completion, Prompt
from .losses import grpo_loss, sequence_means
from .packing import Branch, Packed, Row, batches, pack
from .policy import ROLES, Policy


class TrainingError(RuntimeError):
    """Training cannot go on; the message names the trace and what to do."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One completion of a role with its score: what training is made of."""

    role: str
    group: tuple[str, ...]
    """Path of the group that it is compared in, unique within a step."""
    prompt: Prompt
    completion: Completion
    score: Score
    version: int
    """Policy version that sampled it."""
    advantage: float = 0.0


@dataclass(frozen=True, slots=True)
class _Tree:
    """Traces that share a prompt, as one row to compute; equal traces are one branch."""

    role: str
    row: Row
    traces: tuple[Trace, ...]
    """One for each branch."""
    counts: tuple[int, ...]
    """How many traces each branch stands for."""


def with_advantages(traces: Sequence[Trace], scale: Any) -> tuple[list[Trace], dict[str, float]]:
    """The traces with group-relative advantages; those of groups without signal are dropped and counted."""
    found = group_advantages([trace.score.value for trace in traces], [(t.role, *t.group) for t in traces], scale)
    kept = [
        replace(trace, advantage=float(value))
        for trace, value, signal in zip(traces, found.values, found.signal, strict=True)
        if signal
    ]
    metrics = {"groups": float(found.groups), "flat_groups": float(found.flat_groups)}
    return kept, metrics


class Learner:
    """AdamW on the clipped surrogate, micro-batched by tokens.

    Deviations from GRPO as published: (1) each role's loss is the mean over its own sequences, weighted by
    configuration, so that a role with many short answers does not drown the others; (2) groups without signal
    are dropped before the mean, as DAPO's dynamic sampling would leave them out; (3) the clip is asymmetric.
    """

    def __init__(self, policy: Policy, config: Learning, steps: int) -> None:
        self.policy = policy
        self.config = config
        self.steps = steps
        """How many there will be: the learning rate falls over them."""
        self.version = 0
        parameters = [p for role in config.roles for p in policy.parameters(role)]
        unique = list({id(p): p for p in parameters}.values())
        for parameter in policy.model.parameters():
            parameter.requires_grad_(any(parameter is p for p in unique))
        self.optimiser = torch.optim.AdamW(
            unique, lr=config.learning_rate, weight_decay=config.weight_decay, betas=(0.9, 0.95)
        )
        self._reference = policy.frozen_copy() if config.kl_weight else None

    def step(self, traces: Sequence[Trace], stream: Stream) -> dict[str, float]:
        """Train on the traces; returns what to log.

        Raises:
            TrainingError: the loss is not finite, or sampler and trainer disagree.
        """
        metrics: dict[str, float] = {}
        trees: list[_Tree] = []
        for role in ROLES:
            own = [trace for trace in traces if trace.role == role]
            if not own or role not in self.config.roles:
                continue
            kept, counts = with_advantages(own, self.config.advantage_scale)
            metrics |= {f"{role}/{name}": value for name, value in counts.items()}
            trees += _trees(role, kept)
        order = stream.shuffled(range(len(trees)))
        count = min(self.config.minibatches, max(1, len(trees)))
        for part in range(count):
            chosen = [trees[i] for i in sorted(order[part::count])]
            if chosen:
                metrics |= self._update(chosen, first=part == 0)
        self.version += 1
        return metrics

    def _rate(self) -> float:
        """The learning rate of this step: up over the first few, then down to its final share at the last."""
        warm = min(1.0, (self.version + 1) / max(1, self.config.warmup_steps))
        left = 1.0 - min(1.0, self.version / max(1, self.steps - 1))
        return self.config.learning_rate * min(warm, self.config.final_rate + (1.0 - self.config.final_rate) * left)

    def _update(self, trees: Sequence[_Tree], first: bool) -> dict[str, float]:
        """One optimiser step. The first of a step is on-policy, so there the two log-probs must agree."""
        metrics: dict[str, float] = {}
        for role in ROLES:
            own = [tree for tree in trees if tree.role == role]
            sequences = sum(sum(tree.counts) for tree in own)
            sums = torch.zeros(4)
            for chosen in batches([tree.row for tree in own], self.config.token_budget):
                sums += self._backward(role, [own[i] for i in chosen], self.config.roles[role] / sequences)  # type: ignore[index]
            if own:
                tokens = float(sums[3])
                names = ("logprob_gap", "clip_frac", "entropy") if first else ()
                metrics |= {f"{role}/{name}": float(value) / tokens for name, value in zip(names, sums, strict=False)}
                gap = metrics.get(f"{role}/logprob_gap", 0.0)
                if gap > self.config.max_logprob_gap:
                    raise TrainingError(
                        f"{role}: sampler and trainer differ by {gap:.3f} nats a token, more than "
                        f"learning.max_logprob_gap={self.config.max_logprob_gap}; they must run the same weights"
                    )
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        parameters = self.optimiser.param_groups[0]["params"]
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, self.config.max_grad_norm))
        self.optimiser.step()
        self.optimiser.zero_grad()
        return metrics | ({"grad_norm": norm} if first else {})

    def _backward(self, role: str, trees: Sequence[_Tree], weight: float) -> torch.Tensor:
        """Accumulate gradients of one forward pass; returns sums over its tokens: gap, clipped, entropy, count."""
        packed = pack([tree.row for tree in trees], self.policy.tokenizer.pad_token_id)
        traces = [trace for tree in trees for trace in tree.traces]
        sampled = torch.tensor([value for trace in traces for value in trace.completion.logprobs])
        advantages = torch.tensor([trace.advantage for trace in traces])[packed.branch]
        counts = torch.tensor([count for tree in trees for count in tree.counts], dtype=torch.float32)
        # A role is sampled at one temperature, and its log-probs are compared under that one.
        temperature = traces[0].completion.temperature
        logprobs, entropy = self.policy.logprobs(role, packed, temperature, entropy=True)
        assert entropy is not None
        result = grpo_loss(
            logprobs,
            sampled,
            advantages,
            packed.branch,
            weights=counts,
            clip_low=self.config.clip_low,
            clip_high=self.config.clip_high,
            reference=self._reference_logprobs(role, packed, temperature),
            kl_weight=self.config.kl_weight,
        )
        if not torch.isfinite(result.loss):
            bad = (
                traces[int(packed.branch[~torch.isfinite(logprobs)][0])]
                if not torch.isfinite(logprobs).all()
                else traces[0]
            )
            raise TrainingError(
                f"the loss of {role} is not finite at group {'/'.join(bad.group)}; lower the learning rate"
            )
        entropy_weight = self.config.entropy_weight.get(role, 0.0)  # type: ignore[call-overload]
        bonus = entropy_weight * (sequence_means(entropy, packed.branch) * counts).sum()
        ((result.loss - bonus) * weight).backward()
        gap = (logprobs.detach() - sampled).abs().sum()
        total = float(len(sampled))
        return torch.tensor([float(gap), float(result.clipped) * total, float(entropy.detach().sum()), total])

    def _reference_logprobs(self, role: str, packed: Packed, temperature: float) -> torch.Tensor | None:
        if self._reference is None:
            return None
        with torch.no_grad():
            return self._reference.logprobs(role, packed, temperature)[0]


def _trees(role: str, traces: Sequence[Trace]) -> list[_Tree]:
    """Traces of the same prompt as one row each; those with the same ids and advantage are computed once.

    Short answers of one group are mostly the same few, so this saves most of their work.
    """
    together: dict[tuple[int, tuple[int, ...]], list[Trace]] = {}
    for trace in traces:
        # Pictures are told apart by identity: the tensor made for an item serves sampling and training alike.
        together.setdefault((id(trace.prompt.pixels), trace.prompt.ids), []).append(trace)
    found = []
    for own in together.values():
        prompt = own[0].prompt
        counts = Counter((trace.completion.ids, trace.advantage) for trace in own)
        unlike = {(trace.completion.ids, trace.advantage): trace for trace in reversed(own)}
        chosen = tuple(unlike[key] for key in counts)
        branches = [Branch(trace.completion.ids) for trace in chosen]
        found.append(_Tree(role, Row(prompt.ids, branches, prompt.pixels), chosen, tuple(counts.values())))
    return found
