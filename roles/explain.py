"""Explanations: the question why another question has no answer, and a score of the reply by rules.

SpatialEvo (arXiv 2604.14144) has its Solver explain the Questioner's invalid questions, and a language model judge the
explanation against the simulator's diagnostics as 0, 0.3, 0.6 or 1. Here the same four marks come from the words that
an explanation shares with the oracle's reason, so that no model's opinion is paid.
"""

import re

from ..envs import Environment, Question, Rejected, Scene, Score, SeededRng, Truth

KIND = "phrase"
MARKS = ((0.6, 1.0), (0.4, 0.6), (0.25, 0.3))
"""Least overlap with the reason, and what it is worth."""
_SMALL = frozenset("a an and are as at be by for from has have in is it its of on or so that the there to".split())


def why_question(env: Environment, query: object, scene: Scene, rng: SeededRng) -> Question:
    """Return the question why a `query` has no clear answer on a `scene`; `rng` chooses the wording of the query."""
    original_question = env.ask(query, rng, scene)
    return Question(
        original_question.query, f"Why has this question no clear answer: {original_question.text}", KIND, ()
    )


def truth(rejection: Rejected) -> Truth:
    """Return the code of a `rejection` as the truth that an explanation is held to; nothing can be confused with it."""
    return Truth(rejection.code.replace("_", " "), KIND, 0.0)


def content(text: str) -> frozenset[str]:
    """Return the words of a `text` that say something, without case, plural endings and the smallest words.

    >>> sorted(content("The chairs are hidden."))
    ['chair', 'hidden']
    """
    words = re.findall(r"[a-z0-9]+", text.casefold().replace("_", " "))
    return frozenset(word.removesuffix("s") if len(word) > 3 else word for word in words if word not in _SMALL)


def overlap(text: str, reason: str) -> float:
    """Return the harmonic mean (F1) of the share of `text` in the `reason` and of the `reason` in the `text`, 0 to 1.

    >>> overlap("a hidden chair", "the chair is hidden"), overlap("", "the chair is hidden")
    (1.0, 0.0)
    """
    text_words, reason_words = content(text), content(reason)
    shared_count = len(text_words & reason_words)
    return 2.0 * shared_count / (len(text_words) + len(reason_words)) if shared_count else 0.0


def mark(text: str, rejection: Rejected) -> float:
    """Return 0, 0.3, 0.6 or 1: how well the reply `text` says why the question was rejected.

    The code of the `rejection` alone is a whole explanation; else its words are compared with the reason's. A reply
    that lists every reason there is shares little of what it says, and is worth little.

    >>> reason = Rejected("hidden", "the chair is hidden behind the bed", "")
    >>> mark("hidden", reason), mark("the chair is behind", reason), mark("the chair is red", reason), mark("4", reason)
    (1.0, 1.0, 0.3, 0.0)
    """
    if content(text) == content(rejection.code):
        return 1.0
    overlap_share = overlap(text, rejection.reason)
    return next((worth for least, worth in MARKS if overlap_share >= least), 0.0)


def score(rejection: Rejected, text: str) -> Score:
    """Return the score of an explanation `text` of a `rejection`, in the terms of an answer's."""
    explanation_mark = mark(text, rejection)
    return Score(explanation_mark, {"correct": explanation_mark, "format": float(bool(content(text)))})
