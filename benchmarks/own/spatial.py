"""`make bench-spatial`: answers a second of every spatial task, and how their cost grows with objects and points.

Validated answers: a question is checked (things are there, seen, apart; margins hold) and answered in one go, on one
core, on rooms of 30 things through four cameras; what is made once of a scene is timed apart. Growth is the slope of
log time over log size, by least squares: with 10 to 10,000 boxes the nearest one of each is asked for, index
and all; with 10^4 to 10^7 points the distance of two scanned surfaces, search tree and all.
"""

import math
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np
import typer

from ...envs import Rejected, Truth, item_rng, make
from ...envs.spatial.asking import blind_query, drawn_queries
from ...envs.spatial.build import built_room
from ...envs.spatial.layout import plan_layout
from ...envs.spatial.rooms import FRAME
from ...envs.spatial.surroundings import Surroundings
from ...envs.spatial.world import FRAMES, TASKS, RoomWorld
from ...geometry import RoomScene
from ...geometry.boxes import BoxIndex, OrientedBox
from ...geometry.surfaces import points_distance
from .results_file import report_results

THINGS = 30
OBJECTS = (10, 100, 1_000, 10_000)
POINTS = (10_000, 100_000, 1_000_000, 10_000_000)
DRAWN = 100
"""Questions of a task drawn for each room, of which those that are refused are counted."""
_DENSITY = 0.4
"""Boxes on a square metre."""


def big_rooms(count: int) -> tuple[list[RoomScene], float]:
    """Return `count` rooms of `THINGS` things, and the seconds that making one took."""
    rooms, began_at = [], time.perf_counter()
    for number in range(count):
        layout = plan_layout(
            item_rng("bench", "dev", 0, number),
            object_counts=(THINGS, THINGS),
            floor_kind="rectangle",
            camera_count=FRAMES,
        )
        rooms.append(built_room(layout.text(), FRAME))
    return rooms, (time.perf_counter() - began_at) / count


def answers_per_second(world: RoomWorld, rooms: Sequence[RoomScene], task: str, seconds: float) -> float:
    """Return how many questions of `task` that have an answer are answered in a second, over all `rooms` in turn.

    Args:
        world: answers.
        rooms: are asked about.
        task: the spatial task.
        seconds: for which it is measured.
    """
    answerable = [
        (room, query)
        for number, room in enumerate(rooms)
        for query in drawn_queries(Surroundings(room), task, item_rng("bench", "dev", 1, number))
        if isinstance(world.solve(room, query), Truth)
    ]
    began_at, answer_count = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began_at) < seconds:
        world.solve(*answerable[answer_count % len(answerable)])
        answer_count += 1
    return answer_count / elapsed


def rejections(world: RoomWorld, rooms: Sequence[RoomScene], task: str) -> dict[str, Any]:
    """Return the share of questions that are refused, and why.

    Args:
        world: checks them.
        rooms: the questions' things, frames and words are drawn evenly from what each has.
        task: the spatial task.
    """
    reason_counts: Counter[str] = Counter()
    for number, room in enumerate(rooms):
        labels = tuple(sorted({obj.label for obj in room.objects}))
        for question_index in range(DRAWN):
            query = blind_query(
                item_rng("bench", "dev", 2, number * DRAWN + question_index), task, labels, len(room.cameras)
            )
            if isinstance(verdict := world.check(room, query), Rejected):
                reason_counts[verdict.code] += 1
    question_count = len(rooms) * DRAWN
    reasons = {code: round(count / question_count, 3) for code, count in reason_counts.most_common()}
    return {"rate": round(reason_counts.total() / question_count, 3), "reasons": reasons}


def preparation(rooms: Sequence[RoomScene]) -> float:
    """Return the milliseconds that one of `rooms` takes to be ready for questions."""
    began_at = time.perf_counter()
    for room in rooms:
        surroundings = Surroundings(room)
        surroundings.seen(1, 0), surroundings.index.gap(0, 1), surroundings.cover
    return (time.perf_counter() - began_at) / len(rooms) * 1e3


def random_boxes(count: int) -> list[OrientedBox]:
    """Return `count` boxes spread over a hall that grows with their number."""
    generator = np.random.default_rng(count)
    hall_width = math.sqrt(count / _DENSITY)
    return [
        OrientedBox((x, y, h / 2), (w, d, h), yaw)
        for x, y, w, d, h, yaw in zip(
            *generator.uniform(0, hall_width, (2, count)), *generator.uniform(0.2, 1.2, (3, count)),
            generator.uniform(-44, 45, count),
            strict=True,
        )
    ]  # fmt: skip


def object_seconds(count: int) -> float:
    """Return the seconds to index `count` boxes and find the nearest of each."""
    boxes = random_boxes(count)
    began_at = time.perf_counter()
    index = BoxIndex(boxes)
    for target in range(count):
        index.nearest(target)
    return time.perf_counter() - began_at


def point_seconds(count: int) -> float:
    """Return the seconds for the distance of two surfaces of `count` points in all, 2 m apart."""
    generator = np.random.default_rng(count)
    first_points, second_points = (generator.normal(size=(count // 2, 3)) for _ in range(2))
    first_points /= np.linalg.norm(first_points, axis=1, keepdims=True)
    second_points /= np.linalg.norm(second_points, axis=1, keepdims=True)
    second_points += (4.0, 0.0, 0.0)
    began_at = time.perf_counter()
    points_distance(first_points, second_points)
    return time.perf_counter() - began_at


def growth(
    sizes: Sequence[int], measure_seconds: Callable[[int], float], rounds: int
) -> tuple[float, dict[str, float]]:
    """Return the exponent of the cost's growth, and the median seconds by size.

    Args:
        sizes: are measured.
        measure_seconds: from a size to the seconds that it takes.
        rounds: of each size.
    """
    median_seconds = {size: statistics.median(measure_seconds(size) for _ in range(rounds)) for size in sizes}
    exponent = float(np.polyfit(np.log(list(median_seconds)), np.log(list(median_seconds.values())), 1)[0])
    return round(exponent, 3), {str(size): round(elapsed, 5) for size, elapsed in median_seconds.items()}


def measure(seconds: float, rounds: int, rooms: int) -> dict[str, Any]:
    """All figures."""
    world = make("spatial/Rooms-v1")
    assert isinstance(world, RoomWorld)
    scenes, making_seconds = big_rooms(rooms)
    preparation_ms = preparation(scenes)
    answer_rates = {
        task: round(statistics.median(answers_per_second(world, scenes, task, seconds) for _ in range(rounds)), 1)
        for task in TASKS
    }
    object_exponent, seconds_by_objects = growth(OBJECTS, object_seconds, rounds)
    point_exponent, seconds_by_points = growth(POINTS, point_seconds, 1)
    return {
        "answers_per_second": answer_rates,
        "answers_per_second_mean": round(statistics.mean(answer_rates.values()), 1),
        "answers_per_second_harmonic_mean": round(statistics.harmonic_mean(answer_rates.values()), 1),
        "things": THINGS,
        "rejections": {task: rejections(world, scenes, task) for task in TASKS},
        "preparation_ms": round(preparation_ms, 3),
        "making_a_room_ms": round(1e3 * making_seconds, 1),
        "growth_exponent_objects": object_exponent,
        "seconds_by_objects": seconds_by_objects,
        "growth_exponent_points": point_exponent,
        "seconds_by_points": seconds_by_points,
    }


def main(
    seconds: Annotated[float, typer.Option(min=0.1, help="For each task in a round.")] = 0.5,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each figure.")] = 5,
    rooms: Annotated[int, typer.Option(min=1, help="Rooms that are asked about.")] = 12,
) -> None:
    """Measure, and write the results."""
    command = f"make bench-spatial ARGS='--seconds {seconds:g} --rounds {rounds} --rooms {rooms}'"
    report_results("spatial", command, measure(seconds, rounds, rooms))


if __name__ == "__main__":
    typer.run(main)
