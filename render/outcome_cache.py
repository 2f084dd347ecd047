"""Outcomes by program: within a run the same program has the same outcome, and is drawn once.

Programs of a group are often equal. A cache that is bounded in bytes keeps the newest outcomes; failures of the
infrastructure are not kept, so that their programs are drawn when they are asked for again. Begin with `OutcomeCache`.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from .outcome import InfrastructureError

MAX_BYTES = 64 << 20
"""Bytes of outcomes that are kept: some thousand pictures of 64 px, some hundred of 448 px, with their scenes."""


def digest_of(program: str) -> str:
    """Return what tells the text `program` from others, and takes little room."""
    return hashlib.sha256(program.encode("utf-8", "surrogatepass")).hexdigest()


class OutcomeCache:
    """The outcomes of programs that were drawn, by whatever tells one program from another.

    Args:
        size_of: returns the bytes of an outcome, roughly.
        max_bytes: of the outcomes that are kept.
    """

    def __init__(self, size_of: Callable[[Any], int], max_bytes: int = MAX_BYTES) -> None:
        self._size_of, self._max_bytes = size_of, max_bytes
        self._outcomes: OrderedDict[Hashable, Any] = OrderedDict()
        self._total_bytes = 0
        self._lock = threading.Lock()

    def outcomes(self, keys: Sequence[Hashable], draw: Callable[[list[int]], Sequence[Any]]) -> list[Any]:
        """Return the outcome of each of `keys`, in order; equal keys have one outcome.

        Args:
            keys: of the programs.
            draw: returns the outcomes of the programs at these positions.
        """
        with self._lock:
            outcome_by_key = {key: self._outcomes[key] for key in keys if key in self._outcomes}
            for key in outcome_by_key:
                self._outcomes.move_to_end(key)
        first_positions = {key: position for position, key in reversed(list(enumerate(keys)))}
        new_keys = [key for key in dict.fromkeys(keys) if key not in outcome_by_key]
        new_outcomes = draw([first_positions[key] for key in new_keys]) if new_keys else []
        for key, outcome in zip(new_keys, new_outcomes, strict=True):
            outcome_by_key[key] = self._first(key, outcome)
        return [outcome_by_key[key] for key in keys]

    def _first(self, key: Hashable, outcome: Any) -> Any:
        """Keep `outcome`, and return it; or the one that another thread has kept for `key` meanwhile."""
        if isinstance(outcome, InfrastructureError):
            return outcome
        with self._lock:
            if key in self._outcomes:
                return self._outcomes[key]
            self._outcomes[key] = outcome
            self._total_bytes += self._size_of(outcome)
            while self._total_bytes > self._max_bytes:
                self._total_bytes -= self._size_of(self._outcomes.popitem(last=False)[1])
        return outcome
