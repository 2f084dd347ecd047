"""The run directory: what was finished is on disk, whole, and a resumed run goes on exactly."""

import json
import math
import os
import pickle
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

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
from .checksums import DamagedError, check_files, write_checksums
from .files import write_atomically
from .lock import RunLock, running_owner
from .notebook import run_html
from .reading import decoded, is_evaluation, is_metrics, is_object, read_lines, read_object, warn_once

T = TypeVar("T")

PACKAGES = ("torch", "transformers", "tokenizers", "peft", "numpy", "shapely", "cairosvg", "pillow")

_UNREADABLE = (OSError, ValueError, KeyError, RuntimeError, EOFError, pickle.UnpicklingError, SafetensorError)
"""What the readers of a checkpoint's files raise on damaged ones."""


class RunError(UserError, RuntimeError):
    """A run directory that cannot be used as asked; the message says how to go on."""


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
        """Begin a run with `config` in an empty or missing `folder`.

        Raises:
            RunError: the folder holds something.
        """
        if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
            raise RunError(f"{folder} is not empty; choose another with --out, or continue it with --resume {folder}")
        run = cls(folder, config)
        write_atomically(folder / "manifest.json", (json.dumps(manifest(config), indent=1) + "\n").encode())
        # Last: with it the folder is a run that can be continued, and nothing of it may be missing then.
        write_atomically(folder / "config.yaml", config.to_yaml().encode())
        return run

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """Open the run in `folder`.

        Raises:
            RunError: the folder is not a run.
        """
        if not (folder / "config.yaml").is_file():
            raise RunError(f"{folder} is not a run directory (it has no config.yaml); runs are listed by `ls runs`")
        try:
            return cls(folder, RunConfig.load(folder / "config.yaml"))
        except UnicodeDecodeError as error:
            raise RunError(f"{folder / 'config.yaml'} is not text ({error.reason}); put it back from a copy") from error

    def locked(self) -> RunLock:
        """Return the lock to hold while this run is written to; entered, it refuses a run that is being run."""
        return RunLock(self.folder)

    def _repr_html_(self) -> str:
        """Return this run as a notebook shows it."""
        return run_html(self.folder, self.config, self.metrics(), self.evaluation("start"), self.evaluation("end"))

    # --- what a step leaves ---------------------------------------------------------------------------------

    def log(self, metrics: Mapping[str, Any]) -> None:
        """Append one line of `metrics` to `metrics.jsonl`."""
        with (self.folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(metrics) + "\n")

    def metrics(self) -> list[dict[str, Any]]:
        """Read all logged steps; lines that were cut or are of another shape are left out, with a warning."""
        return read_lines(
            self.folder / "metrics.jsonl", is_metrics, "those steps are missing from pages and means, and nowhere else"
        )

    def keep_rollouts(self, step: int, rollouts: Sequence[Mapping[str, Any]]) -> None:
        """Write the `rollouts` of a `step`, one JSON object a line."""
        text = "".join(json.dumps(rollout, sort_keys=True) + "\n" for rollout in rollouts)
        write_atomically(self.folder / "rollouts" / f"step_{step:06d}.jsonl", text.encode())

    def rollouts(self, step: int) -> list[dict[str, Any]]:
        """Read the rollouts of a `step`."""
        path = self.folder / "rollouts" / f"step_{step:06d}.jsonl"
        return read_lines(path, is_object, "those rollouts are missing from the report's gallery, and nowhere else")

    def keep_picture(self, digest: str, picture: Picture) -> None:
        """Write a `picture` under its `digest`, once."""
        path = self.folder / "pictures" / f"{digest}.png"
        if not path.exists():
            write_atomically(path, picture.png())

    def keep_evaluation(self, name: str, result: Mapping[str, Any]) -> None:
        """Write the `result` of the evaluation called `name`."""
        write_atomically(self.folder / "evaluations" / f"{name}.json", (json.dumps(result, indent=1) + "\n").encode())

    def evaluation(self, name: str) -> dict[str, Any] | None:
        """Read the result of the evaluation called `name`; None where it is not there or cannot be read."""
        path = self.folder / "evaluations" / f"{name}.json"
        return read_object(path, is_evaluation, f"zerosight evolve --resume {self.folder} measures it again")

    # --- checkpoints ----------------------------------------------------------------------------------------

    def checkpoint(
        self,
        step: int,
        policy: Policy,
        learner: Learner,
        loop_state: Mapping[str, Any],
        rolls: RollsAhead | None = None,
    ) -> Path:
        """Write everything that the steps after `step` depend on; older checkpoints beyond the kept ones go.

        Args:
            step: that was finished.
            policy: with its weights.
            learner: with its optimizer's states.
            loop_state: of the curriculum, the algorithms and what was asked.
            rolls: what was rolled out ahead of learning, if anything is.

        Raises:
            RunError: it cannot be written; the checkpoints before it are untouched.
        """
        final_folder = self.folder / "checkpoints" / f"step_{step:06d}"
        part_folder = final_folder.with_name(f".{final_folder.name}.part")
        shutil.rmtree(part_folder, ignore_errors=True)
        try:
            part_folder.mkdir(parents=True)
            policy.save(part_folder)
            if rolls is not None:
                rolls.write(part_folder)
            learner.write(part_folder)
            write_atomically(part_folder / "state.json", json.dumps({"step": step, **loop_state}).encode())
            write_checksums(part_folder)
        except (OSError, RuntimeError, SafetensorError) as error:
            # torch reports a full disk as a RuntimeError, safetensors as its own.
            shutil.rmtree(part_folder, ignore_errors=True)
            raise RunError(
                f"the checkpoint of step {step} cannot be written to {self.folder} "
                f"({str(error).splitlines()[0]}); make room, then continue with --resume {self.folder}"
            ) from error
        if final_folder.exists():
            shutil.rmtree(final_folder)
        part_folder.replace(final_folder)
        best_folder = self.best_checkpoint()
        for old_folder in self.checkpoints()[: -self.config.keep_checkpoints]:
            if old_folder != best_folder:
                shutil.rmtree(old_folder)
        return final_folder

    def merit(self, step: int) -> float | None:
        """Return the mean of the metric `keep_best` over the last steps up to `step`; None where none has it."""
        window_start = step - self.config.keep_best_window
        logged_values = [
            entry.get(self.config.keep_best) for entry in self.metrics() if window_start < entry["step"] <= step
        ]
        finite_values = [
            float(value) for value in logged_values if isinstance(value, int | float) and math.isfinite(value)
        ]
        return sum(finite_values) / len(finite_values) if finite_values else None

    def best_checkpoint(self) -> Path | None:
        """Return the checkpoint where the metric of `keep_best` is highest, the later of equals; None without one."""
        if not self.config.keep_best:
            return None
        merits = [(merit, path) for path in self.checkpoints() if (merit := self.merit(_step_of(path))) is not None]
        return max(merits)[1] if merits else None

    def checkpoints(self) -> list[Path]:
        """Complete checkpoints, oldest first."""
        return sorted((self.folder / "checkpoints").glob("step_*"))

    def restore(self, policy: Policy, learner: Learner) -> dict[str, Any] | None:
        """Load the newest intact checkpoint into `policy` and `learner` and drop what came after it.

        Returns:
            The loop's state; None where there never was a checkpoint.

        Raises:
            RunError: none of the checkpoints can be read.
        """
        state = self.load_newest(policy, learner)
        step = state["step"] if state else 0
        for damaged_folder in [path for path in self.checkpoints() if _step_of(path) > step]:
            # Kept for whoever wants to look, under a name that no reader takes for a checkpoint.
            put_aside = damaged_folder.with_name(f".{damaged_folder.name}.damaged")
            shutil.rmtree(put_aside, ignore_errors=True)
            damaged_folder.rename(put_aside)
        self._forget_after(step)
        return state

    def load_newest(self, policy: Policy, learner: Learner) -> dict[str, Any] | None:
        """Load the newest intact checkpoint into `policy` and `learner`, and change nothing on disk.

        Returns:
            The loop's state; None where there never was a checkpoint.

        Raises:
            RunError: none of the checkpoints can be read.
        """

        def load(checkpoint: Path) -> dict[str, Any]:
            state = _read_state(checkpoint)
            policy.restore(checkpoint)
            learner.read(checkpoint)
            return state

        return (
            self._newest(load, "is gone on with, and the steps after it are made again") if self.checkpoints() else None
        )

    def newest_checkpoint(self) -> Path:
        """Return the newest checkpoint whose files are as they were written.

        Raises:
            RunError: there is none.
        """
        if self.checkpoints():
            return self._newest(lambda checkpoint: (_read_state(checkpoint), checkpoint)[1], "is used")
        owner = running_owner(self.folder)
        how_to_go_on = f"{owner} is at it, wait for its first" if owner else f"continue it with --resume {self.folder}"
        raise RunError(f"{self.folder} has no checkpoint yet; {how_to_go_on}")

    def intact_best_checkpoint(self) -> Path:
        """Return the best checkpoint, its files compared with their checksums.

        Raises:
            RunError: the run keeps none, or it is damaged.
        """
        checkpoint = self.best_checkpoint()
        if checkpoint is None:
            raise RunError(f"{self.folder} keeps no best checkpoint; begin a run with --set keep_best=solve_rate")
        try:
            _read_state(checkpoint)
        except _UNREADABLE as error:
            raise RunError(f"{checkpoint} cannot be read ({_first_line(error)}); leave --best away") from error
        return checkpoint

    def _newest(self, load: Callable[[Path], T], what_follows: str) -> T:
        """Return `load` of the newest checkpoint that it can read, with a warning where that is not the newest.

        Args:
            load: reads a checkpoint.
            what_follows: ends the warning's sentence.

        Raises:
            RunError: it can read none.
        """
        problems = []
        for checkpoint in reversed(self.checkpoints()):
            try:
                result = load(checkpoint)
            except _UNREADABLE as error:
                problems.append(f"{checkpoint.name}: {_first_line(error)}")
                continue
            if problems:
                warn_once(f"{self.folder}: {'; '.join(problems)}; {checkpoint.name}, the one before, {what_follows}")
            return result
        raise RunError(
            f"no checkpoint of {self.folder} can be read ({'; '.join(problems)}); put the folder back from a copy, or "
            f"begin anew with its options: zerosight evolve {self.folder / 'config.yaml'}"
        )

    def _forget_after(self, step: int) -> None:
        kept_entries = [entry for entry in self.metrics() if entry["step"] <= step]
        write_atomically(
            self.folder / "metrics.jsonl", "".join(json.dumps(entry) + "\n" for entry in kept_entries).encode()
        )
        for path in (self.folder / "rollouts").glob("step_*.jsonl"):
            if int(path.stem.removeprefix("step_")) > step:
                path.unlink()


def _step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("step_"))


def load_trained(folder: Path, *, best: bool = False) -> Policy:
    """Load the policy of the newest checkpoint of the run in `folder`, or of its best.

    Raises:
        RunError: the folder is not a run, has no checkpoint, or keeps no best one.
    """
    run = Run.open(folder)
    checkpoint = run.intact_best_checkpoint() if best else run.newest_checkpoint()
    policy = load_policy(run.config)
    policy.restore(checkpoint)
    return policy


def begin_policy(config: RunConfig, device: torch.device | None = None) -> Policy:
    """Load the policy that a run with `config` begins with: the model's, or another run's newest checkpoint's.

    Raises:
        RunError: that run has no checkpoint, or its weights are of another make.
    """
    policy = load_policy(config, device)
    if config.start_from is not None:
        earlier_config = Run.open(config.start_from).config
        for name in ("model", "sharing", "lora_rank", "lora_targets"):
            our_value, their_value = getattr(config, name), getattr(earlier_config, name)
            if our_value != their_value and not (name.startswith("lora") and config.sharing != "lora"):
                raise RunError(
                    f"{config.start_from} has {name}={their_value}, and this run {name}={our_value}; "
                    f"go on with --set {name}={their_value}"
                )
        policy.restore(newest_checkpoint(config.start_from))
    return policy


def newest_checkpoint(folder: Path) -> Path:
    """Return the newest checkpoint of the run in `folder` whose files are as they were written.

    Raises:
        RunError: the folder is not a run or has none.
    """
    return Run.open(folder).newest_checkpoint()


def newest_state(folder: Path) -> dict[str, Any]:
    """Read the state of the curriculum and the algorithms in the newest checkpoint of the run in `folder`."""
    return _read_state(newest_checkpoint(folder))


def _read_state(checkpoint: Path) -> dict[str, Any]:
    """Check the files of a `checkpoint` and read the loop's state in it.

    Raises:
        DamagedError: a file is not as it was written, or the state is of another shape.
    """
    check_files(checkpoint)
    state = decoded((checkpoint / "state.json").read_bytes())
    if not isinstance(state, dict) or not isinstance(state.get("step"), int):
        raise DamagedError("state.json was cut or is of another shape")
    return state


def _first_line(error: BaseException) -> str:
    """Say in one line what an `error` is."""
    lines = str(error).splitlines() or [""]
    return lines[0] if isinstance(error, DamagedError) else f"{type(error).__name__}: {lines[0]}"


def manifest(config: RunConfig) -> dict[str, Any]:
    """Collect versions, hardware and seeds of a run with `config`."""
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
    """Describe the machine that metrics were measured on."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }
