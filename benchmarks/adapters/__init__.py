"""Public benchmarks as they were published: one adapter for each."""

import warnings
from collections.abc import Iterator, Mapping

from ...envs import PluginError
from ...envs.parts import installed_parts, load_part
from ...errors import did_you_mean
from . import (
    blink,
    chartqa,
    corecognition,
    cv_bench,
    embspatial,
    hallusionbench,
    logicvista,
    mathverse,
    mathvision,
    mathvista,
    mindcube,
    mmmu,
    mmmu_pro,
    mmsi_bench,
    mmstar,
    omnispatial,
    realworldqa,
    spar_bench,
    spatialviz,
    stare,
    three_dsr_bench,
    v_star,
    viewspatial,
    visnumbench,
    vsi_bench,
    whatsup,
)
from .base import Adapter, BenchmarkDataError

_SPATIAL = (
    vsi_bench,
    embspatial,
    viewspatial,
    mmsi_bench,
    spatialviz,
    stare,
    realworldqa,
    blink,
    cv_bench,
    three_dsr_bench,
    spar_bench,
    mindcube,
    omnispatial,
    whatsup,
)
_VISUAL = (
    corecognition,
    mmstar,
    v_star,
    mathvista,
    mathverse,
    mathvision,
    chartqa,
    mmmu,
    mmmu_pro,
    hallusionbench,
    logicvista,
    visnumbench,
)


class _Adapters(Mapping[str, Adapter]):
    """The adapters by name: those that are built in, and those of installed packages, loaded when they are wanted.

    Args:
        built_in: by name; they come before installed ones of the same name.
    """

    def __init__(self, built_in: Mapping[str, Adapter]) -> None:
        self._built_in = built_in

    def __getitem__(self, name: str) -> Adapter:
        if name in self._built_in:
            return self._built_in[name]
        if name not in installed_parts("benchmark"):
            raise KeyError(name)
        return load_part("benchmark", name)

    def __iter__(self) -> Iterator[str]:
        """Yield all names; of an installed one that does not load, a warning instead."""
        yield from self._built_in
        for name in installed_parts("benchmark"):
            try:
                self[name]
            except PluginError as error:
                warnings.warn(str(error), stacklevel=2)
            else:
                yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)


ADAPTERS: Mapping[str, Adapter] = _Adapters({module.ADAPTER.name: module.ADAPTER for module in (*_SPATIAL, *_VISUAL)})
SUITES: Mapping[str, tuple[str, ...]] = {
    "spatial": tuple(module.ADAPTER.name for module in _SPATIAL),
    "visual": tuple(module.ADAPTER.name for module in _VISUAL),
}


def adapter(name: str) -> Adapter:
    """Return the adapter of the benchmark called `name`.

    Raises:
        BenchmarkDataError: there is none of this name; the message suggests the closest.
    """
    if name not in ADAPTERS:
        hint = did_you_mean(name, ADAPTERS, cutoff=0.4)
        raise BenchmarkDataError(f"unknown benchmark {name!r}; {hint and f'{hint} '}(known: {', '.join(ADAPTERS)})")
    return ADAPTERS[name]
