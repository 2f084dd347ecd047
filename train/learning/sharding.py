"""Strategies for the trained weights: whole in every process, or sharded by FSDP2 or DeepSpeed.

The acting policy (it samples, is measured, is saved) is always whole, in every process. Where accelerate's
configuration asks for FSDP2 or DeepSpeed, a train copy learns instead: its weights, gradients and optimizer states
(each library shards its own choice of them) are spread over the processes, and after each update the trained weights
are copied back to the acting policy. So a process holds the weights once, and a shard of what learning adds to them.

Begin at `weight_strategy`; `WeightStrategy` is the one without sharding.
"""

import copy
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from ..config import LearningConfig
from ..models.architecture import text_half
from ..models.packing import PackedBatch
from ..models.policy import ROLES, Policy
from .batches import PrefixBatch
from .guards import NonFiniteError, last_nonfinite_gradient
from .processes import Processes

BETAS = (0.9, 0.95)
"""AdamW's."""

LogprobsAndEntropies = tuple[torch.Tensor, torch.Tensor | None]


class ScheduledPass(NamedTuple):
    """One forward and backward pass of this process."""

    batches: Sequence[PrefixBatch]
    is_filler: bool
    """It has no weight: this process only takes part in the collectives of another's pass."""
    any_pictures: bool
    """Some process has pictures in its pass of this number."""
    is_last: bool
    """No other pass follows before the update."""


class WeightStrategy:
    """Whole weights in every process; gradients are summed over them.

    Args:
        policy: the acting policy.
        config: of the learner; roles left out of it are frozen.
        processes: that learn together.
    """

    collective_passes = False
    """True where each forward and backward pass needs every process, so that all must run as many."""

    def __init__(self, policy: Policy, config: LearningConfig, processes: Processes) -> None:
        self.policy = policy
        """The acting policy."""
        self.processes = processes
        self._train_policy = self.train_copy(policy)
        """Its log-probs carry the gradients."""
        role_parameters = [p for role in config.role_weights for p in self._train_policy.parameters(role)]
        unique_parameters = list({id(p): p for p in role_parameters}.values())
        for parameter in self._train_policy.model.parameters():
            parameter.requires_grad_(any(parameter is p for p in unique_parameters))
        self.optimizer = torch.optim.AdamW(
            unique_parameters, lr=config.learning_rate, weight_decay=config.weight_decay, betas=BETAS
        )
        self._max_norm = config.max_grad_norm
        acting_weights, trained_ids = policy.trainable(), {id(p) for p in unique_parameters}
        self._trained_pairs: list[tuple[torch.Tensor, Any]] = [
            (acting_weights[name].detach(), p.detach())
            for name, p in self._train_policy.trainable().items()
            if id(p) in trained_ids
        ]
        """Each trained parameter: the acting policy's, and the train copy's."""

    def train_copy(self, policy: Policy) -> Policy:
        """Return the policy that learns in place of `policy`: without sharding, itself."""
        return policy

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        """The trained parameters, in the optimizer's order."""
        trained_parameters: list[torch.nn.Parameter] = self.optimizer.param_groups[0]["params"]
        return trained_parameters

    @property
    def named_parameters(self) -> list[tuple[str, torch.nn.Parameter]]:
        """The trained parameters with their names in the model, in the order of the forward pass."""
        trained_ids = {id(p) for p in self.parameters}
        return [(name, p) for name, p in self._train_policy.model.named_parameters() if id(p) in trained_ids]

    def schedule(
        self, passes: Sequence[Sequence[PrefixBatch]], filler: Sequence[PrefixBatch], closing: bool
    ) -> tuple[list[ScheduledPass], int]:
        """Line up this process's `passes` with the other processes'.

        Where a pass needs every process, those with fewer take part in the others' by passes of no weight.

        Args:
            passes: this process's batches of each of its passes.
            filler: the batches of a pass of no weight.
            closing: no other role's passes follow before the update.

        Returns:
            This process's passes, and how many passes that count all processes have together.
        """
        pictures_by_process = self.processes.all_gather([batches[0].has_pictures for batches in passes])
        longest = max(map(len, pictures_by_process))
        fillers = longest - len(passes) if self.collective_passes else 0
        scheduled_passes = []
        for number, batches in enumerate([*passes, *[filler] * fillers]):
            any_pictures = any(
                flags[number] if number < len(flags) else filler[0].has_pictures for flags in pictures_by_process
            )
            is_last = closing and number + 1 == len(passes) + fillers
            scheduled_passes.append(ScheduledPass(batches, number >= len(passes), any_pictures, is_last))
        return scheduled_passes, sum(map(len, pictures_by_process))

    def logprobs(self, role: str, batch: PackedBatch, temperature: float, any_pictures: bool) -> LogprobsAndEntropies:
        """Score `batch` as `role`, with entropies; see `Policy.logprobs`.

        Args:
            role: who scores.
            batch: the batch.
            temperature: of the softmax.
            any_pictures: this or another process's batch of the same pass has pictures.
        """
        return self._train_policy.logprobs(role, batch, temperature, entropy=True)

    def backward(self, loss: torch.Tensor, is_last: bool) -> None:
        """Add the gradients of `loss` to the others' of this update.

        Args:
            loss: of one pass.
            is_last: no other pass follows before `step`.
        """
        loss.backward()

    def nonfinite_layer(self) -> str | None:
        """Name the parameter whose gradient of this process stopped being finite; None where all are finite."""
        return last_nonfinite_gradient(self.named_parameters)

    def discard_gradients(self) -> None:
        """Forget the gradients of this update; weights and optimizer states stay."""
        self.optimizer.zero_grad()

    def step(self, learning_rate: float) -> float:
        """Update once by the clipped gradients of all processes, at `learning_rate`; return their norm unclipped.

        Raises:
            NonFiniteError: the norm is not finite; nothing was changed and the gradients are discarded.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.sum_gradients()
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self._max_norm)
        norm_value = float(norm.full_tensor() if isinstance(norm, DTensor) else norm)
        if norm_value != norm_value or norm_value == float("inf"):
            layers = [layer for layer in self.processes.all_gather(self.nonfinite_layer()) if layer]
            self.discard_gradients()
            raise NonFiniteError(f"the gradient is not finite ({norm_value})", layers[0] if layers else None)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return norm_value

    def sum_gradients(self) -> None:
        """Have every process's gradients be the sum of all."""
        self.processes.sum_gradients(self.parameters)

    def write(self, folder: Path) -> dict[str, Any]:
        """Return what a checkpoint keeps of the optimizer, or write it to `folder`.

        Every process calls this, and the first writes what it is given.
        """
        return {"optimizer": self.optimizer.state_dict()}

    def read(self, saved_state: dict[str, Any], folder: Path) -> None:
        """Restore `saved_state`, which `write` returned, after the acting policy's weights were restored.

        Args:
            saved_state: as `write` returned it.
            folder: that `write` was given.

        Raises:
            ValueError: another strategy wrote it.
        """
        self.optimizer.load_state_dict(optimizer_states(saved_state))


class ScoringModule(torch.nn.Module):
    """A policy's log-probs as the forward pass of one module, which is what sharding libraries wrap."""

    policy: Policy
    vision_parameters: Mapping[str, Sequence[tuple[torch.nn.Module, str]]]
    """By role: the owners and names of the parameters that pictures alone reach."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.model = policy.model
        # Hidden from the module's own registry: it has the model already.
        self.__dict__["policy"] = policy
        self.__dict__["vision_parameters"] = {role: _vision_parameters(policy, role) for role in ROLES}

    def forward(self, role: str, batch: PackedBatch, temperature: float, any_pictures: bool) -> LogprobsAndEntropies:
        """Score `batch`; see `WeightStrategy.logprobs`."""
        logprobs, entropies = self.policy.logprobs(role, batch, temperature, entropy=True)
        # No view: FSDP2 hangs its hooks on what is returned.
        logprobs = logprobs.clone()
        if any_pictures:
            # Processes that do not have gradients of the same weights, as where some batches have pictures and some
            # have none, would wait for one another for ever.
            for module, name in self.vision_parameters[role]:
                if (parameter := getattr(module, name)).requires_grad:
                    logprobs = logprobs + 0.0 * parameter.reshape(-1)[0]
        return logprobs, entropies


def _vision_parameters(policy: Policy, role: str) -> list[tuple[torch.nn.Module, str]]:
    """List the owners and names of a `role`'s parameters outside the text half: sharding swaps the tensors."""
    core, role_ids = policy.core(role), {id(p) for p in policy.parameters(role)}
    text_ids = {id(p) for module in (text_half(core), core.lm_head) for p in module.parameters()}
    return [
        (module, name)
        for module in core.modules()
        for name, p in module.named_parameters(recurse=False)
        if id(p) in role_ids and id(p) not in text_ids
    ]


class FullyShardedWeights(WeightStrategy):
    """FSDP2: every layer of the text half is a unit, and all else one more."""

    collective_passes = True

    def train_copy(self, policy: Policy) -> Policy:
        """Return a copy of `policy` whose parameters are sharded."""
        plugin = self.processes.sharding
        assert plugin is not None
        train_policy = copy.deepcopy(policy)
        self._scoring = ScoringModule(train_policy)
        mesh = init_device_mesh(train_policy.device.type, (self.processes.size,))
        layers = [layer for core in unique_cores(train_policy) for layer in text_half(core).layers]
        for module in (*layers, self._scoring):
            fully_shard(module, mesh=mesh, reshard_after_forward=bool(plugin.options.reshard_after_forward))
        for module in self._scoring.modules():
            if isinstance(module, FSDPModule):
                # Sums, as where weights are whole; gloo can only sum.
                module.set_gradient_divide_factor(1.0)
                module.set_force_sum_reduction_for_comms(True)
        return train_policy

    def logprobs(self, role: str, batch: PackedBatch, temperature: float, any_pictures: bool) -> LogprobsAndEntropies:
        """Score `batch`; see `WeightStrategy.logprobs`."""
        scores: LogprobsAndEntropies = self._scoring(role, batch, temperature, any_pictures)
        return scores

    def step(self, learning_rate: float) -> float:
        """Update at `learning_rate`; then make the acting policy's weights whole again."""
        norm = super().step(learning_rate)
        for acting_weight, shard in self._trained_pairs:
            acting_weight.copy_(shard.full_tensor())
        return norm

    def sum_gradients(self) -> None:
        """Do nothing: each backward pass has summed and sharded its gradients."""

    def write(self, folder: Path) -> dict[str, Any]:
        """Return whole optimizer states, so that the checkpoint is that of any other run; nothing in `folder`."""
        state = self.optimizer.state_dict()
        whole_states = {
            number: {name: v.full_tensor().cpu() if isinstance(v, DTensor) else v for name, v in values.items()}
            for number, values in state["state"].items()
        }
        return {"optimizer": {**state, "state": whole_states}}

    def read(self, saved_state: dict[str, Any], folder: Path) -> None:
        """Shard the restored weights and the optimizer states of `saved_state` again."""
        with torch.no_grad():
            for acting_weight, shard in self._trained_pairs:
                shard.to_local().copy_(_shard_like(acting_weight, shard).to_local())
        state = optimizer_states(saved_state)
        sharded_states = {
            number: {
                name: _shard_like(v.to(shard.device), shard) if v.shape == shard.shape and v.dim() else v
                for name, v in parameter_state.items()
            }
            for number, parameter_state in state["state"].items()
            for shard in [self.parameters[number]]
        }
        self.optimizer.load_state_dict({**state, "state": sharded_states})


class ShardedOptimizerStates(WeightStrategy):
    """DeepSpeed's ZeRO of stage 1: optimizer states are sharded, weights and gradients are not.

    Deviations from whole weights: every trained weight is stepped in every update, those without a gradient by
    their momentum alone, where AdamW leaves them; a checkpoint goes on with as many processes as wrote it; and a loss
    or gradient that is not finite stops the run at once instead of skipping the update.
    Stages 2 and 3 are refused (`processes.configured_sharding`): with DeepSpeed 0.19.8 stage 2 adds gradients wrongly
    where the passes of one update reach different weights, as those of different roles do, and stage 3 waits for ever
    where one process's batch has pictures and another's has none. FSDP2 shards as much and has neither fault.
    """

    collective_passes = True
    FOLDER = "deepspeed"

    def __init__(self, policy: Policy, config: LearningConfig, processes: Processes) -> None:
        super().__init__(policy, config, processes)
        import deepspeed

        self._engine, *_ = deepspeed.initialize(
            model=ScoringModule(self._train_policy),
            optimizer=self.optimizer,
            config=self._settings(config),
        )

    def _settings(self, config: LearningConfig) -> dict[str, Any]:
        """Return the configuration of DeepSpeed that accelerate has, with what the learner's `config` decides."""
        assert self.processes.sharding is not None
        settings = copy.deepcopy(self.processes.sharding.options.deepspeed_config)
        # What is trained stays float32; `precision` says what forward passes compute in.
        for name in ("fp16", "bf16", "optimizer", "scheduler", "train_batch_size"):
            settings.pop(name, None)
        return {
            **settings,
            "train_micro_batch_size_per_gpu": 1,
            "gradient_accumulation_steps": 1,
            "gradient_clipping": config.max_grad_norm,
            "zero_allow_untested_optimizer": True,
            "steps_per_print": sys.maxsize,
        }

    def train_copy(self, policy: Policy) -> Policy:
        """Return a copy of `policy`; the engine shards its optimizer states."""
        return copy.deepcopy(policy)

    def logprobs(self, role: str, batch: PackedBatch, temperature: float, any_pictures: bool) -> LogprobsAndEntropies:
        """Score `batch`; see `WeightStrategy.logprobs`."""
        scores: LogprobsAndEntropies = self._engine(role, batch, temperature, any_pictures)
        return scores

    def backward(self, loss: torch.Tensor, is_last: bool) -> None:
        """Add the gradients of `loss`; the engine takes means over the processes, and sums are wanted."""
        self._engine.set_gradient_accumulation_boundary(is_last)
        self._engine.backward(loss * self.processes.size)

    def discard_gradients(self) -> None:
        """Refuse: the engine has gradients in buffers of its own.

        Raises:
            NonFiniteError: always, as one that no skipped update can mend.
        """
        raise NonFiniteError("DeepSpeed cannot skip an update", None, fatal=True)

    def step(self, learning_rate: float) -> float:
        """Update at `learning_rate`; then copy the weights to the acting policy.

        Raises:
            NonFiniteError: the norm is not finite, and the engine has applied the gradients; it is fatal.
        """
        for group in self._engine.optimizer.param_groups:
            group["lr"] = learning_rate
        self._engine.step()
        norm = float(self._engine.get_global_grad_norm() or 0.0)
        if norm != norm or norm == float("inf"):
            raise NonFiniteError(f"the gradient is not finite ({norm})", None, fatal=True)
        for acting_weight, train_weight in self._trained_pairs:
            acting_weight.copy_(train_weight)
        return norm

    def write(self, folder: Path) -> dict[str, Any]:
        """Write the engine's own files, of every process, to `folder`."""
        self._engine.save_checkpoint(str(folder), tag=self.FOLDER, save_latest=False, exclude_frozen_parameters=True)
        return {}

    def read(self, saved_state: dict[str, Any], folder: Path) -> None:
        """Restore the engine's files in `folder`, weights included.

        Raises:
            ValueError: `saved_state` is of another strategy, or of another number of processes.
        """
        if "optimizer" in saved_state:
            raise ValueError("it was not written by DeepSpeed; go on with the configuration that the run began with")
        self._engine.load_checkpoint(str(folder), tag=self.FOLDER, load_module_strict=False)


def optimizer_states(saved_state: dict[str, Any]) -> dict[str, Any]:
    """Return the optimizer's state dict in a checkpoint's `saved_state`.

    Raises:
        ValueError: DeepSpeed wrote it.
    """
    if "optimizer" not in saved_state:
        raise ValueError("it was written by DeepSpeed; go on with the configuration that the run began with")
    states: dict[str, Any] = saved_state["optimizer"]
    return states


def _shard_like(whole_tensor: torch.Tensor, like: DTensor) -> DTensor:
    """Shard a `whole_tensor`, which every process has, as another one is."""
    return distribute_tensor(whole_tensor, like.device_mesh, like.placements, src_data_rank=None)


def unique_cores(policy: Policy) -> Iterable[Any]:
    """Return each model that some role of the `policy` acts with, once."""
    return {id(core): core for role in ROLES for core in [policy.core(role)]}.values()


def weight_strategy(policy: Policy, config: LearningConfig, processes: Processes) -> WeightStrategy:
    """Make the strategy that accelerate's configuration of the `processes` asks for.

    Args:
        policy: the acting policy.
        config: of the learner.
        processes: that learn together.
    """
    kinds: dict[str, type[WeightStrategy]] = {"fsdp": FullyShardedWeights, "deepspeed": ShardedOptimizerStates}
    return (kinds[processes.sharding.kind] if processes.sharding else WeightStrategy)(policy, config, processes)
