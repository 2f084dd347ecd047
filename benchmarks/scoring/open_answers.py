"""Open answers as MMMU's authors read them: what a reply concludes, as texts and numbers."""

import re
from collections.abc import Sequence

Part = str | float

_CONCLUDING = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")
"""Words after which a line says its result; in the last line also an equals sign."""
_LONE_MARKS = frozenset(":,.!?;'")
_NUMBERS = (
    r"-?\b\d{1,3}(?:,\d{3})+\b",
    r"-?\d+(?:\.\d+)?[eE][+-]?\d+",
    r"-?(?:\d+\.\d+|\.\d+|\d+\b)(?![eE][+-]?\d+)(?![,\d])",
)
"""Numbers with thousands' commas, with exponents, and plain ones."""


def mmmu_open(reply: str, right: str | Sequence[str]) -> float:
    """Score `reply` as MMMU's open answers: a text of it holds a right text, or a number of it is a right number.

    Source: the official `parse_open_response` and `eval_open` (as in lmms-eval 0.7.3): of each line the shortest rest
    after a concluding word, the whole reply where no line has one; numbers in these, to two digits. Quirks: a right
    text anywhere in a rest is enough, and a single letter must have a space beside it.

    >>> mmmu_open("So the total is 1,200.", "1200"), mmmu_open("the answer is a red fox", "Fox"), mmmu_open("12", "13")
    (1.0, 1.0, 0.0)
    """
    conclusions = _conclusions(reply)
    numbers = [number for text in conclusions for pattern in _NUMBERS for number in re.findall(pattern, text)]
    reply_parts = [part for text in (*conclusions, *numbers) for part in _normal(text)]
    right_parts = [part for text in ([right] if isinstance(right, str) else right) for part in _normal(text)]
    right_texts = [part for part in right_parts if isinstance(part, str)]
    return float(
        any(
            any(text in part for text in right_texts) if isinstance(part, str) else part in right_parts
            for part in reply_parts
        )
    )


def _conclusions(reply: str) -> list[str]:
    """Return the end of each line of `reply` that concludes something, in lower case; the whole where none does."""
    text = reply.strip().strip(".").lower()
    lines = text.split("\n")
    conclusions = []
    for line_number, line in enumerate(lines):
        shortest_rest = ""
        for word in (*_CONCLUDING, "=") if line_number == len(lines) - 1 else _CONCLUDING:
            rest = line.split(word)[-1].strip() if word in line else None
            if rest is not None and (not shortest_rest or len(rest) < len(shortest_rest)):
                shortest_rest = rest
        if shortest_rest and shortest_rest not in _LONE_MARKS:
            conclusions.append(shortest_rest)
    return conclusions or [text]


def _normal(text: str) -> list[Part]:
    """Return the number that `text` is, to two digits, or the text, a single letter with a space beside it."""
    bare_text = text.strip()
    try:
        return [round(float(bare_text.replace(",", "")), 2)]
    except ValueError:
        lower_text = bare_text.lower()
    return [f" {lower_text}", f"{lower_text} "] if len(lower_text) == 1 else [lower_text]
