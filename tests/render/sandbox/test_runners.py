"""A program's text alone says which worker runs it, and outcomes keep their places."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from zerosight.render.sandbox.runners import Runners
from zerosight.render.sandbox.service import Service


class FakeService:
    """Answers each job with its own name, the last job first."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.served: list[bytes] = []

    def stream(self, jobs: Sequence[bytes], read_reply: Any) -> Iterator[tuple[int, str]]:
        self.served += jobs
        for index in reversed(range(len(jobs))):
            yield index, f"{self.name} {jobs[index].decode()}"


def runners_of(*services: FakeService) -> Runners:
    plain, tables, vision = (cast(Service, service) for service in services)
    return Runners(plain, {r"\bpandas\b": tables, r"\b(?:cv2|pandas)\b": vision})


def test_programs_go_to_the_first_worker_that_their_text_asks_for() -> None:
    services = [FakeService(name) for name in ("plain", "tables", "vision")]
    programs = ["import cv2", "x = 1", "import pandas as pd", "expandas = 2", "from cv2 import flip, pandas"]
    jobs = [f"{number}".encode() for number in range(len(programs))]
    outcomes = dict(runners_of(*services).stream(programs, jobs, lambda message, payload: None))
    assert [outcomes[number] for number in range(5)] == ["vision 0", "plain 1", "tables 2", "plain 3", "tables 4"]
    assert runners_of(*services).services == tuple(services)


def test_a_worker_that_no_program_asks_for_is_given_nothing() -> None:
    services = [FakeService(name) for name in ("plain", "tables", "vision")]
    assert dict(runners_of(*services).stream(["x", "y"], [b"0", b"1"], lambda message, payload: None))
    assert [service.served for service in services] == [[b"0", b"1"], [], []]
    assert not dict(runners_of(*services).stream([], [], lambda message, payload: None))
