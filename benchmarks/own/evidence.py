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
    """Return each condition once, in the order of the comparisons."""
    return list(
        {
            condition.name: condition
            for compared_conditions in COMPARISONS.values()
            for condition in compared_conditions
        }.values()
    )


def folder_of(out: Path, condition: Condition, seed: int) -> Path:
    """Return the folder, in `out`, of the run of a `condition` under a `seed`."""
    return out / f"{condition.name.replace(', ', '-').replace(' ', '-')}-{seed}"


Record = Mapping[str, Any]
"""What is kept of a finished run."""
KEPT = ("step", "solve_rate", "label/error", "hacking/rewarded_incorrect", "collapse/query_entropy")
"""What of each step."""


def record_of(run: Run, shared_settings: Sequence[str]) -> dict[str, Any] | None:
    """Return the record of `run` made under `shared_settings`; None of one that has not been measured at its end."""
    evaluations = {name: run.evaluation(name) for name in ("start", "end")}
    if evaluations["end"] is None:
        return None
    metrics = run.metrics()
    forgetting_by_form = forgetting(metrics)
    return {
        "alike": list(shared_settings),
        "seconds": round(sum(entry["time/rollout"] + entry["time/learn"] for entry in metrics)),
        "answers": sum(entry["items"] for entry in metrics) * run.config.rollout.num_answers,
        "forgotten": round(sum(forgetting_by_form.values()) / len(forgetting_by_form), 4),
        **{name: _measured(evaluation or {}) for name, evaluation in evaluations.items()},
        "steps": [[entry.get(name) for name in KEPT] for entry in metrics],
    }


def _measured(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    overall = evaluation["overall"]
    right = "".join("01"[row["right"]] for row in evaluation["answers"])
    return {"accuracy": overall["accuracy"], "blind": overall["blind"], "right": right}


def records(record_folder: Path, condition: Condition, shared_settings: Sequence[str]) -> list[Record]:
    """Return the records of the runs of `condition` under `shared_settings`, by seed, that are in `record_folder`."""
    record_paths = [record_path(record_folder, condition, seed) for seed in SEEDS]
    seed_records = [json.loads(path.read_text()) for path in record_paths if path.is_file()]
    return [record for record in seed_records if record["alike"] == list(shared_settings)]


def record_path(record_folder: Path, condition: Condition, seed: int) -> Path:
    """Return the file in `record_folder` of the record of the run of `condition` under `seed`."""
    return record_folder / f"{folder_of(Path(), condition, seed).name}.json"


def keep(
    record_folder: Path, run_folders: Path, condition: Condition, seed: int, shared_settings: Sequence[str]
) -> bool:
    """Write the record of a run that is finished; return whether there is one now.

    Args:
        record_folder: where records are.
        run_folders: where runs are.
        condition: of the run.
        seed: of the run.
        shared_settings: that all conditions have; a record of others does not count.
    """
    path, folder = record_path(record_folder, condition, seed), folder_of(run_folders, condition, seed)
    if path.is_file() and json.loads(path.read_text())["alike"] == list(shared_settings):
        return True
    if not (folder / "config.yaml").is_file() or (record := record_of(Run.open(folder), shared_settings)) is None:
        return False
    record_lines = json.dumps(record).replace("], [", "],\n[").replace('"steps": [[', '"steps": [\n[')
    write_atomically(path, f"{record_lines}\n".encode())
    return True


def column(record: Record, name: str) -> list[Any]:
    """Return the logged value `name` of each step of `record`."""
    return [row[KEPT.index(name)] for row in record["steps"]]


def accuracy(seed_records: Sequence[Record], evaluation_name: str = "end") -> np.ndarray:
    """Return [seeds, items]: 1 where a held-out item was answered rightly in the evaluation of this name, else 0."""
    return np.array(
        [[digit == "1" for digit in record[evaluation_name]["right"]] for record in seed_records], dtype=float
    )


def paired(base_answers: np.ndarray, other_answers: np.ndarray, resample_count: int = DRAWS) -> dict[str, float]:
    """Return the accuracy of `other_answers` less that of `base_answers`, points, with a 95 % interval.

    By bootstrap over seeds and items: items are resampled together for both, seeds for each on its own (Efron and
    Tibshirani 1993, chapter 13: percentile intervals).

    Args:
        base_answers: [seeds, items], 1 where right.
        other_answers: [seeds, items], of the same items.
        resample_count: resamplings.
    """
    random = np.random.default_rng(0)
    resampled_points = []
    for _ in range(resample_count):
        items = random.integers(0, base_answers.shape[1], base_answers.shape[1])
        resampled_means = [
            answers[random.integers(0, len(answers), len(answers))][:, items].mean()
            for answers in (base_answers, other_answers)
        ]
        resampled_points.append(100 * (resampled_means[1] - resampled_means[0]))
    low, high = np.percentile(resampled_points, [2.5, 97.5])
    points = 100 * (other_answers.mean() - base_answers.mean())
    return {"points": round(points, 2), "low": round(low, 2), "high": round(high, 2)}


def summary(seed_records: Sequence[Record]) -> dict[str, Any]:
    """Return the figures of a condition from the records of its seeds, `seed_records`."""
    label_errors = [column(record, "label/error") for record in seed_records]
    return {
        "seeds": len(seed_records),
        "gain_points": [round(100 * (r["end"]["accuracy"] - r["start"]["accuracy"]), 2) for r in seed_records],
        "start": seed_records[0]["start"]["accuracy"],
        "end": [record["end"]["accuracy"] for record in seed_records],
        "blind": [record["end"]["blind"] for record in seed_records],
        "gain": paired(accuracy(seed_records, "start"), accuracy(seed_records)),
        "label_error": [mean_of(step_errors) for step_errors in label_errors],
        "label_error_first_and_last": [_ends(step_errors) for step_errors in label_errors],
        "paid_though_wrong": [mean_of(column(record, "hacking/rewarded_incorrect")) for record in seed_records],
        "query_entropy_first_and_last": [_ends(column(record, "collapse/query_entropy")) for record in seed_records],
        **{name: [record[name] for record in seed_records] for name in ("forgotten", "answers", "seconds")},
    }


def mean_of(step_values: Sequence[float | None]) -> float | None:
    """Return the mean of `step_values` over the steps that have one."""
    logged_values = [value for value in step_values if value is not None]
    return round(sum(logged_values) / len(logged_values), 4) if logged_values else None


def _ends(step_values: Sequence[float | None]) -> list[float | None]:
    """Return the means of `step_values` over the first and the last tenth of the steps."""
    tenth = max(1, len(step_values) // 10)
    return [mean_of(step_range) for step_range in (step_values[:tenth], step_values[-tenth:])]


def figures(records_by_condition: Mapping[str, Sequence[Record]]) -> dict[str, Any]:
    """Return the benchmark's figures of the conditions in `records_by_condition` that are finished."""
    differences = {}
    for name, compared_conditions in COMPARISONS.items():
        other_conditions = [
            condition
            for condition in compared_conditions[1:]
            if records_by_condition.get(condition.name) and records_by_condition.get(compared_conditions[0].name)
        ]
        base_records = records_by_condition.get(compared_conditions[0].name)
        differences[name] = (
            {
                condition.name: paired(accuracy(base_records), accuracy(records_by_condition[condition.name]))
                for condition in other_conditions
            }
            if base_records
            else {}
        )
    return {
        "conditions": {name: summary(records) for name, records in records_by_condition.items() if records},
        "against_the_default": differences,
    }


CURVES = {
    "right answers while training": ("solve_rate", True),
    "wrong labels": ("label/error", True),
    "paid though wrong": ("hacking/rewarded_incorrect", True),
    "entropy of the questions' structures, nats": ("collapse/query_entropy", False),
}
TITLES = {
    "labels": "The oracle's labels against the majority's",
    "evolving": "An evolving Proposer against a frozen one and against none",
    "roles": "One model against two against three",
    "curricula": "The default curriculum against others",
    "recipes": "The default recipe against every other",
}
MOST_CURVES = 6


def mean_curve(seed_records: Sequence[Record], key: str) -> Points:
    """Return the logged value `key` by step, its mean over the `seed_records` that have it there."""
    curve = []
    for step, *values in zip(
        column(seed_records[0], "step"), *(column(record, key) for record in seed_records), strict=False
    ):
        mean_value = mean_of(values)
        curve.append((float(step), math.nan if mean_value is None else mean_value))
    return curve


def write_page(path: Path, result: Mapping[str, Any], records_by_condition: Mapping[str, Sequence[Record]]) -> Path:
    """Write the page of the comparisons to `path`: a table with intervals, and curves, each the mean over the seeds."""
    sections = []
    for name, compared_conditions in COMPARISONS.items():
        finished_names = [
            condition.name for condition in compared_conditions if records_by_condition.get(condition.name)
        ]
        charts = [
            chart(
                title,
                {label: mean_curve(records_by_condition[label], key) for label in finished_names[:MOST_CURVES]},
                is_share=is_share,
            )
            for title, (key, is_share) in CURVES.items()
        ]
        against = result["against_the_default"][name]
        sections.append({"title": TITLES[name], "names": finished_names, "charts": charts, "against": against})
    page = template("evidence.html.j2", Path(__file__).parent.parent / "pages").render(sections=sections, result=result)
    write_atomically(path, page.encode("utf-8", "replace"))
    return path


TABLE = ("condition", "gain by seed, points", "against the default (95 %)", "wrong labels", "forgotten", "answers")
MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(result: Mapping[str, Any], name: str) -> str:
    """Return the comparison `name` of `result` as a Markdown table."""
    rows = [TABLE, ("---",) * len(TABLE)]
    for condition in COMPARISONS[name]:
        if (condition_figures := result["conditions"].get(condition.name)) is None:
            continue
        difference = result["against_the_default"][name].get(condition.name)
        rows.append(
            (
                condition.name,
                ", ".join(f"{points:+.1f}" for points in condition_figures["gain_points"]),
                f"{difference['points']:+.1f} ({difference['low']:+.1f} to {difference['high']:+.1f})"
                if difference
                else "–",
                ", ".join(percents(condition_figures["label_error"])),
                ", ".join(percents(condition_figures["forgotten"])),
                f"{condition_figures['answers'][0]:,}",
            )
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def percents(shares: Sequence[float | None]) -> list[str]:
    """Return `shares` in whole per cent."""
    return ["–" if share is None else f"{100 * share:.0f} %" for share in shares]


def with_tables(text: str, result: Mapping[str, Any]) -> str:
    """Return a page's `text` with its tables, each between its marks, made anew from `result`."""
    return MARK.sub(lambda match: match[1] + table(result, match[2]) + match[3], text)


def main(
    out: Annotated[Path, typer.Option(help="Where the runs go.")] = Path("runs/evidence"),
    steps: Annotated[int, typer.Option(min=1, help="Of each run.")] = STEPS,
    only: Annotated[list[str] | None, typer.Option(help="A comparison; repeatable. All by default.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override an option in every run.")] = None,
    finished: Annotated[bool, typer.Option(help="Run nothing: write the results of what is finished.")] = False,
) -> None:
    """Run every condition that is not finished yet, two at a time, then write the results."""
    began = time.monotonic()
    shared_settings = (*ALIKE, f"steps={steps}", *(settings or []))
    chosen_conditions = [each for each in conditions() if not only or any(each in COMPARISONS[name] for name in only)]

    def make(condition: Condition, seed: int) -> None:
        if not keep(KEPT_IN, out, condition, seed, shared_settings) and not finished:
            evolve_run(folder_of(out, condition, seed), condition.recipe, seed, (*shared_settings, *condition.settings))
            keep(KEPT_IN, out, condition, seed, shared_settings)

    with ThreadPoolExecutor(2) as pool:
        for job in [pool.submit(make, each, seed) for each in chosen_conditions for seed in SEEDS]:
            job.result()
    records_by_condition = {each.name: records(KEPT_IN, each, shared_settings) for each in chosen_conditions}
    result = figures(records_by_condition) | {
        "steps": steps,
        "alike": list(shared_settings),
        "wall_seconds": round(time.monotonic() - began),
    }
    path = write_results("evidence", "make bench-evidence", result)
    write_atomically(PAGE, with_tables(PAGE.read_text(), result).encode())
    typer.echo(f"{path}\n{write_page(path.with_suffix('.html'), result, records_by_condition)}")


if __name__ == "__main__":
    typer.run(main)
