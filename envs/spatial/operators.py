"""The language of rooms: one operator for each task, with typed parameters, and its English.

Every phrasing says in words which quantity is measured. Objects are named by categories that occur once; frames by
their numbers.
"""

from collections.abc import Mapping
from itertools import permutations
from typing import Any

from ..language.literals import LiteralKind, Name, Names, Quantity
from ..language.query import Call, Language, Literal, Operator
from . import rules
from .surroundings import REGIONS

MAX_VIEWS = 64
QUARTERS: Mapping[str, int] = {"clockwise": 90, "half": 180, "counter-clockwise": 270}
"""Turns of the room, degrees clockwise seen from above."""
TURN_PHRASES = {
    "clockwise": "a quarter turn clockwise", "half": "half a turn", "counter-clockwise": "a quarter turn "
    "counter-clockwise"
}  # fmt: skip
"""How a question says each."""
LITERALS: Mapping[str, LiteralKind] = {
    "thing": Name("Thing", "the only thing of a category, such as sofa", need="exactly one {word}"),
    "things": Names("Things", "2 to 5 such things", "Thing", need="exactly one {word}"),
    "category": Name("Category", "all things of a category, such as chair", need="a {word} or several"),
    "region": Name("Region", "a part of a home", tuple(REGIONS)),
    "view": Quantity("View", "a frame by its number", 1, MAX_VIEWS, is_whole=True),
    "side": Name("Side", "a side", ("left", "right")),
    "turned": Name("Quarter", "how the room is turned, seen from above", tuple(QUARTERS)),
}

_BOXES = "between the nearest points of the boxes around them"
_EIGHT = "Answer with front, back, left, right, or two of them such as front-left."
_PICTURE = "Answer with left, right, nearer, farther, or a combination such as farther-left"
_MIDDLES = "Take the middle of each thing as its place."


def _operator(name: str, inputs: str, output: str, about: str, *questions: str) -> Operator:
    rule = getattr(rules, name)
    return Operator(name, tuple(inputs.split()), output, about, rule, (), questions)


_SCENE = (
    _operator("object_counting", "Category", "Tally", "how many things of a category there are",
        "How many {0:many} are there in this room? Things that several frames show count once.",
        "Count the {0:many} in the room, each once even if several frames show it.",
        "What is the number of {0:many} in the room? Do not count one that two frames show twice.",
        "In all frames together, how many different {0:many} does the room have?",
        "Tell the number of different {0:many} in this room."),
    _operator("object_size", "Thing", "Amount", "a thing's longest side",
        "How long is the longest side of the box around {0}, in centimetres?",
        "What is the length of the longest dimension of {0}, as a box around it has it, in centimetres?",
        "Give the longest of width, depth and height of {0}, in centimetres.",
        "In centimetres, how much does {0} measure along its longest dimension (width, depth or height)?",
        "Estimate the largest of the three dimensions (width, depth, height) of {0} in centimetres."),
    _operator("absolute_distance", "Thing Thing", "Amount", "how far two things are from each other",
        f"How far apart are {{0}} and {{1}}, {_BOXES}, in metres?",
        f"What is the distance of {{0}} from {{1}} in metres, {_BOXES}?",
        f"In metres, how far is it from {{0}} to {{1}}, measured {_BOXES}?",
        "Measure the gap between {0} and {1} in metres, from the nearest point of the box around one to that of the "
        "other.",
        "Give the shortest distance in metres from the box around {0} to the box around {1}."),
    _operator("relative_distance", "Things Thing", "Label", "which of several things is nearest to another",
        f"Which is nearest to {{1}}, {{0}}? Distances are taken {_BOXES}.",
        f"Of these things, which one is closest to {{1}}, measured {_BOXES}: {{0}}?",
        f"{{1}} has which of these nearest to it, {_BOXES}: {{0}}?",
        f"Which has the least distance to {{1}}, {_BOXES}: {{0}}?",
        f"Name the one that is nearest to {{1}}, {_BOXES}: {{0}}."),
    _operator("relative_direction_hard", "Thing Thing Thing", "Around", "where a thing is for who stands at another",
        f"You stand at {{0}} and face {{1}}. Where is {{2}} from you? {_MIDDLES} {_EIGHT}",
        f"If you stood at {{0}}, looking at {{1}}, in which direction would {{2}} be? {_MIDDLES} {_EIGHT}",
        f"Standing at {{0}} with {{1}} straight ahead, in which direction is {{2}}? {_MIDDLES} {_EIGHT}",
        f"Imagine to be where {{0}} is and to look towards {{1}}. Where do you find {{2}}? {_MIDDLES} {_EIGHT}",
        f"Someone at {{0}} looks at {{1}}. On which side of this person is {{2}}? {_MIDDLES} {_EIGHT}"),
    _operator("room_size", "", "Amount", "the area of the floor",
        "How large is the floor of all that is shown, in square metres? Count what furniture stands on.",
        "What is the area of the whole floor in square metres, furniture included?",
        "In square metres, how much floor is there, under the furniture too?",
        "Estimate the floor area of the place in square metres; furniture does not reduce it.",
        "How many square metres of floor are there in all, covered by furniture or not?"),
    _operator("perspective_order", "Thing Thing Things Side", "Label", "what is farthest to a side for somebody",
        f"You stand at {{0}} and face {{1}}. Which is farthest to the {{3}}: {{2}}? {_MIDDLES}",
        f"Seen by someone at {{0}} who looks at {{1}}, which is most to the {{3}}: {{2}}? {_MIDDLES}",
        f"From {{0}}, looking towards {{1}}, which of these appears farthest to the {{3}}: {{2}}? {_MIDDLES}",
        f"Standing at {{0}} with {{1}} straight ahead, name the one farthest to the {{3}}: {{2}}. {_MIDDLES}",
        f"Imagine to look from {{0}} at {{1}}. Which would be the {{3}}most of these: {{2}}? {_MIDDLES}"),
    _operator("route_turns", "Thing Thing Thing Thing", "Route", "the turns on a way along things",
        "You stand at {0} and face {1}. You walk straight to {2} and then straight to {3}. How do you turn at the "
        "start "
        "and then at {2}: left, right or back? Answer such as: left then back.",
        "Starting at {0}, facing {1}, you go to {2} and from there to {3}. Which two turns do you make (left, right, "
        "or "
        "back for turning round)? Answer such as: right then left.",
        "From {0}, with {1} straight ahead, walk to {2}, then to {3}. Name the turn before each of the two ways: left, "
        "right or back. Answer such as: back then right.",
        "A robot at {0} faces {1}. It must reach {2} and then {3}, each in a straight line. How must it turn before "
        "each "
        "line: left, right or back? Answer such as: left then right.",
        "Plan a route: stand at {0} facing {1}, go straight to {2}, go on to {3}. What are the two turns, each left, "
        "right or back? Answer such as: right then back."),
    _operator("appearance_order", "Things", "Order", "in which order things come into view",
        "In which order do these things first appear as the frames go on: {0}? Give the letters.",
        "Go through the frames in order. Which comes into view first, which next: {0}? Answer with the letters.",
        "Order by the first frame that shows each: {0}. Answer with the letters in that order.",
        "As the camera moves from frame to frame, in which order are these first seen: {0}? Write the letters.",
        "Sort these by when they are first seen in the frames, earliest first: {0}. Write the letters."),
    _operator("fit", "Thing Thing", "Bool", "whether a box of one thing's size fits into another's",
        "Would {0} fit into a free space as large as the box around {1}, standing upright?",
        "If {1} were an empty box of its size, could {0} stand in it upright, turned as one likes?",
        "Take {1} away: would the space that the box around it filled hold {0}, upright?",
        "Could {0}, kept upright, stand wholly inside a box with the width, depth and height of {1}?",
        "Is the box around {0} small enough to stand upright within one of the size of {1}?"),
)  # fmt: skip
_SINGLE = (
    _operator("single_image_relative_direction", "View Thing Thing", "Seen", "where a thing is from another in a frame",
        f"In {{0}}, where is {{1}} from {{2}} as the camera sees it? {_PICTURE}; add above or below where it is at "
        f"least "
        "half as far up or down as to the side.",
        f"Seen by who took {{0}}, in which direction from {{2}} is {{1}}? {_PICTURE}; add above or below where the "
        "height differs by more than half of the distance in the plan.",
        f"Look at {{0}}. Relative to {{2}}, where does {{1}} stand for the camera? {_PICTURE}; add above or below if "
        f"it "
        "is that by more than half of the distance in the plan.",
        f"For the camera of {{0}}, how does {{1}} lie to {{2}}? {_PICTURE}; add above or below if the heights differ "
        f"by "
        "more than half of the distance in the plan.",
        f"From the camera's side in {{0}}, which way is it from {{2}} to {{1}}? {_PICTURE}; add above or below if the "
        "way goes up or down by more than half of its length in the plan."),
    _operator("distance_cam_obj", "View Thing", "Amount", "how far a thing is from the camera",
        "How far is the camera of {0} from the nearest point of the box around {1}, in metres?",
        "In {0}, what is the distance from the camera to the nearest point of the box around {1}, in metres?",
        "How many metres are there between the camera that took {0} and the box around {1}, at its nearest point?",
        "In metres, how far away from the camera of {0} is the nearest point of the box around {1}?",
        "Estimate the distance in metres between the camera and the nearest point of the box around {1} in {0}."),
    _operator("depth_order_obj_obj", "View Thing Thing", "Label", "which thing is nearer to the camera",
        "In {0}, which is nearer to the camera by its nearest point, {1} or {2}?",
        "Which has the smaller distance between its nearest point and the camera of {0}: {1} or {2}?",
        "Is it {1} or {2} whose nearest point is closer to the camera in {0}? Name the thing.",
        "Comparing nearest points, what is closer to who took {0}: {1} or {2}?",
        "Look at {0}: which of {1} and {2} comes nearer to the camera with its nearest point?"),
    _operator("occluder", "View Thing", "Found", "what hides most of a thing",
        "In {0}, which thing hides the largest part of {1} from the camera?",
        "What stands before {1} in {0} and hides most of it?",
        "Part of {1} is hidden in {0}. By which thing above all?",
        "Which thing would have to go so that {0} showed much more of {1}?",
        "Name the thing that covers the most of {1} in {0}."),
    _operator("mental_rotation", "View Thing Thing Quarter", "Seen", "where a thing would be if the room were turned",
        f"Imagine the whole room is turned by {{3}}, seen from above, while the camera of {{0}} stays. Where would "
        f"{{1}} "
        f"then be from {{2}} for the camera? {_PICTURE}.",
        f"In {{0}}, turn everything but the camera by {{3}} (seen from above). In which direction from {{2}} is {{1}} "
        f"then, for the camera? {_PICTURE}.",
        f"Rotate what {{0}} shows by {{3}}, seen from above; the camera keeps its heading. Where is {{1}} from {{2}} "
        f"now? {_PICTURE}.",
        f"If the furniture in {{0}} stood on a turntable that made {{3}}, seen from above, where would {{1}} be from "
        f"{{2}} for the camera? {_PICTURE}.",
        f"Think of the layout in {{0}} after {{3}}, seen from above. Relative to {{2}}, where does the camera see "
        f"{{1}}? {_PICTURE}."),
)  # fmt: skip
_PAIR = (
    _operator("position_cam_cam", "View View", "Around", "where one camera is for another",
        f"Where was the camera of {{1}}, seen by who held the camera of {{0}}? {_EIGHT}",
        f"For the photographer of {{0}}, in which direction is the place where {{1}} was taken? {_EIGHT}",
        f"Stand where {{0}} was taken and look the same way. In which direction is the camera of {{1}}? {_EIGHT}",
        f"From the camera of {{0}}, which way is it to the camera of {{1}}? {_EIGHT}",
        f"Relative to the camera of {{0}} and its viewing direction, where is that of {{1}}? {_EIGHT}"),
    _operator("elevation_cam_cam", "View View", "Level", "whether a camera is higher",
        "Is the camera of {1} higher or lower than that of {0}?",
        "Compared with {0}, was {1} taken from a higher or a lower place? Answer higher or lower.",
        "From {0} to {1}, did the camera end up higher or lower?",
        "How high was the camera of {1} beside that of {0}: higher or lower?",
        "Does the camera of {1} stand higher or lower above the floor than the camera of {0}?"),
    _operator("visibility_compare", "View View Thing", "Which", "which frame shows more of a thing",
        "Which shows a larger share of {2}: the first frame ({0}), the second ({1}), or neither, as none shows it?",
        "Of which frame does more of {2} come into view, unhidden and within the frame: the first ({0}) or the second "
        "({1})? Answer neither if it is in none.",
        "Is more of {2} to be seen in the first ({0}), in the second ({1}), or in neither of them?",
        "Where is {2} seen more completely: in the first frame ({0}), in the second ({1}), or in neither?",
        "Compare how much of {2} is visible in the first ({0}) and the second ({1}): first, second, or neither?"),
    _operator("position_cam_obj", "View View Thing", "Around", "where a thing of one frame is for another's camera",
        f"{{0}} shows {{2}}. Where is its middle for who holds the camera of {{1}}? {_EIGHT}",
        f"In which direction from the camera of {{1}} is the middle of {{2}} that {{0}} shows? {_EIGHT}",
        f"Stand where {{1}} was taken and look the same way. Where is {{2}} (its middle) of {{0}}? {_EIGHT}",
        f"For the photographer of {{1}}, where is the middle of {{2}}, which {{0}} shows? {_EIGHT}",
        f"Relative to the camera of {{1}} and its viewing direction, where is {{2}} of {{0}} (its middle)? {_EIGHT}"),
    _operator("position_cam_reg", "View View Region", "Around", "where a part of the home is for a frame's camera",
        f"{{0}} shows things of {{2}}. Where is their middle for who holds the camera of {{1}}? {_EIGHT}",
        f"In which direction from the camera of {{1}} do you find {{2}}, the middle of its things in {{0}}? {_EIGHT}",
        f"Stand where {{1}} was taken and look the same way. Where is {{2}}, taken as the middle of its things "
        f"in {{0}}? "
        f"{_EIGHT}",
        f"For the photographer of {{1}}, where is the middle of those things of {{2}} that {{0}} shows? {_EIGHT}",
        f"Relative to the camera of {{1}} and its viewing direction, where is {{2}} (the middle of its things in "
        f"{{0}})? "
        f"{_EIGHT}"),
    _operator("motion_camera", "View View", "Motion", "how the camera moved between frames",
        "How did the camera move from {0} to {1}? If it turned: turn-left or turn-right. If it only moved: forward, "
        "backward, left, right, up or down, whichever is most of it.",
        "Between {0} and {1}, what did the camera do? Answer turn-left or turn-right where it turned, else the main "
        "direction: forward, backward, left, right, up or down.",
        "Describe the camera's motion from {0} to {1}: turn-left or turn-right if its heading changed, else forward, "
        "backward, left, right, up or down.",
        "What motion took the camera from {0} to {1}? A turn counts first (turn-left, turn-right), then the main way "
        "it "
        "moved: forward, backward, left, right, up, down.",
        "From {0} to {1} the camera moved. Was it turn-left, turn-right, or, without a turn, forward, backward, left, "
        "right, up or down?"),
    _operator("attribute_measurement", "View View Thing Thing", "Label", "which of two things is longer",
        "Which has the longer longest side (of width, depth, height), {2} or {3}? Look at {0} and {1}.",
        "In {0} and {1}, what measures more along its longest dimension: {2} or {3}?",
        "Compare the longest of width, depth and height of {2} and {3}, seen in {0} and {1}. Which thing has the "
        "longer?",
        "Look at {0} and {1}. Is it {2} or {3} whose longest dimension is larger? Name the thing.",
        "By its longest dimension, which is the larger thing in {0} and {1}, {2} or {3}?"),
    _operator("count_across", "View View Category", "Tally", "how many things of a category two frames show together",
        "How many different {2:many} do {0} and {1} show together? One that both show counts once.",
        "Counting none twice, how many {2:many} are to be seen in {0} or {1}?",
        "{0} and {1} show the same room. How many different {2:many} are in at least one of them?",
        "Put {0} and {1} together: what is the number of different {2:many}?",
        "How many {2:many} in all are visible in {0} and {1}, each counted once even if both show it?"),
)  # fmt: skip
_PLAN = (
    _operator("view_match", "View", "Number", "which frame a camera on the plan took",
        "The plan shows the room from above and one camera as an arrow. Which frame did this camera take? Answer with "
        "its number.",
        "On the plan, an arrow stands for a camera and its heading. Which frame number was taken from there?",
        "Match the plan with the frames: which one, by number, was taken from the arrow, looking along it?",
        "Seen from above, the camera stands at the arrow. Give the number of the frame that it took.",
        "Which of the numbered frames shows what the arrow on the plan looks at?"),
)  # fmt: skip
OPERATORS: Mapping[str, Operator] = {operator.name: operator for operator in (*_SCENE, *_SINGLE, *_PAIR, *_PLAN)}
SINGLE_IMAGE, PAIR, PLAN = (frozenset(operator.name for operator in group) for group in (_SINGLE, _PAIR, _PLAN))
"""Tasks that are about one frame, about two, and about a plan; the others are about all frames."""
UNITS: Mapping[str, str] = {
    "object_size": "cm", "absolute_distance": "m", "distance_cam_obj": "m", "room_size": "m²"
}  # fmt: skip
"""Units of amounts, by operator."""
CLOSED_ANSWERS: Mapping[str, tuple[str, ...]] = {
    "Around": rules.EIGHT, "Level": rules.LEVEL, "Which": rules.FRAME_CHOICES, "Motion": rules.MOVES,
    "Route": rules.ROUTES,
    "Bool": ("no", "yes"),
}  # fmt: skip
"""Answers by type, where they are the same for every scene."""
LANGUAGE = Language(
    LITERALS, OPERATORS, frozenset(operator.output for operator in OPERATORS.values()),
    max_depth=2,
    kinds={
        "Tally": "tally", "Amount": "mra", "Label": "name", "Found": "name", "Route": "phrase", "Around": "direction",
        "Seen": "direction", "Motion": "direction", "Order": "order", "Number": "number", "Bool": "yesno",
    },
)  # fmt: skip


def options(query: Call) -> tuple[str, ...]:
    """Return the answers that a `query` can have, where the words of its question say them; none where open."""
    if query.op == "single_image_relative_direction":
        return rules.AROUND
    if query.op == "mental_rotation":
        return rules.SEEN_FROM
    if query.output == "Label":
        return candidates(query)
    if query.output == "Order":
        letters = "ABCDEFGH"[: len(candidates(query))]
        return tuple("".join(letter_order) for letter_order in permutations(letters))
    return CLOSED_ANSWERS.get(query.output, ())


def candidates(query: Call) -> tuple[str, ...]:
    """Return the names among which a `query` lets choose: those of its list, or else of its last two objects."""
    name_lists = [literal for literal in query.args if isinstance(literal, Literal) and literal.op == "things"]
    if name_lists:
        return tuple(map(str, name_lists[0].words))
    return tuple(
        str(literal.words[0]) for literal in query.args if isinstance(literal, Literal) and literal.op == "thing"
    )[-2:]


def views(query: Call) -> tuple[int, ...]:
    """Return the frames that a `query` names, in its order."""
    return tuple(
        int(literal.words[0]) for literal in query.args if isinstance(literal, Literal) and literal.op == "view"
    )


def wording(value: Any) -> str:
    """Return an answer's `value` as text: amounts to three digits."""
    if isinstance(value, float):
        return f"{value:.3g}"
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
