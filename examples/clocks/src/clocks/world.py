"""Clocks: what time they show, and which shows the later one.

Task:
    A picture of 2 to 4 clocks on a white 128 x 128 canvas, each with a face of its own colour and two black hands; the
    hour, the minutes, which of two is later, and how many stand between 6 and 12. Drawn by SVG programs.

Item fields:
    Coordinates in px, x right, y down. A hand points from the middle of its face to its far end.

Answer:
    A number (hour 1 to 12, minutes in steps of 5, counts 0 to 2 in sampled items), or yes or no. No tolerance.

Scoring:
    1 or 0, by `zerosight.envs.answers`.

Difficulty knobs:
    The number of clocks: 2, 3 or 4 (difficulties 1 to 3).

Degenerate cases excluded:
    Hands of nearly one length, minutes between two marks of five, hands that disagree, clocks that touch.

State space:
    144 times and 6 colours: 6! / 2! * 144**4 > 10**11 pictures of four clocks.

Source:
    Ours.

History:
    v1: first version.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zerosight.envs import FlatScene, Rejected, SeededRng, Task
from zerosight.envs.drawn import DrawnEnvironment
from zerosight.envs.language.execute import Execution, Result, execute
from zerosight.envs.language.grammar import Grammar
from zerosight.envs.language.literals import Description, Vocabulary
from zerosight.envs.language.query import Call, Language, Literal, operator, operator_table
from zerosight.geometry import FlatObject

# --- constants -----------------------------------------------------------------------------------------------

ENV_ID = "clocks/Clock-v1"
CANVAS = 128
COLOURS = {
    "red": "#ff8080", "green": "#80d080", "blue": "#80a0ff", "yellow": "#ffe060", "pink": "#ffb0e0", "grey": "#c0c0c0",
}  # fmt: skip
"""Pale, so that black hands are seen on them."""
HOURS = tuple(str(hour) for hour in range(1, 13))
MINUTES = tuple(str(minute) for minute in range(0, 60, 5))
COUNTS = ("0", "1", "2")
YES_NO = ("no", "yes")
CLEAR_DEGREES = 6.0
"""A hand nearer to the border between two readings than this is ambiguous."""
HOUR_HAND, MINUTE_HAND = 0.5, 0.85
"""Shares of the face's radius."""
CORNERS = ((34, 34), (94, 34), (34, 94), (94, 94))
PLACES = {2: ((34, 64), (94, 64)), 3: CORNERS, 4: CORNERS}
"""Middles by the number of clocks, px."""
RADIUS = 27

# --- the language ----------------------------------------------------------------------------------------------

DESCRIPTION = Description(Vocabulary(colour=tuple(COLOURS)))


def noun(literal: Literal, plural: bool) -> str:
    """Return `literal` as a noun: `red clock`, or `red clocks` in the `plural`."""
    return " ".join((*literal.words, "clocks" if plural else "clock"))


def _later(run: Execution, one_clock: int, other_clock: int) -> bool:
    run.different(one_clock, other_clock)
    one_minutes, other_minutes = (60 * (run.world[i].hour % 12) + run.world[i].minute for i in (one_clock, other_clock))
    # Five minutes are 30 degrees of the minute hand; equal times are no order.
    run.decided_by(6.0 * (one_minutes - other_minutes))
    return bool(one_minutes > other_minutes)


def _past(run: Execution, members: Sequence[int], hour: int) -> int:
    return sum(run.world[i].hour % 12 >= hour for i in members)


def same(language: Language, call: Call) -> Rejected | None:
    """Reject a `call` that compares a clock with itself."""
    if len(call.args) == 2 and call.args[0] == call.args[1]:
        return Rejected("trivial", f"{call.op} is given the same clock twice", "describe two clocks")
    return None


LANGUAGE = Language(
    literals={"select": DESCRIPTION},
    operators=operator_table(
        operator("unique", "Set", "Object", "the only member", lambda run, members: run.unique(members),
            phrases=("the {0:one}", "the only {0:one}", "the one {0:one}", "the single {0:one}",
                "the sole {0:one}")),
        operator("hour", "Object", "Number", "the hour that has begun", lambda run, i: run.world[i].hour,
            questions=("which hour does {0} show?", "what is the hour on {0}?", "at which hour does {0} stand?",
                "which full hour was last passed on {0}?", "what hour does {0} tell?")),
        operator("minutes", "Object", "Number", "minutes past the hour", lambda run, i: run.world[i].minute,
            questions=("how many minutes past the hour does {0} show?",
                "how many minutes past the hour is it on {0}?",
                "where is the minute hand of {0}, in minutes?", "which minute does {0} show?",
                "what are the minutes on {0}?")),
        operator("later", "Object Object", "Bool", "whether the first shows a later time from 12", _later,
            questions=("counted from 12, does {0} show a later time than {1}?",
                "counted from 12, is it later on {0} than on {1}?",
                "counted from 12, is the time on {0} later than the time on {1}?",
                "counted from 12, is {0} ahead of {1}?", "counted from 12, is {1} behind {0}?")),
        operator("past_six", "Set", "Number", "how many show 6 o'clock or later, before 12",
            lambda run, members: _past(run, members, 6),
            questions=("how many {0:many} show a time from 6 to just before 12?",
                "how many {0:many} stand between 6 and 12?",
                "on how many {0:many} is the hour hand between 6 and 12?",
                "how many {0:many} have an hour from 6 to 11?",
                "count the {0:many} with an hour from 6 to 11: how many are there?")),
    ),
    answers=frozenset(("Bool", "Number")),
    checks=(same,),
    aliases={"Set>Object": "use unique to make a Set an Object"},
)  # fmt: skip

# --- data: from a scene to clocks ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Time:
    """A clock as a question sees it."""

    colour: str
    hour: int
    """1 to 12."""
    minute: int
    """0 to 55 in steps of 5."""

    def described_by(self, words: Sequence[str]) -> bool:
        """Tell whether all of `words` are true of it."""
        return all(word == self.colour for word in words)


def hand(face: FlatObject, hand_object: FlatObject) -> tuple[float, float]:
    """Return the length, px, and direction, degrees clockwise from the top, of the hand `hand_object` of a `face`."""
    cx, cy = face.outline.centroid.coords[0]
    x, y = hand_object.outline.centroid.coords[0]
    angle = math.degrees(math.atan2(x - cx, cy - y)) % 360
    # A hand begins in the middle, so its own middle is half way out.
    return 2 * math.hypot(x - cx, y - cy), angle


def read_clock(face: FlatObject, hands: Sequence[FlatObject]) -> Time | Rejected:
    """Return the time that a `face` with its `hands` shows, or why it cannot be read."""
    clock_name = f"the clock of object {face.index + 1}"
    colour = next((word for word, value in COLOURS.items() if face.fill == value), None)
    if colour is None:
        return Rejected("colour", f"{clock_name} is {face.fill}", f"use {', '.join(COLOURS.values())}")
    if len(hands) != 2:
        return Rejected(
            "hands", f"{clock_name} has {len(hands)} hands", "draw two black lines from the middle of the face"
        )
    (short_length, hour_angle), (long_length, minute_angle) = sorted(hand(face, hand_object) for hand_object in hands)
    if short_length > 0.75 * long_length:
        return Rejected(
            "hands", f"the hands of {clock_name} are nearly of one length", "make the hour hand half as long"
        )
    minute = 5 * round(minute_angle / 30) % 60
    angle_error = abs((minute_angle - 6 * minute + 180) % 360 - 180)
    if 15 - angle_error < CLEAR_DEGREES:
        return Rejected(
            "ambiguous", f"the minute hand of {clock_name} is between two marks", "use minutes in steps of 5"
        )
    hour = round((hour_angle - minute / 2) / 30) % 12
    if abs((hour_angle - 30 * hour - minute / 2 + 180) % 360 - 180) > CLEAR_DEGREES:
        return Rejected(
            "hands", f"the hands of {clock_name} disagree", "move the hour hand on by half a degree a minute"
        )
    return Time(colour, hour or 12, minute)


def face_svg(colour: str, x: float, y: float, radius: float, hour: int, minute: int) -> str:
    """Return the elements that draw a clock of this `colour` and `radius`, px, which shows `hour` and `minute`."""
    elements = [f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{COLOURS.get(colour, colour)}"/>']
    for degrees, share, width in ((30 * hour + minute / 2, HOUR_HAND, 0.1), (6 * minute, MINUTE_HAND, 0.06)):
        hand_angle, length = math.radians(degrees), share * radius
        tip = f'x2="{x + length * math.sin(hand_angle):.2f}" y2="{y - length * math.cos(hand_angle):.2f}"'
        line = f'<line x1="{x}" y1="{y}" {tip} stroke="black" stroke-width="{width * radius:.2f}"/>'
        elements.append(line)
    return "".join(elements)


# --- the environment --------------------------------------------------------------------------------------------


class Clock(DrawnEnvironment):  # noqa: D101 - the module's docstring is the environment's
    __doc__ = __doc__

    id = ENV_ID
    tasks: Mapping[str, Task] = {
        "hour": Task("hour", "number", HOURS, "the hour that a clock shows"),
        "minutes": Task("minutes", "number", MINUTES, "the minutes that a clock shows"),
        "later": Task("later", "yesno", YES_NO, "whether one clock shows a later time than another"),
        "past_six": Task("past_six", "number", COUNTS, "how many clocks show a time between 6 and 12"),
    }
    forms: Mapping[str, str] = {
        "hour(unique(select))": "hour", "minutes(unique(select))": "minutes",
        "later(unique(select),unique(select))": "later", "past_six(select)": "past_six",
    }  # fmt: skip
    difficulties = (1, 2, 3)
    objects: Mapping[int, tuple[int, int]] = {1: (2, 2), 2: (3, 3), 3: (4, 4)}
    max_objects = 4
    words = tuple(COLOURS)
    description = DESCRIPTION
    language = LANGUAGE
    grammar = Grammar(LANGUAGE, noun)
    thresholds: Mapping[str, float] = {"°": CLEAR_DEGREES}
    largest_margin = 180.0
    size = CANVAS
    example = '["hour", ["unique", ["select", "red"]]]'
    guide = f"""You draw clocks as SVG programs. Reply with one <svg viewBox="0 0 128 128"> element and nothing else.
A clock is a circle filled with one of {", ".join(COLOURS.values())}, a thick short black line from its middle for the
hours and a long one for the minutes, in steps of five. Keep clocks apart."""

    def parse_scene(self, scene: FlatScene) -> tuple[Time, ...] | Rejected:
        """Parse `scene` into its clocks, in paint order, or say why the picture is not clear."""
        faces = [obj for obj in scene.objects if obj.kind == "circle"]
        hands: dict[int, list[FlatObject]] = {face.index: [] for face in faces}
        for obj in (obj for obj in scene.objects if obj not in faces):
            own_face = next((face for face in faces if face.outline.covers(obj.outline)), None)
            if own_face is None or (obj.stroke or obj.fill) != "#000000":
                return Rejected(
                    "hands", f"object {obj.index + 1} is not a black hand on a face", "draw lines on circles"
                )
            hands[own_face.index].append(obj)
        for i, face in enumerate(faces):
            if any(face.outline.intersects(other.outline) for other in faces[:i]):
                return Rejected("touching", f"the clock of object {face.index + 1} touches another", "keep them apart")
        clocks = [read_clock(face, hands[face.index]) for face in faces]
        return next((clock for clock in clocks if isinstance(clock, Rejected)), None) or tuple(clocks)

    def difficulty_of(self, scene: FlatScene) -> int:
        """Return the difficulty of `scene` by its number of clocks, each of three objects."""
        clock_count = len(scene.objects) // 3
        return next(
            (level for level, (_, max_clocks) in self.objects.items() if clock_count <= max_clocks), max(self.objects)
        )

    def query(self, rng: SeededRng, task: str) -> Call:
        """Draw a query of the form of `task`."""
        one_description, other_description = (
            LANGUAGE.literal("select", colour) for colour in rng.sample(tuple(COLOURS), 2)
        )
        if task == "past_six":
            return LANGUAGE.call(task, LANGUAGE.literal("select"))
        sets = (one_description, other_description) if task == "later" else (one_description,)
        return LANGUAGE.call(task, *(LANGUAGE.call("unique", each) for each in sets))

    def compose(self, rng: SeededRng, query: Call, target_answer: str | None, difficulty: int) -> str:
        """Set clocks of different colours anew until `query` has the `target_answer`."""
        asked_colours = [literal.words[0] for call in query.args if isinstance(call, Call) for literal in call.args]
        count, _ = self.objects[difficulty]
        other_colours = [colour for colour in COLOURS if colour not in asked_colours]
        colours = rng.shuffled([*asked_colours, *rng.sample(other_colours, count - len(asked_colours))])
        while True:
            clocks = [Time(colour, rng.integer(1, 12), 5 * rng.integer(0, 11)) for colour in colours]
            result = execute(LANGUAGE, query, clocks, self.thresholds)
            is_clear = isinstance(result, Result) and result.margin >= CLEAR_DEGREES
            if is_clear and self.wording(result.value) == target_answer:
                break
        places = rng.sample(PLACES[count], count)
        faces = [face_svg(c.colour, *place, RADIUS, c.hour, c.minute) for c, place in zip(clocks, places, strict=True)]
        return f'<svg viewBox="0 0 {CANVAS} {CANVAS}">{"".join(faces)}</svg>'
