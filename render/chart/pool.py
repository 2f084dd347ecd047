"""The pool that runs matplotlib programs."""

from typing import Any

from ...geometry.chart import ChartScene
from ..sandbox.claims import ClaimLimits
from ..sandbox.pool import Bounds, DrawnKind, DrawnPool, picture_of
from ..sandbox.renderers import Renderer
from .draw import DrawnChart
from .limits import MAX_IMAGE_BYTES, MAX_VERTICES


def _drawn_chart(message: Any, payload: bytes) -> DrawnChart:
    """Return the reader's reply of `message` and `payload` as scene and picture."""
    return DrawnChart(ChartScene.from_json(message["scene"]), picture_of(message["shape"], payload))


class FigurePool(DrawnPool[DrawnChart]):
    """Workers that run matplotlib programs, and read and draw the figures that they leave."""

    kind = DrawnKind(
        program=Renderer.CHART,
        drawing=Renderer.CHART,
        limits=ClaimLimits(4 << 20, 16 * MAX_VERTICES + MAX_IMAGE_BYTES, values=500_000),
        bounds=Bounds(wall_s=20.0, cpu_s=4.0, memory_mb=512),
        special={r"\b(?:pandas|seaborn|scipy|statsmodels|sklearn)\b": Renderer.CHART_TABLES},
        known_good="import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])",
        to_result=_drawn_chart,
    )
