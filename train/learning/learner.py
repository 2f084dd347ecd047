"""The learner: one GRPO step from the traces of all roles."""

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ...envs import Stream
from ...errors import UserError
from ..config import Learning
from ..models.packing import Branch, Packed, Row, batches
from ..models.policy import ROLES, Policy
from ..rollouts import Trace
from .advantages import Method, advantages_by
from .losses import (
    PolicyLoss,
    divisor,
    imitation_loss,
    importance_weights,
    loss_kind,
    policy_loss,
    sequence_means,
)
from .processes import Alone, Processes
from .sharding import held


class TrainingError(UserError, RuntimeError):
    """Training cannot go on; the message names the trace and what to do."""


@dataclass(frozen=True, slots=True)
class _Tree:
    """Traces that share a prompt, as one row to compute; equal traces are one branch."""

    role: str
    row: Row
    traces: tuple[Trace, ...]
    """One for each branch."""
    counts: tuple[int, ...]
    """How many traces each branch stands for."""
    imitated: bool
    """Supervised: whoever wrote the completions, they are made likelier."""

    @property
    def tokens(self) -> int:
        """Scored tokens, each branch as often as it counts."""
        return sum(n * len(trace.completion.logprobs) for n, trace in zip(self.counts, self.traces, strict=True))


def with_advantages(
    traces: Sequence[Trace], scale: Any, method: Method = "group"
) -> tuple[list[Trace], dict[str, float]]:
    """The traces with their advantages; those of groups without signal are dropped and counted."""
    rewards, groups = [trace.score.value for trace in traces], [(t.role, *t.group) for t in traces]
    found = advantages_by(method, rewards, groups, scale)
    kept = [
        replace(trace, advantage=float(value))
        for trace, value, signal in zip(traces, found.values, found.signal, strict=True)
        if signal
    ]
    metrics = {"groups": float(found.groups), "flat_groups": float(found.flat_groups)}
    return kept, metrics


class Learner:
    """AdamW on the configured loss, micro-batched by tokens.

    Deviations from GRPO as published: (1) each role's loss is the mean over its own sequences, weighted by
    configuration, so that a role with many short answers does not drown the others; (2) groups without signal
    are dropped before the mean, as DAPO's dynamic sampling would leave them out; (3) the clip is asymmetric.

    Raises:
        UnknownLossError: `config.loss` is no loss.
    """

    def __init__(
        self,
        policy: Policy,
        config: Learning,
        steps: int,
        processes: Processes = Alone(),  # noqa: B008 - it has no state
    ) -> None:
        self.policy = policy
        self.processes = processes
        self.config = config
        self._aggregation = loss_kind(config.loss).aggregation
        self._before: dict[int, torch.Tensor] = {}
        """Of each tree of this step, by identity: the trainer's log-probs before its first update, if needed."""
        self.steps = steps
        """How many there will be: the learning rate falls over them."""
        self.version = 0
        self._reference = policy.frozen_copy() if config.kl_weight else None
        if config.gradient_checkpointing:
            policy.recompute_layers()
        self._held = held(policy, config, processes)

    @property
    def optimiser(self) -> torch.optim.AdamW:
        """AdamW over what is trained."""
        return self._held.optimiser

    def write(self, folder: Path) -> None:
        """Put what a checkpoint keeps beside the weights into its folder; the others take part where they hold shares.

        Raises:
            OSError: it cannot be written; torch reports some of that as a RuntimeError.
        """
        if self._held.aligned:
            self.processes.order("write", folder)
        self.write_share(folder)

    def write_share(self, folder: Path) -> None:
        """What each process does for `write`."""
        kept = self._held.write(folder)
        if self.processes.rank == 0:
            torch.save({**kept, "version": self.version}, folder / "learner.pt")

    def read(self, folder: Path) -> None:
        """Take back what `write` put there, after the policy's weights were restored; in every process."""
        saved = torch.load(folder / "learner.pt", weights_only=True)
        self._held.read(saved, folder)
        self.version = saved["version"]

    def step(self, traces: Sequence[Trace], stream: Stream, method: str = "grpo") -> dict[str, float]:
        """Train on the traces; returns what to log.

        Args:
            traces: of all roles that learn.
            stream: of the order that they are taken in.
            method: `grpo` learns by their scores, `sft` imitates them.

        Raises:
            TrainingError: the loss is not finite, or sampler and trainer disagree.
        """
        metrics: dict[str, float] = {}
        trees: list[_Tree] = []
        for role in ROLES:
            own = [trace for trace in traces if trace.role == role]
            if not own or role not in self.config.roles:
                continue
            if method == "sft":
                kept, counts = own, {"imitated": float(len(own))}
            else:
                kept, counts = with_advantages(own, self.config.advantage_scale, self.config.advantage_method)
            metrics |= {f"{role}/{name}": value for name, value in counts.items()}
            trees += _trees(role, kept, method == "sft")
        order = stream.shuffled(range(len(trees)))
        count = min(self.config.minibatches, max(1, len(trees)))
        parts = [[trees[i] for i in sorted(order[part::count])] for part in range(count)]
        if count > 1 and self.config.correction != "none" and method != "sft":
            self._remember(parts)
        for number, chosen in enumerate(parts):
            if chosen:
                metrics |= self._update(chosen, first=number == 0)
        self._before.clear()
        self.version += 1
        return metrics

    def gradient(self, role: str, traces: Sequence[Trace]) -> list[torch.Tensor]:
        """What a step on these traces of one role would follow, by parameter of the optimiser; nothing is changed.

        In a single process; traces without signal give zeros.

        Raises:
            TrainingError: the loss is not finite.
        """
        kept, _ = with_advantages(traces, self.config.advantage_scale, self.config.advantage_method)
        parameters = self.optimiser.param_groups[0]["params"]
        if kept:
            self._gradients(role, _trees(role, kept))
        found = [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in parameters]
        self.optimiser.zero_grad()
        return found

    def preconditioned(self, gradient: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """A gradient in the optimiser's own measure: g / (sqrt(v) + eps), v Adam's bias-corrected second moment.

        As it is where the optimiser has not made a step yet.
        """
        group = self.optimiser.param_groups[0]
        found = []
        for parameter, own in zip(group["params"], gradient, strict=True):
            state = self.optimiser.state.get(parameter)
            if not state:
                found.append(own)
                continue
            second = state["exp_avg_sq"] / (1.0 - group["betas"][1] ** float(state["step"]))
            found.append(own / (second.sqrt() + group["eps"]))
        return found

    def _own_share(self, trees: Sequence[_Tree]) -> Sequence[_Tree]:
        """This process's trees of a role's; dealt out by length, so that every process gets about as many tokens."""
        if self.processes.size == 1:
            return trees
        return self.processes.share(sorted(trees, key=lambda tree: -tree.row.tokens))

    def _remember(self, parts: Sequence[Sequence[_Tree]]) -> None:
        """Keep the trainer's log-probs of each own tree as they are before the first of several updates."""
        for trees, role in itertools.product(parts, ROLES):
            own = self._own_share([tree for tree in trees if tree.role == role])
            for indices in batches([tree.row for tree in own], self.config.token_budget):
                chosen = [own[i] for i in indices]
                packed = self.policy.pack([tree.row for tree in chosen])
                with torch.no_grad():
                    found, _ = self.policy.logprobs(role, packed, chosen[0].traces[0].completion.temperature)
                lengths = [sum(len(trace.completion.logprobs) for trace in tree.traces) for tree in chosen]
                self._before |= {id(tree): part for tree, part in zip(chosen, found.split(lengths), strict=True)}

    def _divisor(self, chosen: Sequence[_Tree], own: Sequence[_Tree], parts: int) -> float:
        """What a micro-batch's loss is divided by: of the role's whole batch, but for BNPO of its own tokens."""
        sequences = float(sum(sum(tree.counts) for tree in own))
        local = self._aggregation == "batch_token_mean"
        tokens = sum(tree.tokens for tree in chosen) * parts if local else sum(tree.tokens for tree in own)
        return divisor(self._aggregation, sequences, float(tokens), self.config.length_constant)

    def _rate(self) -> float:
        """The learning rate of this step: up over the first few, then down to its final share at the last."""
        warm = min(1.0, (self.version + 1) / max(1, self.config.warmup_steps))
        left = 1.0 - min(1.0, self.version / max(1, self.steps - 1))
        if self.config.schedule == "cosine":
            left = (1.0 - math.cos(math.pi * left)) / 2.0
        return self.config.learning_rate * min(warm, self.config.final_rate + (1.0 - self.config.final_rate) * left)

    def _update(self, trees: Sequence[_Tree], first: bool) -> dict[str, float]:
        """One optimiser step. The first of a step is on-policy, so there the two log-probs must agree."""
        metrics: dict[str, float] = {}
        by_role = {role: own for role in ROLES if (own := [tree for tree in trees if tree.role == role])}
        for role, own in by_role.items():
            sums = self._gradients(role, own, closing=role == list(by_role)[-1])
            if first:
                stale = any(t.imitated or trace.version < self.version for t in own for trace in t.traces)
                metrics |= self._measured(role, sums, stale)
        norm = self._held.step(self._rate())
        return metrics | ({"grad_norm": norm} if first else {})

    def _gradients(self, role: str, own: Sequence[_Tree], closing: bool = False) -> torch.Tensor:
        """Accumulate this process's share of a role's gradients.

        Args:
            role: whose.
            own: all of its trees.
            closing: no other role's gradients follow before the update.

        Returns:
            [6] sums over all processes' tokens: gap, clipped, entropy, ratio, KL, count.

        Raises:
            TrainingError: the loss of some process is not finite.
        """
        sequences = sum(sum(tree.counts) for tree in own)
        mine = self._own_share(own)
        passes = [[mine[i] for i in part] for part in batches([tree.row for tree in mine], self.config.token_budget)]
        everyones = self.processes.gathered([_pictured(chosen) for chosen in passes])
        total = sum(map(len, everyones))
        # Where a pass needs every process, those with fewer of their own take part in others' with one of no weight.
        idle = max(map(len, everyones)) - len(passes) if self._held.aligned else 0
        filler = [min(own, key=lambda tree: tree.row.tokens)]
        weight = self.config.roles[role] / sequences  # type: ignore[index]
        sums = torch.zeros(6)
        failure: TrainingError | None = None
        for number, chosen in enumerate([*passes, *[filler] * idle]):
            counted = number < len(passes)
            scale = 1.0 if own[0].imitated else sequences / self._divisor(chosen, own, total)
            pictured = any(each[number] if number < len(each) else _pictured(filler) for each in everyones)
            last = closing and number + 1 == len(passes) + idle
            try:
                found = self._backward(role, chosen, weight * counted, scale, pictured=pictured, last=last)
                sums += found * counted
            except TrainingError as error:
                failure = failure or error
        # Every process learns of a failure before any of them waits for the others' gradients.
        gathered = self.processes.gathered((sums, failure))
        for _, failed in gathered:
            if failed is not None:
                raise failed
        return torch.stack([each for each, _ in gathered]).sum(0)

    def _measured(self, role: str, sums: torch.Tensor, stale: bool) -> dict[str, float]:
        """Means over a role's tokens.

        Raises:
            TrainingError: sampler and trainer disagree by more than is allowed, though they have the same weights;
                those of `stale` traces were sampled with older ones, or not at all.
        """
        names = ("logprob_gap", "clip_frac", "entropy", "ratio", "kl")[: 5 if self._reference else 4]
        found = {f"{role}/{n}": float(value) / float(sums[5]) for n, value in zip(names, sums, strict=False)}
        gap = found[f"{role}/logprob_gap"]
        if gap > self.config.max_logprob_gap and not stale:
            raise TrainingError(
                f"{role}: sampler and trainer differ by {gap:.3f} nats a token, more than "
                f"learning.max_logprob_gap={self.config.max_logprob_gap}; they must run the same weights"
            )
        return found

    def _backward(
        self, role: str, trees: Sequence[_Tree], weight: float, scale: float, *, pictured: bool, last: bool
    ) -> torch.Tensor:
        """Accumulate gradients of one forward pass; the loss counts `scale` times, and all of it `weight` times.

        Args:
            role: whose.
            trees: of this pass.
            weight: of loss and entropy bonus.
            scale: of the loss.
            pictured: some process has pictures in this pass.
            last: no other pass follows before the update.

        Returns:
            [6] sums over its tokens: gap, clipped, entropy, ratio, KL, count.

        Raises:
            TrainingError: the loss is not finite; said after the backward pass, in which others may take part.
        """
        packed = self.policy.pack([tree.row for tree in trees])
        traces, imitated = [trace for tree in trees for trace in tree.traces], trees[0].imitated
        device = self.policy.device
        sampled = torch.tensor([value for trace in traces for value in trace.completion.logprobs], device=device)
        counts = torch.tensor([count for tree in trees for count in tree.counts], dtype=torch.float32, device=device)
        # A role is sampled at one temperature, and its log-probs are compared under that one; imitation is at 1.
        temperature = 1.0 if imitated else traces[0].completion.temperature
        logprobs, entropy = self._held.logprobs(role, packed, temperature, pictured)
        assert entropy is not None
        if imitated:
            result = imitation_loss(logprobs, packed.branch, counts)
        else:
            result = self._policy_loss(role, trees, packed, logprobs, sampled, counts, temperature)
        entropy_weight = 0.0 if imitated else self.config.entropy_weight.get(role, 0.0)  # type: ignore[call-overload]
        bonus = entropy_weight * (sequence_means(entropy, packed.branch) * counts).sum()
        self._held.backward((result.loss * scale - bonus) * weight, last)
        if not torch.isfinite(result.loss):
            bad = (
                traces[int(packed.branch[~torch.isfinite(logprobs)][0])]
                if not torch.isfinite(logprobs).all()
                else traces[0]
            )
            raise TrainingError(
                f"the loss of {role} is not finite at group {'/'.join(bad.group)}; lower the learning rate"
            )
        gap = (logprobs.detach() - sampled).abs().sum()
        total = float(len(sampled))
        means = (float(result.ratio) * total, float(result.kl) * total)
        return torch.tensor([float(gap), float(result.clipped) * total, float(entropy.detach().sum()), *means, total])

    def _policy_loss(
        self,
        role: str,
        trees: Sequence[_Tree],
        packed: Packed,
        logprobs: torch.Tensor,
        sampled: torch.Tensor,
        counts: torch.Tensor,
        temperature: float,
    ) -> PolicyLoss:
        """The configured loss of one forward pass."""
        values = [trace.advantage for tree in trees for trace in tree.traces]
        before, correction = self._corrected(trees, logprobs, sampled, packed)
        return policy_loss(
            self.config.loss,
            logprobs,
            before,
            torch.tensor(values, device=logprobs.device)[packed.branch],
            packed.branch,
            weights=counts,
            clip_low=self.config.clip_low,
            clip_high=self.config.clip_high,
            reference=self._reference_logprobs(role, packed, temperature),
            kl_weight=self.config.kl_weight,
            kl=self.config.kl,
            correction=correction,
        )

    def _corrected(
        self, trees: Sequence[_Tree], logprobs: torch.Tensor, sampled: torch.Tensor, packed: Packed
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """What the ratio is taken to, and the weights that correct for the sampler, where configured."""
        if self.config.correction == "none":
            return sampled, None
        kept = [self._before[id(tree)] for tree in trees if id(tree) in self._before]
        before = torch.cat(kept) if kept else logprobs.detach()
        low, high = self.config.correction_low, self.config.correction_high
        return before, importance_weights(before, sampled, packed.branch, self.config.correction, low=low, high=high)

    def _reference_logprobs(self, role: str, packed: Packed, temperature: float) -> torch.Tensor | None:
        if self._reference is None:
            return None
        with torch.no_grad():
            return self._reference.logprobs(role, packed, temperature)[0]


def _pictured(trees: Sequence[_Tree]) -> bool:
    """Whether a batch has pictures: all of its trees have, or none."""
    return trees[0].row.vision is not None


def _trees(role: str, traces: Sequence[Trace], imitated: bool = False) -> list[_Tree]:
    """Traces of the same prompt as one row each; those with the same ids and advantage are computed once.

    Short answers of one group are mostly the same few, so this saves most of their work.
    """
    together: dict[tuple[int, tuple[int, ...]], list[Trace]] = {}
    for trace in traces:
        # Pictures are told apart by identity: the tensor made for an item serves sampling and training alike.
        together.setdefault((id(trace.prompt.vision), trace.prompt.ids), []).append(trace)
    found = []
    for own in together.values():
        prompt = own[0].prompt
        counts = Counter((trace.completion.ids, trace.advantage) for trace in own)
        unlike = {(trace.completion.ids, trace.advantage): trace for trace in reversed(own)}
        chosen = tuple(unlike[key] for key in counts)
        branches = [Branch(trace.completion.ids) for trace in chosen]
        row = Row(prompt.ids, branches, prompt.vision, prompt.positions)
        found.append(_Tree(role, row, chosen, tuple(counts.values()), imitated))
    return found
