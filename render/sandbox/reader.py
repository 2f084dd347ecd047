"""The reader worker: a process of its own that turns untrusted data into scenes and pictures.

What contains it is said in `layers.py`: it is started by the parent with a fixed environment and three pipes, and
puts the layers on itself (`confine.py`) before it reads the first job. What it reads is data and is never executed,
so one process may serve many.
"""

import gc
import json
import signal
from types import FrameType
from typing import Any, NoReturn

from ..outcome import Rejected
from . import wire
from .claims import NONSENSE, ClaimLimits, unpack_claim
from .confine import confine
from .renderers import Renderer

AGAIN_S = 0.5
"""Processor time after which the end of a job's time is said again, where code of a library swallowed it."""


class _OutOfTime(BaseException):
    """The data used up its processor time."""


def _out_of_time(signum: int, frame: FrameType | None) -> NoReturn:
    raise _OutOfTime


def reply_to(renderer: Any, message: bytes, payload: bytes, settings: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Return one job's outcome as a message and a payload: the one place in the worker that records failures.

    Args:
        renderer: drawing module of the kind.
        message: the request, as JSON.
        payload: what came with it.
        settings: of the worker; `cpu_s` and `claim_limits` count here.
    """
    try:
        return _timed(lambda: _drawn(renderer, json.loads(message), payload, settings), settings["cpu_s"])
    except (MemoryError, RecursionError, _OutOfTime) as error:
        resource = {MemoryError: "memory", RecursionError: "nesting", _OutOfTime: "processor time"}[type(error)]
        return Rejected("resources", f"the program uses too much {resource}", "draw less").as_message(), b""
    except Exception as error:  # noqa: BLE001 - the boundary: whatever breaks in here is said, with whose fault it is
        return _blamed(renderer, error, settings["cpu_s"]), b""


def _timed(work: Any, cpu_s: float) -> Any:
    """Return the result of `work`, which may take `cpu_s` of processor time."""
    signal.setitimer(signal.ITIMER_PROF, cpu_s, AGAIN_S)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _drawn(
    renderer: Any, request: dict[str, Any], payload: bytes, settings: dict[str, Any]
) -> tuple[dict[str, Any], bytes]:
    """Draw the job `request`; where the reader is for claims, its `payload` is one."""
    if settings["claim_limits"] is None:
        message, data = renderer.draw(request, payload)
        return message, data
    try:
        claim, claim_payload = unpack_claim(payload, ClaimLimits(*settings["claim_limits"]))
    except (ValueError, RecursionError):
        return NONSENSE.as_message(), b""
    message, data = renderer.draw(request | {"claim": claim}, bytes(claim_payload))
    return message, data


def _blamed(renderer: Any, error: Exception, cpu_s: float) -> dict[str, Any]:
    """Return `error` as a rejection where this process still draws what is known to be good, else as our failure."""
    try:
        _timed(renderer.warm, cpu_s)
    except (Exception, _OutOfTime) as second_error:  # noqa: BLE001 - the boundary, as above
        return {"failed": f"{type(error).__name__}: {error}; and then {type(second_error).__name__}: {second_error}"}
    if "bad_alloc" in str(error):
        return Rejected("resources", "the program uses too much memory", "draw less").as_message()
    reason = f"the picture cannot be drawn or read ({type(error).__name__}: {' '.join(str(error).split())[:200]})"
    return Rejected("undrawable", reason, "draw something simpler").as_message()


def main() -> None:
    """Serve jobs from stdin until it ends: limits first, then a reply for each job as it is done."""
    signal.signal(signal.SIGPROF, _out_of_time)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, replies = 0, 1
    hello = wire.read(requests)
    if hello is None:
        return
    settings = json.loads(hello[0])
    try:
        renderer = Renderer[settings["renderer"]].drawing_module
        renderer.warm()
    except ImportError as error:
        # An extra is not installed, which a person can mend.
        wire.write_all(replies, wire.parts({"failed": str(error)}))
        return
    # What is loaded by now stays: no collection need ever look at it again.
    gc.collect()
    gc.freeze()
    confine(settings)
    wire.write_all(replies, wire.parts({"ready": True}))
    while (job := wire.read(requests)) is not None:
        wire.write_all(replies, wire.parts(*reply_to(renderer, *job, settings)))


if __name__ == "__main__":
    main()
