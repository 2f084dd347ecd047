"""Pools of worker processes: each job's outcome is kept apart from failures of the infrastructure.

A pool has slots, one for each of its workers: a slot is the services of one worker and the function by which they
serve its share of the jobs. `WorkerPool` deals jobs out; `DrawnPool` runs programs whose claims a reader draws. The
pools for each kind of program are `svg/pool.py`, `chart/pool.py`, `solid/pool.py` and `edit.py`.

May import `geometry` and `render/raster.py`. Begin with `WorkerPool`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

import numpy as np

from ..outcome import InfrastructureError, Rejected
from ..raster import Picture
from . import wire
from .claims import ClaimLimits, small_claim
from .clock import STRETCH
from .layers import offered
from .renderers import Renderer
from .runners import Runners
from .service import Service

DRAWN_TOGETHER = 8
"""Programs whose claims wait in the parent for the reader."""
CLAIM_BYTES = 8 << 20
"""And the bytes of these claims from which they wait no longer."""
MAX_PROGRAM = 20_000
"""Characters of a Python program."""

Job = TypeVar("Job")
Result = TypeVar("Result")


class Bounds(NamedTuple):
    """Bounds of one program, and of the drawing of what it claims."""

    wall_s: float
    """Wall clock, without the time that a busy machine keeps it waiting."""
    cpu_s: float
    """Processor time."""
    memory_mb: int
    """Memory, beyond what an idle worker maps."""

    def settings(self, renderer: Renderer) -> dict[str, Any]:
        """Return the settings of a worker for programs of the kind `renderer`."""
        return self._asdict() | {"renderer": renderer.name}


@dataclass(frozen=True, eq=False)
class Slot(Generic[Job, Result]):
    """One worker of a pool: one service, or several that take turns, and how they serve."""

    services: tuple[Service, ...]
    serve: Callable[[Sequence[Job]], list[Result | Rejected | InfrastructureError]]
    """Returns the outcome of each job, in order."""


class WorkerPool(Generic[Job, Result]):
    """Worker processes that serve jobs; a context manager.

    Args:
        slots: one for each worker.

    Raises:
        ValueError: there are none.
    """

    def __init__(self, slots: Sequence[Slot[Job, Result]]) -> None:
        if not slots:
            raise ValueError("workers must be at least 1, got 0")
        self._slots = slots
        self._threads = ThreadPoolExecutor(len(slots))

    def __enter__(self) -> Self:
        """Return the pool; its workers start with the first jobs."""
        return self

    def __exit__(self, *exception: object) -> None:
        """End all workers, whatever the `exception`."""
        self.close()

    def close(self) -> None:
        """End all workers."""
        # By the threads that started them: a worker dies with its parent, and the kernel takes the thread for it.
        list(self._threads.map(self._end, self._slots))
        self._threads.shutdown()

    def _end(self, slot: Slot[Job, Result]) -> None:
        for service in slot.services:
            service.close()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that run."""
        return [service.pid for slot in self._slots for service in slot.services if service.pid is not None]

    def serve(self, jobs: Sequence[Job]) -> list[Result | Rejected | InfrastructureError]:
        """Return the outcome of each of `jobs`, in order: done, rejected, or failed by the infrastructure."""
        count = len(self._slots)
        futures = [self._threads.submit(slot.serve, jobs[number::count]) for number, slot in enumerate(self._slots)]
        shares = [future.result() for future in futures]
        return [shares[i % count][i // count] for i in range(len(jobs))]


def layers_or_offered(layers: Collection[str] | None) -> tuple[str, ...]:
    """Return `layers`, or every layer that this machine offers."""
    return offered() if layers is None else tuple(layers)


# --- programs ------------------------------------------------------------------------------------------------------


def program_service(
    renderer: Renderer, bounds: Bounds, limits: ClaimLimits, layers: Collection[str], known_good: bytes
) -> Service:
    """Return a service that runs Python programs, each in a process of its own (see `program.py`).

    Args:
        renderer: kind of the programs.
        bounds: of one program.
        limits: of its claim.
        layers: of the sandbox.
        known_good: a packed job that must succeed.
    """
    settings = bounds.settings(renderer) | {"max_bytes": limits.max_bytes}
    # The worker keeps the clock of each program; ours only has to notice a worker that is stuck.
    return Service("program", settings, layers, (1 + STRETCH) * bounds.wall_s + 10.0, lambda: known_good)


def claim_bytes(message: Any, payload: bytes) -> bytes:
    """Return the claim in a program worker's reply of `message` and `payload`, unread.

    Raises:
        ValueError: the reply is none.
    """
    if message != {"claim": True}:
        raise ValueError("a worker replies with a rejection, a failure or a program's claim")
    return payload


def too_long(program: str) -> Rejected | None:
    """Return the rejection of a `program` that is too long to be sent, or None."""
    if len(program) <= MAX_PROGRAM:
        return None
    return Rejected("size", f"the program has {len(program)} characters", f"at most {MAX_PROGRAM}")


def with_rejections(
    programs: Sequence[str], serve: Callable[[list[int]], Sequence[Result | Rejected | InfrastructureError]]
) -> list[Result | Rejected | InfrastructureError]:
    """Return the outcome of each of `programs`: rejected where it is too long, and else by `serve`.

    Args:
        programs: Python texts.
        serve: returns the outcomes of the programs at these positions.
    """
    rejections = [too_long(program) for program in programs]
    outcomes = iter(serve([i for i, rejection in enumerate(rejections) if rejection is None]))
    return [next(outcomes) if rejection is None else rejection for rejection in rejections]


# --- programs whose claims are drawn -------------------------------------------------------------------------------


class DrawJob(NamedTuple):
    """A program to run and draw."""

    program: str
    size: int
    """Width of the picture, px."""


def draw_request(job: DrawJob) -> tuple[Mapping[str, Any], bytes]:
    """Return `job` as a request to the program worker, with the program's text as its `program`, and a payload."""
    return {"program": job.program}, b""


def drawing_request(job: DrawJob) -> Mapping[str, Any]:
    """Return what the reader is asked beside the claim of `job`."""
    return {"request": {"size": job.size}}


@dataclass(frozen=True)
class DrawnKind(Generic[Result]):
    """A kind of program whose claims a trusted reader draws."""

    program: Renderer
    """Asks a program for its claim."""
    drawing: Renderer
    """Draws a claim."""
    limits: ClaimLimits
    bounds: Bounds
    known_good: str
    """A program that must succeed."""
    to_result: Callable[[Any, bytes], Result]
    """The reader's reply as a result; KeyError, TypeError and ValueError say that it is malformed."""
    special: Mapping[str, Renderer] = field(default_factory=dict)
    """Who asks programs that these regular expressions match: workers that have loaded more (see `runners.py`)."""
    to_program_request: Callable[[DrawJob], tuple[Mapping[str, Any], bytes]] = draw_request
    to_drawing_request: Callable[[DrawJob], Mapping[str, Any]] = drawing_request

    def packed(self, job: DrawJob) -> bytes:
        """Return `job` as a message to the program worker."""
        return wire.pack(*self.to_program_request(job))

    def packed_claim(self, job: DrawJob, claim: bytes) -> bytes:
        """Return the `claim` of `job` as a message to the reader."""
        return wire.pack(self.to_drawing_request(job), claim)


class DrawnPool(WorkerPool[DrawJob, Result]):
    """Workers that run Python programs whose claims a trusted reader draws.

    Each slot has processes that take turns: one forks a child for each program (`program.py`; for some programs it is
    another one, see `runners.py`), the other turns what the program hands back, which is data, into a scene and a
    picture (`reader.py`).

    Args:
        workers: number of slots.
        wall_s: wall clock for one program, and for drawing what it claims; as usual for the kind by default.
        cpu_s: processor time for the one and for the other.
        memory_mb: memory for the one and for the other, beyond what an idle worker maps.
        layers: of the sandbox; every one that this machine offers by default.
    """

    kind: ClassVar[DrawnKind[Any]]

    def __init__(
        self,
        workers: int = 1,
        wall_s: float | None = None,
        cpu_s: float | None = None,
        memory_mb: int | None = None,
        layers: Collection[str] | None = None,
    ) -> None:
        usual = self.kind.bounds
        bounds = Bounds(
            usual.wall_s if wall_s is None else wall_s,
            usual.cpu_s if cpu_s is None else cpu_s,
            usual.memory_mb if memory_mb is None else memory_mb,
        )
        super().__init__([_drawn_slot(self.kind, bounds, layers_or_offered(layers)) for _ in range(workers)])

    def run(self, programs: Sequence[str], size: int) -> list[Result | Rejected | InfrastructureError]:
        """Return each program's outcome, in order: drawn, rejected, or failed by the infrastructure.

        Args:
            programs: Python texts.
            size: width of their pictures, px.
        """
        return with_rejections(programs, lambda numbers: self.serve([DrawJob(programs[i], size) for i in numbers]))


def _drawn_slot(kind: DrawnKind[Result], bounds: Bounds, layers: Collection[str]) -> Slot[DrawJob, Result]:
    """Return a slot for programs of `kind`: a process that runs them, and one that draws their claims."""
    good_job = DrawJob(kind.known_good, 64)

    def program_worker(renderer: Renderer = kind.program) -> Service:
        return program_service(renderer, bounds, kind.limits, layers, kind.packed(good_job))

    def good_claim() -> bytes | InfrastructureError:
        """Claim something that is known to be good, by a worker of its own: the slot's may be at another program."""
        service = program_worker()
        (claim,) = service.serve([kind.packed(good_job)], claim_bytes)
        service.close()
        if isinstance(claim, Rejected):
            return InfrastructureError(f"a program that is known to be good is rejected: {claim.reason}")
        return claim if isinstance(claim, InfrastructureError) else kind.packed_claim(good_job, claim)

    settings = bounds.settings(kind.drawing) | {"claim_limits": list(kind.limits)}
    reader = Service("reader", settings, layers, bounds.wall_s, good_claim, bounds.cpu_s)
    runners = Runners(
        program_worker(), {pattern: program_worker(renderer) for pattern, renderer in kind.special.items()}
    )

    def serve(jobs: Sequence[DrawJob]) -> list[Result | Rejected | InfrastructureError]:
        """Run all programs first, then draw: while one process of a slot works, the other waits."""
        outcomes: list[Result | Rejected | InfrastructureError] = []
        for start in range(0, len(jobs), DRAWN_TOGETHER):
            part: list[Result | Rejected | InfrastructureError] = _drawn(
                kind, runners, reader, jobs[start : start + DRAWN_TOGETHER]
            )
            outcomes += part
        return outcomes

    return Slot((*runners.services, reader), serve)


def _drawn(
    kind: DrawnKind[Result], runners: Runners, reader: Service, jobs: Sequence[DrawJob]
) -> list[Result | Rejected | InfrastructureError]:
    """Return the outcome of each of `jobs`, which `runners` run and `reader` draws."""
    outcomes: dict[int, Result | Rejected | InfrastructureError] = {}
    claims: dict[int, bytes] = {}

    def draw_claims() -> None:
        drawn = reader.serve(list(claims.values()), kind.to_result)
        outcomes.update(zip(list(claims), drawn, strict=True))
        claims.clear()

    programs, packed_jobs = [job.program for job in jobs], [kind.packed(job) for job in jobs]
    for number, claim in runners.stream(programs, packed_jobs, claim_bytes):
        if isinstance(claim, Rejected | InfrastructureError):
            outcomes[number] = claim
        elif isinstance(rejection := small_claim(claim, kind.limits), Rejected):
            outcomes[number] = rejection
        else:
            claims[number] = kind.packed_claim(jobs[number], claim)
        if sum(map(len, claims.values())) >= CLAIM_BYTES:
            draw_claims()
    draw_claims()
    return [outcomes[number] for number in range(len(jobs))]


def picture_of(shape: Sequence[int], payload: bytes | memoryview) -> Picture:
    """Return raw pixels as a picture of `shape` [height, width, 3].

    Raises:
        ValueError: `payload` is not one.
    """
    height, width, depth = shape
    pixels = np.frombuffer(payload, np.uint8)
    if depth != 3 or min(height, width) < 1 or pixels.size != height * width * 3:
        raise ValueError(f"{pixels.size} bytes are not a picture of {width} x {height}")
    return Picture(pixels.reshape(height, width, 3))
