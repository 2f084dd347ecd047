"""Random checkpoints of every family, a few thousand parameters each, written in the published format."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

TEXT = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 512,
    "tie_word_embeddings": True,
    "initializer_range": 0.2,
}
TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}IMAGE{% else %}{{ part['text'] }}{% endif %}{% endfor %}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


def tokenizer_of(image: str, *special: str, **named: str) -> PreTrainedTokenizerFast:
    """Bytes and a few merges; `image` stands in the chat template for a picture."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    every = ["<|pad|>", "<|end|>", "<|start|>", *special]
    trainer = trainers.BpeTrainer(
        vocab_size=256 + len(every) + 40,
        special_tokens=every,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["what colour is the circle? red green blue"] * 9, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|pad|>",
        eos_token="<|end|>",
        additional_special_tokens=list(special),
        extra_special_tokens=named,
        chat_template=TEMPLATE.replace("IMAGE", image),
    )


def _ids(tokenizer: Any, **names: str) -> dict[str, int]:
    return {name: tokenizer.convert_tokens_to_ids(token) for name, token in names.items()}


def _text(tokenizer: Any, **changes: Any) -> dict[str, Any]:
    ends = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    return TEXT | {"vocab_size": len(tokenizer)} | ends | changes


def _write(folder: Path, model: Any, tokenizer: Any, image_processor: Any, name: str, **options: Any) -> None:
    """Weights and configuration as transformers writes them; the processor's files as the hub's folders have them."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    image_processor.save_pretrained(folder)
    processor = {"processor_class": name, **options}
    (folder / "processor_config.json").write_text(json.dumps(processor))


def _siglip(size: int, **changes: Any) -> dict[str, Any]:
    return {
        "model_type": "siglip_vision_model",
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": size,
        "patch_size": 14,
    } | changes


def qwen2_5_vl(folder: Path) -> None:
    """Qwen2.5-VL: patches cut by the processor, three position axes."""
    _qwen(
        folder,
        "Qwen2_5_VL",
        {
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
        {"rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e6}},
    )


def qwen3_vl(folder: Path) -> None:
    """Qwen3-VL: deep-stacked picture features, interleaved position axes."""
    _qwen(
        folder,
        "Qwen3VL",
        {
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_heads": 2,
            "out_hidden_size": 32,
            "patch_size": 16,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "deepstack_visual_indexes": [0],
            "num_position_embeddings": 64,
        },
        {
            "head_dim": 16,
            "rope_parameters": {
                "rope_type": "default",
                "mrope_section": [2, 3, 3],
                "mrope_interleaved": True,
                "rope_theta": 1e6,
            },
        },
    )


def _qwen(folder: Path, family: str, vision: dict[str, Any], text: dict[str, Any]) -> None:
    image = "<|vision_start|><|image_pad|><|vision_end|>"
    tokenizer = tokenizer_of(image, "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
    config = getattr(transformers, f"{family}Config")(
        vision_config=vision,
        text_config=_text(tokenizer, **text),
        tie_word_embeddings=True,
        **_ids(
            tokenizer,
            image_token_id="<|image_pad|>",
            video_token_id="<|video_pad|>",
            vision_start_token_id="<|vision_start|>",
            vision_end_token_id="<|vision_end|>",
        ),
    )
    pictures = transformers.Qwen2VLImageProcessorPil(
        patch_size=vision["patch_size"], size={"shortest_edge": 28 * 28, "longest_edge": 64 * 64}
    )
    model = getattr(transformers, f"{family}ForConditionalGeneration")(config)
    _write(folder, model, tokenizer, pictures, f"{family}Processor")


def _idefics(folder: Path, family: str, pictures: Any) -> None:
    marks = ("<fake_token_around_image>", "<global-img>", "<row_1_col_1>")
    tokenizer = tokenizer_of(
        "<image>",
        "<image>",
        *marks,
        "<end_of_utterance>",
        image_token="<image>",
        fake_image_token="<fake_token_around_image>",
        global_image_token="<global-img>",
        end_of_utterance_token="<end_of_utterance>",
    )
    vision = _siglip(28, model_type=None)
    vision.pop("model_type")
    config = getattr(transformers, f"{family}Config")(
        vision_config=vision,
        text_config={"model_type": "llama", **_text(tokenizer)},
        scale_factor=2,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        **_ids(tokenizer, image_token_id="<image>"),
    )
    model = getattr(transformers, f"{family}ForConditionalGeneration")(config)
    _write(folder, model, tokenizer, pictures, f"{family}Processor", image_seq_len=1)


def idefics3(folder: Path) -> None:
    """Idefics3, whose layout SmolVLM 1 is published in."""
    size = {"longest_edge": 28}
    _idefics(
        folder,
        "Idefics3",
        transformers.Idefics3ImageProcessorPil(size=size, max_image_size=size, do_image_splitting=False),
    )


def smolvlm(folder: Path) -> None:
    """SmolVLM 2."""
    size = {"longest_edge": 28}
    _idefics(
        folder,
        "SmolVLM",
        transformers.SmolVLMImageProcessorPil(size=size, max_image_size=size, do_image_splitting=False),
    )


def llava(folder: Path) -> None:
    """LLaVA 1.5: a CLIP tower and a Llama."""
    tokenizer = tokenizer_of("<image>\n", "<image>", image_token="<image>")
    config = transformers.LlavaConfig(
        vision_config=_siglip(28, model_type="clip_vision_model", projection_dim=32),
        text_config={"model_type": "llama", **_text(tokenizer)},
        image_seq_length=4,
        vision_feature_select_strategy="default",
        vision_feature_layer=-2,
        tie_word_embeddings=True,
        **_ids(tokenizer, image_token_id="<image>"),
    )
    size = {"height": 28, "width": 28}
    pictures = transformers.CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size=size)
    _write(
        folder,
        transformers.LlavaForConditionalGeneration(config),
        tokenizer,
        pictures,
        "LlavaProcessor",
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        image_token="<image>",
    )


def llava_onevision(folder: Path) -> None:
    """LLaVA-OneVision: any-resolution crops around a SigLIP tower and a Qwen2."""
    tokenizer = tokenizer_of("<image>\n", "<image>", "<video>", image_token="<image>", video_token="<video>")
    grid = [[28, 28], [28, 56], [56, 28], [56, 56]]
    config = transformers.LlavaOnevisionConfig(
        vision_config=_siglip(28, vision_use_head=False),
        text_config={"model_type": "qwen2", **_text(tokenizer)},
        image_grid_pinpoints=grid,
        vision_feature_select_strategy="full",
        vision_aspect_ratio="anyres_max_9",
        vision_feature_layer=-1,
        tie_word_embeddings=True,
        **_ids(tokenizer, image_token_id="<image>", video_token_id="<video>"),
    )
    pictures = transformers.LlavaOnevisionImageProcessorPil(size={"height": 28, "width": 28}, image_grid_pinpoints=grid)
    _write(
        folder,
        transformers.LlavaOnevisionForConditionalGeneration(config),
        tokenizer,
        pictures,
        "LlavaOnevisionProcessor",
        num_image_tokens=4,
        vision_feature_select_strategy="full",
        vision_aspect_ratio="anyres_max_9",
        image_token="<image>",
        video_token="<video>",
    )


def internvl(folder: Path) -> None:
    """InternVL 3 in its Hugging Face form."""
    named = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    tokenizer = tokenizer_of("<IMG_CONTEXT>\n", *named.values(), **named)
    vision = _siglip(28, model_type="internvl_vision", image_size=[28, 28], patch_size=[7, 7])
    config = transformers.InternVLConfig(
        vision_config=vision,
        text_config={"model_type": "qwen2", **_text(tokenizer)},
        image_seq_length=4,
        downsample_ratio=0.5,
        tie_word_embeddings=True,
        **_ids(tokenizer, image_token_id="<IMG_CONTEXT>"),
    )
    pictures = transformers.GotOcr2ImageProcessorPil(
        size={"height": 28, "width": 28}, crop_to_patches=True, min_patches=1, max_patches=2
    )
    _write(
        folder,
        transformers.InternVLForConditionalGeneration(config),
        tokenizer,
        pictures,
        "InternVLProcessor",
        image_seq_length=4,
    )


def gemma3(folder: Path) -> None:
    """Gemma 3: pictures seen both ways, sliding layers between full ones."""
    named = {"image_token": "<image_soft_token>", "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>"}
    tokenizer = tokenizer_of("<start_of_image>", *named.values(), **named)
    config = transformers.Gemma3Config(
        vision_config=_siglip(28, vision_use_head=False),
        text_config=_text(
            tokenizer,
            head_dim=16,
            sliding_window=8,
            layer_types=["sliding_attention", "full_attention"],
            query_pre_attn_scalar=16,
        ),
        mm_tokens_per_image=4,
        tie_word_embeddings=True,
        **_ids(
            tokenizer,
            image_token_index="<image_soft_token>",
            boi_token_index="<start_of_image>",
            eoi_token_index="<end_of_image>",
        ),
    )
    pictures = transformers.Gemma3ImageProcessorPil(size={"height": 28, "width": 28}, image_seq_length=4)
    model = transformers.Gemma3ForConditionalGeneration(config)
    # Published weights are trained; fresh ones are 0 here and would let no picture through.
    torch.nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight, std=0.2)
    _write(
        folder,
        model,
        tokenizer,
        pictures,
        "Gemma3Processor",
        image_seq_length=4,
    )


FAMILIES: dict[str, Callable[[Path], None]] = {
    make.__name__: make for make in (qwen2_5_vl, qwen3_vl, idefics3, smolvlm, llava, llava_onevision, internvl, gemma3)
}


def write(family: str, folder: Path) -> Path:
    """A checkpoint of the family in the folder; its weights are always the same."""
    torch.manual_seed(5)
    FAMILIES[family](folder)
    return folder
