"""One episode of the three roles with models that somebody else's engine serves: verl's rollout servers, verifiers'.

`play` runs our own loop's episode for one role: its replies are the engine's to learn from, the other roles are played
by whatever the engine serves. Prompts, drawing, checks and rewards are those of `zerosight evolve`; who samples and who
learns is the engine. Equal numbers give equal briefings and items, so that an engine's group shares its prompt.
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from ...envs import Score, SeededRng, make
from ...envs.card import Style
from ...render import Picture
from ...render.drawing import shared
from ...roles.messages import Messages
from ...roles.solver import Mode
from ..config import CurriculumConfig, RolloutConfig, RunConfig
from ..curriculum.base import Curriculum
from ..data.plan import DataError
from ..episodes import Episodes
from ..limits import RunLimits
from ..models.completions import Completion, Prompt, Sampling
from ..models.policy import Policy
from ..recipes import make_algorithm
from ..rollouts import drawn_by

ROLES = ("proposer", "coder", "solver")


class EngineReply(NamedTuple):
    """A reply that an engine sampled."""

    text: str
    finished: bool = True
    handle: Any = None
    """The engine's own record of it, handed back with the reward."""


class Request(NamedTuple):
    """A reply that is wanted of an engine."""

    role: str
    messages: Messages
    """With a place for the picture, if there is one."""
    picture: Picture | None
    max_tokens: int


class PaidReply(NamedTuple):
    """A reply of the role that learns, with its reward."""

    request: Request
    reply: EngineReply
    score: Score


Ask = Callable[[Sequence[Request]], Sequence[EngineReply]]
"""Samples a reply for each request; called from the thread that plays."""


@dataclass(frozen=True, kw_only=True)
class TriadSettings:
    """The shape of an episode."""

    worlds: tuple[str, ...] = ("shapes/Canvas-v2",)
    seed: int = 0
    programs: int = 2
    """For each proposal, where the Proposer learns."""
    answers: int = 8
    """To each item, where the Proposer or the Coder learns: their rewards need solve rates."""
    items: int = 4
    """Questions that are answered in an episode, at most."""
    picture_px: int = 0
    """The width of the pictures; 0 is each world's own."""
    style: Style = "full"
    mode: Mode = "answer"
    tokens: Mapping[str, int] = field(default_factory=lambda: {"proposer": 512, "coder": 1536, "solver": 64})
    """New tokens of a reply at most, by role."""

    def config(self, role: str) -> RunConfig:
        """Return the configuration of an episode in which `role` learns.

        Raises:
            DataError: there is no such role.
        """
        if role not in ROLES:
            raise DataError(f"unknown role {role!r} (allowed: {', '.join(ROLES)})")
        rollout = RolloutConfig(
            source="environment" if role == "solver" else "programs",
            proposer="environment" if role == "coder" else "model",
            num_briefings=1,
            num_programs=max(2, self.programs),
            num_answers=max(2, self.answers),
            items_per_step=1 if role == "solver" else self.items,
            env_questions=0 if role == "proposer" else self.items,
            solver_mode=self.mode,
        )
        curriculum = CurriculumConfig(kind="uniform")
        return RunConfig(
            envs=self.worlds, seed=self.seed, prompt_style=self.style, rollout=rollout, curriculum=curriculum
        )


_WORK = threading.Lock()
"""Held while an episode computes and draws, let go while it waits: the workers serve one thread at a time."""


class _Messages:
    """Makes prompts of messages alone, where a policy would make tokens: the engine has its own template."""

    processor = None

    def prompt(self, messages: Messages, picture: Picture | None = None) -> Prompt:
        return Prompt((), messages=messages, picture=picture)


class _EngineGenerator:
    """A `Generator` over an engine: one reply for the role that learns, whose group is the engine's, else `n`."""

    def __init__(self, ask: Ask, learning_role: str, tokens: Mapping[str, int]) -> None:
        self._ask, self._learning_role, self._tokens = ask, learning_role, tokens
        self.answered: list[tuple[Completion, Request, EngineReply]] = []

    def generate(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        """Ask for the replies of `role` to all `prompts` together; the engine has its own seeds."""
        group = 1 if role == self._learning_role else sampling.n
        requests = [
            Request(role, prompt.messages or [], prompt.picture, self._tokens[role])
            for prompt in prompts
            for _ in range(group)
        ]
        _WORK.release()
        try:
            replies = self._ask(requests)
        finally:
            _WORK.acquire()
        completions = []
        for request, reply in zip(requests, replies, strict=True):
            completion = Completion((), (), reply.text, reply.finished, trainable=False)
            self.answered.append((completion, request, reply))
            completions.append(completion)
        return [completions[start : start + group] for start in range(0, len(completions), group)]


def play(
    role: str, number: int, settings: TriadSettings, ask: Ask, paid_roles: Collection[str] = ()
) -> list[PaidReply]:
    """Play episode `number` and return the replies of `role` with their rewards; none where nothing is known of them.

    Args:
        role: who begins; one reply of its is sampled, since its group is the engine's.
        number: of the episode; decides its briefing, or its item.
        settings: of the episode.
        ask: samples what the roles say.
        paid_roles: whose replies are returned; by default only the role's that begins.
    """
    with _WORK:
        config = settings.config(role)
        algorithm = make_algorithm(config.algorithm, config)
        generator = _EngineGenerator(ask, role, settings.tokens)
        curriculum = Curriculum(config.curriculum, [make(world) for world in settings.worlds])
        policy = cast(Policy, _Messages())
        episodes = Episodes(config, policy, generator, curriculum, drawn_by(shared()), algorithm)
        episodes.limits = RunLimits(dict(settings.tokens), settings.picture_px)
        rollouts = episodes.roll_out(SeededRng(("bridge", settings.seed, number)))
        trajectories = episodes.trajectories(rollouts, 0, algorithm)
    by_completion = {id(completion): (request, reply) for completion, request, reply in generator.answered}
    return [
        PaidReply(*by_completion[id(trajectory.completion)], trajectory.score)
        for trajectory in trajectories
        if trajectory.role in (paid_roles or (role,))
    ]
