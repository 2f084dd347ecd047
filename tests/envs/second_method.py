"""Answers once more, by sets of rows and no code of the oracle's: what the tests hold the oracle to.

A row says of one object its `colour`, `shape`, `size`, `x`, `y` (px, y down) and `extent`. A query is read from its
JSON lists. Superlatives are found by comparing every pair, distances by their squares.
"""

from collections.abc import Callable, Mapping
from typing import Any

Row = Mapping[str, Any]
Rows = Mapping[int, Row]


class IllPosedError(ValueError):
    """The question has no answer; the message is `empty`, `not_unique`, `tie` or `trivial`."""


BEFORE: dict[str, Callable[[Row, Row], bool]] = {
    "left_of": lambda a, b: a["x"] < b["x"],
    "right_of": lambda a, b: b["x"] < a["x"],
    "above": lambda a, b: a["y"] < b["y"],
    "below": lambda a, b: b["y"] < a["y"],
}
BEATS: dict[str, Callable[[Row, Row], bool]] = {
    "leftmost": BEFORE["left_of"],
    "rightmost": BEFORE["right_of"],
    "topmost": BEFORE["above"],
    "bottommost": BEFORE["below"],
    "largest": lambda a, b: a["extent"] > b["extent"],
    "smallest": lambda a, b: a["extent"] < b["extent"],
}


def second_answer(query: list[Any], rows: Rows) -> str:
    """The answer in canonical words.

    Raises:
        IllPosedError: the query has none on these rows.
    """
    op, *rest = query
    if op == "count":
        return str(len(members(rest[0], rows)))
    if op == "exists":
        return yes(members(rest[0], rows) != frozenset())
    if op in ("more", "fewer", "same"):
        surplus = len(members(rest[0], rows)) - len(members(rest[1], rows))
        return yes({"more": surplus > 0, "fewer": surplus < 0, "same": surplus == 0}[op])
    if op in ("colour", "shape", "size"):
        return str(rows[single(rest[0], rows)][op])
    first, second = (single(each, rows) for each in rest)
    if first == second:
        raise IllPosedError("trivial")
    nearer, farther, relation = {"side": ("left", "right", "left_of"), "level": ("above", "below", "above")}[op]
    if BEFORE[relation](rows[first], rows[second]):
        return nearer
    if BEFORE[relation](rows[second], rows[first]):
        return farther
    raise IllPosedError("tie")


def yes(holds: bool) -> str:
    return "yes" if holds else "no"


def members(query: list[Any], rows: Rows) -> frozenset[int]:
    """The set that a query of type Set describes."""
    op, *rest = query
    if op == "select":
        return frozenset(i for i, row in rows.items() if {row["size"], row["colour"], row["shape"]}.issuperset(rest))
    pool, anchor = members(rest[0], rows), single(rest[1], rows)
    return frozenset(i for i in pool if BEFORE[op](rows[i], rows[anchor]))


def single(query: list[Any], rows: Rows) -> int:
    """The object that a query of type Object describes."""
    op, *rest = query
    pool = members(rest[0], rows)
    if op in ("nearest", "farthest"):
        anchor = rows[single(rest[1], rows)]
        pool = frozenset(i for i in pool if rows[i] is not anchor)
        away = {i: (rows[i]["x"] - anchor["x"]) ** 2 + (rows[i]["y"] - anchor["y"]) ** 2 for i in pool}
        wins = (lambda i, j: away[i] < away[j]) if op == "nearest" else (lambda i, j: away[i] > away[j])
    elif op == "unique":
        wins = lambda i, j: False  # noqa: E731
    else:
        wins = lambda i, j: BEATS[op](rows[i], rows[j])  # noqa: E731
    if not pool:
        raise IllPosedError("empty")
    winners = {i for i in pool if all(wins(i, j) for j in pool if j != i)}
    if len(winners) != 1:
        raise IllPosedError("not_unique" if op == "unique" else "tie")
    return winners.pop()
