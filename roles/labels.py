"""Labels of items: the majority among answers, the bands that filter it, and what answers are held to.

An oracle's label is the truth. A majority vote is what a model believes most often: it may be refused, by a tie or by a
filter, and it may be wrong; how often, the run logs as `label/error`, since the oracle knows.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

Tie = Literal["first", "refuse"]
"""What a tied vote comes to: the tied answer that was given first, or no label."""


class Vote(NamedTuple):
    """The answer that a group of answers agrees on."""

    label: str | None
    """None where nothing was said, or the vote was tied and ties are refused."""
    share: float
    """Of the substantive answers that gave the winning label; 0 where there were none."""


def vote(answers: Sequence[str], *, tie: Tie = "first", merge_no: bool = False) -> Vote:
    """The majority among the answers that say anything; case and outer space do not tell answers apart.

    Source: the majority labels of R-Zero (10 answers; commit 5699329) and MM-Zero (10; commit 70592bcc). Their rule for
    ties is not in our facts: `first` is what counting in order gives, `refuse` is ours. Answers are compared as
    text, without the mathematical equality of their grader.

    Args:
        answers: as parsed; empty ones are left out.
        tie: what a tied vote comes to.
        merge_no: a published quirk of MM-Zero: any two answers that hold "no " count as the same.

    Raises:
        ValueError: the rule for ties is unknown.

    >>> vote(["red", "blue", "Red ", ""])
    Vote(label='red', share=0.6666666666666666)
    >>> vote(["red", "blue"]), vote(["red", "blue"], tie="refuse"), vote(["", " "])
    (Vote(label='red', share=0.5), Vote(label=None, share=0.5), Vote(label=None, share=0.0))
    >>> vote(["no dots", "yes", "there is no line"], merge_no=True).share
    0.6666666666666666
    """
    if tie not in ("first", "refuse"):
        raise ValueError(f"tie is 'first' or 'refuse', got {tie!r}")
    answer_texts = [text for text in (answer.strip().casefold() for answer in answers) if text]
    if not answer_texts:
        return Vote(None, 0.0)
    if merge_no:
        stand_in = next((text for text in answer_texts if "no " in text), "")
        answer_texts = [stand_in if "no " in text else text for text in answer_texts]
    # Equal counts stay in the order in which they were first met.
    ranked_counts = Counter(answer_texts).most_common()
    is_tied = len(ranked_counts) > 1 and ranked_counts[0][1] == ranked_counts[1][1]
    return Vote(None if is_tied and tie == "refuse" else ranked_counts[0][0], ranked_counts[0][1] / len(answer_texts))


class Band(NamedTuple):
    """A filter on the share of a vote; both ends are kept."""

    low: float
    high: float


BANDS = {"r-zero": Band(0.3, 0.8), "visplay": Band(0.3, 0.8), "mm-zero": Band(0.25, 0.75), "none": Band(0.0, 1.0)}
"""Each system's filter on what its Solver is trained on; MM-Zero's is that of its hard question."""


class Label(NamedTuple):
    """The text that answers to one item are held to."""

    text: str
    true: bool
    """Whether it is the oracle's, which says itself which answers are right; else only the same text is."""

    def matches(self, answer: str) -> bool:
        """Tell whether `answer` is the same text; case and outer space do not tell answers apart.

        >>> Label("red", False).matches(" Red")
        True
        """
        return answer.strip().casefold() == self.text.strip().casefold()
