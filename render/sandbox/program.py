"""The program worker: model-written Python, each program in a forked child of its own.

The worker itself imports what programs need once and runs nothing of theirs; it stands under the outer layers (see
`layers.py`), and its copy that children are forked from (`template.py`) keeps the right to fork. Neither even reads
their text: each child takes its own job from the pipe, so that no process but that child ever holds it, and no program
finds another one's text, picture or result in its memory. A child puts on the inner layers, runs the program, and
writes one message to a pipe: a claim, which the worker passes on unread, within a size limit and marked as one, for the
parent to check.
"""

import gc
import json
import mmap
import os
import resource
import select
import signal
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from ..outcome import Rejected
from . import wire
from .chance import fix_chance, fix_child
from .clock import Patience
from .confine import Confinement, die_with_parent
from .renderers import Renderer
from .template import Template, TemplateError

RESULT_FD = 3
CONFINED = b"\x01"
"""A child's first byte: from here on, what goes wrong is the program's doing."""
ENDING_S = 0.1
"""A child that has closed its pipe ends by itself within this time, or is killed."""

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
    is_over: bool
    """It ended before it was killed from here."""
    cpu_s: float


def _child(worker: "_Worker", job_sizes: tuple[int, int], result_write: int) -> NoReturn:
    """Take the job, confine this process, run the program, write its result, and end; no pipe of the worker is left.

    Args:
        worker: this process's copy of it.
        job_sizes: of the job that comes next on the worker's pipe: bytes of JSON, bytes of payload.
        result_write: descriptor to write to.
    """
    request, payload = (wire.read_exactly(worker.requests, size) for size in job_sizes)
    os.dup2(result_write, RESULT_FD)
    cpu_limit_s = int(worker.settings["cpu_s"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_limit_s, cpu_limit_s))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fix_child()
    worker.confinement.limit(worker.mapped_bytes)
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
    """Run the next job, of `job_sizes`, in a child; kill it where it outlives the wall clock or writes too much.

    Raises:
        TemplateError: a child took the template with it.
    """
    result_read, result_write = os.pipe()
    wire.widen(result_write)
    try:
        child = worker.template.fork(wire.HEADER.pack(*job_sizes), result_write)
    finally:
        os.close(result_write)
    received_bytes, is_late = 0, False
    patience = Patience(child.pid, worker.settings["wall_s"])
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
    is_over = not is_late and received_bytes < len(worker.buffer) and child.ends_within(ENDING_S)
    status, cpu_s = child.end()
    return _ChildEnd(worker.buffer[:received_bytes], status, is_late, is_starved, is_over, cpu_s)


def _reply(end: _ChildEnd, settings: Mapping[str, Any]) -> list[memoryview]:
    """Return the child's message where it is one, else what its end means, as a packed reply."""
    output = end.output[len(CONFINED) :]
    is_killed = os.WIFSIGNALED(end.status) and os.WTERMSIG(end.status) == signal.SIGKILL
    if end.is_over and is_killed and end.cpu_s < settings["cpu_s"]:
        # Neither by its limits nor from here: by a person, or by a machine that is out of memory.
        return wire.parts({"failed": "a program's process was killed", "killed": True})
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
    if os.WIFSIGNALED(end.status) and not is_killed:
        name = signal.Signals(os.WTERMSIG(end.status)).name
        return _rejection("crash", f"the program ended with {name}", "call nothing that breaks the interpreter")
    return _rejection("no_result", "the program ended without a result", "return a picture; do not exit")


def _rejection(code: str, reason: str, hint: str) -> list[memoryview]:
    return wire.parts(Rejected(code, reason, hint).as_message())


class _Worker:
    """State that all children of a worker have in common, made once."""

    def __init__(self, settings: Mapping[str, Any], requests: int, foreign_descriptors: Sequence[int]) -> None:
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
        self.mapped_bytes = self.confinement.mapped()
        self.template = Template(
            lambda order, result_write: _child(self, wire.sizes(order), result_write),
            die_with_parent,
            foreign_descriptors,
            wire.HEADER.size,
        )


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
        worker = _Worker(json.loads(hello[0]), requests, [replies])
    except ImportError as error:
        # An extra is not installed, which a person can mend.
        wire.write_all(replies, wire.parts({"failed": str(error)}))
        return
    wire.write_all(replies, wire.parts({"ready": True}))
    while (job_sizes := wire.read_sizes(requests)) is not None:
        try:
            end = _run(worker, job_sizes)
        except TemplateError as error:
            # A program can kill it only where hardly a layer holds; there may be a part of its job in the pipe.
            message = f"the process that programs are forked from is gone: {error}"
            wire.write_all(replies, wire.parts({"failed": message, "killed": True}))
            return
        if end.output[: len(CONFINED)] != CONFINED:
            # It may have left a part of its job in the pipe, so that there is no next one to be found.
            message = f"a program's process did not come up (status {end.status})"
            wire.write_all(replies, wire.parts({"failed": message}))
            return
        wire.write_all(replies, _reply(end, worker.settings))


if __name__ == "__main__":
    main()
