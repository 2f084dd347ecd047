"""Random worlds and random well-typed queries for hypothesis."""

from typing import Any

from hypothesis import strategies as st

from zerosight.envs.execute import Thing
from zerosight.envs.query import OPERATORS

COLOURS = ("red", "blue", "green")
SHAPES = ("circle", "square", "triangle")
SIZES = ("small", "large")
EXTREMES = ("leftmost", "rightmost", "topmost", "bottommost", "largest", "smallest")

# Quarters are exact in binary, so that mirroring and differences round nothing.
coordinates = st.integers(0, 256).map(lambda n: n / 4)


def _thing(draw: Any) -> Thing:
    size = draw(st.sampled_from(SIZES))
    extent = draw(st.integers(32, 40) if size == "small" else st.integers(64, 72)) / 4
    colour, shape = draw(st.sampled_from(COLOURS)), draw(st.sampled_from(SHAPES))
    return Thing(colour, shape, size, draw(coordinates), draw(coordinates), extent)


things = st.lists(st.composite(_thing)(), min_size=1, max_size=7)


@st.composite
def selects(draw: Any) -> list[Any]:
    kinds = draw(st.sets(st.sampled_from((0, 1, 2)), max_size=2))
    return ["select", *(draw(st.sampled_from((SIZES, COLOURS, SHAPES)[kind])) for kind in sorted(kinds))]


@st.composite
def sets(draw: Any, depth: int) -> list[Any]:
    if depth <= 1 or draw(st.booleans()):
        return draw(selects())
    return [draw(st.sampled_from(("left_of", "right_of", "above", "below"))), draw(sets(depth - 1)), draw(objects(depth - 1))]


@st.composite
def objects(draw: Any, depth: int) -> list[Any]:
    op = draw(st.sampled_from(("unique", *EXTREMES, "nearest", "farthest") if depth > 2 else ("unique", *EXTREMES)))
    arguments = [draw(sets(depth - 1))]
    if op in ("nearest", "farthest"):
        arguments.append(draw(objects(depth - 1)))
    return [op, *arguments]


@st.composite
def queries(draw: Any, depth: int = 4) -> list[Any]:
    """Well-typed queries that give an answer; some are trivial or hold their answer."""
    op = draw(st.sampled_from([name for name, each in OPERATORS.items() if each.output not in ("Set", "Object")]))
    made = {"Set": sets, "Object": objects}
    return [op, *(draw(made[kind](depth)) for kind in OPERATORS[op].inputs)]
