"""The learner: one GRPO step from the trajectories of all roles.

Begin at `Learner.step`. Trajectories become rows to compute in `batches`, log-probs and gradients come from
the strategy of the weights in `sharding`, and the losses are those of `losses`.
"""

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import torch

from ...envs import SeededRng
from ..config import LearningConfig
from ..models.packing import PackedBatch, token_batches
from ..models.policy import ROLES, Policy
from ..rollouts import Trajectory
from .batches import PrefixBatch, prefix_batches, to_imitate, with_advantages
from .guards import NonFiniteError, TrainingError, UpdateGuard, first_nonfinite_module
from .losses import (
    PolicyLoss,
    TokenSums,
    divisor,
    imitation_loss,
    importance_weights,
    loss_kind,
    policy_loss,
    sequence_means,
)
from .processes import Alone, Processes
from .sharding import ScheduledPass, weight_strategy


class Learner:
    """AdamW on the configured loss, micro-batched by tokens.

    Deviations from GRPO as published: (1) each role's loss is the mean over its own sequences, weighted by
    configuration, so that a role with many short answers does not drown the others; (2) groups without signal
    are dropped before the mean, as DAPO's dynamic sampling would leave them out; (3) the clip is asymmetric.

    Args:
        policy: that acts and is trained.
        config: of the learning.
        steps: how many there will be: the learning rate falls over them.
        processes: that learn together.

    Raises:
        UnknownLossError: no loss is called as `config.loss`.
    """

    def __init__(
        self,
        policy: Policy,
        config: LearningConfig,
        steps: int,
        processes: Processes = Alone(),  # noqa: B008 - it has no state
    ) -> None:
        self.policy = policy
        self.processes = processes
        self.config = config
        self._aggregation = loss_kind(config.loss).aggregation
        self._first_logprobs: dict[PrefixBatch, torch.Tensor] = {}
        """By batch of this step: the trainer's log-probs before its first update, where they are needed."""
        self._guard = UpdateGuard()
        self.steps = steps
        self.version = 0
        """Updates' steps made so far, by which trajectories say who sampled them."""
        self._reference = policy.frozen_copy() if config.kl_weight else None
        if config.gradient_checkpointing:
            policy.recompute_layers()
        self._strategy = weight_strategy(policy, config, processes)

    @property
    def optimizer(self) -> torch.optim.AdamW:
        """AdamW over the trained parameters."""
        return self._strategy.optimizer

    def write(self, folder: Path) -> None:
        """Write what a checkpoint keeps beside the weights to `folder`; the others take part where they hold shards.

        Raises:
            OSError: it cannot be written; torch reports some of that as a RuntimeError.
        """
        if self._strategy.collective_passes:
            self.processes.order("write", folder)
        self.write_own_state(folder)

    def write_own_state(self, folder: Path) -> None:
        """Do this process's part of `write` to `folder`."""
        optimizer_state = self._strategy.write(folder)
        if self.processes.rank == 0:
            torch.save({**optimizer_state, "version": self.version}, folder / "learner.pt")

    def read(self, folder: Path) -> None:
        """Restore what `write` put in `folder`, after the policy's weights were restored; in every process."""
        saved_state = torch.load(folder / "learner.pt", weights_only=True)
        self._strategy.read(saved_state, folder)
        self.version = saved_state["version"]

    def step(self, trajectories: Sequence[Trajectory], rng: SeededRng, method: str = "grpo") -> dict[str, float]:
        """Train on the `trajectories`; return what to log.

        Args:
            trajectories: of all roles that learn.
            rng: of the order that they are taken in.
            method: `grpo` learns by their scores, `sft` imitates them.

        Raises:
            TrainingError: losses or gradients were not finite in several updates in a row, or sampler and trainer
                disagree.
        """
        metrics: dict[str, float] = {}
        batches: list[PrefixBatch] = []
        for role in ROLES:
            role_trajectories = [trajectory for trajectory in trajectories if trajectory.role == role]
            if not role_trajectories or role not in self.config.role_weights:
                continue
            if method == "sft":
                learned_from, counts = to_imitate(role_trajectories, self.config.mask_truncated)
            else:
                learned_from, counts = self._with_advantages(role_trajectories)
            metrics |= {f"{role}/{name}": value for name, value in counts.items()}
            batches += prefix_batches(role, learned_from, method == "sft")
        order = rng.shuffled(range(len(batches)))
        updates = min(self.config.minibatches, max(1, len(batches)))
        minibatches = [
            self._within_budget([batches[i] for i in sorted(order[number::updates])]) for number in range(updates)
        ]
        if updates > 1 and self.config.correction != "none" and method != "sft":
            self._remember_logprobs(minibatches)
        skipped_updates = 0
        for number, minibatch in enumerate(minibatches):
            if minibatch:
                try:
                    metrics |= self._update(minibatch, is_first=number == 0)
                    self._guard.passed()
                except NonFiniteError as error:
                    skipped_updates += 1
                    self._guard.skipped(error)
        self._first_logprobs.clear()
        self.version += 1
        return metrics | {"skipped_updates": float(skipped_updates)}

    def _with_advantages(self, trajectories: Sequence[Trajectory]) -> tuple[list[Trajectory], dict[str, float]]:
        """Return the `trajectories` to learn from, and what to log of them; see `batches.with_advantages`."""
        config = self.config
        return with_advantages(trajectories, config.advantage_scale, config.advantage_method, config.mask_truncated)

    def gradient(self, role: str, trajectories: Sequence[Trajectory]) -> list[torch.Tensor]:
        """Return the gradient of a step on `trajectories` of one `role`, by parameter; nothing is changed.

        In a single process; trajectories without signal give zeros.

        Raises:
            TrainingError: the loss is not finite.
        """
        learned_from, _ = self._with_advantages(trajectories)
        parameters = self._strategy.parameters
        if learned_from:
            try:
                self._gradients(role, self._within_budget(prefix_batches(role, learned_from)))
            except NonFiniteError as error:
                raise TrainingError(str(error)) from error
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in parameters]
        self.optimizer.zero_grad()
        return gradients

    def preconditioned(self, gradient: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Precondition a `gradient` as AdamW does: g / (sqrt(v) + eps), v its bias-corrected second moment.

        It is left as it is where the optimizer has not made a step yet.
        """
        group = self.optimizer.param_groups[0]
        directions = []
        for parameter, parameter_gradient in zip(group["params"], gradient, strict=True):
            state = self.optimizer.state.get(parameter)
            if not state:
                directions.append(parameter_gradient)
                continue
            second_moment = state["exp_avg_sq"] / (1.0 - group["betas"][1] ** float(state["step"]))
            directions.append(parameter_gradient / (second_moment.sqrt() + group["eps"]))
        return directions

    def _within_budget(self, batches: Sequence[PrefixBatch]) -> list[PrefixBatch]:
        """Split `batches` whose branches are cheaper to compute apart, or are too many for the token budget."""
        budget = self.config.token_budget
        return [piece for batch in batches for piece in batch.split(self.policy.split(batch.row, budget))]

    def _local_share(self, batches: Sequence[PrefixBatch]) -> Sequence[PrefixBatch]:
        """Return this process's share of a role's `batches`: about as many tokens as every other's."""
        if self.processes.size == 1:
            return batches
        return self.processes.local_share(sorted(batches, key=lambda batch: -batch.row.tokens))

    def _passes(self, batches: Sequence[PrefixBatch]) -> list[list[PrefixBatch]]:
        """Group this process's `batches` into forward passes within the token budget."""
        rows = [batch.row for batch in batches]
        return [[batches[i] for i in indices] for indices in token_batches(rows, self.config.token_budget)]

    def _remember_logprobs(self, minibatches: Sequence[Sequence[PrefixBatch]]) -> None:
        """Keep the trainer's log-probs of this process's `minibatches` from before the first of several updates."""
        for minibatch, role in itertools.product(minibatches, ROLES):
            for batches in self._passes(self._local_share([batch for batch in minibatch if batch.role == role])):
                packed_batch = self.policy.pack([batch.row for batch in batches])
                with torch.no_grad():
                    logprobs, _ = self.policy.logprobs(
                        role, packed_batch, batches[0].trajectories[0].completion.temperature
                    )
                pieces = logprobs.split([batch.branch_tokens for batch in batches])
                self._first_logprobs |= dict(zip(batches, pieces, strict=True))

    def _divisor(self, pass_batches: Sequence[PrefixBatch], role_batches: Sequence[PrefixBatch], passes: int) -> float:
        """Return the number that a pass's loss is divided by.

        Args:
            pass_batches: of this pass.
            role_batches: of the role, in all processes.
            passes: how many all processes have together.
        """
        sequences = float(sum(batch.sequences for batch in role_batches))
        if self._aggregation == "batch_token_mean":
            # BNPO alone divides by the pass's own tokens.
            tokens = sum(batch.scored_tokens for batch in pass_batches) * passes
        else:
            tokens = sum(batch.scored_tokens for batch in role_batches)
        return divisor(self._aggregation, sequences, float(tokens), self.config.length_constant)

    def _learning_rate(self) -> float:
        """Return the rate of this step: up over the first few, then down to its final share at the last."""
        warmup_factor = min(1.0, (self.version + 1) / max(1, self.config.warmup_steps))
        decay = 1.0 - min(1.0, self.version / max(1, self.steps - 1))
        if self.config.schedule == "cosine":
            decay = (1.0 - math.cos(math.pi * decay)) / 2.0
        decay_factor = self.config.final_rate + (1.0 - self.config.final_rate) * decay
        return self.config.learning_rate * min(warmup_factor, decay_factor)

    def _update(self, minibatch: Sequence[PrefixBatch], is_first: bool) -> dict[str, float]:
        """Make one update; the first of a step is on-policy, so there the two log-probs must agree.

        Args:
            minibatch: all roles' batches of it, in all processes.
            is_first: of its step.

        Raises:
            NonFiniteError: a loss or gradient is not finite; nothing was changed.
            TrainingError: sampler and trainer disagree.
        """
        metrics: dict[str, float] = {}
        by_role = {role: batches for role in ROLES if (batches := [b for b in minibatch if b.role == role])}
        failure: NonFiniteError | None = None
        for role, batches in by_role.items():
            try:
                sums = self._gradients(role, batches, closing=role == list(by_role)[-1])
            except NonFiniteError as error:
                # The other roles' passes are run all the same: they may be collective.
                failure = failure or error
                continue
            if is_first:
                is_stale = any(
                    b.is_imitation or trajectory.policy_version < self.version or trajectory.completion.constrained
                    for b in batches
                    for trajectory in b.trajectories
                )
                metrics |= self._measured(role, sums, is_stale)
        if failure is not None:
            self._strategy.discard_gradients()
            raise failure
        norm = self._strategy.step(self._learning_rate())
        return metrics | ({"grad_norm": norm} if is_first else {})

    def _gradients(self, role: str, role_batches: Sequence[PrefixBatch], closing: bool = False) -> TokenSums:
        """Accumulate this process's share of a role's gradients.

        Args:
            role: whose.
            role_batches: all of its batches.
            closing: no other role's gradients follow before the update.

        Returns:
            The sums over all processes' tokens.

        Raises:
            NonFiniteError: the loss or gradient of some process is not finite; in every process alike.
        """
        sequences = sum(batch.sequences for batch in role_batches)
        filler = [min(role_batches, key=lambda batch: batch.row.tokens)]
        local_passes = self._passes(self._local_share(role_batches))
        scheduled_passes, total_passes = self._strategy.schedule(local_passes, filler, closing)
        weight = self.config.role_weights[role] / sequences  # type: ignore[index]
        sums = TokenSums()
        failure: NonFiniteError | None = None
        for one_pass in scheduled_passes:
            if role_batches[0].is_imitation:
                scale = 1.0
            else:
                scale = sequences / self._divisor(one_pass.batches, role_batches, total_passes)
            try:
                pass_sums = self._backward(role, one_pass, 0.0 if one_pass.is_filler else weight, scale)
            except NonFiniteError as error:
                failure = failure or error
                continue
            sums = sums if one_pass.is_filler else sums.plus(pass_sums)
        # Every process learns of a failure before any of them waits for the others' gradients.
        total = TokenSums()
        for process_sums, process_failure in self.processes.all_gather((sums, failure and str(failure))):
            if process_failure:
                raise NonFiniteError(process_failure, None)
            total = total.plus(process_sums)
        return total

    def _measured(self, role: str, sums: TokenSums, is_stale: bool) -> dict[str, float]:
        """Return the means over a `role`'s tokens.

        Args:
            role: whose.
            sums: over its tokens.
            is_stale: some trajectories were sampled with older weights, under a schema, or not at all.

        Raises:
            TrainingError: sampler and trainer disagree by more than is allowed, though they have the same weights.
        """
        gap = sums.mean("logprob_gap")
        if gap > self.config.max_logprob_gap and not is_stale:
            raise TrainingError(
                f"{role}: sampler and trainer differ by {gap:.3f} nats a token, more than "
                f"learning.max_logprob_gap={self.config.max_logprob_gap}; they must run the same weights"
            )
        metrics = {
            f"{role}/logprob_gap": gap,
            f"{role}/clip_frac": sums.mean("clipped"),
            f"{role}/entropy": sums.mean("entropy"),
            f"{role}/ratio": sums.mean("ratio"),
        }
        return metrics | ({f"{role}/kl": sums.mean("kl")} if self._reference else {})

    def _backward(self, role: str, one_pass: ScheduledPass, weight: float, scale: float) -> TokenSums:
        """Accumulate the gradients of one pass; the loss counts `scale` times, and all of it `weight` times.

        Args:
            role: whose.
            one_pass: the pass.
            weight: of loss and entropy bonus.
            scale: of the loss.

        Returns:
            The sums over its tokens.

        Raises:
            NonFiniteError: the loss or a gradient is not finite; raised after the backward pass, in which others may
                take part.
        """
        batches = one_pass.batches
        packed_batch = self.policy.pack([batch.row for batch in batches])
        trajectories, is_imitation = (
            [trajectory for batch in batches for trajectory in batch.trajectories],
            batches[0].is_imitation,
        )
        device = self.policy.device
        sampled_logprobs = torch.tensor(
            [v for trajectory in trajectories for v in trajectory.completion.logprobs], device=device
        )
        counts = torch.tensor([n for batch in batches for n in batch.counts], dtype=torch.float32, device=device)
        # A role is sampled at one temperature, and its log-probs are compared under that one; imitation is at 1.
        temperature = 1.0 if is_imitation else trajectories[0].completion.temperature
        logprobs, entropy = self._strategy.logprobs(role, packed_batch, temperature, one_pass.any_pictures)
        assert entropy is not None
        if is_imitation:
            result = imitation_loss(logprobs, packed_batch.branch, counts)
        else:
            result = self._policy_loss(role, batches, packed_batch, logprobs, sampled_logprobs, counts, temperature)
        entropy_weight = 0.0 if is_imitation else self.config.entropy_weight.get(role, 0.0)  # type: ignore[call-overload]
        bonus = entropy_weight * (sequence_means(entropy, packed_batch.branch) * counts).sum()
        self._strategy.backward((result.loss * scale - bonus) * weight, one_pass.is_last)
        self._check_finite(role, trajectories, packed_batch, logprobs, result.loss)
        tokens = float(len(sampled_logprobs))
        return TokenSums(
            float((logprobs.detach() - sampled_logprobs).abs().sum()),
            float(result.clip_share) * tokens,
            float(entropy.detach().sum()),
            float(result.mean_ratio) * tokens,
            float(result.mean_kl) * tokens,
            tokens,
        )

    def _check_finite(
        self,
        role: str,
        trajectories: Sequence[Trajectory],
        packed_batch: PackedBatch,
        logprobs: torch.Tensor,
        loss: torch.Tensor,
    ) -> None:
        """Check a pass's `loss` and, where a pass is one process's own affair, its gradients.

        Args:
            role: whose.
            trajectories: of the pass, one for each branch.
            packed_batch: what was computed.
            logprobs: [N] of the scored tokens.
            loss: of the pass.

        Raises:
            NonFiniteError: one is not finite; it names the trajectory and the layer.
        """
        if torch.isfinite(loss):
            layer = None if self._strategy.collective_passes else self._strategy.nonfinite_layer()
            if layer is None:
                return
            other_suspects = f" or {len(trajectories) - 1} others of its pass" if len(trajectories) > 1 else ""
            raise NonFiniteError(
                f"the gradient of {role} is not finite at group {_path(trajectories[0])}{other_suspects}", layer
            )
        suspects = packed_batch.branch[~torch.isfinite(logprobs)].tolist()
        culprit = trajectories[suspects[0]] if suspects else trajectories[0]
        # The acting policy has the same weights, whole in every process.
        layer = first_nonfinite_module(
            self.policy.core(role), lambda: self.policy.logprobs(role, packed_batch, entropy=False)
        )
        raise NonFiniteError(f"the loss of {role} is not finite at group {_path(culprit)}", layer)

    def _policy_loss(
        self,
        role: str,
        batches: Sequence[PrefixBatch],
        packed_batch: PackedBatch,
        logprobs: torch.Tensor,
        sampled_logprobs: torch.Tensor,
        counts: torch.Tensor,
        temperature: float,
    ) -> PolicyLoss:
        """Compute the configured loss of one forward pass from its `logprobs` [N]; see `losses.policy_loss`."""
        advantages = [trajectory.advantage for batch in batches for trajectory in batch.trajectories]
        old_logprobs, correction = self._corrected(batches, logprobs, sampled_logprobs, packed_batch)
        return policy_loss(
            self.config.loss,
            logprobs,
            old_logprobs,
            torch.tensor(advantages, device=logprobs.device)[packed_batch.branch],
            packed_batch.branch,
            weights=counts,
            clip_low=self.config.clip_low,
            clip_high=self.config.clip_high,
            reference=self._reference_logprobs(role, packed_batch, temperature),
            kl_weight=self.config.kl_weight,
            kl=self.config.kl,
            correction=correction,
        )

    def _corrected(
        self,
        batches: Sequence[PrefixBatch],
        logprobs: torch.Tensor,
        sampled_logprobs: torch.Tensor,
        packed_batch: PackedBatch,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return the log-probs that the ratio is taken to, and the sampler's correction where it is configured.

        Args:
            batches: of the pass.
            logprobs: [N] of the trainer, now.
            sampled_logprobs: [N] as the sampler gave them.
            packed_batch: which sequence each token is of.
        """
        if self.config.correction == "none":
            return sampled_logprobs, None
        pieces = [self._first_logprobs[batch] for batch in batches if batch in self._first_logprobs]
        old_logprobs = torch.cat(pieces) if pieces else logprobs.detach()
        low, high = self.config.correction_low, self.config.correction_high
        correction = importance_weights(
            old_logprobs, sampled_logprobs, packed_batch.branch, self.config.correction, min_ratio=low, max_ratio=high
        )
        return old_logprobs, correction

    def _reference_logprobs(self, role: str, packed_batch: PackedBatch, temperature: float) -> torch.Tensor | None:
        if self._reference is None:
            return None
        with torch.no_grad():
            return self._reference.logprobs(role, packed_batch, temperature)[0]


def _path(trajectory: Trajectory) -> str:
    """Return the path of a `trajectory`'s group as one word."""
    return "/".join(trajectory.group)
