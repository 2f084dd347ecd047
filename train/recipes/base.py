"""The recipe: a configuration, and the algorithm that it is made for."""

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
        """The text of its module, or for a control of its function: its source and its deviations."""
        module_text = sys.modules[self.config.__module__].__doc__
        about_text = inspect.getdoc(self.config) if self.algorithm is Algorithm else module_text
        return (about_text or "").strip()

    @property
    def title(self) -> str:
        """The first line of that."""
        return self.about.splitlines()[0]

    def changes(self) -> dict[str, Any]:
        """The options that differ from the defaults, dotted."""
        return differences(RunConfig().model_dump(mode="json"), self.config().model_dump(mode="json"))


def differences(default_values: Mapping[str, Any], own_values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the dotted options in which two nested mappings differ, with the values of `own_values`.

    >>> differences({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1, "c": 5}, "d": 3})
    {'a.c': 5}
    """
    changed_options: dict[str, Any] = {}
    for key, own_value in own_values.items():
        default_value = default_values.get(key)
        if isinstance(own_value, dict) and isinstance(default_value, dict) and own_value.keys() == default_value.keys():
            changed_options |= differences(default_value, own_value, f"{prefix}{key}.")
        elif own_value != default_value:
            changed_options[prefix + key] = own_value
    return changed_options
