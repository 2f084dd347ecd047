"""Sampling with Hugging Face: from prompts to token ids with the log-probs that the sampler gave them.

Every backend keeps to this: the ids are those that were sampled (text is never tokenised again), the picture
placeholder, ids beyond the tokenizer and special tokens that end nothing are never sampled, top-p is 1 and top-k off,
and the same pixel tensors serve sampling and training.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from transformers import StaticCache
from transformers.cache_utils import DynamicLayer

from ..models.architecture import ArchitectureError, ModelLayout
from ..models.completions import Completion, Prompt, Sampling
from ..models.packing import join_visions, vision_kind
from .grammar import GrammarRows, SchemaGrammar

SMALL = 20_000_000
"""Parameters of a model up to which one thread decodes fastest (measured: 2.1 M parameters, 1.3 times as fast)."""


class HFGenerator:
    """Sampling from a Hugging Face model in this process."""

    def __init__(
        self,
        policy: Any,
        batch_size: int = 512,
        *,
        spare_threads: bool = True,
        static_cache: bool = False,
        schemas: Mapping[str, Any] | None = None,
    ) -> None:
        self._policy = policy
        self._batch_size = batch_size
        """Completions decoded at a time."""
        self._static_cache = static_cache
        """Keys and values have their final room from the first token on, instead of growing with each."""
        self._spare_threads = spare_threads
        """Whether a small model may have one thread alone, for the whole process; not beside other work of torch."""
        self._grammars = {role: SchemaGrammar(policy.tokenizer, schema) for role, schema in (schemas or {}).items()}
        """Roles whose replies are decoded under a JSON schema."""

    @torch.no_grad()
    def generate(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        """Sample for `prompts`, decoded in batches of like length, kinds of pictures apart; see `Generator`."""
        vision_kinds = [vision_kind(prompt.vision) for prompt in prompts]
        order = sorted(
            range(len(prompts)), key=lambda i: (not vision_kinds[i], vision_kinds[i], len(prompts[i].ids), i)
        )
        batch_prompts = max(1, self._batch_size // sampling.n)
        groups: list[list[Completion]] = [[] for _ in prompts]
        with self._policy.acting(role) as model, _threads_for(model, self._spare_threads):
            random_generator = torch.Generator(model.device).manual_seed(seed)
            start = 0
            while start < len(order):
                chunk = [
                    i for i in order[start : start + batch_prompts] if vision_kinds[i] == vision_kinds[order[start]]
                ]
                grammar_rows = self._grammars[role].rows(len(chunk) * sampling.n) if role in self._grammars else None
                batch = self._decode(model, [prompts[i] for i in chunk], sampling, random_generator, grammar_rows)
                for i, completions in zip(chunk, batch, strict=True):
                    groups[i] = completions
                start += len(chunk)
        return groups

    def _decode(
        self,
        model: Any,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        random_generator: torch.Generator,
        grammar_rows: GrammarRows | None,
    ) -> list[list[Completion]]:
        """Decode one batch of `prompts`: they are read once, then repeated `n` times in the cache.

        Under `grammar_rows`, only what a schema allows is sampled.
        """
        pad_id, end_ids = self._policy.tokenizer.pad_token_id, self._policy.ends
        inputs = left_padded(prompts, pad_id, self._policy.layout)
        inputs = {name: value.to(model.device) for name, value in inputs.items()}
        prompt_output = model(**inputs, use_cache=True, logits_to_keep=1)
        cache, n = prompt_output.past_key_values, sampling.n
        logits = prompt_output.logits[:, -1].repeat_interleave(n, 0)
        if self._static_cache:
            cache = static_cache_of(cache, model.config, n, sampling.max_new_tokens)
        else:
            cache.batch_repeat_interleave(n)
        attention_mask = inputs["attention_mask"].repeat_interleave(n, 0)
        # A prompt ends in words, whose positions are alike on every axis and the furthest so far.
        position_ids = inputs["position_ids"][..., -1:].repeat_interleave(n, -2)
        token_columns, logprob_columns = [], []
        is_finished = torch.zeros(len(logits), dtype=torch.bool, device=logits.device)
        for _ in range(sampling.max_new_tokens):
            if grammar_rows is not None:
                logits = grammar_rows.forbid(logits)
            token, logprob = _draw(logits, sampling.temperature, self._policy.suppressed_ids, random_generator)
            if grammar_rows is not None:
                grammar_rows.accept(token)
            token_columns.append(torch.where(is_finished, pad_id, token))
            logprob_columns.append(logprob)
            is_finished |= torch.isin(token, end_ids)
            if is_finished.all() or len(token_columns) == sampling.max_new_tokens:
                break
            attention_mask = torch.cat([attention_mask, attention_mask.new_ones(len(attention_mask), 1)], 1)
            position_ids = position_ids + 1
            logits = model(
                input_ids=token_columns[-1][:, None],
                attention_mask=attention_mask,
                position_ids=position_ids,
                past_key_values=cache,
                use_cache=True,
            ).logits[:, -1]
        is_constrained = grammar_rows is not None
        return self._collect(torch.stack(token_columns, 1), torch.stack(logprob_columns, 1), sampling, is_constrained)

    def _collect(
        self, ids: torch.Tensor, logprobs: torch.Tensor, sampling: Sampling, is_constrained: bool
    ) -> list[list[Completion]]:
        tokenizer, end_ids = self._policy.tokenizer, set(self._policy.ends.tolist())
        completions = []
        for token_row, values in zip(ids.tolist(), logprobs.tolist(), strict=True):
            end_place = next((place for place, token in enumerate(token_row) if token in end_ids), None)
            is_finished = end_place is not None
            end = len(token_row) if end_place is None else end_place + 1
            text = tokenizer.decode(token_row[:end], skip_special_tokens=True)
            row_ids, row_logprobs = tuple(token_row[:end]), tuple(values[:end])
            completion = Completion(row_ids, row_logprobs, text, is_finished, sampling.temperature)
            completions.append(replace(completion, constrained=True) if is_constrained else completion)
        return [completions[i : i + sampling.n] for i in range(0, len(completions), sampling.n)]


def static_cache_of(cache: Any, config: Any, repeats: int, max_new_tokens: int) -> StaticCache:
    """Return a cache of fixed size with what a growing `cache` holds, each row `repeats` times.

    Args:
        cache: after the prompts.
        config: of the model.
        repeats: completions of each prompt.
        max_new_tokens: for which there is room.

    Raises:
        ArchitectureError: a layer of the model keeps a window or a running state instead of all tokens.
    """
    text_config = config.get_text_config()
    if any(type(layer) is not DynamicLayer for layer in cache.layers):
        raise ArchitectureError(
            f"a {config.model_type} model keeps windows or states that a static cache does not take; "
            "leave generator.cache=dynamic"
        )
    static_cache = StaticCache(config=text_config, max_cache_len=cache.get_seq_length() + max_new_tokens)
    for layer_number, layer in enumerate(cache.layers):
        static_cache.update(
            layer.keys.repeat_interleave(repeats, 0), layer.values.repeat_interleave(repeats, 0), layer_number
        )
    return static_cache


@contextmanager
def _threads_for(model: Any, spare_threads: bool) -> Iterator[None]:
    """Use one torch thread while a small `model` decodes on a CPU: waking a second costs more than a token's work."""
    thread_count = torch.get_num_threads()
    is_small = spare_threads and model.device.type == "cpu" and model.num_parameters() < SMALL
    try:
        if is_small:
            torch.set_num_threads(1)
        yield
    finally:
        torch.set_num_threads(thread_count)


def left_padded(prompts: Sequence[Prompt], pad_id: int, layout: ModelLayout) -> dict[str, torch.Tensor]:
    """Return the model inputs of `prompts`: ids and mask [B, T], positions [B, T] or [3, B, T], and the pictures."""
    max_length = max(len(prompt.ids) for prompt in prompts)
    ids = torch.tensor([[pad_id] * (max_length - len(prompt.ids)) + list(prompt.ids) for prompt in prompts])
    attention_mask = torch.tensor([[0] * (max_length - len(prompt.ids)) + [1] * len(prompt.ids) for prompt in prompts])
    positions = (attention_mask.cumsum(1) - 1).clamp(min=0)
    if layout.axes > 1:
        positions = positions.repeat(layout.axes, 1, 1)
        for row, prompt in enumerate(prompts):
            if prompt.positions is not None:
                positions[:, row, max_length - len(prompt.ids) :] = prompt.positions
    inputs = {"input_ids": ids, "attention_mask": attention_mask, "position_ids": positions}
    if layout.seen_whole is not None:
        inputs["token_type_ids"] = (ids == layout.seen_whole).long()
    return inputs | join_visions([prompt.vision for prompt in prompts])


def _draw(
    logits: torch.Tensor, temperature: float, suppressed_ids: torch.Tensor, random_generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw one token for each row of `logits`, with its log-prob; `suppressed_ids` have no share in either."""
    allowed_logits = (logits.float() / (temperature or 1.0)).index_fill(1, suppressed_ids, -torch.inf)
    logprobs = torch.log_softmax(allowed_logits, dim=-1)
    if temperature == 0:
        token = logprobs.argmax(-1)
    else:
        token = torch.multinomial(logprobs.exp(), 1, generator=random_generator).squeeze(1)
    return token, logprobs.gather(1, token[:, None]).squeeze(1)
