"""Training runs for the endurance test: one undisturbed, one killed and resumed at random, and both come to the same.

While the second is at work another terminal tries to resume it, and has to be refused. Begin at `disturbed_run`.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...train.runs.checksums import file_digest

SETTINGS = (
    *("steps=16", "checkpoint_every=2", "rollout.num_briefings=2", "rollout.num_proposals=2", "rollout.num_programs=2"),
    *("rollout.num_answers=4", "rollout.items_per_step=6", "evaluation.heldout_items=24"),
    "evaluation.coding_briefings=4",
)
RUN_S = 1800.0
"""Wall clock after which a run is given up."""


def command(folder: Path, seed: int, resume: bool) -> list[str]:
    """Return the command that begins the run in `folder` with `seed`, or continues it where `resume`."""
    options = ["--resume", str(folder)] if resume else ["--out", str(folder)]
    if not resume:
        options += [part for setting in (*SETTINGS, f"seed={seed}") for part in ("--set", setting)]
    return [sys.executable, "-P", "-m", "zerosight.cli", "evolve", *options, "--threads", "1"]


def outcome_of_run(folder: Path) -> dict[str, Any]:
    """Return all that the run in `folder` came to, but for times: metrics, rollouts, evaluations, weights."""
    metrics = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    steps = [{key: value for key, value in entry.items() if not key.startswith("time/")} for entry in metrics]
    files = {
        f"{part}/{path.name}": path.read_text()
        for part in ("rollouts", "evaluations")
        for path in sorted((folder / part).iterdir())
    }
    newest_checkpoint = sorted((folder / "checkpoints").glob("step_*"))[-1]
    return {"steps": steps, "files": files, "weights": file_digest(newest_checkpoint / "model.safetensors")}


def undisturbed_run(folder: Path, seed: int) -> dict[str, Any]:
    """Run in `folder` with `seed` to the end; return what it came to.

    Raises:
        CalledProcessError: it fails.
    """
    subprocess.run(command(folder, seed, False), check=True, capture_output=True, timeout=RUN_S)
    return outcome_of_run(folder)


def descendants(pid: int) -> dict[int, str]:
    """Return the processes below `pid`, with their command lines."""
    below: dict[int, str] = {}
    pending = [pid]
    while pending:
        parent = pending.pop()
        for path in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                children = [int(child) for child in path.read_text().split()]
            except OSError:
                continue
            pending += children
            below.update({child: _command_line(child) for child in children})
    return below


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def part_of(command_line: str) -> str | None:
    """Name the part of the renderer that a process with this `command_line` is; None for no part."""
    for module, part in (("sandbox.reader", "reader"), ("sandbox.program", "program worker")):
        if module in command_line:
            return "bubblewrap" if command_line.split()[0].endswith("bwrap") else part
    return None


def kill_one(rng: random.Random, pids: dict[int, str], kills: Counter[str]) -> None:
    """Kill one of the processes `pids` that are parts of the renderer, drawn with `rng`, and count it in `kills`."""
    parts = [(pid, part) for pid, line in sorted(pids.items()) if (part := part_of(line)) and part != "bubblewrap"]
    if not parts:
        return
    pid, part = rng.choice(parts)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    kills[part] += 1


def disturbed_run(
    folder: Path, seed: int, rng: random.Random, kills: Counter[str], is_over: Callable[[], bool]
) -> dict[str, Any] | None:
    """Run in `folder` with `seed`, kill the trainer and its workers at random, resume until it is done.

    Args:
        folder: of the run.
        seed: of the run.
        rng: draws the moments.
        kills: counts of what was killed, and of second terminals that were refused or let in; added to.
        is_over: tells that the time is over; then the run is given up.

    Returns:
        What it came to; None where it was given up.
    """
    while not is_over():
        is_begun = (folder / "config.yaml").exists()
        process = subprocess.Popen(
            command(folder, seed, is_begun),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            ends_by_kill = _disturb(folder, seed, process, rng, kills, is_over)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if not ends_by_kill and process.returncode == 0:
            return outcome_of_run(folder)
        if not ends_by_kill and not is_over():
            kills["trainer failed by itself"] += 1
    return None


def _disturb(
    folder: Path,
    seed: int,
    process: subprocess.Popen[bytes],
    rng: random.Random,
    kills: Counter[str],
    is_over: Callable[[], bool],
) -> bool:
    """Disturb the trainer `process` until it ends; True where it was killed itself."""
    end_s = time.monotonic() + rng.uniform(20.0, 180.0)
    second: subprocess.Popen[str] | None = None
    is_answered = False
    try:
        while process.poll() is None and not is_over():
            time.sleep(rng.uniform(2.0, 12.0))
            if second is None and _is_locked(folder, process.pid):
                second = subprocess.Popen(
                    command(folder, seed, True), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
                )
            elif second is not None and not is_answered and second.poll() is not None:
                is_answered = True
                is_refused = "is being run by process" in " ".join(second.communicate()[1].split())
                # The first may have ended meanwhile, and then the second may go on.
                if is_refused or process.poll() is None:
                    kills["second terminal refused" if is_refused else "second terminal let in"] += 1
            # Not while the second terminal is about to ask: then it would go on, as it should.
            if time.monotonic() > end_s and is_answered and process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                kills["trainer"] += 1
                return True
            kill_one(rng, descendants(process.pid), kills)
        return False
    finally:
        if second is not None:
            second.kill()
            second.wait()


def _is_locked(folder: Path, pid: int) -> bool:
    """Tell whether the process `pid` runs in `folder`."""
    try:
        return f'"pid": {pid}' in (folder / "run.lock").read_text()
    except OSError:
        return False
