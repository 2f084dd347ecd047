"""The embedded model: a small Hugging Face VLM built from a config, with a tokenizer made from our own text.

LLaVA layout: a CLIP tower of 16 px patches and a small Llama. It is saved by `save_pretrained` and loaded by
`AutoModelForImageTextToText` and `AutoProcessor` like every other model; nothing else in `train` knows it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

PICTURE_SIZE = 64
PATCH_SIZE = 16
IMAGE_TOKENS = (PICTURE_SIZE // PATCH_SIZE) ** 2
VOCABULARY_SIZE = 640
SPECIAL = ("<pad>", "<image>", "<eos>")

# One piece of an SVG program between two values is one token: a shape costs nine tokens instead of twenty.
_PIECES = r'<svg [^>]*>|</svg>|<[a-z]+ [a-z]+="|" [a-z]+="|"/>|\d+| ?[a-z_]+|[^a-z0-9_<]+|<'

# The system turn is left out: this model knows its roles from the seed, and every token costs time.
_CHAT_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{{ '\n' }}{% endif %}{% endfor %}"
)


def build_tokenizer(corpus: Iterable[str]) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE tokenizer of `VOCABULARY_SIZE` entries on `corpus`; any text comes back unchanged."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    bpe_trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, bpe_trainer)
    fast_tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        additional_special_tokens=["<image>"],
        padding_side="left",
        clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "attention_mask"],
    )
    fast_tokenizer.chat_template = _CHAT_TEMPLATE
    return fast_tokenizer


def build_processor(tokenizer: PreTrainedTokenizerFast) -> LlavaProcessor:
    """Build the processor around `tokenizer`: pictures to 64 x 64 pixels, a placeholder to `IMAGE_TOKENS` of them."""
    image_processor = CLIPImageProcessorPil(
        do_resize=True,
        size={"height": PICTURE_SIZE, "width": PICTURE_SIZE},
        do_center_crop=False,
        do_convert_rgb=True,
        image_mean=[0.8] * 3,
        image_std=[0.3] * 3,
    )
    return LlavaProcessor(
        image_processor=image_processor,
        tokenizer=tokenizer,
        patch_size=PATCH_SIZE,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        image_token="<image>",
        chat_template=_CHAT_TEMPLATE,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelShape:
    """Sizes of the model."""

    width: int = 160
    """Hidden size of the Llama, a multiple of 32."""
    layers: int = 3
    """Of the Llama."""
    tower_width: int = 192
    """Hidden size of the tower, a multiple of 48."""
    tower_layers: int = 3
    """Of the tower."""


def build_model(tokenizer: PreTrainedTokenizerFast, seed: int, sizes: ModelShape = ModelShape()) -> Any:
    """Build the model with random weights drawn from `seed`; vocabulary and special ids are the `tokenizer`'s.

    Args:
        tokenizer: its own.
        seed: of the weights.
        sizes: of its layers.
    """
    vision_config = CLIPVisionConfig(
        image_size=PICTURE_SIZE,
        patch_size=PATCH_SIZE,
        hidden_size=sizes.tower_width,
        intermediate_size=2 * sizes.tower_width,
        num_hidden_layers=sizes.tower_layers,
        num_attention_heads=sizes.tower_width // 48,
        projection_dim=64,
    )
    text_config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=sizes.width,
        intermediate_size=sizes.width * 5 // 2,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.width // 32,
        num_key_value_heads=sizes.width // 32,
        max_position_embeddings=1024,
        # A wider start than the usual 0.02 learned faster at this size.
        initializer_range=0.05,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    llava_config = LlavaConfig(
        vision_config=vision_config,
        text_config=text_config,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=IMAGE_TOKENS,
        vision_feature_select_strategy="default",
        vision_feature_layer=-1,
        tie_word_embeddings=True,
    )
    torch.manual_seed(seed)
    return LlavaForConditionalGeneration(llava_config)


def save(folder: Path, model: Any, processor: LlavaProcessor, dtype: torch.dtype = torch.float32) -> None:
    """Write `model` and `processor` to `folder` in the Hugging Face layout; the weights as `dtype`."""
    weight_dtype = next(model.parameters()).dtype
    model.to(dtype).save_pretrained(folder)
    model.to(weight_dtype)
    processor.save_pretrained(folder)
