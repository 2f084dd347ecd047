"""Pools that run matplotlib programs."""

from collections.abc import Collection
from typing import Any

from ...geometry.chart import ChartScene
from ..sandbox.pool import DrawnPool, picture_of
from .draw import DrawnChart
from .limits import MAX_IMAGE_BYTES, MAX_VERTICES

_MAX_BYTES = 16 * MAX_VERTICES + MAX_IMAGE_BYTES + (4 << 20)
"""Vertices, images, and the list itself as JSON."""


class FigurePool(DrawnPool[DrawnChart]):
    """Workers that run matplotlib programs, and read and draw the figures that they leave.

    Args:
        workers: how many.
        wall_s: wall clock for one program.
        cpu_s: processor time for one program, and for its drawing.
        memory_mb: memory for one program, beyond what an idle worker maps.
        layers: of the sandbox; every one that this machine offers by default.
    """

    def __init__(
        self,
        workers: int = 1,
        wall_s: float = 20.0,
        cpu_s: float = 4.0,
        memory_mb: int = 512,
        layers: Collection[str] | None = None,
    ) -> None:
        super().__init__("chart.program", "chart.draw", _MAX_BYTES, workers, wall_s, cpu_s, memory_mb, layers)

    def _drawn(self, message: Any, payload: bytes) -> DrawnChart:
        return DrawnChart(ChartScene.from_json(message["scene"]), picture_of(message["shape"], payload))
