"""The backends that sample, and the choice among them; begin at `make_generator`.

A backend that holds weights of its own (vLLM, in this process or as a server) must be brought each version of them:
`push_weights` does, before the first step and after each. Hugging Face samples from the policy that is trained.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ...envs import make
from ...errors import did_you_mean
from ...render import Picture
from ...roles import proposer
from ...roles.messages import chat
from ..config import ConfigError, GeneratorConfig, RunConfig
from ..models.completions import Completion, Generator, Prompt, Sampling
from ..models.load import model_path
from ..models.policy import ROLES, Policy, locate_model
from .endpoint import Endpoint, bearer_headers, server_of
from .fingerprint import Fingerprint, trainer_logprobs
from .hf import HFGenerator
from .openai_compatible import OpenAICompatibleGenerator, TrainedRoleError
from .replies import (
    AdapterError,
    Checks,
    CountError,
    FingerprintError,
    GeneratorError,
    MissingLogprobsError,
    OtherIdsError,
    RefusedError,
    ReplyError,
    UnreachableError,
)
from .scripted import ScriptedGenerator
from .vllm_engine import VLLMEngineGenerator, VLLMMissingError
from .vllm_server import VLLMServerGenerator

__all__ = [
    "AdapterError",
    "ByRole",
    "Checks",
    "CountError",
    "Endpoint",
    "Fingerprint",
    "FingerprintError",
    "GeneratorError",
    "MissingLogprobsError",
    "OpenAICompatibleGenerator",
    "OtherIdsError",
    "RefusedError",
    "ReplyError",
    "ScriptedGenerator",
    "SyncedGenerator",
    "TrainedRoleError",
    "UnreachableError",
    "VLLMEngineGenerator",
    "VLLMMissingError",
    "VLLMServerGenerator",
    "make_generator",
    "push_weights",
    "trainer_logprobs",
]

_PROBE = ("You answer with one word.", "Which colour is the upper left corner?")


@runtime_checkable
class SyncedGenerator(Generator, Protocol):
    """A backend that holds a copy of the weights."""

    version: int | None
    """Of the weights that it samples with; None before the first `sync`."""

    def sync(self, role_folders: Mapping[str, Path], version: int) -> None:
        """Take new weights of this `version`: each role's folder, by `role_folders`."""
        ...


class ByRole:
    """A generator of its own for each role."""

    def __init__(self, generators: Mapping[str, Generator]) -> None:
        self.generators = dict(generators)

    def generate(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        """Sample by the `role`'s generator; see `Generator`.

        Raises:
            KeyError: no generator plays the role.
        """
        if role not in self.generators:
            raise KeyError(f"no generator plays {role!r}; there are some for {', '.join(self.generators)}")
        return self.generators[role].generate(role, prompts, sampling, seed)


def make_generator(
    config: RunConfig, policy: Policy, work_folder: Path, schemas: Mapping[str, Any] | None = None
) -> Generator:
    """The generator that `config.generator` names; with `constrain`, proposals fit the schema of the run's worlds.

    Args:
        config: the run's.
        policy: that is trained.
        work_folder: folder of the run for what a backend must write.
        schemas: JSON schemas that roles' completions must fit, by role, besides or instead of that one.

    Raises:
        ConfigError: the options do not fit together, or the kind is unknown.
        VLLMMissingError: vLLM is asked for and not installed.
    """
    kind = config.generator.kind
    if kind not in _MAKERS:
        hint = did_you_mean(kind, _MAKERS, 0.4)
        raise ConfigError(
            f"unknown generator.kind {kind!r}; {hint + ' ' if hint else ''}(allowed: {', '.join(_MAKERS)})"
        )
    role_schemas = dict(schemas or {})
    if config.generator.constrained_decoding:
        role_schemas.setdefault("proposer", proposer.schema([make(env) for env in config.envs]))
    return _MAKERS[kind](config, policy, work_folder, role_schemas)


def push_weights(generator: Generator, policy: Policy, folder: Path, version: int) -> None:
    """Bring a generator the policy's weights as they are now; nothing where it samples from the policy itself.

    The weights are written to `folder/version_N`; those of the versions before are removed once the new ones are in.

    Raises:
        GeneratorError: the backend does not take them, or runs others after it did.
    """
    if not isinstance(generator, SyncedGenerator):
        return
    version_folder = folder / f"version_{version}"
    shutil.rmtree(version_folder, ignore_errors=True)
    version_folder.mkdir(parents=True)
    policy.save(version_folder)
    is_lora = policy.sharing == "lora"
    generator.sync({role: version_folder / role if is_lora else version_folder for role in ROLES}, version)
    for old_folder in folder.glob("version_*"):
        if old_folder != version_folder:
            shutil.rmtree(old_folder)


def _hf(config: RunConfig, policy: Policy, work_folder: Path, schemas: Mapping[str, Any]) -> Generator:
    # Beside learning, a small model may not take threads away.
    static_cache = config.generator.cache == "static"
    sampled_beside = config.max_off_policy_steps > 0
    return HFGenerator(
        policy,
        config.generator.batch_size,
        spare_threads=not sampled_beside,
        static_cache=static_cache,
        schemas=schemas,
    )


def _vllm(config: RunConfig, policy: Policy, work_folder: Path, schemas: Mapping[str, Any]) -> Generator:
    settings = config.generator
    options: dict[str, Any] = {
        "dtype": settings.dtype,
        "gpu_memory_utilization": settings.gpu_memory_fraction,
        "enforce_eager": settings.enforce_eager,
        "seed": config.seed,
    }
    if settings.max_length is not None:
        options["max_model_len"] = settings.max_length
    return VLLMEngineGenerator(
        locate_model(model_path(config.model)),
        Checks.of(policy),
        work_folder,
        lora_rank=config.lora_rank if config.sharing == "lora" else 0,
        roles=len(ROLES),
        fingerprint=_fingerprint(settings, policy),
        schemas=schemas,
        options=options,
    )


def _vllm_server(config: RunConfig, policy: Policy, work_folder: Path, schemas: Mapping[str, Any]) -> Generator:
    if config.sharing != "lora":
        raise ConfigError(
            f"generator.kind=vllm-server takes new weights as adapters only, got sharing={config.sharing}; add "
            "--set sharing=lora, or take --set generator.kind=vllm"
        )
    return VLLMServerGenerator(
        _endpoint(config.generator),
        Checks.of(policy),
        config.generator.model or config.model,
        concurrency=config.generator.max_concurrency,
        fingerprint=_fingerprint(config.generator, policy),
        schemas=schemas,
    )


def _openai(config: RunConfig, policy: Policy, work_folder: Path, schemas: Mapping[str, Any]) -> Generator:
    frozen_roles = [role for role in ROLES if role not in config.learning.role_weights]
    if not frozen_roles:
        raise ConfigError(
            "generator.kind=openai plays roles that are not trained, and all are; leave one out of "
            "learning.role_weights, such as --set 'learning.role_weights={solver: 1.0}'"
        )
    if not config.generator.model:
        raise ConfigError("generator.kind=openai needs generator.model, the model's name at the endpoint")
    chat_endpoint = OpenAICompatibleGenerator(
        _endpoint(config.generator),
        config.generator.model,
        frozen_roles,
        concurrency=config.generator.max_concurrency,
        schemas={role: schema for role, schema in schemas.items() if role in frozen_roles},
    )
    local_generator = HFGenerator(policy, config.generator.batch_size, static_cache=config.generator.cache == "static")
    return ByRole({role: chat_endpoint if role in frozen_roles else local_generator for role in ROLES})


_MAKERS: Mapping[str, Callable[[RunConfig, Policy, Path, Mapping[str, Any]], Generator]] = {
    "hf": _hf,
    "vllm": _vllm,
    "vllm-server": _vllm_server,
    "openai": _openai,
}


def _endpoint(settings: GeneratorConfig) -> Endpoint:
    if not settings.url:
        raise ConfigError(
            f"generator.kind={settings.kind} needs the server's address: --set generator.url=http://localhost:8000"
        )
    try:
        headers = bearer_headers(settings.key_file, "generator.key_file")
    except ValueError as error:
        raise ConfigError(str(error)) from error
    try:
        return Endpoint(
            url=server_of(settings.url),
            timeout=settings.timeout,
            retries=settings.retries,
            backoff=settings.backoff,
            headers=headers,
        )
    except ValueError as error:
        raise ConfigError(f"generator.url: {error}") from error


def _fingerprint(settings: GeneratorConfig, policy: Policy) -> Fingerprint:
    """Make the fingerprint of a `policy`; its probe has a picture, to find processors that prepare it differently."""
    rows, columns = np.mgrid[0:224, 0:224].astype(np.uint8)
    picture = Picture(np.stack([rows, columns, rows ^ columns], axis=-1))
    prompt = policy.prompt(chat(*_PROBE, image=True), picture)
    return Fingerprint(trainer_logprobs(policy), prompt, tolerance=settings.max_fingerprint_gap)
