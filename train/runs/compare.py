"""Runs side by side on one page: results, what their labels were worth, what they forgot."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..diagnostics import forgetting, skill_matrix
from ..recipes.base import differences
from .charts import LinePlot, Points, chart, logged, points_of
from .reading import is_number
from .store import Run, RunError, write_atomically
from .templates import template

MAX_RUNS = 6
"""Runs that one page can tell apart by colour."""
CURVES = {
    "right answers while training": ("solve_rate", True),
    "wrong labels": ("label/error", True),
    "paid though wrong": ("hacking/rewarded_incorrect", True),
    "right though unpaid": ("hacking/unrewarded_correct", True),
    "entropy of the questions' structures, nats": ("collapse/query_entropy", False),
    "entropy of the programs' structures, nats": ("collapse/program_entropy", False),
    "the Proposer's reward": ("proposer/reward", False),
    "the Coder's reward": ("coder/reward", False),
    "the Solver's reward": ("solver/reward", False),
    "the Solver's entropy, nats a token": ("solver/entropy", False),
}
"""Plots by title: the logged value, and whether it is a share."""


@dataclass(frozen=True, slots=True)
class Side:
    """One run's column of the comparison."""

    name: str
    run: Run
    metrics: Sequence[Mapping[str, Any]]
    start: Mapping[str, Any] | None
    end: Mapping[str, Any] | None

    @property
    def mean_forgetting(self) -> float | None:
        """The mean over arms of what was lost since each was at its best."""
        losses_by_arm = forgetting(self.metrics)
        return sum(losses_by_arm.values()) / len(losses_by_arm) if losses_by_arm else None

    @property
    def label_error(self) -> float | None:
        """The share of wrong labels over the whole run."""
        return _mean(self.metrics, "label/error")

    @property
    def seconds(self) -> float:
        """Seconds of rolling out and learning."""
        return sum(entry.get("time/rollout", 0.0) + entry.get("time/learn", 0.0) for entry in self.metrics)

    @property
    def answers(self) -> int:
        """The Solver's answers in training, by which compute is compared."""
        return sum(entry.get("items", 0) for entry in self.metrics) * self.run.config.rollout.num_answers

    @property
    def forms(self) -> Mapping[str, Mapping[str, Any]]:
        """Results on held-out items by form, at the end or else at the start."""
        return (self.end or self.start or {}).get("tasks", {})

    @property
    def skills(self) -> dict[str, dict[int, float]]:
        """The running accuracy while training, by form and difficulty."""
        return skill_matrix(self.metrics)


def _mean(metrics: Sequence[Mapping[str, Any]], key: str) -> float | None:
    values = [entry[key] for entry in metrics if is_number(entry.get(key))]
    return sum(values) / len(values) if values else None


def sides(folders: Sequence[Path]) -> list[Side]:
    """Open the runs in `folders`, each under the shortest name that tells it from the others.

    Raises:
        RunError: a folder is not a run, one is given twice, or there are too few or too many.
    """
    if not 2 <= len(folders) <= MAX_RUNS:
        raise RunError(f"a comparison takes 2 to {MAX_RUNS} runs, got {len(folders)}")
    resolved_folders = [folder.resolve() for folder in folders]
    for folder in resolved_folders:
        if resolved_folders.count(folder) > 1:
            raise RunError(f"{folder} is given twice; give each run once")
    short_names = [folder.name for folder in resolved_folders]
    names = short_names if len(set(short_names)) == len(short_names) else list(map(str, resolved_folders))
    runs = [Run.open(folder) for folder in folders]
    return [
        Side(name, run, run.metrics(), run.evaluation("start"), run.evaluation("end"))
        for name, run in zip(names, runs, strict=True)
    ]


def compared(run_sides: Sequence[Side]) -> dict[str, Any]:
    """Return the values that the page shows of `run_sides`."""
    charts: list[LinePlot | None] = []
    for title, (metric_key, is_share) in CURVES.items():
        curves: dict[str, Points] = {side.name: points_of(side.metrics, logged(metric_key)) for side in run_sides}
        charts.append(chart(title, curves, is_share=is_share))
    forms = list(dict.fromkeys(form for side in run_sides for form in side.forms))
    difficulties = sorted({level for side in run_sides for arm_rates in side.skills.values() for level in arm_rates})
    first_config = run_sides[0].run.config.model_dump(mode="json")
    other_configs = {
        side.name: differences(first_config, side.run.config.model_dump(mode="json")) for side in run_sides[1:]
    }
    return {
        "sides": run_sides,
        "charts": charts,
        "forms": forms,
        "skilled": list(dict.fromkeys(form for side in run_sides for form in side.skills)),
        "levels": difficulties,
        "differences": {
            name: {metric_key: json.dumps(value) for metric_key, value in changes.items()}
            for name, changes in other_configs.items()
        },
    }


def write_comparison(folders: Sequence[Path], out_path: Path) -> Path:
    """Write the page that compares the runs in `folders` to `out_path`.

    Raises:
        RunError: as `sides`.
    """
    page = template("compare.html.j2").render(compared(sides(folders)))
    write_atomically(out_path, page.encode("utf-8", "replace"))
    return out_path
