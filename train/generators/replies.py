"""What a backend of its own sent is checked here before anything is made of it.

An engine or a server that is gone, or answers with something else than was asked for, is our machinery's failure and
never an answer: each case is an error of its own, all of them `InfrastructureError`, which is never scored.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...envs import InfrastructureError
from ..models.completions import Completion, Prompt, Sampling


class GeneratorError(InfrastructureError):
    """A backend failed; nothing that it was asked for counts as answered."""


class UnreachableError(GeneratorError):
    """Nobody answers: no server, a dead engine, or one slower than the time limit."""


class RefusedError(GeneratorError):
    """The server understood the request and will not do it; asking again would not help."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status, where there was one."""


class ReplyError(GeneratorError):
    """The reply is not what the protocol says."""


class CountError(ReplyError):
    """More or fewer completions than were asked for."""


class OtherIdsError(ReplyError):
    """Token ids that were not asked for: of another prompt, or such that must not be sampled."""


class MissingLogprobsError(ReplyError):
    """No log-prob, or none that can be one, for a sampled id."""


class AdapterError(GeneratorError):
    """A role's adapter is not loaded, or did not load."""


class FingerprintError(AdapterError):
    """The backend's log-probs are not the trainer's: it runs other weights."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What every reply must keep to, from the policy that will be trained on it."""

    tokenizer: Any
    suppressed: frozenset[int]
    """Ids that must not be sampled."""
    placeholder: int
    """The id that stands for a picture."""
    vocabulary: int
    """Ids are below this."""
    ends: frozenset[int]
    """Ids that end a completion."""

    @classmethod
    def of(cls, policy: Any) -> "Checks":
        """Those of a `Policy`."""
        suppressed, ends = frozenset(policy.suppressed.tolist()), frozenset(policy.ends.tolist())
        return cls(policy.tokenizer, suppressed, policy.image_id, len(policy.tokenizer), ends)

    @property
    def bad_words(self) -> list[str]:
        """The suppressed ids as the strings that vLLM takes."""
        return [self.tokenizer.convert_ids_to_tokens(i) for i in sorted(self.suppressed)]

    def unexpanded(self, prompt: Prompt) -> list[int]:
        """Token ids with one placeholder for each picture, as backends with a processor of their own want them.

        Raises:
            ValueError: the prompt's ids show a picture, but it is not there.
        """
        if prompt.picture is None:
            if self.placeholder in prompt.ids:
                raise ValueError(
                    "this prompt has placeholders of a picture without the picture; a backend with its own processor "
                    "needs Prompt.text and Prompt.picture, which Policy.prompt fills"
                )
            return list(prompt.ids)
        return self.tokenizer(prompt.text, add_special_tokens=False)["input_ids"]

    def prompt_read(self, prompt: Prompt, ids: Sequence[int] | None, who: str) -> None:
        """Raises unless the backend read the prompt that the trainer will see.

        Raises:
            OtherIdsError: it did not, or does not say what it read.
        """
        if ids is None:
            raise OtherIdsError(
                f"{who} does not say which prompt it read (prompt_token_ids); vLLM does where return_token_ids is set"
            )
        if list(ids) != list(prompt.ids):
            at = next(
                (i for i, (a, b) in enumerate(zip(ids, prompt.ids, strict=False)) if a != b),
                min(len(ids), len(prompt.ids)),
            )
            raise OtherIdsError(
                f"{who} read a prompt of {len(ids)} tokens, the trainer one of {len(prompt.ids)}; they differ from "
                f"token {at} on: it must have the same model folder, processor and chat template"
            )

    def completion(self, ids: Any, logprobs: Any, sampling: Sampling, who: str) -> Completion:
        """A completion from sampled ids and their log-probs.

        Raises:
            OtherIdsError: no ids, ids that cannot be, or ones that must not be sampled.
            MissingLogprobsError: not one finite log-prob, at most 0, for each id.
            ReplyError: it stopped before `max_new_tokens` without an end token.
        """
        found = self._ids(ids, sampling, who)
        if not isinstance(logprobs, Sequence) or len(logprobs) != len(found):
            given = f"{len(logprobs)} log-probs" if isinstance(logprobs, Sequence) else "no log-probs"
            raise MissingLogprobsError(f"{who} gave {given} for {len(found)} tokens; its answer cannot be trained on")
        for value in logprobs:
            # Rounding may leave a certain token a hair above 0.
            if not _is_number(value) or not math.isfinite(value) or value > 1e-3:
                raise MissingLogprobsError(f"{who} gave {value!r:.40} as a log-prob; it must be a number, at most 0")
        text = self.tokenizer.decode(found, skip_special_tokens=True)
        values = tuple(min(0.0, float(value)) for value in logprobs)
        return Completion(tuple(found), values, text, found[-1] in self.ends, sampling.temperature)

    def _ids(self, ids: Any, sampling: Sampling, who: str) -> list[int]:
        if not isinstance(ids, Sequence) or isinstance(ids, str) or not ids:
            raise OtherIdsError(f"{who} gave {ids!r:.40} as sampled token ids; a server must be asked to return them")
        found = list(ids)
        for place, token in enumerate(found):
            if not isinstance(token, int) or isinstance(token, bool) or not 0 <= token < self.vocabulary:
                raise OtherIdsError(
                    f"{who} sampled {token!r:.40}, which is no id of this tokenizer (0 to {self.vocabulary - 1})"
                )
            if token in self.suppressed:
                name = self.tokenizer.convert_ids_to_tokens(token)
                raise OtherIdsError(f"{who} sampled {name!r} (id {token}), which it was told never to sample")
            if token in self.ends and place != len(found) - 1:
                raise OtherIdsError(f"{who} went on sampling after the end token, at token {place} of {len(found)}")
        if len(found) > sampling.max_new_tokens:
            raise OtherIdsError(f"{who} sampled {len(found)} tokens where {sampling.max_new_tokens} were allowed")
        if found[-1] not in self.ends and len(found) < sampling.max_new_tokens:
            raise ReplyError(
                f"{who} stopped after {len(found)} of {sampling.max_new_tokens} tokens without an end token; is its "
                "context (max_model_len) too short?"
            )
        return found


def group_of(replies: Any, sampling: Sampling, who: str) -> Sequence[Any]:
    """The replies, if there are as many as were asked for.

    Raises:
        CountError: more or fewer.
        ReplyError: it is no list of replies.
    """
    if not isinstance(replies, Sequence) or isinstance(replies, str):
        raise ReplyError(f"{who} gave {replies!r:.40} where a list of completions was due")
    if len(replies) != sampling.n:
        raise CountError(f"{who} gave {len(replies)} completions where {sampling.n} were asked for")
    return replies


def field(reply: Any, name: str, who: str) -> Any:
    """A field of a JSON object.

    Raises:
        ReplyError: it is no object, or has no such field.
    """
    if not isinstance(reply, Mapping) or name not in reply:
        raise ReplyError(f"{who} replied without {name!r}: {reply!r:.120}")
    return reply[name]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
