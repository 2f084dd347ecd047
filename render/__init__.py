"""Rendering: programs to scenes and pictures, model-written text contained in worker processes."""

from .chart.pool import FigurePool
from .outcome import InfrastructureError, Rejected
from .raster import Picture, rasterise, scene_to_svg
from .sandbox.pool import Outcome, Rendered, RenderPool
from .svg.parse import SvgLimits
from .svg.resolve import resolve_svg

__all__ = [
    "FigurePool",
    "InfrastructureError",
    "Outcome",
    "Picture",
    "Rejected",
    "RenderPool",
    "Rendered",
    "SvgLimits",
    "rasterise",
    "resolve_svg",
    "scene_to_svg",
]
