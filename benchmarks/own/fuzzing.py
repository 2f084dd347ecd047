"""`make fuzz`: every parser of model-written text, every decoder of claims and every reader of a run's files.

Inputs are mutations of good ones (`fuzz_mutations.py`); one that comes to an outcome not seen before joins them. A
crash is an exception that the target does not declare (`fuzz_targets.py`), a failure of the infrastructure, or more
processor time than `LIMIT_S`; it is made smaller and written down. Targets take turns of `TURN_S` seconds until the
time is over, and `benchmarks/results/fuzz.json` says of each how many inputs it saw, what became of them, and how long
the slowest took; and of each parser of replies how its time grows from 1 kB to 1 MB (`fuzz_growth.py`). Only `time_s`
decides how many inputs there are: the n-th of a target is the same in every run until then, where the outcomes before
it were.
"""

import base64
import logging
import random
import resource
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from .fuzz_mutations import Target
from .results_file import write_results

TURN_S = 5.0
LIMIT_S = 2.0
"""Processor time for one input, of at most 40 kB."""
STUCK_S = 20.0
"""Processor time after which an input is given up."""
MEMORY_BYTES = 6 << 30
MAX_CORPUS = 2000
MAX_CRASHES = 20
"""Crashes of a target that are written down; all are counted."""


class StuckError(BaseException):
    """An input used up its processor time."""


@dataclass
class Tally:
    """Counts of one target's inputs."""

    target: Target
    corpus: list[bytes] = field(default_factory=list)
    count: int = 0
    time_s: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    slowest_bytes: int = 0
    crashes: dict[str, bytes] = field(default_factory=dict)
    """The shortest input that makes each."""

    def __post_init__(self) -> None:
        self.corpus = list(self.target.inputs)

    def figures(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {
            "inputs": self.count,
            "seconds": round(self.time_s, 1),
            "corpus": len(self.corpus),
            "outcomes": dict(self.outcomes.most_common(40)),
            "slowest_s": round(self.slowest_s, 3),
            "slowest_bytes": self.slowest_bytes,
            "crashes": [
                {"error": error, "bytes": len(data), "input_base64": base64.b64encode(data[:3000]).decode()}
                for error, data in list(self.crashes.items())[:MAX_CRASHES]
            ],
        }


def _stuck(signum: int, frame: FrameType | None) -> NoReturn:
    raise StuckError


def outcome_of(target: Target, data: bytes) -> tuple[str, str, float]:
    """Run `target` on `data`; return its outcome, the crash (or an empty text), and the seconds that it took."""
    signal.setitimer(signal.ITIMER_VIRTUAL, STUCK_S)
    start_s = time.process_time()
    crash = ""
    try:
        outcome = target.run(data)
    except target.declared_errors as error:
        outcome = type(error).__name__
    except (Exception, StuckError) as error:  # noqa: BLE001 - the boundary: what a target raises is what is looked for
        outcome, crash = "crash", _crash_text(error)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    seconds = time.process_time() - start_s
    if not crash and seconds > LIMIT_S:
        crash = f"slow: more than {LIMIT_S:g} s"
    return outcome, crash, seconds


def _crash_text(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {place}: {str(error)[:120]!a}"


def advance(tally: Tally, seed: int) -> None:
    """Give the target of `tally` its next input, drawn from `seed`, its name and its number."""
    target = tally.target
    if tally.count < len(target.inputs):
        data = target.inputs[tally.count]
    else:
        rng = random.Random(f"{seed}/{target.name}/{tally.count}")
        data = target.mutate(rng, rng.choice(tally.corpus), tally.corpus)
    outcome, crash, seconds = outcome_of(target, data)
    tally.count += 1
    tally.time_s += seconds
    if seconds > tally.slowest_s:
        tally.slowest_s, tally.slowest_bytes = seconds, len(data)
    if crash:
        tally.outcomes["crash"] += 1
        if crash not in tally.crashes or len(data) < len(tally.crashes[crash]):
            tally.crashes[crash] = data
        return
    if outcome not in tally.outcomes and len(tally.corpus) < MAX_CORPUS:
        tally.corpus.append(data)
    tally.outcomes[outcome] += 1


def shortened(target: Target, data: bytes, crash: str, tries: int = 300) -> bytes:
    """Return a shorter input of `target` with the same `crash` as `data`, by leaving parts of it away.

    Args:
        target: that crashes.
        data: the input.
        crash: as `outcome_of` says it.
        tries: at most so many runs.
    """
    size = len(data) // 2
    while size and tries > 0:
        start = 0
        while start < len(data) and tries > 0:
            tries -= 1
            shorter_data = data[:start] + data[start + size :]
            if outcome_of(target, shorter_data)[1] == crash:
                data = shorter_data
            else:
                start += size
        size //= 2
    return data


def fuzz(targets: Iterable[Target], time_s: float, seed: int, save: Callable[[list[Tally]], object]) -> list[Tally]:
    """Let `targets` take turns for `time_s` seconds of wall clock.

    Args:
        targets: under test.
        time_s: of all together.
        seed: of the mutations.
        save: called after each round with the counts so far.
    """
    signal.signal(signal.SIGVTALRM, _stuck)
    tallies, end_s = [Tally(target) for target in targets], time.monotonic() + time_s
    while time.monotonic() < end_s:
        for tally in tallies:
            turn_end_s = min(end_s, time.monotonic() + TURN_S)
            while time.monotonic() < turn_end_s:
                advance(tally, seed)
        save(tallies)
    for tally in tallies:
        # Slow ones stay as they are: each try would take as long.
        tally.crashes = {
            crash: data if crash.startswith(("slow", "Stuck")) else shortened(tally.target, data, crash)
            for crash, data in tally.crashes.items()
        }
    return tallies


def summary(tallies: Sequence[Tally], seed: int) -> dict[str, Any]:
    """Return the figures of `tallies`, made with `seed`."""
    return {
        "seed": seed,
        "inputs": sum(tally.count for tally in tallies),
        "seconds": round(sum(tally.time_s for tally in tallies), 1),
        "crashes": sum(tally.outcomes["crash"] for tally in tallies),
        "slowest_s": round(max((tally.slowest_s for tally in tallies), default=0.0), 3),
        "targets": {tally.target.name: tally.figures() for tally in tallies},
    }


def growth_figures() -> dict[str, Any]:
    """Measure how each parser's time grows from 1 kB to 1 MB: seconds of the slowest text, and texts that are steep."""
    from .fuzz_growth import PARSERS, growth

    figures = {}
    for name in PARSERS:
        rows = growth(name)
        slowest = max(rows, key=lambda row: row.seconds[-1])
        figures[name] = {
            "slowest_text": slowest.text_name,
            "seconds": [round(seconds, 4) for seconds in slowest.seconds],
            "steep": [row.text_name for row in rows if not row.is_linear],
        }
    return figures


def main(
    minutes: Annotated[float, typer.Option(help="How long.")] = 60.0,
    seed: Annotated[int, typer.Option(help="Of the mutations.")] = 0,
    only: Annotated[str, typer.Option(help="Targets whose name holds this text.")] = "",
) -> None:
    """Fuzz every parser and decoder; exit with 1 where one crashes."""
    from .fuzz_targets import all_targets

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    # Warnings of what was read from damaged files: some thousands.
    logging.disable(logging.CRITICAL)
    command = f"make fuzz ARGS='--minutes {minutes:g} --seed {seed}{f' --only {only}' if only else ''}'"
    with all_targets() as targets:
        chosen_targets = [target for target in targets if only in target.name]
        tallies = fuzz(
            chosen_targets, 60 * minutes, seed, lambda tallies: write_results("fuzz", command, summary(tallies, seed))
        )
    figures = summary(tallies, seed) | {"growth": growth_figures()}
    typer.echo(write_results("fuzz", command, figures))
    for name, target_figures in figures["targets"].items():
        crash_names = [crash["error"] for crash in target_figures["crashes"]]
        typer.echo(f"{name}: {target_figures['inputs']} inputs, crashes: {'; '.join(crash_names) or 'none'}")
    steep_parsers = [name for name, row in figures["growth"].items() if row["steep"]]
    typer.echo(f"parsers steeper than linear: {', '.join(steep_parsers) or 'none'}")
    if steep_parsers or any(tally.crashes for tally in tallies):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
