"""Supervised lessons of the embedded model, its stand-in for pretraining; `make seed` trains on them once.

Made from the oracle's items of `shapes/Canvas-v1`, they teach the model to see (captions of what is drawn where, on
pictures of every difficulty), to write valid proposals and programs, and to answer the forms in `ANSWERED_FORMS` on
pictures of difficulty 1 only. Harder pictures and all other forms are left to the run. Begin at `page`.
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
from ...envs.shapes.canvas import ENV_ID, parse_scene
from ...envs.shapes.operators import Thing
from ...roles import coder, proposer, solver
from ...roles.messages import text_of

ANSWERED_FORMS = ("count", "exists", "colour", "shape", "size", "side", "level", "extreme_colour")
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
    picture_lessons: tuple[Lesson, ...]
    text_lessons: tuple[Lesson, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Syllabus:
    """The lessons of a stretch of supervised training, beside captions, programs and proposals."""

    relations: bool = False
    """How many of each kind there are and how objects lie to one another, in captions."""
    extra_answers: int = 4
    """Questions about an easy picture beside its own."""
    answer_weight: float = 3.0
    """Of an answer's tokens in the loss, beside 1 for a caption's."""


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
    """Describe `things`: all of them from one side, some of them from another, single places and objects."""
    side = rng.choice(tuple(_ORDERS))
    yield Lesson(f"describe from the {side}", _caption(things, *_ORDERS[side]), 1.0)
    for side in rng.sample(tuple(_ORDERS), 2):
        word = getattr(rng.choice(things), rng.choice(("colour", "shape", "size")))
        described_things = [thing for thing in things if thing.described_by((word,))]
        yield Lesson(f"describe {word} from the {side}", _caption(described_things, *_ORDERS[side]), 1.0)
    for thing in rng.sample(things, min(3, len(things))):
        yield Lesson(f"what is at {_place(thing.x)} {_place(thing.y)}", _name(thing), 1.0)
        same_kind = [
            candidate
            for candidate in things
            if _name(candidate, ("colour", "shape")) == _name(thing, ("colour", "shape"))
        ]
        if len(same_kind) == 1:
            yield Lesson(f"find the {_name(thing, ('colour', 'shape'))}", f"{_place(thing.x)} {_place(thing.y)}", 1.0)


_BESIDE = {"left of": ("x", -1), "right of": ("x", 1), "above": ("y", -1), "below": ("y", 1)}


def relations(rng: SeededRng, things: Sequence[Thing]) -> Iterator[Lesson]:
    """Count `things` of each kind, and describe how the others lie to an object."""
    for word in ("colour", "shape"):
        kind_counts = Counter(getattr(thing, word) for thing in things)
        yield Lesson(f"count by {word}", ", ".join(f"{kind_counts[kind]} {kind}" for kind in sorted(kind_counts)), 1.0)
    short_names = {thing: _name(thing, ("colour", "shape")) for thing in things}
    unique_things = [thing for thing in things if list(short_names.values()).count(short_names[thing]) == 1]
    for anchor in rng.sample(unique_things, min(2, len(unique_things))):
        other_things = [thing for thing in things if thing is not anchor]
        for side in rng.sample(tuple(_BESIDE), 2):
            axis, sign = _BESIDE[side]
            beside = [t for t in _ordered(other_things, "x") if sign * (getattr(t, axis) - getattr(anchor, axis)) > 0]
            yield Lesson(f"describe {side} the {short_names[anchor]}", _names(beside), 1.0)
        other_unique = [thing for thing in unique_things if thing is not anchor]
        for neighbour in rng.sample(other_unique, min(2, len(other_unique))):
            yield Lesson(
                f"how the {short_names[neighbour]} lies to the {short_names[anchor]}", _lies(neighbour, anchor), 1.0
            )
        by_distance = sorted(other_things, key=lambda thing: math.hypot(thing.x - anchor.x, thing.y - anchor.y))
        yield Lesson(f"describe near the {short_names[anchor]}", _names(by_distance), 1.0)


def _names(things: Sequence[Thing]) -> str:
    return ", ".join(map(_name, things)) or "nothing"


def _lies(thing: Thing, anchor: Thing) -> str:
    """Describe where `thing` lies to `anchor`: left or right, above or below; what is level goes without a word."""
    words = [
        side.removesuffix(" of")
        for side, (axis, sign) in _BESIDE.items()
        if sign * (getattr(thing, axis) - getattr(anchor, axis)) > 0
    ]
    return " ".join(words)


def answers(rng: SeededRng, item: Item, extra_answers: int, answer_weight: float) -> Iterator[Lesson]:
    """Ask the `item`'s own question, and `extra_answers` more of the answered forms that its scene poses well.

    Args:
        rng: of the further questions.
        item: with its scene.
        extra_answers: questions beside its own.
        answer_weight: of an answer's tokens in the loss.
    """
    env = make(item.env)
    yield Lesson(text_of(solver.prompt(item.question), "user"), item.truth.value, answer_weight)
    for _ in range(extra_answers):
        query = env.query(rng, rng.choice(ANSWERED_FORMS))
        truth = env.solve(item.scene, query)
        if not isinstance(truth, Rejected):
            yield Lesson(text_of(solver.prompt(env.ask(query, rng, item.scene)), "user"), truth.value, answer_weight)


def requirements_of(rng: SeededRng, item: Item, things: Sequence[Thing]) -> tuple[Requirement, ...]:
    """List what a drawing like `item`'s must show, from left to right; alike neighbours are counted together.

    The order is a habit that the Coder learns to follow: shapes drawn from left to right are easier to keep apart.
    """
    query_text = json.dumps(item.question.query)
    with_sizes = any(word in query_text for word in ("small", "large", "size")) or rng.integer(0, 3) == 0
    name_words = ("size", "colour", "shape") if with_sizes else ("colour", "shape")
    names = [_name(thing, name_words) for thing in sorted(things, key=lambda thing: thing.x)]
    return tuple(Requirement(len(list(alike)), tuple(name.split())) for name, alike in groupby(names))


def proposal(item: Item, requirements: Sequence[Requirement]) -> Lesson:
    """Write a proposal that `item` fulfils, for `requirements`."""
    object_count = sum(requirement.count for requirement in requirements)
    proposal_body = {
        "concept": f"{NUMBER_WORDS[object_count]} shapes",
        "draw": [[requirement.count, *requirement.words] for requirement in requirements],
        "ask": item.question.query,
    }
    briefing = Briefing(item.task, item.difficulty, object_count)
    prompt = text_of(proposer.prompt(make(item.env), briefing), "user")
    return Lesson(prompt, json.dumps(proposal_body, separators=(",", ":")), 0.5)


def program(item: Item, things: Sequence[Thing], requirements: Sequence[Requirement]) -> Lesson:
    """Write `item`'s program with its shapes from left to right."""
    shapes = re.findall(r"<[^<>]*/>", item.program)
    ordered_shapes = [shape for _, shape in sorted(zip(things, shapes, strict=True), key=lambda pair: pair[0].x)]
    svg_head = item.program[: item.program.index(">") + 1]
    return Lesson(
        text_of(coder.prompt(make(item.env), requirements), "user"), f"{svg_head}{''.join(ordered_shapes)}</svg>", 0.7
    )


def page(seed: int, index: int, syllabus: Syllabus) -> Page:
    """Make the picture number `index` and all its lessons; a third of the pages have difficulty 1 and questions."""
    env = make(ENV_ID)
    rng = SeededRng(("warm-up", seed, index))
    difficulty = rng.choice((1, 2, 3))
    task = rng.choice(ANSWERED_FORMS if difficulty == 1 else tuple(env.tasks))
    item = env.sample(rng, task, difficulty)
    things = _clear(item)
    picture_lessons = list(captions(rng, things))
    if syllabus.relations:
        picture_lessons += relations(rng.child("relations"), things)
    if difficulty == 1:
        picture_lessons += answers(rng, item, syllabus.extra_answers, syllabus.answer_weight)
    # Programs and proposals are about every task and difficulty: what the Proposer may write is not what the
    # Solver was taught to answer.
    other_item = env.sample(rng, rng.choice(tuple(env.tasks)), rng.choice(env.difficulties))
    other_things = _clear(other_item)
    requirements = requirements_of(rng, other_item, other_things)
    text_lessons = [program(other_item, other_things, requirements)]
    if index % 2:
        text_lessons.append(proposal(other_item, requirements))
    return Page(env.render_item(item, PICTURE_SIZE).array, tuple(picture_lessons), tuple(text_lessons))


def _clear(item: Item) -> tuple[Thing, ...]:
    """Return the things of a sampled `item`, which are clear by construction."""
    assert isinstance(item.scene, FlatScene)
    things = parse_scene(item.scene)
    if isinstance(things, Rejected):
        raise RuntimeError(f"a sampled scene must be clear: {things}")
    return things


def _pages(arguments: tuple[int, int, int, Syllabus]) -> list[Page]:
    seed, start, count, syllabus = arguments
    return [page(seed, index, syllabus) for index in range(start, start + count)]


def pages(seed: int, start: int, count: int, workers: int, syllabus: Syllabus, ahead: int = 8) -> Iterator[list[Page]]:
    """Make `count` pages from `start` on, in chunks made `ahead` by worker processes; any number makes the same."""
    end_page = start + count
    jobs = deque(
        (seed, chunk_start, min(CHUNK, end_page - chunk_start), syllabus)
        for chunk_start in range(start, end_page, CHUNK)
    )
    with ProcessPoolExecutor(workers) as pool:
        pending_chunks = deque(pool.submit(_pages, jobs.popleft()) for _ in range(min(ahead, len(jobs))))
        while pending_chunks:
            yield pending_chunks.popleft().result()
            if jobs:
                pending_chunks.append(pool.submit(_pages, jobs.popleft()))
