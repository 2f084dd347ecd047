"""Requests to a server: retried where that can help, and errors that name the address and what to do."""

import email.utils
import http.client
import json
import random
import threading
import time
import urllib.error
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from .replies import GeneratorError, RefusedError, ReplyError, UnreachableError
from .transport import TooLargeError, decode, fetch

T = TypeVar("T")

RETRIED_STATUSES = (408, 425, 429, 500, 502, 503, 504)
"""Statuses after which the same request may succeed."""
_JITTER = random.SystemRandom()
LONGEST_WAIT = 120.0
"""Seconds between two tries at most, whatever the server asks for."""


def server_of(url: str) -> str:
    """Return the server in `url`: clients of OpenAI's end their address in /v1, and the paths here begin with it.

    >>> server_of("http://localhost:8000/v1/")
    'http://localhost:8000'
    """
    return url.rstrip("/").removesuffix("/v1")


def bearer_headers(key_file: Path | None, name: str = "the key file") -> dict[str, str]:
    """Return the header that shows the key in `key_file`; none without one.

    Args:
        key_file: holds the key alone.
        name: of the file, in the error.

    Raises:
        ValueError: it cannot be read.
    """
    if key_file is None:
        return {}
    try:
        return {"Authorization": f"Bearer {key_file.read_text().strip()}"}
    except OSError as error:
        raise ValueError(f"{name} {key_file} cannot be read: {error.strerror}") from error


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

    @classmethod
    def of_model(cls, address: str, key_file: Path | None, **patience: Any) -> tuple["Endpoint", str]:
        """Return the endpoint and the model's name of an `address` such as `http://localhost:8000/v1#NAME`.

        Args:
            address: where the server is, and what it calls the model.
            key_file: holds its key; none is sent without one.
            patience: `timeout`, `retries` and `backoff`.

        Raises:
            ValueError: the address names no model or begins otherwise, or the key file cannot be read.
        """
        url, _, name = address.partition("#")
        if not name:
            raise ValueError(
                f"{address} does not say which model; write {address}#NAME, as the server lists it (/v1/models)"
            )
        return cls(url=server_of(url), headers=bearer_headers(key_file), **patience), name

    def post(self, path: str, body: Any) -> Any:
        """Send `body` to `path` and return the decoded JSON of the reply.

        Raises:
            UnreachableError: no usable connection after every try.
            RefusedError: the server will not do it.
            ReplyError: the reply is not JSON, nested too deeply, or too large.
        """
        reply_bytes = self.request(path, body)
        try:
            return decode(reply_bytes)
        except TooLargeError as error:
            raise ReplyError(f"{self.url}{path} replied with {error}; is it the server that was meant?") from error
        except ValueError as error:
            raise ReplyError(f"{self.url}{path} replied with no JSON: {reply_bytes[:80]!r}") from error

    def request(self, path: str, body: Any = None) -> bytes:
        """Return the server's reply to a `body` (POST, as JSON) or to none (GET) at `path`; raises as `post` does."""
        tries, start_time = 0, time.monotonic()
        while True:
            tries += 1
            try:
                return self._once(path, body)
            except urllib.error.HTTPError as error:
                problem, asked_wait = self._status(path, error), _retry_after(error.headers)
            except TooLargeError as error:
                raise ReplyError(f"{self.url}{path} sent {error}; is it the server that was meant?") from error
            except (OSError, http.client.HTTPException) as error:
                # URLError and timeouts are OSErrors; a connection that ends within a reply is an HTTPException.
                problem, asked_wait = f"{type(error).__name__}: {getattr(error, 'reason', error)}", None
            if tries > self.retries:
                raise UnreachableError(
                    f"no answer from {self.url}{path} after {tries} tries in {time.monotonic() - start_time:.0f} s: "
                    f"{problem}; is the server running and reachable from here ({self.url}/health)? A slow one wants a "
                    f"longer generator.timeout (now {self.timeout:g} s). What was finished is kept for another call, "
                    "and a run can be resumed from its last checkpoint"
                )
            backoff_wait = self.backoff * 2 ** (tries - 1)
            least_wait = backoff_wait if asked_wait is None else max(backoff_wait, asked_wait)
            # Clients that failed together shall not all come back at the same moment.
            time.sleep(min(LONGEST_WAIT, least_wait * _JITTER.uniform(1.0, 1.5)))

    def _once(self, path: str, body: Any) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        return fetch(self.url.rstrip("/") + path, data, self.headers, self.timeout)

    def _status(self, path: str, error: urllib.error.HTTPError) -> str:
        """Describe the status of an `error` that may pass.

        Raises:
            RefusedError: the status will not pass.
        """
        status_text = f"HTTP {error.code}: {_message(error)}"
        if 300 <= error.code < 400:
            target = _printable(str(error.headers.get("Location", "nowhere")))
            raise RefusedError(
                f"{self.url}{path} redirects to {target} (HTTP {error.code}); redirects are not followed, so that "
                "prompts and the key go nowhere else: give that address in generator.url, if it is the server's",
                error.code,
            ) from error
        if error.code not in RETRIED_STATUSES:
            hints = {401: "; is the key in generator.key_file right?", 404: "; is the model's name right?"}
            raise RefusedError(
                f"{self.url}{path} refused: {status_text}{hints.get(error.code, '')}", error.code
            ) from error
        return status_text


def _message(error: urllib.error.HTTPError) -> str:
    """Return the server's own words in an `error`, shortened."""
    try:
        body = error.read(2000)
    except (OSError, http.client.HTTPException):
        return "(its message was cut off)"
    try:
        message = decode(body)
    except ValueError:
        return _printable(body.decode(errors="replace"))
    while isinstance(message, Mapping) and ("error" in message or "message" in message):
        message = message.get("error", message.get("message"))
    return _printable(str(message))


def _printable(text: str) -> str:
    """Return the beginning of a server's `text` without characters that a terminal would act on."""
    return "".join(character if character.isprintable() else " " for character in text[:200])


def _retry_after(headers: Any) -> float | None:
    """Return the seconds that a Retry-After among `headers` asks for (RFC 9110, 10.2.3: seconds or a date), or None."""
    value = headers.get("Retry-After") if headers else None
    if value is None:
        return None
    if value.isascii() and value.strip().isdigit():
        return min(float(value), LONGEST_WAIT)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


class Batches:
    """Batches of requests on threads; what a batch finished before it failed is kept for the same batch again."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._key: Hashable = None
        self._kept: dict[int, Any] = {}

    def run(self, batch_key: Hashable, jobs: Sequence[Callable[[], T]]) -> list[T]:
        """Run `jobs` on threads and return every result, in order.

        Args:
            batch_key: equal for batches whose jobs are equal one by one.
            jobs: functions that raise `GeneratorError` where they fail.

        Raises:
            GeneratorError: the first failure; jobs that have not begun by then never begin.
        """
        results: dict[int, T] = self._kept if self._key == batch_key else {}
        stop_event = threading.Event()

        def work(job_number: int) -> None:
            if stop_event.is_set():
                return
            is_done = False
            try:
                results[job_number] = jobs[job_number]()
                is_done = True
            finally:
                if not is_done:
                    stop_event.set()

        failure: GeneratorError | None = None
        with ThreadPoolExecutor(self._concurrency) as pool:
            for future in as_completed([pool.submit(work, i) for i in range(len(jobs)) if i not in results]):
                try:
                    future.result()
                except GeneratorError as error:
                    failure = failure or error
        self._key, self._kept = (batch_key, results) if failure else (None, {})
        if failure:
            raise failure
        return [results[i] for i in range(len(jobs))]
