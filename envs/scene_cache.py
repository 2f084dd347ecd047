"""A bounded cache of parsed scenes: one drawing is read once, however many questions are asked about it.

Begin at `SceneCache`. It imports nothing of the package, so any environment may hold one.
"""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

MAX_SCENES = 64
"""Parsed scenes that are kept; a training step asks all questions about one drawing before it turns to the next."""


class _Entry:
    """A scene and, once it is parsed, what it was parsed to."""

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        """Held so that no other object can have its identity while the entry lives."""
        self.lock = Lock()
        self.done = False
        self.parsed: Any = None


class SceneCache:
    """Parsed scenes by the identity of the scene, least recently used first.

    Scenes are frozen, so an object that was parsed once never parses to anything else. Identity costs nothing, whereas
    the digest of a scene needs its whole JSON, which often takes longer than parsing it.

    Threads may share a cache: two that ask for the same scene at once get the same value from one call of `parse`;
    different scenes do not wait for each other. A cache that is copied or pickled starts empty.

    Args:
        max_scenes: how many scenes are kept; the least recently used one goes first.
    """

    def __init__(self, max_scenes: int = MAX_SCENES) -> None:
        self.max_scenes = max_scenes
        self._lock = Lock()
        self._entries: OrderedDict[int, _Entry] = OrderedDict()

    def __reduce__(self) -> tuple[type["SceneCache"], tuple[int]]:
        """Copy and pickle without entries and locks."""
        return SceneCache, (self.max_scenes,)

    def __len__(self) -> int:
        """Return the number of scenes that are kept."""
        return len(self._entries)

    def get(self, scene: Any, parse: Callable[[Any], Any]) -> Any:
        """Return `parse(scene)`, computed the first time only.

        Whatever `parse` raises reaches the caller, and the next call tries again.
        """
        with self._lock:
            if (entry := self._entries.get(id(scene))) is None:
                entry = self._entries[id(scene)] = _Entry(scene)
            self._entries.move_to_end(id(scene))
            if len(self._entries) > self.max_scenes:
                self._entries.popitem(last=False)
        with entry.lock:
            if not entry.done:
                entry.parsed, entry.done = parse(scene), True
        return entry.parsed
