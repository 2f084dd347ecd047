"""HTTP as a server that may be slow, wrong or hostile is asked: no redirects, and replies bounded in size and time.

urllib follows redirects and takes a request's headers along, a key among them; its timeout is for each read, so that a
server which sends a byte a minute is waited for without end; and it reads whatever is sent. Begin at `fetch`.
"""

import http.client
import io
import json
import re
import socket
import ssl
import time
import urllib.request
from collections.abc import Mapping
from typing import Any

MAX_REPLY_BYTES = 1 << 26
"""Bytes of a reply at most: twenty times the log-probs of 16 completions of 2,048 tokens."""
MAX_DEPTH = 64
"""Nested arrays and objects in a reply at most; the protocols need 8."""

_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|$)|[\[\]{}]', re.DOTALL)
"""Strings, which may hold anything, and brackets; the end closes a string, so that each byte is looked at once."""


class TooLargeError(ValueError):
    """A reply is larger, or nested deeper, than any that the protocol knows."""


class _DeadlineReader(io.RawIOBase):
    """A socket's bytes until a deadline, however slowly they come."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, deadline: float) -> None:
        self._raw = raw
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read into `buffer` what has come, or wait for it until the deadline.

        Raises:
            TimeoutError: the deadline has passed.
        """
        seconds_left = self._deadline - time.monotonic()
        if seconds_left <= 0:
            raise TimeoutError("timed out")
        self._connection.settimeout(seconds_left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Close the socket's reader with this one."""
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response whose head and body must come within the connection's timeout, all together."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        deadline = time.monotonic() + (sock.gettimeout() or 600.0)
        self.fp = io.BufferedReader(_DeadlineReader(self.fp.detach(), sock, deadline))


class _Connection(http.client.HTTPConnection):
    response_class = _Response


class _SecureConnection(http.client.HTTPSConnection):
    response_class = _Response


class _HTTPHandler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


class _HTTPSHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, req, context=ssl.create_default_context())


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow none: the status is raised as an HTTPError."""
        return None


def fetch(url: str, body: bytes | None, headers: Mapping[str, str], timeout: float) -> bytes:
    """Send a `body` (POST) or none (GET) to `url` and return the reply.

    Args:
        url: with its path.
        body: JSON, or None.
        headers: of the request.
        timeout: seconds to connect in, and again for the whole reply.

    Raises:
        urllib.error.HTTPError: a status that is not a success, redirects among them.
        OSError: no connection, or too slow a one.
        http.client.HTTPException: a reply that was cut, or is not HTTP.
        TooLargeError: a reply of more than `MAX_REPLY_BYTES`.
    """
    opener = urllib.request.build_opener(_HTTPHandler, _HTTPSHandler, _NoRedirects)
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
    with opener.open(request, timeout=timeout) as reply:
        # In one block, which goes back to the system at once: pieces would stay in the memory of each thread.
        reply_bytes = bytearray()
        while piece := reply.read(1 << 16):
            reply_bytes += piece
            if len(reply_bytes) > MAX_REPLY_BYTES:
                raise TooLargeError(f"a reply of more than {MAX_REPLY_BYTES >> 20} MiB")
        # Read piece by piece, a body that ends before its announced length goes unnoticed.
        if reply.length:
            raise http.client.IncompleteRead(bytes(reply_bytes), reply.length)
        return bytes(reply_bytes)


def decode(reply: bytes) -> Any:
    """Decode the JSON of a `reply`.

    Raises:
        TooLargeError: it is nested too deeply.
        ValueError: it is not JSON.
    """
    depth = 0
    for token in _TOKENS.finditer(reply):
        kind = token[0][:1]
        depth += (kind in b"[{") - (kind in b"]}")
        if depth > MAX_DEPTH:
            raise TooLargeError(f"JSON nested deeper than {MAX_DEPTH}")
    return json.loads(reply)
