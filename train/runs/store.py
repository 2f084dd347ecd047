"""The run directory: what was finished is on disk, whole, and a resumed run goes on exactly."""

import json
import math
import os
import pickle
import platform
import shutil
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from ... import UserError, __version__
from ...render import Picture
from ...render.sandbox.layers import layers
from ..async_rollouts import RollsAhead
from ..config import RunConfig
from ..learning.learner import Learner
from ..models.load import load_policy
from ..models.policy import Policy

PACKAGES = ("torch", "transformers", "tokenizers", "peft", "numpy", "shapely", "cairosvg", "pillow")

_UNREADABLE = (OSError, ValueError, KeyError, RuntimeError, EOFError, pickle.UnpicklingError, SafetensorError)
"""What the readers of a checkpoint's files raise on damaged ones."""


class RunError(UserError, RuntimeError):
    """A run directory that cannot be used as asked; the message says how to go on."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a restart after a kill, sees all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


class Run:
    """A run directory.

    `config.yaml`, `manifest.json`, `metrics.jsonl`, `rollouts/step_N.jsonl`, `pictures/<digest>.png`,
    `checkpoints/step_N/`, `evaluations/<name>.json`, `report.html`.
    """

    def __init__(self, folder: Path, config: RunConfig) -> None:
        self.folder = folder
        self.config = config

    @classmethod
    def create(cls, folder: Path, config: RunConfig) -> "Run":
        """A new run in an empty or missing folder.

        Raises:
            RunError: the folder holds something.
        """
        if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
            raise RunError(f"{folder} is not empty; choose another with --out, or continue it with --resume {folder}")
        run = cls(folder, config)
        write_atomically(folder / "config.yaml", config.to_yaml().encode())
        write_atomically(folder / "manifest.json", (json.dumps(manifest(config), indent=1) + "\n").encode())
        return run

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """An existing run.

        Raises:
            RunError: the folder is no run.
        """
        if not (folder / "config.yaml").is_file():
            raise RunError(f"{folder} is no run directory (it has no config.yaml); runs are listed by `ls runs`")
        return cls(folder, RunConfig.load(folder / "config.yaml"))

    # --- what a step leaves ---------------------------------------------------------------------------------

    def log(self, metrics: Mapping[str, Any]) -> None:
        """Append one line to `metrics.jsonl`."""
        with (self.folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(metrics) + "\n")

    def metrics(self) -> list[dict[str, Any]]:
        """All logged steps; a line that a kill cut short is not one."""
        path = self.folder / "metrics.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def keep_rollouts(self, step: int, rollouts: Sequence[Mapping[str, Any]]) -> None:
        """Write a step's rollouts, one JSON object a line."""
        text = "".join(json.dumps(rollout, sort_keys=True) + "\n" for rollout in rollouts)
        write_atomically(self.folder / "rollouts" / f"step_{step:06d}.jsonl", text.encode())

    def rollouts(self, step: int) -> list[dict[str, Any]]:
        """The rollouts of a step."""
        path = self.folder / "rollouts" / f"step_{step:06d}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def keep_picture(self, digest: str, picture: Picture) -> None:
        """Write a picture under its digest, once."""
        path = self.folder / "pictures" / f"{digest}.png"
        if not path.exists():
            write_atomically(path, picture.png())

    def keep_evaluation(self, name: str, result: Mapping[str, Any]) -> None:
        """Write an evaluation's result."""
        write_atomically(self.folder / "evaluations" / f"{name}.json", (json.dumps(result, indent=1) + "\n").encode())

    def evaluation(self, name: str) -> dict[str, Any] | None:
        """An evaluation's result, if it is there."""
        path = self.folder / "evaluations" / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else None

    # --- checkpoints ----------------------------------------------------------------------------------------

    def checkpoint(
        self, step: int, policy: Policy, learner: Learner, state: Mapping[str, Any], rolls: RollsAhead | None = None
    ) -> Path:
        """Write everything that the steps after this one depend on; older checkpoints beyond the kept ones go.

        Raises:
            RunError: it cannot be written; the checkpoints before it are untouched.
        """
        final = self.folder / "checkpoints" / f"step_{step:06d}"
        part = final.with_name(f".{final.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.mkdir(parents=True)
            policy.save(part)
            if rolls is not None:
                rolls.write(part)
            learner.write(part)
            write_atomically(part / "state.json", json.dumps({"step": step, **state}).encode())
        except (OSError, RuntimeError, SafetensorError) as error:
            # torch reports a full disk as a RuntimeError, safetensors as its own.
            shutil.rmtree(part, ignore_errors=True)
            raise RunError(
                f"the checkpoint of step {step} cannot be written to {self.folder} "
                f"({str(error).splitlines()[0]}); make room, then continue with --resume {self.folder}"
            ) from error
        if final.exists():
            shutil.rmtree(final)
        part.replace(final)
        best = self.best_checkpoint()
        for old in self.checkpoints()[: -self.config.keep_checkpoints]:
            if old != best:
                shutil.rmtree(old)
        return final

    def merit(self, step: int) -> float | None:
        """The mean of the configured figure over the last steps up to this one; None where none has it."""
        first = step - self.config.best_over
        found = [entry.get(self.config.keep_best) for entry in self.metrics() if first < entry["step"] <= step]
        known = [float(value) for value in found if isinstance(value, int | float) and math.isfinite(value)]
        return sum(known) / len(known) if known else None

    def best_checkpoint(self) -> Path | None:
        """The checkpoint where the figure of `keep_best` is highest, the later of equals; None without one."""
        if not self.config.keep_best:
            return None
        merits = [(merit, path) for path in self.checkpoints() if (merit := self.merit(_step_of(path))) is not None]
        return max(merits)[1] if merits else None

    def checkpoints(self) -> list[Path]:
        """Complete checkpoints, oldest first."""
        return sorted((self.folder / "checkpoints").glob("step_*"))

    def restore(self, policy: Policy, learner: Learner) -> dict[str, Any] | None:
        """Load the newest checkpoint and drop what was logged after it; None where there is none.

        Raises:
            RunError: the checkpoint cannot be read.
        """
        state = self.load_newest(policy, learner)
        self._forget_after(state["step"] if state else 0)
        return state

    def load_newest(self, policy: Policy, learner: Learner) -> dict[str, Any] | None:
        """Load the newest checkpoint and change nothing on disk; None where there is none.

        Raises:
            RunError: the checkpoint cannot be read.
        """
        found = self.checkpoints()
        state = None
        if found:
            newest = found[-1]
            try:
                state = json.loads((newest / "state.json").read_text())
                policy.restore(newest)
                learner.read(newest)
            except _UNREADABLE as error:
                raise RunError(
                    f"checkpoint {newest} cannot be read ({type(error).__name__}: {str(error).splitlines()[0]}); "
                    f"delete that folder and resume again to go back to the one before"
                ) from error
        return state

    def _forget_after(self, step: int) -> None:
        kept = [entry for entry in self.metrics() if entry["step"] <= step]
        write_atomically(self.folder / "metrics.jsonl", "".join(json.dumps(entry) + "\n" for entry in kept).encode())
        for path in (self.folder / "rollouts").glob("step_*.jsonl"):
            if int(path.stem.removeprefix("step_")) > step:
                path.unlink()


def _step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("step_"))


def load_trained(folder: Path, *, best: bool = False) -> Policy:
    """The policy of a run's newest checkpoint, or of its best.

    Raises:
        RunError: the folder is no run, has no checkpoint, or keeps no best one.
    """
    run, chosen = Run.open(folder), newest_checkpoint(folder)
    if best:
        found = run.best_checkpoint()
        if found is None:
            raise RunError(f"{folder} keeps no best checkpoint; begin a run with --set keep_best=solve_rate")
        chosen = found
    policy = load_policy(run.config)
    policy.restore(chosen)
    return policy


def begin_policy(config: RunConfig, device: torch.device | None = None) -> Policy:
    """The policy that a run begins with: the model's, or that of another run's newest checkpoint.

    Raises:
        RunError: that run has no checkpoint, or its weights are of another make.
    """
    policy = load_policy(config, device)
    if config.start is not None:
        before = Run.open(config.start).config
        for name in ("model", "sharing", "lora_rank", "lora_targets"):
            own, other = getattr(config, name), getattr(before, name)
            if own != other and not (name.startswith("lora") and config.sharing != "lora"):
                raise RunError(
                    f"{config.start} has {name}={other}, and this run {name}={own}; go on with --set {name}={other}"
                )
        policy.restore(newest_checkpoint(config.start))
    return policy


def newest_checkpoint(folder: Path) -> Path:
    """The folder of a run's newest checkpoint.

    Raises:
        RunError: the folder is no run or has none.
    """
    found = Run.open(folder).checkpoints()
    if not found:
        raise RunError(f"{folder} has no checkpoint yet; continue it with --resume {folder}")
    return found[-1]


def newest_state(folder: Path) -> dict[str, Any]:
    """What the newest checkpoint of a run says of its curriculum, its algorithms and what was asked."""
    return json.loads((newest_checkpoint(folder) / "state.json").read_text())


def manifest(config: RunConfig) -> dict[str, Any]:
    """Versions, hardware and seeds of a run."""
    versions: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = None
    return {
        "zerosight": __version__,
        "environments": list(config.envs),
        "seed": config.seed,
        "versions": versions,
        "machine": machine(),
        "threads": torch.get_num_threads(),
        "sandbox": {layer.name: layer.detail if layer.holds else None for layer in layers()},
    }


def machine() -> dict[str, Any]:
    """What figures were measured on."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }
