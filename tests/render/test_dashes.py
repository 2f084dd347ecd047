"""Dashes against cairosvg, and against sums: what a pattern leaves of a line is counted."""

import io
import math

import cairosvg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from zoo import svg

from zerosight.geometry import FlatScene
from zerosight.render import Rejected, rasterise, resolve_svg

SIZE = 256
CAPS = ("butt", "round", "square")


def lined(body: str) -> str:
    return svg(f'<g fill="none" stroke="black" stroke-width="4">{body}</g>')


def scene_of(text: str) -> FlatScene:
    scene = resolve_svg(text)
    assert not isinstance(scene, Rejected), scene
    return scene


DASHED = {
    "line": '<path d="M4 10L60 20" stroke-dasharray="9 6"/>',
    "odd": '<path d="M4 10L60 20L30 60" stroke-dasharray="9" stroke-dashoffset="5"/>',
    "negative_offset": '<path d="M4 10L60 20L30 60" stroke-dasharray="9, 5,3" stroke-dashoffset="-7.5"/>',
    "far_offset": '<path d="M4 10L60 20L30 60" stroke-dasharray="9 5" stroke-dashoffset="1000"/>',
    "dots": '<path d="M4 10L60 20L30 60" stroke-dasharray="0 8"/>',
    "rect": '<rect x="10" y="10" width="40" height="33" stroke-dasharray="11 7" stroke-dashoffset="4"/>',
    "circle": '<circle cx="30" cy="30" r="20" stroke-dasharray="11 9"/>',
    "longer_than_all": '<rect x="9" y="9" width="40" height="33" stroke-dasharray="200 7" stroke-dashoffset="9"/>',
    "round_the_end": '<path d="M10 40L30 10L50 40Z" stroke-dasharray="30 12" stroke-dashoffset="20"/>',
    "no_length": '<path d="M4 10L60 20" stroke-dasharray="0 0"/>',
    "none": '<path d="M4 10L60 20" stroke-dasharray="none"/>',
    "inherited": '<g stroke-dasharray="7px 5px" stroke-dashoffset="2px"><path d="M4 10L60 20"/></g>',
    "declared": '<path d="M4 10L60 20" style="stroke-dasharray:7,5;stroke-dashoffset:2"/>',
    "subpaths": '<path d="M4 10H60M4 20V60M20 20h30v30z" stroke-dasharray="12 7" stroke-linejoin="round"/>',
    "stretched": '<ellipse cx="30" cy="12" rx="20" ry="8" transform="scale(1 2)" stroke-dasharray="11 9"/>',
    "curve": '<path d="M4 30C4 4 28 4 28 30S52 56 56 40" stroke-dasharray="11 9"/>',
}


@pytest.mark.parametrize("cap", CAPS)
@pytest.mark.parametrize("name", DASHED)
def test_dashed_picture_agrees_with_cairosvg(name: str, cap: str) -> None:
    text = lined(f'<g stroke-linecap="{cap}">{DASHED[name]}</g>')
    ours = rasterise(scene_of(text), SIZE).array
    data = cairosvg.svg2png(text.encode(), output_width=SIZE, output_height=SIZE, background_color="white")
    off = np.abs(ours.astype(int) - np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))).max(-1)
    # Caps of dashes are short edges, more of them than round a shape.
    assert (off > 100).mean() < 0.001, f"{(off > 100).sum()} pixels differ"


@pytest.mark.parametrize("cap", CAPS)
def test_rounded_rectangle_is_dashed_from_the_left_end_of_its_upper_side(cap: str) -> None:
    # Against its own path in arcs (9.2): cairosvg bends the corners of a rounded <rect> unevenly.
    drawn = '<rect x="10" y="10" width="40" height="33" rx="9" ry="6"'
    arcs = '<path d="M19 10H41A9 6 0 0 1 50 16V37A9 6 0 0 1 41 43H19A9 6 0 0 1 10 37V16A9 6 0 0 1 19 10Z"'
    rest = f'stroke-dasharray="11 7" stroke-linecap="{cap}"/>'
    ours, theirs = (rasterise(scene_of(lined(f"{begun} {rest}")), SIZE).array.astype(int) for begun in (drawn, arcs))
    assert (np.abs(ours - theirs).max(-1) > 100).mean() < 0.0005


patterns = st.lists(st.integers(1, 40).map(lambda n: n / 4), min_size=1, max_size=5)


@given(patterns, st.integers(-200, 200).map(lambda n: n / 4), st.integers(4, 60))
def test_dashes_of_a_line_are_those_counted_in_quarters(pattern: list[float], offset: float, length: int) -> None:
    listed = " ".join(map(str, pattern))
    scene = scene_of(lined(f'<path d="M0 30h{length}" stroke-dasharray="{listed}" stroke-dashoffset="{offset}"/>'))
    places = np.cumsum(pattern * 2)
    middles = (np.arange(4 * length) + 0.5) / 4
    turn = np.searchsorted(places, np.mod(middles + offset, places[-1]), side="right")
    drawn = int((turn % 2 == 0).sum())
    found = sum(obj.area for obj in scene.objects)
    # Parts too small to be told from rounding are dropped; none is that small here.
    assert found == pytest.approx(drawn / 4 * 4, abs=1e-6)


@given(st.integers(0, 400).map(lambda n: n / 10))
def test_dashes_of_a_ring_cover_their_share_wherever_they_begin(offset: float) -> None:
    # 64 pieces of a circle, so that four periods go round it whatever the offset.
    length = 64 * 2 * 20 * math.sin(math.pi / 64)
    body = f'<circle cx="32" cy="32" r="20" stroke-dasharray="{length / 8}" stroke-dashoffset="{offset}"/>'
    (ring,) = scene_of(lined(body)).objects
    assert ring.area == pytest.approx(length / 2 * 4, rel=0.01)
    assert len(ring.outline.geoms) == 4  # type: ignore[union-attr]


def test_dots_between_dashes_are_drawn() -> None:
    # cairo skips dashes without length that follow others; SVG 1.1 (11.4) gives them their caps.
    found = scene_of(lined('<path d="M4 30H58" stroke-dasharray="12 7 0 7" stroke-linecap="square"/>'))
    left, right = '<rect x="2" y="28" width="16" height="4"/>', '<rect x="28" y="28" width="16" height="4"/>'
    dots = '<rect x="21" y="28" width="4" height="4"/><rect x="47" y="28" width="4" height="4"/>'
    last = '<rect x="54" y="28" width="6" height="4"/>'
    assert np.array_equal(
        rasterise(found, SIZE).array, rasterise(scene_of(svg(left + right + dots + last)), SIZE).array
    )


def test_none_takes_inherited_dashes_away() -> None:
    # cairosvg keeps those of the group.
    reset = '<g stroke-dasharray="2"><path d="M4 10L60 20" stroke-dasharray="none"/></g>'
    assert scene_of(lined(reset)) == scene_of(lined('<path d="M4 10L60 20"/>'))


def test_a_dash_without_length_needs_a_cap() -> None:
    body = '<path d="M4 4L60 60" stroke-dasharray="0 80" stroke-linecap="{}"/>'
    assert scene_of(lined(body.format("butt"))).objects == ()
    (disc,) = scene_of(lined(body.format("round"))).objects
    assert (disc.kind, disc.centroid) == ("circle", pytest.approx((4, 4), abs=1e-3))
    (square,) = scene_of(lined(body.format("square"))).objects
    assert (square.kind, square.area) == ("square", pytest.approx(16, abs=0.01))


@pytest.mark.parametrize(
    ("attribute", "code", "reason"),
    [
        ('stroke-dasharray="4 -2"', "style", "stroke-dasharray is '4 -2'"),
        ('stroke-dasharray=""', "style", "stroke-dasharray is ''"),
        ('stroke-dasharray="10 %"', "number", "stroke-dasharray of <path> is '%', not a number"),
        ('stroke-dasharray="1lm"', "number", "is '1lm', not a number"),
        ('stroke-dashoffset="far"', "number", "stroke-dashoffset of <path> is 'far', not a number"),
        ('pathLength="10"', "attribute", "<path> has no attribute pathLength"),
    ],
)
def test_dashes_that_are_not_understood_are_refused(attribute: str, code: str, reason: str) -> None:
    found = resolve_svg(svg(f'\n<path d="M0 0h9" {attribute}/>'))
    assert isinstance(found, Rejected), found
    assert (found.code, reason in found.reason, found.reason.startswith("line 2: ")) == (code, True, True), found
    assert found.hint
