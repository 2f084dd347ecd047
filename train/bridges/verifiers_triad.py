"""verifiers v1 (0.4): an environment with a seat each for proposer, coder and solver; every reply is paid as its role.

An episode is a briefing: the proposer proposes, the coder draws, the solver answers the question about each drawing.
Unlike verl's rollouts, each reply has a trace and a reward of its own, so that all three learn from one episode. The
nearest relative is verifiers' `proposer_solver`; here the answer is computed, not proposed.
"""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import verifiers.v1 as vf

from ...roles.messages import text_of
from ..data.plan import DataError
from .triad import ROLES, EngineReply, Request, TriadSettings, play
from .verifiers_items import user_message


class BriefingsConfig(vf.TasksetConfig):
    """The worlds that are proposed in, and the number of briefings."""

    worlds: tuple[str, ...] = ("shapes/Canvas-v2",)
    count: int = 1000
    seed: int = 0


class BriefingData(vf.TaskData):
    """The number of an episode, which decides its briefing."""

    number: int
    worlds: tuple[str, ...]
    seed: int


class BriefingTask(vf.Task[BriefingData]):
    """The task of an episode; its seats get tasks of their own."""


class BriefingTaskset(vf.Taskset[BriefingTask, BriefingsConfig]):
    """Briefings without end, numbered."""

    def load(self) -> Iterator[BriefingTask]:
        """Yield the numbers of the episodes."""
        for number in range(self.config.count):
            data = BriefingData(id=str(number), number=number, worlds=self.config.worlds, seed=self.config.seed)
            yield BriefingTask(data, self.config.task)


class RoleTask(vf.Task[vf.TaskData]):
    """The prompt of one role, which is paid by the episode."""


class TriadConfig(vf.EnvConfig):
    """The three seats and the shape of an episode."""

    proposer: vf.AgentConfig = vf.AgentConfig()
    coder: vf.AgentConfig = vf.AgentConfig()
    solver: vf.AgentConfig = vf.AgentConfig()
    programs: int = 2
    """For each proposal."""
    answers: int = 4
    """To each question about a drawing."""
    items: int = 2
    """Questions that are answered in an episode, at most."""
    picture_px: int = 0


class TriadEnv(vf.Env[TriadConfig]):
    """Proposer, coder and solver in one episode."""

    async def run(self, task: BriefingTask, agents: Any) -> None:
        """Play the episode of `task` with `agents`, and pay every reply that something is known of."""
        settings = TriadSettings(
            worlds=task.data.worlds,
            seed=task.data.seed,
            programs=self.config.programs,
            answers=self.config.answers,
            items=self.config.items,
            picture_px=self.config.picture_px,
        )
        loop = asyncio.get_running_loop()

        def ask(requests: Sequence[Request]) -> list[EngineReply]:
            return asyncio.run_coroutine_threadsafe(_ask_seats(requests, agents), loop).result()

        episode = partial(play, "proposer", task.data.number, settings, ask, ROLES)
        for paid in await loop.run_in_executor(None, episode):
            trace = paid.reply.handle
            trace.record_reward("oracle", float(paid.score.value))
            trace.record_metrics({name: float(value) for name, value in paid.score.terms.items()})


async def _ask_seats(requests: Sequence[Request], agents: Any) -> list[EngineReply]:
    """Have the seat of each of `requests` reply; the reply's handle is its trace.

    Raises:
        DataError: a seat's model failed, so that the episode cannot go on.
    """
    traces = await asyncio.gather(*(getattr(agents, request.role).run(_role_task(request)) for request in requests))
    for trace in traces:
        if not trace.ok:
            raise DataError(f"a seat did not reply: {trace.last_error}")
    return [EngineReply(trace.last_reply, not trace.is_truncated, trace) for trace in traces]


def _role_task(request: Request) -> RoleTask:
    png = request.picture.png() if request.picture is not None else None
    turn = user_message(text_of(request.messages, "user"), png)
    return RoleTask(vf.TaskData(prompt=[turn], system_prompt=text_of(request.messages, "system")))
