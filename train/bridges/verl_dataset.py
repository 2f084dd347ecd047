"""verl (0.9): a data set without end for `data.custom_cls`, whose items are drawn when a rollout needs them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from verl.utils.dataset.rl_dataset import RLHFDataset

from ..data.formats import verl_row
from ..data.plan import DataPlan
from ..data.rows import planned_row

TRIAD = "zerosight_triad"
"""The name that the agent loop of the three roles is registered by."""


class PlannedDataset(RLHFDataset):
    """Items drawn when they are asked for, from a plan (`plan.json`) whose count is the length of an epoch.

    A plan may name `roles`: rows for the agent loop, in turn, which carry a number and no picture. Parquet files that
    `zerosight data make --format verl` wrote are read as well, for validation.
    """

    plan: DataPlan
    roles: tuple[str, ...]
    is_planned: bool

    def _download(self, use_origin_parquet: bool = False) -> None:
        """Do nothing: what is read is local."""

    def _read_files_and_tokenize(self) -> None:
        self.is_planned = str(self.data_files[0]).endswith(".json")
        if not self.is_planned:
            super()._read_files_and_tokenize()
            return
        values = json.loads(Path(self.data_files[0]).read_text(encoding="utf-8"))
        self.plan, self.roles = DataPlan.from_dict(values["plan"]), tuple(values.get("roles", ()))

    def resume_dataset_state(self) -> None:
        """Read the plan again: items are made from their numbers, so there is no other state."""
        self._read_files_and_tokenize()

    def __len__(self) -> int:
        """Return the number of items in an epoch."""
        if not self.is_planned:
            return len(self.dataframe)
        return min(self.plan.count, self.max_samples) if self.max_samples > 0 else self.plan.count

    def __getitem__(self, number: int) -> dict[str, Any]:
        """Return item `number` as verl's rollouts take it."""
        if not self.is_planned:
            return dict(super().__getitem__(number))
        if self.roles:
            return self._triad_row(number)
        row = verl_row(planned_row(self.plan, number), number, self.plan.split)
        row["raw_prompt"] = self._build_messages(row, key=self.prompt_key)
        del row["images"]
        return row | _rollout_fields(number)

    def _triad_row(self, number: int) -> dict[str, Any]:
        role = self.roles[number % len(self.roles)]
        return {
            "data_source": f"zerosight/{role}",
            "prompt": [],
            "raw_prompt": [{"role": "user", "content": role}],
            "ability": "self_play",
            "agent_name": TRIAD,
            "reward_model": {"style": "rule", "ground_truth": ""},
            "extra_info": {"index": number, "split": self.plan.split, "role": role},
        } | _rollout_fields(number)

    @classmethod
    def _process_multi_modal_info(
        cls, messages: Sequence[Mapping[str, Any]], image_patch_size: int, config: Any
    ) -> tuple[Any, Any, Any]:
        """Return the pictures in `messages`; they are of their right size already, and there is nothing else."""
        parts = [part for message in messages if isinstance(message["content"], list) for part in message["content"]]
        pictures = [part["image"] for part in parts if part["type"] == "image"]
        return pictures or None, None, None


def _rollout_fields(number: int) -> dict[str, Any]:
    dummy = torch.tensor([0], dtype=torch.uint8)
    return {"dummy_tensor": dummy, "index": number, "tools_kwargs": {}, "interaction_kwargs": {}}
