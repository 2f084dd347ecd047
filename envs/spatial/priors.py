"""Answers that categories alone give away, and the odds by which sampled questions do not let them.

A question about sizes whose answer follows from the names of two categories can be answered without a picture. The
kit's sizes are uniform in known ranges, so that the odds of each answer are known for each pair of categories. Sampled
questions are thinned by them: among those that are kept, both answers are equally likely whatever the categories.
"""

from functools import cache

import numpy as np

from ...geometry.boxes import fits
from ..language.query import Call, Literal, dump
from ..rng import SeededRng
from .demands import MAX_GROWTH, MAX_RATIO
from .recognise import catalogue
from .rules import THRESHOLDS
from .surroundings import Surroundings

_DRAWS = 300
"""Sizes that are drawn of each category."""
LEAST_ODDS = 0.1
"""Pairs of categories of which an answer is less likely are not asked about."""
SIZE_SPREAD = 1.5
"""Longest over shortest longest side of a category whose size may be asked for."""
OUTER_PART = 1 / 3
"""Sizes are asked for in this part of their range, on a logarithmic scale, at either end."""


@cache
def _sizes(category: str) -> np.ndarray:
    """Return sizes [n, 3] of a `category`, metres, uniform in its ranges."""
    kind, rng = catalogue()[category], SeededRng(("sizes", category))
    sizes = np.array(
        [[rng.uniform(low, high) for low, high in zip(kind.low, kind.high, strict=True)] for _ in range(_DRAWS)]
    )
    if kind.even:
        sizes[:, 1] = sizes[:, 0]
    return sizes


@cache
def fit_odds(inner: str, outer: str) -> float:
    """Return the share of close pairs of sizes of two categories of which `inner` fits into `outer`."""
    outcomes = []
    for inner_size, outer_size in zip(_sizes(inner), _sizes(outer), strict=True):
        fit_result = fits(inner_size.tolist(), outer_size.tolist())
        if THRESHOLDS["cm"] / 100 <= fit_result.margin <= MAX_GROWTH * float(inner_size.mean()):
            outcomes.append(fit_result.value)
    return sum(outcomes) / len(outcomes) if outcomes else 0.0


@cache
def longer_odds(first: str, second: str) -> float:
    """Return the share of close pairs of sizes of two categories of which the `first` has the longer longest side."""
    first_sides, second_sides = _sizes(first).max(axis=1), _sizes(second).max(axis=1)
    is_close = np.maximum(first_sides, second_sides) <= MAX_RATIO * np.minimum(first_sides, second_sides)
    is_close &= np.abs(first_sides - second_sides) >= THRESHOLDS["m"]
    return float((first_sides > second_sides)[is_close].mean()) if is_close.any() else 0.0


def is_telling_size(category: str, longest_side: float) -> bool:
    """Tell whether a longest side, metres, is far from what is usual for a `category` of varied sizes."""
    sides = np.log(_sizes(category).max(axis=1))
    low, high = float(sides.min()), float(sides.max())
    position = (np.log(longest_side) - low) / max(high - low, 1e-9)
    return high - low >= np.log(SIZE_SPREAD) * 0.95 and not OUTER_PART < position < 1 - OUTER_PART


def is_kept(room: Surroundings, query: Call, answer: str, rng: SeededRng) -> bool:
    """Tell whether a sampled `query` about sizes is kept, so that categories do not tell its `answer`.

    Args:
        room: the room, of the kit's furniture.
        query: any query; those that are not about sizes are kept.
        answer: what the oracle says.
        rng: of random numbers; the same query has the same fate.
    """
    names = [str(literal.words[0]) for literal in query.args if isinstance(literal, Literal) and literal.op == "thing"]
    if query.op == "object_size":
        return is_telling_size(names[0], max(room.boxes[room.object_named(names[0])].size))
    if query.op == "fit":
        odds = fit_odds(*names)
        answer_odds = odds if answer == "yes" else 1 - odds
    elif query.op == "attribute_measurement":
        odds = longer_odds(*names)
        answer_odds = odds if answer == names[0] else 1 - odds
    else:
        return True
    rarer = min(odds, 1 - odds)
    return rarer >= LEAST_ODDS and rng.child("kept", str(dump(query))).uniform() * answer_odds < rarer
