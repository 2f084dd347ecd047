"""Answers once more, by sets of rows and no code of the oracle's: what the tests hold the oracle to.

A row says of one object its `colour`, `shape`, `size`, `x`, `y` (px, y down) and `extent`; in a crowd also its `label`
and its `region`, a shapely polygon, and rows are numbered in paint order. A query is read from its JSON lists.
Superlatives are found by comparing every pair, distances by their squares, angles by dot products.
"""

from collections.abc import Callable, Mapping
from itertools import permutations
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


MEETS: dict[str, Callable[[Row, Row], bool]] = {
    "inside": lambda a, b: a["region"].within(b["region"]),
    "around": lambda a, b: b["region"].within(a["region"]),
    "overlapping": lambda a, b: a["region"].overlaps(b["region"]),
    "larger_than": lambda a, b: a["extent"] > b["extent"],
    "smaller_than": lambda a, b: a["extent"] < b["extent"],
    "coloured_like": lambda a, b: a["colour"] == b["colour"],
    "shaped_like": lambda a, b: a["shape"] == b["shape"],
}


def _pairwise(meets: Callable[[Row, Row], bool]) -> Callable[..., str]:
    def answer(rows: Rows, first: list[Any], second: list[Any]) -> str:
        i, j = single(first, rows), single(second, rows)
        if i == j:
            raise IllPosedError("trivial")
        return yes(meets(rows[i], rows[j]))

    return answer


def _in_front(rows: Rows, first: list[Any], second: list[Any]) -> str:
    i, j = single(first, rows), single(second, rows)
    if not rows[i]["region"].overlaps(rows[j]["region"]):
        raise IllPosedError("apart")
    return yes(i > j)


def _to(a: Row, b: Row) -> complex:
    """From one centre to another, y up."""
    return complex(b["x"] - a["x"], a["y"] - b["y"])


def _direction(rows: Rows, first: list[Any], second: list[Any]) -> str:
    step = _to(rows[single(second, rows)], rows[single(first, rows)])
    compass = {"right": 1, "upper right": 1 + 1j, "top": 1j, "upper left": -1 + 1j, "left": -1, "lower left": -1 - 1j,
               "bottom": -1j, "lower right": 1 - 1j}  # fmt: skip
    return max(compass, key=lambda name: (step * complex(compass[name]).conjugate()).real / abs(compass[name]))


def _angle(rows: Rows, *queries: list[Any]) -> str:
    first, corner, second = (rows[single(query, rows)] for query in queries)
    return "acute" if (_to(corner, first) * _to(corner, second).conjugate()).real > 0 else "obtuse"


def _nearer(rows: Rows, *queries: list[Any]) -> str:
    first, second, anchor = (rows[single(query, rows)] for query in queries)
    return yes(abs(_to(first, anchor)) < abs(_to(second, anchor)))


def _kinds(name: str) -> Callable[..., str]:
    return lambda rows, query: str(len({rows[i][name] for i in members(query, rows)}))


def _corners(rows: Rows, query: list[Any]) -> str:
    """Of the polygons as they were drawn; a star's are its points."""
    found = 0
    for i in members(query, rows):
        if rows[i]["shape"] != "circle":
            count = len(rows[i]["region"].exterior.coords) - 1
            found += 5 if rows[i]["shape"] == "star" else count
    return str(found)


def _symmetric(rows: Rows, query: list[Any]) -> str:
    """Each look's places and their mirror places, sorted, are the same to within 10 px."""
    looks: dict[tuple[str, ...], list[tuple[float, float]]] = {}
    for i in members(query, rows):
        row = rows[i]
        looks.setdefault((row["colour"], row["shape"], row["size"]), []).append((row["x"], row["y"]))
    near = lambda a, b: (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 < 100  # noqa: E731
    for places in looks.values():
        mirrored = [(224 - x, y) for x, y in places]
        orders = permutations(mirrored)
        if not any(all(map(near, places, order)) for order in orders):
            return "no"
    return "yes"


CROWD: dict[str, Callable[..., str]] = {
    "direction": _direction, "angle": _angle, "nearer": _nearer, "in_front": _in_front,
    "larger": _pairwise(MEETS["larger_than"]), "within": _pairwise(MEETS["inside"]),
    "overlaps": _pairwise(MEETS["overlapping"]), "same_colour": _pairwise(MEETS["coloured_like"]),
    "same_shape": _pairwise(MEETS["shaped_like"]),
    "difference": lambda rows, a, b: str(abs(len(members(a, rows)) - len(members(b, rows)))),
    "together": lambda rows, a, b: str(len(members(a, rows) | members(b, rows))),
    "colours": _kinds("colour"), "kinds": _kinds("shape"), "corners": _corners,
    "every": lambda rows, a, b: yes(members(a, rows) <= members(b, rows)), "symmetric": _symmetric,
}  # fmt: skip


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
    if op in ("colour", "shape", "size", "label"):
        return str(rows[single(rest[0], rows)][op])
    if op in CROWD:
        return CROWD[op](rows, *rest)
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
        return frozenset(
            i
            for i, row in rows.items()
            if {row["size"], row["colour"], row["shape"], row.get("label")}.issuperset(rest)
        )
    pool, anchor = members(rest[0], rows), single(rest[1], rows)
    if op in MEETS:
        return frozenset(i for i in pool - {anchor} if MEETS[op](rows[i], rows[anchor]))
    return frozenset(i for i in pool if BEFORE[op](rows[i], rows[anchor]))


def single(query: list[Any], rows: Rows) -> int:
    """The object that a query of type Object describes."""
    op, *rest = query
    if op == "container":
        inner = single(rest[0], rows)
        around = {i for i in rows if i != inner and MEETS["inside"](rows[inner], rows[i])}
        if not around:
            raise IllPosedError("empty")
        return min(around, key=lambda i: rows[i]["region"].area)
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
