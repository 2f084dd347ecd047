"""Servers that redirect, drip, flood, nest and cut: each an error with a reason, in bounded time and memory."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from zerosight.train.generators import endpoint as endpoint_module
from zerosight.train.generators import transport
from zerosight.train.generators.endpoint import Endpoint
from zerosight.train.generators.replies import RefusedError, ReplyError, UnreachableError
from zerosight.train.generators.transport import MAX_DEPTH, TooLargeError, decode

Serve = Callable[[socket.socket], None]


class RawServer:
    """Hands each connection, its request read, to a function; counts them."""

    def __init__(self, serve: Serve) -> None:
        self.requests: list[bytes] = []
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection:
            self.requests.append(connection.recv(1 << 16))
            try:
                self._serve(connection)
            except OSError:
                # The client hung up, as it should.
                return

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Serve], RawServer]]:
    servers: list[RawServer] = []

    def start(function: Serve) -> RawServer:
        servers.append(RawServer(function))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def head(length: int | None, status: str = "200 OK", *lines: str) -> bytes:
    size = [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([f"HTTP/1.1 {status}", *size, *lines, "", ""]).encode()


def asked(server: RawServer, **options: Any) -> Any:
    return Endpoint(url=server.url, **({"timeout": 2.0, "retries": 0, "backoff": 0.0} | options)).post(
        "/v1/x", {"a": 1}
    )


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else(
    status: str, serve: Callable[[Serve], RawServer]
) -> None:
    thief = serve(lambda c: c.sendall(head(2) + b"{}"))
    server = serve(lambda c: c.sendall(head(0, status, f"Location: {thief.url}/v1/x")))
    with pytest.raises(RefusedError, match=rf"redirects to {thief.url}/v1/x \(HTTP {status[:3]}\).*generator.url"):
        asked(server, headers={"Authorization": "Bearer secret"}, retries=3)
    assert b"Bearer secret" in server.requests[0]
    assert len(server.requests) == 1
    assert thief.requests == []


def drip(connection: socket.socket, data: bytes, seconds: float) -> None:
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(seconds)


@pytest.mark.parametrize("where", ["head", "body", "chunks"])
def test_a_reply_that_drips_is_given_up_at_the_timeout(where: str, serve: Callable[[Serve], RawServer]) -> None:
    def slow(connection: socket.socket) -> None:
        if where == "head":
            drip(connection, head(2) + b"{}" * 500, 0.05)
        elif where == "body":
            connection.sendall(head(500))
            drip(connection, b" " * 500, 0.05)
        else:
            connection.sendall(head(None, "200 OK", "Transfer-Encoding: chunked"))
            drip(connection, b"1\r\n \r\n" * 500, 0.05)

    server, start = serve(slow), time.monotonic()
    with pytest.raises(UnreachableError, match=r"after 1 tries.*timed out"):
        asked(server, timeout=0.5)
    assert time.monotonic() - start < 1.5


def test_a_slow_reply_within_the_timeout_is_read(serve: Callable[[Serve], RawServer]) -> None:
    body = json.dumps({"ok": [1, 2]}).encode()
    server = serve(lambda c: drip(c, head(len(body)) + body, 0.002))
    assert asked(server) == {"ok": [1, 2]}


def test_a_flood_is_cut_off(serve: Callable[[Serve], RawServer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_REPLY_BYTES", 1 << 20)
    sent = []

    def flood(connection: socket.socket) -> None:
        connection.sendall(head(None, "200 OK", "Connection: close"))
        for _ in range(1000):
            connection.sendall(b" " * (1 << 16))
            sent.append(1)

    with pytest.raises(ReplyError, match=r"sent a reply of more than 1 MiB; is it the server"):
        asked(serve(flood), retries=3)
    assert len(sent) < 500


@pytest.mark.parametrize("chunked", [False, True])
def test_a_reply_that_was_cut_is_asked_for_again(chunked: bool, serve: Callable[[Serve], RawServer]) -> None:
    begun = head(None, "200 OK", "Transfer-Encoding: chunked") + b"10\r\n{" if chunked else head(1000) + b'{"a": '
    server = serve(lambda c: c.sendall(begun if len(server.requests) < 3 else head(2) + b"{}"))
    assert asked(server, retries=5) == {}
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"a":' * 5_000, b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)],
    ids=["arrays", "objects", "one too deep"],
)
def test_deep_json_is_refused(body: bytes, serve: Callable[[Serve], RawServer]) -> None:
    with pytest.raises(ReplyError, match="nested deeper than 64"):
        asked(serve(lambda c: c.sendall(head(len(body)) + body)))
    error = serve(lambda c: c.sendall(head(len(body), "400 Bad Request") + body))
    with pytest.raises(RefusedError, match="HTTP 400"):
        asked(error)


def test_brackets_in_strings_do_not_count_and_any_text_is_looked_at_once() -> None:
    value = {"text": "[{" * 1000 + '"\\' * 10, "nested": [[[]]]}
    assert decode(json.dumps(value).encode()) == value
    assert decode(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(TooLargeError):
        decode(b'{"a": "]]]]", "b": ' + b"[" * MAX_DEPTH)
    start = time.process_time()
    for text in (b'"' + b'\\"' * 1_000_000, b'"' * 1_000_001, b'["' + b"\\" * 2_000_000):
        with pytest.raises(ValueError, match=r".*"):
            decode(text)
    assert time.process_time() - start < 10


def test_what_a_server_says_cannot_act_on_a_terminal(serve: Callable[[Serve], RawServer]) -> None:
    body = json.dumps({"error": {"message": "no\x1b]52;c;AAAA\x07\nsecond line"}}).encode()
    with pytest.raises(RefusedError) as caught:
        asked(serve(lambda c: c.sendall(head(len(body), "400 Bad Request") + body)))
    assert str(caught.value).isprintable()
    with pytest.raises(RefusedError) as caught:
        asked(serve(lambda c: c.sendall(head(0, "302 Found", "Location: http://x/\x1b[2J"))))
    assert str(caught.value).isprintable()


def test_retries_come_at_unlike_times(serve: Callable[[Serve], RawServer], monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(endpoint_module.time, "sleep", waits.append)
    server = serve(lambda c: c.sendall(head(0, "503 Busy")))
    for _ in range(3):
        with pytest.raises(UnreachableError):
            asked(server, retries=3, backoff=1.0)
    assert len(set(waits)) == 9
    for number, wait in enumerate(waits):
        assert 2 ** (number % 3) <= wait <= 1.5 * 2 ** (number % 3)


@pytest.mark.parametrize("value", ["9" * 400, "²", "-5", "Mon, 01 Jan 0001 00:00:00 GMT", "1e9", ""])
def test_an_odd_retry_after_is_waited_for_no_longer_than_the_longest_wait(value: str) -> None:
    seconds = endpoint_module._retry_after({"Retry-After": value})
    assert seconds is None or 0.0 <= seconds <= endpoint_module.LONGEST_WAIT
