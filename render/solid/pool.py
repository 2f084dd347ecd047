"""The pool that runs 3D programs."""

from ..sandbox.claims import ClaimLimits
from ..sandbox.pool import Bounds, DrawnKind, DrawnPool
from ..sandbox.renderers import Renderer
from .draw import Solids, undrawn
from .program import MAX_JSON, MAX_TRIANGLES, MAX_VERTICES


class SolidPool(DrawnPool[Solids]):
    """Workers that run trimesh programs, and draw and measure the scenes that they leave."""

    kind = DrawnKind(
        program=Renderer.SOLID,
        drawing=Renderer.SOLID,
        limits=ClaimLimits(MAX_JSON, 12 * MAX_VERTICES + 15 * MAX_TRIANGLES, values=20_000),
        bounds=Bounds(wall_s=20.0, cpu_s=4.0, memory_mb=768),
        known_good="import trimesh\nscene = trimesh.Scene(trimesh.creation.box([1, 1, 1]))",
        to_result=undrawn,
    )
