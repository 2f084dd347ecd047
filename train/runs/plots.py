"""The report's plots of logged metrics, each with what it says (from the glossary)."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..phases import ROLES
from .charts import LinePlot, Metrics, Points, chart, logged, points_of
from .glossary import about
from .reading import is_number
from .templates import plain


def _ratio(part_key: str, whole_key: str) -> Callable[[Mapping[str, Any]], float | None]:
    def ratio(entry: Mapping[str, Any]) -> float | None:
        part_value, whole_value = entry.get(part_key), entry.get(whole_key)
        return part_value / whole_value if is_number(part_value) and is_number(whole_value) and whole_value else None

    return ratio


def _plot(metrics: Metrics, title: str, keys: Mapping[str, str], **options: Any) -> LinePlot | None:
    """Plot the metrics logged as `keys`, by label; `options` are those of `chart`."""
    curves = {plain(label): points_of(metrics, logged(key)) for label, key in keys.items()}
    return chart(title, curves, about=about(*keys.values()), **options)


def role_plots(metrics: Metrics, role: str) -> dict[str, Any]:
    """Return the plots of a `role`'s reward and of each of its terms."""
    term_prefix = f"{role}/term/"
    terms = dict.fromkeys(key for entry in metrics for key in entry if key.startswith(term_prefix))
    return {
        "reward": _plot(metrics, "reward", {"reward": f"{role}/reward"}, is_share=False),
        "terms": [_plot(metrics, plain(key.removeprefix(term_prefix)), {"mean": key}) for key in terms],
    }


def share_plots(metrics: Metrics) -> list[LinePlot | None]:
    """Return plots of the shares of what was written that passed each stage."""
    ratios = {
        "valid proposals": ("proposals_valid", "proposals"),
        "programs that draw something": ("programs_rendered", "programs"),
        "programs that draw what was asked": ("programs_spec_satisfied", "programs"),
        "questions that the Proposer asked": ("items_from_proposer", "items"),
    }
    plots = [
        chart(title, {"share": points_of(metrics, _ratio(part, whole))}, about=about(part))
        for title, (part, whole) in ratios.items()
    ]
    answerable = {"share": "proposer/term/answerable"}
    plots.insert(3, _plot(metrics, "answerable: the question has one clear answer", answerable))
    plots.insert(4, _plot(metrics, "right answers while training", {"share": "solve_rate"}))
    return plots


def signal_plots(metrics: Metrics) -> dict[str, list[LinePlot | None]]:
    """Return plots of what teaches, of time, and of the learner's own metrics."""

    def lively(role: str) -> Points:
        flat_share = _ratio(f"{role}/flat_groups", f"{role}/groups")
        return [(step, 1.0 - value) for step, value in points_of(metrics, flat_share)]

    def of_roles(title: str, key: str) -> LinePlot | None:
        return _plot(metrics, title, {role: f"{role}/{key}" for role in ROLES}, is_share=False)

    def plain_plot(title: str, label: str, key: str) -> LinePlot | None:
        return _plot(metrics, title, {label: key}, is_share=False)

    groups_about = about(*(f"{role}/groups" for role in ROLES)) + " Where they differ, there is a signal."
    times = {"roll out": "time/rollout", "learn": "time/learn"}
    return {
        "signal": [chart("groups with signal", {role: lively(role) for role in ROLES}, about=groups_about)],
        "time": [_plot(metrics, "seconds a step", times, is_share=False)],
        "learner": [
            of_roles("entropy, nats a token", "entropy"),
            of_roles("clipped tokens, share", "clip_frac"),
            of_roles("sampler against trainer, nats a token", "logprob_gap"),
            plain_plot("gradient norm", "norm", "grad_norm"),
            plain_plot("updates skipped, not finite", "skipped", "skipped_updates"),
            of_roles("completions cut off at their limit", "truncated"),
            plain_plot("different questions in a step", "queries", "distinct_queries"),
            plain_plot("failures of the infrastructure", "failed", "infrastructure_errors"),
        ],
    }


def diagnostic_plots(metrics: Metrics) -> list[LinePlot | None]:
    """Return plots of what the oracle knows of labels, pay and variety, and of the algorithm's own metrics."""
    pay_keys = {"paid, wrong": "hacking/rewarded_incorrect", "right, unpaid": "hacking/unrewarded_correct"}
    structure_keys = {"questions": "collapse/query_entropy", "programs": "collapse/program_entropy"}
    algorithm_keys = dict.fromkeys(key for entry in metrics for key in entry if key.startswith("algorithm/"))
    return [
        _plot(metrics, "wrong labels, share", {"labels": "label/error"}),
        _plot(metrics, "what is paid and what is right, share of answers", pay_keys),
        _plot(metrics, "variety of structures, nats: 0 where all are alike", structure_keys, is_share=False),
        *(
            _plot(metrics, plain(key.removeprefix("algorithm/")), {"value": key}, is_share=False)
            for key in algorithm_keys
        ),
    ]


def task_plots(
    metrics: Metrics, env_ids: Collection[str], chances: Mapping[str, float]
) -> dict[str, list[LinePlot | None]]:
    """Return plots of the solve rate of each task, by world.

    Args:
        metrics: the logged steps.
        env_ids: of the run.
        chances: by task, as tasks are called in the metrics.
    """
    arms = dict.fromkeys(arm for entry in metrics for arm in entry.get("arms", ()))
    tasks: dict[str, dict[str, Points]] = {}
    for arm in arms:
        task, _, difficulty = arm.rpartition("/")
        points = points_of(metrics, lambda entry, arm=arm: entry.get("arms", {}).get(arm))  # type: ignore[misc]
        tasks.setdefault(task, {})[f"difficulty {difficulty}"] = points
    plots: dict[str, list[LinePlot | None]] = {}
    for task, curves in tasks.items():
        world, colon, name = task.rpartition(": ")
        group = plots.setdefault(world if colon else next(iter(env_ids), ""), [])
        group.append(chart(plain(name), curves, dashed_level=chances.get(task), with_raw=False))
    return plots
