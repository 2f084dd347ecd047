"""Pools of worker processes: each job's outcome is kept apart from the machinery's failures."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Generic, NamedTuple, Self, TypeVar

import numpy as np

from ...geometry import FlatScene, unpack_scene
from ..outcome import InfrastructureError, Rejected
from ..raster import Picture
from ..svg.parse import SvgLimits, encoded, oversize
from . import wire
from .layers import offered
from .service import Service

DRAWN_TOGETHER = 8
"""Programs whose claims wait in the parent for the reader."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What an accepted program drew."""

    scene: FlatScene
    picture: Picture


Outcome = Rendered | Rejected | InfrastructureError


MAX_PROGRAM = 20_000
"""Characters of a Python program."""

Job = TypeVar("Job")
Outcome_co = TypeVar("Outcome_co", covariant=True)


class WorkerPool(Generic[Job, Outcome_co]):
    """Worker processes that serve jobs; a context manager, and the base of the pools for each kind of program.

    Each of its workers is a slot: one service, or several that take turns, and a thread that waits for them.

    Args:
        slots: each one's services.
    """

    def __init__(self, slots: Sequence[Sequence[Service]]) -> None:
        self._slots = slots
        self._threads = ThreadPoolExecutor(len(slots))

    def _serve(self, slot: int, jobs: Sequence[Job]) -> list[Outcome_co | Rejected | InfrastructureError]:
        """Each job's outcome, in order, by one slot's services."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        """Workers start with the first programs."""
        return self

    def __exit__(self, *exception: object) -> None:
        """End all workers."""
        self.close()

    def close(self) -> None:
        """End all workers."""
        # By the threads that started them: a worker dies with its parent, and the kernel takes the thread for it.
        list(self._threads.map(self._end, range(len(self._slots))))
        self._threads.shutdown()

    def _end(self, slot: int) -> None:
        for service in self._slots[slot]:
            service.close()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that run."""
        return [service.pid for slot in self._slots for service in slot if service.pid is not None]

    def serve(self, jobs: Sequence[Job]) -> list[Outcome_co | Rejected | InfrastructureError]:
        """Each job's outcome, in order: done, rejected, or failed by our machinery after one retry."""
        slots = len(self._slots)
        shares = [range(slot, len(jobs), slots) for slot in range(slots)]
        futures = [
            self._threads.submit(self._serve, slot, [jobs[i] for i in share]) for slot, share in enumerate(shares)
        ]
        found = [future.result() for future in futures]
        return [found[i % slots][i // slots] for i in range(len(jobs))]


def counted(workers: int) -> range:
    """The slots of so many workers.

    Raises:
        ValueError: there are none.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    return range(workers)


class ProgramPool(WorkerPool[Job, Outcome_co]):
    """Workers that run Python programs, each in a process of its own (see `program.py`).

    Args:
        front: the module of this package that asks a program for its result.
        max_bytes: of what a program may hand back.
        workers: how many workers.
        wall_s: wall clock for one program.
        cpu_s: processor time for one program.
        memory_mb: memory for one program, beyond what an idle worker maps.
        layers: of the sandbox; every one that this machine offers by default.
    """

    def __init__(
        self,
        front: str,
        max_bytes: int,
        workers: int,
        wall_s: float,
        cpu_s: float,
        memory_mb: int,
        layers: Collection[str] | None,
    ) -> None:
        bounds = {"cpu_s": cpu_s, "memory_mb": memory_mb}
        told = bounds | {"front": front, "max_bytes": max_bytes, "wall_s": wall_s}
        held = offered() if layers is None else tuple(layers)
        # The worker keeps the clock of each program; ours only has to notice a worker that is stuck.
        runners = [Service("program", told, held, 2 * wall_s + 10.0) for _ in counted(workers)]
        super().__init__([(runner, *self._others(bounds, held, wall_s)) for runner in runners])

    # --- what a kind of program says of itself -----------------------------------------------------------------

    def _asked(self, job: Job) -> tuple[Mapping[str, Any], bytes]:
        """A job as a request, with the program's text as its `program`, and a payload."""
        raise NotImplementedError

    def _claimed(self, claim: Any, payload: bytes) -> Outcome_co | Rejected:
        """What a program says it made, checked; KeyError, TypeError and ValueError say that it is nonsense."""
        raise NotImplementedError

    # --- the machinery -----------------------------------------------------------------------------------------

    def _others(self, bounds: dict[str, Any], layers: Collection[str], wall_s: float) -> list[Service]:
        """A slot's services besides the one that runs programs."""
        return []

    def _serve(self, slot: int, jobs: Sequence[Job]) -> list[Outcome_co | Rejected | InfrastructureError]:
        (runner,) = self._slots[slot]
        return runner.serve([wire.pack(*self._asked(job)) for job in jobs], self._outcome)

    def _outcome(self, message: Any, payload: bytes) -> Outcome_co | Rejected | InfrastructureError:
        claim = _claim(message, payload)
        if isinstance(claim, Rejected):
            return claim
        try:
            return self._claimed(*claim)
        except (KeyError, TypeError, ValueError):
            return _NONSENSE


def too_long(program: str) -> Rejected | None:
    """The rejection of a Python program that is not worth sending."""
    if len(program) <= MAX_PROGRAM:
        return None
    return Rejected("size", f"the program has {len(program)} characters", f"at most {MAX_PROGRAM}")


class Sketch(NamedTuple):
    """A program to run and draw."""

    program: str
    size: int
    """Width of the picture, px."""


class DrawnPool(ProgramPool[Sketch, Outcome_co]):
    """Workers that run Python programs whose claims a trusted reader draws.

    Each slot has two processes that take turns: one forks a child for each program (`program.py`), the other turns
    what the program hands back, which is data, into a scene and a picture (`worker.py`).

    Args:
        front: the module of this package that asks a program for its claim.
        reader: the module of this package that draws a claim.
        max_bytes: of what a program may hand back.
        workers: how many slots.
        wall_s: wall clock for one program, and for drawing what it claims.
        cpu_s: processor time for the one and for the other.
        memory_mb: memory for the one and for the other, beyond what an idle worker maps.
        layers: of the sandbox; every one that this machine offers by default.
    """

    def __init__(
        self,
        front: str,
        reader: str,
        max_bytes: int,
        workers: int,
        wall_s: float,
        cpu_s: float,
        memory_mb: int,
        layers: Collection[str] | None,
    ) -> None:
        self._reader = reader
        super().__init__(front, max_bytes, workers, wall_s, cpu_s, memory_mb, layers)

    def run(self, programs: Sequence[str], size: int) -> list[Outcome_co | Rejected | InfrastructureError]:
        """Each program's outcome, in order; its rejection, or our failure after one retry.

        Args:
            programs: Python texts.
            size: width of their pictures, px.
        """
        early = [too_long(program) for program in programs]
        jobs = [Sketch(program, size) for program, no in zip(programs, early, strict=True) if no is None]
        done = iter(self.serve(jobs))
        return [next(done) if no is None else no for no in early]

    # --- what a kind of program says of itself -----------------------------------------------------------------

    def _asked(self, job: Sketch) -> tuple[Mapping[str, Any], bytes]:
        return job._asdict(), b""

    def _passed(self, request: Mapping[str, Any], claim: Any) -> Mapping[str, Any]:
        """What the reader is asked, beside the claim's payload: the program's own request, and its claim."""
        return {"request": request, "claim": claim}

    def _drawn(self, message: Any, payload: bytes) -> Outcome_co:
        """The reader's reply as an outcome; KeyError, TypeError and ValueError say that it is malformed."""
        raise NotImplementedError

    # --- the machinery -----------------------------------------------------------------------------------------

    def _others(self, bounds: dict[str, Any], layers: Collection[str], wall_s: float) -> list[Service]:
        return [Service("reader", bounds | {"front": self._reader}, layers, wall_s, bounds["cpu_s"])]

    def _serve(self, slot: int, jobs: Sequence[Sketch]) -> list[Outcome_co | Rejected | InfrastructureError]:
        parts = [jobs[start : start + DRAWN_TOGETHER] for start in range(0, len(jobs), DRAWN_TOGETHER)]
        return [outcome for part in parts for outcome in self._part(slot, part)]

    def _part(self, slot: int, jobs: Sequence[Sketch]) -> list[Outcome_co | Rejected | InfrastructureError]:
        """All programs first, then all drawings: while one process of a slot works, the other waits."""
        runner, reader = self._slots[slot]
        asked = [self._asked(job) for job in jobs]
        claims = runner.serve([wire.pack(*one) for one in asked], _claim)
        found = [
            self._to_draw(request, *claim) if isinstance(claim, tuple) else claim
            for (request, _), claim in zip(asked, claims, strict=True)
        ]
        drawn = iter(reader.serve([one for one in found if isinstance(one, bytes)], self._drawn))
        return [next(drawn) if isinstance(one, bytes) else one for one in found]

    def _to_draw(self, request: Mapping[str, Any], claim: Any, payload: bytes) -> bytes | Rejected:
        try:
            return wire.pack(self._passed(request, claim), payload)
        except RecursionError:
            # Nested just so deeply that it could be read and cannot be written.
            return _NONSENSE


_NONSENSE = Rejected("no_result", "the program handed back nonsense", "return a picture, and touch nothing else")


def _claim(message: Any, payload: bytes) -> tuple[Any, bytes] | Rejected:
    """What a program's process wrote: its claim, or why there is none."""
    if message != {"claim": True}:
        raise ValueError("a worker replies with a rejection, a failure or a program's claim")
    try:
        claim, data = wire.unpack(payload)
        return _modest(Rejected.from_dict(claim["rejected"])) if "rejected" in claim else (claim, data)
    except (KeyError, TypeError, ValueError, RecursionError):
        # Written by the program: whatever is wrong with it is the program's doing, never our failure.
        return _NONSENSE


def _modest(rejected: Rejected) -> Rejected:
    """A rejection that a program's process wrote: a short code and short words, or nonsense."""
    if not rejected.code.isidentifier() or len(rejected.code) > 20 or len(rejected.reason + rejected.hint) > 600:
        raise ValueError("no rejection of ours")
    return rejected


def picture_of(shape: Sequence[int], payload: bytes) -> Picture:
    """Raw pixels as a picture.

    Raises:
        ValueError: they are none of this shape.
    """
    height, width, depth = shape
    pixels = np.frombuffer(payload, np.uint8)
    if depth != 3 or pixels.size != height * width * 3:
        raise ValueError(f"{pixels.size} bytes are no picture of {width} x {height}")
    return Picture(pixels.reshape(height, width, 3))


class RenderPool(WorkerPool[bytes, Rendered]):
    """Workers that draw SVG programs.

    Args:
        workers: how many processes.
        limits: what a program may ask for.
        timeout_s: wall clock for one program.
        cpu_s: processor time for one program.
        memory_mb: memory for one program, beyond what an idle worker maps.
        layers: of the sandbox; every one that this machine offers by default.
    """

    def __init__(
        self,
        workers: int = 1,
        limits: SvgLimits = SvgLimits(),  # noqa: B008 - a frozen value
        timeout_s: float = 10.0,
        cpu_s: float = 2.0,
        memory_mb: int = 512,
        layers: Collection[str] | None = None,
    ) -> None:
        told = {"front": "svg.draw", "cpu_s": cpu_s, "memory_mb": memory_mb}
        held = offered() if layers is None else tuple(layers)
        super().__init__([[Service("reader", told, held, timeout_s, cpu_s)] for _ in counted(workers)])
        self._limits = limits

    def render(self, programs: Sequence[str], size: int = 64) -> list[Outcome]:
        """Each program's outcome, in order: drawn, rejected, or failed by our machinery after one retry."""
        found: list[Outcome | None] = [oversize(program, self._limits) for program in programs]
        waiting = [i for i, outcome in enumerate(found) if outcome is None]
        asked = {"size": size, "limits": asdict(self._limits)}
        jobs = [wire.pack(asked, encoded(programs[i])) for i in waiting]
        for i, outcome in zip(waiting, self.serve(jobs), strict=True):
            found[i] = outcome
        return [outcome for outcome in found if outcome is not None]

    def _serve(self, slot: int, jobs: Sequence[bytes]) -> list[Outcome]:
        (reader,) = self._slots[slot]
        return reader.serve(jobs, rendered)


def rendered(message: Any, payload: bytes) -> Rendered:
    """A reader's reply as a scene and its picture; KeyError, TypeError and ValueError say that it is malformed."""
    height, width, _ = message["shape"]
    pixels = 3 * height * width
    if not 0 < pixels <= len(payload):
        raise ValueError(f"{len(payload)} bytes hold no picture of {width} x {height}")
    return Rendered(unpack_scene(message, payload[:-pixels]), picture_of(message["shape"], payload[-pixels:]))
