"""Models to evaluate: a Hugging Face id or folder, an adapter, a run of ours, or an OpenAI-compatible endpoint."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ...errors import did_you_mean
from ...render import Picture
from ...roles.messages import Messages
from ...train.config import GeneratorConfig, RunConfig
from ...train.generators import Endpoint, VLLMMissingError, make_generator
from ...train.generators.hf import HFGenerator
from ...train.models.completions import Generator, Prompt, Sampling
from ...train.models.load import model_path
from ...train.models.policy import ROLES, Policy, locate_model
from ...train.runs.store import Run, load_trained
from .benchmark import EvaluationError
from .cache import Reply, digest_of
from .items import FULL_ASKING, SHORT_ASKING, AskingStyle
from .server import ChatServer, ServerOptions
from .settings import Decoding

BACKENDS = ("hf", "vllm")
Questions = Sequence[tuple[Messages, Sequence[Picture]]]
"""The messages and the pictures of each question."""
GREEDY = Decoding()
MakePrompt = Callable[[Messages, Sequence[Picture]], Prompt]

_WEIGHTS = ("*.safetensors", "*.json", "*.jinja")
_SHORT_CONTEXT = 2048
"""Positions below which a model cannot hold several pictures beside a question."""


@dataclass(frozen=True, kw_only=True)
class Answerer:
    """A model that answers questions about pictures."""

    name: str
    """As it was asked for."""
    digest: str
    """Of its weights and processor; of address and name, where the weights are somebody else's."""
    generator: Generator | ChatServer
    make_prompt: MakePrompt
    several: bool = True
    """False for a model of one picture only."""
    role: str = "solver"
    asking: AskingStyle = FULL_ASKING
    """The way it is asked about items of our own worlds."""

    def replies(self, questions: Questions, max_new_tokens: int) -> list[Reply]:
        """Return the reply to each of `questions`, decoded greedily.

        Raises:
            InfrastructureError: its backend failed; nothing counts as answered.
            ValueError: the processor takes no such picture.
        """
        replies = []
        for outcome in self.outcomes(questions, max_new_tokens):
            if isinstance(outcome, Exception):
                raise outcome
            replies.append(outcome)
        return replies

    def outcomes(
        self, questions: Questions, max_new_tokens: int, decoding: Decoding = GREEDY
    ) -> Sequence[Reply | Exception]:
        """Return the reply to each of `questions`; of a server, which answers each on its own, also why there is none.

        Args:
            questions: messages and pictures.
            max_new_tokens: in a reply.
            decoding: the way it is sampled.

        Raises:
            InfrastructureError: its backend failed for all of them.
            ValueError: the processor takes no such picture.
        """
        prompts = [self.make_prompt(messages, pictures) for messages, pictures in questions]
        if isinstance(self.generator, ChatServer):
            return self.generator.replies(prompts, max_new_tokens, decoding)
        sampling = Sampling(max_new_tokens=max_new_tokens, temperature=decoding.temperature)
        groups = self.generator.generate(self.role, prompts, sampling, seed=decoding.take)
        return [
            Reply(group[0].text, group[0].finished, prompt_tokens=len(prompt.ids), new_tokens=len(group[0].ids))
            for prompt, group in zip(prompts, groups, strict=True)
        ]


def plain_prompt(messages: Messages, pictures: Sequence[Picture]) -> Prompt:
    """Return `messages` and `pictures` without tokens, for endpoints, which have their own template, and scripts."""
    picture, more_pictures = (pictures[0], tuple(pictures[1:])) if pictures else (None, ())
    return Prompt((), text=json.dumps(messages), picture=picture, messages=messages, more_pictures=more_pictures)


def check_backend(backend: str) -> None:
    """Refuse a `backend` that is not one of `BACKENDS`.

    Raises:
        EvaluationError: it is another; the message names those that are allowed.
    """
    if backend not in BACKENDS:
        hint = did_you_mean(backend, BACKENDS)
        raise EvaluationError(f"unknown backend {backend!r} (allowed: {', '.join(BACKENDS)}){hint and f'; {hint}'}")


def open_model(
    name: str,
    *,
    backend: str = "hf",
    work: Path,
    key_file: Path | None = None,
    server: ServerOptions | None = None,
) -> Answerer:
    """Open the model called `name`.

    Args:
        name: `embedded`, a Hugging Face id, a folder written by save_pretrained or by peft, a run directory (its newest
            checkpoint; `RUN:role` for another role than the Solver), or `http://host:port#name-there`.
        backend: what samples, one of `BACKENDS`; `vllm` takes an id or a folder.
        work: folder for what a backend must write.
        key_file: holds the endpoint's API key.
        server: how an endpoint is asked; None asks it as by default.

    Raises:
        EvaluationError: the name or the backend cannot be taken.
        ModelNotFoundError: there is no such model here.
        RunError: the run has no checkpoint.
    """
    check_backend(backend)
    path, _, role = name.rpartition(":")
    url = name.startswith(("http://", "https://"))
    run = Path(path) if path and role in ROLES and not Path(name).exists() else Path(name)
    adapter = (Path(name) / "adapter_config.json").is_file()
    if backend == "vllm" and (url or adapter or (run / "config.yaml").is_file()):
        raise EvaluationError(
            f"the backend vllm takes a model's id or folder, and {name} is another thing; export a role first "
            "(zerosight export RUN --out FOLDER), or leave --backend away"
        )
    if url:
        return _endpoint(name, key_file, server or ServerOptions())
    if run != Path(name) or (run / "config.yaml").is_file():
        return _of_run(name, run, role if run != Path(name) else "solver")
    if adapter:
        return _of_policy(name, *_adapted(Path(name)))
    folder = locate_model(model_path(name))
    if backend == "vllm":
        # The policy only makes prompts here: the engine holds the weights.
        policy = Policy.load(folder)
        return _of_policy(name, policy, folder_digest(folder), _vllm(folder, policy, work))
    return _of_policy(name, Policy.load(folder, device=_device(), dtype=_dtype()), folder_digest(folder))


def folder_digest(folder: Path) -> str:
    """Return the sha256 over a model's files in `folder`: weights, settings, templates, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _WEIGHTS for path in folder.glob(pattern)}):
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
    return digest.hexdigest()


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _dtype() -> torch.dtype:
    return torch.bfloat16 if torch.cuda.is_available() else torch.float32


def _of_policy(
    name: str,
    policy: Policy,
    digest: str,
    generator: Generator | None = None,
    role: str = "solver",
    asking: AskingStyle | None = None,
) -> Answerer:
    def make_prompt(messages: Messages, pictures: Sequence[Picture]) -> Prompt:
        return policy.prompt(messages, pictures[0], pictures[1:]) if pictures else policy.prompt(messages)

    used_generator, several = generator or HFGenerator(policy, batch_size=64), _takes_several(policy)
    return Answerer(
        name=name,
        # Backends and devices round differently, so their replies are kept apart.
        digest=digest_of(digest, policy.device.type, type(used_generator).__name__),
        generator=used_generator,
        make_prompt=make_prompt,
        several=several,
        role=role,
        # Only the embedded model, its runs and what was exported of them have so little room.
        asking=asking or (FULL_ASKING if several else SHORT_ASKING),
    )


def _takes_several(policy: Policy) -> bool:
    """Tell whether several pictures fit into the context of `policy`: not into the embedded model's."""
    with policy.acting("solver") as model:
        room = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return room is None or room >= _SHORT_CONTEXT


def asking_of(name: str) -> AskingStyle:
    """Return the style in which the model called `name` is asked about our items, without opening it."""
    if (Path(name) / "config.yaml").is_file():
        config = Run.open(Path(name)).config
        return AskingStyle(config.style, config.rollout.solver_mode)
    return SHORT_ASKING if name == "embedded" else FULL_ASKING


def _of_run(name: str, folder: Path, role: str) -> Answerer:
    policy, digest = load_trained(folder), _tree_digest(Run.open(folder).checkpoints()[-1])
    return _of_policy(name, policy, digest, role=role, asking=asking_of(str(folder)))


def _tree_digest(folder: Path) -> str:
    """Return the digest of a checkpoint in `folder`, whose roles may have folders of their own."""
    folders = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    return digest_of([[path.name, folder_digest(path)] for path in folders])


def _adapted(folder: Path) -> tuple[Policy, str]:
    """Return the base model that the adapter in `folder` names, the adapter merged, and the digest of both."""
    from peft import PeftModel

    base_name = json.loads((folder / "adapter_config.json").read_text()).get("base_model_name_or_path")
    if not base_name:
        raise EvaluationError(
            f"{folder}/adapter_config.json names no base_model_name_or_path; write the base model's folder or Hugging "
            "Face id there, or export the role merged: zerosight export RUN --out FOLDER"
        )
    base = locate_model(model_path(base_name))
    policy = Policy.load(base, device=_device(), dtype=_dtype())
    merged_model: Any = PeftModel.from_pretrained(policy.model, str(folder)).merge_and_unload()
    return Policy(merged_model, policy.processor, source=base), digest_of(folder_digest(base), folder_digest(folder))


def _vllm(folder: Path, policy: Policy, work: Path) -> Generator:
    config = RunConfig(model=str(folder), generator=GeneratorConfig(kind="vllm"))
    try:
        return make_generator(config, policy, work / "vllm")
    except VLLMMissingError as error:
        raise EvaluationError(str(error)) from error


def _endpoint(name: str, key_file: Path | None, options: ServerOptions) -> Answerer:
    try:
        endpoint, model = Endpoint.of_model(name, key_file, timeout=options.timeout, retries=options.retries)
    except ValueError as error:
        raise EvaluationError(str(error)) from error
    return Answerer(
        name=name,
        digest=digest_of("endpoint", endpoint.url, model, *([dict(options.body)] if options.body else [])),
        generator=ChatServer(endpoint, model, options),
        make_prompt=plain_prompt,
    )
