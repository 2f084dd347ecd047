"""Pictures against a second method: cairosvg on the original text, which shares no resolver with ours."""

import io
from pathlib import Path

import cairosvg
import numpy as np
import pytest
from PIL import Image
from zoo import ZOO

from zerosight.render import Rejected, rasterise, resolve_svg, scene_to_svg

SIZE = 128
HAS_FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf").exists()
"""Cairosvg draws text with the system's font; where that is the one we bundle, letters have to lie where ours do."""


def drawn_by_cairosvg(text: str, width: int, height: int) -> np.ndarray:
    data = cairosvg.svg2png(text.encode(), output_width=width, output_height=height, background_color="white")
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("name", [name for name in ZOO if "text" not in name])
def test_picture_agrees_with_cairosvg_on_the_original(name: str) -> None:
    scene = resolve_svg(ZOO[name])
    assert not isinstance(scene, Rejected), scene
    ours = rasterise(scene, SIZE).array
    theirs = drawn_by_cairosvg(ZOO[name], ours.shape[1], ours.shape[0])
    off = np.abs(ours.astype(int) - theirs).max(-1)
    # Antialiased borders differ by shades; where a region were wrong, whole pixels would differ.
    assert (off > 100).mean() < 0.002, f"{(off > 100).sum()} pixels differ"
    assert off.mean() < 1.5


def shrunk(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).reduce(picture.shape[0] // SIZE)).astype(int)


@pytest.mark.skipif(not HAS_FONT, reason="the system has no DejaVu Sans")
@pytest.mark.parametrize("name", [name for name in ZOO if "text" in name])
def test_text_agrees_with_cairosvg_but_for_its_hinting(name: str) -> None:
    scene = resolve_svg(ZOO[name])
    assert not isinstance(scene, Rejected), scene
    # Cairosvg moves letters to whole pixels, of which a large picture has smaller ones.
    theirs = drawn_by_cairosvg(ZOO[name].replace("<text", '<text font-family="DejaVu Sans"'), 16 * SIZE, 16 * SIZE)
    off = np.abs(shrunk(rasterise(scene, 16 * SIZE).array) - shrunk(theirs)).max(-1)
    assert (off > 100).mean() < 0.002, f"{(off > 100).sum()} pixels differ"
    assert off.mean() < 1.5


@pytest.mark.parametrize("size", [64, 200])
@pytest.mark.parametrize("name", ZOO)
def test_picture_is_that_of_the_canonical_svg(name: str, size: int) -> None:
    scene = resolve_svg(ZOO[name])
    assert not isinstance(scene, Rejected), scene
    ours = rasterise(scene, size).array
    assert np.array_equal(ours, drawn_by_cairosvg(scene_to_svg(scene, size), ours.shape[1], ours.shape[0]))
