"""The kinds of scenes, by name, so that one that was written can be read back as what it was."""

import json
import math
from typing import Protocol, Self

from .chart import ChartScene
from .edit import EditScene
from .room import RoomScene
from .scene import FlatScene
from .spatial import SpatialScene


class Scene(Protocol):
    """What was really drawn, as data."""

    def to_json(self) -> str:
        """Canonical JSON: equal scenes give equal bytes."""
        ...

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` gave."""
        ...

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON, in hex."""
        ...


_KINDS: dict[str, type[Scene]] = {
    "flat": FlatScene,
    "chart": ChartScene,
    "edit": EditScene,
    "spatial": SpatialScene,
    "room": RoomScene,
}


def register_scene(kind: str, scene: type[Scene]) -> None:
    """Add a kind of scene; a plugin's own do this when their module is imported.

    Raises:
        ValueError: the name is another type's.
    """
    if _KINDS.setdefault(kind, scene) is not scene:
        raise ValueError(f"scene kind {kind!r} is taken by {_KINDS[kind].__name__}; choose another name")


def scene_kind(scene: Scene) -> str:
    """The name under which a scene's type is registered.

    Raises:
        ValueError: it is not.
    """
    for kind, each in _KINDS.items():
        if type(scene) is each:
            return kind
    raise ValueError(f"{type(scene).__name__} is no registered scene; call geometry.register_scene first")


def read_scene(kind: str, text: str) -> Scene:
    """The scene of a kind that `to_json` wrote.

    Raises:
        ValueError: no such kind.
    """
    if kind not in _KINDS:
        raise ValueError(f"unknown scene kind {kind!r}; known: {', '.join(_KINDS)}")
    return _KINDS[kind].from_json(text)


def statistics(scene: Scene) -> dict[str, float]:
    """What scenes of any kind, a plugin's too, can be told apart by at a glance, from their canonical JSON.

    `parts`: objects in it; `numbers`: how many, with their `mean` and `spread` (standard deviation; units are the
    scene's own); `words`: different texts, such as colours, kinds and labels.
    """
    parts, numbers, words = 0, [], set()
    waiting = [json.loads(scene.to_json())]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            parts += 1
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str):
            words.add(value)
        elif isinstance(value, int | float):
            numbers.append(float(value))
    mean = sum(numbers) / len(numbers) if numbers else 0.0
    spread = math.sqrt(sum((n - mean) ** 2 for n in numbers) / len(numbers)) if numbers else 0.0
    counts = {"parts": parts, "numbers": len(numbers), "words": len(words)}
    return {name: float(count) for name, count in counts.items()} | {"mean": mean, "spread": spread}
