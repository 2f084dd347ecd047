"""The report of a run, on one page that needs nothing but a browser.

A text that a model wrote is shown as text and never as markup: values reach the page through jinja2's autoescaping
alone, and the page's content policy allows no script but the template's own and no resource from anywhere.
Begin at `write_report`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ...envs import PluginError, UnknownEnvironmentError, make
from ..curriculum.base import task_label
from ..curriculum.variants import make_curriculum
from ..diagnostics import forgetting
from ..phases import ROLES
from .cards import (
    ItemCard,
    Refusal,
    embedded_picture,
    item_cards,
    picture_path,
    read_rollouts,
    refusals,
    rollout_steps,
    varied,
)
from .charts import Line, Metrics, PlotFrame, smooth
from .lock import running_owner
from .plots import diagnostic_plots, role_plots, share_plots, signal_plots, task_plots
from .reading import decoded, is_full_evaluation, warn_once
from .store import Run, write_atomically
from .templates import template

EARLY_STEPS = 3
"""The first steps, of which every picture is kept."""
CARDS = 12
"""Items shown from early and from late in the run, at most."""
MAX_LATE_STEPS = 50
"""Steps at the end of the run that are searched for pictures."""
MAX_FORGOTTEN = 6
"""Forms with difficulties that lost most, shown."""
MAX_REFUSALS = 4
"""Refused texts of each kind shown from early and from late, at most."""
Summary = Mapping[str, Any]


def write_report(run: Run) -> Path:
    """Write `report.html` into the directory of `run`, finished or not, and return its path."""
    page = template("report.html.j2").render(_content(run))
    path = run.folder / "report.html"
    # A lone surrogate in what a model wrote has no bytes in UTF-8.
    write_atomically(path, page.encode("utf-8", "replace"))
    return path


def _evaluation(run: Run, name: str) -> dict[str, Any] | None:
    """Read the evaluation called `name` of a `run`; None where this page cannot show it."""
    result = run.evaluation(name)
    if result is not None and not is_full_evaluation(result):
        warn_once(f"{run.folder}: the evaluation {name!r} lacks what the page shows of it; it is shown as not measured")
        return None
    return result


def _content(run: Run) -> dict[str, Any]:
    metrics, start_result, end_result = run.metrics(), _evaluation(run, "start"), _evaluation(run, "end")
    manifest_path = run.folder / "manifest.json"
    return {
        "name": run.folder.resolve().name,
        "config": run.config,
        "owner": str(running_owner(run.folder) or ""),
        "config_text": run.config.to_yaml(),
        "manifest_text": manifest_path.read_text(encoding="utf-8", errors="replace")
        if manifest_path.is_file()
        else "missing",
        "step": metrics[-1]["step"] if metrics else 0,
        "minutes": sum(m.get("time/rollout", 0.0) + m.get("time/learn", 0.0) for m in metrics) / 60,
        "results": {
            section: _rows(start_result, end_result, section) for section in ("overall", "kinds", "tasks", "writing")
        },
        "turned": _turned(start_result, end_result),
        "roles": {role: role_plots(metrics, role) for role in ROLES},
        "shares": share_plots(metrics),
        "tasks": task_plots(metrics, run.config.envs, _chances(run)),
        "rejections": _rejections(metrics),
        "curriculum": _curriculum(run),
        "signal": signal_plots(metrics),
        "diagnostics": diagnostic_plots(metrics),
        "forgotten": sorted(forgetting(metrics).items(), key=lambda pair: -pair[1])[:MAX_FORGOTTEN],
        "gallery": _gallery(run),
    }


@dataclass(frozen=True, slots=True)
class TableRow:
    """A line of results: the held-out items of one form or kind, before the run and after."""

    name: str
    before: Summary | None
    after: Summary | None
    value: str = "accuracy"

    @property
    def gain(self) -> float | None:
        """After minus before."""
        return self.after[self.value] - self.before[self.value] if self.before and self.after else None

    @property
    def seeing_gain(self) -> float | None:
        """By how much sighted minus blind rose."""
        if not self.before or not self.after or self.gain is None:
            return None
        return self.gain - (self.after["blind"] - self.before["blind"])


def _rows(start_result: Summary | None, end_result: Summary | None, section: str) -> list[TableRow]:
    before_rows, after_rows = ((evaluation or {}).get(section, {}) for evaluation in (start_result, end_result))
    if section == "overall":
        return [TableRow("all forms", before_rows or None, after_rows or None)]
    value_key = "value" if section == "writing" else "accuracy"
    return [
        TableRow(name, before_rows.get(name), after_rows.get(name), value_key) for name in {**before_rows, **after_rows}
    ]


def _turned(start_result: Summary | None, end_result: Summary | None) -> tuple[int, int] | None:
    """Count the items that turned from wrong to right, and from right to wrong."""
    before, after = (
        {row["id"]: row["right"] for row in (result or {}).get("answers", ())} for result in (start_result, end_result)
    )
    turns = Counter((before[name], right) for name, right in after.items() if name in before)
    return (turns[False, True], turns[True, False]) if turns else None


def _chances(run: Run) -> dict[str, float]:
    try:
        forms = [(env, name, task) for env in run.config.envs for name, task in make(env).tasks.items()]
        return {task_label(run.config.envs, env, name): task.chance for env, name, task in forms}
    except (UnknownEnvironmentError, PluginError):
        return {}


class Reason(NamedTuple):
    """The count of what was refused for one reason."""

    refused_kind: str
    code: str
    early: float
    late: float
    total: int
    lines: Sequence[Line]


def _rejections(metrics: Metrics) -> list[Reason]:
    """List every reason in `metrics`, the most frequent first.

    `early` and `late` are counts a step in the first and last fifth.
    """
    totals: Counter[str] = Counter()
    for entry in metrics:
        totals.update(entry.get("rejected", {}))
    fifth = max(1, len(metrics) // 5)
    reasons = []
    for code, total_count in totals.most_common():
        points = [(float(entry["step"]), float(entry.get("rejected", {}).get(code, 0))) for entry in metrics]
        early, late = (
            sum(value for _, value in fifth_points) / fifth for fifth_points in (points[:fifth], points[-fifth:])
        )
        refused_kind, _, reason = code.partition("/")
        frame = PlotFrame(points[0][0], points[-1][0], 0.0, max(1.0, *(value for _, value in points)))
        lines = [("line raw c0", frame.path(points)), ("line c0", frame.path(smooth(points)))]
        reasons.append(Reason(refused_kind, reason, early, late, total_count, lines))
    return reasons


def _curriculum(run: Run) -> dict[str, Any] | None:
    """Compute how likely each form and difficulty is to be asked next, from the newest checkpoint of `run`."""
    if not (checkpoints := run.checkpoints()):
        return None
    try:
        state = decoded((checkpoints[-1] / "state.json").read_bytes())
        curriculum = make_curriculum(run.config.curriculum, [make(env) for env in run.config.envs])
        curriculum.restore(state["curriculum"])
        step = int(state["step"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError, UnknownEnvironmentError, PluginError):
        # A report on an old or damaged run goes without this table.
        return None
    weights = [curriculum.weight(arm) for arm in curriculum.arms]
    rows: dict[str, dict[int, dict[str, float]]] = {}
    for arm, weight in zip(curriculum.arms, weights, strict=True):
        cell = {
            "share": weight / sum(weights),
            "strength": weight / max(weights),
            "solve_rate": arm.solve_rate,
            "seen": arm.answer_weight,
        }
        rows.setdefault(arm.task, {})[arm.difficulty] = cell
    return {"step": step, "rows": rows, "difficulties": sorted({arm.difficulty for arm in curriculum.arms})}


def _gallery(run: Run) -> dict[str, Any]:
    step_numbers = rollout_steps(run.folder)
    picture_of = partial(embedded_picture, run.folder)
    early_steps = [step for step in step_numbers if step <= EARLY_STEPS]
    late_steps = _kept_steps(run, [step for step in step_numbers if step > max(EARLY_STEPS, step_numbers[-1] / 2)])
    cards: list[ItemCard] = []
    chosen_refusals: list[Refusal] = []
    for when, steps in (("early", early_steps), ("late", late_steps)):
        records = [(step, record) for step in steps for record in read_rollouts(run.folder, step)]
        step_cards = [card for step, record in records for card in item_cards(when, step, record, picture_of)]
        cards += varied(
            step_cards, CARDS, lambda c: [c.item["task"], (c.solved, c.item["from_proposer"]), c.item["scene"]]
        )
        step_refusals = [refusal for step, record in records for refusal in refusals(when, step, record, picture_of)]
        for kind in dict.fromkeys(refusal.kind for refusal in step_refusals):
            kind_refusals = [refusal for refusal in step_refusals if refusal.kind == kind]
            chosen_refusals += varied(
                kind_refusals, MAX_REFUSALS, lambda r: [r.code if r.picture is None else r.asked_for]
            )
    return {"cards": cards, "refusals": chosen_refusals, "early": early_steps, "late": late_steps}


def _kept_steps(run: Run, steps: Sequence[int]) -> list[int]:
    """Return the last of `steps` with pictures, newest first, to fill the gallery; without any the last step."""
    chosen_steps: list[int] = []
    item_count = 0
    for step in reversed(steps[-MAX_LATE_STEPS:]):
        records = read_rollouts(run.folder, step)
        scenes = [drawing.get("scene") for record in records for drawing in record["programs"]]
        if any(scene and picture_path(run.folder, scene) for scene in scenes):
            chosen_steps.append(step)
            item_count += sum(len(record["items"]) for record in records)
        if item_count >= CARDS:
            break
    return chosen_steps or list(steps[-1:])
