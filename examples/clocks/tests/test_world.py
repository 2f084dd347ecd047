"""The world keeps the contract of all worlds, and reads a clock as its hands stand."""

import pytest
from clocks.world import Clock, face_svg

from zerosight.envs import Rejected, Truth
from zerosight.envs.checker import check_environment

ENV = Clock()


def test_contract_holds():
    broken = [f"{result.name}: {result.detail}" for result in check_environment(ENV.id, 6) if not result.holds]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("time", [(12, 0), (12, 55), (1, 0), (3, 15), (6, 30), (11, 55)])
def test_every_time_is_read_as_it_was_set(time):
    scene = ENV.render(f'<svg viewBox="0 0 128 128">{face_svg("red", 64, 64, 30, *time)}</svg>')
    for op, value in zip(("hour", "minutes"), time, strict=True):
        truth = ENV.solve(scene, ENV.parse(f'["{op}", ["unique", ["select"]]]'))
        assert isinstance(truth, Truth) and truth.value == str(value)


def test_hands_that_disagree_are_no_clock():
    hands = '<line x1="64" y1="64" x2="76" y2="64" stroke="black" stroke-width="3"/>'
    hands += '<line x1="64" y1="64" x2="64" y2="88" stroke="black" stroke-width="4"/>'
    scene = ENV.render(f'<svg viewBox="0 0 128 128"><circle cx="64" cy="64" r="30" fill="#ff8080"/>{hands}</svg>')
    found = ENV.parse_scene(scene)
    assert isinstance(found, Rejected) and found.code == "hands" and "disagree" in found.reason
