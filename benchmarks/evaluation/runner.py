"""A model on a benchmark: every question asked once, in batches, and every outcome counted for what it is."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import torch

from ...envs import InfrastructureError
from ...render import Picture
from ...roles.messages import Messages
from ...train.generators import RefusedError
from ..adapters.base import Adapter, BenchmarkDataError
from ..samples import BadRow, Sample
from .benchmark import Benchmark, EvaluationError, Judged, ModelDownError, jsonable, questions_of
from .cache import Cache, Reply, digest_of
from .clusters import with_clusters
from .judge import CONCURRENCY, Judge
from .models import Answerer
from .pictures import Thumbnails, contact_sheet, fitted, messages_of, picture_of, shown_examples
from .settings import USUAL, Decoding, Settings, combined, score_of

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
    """Its first reply with what was counted of it."""
    more_replies: list[Reply] = field(default_factory=list)
    """Further replies, where several were asked for."""

    @property
    def replies(self) -> list[str]:
        """All that was replied."""
        return [self.reply, *(reply.text for reply in self.more_replies)]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values, without pixels."""
        body: dict[str, Any] = {"id": self.id, "outcome": self.outcome, "score": self.score, "reply": self.reply}
        body |= {"finished": self.finished, "reason": self.reason, "prompt": self.prompt, "sheet": self.sheet}
        if self.answer is not None:
            body |= {name: value for name, value in self.answer.to_dict().items() if name not in ("text", "finished")}
        if self.more_replies:
            body["more_replies"] = [reply.text for reply in self.more_replies]
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
    settings: Settings = USUAL
    """The way they were asked for."""

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
    """A question on its way to the model, or one of several times that it is asked."""

    row: QuestionRow
    sample: Sample
    key: str
    messages: Messages
    examples: Sequence[Sample]
    """Questions with their answers that are shown before it."""
    decoding: Decoding


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
    settings: Settings = USUAL,
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
        EvaluationError: examples were asked for, and the model takes one picture.
        ModelDownError: the model failed for several questions in a row. What was answered is kept.
    """
    tokens = settings.max_new_tokens or getattr(benchmark, "max_new_tokens", None) or DEFAULT_TOKENS
    if settings.shots and not answerer.several:
        raise EvaluationError(f"--shots shows several pictures, and {answerer.name} takes one; leave it away")
    rows = [_row(benchmark, loaded) for loaded in _loaded(benchmark, settings)]
    examples = [row.sample for row in rows[: settings.shots] if row.sample is not None]
    rows = rows[settings.shots :]
    one_picture = settings.sheet or not answerer.several
    asked_rows = [row for row in rows if row.sample is not None]
    share, shares = settings.shard
    health, done_count = _Health(), len(rows) - len(asked_rows)
    asker = _Asker(benchmark, answerer, cache, settings, tokens, health, thumbnails)
    for number, start in enumerate(range(0, len(asked_rows), settings.batch)):
        batch_rows = asked_rows[start : start + settings.batch]
        takes = [
            [_question(benchmark, answerer, row, asker, one_picture, examples, take) for row in batch_rows]
            for take in range(settings.samples)
        ]
        for batch in takes:
            if number % shares == share - 1 or all(question.key in cache for question in batch):
                asker.answer(batch)
        _settle(benchmark, takes, cache, judge, health, settings.pick)
        done_count += len(batch_rows)
        if show_progress is not None:
            show_progress(benchmark.name, done_count, len(rows))
    judge_name = judge.name if judge is not None and isinstance(benchmark, Judged) else None
    return Answers(
        benchmark=benchmark,
        model=answerer.name,
        rows=tuple(rows),
        max_new_tokens=tokens,
        judge=judge_name,
        settings=settings,
    )


def _loaded(benchmark: Benchmark, settings: Settings) -> list[Sample | BadRow]:
    loaded_rows = list(questions_of(benchmark, settings.data, settings.limit))
    if not isinstance(benchmark, Adapter):
        return loaded_rows
    return with_clusters(loaded_rows, by_pictures=benchmark.shares_pictures)


def _row(benchmark: Benchmark, loaded_row: Sample | BadRow) -> QuestionRow:
    if isinstance(loaded_row, BadRow):
        return QuestionRow(id=str(loaded_row.id), outcome="unreadable", reason=loaded_row.reason)
    return QuestionRow(id=loaded_row.id, outcome="missing", sample=loaded_row, prompt=benchmark.prompt(loaded_row))


def _question(
    benchmark: Benchmark,
    answerer: Answerer,
    row: QuestionRow,
    asker: "_Asker",
    one_picture: bool,
    examples: Sequence[Sample],
    take: int,
) -> _Question:
    sample, settings = row.sample, asker.settings
    assert sample is not None
    picture_count = len(sample.images)
    row.sheet = one_picture and picture_count > 1
    messages = messages_of(
        row.prompt,
        min(picture_count, 1) if one_picture else picture_count,
        getattr(benchmark, "system", "") if settings.system is None else settings.system,
        sheet_of=picture_count if row.sheet else 0,
        interleaved=getattr(benchmark, "interleaved", False),
    )
    if examples:
        example_turns = [(benchmark.prompt(example), len(example.images), str(example.answer)) for example in examples]
        messages = shown_examples(messages, example_turns)
    images = [image.digest for example in (*examples, sample) for image in example.images]
    decoding = replace(settings.decoding, take=take)
    sampling: dict[str, Any] = {"max_new_tokens": asker.tokens, "temperature": decoding.temperature or 0}
    if decoding != Decoding():
        sampling |= {"top_p": decoding.top_p, "take": take}
    if settings.picture_side is not None:
        sampling["picture_side"] = settings.picture_side
    key = digest_of(answerer.digest, answerer.role, [benchmark.name, sample.id, images], messages, sampling)
    return _Question(row, sample, key, messages, examples, decoding)


@dataclass(slots=True)
class _Asker:
    """What asks a benchmark's questions, batch after batch."""

    benchmark: Benchmark
    answerer: Answerer
    cache: Cache
    settings: Settings
    tokens: int
    health: _Health
    thumbnails: Thumbnails | None

    def answer(self, batch: Sequence[_Question]) -> None:
        """Ask those questions of a `batch` that the cache does not know."""
        pictured_questions: list[tuple[_Question, list[Picture]]] = []
        for question in batch:
            if question.key not in self.cache:
                try:
                    pictured_questions.append((question, self._pictures(question)))
                except (BenchmarkDataError, OSError, ValueError) as error:
                    question.row.outcome, question.row.reason = "unreadable", _first_line(error)
                except InfrastructureError as error:
                    question.row.outcome, question.row.reason = "failed", _first_line(error)
        if pictured_questions:
            self._ask(pictured_questions)

    def _ask(self, pictured_questions: Sequence[tuple[_Question, list[Picture]]]) -> None:
        """Ask questions together; a batch that fails as a whole is asked in halves, at last one by one."""
        outcomes = _outcomes(pictured_questions, self.answerer, self.tokens)
        if isinstance(outcomes, Exception) and len(pictured_questions) > 1:
            part_size = len(pictured_questions) // 2 if isinstance(outcomes, torch.OutOfMemoryError) else 1
            for start in range(0, len(pictured_questions), part_size):
                self._ask(pictured_questions[start : start + part_size])
            return
        replies = [outcomes] if isinstance(outcomes, Exception) else outcomes
        _keep(pictured_questions, replies, self.answerer, self.cache, self.health)

    def _pictures(self, question: _Question) -> list[Picture]:
        """Return the pictures of `question` after those of its examples, as they are shown."""
        pictures = [picture_of(image.open()) for image in question.sample.images]
        if self.thumbnails is not None:
            for image, picture in zip(question.sample.images, pictures, strict=True):
                self.thumbnails.keep(image.digest, picture)
        if question.row.sheet:
            pictures = [contact_sheet(pictures)]
        example_pictures = [picture_of(image.open()) for example in question.examples for image in example.images]
        return [fitted(picture, self.settings.picture_side) for picture in (*example_pictures, *pictures)]


def _outcomes(
    pictured_questions: Sequence[tuple[_Question, list[Picture]]], answerer: Answerer, tokens: int
) -> Sequence[Reply | Exception] | Exception:
    """Return each question's reply or failure, or why the backend failed for all of them."""
    try:
        questions = [(question.messages, pictures) for question, pictures in pictured_questions]
        return answerer.outcomes(questions, tokens, pictured_questions[0][0].decoding)
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


def _settle(
    benchmark: Benchmark,
    takes: Sequence[Sequence[_Question]],
    cache: Cache,
    judge: Judge | None,
    health: _Health,
    pick: str,
) -> None:
    """Score the questions of a batch that were answered, each as often as it was asked."""
    answered_questions = []
    for questions in zip(*takes, strict=True):
        if all(question.key in cache for question in questions):
            first_reply, *more_replies = [cache[question.key] for question in questions]
            row = questions[0].row
            row.outcome, row.reply, row.answer = "answered", first_reply.text, first_reply
            row.more_replies = more_replies
            row.finished = all(reply.finished for reply in (first_reply, *more_replies))
            answered_questions.append(questions[0])
    if judge is None or not isinstance(benchmark, Judged):
        for question in answered_questions:
            question.row.score = score_of(benchmark, question.sample, question.row.replies, pick)
        return
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        for question, score in zip(
            answered_questions, pool.map(partial(_judged, benchmark, judge, pick), answered_questions), strict=True
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


def _judged(benchmark: Judged, judge: Judge, pick: str, question: _Question) -> float | InfrastructureError:
    replies = question.row.replies
    if isinstance(benchmark, Adapter):
        replies = [benchmark.final_part(reply) for reply in replies]
    try:
        return combined([float(benchmark.judged(question.sample, reply, judge)) for reply in replies], pick)
    except InfrastructureError as error:
        return error


def _first_line(error: Exception | None) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
