"""The registry: environments by id, built in or from installed plugins.

Begin at `make`. Environments register themselves when their module is imported.
"""

import re
import warnings
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TypeVar

from ..errors import UserError, did_you_mean
from .core import Environment

T = TypeVar("T")

GROUP = "zerosight.environments"
"""Entry-point group: the name is an environment id, the value `module:Class`."""

_ID = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+-v[0-9]+")
_BUILT_IN = (
    "zerosight.envs.shapes.canvas",
    "zerosight.envs.shapes.canvas_v2",
    "zerosight.envs.charts.chart",
    "zerosight.envs.diagrams.geometry",
    "zerosight.envs.spatial.rooms",
    "zerosight.envs.spatial.rooms_v2",
    "zerosight.envs.transforms.edit",
)
_factories: dict[str, Callable[[], Environment]] = {}


class UnknownEnvironmentError(UserError, KeyError):
    """No environment has this id."""

    def __str__(self) -> str:
        """Return the message without the quotes that KeyError adds."""
        return str(self.args[0])


class PluginError(UserError, RuntimeError):
    """An installed plugin could not be loaded."""


def register(env_id: str, factory: Callable[[], Environment]) -> None:
    """Add the environment that `factory` makes under the id `env_id`.

    Raises:
        ValueError: the id is taken by another factory or has not the form `family/Name-vN`.
    """
    if not _ID.fullmatch(env_id):
        raise ValueError(f"environment id {env_id!r} must have the form family/Name-vN, such as shapes/Canvas-v1")
    if _factories.setdefault(env_id, factory) is not factory:
        raise ValueError(f"environment id {env_id!r} is registered already; raise its version or choose another name")


def _load_built_in() -> None:
    for module_name in _BUILT_IN:
        import_module(module_name)


def _plugins() -> dict[str, EntryPoint]:
    return {entry_point.name: entry_point for entry_point in entry_points(group=GROUP)}


def list_environments() -> list[str]:
    """Return all ids, built in and from plugins, sorted; nothing of a plugin is imported."""
    _load_built_in()
    return sorted({*_factories, *_plugins()})


@cache
def make(env_id: str) -> Environment:
    """Return the environment with the id `env_id`; the same object each time.

    An id may end in `@` and a folder, for environments made of data: `spatial/Rooms-v1@/data/scannet`.

    Raises:
        UnknownEnvironmentError: no such id; the message suggests the closest.
        PluginError: the plugin that offers it does not load.
        FolderError: it is not made of a folder, or not of this one.
    """
    _load_built_in()
    base_id, separator, folder = env_id.partition("@")
    if separator:
        return make(base_id).with_data(Path(folder))
    if env_id not in _factories and (entry_point := _plugins().get(env_id)) is not None:
        return _load_plugin(env_id, entry_point)
    if env_id not in _factories:
        known_ids = list_environments()
        suggestion = did_you_mean(env_id, known_ids, cutoff=0.3) or "see `zerosight env list`"
        raise UnknownEnvironmentError(f"unknown environment {env_id!r}; {suggestion} (known: {', '.join(known_ids)})")
    return _factories[env_id]()


def _load_plugin(env_id: str, entry_point: EntryPoint) -> Environment:
    """Load the environment of an `entry_point`; what a stranger's module does wrong is reported as its failure."""

    def load() -> Environment:
        factory = entry_point.load()
        register(env_id, factory)
        environment: Environment = factory()
        if environment.id != env_id:
            raise ValueError(f"it makes an environment with the id {environment.id!r}")
        return environment

    try:
        return guarded(f"environment {env_id!r} from {entry_point.value!r} does not load", load)
    except PluginError:
        _factories.pop(env_id, None)
        raise


def guarded(failure_text: str, plugin_call: Callable[[], T]) -> T:
    """Return what `plugin_call`, a call into a plugin, returns.

    Raises:
        PluginError: it raised something, which is said after `failure_text`.
    """
    try:
        return plugin_call()
    except Exception as error:  # the boundary: a plugin may raise anything
        error_text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise PluginError(f"{failure_text}: {error_text}") from error


def broken_plugins() -> dict[str, str]:
    """Return the plugins that do not load, with the reason; a warning is issued for each."""
    reasons = {}
    for plugin_name in _plugins():
        try:
            make(plugin_name)
        except PluginError as error:
            reasons[plugin_name] = str(error)
            warnings.warn(str(error), stacklevel=2)
    return reasons
