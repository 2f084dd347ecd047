"""The program worker: model-written Python, each program in a forked child of its own.

The worker itself imports what programs need once and runs nothing of theirs; it stands under the outer layers (see
`sandbox.py`) and keeps the right to fork. A child puts on the inner layers, runs the program, and writes one message
to a pipe: a claim, which the worker passes on unread, within a size limit and marked as one, for the parent to check.

A front end is a module with `warm()`, which imports what its programs use, and `run(namespace, request, payload)`,
which asks a program's namespace for its result and gives it as a message with a payload.
"""

import gc
import importlib
import json
import mmap
import os
import resource
import select
import signal
import time
import traceback
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from ..outcome import Rejected
from . import wire
from .confine import Confinement

RESULT_FD = 3
CONFINED = b"\x01"
"""What a child says first: from here on, what goes wrong is the program's doing."""


FILE = "<program>"
"""A program's name in tracebacks."""


class _Ended(NamedTuple):
    """How a child ended."""

    said: memoryview
    status: int
    late: str
    """The state of a child that outlived the wall clock, as /proc gives it; empty for one that ended in time."""
    cpu_s: float


def _child(worker: "_Worker", request: bytes, payload: bytes, result: int, mapped: int) -> NoReturn:
    """Confine this process, run the program, say what came of it, and end; nothing of the worker's is left open."""
    os.dup2(result, RESULT_FD)
    whole = int(worker.settings["cpu_s"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    worker.confinement.limit(mapped)
    worker.confinement.landlock()
    os.closerange(RESULT_FD + 1, 256)
    worker.confinement.seccomp()
    os.write(RESULT_FD, CONFINED)
    left = wire.parts(*_outcome(worker.front, json.loads(request), payload))
    while left:
        left = wire.write(RESULT_FD, left)
    os._exit(0)


def _outcome(front: Any, request: Mapping[str, Any], payload: bytes) -> tuple[Any, bytes | memoryview]:
    """The program's result as a message; whatever it raises is a rejection that names its line."""
    namespace: dict[str, Any] = {"__name__": "program"}
    try:
        exec(compile(request["program"], FILE, "exec"), namespace)  # noqa: S102 - what the sandbox is for
        message, data = front.run(namespace, request, payload)
    except MemoryError:
        return Rejected("resources", "the program uses too much memory", "use less").as_message(), b""
    except BaseException as error:  # noqa: BLE001 - the boundary: what a program raises, exits included, is its own
        return Rejected("error", _said(error), "mend that line").as_message(), b""
    return (message.as_message() if isinstance(message, Rejected) else message), data


def _said(error: BaseException) -> str:
    """Where in the program and what, in one line."""
    if isinstance(error, SyntaxError) and error.filename == FILE:
        return f"line {error.lineno}: {error.msg}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
    place = f"line {lines[-1]}: " if lines else ""
    return f"{place}{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _run(worker: "_Worker", request: bytes, payload: bytes) -> _Ended:
    """One program in a child; killed where it outlives the wall clock or says too much."""
    ours, theirs = os.pipe()
    wire.widen(theirs)
    mapped = worker.confinement.mapped()
    pid = os.fork()
    if pid == 0:
        try:
            _child(worker, request, payload, theirs, mapped)
        finally:
            # Whatever went wrong, a child never returns into the worker's loop.
            os._exit(70)
    os.close(theirs)
    said, late = 0, ""
    deadline = time.monotonic() + worker.settings["wall_s"]
    while said < len(worker.heard):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([ours], [], [], left)[0]:
            late = _state(pid)
            break
        count = os.readv(ours, [worker.heard[said:]])
        if not count:
            break
        said += count
    os.close(ours)
    # One that closed its pipe and lives on has said what it had to say.
    os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    return _Ended(worker.heard[:said], status, late, usage.ru_utime + usage.ru_stime)


def _state(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def _judged(ended: _Ended, settings: Mapping[str, Any]) -> list[memoryview]:
    """The child's message where it is one, else what its end says."""
    if ended.said[: len(CONFINED)] != CONFINED:
        return wire.parts({"failed": f"a program's process did not come up (status {ended.status})"})
    said = ended.said[len(CONFINED) :]
    if len(said) > settings["max_bytes"]:
        return _rejection("resources", "the program hands back too much", "make a smaller picture")
    if said:
        return wire.parts({"claim": True}, said)
    if ended.cpu_s >= settings["cpu_s"]:
        return _rejection("resources", "the program uses too much processor time", "do less")
    if ended.late in ("S", "T"):
        return _rejection("resources", "the program waits for something that never comes", "do not sleep or wait")
    if ended.late:
        return wire.parts({"failed": f"a program got no processor for {settings['wall_s']:g} s"})
    if os.WIFSIGNALED(ended.status) and os.WTERMSIG(ended.status) != signal.SIGKILL:
        name = signal.Signals(os.WTERMSIG(ended.status)).name
        return _rejection("crash", f"the program ended with {name}", "call nothing that breaks the interpreter")
    return _rejection("no_result", "the program ended without a result", "return a picture; do not exit")


def _rejection(code: str, reason: str, hint: str) -> list[memoryview]:
    return wire.parts(Rejected(code, reason, hint).as_message())


class _Worker:
    """What all children of a worker have in common, made once."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.front: Any = importlib.import_module(f"zerosight.render.{settings['front']}")
        self.front.warm()
        self.confinement = Confinement(settings)
        # One byte more than a child may say. Children do not get it: they would see what others said, and each fork
        # would have all of it to share and every next result to part again, page by page.
        buffer = mmap.mmap(-1, settings["max_bytes"] + len(CONFINED) + 1, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        buffer.madvise(mmap.MADV_DONTFORK)
        self.heard = memoryview(buffer)
        # A collection that looks at old objects writes to them, and a child would copy all their pages.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)


def main() -> None:
    """Serve jobs from stdin until it ends: a message and a payload for each, a reply for each as it is done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Descriptors of our own, so that a child's plain 0, 1 and 2 are nothing from the start.
    requests, replies = open(os.dup(0), "rb"), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    hello = wire.read(requests)
    if hello is None:
        return
    try:
        worker = _Worker(hello[0])
    except ImportError as error:
        # An extra is not installed, which a person can mend.
        _say(replies, wire.parts({"failed": str(error)}))
        return
    _say(replies, wire.parts({"ready": True}))
    for jobs in wire.batches(requests):
        for job in jobs:
            _say(replies, _judged(_run(worker, *job), worker.settings))


def _say(replies: int, left: list[memoryview]) -> None:
    while left:
        left = wire.write(replies, left)


if __name__ == "__main__":
    main()
