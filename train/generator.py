"""Generators: from prompts to sampled token ids with the log-probs that the sampler gave them.

What every backend keeps to: the ids are those that were sampled (text is never tokenised again), the picture
placeholder is never sampled, top-p is 1 and top-k off, and the same pixel tensors serve sampling and training.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch

from ..render import Picture
from ..roles.messages import Messages

SMALL = 20_000_000
"""Parameters of a model up to which one thread decodes fastest (measured: 2.1 M parameters, 1.3 times as fast)."""


class Prompt(NamedTuple):
    """A tokenised prompt with its picture's tensor [3, H, W], or None for text alone."""

    ids: tuple[int, ...]
    pixels: torch.Tensor | None = None
    text: str = ""
    """The chat template's text, a picture's placeholder not yet expanded; what backends with a processor of their own
    are given."""
    picture: Picture | None = None
    """The picture that `pixels` was made of."""
    messages: Messages | None = None
    """What `text` was made of; another model's endpoint has a template of its own."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One sampled reply."""

    ids: tuple[int, ...]
    """As sampled, with the end token where one was sampled."""
    logprobs: tuple[float, ...]
    """Under the distribution that was sampled from, temperature included."""
    text: str
    finished: bool
    """False where `max_new_tokens` cut it off."""
    temperature: float = 1.0
    """Of the distribution; 0 for greedy decoding, whose log-probs are those at 1."""
    trainable: bool = True
    """False where the backend gave no ids and log-probs: a frozen role's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """How to sample."""

    max_new_tokens: int
    temperature: float = 1.0
    """0 decodes greedily."""
    n: int = 1
    """Completions for each prompt; they share the prompt's computation."""


class Generator(Protocol):
    """What can generate."""

    def generate(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        """`sampling.n` completions for each prompt, in order; equal arguments and weights give equal ids."""
        ...


class HFGenerator:
    """Sampling from a Hugging Face model in this process."""

    def __init__(self, policy: Any, batch_size: int = 512) -> None:
        self._policy = policy
        self._batch_size = batch_size
        """Completions decoded at a time."""

    @torch.no_grad()
    def generate(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        """See `Generator`; prompts are decoded in batches of like length, pictures apart from text."""
        random = torch.Generator().manual_seed(seed)
        order = sorted(range(len(prompts)), key=lambda i: (prompts[i].pixels is None, len(prompts[i].ids), i))
        step = max(1, self._batch_size // sampling.n)
        found: list[list[Completion]] = [[] for _ in prompts]
        with self._policy.acting(role) as model, _threads_for(model):
            start = 0
            while start < len(order):
                pictured = prompts[order[start]].pixels is not None
                chunk = [i for i in order[start : start + step] if (prompts[i].pixels is not None) == pictured]
                for i, completions in zip(
                    chunk, self._decode(model, [prompts[i] for i in chunk], sampling, random), strict=True
                ):
                    found[i] = completions
                start += len(chunk)
        return found

    def _decode(
        self, model: Any, prompts: Sequence[Prompt], sampling: Sampling, random: torch.Generator
    ) -> list[list[Completion]]:
        """All completions of one batch: the prompts are read once, then repeated `n` times in the cache."""
        tokenizer = self._policy.tokenizer
        inputs = left_padded(prompts, tokenizer.pad_token_id)
        output = model(**inputs, use_cache=True, logits_to_keep=1)
        cache, n = output.past_key_values, sampling.n
        logits = output.logits[:, -1].repeat_interleave(n, 0)
        cache.batch_repeat_interleave(n)
        mask = inputs["attention_mask"].repeat_interleave(n, 0)
        position = inputs["position_ids"][:, -1:].repeat_interleave(n, 0)
        ids, logprobs = [], []
        done = torch.zeros(len(logits), dtype=torch.bool)
        for _ in range(sampling.max_new_tokens):
            token, logprob = _draw(logits, sampling.temperature, self._policy.suppressed, random)
            ids.append(torch.where(done, tokenizer.pad_token_id, token))
            logprobs.append(logprob)
            done |= token == tokenizer.eos_token_id
            if done.all() or len(ids) == sampling.max_new_tokens:
                break
            mask = torch.cat([mask, torch.ones(len(mask), 1, dtype=mask.dtype)], 1)
            position = position + 1
            logits = model(
                input_ids=ids[-1][:, None],
                attention_mask=mask,
                position_ids=position,
                past_key_values=cache,
                use_cache=True,
            ).logits[:, -1]
        return self._collect(torch.stack(ids, 1), torch.stack(logprobs, 1), sampling)

    def _collect(self, ids: torch.Tensor, logprobs: torch.Tensor, sampling: Sampling) -> list[list[Completion]]:
        tokenizer = self._policy.tokenizer
        found = []
        for row, values in zip(ids.tolist(), logprobs.tolist(), strict=True):
            finished = tokenizer.eos_token_id in row
            end = row.index(tokenizer.eos_token_id) + 1 if finished else len(row)
            text = tokenizer.decode(row[:end], skip_special_tokens=True)
            found.append(Completion(tuple(row[:end]), tuple(values[:end]), text, finished, sampling.temperature))
        return [found[i : i + sampling.n] for i in range(0, len(found), sampling.n)]


@contextmanager
def _threads_for(model: Any) -> Iterator[None]:
    """One torch thread while a small model decodes on a CPU: a token's work is less than waking a second costs."""
    before = torch.get_num_threads()
    small = model.device.type == "cpu" and model.num_parameters() < SMALL
    try:
        if small:
            torch.set_num_threads(1)
        yield
    finally:
        torch.set_num_threads(before)


def left_padded(prompts: Sequence[Prompt], pad_id: int) -> dict[str, torch.Tensor]:
    """Model inputs of a batch: ids, mask and positions [B, T], and the pictures [B, 3, H, W] where there are any."""
    length = max(len(prompt.ids) for prompt in prompts)
    ids = torch.tensor([[pad_id] * (length - len(prompt.ids)) + list(prompt.ids) for prompt in prompts])
    mask = torch.tensor([[0] * (length - len(prompt.ids)) + [1] * len(prompt.ids) for prompt in prompts])
    inputs = {"input_ids": ids, "attention_mask": mask, "position_ids": (mask.cumsum(1) - 1).clamp(min=0)}
    if prompts[0].pixels is not None:
        inputs["pixel_values"] = torch.stack([prompt.pixels for prompt in prompts if prompt.pixels is not None])
    return inputs


def _draw(
    logits: torch.Tensor, temperature: float, suppressed: torch.Tensor, random: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """One token for each row with its log-prob under the distribution it was drawn from; suppressed ids never."""
    logprobs = torch.log_softmax(logits.float() / (temperature or 1.0), dim=-1)
    allowed = logprobs.index_fill(1, suppressed, -torch.inf)
    if temperature == 0:
        token = allowed.argmax(-1)
    else:
        token = torch.multinomial(allowed.exp(), 1, generator=random).squeeze(1)
    return token, logprobs.gather(1, token[:, None]).squeeze(1)
