"""A server that speaks vLLM's and OpenAI's protocol, and that can be told what to do wrong."""

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EOS, FIRST = 2, 10
LOADS = ("/v1/load_lora_adapter", "/v1/unload_lora_adapter")


def sampled(seed: int, number: int) -> list[int]:
    """The ids that the server samples: a pure function of the request's seed."""
    return [FIRST + (seed + number) % 97, FIRST + (seed // 97 + number) % 97, EOS]


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    # Five by default: of sixteen clients at once the kernel resets some.
    request_queue_size = 128


class ProtocolServer:
    """Answers `prompt`s given as ids, and chats; `plan` holds what is done to the next requests for completions."""

    def __init__(self) -> None:
        self.plan: deque[str] = deque()
        """Faults in order, `ok` among them; `always` keeps the last one for good."""
        self.always = "ok"
        self.logprob = -1.0
        """Of every id."""
        self.prompt_ids: list[int] | None = None
        """What a chat's prompt was read as."""
        self.adapters: dict[str, str] = {}
        self.refuse_adapters = False
        self.retry_after = "0"
        self.requests: list[tuple[str, Any]] = []
        self.slow = threading.Event()
        self._http = _Listener(("127.0.0.1", 0), type("Handler", (_Handler,), {"protocol": self}))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.slow.set()
        self._http.shutdown()
        self._http.server_close()

    def completions(self) -> list[Any]:
        """The bodies of the requests for completions."""
        return [body for path, body in self.requests if path not in LOADS and body is not None]

    def reply(self, path: str, body: Any, fault: str) -> Any:
        number = body.get("n", 1) - (1 if fault == "fewer" else 0) + (1 if fault == "more" else 0)
        choices = [self._choice(path, body, k, fault) for k in range(number)]
        found: dict[str, Any] = {"choices": choices}
        if "messages" in body:
            found["prompt_token_ids"] = self.prompt_ids
        return [] if fault == "list" else {} if fault == "empty" else found

    def _choice(self, path: str, body: Any, number: int, fault: str) -> Any:
        ids = sampled(body["seed"], number)
        wrong = {"suppressed": [1, EOS], "unknown": [10**6, EOS], "text": "red", "long": [FIRST] * 99, "early": [FIRST],
                 "after the end": [EOS, FIRST, EOS], "no ids": None}  # fmt: skip
        ids = wrong.get(fault, ids)  # type: ignore[assignment]
        values: list[Any] = [self.logprob] * len(ids or [])
        if fault in ("nan", "positive", "few logprobs"):
            values = {"nan": [None] * len(values), "positive": [0.5] * len(values), "few logprobs": values[1:]}[fault]
        choice: dict[str, Any] = {"index": number, "finish_reason": "stop", "token_ids": ids}
        if "messages" in body:
            choice |= {"message": {"role": "assistant", "content": f"text {number}"}}
            choice["logprobs"] = {"content": [{"logprob": value} for value in values]}
        else:
            choice |= {"text": "", "logprobs": {"token_logprobs": values}, "prompt_token_ids": body["prompt"]}
        if fault == "other prompt":
            choice["prompt_token_ids"] = [7, 7]
        if fault == "no logprobs":
            choice["logprobs"] = None
        if fault == "no text":
            choice["message"]["content"] = None
        return choice


class _Handler(BaseHTTPRequestHandler):
    protocol: ProtocolServer

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.protocol.requests.append((self.path, None))
        self._send(200, b"")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body["authorization"] = self.headers.get("Authorization")
        self.protocol.requests.append((self.path, body))
        if self.path in LOADS:
            self._adapter(body)
            return
        if body["model"] not in {"base", "big", *self.protocol.adapters}:
            self._send(404, b'{"error": {"message": "The model does not exist."}}')
            return
        fault = self.protocol.plan.popleft() if self.protocol.plan else self.protocol.always
        if fault in ("die", "cut"):
            if fault == "cut":
                self._send(200, b'{"choices": [', length=1000)
            self.close_connection = True
        elif fault in ("429", "500"):
            self._send(int(fault), b'{"error": {"message": "busy"}}', {"Retry-After": self.protocol.retry_after})
        elif fault == "400":
            self._send(400, b'{"error": {"message": "prompt too long"}}')
        elif fault == "html":
            self._send(200, b"<html>a proxy's page</html>")
        else:
            if fault == "slow":
                self.protocol.slow.wait(5)
            self._send(200, json.dumps(self.protocol.reply(self.path, body, fault)).encode())

    def _adapter(self, body: Any) -> None:
        name = body["lora_name"]
        if self.path.endswith("unload_lora_adapter"):
            known = self.protocol.adapters.pop(name, None)
            self._send(200 if known else 404, b'{"error": {"message": "cannot be found"}}')
        elif self.protocol.refuse_adapters:
            self._send(404, b'{"error": {"message": "No adapter found for /x"}}')
        elif name in self.protocol.adapters and not body.get("load_inplace"):
            self._send(400, b'{"error": {"message": "has already been loaded"}}')
        else:
            self.protocol.adapters[name] = body["lora_path"]
            self._send(200, b"Success")

    def _send(self, status: int, data: bytes, headers: Any = None, length: int | None = None) -> None:
        try:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data) if length is None else length))
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            # The client gave up waiting.
            self.close_connection = True
