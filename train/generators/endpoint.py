"""Requests to a server: retried where that can help, and errors that name the address and what to do."""

import email.utils
import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .replies import GeneratorError, RefusedError, ReplyError, UnreachableError

T = TypeVar("T")

RETRIED = (408, 425, 429, 500, 502, 503, 504)
"""Statuses after which the same request may succeed."""
LONGEST_WAIT = 120.0
"""Seconds between two tries at most, whatever the server asks for."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A server's address and how patiently it is asked."""

    url: str
    """Without a path, such as http://localhost:8000."""
    timeout: float = 600.0
    """Seconds for one request."""
    retries: int = 5
    """Tries after the first."""
    backoff: float = 0.5
    """Seconds before the first retry; doubled before each further one."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with every request."""

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ValueError(f"a server's address begins with http:// or https://, got {self.url!r}")

    def post(self, path: str, body: Any) -> Any:
        """The decoded JSON that the server replies with.

        Raises:
            UnreachableError: no usable connection after every try.
            RefusedError: the server will not do it.
            ReplyError: the reply is no JSON.
        """
        data = self.request(path, body)
        try:
            return json.loads(data)
        except ValueError as error:
            raise ReplyError(f"{self.url}{path} replied with no JSON: {data[:80]!r}") from error

    def request(self, path: str, body: Any = None) -> bytes:
        """What the server replies to a body (POST, as JSON) or to none (GET); raises as `post` does."""
        tried, began = 0, time.monotonic()
        while True:
            tried += 1
            try:
                return self._once(path, body)
            except urllib.error.HTTPError as error:
                problem, wait = self._status(path, error), _retry_after(error.headers)
            except (OSError, http.client.HTTPException) as error:
                # URLError and timeouts are OSErrors; a connection that ends within a reply is an HTTPException.
                problem, wait = f"{type(error).__name__}: {getattr(error, 'reason', error)}", None
            if tried > self.retries:
                raise UnreachableError(
                    f"no answer from {self.url}{path} after {tried} tries in {time.monotonic() - began:.0f} s: "
                    f"{problem}; is the server running and reachable from here ({self.url}/health)? A slow one wants a "
                    f"longer generator.timeout (now {self.timeout:g} s). What was finished is kept for another call, "
                    "and a run can be resumed from its last checkpoint"
                )
            pause = self.backoff * 2 ** (tried - 1)
            time.sleep(min(LONGEST_WAIT, pause if wait is None else max(pause, wait)))

    def _once(self, path: str, body: Any) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        request = urllib.request.Request(self.url.rstrip("/") + path, data, headers)
        with urllib.request.urlopen(request, timeout=self.timeout) as reply:
            return reply.read()

    def _status(self, path: str, error: urllib.error.HTTPError) -> str:
        """What a status that may pass says.

        Raises:
            RefusedError: the status will not pass.
        """
        said = f"HTTP {error.code}: {_message(error)}"
        if error.code not in RETRIED:
            hint = {401: "; is the key in generator.key_file right?", 404: "; is the model's name right?"}
            raise RefusedError(f"{self.url}{path} refused: {said}{hint.get(error.code, '')}", error.code) from error
        return said


def _message(error: urllib.error.HTTPError) -> str:
    """The server's own words, shortened."""
    try:
        text = error.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return "(its message was cut off)"
    try:
        found = json.loads(text)
    except ValueError:
        return text[:200]
    while isinstance(found, Mapping) and ("error" in found or "message" in found):
        found = found.get("error", found.get("message"))
    return str(found)[:200]


def _retry_after(headers: Any) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3: seconds or a date), or None."""
    value = headers.get("Retry-After") if headers else None
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


class Batches:
    """Batches of requests on threads; what a batch finished before it failed is kept for the same batch again."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._key: Hashable = None
        self._kept: dict[int, Any] = {}

    def run(self, key: Hashable, jobs: Sequence[Callable[[], T]]) -> list[T]:
        """Every job's result, in order.

        Args:
            key: equal for batches whose jobs are equal one by one.
            jobs: functions that raise `GeneratorError` where they fail.

        Raises:
            GeneratorError: the first failure; jobs that have not begun by then never begin.
        """
        kept: dict[int, T] = self._kept if self._key == key else {}
        stop = threading.Event()

        def work(number: int) -> None:
            if stop.is_set():
                return
            done = False
            try:
                kept[number] = jobs[number]()
                done = True
            finally:
                if not done:
                    stop.set()

        failure: GeneratorError | None = None
        with ThreadPoolExecutor(self._concurrency) as pool:
            for future in as_completed([pool.submit(work, i) for i in range(len(jobs)) if i not in kept]):
                try:
                    future.result()
                except GeneratorError as error:
                    failure = failure or error
        self._key, self._kept = (key, kept) if failure else (None, {})
        if failure:
            raise failure
        return [kept[i] for i in range(len(jobs))]
