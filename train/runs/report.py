"""The report: what a run came to, on one page that needs nothing but a browser.

Whatever a model wrote is shown as text and never as markup: values reach the page through jinja2's autoescaping alone,
and the page's content policy allows no script but the template's own and no resource from anywhere.
"""

import base64
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ...envs import Answer, PluginError, Rejected, UnknownEnvironmentError, make, score_answer
from ...roles import proposer
from ..curriculum.base import task_label
from ..curriculum.variants import make_curriculum
from ..diagnostics import forgetting
from ..models.policy import ROLES
from .charts import Chart, Frame, Line, Metrics, Points, chart, points_of, smooth
from .store import Run, write_atomically
from .templates import plain, template

EARLY_STEPS = 3
"""The first steps, of which every picture is kept."""
CARDS = 12
"""Items shown from early and from late in the run, at most."""
MAX_LATE_STEPS = 50
"""Steps at the end of the run that are searched for pictures."""
FORGOTTEN = 6
"""Forms with difficulties that lost most, shown."""
REFUSALS = 4
"""Refused texts of each kind shown from early and from late, at most."""
Summary = Mapping[str, Any]


def write_report(run: Run) -> Path:
    """Write `report.html` into the run directory, whether the run is finished or not, and return its path."""
    page = template("report.html.j2").render(_content(run))
    path = run.folder / "report.html"
    # A lone surrogate in what a model wrote has no bytes in UTF-8.
    write_atomically(path, page.encode("utf-8", "replace"))
    return path


def _content(run: Run) -> dict[str, Any]:
    metrics, start, end = run.metrics(), run.evaluation("start"), run.evaluation("end")
    manifest = run.folder / "manifest.json"
    return {
        "name": run.folder.resolve().name,
        "config": run.config,
        "config_text": run.config.to_yaml(),
        "manifest_text": manifest.read_text(encoding="utf-8") if manifest.is_file() else "missing",
        "step": metrics[-1]["step"] if metrics else 0,
        "minutes": sum(m.get("time/rollout", 0.0) + m.get("time/learn", 0.0) for m in metrics) / 60,
        "results": {section: _rows(start, end, section) for section in ("overall", "kinds", "tasks", "writing")},
        "turned": _turned(start, end),
        "roles": {role: _role_figures(metrics, role) for role in ROLES},
        "shares": _share_figures(metrics),
        "tasks": _task_figures(metrics, _chances(run)),
        "rejections": _rejections(metrics),
        "curriculum": _curriculum(run),
        "signal": _signal_figures(metrics),
        "diagnostics": _diagnostic_figures(metrics),
        "forgotten": sorted(forgetting(metrics).items(), key=lambda pair: -pair[1])[:FORGOTTEN],
        "gallery": _gallery(run),
    }


@dataclass(frozen=True, slots=True)
class Row:
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


def _rows(start: Summary | None, end: Summary | None, section: str) -> list[Row]:
    before, after = ((evaluation or {}).get(section, {}) for evaluation in (start, end))
    if section == "overall":
        return [Row("all forms", before or None, after or None)]
    value = "value" if section == "writing" else "accuracy"
    return [Row(name, before.get(name), after.get(name), value) for name in {**before, **after}]


def _turned(start: Summary | None, end: Summary | None) -> tuple[int, int] | None:
    """How many items turned from wrong to right, and from right to wrong."""
    before, after = ({row["id"]: row["right"] for row in (one or {}).get("answers", ())} for one in (start, end))
    turns = Counter((before[name], right) for name, right in after.items() if name in before)
    return (turns[False, True], turns[True, False]) if turns else None


def _ratio(part: str, whole: str) -> Callable[[Mapping[str, Any]], float | None]:
    return lambda entry: entry[part] / entry[whole] if entry.get(whole) and part in entry else None


def _curves(metrics: Metrics, **keys: str) -> dict[str, Points]:
    return {plain(label): points_of(metrics, lambda entry, key=key: entry.get(key)) for label, key in keys.items()}  # type: ignore[misc]


def _role_figures(metrics: Metrics, role: str) -> dict[str, Any]:
    prefix = f"{role}/term/"
    terms = dict.fromkeys(key for entry in metrics for key in entry if key.startswith(prefix))
    figures = [chart(plain(key.removeprefix(prefix)), _curves(metrics, mean=key)) for key in terms]
    return {"reward": chart("reward", _curves(metrics, reward=f"{role}/reward"), share=False), "terms": figures}


def _share_figures(metrics: Metrics) -> list[Chart | None]:
    figures = {
        "valid proposals": points_of(metrics, _ratio("proposals_valid", "proposals")),
        "programs that draw something": points_of(metrics, _ratio("pictures", "programs")),
        "faithful programs: they draw what was asked": points_of(metrics, _ratio("faithful", "programs")),
        "posed: the pictures have one clear answer": points_of(metrics, lambda m: m.get("proposer/term/posed")),
        "right answers while training": points_of(metrics, lambda m: m.get("solve_rate")),
        "questions that the Proposer asked": points_of(metrics, _ratio("items_own", "items")),
    }
    return [chart(title, {"share": points}) for title, points in figures.items()]


def _signal_figures(metrics: Metrics) -> dict[str, list[Chart | None]]:
    def lively(role: str) -> Points:
        flat = _ratio(f"{role}/flat_groups", f"{role}/groups")
        return [(step, 1.0 - value) for step, value in points_of(metrics, flat)]

    roles = {key: {role: f"{role}/{key}" for role in ROLES} for key in ("entropy", "clip_frac", "logprob_gap")}
    return {
        "signal": [chart("groups with signal", {role: lively(role) for role in ROLES})],
        "time": [chart("seconds a step", _curves(metrics, roll_out="time/rollout", learn="time/learn"), share=False)],
        "learner": [
            chart("entropy, nats a token", _curves(metrics, **roles["entropy"]), share=False),
            chart("clipped tokens, share", _curves(metrics, **roles["clip_frac"]), share=False),
            chart("sampler against trainer, nats a token", _curves(metrics, **roles["logprob_gap"]), share=False),
            chart("gradient norm", _curves(metrics, norm="grad_norm"), share=False),
            chart("unlike questions in a step", _curves(metrics, queries="structures"), share=False),
            chart("failures of our own machinery", _curves(metrics, failed="infrastructure_errors"), share=False),
        ],
    }


def _diagnostic_figures(metrics: Metrics) -> list[Chart | None]:
    paid = {"paid, wrong": "hacking/paid_wrong", "right, unpaid": "hacking/unpaid_right"}
    forms = {"questions": "collapse/queries", "programs": "collapse/programs"}
    own = dict.fromkeys(key for entry in metrics for key in entry if key.startswith("algorithm/"))
    return [
        chart("wrong labels, share", _curves(metrics, **{"labels": "label/error"})),
        chart("what is paid and what is right, share of answers", _curves(metrics, **paid)),
        chart("entropy of structures, nats: 0 where all are alike", _curves(metrics, **forms), share=False),
        *(chart(plain(key.removeprefix("algorithm/")), _curves(metrics, value=key), share=False) for key in own),
    ]


def _task_figures(metrics: Metrics, chances: Mapping[str, float]) -> list[Chart | None]:
    arms = dict.fromkeys(arm for entry in metrics for arm in entry.get("arms", ()))
    tasks: dict[str, dict[str, Points]] = {}
    for arm in arms:
        task, _, difficulty = arm.rpartition("/")
        points = points_of(metrics, lambda entry, arm=arm: entry.get("arms", {}).get(arm))  # type: ignore[misc]
        tasks.setdefault(task, {})[f"difficulty {difficulty}"] = points
    return [chart(plain(task), curves, level=chances.get(task), raw=False) for task, curves in tasks.items()]


def _chances(run: Run) -> dict[str, float]:
    try:
        forms = [(env, name, task) for env in run.config.envs for name, task in make(env).tasks.items()]
        return {task_label(run.config.envs, env, name): task.chance for env, name, task in forms}
    except (UnknownEnvironmentError, PluginError):
        return {}


class Reason(NamedTuple):
    """How often something was refused for one reason."""

    what: str
    code: str
    early: float
    late: float
    total: int
    lines: Sequence[Line]


def _rejections(metrics: Metrics) -> list[Reason]:
    """Every reason, the most frequent first; `early` and `late` are counts a step in the first and last fifth."""
    total: Counter[str] = Counter()
    for entry in metrics:
        total.update(entry.get("rejected", {}))
    fifth = max(1, len(metrics) // 5)
    found = []
    for code, count in total.most_common():
        points = [(float(entry["step"]), float(entry.get("rejected", {}).get(code, 0))) for entry in metrics]
        early, late = (sum(value for _, value in part) / fifth for part in (points[:fifth], points[-fifth:]))
        what, _, reason = code.partition("/")
        frame = Frame(points[0][0], points[-1][0], 0.0, max(1.0, *(value for _, value in points)))
        lines = [("line raw c0", frame.path(points)), ("line c0", frame.path(smooth(points)))]
        found.append(Reason(what, reason, early, late, count, lines))
    return found


def _curriculum(run: Run) -> dict[str, Any] | None:
    """How likely each form and difficulty is to be asked next, from the newest checkpoint."""
    if not (found := run.checkpoints()):
        return None
    try:
        state = json.loads((found[-1] / "state.json").read_text())
        curriculum = make_curriculum(run.config.curriculum, [make(env) for env in run.config.envs])
        curriculum.restore(state["curriculum"])
        step = int(state["step"])
    except (OSError, ValueError, KeyError, TypeError, UnknownEnvironmentError, PluginError):
        # A report on an old or damaged run goes without this table.
        return None
    weights = [curriculum.weight(arm) for arm in curriculum.arms]
    rows: dict[str, dict[int, dict[str, float]]] = {}
    for arm, weight in zip(curriculum.arms, weights, strict=True):
        cell = {"share": weight / sum(weights), "strength": weight / max(weights), "rate": arm.rate, "seen": arm.seen}
        rows.setdefault(arm.task, {})[arm.difficulty] = cell
    return {"step": step, "rows": rows, "difficulties": sorted({arm.difficulty for arm in curriculum.arms})}


class AnswerBar(NamedTuple):
    """One of the Solver's answers to an item and how often it was given."""

    text: str
    times: int
    share: float
    right: bool | None
    """None where it cannot be told from the record."""


@dataclass(frozen=True, slots=True)
class Card:
    """An item to look at."""

    when: str
    step: int
    item: Mapping[str, Any]
    picture: str
    concept: str | None
    proposal: str
    answers: tuple[AnswerBar, ...]


class Refusal(NamedTuple):
    """A text of a model that was not accepted, or a picture that is not what was asked for."""

    when: str
    step: int
    kind: str
    code: str
    reason: str
    text: str
    asked: str
    picture: str | None = None


def _gallery(run: Run) -> dict[str, Any]:
    numbers = sorted(int(path.stem.removeprefix("step_")) for path in (run.folder / "rollouts").glob("step_*.jsonl"))
    early = [step for step in numbers if step <= EARLY_STEPS]
    late = _kept_steps(run, [step for step in numbers if step > max(EARLY_STEPS, numbers[-1] / 2)])
    cards: list[Card] = []
    refusals: list[Refusal] = []
    for when, steps in (("early", early), ("late", late)):
        records = [(step, record) for step in steps for record in run.rollouts(step)]
        found = [card for step, record in records for card in _cards(run, when, step, record)]
        cards += _varied(found, CARDS, lambda c: [(c.item["task"], c.item["own"]), c.item["scene"], c.step])
        refused = [refusal for step, record in records for refusal in _refusals(run, when, step, record)]
        for kind in dict.fromkeys(refusal.kind for refusal in refused):
            own = [refusal for refusal in refused if refusal.kind == kind]
            refusals += _varied(own, REFUSALS, lambda r: [r.code if r.picture is None else r.asked])
    return {"cards": cards, "refusals": refusals, "early": early, "late": late}


def _kept_steps(run: Run, steps: Sequence[int]) -> list[int]:
    """The last of the steps with pictures, newest first, as many as fill the gallery; without any the last step."""
    chosen: list[int] = []
    items = 0
    for step in reversed(steps[-MAX_LATE_STEPS:]):
        records = run.rollouts(step)
        scenes = [drawing.get("scene") for record in records for drawing in record["drawings"]]
        if any(scene and _picture(run, scene) for scene in scenes):
            chosen.append(step)
            items += sum(len(record["items"]) for record in records)
        if items >= CARDS:
            break
    return chosen or list(steps[-1:])


def _varied(found: Iterable[Any], count: int, traits: Callable[[Any], list[Any]]) -> list[Any]:
    """At most `count` of them, in order: those whose first two traits are the least seen, then the last trait."""
    seen: Counter[Any] = Counter()
    ranked = []
    for place, one in enumerate(found):
        own = [(i, trait) for i, trait in enumerate(traits(one))]
        ranked.append((max(seen[key] for key in own[:2]), seen[own[-1]], place, one))
        seen.update(own)
    chosen = sorted(ranked, key=lambda entry: entry[:3])[:count]
    return [one for *_, one in sorted(chosen, key=lambda entry: entry[2])]


def _picture(run: Run, digest: str) -> str | None:
    path = run.folder / "pictures" / f"{digest}.png"
    # A digest is a bare name; nothing outside the folder of pictures is read.
    if path.name != f"{digest}.png" or not path.is_file():
        return None
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def _cards(run: Run, when: str, step: int, record: Mapping[str, Any]) -> Iterable[Card]:
    concept, _ = _read(record)
    for item in record["items"]:
        picture = _picture(run, item["scene"])
        if picture is not None:
            yield Card(when, step, item, picture, concept, record["proposal"], _answer_bars(item))


def _answer_bars(item: Mapping[str, Any]) -> tuple[AnswerBar, ...]:
    total = sum(item["answers"].values()) or 1
    truth = item["truth"]
    kind = "yesno" if truth in ("yes", "no") else "number" if truth.isdecimal() else "word"
    answer = Answer(truth, kind, (truth,))
    right = {text: score_answer(answer, text).terms["correct"] == 1.0 for text in item["answers"]}
    # The record keeps the oracle's verdict as a rate; marks that do not add up to it are not shown.
    agrees = math.isclose(sum(n for text, n in item["answers"].items() if right[text]) / total, item["rate"])
    ordered = sorted(item["answers"].items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(AnswerBar(text, n, n / total, right[text] if agrees else None) for text, n in ordered)


def _read(record: Mapping[str, Any]) -> tuple[str | None, str]:
    """A proposal's concept, and what it asked the Coder to draw; of an unreadable one None and its briefing."""
    try:
        proposal = proposer.parse(make(record["env"]), record["proposal"])
    except (UnknownEnvironmentError, PluginError):
        return None, record["briefing"]
    if isinstance(proposal, Rejected):
        return None, record["briefing"]
    return proposal.concept, ", ".join(map(make(record["env"]).describe, proposal.requirements))


def _refusals(run: Run, when: str, step: int, record: Mapping[str, Any]) -> Iterable[Refusal]:
    if record["rejected"]:
        code, reason = record["rejected"]
        yield Refusal(when, step, "proposal", code, reason, record["proposal"], record["briefing"])
    _, asked = _read(record)
    for drawing in record["drawings"]:
        if "rejected" in drawing:
            code, reason = drawing["rejected"]
            yield Refusal(when, step, "program", code, reason, drawing["program"], asked)
        elif "scene" in drawing and drawing["terms"] and not drawing["terms"]["faithful"]:
            code, reason = "unfaithful", "the program draws something, but not what was asked"
            picture = _picture(run, drawing["scene"])
            if picture is not None:
                yield Refusal(when, step, "picture", code, reason, drawing["program"], asked, picture)
