"""Policies, which the roles act with: shared weights, a LoRA adapter each on one frozen base, or a model each."""

import copy
import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from huggingface_hub import snapshot_download
from safetensors.torch import load_file

from ...errors import UserError
from ...render import Picture
from ...roles.messages import Messages
from .architecture import (
    LoraHalf,
    end_ids,
    image_id,
    layout_of,
    load_model,
    load_processor,
    lora_targets,
    never_sampled,
    prompt_positions,
    vision_of,
)
from .completions import Prompt
from .packing import PackedBatch, PackedRow, pack, scored_logprobs
from .row_cost import RowCost, split_branches

ROLES = ("proposer", "coder", "solver")
WeightSharing = Literal["shared", "lora", "two", "full"]

_FILES = ["*.json", "*.safetensors", "*.jinja", "*.txt", "*.model"]
"""What is downloaded of a model: its weights in one format, configuration and tokenizer."""

_WEIGHTS = ("config.json", "generation_config.json", "*.safetensors", "*.index.json", "adapter_*")
"""What of a model's folder is not its processor's."""


class RestoreError(UserError, RuntimeError):
    """The weights that were loaded are not those that were saved."""


class ModelNotFoundError(UserError, ValueError):
    """The name or folder is not a model that can be loaded here."""


def _not_found(name: str | Path, error: Exception) -> ModelNotFoundError:
    return ModelNotFoundError(
        f"no model at {str(name)!r}: {str(error).splitlines()[0]} (give a folder written by save_pretrained, or a "
        "Hugging Face id that this machine can download)"
    )


def locate_model(name: str | Path) -> Path:
    """Return the folder called `name` itself, or that of a Hugging Face id's files, downloaded now or earlier.

    The hub is asked once; left to `from_pretrained`, each file of an unreachable hub is retried for a minute.

    Raises:
        ModelNotFoundError: it is not a folder, and the hub does not give it.
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
            frozen base; `two` trains one copy for Proposer and Coder and one for the Solver; `full` a copy for each.
        lora_rank: rank of the adapters; their scale (alpha) is twice it.
        seed: of the adapters' initial weights (drawn before the adapters are made).
        lora_half: which half of the model adapters go on.
        source: the folder that the model was loaded from: its processor's files go along with saved weights.

    Raises:
        ArchitectureError: adapters were asked for, and the model has no part under any of the usual names.
    """

    def __init__(
        self,
        model: Any,
        processor: Any,
        sharing: WeightSharing = "shared",
        lora_rank: int = 16,
        seed: int = 0,
        lora_half: LoraHalf = "text",
        source: Path | None = None,
    ) -> None:
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self.sharing = sharing
        self.source = source
        self.layout = layout_of(model)
        self.row_cost = RowCost.of(model)
        self.image_id = image_id(model)
        self.model = model.eval()
        self._cores: dict[str, Any] = dict.fromkeys(ROLES, model)
        if sharing == "lora":
            self._add_adapters(lora_rank, seed, lora_half)
        elif sharing in ("two", "full"):
            author = copy.deepcopy(model) if sharing == "full" else model
            self._cores = {"proposer": model, "coder": author, "solver": copy.deepcopy(model)}
            self.model = torch.nn.ModuleDict(self._cores)
        self._recomputed = False
        self.suppressed_ids = torch.tensor(never_sampled(model, self.tokenizer), device=model.device)
        """Ids that are never sampled, nor have any share in log-probs: see `architecture.never_sampled`."""
        self.ends = torch.tensor(end_ids(model, self.tokenizer), device=model.device)
        """Ids that end a completion."""
        self.autocast: torch.dtype | None = None
        """What forward passes compute in, where it is not the weights' type."""

    @classmethod
    def load(
        cls,
        name: str | Path,
        sharing: WeightSharing = "shared",
        lora_rank: int = 16,
        seed: int = 0,
        lora_half: LoraHalf = "text",
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> "Policy":
        """Load the policy of a Hugging Face id or folder called `name`.

        Raises:
            ModelNotFoundError: nothing loadable has this name.
            ArchitectureError: it cannot be trained here.
        """
        folder = locate_model(name)
        try:
            processor = load_processor(folder)
            model = load_model(folder, dtype).to(device)
        except (OSError, ValueError, ImportError) as error:
            raise _not_found(name, error) from error
        return cls(model, processor, sharing, lora_rank, seed, lora_half, folder)

    def _add_adapters(self, lora_rank: int, seed: int, lora_half: LoraHalf) -> None:
        from peft import LoraConfig, get_peft_model

        torch.manual_seed(seed)
        core = self._cores[ROLES[0]]
        lora_config = LoraConfig(
            r=lora_rank, lora_alpha=2 * lora_rank, target_modules=lora_targets(core, lora_half), lora_dropout=0.0
        )
        self.model = get_peft_model(core, lora_config, adapter_name=ROLES[0])
        for role in ROLES[1:]:
            self.model.add_adapter(role, lora_config)
        self.model.eval()

    @property
    def device(self) -> torch.device:
        """The device that the weights are on."""
        return next(self.model.parameters()).device

    def core(self, role: str) -> Any:
        """Return the model that a `role` acts with, whichever adapter is active."""
        return self._cores[role]

    @contextmanager
    def acting(self, role: str) -> Iterator[Any]:
        """Give the model as one `role`; its adapter is active inside the block."""
        if self.sharing == "lora":
            self.model.set_adapter(role)
        with torch.autocast(self.device.type, self.autocast, enabled=self.autocast is not None):
            yield self._cores[role]

    def recompute_layers(self) -> None:
        """Keep a layer's inputs alone for the backward pass, in training mode without dropout."""
        for module in self.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
            if isinstance(getattr(module, "attention_dropout", None), float):
                module.attention_dropout = 0.0
        checkpointing = {"use_reentrant": False}
        for core in set(self._cores.values()):
            if hasattr(core, "activation_checkpointing_enable"):
                core.activation_checkpointing_enable(activation_checkpointing_kwargs=checkpointing)
            else:  # its name before transformers 5.20 or so
                core.gradient_checkpointing_enable(gradient_checkpointing_kwargs=checkpointing)
        self._recomputed = True

    def parameters(self, role: str) -> list[torch.nn.Parameter]:
        """List the parameters that training this `role` changes."""
        if self.sharing == "lora":
            return [p for name, p in self.model.named_parameters() if f".{role}." in name]
        return list(self._cores[role].parameters())

    def trainable(self) -> dict[str, torch.nn.Parameter]:
        """Return every trained parameter by name."""
        if self.sharing == "lora":
            return {name: p for name, p in self.model.named_parameters() if any(f".{role}." in name for role in ROLES)}
        return dict(self.model.named_parameters())

    def prompt(
        self, messages: Messages, picture: Picture | None = None, more_pictures: Sequence[Picture] = ()
    ) -> Prompt:
        """Tokenise `messages`, and run the pictures through the processor once.

        Args:
            messages: with a place for each picture, in order.
            picture: the picture, or the first of several.
            more_pictures: the further ones.
        """
        template = self.processor.chat_template or self.tokenizer.chat_template
        text = self.tokenizer.apply_chat_template(
            messages, chat_template=template, tokenize=False, add_generation_prompt=True
        )
        if picture is None:
            ids = tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"])
            return Prompt(ids, text=text, messages=messages)
        arrays = [shown_picture.array for shown_picture in (picture, *more_pictures)]
        inputs = self.processor(images=arrays, text=[text], return_tensors="pt", add_special_tokens=False)
        token_ids, vision = inputs["input_ids"][0], vision_of(inputs)
        positions = prompt_positions(self._cores[ROLES[0]], token_ids, vision)
        return Prompt(tuple(token_ids.tolist()), vision, positions, text, picture, messages, tuple(more_pictures))

    def pack(self, rows: Sequence[PackedRow]) -> PackedBatch:
        """Pack `rows` as one batch for this model, on its device; long branches get rows of their own by cost."""
        splits = [self.split(row) for row in rows]
        return pack(rows, self.tokenizer.pad_token_id, self.layout, splits).to(self.device)

    def split(self, row: PackedRow, token_budget: int | None = None) -> list[list[int]]:
        """Choose which branches of `row` are computed in one row; see `row_cost.split_branches`.

        Args:
            row: with its pictures.
            token_budget: tokens of one row at most, where it has more branches than one.

        Returns:
            Branch numbers of each row.
        """
        lengths = [len(branch.ids) for branch in row.branches]
        return split_branches(len(row.prefix), lengths, self.row_cost, self.row_cost.patches(row.vision), token_budget)

    def logprobs(
        self, role: str, batch: PackedBatch, temperature: float = 1.0, *, entropy: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Score `batch` as `role`, with gradients where they are on.

        Args:
            role: who scores.
            batch: N scored tokens.
            temperature: of the softmax.
            entropy: compute entropies as well.

        Returns:
            Log-probs [N] and entropies [N] in nats, or None.
        """
        with self.acting(role) as model:
            if not (self._recomputed and torch.is_grad_enabled()):
                return scored_logprobs(model, batch, temperature, entropy=entropy, suppressed_ids=self.suppressed_ids)
            # Layers are recomputed in training mode alone.
            model.train()
            scores = scored_logprobs(model, batch, temperature, entropy=entropy, suppressed_ids=self.suppressed_ids)
            model.eval()
            return scores

    def frozen_copy(self) -> "Policy":
        """Copy the policy as it is now, for the KL term: of adapters the base without them, else the weights."""
        if self.sharing == "lora":
            return _Base(self)
        frozen_policy = copy.deepcopy(self)
        frozen_policy.model.requires_grad_(False)
        return frozen_policy

    # --- on disk ------------------------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """Write the weights to `folder` in the Hugging Face layout: a model, or an adapter or a model for each role."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.sharing in ("two", "full"):
            for role, model in self._cores.items():
                model.save_pretrained(folder / role)
                self.save_processor(folder / role)
        else:
            self.model.save_pretrained(folder)
            self.save_processor(folder)

    def save_processor(self, folder: Path) -> None:
        """Write the processor to `folder`: the very files it was loaded from, where there are any."""
        if self.source is None:
            self.processor.save_pretrained(folder)
            return
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self.source.iterdir()):
            is_processor_file = any(path.match(pattern) for pattern in _FILES)
            if path.is_file() and is_processor_file and not any(path.match(pattern) for pattern in _WEIGHTS):
                shutil.copyfile(path, folder / path.name)

    def restore(self, folder: Path) -> None:
        """Take the weights that `save` wrote to `folder`.

        Raises:
            RestoreError: after loading, the weights are not those of the files.
        """
        if self.sharing == "lora":
            self._restore_adapters(folder)
            return
        is_split = self.sharing in ("two", "full")
        for role in ROLES if is_split else ROLES[:1]:
            core = self._cores[role]
            core_folder = folder / role if is_split else folder
            core.load_state_dict(load_model(core_folder, core.dtype).state_dict())

    def _restore_adapters(self, folder: Path) -> None:
        from peft import get_peft_model_state_dict, set_peft_model_state_dict

        for role in ROLES:
            saved_weights = load_file(folder / role / "adapter_model.safetensors")
            set_peft_model_state_dict(self.model, saved_weights, adapter_name=role)
            loaded_weights = get_peft_model_state_dict(self.model, adapter_name=role)
            if fingerprint(loaded_weights) != fingerprint(saved_weights):
                raise RestoreError(
                    f"the {role}'s adapter in {folder} was not loaded as it was saved; it belongs to another model or "
                    "to other LoRA settings than this run's (lora_rank, lora_targets)"
                )

    def merged(self, role: str) -> Any:
        """Return a plain Hugging Face model that is this `role`: a copy with its adapter worked into the weights."""
        if self.sharing != "lora":
            return copy.deepcopy(self._cores[role])
        return copy.deepcopy(self.model).merge_and_unload(adapter_names=[role])

    def save_adapter(self, role: str, folder: Path) -> None:
        """Write one `role`'s adapter in peft's layout, directly into `folder`.

        Raises:
            ValueError: the roles have no adapters.
        """
        if self.sharing != "lora":
            raise ValueError(f"roles with sharing={self.sharing!r} have no adapters; export them merged")
        self.model.save_pretrained(folder, selected_adapters=[role])
        for path in (folder / role).iterdir():
            path.replace(folder / path.name)
        (folder / role).rmdir()


def fingerprint(named_tensors: Mapping[str, torch.Tensor]) -> str:
    """Digest `named_tensors`: equal if and only if names, shapes and float32 values are (barring collisions)."""
    digest = hashlib.sha256()
    for name in sorted(named_tensors):
        values = named_tensors[name].detach().float().cpu().contiguous()
        digest.update(f"{name}{tuple(values.shape)}".encode())
        digest.update(values.numpy().tobytes())
    return digest.hexdigest()


class _Base(Policy):
    """The frozen base under a policy's adapters."""

    def __init__(self, policy: Policy) -> None:
        self.__dict__.update(policy.__dict__)

    @contextmanager
    def acting(self, role: str) -> Iterator[Any]:
        """Give the base, whatever the `role`."""
        with (
            self.model.disable_adapter(),
            torch.autocast(self.device.type, self.autocast, enabled=self.autocast is not None),
        ):
            yield self._cores[role]
