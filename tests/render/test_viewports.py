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
        ('viewBox="0 0 9 9" width="50 p"', "number", "width of <svg> is '50 p', not a number"),
        ('viewBox="0 0 9 9" width="10fm" height="9"', "number", "width of <svg> is '10fm', not a number"),
        ('viewBox="0 0 9 9" width="0" height="9"', "canvas", "<svg> is 0 wide and 9 high"),
        ('viewBox="0 0 9 9" width="-4"', "canvas", "<svg> is -4 wide"),
        ('width="100%" height="9"', "attribute", "<svg> needs width, or a viewBox"),
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


# --- nested <svg> ----------------------------------------------------------------------------------------------

BODY = '<rect width="30" height="30" fill="#fa8"/><circle cx="20" cy="10" r="14" fill="blue"/>'
FRAME = 'x="8" y="20" width="25" height="20" viewBox="5 5 20 20"'
WINDOW = f'<svg width="25" height="20">{BODY}</svg>'
INNER = {
    "plain": f'<svg x="10" y="20" width="25" height="20">{BODY}</svg>',
    "box": f"<svg {FRAME}>{BODY}</svg>",
    "slice": f'<svg {FRAME} preserveAspectRatio="xMinYMax slice">{BODY}</svg>',
    "none": f'<svg {FRAME} preserveAspectRatio="none">{BODY}</svg>',
    "visible": f'<svg {FRAME} overflow="visible">{BODY}</svg>',
    "all_open": f'<svg x="10" y="20" viewBox="0 0 30 30">{BODY}</svg>',
    "shares": f'<svg x="10%" y="20%" width="50%" height="50%" viewBox="0 0 30 15">{BODY}</svg>',
    "twice": f'<svg {FRAME}><svg x="9" y="9" width="20" height="9">{BODY}</svg></svg>',
    "turned": f'<g transform="translate(30 10) rotate(30)">{WINDOW}</g>',
    "copied": f'<defs><g id="a">{WINDOW}</g></defs><use href="#a" x="4"/><use href="#a" y="30"/>',
    "clipped": f'<clipPath id="c"><circle cx="9" cy="9" r="15"/></clipPath><g clip-path="url(#c)">{WINDOW}</g>',
    "inherited": '<g fill="green"><svg x="9" width="9" height="9"><rect width="99" height="5"/></svg></g>',
}


@pytest.mark.parametrize("name", INNER)
def test_nested_viewport_agrees_with_cairosvg(name: str) -> None:
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">{INNER[name]}</svg>'
    ours = rasterise(scene_of(text), 128).array
    data = cairosvg.svg2png(text.encode(), output_width=128, output_height=128, background_color="white")
    theirs = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert (ours != 255).any(-1).mean() > 0.01
    off = np.abs(ours.astype(int) - theirs).max(-1)
    assert (off > 100).mean() < 0.002, f"{(off > 100).sum()} pixels differ"


@given(corners, corners, lengths, lengths, corners, corners, lengths, lengths, st.sampled_from(FITS))
def test_nested_fitting_agrees_with_a_formula_of_anchors(
    at_x: int, at_y: int, wide: int, high: int, left: int, top: int, across: int, down: int, fit: str
) -> None:
    align, how = fit.split()
    scene = scene_of(
        f'<svg viewBox="0 0 64 64"><svg x="{at_x}" y="{at_y}" width="{wide}" height="{high}" '
        f'viewBox="{left} {top} {across} {down}" preserveAspectRatio="{fit}">'
        '<rect x="3" y="-4" width="7" height="5"/></svg></svg>'
    )
    words = ("Min", "Min") if align == "none" else (align[1:4], align[5:8])
    stretch = wide / across, high / down
    pick = max if how == "slice" else min
    scales = stretch if align == "none" else (pick(stretch), pick(stretch))
    x = at_x + anchored(words[0], left, across, wide, scales[0])
    y = at_y + anchored(words[1], top, down, high, scales[1])
    ends = (x + 3 * scales[0], y - 4 * scales[1], x + 10 * scales[0], y + scales[1])
    (found,) = scene.objects
    assert found.outline.bounds == pytest.approx(ends, abs=2e-3)
    # Cut to the viewport, and that to the canvas.
    frame = max(0, at_x), max(0, at_y), min(64, at_x + wide), min(64, at_y + high)
    size = [max(0.0, min(b, d) - max(a, c)) for a, b, c, d in zip(ends, ends[2:], frame, frame[2:], strict=False)]
    if max(frame[0] - frame[2], frame[1] - frame[3]) < 0:
        assert found.area == pytest.approx(size[0] * size[1], rel=0.01, abs=0.1)
    else:
        assert found.visible.is_empty


@pytest.mark.parametrize("opening", ['width="0"', 'height="0"', 'viewBox="0 0 0 9"', 'viewBox="0 0 9 0"'])
def test_nested_viewport_without_room_draws_nothing(opening: str) -> None:
    assert scene_of(f'<svg viewBox="0 0 9 9"><svg {opening}><rect width="9" height="9"/></svg></svg>').objects == ()


def test_shapes_that_only_touch_the_frame_do_not_hide_the_rest() -> None:
    # Touching along an edge while overlapping elsewhere gives lines besides areas, which overlays refuse.
    shape = '<path d="M0 0H20V5H10V8H20V20H0Z" fill="red"/><path d="M-5 0H0V20H20V30H-5Z" fill="blue"/>'
    scene = scene_of(f'<svg viewBox="0 0 64 64"><svg width="10" height="24">{shape}</svg><circle r="3"/></svg>')
    assert [obj.bounds for obj in scene.objects] == [(0, 0, 10, 20), (0, 20, 10, 24), (0, 0, 3, 3)]


@pytest.mark.parametrize(
    ("root", "opening", "code", "reason"),
    [
        ("", 'overflow="out"', "attribute", "overflow of <svg> is 'out'"),
        ("", 'width="-3"', "number", "is negative"),
        ("", 'viewBox="0 0 -1 3"', "number", "is negative"),
        ("", 'viewBox="0 0 9"', "canvas", "viewBox has 3 numbers"),
        ("", 'width="3e"', "number", "width of <svg> is '3e', not a number"),
        ("", 'transform="scale(2)"', "attribute", "transform on <svg>"),
        ("", 'clip-path="url(#a)"', "attribute", "clip-path on <svg>"),
        ("", 'preserveAspectRatio="meet"', "canvas", "preserveAspectRatio of <svg> is 'meet'"),
    ],
)
def test_nested_viewport_that_is_not_understood_is_refused(root: str, opening: str, code: str, reason: str) -> None:
    found = rejection(f'<svg viewBox="0 0 9 9" {root}>\n<svg {opening}/></svg>')
    assert (found.code, reason in found.reason, found.reason.startswith("line 2: ")) == (code, True, True), found
    assert found.hint
