"""The server of the live page: standard library alone, on the loopback address, with a strict content policy.

Routes: `/` the page, `/events` server-sent events, `/picture/RUN/DIGEST.png` a picture of a run. A request under
another host's name is refused, so that no web page can reach it by a name of its own that points here (DNS rebinding).
Begin at `LiveServer`.
"""

import json
import logging
import re
import threading
import time
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from ...errors import UserError
from ..runs.cards import picture_path
from ..runs.templates import content_hash
from .feed import RunFeed
from .load import LoadMeter
from .page import page_parts
from .paired import paired_difference

LOG = logging.getLogger(__name__)

HOST = "127.0.0.1"
DEFAULT_PORT = 8421
MAX_RUNS = 6
"""Runs that one page can tell apart by colour."""
MAX_READERS = 16
"""Pages that are sent events at a time."""
POLL_SECONDS = 1.0
STATE_EVERY = 2
"""Polls between two readings of a run's state."""
SOCKET_SECONDS = 30.0
"""After which a page that takes nothing is given up."""
_LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")
_PICTURE = re.compile(r"/picture/(\d{1,2})/([0-9a-f]{8,64})\.png")


class LiveError(UserError, RuntimeError):
    """A live page that cannot be served; the message says how to go on."""


class Board:
    """The newest state of every watched run, shared by all pages that look on.

    Args:
        feeds: of the runs.
    """

    def __init__(self, feeds: Sequence[RunFeed]) -> None:
        self.feeds = feeds
        self.changed = threading.Condition()
        self.latest: dict[str, tuple[int, Any]] = {}
        """The newest message of each kind, with a number that rises when it changes."""
        self._load = LoadMeter(feeds[0].folder)
        self._polls = 0

    def poll(self) -> None:
        """Read what is new on disk, and wake the pages where something changed."""
        for number, feed in enumerate(self.feeds):
            feed.poll()
            if self._polls % STATE_EVERY == 0:
                self._set(f"state {number}", {"run": number} | feed.state(time.time()))
            if (gallery := feed.gallery(number)) is not None:
                self._set(f"gallery {number}", {"run": number} | gallery)
        if self._polls % STATE_EVERY == 0:
            self._set("paired", self._paired())
            self._set("load", self._load.read())
        self._polls += 1
        with self.changed:
            self.changed.notify_all()

    def _set(self, kind: str, value: Any) -> None:
        number, old_value = self.latest.get(kind, (0, None))
        if value != old_value:
            self.latest[kind] = (number + 1, value)

    def _paired(self) -> list[dict[str, Any]]:
        """Return the differences of each run to the first on the held-out items that both answered."""
        rows = []
        for number, feed in enumerate(self.feeds[1:], start=1):
            for name in ("start", "end"):
                difference = paired_difference(self.feeds[0].evaluation(name), feed.evaluation(name))
                if difference is not None:
                    rows.append({"run": number, "when": name} | difference._asdict())
        return rows

    def messages(self, stop: threading.Event) -> Iterator[tuple[str, Any]]:
        """Yield all that a new page needs, then whatever changes; ("", None) now and then, to keep the line open.

        Args:
            stop: set when the server ends.
        """
        yield "runs", [feed.about() for feed in self.feeds]
        sent_messages: dict[str, int] = {}
        sent_rows = [(-1, 0)] * len(self.feeds)
        while not stop.is_set():
            for number, feed in enumerate(self.feeds):
                generation, count = sent_rows[number]
                is_anew = generation != feed.generation
                begin = 0 if is_anew else count
                total = len(feed.metrics)
                if is_anew or total > begin:
                    sent_rows[number] = (feed.generation, total)
                    yield "metrics", {"run": number, "anew": is_anew, "rows": feed.rows(begin)}
            for kind, (version, value) in list(self.latest.items()):
                if sent_messages.get(kind) != version:
                    sent_messages[kind] = version
                    yield kind.split()[0], value
            with self.changed:
                self.changed.wait(timeout=10.0)
            yield "", None


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"
    timeout = SOCKET_SECONDS

    def do_GET(self) -> None:
        """Answer one request."""
        try:
            self._answer()
        except (BrokenPipeError, ConnectionError, TimeoutError):
            # The page was closed.
            self.close_connection = True

    def _answer(self) -> None:
        host_name = re.sub(r":\d+$", "", self.headers.get("Host", ""))
        if host_name not in _LOCAL_NAMES:
            self._refuse(HTTPStatus.FORBIDDEN, "this server answers to localhost alone")
            return
        path = urlsplit(self.path).path
        if path == "/":
            self._send(self.server.page, "text/html; charset=utf-8", self.server.policy)
        elif path == "/events":
            self._send_events()
        elif picture := _PICTURE.fullmatch(path):
            self._send_picture(int(picture[1]), picture[2])
        elif path == "/favicon.ico":
            self._send(b"", "image/png", "default-src 'none'")
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "no such page")

    def _begin(self, status: HTTPStatus, content_type: str, policy: str = "default-src 'none'") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")

    def _send(self, body: bytes, content_type: str, policy: str, cache: str = "no-store") -> None:
        self._begin(HTTPStatus.OK, content_type, policy)
        self.send_header("Cache-Control", cache)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        self._begin(status, "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def _send_picture(self, number: int, digest: str) -> None:
        feeds = self.server.board.feeds
        path = picture_path(feeds[number].folder, digest) if number < len(feeds) else None
        if path is None:
            self._refuse(HTTPStatus.NOT_FOUND, "no such picture")
        else:
            # Named by its content: it never changes.
            self._send(path.read_bytes(), "image/png", "default-src 'none'", "private, max-age=86400, immutable")

    def _send_events(self) -> None:
        if not self.server.readers.acquire(blocking=False):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "too many pages are open")
            return
        try:
            self._begin(HTTPStatus.OK, "text/event-stream")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            for kind, value in self.server.board.messages(self.server.stopped):
                text = f"event: {kind}\ndata: {json.dumps(value)}\n\n" if kind else ": \n\n"
                self.wfile.write(text.encode())
                self.wfile.flush()
        finally:
            self.server.readers.release()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Log a request where debugging is on, and nowhere else."""
        LOG.debug(format, *arguments)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, board: Board) -> None:
        super().__init__((HOST, port), _Handler)
        self.board = board
        self.stopped = threading.Event()
        self.readers = threading.BoundedSemaphore(MAX_READERS)
        page, script, style = page_parts()
        self.page = page.encode()
        self.policy = (
            f"default-src 'none'; script-src '{content_hash(script)}'; style-src '{content_hash(style)}'; "
            "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )


class LiveServer:
    """The live page of some runs, served while the block lasts.

    Args:
        folders: of the runs, 1 to 6.
        port: 0 takes any that is free; None the usual one, or any where that is taken.

    Raises:
        UserError: a folder is not a run, or the port is taken; raised here, before anything is served.
    """

    def __init__(self, folders: Sequence[Path], port: int | None = None) -> None:
        self._board = Board(_feeds(folders))
        self._server = _bound(port, self._board)
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.1,), name="live page", daemon=True),
            threading.Thread(target=self._poll, name="live page's reader", daemon=True),
        ]

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://{HOST}:{self._server.server_address[1]}/"

    def _poll(self) -> None:
        while not self._server.stopped.is_set():
            self._board.poll()
            self._server.stopped.wait(POLL_SECONDS)

    def __enter__(self) -> "LiveServer":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stopped.set()
        with self._board.changed:
            self._board.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join(timeout=10)


def _feeds(folders: Sequence[Path]) -> list[RunFeed]:
    """Open the runs in `folders`, each under the shortest name that tells it from the others."""
    if not 1 <= len(folders) <= MAX_RUNS:
        raise LiveError(f"the live page takes 1 to {MAX_RUNS} runs, got {len(folders)}")
    for folder in folders:
        if not (folder / "config.yaml").is_file():
            raise LiveError(f"{folder} is not a run directory (it has no config.yaml); see `zerosight runs list`")
    resolved_folders = [folder.resolve() for folder in folders]
    if len(set(resolved_folders)) < len(resolved_folders):
        raise LiveError("the same run is named twice; name each run once")
    short_names = [folder.name for folder in resolved_folders]
    names = short_names if len(set(short_names)) == len(short_names) else list(map(str, resolved_folders))
    return [RunFeed(folder, name) for folder, name in zip(resolved_folders, names, strict=True)]


def _bound(port: int | None, board: Board) -> _Server:
    try:
        return _Server(DEFAULT_PORT if port is None else port, board)
    except OSError as error:
        if port is None:
            return _Server(0, board)
        raise LiveError(
            f"port {port} cannot be used ({error.strerror}); choose another with --port, or --port 0 for any"
        ) from error
