"""Questions about a given room, drawn evenly: which things, frames and words they name."""

from collections.abc import Iterator, Sequence

from ..language.literals import Name
from ..language.query import Call, Leaf
from ..rng import SeededRng
from .operators import LANGUAGE, LEAVES, OPERATORS, QUARTERS, SINGLE_IMAGE
from .surroundings import Surroundings

TRIES = 240
"""Questions that are drawn of one room before it is given up."""
LISTED = 3
"""Things of a list from which the answer is chosen."""
_LOOKED = {"position_cam_obj": 1, "attribute_measurement": 2}
"""In how many of its frames, from the first on, a question's things must be seen, where that is not all or one."""


def drawn_queries(room: Surroundings, task: str, rng: SeededRng) -> Iterator[Call]:
    """Different queries of a task's form about what the room holds; not all of them have an answer."""
    met = set()
    for _ in range(TRIES):
        query = _drawn(room, task, rng)
        if query is not None and query not in met:
            met.add(query)
            yield query


def _drawn(room: Surroundings, task: str, rng: SeededRng) -> Call | None:
    """One query; None where the room has too little in it to ask about."""
    inputs = OPERATORS[task].inputs
    if inputs.count("View") > len(room.scene.cameras):
        return None
    views = rng.shuffled(range(1, len(room.scene.cameras) + 1))
    # What cannot be seen is not worth a try.
    looked = views[: _LOOKED.get(task, 1 if task in SINGLE_IMAGE else len(views))]
    singles = [index for index in room.single if any(room.seen(view, index) for view in looked)]
    if inputs.count("Thing") + LISTED * inputs.count("Things") > len(singles):
        return None
    return LANGUAGE.call(task, *_leaves(room, inputs, views, rng.shuffled(singles), rng))


def _leaves(
    room: Surroundings, inputs: Sequence[str], views: Sequence[int], singles: Sequence[int], rng: SeededRng
) -> list[Leaf]:
    """Arguments of these types, each thing and each frame once, in these orders."""
    things, frames = iter(singles), iter(views)
    leaves: list[Leaf] = []
    for wanted in inputs:
        if wanted == "Thing":
            leaves.append(LANGUAGE.leaf("thing", room.labels[next(things)]))
        elif wanted == "Things":
            leaves.append(LANGUAGE.leaf("things", *(room.labels[next(things)] for _ in range(LISTED))))
        elif wanted == "View":
            leaves.append(LANGUAGE.leaf("view", next(frames)))
        elif wanted == "Category":
            leaves.append(LANGUAGE.leaf("category", rng.choice(sorted(room.counts))))
        else:
            leaves.append(_word(wanted, rng))
    return leaves


def _word(wanted: str, rng: SeededRng) -> Leaf:
    """A leaf of a type whose words are the same for every room."""
    name = next(name for name, kind in LEAVES.items() if kind.output == wanted)
    kind = LEAVES[name]
    assert isinstance(kind, Name)
    return LANGUAGE.leaf(name, rng.choice(kind.words))


def blind_query(rng: SeededRng, task: str, categories: tuple[str, ...], frames: int) -> Call:
    """A query of a task's form that was drawn without any room."""
    names = iter(rng.shuffled(categories))
    views = iter(rng.shuffled(range(1, frames + 1)))
    leaves: list[Leaf] = []
    for wanted in OPERATORS[task].inputs:
        if wanted in ("Thing", "Category"):
            leaves.append(LANGUAGE.leaf(wanted.lower(), next(names)))
        elif wanted == "Things":
            leaves.append(LANGUAGE.leaf("things", *(next(names) for _ in range(LISTED))))
        elif wanted == "View":
            leaves.append(LANGUAGE.leaf("view", next(views)))
        else:
            leaves.append(_word(wanted, rng))
    return LANGUAGE.call(task, *leaves)


def named(room: Surroundings, output: str, word: str) -> object:
    """What a name stands for in a room.

    Raises:
        IllPosed: the room has nothing of that name, or several things where one is meant.
    """
    if output == "Thing":
        return room.thing(word)
    if output == "Category":
        room.all_of(word)
        return word
    if output == "Region":
        return room.region(word)
    return QUARTERS[word] if output == "Quarter" else word
