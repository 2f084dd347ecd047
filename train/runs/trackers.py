"""Trackers: a run's figures sent to TensorBoard, Weights & Biases, trackio or MLflow as they come.

The run directory has every figure whatever becomes of a tracker: one that fails is said once, counted, and left alone;
the run goes on and its result is the same. A resumed run continues the tracker's own, and no step is sent twice.
"""

import json
import logging
import math
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from ..config import ConfigError, RunConfig
from .store import write_atomically

LOG = logging.getLogger(__name__)


class Tracker(Protocol):
    """Where figures are sent."""

    def send(self, step: int, figures: Mapping[str, float]) -> None:
        """One step's figures."""
        ...

    def close(self) -> None:
        """The run is over, for now."""
        ...


def flat(metrics: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """The finite numbers of logged metrics, nested ones under their path; the step itself is no figure.

    >>> flat({"step": 3, "solve_rate": None, "items": 8, "arms": {"count/1": 0.5}})
    {'items': 8.0, 'arms/count/1': 0.5}
    """
    found: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}/")
        elif name != "step" and isinstance(value, int | float) and math.isfinite(value):
            found[prefix + name] = float(value)
    return found


class TensorBoard:
    """Event files in `tensorboard/` of the run directory; `tensorboard --logdir runs` shows all runs."""

    def __init__(self, folder: Path, config: RunConfig, kept: dict[str, str], project: str) -> None:
        writer = _module("torch.utils.tensorboard", "tensorboard").SummaryWriter
        self._writer = writer(str(folder / "tensorboard"))

    def send(self, step: int, figures: Mapping[str, float]) -> None:
        """Scalars, on disk before the next step."""
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()


class Wandb:
    """A run of Weights & Biases, or of trackio, whose interface is the same; continued by its id or its name."""

    module = "wandb"

    def __init__(self, folder: Path, config: RunConfig, kept: dict[str, str], project: str) -> None:
        wandb = _module(self.module, self.module)
        self._run = wandb.init(**self.options(folder, kept, project), config=config.model_dump(mode="json"))
        self._finish: Callable[[], object] = wandb.finish
        self.remember(kept)

    def options(self, folder: Path, kept: Mapping[str, str], project: str) -> dict[str, Any]:
        """What a run is begun or continued with."""
        again = {"id": kept["id"]} if "id" in kept else {}
        return {"project": project, "name": folder.name, "dir": str(folder), "resume": "allow"} | again

    def remember(self, kept: dict[str, str]) -> None:
        """Keep what the run is continued by."""
        kept["id"] = str(self._run.id)

    def send(self, step: int, figures: Mapping[str, float]) -> None:
        """One record."""
        self._run.log(dict(figures), step=step)

    def close(self) -> None:
        """Wait until all is sent."""
        self._finish()


class Trackio(Wandb):
    """A run of trackio, continued by its name."""

    module = "trackio"

    def options(self, folder: Path, kept: Mapping[str, str], project: str) -> dict[str, Any]:
        """It has no ids and no folder."""
        return {"project": project, "name": folder.name, "resume": "allow"}

    def remember(self, kept: dict[str, str]) -> None:
        """The name says it all."""


class MLflow:
    """A run of an MLflow experiment, continued by its id."""

    def __init__(self, folder: Path, config: RunConfig, kept: dict[str, str], project: str) -> None:
        self._mlflow = _module("mlflow", "mlflow")
        self._mlflow.set_experiment(project)
        if "id" in kept:
            self._mlflow.start_run(run_id=kept["id"])
        else:
            kept["id"] = str(self._mlflow.start_run(run_name=folder.name).info.run_id)
            self._mlflow.log_params({name: str(value)[:250] for name, value in config.model_dump(mode="json").items()})

    def send(self, step: int, figures: Mapping[str, float]) -> None:
        """One record."""
        self._mlflow.log_metrics(dict(figures), step=step)

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


class Trackers:
    """A run's trackers, of which any may fail.

    Raises:
        ConfigError: one is not installed.
    """

    def __init__(self, folder: Path, config: RunConfig) -> None:
        self._path = folder / "trackers.json"
        self._kept: dict[str, dict[str, str]] = json.loads(self._path.read_text()) if self._path.exists() else {}
        self._open: dict[str, Tracker] = {}
        self.failed: dict[str, str] = {}
        """What went wrong, by tracker; these are sent nothing more."""
        for name in config.trackers:
            kept = self._kept.setdefault(name, {})
            self._guarded(name, lambda name=name, kept=kept: self._begin(name, folder, config, kept))  # type: ignore[misc]

    def _begin(self, name: str, folder: Path, config: RunConfig, kept: dict[str, str]) -> None:
        self._open[name] = TRACKERS[name](folder, config, kept, config.project)
        self._keep()

    def send(self, metrics: Mapping[str, Any]) -> None:
        """A step's metrics to each tracker that has not had this step yet."""
        step = int(metrics["step"])
        for name in list(self._open):
            if step > int(self._kept[name].get("step", "0")):
                self._guarded(name, lambda name=name: self._send(name, step, flat(metrics)))  # type: ignore[misc]

    def _send(self, name: str, step: int, figures: Mapping[str, float]) -> None:
        self._open[name].send(step, figures)
        self._kept[name]["step"] = str(step)
        self._keep()

    def close(self) -> None:
        """End all of them."""
        for name in list(self._open):
            self._guarded(name, self._open[name].close)
        self._open.clear()

    def _keep(self) -> None:
        write_atomically(self._path, json.dumps(self._kept, indent=1).encode())

    def _guarded(self, name: str, act: Callable[[], object]) -> None:
        """Do it; whatever a tracker raises ends that tracker and not the run."""
        try:
            act()
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's library: anything may come of it
            self.failed[name] = f"{type(error).__name__}: {error}"
            self._open.pop(name, None)
            LOG.warning("tracker %s failed and is sent nothing more: %s", name, self.failed[name])
