"""The kinds of programs that are drawn, by name, and one way to draw any."""

from collections.abc import Callable
from typing import NamedTuple

from .outcome import InfrastructureError, Rejected
from .pool import RenderPool
from .raster import Picture


class Drawn(NamedTuple):
    """What came of an accepted program, whatever its kind."""

    scene: str
    """Canonical JSON."""
    pictures: tuple[Picture, ...]
    """One, or as many as there are cameras."""


Outcome = Drawn | Rejected | InfrastructureError


def _svg(program: str, size: int) -> Outcome:
    with RenderPool() as pool:
        (found,) = pool.render([program], size)
    if isinstance(found, Rejected | InfrastructureError):
        return found
    return Drawn(found.scene.to_json(), (found.picture,))


def _chart(program: str, size: int) -> Outcome:
    from .figure_pool import FigurePool

    with FigurePool() as pool:
        (found,) = pool.run([program], size)
    if isinstance(found, Rejected | InfrastructureError):
        return found
    return Drawn(found.scene.to_json(), (found.picture,))


def _solid(program: str, size: int) -> Outcome:
    from .solid_pool import SolidPool

    with SolidPool() as pool:
        (found,) = pool.run([program], size)
    if isinstance(found, Rejected | InfrastructureError):
        return found
    return Drawn(found.scene.to_json(), found.pictures)


KINDS: dict[str, Callable[[str, int], Outcome]] = {"svg": _svg, "chart": _chart, "solid": _solid}
"""SVG text, matplotlib programs, trimesh programs."""


def kind_of(program: str) -> str:
    """The kind that a text looks like.

    >>> kind_of("<svg/>"), kind_of("import trimesh"), kind_of("import matplotlib.pyplot as plt")
    ('svg', 'solid', 'chart')
    """
    if program.lstrip().startswith("<"):
        return "svg"
    return "solid" if "trimesh" in program else "chart"
