"""Disk space: what a run will take, said before it is missing.

A run grows by its checkpoints, of which it keeps a stated number, and by each step's metrics, rollouts and pictures.
The first is known once the first checkpoint is written, and estimated from the weights before; the second is estimated
from the tree's shape (`step_bytes`), and measured as soon as steps are done. Begin at `DiskWatch`.
"""

import logging
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..config import RunConfig

LOG = logging.getLogger(__name__)

RECORD_BYTES = {"proposal": 365, "program": 500, "item": 600, "answer": 3, "step": 3_000}
"""Bytes of the records that a step leaves, each part's own; measured with the embedded model on shapes/Canvas-v1."""
PICTURE_BYTES_PER_PX = 0.17
"""Of a PNG of drawn shapes."""
PICTURE_STEPS = 10
"""Pictures are kept of each tenth step (see `loop.Evolution`)."""
STATE_BYTES = 8
"""Of the optimizer for each trained weight: two numbers."""
SPARE_BYTES = 200 * 2**20
"""Room that a disk should keep."""
LOOK_STEPS = 10
"""Steps between two looks at the disk."""

FreeBytes = Callable[[Path], int]


def free_bytes(folder: Path) -> int:
    """Return the room on the disk of `folder`."""
    return shutil.disk_usage(folder).free


def step_bytes(config: RunConfig, picture_px: int) -> float:
    """Estimate by how much a run of `config` grows in a step, checkpoints aside.

    Args:
        config: of the run.
        picture_px: width of its pictures.
    """
    rollout = config.rollout
    proposals = rollout.num_briefings * rollout.num_proposals
    programs = proposals * rollout.num_programs
    counts = {
        "proposal": proposals,
        "program": programs,
        "item": rollout.items_per_step,
        "answer": rollout.items_per_step * rollout.num_answers,
        "step": 1,
    }
    record_bytes = sum(count * RECORD_BYTES[part] for part, count in counts.items())
    picture_bytes = PICTURE_BYTES_PER_PX * picture_px**2
    return record_bytes + programs * picture_bytes / PICTURE_STEPS


def checkpoint_bytes(trained_weights: Iterable[Any]) -> int:
    """Estimate the bytes of a checkpoint of these `trained_weights` (tensors); weights that are not trained aside."""
    return sum(weight.numel() * (weight.element_size() + STATE_BYTES) for weight in trained_weights)


class DiskWatch:
    """Says before and while a run goes on that its disk will not do.

    Args:
        folder: of the run.
        config: of the run.
        picture_px: width of its pictures.
        checkpoint_bytes: of one checkpoint, as estimated.
        free: returns the room on a folder's disk.
    """

    def __init__(
        self,
        folder: Path,
        config: RunConfig,
        picture_px: int,
        checkpoint_bytes: int,
        free: FreeBytes = free_bytes,
    ) -> None:
        self._folder, self._config, self._free = folder, config, free
        self._step_bytes, self._checkpoint_bytes = step_bytes(config, picture_px), checkpoint_bytes
        self._warning_kinds: set[str] = set()

    def needed_bytes(self, step: int) -> float:
        """Return the bytes that the run will still take after `step`: what steps leave, and checkpoints."""
        config = self._config
        kept_checkpoints = config.keep_checkpoints + bool(config.keep_best)
        present = len(list((self._folder / "checkpoints").glob("step_*")))
        # One more than are kept: the oldest goes once the newest is whole.
        missing_checkpoints = max(1, kept_checkpoints + 1 - present) if step < config.steps else 0
        return (config.steps - step) * self._step_bytes + missing_checkpoints * self._checkpoint_bytes

    def stepped(self, step: int) -> None:
        """Look at the disk where `step`, which was just finished, is a tenth one."""
        if step % LOOK_STEPS == 0:
            self.look(step)

    def look(self, step: int) -> None:
        """Warn where the disk has less room than the run will take after `step`; measures the growth on the way."""
        self._measure(step)
        missing_bytes, room_bytes = self.needed_bytes(step), self._free(self._folder)
        if room_bytes < missing_bytes + SPARE_BYTES and step < self._config.steps:
            self._warn(
                "low" if room_bytes > self._checkpoint_bytes + SPARE_BYTES else "full",
                f"the disk of {self._folder} has {_size(room_bytes)} of room, and this run will take about "
                f"{_size(missing_bytes)} more ({_size(self._step_bytes)} a step, {_size(self._checkpoint_bytes)} a "
                "checkpoint): make room (zerosight runs clean), or stop it and resume with fewer checkpoints "
                "(keep_checkpoints)",
            )

    def _warn(self, kind: str, text: str) -> None:
        """Log `text`, once for each `kind`."""
        if kind not in self._warning_kinds:
            self._warning_kinds.add(kind)
            LOG.warning("%s", text)

    def _measure(self, step: int) -> None:
        """Take the sizes of what is on disk after `step` in place of the estimates."""
        checkpoints = sorted((self._folder / "checkpoints").glob("step_*"))
        if checkpoints:
            self._checkpoint_bytes = _folder_bytes(checkpoints[-1])
        if step >= LOOK_STEPS:
            parts = ("rollouts", "pictures", "tensorboard")
            written_bytes = sum(_folder_bytes(self._folder / part) for part in parts)
            metrics_path = self._folder / "metrics.jsonl"
            self._step_bytes = (written_bytes + (metrics_path.stat().st_size if metrics_path.exists() else 0)) / step


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _size(count: float) -> str:
    """Write a `count` of bytes.

    >>> _size(3_000_000), _size(2_500_000_000)
    ('3 MB', '2.5 GB')
    """
    return (
        f"{count / 1e9:.1f} GB"
        if count >= 1e9
        else f"{count / 1e6:.0f} MB"
        if count >= 1e6
        else f"{count / 1e3:.0f} kB"
    )
