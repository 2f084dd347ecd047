"""`make test-soak`: half an hour of everything that goes wrong in a week, with figures that have to be exact.

Three things at once, in threads:

- programs of all kinds, a tenth of them hostile, in batches to pools of workers that are killed at random. Each outcome
  has to be the one that the same program has in pools that nobody disturbs, so that the tallies are exact;
- training runs that are killed (trainer, program workers, readers) and resumed at random, while a second terminal
  tries to resume them too; each has to come to what an undisturbed run of its seed comes to, byte for byte;
- requests to a server that fails in every known way (`soak_server.py`).

Memory and open files of this process have to stay as they are. `benchmarks/results/soak.json` has all counts; whatever
is not as it should be is under `problems`, and ends the command with 1.
"""

import hashlib
import os
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from ...render import InfrastructureError, Rejected, RenderPool
from ...render.chart.pool import FigurePool
from ...render.edit import EditPool
from ...render.raster import Picture
from .results_file import write_results
from .soak_programs import HOSTILE, VARIANTS, SoakProgram, drawn_program, harmless
from .soak_runs import descendants, disturbed_run, kill_one, undisturbed_run
from .soak_server import LASTING, PASSING, FaultyServer, outcome_of_request

SIZE = 32
"""Pixels of a picture's side."""
BATCH = 60
HOSTILE_SHARE = 0.1
KILL_EVERY_S = 12.0
WALL_S, CPU_S = 4.0, 1.5
MAX_GROWTH_MB = 40.0
MAX_ASKS = 4
"""Times that a program is asked for whose outcome is a failure of the infrastructure."""


class SoakPools:
    """Pools of every kind, one worker each; a context manager."""

    def __init__(self) -> None:
        from ...render.solid.pool import SolidPool

        self._pools: dict[str, Any] = {
            "svg": RenderPool(timeout_s=WALL_S, cpu_s=CPU_S),
            "edit": EditPool(wall_s=WALL_S, cpu_s=CPU_S),
            "chart": FigurePool(wall_s=WALL_S, cpu_s=CPU_S),
            "solid": SolidPool(wall_s=WALL_S, cpu_s=CPU_S),
        }

    def __enter__(self) -> "SoakPools":
        """Return the pools; their workers start with the first programs."""
        return self

    def __exit__(self, *exception: object) -> None:
        """End all workers, whatever the `exception`."""
        for pool in self._pools.values():
            pool.close()

    def outcomes(self, programs: Sequence[SoakProgram]) -> list[Any]:
        """Return the outcome of each of `programs`, in order."""
        outcomes: dict[int, Any] = {}
        for kind, pool in self._pools.items():
            numbers = [number for number, program in enumerate(programs) if program.kind == kind]
            texts = [programs[number].text for number in numbers]
            if not numbers:
                continue
            if kind == "edit":
                kind_outcomes = pool.run([programs[number].edit() for number in numbers])
            else:
                kind_outcomes = pool.render(texts, SIZE) if kind == "svg" else pool.run(texts, SIZE)
            outcomes.update(zip(numbers, kind_outcomes, strict=True))
        return [outcomes[number] for number in range(len(programs))]


def outcome_key(outcome: Any) -> str:
    """Return what has to be the same whenever a program is drawn: a digest of scene and pictures, or the rejection."""
    if isinstance(outcome, Rejected):
        return f"rejected {outcome.code}"
    if isinstance(outcome, InfrastructureError):
        return "infrastructure"
    if isinstance(outcome, Picture):
        pictures, scene_digest = (outcome,), ""
    else:
        pictures = outcome.pictures if hasattr(outcome, "pictures") else (outcome.picture,)
        scene_digest = outcome.scene.digest
    digest = hashlib.sha256(scene_digest.encode())
    for picture in pictures:
        digest.update(repr(picture.array.shape).encode() + picture.array.tobytes())
    return f"drawn {digest.hexdigest()[:16]}"


@dataclass
class SoakTally:
    """Counts of everything, from all threads."""

    minutes: float
    kills: Counter[str] = field(default_factory=Counter)
    programs: Counter[str] = field(default_factory=Counter)
    """Outcomes by kind, as in `chart: drawn`."""
    infrastructure_failures: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    run_kills: Counter[str] = field(default_factory=Counter)
    usage: list[tuple[float, float, int, int]] = field(default_factory=list)
    """Minutes, MB, open files and processes of this process."""
    problems: list[str] = field(default_factory=list)
    start_s: float = field(default_factory=time.monotonic)

    def is_over(self) -> bool:
        """Tell whether the time is over."""
        return time.monotonic() > self.start_s + 60 * self.minutes

    def figures(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        quarter = max(1, len(self.usage) // 4)
        first, last = self.usage[quarter : 2 * quarter] or self.usage, self.usage[-quarter:]
        return {
            "minutes": round((time.monotonic() - self.start_s) / 60, 1),
            "programs": sum(self.programs.values()),
            "outcomes": dict(sorted(self.programs.items())),
            "asked_again_after_infrastructure_failures": self.infrastructure_failures,
            "kills": dict(self.kills),
            "training_runs": dict(self.runs),
            "training_kills": dict(self.run_kills),
            "requests": dict(self.requests),
            "memory_mb": {"second_quarter": _middle(first, 1), "last_quarter": _middle(last, 1)},
            "open_files": {"second_quarter": _middle(first, 2), "last_quarter": _middle(last, 2)},
            "processes": {"second_quarter": _middle(first, 3), "last_quarter": _middle(last, 3)},
            "problems": self.problems,
        }


def _middle(usage: Sequence[tuple[float, float, int, int]], column: int) -> float:
    values = sorted(row[column] for row in usage)
    return round(values[len(values) // 2], 1) if values else 0.0


def _note_usage(tally: SoakTally) -> None:
    resident_pages = int(Path("/proc/self/statm").read_text().split()[1])
    tally.usage.append(
        (
            (time.monotonic() - tally.start_s) / 60,
            resident_pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
            len(os.listdir("/proc/self/fd")),
            len(descendants(os.getpid())),
        )
    )


def expected_outcomes() -> dict[tuple[str, str], str]:
    """Draw every program once, in pools that nobody disturbs; return the outcome by kind and name."""
    programs = [harmless(kind, number) for kind, count in VARIANTS.items() for number in range(count)]
    programs += HOSTILE
    with SoakPools() as pools:
        return {
            (program.kind, program.name): outcome_key(outcome)
            for program, outcome in zip(programs, pools.outcomes(programs), strict=True)
        }


def draw_programs(tally: SoakTally, expected: dict[tuple[str, str], str], seed: int, min_programs: int) -> None:
    """Draw programs until the time is over, and at least `min_programs`, in at most half as much time again.

    Args:
        tally: to count in.
        expected: outcomes by kind and name.
        seed: of the choice of programs and kills.
        min_programs: at least so many.
    """
    rng, end_s = random.Random(f"{seed}/programs"), tally.start_s + 90 * tally.minutes
    stop_event = threading.Event()
    with SoakPools() as pools:
        killer = threading.Thread(target=_kill_workers, args=(tally, random.Random(f"{seed}/kills"), stop_event))
        killer.start()
        while not tally.is_over() or (sum(tally.programs.values()) < min_programs and time.monotonic() < end_s):
            programs = [drawn_program(rng, HOSTILE_SHARE) for _ in range(BATCH)]
            for program, key in zip(programs, _asked_until_known(pools, programs, tally), strict=True):
                tally.programs[f"{program.kind}: {key.split()[0] if key.startswith('drawn') else key}"] += 1
                if key != expected[program.kind, program.name]:
                    tally.problems.append(
                        f"{program.kind} {program.name!r}: {key}, undisturbed {expected[program.kind, program.name]}"
                    )
            _note_usage(tally)
        stop_event.set()
        killer.join()


def _asked_until_known(pools: SoakPools, programs: Sequence[SoakProgram], tally: SoakTally) -> list[str]:
    """Return the outcomes of `programs`; those that the infrastructure failed on are asked for again, as a run does."""
    keys = [outcome_key(outcome) for outcome in pools.outcomes(programs)]
    for _ in range(MAX_ASKS - 1):
        lost = [number for number, key in enumerate(keys) if key == "infrastructure"]
        tally.infrastructure_failures += len(lost)
        for number, outcome in zip(lost, pools.outcomes([programs[number] for number in lost]), strict=True):
            keys[number] = outcome_key(outcome)
    return keys


def _kill_workers(tally: SoakTally, rng: random.Random, stop_event: threading.Event) -> None:
    """Kill one of this process's own workers now and then; those of the training runs are killed by their thread."""
    while not stop_event.wait(rng.expovariate(1 / KILL_EVERY_S)):
        trainers = {pid for pid, line in descendants(os.getpid()).items() if "zerosight.cli" in line}
        foreign_pids = {pid for trainer in trainers for pid in descendants(trainer)}
        pids = {pid: line for pid, line in descendants(os.getpid()).items() if pid not in foreign_pids | trainers}
        kill_one(rng, pids, tally.kills)


def train(tally: SoakTally, seed: int) -> None:
    """Run seed after seed, undisturbed and disturbed, until the time is over; count in `tally`.

    Args:
        tally: to count in.
        seed: of the first run and of the disturbances.
    """
    rng = random.Random(f"{seed}/training")
    with tempfile.TemporaryDirectory() as parent:
        for run_seed in range(seed, seed + 1000):
            if tally.is_over():
                return
            expected = undisturbed_run(Path(parent) / f"calm_{run_seed}", run_seed)
            outcome = disturbed_run(
                Path(parent) / f"disturbed_{run_seed}", run_seed, rng, tally.run_kills, tally.is_over
            )
            if outcome is None:
                tally.runs["given up when the time was over"] += 1
                continue
            is_same = outcome == expected
            tally.runs["equal to the undisturbed one" if is_same else "different"] += 1
            if not is_same:
                parts = [part for part in expected if outcome[part] != expected[part]]
                tally.problems.append(f"training run of seed {run_seed} differs in {', '.join(parts)}")


def ask_server(tally: SoakTally) -> None:
    """Send requests of all faults in turn until the time is over; count in `tally`."""
    number = 0
    with FaultyServer() as server:
        while not tally.is_over():
            for fault in (*PASSING, *LASTING):
                is_right = outcome_of_request(server, fault, number)
                tally.requests[fault] += 1
                if not is_right:
                    tally.problems.append(f"request {number} with fault {fault!r} came to something else")
            number += 1
            time.sleep(5.0)


def check_totals(tally: SoakTally, min_programs: int) -> None:
    """Add to `tally` what is wrong about its totals, `min_programs` being due."""
    figures = tally.figures()
    growth_mb = figures["memory_mb"]["last_quarter"] - figures["memory_mb"]["second_quarter"]
    if growth_mb > MAX_GROWTH_MB:
        tally.problems.append(f"this process grew by {growth_mb:.0f} MB")
    more_files = figures["open_files"]["last_quarter"] - figures["open_files"]["second_quarter"]
    if more_files > 8:
        tally.problems.append(f"{more_files:.0f} more open files")
    if tally.run_kills["second terminal let in"] or tally.run_kills["trainer failed by itself"]:
        tally.problems.append(f"training: {dict(tally.run_kills)}")
    if sum(tally.programs.values()) < min_programs:
        tally.problems.append(f"{sum(tally.programs.values())} programs of {min_programs}")


def soak(minutes: float, programs: int, seed: int) -> SoakTally:
    """Run the endurance test.

    Args:
        minutes: how long.
        programs: at least so many, in at most half as much time again.
        seed: of all choices.
    """
    expected = expected_outcomes()
    tally = SoakTally(minutes)
    parts: list[Callable[[], None]] = [lambda: train(tally, seed), lambda: ask_server(tally)]
    threads = [threading.Thread(target=_noting_problems, args=(tally, part)) for part in parts]
    for thread in threads:
        thread.start()
    draw_programs(tally, expected, seed, programs)
    for thread in threads:
        thread.join()
    left_over = [line for line in descendants(os.getpid()).values() if "sandbox" in line]
    if left_over:
        tally.problems.append(f"{len(left_over)} processes are left")
    check_totals(tally, programs)
    return tally


def _noting_problems(tally: SoakTally, part: Callable[[], None]) -> None:
    """Run a `part`; that it did not come to its end is a problem of its own."""
    tally.problems.append(problem := f"{part} did not come to its end")
    part()
    tally.problems.remove(problem)


def main(
    minutes: Annotated[float, typer.Option(help="How long.")] = 30.0,
    programs: Annotated[
        int, typer.Option(help="At least so many programs, in at most half as much time again.")
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="Of all choices.")] = 0,
) -> None:
    """Let everything go wrong for a while; exit with 1 where a figure is not what it should be."""
    tally = soak(minutes, programs, seed)
    command = f"make test-soak ARGS='--minutes {minutes:g} --programs {programs} --seed {seed}'"
    typer.echo(f"{write_results('soak', command, tally.figures())}\n{tally.figures()}")
    if tally.problems:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
