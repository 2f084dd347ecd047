"""Policies: one model that every role acts with, through shared weights or a LoRA adapter of its own."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from huggingface_hub import snapshot_download
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText, AutoProcessor

from ..render import Picture
from ..roles.messages import Messages
from .generator import Prompt
from .packing import Packed, scored_logprobs

ROLES = ("proposer", "coder", "solver")
Sharing = Literal["shared", "lora"]

LORA_TARGETS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"

_FILES = ["*.json", "*.safetensors", "*.jinja", "*.txt", "*.model"]
"""What is downloaded of a model: its weights in one format, configuration and tokenizer."""


class ModelNotFoundError(ValueError):
    """The name or folder is no model that can be loaded here."""


def _not_found(name: str | Path, error: Exception) -> ModelNotFoundError:
    return ModelNotFoundError(
        f"no model at {str(name)!r}: {str(error).splitlines()[0]} (give a folder written by save_pretrained, or a "
        "Hugging Face id that this machine can download)"
    )


def locate_model(name: str | Path) -> Path:
    """The folder itself, or a Hugging Face id's files: downloaded, or those of an earlier download.

    The hub is asked once; left to `from_pretrained`, each file of an unreachable hub is retried for a minute.

    Raises:
        ModelNotFoundError: it is no folder, and the hub does not give it.
    """
    if Path(name).is_dir():
        return Path(name)
    try:
        return Path(snapshot_download(str(name), allow_patterns=_FILES))
    except (OSError, ValueError) as error:
        raise _not_found(name, error) from error


class Policy:
    """A model, its processor, and how the roles share it.

    Args:
        model: a Hugging Face image-text-to-text model.
        processor: its processor.
        sharing: `shared` trains one set of weights for all roles; `lora` trains an adapter for each role on a
            frozen base.
        lora_rank: rank of the adapters.
        seed: of the adapters' initial weights (drawn before the adapters are made).
    """

    def __init__(
        self, model: Any, processor: Any, sharing: Sharing = "shared", lora_rank: int = 16, seed: int = 0
    ) -> None:
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self.sharing = sharing
        self.model = model.eval()
        self._core = model
        if sharing == "lora":
            self._add_adapters(lora_rank, seed)
        image_id = self.tokenizer.convert_tokens_to_ids(processor.image_token)
        self.suppressed = torch.tensor([image_id, self.tokenizer.pad_token_id])
        """Ids that are never sampled: a picture placeholder in a completion would break the next forward."""

    @classmethod
    def load(cls, name: str | Path, sharing: Sharing = "shared", lora_rank: int = 16, seed: int = 0) -> "Policy":
        """The policy of a Hugging Face id or folder, computed in float32 on a CPU.

        Raises:
            ModelNotFoundError: nothing loadable has this name.
        """
        folder = locate_model(name)
        try:
            processor = AutoProcessor.from_pretrained(folder)
            model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
        except (OSError, ValueError) as error:
            raise _not_found(name, error) from error
        return cls(model, processor, sharing, lora_rank, seed)

    def _add_adapters(self, rank: int, seed: int) -> None:
        from peft import LoraConfig, get_peft_model

        torch.manual_seed(seed)
        config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=LORA_TARGETS, lora_dropout=0.0)
        self.model = get_peft_model(self._core, config, adapter_name=ROLES[0])
        for role in ROLES[1:]:
            self.model.add_adapter(role, config)
        self.model.eval()

    @contextmanager
    def acting(self, role: str) -> Iterator[Any]:
        """The model as one role; its adapter is active inside the block."""
        if self.sharing == "lora":
            self.model.set_adapter(role)
        yield self._core

    def parameters(self, role: str) -> list[torch.nn.Parameter]:
        """What training this role changes."""
        if self.sharing == "shared":
            return list(self._core.parameters())
        return [p for name, p in self.model.named_parameters() if f".{role}." in name]

    def trainable(self) -> dict[str, torch.nn.Parameter]:
        """Every trained parameter by name."""
        if self.sharing == "shared":
            return dict(self._core.named_parameters())
        return {name: p for name, p in self.model.named_parameters() if any(f".{role}." in name for role in ROLES)}

    def prompt(self, messages: Messages, picture: Picture | None = None) -> Prompt:
        """The tokenised prompt, with its picture run through the processor once."""
        text = self.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        if picture is None:
            ids = tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"])
            return Prompt(ids, text=text, messages=messages)
        inputs = self.processor(images=picture.array, text=text, return_tensors="pt", add_special_tokens=False)
        return Prompt(tuple(inputs["input_ids"][0].tolist()), inputs["pixel_values"][0], text, picture, messages)

    def pixels(self, pictures: Sequence[np.ndarray]) -> torch.Tensor:
        """Pictures [H, W, 3] uint8 as the processor's tensors [N, 3, H, W]."""
        return self.processor.image_processor(list(pictures), return_tensors="pt")["pixel_values"]

    def logprobs(
        self, role: str, packed: Packed, temperature: float = 1.0, *, entropy: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Log-probs of the scored tokens as this role, with gradients where they are on."""
        with self.acting(role) as model:
            return scored_logprobs(model, packed, temperature, entropy=entropy)

    def frozen_copy(self) -> "Policy":
        """The policy as it is now, for the KL term: of shared weights a copy, of adapters the base without them."""
        if self.sharing == "lora":
            return _Base(self)
        copied = copy.deepcopy(self)
        copied.model.requires_grad_(False)
        return copied

    def restore(self, folder: Path) -> None:
        """Take the weights that `save` wrote."""
        if self.sharing == "shared":
            self._core.load_state_dict(
                AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).state_dict()
            )
            return
        from peft import set_peft_model_state_dict

        for role in ROLES:
            set_peft_model_state_dict(
                self.model, load_file(folder / role / "adapter_model.safetensors"), adapter_name=role
            )

    def save(self, folder: Path) -> None:
        """Write the weights in the Hugging Face layout: the model, or one adapter folder for each role."""
        self.model.save_pretrained(folder)
        self.processor.save_pretrained(folder)


class _Base(Policy):
    """The frozen base under a policy's adapters."""

    def __init__(self, policy: Policy) -> None:
        self.processor, self.tokenizer, self.sharing = policy.processor, policy.tokenizer, policy.sharing
        self.model, self._core, self.suppressed = policy.model, policy._core, policy.suppressed

    @contextmanager
    def acting(self, role: str) -> Iterator[Any]:
        """The base, whatever the role."""
        with self.model.disable_adapter():
            yield self._core
