"""Models with random weights in the shape of Qwen2.5-VL, made on the device: no download, and the same work."""

import json
from pathlib import Path
from typing import Any, Literal

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from ...train.models.architecture import load_processor

Size = Literal["tiny", "small", "3b"]

TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}\n{% endif %}{% endfor %}"
)
"""As the embedded model's: the words of the user turn alone."""
SPECIAL = ("<|pad|>", "<|end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")

SHAPES: dict[Size, dict[str, dict[str, Any]]] = {
    # Qwen/Qwen2.5-VL-3B-Instruct's config.json, of what decides sizes; recalled, and its parameters are counted.
    "3b": {
        "text": {
            "hidden_size": 2048,
            "intermediate_size": 11008,
            "num_hidden_layers": 36,
            "num_attention_heads": 16,
            "num_key_value_heads": 2,
            "max_position_embeddings": 128000,
            "vocab_size": 151936,
            "rms_norm_eps": 1e-6,
            "rope_parameters": {"rope_type": "default", "mrope_section": [16, 24, 24], "rope_theta": 1e6},
        },
        "vision": {
            "depth": 32,
            "hidden_size": 1280,
            "intermediate_size": 3420,
            "num_heads": 16,
            "out_hidden_size": 2048,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "window_size": 112,
            "fullatt_block_indexes": [7, 15, 23, 31],
        },
    },
    # About 120 million parameters: what is warmed up and evolved.
    "small": {
        "text": {
            "hidden_size": 768,
            "intermediate_size": 2048,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "num_key_value_heads": 4,
            "max_position_embeddings": 2048,
            "rope_parameters": {"rope_type": "default", "mrope_section": [8, 12, 12], "rope_theta": 1e6},
        },
        "vision": {
            "depth": 8,
            "hidden_size": 512,
            "intermediate_size": 1408,
            "num_heads": 8,
            "out_hidden_size": 768,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "window_size": 112,
            "fullatt_block_indexes": [3, 7],
        },
    },
    "tiny": {
        "text": {
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "max_position_embeddings": 2048,
            "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e6},
        },
        "vision": {
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_heads": 2,
            "out_hidden_size": 32,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "window_size": 56,
            "fullatt_block_indexes": [1],
        },
    },
}
PIXELS = {"tiny": 64, "small": 112, "3b": 448}
"""Width and height of a picture at most."""


def tokenizer_of(texts: list[str], vocabulary_size: int = 2048) -> Any:
    """Return a tokenizer of bytes and merges learned from `texts`, with Qwen's special tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|pad|>",
        eos_token="<|end|>",
        additional_special_tokens=list(SPECIAL[2:]),
        chat_template=TEMPLATE,
        padding_side="left",
    )


def write_processor(folder: Path, tokenizer: Any, size: Size) -> Any:
    """Write a processor's files into `folder` as the hub's folders have them, and load it from there.

    Args:
        folder: must be there.
        tokenizer: the processor's.
        size: decides the patches and the largest picture.
    """
    vision_shape = SHAPES[size]["vision"]
    image_processor = transformers.Qwen2VLImageProcessorPil(
        patch_size=vision_shape["patch_size"], size={"shortest_edge": 28 * 28, "longest_edge": PIXELS[size] ** 2}
    )
    tokenizer.save_pretrained(folder)
    image_processor.save_pretrained(folder)
    (folder / "processor_config.json").write_text(json.dumps({"processor_class": "Qwen2_5_VLProcessor"}))
    return load_processor(folder)


def model_of(tokenizer: Any, size: Size, seed: int, device: torch.device, dtype: torch.dtype) -> Any:
    """Return the model of this `size`, its weights drawn from `seed` on `device`."""
    token_ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in (
        ("image_token_id", "<|image_pad|>"), ("video_token_id", "<|video_pad|>"),
        ("vision_start_token_id", "<|vision_start|>"), ("vision_end_token_id", "<|vision_end|>"),
    )}  # fmt: skip
    end_tokens = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    text_config = {"vocab_size": len(tokenizer)} | SHAPES[size]["text"] | end_tokens | {"tie_word_embeddings": True}
    config = transformers.Qwen2_5_VLConfig(
        text_config=text_config, vision_config=SHAPES[size]["vision"], tie_word_embeddings=True, **token_ids
    )
    torch.manual_seed(seed)
    default_dtype = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            return transformers.Qwen2_5_VLForConditionalGeneration(config)
    finally:
        torch.set_default_dtype(default_dtype)
