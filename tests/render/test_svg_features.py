"""Every way of writing gives the scene of the plainest way; what can be seen through is that of resvg."""

import io
from pathlib import Path

import cairosvg
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from zoo import drawn_by_resvg, svg

from zerosight.geometry import FlatScene
from zerosight.render import Rejected, rasterise, resolve_svg, scene_to_svg
from zerosight.render.svg.vocabulary import ELEMENTS, PRESENTATION

SIZE = 256


def scene_of(text: str) -> FlatScene:
    scene = resolve_svg(text)
    assert not isinstance(scene, Rejected), scene
    return scene


RED = '<rect x="8" y="16" width="32" height="16" fill="red"/>'
TURNED = '<rect x="8" y="16" width="32" height="16" fill="red" transform="translate(10 4) rotate(30)"/>'
LINE = '<path id="p" d="M4 30H60" fill="none"/>'
SAME: dict[str, tuple[str, str]] = {
    # Lengths.
    "percentages": ('<rect x="12.5%" y="25%" width="50%" height="25%" fill="red"/>', RED),
    "em": ('<rect x=".5em" y="1em" width="2em" height="1em" fill="red"/>', RED),
    "em of a group": ('<g font-size="8"><rect x="1em" y="2em" width="4em" height="2em" fill="red"/></g>', RED),
    "rem": ('<g font-size="8"><rect x=".5rem" y="1rem" width="2rem" height="1rem" fill="red"/></g>', RED),
    "inches and points": ('<rect x="6pt" y="1pc" width=".33333333in" height="12pt" fill="red"/>', RED),
    "millimetres": (
        '<circle cx="1.05833333cm" cy="10.5833333mm" r="5.29166667mm"/>', '<circle cx="40" cy="40" r="20"/>'),
    "upper case units": ('<rect x="8PX" y="16Px" width="32px" height="16" fill="red"/>', RED),
    "percentages of the diagonal": ('<circle cx="32" cy="32" r="25%"/>', '<circle cx="32" cy="32" r="16"/>'),
    "stroke in percent": ('<path d="M0 9h40" stroke="red" stroke-width="6.25%"/>',
                          '<path d="M0 9h40" stroke="red" stroke-width="4"/>'),
    "dashes in em": ('<path d="M0 9h40" stroke="red" stroke-dasharray=".5em 25%"/>',
                     '<path d="M0 9h40" stroke="red" stroke-dasharray="8 16"/>'),
    "percentages of a nested viewBox": (
        '<svg x="4" y="4" width="20" height="20" viewBox="0 0 10 10"><rect width="50%" height="100%"/></svg>',
        '<rect x="4" y="4" width="10" height="20"/>'),
    "radius left to the other": ('<ellipse cx="30" cy="30" rx="auto" ry="9"/>', '<circle cx="30" cy="30" r="9"/>'),
    "corner left to the other": (
        '<rect width="30" height="30" rx="auto" ry="4"/>', '<rect width="30" height="30" rx="4"/>'),
    "points without spaces": ('<polygon points="10-5.5.5,20"/>', '<polygon points="10,-5.5 .5,20"/>'),
    # Colours.
    "rgba": ('<g fill="rgba(255,0,0,1)"><rect x="8" y="16" width="32" height="16"/></g>', RED),
    "hsl": ('<g fill="hsl(0 100% 50%)"><rect x="8" y="16" width="32" height="16"/></g>', RED),
    "hwb": ('<g fill="hwb(0 0% 0%)"><rect x="8" y="16" width="32" height="16"/></g>', RED),
    "hex of eight": ('<g fill="#ff0000FF"><rect x="8" y="16" width="32" height="16"/></g>', RED),
    "hex of four": ('<g fill="#f00f"><rect x="8" y="16" width="32" height="16"/></g>', RED),
    "current colour is that of the painted element": (
        '<g fill="currentColor" color="blue"><rect x="8" y="16" width="32" height="16" color="red"/></g>', RED),
    "fallback": ('<g fill="url(#none) red"><rect x="8" y="16" width="32" height="16"/></g>', RED),
    "fallback of nothing": ('<rect fill="url(#none) none" width="9" height="9"/>', ""),
    # Style sheets.
    "class": ("<style>.a{fill:red}</style>" + RED.replace('fill="red"', 'class="b a"'), RED),
    "id": ("<style>#a{fill:red}</style>" + RED.replace('fill="red"', 'id="a"'), RED),
    "element": ("<style>rect{fill:red}</style>" + RED.replace('fill="red"', ""), RED),
    "descendant": (
        "<style>.g rect{fill:red}</style><g class='g'><g>" + RED.replace('fill="red"', "") + "</g></g>", RED),
    "child": ("<style>g>rect{fill:red}rect{fill:blue}</style><g>" + RED.replace('fill="red"', "") + "</g>", RED),
    "sibling": ("<style>desc+rect,desc~circle{fill:red}</style><desc/>" + RED.replace('fill="red"', ""), RED),
    "nth child": ("<style>rect:nth-child(2n){fill:red}</style>" + RED.replace('fill="red"', ""), RED),
    "attribute": ("<style>[width='32']{fill:red}</style>" + RED.replace('fill="red"', ""), RED),
    "negation": ("<style>rect:not(.a){fill:red}</style>" + RED.replace('fill="red"', ""), RED),
    "specificity": ("<style>.a{fill:red}rect{fill:blue}</style>" + RED.replace('fill="red"', 'class="a"'), RED),
    "order": ("<style>rect{fill:blue}rect{fill:red}</style>" + RED.replace('fill="red"', ""), RED),
    "importance": ("<style>rect{fill:red!important}</style>" + RED.replace('fill="red"', 'style="fill:blue"'), RED),
    "style before sheet": ("<style>rect{fill:blue}</style>" + RED.replace('fill="red"', 'style="fill:red"'), RED),
    "sheet before attribute": ("<style>rect{fill:red}</style>" + RED.replace("red", "blue"), RED),
    "states never hold": ("<style>rect:hover{fill:blue}</style>" + RED, RED),
    "media conditions are not met": ("<style>@media print{rect{fill:blue}}</style>" + RED, RED),
    "geometry in a sheet": ("<style>rect{x:8px;y:16px;width:32px;height:16px;fill:red}</style><rect/>", RED),
    "variables": ("<style>svg{--c:red;--d:var(--c)}rect{fill:var(--d)}</style>" + RED.replace('fill="red"', ""), RED),
    "variable left to its fallback": (RED.replace('fill="red"', 'style="fill:var(--none, red)"'), RED),
    "quotes and comments": (RED.replace('fill="red"', "style=\"/*a;b*/fill:red;font-family:'A;B'\""), RED),
    "properties without effect": (RED.replace("/>", ' style="cursor:pointer;-webkit-x:1;transition:all 1s"/>'), RED),
    "initial": ('<g stroke="blue">' + RED.replace("/>", ' style="stroke:initial"/>') + "</g>", RED),
    # Transforms.
    "transform in a style": (TURNED.replace('transform="translate(10 4) rotate(30)"',
                                            'style="transform:translate(10px, 4px) rotate(30deg)"'), TURNED),
    "transform in turns": (TURNED.replace("rotate(30)", "rotate(.0833333333turn)"), TURNED),
    "transform about its origin": (
        RED.replace("/>", ' style="transform-origin:24px 24px;transform:rotate(90deg)"/>'),
        RED.replace("/>", ' transform="rotate(90 24 24)"/>')),
    "transform about the middle": (RED.replace("/>", ' transform-origin="center" transform="scale(.5)"/>'),
                                   RED.replace("/>", ' transform="translate(16 16) scale(.5)"/>')),
    "transforms of one axis": (RED.replace("/>", ' style="transform:translateX(2px) scaleY(2)"/>'),
                               RED.replace("/>", ' transform="matrix(1 0 0 2 2 0)"/>')),
    # Structure.
    "link": (f'<a href="https://example.com">{RED}</a>', RED),
    "switch": (f"<switch>{RED}<circle r='9'/></switch>", RED),
    "symbol": (f'<symbol id="s" viewBox="0 0 32 32">{RED}</symbol><use href="#s" width="64" height="64"/>',
               '<svg viewBox="0 0 32 32" width="64" height="64">' + RED + "</svg>"),
    "foreign elements": (f'<g xmlns:i="http://i"><i:view><i:x/></i:view>{RED}</g>', RED),
    "foreign attributes": (RED.replace("/>", ' xmlns:i="http://i" i:label="a"/>'), RED),
    "roles and data": (RED.replace("/>", ' role="img" aria-label="a" data-x="1" tabindex="0" lang="en"/>'), RED),
    "unused filter": (f'<filter id="f"><feGaussianBlur stdDeviation="2"/></filter>{RED}', RED),
    "paint order": ('<circle cx="30" cy="30" r="9" fill="red" stroke="blue" stroke-width="6" paint-order="stroke"/>',
                    '<circle cx="30" cy="30" r="9" fill="none" stroke="blue" stroke-width="6"/>'
                    '<circle cx="30" cy="30" r="9" fill="red"/>'),
    "mask of white and black": (
        f'<mask id="m"><rect width="64" height="64" fill="white"/></mask><g mask="url(#m)">{RED}</g>', RED),
    # Text.
    "places of letters": ('<text x="4 20" y="30 40">ab</text>',
                          '<text><tspan x="4" y="30">a</tspan><tspan x="20" y="40">b</tspan></text>'),
    "font shorthand": ('<text y="30" style="font:italic bold 20px/1.5 Arial, sans-serif">ab</text>',
                       '<text y="30" font-size="20" font-weight="bold" font-style="italic">ab</text>'),
    "font size in em": (
        '<g font-size="10"><text y="30" font-size="2em">ab</text></g>', '<text y="30" font-size="20">ab</text>'),
    "font size in percent": ('<g font-size="10"><text y="30" font-size="200%">ab</text></g>',
                             '<text y="30" font-size="20">ab</text>'),
    "no spacing": ('<text y="30" letter-spacing="normal">ab</text>', '<text y="30">ab</text>'),
    "link in text": ('<text y="30">a<a href="#b">b</a></text>', '<text y="30">ab</text>'),
    # Text along a path.
    "along a line": (
        LINE + '<text font-size="9"><textPath href="#p">Wave on</textPath></text>',
        '<text x="4" y="30" font-size="9">Wave on</text>'),
    "along a moved line": (
        LINE.replace("/>", ' transform="translate(2 9)"/>')
        + '<text font-size="9" letter-spacing="1"><textPath href="#p" startOffset="5">Wa ve</textPath></text>',
        '<text x="11" y="39" font-size="9" letter-spacing="1">Wa ve</text>'),
    "about the middle of a line": (
        LINE + '<text font-size="9" text-anchor="middle" fill="red">\n <textPath href="#p" startOffset="50%">on '
        '<tspan fill="blue">it</tspan></textPath>\n</text>',
        '<text x="32" y="30" font-size="9" text-anchor="middle" fill="red">on <tspan fill="blue">it</tspan></text>'),
    "beyond the end of a line": (
        LINE + '<text font-size="9"><textPath href="#p" startOffset="46">nnnnnn</textPath></text>',
        '<text x="50" y="30" font-size="9">nn</text>'),
    "beside a line": (
        LINE + '<text font-size="9" dx="2" dy="-3"><textPath href="#p">off</textPath></text>',
        '<text x="6" y="27" font-size="9">off</text>'),
    "down a line": (
        '<path id="p" d="M20 4V60" stroke="none"/><text font-size="9"><textPath href="#p">down</textPath></text>',
        '<text font-size="9" transform="translate(20 4) rotate(90)">down</text>'),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_ways_of_writing_give_the_scene_of_the_plainest(name: str) -> None:
    written, plain = (scene_of(svg(body)) for body in SAME[name])
    assert len(written.objects) == len(plain.objects)
    for ours, theirs in zip(written.objects, plain.objects, strict=True):
        assert (ours.fill, ours.stroke, ours.text, ours.patches) == (theirs.fill, theirs.stroke, theirs.text, ())
        assert ours.visible.symmetric_difference(theirs.visible).area < 0.02


@pytest.mark.parametrize(
    ("root", "size"),
    [
        ('width="100mm" height="50mm"', (377.953, 188.976)),
        ('width="4in" height="2in"', (384, 192)),
        ('width="50%" height="auto" viewBox="0 0 40 20"', (40, 20)),
        ('width="1200" height="800"', (1200, 800)),
        ('width="100vw" viewBox="0 0 4096 20"', (4096, 20)),
    ],
)
def test_canvas_in_all_units(root: str, size: tuple[float, float]) -> None:
    scene = scene_of(f"<svg {root}/>")
    assert (scene.width, scene.height) == pytest.approx(size, abs=1e-3)


@pytest.mark.parametrize(
    ("style", "colour"),
    [
        ("background: #123456", "#123456"),
        ("background-color: rgb(1 2 3 / 100%)", "#010203"),
        ("background: rgba(0,0,0,.5)", "#808080"),
        ("background: none", "#ffffff"),
    ],
)
def test_background_of_the_drawing(style: str, colour: str) -> None:
    assert scene_of(f'<svg viewBox="0 0 9 9" style="{style}"/>').background == colour
    assert scene_of(f'<svg viewBox="0 0 9 9"><style>svg{{{style}}}</style></svg>').background == colour


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE svg>\n<svg viewBox="0 0 9 9"><circle r="3"/></svg>',
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/a.dtd">'
        '<svg viewBox="0 0 9 9"><circle r="3"/></svg>',
        '\n<?xml version="1.0"?>\n<svg viewBox="0 0 9 9"><circle r="3"/></svg>',
    ],
)
def test_declarations_that_declare_nothing_are_passed_over(text: str) -> None:
    assert len(scene_of(text).objects) == 1


# --- what can be seen through --------------------------------------------------------------------------------

BLENDS = {
    "half of blue over white": '<circle cx="20" cy="20" r="9" fill="blue" opacity=".5"/>',
    "fill opacity": '<circle cx="20" cy="20" r="9" fill="blue" fill-opacity="25%"/>',
    "stroke opacity": '<circle cx="20" cy="20" r="9" fill="red" stroke="blue" stroke-width="6" stroke-opacity=".5"/>',
    "alpha of a colour": '<circle cx="20" cy="20" r="9" fill="rgba(0,0,255,.5)"/>',
    "opacities multiply": '<g opacity=".5"><circle cx="20" cy="20" r="9" fill="#00f" fill-opacity=".5"/></g>',
    "over another": '<rect width="30" height="30" fill="red"/><circle cx="30" cy="20" r="9" fill="#00f8"/>',
    "over a background": '<rect width="64" height="64" fill="#333"/><circle cx="30" cy="20" r="9" fill="#fff8"/>',
    "three over each other": '<g fill-opacity=".5"><circle cx="20" cy="24" r="16" fill="red"/>'
    '<circle cx="36" cy="24" r="16" fill="lime"/><circle cx="28" cy="38" r="16" fill="blue"/></g>',
    "group as a whole": '<rect width="40" height="20" fill="#333"/><g opacity=".5"><circle cx="20" cy="20" r="12" '
    'fill="red"/><circle cx="32" cy="20" r="12" fill="blue"/></g>',
    "group in a group": '<g opacity=".7"><rect x="4" y="4" width="30" height="30" fill="red"/><g opacity=".5">'
    '<rect x="20" y="20" width="30" height="30" fill="blue"/><rect x="26" y="26" width="30" height="30"/></g></g>',
    "stroke over its own fill": '<circle cx="30" cy="30" r="16" fill="blue" stroke="blue" stroke-width="8" '
    'fill-opacity=".5" stroke-opacity=".5"/>',
    "covered in part": '<circle cx="30" cy="30" r="16" fill="blue" opacity=".5"/><rect width="30" height="64"/>',
    "over a gradient": '<linearGradient id="g"><stop stop-color="red"/><stop offset="1" stop-color="blue"/>'
    '</linearGradient><rect width="60" height="40" fill="url(#g)"/><circle cx="30" cy="30" r="16" opacity=".4"/>',
    "gradient to nothing": '<radialGradient id="g"><stop stop-color="gold"/><stop offset="1" stop-color="gold" '
    'stop-opacity="0"/></radialGradient><rect width="40" height="64" fill="navy"/><circle cx="32" cy="32" r="28" '
    'fill="url(#g)"/>',
    "gradient over a gradient": '<linearGradient id="a"><stop stop-color="red"/><stop offset="1" stop-color="blue"/>'
    '</linearGradient><linearGradient id="b" x2="0" y2="1"><stop stop-color="lime"/><stop offset="1" '
    'stop-color="black" stop-opacity="0"/></linearGradient><rect width="60" height="40" fill="url(#a)"/>'
    '<rect x="10" y="10" width="40" height="50" fill="url(#b)"/>',
    "translucent text": '<rect width="30" height="64" fill="teal"/><g transform="scale(4)"><path d="M2 2h9v9h-9z" '
    'opacity=".3"/></g>',
    "masked by grey": '<mask id="m" maskUnits="userSpaceOnUse" x="0" y="0" width="64" height="64"><rect width="32" '
    'height="64" fill="white"/><rect x="32" width="32" height="64" fill="#777"/></mask><rect width="64" height="20" '
    'fill="orange"/><circle cx="32" cy="24" r="20" fill="navy" mask="url(#m)"/>',
    "clipped": '<clipPath id="c"><rect width="32" height="64"/></clipPath><circle cx="32" cy="32" r="20" opacity=".5" '
    'clip-path="url(#c)"/><circle cx="20" cy="32" r="10" fill="red" opacity=".5"/>',
}  # fmt: skip


def off_from_resvg(text: str) -> np.ndarray:
    ours = rasterise(scene_of(text), SIZE).array
    return np.abs(ours.astype(int) - drawn_by_resvg(text, SIZE, SIZE)).max(-1)


@pytest.mark.parametrize("name", BLENDS)
def test_blended_picture_agrees_with_resvg(name: str) -> None:
    off = off_from_resvg(svg(BLENDS[name]))
    # Wholly different pixels lie on edges, and few of the others are a step of rounding away.
    assert (off > 40).mean() < 0.002 and (off > 3).mean() < 0.02, ((off > 40).mean(), (off > 3).mean())


@pytest.mark.parametrize("name", BLENDS)
def test_blended_scene_keeps_its_picture_in_json_and_as_canonical_svg(name: str) -> None:
    scene = scene_of(svg(BLENDS[name]))
    again = FlatScene.from_json(scene.to_json())
    assert again == scene and rasterise(again).digest == rasterise(scene).digest
    data = cairosvg.svg2png(scene_to_svg(scene, SIZE).encode())
    assert np.array_equal(rasterise(scene, SIZE).array, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


@pytest.mark.parametrize(
    ("body", "colours"),
    [
        (BLENDS["half of blue over white"], ["#8080ff"]),
        (BLENDS["alpha of a colour"], ["#8080ff"]),
        (BLENDS["over a background"], ["#a0a0a0"]),
        (BLENDS["opacities multiply"], ["#bfbfff"]),
        ('<g opacity=".5"><rect width="20" height="20" fill="red"/><rect width="20" height="20" x="20"/></g>',
         ["#ff8080", "#808080"]),
    ],
)  # fmt: skip
def test_named_colour_is_the_one_that_is_seen(body: str, colours: list[str]) -> None:
    assert [obj.fill for obj in scene_of(svg(body)).objects] == colours


def test_a_thing_of_several_colours_has_none_that_could_be_named() -> None:
    under, over = scene_of(svg(BLENDS["over another"])).objects
    assert under.fill == "#ff0000" and under.visible_share == 1.0
    assert over.fill is None and len(over.patches) == 2
    assert sorted(patch.paints[0] for patch in over.patches) == ["#770088", "#7777ff"]


def test_what_is_nearly_opaque_hides_what_is_below() -> None:
    body = '<circle cx="30" cy="30" r="9"/><rect width="64" height="50" fill="red" opacity="{}"/>'
    assert scene_of(svg(body.format(0.95))).objects[0].visible.is_empty
    assert not scene_of(svg(body.format(0.6))).objects[0].visible.is_empty


circles = st.tuples(
    *(st.integers(0, 64), st.integers(0, 64), st.integers(4, 30)),
    *(st.sampled_from(["red", "lime", "blue", "black", "gold"]), st.sampled_from([".2", ".5", ".8", "1"])),
    st.booleans(),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(circles, min_size=1, max_size=6))
def test_any_heap_of_translucent_circles_agrees_with_resvg(
    drawn: list[tuple[int, int, int, str, str, bool]],
) -> None:
    body = ""
    for x, y, r, colour, opacity, is_group in drawn:
        circle = f'<circle cx="{x}" cy="{y}" r="{r}" fill="{colour}" stroke="navy" stroke-width="3"/>'
        body += f'<g opacity="{opacity}">{circle if is_group else circle * 2}</g>'
    off = off_from_resvg(svg(body))
    # What differs are edges, of which six heaped rings have many.
    assert (off > 60).mean() < 0.02 and (off > 4).mean() < 0.1


# --- the documents -------------------------------------------------------------------------------------------


def test_every_element_and_property_has_its_place_in_the_documents() -> None:
    table = (Path(__file__).parents[2] / "docs" / "svg.md").read_text()
    assert [name for name in (*ELEMENTS, *PRESENTATION) if f"`{name}`" not in table and f"`{name} " not in table] == []
