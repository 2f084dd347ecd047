"""Worker processes, seen from the parent: one behind its pipes, and the service that keeps one running."""

import contextlib
import os
import select
import subprocess
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, TypeVar

from ..outcome import InfrastructureError, Rejected
from . import wire
from .clock import Patience
from .launch import confinement, python_command, start

WINDOW = 32
"""Jobs that a worker is sent ahead of its replies."""
WINDOW_BYTES = 8 << 20
"""And their bytes, beyond the first job's."""
READ_BYTES = 1 << 16
"""Bytes read at a time, or as many as are missing."""
ENDING_S = 5.0
"""A worker whose pipe has ended is gone within this time."""
START_S = 60.0
"""A worker that is not ready by then is broken."""
PROMPT_S = 0.05
"""A reply within this time needs no account of the processor time that it took."""

MAX_KILLS = 4
"""Workers that may be killed while they are at a job before the job is suspected."""
_KILLED_STATUSES = (-9, 128 + 9)
"""Of a process that ended by SIGKILL, and of bubblewrap around one."""

Outcome = TypeVar("Outcome")
ReadReply = Callable[[Any, bytes], Outcome | Rejected | InfrastructureError]
"""Turns a reply into an outcome; KeyError, TypeError and ValueError say that it is malformed."""


class KilledError(InfrastructureError):
    """A worker or a program's process was killed from outside: by a person, or by a machine that is out of memory."""


class Worker:
    """One worker process and its pipes."""

    def __init__(self, module: str, settings: dict[str, Any], layers: Collection[str]) -> None:
        command = python_command("-m", f"zerosight.render.sandbox.{module}")
        # Programs see addresses: a set orders objects by them. The reader, which data could attack, hides its own.
        self._confined = start(command, layers, fixed_addresses=module == "program")
        self._process, self.pid = self._confined.process, self._confined.pid
        assert self._process.stdin is not None and self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._unsent: list[memoryview] = []
        self._unread = b""
        for pipe in (self._stdin, self._stdout):
            os.set_blocking(pipe.fileno(), False)
            wire.widen(pipe.fileno())
        try:
            self.post(wire.pack(settings | confinement(layers)))
            reply, _ = self.receive(START_S)
        except (TimeoutError, wire.WireError) as error:
            failure = KilledError if isinstance(error, wire.WireError) and self.is_killed() else InfrastructureError
            self.close()
            raise failure(f"a render worker does not start: {error}; see `zerosight doctor`") from error
        if reply != {"ready": True}:
            self.close()
            raise InfrastructureError(f"a render worker lacks a package: {reply}; see `zerosight doctor`")

    def post(self, message: bytes) -> None:
        """Send a packed `message`, or what the pipe takes of it now; the rest goes while replies are waited for."""
        self._unsent.append(memoryview(message))
        self._send()

    def _send(self) -> None:
        try:
            while self._unsent:
                self._unsent = wire.write(self._stdin.fileno(), self._unsent)
        except BlockingIOError:
            return
        except BrokenPipeError:
            # What the worker wrote before it ended may still be read; its end is noticed then.
            self._unsent = []

    def receive(self, timeout_s: float) -> tuple[Any, bytes]:
        """Return the next message.

        Args:
            timeout_s: wall clock that the worker may take, without the time that the machine kept it waiting.

        Raises:
            TimeoutError: nothing whole came in time.
            WireError: the worker is gone or does not keep to the protocol.
        """
        patience = Patience(self.pid, timeout_s)
        body_size, payload_size = wire.sizes(self._read(wire.HEADER.size, patience))
        try:
            return wire.json.loads(self._read(body_size, patience)), self._read(payload_size, patience)
        except (ValueError, RecursionError) as error:
            raise wire.WireError(f"not JSON: {error}") from error

    def _read(self, count: int, patience: Patience) -> bytes:
        """Read the next `count` bytes; what comes with them is kept, so that several small replies take one call."""
        if len(self._unread) < count:
            chunks, missing_bytes = [self._unread], count - len(self._unread)
            self._unread = b""
            while missing_bytes > 0:
                # Of something large not a byte more, so that it need not be taken apart again.
                chunks.append(self._some(missing_bytes if missing_bytes >= READ_BYTES else READ_BYTES, patience))
                missing_bytes -= len(chunks[-1])
            self._unread = b"".join(chunks)
        first_bytes, self._unread = self._unread[:count], self._unread[count:]
        return first_bytes

    def _some(self, most_bytes: int, patience: Patience) -> bytes:
        stdin, stdout = self._stdin.fileno(), self._stdout.fileno()
        while True:
            try:
                chunk = os.read(stdout, min(most_bytes, wire.PIPE_BYTES))
            except BlockingIOError:
                waiting_s = patience.left()
                if waiting_s <= 0:
                    raise TimeoutError("the worker does not answer") from None
                _, writable_pipes, _ = select.select([stdout], [stdin] if self._unsent else [], [], waiting_s)
                if writable_pipes:
                    self._send()
                continue
            if not chunk:
                raise wire.WireError(f"the worker ended with status {self._process.poll()}")
            return chunk

    def answers(self, timeout_s: float) -> bool:
        """Tell whether a reply, or the worker's end, is there within `timeout_s`."""
        return bool(self._unread) or bool(select.select([self._stdout.fileno()], [], [], timeout_s)[0])

    def cpu_seconds(self) -> float:
        """Return the processor time used so far; 0 where the process is gone."""
        try:
            with open(f"/proc/{self.pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_killed(self) -> bool:
        """Tell whether the process, whose pipe has ended, was killed by SIGKILL, which no program can send to it."""
        try:
            return self._process.wait(ENDING_S) in _KILLED_STATUSES
        except subprocess.TimeoutExpired:
            return False

    def close(self) -> None:
        """End the process and wait for it."""
        self._confined.kill()
        for pipe in (self._stdin, self._stdout):
            # Unsent bytes of a dead worker's jobs.
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


class Service:
    """Jobs in, outcomes out, by one worker process: started with the first job, replaced when it is lost.

    A job that fails is tried again, by a new worker. Where it fails once more, another new worker is given a program
    that is known to be good: if that succeeds the job is to blame and is rejected, and if not the infrastructure is.
    That a process was killed from outside says nothing of the job, up to `MAX_KILLS` times.

    Args:
        module: of this package, that the worker runs.
        settings: told to a worker once, before its confinement.
        layers: of the sandbox.
        timeout_s: wall clock for one job, without the time that the machine keeps the worker waiting.
        known_good: returns a packed job that must succeed, or a failure where there is none.
        cpu_s: a late job that used this much processor time is itself to blame; None where the worker judges that.
    """

    def __init__(
        self,
        module: str,
        settings: dict[str, Any],
        layers: Collection[str],
        timeout_s: float,
        known_good: Callable[[], bytes | InfrastructureError],
        cpu_s: float | None = None,
    ) -> None:
        self._module, self._settings, self._layers = module, settings, layers
        self._timeout_s, self._known_good, self._cpu_s = timeout_s, known_good, cpu_s
        self._worker: Worker | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the worker that runs, if one does."""
        return None if self._worker is None else self._worker.pid

    def serve(
        self, jobs: Sequence[bytes], read_reply: ReadReply[Outcome]
    ) -> list[Outcome | Rejected | InfrastructureError]:
        """Return the outcome of each of `jobs`, packed messages, in order; arguments as for `stream`."""
        outcomes = dict(self.stream(jobs, read_reply))
        return [outcomes[i] for i in range(len(jobs))]

    def stream(
        self, jobs: Sequence[bytes], read_reply: ReadReply[Outcome]
    ) -> Iterator[tuple[int, Outcome | Rejected | InfrastructureError]]:
        """Yield the position and outcome of each job once it is done; those that failed first come last.

        Args:
            jobs: packed messages.
            read_reply: turns a reply into an outcome.
        """
        waiting_jobs, posted_jobs = deque(range(len(jobs))), deque[int]()
        kills, failures = Counter[int](), Counter[int]()
        try:
            while waiting_jobs or posted_jobs:
                outcome = self._next(jobs, waiting_jobs, posted_jobs, read_reply)
                index = (posted_jobs or waiting_jobs).popleft()
                if isinstance(outcome, InfrastructureError):
                    self.close()
                if self._worker is None:
                    # Whoever was behind the one that stopped the worker had no part in it.
                    waiting_jobs.extendleft(reversed(posted_jobs))
                    posted_jobs.clear()
                if isinstance(outcome, KilledError) and kills[index] < MAX_KILLS:
                    kills[index] += 1
                    waiting_jobs.append(index)
                elif isinstance(outcome, InfrastructureError) and not failures[index]:
                    failures[index] += 1
                    waiting_jobs.append(index)
                else:
                    yield index, self._judged(outcome, read_reply)
        finally:
            if posted_jobs:
                # Nobody is there any more for its replies.
                self.close()

    def close(self) -> None:
        """End the worker."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def _next(
        self, jobs: Sequence[bytes], waiting_jobs: deque[int], posted_jobs: deque[int], read_reply: ReadReply[Outcome]
    ) -> Outcome | Rejected | InfrastructureError:
        """Post what the window has room for, and return the outcome of the first job that is posted."""
        try:
            worker = self._worker = self._worker or Worker(self._module, self._settings, self._layers)
            ahead_bytes = sum(len(jobs[i]) for i in posted_jobs)
            while waiting_jobs and len(posted_jobs) < WINDOW:
                ahead_bytes += len(jobs[waiting_jobs[0]])
                if posted_jobs and ahead_bytes > WINDOW_BYTES:
                    break
                posted_jobs.append(waiting_jobs.popleft())
                worker.post(jobs[posted_jobs[-1]])
        except InfrastructureError as error:
            return error
        return self._outcome(worker, read_reply)

    def _outcome(self, worker: Worker, read_reply: ReadReply[Outcome]) -> Outcome | Rejected | InfrastructureError:
        """Return the outcome of the job that `worker` is at; a worker that is lost is closed."""
        cpu_before = 0.0
        try:
            cpu_before = 0.0 if worker.answers(PROMPT_S) else worker.cpu_seconds()
            return checked(*worker.receive(self._timeout_s), read_reply)
        except TimeoutError:
            used_s = worker.cpu_seconds() - cpu_before
            self.close()
            if self._cpu_s is not None and used_s >= self._cpu_s:
                return Rejected("resources", "the program uses too much processor time", "draw less")
            return InfrastructureError(f"a render worker did not answer within {self._timeout_s:g} s")
        except wire.WireError as error:
            failure = KilledError if worker.is_killed() else InfrastructureError
            self.close()
            return failure(f"a render worker died: {error}")

    def _judged(
        self, outcome: Outcome | Rejected | InfrastructureError, read_reply: ReadReply[Outcome]
    ) -> Outcome | Rejected | InfrastructureError:
        """Return `outcome`; a job's second failure as a rejection where a new worker does what is known to be good."""
        if not isinstance(outcome, InfrastructureError):
            return outcome
        good_job = self._known_good()
        if isinstance(good_job, InfrastructureError):
            return outcome
        self.close()
        try:
            worker = self._worker = Worker(self._module, self._settings, self._layers)
        except InfrastructureError as error:
            return error
        worker.post(good_job)
        good_outcome = self._outcome(worker, read_reply)
        if isinstance(good_outcome, Rejected | InfrastructureError):
            self.close()
            return outcome
        return Rejected("crash", "the program breaks the process that runs or draws it", "do something simpler")


def checked(message: Any, payload: bytes, read_reply: ReadReply[Outcome]) -> Outcome | Rejected | InfrastructureError:
    """Return a reply of `message` and `payload` as an outcome, every part of it checked.

    Raises:
        WireError: it is malformed.
    """
    try:
        if "rejected" in message:
            return Rejected.from_dict(message["rejected"])
        if "failed" in message:
            failure = KilledError if message.get("killed") is True else InfrastructureError
            return failure(f"a render worker failed: {message['failed']}")
        return read_reply(message, payload)
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise wire.WireError(f"a malformed reply: {error!r}") from error
