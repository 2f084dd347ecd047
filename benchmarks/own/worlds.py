"""`make bench-envs`: items and answers a second of every environment, on one core.

Three figures each, over all forms and difficulties in turn: items sampled (query, program, scene, answer), the same
with their pictures at the size they are meant to be seen at, and answers of the oracle (perceiving the scene, running
the query) on scenes that are there. Environments take turns within a round, so that the machine's moods meet all of
them; medians over rounds are reported, with their spread, and each one's rate beside that of shapes/Canvas-v1.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from ...envs import Environment, Item, item_rng, list_environments, make
from .results_file import write_results

MAX_ITEMS = 4_000
BESIDE = "shapes/Canvas-v1"


def _turn(env: Environment, round_number: int, number: int) -> Item:
    tasks, levels = list(env.tasks), env.difficulties
    own = item_rng(env.id, "dev", 100 + round_number, number)
    return env.sample(own, tasks[number % len(tasks)], levels[number // len(tasks) % len(levels)])


def per_second(work: Callable[[int], object], seconds: float) -> float:
    """How often a second `work` can be done; it is given its number, from 0."""
    began, done = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < seconds and done < MAX_ITEMS:
        work(done)
        done += 1
    return done / spent


def rates(env: Environment, round_number: int, seconds: float) -> dict[str, float]:
    """One round's rates of an environment."""
    items: list[Item] = []

    def answer(number: int) -> object:
        item = items[number % len(items)]
        return env.solve(item.scene, env.parse_value(item.question.query))

    def render_item(number: int) -> object:
        item = _turn(env, round_number, number)
        return env.render_item(item, env.size)

    return {
        "items": per_second(lambda number: items.append(_turn(env, round_number, number)), seconds),
        "items_with_picture": per_second(render_item, seconds),
        "answers": per_second(answer, seconds),
    }


def summary(found: Sequence[float], digits: int = 1) -> dict[str, float]:
    """Median and spread."""
    figures = {"median": statistics.median(found), "low": min(found), "high": max(found)}
    return {name: round(value, digits) for name, value in figures.items()}


def measure(seconds: float, rounds: int) -> dict[str, Any]:
    """The rates of every registered environment."""
    envs = [make(name) for name in list_environments()]
    found: dict[str, list[dict[str, float]]] = {env.id: [] for env in envs}
    for round_number in range(-1, rounds):
        for env in envs:
            made = rates(env, round_number + 1, seconds if round_number >= 0 else 0.2)
            # The first round warms up: workers, fonts, tables.
            if round_number >= 0:
                found[env.id].append(made)
    figures: dict[str, Any] = {}
    first = found[BESIDE]
    for env in envs:
        own = {name: summary([made[name] for made in found[env.id]]) for name in first[0]}
        beside = [made["items"] / other["items"] for made, other in zip(found[env.id], first, strict=True)]
        figures[env.id] = own | {f"items_vs_{BESIDE}": summary(beside, 4), "size": env.size}
    return figures | {"seconds": seconds, "rounds": rounds}


def main(
    seconds: Annotated[float, typer.Option(min=0.1, help="For each figure in a round.")] = 3.0,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds over all environments.")] = 5,
) -> None:
    """Measure, and write the results."""
    command = f"make bench-envs ARGS='--seconds {seconds:g} --rounds {rounds}'"
    found = measure(seconds, rounds)
    typer.echo(f"{write_results('envs', command, found)}\n{found}")


if __name__ == "__main__":
    typer.run(main)
