"""The program worker: model-written Python, each program in a forked child of its own.

The worker itself imports what programs need once and runs nothing of theirs; it stands under the outer layers (see
`layers.py`) and keeps the right to fork. It does not even read their text: each child takes its own job from the pipe,
so that no process but that child ever holds it, and no program finds another one's text, picture or result in its
memory. A child puts on the inner layers, runs the program, and writes one message to a pipe: a claim, which the worker
passes on unread, within a size limit and marked as one, for the parent to check.
"""

import gc
import json
import mmap
import os
import resource
import select
import signal
import traceback
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from ..outcome import Rejected
from . import wire
from .chance import fix_chance, fix_child
from .clock import Patience
from .confine import Confinement
from .renderers import Renderer

RESULT_FD = 3
CONFINED = b"\x01"
"""A child's first byte: from here on, what goes wrong is the program's doing."""
FIRST_FREE_FD = 100
"""The worker's own pipes lie above those that a child keeps."""

FILE = "<program>"
"""A program's name in tracebacks."""


class _ChildEnd(NamedTuple):
    """The end of a child."""

    output: memoryview
    status: int
    late: bool
    """It outlived the wall clock."""
    starved: bool
    """It was mostly waiting for a processor."""
    cpu_s: float


def _child(worker: "_Worker", job_sizes: tuple[int, int], result_write: int, mapped_bytes: int) -> NoReturn:
    """Take the job, confine this process, run the program, write its result, and end; no pipe of the worker is left.

    Args:
        worker: this process's copy of it.
        job_sizes: of the job that comes next on the worker's pipe: bytes of JSON, bytes of payload.
        result_write: descriptor to write to.
        mapped_bytes: bytes of address space that the worker uses.
    """
    request, payload = (wire.read_exactly(worker.requests, size) for size in job_sizes)
    os.dup2(result_write, RESULT_FD)
    cpu_limit_s = int(worker.settings["cpu_s"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_limit_s, cpu_limit_s))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fix_child()
    worker.confinement.limit(mapped_bytes)
    worker.confinement.landlock()
    os.closerange(RESULT_FD + 1, 256)
    worker.confinement.seccomp()
    os.write(RESULT_FD, CONFINED)
    wire.write_all(RESULT_FD, wire.parts(*_outcome(worker.renderer, json.loads(request), payload)))
    os._exit(0)


def _outcome(renderer: Any, request: Mapping[str, Any], payload: bytes) -> tuple[Any, bytes | memoryview]:
    """Return the program's result as a message and a payload; whatever it raises is a rejection that names its line."""
    program, namespace = request["program"], {"__name__": "__main__"}
    try:
        _execute(program, namespace)
        message, data = renderer.run(namespace, request, payload)
    except MemoryError:
        return Rejected("resources", "the program uses too much memory", "use less").as_message(), b""
    except BaseException as error:  # noqa: BLE001 - the boundary: what a program raises, exits included, is its own
        hint = renderer.hint(error, program) or "mend that line"
        return Rejected("error", _error_text(error), hint).as_message(), b""
    return (message.as_message() if isinstance(message, Rejected) else message), data


def _execute(program: str, namespace: dict[str, Any]) -> None:
    """Run the text `program` in `namespace`; that it exits without saying that something failed is its end."""
    try:
        exec(compile(program, FILE, "exec"), namespace)  # noqa: S102 - what the sandbox is for
    except SystemExit as end:
        if end.code not in (None, 0):
            raise


def _error_text(error: BaseException) -> str:
    """Say in one line where in the program `error` came from, and what it is."""
    if isinstance(error, SyntaxError) and error.filename == FILE:
        return f"line {error.lineno}: {error.msg}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
    line_text = f"line {lines[-1]}: " if lines else ""
    return f"{line_text}{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _run(worker: "_Worker", job_sizes: tuple[int, int]) -> _ChildEnd:
    """Run the next job, of `job_sizes`, in a child; kill it where it outlives the wall clock or writes too much."""
    result_read, result_write = os.pipe()
    wire.widen(result_write)
    mapped_bytes = worker.confinement.mapped()
    pid = os.fork()
    if pid == 0:
        try:
            _child(worker, job_sizes, result_write, mapped_bytes)
        finally:
            # Whatever went wrong, a child never returns into the worker's loop.
            os._exit(70)
    os.close(result_write)
    received_bytes, is_late = 0, False
    patience = Patience(pid, worker.settings["wall_s"])
    while received_bytes < len(worker.buffer):
        left_s = patience.left()
        if left_s <= 0:
            is_late = True
            break
        if not select.select([result_read], [], [], left_s)[0]:
            continue
        count = os.readv(result_read, [worker.buffer[received_bytes:]])
        if not count:
            break
        received_bytes += count
    os.close(result_read)
    is_starved = is_late and patience.starved()
    # One that closed its pipe and lives on has written what it had to write.
    os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    return _ChildEnd(worker.buffer[:received_bytes], status, is_late, is_starved, usage.ru_utime + usage.ru_stime)


def _reply(end: _ChildEnd, settings: Mapping[str, Any]) -> list[memoryview]:
    """Return the child's message where it is one, else what its end means, as a packed reply."""
    output = end.output[len(CONFINED) :]
    if len(output) > settings["max_bytes"]:
        return _rejection("resources", "the program hands back too much", "make a smaller picture")
    if len(output):
        return wire.parts({"claim": True}, output)
    if end.cpu_s >= settings["cpu_s"]:
        return _rejection("resources", "the program uses too much processor time", "do less")
    if end.starved:
        return wire.parts({"failed": f"a program got no processor for {settings['wall_s']:g} s"})
    if end.late:
        return _rejection("resources", "the program waits for something that never comes", "do not sleep or wait")
    if os.WIFSIGNALED(end.status) and os.WTERMSIG(end.status) != signal.SIGKILL:
        name = signal.Signals(os.WTERMSIG(end.status)).name
        return _rejection("crash", f"the program ended with {name}", "call nothing that breaks the interpreter")
    return _rejection("no_result", "the program ended without a result", "return a picture; do not exit")


def _rejection(code: str, reason: str, hint: str) -> list[memoryview]:
    return wire.parts(Rejected(code, reason, hint).as_message())


class _Worker:
    """State that all children of a worker have in common, made once."""

    def __init__(self, settings: Mapping[str, Any], requests: int) -> None:
        self.settings, self.requests = settings, requests
        self.renderer = Renderer[settings["renderer"]].program_module
        self.renderer.warm()
        self.confinement = Confinement(settings)
        # One byte more than a child may write. Children do not get it: they would see what others wrote, and each fork
        # would have all of it to share and every next result to part again, page by page.
        buffer_area = mmap.mmap(-1, settings["max_bytes"] + len(CONFINED) + 1, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        buffer_area.madvise(mmap.MADV_DONTFORK)
        self.buffer = memoryview(buffer_area)
        fix_chance()
        # A collection that looks at old objects writes to them, and a child would copy all their pages.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)


def main() -> None:
    """Serve jobs from stdin until it ends: a message and a payload for each, a reply for each as it is done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Descriptors of our own, so that a child's plain 0, 1 and 2 are nothing from the start.
    requests, replies = os.dup(0), os.dup(1)
    null_device = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null_device, number)
    hello = wire.read(requests)
    if hello is None:
        return
    try:
        worker = _Worker(json.loads(hello[0]), requests)
    except ImportError as error:
        # An extra is not installed, which a person can mend.
        wire.write_all(replies, wire.parts({"failed": str(error)}))
        return
    wire.write_all(replies, wire.parts({"ready": True}))
    while (job_sizes := wire.read_sizes(requests)) is not None:
        end = _run(worker, job_sizes)
        if end.output[: len(CONFINED)] != CONFINED:
            # It may have left a part of its job in the pipe, so that there is no next one to be found.
            message = f"a program's process did not come up (status {end.status})"
            wire.write_all(replies, wire.parts({"failed": message}))
            return
        wire.write_all(replies, _reply(end, worker.settings))


if __name__ == "__main__":
    main()
