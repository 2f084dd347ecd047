"""Directions and turns: known views, the reference's errors by name, and what motions and mirrors do to them."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zerosight.geometry.camera import Camera, look_at, pinhole
from zerosight.geometry.directions import (
    EIGHT,
    FOUR,
    camera_bearing,
    heading,
    in_level,
    object_bearing,
    pitch,
    roll,
    sector,
    turn,
    world_bearing,
    wrapped,
)

places = st.tuples(st.floats(-5, 5), st.floats(-5, 5), st.floats(0, 3))
angles = st.floats(-179, 179)


def camera(eye: tuple[float, float, float], target: tuple[float, float, float]) -> Camera:
    return look_at(eye, target, 60, 64, 64)


def facing(degrees: float, at: tuple[float, float, float] = (0, 0, 1.5), tilt: float = 0.0) -> Camera:
    """A camera whose heading is so many degrees counter-clockwise from +x, `tilt` degrees up."""
    turn_, up = math.radians(degrees), math.radians(tilt)
    way = (math.cos(up) * math.cos(turn_), math.cos(up) * math.sin(turn_), math.sin(up))
    return camera(at, tuple(a + w for a, w in zip(at, way, strict=True)))  # type: ignore[arg-type]


def apart(*points) -> None:
    for i, a in enumerate(points):
        assume(all(math.dist(a[:2], b[:2]) > 0.1 for b in points[:i]))


@pytest.mark.parametrize(
    ("target", "bearing", "name"),
    [
        ((0, 5, 0), 0, "front"), ((5, 5, 3), 45, "front-right"), ((5, 0, 0), 90, "right"),
        ((5, -5, 0), 135, "back-right"), ((0, -5, 0), 180, "back"), ((-5, -5, 9), -135, "back-left"),
        ((-5, 0, 0), -90, "left"),
        ((-5, 5, 0), -45, "front-left"),
    ],
)  # fmt: skip
def test_bearing_of_who_looks_north(target, bearing, name):
    assert camera_bearing(facing(90, (0, 0, 1)), target) == pytest.approx(bearing)
    assert object_bearing((0, 0, 0), (0, 3, 2), target) == pytest.approx(bearing)
    assert sector(bearing) == (name, pytest.approx(22.5))


@pytest.mark.parametrize(
    ("bearing", "name", "margin"),
    [(44, "front", 1), (46, "right", 1), (-46, "left", 1), (179, "back", 44), (-179, "back", 44), (0, "front", 45)],
)
def test_quarters_have_their_borders(bearing, name, margin):
    assert sector(bearing, FOUR) == (name, pytest.approx(margin))


@given(places, places, places, angles)
def test_bearing_keeps_when_everything_turns(stand, face, target, degrees):
    apart(stand, face, target)

    def turned(point):
        at = complex(*point[:2]) * np.exp(1j * math.radians(degrees)) + (3 - 2j)
        return at.real, at.imag, point[2] + 1

    before = object_bearing(stand, face, target)
    after = object_bearing(turned(stand), turned(face), turned(target))
    assert wrapped(before - after) == pytest.approx(0, abs=1e-6)
    assert wrapped(world_bearing(turned(stand), turned(target)) - world_bearing(stand, target) - degrees) == (
        pytest.approx(0, abs=1e-6)
    )


@given(places, places, places)
def test_mirror_swaps_left_and_right_alone(stand, face, target):
    apart(stand, face, target)
    mirrored = [(-x, y, z) for x, y, z in (stand, face, target)]
    bearing = object_bearing(stand, face, target)
    assume(abs(bearing) < 179)
    assert object_bearing(*mirrored) == pytest.approx(-bearing, abs=1e-6)
    name = sector(bearing).value
    swapped = {"left": "right", "right": "left"}
    other = "-".join(swapped.get(part, part) for part in name.split("-"))
    assume(sector(bearing).margin > 1e-3)
    assert sector(-bearing).value == other


@given(places, angles, st.floats(-60, 60))
def test_level_frame_ignores_tilt(target, degrees, tilt):
    at = (0.0, 0.0, 1.5)
    assume(math.hypot(*target[:2]) > 0.1)
    flat, tilted = facing(degrees, at), facing(degrees, at, tilt)
    assert np.allclose(in_level(flat, target), in_level(tilted, target), atol=1e-5)
    assert pitch(tilted) == pytest.approx(tilt, abs=1e-5) and roll(tilted) == pytest.approx(0, abs=1e-5)
    right, forward, up = in_level(flat, target)
    assert np.allclose(flat.to_camera(np.asarray(target)), [right, -up, forward], atol=1e-5)


@given(angles, st.floats(-150, 150))
def test_roll_is_the_turn_about_the_axis(degrees, rolled):
    upright, turn_ = facing(degrees), math.radians(rolled)
    pose = upright.world_from_camera.copy()
    pose[:3, 0] = math.cos(turn_) * upright.rotation[:, 0] + math.sin(turn_) * upright.rotation[:, 1]
    pose[:3, 1] = math.cos(turn_) * upright.rotation[:, 1] - math.sin(turn_) * upright.rotation[:, 0]
    assert roll(pinhole(pose, 60, 64, 64)) == pytest.approx(rolled, abs=1e-4)


@given(angles, angles)
def test_turn_is_the_difference_of_headings(first, second):
    a, b = facing(first, tilt=10), facing(second, (1, 2, 1), tilt=-20)
    assert wrapped(turn(a, b) - (first - second)) == pytest.approx(0, abs=1e-4)
    assert turn(a, b) == pytest.approx(-turn(b, a), abs=1e-6) or abs(turn(a, b)) > 179.9


# --- errors of the reference system, by name (shared/facts/reference-systems.md, C7) --------------------------------


def test_camera_to_camera_positions_are_in_the_first_ones_own_frame():
    """Camera 2 half a metre right, ahead and 0.4 m higher is front-right, not back-right: image-down is not forward."""
    first = facing(90, (0, 0, 1.5))
    second = facing(90, (0.5, 0.5, 1.9))
    assert np.allclose(in_level(first, second.position), [0.5, 0.5, 0.4])
    assert sector(camera_bearing(first, second.position)).value == "front-right"


def test_turn_is_about_the_worlds_vertical():
    """Turned 45 degrees to the left on the spot is a turn to the left, not none."""
    assert turn(facing(90), facing(135)) == pytest.approx(-45, abs=1e-4)


def test_straight_views_have_no_heading():
    """No direction is made up where there is none."""
    down = camera((0, 0, 3), (0, 0, 0))
    with pytest.raises(ValueError, match="no heading"):
        heading(down)
    with pytest.raises(ValueError, match="no direction"):
        world_bearing((1, 2, 0), (1, 2, 5))


def test_borders_between_sectors_have_no_margin():
    assert sector(22.5).margin == pytest.approx(0) and sector(-157.5).margin == pytest.approx(0)
    assert [sector(45.0 * i).value for i in range(8)] == list(EIGHT)
