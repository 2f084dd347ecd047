"""The oracle: for each task the quantity that is measured, its frame of reference, and when it may be asked.

An object is its upright box (`geometry.boxes`); its place is the box's centre. Directions of a camera are those of the
level camera (`geometry.directions`): who holds it, with the horizon level. Rules raise `IllPosed` where a question has
no clear answer, and name by `run.decided_by` how far the scene is from another one; the units of these margins and
their thresholds are `THRESHOLDS`. Rules take objects by their indices and frames by their numbers.
"""

import math
from collections.abc import Sequence

from ...geometry import directions
from ...geometry.boxes import fits, point_gap
from ...geometry.room import STRUCTURE
from ...geometry.surfaces import floor_area
from ..language.execute import Execution, IllPosed
from .demands import LENIENT, MAX_GROWTH, MAX_RATIO, REGION_KEYS
from .surroundings import Surroundings

THRESHOLDS = {"m": 0.15, "deg": 6.0, "cm": 5.0, "share": 0.15, "%": LENIENT.min_part}
"""Metres between distances, degrees between directions, centimetres by which something fits, shares of a thing that
is seen, and per cent of a picture."""
LARGEST_MARGIN = 100.0
MIN_APART = 0.4
"""Metres in the plan between two places, below which one has no direction from the other."""
MIN_MOVE = 0.3
"""Metres that a camera must have moved to be elsewhere."""
MIN_COVER = 0.6
"""Share of the floor that must lie in the frames for its area to be asked for."""
TURN_LEAST = 8.0
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
FRAME_CHOICES = ("first", "second", "neither")
SEEN_FROM = ("farther", "farther-right", "right", "nearer-right", "nearer", "nearer-left", "left", "farther-left")
"""Directions in a picture, clockwise seen from above from straight away from the camera."""
AROUND = (*SEEN_FROM, *(f"{side}-{height}" for height in ("above", "below") for side in SEEN_FROM))
MOVES = ("turn-left", "turn-right", "front", "back", "left", "right", "above", "below")
TURNS = ("left", "right", "back")
ROUTES = tuple(f"{first_turn} then {second_turn}" for first_turn in TURNS for second_turn in TURNS)


def _room(run: Execution) -> Surroundings:
    surroundings: Surroundings = run.world
    return surroundings


def _different(run: Execution, *object_indices: int) -> None:
    if len(set(object_indices)) < len(object_indices):
        raise IllPosed("trivial", f"{run.op} names a thing twice", "name different things")


def _two_views(run: Execution, first_view: int, second_view: int) -> None:
    if first_view == second_view:
        raise IllPosed("trivial", f"{run.op} names frame {first_view} twice", "name two frames")
    _room(run).camera(first_view), _room(run).camera(second_view)


def _linked(run: Execution, first_view: int, second_view: int) -> None:
    """Require two frames, by number, of which pixels can tell how their cameras stand to each other.

    Args:
        run: the execution.
        first_view: one frame.
        second_view: another.
    """
    _two_views(run, first_view, second_view)
    _room(run).must_link(first_view, second_view)


def _apart(
    run: Execution, first_point: directions.Point, second_point: directions.Point, least_gap: float = MIN_APART
) -> None:
    """Require two places that are far enough apart in the plan for a direction between them to mean something.

    Args:
        run: the execution.
        first_point: metres.
        second_point: metres.
        least_gap: metres.
    """
    gap = math.hypot(first_point[0] - second_point[0], first_point[1] - second_point[1])
    if gap < least_gap:
        raise IllPosed(
            "close", f"only {gap:.2f} m lie between two of the places", f"at least {least_gap:g} m in the plan"
        )


def _sector(run: Execution, bearing: float, names: Sequence[str] = EIGHT) -> str:
    named_sector = directions.sector(bearing, names)
    run.decided_by(named_sector.margin, unit="deg")
    return named_sector.value


def _nearest(run: Execution, gaps: Sequence[float]) -> int:
    return run.least(range(len(gaps)), lambda i: gaps[i], unit="m")


def _label(run: Execution, index: int) -> str:
    return _room(run).labels[index]


# --- of the whole room ---------------------------------------------------------------------------------------------


def object_counting(run: Execution, category: str) -> int:
    """Count the objects of a `category`; each must be seen in some frame, so that they can be counted."""
    room = _room(run)
    members = room.all_of(category)
    room.must_see(members)
    run.compared += len(members)
    return len(members)


def object_size(run: Execution, target: int) -> float:
    """Measure the longest side of the box of the `target`, cm."""
    room = _room(run)
    room.must_see_whole([target])
    return 100 * max(room.boxes[target].size)


def absolute_distance(run: Execution, first_object: int, second_object: int) -> float:
    """Measure the distance between the nearest points of the boxes of `first_object` and `second_object`, m."""
    room = _room(run)
    _different(run, first_object, second_object)
    room.must_see([first_object, second_object])
    gap = room.index.gap(first_object, second_object)
    if gap < THRESHOLDS["m"]:
        raise IllPosed("close", "the two things touch or nearly do", f"at least {THRESHOLDS['m']:g} m between them")
    return gap


def relative_distance(run: Execution, candidates: Sequence[int], anchor: int) -> str:
    """Name the one of the `candidates` whose box is nearest to the anchor's, from nearest point to nearest point."""
    room = _room(run)
    _different(run, anchor, *candidates)
    room.must_see([anchor, *candidates])
    return _label(run, candidates[_nearest(run, [room.index.gap(anchor, candidate) for candidate in candidates])])


def relative_direction_hard(run: Execution, stand: int, face: int, query: int) -> str:
    """Name the direction of the object `query` for who stands at the object `stand` and faces the object `face`."""
    room = _room(run)
    _different(run, stand, face, query)
    room.must_see([stand, face, query])
    return _sector(run, _from_to(run, stand, face, query))


def _from_to(run: Execution, stand: int, face: int, query: int) -> float:
    """Return the bearing of the object `query` in the object frame of `stand` and `face`, degrees."""
    places = [_room(run).boxes[index].centre for index in (stand, face, query)]
    _apart(run, places[0], places[1])
    _apart(run, places[0], places[2])
    return directions.object_bearing(*places)


def room_size(run: Execution) -> float:
    """Measure the area of the floor that `run` is about, furniture on it or not, square metres."""
    scene = _room(run).scene
    if not scene.floors:
        raise IllPosed("unknown", "where the floor of this room ends is not known", "ask another question")
    cover = _room(run).cover
    if cover < MIN_COVER:
        raise IllPosed("unseen", f"only {cover:.0%} of the floor lies in a frame", f"at least {MIN_COVER:.0%}")
    return floor_area(scene.floors)


def perspective_order(run: Execution, stand: int, face: int, candidates: Sequence[int], side: str) -> str:
    """Name the one of several `candidates` before somebody that is farthest to a `side`, by bearing."""
    room = _room(run)
    _different(run, stand, *candidates)
    _different(run, stand, face)
    room.must_see([stand, face, *candidates])
    bearings = [0.0 if candidate == face else _from_to(run, stand, face, candidate) for candidate in candidates]
    if max(map(abs, bearings)) > AHEAD:
        raise IllPosed("behind", "one of the things is beside or behind who looks", "name things that are ahead")
    sign = 1 if side == "left" else -1
    return _label(run, candidates[run.least(range(len(candidates)), lambda i: sign * bearings[i], unit="deg")])


def route_turns(run: Execution, start: int, face: int, via: int, end: int) -> str:
    """Name the turns of who stands at `start`, facing `face`, and walks to `via` and then to `end`."""
    room = _room(run)
    stops = [start, via, end]
    _different(run, *stops)
    _different(run, start, face)
    _different(run, via, face)
    room.must_see([*stops, face])
    turn_words = []
    heading = directions.world_bearing(*_step(run, start, face))
    for origin, target in ((start, via), (via, end)):
        next_heading = directions.world_bearing(*_step(run, origin, target))
        turn_words.append(_turned(run, directions.wrapped(heading - next_heading)))
        heading = next_heading
    return " then ".join(turn_words)


def _step(run: Execution, origin: int, target: int) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    places = _room(run).boxes[origin].centre, _room(run).boxes[target].centre
    _apart(run, *places)
    return places


def _turned(run: Execution, turn_angle: float) -> str:
    """Name a turn by `turn_angle` degrees clockwise."""
    run.decided_by(abs(turn_angle) - STRAIGHT, abs(turn_angle) - ABOUT, unit="deg")
    if abs(turn_angle) < STRAIGHT:
        raise IllPosed("straight", "the way goes straight on at one of the things", "choose stops that need a turn")
    if abs(turn_angle) > ABOUT:
        return "back"
    return "right" if turn_angle > 0 else "left"


def appearance_order(run: Execution, candidates: Sequence[int]) -> str:
    """Order the `candidates` by when they are first seen along the frames; nothing of one may be seen before that."""
    room = _room(run)
    _different(run, *candidates)
    first_views = []
    for candidate in candidates:
        visible_percents = [room.part(view, candidate) for view in range(1, len(room.scene.cameras) + 1)]
        view = next(
            (number for number, visible_percent in enumerate(visible_percents, start=1) if visible_percent > 0), None
        )
        if view is None or not room.seen(view, candidate):
            reason = f"the {_label(run, candidate)} comes into view bit by bit, or never"
            raise IllPosed("unseen", reason, "ask about things that are well seen in the first frame that shows them")
        run.decided_by(visible_percents[view - 1], unit="%")
        first_views.append(view)
    if len(set(first_views)) < len(first_views):
        raise IllPosed("not_unique", "two of the things come into view together", "ask about others")
    order = sorted(range(len(candidates)), key=lambda i: first_views[i])
    return "".join("ABCDEFGH"[i] for i in order)


def fit(run: Execution, inner: int, outer: int) -> bool:
    """Tell whether the box of the object `inner`, upright, would go into that of the object `outer`."""
    room = _room(run)
    _different(run, inner, outer)
    room.must_see_whole([inner, outer])
    fit_result = fits(room.boxes[inner].size, room.boxes[outer].size)
    mean_side = sum(room.boxes[inner].size) / 3
    if room.demands.close_sizes and fit_result.margin > MAX_GROWTH * mean_side:
        raise IllPosed("obvious", f"the {_label(run, inner)} is far too large or too small", "compare like sizes")
    run.decided_by(100 * fit_result.margin, unit="cm")
    return fit_result.value


# --- of one frame --------------------------------------------------------------------------------------------------


def single_image_relative_direction(run: Execution, view: int, target: int, reference: int) -> str:
    """Name the direction of the `target` from the `reference` for who holds the camera.

    Above or below is added where the target is so by more than half of the distance in the plan.
    """
    room = _room(run)
    _different(run, target, reference)
    room.must_see([target, reference], [view])
    return _seen_from(run, view, target, reference, 0.0)


def _seen_from(run: Execution, view: int, target: int, reference: int, turn_angle: float) -> str:
    """Name the direction of the `target` from the `reference` in the level camera's axes.

    It is turned by `turn_angle` degrees clockwise, seen from above.
    """
    room = _room(run)
    camera = room.camera(view)
    places = [directions.in_level(camera, room.boxes[index].centre) for index in (target, reference)]
    right, forward, up = (float(value) for value in places[0] - places[1])
    plan_distance = math.hypot(right, forward)
    _apart(run, (0.0, 0.0), (right, forward))
    level_direction = _sector(run, 90.0 - math.degrees(math.atan2(forward, right)) + turn_angle, SEEN_FROM)
    # SpatialEvo's rule: the vertical counts from half of the horizontal on; here with a margin, as an angle.
    steepness = math.degrees(math.atan2(abs(up), plan_distance)) - math.degrees(math.atan(0.5))
    run.decided_by(steepness, unit="deg")
    return level_direction if steepness < 0 else f"{level_direction}-{'above' if up > 0 else 'below'}"


def distance_cam_obj(run: Execution, view: int, target: int) -> float:
    """Measure the distance from the camera of a `view` to the nearest point of the box of the `target`, m."""
    room = _room(run)
    room.must_see([target], [view])
    gap = point_gap(room.camera(view).position, room.boxes[target])
    if gap < MIN_MOVE:
        raise IllPosed("close", "the camera touches the thing or nearly does", f"at least {MIN_MOVE:g} m")
    return gap


def depth_order_obj_obj(run: Execution, view: int, first_object: int, second_object: int) -> str:
    """Name the object whose nearest point is nearer to the camera: `first_object` or `second_object`."""
    room = _room(run)
    _different(run, first_object, second_object)
    room.must_see([first_object, second_object], [view])
    eye = room.camera(view).position
    return _label(
        run,
        (first_object, second_object)[
            _nearest(run, [point_gap(eye, room.boxes[index]) for index in (first_object, second_object)])
        ],
    )


def occluder(run: Execution, view: int, target: int) -> str:
    """Name the object that hides most of the partly hidden `target` in a `view`."""
    room = _room(run)
    visibility = room.visibility_of(view, target)
    room.must_see([target], [view])
    if not visibility.occluders:
        raise IllPosed("empty", f"nothing hides the {_label(run, target)} in frame {view}", "ask about a hidden thing")
    full_pixels = visibility.pixels / visibility.share
    (top_index, top_share), (_, next_share) = [
        (index, pixels / full_pixels) for index, pixels in (*visibility.occluders, (STRUCTURE, 0))
    ][:2]
    run.decided_by(top_share - next_share, unit="share")
    if top_index == STRUCTURE:
        raise IllPosed("structure", f"a wall hides most of the {_label(run, target)}", "ask about what things hide")
    room.must_see([top_index], [view])
    return _label(run, room.object_named(room.labels[top_index]))


def mental_rotation(run: Execution, view: int, target: int, reference: int, quarter: int) -> str:
    """Name the direction of the `target` from the `reference` if the room were turned under the camera.

    The turn is by `quarter` degrees clockwise, seen from above; level directions only.
    """
    room = _room(run)
    _different(run, target, reference)
    room.must_see([target, reference], [view])
    direction = _seen_from(run, view, target, reference, float(quarter))
    if direction not in SEEN_FROM:
        raise IllPosed("steep", "one thing is above the other rather than beside it", "choose two side by side")
    return direction


# --- of two frames -------------------------------------------------------------------------------------------------


def position_cam_cam(run: Execution, first_view: int, second_view: int) -> str:
    """Name the direction of the second camera for who holds the first: those of `first_view` and `second_view`."""
    _linked(run, first_view, second_view)
    first_camera, second_camera = _room(run).camera(first_view), _room(run).camera(second_view)
    _apart(run, first_camera.position, second_camera.position, MIN_MOVE)
    return _sector(run, directions.camera_bearing(first_camera, second_camera.position))


def elevation_cam_cam(run: Execution, first_view: int, second_view: int) -> str:
    """Tell whether the camera of `second_view` is higher than that of `first_view`."""
    _linked(run, first_view, second_view)
    height_gain = _room(run).camera(second_view).position[2] - _room(run).camera(first_view).position[2]
    run.decided_by(float(height_gain), unit="m")
    return LEVEL[int(height_gain < 0)]


def visibility_compare(run: Execution, first_view: int, second_view: int, target: int) -> str:
    """Name the frame that shows more of the `target`: the share of it that is in the frame and not hidden."""
    room = _room(run)
    _two_views(run, first_view, second_view)
    room.must_see([target])
    entries = [room.visibility_of(view, target) for view in (first_view, second_view)]
    shares = [entry.share * entry.inside for entry in entries]
    if not any(entry.pixels for entry in entries):
        return "neither"
    room.must_see([target], [first_view, second_view])
    run.decided_by(shares[0] - shares[1], unit="share")
    return FRAME_CHOICES[int(shares[0] < shares[1])]


def position_cam_obj(run: Execution, shown_view: int, camera_view: int, target: int) -> str:
    """Name the direction of a `target` that `shown_view` shows, for who holds the camera of `camera_view`."""
    room = _room(run)
    _linked(run, shown_view, camera_view)
    room.must_see([target], [shown_view])
    return _from_camera(run, camera_view, room.boxes[target].centre)


def _from_camera(run: Execution, view: int, point: directions.Point) -> str:
    camera = _room(run).camera(view)
    _apart(run, camera.position, point)
    return _sector(run, directions.camera_bearing(camera, point))


def position_cam_reg(run: Execution, shown_view: int, camera_view: int, members: Sequence[int]) -> str:
    """Name the direction of the middle of a region for a camera, as `position_cam_obj` does of one object.

    Args:
        run: the execution.
        shown_view: the frame whose visible members of the region count.
        camera_view: the frame whose camera it is for.
        members: objects of the region.
    """
    room = _room(run)
    _linked(run, shown_view, camera_view)
    visible_members = [member for member in members if room.part(shown_view, member)]
    if len(visible_members) < 2:
        raise IllPosed(
            "unseen", f"frame {shown_view} shows {len(visible_members)} things of that region", "two or more are needed"
        )
    if room.demands.region_keys and REGION_KEYS.isdisjoint(_label(run, member) for member in visible_members):
        reason = f"frame {shown_view} does not show what makes the region one"
        raise IllPosed("unseen", reason, "such as the table of a dining area")
    for member in visible_members:
        run.decided_by(room.part(shown_view, member), unit="%")
        room.must_see([member], [shown_view])
    centres = [room.boxes[member].centre for member in visible_members]
    x, y, z = (math.fsum(values) / len(centres) for values in zip(*centres, strict=True))
    farthest = max(math.dist((x, y, z), centre) for centre in centres)
    if farthest > MAX_SPREAD:
        reason = f"the things of that region lie up to {farthest:.1f} m from their middle"
        raise IllPosed("spread", reason, f"at most {MAX_SPREAD:g} m")
    return _from_camera(run, camera_view, (x, y, z))


def motion_camera(run: Execution, first_view: int, second_view: int) -> str:
    """Name the motion of the camera from `first_view` to `second_view`.

    It is the turn where the camera turned, else the main way in which it moved.
    """
    _linked(run, first_view, second_view)
    first_camera, second_camera = _room(run).camera(first_view), _room(run).camera(second_view)
    turn_angle = directions.turn(first_camera, second_camera)
    # Half the usual margin: 5 degrees or less are no turn, 11 and more are one.
    run.decided_by(2 * (abs(turn_angle) - TURN_LEAST), unit="deg")
    if abs(turn_angle) > TURN_LEAST:
        return f"turn-{'right' if turn_angle > 0 else 'left'}"
    right, forward, up = directions.in_level(first_camera, second_camera.position)
    plan_distance = math.hypot(right, forward)
    if math.hypot(plan_distance, up) < MIN_MOVE:
        raise IllPosed("close", "the camera hardly moved or turned", f"frames at least {MIN_MOVE:g} m apart")
    steepness = math.degrees(math.atan2(abs(up), plan_distance)) - 45
    run.decided_by(steepness, unit="deg")
    if steepness > 0:
        return "above" if up > 0 else "below"
    return _sector(run, directions.camera_bearing(first_camera, second_camera.position), directions.FOUR)


def attribute_measurement(
    run: Execution, first_view: int, second_view: int, first_object: int, second_object: int
) -> str:
    """Name the object with the longer longest side: `first_object` or `second_object`.

    Each must be whole in one of two frames, `first_view` and `second_view`.
    """
    room = _room(run)
    _two_views(run, first_view, second_view)
    _different(run, first_object, second_object)
    room.must_see_whole([first_object, second_object], [first_view, second_view])
    longest_sides = [max(room.boxes[index].size) for index in (first_object, second_object)]
    if room.demands.close_sizes and max(longest_sides) > MAX_RATIO * min(longest_sides):
        raise IllPosed("obvious", "one of the two is much longer", f"sides that differ by a factor up to {MAX_RATIO:g}")
    run.decided_by(longest_sides[0] - longest_sides[1], unit="m")
    return _label(run, (first_object, second_object)[int(longest_sides[0] < longest_sides[1])])


def count_across(run: Execution, first_view: int, second_view: int, category: str) -> int:
    """Count the different objects of a `category` that two frames show together, each once."""
    room = _room(run)
    _linked(run, first_view, second_view)
    count = 0
    for member in room.all_of(category):
        visible_percents = [room.part(view, member) for view in (first_view, second_view)]
        if any(visible_percents):
            if not any(room.countable(view, member) for view in (first_view, second_view)):
                reason = f"one {category} is hardly seen: it may count or not"
                raise IllPosed("unseen", reason, "choose frames that show each one well or not at all")
            run.decided_by(max(visible_percents), unit="%")
            count += 1
    if not count:
        raise IllPosed("empty", f"neither frame shows a {category}", "name things that are in a frame")
    return count


def view_match(run: Execution, view: int) -> int:
    """Return the frame that was taken from the camera that a plan shows: `view` itself.

    No other camera may stand and look nearly alike.
    """
    room = _room(run)
    asked_camera = room.camera(view)
    if len(room.scene.cameras) < 2:
        raise IllPosed("trivial", "there is one frame only", "choose a room with several")
    for number, other_camera in enumerate(room.scene.cameras, start=1):
        if number != view:
            turn_angle, (x, y, z) = (
                abs(directions.turn(asked_camera, other_camera)),
                asked_camera.position - other_camera.position,
            )
            if math.hypot(x, y, z) < ALIKE_MOVE and turn_angle < ALIKE_TURN:
                hint = f"cameras {ALIKE_MOVE:g} m or {ALIKE_TURN:g} degrees apart"
                raise IllPosed("alike", f"frames {view} and {number} were taken nearly from one place", hint)
            run.compared += 1
    return view
