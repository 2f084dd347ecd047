"""Sampling from a vLLM server over HTTP, with each role's LoRA adapter loaded into it.

The server is started by its owner on the same base model, where it can read the adapters' folders:

    VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 vllm serve MODEL --enable-lora --max-loras 3 --max-cpu-loras 6 \
        --max-lora-rank 16 --logprobs-mode processed_logprobs --generation-config vllm --trust-request-chat-template

A prompt of text alone goes to `/v1/completions` as token ids. One with a picture goes to `/v1/chat/completions`, whose
chat template is replaced by one that passes our text through: the server's processor expands the placeholder, and what
it read is compared, id by id, with what the trainer will see.
"""

import base64
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...render import Picture
from ..models.completions import Completion, Prompt, Sampling
from .endpoint import Batches, Endpoint
from .fingerprint import Fingerprint
from .replies import AdapterError, Checks, GeneratorError, RefusedError, UnreachableError, field, group_of
from .seeds import request_seed

_PASS_THROUGH = (
    "{% for message in messages %}{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}"
)
"""A chat template that prints the text as it stands; our own template made it."""


class VLLMServerGenerator:
    """See `Generator`; the server does the sampling.

    A prompt's completions are asked for in one request, seeded by the batch's seed and the prompt's place, so that
    they do not depend on what else the server does, up to the rounding of its batches.

    Args:
        endpoint: the server.
        checks: what its replies must keep to.
        model: the name under which it serves the base model.
        adapters: True where each role samples with its adapter, which `sync` loads.
        concurrency: requests under way at a time.
        fingerprint: compared after each load; None compares nothing.
        schemas: JSON schemas that the roles' completions must fit. Log-probs are then those among the tokens that the
            schema allows, which the trainer's are not.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        checks: Checks,
        model: str,
        *,
        adapters: bool = True,
        concurrency: int = 32,
        fingerprint: Fingerprint | None = None,
        schemas: Mapping[str, Any] | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.checks = checks
        self.model = model
        self.version: int | None = None
        """Of the weights that the server samples with; None before the first `sync`."""
        self._adapters = adapters
        self._loaded: dict[str, str] = {}
        """Each role's adapter name on the server."""
        self._folders: dict[str, Path] = {}
        """And the folder that it was loaded from."""
        self._syncing = False
        self._fingerprint = fingerprint
        self._schemas = dict(schemas or {})
        self._batches, self._probes = Batches(concurrency), Batches(1)

    # --- weights --------------------------------------------------------------------------------------------

    def sync(self, role_folders: Mapping[str, Path], version: int) -> None:
        """Load each role's adapter folder (as peft writes it) under a new name, check it, and drop the old one.

        Where one is refused or is not the trainer's, the roles keep what they had, and the new ones are unloaded.

        Args:
            role_folders: that the server can read.
            version: of the weights.

        Raises:
            AdapterError: an adapter does not load; `FingerprintError` where it is not the trainer's.
            GeneratorError: the server fails otherwise.
        """
        old_names, new_names = dict(self._loaded), {}
        self._syncing = True
        try:
            for role, folder in role_folders.items():
                new_names[role] = f"{role}-{version}"
                self._load(role, new_names[role], folder)
                self._loaded[role] = new_names[role]
                if self._fingerprint is not None:
                    self._fingerprint.check(role, self._unconstrained)
        except GeneratorError as error:
            self._loaded = old_names
            if not isinstance(error, UnreachableError):
                for name in set(new_names.values()) - set(old_names.values()):
                    self._unload(name)
            raise
        finally:
            self._syncing = False
        self.version = version
        self._folders |= role_folders
        for role, name in old_names.items():
            if self._loaded[role] != name:
                self._unload(name)

    def _load(self, role: str, adapter_name: str, folder: Path) -> None:
        body = {"lora_name": adapter_name, "lora_path": str(Path(folder).resolve())}
        try:
            self.endpoint.request("/v1/load_lora_adapter", body)
        except RefusedError as error:
            if "already been loaded" in str(error):
                # By this run before it was resumed, or by a try whose answer was lost: its weights may be others.
                self.endpoint.request("/v1/load_lora_adapter", {**body, "load_inplace": True})
                return
            raise AdapterError(
                f"the server does not take {role}'s adapter {folder}: {error}. It must be able to read that folder, "
                "and be started with VLLM_ALLOW_RUNTIME_LORA_UPDATING=1, --enable-lora and a --max-lora-rank that is "
                "large enough"
            ) from error

    def _unload(self, adapter_name: str) -> None:
        try:
            self.endpoint.request("/v1/unload_lora_adapter", {"lora_name": adapter_name})
        except RefusedError:
            # It was not there, which is what was wanted.
            return

    # --- sampling -------------------------------------------------------------------------------------------

    def generate(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        """Sample `prompts` as `role`, by one request for each.

        Raises:
            GeneratorError: the server failed; asked again with equal arguments, only what is missing is sampled.
        """
        return self._generate(self._batches, role, prompts, sampling, seed, self._schemas.get(role))

    def _unconstrained(
        self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int
    ) -> list[list[Completion]]:
        # With batches of its own: a probe in the middle of a batch must not make it forget what it has finished.
        return self._generate(self._probes, role, prompts, sampling, seed, None)

    def _generate(
        self, batches: Batches, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int, schema: Any
    ) -> list[list[Completion]]:
        served_model = self._served(role)
        batch_key: Hashable = (served_model, self.version, seed, sampling, tuple(map(identity, prompts)))
        request_bodies = [
            self._body(served_model, sampling, request_seed(seed, place), schema) for place in range(len(prompts))
        ]
        jobs = [
            lambda place=place, prompt=prompt: self._ask(request_bodies[place], prompt, sampling)
            for place, prompt in enumerate(prompts)
        ]
        try:
            return batches.run(batch_key, jobs)
        except RefusedError as error:
            if error.status != 404 or self._syncing or self.version is None:
                raise
        # The server was started anew since the adapters were loaded; what the batch has finished stays.
        self.sync(dict(self._folders), self.version)
        return batches.run(batch_key, jobs)

    def _served(self, role: str) -> str:
        if not self._adapters:
            return self.model
        if role not in self._loaded:
            loaded_roles = ", ".join(sorted(self._loaded)) or "none"
            raise AdapterError(
                f"{role} has no adapter on {self.endpoint.url} yet (loaded: {loaded_roles}); call sync first"
            )
        return self._loaded[role]

    def _body(self, model: str, sampling: Sampling, seed: int, schema: Any) -> dict[str, Any]:
        """Return the part of a request that does not depend on the prompt.

        Args:
            model: the name that the server knows it under.
            sampling: how.
            seed: of this prompt.
            schema: that completions must fit, or None.
        """
        body: dict[str, Any] = {
            "model": model,
            "max_tokens": sampling.max_new_tokens,
            "temperature": sampling.temperature,
            # A greedy request may ask for one completion only.
            "n": sampling.n if sampling.temperature else 1,
            "seed": seed,
            "top_p": 1.0,
            "top_k": -1,
            "min_p": 0.0,
            "repetition_penalty": 1.0,
            "bad_words": self.checks.bad_words,
            # Nothing but our end token ends a completion, whatever the model's generation_config lists.
            "ignore_eos": True,
            "stop_token_ids": sorted(self.checks.ends),
            "return_token_ids": True,
        }
        if self.checks.logit_bias:
            body["logit_bias"] = {str(token): bias for token, bias in self.checks.logit_bias.items()}
        return body if schema is None else {**body, "structured_outputs": {"json": schema}}

    def _ask(self, body: Mapping[str, Any], prompt: Prompt, sampling: Sampling) -> list[Completion]:
        prompt_ids = self.checks.unexpanded(prompt)
        if prompt.picture is not None:
            path, body = "/v1/chat/completions", {**body, **_chat(prompt)}
        else:
            path, body = "/v1/completions", {**body, "prompt": prompt_ids, "logprobs": 0}
        reply = self.endpoint.post(path, body)
        return self._completions(reply, prompt, sampling, self.endpoint.url + path)

    def _completions(self, reply: Any, prompt: Prompt, sampling: Sampling, address: str) -> list[Completion]:
        choices = field(reply, "choices", address)
        if sampling.temperature == 0 and isinstance(choices, list):
            choices = choices * sampling.n
        completions = []
        for choice in group_of(choices, sampling, address):
            # A completion's reply has the prompt in each choice, a chat's has it once.
            read_ids = choice.get("prompt_token_ids") if isinstance(choice, Mapping) else None
            self.checks.prompt_read(prompt, read_ids or reply.get("prompt_token_ids"), address)
            token_ids, logprobs = field(choice, "token_ids", address), _logprobs(choice)
            completions.append(self.checks.completion(token_ids, logprobs, sampling, address))
        return completions


def identity(prompt: Prompt) -> Hashable:
    """Return what tells one `prompt` from another."""
    return prompt.ids, prompt.text, tuple(picture.digest for picture in prompt.pictures)


def picture_part(picture: Picture) -> dict[str, Any]:
    """Write a `picture` as a part of a chat message, in the form of OpenAI's API."""
    data = base64.b64encode(picture.png()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}


def _chat(prompt: Prompt) -> dict[str, Any]:
    parts = [picture_part(picture) for picture in prompt.pictures]
    return {
        "messages": [{"role": "user", "content": [*parts, {"type": "text", "text": prompt.text}]}],
        "chat_template": _PASS_THROUGH,
        "chat_template_content_format": "openai",
        "add_generation_prompt": False,
        "logprobs": True,
        "top_logprobs": 0,
    }


def _logprobs(choice: Mapping[str, Any]) -> list[Any] | None:
    """Return the sampled ids' log-probs in a `choice`, from either route's form; None where there are none."""
    logprobs = choice.get("logprobs")
    if not isinstance(logprobs, Mapping):
        return None
    if isinstance(logprobs.get("content"), list):
        return [entry.get("logprob") if isinstance(entry, Mapping) else None for entry in logprobs["content"]]
    token_logprobs = logprobs.get("token_logprobs")
    return token_logprobs if isinstance(token_logprobs, list) else None
