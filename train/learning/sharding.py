"""How weights are held while they learn: whole in every process, or divided by FSDP2 or DeepSpeed.

What acts (samples, is measured, is saved) is always whole, in every process. Where accelerate's configuration asks for
FSDP2 or DeepSpeed, a twin learns instead: its weights, gradients and moments (what each divides is its own affair) are
spread over the processes, and after each update what changed is copied back to what acts. So a process holds the
weights once, and a share of what learning adds to them.
"""

import copy
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from ..config import Learning
from ..models.architecture import text_half
from ..models.packing import Packed
from ..models.policy import ROLES, Policy
from .processes import Processes

BETAS = (0.9, 0.95)
"""AdamW's."""

Scored = tuple[torch.Tensor, torch.Tensor | None]


class Held:
    """Whole in every process; gradients are summed over them.

    Args:
        policy: that acts.
        config: of the learner; roles left out of it are frozen.
        processes: that learn together.
    """

    aligned = False
    """Whether each forward and backward pass needs every process, so that all must run as many."""

    def __init__(self, policy: Policy, config: Learning, processes: Processes) -> None:
        self.policy = policy
        """What acts."""
        self.processes = processes
        self._learns = self.twin(policy)
        """What log-probs with gradients are taken of."""
        parameters = [p for role in config.roles for p in self._learns.parameters(role)]
        unique = list({id(p): p for p in parameters}.values())
        for parameter in self._learns.model.parameters():
            parameter.requires_grad_(any(parameter is p for p in unique))
        self.optimiser = torch.optim.AdamW(
            unique, lr=config.learning_rate, weight_decay=config.weight_decay, betas=BETAS
        )
        self._most = config.max_grad_norm
        acting, trained = policy.trainable(), {id(p) for p in unique}
        self._changed: list[tuple[torch.Tensor, Any]] = [
            (acting[name].detach(), p.detach()) for name, p in self._learns.trainable().items() if id(p) in trained
        ]
        """Each trained parameter: of what acts, and of what learns."""

    def twin(self, policy: Policy) -> Policy:
        """What learns for this policy: here itself."""
        return policy

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        """What is trained."""
        found: list[torch.nn.Parameter] = self.optimiser.param_groups[0]["params"]
        return found

    def logprobs(self, role: str, packed: Packed, temperature: float, pictured: bool) -> Scored:
        """See `Policy.logprobs`, with entropies.

        Args:
            role: who scores.
            packed: the batch.
            temperature: of the softmax.
            pictured: this or another process's batch of the same pass has pictures.
        """
        return self._learns.logprobs(role, packed, temperature, entropy=True)

    def backward(self, loss: torch.Tensor, last: bool) -> None:
        """Add this loss's gradients to the others' of this update.

        Args:
            loss: of one pass.
            last: no other pass follows before `step`.
        """
        loss.backward()

    def step(self, rate: float) -> float:
        """One update by the gradients of all processes, clipped; returns their norm before that."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.sum_gradients()
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self._most)
        self.optimiser.step()
        self.optimiser.zero_grad()
        return float(norm.full_tensor() if isinstance(norm, DTensor) else norm)

    def sum_gradients(self) -> None:
        """Have every process's gradients be the sum of all."""
        self.processes.sum_gradients(self.parameters)

    def write(self, folder: Path) -> dict[str, Any]:
        """What a checkpoint keeps of the optimiser; every process calls this, and the first writes what it gets."""
        return {"optimiser": self.optimiser.state_dict()}

    def read(self, saved: dict[str, Any], folder: Path) -> None:
        """Take back what `write` gave, after the acting policy's weights were restored.

        Raises:
            ValueError: weights that are held otherwise wrote it.
        """
        self.optimiser.load_state_dict(whole_moments(saved))


class Scoring(torch.nn.Module):
    """A policy's log-probs as the forward pass of one module, which is what sharding libraries wrap."""

    policy: Policy
    seen_only: Mapping[str, Sequence[tuple[torch.nn.Module, str]]]
    """Of each role, the owners and names of what pictures alone reach."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.model = policy.model
        # Hidden from the module's own registry: it has the model already.
        self.__dict__["policy"] = policy
        self.__dict__["seen_only"] = {role: _parts_for_pictures(policy, role) for role in ROLES}

    def forward(self, role: str, packed: Packed, temperature: float, pictured: bool) -> Scored:
        """See `Held.logprobs`."""
        logprobs, entropies = self.policy.logprobs(role, packed, temperature, entropy=True)
        # No view: FSDP2 hangs its hooks on what is returned.
        logprobs = logprobs.clone()
        if pictured:
            # Processes that do not have gradients of the same weights, as where some batches have pictures and some
            # have none, would wait for one another for ever.
            for module, name in self.seen_only[role]:
                if (parameter := getattr(module, name)).requires_grad:
                    logprobs = logprobs + 0.0 * parameter.reshape(-1)[0]
        return logprobs, entropies


def _parts_for_pictures(policy: Policy, role: str) -> list[tuple[torch.nn.Module, str]]:
    """The owners and names of a role's parameters outside the text half: looked up anew, as sharding swaps them."""
    core, own = policy.core(role), {id(p) for p in policy.parameters(role)}
    read = {id(p) for part in (text_half(core), core.lm_head) for p in part.parameters()}
    return [
        (module, name)
        for module in core.modules()
        for name, p in module.named_parameters(recurse=False)
        if id(p) in own and id(p) not in read
    ]


class Divided(Held):
    """By FSDP2: every layer of the text half is a unit, and all else one more."""

    aligned = True

    def twin(self, policy: Policy) -> Policy:
        """A copy whose parameters are divided."""
        plugin = self.processes.sharding
        assert plugin is not None
        own = copy.deepcopy(policy)
        self._scoring = Scoring(own)
        mesh = init_device_mesh(own.device.type, (self.processes.size,))
        layers = [layer for core in unique_cores(own) for layer in text_half(core).layers]
        for module in (*layers, self._scoring):
            fully_shard(module, mesh=mesh, reshard_after_forward=bool(plugin.options.reshard_after_forward))
        for module in self._scoring.modules():
            if isinstance(module, FSDPModule):
                # Sums, as where weights are whole; gloo knows no other division.
                module.set_gradient_divide_factor(1.0)
                module.set_force_sum_reduction_for_comms(True)
        return own

    def logprobs(self, role: str, packed: Packed, temperature: float, pictured: bool) -> Scored:
        """See `Held.logprobs`."""
        found: Scored = self._scoring(role, packed, temperature, pictured)
        return found

    def step(self, rate: float) -> float:
        """See `Held.step`; then what changed is whole again."""
        norm = super().step(rate)
        for acting, own in self._changed:
            acting.copy_(own.full_tensor())
        return norm

    def sum_gradients(self) -> None:
        """They are: each backward pass has divided its sums."""

    def write(self, folder: Path) -> dict[str, Any]:
        """Whole moments, so that the checkpoint is that of any other run."""
        state = self.optimiser.state_dict()
        whole = {
            number: {name: v.full_tensor().cpu() if isinstance(v, DTensor) else v for name, v in moments.items()}
            for number, moments in state["state"].items()
        }
        return {"optimiser": {**state, "state": whole}}

    def read(self, saved: dict[str, Any], folder: Path) -> None:
        """Divide the restored weights and the moments again."""
        with torch.no_grad():
            for acting, own in self._changed:
                own.to_local().copy_(_share_of(acting, own).to_local())
        state = whole_moments(saved)
        divided = {
            number: {
                name: _share_of(v.to(own.device), own) if v.shape == own.shape and v.dim() else v
                for name, v in moments.items()
            }
            for number, moments in state["state"].items()
            for own in [self.parameters[number]]
        }
        self.optimiser.load_state_dict({**state, "state": divided})


class Zero(Held):
    """By DeepSpeed's ZeRO of stage 1: moments are divided, weights and gradients are not.

    Deviations from weights held whole: every trained weight is stepped in every update, those without a gradient by
    their momentum alone, where AdamW leaves them; and a checkpoint goes on with as many processes as wrote it.
    Stages 2 and 3 are refused (`processes.configured_sharding`): with DeepSpeed 0.19.8 stage 2 adds gradients wrongly
    where the passes of one update reach different weights, as those of different roles do, and stage 3 waits for ever
    where one process's batch has pictures and another's has none. FSDP2 divides as much and has neither fault.
    """

    aligned = True
    FOLDER = "deepspeed"

    def __init__(self, policy: Policy, config: Learning, processes: Processes) -> None:
        super().__init__(policy, config, processes)
        import deepspeed

        self._engine, *_ = deepspeed.initialize(
            model=Scoring(self._learns),
            optimizer=self.optimiser,
            config=self._settings(config),
        )

    def _settings(self, config: Learning) -> dict[str, Any]:
        """The configuration of DeepSpeed that accelerate has, with what a learner decides itself."""
        assert self.processes.sharding is not None
        chosen = copy.deepcopy(self.processes.sharding.options.deepspeed_config)
        # What is trained stays float32; `precision` says what forward passes compute in.
        for name in ("fp16", "bf16", "optimizer", "scheduler", "train_batch_size"):
            chosen.pop(name, None)
        return {
            **chosen,
            "train_micro_batch_size_per_gpu": 1,
            "gradient_accumulation_steps": 1,
            "gradient_clipping": config.max_grad_norm,
            "zero_allow_untested_optimizer": True,
            "steps_per_print": sys.maxsize,
        }

    def twin(self, policy: Policy) -> Policy:
        """A copy, which the engine divides."""
        return copy.deepcopy(policy)

    def logprobs(self, role: str, packed: Packed, temperature: float, pictured: bool) -> Scored:
        """See `Held.logprobs`."""
        found: Scored = self._engine(role, packed, temperature, pictured)
        return found

    def backward(self, loss: torch.Tensor, last: bool) -> None:
        """See `Held.backward`; the engine takes means over the processes, and sums are wanted."""
        self._engine.set_gradient_accumulation_boundary(last)
        self._engine.backward(loss * self.processes.size)

    def step(self, rate: float) -> float:
        """See `Divided.step`."""
        for group in self._engine.optimizer.param_groups:
            group["lr"] = rate
        self._engine.step()
        for acting, own in self._changed:
            acting.copy_(own)
        return float(self._engine.get_global_grad_norm() or 0.0)

    def write(self, folder: Path) -> dict[str, Any]:
        """The engine's own files, of every process."""
        self._engine.save_checkpoint(str(folder), tag=self.FOLDER, save_latest=False, exclude_frozen_parameters=True)
        return {}

    def read(self, saved: dict[str, Any], folder: Path) -> None:
        """Take them back, weights included.

        Raises:
            ValueError: the checkpoint is of another kind, or of another number of processes.
        """
        if "optimiser" in saved:
            raise ValueError("it was not written by DeepSpeed; go on with the configuration that the run began with")
        self._engine.load_checkpoint(str(folder), tag=self.FOLDER, load_module_strict=False)


def whole_moments(saved: dict[str, Any]) -> dict[str, Any]:
    """The optimiser's state in a checkpoint.

    Raises:
        ValueError: DeepSpeed wrote it.
    """
    if "optimiser" not in saved:
        raise ValueError("it was written by DeepSpeed; go on with the configuration that the run began with")
    found: dict[str, Any] = saved["optimiser"]
    return found


def _share_of(whole: torch.Tensor, like: DTensor) -> DTensor:
    """A whole tensor, which every process has, divided as another one is."""
    return distribute_tensor(whole, like.device_mesh, like.placements, src_data_rank=None)


def unique_cores(policy: Policy) -> Iterable[Any]:
    """Each model that some role acts with, once."""
    return {id(core): core for role in ROLES for core in [policy.core(role)]}.values()


def held(policy: Policy, config: Learning, processes: Processes) -> Held:
    """The weights as accelerate's configuration has them."""
    kinds: dict[str, type[Held]] = {"fsdp": Divided, "deepspeed": Zero}
    return (kinds[processes.sharding.kind] if processes.sharding else Held)(policy, config, processes)
