"""Answers about rooms by other means than the oracle's: plain data, complex numbers, bounded least squares, counting.

Nothing of `envs.spatial.rules`, `geometry.boxes`, `geometry.directions`, `geometry.surfaces` or `Camera` is used. Boxes
are three edges; the nearest points of two solve a bounded least-squares problem over both; directions in the plan are
quotients of complex numbers, named by the nearest of the names' own directions; the floor is counted in
squares; what fits is tried at every tenth of a degree.
"""

import cmath
import json
import math
from itertools import pairwise

import numpy as np
from scipy.optimize import lsq_linear

from zerosight.envs.spatial.surroundings import REGIONS

AMOUNT = 0.008
"""Share by which amounts may differ: three digits are kept of an answer (0.5 %), squares of a floor add 0.2 %."""
EIGHT = ("front", "front-left", "left", "back-left", "back", "back-right", "right", "front-right")
AWAY = ("farther", "farther-left", "left", "nearer-left", "nearer", "nearer-right", "right", "farther-right")
QUARTERS = {"clockwise": -90, "half": 180, "counter-clockwise": 90}


class Plain:
    """A room as what its JSON says."""

    def __init__(self, text):
        body = json.loads(text)
        self.labels = [obj["label"] for obj in body["objects"]]
        self.axes, self.centres = [], []
        for obj in body["objects"]:
            turn = cmath.rect(1, math.radians(obj["box"]["yaw"]))
            width, depth, height = obj["box"]["size"]
            one, other = width * turn, depth * turn * 1j
            self.axes.append(np.array([[one.real, one.imag, 0], [other.real, other.imag, 0], [0, 0, height]]).T)
            self.centres.append(np.array(obj["box"]["centre"]))
        self.poses = [np.array(camera["world_from_camera"]) for camera in body["cameras"]]
        self.areas = [camera["width"] * camera["height"] for camera in body["cameras"]]
        self.visibility, self.floors = body["sights"], body["floors"]

    def thing(self, label):
        (place,) = [i for i, each in enumerate(self.labels) if each == label]
        return place

    def plan(self, thing):
        return complex(*self.centres[thing][:2])

    def eye(self, view):
        return complex(*self.poses[view - 1][:2, 3])

    def ahead(self, view):
        return complex(*self.poses[view - 1][:2, 2])

    def gap(self, first, second):
        """Between two boxes: least |A s + a - B t - b| over s and t in [-1/2, 1/2]^3."""
        both = np.hstack([self.axes[first], -self.axes[second]])
        found = lsq_linear(both, self.centres[second] - self.centres[first], (-0.5, 0.5), method="bvls", tol=1e-14)
        return math.sqrt(2 * found.cost)

    def gap_from(self, view, thing):
        found = lsq_linear(
            self.axes[thing], self.poses[view - 1][:3, 3] - self.centres[thing], (-0.5, 0.5), method="bvls", tol=1e-14
        )
        return math.sqrt(2 * found.cost)

    def sides(self, thing):
        return [float(np.linalg.norm(axis)) for axis in self.axes[thing].T]

    def pixels(self, view, thing):
        return self.visibility[view - 1][thing]["pixels"]


def named(quotient, names):
    """The name whose direction is nearest; the first is straight ahead, the others follow counter-clockwise."""
    steps = [cmath.exp(2j * math.pi * n / len(names)) for n in range(len(names))]
    return names[max(range(len(names)), key=lambda n: (quotient.conjugate() * steps[n]).real)]


def second_answer(query, text):
    """The answer to a query in JSON about a room in JSON; amounts to six digits."""
    room = Plain(text)
    op, *literals = query
    return _ANSWERS[op](room, *(_value(room, literal) for literal in literals))


def _value(room, literal):
    kind, *words = literal
    if kind == "thing":
        return room.thing(words[0])
    if kind == "things":
        return [room.thing(word) for word in words]
    return words[0]


def agrees(said, truth):
    """Whether the second method's answer is the oracle's."""
    if truth.kind == "mra":
        return abs(float(said) / float(truth.value) - 1) <= AMOUNT
    return said == truth.value


# --- one by one


def _count(room, category):
    return str(sum(label == category for label in room.labels))


def _room_size(room):
    """Squares of a grid whose middles are within an outline, by the winding of its corners around them."""
    total = 0.0
    for ring in room.floors:
        corners = np.array(ring)
        low, high = corners.min(axis=0), corners.max(axis=0)
        step = (high - low) / 700
        x, y = (low[axis] + (np.arange(700) + 0.5) * step[axis] for axis in (0, 1))
        places = x[:, None] + 1j * y[None, :]
        winding = np.zeros(places.shape)
        loop = corners[:, 0] + 1j * corners[:, 1]
        for start, end in zip(loop, np.roll(loop, -1), strict=True):
            winding += np.angle((end - places) / (start - places))
        total += float(np.count_nonzero(np.abs(winding) > math.pi) * step.prod())
    return f"{total:.6g}"


def _around(room, stand, face, query):
    start = room.plan(stand)
    return named((room.plan(query) - start) / (room.plan(face) - start), EIGHT)


def _leftmost(room, stand, face, things, side):
    start = room.plan(stand)
    lefts = {cmath.phase((room.plan(each) - start) / (room.plan(face) - start)): each for each in things}
    return room.labels[lefts[(max if side == "left" else min)(lefts)]]


def _route(room, start, face, then, end):
    ways = [room.plan(face) - room.plan(start), room.plan(then) - room.plan(start), room.plan(end) - room.plan(then)]
    turns = []
    for before, after in pairwise(ways):
        degrees = math.degrees(cmath.phase(after / before))
        turns.append("back" if abs(degrees) > 135 else "left" if degrees > 0 else "right")
    return " then ".join(turns)


def _appearance(room, things):
    first = {}
    for letter, each in zip("ABCDEFGH", things, strict=False):
        first[letter] = min(view for view in range(1, len(room.poses) + 1) if room.pixels(view, each))
    return "".join(sorted(first, key=first.get))


def _fit(room, inner, outer):
    """Turned by every tenth of a degree: whether the rectangle around it is within the other."""
    (width, depth, height), (wide, deep, high) = room.sides(inner), room.sides(outer)
    turns = np.radians(np.arange(0, 1801) / 10)
    across = width * np.abs(np.cos(turns)) + depth * np.abs(np.sin(turns))
    along = width * np.abs(np.sin(turns)) + depth * np.abs(np.cos(turns))
    fits = bool(((across <= wide) & (along <= deep)).any()) and height <= high
    return "yes" if fits else "no"


def _seen(room, view, thing, reference, turn=0):
    offset = (room.plan(thing) - room.plan(reference)) / room.ahead(view) * cmath.exp(1j * math.radians(turn))
    up = float(room.centres[thing][2] - room.centres[reference][2])
    said = named(offset, AWAY)
    if abs(up) < 0.5 * abs(offset):
        return said
    return f"{said}-{'above' if up > 0 else 'below'}"


def _hiding(room, view, thing):
    occluders = dict(room.visibility[view - 1][thing]["hiders"])
    return room.labels[max(occluders, key=occluders.get)]


def _from_camera(room, view, place):
    return named((place - room.eye(view)) / room.ahead(view), EIGHT)


def _region(room, seen, held, region):
    things = [i for i, label in enumerate(room.labels) if label in REGIONS[region] and room.pixels(seen, i)]
    return _from_camera(room, held, sum(map(room.plan, things)) / len(things))


def _shows_more(room, first, second, thing):
    shares = [
        room.visibility[view - 1][thing]["share"] * room.visibility[view - 1][thing]["inside"]
        for view in (first, second)
    ]
    if not room.pixels(first, thing) and not room.pixels(second, thing):
        return "neither"
    return "first" if shares[0] > shares[1] else "second"


def _motion(room, first, second):
    turn = math.degrees(cmath.phase(room.ahead(second) / room.ahead(first)))
    if abs(turn) > 8:
        return "turn-left" if turn > 0 else "turn-right"
    way = (room.eye(second) - room.eye(first)) / room.ahead(first) * abs(room.ahead(first))
    up = float(room.poses[second - 1][2, 3] - room.poses[first - 1][2, 3])
    if abs(up) > abs(way):
        return "above" if up > 0 else "below"
    return named(way, ("front", "left", "back", "right"))


def _together(room, first, second, category):
    return str(
        sum(
            label == category and bool(room.pixels(first, i) + room.pixels(second, i))
            for i, label in enumerate(room.labels)
        )
    )


def _least(room, things, key):
    return room.labels[min(things, key=key)]


_ANSWERS = {
    "object_counting": _count,
    "object_size": lambda room, thing: f"{100 * max(room.sides(thing)):.6g}",
    "absolute_distance": lambda room, first, second: f"{room.gap(first, second):.6g}",
    "relative_distance": lambda room, things, anchor: _least(room, things, lambda each: room.gap(anchor, each)),
    "relative_direction_hard": _around,
    "room_size": _room_size,
    "single_image_relative_direction": _seen,
    "distance_cam_obj": lambda room, view, thing: f"{room.gap_from(view, thing):.6g}",
    "depth_order_obj_obj": lambda room, view, *things: _least(room, things, lambda each: room.gap_from(view, each)),
    "position_cam_cam": lambda room, first, second: _from_camera(room, first, room.eye(second)),
    "elevation_cam_cam": lambda room, first, second: (
        "higher" if room.poses[second - 1][2, 3] > room.poses[first - 1][2, 3] else "lower"
    ),
    "visibility_compare": _shows_more,
    "position_cam_obj": lambda room, seen, held, thing: _from_camera(room, held, room.plan(thing)),
    "position_cam_reg": _region,
    "motion_camera": _motion,
    "attribute_measurement": lambda room, first, second, *things: _least(
        room, things, lambda each: -max(room.sides(each))
    ),
    "perspective_order": _leftmost,
    "route_turns": _route,
    "appearance_order": _appearance,
    "occluder": _hiding,
    "fit": _fit,
    "mental_rotation": lambda room, view, thing, reference, turned: _seen(
        room, view, thing, reference, QUARTERS[turned]
    ),
    "view_match": lambda room, view: str(view),
    "count_across": _together,
}


# --- mirrored rooms


def mirrored(text):
    """A room's JSON with x for -x: left becomes right and nothing else changes."""
    body = json.loads(text)
    for obj in body["objects"]:
        box = obj["box"]
        box["centre"][0] *= -1
        box["yaw"] *= -1
    for camera, row in zip(body["cameras"], body["sights"], strict=True):
        flip = np.diag([-1.0, 1, 1, 1])
        # The picture is mirrored too: the camera's own right stays its right.
        camera["world_from_camera"] = (flip @ np.array(camera["world_from_camera"]) @ flip).tolist()
        camera["intrinsics"][0][2] = camera["width"] - camera["intrinsics"][0][2]
        for sight in row:
            if sight["bounds"]:
                left, top, right, bottom = sight["bounds"]
                sight["bounds"] = [camera["width"] - right, top, camera["width"] - left, bottom]
    body["floors"] = [[[-x, y] for x, y in reversed(ring)] for ring in body["floors"]]
    return json.dumps(body)


_SWAPPED = {"left": "right", "right": "left", "clockwise": "counter-clockwise", "counter-clockwise": "clockwise"}


def mirrored_query(query):
    """The question whose answer in the mirrored room is the mirror image: sides and turns change about."""
    op, *literals = query
    return [op, *([kind, *(_SWAPPED.get(word, word) for word in words)] for kind, *words in literals)]


def mirrored_answer(kind, value):
    """Left for right in directions and routes; everything else is as it was."""
    if kind not in ("direction", "phrase"):
        return value
    between = " then " if " then " in value else "-"
    return between.join(_SWAPPED.get(part, part) for part in value.split(between))
