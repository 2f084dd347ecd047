"""Rendering: programs to scenes and pictures, model-written text contained in worker processes.

Each kind of program has its room: `svg/`, `chart/` (matplotlib), `solid/` (trimesh) and `edit.py` (image transforms);
`sandbox/` holds the confined workers and the pools that they have in common, and `drawing.py` all pools under one roof.
Knows nothing of tasks and models; may import `geometry` alone. Begin with `RenderPool`, or with `drawing.Pools`.
"""

from .chart.pool import FigurePool
from .outcome import InfrastructureError, Rejected
from .raster import Picture, rasterise, scene_to_svg
from .svg.limits import SvgLimits
from .svg.pool import RenderedSvg, RenderPool, SvgOutcome
from .svg.resolve import resolve_svg

__all__ = [
    "FigurePool",
    "InfrastructureError",
    "Picture",
    "Rejected",
    "RenderPool",
    "RenderedSvg",
    "SvgLimits",
    "SvgOutcome",
    "rasterise",
    "resolve_svg",
    "scene_to_svg",
]
