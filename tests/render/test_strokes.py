"""Strokes whose corners or ends GEOS would draw in another way than SVG, against cairosvg."""

import io

import cairosvg
import numpy as np
import pytest
from PIL import Image
from zoo import svg

from zerosight.render import Rejected, rasterise, resolve_svg

SIZE = 256
CAPS = ("butt", "round", "square")
LINES = {
    "corner_past_the_mitre_limit": '<path d="M4 30L50 30L4 34"/>',
    "the_same_closed": '<path d="M4 30L50 30L4 34z"/>',
    "first_corner_past_the_limit": '<path d="M50 30L4 34L4 30z"/>',
    "corner_within_a_wider_limit": '<path d="M14 30L50 30L14 34z" stroke-miterlimit="30"/>',
    "no_mitre_at_all": '<path d="M4 30L50 30L4 50z" stroke-miterlimit="1"/>',
    "star_of_both": '<path d="M32 4L36 28L60 32L36 36L32 60L28 36L4 32L28 28Z"/>',
    "there_and_back": '<path d="M4 30H50H20"/>',
    "cusp": '<path d="M4 30C4 4 28 4 28 30S52 56 52 30L52 60H4Z"/>',
    "ends_that_meet": '<path d="M10 10L50 10L30 50L10 10"/>',
    "ends_that_meet_past_the_limit": '<path d="M4 30L50 34L50 30L4 30"/>',
    "out_and_home": '<path d="M10 10L50 40L10 10"/>',
    "repeated_points": '<path d="M4 30L4 30L50 30L50 30L4 34L4 34"/>',
}


@pytest.mark.parametrize("join", ["miter", "round", "bevel"])
@pytest.mark.parametrize("cap", CAPS)
@pytest.mark.parametrize("name", LINES)
def test_stroke_agrees_with_cairosvg(name: str, cap: str, join: str) -> None:
    style = f'fill="none" stroke="black" stroke-width="4" stroke-linecap="{cap}" stroke-linejoin="{join}"'
    text = svg(f"<g {style}>{LINES[name]}</g>")
    scene = resolve_svg(text)
    assert not isinstance(scene, Rejected), scene
    ours = rasterise(scene, SIZE).array
    data = cairosvg.svg2png(text.encode(), output_width=SIZE, output_height=SIZE, background_color="white")
    off = np.abs(ours.astype(int) - np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))).max(-1)
    assert (off > 100).mean() < 0.0005, f"{(off > 100).sum()} pixels differ"
