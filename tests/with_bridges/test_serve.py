"""The HTTP service by its own application: what it serves, and what it refuses."""

import asyncio
import base64
import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image

from zerosight.envs import make
from zerosight.train.bridges.http_service import HttpService, ServiceLimits

WORLD = "shapes/Canvas-v1"


@pytest.fixture
def service() -> Iterator[HttpService]:
    service = HttpService(ServiceLimits(body_bytes=20_000, entries=8, concurrency=2))
    yield service
    service.close()


def send(service: HttpService, path: str, body: Any = None, **options: Any) -> httpx.Response:
    async def sent() -> httpx.Response:
        transport = httpx.ASGITransport(app=service.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await (client.get(path, **options) if body is None else client.post(path, json=body, **options))

    return asyncio.run(sent())


def test_items_come_with_pictures_and_score_their_own_answers(service: HttpService) -> None:
    rows = send(service, "/items", {"world": WORLD, "numbers": [0, 5], "split": "dev"}).json()
    for row in rows:
        assert Image.open(io.BytesIO(base64.b64decode(row["png"]))).width == make(WORLD).size
    replies = [{"truth": row["truth"], "reply": row["answer"]} for row in rows] + [{"truth": rows[0], "reply": "?"}]
    assert [score["value"] for score in send(service, "/score", {"replies": replies}).json()] == [1.0, 1.0, 0.0]


def test_programs_are_drawn_or_rejected(service: HttpService) -> None:
    circle = '<svg viewBox="0 0 64 64"><circle cx="32" cy="32" r="9" fill="red"/></svg>'
    drawn = send(service, "/draw", {"program": circle, "size": 64}).json()
    assert Image.open(io.BytesIO(base64.b64decode(drawn["pictures"][0]))).size == (64, 64)
    assert send(service, "/draw", {"program": "<svg>", "kind": "svg"}).json()["rejected"]["code"]


def test_worlds_and_health(service: HttpService) -> None:
    assert WORLD in [world["id"] for world in send(service, "/worlds").json()]
    assert send(service, "/health").json()["under_way"] == 0


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/score", {"replies": [{"truth": "{}", "reply": "x" * 30_000}]}, 413, "bytes"),
        ("/score", {"replies": [{"truth": "{}", "reply": ""}] * 9}, 413, "at most 8"),
        ("/score", {"replies": [{"truth": 3, "reply": ""}]}, 400, "fields truth and reply"),
        ("/score", [], 400, "JSON object"),
        ("/items", {"world": "shapes/Canvas-v9", "numbers": [0]}, 400, "did you mean"),
        ("/items", {"world": WORLD, "numbers": [-1]}, 400, "0 or more"),
        ("/items", {"world": WORLD, "numbers": [0], "seed": [1]}, 400, "whole number"),
        ("/items", {"world": WORLD, "numbers": [0], "picture_px": 10**6}, 400, "picture_px"),
        ("/draw", {"program": "<svg/>", "size": 10**6}, 400, "size"),
        ("/draw", {"program": "<svg/>", "kind": "shell"}, 400, "allowed"),
    ],
)
def test_what_is_over_a_limit_or_wrong_is_refused(
    service: HttpService, path: str, body: Any, status: int, words: str
) -> None:
    response = send(service, path, body)
    assert response.status_code == status
    assert words in response.json()["error"]


def test_a_token_is_asked_for() -> None:
    service = HttpService(token="secret")
    assert send(service, "/worlds").status_code == 401
    assert send(service, "/worlds", headers={"authorization": "Bearer secrets"}).status_code == 401
    assert send(service, "/worlds", headers={"authorization": "Bearer secret"}).status_code == 200
    assert send(service, "/health").status_code == 200
    service.close()


def test_more_than_are_admitted_are_turned_away(service: HttpService) -> None:
    body = {"world": WORLD, "numbers": [0, 1, 2, 3]}

    async def together() -> list[int]:
        transport = httpx.ASGITransport(app=service.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return [
                reply.status_code
                for reply in await asyncio.gather(*(client.post("/items", json=body) for _ in range(6)))
            ]

    codes = asyncio.run(together())
    assert codes.count(200) == 2
    assert codes.count(429) == 4
