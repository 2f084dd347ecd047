"""Random worlds and random well-typed queries for hypothesis."""

from typing import Any

from hypothesis import strategies as st

from zerosight.envs.shapes.operators import OPERATORS, Thing

COLOURS = ("red", "blue", "green")
SHAPES = ("circle", "square", "triangle")
SIZES = ("small", "large")
EXTREMES = ("leftmost", "rightmost", "topmost", "bottommost", "largest", "smallest")

DESCRIPTIONS = [
    [], *([word] for words in (SIZES, COLOURS, SHAPES) for word in words),
    *([size, shape] for size in SIZES for shape in SHAPES),
    *([colour, shape] for colour in COLOURS for shape in SHAPES),
]  # fmt: skip


def _thing(code: int) -> Thing:
    """The thing that a number stands for: one draw of hypothesis instead of six keeps it quick."""
    parts = []
    for base in (2, 3, 3, 9, 257, 257):
        code, part = divmod(code, base)
        parts.append(part)
    size, colour, shape, more, x, y = parts
    # Quarters are exact in binary, so that mirroring and differences round nothing.
    extent = (8, 16)[size] + more / 4
    return Thing(COLOURS[colour], SHAPES[shape], SIZES[size], x / 4, y / 4, extent)


things = st.lists(st.integers(0, 2 * 3 * 3 * 9 * 257 * 257 - 1).map(_thing), min_size=2, max_size=7)
selects = st.sampled_from(DESCRIPTIONS).map(lambda words: ["select", *words])


@st.composite
def sets(draw: Any, depth: int) -> list[Any]:
    if depth <= 1 or draw(st.integers(0, 2)):
        return draw(selects)
    return [
        draw(st.sampled_from(("left_of", "right_of", "above", "below"))),
        draw(sets(depth - 1)),
        draw(objects(depth - 1)),
    ]


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
