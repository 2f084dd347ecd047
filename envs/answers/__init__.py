"""Answers: what a model's reply says, and what it scores against the oracle's answer.

`scoring.py` is the place to begin: `read_answer` reads a reply as a value of a question's kind, `score_answer` compares
it. `replies.py` finds what a reply holds (claims, a JSON object, a program) for every role; `kinds.py` has a reader for
each kind of answer, `amounts.py`, `units.py` and `latex.py` those of amounts. It imports nothing of the package, so
that it can be exported beside a benchmark, and takes time linear in any text.
"""

from .kinds import DIRECTION_WORDS, KINDS, OPPOSITES
from .scoring import (
    GRADED,
    MRA_THRESHOLDS,
    Answer,
    Score,
    final_claims,
    mean_relative_accuracy,
    read_answer,
    score_answer,
)

__all__ = [
    "DIRECTION_WORDS",
    "GRADED",
    "KINDS",
    "MRA_THRESHOLDS",
    "OPPOSITES",
    "Answer",
    "Score",
    "final_claims",
    "mean_relative_accuracy",
    "read_answer",
    "score_answer",
]
