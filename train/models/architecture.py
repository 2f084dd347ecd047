"""What differs between model families: how they are loaded, what stands for a picture, who sees whom.

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

Adapted = Literal["text", "vision", "both"]
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
class Layout:
    """How a family numbers and sees the tokens of a sequence."""

    axes: int = 1
    """Position axes: 3 where a picture's tokens are numbered by time, row and column (Qwen's M-RoPE)."""
    seen_whole: int | None = None
    """The placeholder id whose runs see themselves both ways (Gemma 3), or None."""
    window: int | None = None
    """Positions that the family's sliding layers look back, or None without such layers."""


def layout_of(model: Any) -> Layout:
    """The layout of a loaded model."""
    text = model.config.get_text_config()
    sliding = "sliding_attention" in (getattr(text, "layer_types", None) or ())
    return Layout(
        axes=3 if hasattr(model.model, "get_rope_index") else 1,
        seen_whole=image_id(model) if model.config.model_type.startswith("gemma3") else None,
        window=text.sliding_window if sliding else None,
    )


def image_id(model: Any) -> int:
    """The id that stands for a piece of a picture in this model's prompts.

    Raises:
        ArchitectureError: the configuration names none.
    """
    for name in ("image_token_id", "image_token_index"):
        if isinstance(found := getattr(model.config, name, None), int):
            return found
    raise ArchitectureError(
        f"{type(model).__name__} names no image token in its configuration; give an image-text-to-text model"
    )


def never_sampled(model: Any, tokenizer: Any) -> list[int]:
    """Ids that no completion may hold: those of pictures, and padding where it is not also an end of turn."""
    found = {getattr(model.config, name, None) for name in _PLACEHOLDERS}
    found |= {tokenizer.pad_token_id} - set(end_ids(model, tokenizer))
    return sorted(number for number in found if isinstance(number, int) and 0 <= number < vocabulary_size(model))


def vocabulary_size(model: Any) -> int:
    """Rows of the output layer."""
    return int(model.lm_head.weight.shape[0])


def end_ids(model: Any, tokenizer: Any) -> list[int]:
    """Ids that end a completion: the tokenizer's, and those that the model's generation settings list."""
    listed = model.generation_config.eos_token_id
    listed = [listed] if isinstance(listed, int) else list(listed or ())
    return sorted({tokenizer.eos_token_id, *listed} - {None})


def lora_targets(model: Any, adapted: Adapted) -> str:
    """The pattern of full module names that adapters go on: every linear layer of the chosen halves.

    Raises:
        ArchitectureError: the model has no such half under any of the usual names.
    """
    patterns = []
    if adapted in ("text", "both"):
        patterns.append(rf".*\.{_half(model, _TEXT)}\..*\.({'|'.join(_TEXT_LINEAR)})")
    if adapted in ("vision", "both"):
        tower = _half(model, _TOWER)
        linear = [n for n, m in getattr(model.model, tower).named_modules() if isinstance(m, torch.nn.Linear)]
        patterns.append(rf".*\.{tower}\..*\.({'|'.join(sorted({_own_name(name) for name in linear}))})")
    return "|".join(patterns)


def text_half(model: Any) -> Any:
    """The language model inside a loaded model.

    Raises:
        ArchitectureError: it has none under any of the usual names.
    """
    return getattr(model.model, _half(model, _TEXT))


def _own_name(path: str) -> str:
    """The last part of a module's path as a pattern; a number in a list alone would also match whole blocks."""
    *_, parent, own = ["", *path.split(".")]
    return rf"{parent}\.{own}" if own.isdigit() else own


def _half(model: Any, names: tuple[str, ...]) -> str:
    for name in names:
        if isinstance(getattr(model.model, name, None), torch.nn.Module):
            return name
    parts = ", ".join(name for name, _ in model.model.named_children())
    raise ArchitectureError(
        f"{type(model).__name__} has none of {', '.join(names)} (it has {parts}); train it with sharing=shared"
    )


def vision_of(inputs: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """What a processor made of one prompt's picture, without what follows the tokens."""
    return {name: value for name, value in inputs.items() if name not in _PER_TOKEN and torch.is_tensor(value)}


def prompt_positions(model: Any, ids: torch.Tensor, vision: Mapping[str, torch.Tensor]) -> torch.Tensor | None:
    """Positions [3, T] of a prompt [T] with a picture, of a family with three axes; None where they are 0 to T - 1."""
    if not hasattr(model.model, "get_rope_index"):
        return None
    kinds = (ids == image_id(model)).int()[None]
    grid = vision["image_grid_thw"].to(ids.device)
    positions, _ = model.model.get_rope_index(ids[None], mm_token_type_ids=kinds, image_grid_thw=grid)
    return positions[:, 0]


# --- loading --------------------------------------------------------------------------------------------------


def load_model(folder: Path, dtype: torch.dtype) -> Any:
    """The model of a folder; its attention takes the masks that packing makes."""
    return AutoModelForImageTextToText.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa")


def load_processor(folder: Path) -> Any:
    """The processor of a folder; without torchvision, one that takes pictures but no videos.

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
    """The folder's processor class around its image processor and tokenizer, its video processor left out."""
    base = getattr(transformers, _processor_class(folder))

    def check(self: Any, name: str, argument: Any) -> Any:
        return None if name == "video_processor" else base.check_argument_for_proper_class(self, name, argument)

    pictures_only = type(base.__name__, (base,), {"check_argument_for_proper_class": check})
    settings = _read(folder / "processor_config.json")
    options = {
        name: value
        for name, value in settings.items()
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
