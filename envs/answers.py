"""Answers: from the text that a model wrote to a score, by rules and nothing else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()
MAX_ANSWER_CHARS = 4_000
YES_NO = {"yes": "yes", "no": "no", "true": "yes", "false": "no"}

_TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL | re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\{([^{}]*)\}")
_LEAD = re.compile(r"^(?:the\s+)?(?:final\s+)?answer\s*(?:is|:|=)\s*:?\s*", re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.0+)?|[+-]?\d+(?:\.0+)?")


@dataclass(frozen=True, slots=True)
class Score:
    """A reward in [0, 1] (penalties may go below) with the terms that make it up."""

    value: float
    terms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is right: the value, its kind (`number`, `yesno`, `word`) and the words it can be."""

    value: str
    kind: str
    options: tuple[str, ...] = ()


def final_answer(text: str) -> str | None:
    r"""The part of a reply that is the answer, in lower case; None where two parts claim to be it.

    The last `<answer>` tag or `\boxed{}` counts; without either the whole reply does. Texts over
    `MAX_ANSWER_CHARS` are no answers.

    >>> final_answer("I count them. <answer> 3 </answer>")
    '3'
    >>> final_answer("The answer is Red.")
    'red'
    """
    if len(text) > MAX_ANSWER_CHARS:
        return None
    claims = _TAGGED.findall(text) + _BOXED.findall(text)
    if len({claim.strip().lower() for claim in claims}) > 1:
        return None
    body = claims[-1] if claims else text
    body = _LEAD.sub("", body.strip()).strip().strip("*$`\"'").strip()
    return body.rstrip(".!").rstrip().lower()


def read_answer(text: str, kind: str, options: tuple[str, ...] = ()) -> str | None:
    """The reply as a value of its kind in canonical form, or None where it is not one.

    >>> read_answer("three", "number"), read_answer("not 3", "number"), read_answer("3 or 4", "number")
    ('3', None, None)
    """
    body = final_answer(text)
    if not body:
        return None
    if kind == "number":
        if body in NUMBER_WORDS:
            return str(NUMBER_WORDS.index(body))
        if not _INTEGER.fullmatch(body) or not body.isascii():
            return None
        return str(int(body.replace(",", "").split(".")[0]))
    if kind == "yesno":
        return YES_NO.get(body)
    if kind == "word":
        return body if body in options else None
    raise ValueError(f"unknown answer kind {kind!r}; allowed: number, yesno, word")


def score_answer(answer: Answer, text: str) -> Score:
    """1 where the reply says the answer and nothing that contradicts it, else 0.

    Terms: `correct`, and `format` (the reply could be read as an answer of its kind).
    """
    read = read_answer(text, answer.kind, answer.options)
    correct = float(read == answer.value)
    return Score(correct, {"correct": correct, "format": float(read is not None)})
