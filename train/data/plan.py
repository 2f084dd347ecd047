"""The plan of a data set: which items it has, and how they are asked. Equal plans give equal bytes."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple, get_args

from ...envs import SPLITS, Environment, Item, SeededRng, item_rng, make
from ...envs.card import Style
from ...errors import UserError, did_you_mean
from ...roles.solver import Mode

BANDS = ("easy", "middle", "hard")
MAX_REDRAWS = 200
"""Items drawn at most until one has the answer that a balanced data set wants next."""


class DataError(UserError, ValueError):
    """A data set cannot be made, read or sent as asked; the message says what to change."""


class Place(NamedTuple):
    """The key of one item: everything that decides it."""

    world: str
    task: str
    difficulty: int
    turn: int
    """Number of the item within its world."""
    answer_turn: int
    """Number of the item within its world, task and difficulty."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DataPlan:
    """The items of a data set and the way they are asked."""

    worlds: tuple[str, ...]
    """Environment ids, which take turns."""
    count: int
    tasks: tuple[str, ...] = ()
    """Only these tasks; all of a world's tasks where this is empty."""
    bands: tuple[str, ...] = BANDS
    """Bands of difficulty, which take turns."""
    split: str = "train"
    seed: int = 0
    picture_px: int = 0
    """The width of the pictures; 0 is each world's own."""
    style: Style = "full"
    mode: Mode = "answer"
    balanced: bool = False
    """Draw until every answer of a task and difficulty has had its turn."""
    with_scene: bool = False

    def __post_init__(self) -> None:
        """Check every name.

        Raises:
            DataError: a world has none of the tasks, or a value is not one of those that are allowed.
            UnknownEnvironmentError: there is no such world.
        """
        for option, values, allowed in (
            ("band", self.bands, BANDS),
            ("split", (self.split,), SPLITS),
            ("style", (self.style,), get_args(Style)),
            ("mode", (self.mode,), get_args(Mode)),
        ):
            for value in values:
                if value not in allowed:
                    hint = did_you_mean(value, allowed)
                    raise DataError(f"unknown {option} {value!r}; {hint and f'{hint} '}(allowed: {', '.join(allowed)})")
        for option, number in (("count", self.count), ("seed", self.seed), ("picture_px", self.picture_px)):
            if not isinstance(number, int) or number < 0:
                raise DataError(f"{option} is a whole number from 0, got {number!r}")
        if self.count < 1:
            raise DataError(f"a data set has 1 item or more, got count {self.count}")
        if not self.worlds or not self.bands:
            raise DataError("a data set needs a world and a band of difficulty")
        known_tasks = {task for world in self.worlds for task in make(world).tasks}
        for task in self.tasks:
            if task not in known_tasks:
                hint = did_you_mean(task, known_tasks) or f"they have: {', '.join(sorted(known_tasks))}"
                raise DataError(f"no task {task!r} in {', '.join(self.worlds)}; {hint}")
        for world in self.worlds:
            if not self._tasks_of(make(world)):
                raise DataError(f"{world} has none of the tasks {', '.join(self.tasks)}; leave it away")

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "DataPlan":
        """Return the plan that `to_dict` gave as `values`."""
        names = {field.name for field in fields(cls)}
        arguments: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items() if name in names
        }
        return cls(**arguments)

    @property
    def digest(self) -> str:
        """sha256 of the plan without its count: equal digests, equal items at equal numbers."""
        return hashlib.sha256(json.dumps(self.to_dict() | {"count": 0}, sort_keys=True).encode()).hexdigest()

    def _tasks_of(self, env: Environment) -> list[str]:
        return [task for task in env.tasks if not self.tasks or task in self.tasks]

    def place(self, number: int) -> Place:
        """Return the key of item `number`, from 0; worlds take turns, then tasks, then bands."""
        env = make(self.worlds[number % len(self.worlds)])
        turn = number // len(self.worlds)
        tasks, levels = self._tasks_of(env), levels_of(env, self.bands)
        answer_turn, level_turn = divmod(turn // len(tasks), len(levels))
        return Place(
            self.worlds[number % len(self.worlds)], tasks[turn % len(tasks)], levels[level_turn], turn, answer_turn
        )

    def item(self, number: int) -> Item:
        """Return item `number`, from 0, made from its key alone.

        Raises:
            InfrastructureError: the sandbox failed.
        """
        place = self.place(number)
        env = make(place.world)
        rng = item_rng(env.id, self.split, self.seed, place.turn).child("data", place.task, place.difficulty)
        options = env.tasks[place.task].options
        if not (self.balanced and options):
            return env.sample(rng, place.task, place.difficulty)
        return _item_answering(options[place.answer_turn % len(options)], env, rng, place)


def _item_answering(answer: str, env: Environment, rng: SeededRng, place: Place) -> Item:
    """Return the first item of `place` whose answer is `answer`; after `MAX_REDRAWS` the last that was drawn."""
    for redraw in range(MAX_REDRAWS):
        item = env.sample(rng.child("balance", redraw), place.task, place.difficulty)
        if item.truth.value == answer:
            break
    return item


def levels_of(env: Environment, bands: Sequence[str]) -> list[int]:
    """Return the difficulties of `env` for `bands`, each once: its lowest, its middle one, its highest."""
    levels = sorted(env.difficulties)
    by_band = {"easy": levels[0], "middle": levels[len(levels) // 2], "hard": levels[-1]}
    return list(dict.fromkeys(by_band[band] for band in bands))
