"""One hostile text per test: each is refused with words that say what and where, and none is slow or raises."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoo import ZOO, svg

from zerosight.geometry import FlatScene
from zerosight.render import Rejected, RenderedSvg, RenderPool, SvgLimits, resolve_svg

CLOSING = "</g>"
NESTED_USE = "".join(f'<g id="a{i}">' + f'<use href="#a{i - 1}"/>' * 8 + "</g>" for i in range(1, 8))
ZIGZAG = "".join(f"L{(37 * i * i) % 64} {(23 * i * i + 5 * i) % 64}" for i in range(2500))[:18_000].rpartition("L")[0]

EFFECTS = (
    "leave it out; a shadow is the same shape once more before it, moved, with fill='#000' opacity='0.3', and a glow"
    " a larger one"
)

ATTACKS = {
    "entity bomb": (
        '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><svg viewBox="0 0 9 9"><desc>&b;</desc></svg>',
        "doctype",
        "line 1: a document type",
    ),
    "external entity": (
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg viewBox="0 0 9 9"><desc>&x;</desc></svg>',
        "doctype",
        "document type",
    ),
    "parameter entity": (
        '<!DOCTYPE svg [<!ENTITY % p SYSTEM "http://127.0.0.1/x.dtd"> %p;]><svg viewBox="0 0 9 9"/>',
        "doctype",
        "document type",
    ),
    "undefined entity": (svg("<desc>&nbsp;</desc>"), "xml", "undefined entity"),
    "stylesheet instruction": (
        '<?xml-stylesheet href="http://127.0.0.1/x.css"?><svg viewBox="0 0 9 9"/>',
        "instruction",
        "<?xml-stylesheet?> is not allowed",
    ),
    "file reference": (svg('<use href="file:///etc/passwd#x"/>'), "reference", "file:///etc/passwd"),
    "http reference": (svg('<use href="http://127.0.0.1/a.svg#x"/>'), "reference", "<use> points to"),
    "image": (svg('\n\n<image href="file:///etc/passwd"/>'), "element", "line 3: element <image> is not allowed"),
    "script": (svg("<script>alert(1)</script>"), "element", "<script>"),
    "style sheet": (svg("<style>@import url(http://127.0.0.1/)</style>"), "reference", "@import in a style sheet"),
    "style sheet that animates": (
        svg("<style>@keyframes a { to { fill: red } }</style>"),
        "style",
        "@keyframes in a style sheet is not allowed",
    ),
    "animation in a style": (svg('<circle r="3" style="animation: a 1s"/>'), "style", "style has 'animation:a 1s'"),
    "style sheet of too many rules": (
        svg("<style>" + "".join(f".a .b{i}{{fill:red}}" for i in range(4000)) + "</style>" + "<g/>" * 500),
        "size",
        "the style sheets have too many rules",
    ),
    "rules of too many elements": (
        svg("<style>" + "".join(f".a .b{i}{{fill:red}}" for i in range(1000)) + "</style>" + "<g/>" * 500),
        "size",
        "too many rules for so many elements",
    ),
    "selector that goes back": (svg("<style>" + "g " * 40 + "{fill:red}</style>"), "style", "is too long"),
    "variables that double": (
        svg(
            "<style>*{--b0:xx;"
            + "".join(f"--b{i}:var(--b{i - 1})var(--b{i - 1});" for i in range(1, 40))
            + "fill:var(--b39)}</style><g/>"
        ),
        "colour",
        "which is not a colour",
    ),
    "style sheet of a long number": (svg(f"<style>a{{x:{'1' * 9000}}}</style>"), "style", "a number that is too long"),
    "foreign object": (svg("<foreignObject><p/></foreignObject>"), "element", "<foreignObject>"),
    "animation": (svg('<circle r="3"><animate attributeName="r" to="9"/></circle>'), "element", "<animate>"),
    "filter": (svg('<circle r="3" filter="url(#f)"/>'), "attribute", "filter is 'url(#f)', which is not drawn"),
    "pattern of itself": (
        svg(
            '<pattern id="p" width="1" height="1"><circle r="3" fill="url(#p)"/></pattern>'
            '<circle r="3" fill="url(#p)"/>'
        ),
        "cycle",
        "a pattern is filled with itself",
    ),
    "pattern of nearly no size": (
        svg('<pattern id="p" width="1e-9" height="1e-9"><circle r="3"/></pattern><circle r="3" fill="url(#p)"/>'),
        "size",
        "more than 2000 tiles",
    ),
    "patterns of each other": (
        svg('<pattern id="p" href="#q"/><pattern id="q" href="#p"/><circle r="3" fill="url(#p)"/>'),
        "cycle",
        "a pattern refers to itself",
    ),
    "mask of itself": (
        svg('<mask id="m"><circle r="3" mask="url(#m)"/></mask><circle r="3" mask="url(#m)"/>'),
        "cycle",
        "mask 'm' masks itself",
    ),
    "deep masks": (
        svg(
            "".join(f'<mask id="m{i}"><rect width="9" height="9" mask="url(#m{i - 1})"/></mask>' for i in range(30))
            + '<mask id="m-1"/><circle r="9" mask="url(#m29)"/>'
        ),
        "depth",
        "nested deeper than 24",
    ),
    "mask of elsewhere": (svg('<circle r="3" mask="url(http://127.0.0.1/#a)"/>'), "reference", "mask is 'url(http"),
    "symbol of itself": (
        svg('<symbol id="s"><use href="#s"/></symbol><use href="#s"/>'),
        "cycle",
        "#s copies itself",
    ),
    "entity of an outer document type": (
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://127.0.0.1/a.dtd">' + svg("<desc>&secret;</desc>"),
        "xml",
        "undefined entity &secret;",
    ),
    "translucent heap": (
        svg(
            '<g opacity=".5">'
            + "".join(
                f'<circle cx="{i * 7 % 64}" cy="{i * 13 % 64}" r="{9 + i % 20}" opacity=".{i % 8 + 1}"/>'
                for i in range(400)
            )
            + "</g>"
        ),
        "size",
        "lie over each other",
    ),
    "link that runs": (svg('<a href="javascript:alert(1)" onclick="alert(1)"/>'), "attribute", "onclick"),
    "text along nothing": (svg("<text><textPath>left</textPath></text>"), "reference", "<textPath> points to ''"),
    "text along a page": (
        svg('<text><textPath href="http://127.0.0.1/#p">a</textPath></text>'),
        "reference",
        "<textPath> points to 'http",
    ),
    "text along itself": (
        svg('<text id="t"><textPath href="#t">a</textPath></text>'),
        "element",
        "<text> is not allowed here",
    ),
    "flood along a path": (
        svg(f'<path id="p" d="M0 9h9e4"/><text><textPath href="#p">{"a" * 3000}</textPath></text>'),
        "size",
        "letters of all text have more than 30000 points",
    ),
    "text flood": (svg(f"<text>{'a' * 3000}</text>"), "size", "letters of all text have more than 30000 points"),
    "text of another script": (svg("<text>\u0645</text>"), "letter", "ARABIC LETTER MEEM"),
    "huge letters": (svg('<text font-size="1e9">a</text>'), "number", "font-size of <text> is 1e9, too large"),
    "nested text": (svg("<text><tspan><text>a</text></tspan></text>"), "nesting", "<text> in <tspan>"),
    "hidden shape": (svg('<circle r="9"><rect width="3" height="3"/></circle>'), "nesting", "<rect> in <circle>"),
    "script as data": (svg("<![CDATA[<script/>]]>"), "text", "draws nothing"),
    "null byte": (svg('<circle r="9"/>\0'), "xml", "not well-formed"),
    "lone surrogate": (svg("<desc>\ud800</desc>\ud800"), "text", "draws nothing"),
    "data reference": (svg('<use href="data:image/svg+xml,abc"/>'), "reference", "<use> points to"),
    "attribute flood": (
        svg("<circle " + " ".join(f'a{i}="1"' for i in range(2000)) + "/>"),
        "attribute",
        "<circle> has no attribute a0",
    ),
    "loose text": (svg("left"), "text", "draws nothing"),
    "event handler": (svg('<circle r="3" onclick="alert(1)"/>'), "attribute", "onclick"),
    "style url": (svg('<circle r="3" style="fill:url(http://127.0.0.1/)"/>'), "paint", "url(http"),
    "style import": (svg('<circle r="3" style="@import 1"/>'), "style", "@import"),
    "external clip": (svg('<circle r="3" clip-path="url(http://127.0.0.1/#a)"/>'), "reference", "clip-path"),
    "gradient of nothing": (svg('<circle r="3" fill="url(#g)"/>'), "reference", "there is no gradient 'g'"),
    "external gradient": (svg('<circle r="3" fill="url(http://127.0.0.1/#g)"/>'), "paint", "no id of this drawing"),
    "gradient cycle": (
        svg('<linearGradient id="a" href="#b"/><linearGradient id="b" href="#a"/><circle r="3" fill="url(#a)"/>'),
        "cycle",
        "gradient 'a' refers to itself",
    ),
    "gradient of elsewhere": (
        svg('<linearGradient id="a" href="file:///etc/passwd#b"/><circle r="3" fill="url(#a)"/>'),
        "reference",
        "file:///etc/passwd",
    ),
    "marker cycle": (
        svg('<marker id="m"><path d="M0 0h2" marker-end="url(#m)"/></marker><path d="M0 0h9" marker-end="url(#m)"/>'),
        "cycle",
        "in a <marker> has a marker",
    ),
    "marker explosion": (
        svg('<marker id="m"><circle r="1"/></marker><path d="M0 0' + "h1v1" * 800 + '" marker-mid="url(#m)"/>'),
        "size",
        "more than 40000 points",
    ),
    "marker of nothing": (svg('<path d="M0 0h9" marker-end="url(#m)"/>'), "reference", "there is no marker 'm'"),
    "huge viewBox": (svg("", "0 0 1e5 1e5"), "canvas", "100000 x 100000"),
    "empty viewBox": (svg("", "0 0 0 9"), "canvas", "the canvas is 0 x 9"),
    "negative viewBox": (svg("", "0 0 -5 9"), "canvas", "the canvas is -5 x 9"),
    "no canvas": ("<svg/>", "attribute", "<svg> needs width"),
    "use explosion": (
        svg(f'<defs><g id="a0"><circle r="1"/></g>{NESTED_USE}</defs><use href="#a7"/>'),
        "size",
        "more than 40000 points",
    ),
    "wide use": (
        svg('<defs><g id="a">' + '<circle r="1"/>' * 60 + "</g></defs>" + '<use href="#a"/>' * 60),
        "size",
        "line 1",
    ),
    "use cycle": (svg('<g id="a"><use href="#a"/></g>'), "cycle", "#a copies itself"),
    "use cycle of two": (svg('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'), "cycle", "copies itself"),
    "clip cycle": (
        svg('<clipPath id="c"><circle r="9" clip-path="url(#c)"/></clipPath><circle r="9" clip-path="url(#c)"/>'),
        "cycle",
        "clipPath 'c' clips itself",
    ),
    "clip cycle of two": (
        svg(
            '<clipPath id="c" clip-path="url(#d)"/><clipPath id="d"><use href="#s"/></clipPath>'
            '<circle id="s" r="9" clip-path="url(#c)"/>'
        ),
        "cycle",
        "clips itself",
    ),
    "clip explosion": (
        svg(
            "".join(
                f'<clipPath id="c{i}">' + f'<circle r="9" clip-path="url(#c{i - 1})"/>' * 12 + "</clipPath>"
                for i in range(1, 5)
            )
            + '<clipPath id="c0"><circle r="9"/></clipPath><circle r="9" clip-path="url(#c4)"/>'
        ),
        "size",
        "40000 points",
    ),
    "deep clips": (
        svg(
            "".join(
                f'<clipPath id="c{i}" clip-path="url(#c{i - 1})"><rect width="9" height="9"/></clipPath>'
                for i in range(30)
            )
            + '<clipPath id="c-1"/><circle r="9" clip-path="url(#c29)"/>'
        ),
        "depth",
        "nested deeper than 24, <use> and clip-path included",
    ),
    "deep nesting": (svg("<g>" * 900 + CLOSING * 900), "depth", "nested deeper than 24"),
    "not a number": (svg('<circle r="NaN"/>'), "number", "r of <circle> is 'NaN'"),
    "infinite": (svg('<circle r="inf"/>'), "number", "'inf'"),
    "overflow": (svg('<circle r="1e999"/>'), "number", "too large"),
    "negative radius": (svg('<circle r="-3"/>'), "number", "negative"),
    "overflow by nesting": (
        svg('<g transform="scale(9e4)">' * 9 + '<circle r="9"/>' + CLOSING * 9),
        "number",
        "too far out or too large",
    ),
    "steep skew": (svg('<circle r="3" transform="skewX(90)"/>'), "number", "transform is too large"),
    "ten megabytes": ("<svg>" + " " * 10_000_000 + "</svg>", "size", "10000011 bytes"),
    "million points": (svg('<path d="M0 0' + "h1" * 1_000_000 + '"/>'), "size", "bytes"),
    "many points": (svg('<path d="M0 0' + "h1v1" * 22_000 + '"/>'), "size", "more than 40000 points"),
    "many crossings": (svg(f'<path d="M0 0{ZIGZAG}Z"/>'), "size", "cross more than 500 times"),
    "many stroke crossings": (svg(f'<path d="M0 0{ZIGZAG}" fill="none" stroke="red"/>'), "size", "cross more than 500"),
    "many elements": (svg("<g/>" * 5000), "size", "more than 4000 elements"),
    "many dashes": (svg('<path d="M0 0H64" stroke="red" stroke-dasharray=".05 .05"/>'), "size", "more than 500 dashes"),
    "endless dashes": (
        svg('<path d="M0 0H64" stroke="red" stroke-dasharray="1e-310 0"/>'),
        "size",
        "more than 500 dashes",
    ),
    "dashed shapes": (
        svg('<g stroke="red" stroke-dasharray="1">' + '<circle r="20"/>' * 20 + "</g>"),
        "size",
        "more than 500 dashes in all",
    ),
    "heaped dashes": (
        svg('<circle r="20" stroke-width="60" stroke="red" stroke-dasharray="0.01 0.3"/>'),
        "size",
        "the dashes lie on one another",
    ),
    "mismatched tag": ('<svg viewBox="0 0 9 9"><g></svg>', "xml", "line 1, column 29: mismatched tag"),
    "unclosed": ('<svg viewBox="0 0 9 9">', "xml", "line 1, column 24"),
    "two roots": (svg("") * 2, "xml", "junk after document element"),
    "another root": ("<g/>", "root", "outermost element is <g>"),
    "deep viewports": (svg("<svg>" * 30 + "</svg>" * 30), "depth", "nested deeper than 24"),
    "many viewports": (svg("<svg><g/></svg>" * 2500), "size", "more than 4000 elements"),
    "viewport of nearly nothing": (
        svg('<svg viewBox="0 0 1e-9 1e-9"><circle r="9"/></svg>'),
        "number",
        "the viewBox is enlarged or moved too far",
    ),
    "viewport of nearly no width": (
        '<svg width="9" height="9" viewBox="0 0 1e-300 9" preserveAspectRatio="none"/>',
        "number",
        "the viewBox is enlarged or moved too far",
    ),
    "copied drawing": (
        '<svg id="a" viewBox="0 0 9 9"><use href="#a"/></svg>',
        "reference",
        "cannot copy the whole drawing",
    ),
    "prose": ("Here is a drawing of two circles.", "xml", "line 1"),
    "nothing": (" \n", "empty", "empty"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_refused_quickly_and_in_words(name: str) -> None:
    text, code, words = ATTACKS[name]
    begun = time.process_time()
    outcome = resolve_svg(text)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, words in outcome.reason) == (code, True), outcome
    assert len(outcome.reason) < 200
    assert time.process_time() - begun < 2.0


@pytest.mark.sandbox
def test_a_worker_draws_rightly_after_every_attack() -> None:
    good = svg('<circle cx="20" cy="30" r="9" fill="red"/>')
    expected = resolve_svg(good)
    texts = [text for attack in ATTACKS.values() for text in (attack[0], good)]
    with RenderPool() as pool:
        pool.render([good])
        pids, outcomes = pool.pids, pool.render(texts)
        assert pool.pids == pids
    assert all(isinstance(outcome, Rejected) for outcome in outcomes[::2])
    assert all(isinstance(outcome, RenderedSvg) and outcome.scene == expected for outcome in outcomes[1::2])


ZIGZAG_OF_STROKES = "".join(f"L{i * 0.045:.2f} {4 + 56 * (i % 2)}" for i in range(1400))
STRESS = {
    **{f"zigzag, {w} wide": f'<path d="M0 0{ZIGZAG_OF_STROKES}" stroke-width="{w}"/>' for w in (1, 9, 60)},
    "rings": '<circle cx="32" cy="32" r="20" stroke-width="30"/>' * 100,
    "heaped discs": '<circle cx="32" cy="32" r="20" fill="red"/>' * 190,
    "dashes": '<path d="M0 32h64" stroke-dasharray=".2 .3"/>' * 3,
    "letters": "<text y='20' fill='red'>" + "8B@" * 90 + "</text>",
    "clipped letters": '<clipPath id="c"><text>' + "8B@" * 30 + '</text></clipPath><g clip-path="url(#c)">'
    + '<rect width="64" height="64"/>' * 20 + "</g>",
}  # fmt: skip


@pytest.mark.parametrize("name", STRESS)
def test_no_document_takes_long(name: str) -> None:
    begun = time.process_time()
    resolve_svg(svg(f'<g fill="none" stroke="red">{STRESS[name]}</g>'))
    assert time.process_time() - begun < 2.0


@pytest.mark.parametrize(
    "text",
    [
        f'<?xml version="1.0" encoding="{encoding}"?>' + svg('<circle r="9"/>')
        for encoding in ("foo", "utf-16", "shift_jis", "latin-1")
    ],
)
def test_declared_encoding_is_ignored_because_the_text_is_already_text(text: str) -> None:
    assert isinstance(resolve_svg(text), FlatScene)


@pytest.mark.parametrize(
    "arc", ["1e-5 1e5 0 0 1 9 9", "1e-300 1e-300 0 0 1 9 9", "5 5 0 0 1 0 1e-300", "0 9 0 1 0 9 9"]
)
def test_extreme_arcs_never_raise(arc: str) -> None:
    assert isinstance(resolve_svg(svg(f'<path d="M0 0A{arc}L0 9z"/>')), FlatScene | Rejected)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (svg("<cirle/>"), "did you mean 'circle'?"),
        (svg('<circle radius="3"/>'), "write r"),
        (svg('<circle stroke-colour="red"/>'), "write stroke"),
        (svg('<circle rotl="red"/>'), "remove it"),
        (svg('<rect widht="3"/>'), "did you mean 'width'?"),
        (
            '<svg viewBox="0 0 9 9"><use xlink:href="#a"/></svg>',
            "write href instead of xlink:href, and no other prefixes",
        ),
        ("<svg/>", 'write viewBox="0 0 64 64"'),
    ],
)
def test_hint_says_how_to_mend_it(text: str, hint: str) -> None:
    outcome = resolve_svg(text)
    assert isinstance(outcome, Rejected)
    assert outcome.hint == hint


@pytest.mark.parametrize(
    ("body", "reason", "hint"),
    [
        ("<image/>", "element <image> is not allowed", "draw with shapes"),
        ("<foreignObject/>", "element <foreignObject> is not allowed", "write <text> and shapes"),
        ("<animate/>", "element <animate> is not allowed", "draw the still picture"),
        ('<path stroke="url(#a)"/>', "there is no gradient 'a'", "define a <linearGradient> with that id"),
        ('<path d="M0 0h9v9" fill="rgba(1,2,3)%"/>', "fill is 'rgba(1,2,3)%'", 'use a CSS name or "#rrggbb"'),
        ('<path fill="oklch(0.5 0.1 20)"/>', "fill is 'oklch(0.5 0.1 20)'", 'use a CSS name or "#rrggbb"'),
        ('<path mask="url(#a)"/>', "there is no mask 'a'", "define it in <defs>"),
        ('<path style="filter:url(#a)"/>', "filter is 'url(#a)', which is not drawn", EFFECTS),
        ('<path style="mix-blend-mode:multiply"/>', "mix-blend-mode is 'multiply'", "write the mixed colour itself"),
        ('<rect width="50a"/>', "width of <rect> is '50a', not a number", "write a plain number"),
        ('<rect width="-5"/>', "width of <rect> is negative", "write 0 or more"),
        ('<path stroke-width="-1"/>', "stroke-width is negative", "write 0 or more"),
        ('<path vector-effect="non-scaling-stroke"/>', "vector-effect is", "write the stroke-width that is to be seen"),
        ('<path d="M0 0h9" roll="x"/>', "<path> has no attribute roll", "remove it"),
        ('<path onload="x()"/>', "<path> has no attribute onload", "draw without scripts"),
    ],
)
def test_unsupported_feature_is_named_with_its_line_and_a_way_out(body: str, reason: str, hint: str) -> None:
    outcome = resolve_svg(svg(f'<circle r="9"/>\n{body}'))
    assert isinstance(outcome, Rejected)
    assert outcome.reason.startswith("line 2: ") and reason in outcome.reason, outcome
    assert outcome.hint == hint


def test_rejection_round_trips() -> None:
    outcome = resolve_svg("<g/>")
    assert isinstance(outcome, Rejected)
    assert Rejected.from_dict(outcome.to_dict()) == outcome


def test_limits_are_settings() -> None:
    assert isinstance(resolve_svg(ZOO["shapes"], SvgLimits(max_elements=3)), Rejected)


@given(st.text(max_size=200))
def test_garbage_never_raises(text: str) -> None:
    assert isinstance(resolve_svg(text), Rejected)


cuts = st.tuples(st.integers(0, 700), st.integers(0, 6), st.text('<>"/ =0159-.eMLCAZzhv#urlg()\0', max_size=4))


@given(st.sampled_from(sorted(ZOO)), st.lists(cuts, max_size=4))
def test_damaged_documents_never_raise(name: str, damage: list[tuple[int, int, str]]) -> None:
    text = ZOO[name]
    for place, cut, inserted in damage:
        at = place % len(text)
        text = text[:at] + inserted + text[at + cut :]
    outcome = resolve_svg(text)
    assert isinstance(outcome, FlatScene | Rejected)
    if isinstance(outcome, FlatScene):
        assert FlatScene.from_json(outcome.to_json()) == outcome


@given(st.text("MmLlHhVvCcSsQqTtAaZz0123456789.-+e, ", max_size=60))
def test_path_garbage_never_raises(data: str) -> None:
    assert isinstance(resolve_svg(svg(f'<path d="M1 1{data}" stroke="red"/>')), FlatScene | Rejected)
