"""Explaining why a question has no answer: what the Solver is asked then, and how its words are scored by rules.

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
    """The question why this query has no clear answer on this scene."""
    asked = env.ask(query, rng, scene)
    return Question(asked.query, f"Why has this question no clear answer: {asked.text}", KIND, ())


def truth(rejected: Rejected) -> Truth:
    """The oracle's reason as what an explanation is held to; there is nothing that it could be confused with."""
    return Truth(rejected.code.replace("_", " "), KIND, 0.0)


def content(text: str) -> frozenset[str]:
    """The words of a text that say something, without case, number words' endings and the smallest words.

    >>> sorted(content("The chairs are hidden."))
    ['chair', 'hidden']
    """
    words = re.findall(r"[a-z0-9]+", text.casefold().replace("_", " "))
    return frozenset(word.removesuffix("s") if len(word) > 3 else word for word in words if word not in _SMALL)


def overlap(text: str, reason: str) -> float:
    """The harmonic mean (F1) of how much of the text is in the reason and of the reason in the text, 0 to 1.

    >>> overlap("a hidden chair", "the chair is hidden"), overlap("", "the chair is hidden")
    (1.0, 0.0)
    """
    said, meant = content(text), content(reason)
    shared = len(said & meant)
    return 2.0 * shared / (len(said) + len(meant)) if shared else 0.0


def mark(text: str, rejected: Rejected) -> float:
    """0, 0.3, 0.6 or 1: how well a reply says why the question was refused.

    The reason's code alone is a whole explanation; else the words are compared with the reason's. A reply that lists
    every reason there is shares little of what it says, and is worth little.

    >>> reason = Rejected("hidden", "the chair is hidden behind the bed", "")
    >>> mark("hidden", reason), mark("the chair is behind", reason), mark("the chair is red", reason), mark("4", reason)
    (1.0, 1.0, 0.3, 0.0)
    """
    if content(text) == content(rejected.code):
        return 1.0
    shared = overlap(text, rejected.reason)
    return next((worth for least, worth in MARKS if shared >= least), 0.0)


def score(rejection: Rejected, text: str) -> Score:
    """Return the score of an explanation `text` of a `rejection`, in the terms of an answer's."""
    explanation_mark = mark(text, rejection)
    return Score(explanation_mark, {"correct": explanation_mark, "format": float(bool(content(text)))})
