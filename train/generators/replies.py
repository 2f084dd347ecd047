"""Checks of what a backend of its own sent, made before anything is made of it.

An engine or a server that is gone, or answers something else than was asked for, is a failure of the infrastructure
and never an answer: each case is an error of its own, all of them `InfrastructureError`, which is never scored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...envs import InfrastructureError
from ..models.completions import Completion, Prompt, Sampling

LEAST_LOGPROB = -1e30
"""Below it, as not a number and integers that no float holds are, a log-prob is none."""


class GeneratorError(InfrastructureError):
    """A backend failed; nothing that it was asked for counts as answered."""


class UnreachableError(GeneratorError):
    """No server, a dead engine, or one slower than the time limit."""


class RefusedError(GeneratorError):
    """The server understood the request and will not do it; asking again would not help."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status, where there was one."""


class ReplyError(GeneratorError):
    """The reply breaks the protocol."""


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
    """The rules that every reply must keep to, from the policy that will be trained on it."""

    tokenizer: Any
    suppressed_ids: frozenset[int]
    """Ids that must not be sampled."""
    placeholder: int
    """The id that stands for a picture."""
    vocabulary: int
    """Ids are below this."""
    ends: frozenset[int]
    """Ids that end a completion."""

    @classmethod
    def of(cls, policy: Any) -> "Checks":
        """Read the rules off a `policy`."""
        suppressed_ids, end_ids = frozenset(policy.suppressed_ids.tolist()), frozenset(policy.ends.tolist())
        return cls(policy.tokenizer, suppressed_ids, policy.image_id, len(policy.tokenizer), end_ids)

    @property
    def bad_words(self) -> list[str]:
        """The suppressed ids that the tokenizer knows, as the strings that vLLM takes."""
        return [self.tokenizer.convert_ids_to_tokens(i) for i in sorted(self.suppressed_ids) if i < self.vocabulary]

    @property
    def logit_bias(self) -> dict[int, float]:
        """The suppressed ids beyond the tokenizer, which no string names, with the least bias that vLLM takes."""
        return {i: -100.0 for i in sorted(self.suppressed_ids) if i >= self.vocabulary}

    def unexpanded(self, prompt: Prompt) -> list[int]:
        """Return the `prompt`'s token ids with one placeholder for each picture, for backends with their own processor.

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

    def prompt_read(self, prompt: Prompt, prompt_ids: Sequence[int] | None, backend: str) -> None:
        """Check that the `backend` read the `prompt` that the trainer will see.

        Args:
            prompt: as the trainer has it.
            prompt_ids: as the backend read it; None where it does not say.
            backend: its name for messages.

        Raises:
            OtherIdsError: it did not, or does not say what it read.
        """
        if prompt_ids is None:
            raise OtherIdsError(
                f"{backend} does not say which prompt it read (prompt_token_ids); vLLM does where "
                "return_token_ids is set"
            )
        if not isinstance(prompt_ids, Sequence) or isinstance(prompt_ids, str):
            raise ReplyError(f"{backend} gave {prompt_ids!r:.40} as the token ids of the prompt that it read")
        if list(prompt_ids) != list(prompt.ids):
            first_difference = next(
                (i for i, (theirs, ours) in enumerate(zip(prompt_ids, prompt.ids, strict=False)) if theirs != ours),
                min(len(prompt_ids), len(prompt.ids)),
            )
            raise OtherIdsError(
                f"{backend} read a prompt of {len(prompt_ids)} tokens, the trainer one of {len(prompt.ids)}; they "
                f"differ from token {first_difference} on: it must "
                "have the same model folder, processor and chat template"
            )

    def completion(self, ids: Any, logprobs: Any, sampling: Sampling, backend: str) -> Completion:
        """Make a completion from sampled `ids` and their `logprobs`.

        Args:
            ids: as sampled, decoded from the reply.
            logprobs: one for each id.
            sampling: that was asked for.
            backend: its name for messages.

        Raises:
            OtherIdsError: no ids, ids that cannot be, or ones that must not be sampled.
            MissingLogprobsError: not one finite log-prob, at most 0, for each id.
            ReplyError: it stopped before `max_new_tokens` without an end token.
        """
        token_ids = self._ids(ids, sampling, backend)
        if not isinstance(logprobs, Sequence) or len(logprobs) != len(token_ids):
            logprob_count = f"{len(logprobs)} log-probs" if isinstance(logprobs, Sequence) else "no log-probs"
            raise MissingLogprobsError(
                f"{backend} gave {logprob_count} for {len(token_ids)} tokens; its answer cannot be trained on"
            )
        for value in logprobs:
            # Rounding may leave a certain token a hair above 0.
            if not _is_number(value) or not LEAST_LOGPROB < value <= 1e-3:
                raise MissingLogprobsError(
                    f"{backend} gave {value!r:.40} as a log-prob; it must be a number, at most 0"
                )
        text = self.tokenizer.decode(token_ids, skip_special_tokens=True)
        values = tuple(min(0.0, float(value)) for value in logprobs)
        return Completion(tuple(token_ids), values, text, token_ids[-1] in self.ends, sampling.temperature)

    def _ids(self, ids: Any, sampling: Sampling, backend: str) -> list[int]:
        if not isinstance(ids, Sequence) or isinstance(ids, str) or not ids:
            raise OtherIdsError(
                f"{backend} gave {ids!r:.40} as sampled token ids; a server must be asked to return them"
            )
        token_ids = list(ids)
        for place, token in enumerate(token_ids):
            if not isinstance(token, int) or isinstance(token, bool) or not 0 <= token < self.vocabulary:
                raise OtherIdsError(
                    f"{backend} sampled {token!r:.40}, which is not an id of this tokenizer "
                    f"(0 to {self.vocabulary - 1})"
                )
            if token in self.suppressed_ids:
                token_name = self.tokenizer.convert_ids_to_tokens(token)
                raise OtherIdsError(f"{backend} sampled {token_name!r} (id {token}), which it was told never to sample")
            if token in self.ends and place != len(token_ids) - 1:
                raise OtherIdsError(
                    f"{backend} went on sampling after the end token, at token {place} of {len(token_ids)}"
                )
        if len(token_ids) > sampling.max_new_tokens:
            raise OtherIdsError(
                f"{backend} sampled {len(token_ids)} tokens where {sampling.max_new_tokens} were allowed"
            )
        if token_ids[-1] not in self.ends and len(token_ids) < sampling.max_new_tokens:
            raise ReplyError(
                f"{backend} stopped after {len(token_ids)} of {sampling.max_new_tokens} tokens without an end token; "
                "is its context (max_model_len) too short?"
            )
        return token_ids


def group_of(replies: Any, sampling: Sampling, backend: str) -> Sequence[Any]:
    """Return `replies`, if there are as many as `sampling` asked the `backend` for.

    Raises:
        CountError: more or fewer.
        ReplyError: it is not a list of replies.
    """
    if not isinstance(replies, Sequence) or isinstance(replies, str):
        raise ReplyError(f"{backend} gave {replies!r:.40} where a list of completions was due")
    if len(replies) != sampling.n:
        raise CountError(f"{backend} gave {len(replies)} completions where {sampling.n} were asked for")
    return replies


def field(reply: Any, field_name: str, backend: str) -> Any:
    """Return the field `field_name` of a JSON object, the `reply` of a `backend`.

    Raises:
        ReplyError: it is not an object, or has no such field.
    """
    if not isinstance(reply, Mapping) or field_name not in reply:
        raise ReplyError(f"{backend} replied without {field_name!r}: {reply!r:.120}")
    return reply[field_name]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
