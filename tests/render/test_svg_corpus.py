"""Programs written as pretrained models write them: accepted, read as expected, and drawn as resvg draws them."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from zoo import drawn_by_resvg

from zerosight.geometry import FlatScene
from zerosight.render import Rejected, rasterise, resolve_svg

FOLDER = Path(__file__).parent / "svg_corpus"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text())
ENTRIES = [{"name": name, **expected} for name, expected in EXPECTED.items()]
SAME_PIXELS = 0.01
"""Pixels that may differ, as a share: those on edges, which no two programs paint alike."""
OTHER_SHADE = 64
"""Steps of 255 by which such pixels differ in a channel."""


def program(name: str) -> str:
    return (FOLDER / f"{name}.svg").read_text()


def scene_of(name: str) -> FlatScene:
    scene = resolve_svg(program(name))
    assert not isinstance(scene, Rejected), scene
    return scene


def width_for(scene: FlatScene) -> int:
    """A width near 512 px at which the height is a whole number, since programs round it in their own ways."""
    return min(range(440, 640), key=lambda width: (abs(width * scene.height / scene.width % 1), abs(width - 512)))


def test_corpus_is_large_and_nearly_all_of_it_is_accepted() -> None:
    assert len(EXPECTED) >= 120
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(EXPECTED)
    assert sum("refused" in expected for expected in EXPECTED.values()) <= 0.05 * len(EXPECTED)


def test_program_is_read_as_expected(corpus_entry: dict[str, Any]) -> None:
    expected, outcome = corpus_entry, resolve_svg(program(corpus_entry["name"]))
    if "refused" in expected:
        assert isinstance(outcome, Rejected) and outcome.code == expected["refused"] and outcome.hint
        return
    assert isinstance(outcome, FlatScene), outcome
    assert len(outcome.objects) == expected["objects"]
    assert outcome.background == expected.get("background", outcome.background)
    texts = [obj.text for obj in outcome.objects if obj.text is not None]
    assert texts == expected.get("texts", [])
    kinds, fills = (Counter(getattr(obj, field) for obj in outcome.objects) for field in ("kind", "fill"))
    assert {kind: kinds[kind] for kind in expected.get("kinds", {})} == expected.get("kinds", {})
    assert {fill: fills[fill] for fill in expected.get("fills", {})} == expected.get("fills", {})


def test_picture_is_that_of_resvg(corpus_entry: dict[str, Any]) -> None:
    if "refused" in corpus_entry or "resvg_differs" in corpus_entry:
        return
    name = corpus_entry["name"]
    scene = scene_of(name)
    ours = rasterise(scene, width_for(scene)).array
    theirs = drawn_by_resvg(program(name), ours.shape[1], ours.shape[0])
    assert ours.shape == theirs.shape
    off = np.abs(ours.astype(int) - theirs).max(-1) > OTHER_SHADE
    assert off.mean() < SAME_PIXELS, f"{off.mean():.2%} of the pixels differ"


def test_scene_round_trips(corpus_entry: dict[str, Any]) -> None:
    if "refused" in corpus_entry:
        return
    scene = scene_of(corpus_entry["name"])
    again = FlatScene.from_json(scene.to_json())
    assert again.to_json() == scene.to_json()
    assert rasterise(again).digest == rasterise(scene).digest
