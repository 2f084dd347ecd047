"""Questions about a given room, drawn evenly over the objects, frames and words that they name."""

from collections.abc import Iterator, Sequence

from ..language.literals import Name
from ..language.query import Call, Literal
from ..rng import SeededRng
from .operators import LANGUAGE, LITERALS, OPERATORS, QUARTERS, SINGLE_IMAGE
from .surroundings import Surroundings

TRIES = 240
"""Questions that are drawn of one room before it is given up."""
LIST_LENGTH = 3
"""Things of a list from which the answer is chosen."""
_VIEW_COUNTS = {"position_cam_obj": 1, "attribute_measurement": 2}
"""In how many of its frames, from the first on, a question's things must be seen, where that is not all or one."""


def drawn_queries(room: Surroundings, task: str, rng: SeededRng) -> Iterator[Call]:
    """Yield different queries of a `task` about the objects of a `room`; not all of them have an answer."""
    asked_queries = set()
    for _ in range(TRIES):
        query = _drawn(room, task, rng)
        if query is not None and query not in asked_queries:
            asked_queries.add(query)
            yield query


def _drawn(room: Surroundings, task: str, rng: SeededRng) -> Call | None:
    """Draw one query of a `task`; None where the `room` has too little in it to ask about."""
    inputs = OPERATORS[task].inputs
    if inputs.count("View") > len(room.scene.cameras):
        return None
    views = rng.shuffled(range(1, len(room.scene.cameras) + 1))
    # What cannot be seen is not worth a try.
    looked_views = views[: _VIEW_COUNTS.get(task, 1 if task in SINGLE_IMAGE else len(views))]
    single_objects = [index for index in room.single if any(room.seen(view, index) for view in looked_views)]
    if inputs.count("Thing") + LIST_LENGTH * inputs.count("Things") > len(single_objects):
        return None
    return LANGUAGE.call(task, *_literals(room, inputs, views, rng.shuffled(single_objects), rng))


def _literals(
    room: Surroundings, inputs: Sequence[str], views: Sequence[int], single_objects: Sequence[int], rng: SeededRng
) -> list[Literal]:
    """Return arguments of the types `inputs`, each object and each frame once, in the orders given."""
    object_iterator, view_iterator = iter(single_objects), iter(views)
    literals: list[Literal] = []
    for literal_type in inputs:
        if literal_type == "Thing":
            literals.append(LANGUAGE.literal("thing", room.labels[next(object_iterator)]))
        elif literal_type == "Things":
            literals.append(
                LANGUAGE.literal("things", *(room.labels[next(object_iterator)] for _ in range(LIST_LENGTH)))
            )
        elif literal_type == "View":
            literals.append(LANGUAGE.literal("view", next(view_iterator)))
        elif literal_type == "Category":
            literals.append(LANGUAGE.literal("category", rng.choice(sorted(room.counts))))
        else:
            literals.append(_word(literal_type, rng))
    return literals


def _word(literal_type: str, rng: SeededRng) -> Literal:
    """Draw a literal of a type whose words are the same for every room: `literal_type`."""
    name = next(name for name, kind in LITERALS.items() if kind.output == literal_type)
    kind = LITERALS[name]
    assert isinstance(kind, Name)
    return LANGUAGE.literal(name, rng.choice(kind.words))


def blind_query(rng: SeededRng, task: str, categories: tuple[str, ...], frame_count: int) -> Call:
    """Draw a query of a `task` without any room, of `categories` and the frames up to `frame_count`."""
    name_iterator = iter(rng.shuffled(categories))
    view_iterator = iter(rng.shuffled(range(1, frame_count + 1)))
    literals: list[Literal] = []
    for literal_type in OPERATORS[task].inputs:
        if literal_type in ("Thing", "Category"):
            literals.append(LANGUAGE.literal(literal_type.lower(), next(name_iterator)))
        elif literal_type == "Things":
            literals.append(LANGUAGE.literal("things", *(next(name_iterator) for _ in range(LIST_LENGTH))))
        elif literal_type == "View":
            literals.append(LANGUAGE.literal("view", next(view_iterator)))
        else:
            literals.append(_word(literal_type, rng))
    return LANGUAGE.call(task, *literals)


def named(room: Surroundings, output: str, word: str) -> object:
    """Return what a name stands for in a room.

    Args:
        room: the room.
        output: type of the literal.
        word: the name.

    Raises:
        IllPosed: the room has nothing of that name, or several objects where one is meant.
    """
    if output == "Thing":
        return room.object_named(word)
    if output == "Category":
        room.all_of(word)
        return word
    if output == "Region":
        return room.region(word)
    return QUARTERS[word] if output == "Quarter" else word
