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
from .results_file import report_results

MAX_ITEMS = 4_000
BESIDE = "shapes/Canvas-v1"


def _turn(env: Environment, round_number: int, item_number: int) -> Item:
    tasks, difficulties = list(env.tasks), env.difficulties
    rng = item_rng(env.id, "dev", 100 + round_number, item_number)
    return env.sample(rng, tasks[item_number % len(tasks)], difficulties[item_number // len(tasks) % len(difficulties)])


def per_second(work: Callable[[int], object], seconds: float) -> float:
    """Return how often in a second `work`, given its number from 0, can be done; measured for `seconds`."""
    began_at, done_count = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began_at) < seconds and done_count < MAX_ITEMS:
        work(done_count)
        done_count += 1
    return done_count / elapsed


def rates(env: Environment, round_number: int, seconds: float) -> dict[str, float]:
    """Return one round's rates of `env`: items, items with their pictures, and answers a second."""
    items: list[Item] = []

    def answer(item_number: int) -> object:
        item = items[item_number % len(items)]
        return env.solve(item.scene, env.parse_value(item.question.query))

    def render_item(item_number: int) -> object:
        item = _turn(env, round_number, item_number)
        return env.render_item(item, env.size)

    return {
        "items": per_second(lambda item_number: items.append(_turn(env, round_number, item_number)), seconds),
        "items_with_picture": per_second(render_item, seconds),
        "answers": per_second(answer, seconds),
    }


def summary(rates: Sequence[float], digits: int = 1) -> dict[str, float]:
    """Return the median of `rates` and their lowest and highest."""
    statistics_of_rates = {"median": statistics.median(rates), "low": min(rates), "high": max(rates)}
    return {name: round(value, digits) for name, value in statistics_of_rates.items()}


def measure(seconds: float, rounds: int) -> dict[str, Any]:
    """Return the rates of every registered environment, from `rounds` rounds of `seconds` for each figure."""
    envs = [make(name) for name in list_environments()]
    rates_by_env: dict[str, list[dict[str, float]]] = {env.id: [] for env in envs}
    for round_number in range(-1, rounds):
        for env in envs:
            round_rates = rates(env, round_number + 1, seconds if round_number >= 0 else 0.2)
            # The first round warms up: workers, fonts, tables.
            if round_number >= 0:
                rates_by_env[env.id].append(round_rates)
    figures_by_env: dict[str, Any] = {}
    reference_rates = rates_by_env[BESIDE]
    for env in envs:
        env_summary = {
            name: summary([round_rates[name] for round_rates in rates_by_env[env.id]]) for name in reference_rates[0]
        }
        relative_rates = [
            round_rates["items"] / other_rates["items"]
            for round_rates, other_rates in zip(rates_by_env[env.id], reference_rates, strict=True)
        ]
        figures_by_env[env.id] = env_summary | {f"items_vs_{BESIDE}": summary(relative_rates, 4), "size": env.size}
    return figures_by_env | {"seconds": seconds, "rounds": rounds}


def main(
    seconds: Annotated[float, typer.Option(min=0.1, help="For each figure in a round.")] = 3.0,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds over all environments.")] = 5,
) -> None:
    """Measure, and write the results."""
    command = f"make bench-envs ARGS='--seconds {seconds:g} --rounds {rounds}'"
    report_results("envs", command, measure(seconds, rounds))


if __name__ == "__main__":
    typer.run(main)
