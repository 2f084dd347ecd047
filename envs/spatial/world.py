"""The base of all environments of rooms, procedural or scanned: parsing scenes, asking, answering, showing."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from ...geometry import RoomScene
from ...render import Picture, Rejected
from ...render.drawing import Drawn
from ..core import Item, Need, Question, Task
from ..language.grammar import Grammar
from ..language.query import Call, dump, loads, skeleton
from ..queried import QueriedEnvironment
from ..rng import SeededRng
from . import rules
from .asking import named
from .demands import LENIENT, Demands
from .english import grammar, read_question, sentence
from .operators import LANGUAGE, OPERATORS, UNITS, options, wording
from .plan import marks_of, plan_view
from .sheet import WIDTH, sheet
from .sights import Link, Sight, sights
from .surroundings import Surroundings

FRAMES = 4
"""Cameras of a sampled room."""


LEVELS: Mapping[int, tuple[int, int]] = {1: (6, 8), 2: (9, 14), 3: (15, 22)}
"""Things of a room by difficulty, the fewest and the most."""


def _task(name: str, answers: tuple[str, ...] = (), open_chance: float = 0.0) -> Task:
    operator = OPERATORS[name]
    return Task(name, LANGUAGE.kind(operator.output), answers, operator.about, open_chance)


def _form(name: str) -> str:
    name_by_type = {kind.output: literal_name for literal_name, kind in LANGUAGE.literals.items()}
    return skeleton(
        LANGUAGE.call(name, *(LANGUAGE.literal(name_by_type[literal_type]) for literal_type in OPERATORS[name].inputs))
    )


TASKS: Mapping[str, Task] = {task.name: task for task in (
    _task("object_counting", open_chance=0.3),
    _task("object_size", open_chance=0.02),
    _task("absolute_distance", open_chance=0.02),
    _task("relative_distance", open_chance=0.3),
    _task("relative_direction_hard", rules.EIGHT),
    _task("room_size", open_chance=0.02),
    _task("single_image_relative_direction", rules.AROUND),
    _task("distance_cam_obj", open_chance=0.02),
    _task("depth_order_obj_obj", open_chance=0.2),
    _task("position_cam_cam", rules.EIGHT),
    _task("elevation_cam_cam", rules.LEVEL),
    _task("visibility_compare", rules.FRAME_CHOICES),
    _task("position_cam_obj", rules.EIGHT),
    # Regions that two frames link are mostly before both: `front` is more than a quarter of the sampled answers.
    _task("position_cam_reg", open_chance=0.3),
    _task("motion_camera", rules.MOVES),
    _task("attribute_measurement", open_chance=0.2),
    _task("perspective_order", open_chance=0.2),
    _task("route_turns", rules.ROUTES),
    _task("appearance_order", ("ABC", "ACB", "BAC", "BCA", "CAB", "CBA")),
    _task("occluder", open_chance=0.2),
    _task("fit", ("no", "yes")),
    _task("mental_rotation", rules.SEEN_FROM),
    _task("view_match", tuple(map(str, range(1, FRAMES + 1)))),
    _task("count_across", open_chance=0.4),
)}  # fmt: skip


@lru_cache(maxsize=64)
def _surroundings(scene: RoomScene, demands: Demands) -> Surroundings:
    return Surroundings(scene, demands)


class RoomWorld(QueriedEnvironment[RoomScene]):
    """Rooms that questions are asked of, wherever they come from."""

    tasks: Mapping[str, Task] = TASKS
    language = LANGUAGE
    grammar = Grammar(LANGUAGE, lambda literal, is_plural: " ".join(map(str, (literal.op, *literal.words))))
    thresholds: Mapping[str, float] = rules.THRESHOLDS
    largest_margin = rules.LARGEST_MARGIN
    forms: Mapping[str, str] = {_form(name): name for name in TASKS}
    size = WIDTH
    demands = LENIENT
    """What must be seen of an object before a question may rest on it."""

    def parse_scene(self, scene: RoomScene) -> Surroundings | Rejected:
        """Return the room of a `scene`, ready to be asked about."""
        return _surroundings(scene, self.demands)

    def named(self, world: Surroundings, output: str, word: str) -> object:
        """Return the object, the category or the region that a `word` names in `world`, or the word itself."""
        return named(world, output, word)

    def needs(self, query: Call) -> tuple[Need, ...]:
        """Collect the things that `query` names, and what the frames must show of them."""
        return (*super().needs(query), *(Need(sight.text, sight) for sight in sights(query)))

    def has_need(self, world: Surroundings, need: Need) -> bool:
        """Tell whether the room `world` has the things, and shows them as `need` says."""
        return need.part.is_met(world) if isinstance(need.part, Sight | Link) else super().has_need(world, need)

    def wording(self, value: object) -> str:
        """Return an answer's `value` as text: amounts with three digits."""
        return wording(value)

    def measure(self, query: Call) -> str:
        """Return the unit that the question of a `query` asks for."""
        return UNITS.get(query.op, "")

    def parse(self, text: str) -> Call | Rejected:
        """Read a `text`: a query in JSON, or a question in the very words of one of this environment's phrasings."""
        if not text.lstrip().startswith(("[", "{", '"')):
            return read_question(text, self.language)
        value = loads(text)
        return value if isinstance(value, Rejected) else self.parse_value(value)

    def ask(self, query: Call, rng: SeededRng, scene: RoomScene) -> Question:
        """Ask a `query` in one of its phrasings."""
        text = sentence(grammar(query, self.language).ask(query, rng))
        return Question(dump(query), text, LANGUAGE.kind(query.output), self.answers(query, scene))

    def answers(self, query: Call, scene: RoomScene) -> tuple[str, ...]:
        """Return the possible answers of a `query`, where they are a closed set."""
        if query.output == "Number":
            return tuple(map(str, range(1, len(scene.cameras) + 1)))
        return options(query)

    def difficulty_of(self, scene: RoomScene) -> int:
        """Return the difficulty of a `scene`: by the number of objects."""
        count = len(scene.objects)
        return next((level for level, (_, most_objects) in LEVELS.items() if count <= most_objects), max(LEVELS))

    def observation(self, item: Item, drawn: Drawn) -> Picture:
        """Return the frames that the question of an `item` is about, on one sheet."""
        return self._sheet(item, [picture.array for picture in drawn.pictures], WIDTH)

    def _sheet(self, item: Item, pictures: list[np.ndarray], size: int) -> Picture:
        assert isinstance(item.scene, RoomScene)
        return sheet(item.scene, self._query(item), dict(enumerate(pictures, start=1)), size)

    def _query(self, item: Item) -> Call:
        query = self.parse_value(item.question.query)
        if isinstance(query, Rejected):
            raise ValueError(f"the query of {item.id} is rejected: {query}")
        return query

    def explanation_image(self, item: Item, size: int) -> Picture:
        """Return the plan of the room of an `item`, `size` px wide, marked with what its answer rests on."""
        assert isinstance(item.scene, RoomScene)
        return plan_view(item.scene, marks_of(_surroundings(item.scene, self.demands), self._query(item)), size)
