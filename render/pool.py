"""The pool: programs drawn by worker processes, each program's outcome kept apart from the machinery's."""

import os
import select
import sys
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

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


class _Worker:
    """One worker process and its pipes."""

    def __init__(self, settings: dict[str, Any], layers: Collection[str]) -> None:
        self._confined = start([sys.executable, "-I", "-m", "zerosight.render.worker"], layers)
        self._process, self.pid = self._confined.process, self._confined.pid
        assert self._process.stdin is not None and self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        try:
            self.send(settings | confinement(layers), START_S)
            self.receive(START_S)
        except (TimeoutError, wire.WireError) as error:
            self.close()
            raise InfrastructureError(f"a render worker does not start: {error}; see `zerosight doctor`") from error

    def send(self, message: Any, timeout_s: float) -> None:
        """Send a message.

        Raises:
            TimeoutError: the worker does not take it in time.
            WireError: the worker is gone.
        """
        left, fd = memoryview(wire.pack(message)), self._stdin.fileno()
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


class RenderPool:
    """Worker processes that draw programs; a context manager.

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
        if workers < 1:
            raise ValueError(f"workers must be at least 1, got {workers}")
        self._limits, self._timeout_s, self._cpu_s = limits, timeout_s, cpu_s
        self._settings = {"limits": asdict(limits), "cpu_s": cpu_s, "memory_mb": memory_mb}
        self._layers = offered() if layers is None else tuple(layers)
        self._workers: list[_Worker | None] = [None] * workers
        self._threads = ThreadPoolExecutor(workers)

    def __enter__(self) -> "RenderPool":
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

    def render(self, programs: Sequence[str], size: int = 64) -> list[Outcome]:
        """Each program's outcome, in order: drawn, rejected, or failed by our machinery after one retry."""
        found: list[Outcome | None] = [oversize(program, self._limits) for program in programs]
        waiting = [i for i, outcome in enumerate(found) if outcome is None]
        slots = len(self._workers)
        shares = [waiting[slot::slots] for slot in range(slots)]
        jobs = [
            self._threads.submit(self._serve, slot, [programs[i] for i in share], size)
            for slot, share in enumerate(shares)
        ]
        for share, job in zip(shares, jobs, strict=True):
            for i, outcome in zip(share, job.result(), strict=True):
                found[i] = outcome
        return [outcome for outcome in found if outcome is not None]

    def _serve(self, slot: int, programs: Sequence[str], size: int) -> list[Outcome]:
        found: list[Outcome] = []
        failures = 0
        while len(found) < len(programs):
            part = programs[len(found) : len(found) + CHUNK]
            before = len(found)
            blame = self._batch(slot, part, size, found)
            if len(found) > before:
                failures = 0
            if blame is None:
                continue
            failures += 1
            if isinstance(blame, Rejected) or failures > 1:
                found.append(blame)
                failures = 0
        return found

    def _batch(self, slot: int, programs: Sequence[str], size: int, found: list[Outcome]) -> Outcome | None:
        """Draw a batch, appending outcomes; what is to blame for the first missing one, or None where none is."""
        try:
            worker = self._workers[slot] or _Worker(self._settings, self._layers)
        except InfrastructureError as error:
            return error
        self._workers[slot] = worker
        spent = worker.cpu_seconds()
        try:
            texts = [encoded(program).decode() for program in programs]
            worker.send({"size": size, "programs": texts}, self._timeout_s)
            for _ in programs:
                spent = worker.cpu_seconds()
                found.append(self._outcome(*worker.receive(self._timeout_s)))
        except TimeoutError:
            used = worker.cpu_seconds() - spent
            self._drop(slot)
            if used >= self._cpu_s:
                return Rejected("resources", "the program uses too much processor time", "draw less")
            return InfrastructureError(f"a render worker did not answer within {self._timeout_s:g} s")
        except wire.WireError as error:
            self._drop(slot)
            return InfrastructureError(f"a render worker died: {error}")
        return None

    def _drop(self, slot: int) -> None:
        worker = self._workers[slot]
        self._workers[slot] = None
        if worker is not None:
            worker.close()

    def _outcome(self, message: Any, payload: bytes) -> Outcome:
        """A reply as an outcome, every part of it checked."""
        try:
            if "rejected" in message:
                return Rejected.from_dict(message["rejected"])
            if "failed" in message:
                return InfrastructureError(f"a render worker failed: {message['failed']}")
            height, width, depth = message["shape"]
            pixels = np.frombuffer(payload, np.uint8)
            if depth != 3 or pixels.size != height * width * 3:
                raise wire.WireError(f"{pixels.size} bytes are no picture of {width} x {height}")
            return Rendered(FlatScene.from_json(message["scene"]), Picture(pixels.reshape(height, width, 3)))
        except (KeyError, TypeError, ValueError) as error:
            raise wire.WireError(f"a malformed reply: {error!r}") from error
