"""The oracle: what is measured for each task, between what, in which frame, and when it may be asked.

A thing is its upright box (`geometry.boxes`); its place is the box's centre. Directions of a camera are those of the
level camera (`geometry.directions`): who holds it, with the horizon level. Rules raise `IllPosed` where a question has
no clear answer, and name by `run.decided_by` how far the scene is from another one; the units of these margins and
their thresholds are `THRESHOLDS`.
"""

import math
from collections.abc import Sequence

from ...geometry import directions
from ...geometry.boxes import fits, point_gap
from ...geometry.room import STRUCTURE
from ...geometry.surfaces import floor_area
from ..language.execute import IllPosed, Run
from .surroundings import MIN_PART, Surroundings

THRESHOLDS = {"m": 0.15, "deg": 6.0, "cm": 5.0, "share": 0.15, "%": MIN_PART}
"""Metres between distances, degrees between directions, centimetres by which something fits, shares of a thing that
is seen, and per cent of a picture."""
LARGEST_MARGIN = 100.0
MIN_APART = 0.4
"""Metres in the plan between two places, below which one has no direction from the other."""
MIN_MOVE = 0.3
"""Metres that a camera must have moved to be elsewhere."""
MIN_COVER = 0.6
"""Share of the floor that must lie in the frames for its area to be asked for."""
TURNED = 8.0
"""Degrees from which a camera has turned: SpatialEvo's, there added up over the path."""
STRAIGHT, ABOUT = 20.0, 135.0
"""Degrees: less is no turn; more is turning back."""
AHEAD = 80.0
"""Degrees from straight ahead within which things lie before somebody."""
ALIKE_MOVE, ALIKE_TURN = 0.6, 25.0
"""Metres and degrees; two cameras that are nearer to each other in both are not told apart on a plan."""
MAX_SPREAD = 2.0
"""Metres from the middle of a region to its farthest thing."""
EIGHT = directions.EIGHT
LEVEL = ("higher", "lower")
WHICH = ("first", "second", "neither")
SEEN_FROM = ("farther", "farther-right", "right", "nearer-right", "nearer", "nearer-left", "left", "farther-left")
"""Directions in a picture, clockwise seen from above from straight away from the camera."""
AROUND = (*SEEN_FROM, *(f"{each}-{way}" for way in ("above", "below") for each in SEEN_FROM))
MOVES = ("turn-left", "turn-right", "front", "back", "left", "right", "above", "below")
TURNS = ("left", "right", "back")
ROUTES = tuple(f"{one} then {other}" for one in TURNS for other in TURNS)


def _room(run: Run) -> Surroundings:
    found: Surroundings = run.world
    return found


def _different(run: Run, *things: int) -> None:
    if len(set(things)) < len(things):
        raise IllPosed("trivial", f"{run.op} names a thing twice", "name different things")


def _two_views(run: Run, first: int, second: int) -> None:
    if first == second:
        raise IllPosed("trivial", f"{run.op} names frame {first} twice", "name two frames")
    _room(run).camera(first), _room(run).camera(second)


def _linked(run: Run, first: int, second: int) -> None:
    """Two frames, of which pixels can tell how their cameras stand to each other."""
    _two_views(run, first, second)
    _room(run).must_link(first, second)


def _apart(run: Run, first: directions.Point, second: directions.Point, least: float = MIN_APART) -> None:
    """Two places must not be so near each other in the plan that a direction between them means nothing."""
    gap = math.hypot(first[0] - second[0], first[1] - second[1])
    if gap < least:
        raise IllPosed("close", f"only {gap:.2f} m lie between two of the places", f"at least {least:g} m in the plan")


def _sector(run: Run, bearing: float, names: Sequence[str] = EIGHT) -> str:
    found = directions.sector(bearing, names)
    run.decided_by(found.margin, unit="deg")
    return found.value


def _nearest(run: Run, gaps: Sequence[float]) -> int:
    return run.least(range(len(gaps)), lambda i: gaps[i], unit="m")


def _label(run: Run, index: int) -> str:
    return _room(run).labels[index]


# --- of the whole room ---------------------------------------------------------------------------------------------


def object_counting(run: Run, category: str) -> int:
    """How many things of a category there are; each must be seen in some frame, so that they can be counted."""
    room = _room(run)
    places = room.all_of(category)
    room.must_see(places)
    run.compared += len(places)
    return len(places)


def object_size(run: Run, thing: int) -> float:
    """The longest side of the box, cm."""
    room = _room(run)
    room.must_see_whole([thing])
    return 100 * max(room.boxes[thing].size)


def absolute_distance(run: Run, first: int, second: int) -> float:
    """Between the nearest points of two boxes, m."""
    room = _room(run)
    _different(run, first, second)
    room.must_see([first, second])
    gap = room.index.gap(first, second)
    if gap < THRESHOLDS["m"]:
        raise IllPosed("close", "the two things touch or nearly do", f"at least {THRESHOLDS['m']:g} m between them")
    return gap


def relative_distance(run: Run, things: Sequence[int], anchor: int) -> str:
    """Which thing's box is nearest to the anchor's, from nearest point to nearest point."""
    room = _room(run)
    _different(run, anchor, *things)
    room.must_see([anchor, *things])
    return _label(run, things[_nearest(run, [room.index.gap(anchor, each) for each in things])])


def relative_direction_hard(run: Run, stand: int, face: int, query: int) -> str:
    """Where the third thing is for who stands at the first and faces the second."""
    room = _room(run)
    _different(run, stand, face, query)
    room.must_see([stand, face, query])
    return _sector(run, _from_to(run, stand, face, query))


def _from_to(run: Run, stand: int, face: int, query: int) -> float:
    """Bearing in the object frame, degrees."""
    places = [_room(run).boxes[each].centre for each in (stand, face, query)]
    _apart(run, places[0], places[1])
    _apart(run, places[0], places[2])
    return directions.object_bearing(*places)


def room_size(run: Run) -> float:
    """Area of the floor, furniture on it or not, square metres."""
    scene = _room(run).scene
    if not scene.floors:
        raise IllPosed("unknown", "where the floor of this room ends is not known", "ask another question")
    cover = _room(run).cover
    if cover < MIN_COVER:
        raise IllPosed("unseen", f"only {cover:.0%} of the floor lies in a frame", f"at least {MIN_COVER:.0%}")
    return floor_area(scene.floors)


def perspective_order(run: Run, stand: int, face: int, things: Sequence[int], side: str) -> str:
    """Which of several things before somebody is farthest to a side, by bearing."""
    room = _room(run)
    _different(run, stand, *things)
    _different(run, stand, face)
    room.must_see([stand, face, *things])
    bearings = [0.0 if each == face else _from_to(run, stand, face, each) for each in things]
    if max(map(abs, bearings)) > AHEAD:
        raise IllPosed("behind", "one of the things is beside or behind who looks", "name things that are ahead")
    sign = 1 if side == "left" else -1
    return _label(run, things[run.least(range(len(things)), lambda i: sign * bearings[i], unit="deg")])


def route_turns(run: Run, start: int, face: int, then: int, end: int) -> str:
    """Turns of who stands at the first thing, facing the second, and walks to the third and then to the fourth."""
    room = _room(run)
    stops = [start, then, end]
    _different(run, *stops)
    _different(run, start, face)
    _different(run, then, face)
    room.must_see([*stops, face])
    turns = []
    ahead = directions.world_bearing(*_step(run, start, face))
    for origin, target in ((start, then), (then, end)):
        onward = directions.world_bearing(*_step(run, origin, target))
        turns.append(_turned(run, directions.wrapped(ahead - onward)))
        ahead = onward
    return " then ".join(turns)


def _step(run: Run, origin: int, target: int) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    places = _room(run).boxes[origin].centre, _room(run).boxes[target].centre
    _apart(run, *places)
    return places


def _turned(run: Run, turn: float) -> str:
    """The turn by so many degrees clockwise, in words."""
    run.decided_by(abs(turn) - STRAIGHT, abs(turn) - ABOUT, unit="deg")
    if abs(turn) < STRAIGHT:
        raise IllPosed("straight", "the way goes straight on at one of the things", "choose stops that need a turn")
    if abs(turn) > ABOUT:
        return "back"
    return "right" if turn > 0 else "left"


def appearance_order(run: Run, things: Sequence[int]) -> str:
    """In which order things are first seen along the frames; nothing of a thing may be seen before that."""
    room = _room(run)
    _different(run, *things)
    first = []
    for each in things:
        parts = [room.part(view, each) for view in range(1, len(room.scene.cameras) + 1)]
        view = next((number for number, part in enumerate(parts, start=1) if part > 0), None)
        if view is None or not room.seen(view, each):
            reason = f"the {_label(run, each)} comes into view bit by bit, or never"
            raise IllPosed("unseen", reason, "ask about things that are well seen in the first frame that shows them")
        run.decided_by(parts[view - 1], unit="%")
        first.append(view)
    if len(set(first)) < len(first):
        raise IllPosed("not_unique", "two of the things come into view together", "ask about others")
    order = sorted(range(len(things)), key=lambda i: first[i])
    return "".join("ABCDEFGH"[i] for i in order)


def fit(run: Run, inner: int, outer: int) -> bool:
    """Whether the first thing's box, upright, would go into the second thing's."""
    room = _room(run)
    _different(run, inner, outer)
    room.must_see_whole([inner, outer])
    found = fits(room.boxes[inner].size, room.boxes[outer].size)
    run.decided_by(100 * found.margin, unit="cm")
    return found.value


# --- of one frame --------------------------------------------------------------------------------------------------


def single_image_relative_direction(run: Run, view: int, thing: int, reference: int) -> str:
    """Where a thing is from another, for who holds the camera; above or below where it is so by more than half."""
    room = _room(run)
    _different(run, thing, reference)
    room.must_see([thing, reference], [view])
    return _seen_from(run, view, thing, reference, 0.0)


def _seen_from(run: Run, view: int, thing: int, reference: int, turned: float) -> str:
    """The direction in the level camera's axes, after a turn of so many degrees clockwise seen from above."""
    room = _room(run)
    camera = room.camera(view)
    places = [directions.in_level(camera, room.boxes[each].centre) for each in (thing, reference)]
    right, forward, up = (float(value) for value in places[0] - places[1])
    flat = math.hypot(right, forward)
    _apart(run, (0.0, 0.0), (right, forward))
    said = _sector(run, 90.0 - math.degrees(math.atan2(forward, right)) + turned, SEEN_FROM)
    # SpatialEvo's rule: the vertical counts from half of the horizontal on; here with a margin, as an angle.
    steep = math.degrees(math.atan2(abs(up), flat)) - math.degrees(math.atan(0.5))
    run.decided_by(steep, unit="deg")
    return said if steep < 0 else f"{said}-{'above' if up > 0 else 'below'}"


def distance_cam_obj(run: Run, view: int, thing: int) -> float:
    """From the camera to the nearest point of a box, m."""
    room = _room(run)
    room.must_see([thing], [view])
    gap = point_gap(room.camera(view).position, room.boxes[thing])
    if gap < MIN_MOVE:
        raise IllPosed("close", "the camera touches the thing or nearly does", f"at least {MIN_MOVE:g} m")
    return gap


def depth_order_obj_obj(run: Run, view: int, first: int, second: int) -> str:
    """Which thing's nearest point is nearer to the camera."""
    room = _room(run)
    _different(run, first, second)
    room.must_see([first, second], [view])
    eye = room.camera(view).position
    return _label(run, (first, second)[_nearest(run, [point_gap(eye, room.boxes[each]) for each in (first, second)])])


def occluder(run: Run, view: int, thing: int) -> str:
    """What hides most of a thing that is partly hidden."""
    room = _room(run)
    sight = room.sight(view, thing)
    room.must_see([thing], [view])
    if not sight.occluders:
        raise IllPosed("empty", f"nothing hides the {_label(run, thing)} in frame {view}", "ask about a hidden thing")
    whole = sight.pixels / sight.share
    (most, hidden), (_, next_most) = [(index, pixels / whole) for index, pixels in (*sight.occluders, (STRUCTURE, 0))][
        :2
    ]
    run.decided_by(hidden - next_most, unit="share")
    if most == STRUCTURE:
        raise IllPosed("structure", f"a wall hides most of the {_label(run, thing)}", "ask about what things hide")
    room.must_see([most], [view])
    return _label(run, room.thing(room.labels[most]))


def mental_rotation(run: Run, view: int, thing: int, reference: int, quarter: int) -> str:
    """Where a thing would be from another if the room were turned under the camera; level directions only."""
    room = _room(run)
    _different(run, thing, reference)
    room.must_see([thing, reference], [view])
    said = _seen_from(run, view, thing, reference, float(quarter))
    if said not in SEEN_FROM:
        raise IllPosed("steep", "one thing is above the other rather than beside it", "choose two side by side")
    return said


# --- of two frames -------------------------------------------------------------------------------------------------


def position_cam_cam(run: Run, first: int, second: int) -> str:
    """Where the second camera is for who holds the first."""
    _linked(run, first, second)
    one, other = _room(run).camera(first), _room(run).camera(second)
    _apart(run, one.position, other.position, MIN_MOVE)
    return _sector(run, directions.camera_bearing(one, other.position))


def elevation_cam_cam(run: Run, first: int, second: int) -> str:
    """Whether the second camera is higher than the first."""
    _linked(run, first, second)
    up = _room(run).camera(second).position[2] - _room(run).camera(first).position[2]
    run.decided_by(float(up), unit="m")
    return LEVEL[int(up < 0)]


def visibility_compare(run: Run, first: int, second: int, thing: int) -> str:
    """Which of two frames shows more of a thing: the share of it that is in the frame and not hidden."""
    room = _room(run)
    _two_views(run, first, second)
    room.must_see([thing])
    visibility = [room.sight(view, thing) for view in (first, second)]
    shares = [each.share * each.inside for each in visibility]
    if not any(each.pixels for each in visibility):
        return "neither"
    room.must_see([thing], [first, second])
    run.decided_by(shares[0] - shares[1], unit="share")
    return WHICH[int(shares[0] < shares[1])]


def position_cam_obj(run: Run, seen: int, held: int, thing: int) -> str:
    """Where a thing that one frame shows is for who holds the camera of another."""
    room = _room(run)
    _linked(run, seen, held)
    room.must_see([thing], [seen])
    return _from_camera(run, held, room.boxes[thing].centre)


def _from_camera(run: Run, view: int, place: directions.Point) -> str:
    camera = _room(run).camera(view)
    _apart(run, camera.position, place)
    return _sector(run, directions.camera_bearing(camera, place))


def position_cam_reg(run: Run, seen: int, held: int, things: Sequence[int]) -> str:
    """As `position_cam_obj`, of the middle of those things of a region that the first frame shows."""
    room = _room(run)
    _linked(run, seen, held)
    shown = [each for each in things if room.part(seen, each)]
    if len(shown) < 2:
        raise IllPosed("unseen", f"frame {seen} shows {len(shown)} things of that region", "two or more are needed")
    for each in shown:
        run.decided_by(room.part(seen, each), unit="%")
        room.must_see([each], [seen])
    centres = [room.boxes[each].centre for each in shown]
    x, y, z = (math.fsum(values) / len(centres) for values in zip(*centres, strict=True))
    spread = max(math.dist((x, y, z), centre) for centre in centres)
    if spread > MAX_SPREAD:
        reason = f"the things of that region lie up to {spread:.1f} m from their middle"
        raise IllPosed("spread", reason, f"at most {MAX_SPREAD:g} m")
    return _from_camera(run, held, (x, y, z))


def motion_camera(run: Run, first: int, second: int) -> str:
    """How a camera moved from one frame to the next: its turn where it turned, else the main way of its motion."""
    _linked(run, first, second)
    one, other = _room(run).camera(first), _room(run).camera(second)
    turn = directions.turn(one, other)
    # Half the usual margin: 5 degrees or less are no turn, 11 and more are one.
    run.decided_by(2 * (abs(turn) - TURNED), unit="deg")
    if abs(turn) > TURNED:
        return f"turn-{'right' if turn > 0 else 'left'}"
    right, forward, up = directions.in_level(one, other.position)
    flat = math.hypot(right, forward)
    if math.hypot(flat, up) < MIN_MOVE:
        raise IllPosed("close", "the camera hardly moved or turned", f"frames at least {MIN_MOVE:g} m apart")
    steep = math.degrees(math.atan2(abs(up), flat)) - 45
    run.decided_by(steep, unit="deg")
    if steep > 0:
        return "above" if up > 0 else "below"
    return _sector(run, directions.camera_bearing(one, other.position), directions.FOUR)


def attribute_measurement(run: Run, first: int, second: int, thing: int, other: int) -> str:
    """Which of two things, each whole in one of two frames, has the longer longest side."""
    room = _room(run)
    _two_views(run, first, second)
    _different(run, thing, other)
    room.must_see_whole([thing, other], [first, second])
    sides = [max(room.boxes[each].size) for each in (thing, other)]
    run.decided_by(sides[0] - sides[1], unit="m")
    return _label(run, (thing, other)[int(sides[0] < sides[1])])


def count_across(run: Run, first: int, second: int, category: str) -> int:
    """How many different things of a category two frames show together, each once."""
    room = _room(run)
    _linked(run, first, second)
    found = 0
    for each in room.all_of(category):
        parts = [room.part(view, each) for view in (first, second)]
        if any(parts):
            if not any(room.seen(view, each) for view in (first, second)):
                reason = f"one {category} is hardly seen: it may count or not"
                raise IllPosed("unseen", reason, "choose frames that show each one well or not at all")
            run.decided_by(max(parts), unit="%")
            found += 1
    if not found:
        raise IllPosed("empty", f"neither frame shows a {category}", "name things that are in a frame")
    return found


def view_match(run: Run, view: int) -> int:
    """Which frame was taken from the camera that a plan shows; no other camera may stand and look nearly alike."""
    room = _room(run)
    asked = room.camera(view)
    if len(room.scene.cameras) < 2:
        raise IllPosed("trivial", "there is one frame only", "choose a room with several")
    for number, other in enumerate(room.scene.cameras, start=1):
        if number != view:
            turn, (x, y, z) = abs(directions.turn(asked, other)), asked.position - other.position
            if math.hypot(x, y, z) < ALIKE_MOVE and turn < ALIKE_TURN:
                hint = f"cameras {ALIKE_MOVE:g} m or {ALIKE_TURN:g} degrees apart"
                raise IllPosed("alike", f"frames {view} and {number} were taken nearly from one place", hint)
            run.compared += 1
    return view
