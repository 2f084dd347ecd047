"""Chart questions by a second method: from the numbers in the program's text alone."""

import ast
from itertools import pairwise
from typing import NamedTuple

HEXES = {
    "#1f77b4": "blue", "#ff7f0e": "orange", "#2ca02c": "green", "#d62728": "red", "#9467bd": "purple",
    "#8c564b": "brown", "#e377c2": "pink", "#7f7f7f": "grey",
}  # fmt: skip


class Row(NamedTuple):
    """One number of the text."""

    panel: str
    series: str
    category: str
    value: float


class Text:
    """What a program of the environment's own says, read as text."""

    def __init__(self, program: str) -> None:
        self.rows: list[Row] = []
        self.colours: dict[str, str] = {}
        self.kinds: set[str] = set()
        known: dict[str, list] = {}
        titles: dict[str, str] = {}
        calls = []
        for node in ast.parse(program).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
                known[node.targets[0].id] = ast.literal_eval(node.value)
            call = node.value if isinstance(node, ast.Expr) else None
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                axes, name = ast.unparse(call.func.value), call.func.attr
                if name == "set_title":
                    titles[axes] = ast.literal_eval(call.args[0])
                if name in ("bar", "barh", "plot", "pie"):
                    calls.append((axes, name, call))
        for axes, name, call in calls:
            self.kinds.add(name)
            numbers = call.args[0 if name == "pie" else 1]
            values = known[numbers.id] if isinstance(numbers, ast.Name) else ast.literal_eval(numbers)
            if name == "pie":
                values = [100 * value / sum(values) for value in values]
            words = {each.arg: each.value for each in call.keywords}
            label = ast.literal_eval(words["label"]) if "label" in words else ""
            if label:
                self.colours[label] = HEXES[ast.literal_eval(words["color"])]
            for category, value in zip(known["categories"], values, strict=True):
                self.rows.append(Row(titles.get(axes, ""), label, category, value))


def second_answer(query: list, program: str):
    """The answer: a number, a word or a truth value."""
    text = Text(program)

    def members(part: list) -> list[Row]:
        op, *rest = part
        if op == "points":
            return text.rows
        field = {"of": "series", "at": "category", "within": "panel"}.get(op)
        if field:
            return [row for row in members(rest[0]) if getattr(row, field).lower() == rest[1][1].lower()]
        limit = rest[1][1]
        return [row for row in members(rest[0]) if (row.value > limit if op == "over" else row.value < limit)]

    def one(part: list) -> Row:
        op, inner = part
        found = members(inner)
        if op == "unique":
            (row,) = found
            return row
        return (max if op == "highest" else min)(found, key=lambda row: row.value)

    op, *args = query
    if op in ("amount", "category_of", "series_of", "panel_of"):
        return getattr(one(args[0]), {"amount": "value"}.get(op, op.removesuffix("_of")))
    if op in ("greater", "difference", "ratio"):
        a, b = one(args[0]).value, one(args[1]).value
        return {"greater": a > b, "difference": abs(a - b), "ratio": a / b}[op]
    if op == "drawn_in":
        return next(name for name, colour in text.colours.items() if colour == args[0][1])
    if op == "colour_of":
        return text.colours[args[0][1]]
    values = [row.value for row in members(args[0])]
    if op == "more_in_all":
        return sum(values) > sum(row.value for row in members(args[1]))
    if op == "trend":
        steps = [b - a for a, b in pairwise(values)]
        return "rising" if min(steps) > 0 else "falling" if max(steps) < 0 else "mixed"
    return {"sum": sum, "mean": lambda v: sum(v) / len(v), "spread": lambda v: max(v) - min(v), "count": len}[op](
        values
    )


def agrees(found, answer: str) -> bool:
    """Whether a second answer is the oracle's; amounts to half a per cent."""
    if isinstance(found, bool):
        return answer == ("no", "yes")[found]
    if isinstance(found, str):
        return answer.lower() == found.lower()
    return abs(float(answer) - found) <= 0.005 * abs(found) + 1e-9
