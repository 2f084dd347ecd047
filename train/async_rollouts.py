"""Rolling out ahead: the coming steps are sampled and drawn beside learning, by weights a fixed number of updates old.

With `max_off_policy_steps=k`, step s is rolled out from the state after step s - k (weights, curriculum, memory of
the algorithms), by a policy, a curriculum and algorithms of its own, in the order of steps. So at most k steps wait
to be learned from, no step is learned from that was sampled more than k updates ago, and the result does not depend
on the speed of either.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from .models.policy import Policy
from .rollouts import ProposalRollout

FILE = "off_policy.pt"


@dataclass(frozen=True)
class Snapshot:
    """The state that a step is rolled out from."""

    after: int
    """How many steps had been learned from."""
    weights: Mapping[str, torch.Tensor]
    """What is trained, by name."""
    state: str
    """Of curriculum and algorithms, as the JSON that checkpoints have: nothing that learning changes beside."""


class Rolled(NamedTuple):
    """A step's rollouts, with the answer counts after them."""

    rollouts: list[ProposalRollout]
    asked: Counter[tuple[str, str, str]]


class RollsAhead:
    """Rolls out steps on a thread of its own.

    Args:
        policy: that samples, a copy of the one that learns.
        take: makes curriculum and algorithms of the thread what a state says.
        roll_out: a step's rollouts, by number, with what was asked after it.
        ahead: steps that are rolled out at most beside the one that is learned from.
        steps: of the run.
    """

    def __init__(
        self,
        policy: Policy,
        take: Callable[[Mapping[str, Any]], None],
        roll_out: Callable[[int], Rolled],
        ahead: int,
        steps: int,
    ) -> None:
        self.policy = policy
        self._take = take
        self._roll_out = roll_out
        self._ahead = ahead
        self._steps = steps
        self._thread = ThreadPoolExecutor(1)
        self._coming: dict[int, Future[Rolled]] = {}
        self._from: dict[int, Snapshot] = {}
        """By step, of those that are not learned from yet."""

    def begin(self, step: int, snapshot: Snapshot) -> None:
        """Begin every step up to the limit ahead of `step`: from `snapshot`, those that have not begun."""
        for number in range(step, min(step + self._ahead + 1, self._steps)):
            if number not in self._from:
                self._submit(number, snapshot)

    def _submit(self, step: int, snapshot: Snapshot) -> None:
        self._from[step] = snapshot
        self._coming[step] = self._thread.submit(self._one, step, snapshot)

    def _one(self, step: int, snapshot: Snapshot) -> Rolled:
        with torch.no_grad():
            for name, parameter in self.policy.trainable().items():
                parameter.copy_(snapshot.weights[name])
        self._take(json.loads(snapshot.state))
        return self._roll_out(step)

    def taken(self, step: int) -> Rolled:
        """Return the rollout of a `step`, which is waited for; it is forgotten here."""
        rollout = self._coming.pop(step).result()
        del self._from[step]
        return rollout

    def after_them(self, work: Callable[[], Any]) -> Any:
        """Return the result of `work` that samples too, done once nothing of what has begun is left to roll out."""
        return self._thread.submit(work).result()

    def write(self, folder: Path) -> None:
        """Write what waiting steps were rolled out from into the checkpoint in `folder`."""
        snapshots = {snapshot.after: snapshot for snapshot in self._from.values()}
        waiting_steps = {
            "steps": {step: snapshot.after for step, snapshot in self._from.items()},
            "snapshots": {after: [dict(s.weights), s.state] for after, s in snapshots.items()},
        }
        torch.save(waiting_steps, folder / FILE)

    def read(self, folder: Path) -> None:
        """Roll out again what waited when the checkpoint in `folder` was written."""
        if not (folder / FILE).exists():
            return
        waiting_steps = torch.load(folder / FILE, weights_only=True)
        snapshots = {after: Snapshot(after, *parts) for after, parts in waiting_steps["snapshots"].items()}
        for step, after in sorted(waiting_steps["steps"].items()):
            self._submit(step, snapshots[after])

    def close(self) -> None:
        """End the thread; what is being rolled out is finished and thrown away."""
        self._thread.shutdown(cancel_futures=True)


def snapshot_of(after: int, policy: Policy, state: Mapping[str, Any]) -> Snapshot:
    """Return a snapshot after step `after` of the weights of `policy` and the `state` of curriculum and algorithms."""
    weights = {name: p.detach().clone() for name, p in policy.trainable().items()}
    return Snapshot(after, weights, json.dumps(state))
