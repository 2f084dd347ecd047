"""Trackers: a run's metrics sent to TensorBoard, Weights & Biases, trackio or MLflow as they come.

The run directory has every metric whatever becomes of a tracker: one that fails is reported once, counted, and left
alone; the run goes on and its result is the same. A resumed run continues the tracker's own, and no step is sent
twice. Begin at `Trackers`.
"""

import json
import logging
import math
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from ..config import ConfigError, RunConfig
from .reading import is_object, read_object
from .store import write_atomically

LOG = logging.getLogger(__name__)


class Tracker(Protocol):
    """A service that metrics are sent to."""

    def send(self, step: int, metric_values: Mapping[str, float]) -> None:
        """Send the `metric_values` of one `step`."""
        ...

    def close(self) -> None:
        """End the run, for now."""
        ...


def flat(metrics: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Collect the finite numbers of `metrics`, nested ones under their path; the step itself is left out.

    >>> flat({"step": 3, "solve_rate": None, "items": 8, "arms": {"count/1": 0.5}})
    {'items': 8.0, 'arms/count/1': 0.5}
    """
    numbers: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            numbers |= flat(value, f"{prefix}{name}/")
        elif name != "step" and isinstance(value, int | float) and math.isfinite(value):
            numbers[prefix + name] = float(value)
    return numbers


class TensorBoard:
    """Event files in `tensorboard/` of the run directory; `tensorboard --logdir runs` shows all runs."""

    def __init__(self, folder: Path, config: RunConfig, resume_keys: dict[str, str], project: str) -> None:
        writer = _module("torch.utils.tensorboard", "tensorboard").SummaryWriter
        self._writer = writer(str(folder / "tensorboard"))

    def send(self, step: int, metric_values: Mapping[str, float]) -> None:
        """Write scalars of `metric_values`, on disk before the next `step`."""
        for name, value in metric_values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()


class Wandb:
    """A run of Weights & Biases, or of trackio, whose interface is the same; continued by its id or its name."""

    module = "wandb"

    def __init__(self, folder: Path, config: RunConfig, resume_keys: dict[str, str], project: str) -> None:
        wandb = _module(self.module, self.module)
        self._run = wandb.init(**self.options(folder, resume_keys, project), config=config.model_dump(mode="json"))
        self._finish: Callable[[], object] = wandb.finish
        self.remember(resume_keys)

    def options(self, folder: Path, resume_keys: Mapping[str, str], project: str) -> dict[str, Any]:
        """Return the options that a run is begun or continued with, from its `folder`, `project` and `resume_keys`."""
        run_id = {"id": resume_keys["id"]} if "id" in resume_keys else {}
        return {"project": project, "name": folder.name, "dir": str(folder), "resume": "allow"} | run_id

    def remember(self, resume_keys: dict[str, str]) -> None:
        """Keep in `resume_keys` what the run is continued by."""
        resume_keys["id"] = str(self._run.id)

    def send(self, step: int, metric_values: Mapping[str, float]) -> None:
        """Send one record, the `metric_values` of a `step`."""
        self._run.log(dict(metric_values), step=step)

    def close(self) -> None:
        """Wait until all is sent."""
        self._finish()


class Trackio(Wandb):
    """A run of trackio, continued by its name."""

    module = "trackio"

    def options(self, folder: Path, resume_keys: Mapping[str, str], project: str) -> dict[str, Any]:
        """Return the options of a run called as its `folder`: trackio has no ids and no folder."""
        return {"project": project, "name": folder.name, "resume": "allow"}

    def remember(self, resume_keys: dict[str, str]) -> None:
        """Keep nothing in `resume_keys`: the name is enough."""


class MLflow:
    """A run of an MLflow experiment, continued by its id."""

    def __init__(self, folder: Path, config: RunConfig, resume_keys: dict[str, str], project: str) -> None:
        self._mlflow = _module("mlflow", "mlflow")
        self._mlflow.set_experiment(project)
        if "id" in resume_keys:
            self._mlflow.start_run(run_id=resume_keys["id"])
        else:
            resume_keys["id"] = str(self._mlflow.start_run(run_name=folder.name).info.run_id)
            self._mlflow.log_params({name: str(value)[:250] for name, value in config.model_dump(mode="json").items()})

    def send(self, step: int, metric_values: Mapping[str, float]) -> None:
        """Send one record, the `metric_values` of a `step`."""
        self._mlflow.log_metrics(dict(metric_values), step=step)

    def close(self) -> None:
        """End the run."""
        self._mlflow.end_run()


TRACKERS: Mapping[str, Callable[[Path, RunConfig, dict[str, str], str], Tracker]] = {
    "tensorboard": TensorBoard,
    "wandb": Wandb,
    "trackio": Trackio,
    "mlflow": MLflow,
}


def _module(name: str, package: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"trackers: {package} is not installed ({error}); run `pip install {package}`, or leave it away"
        ) from error


def _is_resume_state(value: Any) -> bool:
    """Tell whether `value` has texts by name for each tracker."""
    return is_object(value) and all(
        is_object(keys) and all(isinstance(text, str) for text in keys.values()) for keys in value.values()
    )


class Trackers:
    """A run's trackers, of which any may fail.

    Raises:
        ConfigError: one is not installed.
    """

    def __init__(self, folder: Path, config: RunConfig) -> None:
        self._path = folder / "trackers.json"
        self._resume_state: dict[str, dict[str, str]] = (
            read_object(self._path, _is_resume_state, "each tracker begins a run of its own anew") or {}
        )
        self._open: dict[str, Tracker] = {}
        self.failure_texts: dict[str, str] = {}
        """What went wrong, by tracker; these are sent nothing more."""
        for name in config.trackers:
            resume_keys = self._resume_state.setdefault(name, {})
            self._guarded(name, partial(self._begin, name, folder, config, resume_keys))

    def _begin(self, name: str, folder: Path, config: RunConfig, resume_keys: dict[str, str]) -> None:
        self._open[name] = TRACKERS[name](folder, config, resume_keys, config.project)
        self._keep()

    def send(self, metrics: Mapping[str, Any]) -> None:
        """Send a step's `metrics` to each tracker that has not had this step yet."""
        step = int(metrics["step"])
        for name in list(self._open):
            if step > int(self._resume_state[name].get("step", "0")):
                self._guarded(name, partial(self._send, name, step, flat(metrics)))

    def _send(self, name: str, step: int, metric_values: Mapping[str, float]) -> None:
        self._open[name].send(step, metric_values)
        self._resume_state[name]["step"] = str(step)
        self._keep()

    def send_evaluation(self, name: str, step: int, result: Mapping[str, Any]) -> None:
        """Send a held-out evaluation once: overall, blind and by task, as `heldout/...`.

        Args:
            name: of the evaluation, `start` or `end`.
            step: that the run stands at.
            result: of the evaluation.
        """
        by_task = {task: row.get("accuracy") for task, row in result.get("tasks", {}).items()}
        overall = {key: result["overall"].get(key) for key in ("accuracy", "blind")}
        for tracker_name in list(self._open):
            keys = self._resume_state[tracker_name]
            if name not in keys.get("evaluations", "").split():
                values = flat({"heldout": {**overall, "tasks": by_task}})
                self._guarded(tracker_name, partial(self._send_values, tracker_name, step, values))
                keys["evaluations"] = f"{keys.get('evaluations', '')} {name}".strip()
                self._keep()

    def _send_values(self, name: str, step: int, metric_values: Mapping[str, float]) -> None:
        self._open[name].send(step, metric_values)

    def close(self) -> None:
        """End all of them."""
        for name in list(self._open):
            self._guarded(name, self._open[name].close)
        self._open.clear()

    def _keep(self) -> None:
        write_atomically(self._path, json.dumps(self._resume_state, indent=1).encode())

    def _guarded(self, name: str, act: Callable[[], object]) -> None:
        """Call `act`; an error that a tracker raises ends that tracker and not the run."""
        try:
            act()
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's library: anything may come of it
            self.failure_texts[name] = f"{type(error).__name__}: {error}"
            self._open.pop(name, None)
            LOG.warning("tracker %s failed and is sent nothing more: %s", name, self.failure_texts[name])
