"""The template: the process that children are forked from, untouched by what became of the programs before.

A worker waits for its children, reads what they write and kills those that are late; each of that leaves traces in its
memory, and a program's objects would lie at other addresses after other programs. So the worker forks once, and that
process does nothing but fork again and wait. What this changes in its memory is the order of a few free blocks; a child
first takes more of each size than these, so that with a fixed layout of memory (see `launch.py`) a program mostly sees
the same addresses in every worker, whatever ran before it.

Imports nothing of the package. Begin with `Template`.
"""

import contextlib
import itertools
import math
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

_PID = struct.Struct("<i")
_END = struct.Struct("<id")
"""A child's status, and its processor time in seconds."""
_MAX_ORDER = 64
SETTLING_FORKS = 2
"""Children that do nothing, after which the template's free blocks are the same at each further fork, but for order."""
FILLERS = 128
"""Free blocks of each size that a child takes: more than the template uses from one fork to the next."""
_SMALL_BYTES, _STEP_BYTES, _BYTES_HEAD = 512, 16, 33
"""Python's own allocator serves sizes up to the first, in steps of the second; the third is an empty `bytes`."""


class TemplateError(OSError):
    """The template is gone."""


class ChildStatus(NamedTuple):
    """The end of a child, as the kernel tells it."""

    status: int
    cpu_s: float


class Child:
    """A process that the template forked; `end` has to be called once."""

    def __init__(self, reports: socket.socket) -> None:
        self._reports = reports
        (self.pid,) = _PID.unpack(_received(reports, _PID.size))
        try:
            self._handle: int | None = os.pidfd_open(self.pid)
        except ProcessLookupError:
            self._handle = None

    def ends_within(self, timeout_s: float) -> bool:
        """Tell whether it has ended, or does so within `timeout_s`."""
        return bool(select.select([self._reports], [], [], timeout_s)[0])

    def end(self) -> ChildStatus:
        """Kill it where it lives, and return how it ended."""
        if self._handle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            os.close(self._handle)
        return ChildStatus(*_END.unpack(_received(self._reports, _END.size)))


class Template:
    """A process that forks children for this one, one at a time.

    Args:
        child: what a child does with its order and the descriptor that it writes its result to; it never returns.
        prepare: called in the template before its first fork; with the parent's end the template has to end.
        foreign_descriptors: of this process, that the template and its children have no use for.
        order_bytes: length of the orders.
    """

    def __init__(
        self,
        child: Callable[[bytes, int], NoReturn],
        prepare: Callable[[], object],
        foreign_descriptors: Sequence[int],
        order_bytes: int,
    ) -> None:
        self._orders, orders = socket.socketpair()
        if os.fork() == 0:
            try:
                prepare()
                for descriptor in (self._orders.fileno(), *foreign_descriptors):
                    os.close(descriptor)
                _serve(child, orders)
            finally:
                os._exit(70)
        orders.close()
        null_device = os.open(os.devnull, os.O_WRONLY)
        for _ in range(SETTLING_FORKS):
            self.fork(bytes(order_bytes), null_device).end()
        os.close(null_device)

    def fork(self, order: bytes, result: int) -> Child:
        """Let a child carry out `order` and write to the descriptor `result`; one of zeros alone does nothing.

        Raises:
            TemplateError: the template is gone.
        """
        try:
            socket.send_fds(self._orders, [order], [result])
        except OSError as error:
            raise TemplateError(str(error)) from error
        return Child(self._orders)


def _received(reports: socket.socket, size: int) -> bytes:
    try:
        report = reports.recv(size, socket.MSG_WAITALL)
    except OSError as error:
        raise TemplateError(str(error)) from error
    if len(report) < size:
        raise TemplateError("it ended")
    return report


def _fillers() -> Iterator[Any]:
    """Return an iterator that takes free blocks of every size; it allocates nothing else while it does.

    All that it needs exists before: what it made and freed in between would be a free block at another address.
    """
    by_type = [
        itertools.starmap(dict, ((),) * FILLERS),
        itertools.starmap(list, ((),) * FILLERS),
        map(math.sqrt, (2,) * FILLERS),
        *(map(tuple, ([None] * size,) * FILLERS) for size in range(1, 9)),
    ]
    sizes = range(3 * _STEP_BYTES, _SMALL_BYTES + 1, _STEP_BYTES)
    by_size = [map(bytes, (size - _BYTES_HEAD,) * FILLERS) for size in sizes]
    smallest = [itertools.starmap(object, ((),) * FILLERS), map(complex, (1.5,) * FILLERS)]
    parts = (*by_type, *by_size, *smallest)
    _ALIVE.append(parts)
    return itertools.chain.from_iterable(parts)


_ALIVE: list[Any] = [None] * 1000
"""What must not be freed in a child: with room for some, so that it grows by large blocks only."""


def _serve(child: Callable[[bytes, int], NoReturn], orders: socket.socket) -> None:
    """Fork a `child` for each of `orders`, and report its process id and its end."""
    fillers = _fillers()
    while True:
        # `socket.recv_fds` does the same, but loses some memory at each call.
        order, messages, _, _ = orders.recvmsg(_MAX_ORDER, socket.CMSG_SPACE(_PID.size))
        if not order:
            return
        result = int.from_bytes(messages[0][2], sys.byteorder)
        pid = os.fork()
        if pid == 0:
            try:
                _ALIVE.extend(fillers)
                if any(order):
                    child(order, result)
            finally:
                # Whatever went wrong, a child never returns into this loop.
                os._exit(70)
        os.close(result)
        orders.send(_PID.pack(pid))
        _, status, usage = os.wait4(pid, 0)
        orders.send(_END.pack(status, usage.ru_utime + usage.ru_stime))
