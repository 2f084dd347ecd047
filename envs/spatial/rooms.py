"""Rooms: 3D questions about views of a furnished room, answered by geometry.

Task:
    The 16 tasks of SpatialEvo, over all frames (`object_counting`, `object_size`, `absolute_distance`,
    `relative_distance`, `relative_direction_hard`, `room_size`), over one (`single_image_relative_direction`,
    `distance_cam_obj`, `depth_order_obj_obj`) and over two (`position_cam_cam`, `elevation_cam_cam`,
    `visibility_compare`, `position_cam_obj`, `position_cam_reg`, `motion_camera`, `attribute_measurement`); and eight
    that it lacks: `perspective_order`, `route_turns`, `appearance_order`, `occluder`, `fit`, `mental_rotation`,
    `view_match`, `count_across`. What each measures stands in `rules.py`, and in the words of each question.

Item fields:
    `program` is Python that furnishes a room by the kit (`kit.py`), whose text is put before it when it is run. The
    scene is a `RoomScene`: boxes and categories recognised by shape, cameras, what each camera sees, the floor.
    `render_item` lays out the frames of the question, 512 px wide; `explanation_image` draws a plan with what was
    measured.

Answer:
    By task: a count, an amount in the unit that is asked for, a direction in parts, a thing's name, a word, letters.

Scoring:
    By `envs.answers`: counts 1, 0.3 or 0.1 as they are off by 0, 1 or 2; amounts by mean relative accuracy; directions
    1, or part of it for some of the parts; everything else 1 or 0.

Difficulty knobs:
    Things in the room: 6 to 8, 9 to 14, 15 to 22 (difficulties 1 to 3); L-shaped places from 2 on, several rooms at 3.

Degenerate cases excluded:
    Things that several have the name of, that no frame shows well, or whole where size is asked for; pairs of frames
    that do not share two things, where cameras are compared; places less than 0.4 m apart for directions; margins under
    0.15 m, 6 degrees, 5 cm, 15 % of a thing, 0.12 % of a picture. Of what others draw: rooms in which things overlap,
    float, or have no known shape, and cameras in walls or furniture.

State space:
    Floors of 10 to 60 square metres in centimetres, 34 categories with sizes in centimetres and turns in degrees: one
    thing alone has about 34 x 20**3 x 10**6 states, a room of 10 things more than 10**80.

Source:
    Tasks, inputs and formats: SpatialEvo (github.com/ZJU-REAL/SpatialEvo, file `task_config.yaml`), none of its code.
    Deviations: camera-to-camera directions are taken in the level camera's frame and yaw about the world's vertical;
    distances between things are between the nearest points of upright boxes, as the words say, not between centres;
    ties and directions near a border are refused instead of answered ("same" is no answer); parameters are typed JSON,
    so that no model reads a question; where something is for a camera is asked of a second frame's camera, as in its
    own picture it is nearly always in front; two of three parts of a direction give 0.5 instead of 1.

History:
    v1: first version.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ...geometry import RoomScene, SpatialScene
from ...render import InfrastructureError, Picture, Rejected
from ...render.drawing import Drawn, Pools, shared
from ..answers import OPPOSITES
from ..core import Briefing, Item, Requirement, Truth
from ..language.literals import Description, Vocabulary
from ..language.query import Call
from ..registry import register
from ..requirements import missing_requirements, read_requirements, requirements_of, requirements_schema
from ..rng import SeededRng
from .asking import blind_query, drawn_queries
from .build import built_room, kit_text, reordered, room_faults, room_scene
from .english import plural
from .layout import RoomLayout, plan_layout
from .physics import AIR, CLEARANCE, EYES
from .recognise import catalogue
from .rules import EIGHT
from .scanned import ScannedRooms
from .staging import staged
from .surroundings import Surroundings
from .world import FRAMES, LEVELS, RoomWorld

# --- constants -----------------------------------------------------------------------------------------------------

ENV_ID = "spatial/Rooms-v1"
FRAME = 256
"""Pixels of a frame's side: what is seen is measured in frames of this size."""
MAX_THINGS = 40
CATEGORIES = tuple(catalogue())
DESCRIPTION = Description(Vocabulary(category=CATEGORIES), about="things")
COUNTS = ("1", "2", "3", "4", "5")
"""What a sampled count is to be; categories seldom stand in a room more often."""
_ROOMS, _PICKY, _PATIENT = 60, 5, 12
"""Rooms that are tried for one item, those of them in which only the wanted answer will do, and those in which of
directions only one like it will."""
_ORDERS = 6
"""Orders of a room's frames that are tried."""
_KINDS = {1: ("rectangle",), 2: ("rectangle", "L"), 3: ("rectangle", "L", "rooms")}
_VARIETY = ((0.75, 1.0), (0.3, 0.6))
"""Categories for each thing, least and most: much is there once, but where things are counted or make a region."""
_SOUND = (
    f"boxes stay {AIR} m apart, on the floor (z=0) or wholly on the top of one thing, within the walls; eyes are "
    f"{EYES[0]} to {EYES[1]} m high, {CLEARANCE} m from walls and things, and look down a little"
)
GUIDE = f"""You furnish rooms as Python programs. Reply with the program and nothing else:

room = Room([(0, 0), (5, 0), (5, 4), (0, 4)])
room.add("sofa", 2.5, 3.4, turn=0)
room.add("table", 2.5, 1.8, size=(1.2, 0.8, 0.74))
room.add("mug", 2.4, 1.8, z=0.74)
room.look((0.6, 0.5, 1.5), (3, 2.5, 0.6), fov=75)
room.look((4.4, 0.6, 1.6), (2, 2.5, 0.6), fov=75)
scene, cameras = room.scene, room.cameras

Room is given and takes the outline of the floor in metres, with sides along x and y. room.add takes a category, x and y
of its middle, the height z of its bottom, its turn in degrees, its width, depth and height, and a colour. Categories:
{", ".join(CATEGORIES)}. room.look places a camera: where it stands and where it looks; 2 to 8 of them. Boxes around
things {_SOUND.removeprefix("boxes ")}. Every thing that is asked for must be large enough in a frame."""


@lru_cache(maxsize=16)
def _pictures(program: str) -> tuple[np.ndarray, ...]:
    """Return the frames of a `program`.

    Raises:
        InfrastructureError: the infrastructure failed.
        ValueError: the program is rejected.
    """
    (drawing,) = shared().draw("solid", [f"{kit_text()}{program}"], FRAME)
    if isinstance(drawing, InfrastructureError):
        raise drawing
    if isinstance(drawing, Rejected):
        raise ValueError(f"the item's program is rejected: {drawing}")
    return tuple(picture.array for picture in drawing.pictures)


# --- the environment -----------------------------------------------------------------------------------------------


class Rooms(RoomWorld):  # noqa: D101 - the module's docstring is the environment's
    __doc__ = __doc__

    id = ENV_ID
    difficulties = tuple(LEVELS)
    words = CATEGORIES
    example = '["relative_distance", ["things", "chair", "bed", "desk"], ["thing", "plant"]]'
    guide = GUIDE
    renderer = "solid"

    def with_data(self, folder: Path) -> ScannedRooms:
        """Return the environment that asks the same questions about the scanned rooms in a `folder`.

        Raises:
            FolderError: the folder holds no scan.
        """
        return ScannedRooms(f"{self.id}@{folder}", folder)

    def briefing(self, rng: SeededRng, task: str, difficulty: int) -> Briefing:
        """Return a briefing: the `task` and a number of objects within the range of the `difficulty`."""
        return Briefing(task, difficulty, rng.integer(*LEVELS[difficulty]))

    def query(self, rng: SeededRng, task: str) -> Call:
        """Draw a query of the `task` about objects of the catalogue, without regard to any room."""
        return blind_query(rng, task, CATEGORIES, FRAMES)

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        """Choose a wanted answer of a `task`, then try rooms and questions about them until one has it."""
        wanted_answer = self._wanted(rng, task)
        key = "/".join(map(str, rng.key))
        for try_index in range(_ROOMS):
            layout = self._layout(rng.child("room", try_index), task, difficulty, wanted_answer)
            room = built_room(layout.text(), FRAME)
            if self.difficulty_of(room) != difficulty:
                continue
            for order in _orders(rng.child("order", try_index), task, len(layout.cameras)):
                scene = reordered(room, order)
                query_rng = rng.child("query", try_index, *order)
                if (question_found := self._posed(scene, task, wanted_answer, query_rng, try_index)) is not None:
                    query, truth = question_found
                    program_text = replace(layout, cameras=tuple(layout.cameras[n] for n in order)).text()
                    question = self.ask(query, rng, scene)
                    return Item(key, self.id, task, difficulty, program_text, scene, question, truth)
        raise RuntimeError(f"no room of {key} in {_ROOMS} can be asked for {task}")

    def _wanted(self, rng: SeededRng, task: str) -> str | None:
        """Choose the answer that an item of a `task` shall have, if that can be chosen."""
        answer_kind = self.tasks[task].kind
        answer_options = self.tasks[task].options or {"tally": COUNTS, "direction": EIGHT}.get(answer_kind, ())
        return rng.choice(answer_options) if answer_options else None

    def _layout(self, rng: SeededRng, task: str, difficulty: int, wanted_answer: str | None) -> RoomLayout:
        variety = _VARIETY[self.tasks[task].kind == "tally" or task == "position_cam_reg"]
        floor_kind = rng.choice(_KINDS[difficulty])
        layout = plan_layout(
            rng, object_counts=LEVELS[difficulty], floor_kind=floor_kind, camera_count=FRAMES, variety=variety
        )
        return staged(layout, task, wanted_answer, rng)

    def _posed(
        self, scene: RoomScene, task: str, wanted_answer: str | None, rng: SeededRng, try_index: int
    ) -> tuple[Call, Truth] | None:
        """Return a question about the room of a `scene` with the wanted answer.

        After some rooms one with a similar answer will do, then one with any.
        """
        answer_kind = self.tasks[task].kind
        spare_questions: dict[str, tuple[Call, Truth]] = {}
        room = Surroundings(scene, self.demands)
        for query in drawn_queries(room, task, rng):
            truth = self.solve(scene, query)
            if isinstance(truth, Truth) and self.is_informative(room, query, truth, rng):
                if wanted_answer in (None, truth.value):
                    return query, truth
                spare_questions.setdefault(truth.value, (query, truth))
        if try_index < _PICKY or not spare_questions or wanted_answer is None:
            return None
        if answer_kind == "tally":
            return min(
                spare_questions.values(),
                key=lambda spare_question: abs(int(spare_question[1].value) - int(wanted_answer)),
            )
        similar_answers = [
            value
            for value in sorted(spare_questions)
            if try_index >= _PATIENT or answer_kind != "direction" or _akin(value, wanted_answer)
        ]
        return spare_questions[rng.choice(similar_answers)] if similar_answers else None

    def is_informative(self, room: Surroundings, query: Call, truth: Truth, rng: SeededRng) -> bool:
        """Tell whether a `query` about a `room` may be sampled; all are here."""
        return True

    def requirements(self, value: object) -> tuple[Requirement, ...] | Rejected:
        """Read requirements from a `value` such as `[[1, "sofa"], [4, "chair"]]`."""
        return read_requirements(value, DESCRIPTION, MAX_THINGS)

    def requirements_schema(self) -> dict[str, Any]:
        """Return the JSON schema of lists of `[count, word, ...]` for constrained decoding."""
        return requirements_schema(DESCRIPTION, MAX_THINGS)

    def describe(self, requirement: Requirement) -> str:
        """Return a `requirement` in English: `4 chairs`, `1 thing`."""
        noun = requirement.words[0] if requirement.words else "thing"
        return f"{requirement.count} {noun if requirement.count == 1 else plural(noun)}"

    def missing_requirements(self, scene: RoomScene, requirements: Sequence[Requirement]) -> tuple[str, ...] | Rejected:
        """Return what is missing: every object of a `scene` must stand for one requirement, and each must have all."""
        return missing_requirements([_Thing(obj.label) for obj in scene.objects], requirements)

    def requirements_of(self, scene: RoomScene) -> tuple[Requirement, ...]:
        """Count the objects of each category in `scene`."""
        return requirements_of([_Thing(obj.label) for obj in scene.objects], DESCRIPTION)

    def draw(
        self, pools: Pools, programs: Sequence[str], size: int | None = None
    ) -> list[Drawn | Rejected | InfrastructureError]:
        """Draw `programs`, with the kit before each; frames are `FRAME` px wide whatever the size."""
        drawings = pools.draw("solid", [f"{kit_text()}{program}" for program in programs], FRAME)
        return [_furnished(drawing) for drawing in drawings]

    def render_item(self, item: Item, size: int) -> Picture:
        """Return the frames that the question of an `item` is about, on one sheet.

        Raises:
            InfrastructureError: the infrastructure failed.
        """
        return self._sheet(item, list(_pictures(item.program)), size)


def _akin(value: str, wanted_answer: str) -> bool:
    """Tell whether the directions `value` and `wanted_answer` share a part and have no opposite parts."""
    value_parts, wanted_parts = set(value.split("-")), set(wanted_answer.split("-"))
    is_opposed = any(
        (first_word in value_parts and second_word in wanted_parts)
        or (second_word in value_parts and first_word in wanted_parts)
        for first_word, second_word in OPPOSITES
    )
    return bool(value_parts & wanted_parts) and not is_opposed


def _orders(rng: SeededRng, task: str, camera_count: int) -> list[list[int]]:
    """Return orders in which a room's cameras may follow each other: several where the `task` is about order."""
    return (
        [rng.shuffled(range(camera_count)) for _ in range(_ORDERS)]
        if task == "appearance_order"
        else [[*range(camera_count)]]
    )


class _Thing(str):
    """A category as requirements describe it."""

    def described_by(self, words: Sequence[str]) -> bool:
        """Tell whether `words` name the category."""
        return all(word == self for word in words)


def _furnished(drawing: Drawn | Rejected | InfrastructureError) -> Drawn | Rejected | InfrastructureError:
    """Return a `drawing` as a room, where it is one."""
    if not isinstance(drawing, Drawn):
        return drawing
    assert isinstance(drawing.scene, SpatialScene)
    room = room_scene(drawing.scene)
    if isinstance(room, Rejected):
        return room
    if problems := room_faults(drawing.scene, room):
        return Rejected("room", problems[0], _SOUND)
    return Drawn(room, drawing.pictures)


register(ENV_ID, Rooms)
