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
from ...train.generators import RefusedError
from ..adapters.base import Adapter, BenchmarkDataError
from ..samples import BadRow, Sample
from .benchmark import Benchmark, Judged, ModelDownError, jsonable, questions_of
from .cache import Cache, Reply, digest_of
from .clusters import with_clusters
from .judge import CONCURRENCY, Judge
from .models import Answerer
from .pictures import Thumbnails, contact_sheet, messages_of, picture_of

Outcome = Literal["answered", "unreadable", "failed", "missing"]
"""`answered` alone is scored. `unreadable`: the row or a picture; `failed`: the model's backend; `missing`: in
another process's share."""
Progress = Callable[[str, int, int], None]
"""Called with the benchmark's name, how many questions are done, and how many there are."""

PATIENCE = 5
"""Questions that may fail one after another before the backend is taken for dead."""
QUESTION_STATUSES = (400, 413, 415, 422)
"""HTTP statuses by which a server refuses this question and may take another."""
DEFAULT_TOKENS = 512
"""New tokens in a reply at most, where a benchmark does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The way questions are asked."""

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
    """The outcome of one question."""

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
    answer: Reply | None = None
    """Its reply with what a server counted of it."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values, without pixels."""
        body: dict[str, Any] = {"id": self.id, "outcome": self.outcome, "score": self.score, "reply": self.reply}
        body |= {"finished": self.finished, "reason": self.reason, "prompt": self.prompt, "sheet": self.sheet}
        if self.answer is not None:
            body |= {name: value for name, value in self.answer.to_dict().items() if name not in ("text", "finished")}
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
        """Return the number of questions with this `outcome`."""
        return sum(row.outcome == outcome for row in self.rows)

    @property
    def cut(self) -> int:
        """Replies that the limit of tokens cut off; they are scored as they stand."""
        return sum(row.outcome == "answered" and not row.finished for row in self.rows)

    @property
    def refusals(self) -> int:
        """Questions that the model or its server would not answer; what it said instead is scored."""
        return sum(row.answer is not None and row.answer.refused for row in self.rows)

    @property
    def sheets(self) -> int:
        """Questions whose pictures were shown as one sheet."""
        return sum(row.outcome == "answered" and row.sheet for row in self.rows)


@dataclass(slots=True)
class _Question:
    """A question on its way to the model."""

    row: QuestionRow
    sample: Sample
    key: str
    messages: Messages


@dataclass(slots=True)
class _Health:
    """Questions that have failed one after another."""

    failing: int = 0
    not_judged: int = 0
    """Replies that the judge did not read, one after another."""


def ask(
    benchmark: Benchmark,
    answerer: Answerer,
    cache: Cache,
    settings: Settings = Settings(),
    show_progress: Progress | None = None,
    thumbnails: Thumbnails | None = None,
    judge: Judge | None = None,
) -> Answers:
    """Return every question's outcome; what the cache knows is not asked.

    Args:
        benchmark: the questions.
        answerer: who answers.
        cache: what was answered before, and where answers are kept.
        settings: how they are asked.
        show_progress: called after each batch.
        thumbnails: where small pictures are kept for the page.
        judge: reads the replies where the benchmark's authors have one do so.

    Raises:
        BenchmarkDataError: the benchmark's data is not there, or not as it was published.
        ModelDownError: the model failed for several questions in a row. What was answered is kept.
    """
    tokens = settings.max_new_tokens or getattr(benchmark, "max_new_tokens", None) or DEFAULT_TOKENS
    rows = [_row(benchmark, loaded) for loaded in _loaded(benchmark, settings)]
    one_picture = settings.sheet or not answerer.several
    questions = [_question(benchmark, answerer, row, tokens, one_picture) for row in rows if row.sample is not None]
    share, shares = settings.shard
    health, done_count = _Health(), len(rows) - len(questions)
    for number, batch in enumerate(_batches(questions, settings.batch)):
        if number % shares == share - 1 or all(question.key in cache for question in batch):
            _answer(batch, answerer, cache, tokens, health, thumbnails)
        _settle(benchmark, batch, cache, judge, health)
        done_count += len(batch)
        if show_progress is not None:
            show_progress(benchmark.name, done_count, len(rows))
    judge_name = judge.name if judge is not None and isinstance(benchmark, Judged) else None
    return Answers(benchmark=benchmark, model=answerer.name, rows=tuple(rows), max_new_tokens=tokens, judge=judge_name)


def _loaded(benchmark: Benchmark, settings: Settings) -> list[Sample | BadRow]:
    loaded_rows = list(questions_of(benchmark, settings.data, settings.limit))
    if not isinstance(benchmark, Adapter):
        return loaded_rows
    return with_clusters(loaded_rows, by_pictures=benchmark.shares_pictures)


def _row(benchmark: Benchmark, loaded_row: Sample | BadRow) -> QuestionRow:
    if isinstance(loaded_row, BadRow):
        return QuestionRow(id=str(loaded_row.id), outcome="unreadable", reason=loaded_row.reason)
    return QuestionRow(id=loaded_row.id, outcome="missing", sample=loaded_row, prompt=benchmark.prompt(loaded_row))


def _question(benchmark: Benchmark, answerer: Answerer, row: QuestionRow, tokens: int, one_picture: bool) -> _Question:
    sample = row.sample
    assert sample is not None
    picture_count = len(sample.images)
    row.sheet = one_picture and picture_count > 1
    messages = messages_of(
        row.prompt,
        min(picture_count, 1) if one_picture else picture_count,
        getattr(benchmark, "system", ""),
        sheet_of=picture_count if row.sheet else 0,
        interleaved=getattr(benchmark, "interleaved", False),
    )
    item = [benchmark.name, sample.id, [image.digest for image in sample.images]]
    key = digest_of(answerer.digest, answerer.role, item, messages, {"max_new_tokens": tokens, "temperature": 0})
    return _Question(row, sample, key, messages)


def _batches(questions: Sequence[_Question], size: int) -> Iterator[Sequence[_Question]]:
    return (questions[start : start + size] for start in range(0, len(questions), size))


def _answer(
    batch: Sequence[_Question],
    answerer: Answerer,
    cache: Cache,
    tokens: int,
    health: _Health,
    thumbnails: Thumbnails | None,
) -> None:
    """Ask those questions of a batch that the cache does not know.

    Where a backend fails for a batch as a whole, its questions are asked one by one.
    """
    pictured_questions: list[tuple[_Question, list[Picture]]] = []
    for question in batch:
        if question.key not in cache:
            try:
                pictured_questions.append((question, _pictures(question, thumbnails)))
            except (BenchmarkDataError, OSError, ValueError) as error:
                question.row.outcome, question.row.reason = "unreadable", _first_line(error)
            except InfrastructureError as error:
                question.row.outcome, question.row.reason = "failed", _first_line(error)
    if not pictured_questions:
        return
    outcomes = _outcomes(pictured_questions, answerer, tokens)
    if not isinstance(outcomes, Exception):
        _keep(pictured_questions, outcomes, answerer, cache, health)
        return
    for pictured_question in pictured_questions:
        outcome = outcomes if len(pictured_questions) == 1 else _outcomes([pictured_question], answerer, tokens)
        _keep([pictured_question], [outcome] if isinstance(outcome, Exception) else outcome, answerer, cache, health)


def _outcomes(
    pictured_questions: Sequence[tuple[_Question, list[Picture]]], answerer: Answerer, tokens: int
) -> Sequence[Reply | Exception] | Exception:
    """Return each question's reply or failure, or why the backend failed for all of them."""
    try:
        return answerer.outcomes([(question.messages, pictures) for question, pictures in pictured_questions], tokens)
    except (InfrastructureError, torch.OutOfMemoryError, ValueError) as error:
        # A processor that takes no such picture or text says so by a ValueError.
        return error


def _keep(
    pictured_questions: Sequence[tuple[_Question, list[Picture]]],
    outcomes: Sequence[Reply | Exception],
    answerer: Answerer,
    cache: Cache,
    health: _Health,
) -> None:
    """Keep the replies, and count the failures.

    Raises:
        ModelDownError: too many questions failed one after another.
    """
    replies = {
        question.key: outcome
        for (question, _), outcome in zip(pictured_questions, outcomes, strict=True)
        if isinstance(outcome, Reply)
    }
    if replies:
        cache.keep(replies)
    for (question, _), outcome in zip(pictured_questions, outcomes, strict=True):
        if isinstance(outcome, Reply):
            health.failing = 0
            continue
        question.row.outcome, question.row.reason = "failed", _first_line(outcome)
        # A server that has answered and refuses one question need not be mended.
        if not (isinstance(outcome, RefusedError) and outcome.status in QUESTION_STATUSES and len(cache)):
            health.failing += 1
        if health.failing >= PATIENCE:
            raise ModelDownError(
                f"{answerer.name} failed for {PATIENCE} questions in a row, at last with: {_first_line(outcome)}. What "
                f"was answered is kept in {cache.folder}: mend it, then give the same command again to go on",
                answered=len(cache) > 0,
            )


def _pictures(question: _Question, thumbnails: Thumbnails | None) -> list[Picture]:
    pictures = [picture_of(image.open()) for image in question.sample.images]
    if thumbnails is not None:
        for image, picture in zip(question.sample.images, pictures, strict=True):
            thumbnails.keep(image.digest, picture)
    return [contact_sheet(pictures)] if question.row.sheet else pictures


def _settle(
    benchmark: Benchmark, batch: Sequence[_Question], cache: Cache, judge: Judge | None, health: _Health
) -> None:
    """Score the questions of a batch that were answered."""
    answered_questions = [question for question in batch if question.key in cache]
    for question in answered_questions:
        reply = cache[question.key]
        row = question.row
        row.outcome, row.reply, row.finished, row.answer = "answered", reply.text, reply.finished, reply
    if judge is None or not isinstance(benchmark, Judged):
        for question in answered_questions:
            question.row.score = float(benchmark.score(question.sample, question.row.reply))
        return
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        for question, score in zip(
            answered_questions, pool.map(partial(_judged, benchmark, judge), answered_questions), strict=True
        ):
            if isinstance(score, InfrastructureError):
                question.row.outcome, question.row.reason = "failed", f"the judge: {_first_line(score)}"
            else:
                question.row.score = score
            health.not_judged = health.not_judged + 1 if question.row.score is None else 0
    if health.not_judged >= PATIENCE:
        raise ModelDownError(
            f"the judge {judge.name} failed for {health.not_judged} replies in a row. Every reply is kept in "
            f"{cache.folder}: mend it and give the same command again, or leave --judge away for scores by rules",
            answered=len(cache) > 0,
        )


def _judged(benchmark: Judged, judge: Judge, question: _Question) -> float | InfrastructureError:
    reply = question.row.reply
    final_part = benchmark.final_part(reply) if isinstance(benchmark, Adapter) else reply
    try:
        return float(benchmark.judged(question.sample, final_part, judge))
    except InfrastructureError as error:
        return error


def _first_line(error: Exception | None) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
