"""Replies of any OpenAI-compatible chat endpoint, for roles that are not trained.

Only `/v1/chat/completions` with `model`, `messages`, `max_tokens`, `temperature`, `n` and `seed` is used, and
`response_format` where there is a schema; each endpoint that serves chats has these, though some give one completion
whatever `n` says: what is missing is asked for again.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any

from ...errors import UserError
from ..models.completions import Completion, Prompt, Sampling
from .endpoint import Batches, Endpoint
from .replies import CountError, ReplyError, field
from .seeds import request_seed
from .vllm_server import identity, picture_part


class TrainedRoleError(UserError, ValueError):
    """A role that is trained cannot be played by an endpoint without token ids and log-probs."""


class OpenAICompatibleGenerator:
    """See `Generator`; completions have a text but neither ids nor log-probs, and say that they are not `trainable`.

    Args:
        endpoint: the server; its headers carry the key.
        model: the model's name there.
        roles: the frozen roles that it plays.
        concurrency: requests under way at a time.
        schemas: JSON schemas that the roles' completions must fit.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        model: str,
        roles: Collection[str],
        *,
        concurrency: int = 8,
        schemas: Mapping[str, Any] | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.model = model
        self.roles = frozenset(roles)
        self._schemas = dict(schemas or {})
        self._batches = Batches(concurrency)

    def generate(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        """Sample `prompts` as a frozen `role`; equal arguments give equal texts only where the endpoint honours seeds.

        Raises:
            TrainedRoleError: the role is not one of the frozen ones.
            GeneratorError: the endpoint failed; asked again with equal arguments, only what is missing is asked for.
            ValueError: a prompt has no messages.
        """
        if role not in self.roles:
            raise TrainedRoleError(
                f"{role} is trained, and {self.endpoint.url} gives no token ids and log-probs to train on; it may play "
                f"frozen roles only ({', '.join(sorted(self.roles)) or 'none'} here): leave {role} out of "
                "learning.role_weights, or let generator.kind=vllm-server sample it"
            )
        bodies = [self._body(role, prompt, sampling) for prompt in prompts]
        key: Hashable = (
            role,
            seed,
            sampling,
            tuple(map(identity, prompts)),
        )
        jobs = [
            lambda body=body, place=place: self._ask(body, sampling, request_seed(seed, place))
            for place, body in enumerate(bodies)
        ]
        return self._batches.run(key, jobs)

    def _body(self, role: str, prompt: Prompt, sampling: Sampling) -> dict[str, Any]:
        if prompt.messages is None:
            raise ValueError("a chat endpoint needs Prompt.messages, which Policy.prompt fills; this prompt has none")
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [chat_message(message, prompt) for message in prompt.messages],
            "max_tokens": sampling.max_new_tokens,
            "temperature": sampling.temperature,
        }
        if role in self._schemas:
            schema = {"name": role, "schema": self._schemas[role]}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def _ask(self, body: Mapping[str, Any], sampling: Sampling, seed: int) -> list[Completion]:
        address = f"{self.endpoint.url}/v1/chat/completions"
        completions: list[Completion] = []
        while len(completions) < sampling.n:
            # Only 32 bits of a seed are understood everywhere.
            request_body = {**body, "n": sampling.n - len(completions), "seed": (seed + len(completions)) % 2**31}
            choices = field(self.endpoint.post("/v1/chat/completions", request_body), "choices", address)
            if not isinstance(choices, list) or not 0 < len(choices) <= sampling.n - len(completions):
                choice_count = len(choices) if isinstance(choices, list) else "no list of"
                raise CountError(
                    f"{address} gave {choice_count} completions where {sampling.n - len(completions)} were asked for"
                )
            completions += [self._completion(choice, sampling, address) for choice in choices]
        return completions

    @staticmethod
    def _completion(choice: Any, sampling: Sampling, address: str) -> Completion:
        text = field(field(choice, "message", address), "content", address)
        if not isinstance(text, str):
            raise ReplyError(f"{address} gave {text!r:.40} as a completion's text (a refusal or a tool call?)")
        is_finished = field(choice, "finish_reason", address) == "stop"
        return Completion((), (), text, is_finished, sampling.temperature, trainable=False)


def chat_message(message: Mapping[str, Any], prompt: Prompt) -> dict[str, Any]:
    """Write a `message` in the form of OpenAI's API: the pictures' places filled, a text alone as a string.

    Only one message of a `prompt` shows pictures.
    """
    places = sum(part["type"] == "image" for part in message["content"])
    if places and places != len(prompt.pictures):
        picture_count = f"has {len(prompt.pictures)}" if prompt.pictures else "has none"
        place_count = "a picture" if places == 1 else f"{places} pictures"
        raise ValueError(f"the messages show {place_count}, but the prompt {picture_count}; pass each to Policy.prompt")
    pictures = iter(prompt.pictures)
    content_parts = [picture_part(next(pictures)) if part["type"] == "image" else part for part in message["content"]]
    if len(content_parts) == 1 and content_parts[0]["type"] == "text":
        return {"role": message["role"], "content": content_parts[0]["text"]}
    return {"role": message["role"], "content": content_parts}
