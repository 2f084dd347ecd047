"""Several processes as one learner: the first does everything, the others generate and learn along with it.

`accelerate launch` starts them, one for each GPU (or several on a CPU, over gloo). The first process owns the run:
curriculum, drawing, oracles, files. It orders the others to generate a share of each batch and to take a share of
each update, so that all of them step alike. How the weights are held while they learn, whole or divided, is what
accelerate's configuration says; train/held.py does it.
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
    """That accelerate's configuration has weights divided over the processes while they learn."""

    kind: Literal["fsdp", "deepspeed"]
    options: Any
    """accelerate's plugin, with what its configuration says."""


class Processes(Protocol):
    """What a learner and a generator need of the processes that share their work."""

    rank: int
    """0 for the first."""
    size: int
    """How many there are."""
    sharding: Sharding | None
    """How weights are divided while they learn; None where every process holds them whole."""

    def order(self, name: str, *arguments: Any) -> None:
        """Have the others do something; only the first calls this."""
        ...

    def local_share(self, items: Sequence[Any]) -> Sequence[Any]:
        """The part of the items that is this process's."""
        ...

    def all_gather(self, own: Any) -> list[Any]:
        """What each process has, in the order of ranks."""
        ...

    def sum_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Replace each gradient by the sum over all processes; one that none has stays None."""
        ...


class Alone:
    """One process."""

    rank, size = 0, 1
    sharding: Sharding | None = None

    def order(self, name: str, *arguments: Any) -> None:
        """There is nobody to order."""

    def local_share(self, items: Sequence[Any]) -> Sequence[Any]:
        """All of them."""
        return items

    def all_gather(self, own: Any) -> list[Any]:
        """Its own alone."""
        return [own]

    def sum_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """They are the sum."""


class Together:
    """The processes of the initialised default group."""

    def __init__(self, device: torch.device, sharding: Sharding | None = None) -> None:
        self.rank = torch.distributed.get_rank()
        self.size = torch.distributed.get_world_size()
        self.sharding = sharding
        self._device = device

    def order(self, name: str, *arguments: Any) -> None:
        """Send a name and its arguments to every other process."""
        torch.distributed.broadcast_object_list([name, arguments], src=0, device=self._device)

    def obey(self, orders: dict[str, Callable[..., Any]]) -> None:
        """Do as the first process orders, until it orders `stop`."""
        while True:
            message: list[Any] = [None, None]
            torch.distributed.broadcast_object_list(message, src=0, device=self._device)
            name, arguments = message
            if name == "stop":
                return
            orders[name](*arguments)

    def local_share(self, items: Sequence[Any]) -> Sequence[Any]:
        """Every `size`-th."""
        return items[self.rank :: self.size]

    def all_gather(self, own: Any) -> list[Any]:
        """See `Processes`; objects are pickled."""
        found: list[Any] = [None] * self.size
        torch.distributed.all_gather_object(found, own)
        return found

    def sum_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """See `Processes`; a gradient that some process lacks counts as 0 there."""
        has = torch.tensor([p.grad is not None for p in parameters], dtype=torch.int32, device=self._device)
        torch.distributed.all_reduce(has, torch.distributed.ReduceOp.MAX)
        chosen = [p for p, any_has in zip(parameters, has.tolist(), strict=True) if any_has]
        for parameter in chosen:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        for bucket in _buckets(chosen):
            flat = torch.cat([p.grad.flatten() for p in bucket if p.grad is not None])
            torch.distributed.all_reduce(flat)
            for parameter, part in zip(bucket, flat.split([p.numel() for p in bucket]), strict=True):
                assert parameter.grad is not None
                parameter.grad.copy_(part.view_as(parameter))


class SharedGenerator:
    """A generator in every process: each generates for its share of the prompts."""

    def __init__(self, own: Generator, processes: Processes) -> None:
        self._own = own
        self._processes = processes

    def generate(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        """See `Generator`; called by the first process, which has the others take part."""
        self._processes.order("generate", role, prompts, sampling, seed)
        return self.take_part(role, prompts, sampling, seed)

    def take_part(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        """Generate the own share and gather the others'."""
        mine = self._processes.local_share(range(len(prompts)))
        own_seed = SeededRng(("generate", seed, self._processes.rank)).word() >> 1
        found = self._own.generate(role, [prompts[i] for i in mine], sampling, own_seed)
        whole = {
            i: group
            for part in self._processes.all_gather(dict(zip(mine, found, strict=True)))
            for i, group in part.items()
        }
        return [whole[i] for i in range(len(prompts))]


def _buckets(parameters: Sequence[torch.nn.Parameter]) -> list[list[torch.nn.Parameter]]:
    """Parameters of one type together, up to `BUCKET` values each."""
    found: list[list[torch.nn.Parameter]] = []
    for parameter in parameters:
        last = found[-1] if found else []
        fits = last and last[0].dtype == parameter.dtype and sum(p.numel() for p in last) < BUCKET
        if fits:
            last.append(parameter)
        else:
            found.append([parameter])
    return found


def launched() -> tuple[Processes, torch.device]:
    """The processes that `accelerate launch` started, and this one's device; one alone without it.

    Raises:
        ProcessError: accelerate is configured for what is not supported.
    """
    from accelerate import PartialState
    from accelerate.utils import get_int_from_env, parse_flag_from_env

    # The others wait while the first draws, asks and measures, for as long as that takes.
    state = PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU"), timeout=timedelta(days=7))
    sharding = configured_sharding()
    if state.num_processes == 1:
        together = get_int_from_env(["WORLD_SIZE"], 1)
        if together > 1:
            raise ProcessError(
                f"{together} processes were launched and accelerate did not bring them together: it found no GPU; on a "
                "CPU, launch with torchrun --nproc_per_node N and ACCELERATE_USE_CPU=true"
            )
        return Alone(), state.device
    return Together(state.device, sharding), state.device


def configured_sharding() -> Sharding | None:
    """How accelerate's configuration divides the weights, or None.

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
        deepspeed = DeepSpeedPlugin()
        zero = deepspeed.deepspeed_config["zero_optimization"]
        if zero["stage"] == 0:
            return None
        if zero["stage"] > 1:
            raise ProcessError(
                f"accelerate is configured for DeepSpeed's ZeRO stage {zero['stage']}; of DeepSpeed, stage 1 is "
                "supported, and FSDP2 (--use_fsdp --fsdp_version 2) divides weights and gradients too"
            )
        _refuse("offload_optimizer", (zero.get("offload_optimizer") or {}).get("device", "none") != "none")
        return Sharding("deepspeed", deepspeed)
    return None


def _refuse(option: str, wanted: bool) -> None:
    if wanted:
        raise ProcessError(
            f"accelerate is configured for {option}, which is not supported; switch it off, and take "
            "--set sharing=lora where memory is short"
        )
