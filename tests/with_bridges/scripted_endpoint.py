"""An OpenAI-compatible endpoint on this machine that says what a function of the prompt's words says."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PROPOSAL = '{"concept": "two", "draw": [[2, "red", "circle"]], "ask": ["count", ["select", "red", "circle"]]}'
_CIRCLES = '<circle cx="16" cy="16" r="8" fill="red"/><circle cx="44" cy="44" r="8" fill="red"/>'
PROGRAM = f'<svg viewBox="0 0 64 64">{_CIRCLES}</svg>'


def triad_reply(words: str) -> str:
    """What each role says to the words of its prompt: two red circles are proposed, drawn and counted."""
    if words.startswith("Asked for"):
        return PROPOSAL
    return PROGRAM if words.startswith("Draw") else "2"


@contextmanager
def endpoint(say: Callable[[str], str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the address of an endpoint and the bodies of the requests that it got."""
    bodies: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            bodies.append(body)
            content = body["messages"][-1]["content"]
            words = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
            message = {"role": "assistant", "content": say(words)}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}] * body.get("n", 1)
            reply = {"id": "1", "object": "chat.completion", "created": 0, "model": body["model"], "choices": choices}
            reply["usage"] = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
            data = json.dumps(reply).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", bodies
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
