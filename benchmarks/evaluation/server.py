"""A model behind an OpenAI-compatible chat endpoint: each question is one request, and each outcome its own.

A server's refusal is an answer, which the benchmark scores as it scores any text; a request that the server does not
take, or does not answer, is a failure of this question and costs no other.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ...train.generators import Endpoint, RefusedError, UnreachableError
from ...train.generators.openai_compatible import chat_message
from ...train.generators.replies import GeneratorError, ReplyError
from ...train.models.completions import Prompt
from .cache import Reply
from .settings import Decoding

PATIENCE = 5
"""Questions that may find no server one after another before the others are not tried."""
CONTENT_FILTERS = ("content_filter", "content filter", "content_policy", "content management policy", "safety system")
"""Words by which servers say that a filter, not a fault, refuses a question."""
CUT_OFF = ("length", "max_tokens")
"""Finish reasons of a reply that the limit of tokens cut off."""


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """The way a server is asked."""

    timeout: float = 300.0
    """Seconds for one request."""
    retries: int = 3
    """Tries after the first, where a failure may pass."""
    concurrency: int = 16
    """Requests under way at a time."""
    requests_per_minute: float | None = None
    """Requests begun in a minute at most; None sets no limit."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of every request, such as `reasoning_effort`; None takes a field away."""


class ChatServer:
    """A model's name at an endpoint.

    Args:
        endpoint: the server; its headers carry the key.
        model_name: the model's name there.
        options: how it is asked.
    """

    def __init__(self, endpoint: Endpoint, model_name: str, options: ServerOptions) -> None:
        self.endpoint = endpoint
        self.model_name = model_name
        self.options = options
        self._lock = threading.Lock()
        self._next_start = 0.0

    def replies(
        self, prompts: Sequence[Prompt], max_new_tokens: int, decoding: Decoding
    ) -> list[Reply | GeneratorError]:
        """Return for each of `prompts` the reply of at most `max_new_tokens` tokens, or why there is none.

        Args:
            prompts: the questions.
            max_new_tokens: in a reply.
            decoding: the way it is sampled.
        """
        unreachable = _Count()

        def ask(prompt: Prompt) -> Reply | GeneratorError:
            if unreachable.value >= PATIENCE:
                return UnreachableError(f"not tried: {self.endpoint.url} did not answer {PATIENCE} questions before")
            self._wait_for_turn()
            start_time = time.monotonic()
            try:
                response = self.endpoint.post("/v1/chat/completions", self.body(prompt, max_new_tokens, decoding))
                reply = _reply_of(response, time.monotonic() - start_time)
            except RefusedError as error:
                if not any(words in str(error).lower() for words in CONTENT_FILTERS):
                    return error
                reply = Reply("", finished=True, refused=True)
            except UnreachableError as error:
                unreachable.value += 1
                return error
            except ReplyError as error:
                return error
            unreachable.value = 0
            return reply

        with ThreadPoolExecutor(self.options.concurrency) as pool:
            return list(pool.map(ask, prompts))

    def body(self, prompt: Prompt, max_new_tokens: int, decoding: Decoding) -> dict[str, Any]:
        """Return the request that asks `prompt` for at most `max_new_tokens` tokens, sampled by `decoding`."""
        assert prompt.messages is not None
        fields: dict[str, Any] = {
            "model": self.model_name,
            "messages": [chat_message(message, prompt) for message in prompt.messages],
            "max_tokens": max_new_tokens,
            "temperature": decoding.temperature,
        }
        if decoding.top_p < 1.0:
            fields["top_p"] = decoding.top_p
        if "max_completion_tokens" in self.options.body:
            del fields["max_tokens"]
        return {name: value for name, value in (fields | dict(self.options.body)).items() if value is not None}

    def _wait_for_turn(self) -> None:
        if self.options.requests_per_minute is None:
            return
        with self._lock:
            start = max(time.monotonic(), self._next_start)
            self._next_start = start + 60.0 / self.options.requests_per_minute
        time.sleep(max(0.0, start - time.monotonic()))


@dataclass(slots=True)
class _Count:
    """A number that threads share; a lost update costs one more try."""

    value: int = 0


def _reply_of(response: Any, seconds: float) -> Reply:
    """Return the reply in a server's `response`, which took so many `seconds`.

    Raises:
        ReplyError: it holds no completion.
    """
    choices = response.get("choices") if isinstance(response, Mapping) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        raise ReplyError(f"the server gave no completion: {str(response)[:80]}")
    content, refusal = message.get("content"), message.get("refusal")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    reason = choice.get("finish_reason")
    is_finished = reason not in CUT_OFF
    usage = response.get("usage") or {}
    return Reply(
        text=content if isinstance(content, str) else str(refusal or ""),
        finished=is_finished,
        refused=bool(refusal) or reason == "content_filter" or (content is None and is_finished),
        prompt_tokens=usage.get("prompt_tokens"),
        new_tokens=usage.get("completion_tokens"),
        seconds=round(seconds, 3),
    )
