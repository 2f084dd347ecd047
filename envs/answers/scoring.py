"""Answers: from the text that a model wrote to a score, by rules and nothing else.

`final_claims` finds what a reply claims (`replies.py` takes its thinking away), `read_answer` reads a claim as a value
of the question's kind, `score_answer` compares it with the oracle's. Replies may be sentences; two different final
answers are no answer, and neither is one that hedges or denies. All of it takes time linear in the reply.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .kinds import KINDS, OPPOSITES, names_same
from .replies import boxed_claims, last_object, tagged_claims, without_thinking
from .words import AFFIXES, CONCLUSIONS, NO_WORDS, YES_WORDS, Form, bare_claim, sentences_of, words_of

COUNT_CREDIT = {0: 1.0, 1: 0.3, 2: 0.1}
"""Credit by how far a count is off: SpatialEvo's `count_reward`."""
DIRECTION_CREDIT = {(2, 3): 0.5, (1, 2): 0.1}
"""Credit by how many parts of how many agree. SpatialEvo gives 1 for two of three, so that up and down never count."""
MRA_THRESHOLDS = tuple(float(1 - confidence) for confidence in np.linspace(0.5, 0.95, 10))
"""Relative errors of mean relative accuracy: VSI-Bench (Yang et al. 2024, arXiv 2412.14171, section 3.2), with the
float arithmetic of its code: 8 for 10 is no better than 0.6, as 1 - 0.8 is less than 0.2 there."""
GRADED = ("tally", "mra", "direction")
"""Kinds of which a wrong answer may score something."""
MAX_CLAIM_CHARS = 2_000
"""Of a longer claim only the end is read, so that no reply takes longer than a page does."""
SECOND_THOUGHTS = frozenset("or maybe perhaps actually wait".split())
"""Words with which a sentence takes back what was said before it."""
MAX_CLAIMS = 8
"""Times that a reply may say "the answer is"; the last ones count."""

_LEADS = re.compile(
    r"(?:final[ \t]+|correct[ \t]+|right[ \t]+|my[ \t]+|best[ \t]+)*(?:answer|option|choice)[*_]{0,3}[ \t]*"
    r"(?:is|are|would[ \t]be|should[ \t]be|:|=|：)[ \t]*:?[*_]{0,3}",
    re.IGNORECASE,
)
"""What stands before a final answer in prose."""
_OTHER_LEADS = re.compile(r"(?:^|\n)[ \t]*[*_#>]*[ \t]*(?:A|Ans|Conclusion|Result)[*_]*[ \t]*[:：]|答案(?:是|为|[:：])")


@dataclass(frozen=True, slots=True)
class Score:
    """A reward in [0, 1] (penalties may go below) with the terms that make it up."""

    value: float
    terms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The right answer: its value, its kind (one of `KINDS`) and what an answer may be."""

    value: str
    kind: str
    options: tuple[str, ...] = ()
    tolerance: float = 0.0
    """Relative error that an amount may have; an amount of 0 must be hit."""
    measure: str = ""
    """The unit that an amount may be given with."""


def final_claims(text: str) -> list[str]:
    r"""List the parts of a reply that claim to be its answer, strongest kind first found and no other kind.

    Tags and boxes come first, then a JSON object's `answer`, then what stands behind "the answer is" or "Answer:", and
    without any of these the whole reply. Thinking does not count.

    >>> final_claims("I count 2 and 1. <answer> 3 </answer>"), final_claims("The answer is Red.")
    ([' 3 '], ['Red.'])
    >>> final_claims(r"so it is \boxed{\frac{3}{4}}"), final_claims('{"answer": 3}'), final_claims("three")
    (['\\frac{3}{4}'], ['3'], ['three'])
    """
    spoken_text = without_thinking(text)
    marked_claims = tagged_claims(spoken_text)
    if marked_claims:
        # A box within tags says the same thing twice.
        return [inner[-1][1] if (inner := boxed_claims(claim)) else claim for claim in marked_claims]
    if "{" in spoken_text and isinstance(decoded_object := last_object(spoken_text), dict):
        answer_fields = [
            value
            for key, value in decoded_object.items()
            if key.lower().replace("_", " ") in ("answer", "final answer")
        ]
        if answer_fields:
            return [value if isinstance(value, str) else json.dumps(value) for value in answer_fields]
    lead_ends = [match.end() for pattern in (_LEADS, _OTHER_LEADS) for match in pattern.finditer(spoken_text)]
    return [_line_behind(spoken_text, end) for end in sorted(set(lead_ends))[-MAX_CLAIMS:]] or [spoken_text]


def _line_behind(text: str, start: int) -> str:
    """Return what stands behind `start` up to the end of its line, or the next line that is not empty."""
    line, _, next_lines = text[start:].lstrip(" \t*_:").partition("\n")
    return line if line.strip(AFFIXES) else next_lines.lstrip().partition("\n")[0]


def read_answer(text: str, kind: str, options: tuple[str, ...] = (), measure: str = "") -> str | None:
    """Read a reply as a value of its kind in canonical form; None where it is not one, or claims two.

    >>> read_answer("There are three.", "number"), read_answer("not 3", "number"), read_answer("3 or 4", "number")
    ('3', None, None)
    >>> read_answer("1,200.50 cm", "decimal", measure="cm"), read_answer("(B)", "choice", ("A", "B"))
    ('1200.5', 'B')

    Raises:
        ValueError: no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown answer kind {kind!r}; allowed: {', '.join(KINDS)}")
    answer_form = Form(kind, options, measure)
    claimed_values = {_read_claim(claim, answer_form) for claim in final_claims(text)}
    return claimed_values.pop() if len(claimed_values) == 1 else None


def _read_claim(claim: str, answer_form: Form) -> str | None:
    """Read `claim`: a bare value, else the sentence that concludes, else the value that all sentences share."""
    read_kind = KINDS[answer_form.kind]
    claim_body = bare_claim(claim[-MAX_CLAIM_CHARS:])
    if not claim_body:
        return None
    sentences = sentences_of(claim_body)
    if len(sentences) == 1:
        return read_kind(claim_body, answer_form)
    if answer_form.kind not in ("yesno", "name") and (value := read_kind(claim_body, answer_form)) is not None:
        return value
    last_value = read_kind(sentences[-1], answer_form)
    if last_value is not None and set(words_of(sentences[-1])[:2]) & CONCLUSIONS:
        return last_value
    opening_value = read_kind(sentences[0], answer_form)
    if (
        answer_form.kind == "yesno"
        and opening_value is not None
        and set(words_of(sentences[0])[:1]) & (YES_WORDS | NO_WORDS)
    ):
        return None if _contradicts(sentences[1:], opening_value, answer_form) else opening_value
    if any(set(words_of(sentence)[:1]) & SECOND_THOUGHTS for sentence in sentences[1:]):
        return None
    sentence_values = {value for sentence in sentences if (value := read_kind(sentence, answer_form)) is not None}
    return sentence_values.pop() if len(sentence_values) == 1 else None


def _contradicts(sentences: Sequence[str], value: str, answer_form: Form) -> bool:
    """Tell whether one of `sentences` opens with the other of yes and no than `value`, or takes it back."""
    for sentence in sentences:
        sentence_words = words_of(sentence)
        if sentence_words and sentence_words[0] in ("actually", "wait", "but", "however", "sorry", "correction"):
            sentence_words = sentence_words[1:]
        if (
            sentence_words
            and sentence_words[0] in (NO_WORDS if value == "yes" else YES_WORDS)
            and len(sentence_words) <= 2
        ):
            return True
    return False


def score_answer(answer: Answer, text: str) -> Score:
    """Score a reply: 1 where it says the answer and nothing that contradicts it, else 0.

    An amount may be off by its tolerance, as a share of the right one: ChartQA's relaxed accuracy (Masry et al. 2022,
    section 5.1, https://arxiv.org/abs/2203.10244) at 0.05; unlike there, units and separators are read, not failed.

    A graded kind gives part of 1 for an answer that is nearly right.

    Args:
        answer: the right one.
        text: the reply.

    Returns:
        A score whose terms are `correct` (the score itself), and `format` (the reply could be read as an answer of its
        kind).
    """
    claimed_value = read_answer(text, answer.kind, answer.options, answer.measure)
    if claimed_value is None:
        return Score(0.0, {"correct": 0.0, "format": 0.0})
    if answer.kind in GRADED:
        credit = _partial_credit(answer, claimed_value)
        return Score(credit, {"correct": credit, "format": 1.0})
    if answer.kind == "decimal":
        true_amount = float(answer.value)
        # A hair more, so that a value on the border does not hang on its last bit.
        is_correct = abs(float(claimed_value) - true_amount) <= abs(true_amount) * answer.tolerance * (1 + 1e-9)
    elif answer.kind == "name" and not answer.options:
        is_correct = names_same(claimed_value, answer.value)
    else:
        is_correct = claimed_value == answer.value
    return Score(float(is_correct), {"correct": float(is_correct), "format": 1.0})


def _partial_credit(answer: Answer, claimed_value: str) -> float:
    """Return the credit of `claimed_value` for a graded `answer`, between 0 and 1."""
    if answer.kind == "tally":
        return COUNT_CREDIT.get(abs(int(claimed_value) - int(answer.value)), 0.0)
    if answer.kind == "mra":
        return mean_relative_accuracy(float(claimed_value), float(answer.value))
    claimed_parts, true_parts = set(claimed_value.split("-")), set(answer.value.split("-"))
    if claimed_parts == true_parts:
        return 1.0
    if any({side, opposite} <= claimed_parts | true_parts for side, opposite in OPPOSITES):
        return 0.0
    shared_count = len(claimed_parts & true_parts)
    return DIRECTION_CREDIT.get((shared_count, max(len(claimed_parts), len(true_parts))), 0.0)


def mean_relative_accuracy(claimed_amount: float, true_amount: float) -> float:
    """Return the share of `MRA_THRESHOLDS` that the relative error of `claimed_amount` does not exceed.

    >>> mean_relative_accuracy(10, 10), mean_relative_accuracy(8, 10), mean_relative_accuracy(30, 10)
    (1.0, 0.6, 0.0)

    Raises:
        ZeroDivisionError: the true amount is 0.
    """
    relative_error = abs(claimed_amount - true_amount) / true_amount
    return sum(relative_error <= threshold for threshold in MRA_THRESHOLDS) / len(MRA_THRESHOLDS)
