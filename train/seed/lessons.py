"""The warm-up of the embedded model: its stand-in for pretraining, run once by `make seed`.

Supervised on oracle-made items of `shapes/Canvas-v1`, it teaches the model to see (captions of what is drawn
where, on pictures of every difficulty), to write valid proposals and programs, and to answer the forms in
`ANSWERED` on pictures of difficulty 1 only. Harder pictures and all other forms are left to the run.
"""

import json
import math
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np

from ...envs import Briefing, FlatScene, Item, Rejected, Requirement, SeededRng, make
from ...envs.answers.amounts import ONES as NUMBER_WORDS
from ...envs.shapes.canvas import ENV_ID, perceive
from ...envs.shapes.operators import Thing
from ...roles import coder, proposer, solver
from ...roles.messages import Messages

ANSWERED = ("count", "exists", "colour", "shape", "size", "side", "level", "extreme_colour")
"""Question forms that the warm-up answers, on difficulty 1 only."""

CHUNK = 256
"""Pages that a worker process makes at a time."""

GRID = 4
"""Captions give places in multiples of this many px."""


PICTURE_SIZE = 64


class Lesson(NamedTuple):
    """A prompt with the reply to learn, and the weight of the reply's tokens in the loss."""

    prompt: str
    reply: str
    weight: float


@dataclass(frozen=True, slots=True)
class Page:
    """A picture [64, 64, 3] uint8 with the lessons about it, and lessons in words alone."""

    picture: np.ndarray
    seen: tuple[Lesson, ...]
    told: tuple[Lesson, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Syllabus:
    """What a stretch of the warm-up teaches beside captions, programs and proposals."""

    relations: bool = False
    """How many of each kind there are and how objects lie to one another, in captions."""
    extra_answers: int = 4
    """Questions about an easy picture beside its own."""
    answer_weight: float = 3.0
    """Of an answer's tokens in the loss, beside 1 for a caption's."""


def user_text(messages: Messages) -> str:
    """The words of the user turn: all that the embedded model's chat template keeps."""
    return "".join(part["text"] for part in messages[-1]["content"] if part["type"] == "text")


def _place(value: float) -> int:
    return GRID * round(value / GRID)


def _name(thing: Thing, words: Sequence[str] = ("size", "colour", "shape")) -> str:
    return " ".join(getattr(thing, word) for word in words)


def _ordered(things: Sequence[Thing], axis: str, sign: int = 1) -> list[Thing]:
    return sorted(things, key=lambda thing: sign * getattr(thing, axis))


def _caption(things: Sequence[Thing], axis: str, sign: int) -> str:
    return ", ".join(f"{_place(t.x)} {_place(t.y)} {_name(t)}" for t in _ordered(things, axis, sign)) or "nothing"


_ORDERS = {"left": ("x", 1), "right": ("x", -1), "top": ("y", 1), "bottom": ("y", -1)}


def captions(rng: SeededRng, things: Sequence[Thing]) -> Iterator[Lesson]:
    """What is drawn where: all of it from one side, some of it from another, single places and objects."""
    side = rng.choice(tuple(_ORDERS))
    yield Lesson(f"describe from the {side}", _caption(things, *_ORDERS[side]), 1.0)
    for side in rng.sample(tuple(_ORDERS), 2):
        word = getattr(rng.choice(things), rng.choice(("colour", "shape", "size")))
        chosen = [thing for thing in things if thing.described_by((word,))]
        yield Lesson(f"describe {word} from the {side}", _caption(chosen, *_ORDERS[side]), 1.0)
    for thing in rng.sample(things, min(3, len(things))):
        yield Lesson(f"what is at {_place(thing.x)} {_place(thing.y)}", _name(thing), 1.0)
        alike = [other for other in things if _name(other, ("colour", "shape")) == _name(thing, ("colour", "shape"))]
        if len(alike) == 1:
            yield Lesson(f"find the {_name(thing, ('colour', 'shape'))}", f"{_place(thing.x)} {_place(thing.y)}", 1.0)


_BESIDE = {"left of": ("x", -1), "right of": ("x", 1), "above": ("y", -1), "below": ("y", 1)}


def relations(rng: SeededRng, things: Sequence[Thing]) -> Iterator[Lesson]:
    """How many there are of each kind, and how the others lie to an object."""
    for word in ("colour", "shape"):
        tally = Counter(getattr(thing, word) for thing in things)
        yield Lesson(f"count by {word}", ", ".join(f"{tally[kind]} {kind}" for kind in sorted(tally)), 1.0)
    brief = {thing: _name(thing, ("colour", "shape")) for thing in things}
    unique = [thing for thing in things if list(brief.values()).count(brief[thing]) == 1]
    for anchor in rng.sample(unique, min(2, len(unique))):
        others = [thing for thing in things if thing is not anchor]
        for side in rng.sample(tuple(_BESIDE), 2):
            axis, sign = _BESIDE[side]
            beside = [t for t in _ordered(others, "x") if sign * (getattr(t, axis) - getattr(anchor, axis)) > 0]
            yield Lesson(f"describe {side} the {brief[anchor]}", _names(beside), 1.0)
        named = [thing for thing in unique if thing is not anchor]
        for other in rng.sample(named, min(2, len(named))):
            yield Lesson(f"how the {brief[other]} lies to the {brief[anchor]}", _lies(other, anchor), 1.0)
        near = sorted(others, key=lambda thing: math.hypot(thing.x - anchor.x, thing.y - anchor.y))
        yield Lesson(f"describe near the {brief[anchor]}", _names(near), 1.0)


def _names(things: Sequence[Thing]) -> str:
    return ", ".join(map(_name, things)) or "nothing"


def _lies(thing: Thing, anchor: Thing) -> str:
    """Left or right and above or below; what is level goes without a word."""
    words = [
        side.removesuffix(" of")
        for side, (axis, sign) in _BESIDE.items()
        if sign * (getattr(thing, axis) - getattr(anchor, axis)) > 0
    ]
    return " ".join(words)


def answers(rng: SeededRng, item: Item, extra: int, weight: float) -> Iterator[Lesson]:
    """The item's own question, and `extra` more of the answered forms that its scene poses well."""
    env = make(item.env)
    yield Lesson(user_text(solver.prompt(item.question)), item.truth.value, weight)
    for _ in range(extra):
        query = env.query(rng, rng.choice(ANSWERED))
        truth = env.solve(item.scene, query)
        if not isinstance(truth, Rejected):
            yield Lesson(user_text(solver.prompt(env.ask(query, rng, item.scene))), truth.value, weight)


def requirements_of(rng: SeededRng, item: Item, things: Sequence[Thing]) -> tuple[Requirement, ...]:
    """What a drawing like the item's must show, from left to right; alike neighbours are counted together.

    The order is a habit that the Coder learns to follow: shapes drawn from left to right are easier to keep apart.
    """
    asks = json.dumps(item.question.query)
    sized = any(word in asks for word in ("small", "large", "size")) or rng.integer(0, 3) == 0
    words = ("size", "colour", "shape") if sized else ("colour", "shape")
    names = [_name(thing, words) for thing in sorted(things, key=lambda thing: thing.x)]
    return tuple(Requirement(len(list(alike)), tuple(name.split())) for name, alike in groupby(names))


def proposal(item: Item, wanted: Sequence[Requirement]) -> Lesson:
    """A proposal that the item fulfils."""
    objects = sum(requirement.count for requirement in wanted)
    body = {
        "concept": f"{NUMBER_WORDS[objects]} shapes",
        "draw": [[requirement.count, *requirement.words] for requirement in wanted],
        "ask": item.question.query,
    }
    briefing = Briefing(item.task, item.difficulty, objects)
    prompt = user_text(proposer.prompt(make(item.env), briefing))
    return Lesson(prompt, json.dumps(body, separators=(",", ":")), 0.5)


def program(item: Item, things: Sequence[Thing], wanted: Sequence[Requirement]) -> Lesson:
    """The item's program with its shapes from left to right."""
    shapes = re.findall(r"<[^<>]*/>", item.program)
    ordered = [shape for _, shape in sorted(zip(things, shapes, strict=True), key=lambda pair: pair[0].x)]
    head = item.program[: item.program.index(">") + 1]
    return Lesson(user_text(coder.prompt(make(item.env), wanted)), f"{head}{''.join(ordered)}</svg>", 0.7)


def page(seed: int, index: int, syllabus: Syllabus) -> Page:
    """One picture and all its lessons; a third of the pages have difficulty 1 and questions."""
    env = make(ENV_ID)
    rng = SeededRng(("warm-up", seed, index))
    difficulty = rng.choice((1, 2, 3))
    task = rng.choice(ANSWERED if difficulty == 1 else tuple(env.tasks))
    item = env.sample(rng, task, difficulty)
    things = _clear(item)
    seen = list(captions(rng, things))
    if syllabus.relations:
        seen += relations(rng.child("relations"), things)
    if difficulty == 1:
        seen += answers(rng, item, syllabus.extra_answers, syllabus.answer_weight)
    # Programs and proposals are about every task and difficulty: what the Proposer may write is not what the
    # Solver was taught to answer.
    other = env.sample(rng, rng.choice(tuple(env.tasks)), rng.choice(env.difficulties))
    drawn = _clear(other)
    wanted = requirements_of(rng, other, drawn)
    told = [program(other, drawn, wanted)]
    if index % 2:
        told.append(proposal(other, wanted))
    return Page(env.show(item, PICTURE_SIZE).array, tuple(seen), tuple(told))


def _clear(item: Item) -> tuple[Thing, ...]:
    """The things of a sampled item, which are clear by construction."""
    assert isinstance(item.scene, FlatScene)
    things = perceive(item.scene)
    if isinstance(things, Rejected):
        raise RuntimeError(f"a sampled scene must be clear: {things}")
    return things


def _pages(arguments: tuple[int, int, int, Syllabus]) -> list[Page]:
    seed, start, count, syllabus = arguments
    return [page(seed, index, syllabus) for index in range(start, start + count)]


def pages(seed: int, start: int, count: int, workers: int, syllabus: Syllabus, ahead: int = 8) -> Iterator[list[Page]]:
    """`count` pages from `start` on, in chunks made `ahead` by worker processes; any number of them makes the same."""
    end = start + count
    jobs = deque((seed, first, min(CHUNK, end - first), syllabus) for first in range(start, end, CHUNK))
    with ProcessPoolExecutor(workers) as pool:
        waiting = deque(pool.submit(_pages, jobs.popleft()) for _ in range(min(ahead, len(jobs))))
        while waiting:
            yield waiting.popleft().result()
            if jobs:
                waiting.append(pool.submit(_pages, jobs.popleft()))
