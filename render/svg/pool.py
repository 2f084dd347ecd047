"""The pool that draws SVG programs: the text is data, which a reader draws without running anything."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ...geometry import FlatScene, unpack_scene
from ..outcome import InfrastructureError, Rejected
from ..raster import Picture
from ..sandbox import wire
from ..sandbox.pool import Bounds, Slot, WorkerPool, layers_or_offered, picture_of
from ..sandbox.renderers import Renderer
from ..sandbox.service import Service
from .limits import SvgLimits
from .parse import encoded, oversize

_KNOWN_GOOD = '<svg viewBox="0 0 8 8"><circle cx="4" cy="4" r="3"/></svg>'


@dataclass(frozen=True, slots=True)
class RenderedSvg:
    """The scene and the picture of an accepted program."""

    scene: FlatScene
    picture: Picture


SvgOutcome = RenderedSvg | Rejected | InfrastructureError


class RenderPool(WorkerPool[bytes, RenderedSvg]):
    """Workers that draw SVG programs.

    Args:
        workers: number of processes.
        limits: of a program.
        timeout_s: wall clock for one program.
        cpu_s: processor time for one program.
        memory_mb: memory for one program, beyond what an idle worker maps.
        layers: of the sandbox; every one that this machine offers by default.
    """

    def __init__(
        self,
        workers: int = 1,
        limits: SvgLimits = SvgLimits(),  # noqa: B008 - a frozen value
        timeout_s: float = 10.0,
        cpu_s: float = 2.0,
        memory_mb: int = 512,
        layers: Collection[str] | None = None,
    ) -> None:
        self._limits = limits
        bounds = Bounds(timeout_s, cpu_s, memory_mb)
        super().__init__([self._slot(bounds, layers_or_offered(layers)) for _ in range(workers)])

    def _slot(self, bounds: Bounds, layers: Collection[str]) -> Slot[bytes, RenderedSvg]:
        settings = bounds.settings(Renderer.SVG) | {"claim_limits": None}
        reader = Service("reader", settings, layers, bounds.wall_s, lambda: self._packed(_KNOWN_GOOD, 16), bounds.cpu_s)
        return Slot((reader,), lambda jobs: reader.serve(jobs, rendered))

    def _packed(self, program: str, size: int) -> bytes:
        return wire.pack({"size": size, "limits": asdict(self._limits)}, encoded(program))

    def render(self, programs: Sequence[str], size: int = 64) -> list[SvgOutcome]:
        """Return each program's outcome, in order: drawn, rejected, or failed by the infrastructure.

        Args:
            programs: SVG texts.
            size: width of their pictures, px.
        """
        rejections = [oversize(program, self._limits) for program in programs]
        jobs = [
            self._packed(program, size)
            for program, rejection in zip(programs, rejections, strict=True)
            if rejection is None
        ]
        outcomes = iter(self.serve(jobs))
        return [next(outcomes) if rejection is None else rejection for rejection in rejections]


def rendered(message: Any, payload: bytes) -> RenderedSvg:
    """Return a reader's reply of `message` and `payload` as a scene and its picture.

    Raises:
        KeyError, TypeError, ValueError: it is malformed.
    """
    height, width, _ = message["shape"]
    pixel_bytes = 3 * height * width
    if not 0 < pixel_bytes <= len(payload):
        raise ValueError(f"{len(payload)} bytes hold no picture of {width} x {height}")
    scene = unpack_scene(message, payload[:-pixel_bytes])
    return RenderedSvg(scene, picture_of(message["shape"], payload[-pixel_bytes:]))
