"""What the resolver reads from drawings: kinds, colours, regions, and the same bytes everywhere."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
from zoo import ZOO, svg

from zerosight.geometry import FlatObject, FlatScene
from zerosight.render import Rejected, rasterise, resolve_svg, scene_to_svg


def scene_of(text: str) -> FlatScene:
    scene = resolve_svg(text)
    assert not isinstance(scene, Rejected), scene
    return scene


def only(body: str) -> FlatObject:
    (found,) = scene_of(svg(body)).objects
    return found


@pytest.mark.parametrize("name", ZOO)
def test_scene_round_trips_with_its_facts(name: str) -> None:
    scene = scene_of(ZOO[name])
    again = FlatScene.from_json(scene.to_json())
    assert again == scene
    assert again.digest == scene.digest
    for before, after in zip(scene.objects, again.objects, strict=True):
        assert repr((before.area, before.centroid, before.bounds)) == repr((after.area, after.centroid, after.bounds))
    assert rasterise(again).digest == rasterise(scene).digest


@pytest.mark.parametrize("name", ZOO)
def test_regions_are_valid_and_visible_lies_within_outline(name: str) -> None:
    scene = scene_of(ZOO[name])
    for obj in scene.objects:
        assert obj.outline.is_valid and obj.visible.is_valid
        # Both are rounded to 1e-3 px on their own.
        assert obj.visible.difference(obj.outline.buffer(0.005)).area < 1e-6
        assert -1e-9 <= obj.visible_share <= 1.001


@pytest.mark.parametrize("name", ZOO)
def test_visible_regions_do_not_overlap_and_fit_the_canvas(name: str) -> None:
    scene = scene_of(ZOO[name])
    for i, first in enumerate(scene.objects):
        for second in scene.objects[i + 1 :]:
            assert first.visible.intersection(second.visible).area < 0.05
        if not first.visible.is_empty:
            left, top, right, bottom = first.bounds
            assert left >= 0 and top >= 0 and right <= scene.width and bottom <= scene.height


@pytest.mark.parametrize("name", ZOO)
def test_resolving_the_canonical_form_gives_the_same_visible_regions(name: str) -> None:
    scene = scene_of(ZOO[name])
    again = scene_of(scene_to_svg(scene))
    seen = [obj for obj in scene.objects if not obj.visible.is_empty]
    assert again.background == scene.background
    assert len(again.objects) == len(seen)
    for before, after in zip(seen, again.objects, strict=True):
        assert before.visible.symmetric_difference(after.visible).area < 0.02


def test_digests_are_golden() -> None:
    assert {name: scene_of(ZOO[name]).digest[:16] for name in ("shapes", "transforms", "stacking")} == {
        "shapes": "56dd3fa523bd263b",
        "transforms": "4035af759d5d07c6",
        "stacking": "38eddf5ad70e7a0c",
    }


@pytest.mark.parametrize("seed", ["0", "4242"])
def test_digests_do_not_depend_on_the_process(seed: str) -> None:
    code = (
        "from zoo import ZOO; from zerosight.render import *; "
        "s = [resolve_svg(ZOO[n]) for n in sorted(ZOO)]; print(*(x.digest + rasterise(x).digest for x in s))"
    )
    environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent)}
    there = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    here = [scene_of(ZOO[name]) for name in sorted(ZOO)]
    assert there.stdout.split() == [scene.digest + rasterise(scene).digest for scene in here]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('<path d="M10 10h20v20h-20z"/>', "square"),
        ('<polygon points="10,10 30,10 30,30 10,30"/>', "square"),
        ('<rect x="10" y="10" width="20" height="20" transform="rotate(17 20 20)"/>', "square"),
        ('<rect x="10" y="10" width="20" height="10" transform="scale(1 2)"/>', "square"),
        ('<rect x="10" y="10" width="20" height="12"/>', "rectangle"),
        ('<ellipse cx="20" cy="20" rx="9" ry="9"/>', "circle"),
        ('<ellipse cx="20" cy="20" rx="9" ry="4.5" transform="scale(1 2)"/>', "circle"),
        ('<circle cx="20" cy="20" r="9" transform="scale(1 2)"/>', "ellipse"),
        ('<path d="M10 20a10 10 0 1 0 20 0a10 10 0 1 0-20 0z"/>', "circle"),
        ('<polyline points="10,10 30,12 18,30"/>', "triangle"),
        ('<path d="M10 10L30 12 18 30Z"/>', "triangle"),
        ('<polygon points="10,10 40,10 50,30 0,30"/>', "polygon"),
        ('<path d="M10 10h20v20a10 10 0 0 1-20 0z"/>', "path"),
        ('<rect x="10" y="10" width="30" height="20" rx="4"/>', "path"),
        ('<circle cx="20" cy="20" r="9" fill="none" stroke="red"/>', "path"),
        ('<line x1="9" y1="9" x2="40" y2="30" stroke="red" stroke-width="4"/>', "rectangle"),
    ],
)
def test_kind_is_read_from_geometry_not_from_the_element(body: str, kind: str) -> None:
    assert only(body).kind == kind


@pytest.mark.parametrize(
    ("written", "colour"),
    [
        ("red", "#ff0000"),
        ("RebeccaPurple", "#663399"),
        ("#1aF", "#11aaff"),
        ("#0A0b0C", "#0a0b0c"),
        ("rgb(1, 20,300)", "#0114ff"),
        ("rgb(100%, 50%, 0%)", "#ff8000"),
    ],
)
def test_colours(written: str, colour: str) -> None:
    assert only(f'<circle r="9" fill="{written}"/>').fill == colour


def test_self_crossing_path_follows_its_fill_rule() -> None:
    star = "M32 4 L50 58 L4 24 H60 L14 58 Z"
    full, holed = only(f'<path d="{star}"/>'), only(f'<path fill-rule="evenodd" d="{star}"/>')
    assert len(holed.outline.interiors if hasattr(holed.outline, "interiors") else holed.outline.geoms) == 5
    assert full.area > holed.area


def test_loops_of_opposite_turn_leave_a_hole_under_nonzero() -> None:
    same, opposite = (only(f'<path d="M0 0h20v20h-20z{inner}"/>') for inner in ("M5 5h10v10h-10z", "M5 5v10h10v-10z"))
    assert same.area == 400.0
    assert opposite.area == 300.0


def test_stroke_of_another_colour_is_an_object_of_its_own() -> None:
    disc, ring = scene_of(svg('<circle cx="30" cy="30" r="10" fill="red" stroke="blue" stroke-width="4"/>')).objects
    assert (disc.fill, disc.stroke) == ("#ff0000", None)
    assert (ring.fill, ring.stroke, ring.stroke_width) == (None, "#0000ff", 4.0)
    assert disc.area == pytest.approx(math.pi * 8**2, rel=0.01)
    assert ring.area == pytest.approx(math.pi * (12**2 - 8**2), rel=0.01)


def test_stroke_of_the_same_colour_makes_the_object_larger() -> None:
    assert only('<rect x="9" y="9" width="10" height="10" fill="red" stroke="red" stroke-width="2"/>').area == 144.0


def test_first_full_rectangle_is_the_background_and_no_object() -> None:
    scene = scene_of(svg('<rect width="64" height="64" fill="#010203"/><rect width="64" height="64" fill="red"/>'))
    assert scene.background == "#010203"
    assert [obj.fill for obj in scene.objects] == ["#ff0000"]


def test_hidden_objects_are_listed_with_nothing_visible() -> None:
    disc, cover = scene_of(ZOO["covered"]).objects
    assert disc.visible.is_empty and disc.area == disc.visible_share == 0.0
    assert all(map(math.isnan, disc.centroid))
    assert cover.visible_share == 1.0


@pytest.mark.parametrize(
    "body",
    [
        '<circle r="0"/>',
        '<circle r="9" fill="none"/>',
        '<circle r="9" opacity="0"/>',
        '<g fill-opacity="0"><circle r="9" fill="red"/></g>',
        '<circle r="9" transform="scale(0 1)"/>',
        '<g display="none"><circle r="9"/></g>',
        '<path d="M1 1L9 9"/>',
        '<path d=""/>',
        "<desc>a circle</desc>",
    ],
)
def test_things_that_paint_nothing_are_dropped(body: str) -> None:
    assert scene_of(svg(body)).objects == ()


def test_clip_that_holds_nothing_hides_all() -> None:
    assert only('<clipPath id="c"/><circle r="9" clip-path="url(#c)"/>').visible.is_empty


def test_viewbox_sets_the_units_whatever_the_width() -> None:
    scene = scene_of('<svg width="640" height="640" viewBox="10 10 64 64"><circle cx="20" cy="20" r="5"/></svg>')
    assert (scene.width, scene.height) == (64.0, 64.0)
    assert scene.objects[0].centroid == pytest.approx((10.0, 10.0), abs=1e-3)


def test_picture_knows_its_bytes() -> None:
    picture = rasterise(scene_of(ZOO["wide"]), 48)
    assert picture.array.shape == (24, 48, 3)
    assert picture.png().startswith(b"\x89PNG")
    assert picture.digest == rasterise(scene_of(ZOO["wide"]), 48).digest
    assert picture.digest != rasterise(scene_of(ZOO["wide"]), 64).digest
