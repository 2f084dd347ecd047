"""Failures are tried once more, and then judged by what a new worker makes of a program that is known to be good."""

from typing import Any

import pytest

from zerosight.render import InfrastructureError, Rejected
from zerosight.render.sandbox import service, wire
from zerosight.render.sandbox.service import Service

Reply = dict[str, Any]


class Scripted:
    """Stands for a worker: each job's text names its replies, the first for the first try."""

    tries: dict[bytes, int]
    starts = 0
    pid = 0

    def __init__(self, *settings: object) -> None:
        self.posted: list[bytes] = []
        Scripted.starts += 1

    def post(self, message: bytes) -> None:
        self.posted.append(message)

    def answers(self, timeout_s: float) -> bool:
        return True

    def close(self) -> None:
        self.posted = []

    def cpu_seconds(self) -> float:
        return 0.0

    def is_killed(self) -> bool:
        return False

    def receive(self, timeout_s: float) -> tuple[Reply, bytes]:
        job = self.posted.pop(0)
        self.tries[job] = self.tries.get(job, 0) + 1
        replies = wire.json.loads(job[8 : 8 + wire.HEADER.unpack(job[:8])[0]])
        reply = replies[min(self.tries[job], len(replies)) - 1]
        if reply == "late":
            raise TimeoutError("the worker does not answer")
        if reply == "dead":
            raise wire.WireError("the worker ended with status -9")
        return reply, b""


FAILED: Reply = {"failed": "a program got no processor for 10 s"}
DONE: Reply = {"done": True}
REJECTED: Reply = Rejected("error", "line 1", "mend it").as_message()
GOOD = wire.pack([DONE], b"known to be good")
BAD = wire.pack([FAILED], b"known to be good")


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "Worker", Scripted)
    monkeypatch.setattr(Scripted, "tries", {}, raising=False)
    monkeypatch.setattr(Scripted, "starts", 0)


def outcomes_of(jobs: list[bytes], known_good: bytes | InfrastructureError) -> list[Any]:
    return Service("worker", {}, (), 1.0, lambda: known_good).serve(jobs, lambda message, payload: message)


@pytest.mark.parametrize(
    ("replies", "outcome", "tries"),
    [
        ([DONE], DONE, 1),
        ([FAILED, DONE], DONE, 2),
        (["late", DONE], DONE, 2),
        (["dead", DONE], DONE, 2),
        ([FAILED, REJECTED], Rejected("error", "line 1", "mend it"), 2),
        ([REJECTED, DONE], Rejected("error", "line 1", "mend it"), 1),
    ],
)
def test_failures_are_tried_once_more_and_rejections_never(replies: list[Any], outcome: object, tries: int) -> None:
    jobs = [wire.pack([DONE]), wire.pack(replies, b"this"), wire.pack([DONE])]
    assert outcomes_of(jobs, GOOD) == [DONE, outcome, DONE]
    assert Scripted.tries[jobs[1]] == tries


@pytest.mark.parametrize("failure", [FAILED, "late", "dead"])
def test_a_second_failure_is_the_programs_where_a_new_worker_does_what_is_good(failure: Any) -> None:
    jobs = [wire.pack([DONE]), wire.pack([failure, failure, DONE], b"this"), wire.pack([DONE])]
    first, outcome, last = outcomes_of(jobs, GOOD)
    assert first == last == DONE
    assert isinstance(outcome, Rejected) and outcome.code == "crash"
    assert (Scripted.tries[jobs[1]], Scripted.tries[GOOD]) == (2, 1)
    # One before the first failure, one for the second try, and one for what is known to be good.
    assert Scripted.starts == 3


@pytest.mark.parametrize("failure", [FAILED, "late", "dead"])
@pytest.mark.parametrize(
    "known_good", [BAD, wire.pack([REJECTED]), wire.pack(["dead"]), InfrastructureError("no room")]
)
def test_a_second_failure_is_ours_where_nothing_works(failure: Any, known_good: bytes | InfrastructureError) -> None:
    jobs = [wire.pack([DONE]), wire.pack([failure, failure, DONE], b"this"), wire.pack([DONE])]
    first, outcome, last = outcomes_of(jobs, known_good)
    assert first == last == DONE
    assert isinstance(outcome, InfrastructureError)


def test_jobs_behind_a_lost_worker_are_not_counted_as_tried() -> None:
    jobs = [wire.pack(["dead", DONE], b"a"), *(wire.pack([DONE], b"%d" % i) for i in range(5))]
    assert outcomes_of(jobs, GOOD) == [DONE] * 6
    assert [Scripted.tries[job] for job in jobs] == [2, 1, 1, 1, 1, 1]
