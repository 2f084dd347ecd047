"""Numbers in replies, as each benchmark's authors read and judge them."""

import math
import re
from collections.abc import Sequence

import numpy as np

THRESHOLDS = np.linspace(0.5, 0.95, int((0.95 - 0.5) / 0.05 + 2))
"""Of VSI-Bench's mean relative accuracy: ten, by this very arithmetic."""


def mean_relative_accuracy(answer_value: float, right_value: float) -> float:
    """Return the share of thresholds t for which |answer_value - right_value| / right_value <= 1 - t.

    Source: VSI-Bench (Yang et al. 2024, https://arxiv.org/abs/2412.14171, section 3.3) and its code. Quirk: borders
    are settled by floating point, so that 8 for 10 is 0.6 and not 0.7. A right answer of 0 takes 0 alone.

    >>> mean_relative_accuracy(10, 10), mean_relative_accuracy(8, 10), mean_relative_accuracy(30, 10)
    (1.0, 0.6, 0.0)
    """
    if right_value == 0:
        return float(answer_value == 0)
    return float((abs(answer_value - right_value) / right_value <= 1 - THRESHOLDS).mean())


def fuzzy_word(reply: str) -> str:
    """Return the first word of `reply`, without dots at the end, in lower case, as VSI-Bench reads it.

    Quirk: brackets stay, so that "(B)" is not b, and "There are 3" is there.

    >>> fuzzy_word("B. left"), fuzzy_word("3.5 metres"), fuzzy_word("(B)")
    ('b', '3.5', '(b)')
    """
    return reply.split(" ")[0].rstrip(".").strip().lower()


def vsi_number(reply: str, right_value: float) -> float:
    """Return VSI-Bench's score of a numerical `reply`: the mean relative accuracy of its first word, 0 for no number.

    >>> vsi_number("10", 10), vsi_number("about 10", 10)
    (1.0, 0.0)
    """
    try:
        answer_value = float(fuzzy_word(reply))
    except ValueError:
        return 0.0
    return mean_relative_accuracy(answer_value, right_value) if math.isfinite(answer_value) else 0.0


NUMBER_VALUES = {
    word: number
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen".split(),
        start=1,
    )
} | dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
_SCALES = {"hundred": 100, "thousand": 1000}


def first_number(reply: str) -> float | None:
    """Return the first number in `reply`, in digits or in English words; None where there is none.

    Source: lmms-eval's reading of VSI-Bench's numbers (task vsibench, 0.7.3), where the authors read the first word
    alone. A number in words goes on over "and" to the first word that is none of its parts.

    >>> first_number("There are 3 boxes"), first_number("one apple, room 2"), first_number("Two hundred and five.")
    (3.0, 1.0, 205.0)
    >>> first_number("twenty-one"), first_number("-1.5 m"), first_number("none")
    (21.0, -1.5, None)
    """
    text = reply.lower()
    digits = re.search(r"-?\d+(?:\.\d+)?", text)
    words = list(re.finditer("[a-z]+", text))
    is_part = [word[0] in NUMBER_VALUES or word[0] in _SCALES for word in words]
    first_part = is_part.index(True) if True in is_part else None
    if digits and (first_part is None or digits.start() < words[first_part].start()):
        return float(digits[0])
    if first_part is None:
        return None
    total = current = 0
    for word in words[first_part:]:
        if word[0] == "hundred":
            current = max(current, 1) * 100
        elif word[0] == "thousand":
            total, current = total + max(current, 1) * 1000, 0
        elif word[0] in NUMBER_VALUES:
            current += NUMBER_VALUES[word[0]]
        elif word[0] != "and":
            break
    return float(total + current)


def vsi_first_number(reply: str, right_value: float) -> float:
    """Return the mean relative accuracy of the first number in `reply`, as lmms-eval scores VSI-Bench; 0 of none.

    >>> vsi_first_number("about 10", 10), vsi_first_number("none", 10)
    (1.0, 0.0)
    """
    answer_value = first_number(reply)
    return 0.0 if answer_value is None else mean_relative_accuracy(answer_value, right_value)


def _float(text: str) -> float | None:
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None


def relaxed(reply: str, right_answer: str) -> float:
    """Return ChartQA's relaxed accuracy of `reply`: within 5 % of a number, else the same text without regard to case.

    Source: ChartQA (Masry et al. 2022, section 5.1) as lmms-eval computes it. Quirks: "%" is a hundredth, so that 10 is
    not 10%; a right answer of 0 is compared as text ("0.0" is wrong); dots and thousands' commas stay; spaces too.

    >>> relaxed("10.4", "10"), relaxed("10", "10%"), relaxed("0.0", "0"), relaxed("Yes", "yes"), relaxed("yes.", "yes")
    (1.0, 0.0, 0.0, 1.0, 0.0)
    """
    reply_value, right_value = _float(reply), _float(right_answer)
    if reply_value is not None and right_value:
        return float(abs(reply_value - right_value) / abs(right_value) <= 0.05)
    return float(reply.lower() == right_answer.lower())


def spar_match(reply: str, right_answer: str) -> float:
    """Return SPAR-Bench's match of choices: `reply` equals, is within or begins with the only letter of `right_answer`.

    Source: its `exact_match` (lmms-eval task sparbench, read 2026-11-30). Quirk: an empty reply is within any answer
    and scores 1.

    >>> spar_match("B", "B"), spar_match("B. left", "B"), spar_match("", "B"), spar_match("A", "B")
    (1.0, 1.0, 1.0, 0.0)
    """
    reply_text, right_text = reply.lower(), right_answer.lower()
    return float(reply_text in right_text or reply_text[:1] == right_text)


def spar_number(reply: str, right_answer: str, *, of_last: bool) -> float:
    """Return SPAR-Bench's relative accuracy of the first number in `reply`, or of the last in tasks of several views.

    Source: its `process_na` (lmms-eval task sparbench, read 2026-11-30). Quirks: signs are not read, numbers after `^`
    do not count, and where a task of several views has no number, -1 is said.

    >>> spar_number("about -10 m", "10", of_last=False), spar_number("from 2 to 10", "10", of_last=True)
    (1.0, 1.0)
    """
    number_texts = re.findall(r"(?<!\^)\d+\.\d+|(?<!\^)\d+", reply)
    if not number_texts and not of_last:
        return 0.0
    answer_value = float(number_texts[-1 if of_last else 0]) if number_texts else -1.0
    right_value = float(right_answer)
    error = abs(answer_value - right_value) / abs(right_value) if right_value else abs(answer_value)
    return float((error <= 1 - THRESHOLDS).mean())


AXES = (
    ("move_right", "move_left"),
    ("move_up", "move_down"),
    ("move_forward", "move_backward"),
    ("rotate_right", "rotate_left"),
    ("rotate_up", "rotate_down"),
)
"""Opposite motions of a camera."""


def spar_moves(text: str) -> dict[str, float] | None:
    """Return the signed amount of each axis in `text`, such as `move_right:0.5,rotate_up:10`; None of another text.

    Source: SPAR-Bench's `parse_instruction`: every part between commas is a name, a colon and a number. Quirk: a space
    after a comma belongs to the name, which is then another one.

    >>> spar_moves("move_left:0.5,rotate_up:10")["move_right"], spar_moves("move_left:0.5, rotate_up:10")["rotate_up"]
    (-0.5, 0.0)
    >>> spar_moves("I cannot tell.") is None, spar_moves("") is None
    (True, True)
    """
    amounts: dict[str, float] = {}
    for part in text.split(","):
        name, _, amount = part.partition(":")
        try:
            amounts[name] = float(amount)
        except ValueError:
            return None
    return {forth: amounts.get(forth, 0.0) - amounts.get(back, 0.0) for forth, back in AXES}


def spar_view_change(reply: str, right_answer: str) -> float:
    """Return SPAR-Bench's score of a view change in `reply`: the mean over axes of the mean relative accuracy.

    Source: its `compute_vci_metric` (lmms-eval task sparbench, read 2026-11-30); a reply that it cannot read scores 0.
    Quirk: its arguments are swapped, so that the error is divided by what was said, and where nothing was said on an
    axis the right amount itself is the error.

    >>> spar_view_change("move_right:1", "move_right:1")
    1.0
    >>> round(spar_view_change("move_left:1.2", "move_forward:0.5"), 2)
    0.62
    >>> spar_view_change("", "move_right:1"), spar_view_change("I cannot tell.", "move_right:1")
    (0.0, 0.0)
    """
    reply_moves, right_moves = spar_moves(reply), spar_moves(right_answer)
    if reply_moves is None or right_moves is None:
        return 0.0
    errors = [
        abs(right_moves[axis] - amount) / (abs(amount) if amount else 1.0) for axis, amount in reply_moves.items()
    ]
    return float(np.mean([(error <= 1 - THRESHOLDS).mean() for error in errors]))


def f1(pairs: Sequence[tuple[bool, bool]]) -> float:
    """Return F1 of `pairs` (said yes, is yes); 0 where nothing was said or is yes.

    >>> f1([(True, True), (True, False), (False, True)])
    0.5
    """
    true_positives = sum(said_yes and is_yes for said_yes, is_yes in pairs)
    positive_count = sum(said_yes for said_yes, _ in pairs) + sum(is_yes for _, is_yes in pairs)
    return 2 * true_positives / positive_count if positive_count else 0.0
