"""Parsers of model-written SVG take time linear in the text: measured from 1 kB to 1 MB, on texts made to hurt."""

import time

import pytest
from zoo import svg

from zerosight.geometry import FlatScene
from zerosight.render import Rejected, SvgLimits, resolve_svg

ENDLESS = 10**9
WIDE = SvgLimits(
    **{"max_bytes": ENDLESS, "max_points": ENDLESS, "max_painted": ENDLESS, "max_dashes": ENDLESS},
    # Work for each element, rule and letter stays limited, ten times as wide: none of it is reading.
    **{"max_elements": 40_000, "max_selector_checks": 1_500_000},
)
SIZES = (1_000, 32_000, 1_000_000)
STEEPEST = 100.0
"""How much longer 32 times the text may take: a quadratic parser takes a thousand times as long."""
UNMEASURED_S = 0.05
"""Shorter times are mostly noise."""


TEXTS = {
    # What is repeated stands between bars.
    # Numbers and lengths.
    "digits": '<rect x="|1|x"/>',
    "digits after a dot": '<rect x=".|1|x"/>',
    "exponent": '<rect x="1e|1|x"/>',
    "signs": '<rect x="|-|1"/>',
    "digits of a unit": '<rect x="|1|em em"/>',
    "unit of letters": '<rect x="1|m|"/>',
    "spaces before": '<rect x="| |1"/>',
    "list of points": '<polygon points="|1 |x"/>',
    "list of commas": '<polygon points="|,|x"/>',
    "list of dots": '<polygon points="|.1|x"/>',
    "dashes": '<path d="M0 0" stroke-dasharray="|1 |x"/>',
    "view box": '<svg viewBox="|1 |"/>',
    # Paths.
    "path of digits": '<path d="M|1|"/>',
    "path of dots": '<path d="M|.|"/>',
    "path of flags": '<path d="M0 0a1 1 0 |1|"/>',
    "path of commands": '<path d="M0 0|z|x"/>',
    "path of lines": '<path d="M0 0|h1|x"/>',
    "path of exponents": '<path d="M|1e|"/>',
    "path of spaces": '<path d="M| |x"/>',
    # Colours and paint.
    "colour": '<rect fill="|a|"/>',
    "colour of digits": '<rect fill="rgb(|1|)"/>',
    "colour of brackets": '<rect fill="|rgb(|"/>',
    "reference": '<rect fill="url(#|a|"/>',
    "reference of spaces": '<rect fill="url(| |#a"/>',
    "reference of quotes": '<rect fill="url(|\'|#a)"/>',
    # Transforms.
    "transform": '<g transform="|scale(1) |x"/>',
    "transform of letters": '<g transform="|a|("/>',
    "transform of spaces": '<g transform="scale(1| |x"/>',
    "transform of digits": '<g transform="rotate(|1|degx)"/>',
    "transform of brackets": '<g transform="|scale(|"/>',
    # Styles.
    "style": '<g style="|fill:red;|x"/>',
    "style of semicolons": '<g style="|;|x"/>',
    "style of colons": '<g style="|:|x"/>',
    "style of brackets": '<g style="|a:(|"/>',
    "style of quotes": '<g style="|\'|"/>',
    "style of comments": '<g style="|/*|"/>',
    "style of variables": '<g style="fill:|var(--a|"/>',
    "style of variables that are not there": '<g style="fill:|var(--a)|"/>',
    "sheet of rules": "<style>|a{fill:red}|</style>",
    "sheet of brackets": "<style>|a{|</style>",
    "sheet of selectors": "<style>|.a,|b{fill:red}</style>",
    "sheet of a chain": "<style>|.a |b{fill:red}</style>",
    "sheet of negations": "<style>|:not(|</style>",
    "sheet of digits": "<style>a{x:|1|}</style>",
    "sheet of escapes": "<style>|\\|</style>",
    "font": '<text font="|bold |x">a</text>',
    "view fit": '<svg viewBox="0 0 9 9" preserveAspectRatio="|xMid |"/>',
    # Text and tree.
    "letters": '<text font-size="0">|a |</text>',
    "letters that stay": '<text xml:space="preserve">| |</text>',
    "places of letters": '<text x="|1 |">a</text>',
    "names": "<|a|/>",
    "attributes' names": '<rect |a|="1"/>',
    "properties' names": '<rect style="|a|:1"/>',
    "classes": '<style>.b{fill:red}</style><rect class="|a |"/>',
    "elements": "|<g/>|",
    "references of elements": '|<rect id="a"/>|<use href="#a"/>',
    "white space": "| |",
    "comments": "|<!-- a -->|",
}


def grown(pattern: str, size: int) -> str:
    before, repeated, after = pattern.split("|")
    return svg(before + repeated * (size // len(repeated)) + after)


def seconds(text: str) -> float:
    begun = time.process_time()
    outcome = resolve_svg(text, WIDE)
    spent = time.process_time() - begun
    assert isinstance(outcome, FlatScene | Rejected)
    return spent


@pytest.mark.parametrize("name", TEXTS)
def test_time_grows_with_the_text_and_no_faster(name: str) -> None:
    before = UNMEASURED_S
    for size in SIZES:
        spent = seconds(grown(TEXTS[name], size))
        assert spent < STEEPEST * max(before, UNMEASURED_S), f"{size} bytes took {spent:.2f} s, after {before:.3f} s"
        before = spent
