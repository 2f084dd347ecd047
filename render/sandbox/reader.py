"""The reader worker: a process of its own that turns untrusted data into scenes and pictures.

What contains it is said in `sandbox.py`: it is started by the parent with an empty environment and three pipes, and
puts the layers on itself (`confine.py`) before it reads the first job. What it reads is data and is never executed,
so one process may serve many.

A front end is a module with `warm()`, which draws once, so that whatever the libraries load on first use is there
before the limits hold, and `draw(request, payload)`, which gives a message and a payload, or a rejection as one.
"""

import gc
import importlib
import json
import signal
import sys
from types import FrameType
from typing import Any, NoReturn

from ..outcome import Rejected
from . import wire
from .confine import confine


class _OutOfTime(Exception):
    """The data used up its processor time."""


def _out_of_time(signum: int, frame: FrameType | None) -> NoReturn:
    raise _OutOfTime


def _draw(front: Any, request: bytes, payload: bytes, cpu_s: float) -> tuple[dict[str, Any], bytes]:
    """One job's outcome as a message. The one place in the worker that records failures."""
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    try:
        message, data = front.draw(json.loads(request), payload)
        return message, data
    except (MemoryError, RecursionError, _OutOfTime) as error:
        what = {MemoryError: "memory", RecursionError: "nesting", _OutOfTime: "processor time"}[type(error)]
        return Rejected("resources", f"the program uses too much {what}", "draw less").as_message(), b""
    except Exception as error:  # noqa: BLE001 - the boundary: whatever breaks in here is our failure, and is said
        return {"failed": f"{type(error).__name__}: {error}"}, b""
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def main() -> None:
    """Serve batches from stdin until it ends: limits first, then a reply for each job as it is done."""
    signal.signal(signal.SIGPROF, _out_of_time)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hello = wire.read(sys.stdin.buffer)
    if hello is None:
        return
    settings = hello[0]
    out = sys.stdout.buffer
    try:
        front = importlib.import_module(f"zerosight.render.{settings['front']}")
        front.warm()
    except ImportError as error:
        # An extra is not installed, which a person can mend.
        out.write(wire.pack({"failed": str(error)}))
        out.flush()
        return
    # What is loaded by now stays: no collection need ever look at it again.
    gc.collect()
    gc.freeze()
    confine(settings)
    out.write(wire.pack({"ready": True}))
    out.flush()
    for jobs in wire.batches(sys.stdin.buffer):
        for request, payload in jobs:
            out.write(wire.pack(*_draw(front, request, payload, settings["cpu_s"])))
            out.flush()


if __name__ == "__main__":
    main()
