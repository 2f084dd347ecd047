"""A chat endpoint that answers with the number of pictures it was sent, and can refuse some questions."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    # Five by default: of sixteen clients at once the kernel resets some, which are then failures that no test meant.
    request_queue_size = 128


class ToyServer:
    """`refused` holds words whose questions get status 400; `special` gives a whole status and body by such words."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.keys: list[str | None] = []
        self.refused: tuple[str, ...] = ()
        self.special: dict[str, tuple[int, Any]] = {}
        self._http = _Listener(("127.0.0.1", 0), type("Handler", (_Handler,), {"toy": self}))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    toy: ToyServer

    def log_message(self, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.toy.bodies.append(body)
        self.toy.keys.append(self.headers.get("Authorization"))
        content = body["messages"][-1]["content"]
        text = content if isinstance(content, str) else content[-1]["text"]
        special = next((answer for word, answer in self.toy.special.items() if word in text), None)
        if special is not None:
            status, reply = special
        elif any(word in text for word in self.toy.refused):
            status, reply = 400, {"error": {"message": "I will not"}}
        else:
            pictures = sum(part["type"] == "image_url" for part in content if isinstance(part, dict))
            choice = {"message": {"content": str(pictures)}, "finish_reason": "stop"}
            usage = {"prompt_tokens": 100, "completion_tokens": 2}
            status, reply = 200, {"choices": [choice], "usage": usage}  # type: ignore[dict-item]
        data = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if status in (302, 307):
            self.send_header("Location", f"{self.toy.url}/elsewhere")
        self.end_headers()
        self.wfile.write(data)
