"""Differences of two runs on the same held-out items."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..intervals import Z95


class PairedDifference(NamedTuple):
    """The difference of two runs in the share of right answers, on the items that both answered."""

    items: int
    difference: float
    """Share of right answers, the second's minus the first's."""
    low: float
    high: float
    """The 95 % interval."""


def paired_difference(
    base_result: Mapping[str, Any] | None, other_result: Mapping[str, Any] | None
) -> PairedDifference | None:
    """Compare two evaluations item by item; None where they have no item in common.

    The interval is the normal one of a paired difference of proportions, without a continuity correction (Agresti,
    Categorical Data Analysis, 3rd edition, section 11.1.1).

    Args:
        base_result: the evaluation of the run that is compared with.
        other_result: the other run's.

    >>> rows = [{"answers": [{"id": str(i), "right": i < n} for i in range(100)]} for n in (50, 60)]
    >>> round(paired_difference(*rows).difference, 3)
    0.1
    """
    before, after = (_right_by_item(evaluation) for evaluation in (base_result, other_result))
    shared_items = before.keys() & after.keys()
    if not shared_items:
        return None
    count = len(shared_items)
    gained_items = sum(after[name] and not before[name] for name in shared_items)
    lost_items = sum(before[name] and not after[name] for name in shared_items)
    difference = (gained_items - lost_items) / count
    half_width = Z95 * math.sqrt(max(0.0, (gained_items + lost_items) / count - difference**2) / count)
    return PairedDifference(count, difference, max(-1.0, difference - half_width), min(1.0, difference + half_width))


def _right_by_item(evaluation: Mapping[str, Any] | None) -> dict[str, bool]:
    rows = (evaluation or {}).get("answers", ())
    if not isinstance(rows, list):
        return {}
    return {
        str(row["id"]): bool(row["right"]) for row in rows if isinstance(row, dict) and {"id", "right"} <= row.keys()
    }
