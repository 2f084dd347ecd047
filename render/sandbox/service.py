"""Worker processes, seen from the parent: one behind its pipes, and the service that keeps one running."""

import os
import select
import sys
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from ..outcome import InfrastructureError, Rejected
from . import wire
from .layers import confinement, start

CHUNK = 32
"""Jobs sent to a worker at a time."""
CHUNK_BYTES = 8 << 20
"""And their bytes, beyond the first job's: a worker holds a whole chunk in its bounded memory."""
READ_BYTES = 1 << 16
"""Read at a time, or as much as is missing."""
START_S = 60.0
"""A worker that is not ready by then is broken."""
PROMPT_S = 0.05
"""A reply within this time needs no account of the processor time that it took."""

Outcome = TypeVar("Outcome")


class Worker:
    """One worker process and its pipes."""

    def __init__(self, module: str, settings: dict[str, Any], layers: Collection[str]) -> None:
        self._confined = start([sys.executable, "-I", "-m", f"zerosight.render.sandbox.{module}"], layers)
        self._process, self.pid = self._confined.process, self._confined.pid
        assert self._process.stdin is not None and self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._held, self._at = b"", 0
        for pipe in (self._stdin, self._stdout):
            os.set_blocking(pipe.fileno(), False)
            wire.widen(pipe.fileno())
        try:
            self.send([wire.pack(settings | confinement(layers))], START_S)
            said, _ = self.receive(START_S)
        except (TimeoutError, wire.WireError) as error:
            self.close()
            raise InfrastructureError(f"a render worker does not start: {error}; see `zerosight doctor`") from error
        if said != {"ready": True}:
            self.close()
            raise InfrastructureError(f"a render worker lacks a package: {said}; see `zerosight doctor`")

    def send(self, messages: Sequence[bytes], timeout_s: float) -> None:
        """Send packed messages.

        Raises:
            TimeoutError: the worker does not take them in time.
            WireError: the worker is gone.
        """
        left, fd = [memoryview(message) for message in messages], self._stdin.fileno()
        deadline = time.monotonic() + timeout_s
        while left:
            try:
                left = wire.write(fd, left)
            except BlockingIOError:
                # A stopped worker reads nothing: a blocking write to its full pipe would wait for ever.
                if not select.select([], [fd], [], max(0.0, deadline - time.monotonic()))[1]:
                    raise TimeoutError("the worker takes nothing") from None
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
        """The next bytes; what comes with them is kept, so that several small replies take one call."""
        if len(self._held) - self._at < count:
            parts = [self._held[self._at :]]
            missing = count - len(parts[0])
            while missing > 0:
                parts.append(self._some(max(missing, READ_BYTES), deadline))
                missing -= len(parts[-1])
            self._held, self._at = b"".join(parts), 0
        self._at += count
        return self._held[self._at - count : self._at]

    def _some(self, most: int, deadline: float) -> bytes:
        fd = self._stdout.fileno()
        while True:
            try:
                part = os.read(fd, most)
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([fd], [], [], left)[0]:
                    raise TimeoutError("the worker does not answer") from None
                continue
            if not part:
                raise wire.WireError(f"the worker ended with status {self._process.poll()}")
            return part

    def answers(self, timeout_s: float) -> bool:
        """Whether a reply, or the worker's end, is there within this time."""
        return self._at < len(self._held) or bool(select.select([self._stdout.fileno()], [], [], timeout_s)[0])

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


class Service:
    """Jobs in, outcomes out, by one worker process: started with the first job, replaced when it is lost.

    Args:
        module: of this package, that the worker runs.
        settings: what a worker is told once, before its confinement.
        layers: of the sandbox.
        timeout_s: wall clock for one job.
        cpu_s: a late job that used this much processor time is itself to blame; None where the worker judges that.
    """

    def __init__(
        self,
        module: str,
        settings: dict[str, Any],
        layers: Collection[str],
        timeout_s: float,
        cpu_s: float | None = None,
    ) -> None:
        self._module, self._settings, self._layers = module, settings, layers
        self._timeout_s, self._cpu_s = timeout_s, cpu_s
        self._worker: Worker | None = None

    @property
    def pid(self) -> int | None:
        """Of the worker that runs, if one does."""
        return None if self._worker is None else self._worker.pid

    def serve(
        self, jobs: Sequence[bytes], read: Callable[[Any, bytes], Outcome | Rejected | InfrastructureError]
    ) -> list[Outcome | Rejected | InfrastructureError]:
        """Each packed job's outcome, in order; what our machinery failed at is tried once more.

        Args:
            jobs: packed messages.
            read: a reply as an outcome; KeyError, TypeError and ValueError say that it is malformed.
        """
        found: list[Outcome | Rejected | InfrastructureError | None] = [None] * len(jobs)
        waiting, retried = list(range(len(jobs))), set[int]()
        while waiting:
            part = waiting[: _fitting([len(jobs[i]) for i in waiting[:CHUNK]])]
            outcomes = self._batch([jobs[i] for i in part], read)
            waiting = waiting[len(outcomes) :]
            for i, outcome in zip(part, outcomes, strict=False):
                if isinstance(outcome, InfrastructureError) and i not in retried:
                    retried.add(i)
                    waiting.append(i)
                else:
                    found[i] = outcome
        return [outcome for outcome in found if outcome is not None]

    def close(self) -> None:
        """End the worker."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def _batch(
        self, jobs: Sequence[bytes], read: Callable[[Any, bytes], Outcome | Rejected | InfrastructureError]
    ) -> list[Outcome | Rejected | InfrastructureError]:
        """Outcomes of the first jobs, at least one; the last one tells what stopped the worker where one did."""
        found: list[Outcome | Rejected | InfrastructureError] = []
        spent = 0.0
        try:
            worker = self._worker = self._worker or Worker(self._module, self._settings, self._layers)
            worker.send([wire.pack({"jobs": len(jobs)}), *jobs], self._timeout_s)
            for _ in jobs:
                spent = 0.0 if worker.answers(PROMPT_S) else worker.cpu_seconds()
                found.append(checked(*worker.receive(self._timeout_s), read))
        except InfrastructureError as error:
            found.append(error)
        except TimeoutError:
            used = worker.cpu_seconds() - spent
            self.close()
            found.append(self._overdue(used))
        except wire.WireError as error:
            self.close()
            found.append(InfrastructureError(f"a render worker died: {error}"))
        return found

    def _overdue(self, used_cpu_s: float) -> Rejected | InfrastructureError:
        if self._cpu_s is not None and used_cpu_s >= self._cpu_s:
            return Rejected("resources", "the program uses too much processor time", "draw less")
        return InfrastructureError(f"a render worker did not answer within {self._timeout_s:g} s")


def checked(
    message: Any, payload: bytes, read: Callable[[Any, bytes], Outcome | Rejected | InfrastructureError]
) -> Outcome | Rejected | InfrastructureError:
    """A reply as an outcome, every part of it checked.

    Raises:
        WireError: it is malformed.
    """
    try:
        if "rejected" in message:
            return Rejected.from_dict(message["rejected"])
        if "failed" in message:
            return InfrastructureError(f"a render worker failed: {message['failed']}")
        return read(message, payload)
    except (KeyError, TypeError, ValueError) as error:
        raise wire.WireError(f"a malformed reply: {error!r}") from error


def _fitting(sizes: Sequence[int]) -> int:
    """How many of the first jobs make a chunk."""
    count, total = 1, sizes[0]
    while count < len(sizes) and (total := total + sizes[count]) <= CHUNK_BYTES:
        count += 1
    return count
