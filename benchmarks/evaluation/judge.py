"""The judge: another model that reads replies, where a benchmark's authors have one; asked once, as everything is."""

import threading

from .cache import Cache, digest_of
from .models import Answerer
from .pictures import messages_of

JUDGE_TOKENS = 256
"""New tokens at most in what it says."""
CONCURRENCY = 8
"""Replies that are judged at a time."""


class Judge:
    """From the authors' own prompt to what the judge says, decoded greedily; threads may share it.

    Args:
        answerer: the model.
        cache: what it said before.
    """

    def __init__(self, answerer: Answerer, cache: Cache) -> None:
        self.name = answerer.name
        self._answerer = answerer
        self._cache = cache
        self._lock = threading.Lock()

    def __call__(self, prompt: str) -> str:
        """Return what the judge says to `prompt`.

        Raises:
            InfrastructureError: it does not answer.
        """
        key = digest_of("judge", self._answerer.digest, prompt, JUDGE_TOKENS)
        if key not in self._cache:
            (reply,) = self._answerer.replies([(messages_of(prompt, 0), ())], JUDGE_TOKENS)
            with self._lock:
                self._cache.keep({key: reply})
        return self._cache[key].text
