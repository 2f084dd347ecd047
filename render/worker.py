"""The render worker: a process of its own that parses model-written programs and draws them.

What contains it is said in `sandbox.py`: it is started by the parent with an empty environment and three pipes, and
puts the layers on itself (`confine.py`) before it reads the first program. SVG text is data and is never executed.
"""

import signal
import sys
from types import FrameType
from typing import Any, NoReturn

from . import wire
from .confine import confine
from .outcome import Rejected
from .raster import rasterise
from .svg_parse import SvgLimits
from .svg_resolve import resolve_svg


class _OutOfTime(Exception):
    """The program used up its processor time."""


def _out_of_time(signum: int, frame: FrameType | None) -> NoReturn:
    raise _OutOfTime


def _draw(program: str, size: int, limits: SvgLimits, cpu_s: float) -> tuple[dict[str, Any], bytes]:
    """One program's outcome as a message. The one place in the worker that records failures."""
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    try:
        scene = resolve_svg(program, limits)
        if isinstance(scene, Rejected):
            return scene.as_message(), b""
        picture = rasterise(scene, size)
        return {"scene": scene.to_json(), "shape": picture.array.shape}, picture.array.tobytes()
    except (MemoryError, RecursionError, _OutOfTime) as error:
        what = {MemoryError: "memory", RecursionError: "nesting", _OutOfTime: "processor time"}[type(error)]
        return Rejected("resources", f"the program uses too much {what}", "draw less").as_message(), b""
    except Exception as error:  # noqa: BLE001 - the boundary: whatever breaks in here is our failure, and is said
        return {"failed": f"{type(error).__name__}: {error}"}, b""
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def main() -> None:
    """Serve batches from stdin until it ends: limits first, then a reply for each program as it is done."""
    signal.signal(signal.SIGPROF, _out_of_time)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hello = wire.read(sys.stdin.buffer)
    if hello is None:
        return
    settings = hello[0]
    limits = SvgLimits(**settings["limits"])
    # One drawing before the limits hold loads whatever the libraries load on first use.
    _draw('<svg viewBox="0 0 8 8"><circle r="3"/></svg>', 8, limits, 60.0)
    confine(settings)
    out = sys.stdout.buffer
    out.write(wire.pack({"ready": True}))
    out.flush()
    while (request := wire.read(sys.stdin.buffer)) is not None:
        for program in request[0]["programs"]:
            out.write(wire.pack(*_draw(program, request[0]["size"], limits, settings["cpu_s"])))
            out.flush()


if __name__ == "__main__":
    main()
