"""The differences between model families: how they are loaded, what stands for a picture, who sees whom.

Everything here is read off the loaded model and processor, not off a list of names, so that a family that is laid
out like one of the known ones (Qwen2.5-VL, Qwen3-VL, SmolVLM and Idefics3, LLaVA and LLaVA-OneVision, InternVL in its
Hugging Face form, Gemma 3) works without a line of its own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
import transformers
from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer

from ...errors import UserError

LoraHalf = Literal["text", "vision", "both"]
"""Which half of a model LoRA adapters are put on."""

_TEXT = ("language_model", "text_model")
_TOWER = ("visual", "vision_tower", "vision_model")
"""What families call their two halves."""

_TEXT_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")

_PLACEHOLDERS = (
    "image_token_id",
    "image_token_index",
    "video_token_id",
    "video_token_index",
    "vision_start_token_id",
    "vision_end_token_id",
    "vision_token_id",
    "boi_token_index",
    "eoi_token_index",
)
"""What configurations call the ids that stand for a picture or frame it."""

_PER_TOKEN = ("input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids")
"""Outputs of a processor that follow the prompt's tokens: they are made anew for each batch."""


class ArchitectureError(UserError, ValueError):
    """A model of this kind cannot be trained here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ModelLayout:
    """A family's numbering of tokens, and which of them see one another."""

    axes: int = 1
    """Position axes: 3 where a picture's tokens are numbered by time, row and column (Qwen's M-RoPE)."""
    seen_whole: int | None = None
    """The placeholder id whose runs see themselves both ways (Gemma 3), or None."""
    window: int | None = None
    """Positions that the family's sliding layers look back, or None without such layers."""


def layout_of(model: Any) -> ModelLayout:
    """Read the layout of a loaded `model`."""
    text_config = model.config.get_text_config()
    has_sliding_layers = "sliding_attention" in (getattr(text_config, "layer_types", None) or ())
    return ModelLayout(
        axes=3 if hasattr(model.model, "get_rope_index") else 1,
        seen_whole=image_id(model) if model.config.model_type.startswith("gemma3") else None,
        window=text_config.sliding_window if has_sliding_layers else None,
    )


def image_id(model: Any) -> int:
    """Return the id that stands for a piece of a picture in this `model`'s prompts.

    Raises:
        ArchitectureError: the configuration names none.
    """
    for key in ("image_token_id", "image_token_index"):
        if isinstance(token_id := getattr(model.config, key, None), int):
            return token_id
    raise ArchitectureError(
        f"{type(model).__name__} names no image token in its configuration; give an image-text-to-text model"
    )


def never_sampled(model: Any, tokenizer: Any) -> list[int]:
    """List the ids that no completion may hold, of all rows of the `model`'s output layer.

    They stand for pictures, are special tokens of the `tokenizer` that end no completion (padding, a turn's beginning),
    or lie beyond its last: families pad the output layer, and such an id can be neither decoded nor read again.
    """
    rows = vocabulary_size(model)
    placeholders = {getattr(model.config, name, None) for name in _PLACEHOLDERS}
    special_ids = {tokenizer.pad_token_id, *tokenizer.all_special_ids} - set(end_ids(model, tokenizer))
    token_ids = {*placeholders, *special_ids, *range(len(tokenizer), rows)}
    return sorted(number for number in token_ids if isinstance(number, int) and 0 <= number < rows)


def vocabulary_size(model: Any) -> int:
    """Count the rows of the `model`'s output layer; a family may pad it beyond its tokenizer."""
    return int(model.lm_head.weight.shape[0])


def end_ids(model: Any, tokenizer: Any) -> list[int]:
    """List the ids that end a completion: the `tokenizer`'s, and those in the `model`'s generation settings."""
    listed_ids = model.generation_config.eos_token_id
    listed_ids = [listed_ids] if isinstance(listed_ids, int) else list(listed_ids or ())
    return sorted({tokenizer.eos_token_id, *listed_ids} - {None})


def lora_targets(model: Any, lora_half: LoraHalf) -> str:
    """Return the pattern of full module names that adapters go on: every linear layer of `lora_half` of a `model`.

    Raises:
        ArchitectureError: the model has no such half under any of the usual names.
    """
    patterns = []
    if lora_half in ("text", "both"):
        patterns.append(rf".*\.{_half(model, _TEXT)}\..*\.({'|'.join(_TEXT_LINEAR)})")
    if lora_half in ("vision", "both"):
        tower_name = _half(model, _TOWER)
        linear_names = [
            n for n, m in getattr(model.model, tower_name).named_modules() if isinstance(m, torch.nn.Linear)
        ]
        patterns.append(rf".*\.{tower_name}\..*\.({'|'.join(sorted({_own_name(name) for name in linear_names}))})")
    return "|".join(patterns)


def text_half(model: Any) -> Any:
    """Return the language model inside a loaded `model`.

    Raises:
        ArchitectureError: it has none under any of the usual names.
    """
    return getattr(model.model, _half(model, _TEXT))


def tower_half(model: Any) -> Any:
    """Return the vision tower inside a loaded `model`; None where it has none under any of the usual names."""
    return next((tower for name in _TOWER if (tower := getattr(model.model, name, None)) is not None), None)


def _own_name(path: str) -> str:
    """Return the last part of a module's `path` as a pattern; a number in a list alone would match whole blocks."""
    *_, parent, module_name = ["", *path.split(".")]
    return rf"{parent}\.{module_name}" if module_name.isdigit() else module_name


def _half(model: Any, half_names: tuple[str, ...]) -> str:
    for name in half_names:
        if isinstance(getattr(model.model, name, None), torch.nn.Module):
            return name
    child_names = ", ".join(name for name, _ in model.model.named_children())
    raise ArchitectureError(
        f"{type(model).__name__} has none of {', '.join(half_names)} (it has {child_names}); train it with "
        "sharing=shared"
    )


def vision_of(processor_inputs: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Select from `processor_inputs` what belongs to one prompt's pictures, without what follows the tokens."""
    return {
        name: value for name, value in processor_inputs.items() if name not in _PER_TOKEN and torch.is_tensor(value)
    }


def prompt_positions(model: Any, token_ids: torch.Tensor, vision: Mapping[str, torch.Tensor]) -> torch.Tensor | None:
    """Number a prompt's `token_ids` [T] as positions [3, T], for a family with three axes.

    Args:
        model: of the family.
        token_ids: with a placeholder for each piece of a picture.
        vision: what the processor made of the pictures.

    Returns:
        None for a family with one axis, whose positions are 0 to T - 1.
    """
    if not hasattr(model.model, "get_rope_index"):
        return None
    token_kinds = (token_ids == image_id(model)).int()[None]
    grid = vision["image_grid_thw"].to(token_ids.device)
    positions, _ = model.model.get_rope_index(token_ids[None], mm_token_type_ids=token_kinds, image_grid_thw=grid)
    return positions[:, 0]


# --- loading --------------------------------------------------------------------------------------------------


def load_model(folder: Path, dtype: torch.dtype) -> Any:
    """Load the model in `folder` as `dtype`; its attention takes the masks that packing makes."""
    return AutoModelForImageTextToText.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa")


def load_processor(folder: Path) -> Any:
    """Load the processor in `folder`; without torchvision, one that takes pictures but no videos.

    Several families' processors refuse to be built without a video processor, which needs torchvision. Pictures
    need none, and transformers has image processors without torchvision for all of them.
    """
    try:
        return AutoProcessor.from_pretrained(folder)
    except (ImportError, ValueError) as error:
        # transformers says so in either of the two ways.
        if "torchvision" not in str(error).lower():
            raise
        return _pictures_only(folder)


def _pictures_only(folder: Path) -> Any:
    """Build the processor class of `folder` around its image processor and tokenizer, without a video processor."""
    base_class = getattr(transformers, _processor_class(folder))

    def check(self: Any, name: str, argument: Any) -> Any:
        return None if name == "video_processor" else base_class.check_argument_for_proper_class(self, name, argument)

    pictures_only = type(base_class.__name__, (base_class,), {"check_argument_for_proper_class": check})
    processor_settings = _read(folder / "processor_config.json")
    options = {
        name: value
        for name, value in processor_settings.items()
        if name != "processor_class" and not isinstance(value, dict) and not name.endswith("_processor_type")
    }
    tokenizer = AutoTokenizer.from_pretrained(folder)
    template = folder / "chat_template.jinja"
    options.setdefault("chat_template", template.read_text() if template.exists() else tokenizer.chat_template)
    return pictures_only(AutoImageProcessor.from_pretrained(folder), tokenizer, None, **options)


def _processor_class(folder: Path) -> str:
    for file in ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json"):
        if name := _read(folder / file).get("processor_class"):
            return str(name)
    raise ArchitectureError(
        f"{folder} names no processor class in processor_config.json or preprocessor_config.json, and its processor "
        "cannot be built without torchvision; install torchvision"
    )


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}
