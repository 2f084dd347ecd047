"""An HTTP service for trainers in other environments: items, drawing in the sandbox, scoring. Needs starlette.

    GET  /worlds                                                      ids, tasks, difficulties
    POST /items  {"world", "numbers": [0, 1], "split", "seed", ...}   rows of a data set, pictures in base64
    POST /draw   {"program", "kind", "size"}                          the picture, or why it is rejected
    POST /score  {"replies": [{"truth", "reply"}]}                    scores with their terms

Every request is bounded: its body, its number of items or replies, and how many are under way; what is over is refused
at once with 413 or 429. With a token, `/worlds` and the others need it; `/health` never does.
"""

import asyncio
import base64
import hmac
import json
import queue
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ... import __version__
from ...envs import InfrastructureError, Rejected, list_environments, make
from ...envs.scorer import score
from ...errors import UserError
from ...render.drawing import KINDS, Pools, kind_of
from ..data.plan import DataPlan
from ..data.rows import planned_row

PLAN_FIELDS = ("tasks", "bands", "split", "seed", "picture_px", "style", "mode", "balanced", "with_scene")
MAX_PICTURE_PX = 2048


@dataclass(frozen=True, kw_only=True)
class ServiceLimits:
    """The bounds of requests to a service."""

    body_bytes: int = 4_000_000
    """Of a request."""
    concurrency: int = 32
    """Requests under way at a time."""
    entries: int = 256
    """Items or replies in a request."""
    workers: int = 1
    """Drawings at a time; each has a sandbox worker of every kind that it needs."""


class RequestError(UserError, ValueError):
    """A request that cannot be served as it is.

    Args:
        text: says what to change.
        status: of the response.
    """

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


Work = Callable[[Mapping[str, Any]], Any]


class HttpService:
    """The service's work, and its limits.

    Args:
        limits: what it takes.
        token: that requests must bear; "" for none.
    """

    def __init__(self, limits: ServiceLimits | None = None, token: str = "") -> None:
        self.limits = limits or ServiceLimits()
        self._token = token
        self._under_way = 0
        # One thread at a time makes items: some worlds draw them in this process's own workers.
        self._items_lock = threading.Lock()
        self._pools: queue.Queue[Pools] = queue.Queue()
        for _ in range(self.limits.workers):
            self._pools.put(Pools())

    def app(self) -> Starlette:
        """Return the application."""
        routes = [Route("/health", self._health), Route("/worlds", self._route(self.worlds))]
        works: dict[str, Work] = {"/items": self.items, "/draw": self.draw, "/score": self.scores}
        routes += [Route(path, self._route(work), methods=["POST"]) for path, work in works.items()]
        return Starlette(routes=routes)

    def close(self) -> None:
        """Stop the workers that draw; none may be under way."""
        while not self._pools.empty():
            self._pools.get().close()

    # --- requests -------------------------------------------------------------------------------------------------

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"ok": True, "version": __version__, "under_way": self._under_way})

    def _route(self, work: Work) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            try:
                with self._admitted(request):
                    body = await self._body(request)
                    return JSONResponse(await asyncio.to_thread(work, body))
            except RequestError as error:
                return JSONResponse({"error": str(error)}, status_code=error.status)
            except InfrastructureError as error:
                return JSONResponse({"error": f"the drawing service failed: {error}"}, status_code=503)
            except UserError as error:
                return JSONResponse({"error": str(error)}, status_code=400)

        return serve

    @contextmanager
    def _admitted(self, request: Request) -> Iterator[None]:
        """Count `request` as under way.

        Raises:
            RequestError: it has not the token, or too many are under way.
        """
        offered_token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._token and not hmac.compare_digest(offered_token.encode(), self._token.encode()):
            raise RequestError("send the service's token: Authorization: Bearer TOKEN", 401)
        if self._under_way >= self.limits.concurrency:
            raise RequestError(f"{self.limits.concurrency} requests are under way; try again", 429)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def _body(self, request: Request) -> Mapping[str, Any]:
        """Return the JSON object of `request`; an empty one of a GET.

        Raises:
            RequestError: it is too long, or not an object.
        """
        if request.method == "GET":
            return {}
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > self.limits.body_bytes:
                raise RequestError(f"a request has at most {self.limits.body_bytes} bytes", 413)
        try:
            body = json.loads(bytes(content))
        except (ValueError, RecursionError):
            raise RequestError("a request is a JSON object") from None
        if not isinstance(body, dict):
            raise RequestError("a request is a JSON object")
        return body

    # --- work -----------------------------------------------------------------------------------------------------

    def worlds(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return every world with its tasks and difficulties; the `body` does not matter."""
        envs = [make(env_id) for env_id in list_environments()]
        return [{"id": env.id, "tasks": list(env.tasks), "difficulties": list(env.difficulties)} for env in envs]

    def items(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the items that `body` names as rows with base64 pictures.

        Raises:
            RequestError: there are too many, or a field is not of its kind.
        """
        numbers = self._list_of(body, "numbers", int)
        if any(number < 0 for number in numbers):
            raise RequestError("numbers are 0 or more")
        fields = {name: body[name] for name in PLAN_FIELDS if name in body}
        try:
            plan = DataPlan.from_dict(
                {"worlds": [_text(body, "world")], "count": max(numbers, default=0) + 1, **fields}
            )
            if not 0 <= plan.picture_px <= MAX_PICTURE_PX:
                raise RequestError(f"picture_px is at most {MAX_PICTURE_PX}")
            with self._items_lock:
                rows = [planned_row(plan, number) for number in numbers]
        except TypeError as error:
            raise RequestError(f"a field is not of its kind: {error}") from error
        return [{**row, "png": base64.b64encode(row["png"]).decode()} for row in rows]

    def draw(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the pictures and the scene of the program in `body`, or its rejection.

        Raises:
            RequestError: a field is not of its kind.
            InfrastructureError: the sandbox failed.
        """
        program = _text(body, "program")
        kind, size = body.get("kind") or kind_of(program), body.get("size", 448)
        if kind not in KINDS:
            raise RequestError(f"unknown kind {kind!r} (allowed: {', '.join(KINDS)})")
        if not isinstance(size, int) or not 8 <= size <= MAX_PICTURE_PX:
            raise RequestError(f"size is a width from 8 to {MAX_PICTURE_PX} px")
        pools = self._pools.get()
        try:
            (outcome,) = pools.draw(kind, [program], size)
        finally:
            self._pools.put(pools)
        if isinstance(outcome, InfrastructureError):
            raise outcome
        if isinstance(outcome, Rejected):
            return {"rejected": {"code": outcome.code, "reason": outcome.reason, "hint": outcome.hint}}
        pictures = [base64.b64encode(picture.png()).decode() for picture in outcome.pictures]
        return {"pictures": pictures, "scene": json.loads(outcome.scene.to_json())}

    def scores(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the score of each reply in `body`.

        Raises:
            RequestError: there are too many, or one has no truth or no text.
        """
        outcomes = []
        for entry in self._list_of(body, "replies", dict):
            if not isinstance(entry.get("truth"), str | dict):
                raise RequestError("a reply has the fields truth and reply")
            outcomes.append(score(entry["truth"], _text(entry, "reply")))
        return [{"value": outcome.value, "terms": dict(outcome.terms)} for outcome in outcomes]

    def _list_of(self, body: Mapping[str, Any], name: str, kind: type) -> list[Any]:
        entries = body.get(name)
        if not isinstance(entries, list) or not all(type(entry) is kind for entry in entries):
            raise RequestError(f"{name} is a list of {kind.__name__} values")
        if len(entries) > self.limits.entries:
            raise RequestError(f"{name} has at most {self.limits.entries} entries", 413)
        return entries


def _text(body: Mapping[str, Any], name: str) -> str:
    """Return the text `name` of `body`.

    Raises:
        RequestError: it is not there, or not text.
    """
    value = body.get(name)
    if not isinstance(value, str):
        raise RequestError(f"{name} is missing, or not text")
    return value
