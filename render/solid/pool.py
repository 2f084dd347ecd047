"""Pools that run 3D programs."""

from collections.abc import Collection
from typing import Any

from ..sandbox.pool import DrawnPool
from .draw import Solids, undrawn
from .program import MAX_BYTES


class SolidPool(DrawnPool[Solids]):
    """Workers that run trimesh programs, and draw and measure the scenes that they leave.

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
        memory_mb: int = 768,
        layers: Collection[str] | None = None,
    ) -> None:
        super().__init__("solid.program", "solid.draw", MAX_BYTES, workers, wall_s, cpu_s, memory_mb, layers)

    def _drawn(self, message: Any, payload: bytes) -> Solids:
        return undrawn(message, payload)
