"""Intervals: the certainty of a share of correct answers."""

import math
from typing import NamedTuple

Z95 = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""


class Share(NamedTuple):
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float
    total: int


def wilson(correct: int, count: int) -> Share:
    """A share of right answers with Wilson's score interval (Wilson 1927); (nan, 0, 1) of nothing.

    >>> share = wilson(8, 10)
    >>> round(share.low, 3), round(share.high, 3)
    (0.49, 0.943)
    """
    if not 0 <= correct <= count:
        raise ValueError(f"right must be between 0 and count, got {correct} of {count}")
    if count == 0:
        return Share(math.nan, 0.0, 1.0, 0)
    low, high = wilson_ends(correct / count, count)
    return Share(correct / count, low, high, count)


def wilson_ends(share: float, count: float) -> tuple[float, float]:
    """Return the ends of Wilson's interval of a `share` of `count` answers, which need not be a whole number.

    >>> [round(end, 3) for end in wilson_ends(0.8, 10)], wilson_ends(0.0, 4)[0], wilson_ends(1.0, 4)[1]
    ([0.49, 0.943], 0.0, 1.0)
    """
    square = Z95 * Z95
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = Z95 / (1 + square / count) * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    # Exactly 0 and 1 at the ends, where rounding would leave a trace.
    return middle - half if share > 0 else 0.0, middle + half if share < 1 else 1.0
