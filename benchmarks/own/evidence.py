"""`make bench-evidence`: what oracles, evolving, curricula, roles and recipes are worth, at equal compute.

Every condition runs the embedded model on the same world for the same steps, with as many questions of as many answers
in each, from three seeds, and is measured on the same held-out items. Five comparisons: (a) the oracle's labels against
the majority's; (b) evolving against a frozen Proposer and against items that no model made; (c) curricula against
uniform; (d) three models against two against one; (e) every recipe against the default. What a finished run comes to is
kept in `benchmarks/results/evidence/`, a file for each, and not run again: a call that was stopped goes on, on another
machine too. Delete a file to have its run made anew.
"""

import json
import math
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ...train.diagnostics import forgetting
from ...train.runs.charts import Points, chart
from ...train.runs.store import Run, write_atomically
from ...train.runs.templates import template
from .learning import evolve_run
from .results_file import RESULTS, write_results

SEEDS = (0, 1, 2)
STEPS = 60
ALIKE = (
    "envs=[shapes/Canvas-v1]",
    "rollout.items_per_step=64",
    "rollout.num_answers=16",
    "evaluation.heldout_items=600",
    "evaluation.coding_briefings=0",
)
"""What is the same in all conditions."""
KEPT_IN = RESULTS / "evidence"
"""The records of finished runs."""
PAGE = Path(__file__).parents[2] / "docs" / "evidence.md"
"""The page whose tables are written from the results."""
DRAWS = 2000
"""Resamplings of the bootstrap."""


@dataclass(frozen=True)
class Condition:
    """A recipe with what is set beside it."""

    name: str
    recipe: str = "zerosight"
    settings: tuple[str, ...] = ()


BASE = Condition("zerosight")
BLIND_PROPOSER = "rollout.proposer_sees_scene=false"
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


Record = Mapping[str, Any]
"""What is kept of a finished run."""
KEPT = ("step", "solve_rate", "label/error", "hacking/paid_wrong", "collapse/queries")
"""What of each step."""


def record_of(run: Run, alike: Sequence[str]) -> dict[str, Any] | None:
    """What is kept of a run; None of one that has not been measured at its end."""
    evaluations = {name: run.evaluation(name) for name in ("start", "end")}
    if evaluations["end"] is None:
        return None
    metrics = run.metrics()
    lost = forgetting(metrics)
    return {
        "alike": list(alike),
        "seconds": round(sum(entry["time/rollout"] + entry["time/learn"] for entry in metrics)),
        "answers": sum(entry["items"] for entry in metrics) * run.config.rollout.num_answers,
        "forgotten": round(sum(lost.values()) / len(lost), 4),
        **{name: _measured(found or {}) for name, found in evaluations.items()},
        "steps": [[entry.get(name) for name in KEPT] for entry in metrics],
    }


def _measured(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    overall = evaluation["overall"]
    right = "".join("01"[row["right"]] for row in evaluation["answers"])
    return {"accuracy": overall["accuracy"], "blind": overall["blind"], "right": right}


def records(kept: Path, condition: Condition, alike: Sequence[str]) -> list[Record]:
    """What is kept of a condition's runs with these settings, by seed."""
    paths = [record_path(kept, condition, seed) for seed in SEEDS]
    found = [json.loads(path.read_text()) for path in paths if path.is_file()]
    return [record for record in found if record["alike"] == list(alike)]


def record_path(kept: Path, condition: Condition, seed: int) -> Path:
    """Where a run's record is."""
    return kept / f"{folder_of(Path(), condition, seed).name}.json"


def keep(kept: Path, out: Path, condition: Condition, seed: int, alike: Sequence[str]) -> bool:
    """Make the record of a run whose folder is there and finished; whether there is one now."""
    path, folder = record_path(kept, condition, seed), folder_of(out, condition, seed)
    if path.is_file() and json.loads(path.read_text())["alike"] == list(alike):
        return True
    if not (folder / "config.yaml").is_file() or (record := record_of(Run.open(folder), alike)) is None:
        return False
    lines = json.dumps(record).replace("], [", "],\n[").replace('"steps": [[', '"steps": [\n[')
    write_atomically(path, f"{lines}\n".encode())
    return True


def column(record: Record, name: str) -> list[Any]:
    """A figure of each step."""
    return [row[KEPT.index(name)] for row in record["steps"]]


def accuracy(found: Sequence[Record], key: str = "end") -> np.ndarray:
    """[seeds, items] of whether each held-out item was answered rightly."""
    return np.array([[digit == "1" for digit in record[key]["right"]] for record in found], dtype=float)


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


def summary(found: Sequence[Record]) -> dict[str, Any]:
    """What a condition came to over its seeds."""
    errors = [column(record, "label/error") for record in found]
    return {
        "seeds": len(found),
        "gain_points": [round(100 * (r["end"]["accuracy"] - r["start"]["accuracy"]), 2) for r in found],
        "start": found[0]["start"]["accuracy"],
        "end": [record["end"]["accuracy"] for record in found],
        "blind": [record["end"]["blind"] for record in found],
        "gain": paired(accuracy(found, "start"), accuracy(found)),
        "label_error": [mean_of(each) for each in errors],
        "label_error_first_and_last": [_ends(each) for each in errors],
        "paid_though_wrong": [mean_of(column(record, "hacking/paid_wrong")) for record in found],
        "query_entropy_first_and_last": [_ends(column(record, "collapse/queries")) for record in found],
        **{name: [record[name] for record in found] for name in ("forgotten", "answers", "seconds")},
    }


def mean_of(values: Sequence[float | None]) -> float | None:
    """The mean of a logged value over the steps that have it."""
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known else None


def _ends(values: Sequence[float | None]) -> list[float | None]:
    """Over the first and the last tenth of the steps."""
    tenth = max(1, len(values) // 10)
    return [mean_of(part) for part in (values[:tenth], values[-tenth:])]


def figures(found: Mapping[str, Sequence[Record]]) -> dict[str, Any]:
    """The figures of the benchmark, of the conditions that are finished."""
    compared = {}
    for name, own in COMPARISONS.items():
        others = [each for each in own[1:] if found.get(each.name) and found.get(own[0].name)]
        base = found.get(own[0].name)
        compared[name] = {e.name: paired(accuracy(base), accuracy(found[e.name])) for e in others} if base else {}
    return {
        "conditions": {name: summary(records) for name, records in found.items() if records},
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


def mean_curve(found: Sequence[Record], key: str) -> Points:
    """A logged value by step, its mean over the runs that have it there."""
    curve = []
    for step, *values in zip(column(found[0], "step"), *(column(record, key) for record in found), strict=False):
        known = mean_of(values)
        curve.append((float(step), math.nan if known is None else known))
    return curve


def write_page(path: Path, result: Mapping[str, Any], found: Mapping[str, Sequence[Record]]) -> Path:
    """The page of the comparisons: a table with intervals, and curves, each the mean over the seeds."""
    sections = []
    for name, own in COMPARISONS.items():
        there = [each.name for each in own if found.get(each.name)]
        charts = [
            chart(title, {label: mean_curve(found[label], key) for label in there[:MOST_CURVES]}, is_share=share)
            for title, (key, share) in CURVES.items()
        ]
        against = result["against_the_default"][name]
        sections.append({"title": TITLES[name], "names": there, "charts": charts, "against": against})
    page = template("evidence.html.j2", Path(__file__).parent.parent / "pages").render(sections=sections, result=result)
    write_atomically(path, page.encode("utf-8", "replace"))
    return path


TABLE = ("condition", "gain by seed, points", "against the default (95 %)", "wrong labels", "forgotten", "answers")
MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(result: Mapping[str, Any], name: str) -> str:
    """A comparison as a Markdown table."""
    rows = [TABLE, ("---",) * len(TABLE)]
    for each in COMPARISONS[name]:
        if (own := result["conditions"].get(each.name)) is None:
            continue
        away = result["against_the_default"][name].get(each.name)
        rows.append(
            (
                each.name,
                ", ".join(f"{points:+.1f}" for points in own["gain_points"]),
                f"{away['points']:+.1f} ({away['low']:+.1f} to {away['high']:+.1f})" if away else "–",
                ", ".join(percents(own["label_error"])),
                ", ".join(percents(own["forgotten"])),
                f"{own['answers'][0]:,}",
            )
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def percents(shares: Sequence[float | None]) -> list[str]:
    """Shares in whole per cent."""
    return ["–" if share is None else f"{100 * share:.0f} %" for share in shares]


def with_tables(text: str, result: Mapping[str, Any]) -> str:
    """A page with its tables, each between its marks, made anew."""
    return MARK.sub(lambda found: found[1] + table(result, found[2]) + found[3], text)


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

    def make(condition: Condition, seed: int) -> None:
        if not keep(KEPT_IN, out, condition, seed, alike) and not finished:
            evolve_run(folder_of(out, condition, seed), condition.recipe, seed, (*alike, *condition.settings))
            keep(KEPT_IN, out, condition, seed, alike)

    with ThreadPoolExecutor(2) as two:
        for job in [two.submit(make, each, seed) for each in wanted for seed in SEEDS]:
            job.result()
    found = {each.name: records(KEPT_IN, each, alike) for each in wanted}
    result = figures(found) | {"steps": steps, "alike": list(alike), "wall_seconds": round(time.monotonic() - began)}
    path = write_results("evidence", "make bench-evidence", result)
    write_atomically(PAGE, with_tables(PAGE.read_text(), result).encode())
    typer.echo(f"{path}\n{write_page(path.with_suffix('.html'), result, found)}")


if __name__ == "__main__":
    typer.run(main)
