"""Several processes as one learner: the first does everything, the others generate and learn along with it.

`accelerate launch` starts them, one for each GPU (or several on a CPU, over gloo). The first process owns the run:
curriculum, drawing, oracles, files. It orders the others to generate a share of each batch and to take a share of
each update, so that all of them step alike. Whether the weights are whole or sharded while they learn is what
accelerate's configuration says; `sharding` does it. Begin at `launched`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, Protocol

import torch
import torch.distributed
from torch.distributed.fsdp import CPUOffloadPolicy

from ...envs import SeededRng
from ...errors import UserError
from ..models.completions import Completion, Generator, Prompt, Sampling

BUCKET = 1 << 26
"""Gradient values summed in one message."""


class ProcessError(UserError, RuntimeError):
    """The processes of a run cannot work together; the message says why."""


@dataclass(frozen=True)
class Sharding:
    """accelerate's configuration has the weights sharded over the processes while they learn."""

    kind: Literal["fsdp", "deepspeed"]
    options: Any
    """accelerate's plugin, with what its configuration says."""


class Processes(Protocol):
    """The interface that a learner and a generator need of the processes that share their work."""

    rank: int
    """0 for the first."""
    size: int
    """How many there are."""
    sharding: Sharding | None
    """How weights are divided while they learn; None where every process holds them whole."""

    def order(self, name: str, *arguments: Any) -> None:
        """Have the others do what is called `name`, with these `arguments`; only the first process calls this."""
        ...

    def local_share(self, items: Sequence[Any]) -> Sequence[Any]:
        """Return the part of `items` that is this process's."""
        ...

    def all_gather(self, local_value: Any) -> list[Any]:
        """Return every process's `local_value`, in the order of ranks."""
        ...

    def sum_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Replace each gradient of `parameters` by the sum over all processes; one that none has stays None."""
        ...


class Alone:
    """One process."""

    rank, size = 0, 1
    sharding: Sharding | None = None

    def order(self, name: str, *arguments: Any) -> None:
        """Do nothing: there is nobody to whom `name` could be sent."""

    def local_share(self, items: Sequence[Any]) -> Sequence[Any]:
        """Return all of `items`."""
        return items

    def all_gather(self, local_value: Any) -> list[Any]:
        """Return `local_value` alone."""
        return [local_value]

    def sum_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Do nothing: the gradients of `parameters` are the sum."""


class Together:
    """The processes of the initialised default group."""

    def __init__(self, device: torch.device, sharding: Sharding | None = None) -> None:
        self.rank = torch.distributed.get_rank()
        self.size = torch.distributed.get_world_size()
        self.sharding = sharding
        self._device = device

    def order(self, name: str, *arguments: Any) -> None:
        """Send a `name` and its `arguments` to every other process."""
        torch.distributed.broadcast_object_list([name, arguments], src=0, device=self._device)

    def obey(self, orders: dict[str, Callable[..., Any]]) -> None:
        """Do as the first process orders, by the names of `orders`, until it orders `stop`."""
        while True:
            message: list[Any] = [None, None]
            torch.distributed.broadcast_object_list(message, src=0, device=self._device)
            name, arguments = message
            if name == "stop":
                return
            orders[name](*arguments)

    def local_share(self, items: Sequence[Any]) -> Sequence[Any]:
        """Return every `size`-th of `items`."""
        return items[self.rank :: self.size]

    def all_gather(self, local_value: Any) -> list[Any]:
        """Return every process's `local_value`, in the order of ranks; objects are pickled."""
        gathered_values: list[Any] = [None] * self.size
        torch.distributed.all_gather_object(gathered_values, local_value)
        return gathered_values

    def sum_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Sum the gradients of `parameters`; one that some process lacks counts as 0 there."""
        has_gradient = torch.tensor([p.grad is not None for p in parameters], dtype=torch.int32, device=self._device)
        torch.distributed.all_reduce(has_gradient, torch.distributed.ReduceOp.MAX)
        with_gradient = [p for p, any_has in zip(parameters, has_gradient.tolist(), strict=True) if any_has]
        for parameter in with_gradient:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        for bucket in _buckets(with_gradient):
            flat_gradients = torch.cat([p.grad.flatten() for p in bucket if p.grad is not None])
            torch.distributed.all_reduce(flat_gradients)
            for parameter, gradient_piece in zip(
                bucket, flat_gradients.split([p.numel() for p in bucket]), strict=True
            ):
                assert parameter.grad is not None
                parameter.grad.copy_(gradient_piece.view_as(parameter))


class SharedGenerator:
    """A generator in every process: each generates for its share of the prompts."""

    def __init__(self, local_generator: Generator, processes: Processes) -> None:
        self._own = local_generator
        self._processes = processes

    def generate(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        """Sample for `prompts`; called by the first process, which has the others take part. See `Generator`."""
        self._processes.order("generate", role, prompts, sampling, seed)
        return self.take_part(role, prompts, sampling, seed)

    def take_part(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        """Sample for this process's share of `prompts` and gather the others'."""
        local_indices = self._processes.local_share(range(len(prompts)))
        local_seed = SeededRng(("generate", seed, self._processes.rank)).word() >> 1
        local_groups = self._own.generate(role, [prompts[i] for i in local_indices], sampling, local_seed)
        groups_by_index = {
            i: group
            for process_groups in self._processes.all_gather(dict(zip(local_indices, local_groups, strict=True)))
            for i, group in process_groups.items()
        }
        return [groups_by_index[i] for i in range(len(prompts))]


def _buckets(parameters: Sequence[torch.nn.Parameter]) -> list[list[torch.nn.Parameter]]:
    """Group `parameters` of one type, up to `BUCKET` values each."""
    buckets: list[list[torch.nn.Parameter]] = []
    for parameter in parameters:
        open_bucket = buckets[-1] if buckets else []
        has_room = (
            open_bucket and open_bucket[0].dtype == parameter.dtype and sum(p.numel() for p in open_bucket) < BUCKET
        )
        if has_room:
            open_bucket.append(parameter)
        else:
            buckets.append([parameter])
    return buckets


def launched() -> tuple[Processes, torch.device]:
    """Return the processes that `accelerate launch` started, and this one's device; one alone without it.

    Raises:
        ProcessError: accelerate is configured for something that is not supported.
    """
    from accelerate import PartialState
    from accelerate.utils import get_int_from_env, parse_flag_from_env

    # The others wait while the first draws, asks and measures, for as long as that takes.
    state = PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU"), timeout=timedelta(days=7))
    sharding = configured_sharding()
    if state.num_processes == 1:
        world_size = get_int_from_env(["WORLD_SIZE"], 1)
        if world_size > 1:
            raise ProcessError(
                f"{world_size} processes were launched and accelerate did not bring them together: it found no GPU; on "
                "a CPU, launch with torchrun --nproc_per_node N and ACCELERATE_USE_CPU=true"
            )
        return Alone(), state.device
    return Together(state.device, sharding), state.device


def configured_sharding() -> Sharding | None:
    """Read how accelerate's configuration shards the weights; None where it does not.

    Raises:
        ProcessError: in a way that is not supported; the message says what to choose.
    """
    from accelerate.utils import DeepSpeedPlugin, FullyShardedDataParallelPlugin, parse_flag_from_env

    if parse_flag_from_env("ACCELERATE_USE_MEGATRON_LM"):
        raise ProcessError("accelerate is configured for Megatron-LM; choose FSDP2, DeepSpeed or multi-GPU instead")
    if parse_flag_from_env("ACCELERATE_USE_FSDP"):
        options = FullyShardedDataParallelPlugin()
        if options.fsdp_version != 2:
            raise ProcessError("accelerate is configured for FSDP 1; choose version 2 (--fsdp_version 2)")
        _refuse("fsdp_offload_params", isinstance(options.cpu_offload, CPUOffloadPolicy))
        return Sharding("fsdp", options)
    if parse_flag_from_env("ACCELERATE_USE_DEEPSPEED"):
        deepspeed_plugin = DeepSpeedPlugin()
        zero_settings = deepspeed_plugin.deepspeed_config["zero_optimization"]
        if zero_settings["stage"] == 0:
            return None
        if zero_settings["stage"] > 1:
            raise ProcessError(
                f"accelerate is configured for DeepSpeed's ZeRO stage {zero_settings['stage']}; of DeepSpeed, stage 1 "
                "is supported, and FSDP2 (--use_fsdp --fsdp_version 2) shards weights and gradients too"
            )
        _refuse("offload_optimizer", (zero_settings.get("offload_optimizer") or {}).get("device", "none") != "none")
        return Sharding("deepspeed", deepspeed_plugin)
    return None


def _refuse(option_name: str, is_configured: bool) -> None:
    if is_configured:
        raise ProcessError(
            f"accelerate is configured for {option_name}, which is not supported; switch it off, and take "
            "--set sharing=lora where memory is short"
        )
