"""Within a run the same program has the same outcome, and is drawn once."""

from collections.abc import Sequence

import numpy as np

from zerosight.render import InfrastructureError, Picture, Rejected
from zerosight.render.drawing import Drawn, Pools
from zerosight.render.edit import Edit
from zerosight.render.outcome_cache import OutcomeCache, digest_of


class Drawer:
    """Gives each program that it draws a number of its own."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys, self.drawn = keys, list[str]()

    def __call__(self, positions: list[int]) -> list[str]:
        self.drawn += [self.keys[position] for position in positions]
        return [f"{self.keys[position]}{len(self.drawn)}" for position in positions]


def test_equal_programs_are_drawn_once_and_keep_their_places() -> None:
    cache, keys = OutcomeCache(len), ["a", "b", "a", "c", "b"]
    drawer = Drawer(keys)
    first, second = cache.outcomes(keys, drawer), cache.outcomes(["b", "a"], drawer)
    assert drawer.drawn == ["a", "b", "c"]
    assert first == ["a3", "b3", "a3", "c3", "b3"] and second == ["b3", "a3"]


def test_a_failure_of_the_infrastructure_is_not_kept() -> None:
    cache, failure = OutcomeCache(lambda outcome: 1), InfrastructureError("lost")
    assert cache.outcomes(["a", "a"], lambda positions: [failure]) == [failure, failure]
    assert cache.outcomes(["a"], lambda positions: ["drawn"]) == ["drawn"]


def test_the_oldest_outcomes_go_where_there_are_too_many_bytes() -> None:
    cache = OutcomeCache(len, max_bytes=10)
    for key in ("a", "b", "a", "c"):
        cache.outcomes([key], lambda positions: ["12345"])
    drawn: list[int] = []

    def draw(positions: list[int]) -> list[str]:
        drawn.extend(positions)
        return ["other"] * len(positions)

    # `b` was used before `a` was used again.
    assert cache.outcomes(["a", "c"], draw) == ["12345", "12345"] and drawn == []
    assert cache.outcomes(["b"], draw) == ["other"]


def test_programs_are_told_apart_by_their_text() -> None:
    assert digest_of("\ud800") != digest_of("\ud801") and digest_of("a") == digest_of("a")


def test_pools_draw_a_program_once() -> None:
    program, other = '<svg viewBox="0 0 8 8"><circle r="3"/></svg>', "<svg"
    with Pools() as pools:
        first, again = pools.draw("svg", [program, other, program], 16), pools.draw("svg", [other, program], 16)
        assert isinstance(first[0], Drawn) and first[0] is first[2] is again[1]
        assert isinstance(first[1], Rejected) and first[1] is again[0]
        assert pools.draw("svg", [program], 32)[0] is not first[0]
        assert pools.draw("svg", [], 16) == []


def test_pools_run_an_edit_as_often_as_it_is_given() -> None:
    # The C library's own clock, which nothing fixes: the world asks twice to find such programs.
    unsteady = (
        "import ctypes, numpy as np\ndef edit(image, k):\n    now = (ctypes.c_long * 2)()\n"
        "    ctypes.CDLL(None).clock_gettime(0, now)\n"
        "    return np.full((2, 2, 3), [now[1] >> 16 & 255, now[1] >> 8 & 255, now[1] & 255], np.uint8)"
    )
    image = np.zeros((2, 2, 3), np.uint8)
    with Pools() as pools:
        first, second = pools.edit([Edit(unsteady, image, {"k": 1})] * 2)
        assert isinstance(first, Picture) and isinstance(second, Picture)
        assert first.digest != second.digest and pools.edit([]) == []
