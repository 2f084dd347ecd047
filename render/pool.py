"""Pools of worker processes: each job's outcome is kept apart from the machinery's failures."""

import os
import select
import sys
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np

from ..geometry import FlatScene
from . import wire
from .outcome import InfrastructureError, Rejected
from .raster import Picture
from .sandbox import confinement, offered, start
from .svg_parse import SvgLimits, encoded, oversize

CHUNK = 32
"""Programs sent to a worker at a time."""
START_S = 60.0
"""A worker that is not ready by then is broken."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What an accepted program drew."""

    scene: FlatScene
    picture: Picture


Outcome = Rendered | Rejected | InfrastructureError


Job = TypeVar("Job")
Outcome_co = TypeVar("Outcome_co", covariant=True)


class _Worker:
    """One worker process and its pipes."""

    def __init__(self, module: str, settings: dict[str, Any], layers: Collection[str]) -> None:
        self._confined = start([sys.executable, "-I", "-m", f"zerosight.render.{module}"], layers)
        self._process, self.pid = self._confined.process, self._confined.pid
        assert self._process.stdin is not None and self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        try:
            self.send(wire.pack(settings | confinement(layers)), START_S)
            self.receive(START_S)
        except (TimeoutError, wire.WireError) as error:
            self.close()
            raise InfrastructureError(f"a render worker does not start: {error}; see `zerosight doctor`") from error

    def send(self, message: bytes, timeout_s: float) -> None:
        """Send a packed message.

        Raises:
            TimeoutError: the worker does not take it in time.
            WireError: the worker is gone.
        """
        left, fd = memoryview(message), self._stdin.fileno()
        deadline = time.monotonic() + timeout_s
        try:
            while left:
                # A stopped worker reads nothing: a plain write to its full pipe would wait for ever.
                if not select.select([], [fd], [], max(0.0, deadline - time.monotonic()))[1]:
                    raise TimeoutError("the worker takes nothing")
                left = left[os.write(fd, left[: select.PIPE_BUF]) :]
        except BrokenPipeError as error:
            raise wire.WireError(str(error)) from error

    def receive(self, timeout_s: float) -> tuple[Any, bytes]:
        """The next message.

        Raises:
            TimeoutError: nothing whole came in time.
            WireError: the worker is gone or talks nonsense.
        """
        deadline = time.monotonic() + timeout_s
        body, payload = wire.sizes(self._read(wire.HEADER.size, deadline))
        try:
            return wire.json.loads(self._read(body, deadline)), self._read(payload, deadline)
        except ValueError as error:
            raise wire.WireError(f"no JSON: {error}") from error

    def _read(self, count: int, deadline: float) -> bytes:
        parts, fd = [], self._stdout.fileno()
        while count:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                raise TimeoutError("the worker does not answer")
            part = os.read(fd, min(count, 1 << 20))
            if not part:
                raise wire.WireError(f"the worker ended with status {self._process.poll()}")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def cpu_seconds(self) -> float:
        """Processor time used so far; 0 where the process is gone."""
        try:
            with open(f"/proc/{self.pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End the process and wait for it."""
        self._confined.kill()
        for pipe in (self._stdin, self._stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                # Unsent bytes of a dead worker's batch.
                pass


class WorkerPool(Generic[Job, Outcome_co]):
    """Worker processes that serve jobs; a context manager, and the base of the pools for each kind of program.

    Args:
        workers: how many processes.
        timeout_s: wall clock for one job.
        layers: of the sandbox; every one that this machine offers by default.
    """

    MODULE: ClassVar[str]
    """Of this package, that a worker runs."""

    def __init__(self, workers: int, timeout_s: float, layers: Collection[str] | None) -> None:
        if workers < 1:
            raise ValueError(f"workers must be at least 1, got {workers}")
        self._timeout_s = timeout_s
        self._layers = offered() if layers is None else tuple(layers)
        self._workers: list[_Worker | None] = [None] * workers
        self._threads = ThreadPoolExecutor(workers)

    # --- what a kind of program says of itself ---------------------------------------------------------------

    def _settings(self) -> dict[str, Any]:
        """What a worker is told once, before its confinement."""
        raise NotImplementedError

    def _packed(self, jobs: Sequence[Job]) -> bytes:
        """A batch as a message."""
        raise NotImplementedError

    def _outcome(self, message: Any, payload: bytes) -> Outcome_co | Rejected | InfrastructureError:
        """A reply as an outcome; KeyError, TypeError and ValueError say that it is malformed."""
        raise NotImplementedError

    def _overdue(self, used_cpu_s: float) -> Rejected | InfrastructureError:
        """What is to blame for a job that took longer than the wall clock allows."""
        return InfrastructureError(f"a render worker did not answer within {self._timeout_s:g} s")

    # --- the machinery -----------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Workers start with the first programs."""
        return self

    def __exit__(self, *exception: object) -> None:
        """End all workers."""
        self.close()

    def close(self) -> None:
        """End all workers."""
        # By the threads that started them: a worker dies with its parent, and the kernel takes the thread for it.
        list(self._threads.map(self._drop, range(len(self._workers))))
        self._threads.shutdown()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that run."""
        return [worker.pid for worker in self._workers if worker is not None]

    def serve(self, jobs: Sequence[Job]) -> list[Outcome_co | Rejected | InfrastructureError]:
        """Each job's outcome, in order: done, rejected, or failed by our machinery after one retry."""
        slots = len(self._workers)
        shares = [range(slot, len(jobs), slots) for slot in range(slots)]
        futures = [
            self._threads.submit(self._serve, slot, [jobs[i] for i in share]) for slot, share in enumerate(shares)
        ]
        found = [future.result() for future in futures]
        return [found[i % slots][i // slots] for i in range(len(jobs))]

    def _serve(self, slot: int, jobs: Sequence[Job]) -> list[Outcome_co | Rejected | InfrastructureError]:
        found: list[Outcome_co | Rejected | InfrastructureError] = []
        failures = 0
        while len(found) < len(jobs):
            part = jobs[len(found) : len(found) + CHUNK]
            before = len(found)
            blame = self._batch(slot, part, found)
            if len(found) > before:
                failures = 0
            if blame is None:
                continue
            failures += 1
            if isinstance(blame, Rejected) or failures > 1:
                found.append(blame)
                failures = 0
        return found

    def _batch(
        self, slot: int, jobs: Sequence[Job], found: list[Outcome_co | Rejected | InfrastructureError]
    ) -> Rejected | InfrastructureError | None:
        """Serve a batch, appending outcomes; what is to blame for the first missing one, or None where none is."""
        try:
            worker = self._workers[slot] or _Worker(self.MODULE, self._settings(), self._layers)
        except InfrastructureError as error:
            return error
        self._workers[slot] = worker
        spent = worker.cpu_seconds()
        try:
            worker.send(self._packed(jobs), self._timeout_s)
            for _ in jobs:
                spent = worker.cpu_seconds()
                found.append(self._checked(*worker.receive(self._timeout_s)))
        except TimeoutError:
            used = worker.cpu_seconds() - spent
            self._drop(slot)
            return self._overdue(used)
        except wire.WireError as error:
            self._drop(slot)
            return InfrastructureError(f"a render worker died: {error}")
        return None

    def _drop(self, slot: int) -> None:
        worker = self._workers[slot]
        self._workers[slot] = None
        if worker is not None:
            worker.close()

    def _checked(self, message: Any, payload: bytes) -> Outcome_co | Rejected | InfrastructureError:
        """A reply as an outcome, every part of it checked."""
        try:
            if "rejected" in message:
                return Rejected.from_dict(message["rejected"])
            if "failed" in message:
                return InfrastructureError(f"a render worker failed: {message['failed']}")
            return self._outcome(message, payload)
        except (KeyError, TypeError, ValueError) as error:
            raise wire.WireError(f"a malformed reply: {error!r}") from error


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

    MODULE = "program"

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
        # The worker keeps the clock of each program; ours only has to notice a worker that is stuck.
        super().__init__(workers, 2 * wall_s + 10.0, layers)
        self._told = {
            "front": front,
            "max_bytes": max_bytes,
            "wall_s": wall_s,
            "cpu_s": cpu_s,
            "memory_mb": memory_mb,
        }

    def _settings(self) -> dict[str, Any]:
        return self._told

    def _claimed(self, claim: Any, payload: bytes) -> Outcome_co | Rejected:
        """What a program says it made, checked; KeyError, TypeError and ValueError say that it is nonsense."""
        raise NotImplementedError

    def _outcome(self, message: Any, payload: bytes) -> Outcome_co | Rejected | InfrastructureError:
        if message != {"claim": True}:
            raise ValueError("a worker replies with a rejection, a failure or a program's claim")
        try:
            claim, data = wire.unpack(payload)
            return _modest(Rejected.from_dict(claim["rejected"])) if "rejected" in claim else self._claimed(claim, data)
        except (KeyError, TypeError, ValueError, RecursionError):
            # Written by the program: whatever is wrong with it is the program's doing, never our failure.
            return Rejected("no_result", "the program handed back nonsense", "return a picture, and touch nothing else")


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


class RenderPool(WorkerPool[tuple[str, int], Rendered]):
    """Workers that draw SVG programs.

    Args:
        workers: how many processes.
        limits: what a program may ask for.
        timeout_s: wall clock for one program.
        cpu_s: processor time for one program.
        memory_mb: memory for one program, beyond what an idle worker maps.
        layers: of the sandbox; every one that this machine offers by default.
    """

    MODULE = "worker"

    def __init__(
        self,
        workers: int = 1,
        limits: SvgLimits = SvgLimits(),  # noqa: B008 - a frozen value
        timeout_s: float = 10.0,
        cpu_s: float = 2.0,
        memory_mb: int = 512,
        layers: Collection[str] | None = None,
    ) -> None:
        super().__init__(workers, timeout_s, layers)
        self._limits, self._cpu_s, self._memory_mb = limits, cpu_s, memory_mb

    def render(self, programs: Sequence[str], size: int = 64) -> list[Outcome]:
        """Each program's outcome, in order: drawn, rejected, or failed by our machinery after one retry."""
        found: list[Outcome | None] = [oversize(program, self._limits) for program in programs]
        waiting = [i for i, outcome in enumerate(found) if outcome is None]
        for i, outcome in zip(waiting, self.serve([(programs[i], size) for i in waiting]), strict=True):
            found[i] = outcome
        return [outcome for outcome in found if outcome is not None]

    def _settings(self) -> dict[str, Any]:
        return {"limits": asdict(self._limits), "cpu_s": self._cpu_s, "memory_mb": self._memory_mb}

    def _packed(self, jobs: Sequence[tuple[str, int]]) -> bytes:
        return wire.pack({"size": jobs[0][1], "programs": [encoded(program).decode() for program, _ in jobs]})

    def _outcome(self, message: Any, payload: bytes) -> Rendered:
        return Rendered(FlatScene.from_json(message["scene"]), picture_of(message["shape"], payload))

    def _overdue(self, used_cpu_s: float) -> Rejected | InfrastructureError:
        if used_cpu_s >= self._cpu_s:
            return Rejected("resources", "the program uses too much processor time", "draw less")
        return super()._overdue(used_cpu_s)
