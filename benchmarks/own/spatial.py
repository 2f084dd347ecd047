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
from .results_file import write_results

THINGS = 30
OBJECTS = (10, 100, 1_000, 10_000)
POINTS = (10_000, 100_000, 1_000_000, 10_000_000)
DRAWN = 100
"""Questions of a task drawn for each room, of which those that are refused are counted."""
_DENSITY = 0.4
"""Boxes on a square metre."""


def big_rooms(count: int) -> tuple[list[RoomScene], float]:
    """Rooms of `THINGS` things, and the seconds that making one took."""
    rooms, began = [], time.perf_counter()
    for number in range(count):
        layout = plan_layout(
            item_rng("bench", "dev", 0, number), things=(THINGS, THINGS), kind="rectangle", cameras=FRAMES
        )
        rooms.append(built_room(layout.text(), FRAME))
    return rooms, (time.perf_counter() - began) / count


def answers_per_second(world: RoomWorld, rooms: Sequence[RoomScene], task: str, seconds: float) -> float:
    """Of one task: questions that have an answer, over all rooms in turn."""
    asked = [
        (room, query)
        for number, room in enumerate(rooms)
        for query in drawn_queries(Surroundings(room), task, item_rng("bench", "dev", 1, number))
        if isinstance(world.solve(room, query), Truth)
    ]
    began, done = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < seconds:
        world.solve(*asked[done % len(asked)])
        done += 1
    return done / spent


def rejections(world: RoomWorld, rooms: Sequence[RoomScene], task: str) -> dict[str, Any]:
    """Of questions whose things, frames and words are drawn evenly from what a room has: the share refused, and why."""
    codes: Counter[str] = Counter()
    for number, room in enumerate(rooms):
        labels = tuple(sorted({obj.label for obj in room.objects}))
        for turn in range(DRAWN):
            query = blind_query(item_rng("bench", "dev", 2, number * DRAWN + turn), task, labels, len(room.cameras))
            if isinstance(found := world.check(room, query), Rejected):
                codes[found.code] += 1
    total = len(rooms) * DRAWN
    reasons = {code: round(count / total, 3) for code, count in codes.most_common()}
    return {"rate": round(codes.total() / total, 3), "reasons": reasons}


def preparation(rooms: Sequence[RoomScene]) -> float:
    """Milliseconds that a room takes to be ready for questions."""
    began = time.perf_counter()
    for room in rooms:
        ready = Surroundings(room)
        ready.seen(1, 0), ready.index.gap(0, 1), ready.cover
    return (time.perf_counter() - began) / len(rooms) * 1e3


def random_boxes(count: int) -> list[OrientedBox]:
    """Boxes spread over a hall that grows with their number."""
    draw = np.random.default_rng(count)
    side = math.sqrt(count / _DENSITY)
    return [
        OrientedBox((x, y, h / 2), (w, d, h), yaw)
        for x, y, w, d, h, yaw in zip(
            *draw.uniform(0, side, (2, count)), *draw.uniform(0.2, 1.2, (3, count)), draw.uniform(-44, 45, count),
            strict=True,
        )
    ]  # fmt: skip


def object_seconds(count: int) -> float:
    """To index so many boxes and find the nearest of each."""
    boxes = random_boxes(count)
    began = time.perf_counter()
    index = BoxIndex(boxes)
    for target in range(count):
        index.nearest(target)
    return time.perf_counter() - began


def point_seconds(count: int) -> float:
    """For the distance of two surfaces of so many points in all, 2 m apart."""
    draw = np.random.default_rng(count)
    first, second = (draw.normal(size=(count // 2, 3)) for _ in range(2))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    second += (4.0, 0.0, 0.0)
    began = time.perf_counter()
    points_distance(first, second)
    return time.perf_counter() - began


def growth(sizes: Sequence[int], seconds: Callable[[int], float], rounds: int) -> tuple[float, dict[str, float]]:
    """The exponent, and the median seconds by size."""
    found = {size: statistics.median(seconds(size) for _ in range(rounds)) for size in sizes}
    slope = float(np.polyfit(np.log(list(found)), np.log(list(found.values())), 1)[0])
    return round(slope, 3), {str(size): round(spent, 5) for size, spent in found.items()}


def measure(seconds: float, rounds: int, rooms: int) -> dict[str, Any]:
    """All figures."""
    world = make("spatial/Rooms-v1")
    assert isinstance(world, RoomWorld)
    scenes, making = big_rooms(rooms)
    ready = preparation(scenes)
    rates = {
        task: round(statistics.median(answers_per_second(world, scenes, task, seconds) for _ in range(rounds)), 1)
        for task in TASKS
    }
    objects, by_objects = growth(OBJECTS, object_seconds, rounds)
    points, by_points = growth(POINTS, point_seconds, 1)
    return {
        "answers_per_second": rates,
        "answers_per_second_mean": round(statistics.mean(rates.values()), 1),
        "answers_per_second_harmonic_mean": round(statistics.harmonic_mean(rates.values()), 1),
        "things": THINGS,
        "rejections": {task: rejections(world, scenes, task) for task in TASKS},
        "preparation_ms": round(ready, 3),
        "making_a_room_ms": round(1e3 * making, 1),
        "growth_exponent_objects": objects,
        "seconds_by_objects": by_objects,
        "growth_exponent_points": points,
        "seconds_by_points": by_points,
    }


def main(
    seconds: Annotated[float, typer.Option(min=0.1, help="For each task in a round.")] = 0.5,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each figure.")] = 5,
    rooms: Annotated[int, typer.Option(min=1, help="Rooms that are asked about.")] = 12,
) -> None:
    """Measure, and write the results."""
    command = f"make bench-spatial ARGS='--seconds {seconds:g} --rounds {rounds} --rooms {rooms}'"
    found = measure(seconds, rounds, rooms)
    typer.echo(f"{write_results('spatial', command, found)}\n{found}")


if __name__ == "__main__":
    typer.run(main)
