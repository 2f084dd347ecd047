"""`make bench-evidence`: what oracles, evolving, curricula, roles and recipes are worth, at equal compute.

Every condition runs the embedded model on the same world for the same steps, with as many questions of as many answers
in each, from three seeds, and is measured on the same held-out items. Five comparisons: (a) the oracle's labels against
the majority's; (b) evolving against a frozen Proposer and against items that no model made; (c) curricula against
uniform; (d) three models against two against one; (e) every recipe against the default. Conditions that are finished
are not run again, so that a call that was stopped goes on.
"""

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ..train.charts import Points, chart, points_of
from ..train.diagnostics import forgetting
from ..train.store import Run, write_atomically
from ..train.templates import template
from .learning import evolve_run
from .results_file import write_results

SEEDS = (0, 1, 2)
STEPS = 60
ALIKE = ("envs=[shapes/Canvas-v1]", "tree.items=64", "tree.answers=16", "evaluation.items=600", "evaluation.coding=0")
"""What is the same in all conditions."""
DRAWS = 2000
"""Resamplings of the bootstrap."""


@dataclass(frozen=True)
class Condition:
    """A recipe with what is set beside it."""

    name: str
    recipe: str = "zerosight"
    settings: tuple[str, ...] = ()


BASE = Condition("zerosight")
BLIND_PROPOSER = "tree.proposer_sees=false"
"""The embedded model writes proposals in words alone, so that where scenes are given it asks without seeing them."""
COMPARISONS: Mapping[str, tuple[Condition, ...]] = {
    "labels": (BASE, Condition("majority", "majority")),
    "evolving": (BASE, Condition("frozen-proposer", "frozen-proposer"), Condition("sampled", "sampled")),
    "roles": (
        BASE,
        Condition("two models", settings=("sharing=two",)),
        Condition("three models", settings=("sharing=full",)),
    ),
    "curricula": (
        BASE,
        *(
            Condition(f"curriculum {kind}", settings=(f"curriculum.kind={kind}",))
            for kind in ("uniform", "sec", "spatialevo", "progress", "replay")
        ),
    ),
    "recipes": (
        BASE,
        Condition("mm-zero", "mm-zero"),
        Condition("mm-zero, oracle labels", "mm-zero", ("labels.source=oracle",)),
        Condition("r-zero", "r-zero"),
        Condition("visplay", "visplay", (BLIND_PROPOSER,)),
        Condition("absolute-zero", "absolute-zero"),
        Condition("eve", "eve"),
        Condition("spatialevo", "spatialevo", (BLIND_PROPOSER,)),
        Condition("ouroboros", "ouroboros"),
        Condition("c2-evo", "c2-evo"),
        Condition("m-star", "m-star"),
    ),
}


def conditions() -> list[Condition]:
    """Each once, in the order of the comparisons."""
    return list({each.name: each for own in COMPARISONS.values() for each in own}.values())


def folder_of(out: Path, condition: Condition, seed: int) -> Path:
    """Where a condition's run of a seed is."""
    return out / f"{condition.name.replace(', ', '-').replace(' ', '-')}-{seed}"


def finished_runs(out: Path, condition: Condition) -> list[Run]:
    """A condition's runs that have been measured at their end, by seed."""
    folders = [folder_of(out, condition, seed) for seed in SEEDS]
    runs = [Run.open(folder) for folder in folders if (folder / "config.yaml").is_file()]
    return [run for run in runs if run.evaluation("end") is not None]


def accuracy(runs: Sequence[Run], key: str = "end") -> np.ndarray:
    """[seeds, items] of whether each held-out item was answered rightly."""
    evaluations = [run.evaluation(key) or {} for run in runs]
    return np.array([[row["right"] for row in found["answers"]] for found in evaluations], dtype=float)


def paired(first: np.ndarray, second: np.ndarray, draws: int = DRAWS) -> dict[str, float]:
    """The second's accuracy less the first's, points, with a 95 % interval by bootstrap over seeds and items.

    Items are resampled together for both, seeds for each on its own (Efron and Tibshirani 1993, chapter 13: percentile
    intervals).

    Args:
        first: [seeds, items].
        second: [seeds, items], of the same items.
        draws: resamplings.
    """
    random = np.random.default_rng(0)
    found = []
    for _ in range(draws):
        items = random.integers(0, first.shape[1], first.shape[1])
        means = [side[random.integers(0, len(side), len(side))][:, items].mean() for side in (first, second)]
        found.append(100 * (means[1] - means[0]))
    low, high = np.percentile(found, [2.5, 97.5])
    points = 100 * (second.mean() - first.mean())
    return {"points": round(points, 2), "low": round(low, 2), "high": round(high, 2)}


def summary(runs: Sequence[Run]) -> dict[str, Any]:
    """What a condition came to over its seeds."""
    starts, ends = ([run.evaluation(name) or {} for run in runs] for name in ("start", "end"))
    metrics = [run.metrics() for run in runs]
    lost = [forgetting(each) for each in metrics]
    return {
        "seeds": len(runs),
        "gain_points": [
            round(100 * (e["overall"]["accuracy"] - s["overall"]["accuracy"]), 2)
            for s, e in zip(starts, ends, strict=True)
        ],
        "start": starts[0]["overall"]["accuracy"],
        "end": [end["overall"]["accuracy"] for end in ends],
        "blind": [end["overall"]["blind"] for end in ends],
        "gain": paired(accuracy(runs, "start"), accuracy(runs)),
        "label_error": [mean_of(each, "label/error") for each in metrics],
        "label_error_first_and_last": [_ends(each, "label/error") for each in metrics],
        "paid_though_wrong": [mean_of(each, "hacking/paid_wrong") for each in metrics],
        "query_entropy_first_and_last": [_ends(each, "collapse/queries") for each in metrics],
        "forgotten": [round(sum(each.values()) / len(each), 4) for each in lost],
        "answers": [
            sum(e["items"] for e in each) * run.config.tree.answers for each, run in zip(metrics, runs, strict=True)
        ],
        "seconds": [round(sum(e["time/rollout"] + e["time/learn"] for e in each)) for each in metrics],
    }


def mean_of(metrics: Sequence[Mapping[str, Any]], key: str) -> float | None:
    """The mean of a logged value over the steps that have it."""
    values = [entry[key] for entry in metrics if entry.get(key) is not None]
    return round(sum(values) / len(values), 4) if values else None


def _ends(metrics: Sequence[Mapping[str, Any]], key: str) -> list[float | None]:
    """Over the first and the last tenth of the steps."""
    tenth = max(1, len(metrics) // 10)
    return [mean_of(part, key) for part in (metrics[:tenth], metrics[-tenth:])]


def figures(found: Mapping[str, Sequence[Run]]) -> dict[str, Any]:
    """The figures of the benchmark, of the conditions that are finished."""
    compared = {}
    for name, own in COMPARISONS.items():
        others = [each for each in own[1:] if found.get(each.name) and found.get(own[0].name)]
        base = found.get(own[0].name)
        compared[name] = {e.name: paired(accuracy(base), accuracy(found[e.name])) for e in others} if base else {}
    return {
        "conditions": {name: summary(runs) for name, runs in found.items() if runs},
        "against_the_default": compared,
    }


CURVES = {
    "right answers while training": ("solve_rate", True),
    "wrong labels": ("label/error", True),
    "paid though wrong": ("hacking/paid_wrong", True),
    "entropy of the questions' structures, nats": ("collapse/queries", False),
}
TITLES = {
    "labels": "The oracle's labels against the majority's",
    "evolving": "An evolving Proposer against a frozen one and against none",
    "roles": "One model against two against three",
    "curricula": "The default curriculum against others",
    "recipes": "The default recipe against every other",
}
MOST_CURVES = 6


def mean_curve(runs: Sequence[Run], key: str) -> Points:
    """A logged value by step, its mean over the runs that have it there."""
    series = [points_of(run.metrics(), lambda entry: entry.get(key)) for run in runs]
    found = []
    for points in zip(*series, strict=False):
        known = [value for _, value in points if not math.isnan(value)]
        found.append((points[0][0], sum(known) / len(known) if known else math.nan))
    return found


def write_page(path: Path, result: Mapping[str, Any], found: Mapping[str, Sequence[Run]]) -> Path:
    """The page of the comparisons: a table with intervals, and curves, each the mean over the seeds."""
    sections = []
    for name, own in COMPARISONS.items():
        there = [each.name for each in own if found.get(each.name)]
        charts = [
            chart(title, {label: mean_curve(found[label], key) for label in there[:MOST_CURVES]}, share=share)
            for title, (key, share) in CURVES.items()
        ]
        against = result["against_the_default"][name]
        sections.append({"title": TITLES[name], "names": there, "charts": charts, "against": against})
    page = template("evidence.html.j2", Path(__file__).parent / "pages").render(sections=sections, result=result)
    write_atomically(path, page.encode("utf-8", "replace"))
    return path


def main(
    out: Annotated[Path, typer.Option(help="Where the runs go.")] = Path("runs/evidence"),
    steps: Annotated[int, typer.Option(min=1, help="Of each run.")] = STEPS,
    only: Annotated[list[str] | None, typer.Option(help="A comparison; repeatable. All by default.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override an option in every run.")] = None,
    finished: Annotated[bool, typer.Option(help="Run nothing: write the results of what is finished.")] = False,
) -> None:
    """Run every condition that is not finished yet, two at a time, then write the results."""
    began = time.monotonic()
    alike = (*ALIKE, f"steps={steps}", *(settings or []))
    wanted = [each for each in conditions() if not only or any(each in COMPARISONS[name] for name in only)]
    if not finished:
        with ThreadPoolExecutor(2) as two:
            for job in [
                two.submit(evolve_run, folder_of(out, each, seed), each.recipe, seed, (*alike, *each.settings))
                for each in wanted
                for seed in SEEDS
            ]:
                job.result()
    found = {each.name: finished_runs(out, each) for each in wanted}
    result = figures(found) | {"steps": steps, "alike": list(alike), "wall_seconds": round(time.monotonic() - began)}
    path = write_results("evidence", "make bench-evidence", result)
    typer.echo(f"{path}\n{write_page(path.with_suffix('.html'), result, found)}")


if __name__ == "__main__":
    typer.run(main)
