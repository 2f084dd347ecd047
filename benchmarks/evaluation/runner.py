"""A model on a benchmark: every question asked once, in batches, and every outcome counted for what it is."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch

from ...envs import InfrastructureError
from ...render import Picture
from ...roles.messages import Messages
from ..adapters.base import BenchmarkDataError
from ..samples import BadRow, Sample
from .benchmark import Benchmark, Judged, ModelDownError, jsonable, questions_of
from .cache import Cache, Reply, digest_of
from .judge import CONCURRENCY, Judge
from .models import Answerer
from .pictures import Thumbnails, contact_sheet, messages_of, picture_of

Outcome = Literal["answered", "unreadable", "failed", "missing"]
"""`answered` alone is scored. `unreadable`: the row or a picture; `failed`: the model's machinery; `missing`: in
another process's share."""
Told = Callable[[str, int, int], None]
"""Called with the benchmark's name, how many questions are done, and how many there are."""

PATIENCE = 5
"""Questions that may fail one after another before the machinery is taken for dead."""
DEFAULT_TOKENS = 512
"""New tokens in a reply at most, where a benchmark does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How questions are asked."""

    data: Path | None = None
    """A folder of benchmarks in their published layouts; None asks the hub."""
    limit: int | None = None
    """Questions of each benchmark at most."""
    max_new_tokens: int | None = None
    """In a reply; None takes the benchmark's own."""
    batch: int = 32
    """Questions that are asked together."""
    sheet: bool = False
    """Several pictures as one sheet, even where the model takes several."""
    shard: tuple[int, int] = (1, 1)
    """Which share of the batches is asked: the first of one, the second of four."""


@dataclass(slots=True, kw_only=True)
class QuestionRow:
    """What became of one question."""

    id: str
    outcome: Outcome
    reason: str = ""
    """Why it was not answered."""
    sample: Sample | None = None
    prompt: str = ""
    reply: str = ""
    finished: bool = True
    score: float | None = None
    sheet: bool = False
    """Its pictures were shown as one sheet."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, without pixels."""
        body: dict[str, Any] = {"id": self.id, "outcome": self.outcome, "score": self.score, "reply": self.reply}
        body |= {"finished": self.finished, "reason": self.reason, "prompt": self.prompt, "sheet": self.sheet}
        if self.sample is not None:
            body |= {
                "question": self.sample.question,
                "options": list(self.sample.options),
                "answer": jsonable(self.sample.answer),
                "category": dict(self.sample.category),
                "images": [image.digest for image in self.sample.images],
            }
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """A model's outcomes on one benchmark, in the order of its questions."""

    benchmark: Benchmark
    model: str
    rows: tuple[QuestionRow, ...]
    max_new_tokens: int
    judge: str | None = None
    """Who read the replies, where the benchmark's authors have a model do so."""

    @property
    def scored(self) -> list[tuple[Sample, float]]:
        """The answered questions with their scores."""
        return [(row.sample, row.score) for row in self.rows if row.sample is not None and row.score is not None]

    def count(self, outcome: Outcome) -> int:
        """How many questions had it."""
        return sum(row.outcome == outcome for row in self.rows)

    @property
    def cut(self) -> int:
        """Replies that the limit of tokens cut off; they are scored as they stand."""
        return sum(row.outcome == "answered" and not row.finished for row in self.rows)

    @property
    def sheets(self) -> int:
        """Questions whose pictures were shown as one sheet."""
        return sum(row.outcome == "answered" and row.sheet for row in self.rows)


@dataclass(slots=True)
class _Asked:
    """A question on its way to the model."""

    row: QuestionRow
    sample: Sample
    key: str
    messages: Messages


@dataclass(slots=True)
class _Health:
    """How many questions have failed one after another."""

    failing: int = 0
    not_judged: int = 0
    """Replies that the judge did not read, one after another."""


def ask(
    benchmark: Benchmark,
    answerer: Answerer,
    cache: Cache,
    settings: Settings = Settings(),
    told: Told | None = None,
    thumbnails: Thumbnails | None = None,
    judge: Judge | None = None,
) -> Answers:
    """Every question's outcome; what the cache knows is not asked.

    Args:
        benchmark: what is asked.
        answerer: who answers.
        cache: what was answered before, and where answers are kept.
        settings: how it is asked.
        told: called after each batch.
        thumbnails: where small pictures are kept for the page.
        judge: reads the replies where the benchmark's authors have one do so.

    Raises:
        BenchmarkDataError: the benchmark's data is not there, or not as it was published.
        ModelDownError: the model failed for several questions in a row. What was answered is kept.
    """
    tokens = settings.max_new_tokens or getattr(benchmark, "max_new_tokens", None) or DEFAULT_TOKENS
    loaded = list(questions_of(benchmark, settings.data, settings.limit))
    rows = [_row(benchmark, each) for each in loaded]
    one_picture = settings.sheet or not answerer.several
    asked = [_asked(benchmark, answerer, row, tokens, one_picture) for row in rows if row.sample is not None]
    share, shares = settings.shard
    health, done = _Health(), len(rows) - len(asked)
    for number, batch in enumerate(_batches(asked, settings.batch)):
        if number % shares == share - 1 or all(each.key in cache for each in batch):
            _answer(batch, answerer, cache, tokens, health, thumbnails)
        _settle(benchmark, batch, cache, judge, health)
        done += len(batch)
        if told is not None:
            told(benchmark.name, done, len(rows))
    who = judge.name if judge is not None and isinstance(benchmark, Judged) else None
    return Answers(benchmark=benchmark, model=answerer.name, rows=tuple(rows), max_new_tokens=tokens, judge=who)


def _row(benchmark: Benchmark, loaded: Sample | BadRow) -> QuestionRow:
    if isinstance(loaded, BadRow):
        return QuestionRow(id=str(loaded.id), outcome="unreadable", reason=loaded.reason)
    return QuestionRow(id=loaded.id, outcome="missing", sample=loaded, prompt=benchmark.prompt(loaded))


def _asked(benchmark: Benchmark, answerer: Answerer, row: QuestionRow, tokens: int, one_picture: bool) -> _Asked:
    sample = row.sample
    assert sample is not None
    count = len(sample.images)
    row.sheet = one_picture and count > 1
    system = getattr(benchmark, "system", "")
    shown = min(count, 1) if one_picture else count
    messages = messages_of(row.prompt, shown, system, sheet_of=count if row.sheet else 0)
    item = [benchmark.name, sample.id, [image.digest for image in sample.images]]
    key = digest_of(answerer.digest, answerer.role, item, messages, {"max_new_tokens": tokens, "temperature": 0})
    return _Asked(row, sample, key, messages)


def _batches(asked: Sequence[_Asked], size: int) -> Iterator[Sequence[_Asked]]:
    return (asked[start : start + size] for start in range(0, len(asked), size))


def _answer(
    batch: Sequence[_Asked],
    answerer: Answerer,
    cache: Cache,
    tokens: int,
    health: _Health,
    thumbnails: Thumbnails | None,
) -> None:
    """Ask what of a batch is not known yet; where the batch fails, one question at a time."""
    wanted: list[tuple[_Asked, list[Picture]]] = []
    for each in batch:
        if each.key not in cache:
            try:
                wanted.append((each, _pictures(each, thumbnails)))
            except (BenchmarkDataError, OSError, ValueError) as error:
                each.row.outcome, each.row.reason = "unreadable", _first_line(error)
            except InfrastructureError as error:
                each.row.outcome, each.row.reason = "failed", _first_line(error)
    if not wanted or _ask(wanted, answerer, cache, tokens) is None:
        health.failing = 0
        return
    for one in wanted:
        failure = _ask([one], answerer, cache, tokens)
        health.failing = health.failing + 1 if failure is not None else 0
        if failure is not None:
            one[0].row.outcome, one[0].row.reason = "failed", _first_line(failure)
        if health.failing >= PATIENCE:
            raise ModelDownError(
                f"{answerer.name} failed for {PATIENCE} questions in a row, at last with: {_first_line(failure)}. What "
                f"was answered is kept in {cache.folder}: mend it, then give the same command again to go on",
                answered=len(cache) > 0,
            )


def _ask(
    wanted: Sequence[tuple[_Asked, list[Picture]]], answerer: Answerer, cache: Cache, tokens: int
) -> Exception | None:
    """Ask and keep; None, or why it failed."""
    try:
        replies = answerer.replies([(each.messages, pictures) for each, pictures in wanted], tokens)
    except (InfrastructureError, torch.OutOfMemoryError, ValueError) as error:
        # A processor that takes no such picture or text says so by a ValueError.
        return error
    cache.keep({each.key: reply for (each, _), reply in zip(wanted, replies, strict=True)})
    return None


def _pictures(each: _Asked, thumbnails: Thumbnails | None) -> list[Picture]:
    pictures = [picture_of(image.open()) for image in each.sample.images]
    if thumbnails is not None:
        for image, picture in zip(each.sample.images, pictures, strict=True):
            thumbnails.keep(image.digest, picture)
    return [contact_sheet(pictures)] if each.row.sheet else pictures


def _settle(benchmark: Benchmark, batch: Sequence[_Asked], cache: Cache, judge: Judge | None, health: _Health) -> None:
    """Score the questions of a batch that were answered."""
    answered = [each for each in batch if each.key in cache]
    for each in answered:
        reply: Reply = cache[each.key]
        each.row.outcome, each.row.reply, each.row.finished = "answered", reply.text, reply.finished
    if judge is None or not isinstance(benchmark, Judged):
        for each in answered:
            each.row.score = float(benchmark.score(each.sample, each.row.reply))
        return
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        for each, found in zip(answered, pool.map(partial(_judged, benchmark, judge), answered), strict=True):
            if isinstance(found, InfrastructureError):
                each.row.outcome, each.row.reason = "failed", f"the judge: {_first_line(found)}"
            else:
                each.row.score = found
            health.not_judged = health.not_judged + 1 if each.row.score is None else 0
    if health.not_judged >= PATIENCE:
        raise ModelDownError(
            f"the judge {judge.name} failed for {health.not_judged} replies in a row. Every reply is kept in "
            f"{cache.folder}: mend it and give the same command again, or leave --judge away for scores by rules",
            answered=len(cache) > 0,
        )


def _judged(benchmark: Judged, judge: Judge, each: _Asked) -> float | InfrastructureError:
    try:
        return float(benchmark.judged(each.sample, each.row.reply, judge))
    except InfrastructureError as error:
        return error


def _first_line(error: Exception | None) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
