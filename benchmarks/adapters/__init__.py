"""Public benchmarks as they were published: one adapter for each."""

import warnings
from collections.abc import Mapping

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


def _installed() -> dict[str, Adapter]:
    """Return the adapters of installed packages by name; one that does not load is a warning."""
    adapters = {}
    for name in installed_parts("benchmark"):
        try:
            adapters[name] = load_part("benchmark", name)
        except PluginError as error:
            warnings.warn(str(error), stacklevel=2)
    return adapters


ADAPTERS: Mapping[str, Adapter] = {
    **_installed(),
    **{module.ADAPTER.name: module.ADAPTER for module in (*_SPATIAL, *_VISUAL)},
}
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
