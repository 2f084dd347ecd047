"""Public benchmarks as they were published: one adapter for each."""

from collections.abc import Mapping
from typing import Any

ADAPTERS: Mapping[str, Any] = {}
SUITES: Mapping[str, tuple[str, ...]] = {"spatial": (), "visual": ()}
