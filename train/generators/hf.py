"""Generators: from prompts to sampled token ids with the log-probs that the sampler gave them.

What every backend keeps to: the ids are those that were sampled (text is never tokenised again), the picture
placeholder is never sampled, top-p is 1 and top-k off, and the same pixel tensors serve sampling and training.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import StaticCache
from transformers.cache_utils import DynamicLayer

from ..models.architecture import ArchitectureError, Layout
from ..models.completions import Completion, Prompt, Sampling
from ..models.packing import joined, vision_kind

SMALL = 20_000_000
"""Parameters of a model up to which one thread decodes fastest (measured: 2.1 M parameters, 1.3 times as fast)."""


class HFGenerator:
    """Sampling from a Hugging Face model in this process."""

    def __init__(
        self, policy: Any, batch_size: int = 512, *, spare_threads: bool = True, static_cache: bool = False
    ) -> None:
        self._policy = policy
        self._batch_size = batch_size
        """Completions decoded at a time."""
        self._static_cache = static_cache
        """Keys and values have their final room from the first token on, instead of growing with each."""
        self._spare_threads = spare_threads
        """Whether a small model may have one thread alone, for the whole process; not beside other work of torch."""

    @torch.no_grad()
    def generate(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        """See `Generator`; prompts are decoded in batches of like length, kinds of pictures apart."""
        kinds = [vision_kind(prompt.vision) for prompt in prompts]
        order = sorted(range(len(prompts)), key=lambda i: (not kinds[i], kinds[i], len(prompts[i].ids), i))
        step = max(1, self._batch_size // sampling.n)
        found: list[list[Completion]] = [[] for _ in prompts]
        with self._policy.acting(role) as model, _threads_for(model, self._spare_threads):
            random = torch.Generator(model.device).manual_seed(seed)
            start = 0
            while start < len(order):
                chunk = [i for i in order[start : start + step] if kinds[i] == kinds[order[start]]]
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
        pad, ends = self._policy.tokenizer.pad_token_id, self._policy.ends
        inputs = left_padded(prompts, pad, self._policy.layout)
        inputs = {name: value.to(model.device) for name, value in inputs.items()}
        output = model(**inputs, use_cache=True, logits_to_keep=1)
        cache, n = output.past_key_values, sampling.n
        logits = output.logits[:, -1].repeat_interleave(n, 0)
        if self._static_cache:
            cache = settled(cache, model.config, n, sampling.max_new_tokens)
        else:
            cache.batch_repeat_interleave(n)
        mask = inputs["attention_mask"].repeat_interleave(n, 0)
        # A prompt ends in words, whose positions are alike on every axis and the furthest so far.
        position = inputs["position_ids"][..., -1:].repeat_interleave(n, -2)
        ids, logprobs = [], []
        done = torch.zeros(len(logits), dtype=torch.bool, device=logits.device)
        for _ in range(sampling.max_new_tokens):
            token, logprob = _draw(logits, sampling.temperature, self._policy.suppressed, random)
            ids.append(torch.where(done, pad, token))
            logprobs.append(logprob)
            done |= torch.isin(token, ends)
            if done.all() or len(ids) == sampling.max_new_tokens:
                break
            mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
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
        tokenizer, ends = self._policy.tokenizer, set(self._policy.ends.tolist())
        found = []
        for row, values in zip(ids.tolist(), logprobs.tolist(), strict=True):
            first = next((place for place, token in enumerate(row) if token in ends), None)
            finished = first is not None
            end = len(row) if first is None else first + 1
            text = tokenizer.decode(row[:end], skip_special_tokens=True)
            found.append(Completion(tuple(row[:end]), tuple(values[:end]), text, finished, sampling.temperature))
        return [found[i : i + sampling.n] for i in range(0, len(found), sampling.n)]


def settled(cache: Any, config: Any, n: int, room: int) -> StaticCache:
    """A cache of fixed size with what a growing one holds, each row `n` times, and room for more tokens.

    Raises:
        ArchitectureError: a layer of the model keeps a window or a running state instead of all tokens.
    """
    text = config.get_text_config()
    if any(type(layer) is not DynamicLayer for layer in cache.layers):
        raise ArchitectureError(
            f"a {config.model_type} model keeps windows or states that a static cache does not take; "
            "leave generator.cache=dynamic"
        )
    fixed = StaticCache(config=text, max_cache_len=cache.get_seq_length() + room)
    for number, layer in enumerate(cache.layers):
        fixed.update(layer.keys.repeat_interleave(n, 0), layer.values.repeat_interleave(n, 0), number)
    return fixed


@contextmanager
def _threads_for(model: Any, spare: bool) -> Iterator[None]:
    """One torch thread while a small model decodes on a CPU: a token's work is less than waking a second costs."""
    before = torch.get_num_threads()
    small = spare and model.device.type == "cpu" and model.num_parameters() < SMALL
    try:
        if small:
            torch.set_num_threads(1)
        yield
    finally:
        torch.set_num_threads(before)


def left_padded(prompts: Sequence[Prompt], pad_id: int, layout: Layout) -> dict[str, torch.Tensor]:
    """Model inputs of a batch: ids and mask [B, T], positions [B, T] or [3, B, T], and the pictures' tensors."""
    length = max(len(prompt.ids) for prompt in prompts)
    ids = torch.tensor([[pad_id] * (length - len(prompt.ids)) + list(prompt.ids) for prompt in prompts])
    mask = torch.tensor([[0] * (length - len(prompt.ids)) + [1] * len(prompt.ids) for prompt in prompts])
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    if layout.axes > 1:
        positions = positions.repeat(layout.axes, 1, 1)
        for row, prompt in enumerate(prompts):
            if prompt.positions is not None:
                positions[:, row, length - len(prompt.ids) :] = prompt.positions
    inputs = {"input_ids": ids, "attention_mask": mask, "position_ids": positions}
    if layout.seen_whole is not None:
        inputs["token_type_ids"] = (ids == layout.seen_whole).long()
    return inputs | joined([prompt.vision for prompt in prompts])


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
