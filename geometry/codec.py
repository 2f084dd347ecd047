"""JSON of scenes: canonical text with its digest, and integer arrays as base64 text.

Nothing here knows a kind of scene. A scene class derives from `CanonicalScene` and says what it holds in `to_dict`.
"""

import base64
import hashlib
import json
from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import numpy as np


class CanonicalScene(ABC):
    """A scene with canonical JSON: equal scenes give equal bytes and so equal digests.

    Scenes whose dataclass is made with `eq=False` are compared and hashed by their digests.
    """

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return the scene as JSON values."""

    def to_json(self) -> str:
        """Return the canonical JSON: equal scenes give equal bytes."""
        return self._json

    @cached_property
    def _json(self) -> str:
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    @cached_property
    def digest(self) -> str:
        """Return the sha256 of the canonical JSON, in hex."""
        return hashlib.sha256(self._json.encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CanonicalScene) and type(other) is type(self) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)


def encode_integers(numbers: np.ndarray) -> str:
    """Return whole `numbers`, of any shape, as base64 text of little-endian 32-bit integers."""
    return base64.b64encode(np.ascontiguousarray(numbers, "<i4").tobytes()).decode()


def decode_integers(text: str, columns: int) -> np.ndarray:
    """Return the [n, columns] int32 that `encode_integers` made `text` of.

    Raises:
        ValueError: `text` is not base64, or does not fill rows of so many columns.
    """
    return np.frombuffer(base64.b64decode(text, validate=True), "<i4").reshape(-1, columns).astype(np.int32)
