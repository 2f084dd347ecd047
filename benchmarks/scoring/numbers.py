"""Numbers in replies, as each benchmark's authors read and judge them."""

import math
import re
from collections.abc import Sequence

import numpy as np

THRESHOLDS = np.linspace(0.5, 0.95, int((0.95 - 0.5) / 0.05 + 2))
"""Of VSI-Bench's mean relative accuracy: ten, by this very arithmetic."""


def mean_relative_accuracy(said: float, right: float) -> float:
    """The share of thresholds t for which |said - right| / right <= 1 - t.

    Source: VSI-Bench (Yang et al. 2024, https://arxiv.org/abs/2412.14171, section 3.3) and its code. Quirk: borders
    are settled by floating point, so that 8 for 10 is 0.6 and not 0.7. A right answer of 0 takes 0 alone.

    >>> mean_relative_accuracy(10, 10), mean_relative_accuracy(8, 10), mean_relative_accuracy(30, 10)
    (1.0, 0.6, 0.0)
    """
    if right == 0:
        return float(said == 0)
    return float((abs(said - right) / right <= 1 - THRESHOLDS).mean())


def fuzzy_word(reply: str) -> str:
    """VSI-Bench's reading of a reply: its first word, without dots at the end, in lower case.

    Quirk: brackets stay, so that "(B)" is not b, and "There are 3" is there.

    >>> fuzzy_word("B. left"), fuzzy_word("3.5 metres"), fuzzy_word("(B)")
    ('b', '3.5', '(b)')
    """
    return reply.split(" ")[0].rstrip(".").strip().lower()


def vsi_number(reply: str, right: float) -> float:
    """VSI-Bench's numerical answer: the mean relative accuracy of the first word, 0 where it is no number.

    >>> vsi_number("10", 10), vsi_number("about 10", 10)
    (1.0, 0.0)
    """
    try:
        said = float(fuzzy_word(reply))
    except ValueError:
        return 0.0
    return mean_relative_accuracy(said, right) if math.isfinite(said) else 0.0


def _float(text: str) -> float | None:
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None


def relaxed(reply: str, right: str) -> float:
    """ChartQA's relaxed accuracy: within 5 % of a number, else the same text without regard to case.

    Source: ChartQA (Masry et al. 2022, section 5.1) as lmms-eval computes it. Quirks: "%" is a hundredth, so that 10 is
    not 10%; a right answer of 0 is compared as text ("0.0" is wrong); dots and thousands' commas stay; spaces too.

    >>> relaxed("10.4", "10"), relaxed("10", "10%"), relaxed("0.0", "0"), relaxed("Yes", "yes"), relaxed("yes.", "yes")
    (1.0, 0.0, 0.0, 1.0, 0.0)
    """
    said, wanted = _float(reply), _float(right)
    if said is not None and wanted:
        return float(abs(said - wanted) / abs(wanted) <= 0.05)
    return float(reply.lower() == right.lower())


_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def number_in(reply: str, *, last: bool = False) -> float | None:
    """The first number of a reply, or its last; None where there is none.

    >>> number_in("2 of 3.5"), number_in("2 of 3.5", last=True), number_in("none")
    (2.0, 3.5, None)
    """
    found = _NUMBER.findall(reply)
    return float(found[-1 if last else 0]) if found else None


def spar_match(reply: str, right: str) -> float:
    """SPAR-Bench's match of choices: equal, or within the answer, or beginning with its only letter.

    Source: its `exact_match` (lmms-eval task sparbench). Quirk: an empty reply is within any answer and scores 1.

    >>> spar_match("B", "B"), spar_match("B. left", "B"), spar_match("", "B"), spar_match("A", "B")
    (1.0, 1.0, 1.0, 0.0)
    """
    said, wanted = reply.strip().lower(), right.strip().lower()
    return float(said == wanted or said in wanted or said[:1] == wanted)


def spar_number(reply: str, right: str, *, last: bool) -> float:
    """SPAR-Bench's numbers: the mean relative accuracy of the first number, of the last in tasks of several views."""
    said = number_in(reply, last=last)
    return 0.0 if said is None else mean_relative_accuracy(said, float(right))


MOVES = ("move_right", "move_left", "move_up", "move_down", "move_forward", "move_backward",
         "rotate_right", "rotate_left", "rotate_up", "rotate_down")  # fmt: skip


def spar_moves(text: str) -> dict[str, float]:
    """Signed amounts of a camera's motion by axis, from lines such as `move_right: 0.5`; what is not said is 0.

    >>> spar_moves("move_left: 0.5, rotate_up: 10")["x"], spar_moves("move_left: 0.5, rotate_up: 10")["pitch"]
    (-0.5, 10.0)
    """
    axes = dict(zip(MOVES, ("x", "x", "y", "y", "z", "z", "yaw", "yaw", "pitch", "pitch"), strict=True))
    found = dict.fromkeys(axes.values(), 0.0)
    for name, value in re.findall(r"((?:move|rotate)_\w+)\s*[:=]\s*(-?\d+(?:\.\d+)?)", text):
        if name in axes:
            found[axes[name]] += float(value) * (1 if MOVES.index(name) % 2 == 0 else -1)
    return found


def spar_view_change(reply: str, right: str) -> float:
    """SPAR-Bench's view change: the mean over axes of the mean relative accuracy.

    Source: lmms-eval task sparbench. Quirk: its arguments are swapped, so that the error is divided by what was said.

    >>> spar_view_change("move_right: 1", "move_right: 1"), round(spar_view_change("", "move_right: 1"), 2)
    (1.0, 0.8)
    """
    said, wanted = spar_moves(reply), spar_moves(right)
    return float(np.mean([_swapped(wanted[axis], said[axis]) for axis in wanted]))


def _swapped(right: float, said: float) -> float:
    if said == 0:
        return float(right == 0)
    return float((abs(right - said) / abs(said) <= 1 - THRESHOLDS).mean())


def f1(pairs: Sequence[tuple[bool, bool]]) -> float:
    """F1 of (said yes, is yes) pairs; 0 where nothing was said or is yes.

    >>> f1([(True, True), (True, False), (False, True)])
    0.5
    """
    hits = sum(said and right for said, right in pairs)
    total = sum(said for said, _ in pairs) + sum(right for _, right in pairs)
    return 2 * hits / total if total else 0.0
