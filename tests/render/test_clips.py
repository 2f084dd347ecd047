"""Clipping against a second method: masks of single shapes, combined as sets.

cairosvg 2.9.1 departs from SVG 1.1 (14.3.5) in clip-rule, in display and visibility within a clipPath, and in clips of
clips of clips; so it draws the single shapes only.
"""

import io
import re
from collections.abc import Callable

import cairosvg
import numpy as np
import pytest
from PIL import Image
from zoo import svg

from zerosight.geometry import FlatScene
from zerosight.render import Rejected, rasterise, resolve_svg

SIZE = 128
STAR = "M32 4 L50 58 L4 24 H60 L14 58 Z"
SHAPES = {
    "A": 'circle cx="26" cy="26" r="18"',
    "B": 'rect x="20" y="8" width="30" height="34"',
    "C": 'path d="M8 40L60 30V60Z"',
    "S": f'path d="{STAR}"',
}
BY_EVENODD = '<S fill-rule="evenodd"/>'
both, either = np.minimum, np.maximum


def written(text: str) -> str:
    """The text with the letters of `SHAPES` spelt out."""
    return svg(re.sub("<([ABCS])(?=[ /])", lambda letter: "<" + SHAPES[letter[1]], text))


def mask(shape: str, transform: str = "") -> np.ndarray:
    """How much of each pixel a shape covers, 0 to 255, drawn by cairosvg."""
    text = written(f'<g transform="{transform}">{shape}</g>')
    data = cairosvg.svg2png(text.encode(), output_width=SIZE, output_height=SIZE, background_color="white")
    return 255 - np.asarray(Image.open(io.BytesIO(data)).convert("L")).astype(int)


CASES: dict[str, tuple[str, Callable[[], np.ndarray]]] = {
    "use": ('<defs><A id="a"/></defs><clipPath id="c"><use href="#a"/></clipPath>', lambda: mask("<A/>")),
    "use_moved": (
        '<defs><A id="a"/></defs><clipPath id="c" transform="translate(3 2)">'
        '<use href="#a" x="5" y="-4" transform="scale(0.8 1.2)"/><C/></clipPath>',
        lambda: either(mask("<A/>", "translate(3 2) scale(0.8 1.2) translate(5 -4)"), mask("<C/>", "translate(3 2)")),
    ),
    "child_clip": (
        '<clipPath id="b"><B/></clipPath><clipPath id="c"><A clip-path="url(#b)"/><C/></clipPath>',
        lambda: either(both(mask("<A/>"), mask("<B/>")), mask("<C/>")),
    ),
    "child_clip_moves_with_the_child": (
        '<clipPath id="b"><B/></clipPath>'
        '<clipPath id="c"><A clip-path="url(#b)" transform="translate(4 6)"/></clipPath>',
        lambda: both(mask("<A/>", "translate(4 6)"), mask("<B/>", "translate(4 6)")),
    ),
    "clip_of_the_clip": (
        '<clipPath id="b"><B/></clipPath><clipPath id="c" clip-path="url(#b)"><A/><C/></clipPath>',
        lambda: both(either(mask("<A/>"), mask("<C/>")), mask("<B/>")),
    ),
    "clip_of_a_clip_of_a_clip": (
        '<clipPath id="a"><A/></clipPath><clipPath id="b" clip-path="url(#a)"><B/></clipPath>'
        '<clipPath id="c" clip-path="url(#b)"><C/></clipPath>',
        lambda: both(both(mask("<A/>"), mask("<B/>")), mask("<C/>")),
    ),
    "use_and_its_target_clipped": (
        '<clipPath id="b"><B/></clipPath><clipPath id="d"><C/></clipPath>'
        '<defs><A id="a" clip-path="url(#b)"/></defs>'
        '<clipPath id="c"><use href="#a" y="6" clip-path="url(#d)"/></clipPath>',
        lambda: both(both(*(mask(s, "translate(0 6)") for s in ("<A/>", "<B/>"))), mask("<C/>", "translate(0 6)")),
    ),
    "hidden_children": (
        '<clipPath id="c"><A/><B visibility="hidden"/><C display="none"/></clipPath>',
        lambda: mask("<A/>"),
    ),
    "unpainted_children": (
        '<clipPath id="c"><A opacity="0"/><B fill="none"/></clipPath>',
        lambda: either(mask("<A/>"), mask("<B/>")),
    ),
    "undisplayed_clip": (
        '<g display="none"><clipPath id="c" display="none"><A/></clipPath></g>',
        lambda: mask("<A/>"),
    ),
    "clip_rule": ('<clipPath id="c"><S clip-rule="evenodd"/></clipPath>', lambda: mask(BY_EVENODD)),
    "clip_rule_from_around": (
        '<g clip-rule="evenodd"><clipPath id="c"><S/></clipPath></g>',
        lambda: mask(BY_EVENODD),
    ),
    "clip_rule_through_use": (
        '<defs><S id="a"/></defs><clipPath id="c"><use href="#a" clip-rule="evenodd"/></clipPath>',
        lambda: mask(BY_EVENODD),
    ),
    "fill_rule_does_not_matter": ('<clipPath id="c"><S fill-rule="evenodd"/></clipPath>', lambda: mask("<S/>")),
}


@pytest.mark.parametrize("name", CASES)
def test_clipped_picture_is_that_of_combined_masks(name: str) -> None:
    clips, expected = CASES[name]
    scene = resolve_svg(written(f'{clips}<g clip-path="url(#c)"><rect width="64" height="64"/></g>'))
    assert isinstance(scene, FlatScene), scene
    theirs = expected()
    assert 0.02 < (theirs > 128).mean() < 0.9
    off = np.abs(255 - rasterise(scene, SIZE).array[..., 0].astype(int) - theirs)
    assert (off > 100).mean() < 0.002, f"{(off > 100).sum()} pixels differ"


@pytest.mark.parametrize(
    ("clips", "code", "reason"),
    [
        ('<clipPath id="c"><use href="#g"/></clipPath>', "reference", "<use> in a <clipPath> points to a <g>"),
        ('<clipPath id="c"><g/></clipPath>', "element", "<g> is not allowed here"),
        ('<clipPath id="c"><svg/></clipPath>', "element", "<svg> is not allowed here"),
        ('<clipPath id="c"><use href="#u"/></clipPath>', "reference", "points to a <use>"),
        ('<clipPath id="c"><use href="#x"/></clipPath>', "reference", "there is no id 'x'"),
        ('<clipPath id="c"><circle clip-path="url(#x)"/></clipPath>', "reference", "there is no clipPath 'x'"),
        ('<clipPath id="c" clipPathUnits="strokeWidth"/>', "attribute", "clipPathUnits is 'strokeWidth'"),
        (
            '<clipPath id="a"/><clipPath id="c" clip-path="url(#a)" transform="scale(2)"/>',
            "reference",
            "both transform and clip-path",
        ),
    ],
)
def test_clip_that_is_not_understood_is_refused(clips: str, code: str, reason: str) -> None:
    found = resolve_svg(
        svg(f'<defs><g id="g"/><use id="u" href="#g"/></defs>\n{clips}<circle r="9" clip-path="url(#c)"/>')
    )
    assert isinstance(found, Rejected), found
    assert (found.code, reason in found.reason, found.reason.startswith("line 2: ")) == (code, True, True), found
    assert found.hint
