"""Text: where letters stand, by the font's own measures; what is said of them; what is refused."""

import pytest
from shapely import Polygon
from shapely.affinity import rotate, translate
from zoo import svg

from zerosight.geometry import FlatObject, FlatScene
from zerosight.render import Rejected, SvgLimits, rasterise, resolve_svg
from zerosight.render.glyphs import font

BOLD = font("bold")
PLAIN = font()
WHOLE = "How vexingly quick daft zebras jump! "


def objects(body: str) -> tuple[FlatObject, ...]:
    scene = resolve_svg(svg(body))
    assert not isinstance(scene, Rejected), scene
    return scene.objects


def only(body: str) -> FlatObject:
    (found,) = objects(body)
    return found


def refused(body: str) -> Rejected:
    outcome = resolve_svg(svg(f"\n{body}"))
    assert isinstance(outcome, Rejected), outcome
    return outcome


def test_text_is_one_object_that_says_what_it_shows() -> None:
    found = only('<text x="5" y="30" font-size="10" fill="red">Hi there</text>')
    assert (found.kind, found.kind_margin, found.text, found.fill) == ("text", 1.0, "Hi there", "#ff0000")
    left, top, right, bottom = found.bounds
    assert 5 < left < 6.5 and right < 5 + PLAIN.advance("Hi there", 10)
    assert top == pytest.approx(30 - 0.76 * 10, abs=0.1) and bottom == pytest.approx(30, abs=0.2)


def test_text_round_trips_and_plain_objects_do_not_name_it() -> None:
    scene = resolve_svg(svg('<text y="30">A\u00e9</text><circle r="9"/>'))
    assert isinstance(scene, FlatScene)
    assert FlatScene.from_json(scene.to_json()) == scene
    written, disc = (obj.to_dict() for obj in scene.objects)
    assert written["text"] == "A\u00e9"
    assert "text" not in disc and "gradient" not in disc and "gradient" not in written


def test_letter_covers_its_outline() -> None:
    (loop,) = PLAIN.outline("L", 20.0)
    found = only('<text x="7" y="40" font-size="20">L</text>')
    assert found.outline.symmetric_difference(translate(Polygon(loop), 7, 40)).area < 0.05


def test_letters_with_holes_keep_them() -> None:
    found = only('<text y="40" font-size="30">8</text>')
    assert isinstance(found.outline, Polygon) and len(found.outline.interiors) == 2


@pytest.mark.parametrize(("anchor", "share"), [("start", 0.0), ("middle", 0.5), ("end", 1.0)])
def test_anchor_is_a_point_of_the_advance(anchor: str, share: float) -> None:
    at_zero = only('<text y="30" font-size="9">jolt</text>').outline
    found = only(f'<text x="30" y="30" font-size="9" text-anchor="{anchor}">jolt</text>').outline
    moved = translate(at_zero, 30 - share * PLAIN.advance("jolt", 9))
    assert found.symmetric_difference(moved).area < 0.15


def test_anchor_holds_for_all_spans_of_a_line() -> None:
    wide = PLAIN.advance("ab ", 8) + BOLD.advance("cd", 8)
    first, second = objects('<text x="32" y="30" font-size="8" text-anchor="middle">ab <tspan font-weight="bold" '
                            'fill="red">cd</tspan></text>')  # fmt: skip
    assert (first.text, second.text) == ("ab", "cd")
    start = 32 - wide / 2
    assert first.bounds[0] == pytest.approx(start + min(loop[:, 0].min() for loop in PLAIN.outline("a", 8)), abs=0.01)
    at = start + PLAIN.advance("ab ", 8)
    assert second.bounds[0] == pytest.approx(at + min(loop[:, 0].min() for loop in BOLD.outline("c", 8)), abs=0.01)


@pytest.mark.parametrize(
    ("baseline", "share"),
    [
        ("auto", 0.0),
        ("alphabetic", 0.0),
        ("middle", PLAIN.x_height / 2),
        ("central", (PLAIN.ascent - PLAIN.descent) / 2),
        ("hanging", 0.8 * PLAIN.ascent),
    ],
)
def test_dominant_baseline_lowers_the_letters(baseline: str, share: float) -> None:
    # The foot of an H is its baseline.
    found = only(f'<text y="20" font-size="10" dominant-baseline="{baseline}">H</text>')
    assert found.bounds[3] == pytest.approx(20 + 10 * share, abs=1e-3)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("  a  b  ", "a b"),
        ("a\n   b", "a b"),
        ("a\nb", "ab"),
        ("a\tb", "a b"),
        ("a<!-- c -->b", "ab"),
        ("a <tspan> b</tspan> ", "a b"),
        ("<![CDATA[a<b]]>", "a<b"),
        ("&#x3b1;&amp;&lt;", "α&<"),
        ("a<title>secret</title>b<desc>word</desc>", "ab"),
        ("1<tspan>2</tspan>3", "123"),
    ],
)
def test_white_space_and_spans_of_one_paint_become_one_text(written: str, read: str) -> None:
    assert only(f'<text y="30">{written}</text>').text == read


def test_preserved_space_keeps_its_width() -> None:
    found = only('<text y="30" font-size="10" xml:space="preserve">  H</text>')
    assert found.bounds[0] == pytest.approx(2 * PLAIN.advance(" ", 10) + min(PLAIN.outline("H", 10)[0][:, 0]), abs=1e-3)


def test_moves_begin_at_the_first_letter_of_a_span() -> None:
    first, second, third = objects(
        '<text x="2" y="10" font-size="10">H<tspan dx="5" dy="7"> H</tspan><tspan x="40" y="50">H</tspan></text>'
    )
    assert second.bounds[0] - first.bounds[0] == pytest.approx(PLAIN.advance("H ", 10) + 5, abs=1e-3)
    assert second.bounds[3] == pytest.approx(17, abs=1e-3)
    assert third.bounds[0] - first.bounds[0] == pytest.approx(38, abs=1e-3)
    assert third.bounds[3] == pytest.approx(50, abs=1e-3)


def test_inner_places_go_before_outer_ones() -> None:
    assert only('<text x="2" y="10"><tspan x="20" y="30">H</tspan></text>').bounds[3] == pytest.approx(30)


def test_transforms_turn_the_letters() -> None:
    plain = only('<text y="0" x="20" font-size="9">turn</text>').outline
    turned = only('<text y="0" x="20" font-size="9" transform="rotate(60)">turn</text>').outline
    assert turned.symmetric_difference(rotate(plain, 60, origin=(0, 0))).area < 0.1


@pytest.mark.parametrize("words", ["font-weight='bold'", "font-weight='700'", "style='font-weight:900'"])
def test_weight_chooses_the_bold_face(words: str) -> None:
    width = BOLD.outline("l", 20)[0][:, 0]
    found = only(f"<g {words}><text y='30' font-size='20px' font-family='Comic Sans MS'>l</text></g>")
    assert found.bounds[2] - found.bounds[0] == pytest.approx(width.max() - width.min(), abs=1e-2)


@pytest.mark.parametrize(
    "body",
    [
        "<text> </text>",
        "<text/>",
        '<text fill="none">a</text>',
        '<text visibility="hidden">a</text>',
        '<text opacity="0">a</text>',
        '<text font-size="0">a</text>',
        '<text><tspan display="none">a</tspan></text>',
        "<defs><text>a</text></defs>",
    ],
)
def test_unseen_text_is_no_object(body: str) -> None:
    assert objects(body) == ()


def test_hidden_span_keeps_its_room() -> None:
    first, second = objects('<text y="30">a<tspan visibility="hidden">b</tspan>c</text>')
    assert (first.text, second.text) == ("a", "c")
    assert second.bounds[0] > PLAIN.advance("ab", 16)


def test_text_is_copied_clips_and_is_clipped() -> None:
    first, second = objects('<text id="t" y="20">o</text><use href="#t" x="30"/>')
    assert second.centroid[0] - first.centroid[0] == pytest.approx(30, abs=1e-2)
    plain = only('<text y="60" font-size="60">H</text>')
    cut = only('<clipPath id="c"><text y="60" font-size="60">H</text></clipPath><rect width="64" height="64" '
               'fill="red" stroke="none" clip-path="url(#c)" x="0.9"/>')  # fmt: skip
    assert cut.visible.symmetric_difference(plain.visible.intersection(cut.outline)).area < 0.1


@pytest.mark.parametrize(
    ("body", "reason", "hint"),
    [
        ('<text x="">a</text>', "x of <text> is empty", "write a number"),
        ('<text x="1 b">a</text>', "x of <text> is 'b', not a number", "plain number"),
        ('<text rotate="4">a</text>', "<text> has no attribute rotate", "write one <text> for each part"),
        ('<text textLength="9">a</text>', "no attribute textLength", "write one <text> for each part"),
        ('<text letter-spacing="wide">a</text>', "letter-spacing of <text> is 'wide', not a number", "plain number"),
        ('<text alignment-baseline="middle">a</text>', "alignment-baseline", "write dominant-baseline"),
        ("<text><tref/></text>", "<tref> is not allowed", "write one <text>"),
        ('<text><textPath href="#a">a</textPath></text>', "there is no id 'a'", "define it in <defs>"),
        ('<path id="p"/><text><textPath href="#p">a</textPath></text>', "has 0 parts", "point to a <path>"),
        (
            '<path id="p" d="M0 9h9"/><text>b<textPath href="#p">a</textPath></text>',
            "letters stand beside a <textPath>",
            "a <text> of their own",
        ),
        (
            '<path id="p" d="M0 9h9"/><text><textPath href="#p" side="right">a</textPath></text>',
            "side of <textPath> is 'right'",
            'write side="left"',
        ),
        ('<text fill="url(#g)">a</text>', "there is no gradient 'g'", "define a <linearGradient>"),
        ('<text font-size="2me">a</text>', "font-size of <text> is '2me', not a number", "plain number"),
        ('<text font-size="-2">a</text>', "font-size is negative", "write 0 or more"),
        ('<text font-weight="fat">a</text>', "font-weight is 'fat'", "allowed: normal, bold, bolder"),
        ('<text dominant-baseline="top">a</text>', "dominant-baseline is 'top'", "allowed: auto, alphabetic, baseline"),
        ("<text>漢</text>", "the font has no '漢', U+6F22 CJK UNIFIED IDEOGRAPH-6F22", "Latin or Greek"),
        ("<text>a\u202eb</text>", "the font has no '\\u202e', U+202E RIGHT-TO-LEFT OVERRIDE", "Latin or Greek"),
        ("<text>\U0001f600</text>", "U+1F600 GRINNING FACE", "Latin or Greek"),
        ("<text>e\u0301</text>", "U+0301 COMBINING ACUTE ACCENT", "Latin or Greek"),
        ("<tspan>a</tspan>", "<tspan> in <svg> is not allowed", "write it in <text>"),
        ("<text><circle/></text>", "<circle> in <text> is not allowed", "close <text> before it"),
        ('<text><tspan mask="url(#m)">a</tspan></text>', "mask on <tspan>", "write mask on the <text>"),
        ('<text><tspan transform="scale(2)">a</tspan></text>', "transform on <tspan>", "on the <text>"),
        ('<text>a<tspan id="t">b</tspan></text><use href="#t"/>', "<use> cannot copy a <tspan>", "copy a shape"),
        ("<g>loose</g>", "text in <g> draws nothing", "write it in <text>"),
    ],
)
def test_refusals_name_the_line_and_a_way_out(body: str, reason: str, hint: str) -> None:
    outcome = refused(body)
    assert outcome.reason.startswith("line 2: ") and reason in outcome.reason, outcome
    assert hint in outcome.hint, outcome


def test_three_hundred_letters_fit() -> None:
    lines = "".join(f'<text y="{7 * n}" font-size="6">{WHOLE}</text>' for n in range(1, 9))
    found = objects(lines)
    assert sum(len(obj.text or "") for obj in found) > 280


def test_letters_have_a_limit_of_their_own() -> None:
    outcome = resolve_svg(svg(f"<text>{WHOLE}</text>"), SvgLimits(max_glyph_points=100))
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "line 1: the letters of all text have more than 100 points"


# --- a drawing is its own display list: nothing that is said and not shown becomes a fact ---------------------------


def test_words_that_are_not_drawn_become_no_facts() -> None:
    lying = (
        "<title>three red circles</title><desc>a blue square</desc>"
        '<circle id="blue-square" cx="20" cy="20" r="9" fill="red"><title>a green triangle</title></circle>'
        '<text x="4" y="60" font-size="8" fill="navy">seen<title>unseen</title></text>'
        '<text y="30" visibility="hidden">hidden</text>'
    )
    plain = '<circle cx="20" cy="20" r="9" fill="red"/><text x="4" y="60" font-size="8" fill="navy">seen</text>'
    scene, honest = resolve_svg(svg(lying)), resolve_svg(svg(plain))
    assert isinstance(scene, FlatScene) and isinstance(honest, FlatScene)
    assert scene.to_json() == honest.to_json()


def test_covered_text_shows_nothing() -> None:
    written, cover = objects('<text x="9" y="30">no</text><rect y="9" width="64" height="40" fill="red"/>')
    assert written.visible.is_empty and written.visible_share == 0.0
    assert cover.visible_share == 1.0


def test_text_in_the_colour_of_its_ground_says_so() -> None:
    scene = resolve_svg(svg('<text x="9" y="30" fill="white">no</text>'))
    assert isinstance(scene, FlatScene)
    assert scene.objects[0].fill == scene.background
    assert (rasterise(scene).array == 255).all()


def test_first_of_two_ids_is_meant() -> None:
    found = objects('<defs><text id="a" y="20">one</text><text id="a" y="20">two</text></defs><use href="#a"/>')
    assert [obj.text for obj in found] == ["one"]
