"""`kill -9` at any moment, then `--resume`: the same figures as a run that nobody touched."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SETTINGS = (
    "steps=4", "checkpoint_every=2", "seed=5", "rollout.num_briefings=2", "rollout.num_proposals=2",
    "rollout.num_programs=2", "rollout.num_answers=4", "rollout.items_per_step=6", "evaluation.heldout_items=24",
    "evaluation.coding_briefings=4",
)  # fmt: skip


def command(folder: Path, resume: bool) -> list[str]:
    options = ["--resume", str(folder)] if resume else ["--out", str(folder)]
    if not resume:
        options += [part for setting in SETTINGS for part in ("--set", setting)]
    return [sys.executable, "-m", "zerosight.cli", "evolve", *options, "--threads", "1"]


def run(folder: Path, resume: bool = False) -> None:
    subprocess.run(command(folder, resume), check=True, capture_output=True, timeout=240)


def killed_when(folder: Path, resume: bool, reached: Callable[[], bool]) -> None:
    """Start or resume a run and kill the whole session of processes once `reached` holds."""
    process = subprocess.Popen(
        command(folder, resume), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 200
    while not reached():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def outcome(folder: Path) -> tuple[Any, ...]:
    """All that a run came to, but for times."""
    metrics = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    steps = [{key: value for key, value in entry.items() if not key.startswith("time/")} for entry in metrics]
    rollouts = {path.name: path.read_text() for path in sorted((folder / "rollouts").iterdir())}
    evaluations = {path.name: path.read_text() for path in sorted((folder / "evaluations").iterdir())}
    weights = sorted((folder / "checkpoints").iterdir())[-1] / "model.safetensors"
    return steps, rollouts, evaluations, weights.read_bytes()


def logged(folder: Path) -> int:
    path = folder / "metrics.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.mark.slow
def test_a_run_killed_in_every_phase_ends_like_one_that_was_not(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    run(whole)
    killed_when(killed, False, lambda: (killed / "config.yaml").exists())
    killed_when(killed, True, lambda: (killed / "evaluations" / "start.json").exists())
    killed_when(killed, True, lambda: logged(killed) == 1)
    killed_when(killed, True, lambda: logged(killed) == 3)
    killed_when(killed, True, lambda: (killed / "checkpoints" / "step_000004").exists())
    run(killed, resume=True)
    assert outcome(killed) == outcome(whole)
    assert (killed / "report.html").exists()
    leftovers = [path for path in killed.rglob(".*") if path.name.endswith(".part")]
    assert leftovers == []


@pytest.mark.slow
def test_a_finished_run_resumes_to_itself(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run(folder)
    before = outcome(folder)
    run(folder, resume=True)
    assert outcome(folder) == before
