"""The bundled font against what is known of DejaVu Sans, and against itself drawn by cairo."""

import cairocffi
import numpy as np
import pytest

from zerosight.render.glyphs import Font, font

FACES = [("normal", "normal"), ("bold", "normal"), ("normal", "italic"), (700, "oblique")]
faces = pytest.mark.parametrize("face", FACES, ids=lambda face: "-".join(map(str, face)))
EM = 2048
WORDS = "Áffine AVATAR 0123456789 αβγ ½ → ≤ − °C €"


def area(loops: list[np.ndarray]) -> float:
    """Signed; loops that turn the other way, as holes do, count against it."""
    return sum(float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2 for x, y in (loop.T for loop in loops))


@faces
def test_faces_have_the_characters_of_plain_text(face: tuple[str | int, str]) -> None:
    assert font(*face).missing(WORDS) == ""


def test_missing_names_each_character_once_in_order() -> None:
    assert font().missing("a漢b\u202e漢\u00adc\n") == "漢\u202e\u00ad\n"


def test_weights_choose_the_face() -> None:
    assert font("normal") is font(400) is font("500")
    assert font("bold") is font(700) is font("600")
    assert font() is not font("bold") is not font("bold", "italic")


def test_advance_is_the_font_s_own() -> None:
    # From hmtx of DejaVuSans.ttf 2.37: H is 1540 wide, a space 651.
    assert font().advance("H", 2048) == 1540.0
    assert font().advance("H H", EM) == 2 * 1540 + 651
    assert font().advance("", 10) == 0.0


def test_pairs_are_kerned() -> None:
    face = font()
    apart = face.advance("A", EM) + face.advance("V", EM)
    assert face.advance("AV", EM) == pytest.approx(apart - 131)
    assert [glyph.x for glyph in face.glyphs("AV", EM)] == [0.0, face.advance("A", EM) - 131]


def test_vertical_measures() -> None:
    face = font()
    measures = (face.ascent, face.descent, face.x_height)
    assert [value * EM for value in measures] == pytest.approx([1901, 483, 1120])


@faces
@pytest.mark.parametrize("size", [7.0, 40.0])
def test_outline_lies_in_its_extents(face: tuple[str | int, str], size: float) -> None:
    found = font(*face)
    points = np.concatenate(found.outline(WORDS, size))
    assert -0.1 * size <= points[:, 0].min() and points[:, 0].max() <= found.advance(WORDS, size) + 0.1 * size
    assert -size * found.ascent <= points[:, 1].min() and points[:, 1].max() <= size * found.descent


def test_outline_scales() -> None:
    for small, large in zip(font().outline(WORDS, 1.0), font().outline(WORDS, 20.0), strict=True):
        assert np.allclose(small * 20, large)


def drawn(face: Font, size: float, curves: bool) -> np.ndarray:
    surface = cairocffi.ImageSurface(cairocffi.FORMAT_A8, 400, 48)
    context = cairocffi.Context(surface)
    context.translate(2, 36)
    if curves:
        steps = {"M": context.move_to, "L": context.line_to, "C": context.curve_to, "Z": context.close_path}
        for name, values in face.commands("Só&g8 ½→", size):
            steps[name](*values)
    else:
        for first, *others in face.outline("Só&g8 ½→", size):
            context.move_to(*first)
            for point in others:
                context.line_to(*point)
            context.close_path()
    context.fill()
    surface.flush()
    return np.frombuffer(surface.get_data(), np.uint8).reshape(48, -1).astype(int)


@faces
def test_flattened_outline_and_curves_draw_alike(face: tuple[str | int, str]) -> None:
    smooth, flat = (drawn(font(*face), 40.0, curves) for curves in (True, False))
    assert smooth.max() == 255
    assert np.abs(smooth - flat).max() < 48
    assert abs(smooth.sum() - flat.sum()) < 0.006 * smooth.sum()


def test_letters_with_holes_turn_their_holes_the_other_way() -> None:
    outer, hole = font().outline("o", 100.0)
    assert area([outer]) * area([hole]) < 0


def test_lacking_characters_are_boxes() -> None:
    assert len(font().outline("漢", 10.0)) == len(font().glyph_loops(".notdef")) > 0
