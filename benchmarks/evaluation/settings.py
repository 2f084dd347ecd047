"""The way questions are asked: limits, decoding, pictures, and how several replies to a question become one score."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..adapters.base import letter
from ..samples import Sample
from .benchmark import Benchmark, EvaluationError

PICKS = ("mean", "majority", "pass@K")
LETTERS = "ABCDEFGHIJ"
"""Among which votes are counted where the right answer is a letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """The way replies are sampled."""

    temperature: float = 0.0
    """0 decodes greedily, as most protocols ask."""
    top_p: float = 1.0
    """Of a server: only the likeliest tokens of this share together are sampled."""
    take: int = 0
    """Number of the sample among several of a question."""


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
    """Questions that are asked together; fewer where so many do not fit into memory."""
    sheet: bool = False
    """Several pictures as one sheet, even where the model takes several."""
    shard: tuple[int, int] = (1, 1)
    """Which share of the batches is asked: the first of one, the second of four."""
    decoding: Decoding = Decoding()
    """The way replies are sampled."""
    samples: int = 1
    """Replies to each question."""
    pick: str = "mean"
    """How several replies become a score: `mean`, `majority`, or `pass@K`."""
    shots: int = 0
    """The first questions of a benchmark that are shown with their answers, and not asked."""
    system: str | None = None
    """The system turn in place of the benchmark's own."""
    picture_side: int | None = None
    """The longest side of a picture at most, px; larger ones are scaled down."""
    submission: bool = False
    """Write what an evaluation server wants: every question's id with what was replied."""
    price: tuple[float, float] | None = None
    """Of a million tokens of questions and of replies."""

    def notes(self) -> list[str]:
        """Return what of this is not as in the protocols."""
        notes = []
        if self.decoding.temperature > 0:
            notes.append(f"sampled at temperature {self.decoding.temperature:g}, top-p {self.decoding.top_p:g}")
        if self.samples > 1:
            notes.append(f"{self.samples} replies to each question, scored by {self.pick}")
        if self.shots:
            notes.append(f"the first {self.shots} questions were shown with their answers and are not counted")
        if self.system is not None:
            notes.append("the system turn is not the protocol's")
        if self.picture_side is not None:
            notes.append(f"pictures were scaled down to {self.picture_side} px at most")
        return notes


USUAL = Settings()
"""As the protocols ask."""


def check_pick(pick: str, samples: int) -> None:
    """Refuse a `pick` that does not exist, or that wants more than `samples` replies.

    Raises:
        EvaluationError: the message names those that are allowed.
    """
    if pick in ("mean", "majority"):
        return
    match = re.fullmatch(r"pass@(\d+)", pick)
    if match is None:
        raise EvaluationError(f"unknown --pick {pick!r} (allowed: {', '.join(PICKS)})")
    if not 1 <= int(match[1]) <= samples:
        raise EvaluationError(f"--pick {pick} wants {match[1]} replies to each question, and --samples is {samples}")


def score_of(benchmark: Benchmark, sample: Sample, replies: Sequence[str], pick: str) -> float:
    """Return the score of several `replies` to `sample`.

    Args:
        benchmark: whose scoring counts.
        sample: the question.
        replies: at least one.
        pick: `mean` over them; `majority`: the score of the answer that most of them give; `pass@K`: the probability
            that one of K of them is wholly right (Chen et al. 2021, equation 1).
    """
    if len(replies) == 1:
        return float(benchmark.score(sample, replies[0]))
    if pick == "majority":
        votes = [_vote(benchmark, sample, reply) for reply in replies]
        # Of equally many the one that was given first.
        winner = max(dict.fromkeys(votes), key=Counter(votes).__getitem__)
        return float(benchmark.score(sample, replies[votes.index(winner)]))
    return combined([float(benchmark.score(sample, reply)) for reply in replies], pick)


def combined(scores: Sequence[float], pick: str) -> float:
    """Return one score of several `scores`: see `score_of`; `majority` is here the one that most of them are.

    >>> combined([1.0, 0.0, 0.0, 1.0], "mean"), combined([1.0, 0.0, 0.0], "majority"), combined([1.0, 0.0], "pass@2")
    (0.5, 0.0, 1.0)
    """
    if pick == "mean":
        return sum(scores) / len(scores)
    if pick == "majority":
        return max(dict.fromkeys(scores), key=Counter(scores).__getitem__)
    return pass_at(int(pick.removeprefix("pass@")), scores)


def pass_at(k: int, scores: Sequence[float]) -> float:
    """Return the probability that one of `k` of the replies with these `scores` is wholly right.

    >>> pass_at(1, [1.0, 0.0, 0.0, 0.0]), pass_at(4, [1.0, 0.0, 0.0, 0.0]), pass_at(2, [0.5, 0.0])
    (0.25, 1.0, 0.0)
    """
    wrong = sum(score < 1.0 for score in scores)
    return 1.0 - math.comb(wrong, k) / math.comb(len(scores), k)


def _vote(benchmark: Benchmark, sample: Sample, reply: str) -> str:
    """Return the answer of `reply`: the letter that the benchmark's own scoring reads in it, else its last line."""
    right_letter = str(sample.answer)
    if len(right_letter) == 1 and right_letter in LETTERS:
        options = [letter(number) for number in range(len(sample.options) or len(LETTERS))]
        for option in options:
            if benchmark.score(replace(sample, answer=option), reply) == 1.0:
                return option
        return ""
    lines = [line for line in reply.strip().lower().splitlines() if line.strip()]
    return lines[-1].strip(" .") if lines else ""
