import math
from dataclasses import replace

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from second_method import IllPosedError, Rows, second_answer
from strategies import queries, things

from zerosight.envs import Rejected
from zerosight.envs.language.execute import Result, execute
from zerosight.envs.language.query import Call
from zerosight.envs.shapes.canvas import LANGUAGE, THRESHOLDS
from zerosight.envs.shapes.operators import Thing

MIRRORED = {"left_of": "right_of", "leftmost": "rightmost"}
MIRRORED |= {right: left for left, right in MIRRORED.items()}
WORLD = [
    Thing("red", "circle", "small", 10, 10, 8),
    Thing("red", "square", "large", 30, 20, 16),
    Thing("blue", "circle", "large", 50, 40, 18),
]


def rows_of(world: list[Thing]) -> Rows:
    fields = ("colour", "shape", "size", "x", "y", "extent")
    return {i: {name: getattr(thing, name) for name in fields} for i, thing in enumerate(world)}


def parsed(query: list) -> Call:
    """The query; random ones that compare a thing with itself or tell their answer are dropped."""
    found = LANGUAGE.read(query)
    assume(isinstance(found, Call))
    return found


def run(query: list, world: list[Thing]) -> Result | Rejected:
    call = LANGUAGE.read(query)
    assert isinstance(call, Call), call
    return execute(LANGUAGE, call, world, THRESHOLDS)


def word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(
    ("query", "value", "margin"),
    [
        (["count", ["select"]], 3, math.inf),
        (["count", ["select", "green"]], 0, math.inf),
        (["count", ["left_of", ["select"], ["unique", ["select", "blue"]]]], 2, 20),
        (["count", ["above", ["select", "circle"], ["unique", ["select", "square"]]]], 1, 10),
        (["exists", ["right_of", ["select"], ["unique", ["select", "blue"]]]], False, 20),
        (["exists", ["select", "large", "circle"]], True, math.inf),
        (["colour", ["leftmost", ["select"]]], "red", 20),
        (["shape", ["largest", ["select"]]], "circle", 2),
        (["size", ["topmost", ["select", "circle"]]], "small", 30),
        (["colour", ["leftmost", ["select", "blue", "circle"]]], None, None),
        (["shape", ["nearest", ["select"], ["unique", ["select", "blue"]]]], "square", 50 - math.hypot(20, 20)),
        (["shape", ["farthest", ["select"], ["unique", ["select", "blue"]]]], "circle", 50 - math.hypot(20, 20)),
        (["side", ["unique", ["select", "small"]], ["unique", ["select", "blue"]]], "left", 40),
        (["level", ["unique", ["select", "blue"]], ["unique", ["select", "small"]]], "below", 30),
        (["more", ["select", "red"], ["select", "blue"]], True, math.inf),
        (["fewer", ["select", "red"], ["select", "blue"]], False, math.inf),
        (["same", ["select", "circle"], ["select", "red"]], True, math.inf),
    ],
)  # fmt: skip
def test_value_and_margin(query, value, margin):
    if value is None:
        assert LANGUAGE.read(query).code == "leaks"
        return
    result = run(query, WORLD)
    assert result.value == value and type(result.value) is type(value)
    assert result.margin == pytest.approx(margin)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (["colour", ["unique", ["select", "triangle"]]], "empty"),
        (["colour", ["unique", ["select", "circle"]]], "not_unique"),
        (["colour", ["leftmost", ["select", "triangle"]]], "empty"),
        (["colour", ["nearest", ["select", "square"], ["unique", ["select", "large", "red"]]]], "empty"),
        (["side", ["unique", ["select", "small"]], ["unique", ["select", "red", "circle"]]], "trivial"),
    ],
)
def test_question_without_an_answer_is_rejected_with_a_hint(query, code):
    rejected = run(query, WORLD)
    assert isinstance(rejected, Rejected) and rejected.code == code and rejected.hint


def test_extreme_of_one_object_needs_no_comparison():
    assert run(["colour", ["leftmost", ["select", "square"]]], WORLD) == Result("red", math.inf)


def test_tie_has_margin_zero():
    world = [Thing("red", "circle", "small", 10, 10, 8), Thing("blue", "circle", "small", 10, 30, 8)]
    assert run(["colour", ["leftmost", ["select"]]], world).margin == 0
    assert run(["side", ["unique", ["select", "red"]], ["unique", ["select", "blue"]]], world).margin == 0


def test_margin_is_the_least_of_all_comparisons():
    # Leftmost is decided by 20 px, its nearest other by less.
    result = run(["colour", ["nearest", ["select"], ["leftmost", ["select", "circle"]]]], WORLD)
    assert isinstance(result, Result)
    assert result.value == "red" and result.margin == pytest.approx(50 - math.hypot(20, 10))
    assert run(["colour", ["nearest", ["select"], ["leftmost", ["select"]]]], WORLD).margin == 20


@settings(max_examples=800)
@given(queries(), things)
@example(["count", ["select"]], WORLD)
def test_second_method_agrees(query, world):
    result = execute(LANGUAGE, parsed(query), world, THRESHOLDS)
    try:
        answer = second_answer(query, rows_of(world))
    except IllPosedError as ill:
        if str(ill) == "tie":
            assert isinstance(result, Rejected) or result.margin < 1e-9
        else:
            assert isinstance(result, Rejected) and result.code == str(ill)
        return
    assert isinstance(result, Result), f"{result}, the second method says {answer}"
    assert word(result.value) == answer


@settings(max_examples=300)
@given(queries(), things)
def test_mirrored_world_flips_left_and_right_and_nothing_else(query, world):
    mirrored = [replace(thing, x=64 - thing.x) for thing in world]
    here, there = (
        execute(LANGUAGE, parsed(query), world, THRESHOLDS),
        execute(LANGUAGE, parsed(swapped(query)), mirrored, THRESHOLDS),
    )
    if isinstance(here, Rejected) or isinstance(there, Rejected):
        assert type(here) is type(there) and here.code == there.code
        return
    assert here.margin == pytest.approx(there.margin)
    if here.margin > 1e-9:
        expected = {"left": "right", "right": "left"}.get(here.value, here.value) if query[0] == "side" else here.value
        assert there.value == expected


def swapped(query: list) -> list:
    return [swapped(part) if isinstance(part, list) else MIRRORED.get(part, part) for part in query]


@settings(max_examples=300)
@given(queries(), things, st.randoms(use_true_random=True))
def test_no_object_that_moves_less_than_half_the_margin_changes_the_answer(query, world, random):
    call = parsed(query)
    result = execute(LANGUAGE, call, world, THRESHOLDS)
    assume(isinstance(result, Result) and result.margin > 1e-6)
    reach = min(result.margin, 64.0) / 2 * 0.999
    for _ in range(10):
        moved = []
        for thing in world:
            angle, share = random.uniform(0, math.tau), random.random()
            x, y = thing.x + reach * share * math.cos(angle), thing.y + reach * share * math.sin(angle)
            moved.append(replace(thing, x=x, y=y, extent=thing.extent + reach * random.uniform(-1, 1)))
        again = execute(LANGUAGE, call, moved, THRESHOLDS)
        assert isinstance(again, Result) and again.value == result.value


@given(queries(), things, st.randoms(use_true_random=False))
def test_paint_order_does_not_matter(query, world, random):
    call = parsed(query)
    here = execute(LANGUAGE, call, world, THRESHOLDS)
    random.shuffle(world)
    there = execute(LANGUAGE, call, world, THRESHOLDS)
    if isinstance(here, Rejected) or here.margin > 1e-9:
        assert here == there or (isinstance(here, Result) and here.value == there.value)
