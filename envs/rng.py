"""Seeded random generators: every item owns one, derived by hashing its whole key.

Begin at `item_rng`. Nothing here reads a global seed or a clock.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class SeededRng:
    """A reproducible source of random numbers.

    Only the raw 64-bit words of Philox are used, because NumPy promises those, and not the methods of
    `numpy.random.Generator`, to be the same in every release.
    """

    def __init__(self, key: Sequence[str | int]) -> None:
        """Seed with `key`: the same parts give the same numbers on every machine."""
        self.key = tuple(key)
        digest = hashlib.sha256(json.dumps(list(key)).encode()).digest()
        self._bits = np.random.Philox(key=int.from_bytes(digest[:16], "little"))
        self._words: list[int] = []

    def child(self, *parts: str | int) -> "SeededRng":
        """Return an independent generator whose key is this one's and `parts`; what was drawn here does not matter."""
        return SeededRng((*self.key, *parts))

    def word(self) -> int:
        """The next 64 random bits as a non-negative integer."""
        if not self._words:
            self._words = self._bits.random_raw(64).tolist()[::-1]
        return self._words.pop()

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A float in [low, high)."""
        return low + (high - low) * ((self.word() >> 11) * 2.0**-53)

    def integer(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        if high < low:
            raise ValueError(f"low must not exceed high, got {low} and {high}")
        # The bias of the remainder is below 2**-50 for every range used here.
        return low + self.word() % (high - low + 1)

    def choice(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        if not options:
            raise ValueError("cannot choose from nothing")
        return options[self.word() % len(options)]

    def weighted(self, options: Sequence[T], weights: Sequence[float]) -> T:
        """One of the options, with probability proportional to its weight (weights not negative, not all 0)."""
        point = self.uniform(0.0, float(sum(weights)))
        for option, weight in zip(options, weights, strict=True):
            point -= weight
            if point < 0:
                return option
        return options[-1]

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """`count` different positions of `options`, in random order.

        Raises:
            ValueError: there are fewer options.
        """
        if count > len(options):
            raise ValueError(f"cannot take {count} of {len(options)} options")
        return self.shuffled(options)[:count]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """A random order of the options (Fisher-Yates)."""
        result = list(options)
        for last_position in range(len(result) - 1, 0, -1):
            random_position = self.integer(0, last_position)
            result[last_position], result[random_position] = result[random_position], result[last_position]
        return result


def item_rng(env_id: str, split: str, seed: int, index: int) -> SeededRng:
    """Return the generator of one item.

    Args:
        env_id: the environment with its version, `family/Name-vN`.
        split: `train`, `dev` or `heldout`; splits are disjoint because the name is part of the key.
        seed: the run's seed.
        index: the item's number, 0 or more.
    """
    return SeededRng((env_id, split, seed, index))
