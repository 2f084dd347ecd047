"""Runs side by side on one page: what each came to, what its labels were worth, what it forgot."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..diagnostics import forgetting, skill_matrix
from ..recipes.base import differences
from .charts import Chart, Points, chart, points_of
from .store import Run, RunError, write_atomically
from .templates import template

MOST = 6
"""Runs that one page can tell apart by colour."""
CURVES = {
    "right answers while training": ("solve_rate", True),
    "wrong labels": ("label/error", True),
    "paid though wrong": ("hacking/paid_wrong", True),
    "right though unpaid": ("hacking/unpaid_right", True),
    "entropy of the questions' structures, nats": ("collapse/queries", False),
    "entropy of the programs' structures, nats": ("collapse/programs", False),
    "the Proposer's reward": ("proposer/reward", False),
    "the Coder's reward": ("coder/reward", False),
    "the Solver's reward": ("solver/reward", False),
    "the Solver's entropy, nats a token": ("solver/entropy", False),
}
"""Figures by title: the logged value, and whether it is a share."""


@dataclass(frozen=True, slots=True)
class Side:
    """One run's part of the comparison."""

    name: str
    run: Run
    metrics: Sequence[Mapping[str, Any]]
    start: Mapping[str, Any] | None
    end: Mapping[str, Any] | None

    @property
    def forgotten(self) -> float | None:
        """The mean over arms of what was lost since each was at its best."""
        lost = forgetting(self.metrics)
        return sum(lost.values()) / len(lost) if lost else None

    @property
    def label_error(self) -> float | None:
        """The share of wrong labels over the whole run."""
        return _mean(self.metrics, "label/error")

    @property
    def seconds(self) -> float:
        """Of rolling out and learning."""
        return sum(entry["time/rollout"] + entry["time/learn"] for entry in self.metrics)

    @property
    def answers(self) -> int:
        """The Solver's answers in training: what compute is compared by."""
        return sum(entry["items"] for entry in self.metrics) * self.run.config.tree.answers

    @property
    def forms(self) -> Mapping[str, Mapping[str, Any]]:
        """Held-out results by form, at the end or else at the start."""
        return (self.end or self.start or {}).get("tasks", {})

    @property
    def skills(self) -> dict[str, dict[int, float]]:
        """The running accuracy while training, by form and difficulty."""
        return skill_matrix(self.metrics)


def _mean(metrics: Sequence[Mapping[str, Any]], key: str) -> float | None:
    values = [entry[key] for entry in metrics if entry.get(key) is not None]
    return sum(values) / len(values) if values else None


def sides(folders: Sequence[Path]) -> list[Side]:
    """The runs, each under the shortest name that tells it from the others.

    Raises:
        RunError: a folder is no run, one is given twice, or there are too few or too many.
    """
    if not 2 <= len(folders) <= MOST:
        raise RunError(f"a comparison takes 2 to {MOST} runs, got {len(folders)}")
    whole = [folder.resolve() for folder in folders]
    for folder in whole:
        if whole.count(folder) > 1:
            raise RunError(f"{folder} is given twice; give each run once")
    short = [folder.name for folder in whole]
    names = short if len(set(short)) == len(short) else list(map(str, whole))
    runs = [Run.open(folder) for folder in folders]
    return [
        Side(name, run, run.metrics(), run.evaluation("start"), run.evaluation("end"))
        for name, run in zip(names, runs, strict=True)
    ]


def compared(found: Sequence[Side]) -> dict[str, Any]:
    """What the page shows, as values."""
    charts: list[Chart | None] = []
    for title, (key, share) in CURVES.items():
        curves: dict[str, Points] = {s.name: points_of(s.metrics, lambda e, key=key: e.get(key)) for s in found}  # type: ignore[misc]
        charts.append(chart(title, curves, share=share))
    forms = list(dict.fromkeys(form for side in found for form in side.forms))
    levels = sorted({level for side in found for row in side.skills.values() for level in row})
    plain = found[0].run.config.model_dump(mode="json")
    other = {side.name: differences(plain, side.run.config.model_dump(mode="json")) for side in found[1:]}
    return {
        "sides": found,
        "charts": charts,
        "forms": forms,
        "skilled": list(dict.fromkeys(form for side in found for form in side.skills)),
        "levels": levels,
        "differences": {name: {key: json.dumps(value) for key, value in own.items()} for name, own in other.items()},
    }


def write_comparison(folders: Sequence[Path], out: Path) -> Path:
    """Write the page of a comparison.

    Raises:
        RunError: as `sides`.
    """
    page = template("compare.html.j2").render(compared(sides(folders)))
    write_atomically(out, page.encode("utf-8", "replace"))
    return out
