"""The kinds of scenes, by name, so that a scene that was written can be read back as the same type."""

import json
import math
from typing import Protocol, Self

from .chart import ChartScene
from .edit import EditScene
from .room import RoomScene
from .scene import FlatScene
from .spatial import SpatialScene


class Scene(Protocol):
    """A drawing's content, as data."""

    def to_json(self) -> str:
        """Return the canonical JSON: equal scenes give equal bytes."""
        ...

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the `text` that `to_json` gave."""
        ...

    @property
    def digest(self) -> str:
        """Return the sha256 of the canonical JSON, in hex."""
        ...


_KINDS: dict[str, type[Scene]] = {
    "flat": FlatScene,
    "chart": ChartScene,
    "edit": EditScene,
    "spatial": SpatialScene,
    "room": RoomScene,
}


def register_scene(kind: str, scene_type: type[Scene]) -> None:
    """Add a `kind` of scene; a plugin's own do this when their module is imported.

    Raises:
        ValueError: the name is another type's.
    """
    if _KINDS.setdefault(kind, scene_type) is not scene_type:
        raise ValueError(f"scene kind {kind!r} is taken by {_KINDS[kind].__name__}; choose another name")


def scene_kind(scene: Scene) -> str:
    """Return the name under which the type of a `scene` is registered.

    Raises:
        ValueError: it is not registered.
    """
    for kind, scene_type in _KINDS.items():
        if type(scene) is scene_type:
            return kind
    raise ValueError(f"{type(scene).__name__} is no registered scene; call geometry.register_scene first")


def read_scene(kind: str, text: str) -> Scene:
    """Read a scene of a `kind` from the `text` that `to_json` wrote.

    Raises:
        ValueError: there is no such kind.
    """
    if kind not in _KINDS:
        raise ValueError(f"unknown scene kind {kind!r}; known: {', '.join(_KINDS)}")
    return _KINDS[kind].from_json(text)


def statistics(scene: Scene) -> dict[str, float]:
    """Return what scenes of any kind can be told apart by at a glance, from the canonical JSON of a `scene`.

    `parts`: objects in it; `numbers`: how many, with their `mean` and `spread` (standard deviation; units are the
    scene's own); `words`: different texts, such as colours, kinds and labels.
    """
    object_count, numbers, words = 0, [], set()
    pending_values = [json.loads(scene.to_json())]
    while pending_values:
        value = pending_values.pop()
        if isinstance(value, dict):
            object_count += 1
            pending_values += value.values()
        elif isinstance(value, list):
            pending_values += value
        elif isinstance(value, str):
            words.add(value)
        elif isinstance(value, int | float):
            numbers.append(float(value))
    mean = sum(numbers) / len(numbers) if numbers else 0.0
    deviation = math.sqrt(sum((n - mean) ** 2 for n in numbers) / len(numbers)) if numbers else 0.0
    counts = {"parts": object_count, "numbers": len(numbers), "words": len(words)}
    return {name: float(count) for name, count in counts.items()} | {"mean": mean, "spread": deviation}
