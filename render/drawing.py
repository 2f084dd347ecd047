"""Pools for every kind of program under one roof, each started when it is first needed.

Begin with `Pools`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..geometry import Scene
from .chart.pool import FigurePool
from .edit import Edit, EditPool
from .outcome import InfrastructureError, Rejected
from .outcome_cache import OutcomeCache, digest_of
from .raster import Picture
from .svg.pool import RenderPool


@dataclass(frozen=True, slots=True)
class Drawn:
    """The scene and the pictures of an accepted program of any kind."""

    scene: Scene
    pictures: tuple[Picture, ...]
    """One, or as many as there are cameras."""

    @property
    def picture(self) -> Picture:
        """The first picture."""
        return self.pictures[0]


RenderOutcome = Drawn | Rejected | InfrastructureError


def _solid_pool(workers: int, layers: Collection[str] | None) -> Any:
    # trimesh and open3d belong to an extra.
    from .solid.pool import SolidPool

    return SolidPool(workers, layers=layers)


_POOL_MAKERS: Mapping[str, Callable[[int, Collection[str] | None], Any]] = {
    "svg": lambda workers, layers: RenderPool(workers, layers=layers),
    "chart": lambda workers, layers: FigurePool(workers, layers=layers),
    "solid": _solid_pool,
    "edit": lambda workers, layers: EditPool(workers, layers=layers),
}
KINDS = ("svg", "chart", "solid")
"""SVG text, matplotlib programs, trimesh programs: those that draw from nothing."""


class Pools:
    """Workers for all kinds of programs; within their life equal programs have one outcome.

    Args:
        workers: number of workers of each kind.
        layers: of the sandbox; every one that this machine offers by default.
    """

    def __init__(self, workers: int = 1, layers: Collection[str] | None = None) -> None:
        self._workers, self._layers = workers, layers
        self._pools: dict[str, Any] = {}
        self._cache = OutcomeCache(_outcome_bytes)

    def __enter__(self) -> "Pools":
        """Return the pools themselves; they are stopped at the end."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop the workers, whatever the `exception`."""
        self.close()

    def close(self) -> None:
        """Stop the workers; those of a kind that is needed again are started anew."""
        while self._pools:
            self._pools.popitem()[1].close()

    def _pool(self, kind: str) -> Any:
        if kind not in self._pools:
            self._pools[kind] = _POOL_MAKERS[kind](self._workers, self._layers)
        return self._pools[kind]

    def draw(self, kind: str, programs: Sequence[str], size: int) -> list[RenderOutcome]:
        """Return the outcome of each of `programs`, all of one `kind`, in order; pictures are `size` px wide.

        Raises:
            ValueError: there is no such kind.
        """
        if kind not in KINDS:
            raise ValueError(f"unknown kind of program {kind!r}; allowed: {', '.join(KINDS)}")

        def draw(positions: list[int]) -> list[RenderOutcome]:
            pool, new_programs = self._pool(kind), [programs[position] for position in positions]
            pool_outcomes = pool.render(new_programs, size) if kind == "svg" else pool.run(new_programs, size)
            return [_render_outcome(outcome) for outcome in pool_outcomes]

        return self._cache.outcomes([(kind, digest_of(program), size) for program in programs], draw)

    def edit(self, edits: Sequence[Edit]) -> list[Picture | Rejected | InfrastructureError]:
        """Return the picture of each of `edits`, in order; or its rejection, or a failure of the infrastructure.

        Equal edits are run as often as they are given: who asks twice wants to know whether they are alike.
        """
        return list(self._pool("edit").run(edits))


SCENE_BYTES = 20_000
"""Of a scene in memory, roughly; scenes of some hundred shapes have more."""


def _outcome_bytes(outcome: Any) -> int:
    """Return the bytes of `outcome`, roughly."""
    return (
        SCENE_BYTES + sum(picture.array.nbytes for picture in outcome.pictures) if isinstance(outcome, Drawn) else 500
    )


def _render_outcome(pool_outcome: Any) -> RenderOutcome:
    if isinstance(pool_outcome, Rejected | InfrastructureError):
        return pool_outcome
    pictures = pool_outcome.pictures if hasattr(pool_outcome, "pictures") else (pool_outcome.picture,)
    return Drawn(pool_outcome.scene, pictures)


@cache
def shared() -> Pools:
    """Return the process's own pools, for callers that draw now and then; they end with the process."""
    return Pools()


def kind_of(program: str) -> str:
    """Guess the kind of the text `program`.

    >>> kind_of("<svg/>"), kind_of("import trimesh"), kind_of("import matplotlib.pyplot as plt")
    ('svg', 'solid', 'chart')
    """
    if program.lstrip().startswith("<"):
        return "svg"
    return "solid" if "trimesh" in program else "chart"
