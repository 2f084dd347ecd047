"""Parts of one's own by entry point: recipes, reward terms, curricula, losses, benchmarks, beside worlds.

A package names them in its pyproject.toml under the groups of `GROUPS`; `zerosight part new KIND NAME` writes one.
Nothing of a package is imported before its part is asked for.
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from ..errors import did_you_mean
from .registry import PluginError, guarded

GROUPS: Mapping[str, str] = {
    "recipe": "zerosight.recipes",
    "reward": "zerosight.rewards",
    "curriculum": "zerosight.curricula",
    "loss": "zerosight.losses",
    "benchmark": "zerosight.benchmarks",
}
"""The entry-point group of each kind of part. The values: a `Recipe`; a module whose import declares reward terms; a
`Curriculum` class; a `LossKind`; an `Adapter`."""


def installed_parts(kind: str) -> dict[str, EntryPoint]:
    """Return the installed parts of a `kind` by name; nothing of them is imported.

    Raises:
        PluginError: there is no such kind.
    """
    if kind not in GROUPS:
        hint = did_you_mean(kind, GROUPS)
        raise PluginError(f"unknown kind of part {kind!r}; {hint and f'{hint} '}(allowed: {', '.join(GROUPS)})")
    return {entry_point.name: entry_point for entry_point in entry_points(group=GROUPS[kind])}


def load_part(kind: str, name: str) -> Any:
    """Return the installed part of a `kind` called `name`.

    Raises:
        PluginError: it is not installed, or does not load.
    """
    parts = installed_parts(kind)
    if name not in parts:
        hint = did_you_mean(name, parts) or f"installed: {', '.join(parts) or 'none'}"
        raise PluginError(f"no installed {kind} is called {name!r}; {hint}")
    return guarded(f"{kind} {name!r} from {parts[name].value!r} does not load", parts[name].load)
