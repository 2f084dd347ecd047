"""`make bench-learning`: does a run learn to see? Three seeds of the default recipe, and two controls.

Controls, from the same seed model on the same held-out items: the Solver's rewards shuffled within each step's batch
(same steps), and the warm-up simply continued for as long as the first run trained. All conditions run with one
torch thread, two at a time, and write `benchmarks/results/learning.json`.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from ...render.drawing import Pools
from ...train.heldout import NEW, evaluate, evaluate_writing, heldout_suite
from ...train.loop import Evolution
from ...train.models.policy import Policy
from ...train.recipes import recipe_config
from ...train.rollouts import drawn_by
from ...train.runs.store import Run
from ...train.seed.make import SeedRecipe, continue_warmup
from ...train.session import taught_forms
from .results_file import write_results

SEEDS = (0, 1, 2)
PAGE_SEED = 7
"""Of the continued warm-up's pages: none that the seed has seen."""


def evolve_run(folder: Path, recipe: str, seed: int, run_settings: Sequence[str]) -> Run:
    """Run `recipe` in a process of its own and return the run; it continues where an earlier call was stopped.

    Args:
        folder: the run directory.
        recipe: the recipe's name.
        seed: of the run.
        run_settings: overridden options, `a.b=c`.
    """
    options = ["--resume", str(folder)] if (folder / "config.yaml").exists() else ["--out", str(folder), recipe]
    if "--out" in options:
        for setting in (f"seed={seed}", *run_settings):
            options += ["--set", setting]
    command = [sys.executable, "-m", "zerosight.cli", "evolve", *options, "--threads", "1"]
    log = folder.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=True)
    return Run.open(folder)


def _supervised(folder: Path, seconds: float, settings: Sequence[str]) -> None:
    """Continue the warm-up for so many `seconds` and measure it like a run, in a process of its own."""
    if (folder / "evaluations" / "end.json").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "zerosight.benchmarks.own.learning",
        "--supervised",
        str(folder),
        "--seconds",
        str(seconds),
    ]
    for setting in settings:
        command += ["--set", setting]
    subprocess.run(command, check=True)


def _supervised_here(folder: Path, seconds: float, settings: Sequence[str]) -> None:
    from ...train.config import override

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    config = override(recipe_config("zerosight"), settings)
    run = Run.create(folder, config)
    with Pools() as pools:
        evolution = Evolution(run, drawn_by(pools))
        policy: Policy = evolution.policy
        pages = continue_warmup(policy.model, policy.processor, SeedRecipe(seed=PAGE_SEED), seconds)
        suite = heldout_suite(config.envs, config.evaluation.heldout_items)
        result = evaluate(policy, suite, taught_forms(config.model))
        result["writing"] = evaluate_writing(policy, config.envs, config.evaluation.coding_briefings, drawn_by(pools))
        result["pages"] = pages
    run.keep_evaluation("end", result)


def _training_seconds(run: Run) -> float:
    return sum(entry["time/rollout"] + entry["time/learn"] for entry in run.metrics())


def _points(start: Mapping[str, Any], end: Mapping[str, Any], metric_name: str = "accuracy") -> float:
    return round(100 * (end[metric_name] - start[metric_name]), 2)


def _seeing(summary: Mapping[str, Any]) -> float:
    return float(summary["accuracy"] - summary["blind"])


def figures(runs: Sequence[Run], shuffled_run: Run, supervised_evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Return the benchmark's figures.

    Args:
        runs: of the default recipe.
        shuffled_run: the control whose rewards are shuffled.
        supervised_evaluation: of the control that continued the warm-up.
    """
    start_evaluations, end_evaluations = ([run.evaluation(name) or {} for run in runs] for name in ("start", "end"))
    overall_pairs = [
        (start["overall"], end["overall"]) for start, end in zip(start_evaluations, end_evaluations, strict=True)
    ]
    shuffled_end = shuffled_run.evaluation("end") or {}
    first_start = start_evaluations[0]
    return {
        "gain_points": [_points(start, end) for start, end in overall_pairs],
        "sighted_minus_blind_gain": [round(100 * (_seeing(end) - _seeing(start)), 2) for start, end in overall_pairs],
        "intervals_apart": [end["low"] > start["high"] for start, end in overall_pairs],
        "gain_points_new_forms": [
            _points(s["kinds"][NEW], e["kinds"][NEW]) for s, e in zip(start_evaluations, end_evaluations, strict=True)
        ],
        "start": first_start["overall"],
        "end": [end for _, end in overall_pairs],
        "blind": {"start": first_start["overall"]["blind"], "end": [end["blind"] for _, end in overall_pairs]},
        "tasks": {
            name: {"start": row, "end": [end["tasks"][name] for end in end_evaluations]}
            for name, row in first_start["tasks"].items()
        },
        "kinds": {
            name: {"start": row, "end": [end["kinds"][name] for end in end_evaluations]}
            for name, row in first_start["kinds"].items()
        },
        "writing": {"start": first_start["writing"], "end": [end["writing"] for end in end_evaluations]},
        "control_shuffled_gain": _points(first_start["overall"], shuffled_end["overall"]),
        "control_shuffled_end": shuffled_end["overall"],
        "control_supervised_gain": _points(first_start["overall"], supervised_evaluation["overall"]),
        "control_supervised_end": supervised_evaluation["overall"],
        "control_supervised_new_forms": supervised_evaluation["kinds"][NEW],
        "control_supervised_pages": supervised_evaluation["pages"],
        "items": first_start["overall"]["items"],
        "training_seconds": [round(_training_seconds(run)) for run in runs],
        "half_known_forms_at_start": half_known(first_start),
    }


def half_known(evaluation: Mapping[str, Any]) -> list[str]:
    """Return forms clearly above blind (interval's lower end over the blind score) and clearly below full (under 0.85)
    in `evaluation`.
    """
    return [name for name, row in evaluation["tasks"].items() if row["low"] > row["blind"] and row["accuracy"] < 0.85]


def main(
    out: Annotated[Path, typer.Option(help="Where the runs go.")] = Path("runs/learning"),
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override an option in every run.")] = None,
    supervised: Annotated[Path | None, typer.Option(hidden=True)] = None,
    seconds: Annotated[float, typer.Option(hidden=True)] = 0.0,
) -> None:
    """Run every condition that is not finished yet, then write the results."""
    run_settings = settings or []
    if supervised is not None:
        _supervised_here(supervised, seconds, run_settings)
        return
    began_at = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(evolve_run, out / f"zerosight-{seed}", "zerosight", seed, run_settings) for seed in SEEDS]
        control_job = pool.submit(evolve_run, out / "shuffled-0", "shuffled", 0, run_settings)
        # The first run is done long before a thread is free for this, and gives the time to train for.
        supervised_job = pool.submit(
            lambda: _supervised(out / "supervised", _training_seconds(jobs[0].result()), run_settings)
        )
        runs, shuffled_run = [job.result() for job in jobs], control_job.result()
        supervised_job.result()
    measured_figures = figures(runs, shuffled_run, Run.open(out / "supervised").evaluation("end") or {})
    path = write_results(
        "learning", "make bench-learning", measured_figures | {"wall_seconds": round(time.monotonic() - began_at)}
    )
    typer.echo(
        f"{path}\ngain {measured_figures['gain_points']} points, seeing {measured_figures['sighted_minus_blind_gain']}"
    )


if __name__ == "__main__":
    typer.run(main)
