"""What a recipe is: a configuration, and the algorithm that it is made for."""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..algorithm import Algorithm
from ..config import RunConfig


@dataclass(frozen=True)
class Recipe:
    """A run by name."""

    name: str
    config: Callable[[], RunConfig]
    """The full configuration."""
    algorithm: type[Algorithm] = Algorithm
    """What it does differently within the loop."""

    @property
    def about(self) -> str:
        """What it is, its source and its deviations: the text of its module, or for a control of its function."""
        own = sys.modules[self.config.__module__].__doc__
        text = inspect.getdoc(self.config) if self.algorithm is Algorithm else own
        return (text or "").strip()

    @property
    def title(self) -> str:
        """The first line of that."""
        return self.about.splitlines()[0]

    def changes(self) -> dict[str, Any]:
        """The options that differ from the defaults, dotted."""
        return differences(RunConfig().model_dump(mode="json"), self.config().model_dump(mode="json"))


def differences(plain: Mapping[str, Any], own: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """What of two nested mappings of the same keys differs, with the second's values.

    >>> differences({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1, "c": 5}, "d": 3})
    {'a.c': 5}
    """
    found: dict[str, Any] = {}
    for key, value in own.items():
        before = plain.get(key)
        if isinstance(value, dict) and isinstance(before, dict) and value.keys() == before.keys():
            found |= differences(before, value, f"{prefix}{key}.")
        elif value != before:
            found[prefix + key] = value
    return found
