"""A server that fails in every way that servers do, for the endurance test.

Each prompt's text says how its requests are answered: some failures pass, and the reply after them has to be the one
that an unfailing server gives; others do not, and have to be an error of a known kind. Begin at `FaultyServer`.
"""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping

from ...train.generators.endpoint import Endpoint
from ...train.generators.openai_compatible import OpenAICompatibleGenerator
from ...train.generators.replies import GeneratorError
from ...train.models.completions import Prompt, Sampling

TIMEOUT_S = 1.0
PASSING = ("ok", "unavailable", "too many", "reset", "cut", "dripping", "silent")
"""Faults of the first request, after which the same request succeeds."""
LASTING: Mapping[str, str] = {
    "redirect": "RefusedError",
    "refusal": "RefusedError",
    "deep": "ReplyError",
    "flood": "ReplyError",
    "no JSON": "ReplyError",
    "a list": "ReplyError",
    "no text": "ReplyError",
    "too many choices": "CountError",
    "no choices": "CountError",
    "not HTTP": "UnreachableError",
}
"""Faults of every request, and the error that each has to be."""


def _head(status: str, length: int | None, *lines: str) -> bytes:
    sizes = [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([f"HTTP/1.1 {status}", *sizes, *lines, "", ""]).encode()


def _reply(text: str, count: int = 1) -> bytes:
    choices = [{"message": {"content": text}, "finish_reason": "stop"}] * count
    return json.dumps({"choices": choices}).encode()


class FaultyServer:
    """Listens on a port of this machine; a context manager."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._tries: Counter[str] = Counter()

    def __enter__(self) -> "FaultyServer":
        """Begin to answer."""
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop, whatever the `exception`."""
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                text = _prompt_of(connection)
                self._tries[text] += 1
                fault = text.partition("|")[0]
                is_first = self._tries[text] == 1
                if fault in PASSING and (fault == "ok" or not is_first):
                    _send(connection, _reply(f"reply to {text}"))
                else:
                    self._fail(connection, fault)
            except (OSError, ValueError):
                # The client has hung up, as it should.
                return

    def _fail(self, connection: socket.socket, fault: str) -> None:
        replies: Mapping[str, bytes] = {
            "deep": b"[" * 100_000,
            "no JSON": b"<html>no</html>",
            "a list": b"[]",
            "no text": json.dumps({"choices": [{"message": {"content": None}, "finish_reason": "stop"}]}).encode(),
            "too many choices": _reply("x", 3),
            "no choices": _reply("x", 0),
        }
        raw: Mapping[str, Callable[[], bytes]] = {
            "unavailable": lambda: _head("503 Unavailable", 0),
            "too many": lambda: _head("429 Too Many", 0, "Retry-After: 0"),
            "redirect": lambda: _head("307 Temporary", 0, "Location: http://127.0.0.1:9/thief"),
            "refusal": lambda: _head("400 Bad", 2) + b"no",
            "cut": lambda: _head("200 OK", 5000) + b'{"choices": [',
            "not HTTP": lambda: b"\x00\x01\x02 hello\r\n\r\n",
            "reset": lambda: b"",
        }
        if fault in replies:
            _send(connection, replies[fault])
        elif fault in raw:
            connection.sendall(raw[fault]())
        elif fault == "flood":
            connection.sendall(_head("200 OK", None))
            while True:
                connection.sendall(b" " * (1 << 20))
        else:
            connection.sendall(_head("200 OK", 1000) if fault == "dripping" else b"")
            for _ in range(40):
                time.sleep(TIMEOUT_S / 10)
                if fault == "dripping":
                    connection.sendall(b" ")


def _prompt_of(connection: socket.socket) -> str:
    """Read a request and return the text of its last message."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(1 << 16)
    head, _, body = request.partition(b"\r\n\r\n")
    size = int(head.lower().partition(b"content-length:")[2].split()[0])
    while len(body) < size:
        body += connection.recv(1 << 16)
    return str(json.loads(body)["messages"][-1]["content"])


def _send(connection: socket.socket, body: bytes) -> None:
    connection.sendall(_head("200 OK", len(body)) + body)


def outcome_of_request(server: FaultyServer, fault: str, number: int) -> bool:
    """Ask `server` for a completion of a prompt with this `fault` and `number`; tell whether all is as it should be."""
    text = f"{fault}|{number}"
    prompt = Prompt((), messages=[{"role": "user", "content": [{"type": "text", "text": text}]}])
    endpoint = Endpoint(
        url=server.url, timeout=TIMEOUT_S if fault in ("dripping", "silent") else 60.0, retries=2, backoff=0.01
    )
    generator = OpenAICompatibleGenerator(endpoint, "m", ["solver"], concurrency=1)
    try:
        ((completion,),) = generator.generate("solver", [prompt], Sampling(max_new_tokens=9), number)
    except GeneratorError as error:
        return type(error).__name__ == LASTING.get(fault)
    return fault in PASSING and completion.text == f"reply to {text}"
