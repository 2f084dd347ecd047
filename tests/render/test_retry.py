"""What our machinery fails at is tried once more: a worker's own exception and a starved program too."""

from collections.abc import Sequence
from typing import Any

import pytest

from zerosight.render import InfrastructureError, Rejected
from zerosight.render.sandbox import service as process
from zerosight.render.sandbox import wire
from zerosight.render.sandbox.service import Service

Reply = dict[str, Any]


class Scripted:
    """Stands for a worker: each job's text names its replies, the first for the first try."""

    tries: dict[bytes, int]
    pid = 0

    def __init__(self, *settings: object) -> None:
        self.waiting: list[bytes] = []

    def send(self, messages: Sequence[bytes], timeout_s: float) -> None:
        self.waiting = list(messages[1:])

    def answers(self, timeout_s: float) -> bool:
        return True

    def receive(self, timeout_s: float) -> tuple[Reply, bytes]:
        job = self.waiting.pop(0)
        self.tries[job] = self.tries.get(job, 0) + 1
        replies = wire.unpack(job)[0]
        return replies[min(self.tries[job], len(replies)) - 1], b""


FAILED: Reply = {"failed": "a program got no processor for 10 s"}
DONE: Reply = {"done": True}
REJECTED: Reply = Rejected("error", "line 1", "mend it").as_message()


@pytest.mark.parametrize(
    ("replies", "outcome", "tries"),
    [
        ([DONE], DONE, 1),
        ([FAILED, DONE], DONE, 2),
        ([FAILED, REJECTED], Rejected("error", "line 1", "mend it"), 2),
        ([FAILED, FAILED, DONE], InfrastructureError, 2),
        ([REJECTED, DONE], Rejected("error", "line 1", "mend it"), 1),
    ],
)
def test_failures_are_tried_once_more_and_rejections_never(
    replies: list[Reply], outcome: object, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "Worker", Scripted)
    monkeypatch.setattr(Scripted, "tries", {}, raising=False)
    jobs = [wire.pack([DONE]), wire.pack(replies), wire.pack([DONE])]
    found = Service("worker", {}, (), 1.0).serve(jobs, lambda message, payload: message)
    assert found[0] == found[2] == DONE
    assert type(found[1]) is outcome if isinstance(outcome, type) else found[1] == outcome
    assert Scripted.tries[jobs[1]] == (1 + 2 if replies == [DONE] else tries)
