"""Viewports: where `viewBox` and `preserveAspectRatio` put things, by a formula of its own and by cairosvg."""

import io
from itertools import product

import cairosvg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from zerosight.geometry import FlatScene
from zerosight.render import Rejected, rasterise, resolve_svg

ALIGNS = ["none", *(f"x{x}Y{y}" for x, y in product(("Min", "Mid", "Max"), repeat=2))]
FITS = [f"{align} {how}" for align in ALIGNS for how in ("meet", "slice")]


def scene_of(text: str) -> FlatScene:
    scene = resolve_svg(text)
    assert not isinstance(scene, Rejected), scene
    return scene


def rejection(text: str) -> Rejected:
    found = resolve_svg(text)
    assert isinstance(found, Rejected), found
    return found


def anchored(word: str, low: float, size: float, room: float, scale: float) -> float:
    """The px where user coordinate 0 falls: the edges or middles that an alignment names are made to meet."""
    share = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}[word]
    return share * room - (low + share * size) * scale


lengths = st.integers(20, 120)
corners = st.integers(-50, 50)


@given(lengths, lengths, corners, corners, lengths, lengths, st.sampled_from(FITS))
def test_fitting_agrees_with_a_formula_of_anchors(
    wide: int, high: int, left: int, top: int, across: int, down: int, fit: str
) -> None:
    align, how = fit.split()
    # A mark that lies within the viewport however it is cut: round the anchor of the alignment.
    words = ("Min", "Min") if align == "none" else (align[1:4], align[5:8])
    shares = [{"Min": 0.25, "Mid": 0.5, "Max": 0.75}[word] for word in words]
    x, y = left + shares[0] * across - 0.5, top + shares[1] * down - 0.5
    mark = f'<rect x="{x}" y="{y}" width="1" height="1"/>'
    outcome = resolve_svg(
        f'<svg width="{wide}" height="{high}" viewBox="{left} {top} {across} {down}" '
        f'preserveAspectRatio="{fit}">{mark}</svg>'
    )
    assert not isinstance(outcome, Rejected), outcome
    stretch = wide / across, high / down
    pick = max if how == "slice" else min
    scales = stretch if align == "none" else (pick(stretch), pick(stretch))
    at_x = anchored(words[0], left, across, wide, scales[0])
    at_y = anchored(words[1], top, down, high, scales[1])
    expected = (at_x + x * scales[0], at_y + y * scales[1], at_x + (x + 1) * scales[0], at_y + (y + 1) * scales[1])
    px = wide / outcome.width
    assert high / outcome.height == pytest.approx(px)
    (found,) = outcome.objects
    # The scene is on a grid of 1e-3 of its own units.
    assert [value * px for value in found.outline.bounds] == pytest.approx(expected, abs=2e-3 * px)


@pytest.mark.parametrize(
    ("root", "size", "bounds"),
    [
        ("", (64, 64), (10, 10, 20, 20)),
        ('width="640" height="640"', (64, 64), (10, 10, 20, 20)),
        ('width="640px" height="640px" preserveAspectRatio="xMinYMin"', (64, 64), (10, 10, 20, 20)),
        ('width="100%" height="100%"', (64, 64), (10, 10, 20, 20)),
        ('width="200"', (64, 64), (10, 10, 20, 20)),
        ('width="200" height="100"', (128, 64), (42, 10, 52, 20)),
        ('width="200" height="100" preserveAspectRatio="xMaxYMin"', (128, 64), (74, 10, 84, 20)),
        ('width="100" height="50" preserveAspectRatio="xMidYMin slice"', (64, 32), (10, 10, 20, 20)),
        ('width="200" height="100" preserveAspectRatio="none"', (128, 64), (20, 10, 40, 20)),
        ('width="200" height="100" preserveAspectRatio="defer none"', (128, 64), (20, 10, 40, 20)),
    ],
)
def test_scene_is_the_viewport_in_units_of_the_viewbox(
    root: str, size: tuple[int, int], bounds: tuple[int, ...]
) -> None:
    scene = scene_of(f'<svg viewBox="10 10 64 64" {root}><rect x="20" y="20" width="10" height="10"/></svg>')
    assert (scene.width, scene.height) == size
    assert scene.objects[0].outline.bounds == pytest.approx(bounds)


def test_without_a_viewbox_width_and_height_are_the_canvas() -> None:
    body = '<rect x="20" y="20" width="10" height="10"/>'
    scene = scene_of(f'<svg width="64" height="32" x="5" y="7" preserveAspectRatio="none">{body}</svg>')
    assert (scene.width, scene.height) == (64, 32)
    assert scene.objects[0].outline.bounds == (20, 20, 30, 30)


def test_same_aspect_gives_the_same_scene_to_the_byte() -> None:
    body = '<circle cx="20.1" cy="33.3" r="9.7"/>'
    plain = scene_of(f'<svg viewBox="3 7 63.7 21.1">{body}</svg>')
    assert scene_of(f'<svg viewBox="3 7 63.7 21.1" width="637" height="211">{body}</svg>') == plain


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [(96, 48), (40, 80)])
def test_picture_agrees_with_cairosvg(fit: str, size: tuple[int, int]) -> None:
    body = (
        '<rect x="10" y="20" width="30" height="20" fill="#cde"/><circle cx="22" cy="30" r="6" fill="red"/>'
        '<rect x="-20" y="26" width="24" height="8" fill="navy"/><path d="M30 24l9 0l-4 12z" fill="green"/>'
        '<rect x="20" y="-30" width="8" height="44" fill="gold"/>'
        '<rect x="20" y="44" width="8" height="44" fill="gold"/>'
    )
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}" viewBox="10 20 30 20" '
        f'preserveAspectRatio="{fit}">{body}</svg>'
    )
    ours = rasterise(scene_of(text), 2 * size[0]).array
    data = cairosvg.svg2png(text.encode(), scale=2, background_color="white")
    theirs = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert ours.shape == theirs.shape
    off = np.abs(ours.astype(int) - theirs).max(-1)
    # Edge pixels differ by shades, since the canvas's own scale is rounded in other places.
    assert (off > 100).mean() < 0.005, f"{(off > 100).sum()} pixels differ"


@pytest.mark.parametrize(
    ("root", "code", "reason"),
    [
        ('viewBox="0 0 9 9" preserveAspectRatio="xmidYMid"', "canvas", "preserveAspectRatio of <svg> is 'xmidYMid'"),
        ('viewBox="0 0 9 9" preserveAspectRatio="xMidYMid fill"', "canvas", "is 'xMidYMid fill'"),
        ('viewBox="0 0 9 9" preserveAspectRatio=""', "canvas", "is ''"),
        ('viewBox="0 0 9 9" width="50%"', "number", "width of <svg> is '50%', not a number"),
        ('viewBox="0 0 9 9" width="10cm" height="9"', "number", "width of <svg> is '10cm', not a number"),
        ('viewBox="0 0 9 9" width="0" height="9"', "canvas", "<svg> is 0 wide and 9 high"),
        ('viewBox="0 0 9 9" width="-4"', "canvas", "<svg> is -4 wide"),
        ('width="100%" height="9"', "number", "width of <svg> is '100%'"),
        ('viewBox="0 0 64 64" width="1000" height="1"', "canvas", "the canvas is 64000 x 64"),
        ('viewBox="0 0 64 64" width="1000" height="1" preserveAspectRatio="xMidYMid slice"', "canvas", "64 x 0.064"),
        ('viewBox="0 0 9 9" x="left"', "number", "x of <svg> is 'left'"),
        ('viewBox="0 0 9 9" transform="scale(2)"', "attribute", "transform on <svg> is not allowed"),
        ('viewBox="0 0 9 9" style="fill:red;clip-path:url(#a)"', "attribute", "clip-path on <svg> is not allowed"),
    ],
)
def test_viewport_that_is_not_understood_is_refused(root: str, code: str, reason: str) -> None:
    found = rejection(f"<svg {root}/>")
    assert (found.code, reason in found.reason, found.reason.startswith("line 1: ")) == (code, True, True), found
    assert found.hint
