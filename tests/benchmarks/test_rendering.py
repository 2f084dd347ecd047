"""The rendering benchmark: every front end has its figures, and refuses to time what is not drawn."""

import pytest

from zerosight.benchmarks.own import rendering
from zerosight.render import RenderPool


@pytest.mark.slow
def test_each_front_end_has_its_figures() -> None:
    figures = rendering.measure(program_count=40, rounds=1, picture_width=16)
    names = list(rendering.front_ends(16))
    for name in names:
        for key in ("vs_inprocess", "vs_fresh", "two_worker_scaling"):
            found = figures[f"{name}_{key}"]
            assert 0 < found["low"] <= found["median"] <= found["high"]
        peers = {"peer_one_worker", "peer_two_workers"} if name == "svg" else set()
        assert set(figures[f"{name}_per_second"]) == {"inprocess", "one_worker", "two_workers", "fresh", *peers}
    assert 0 < figures["svg_vs_peer_one_worker"]["median"] and 0 < figures["svg_vs_peer_two_workers"]["median"]
    assert figures["two_worker_scaling"] == min(figures[f"{name}_two_worker_scaling"]["median"] for name in names)


def test_peer_draws_what_we_draw() -> None:
    text = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 4"><rect width="4" height="4" fill="red"/></svg>'
    assert rendering.cairosvg_picture(text, 16).shape == (8, 16, 3)


def test_programs_that_are_not_drawn_are_not_timed() -> None:
    with RenderPool() as pool, pytest.raises(RuntimeError, match="must be accepted"):
        rendering.svg_pooled(pool, ["<svg>"], 16)
    with pytest.raises(RuntimeError, match="must be accepted"):
        rendering.svg_here(["<svg>"], 16)
