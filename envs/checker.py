"""The whole contract of an environment, checked on items of every task.

Begin at `check_environment`. `zerosight env check ID` prints its results, and the tests run it over every registered
id: a new environment is tested by existing. An environment may offer `second_method(scene, query) -> str | None`,
which recomputes an answer in a way that shares no code with `solve`; where it gives one, it must agree every time.
"""

import json
import math
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ..render import Rejected
from .answers import GRADED
from .core import SPLITS, Environment, Item, Task
from .registry import make
from .rng import item_rng

CONFIDENCE = 0.999
"""A guess rate above what chance reaches in this share of checks is a flaw, not luck."""
MAX_SECONDS_PER_ITEM = 3.0
"""By the clock on the wall: several times what the slowest of ours takes, as the machine may be busy."""
PICTURE_SIZE = 64
_FRESH = """
import json, sys
from zerosight.envs.checker import sample_items
from zerosight.envs.registry import make
env = make(sys.argv[1])
print(json.dumps([item.digest for item in sample_items(env, int(sys.argv[2]))]))
"""


class CheckResult(NamedTuple):
    """A rule of the contract and whether it holds."""

    name: str
    holds: bool
    detail: str


def check_environment(env_id: str, items_per_task: int = 20) -> list[CheckResult]:
    """Run the contract on `items_per_task` items of each task of the environment `env_id`.

    Raises:
        UnknownEnvironmentError: no such id.
        PluginError: the plugin that offers it does not load.
    """
    env = make(env_id)
    start_time = time.perf_counter()
    items = sample_items(env, items_per_task)
    seconds_per_item = (time.perf_counter() - start_time) / max(1, len(items))
    results = [
        _same_items(env, items, items_per_task),
        _fresh_process(env, items, items_per_task),
        *_disjoint(env, items, items_per_task),
    ]
    for rule_name, rule in _RULES.items():
        flaws = [f"{item.id}: {flaw}" for item in items for flaw in rule(env, item)]
        results.append(_result(rule_name, flaws, f"{len(items)} items"))
    results += [_second_method(env, items), *_guessing(env, items)]
    results.append(
        CheckResult("quick", seconds_per_item <= MAX_SECONDS_PER_ITEM, f"{seconds_per_item * 1e3:.1f} ms per item")
    )
    return results


def sample_items(env: Environment, items_per_task: int, split: str = "train", seed: int = 0) -> list[Item]:
    """Make `items_per_task` items of each task of `env`, an equal share of each difficulty.

    Neighbouring indices mostly have one task and difficulty, so that a key of seed + index shows as a shared item.
    """
    difficulties = env.difficulties
    return [
        env.sample(
            item_rng(env.id, split, seed, task_index * items_per_task + item_index),
            task,
            difficulties[item_index * len(difficulties) // items_per_task],
        )
        for task_index, task in enumerate(env.tasks)
        for item_index in range(items_per_task)
    ]


def item_rate(env: Environment, seconds: float = 0.3) -> float:
    """Measure how many items a second `env` makes here, without pictures, over all its tasks in turn."""
    task_names, difficulties, item_count = list(env.tasks), env.difficulties, 0
    env.sample(
        item_rng(env.id, "dev", 0, 0), task_names[0], difficulties[0]
    )  # what is made once, workers among it, is made now
    start_time = time.perf_counter()
    while (seconds_spent := time.perf_counter() - start_time) < seconds:
        task, difficulty = (
            task_names[item_count % len(task_names)],
            difficulties[item_count // len(task_names) % len(difficulties)],
        )
        env.sample(item_rng(env.id, "dev", 1, item_count), task, difficulty)
        item_count += 1
    return item_count / seconds_spent


def _result(rule_name: str, flaws: Sequence[str], detail: str) -> CheckResult:
    remainder = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
    return CheckResult(rule_name, not flaws, f"{flaws[0]}{remainder}" if flaws else detail)


# --- items are functions of their keys ----------------------------------------------------------------------


def _same_items(env: Environment, items: Sequence[Item], items_per_task: int) -> CheckResult:
    second_items = sample_items(env, items_per_task)
    flaws = [
        f"{item.id} changed"
        for item, second_item in zip(items, second_items, strict=True)
        if item.to_json() != second_item.to_json()
    ]
    return _result("same key, same item", flaws, f"{len(items)} items twice")


def _fresh_process(env: Environment, items: Sequence[Item], items_per_task: int) -> CheckResult:
    """Make the `items` again in an interpreter that hashes strings differently."""
    rule_name = "same item in another process"
    # `env` sets the one variable and hands the rest of the environment on unread.
    command = ["env", "PYTHONHASHSEED=4242", sys.executable, "-P", "-c", _FRESH, env.id, str(items_per_task)]
    completed_process = subprocess.run(command, capture_output=True, text=True, check=False)
    if completed_process.returncode:
        return CheckResult(rule_name, False, f"the other process failed: {completed_process.stderr.strip()[-300:]}")
    digests = json.loads(completed_process.stdout)
    flaws = [
        f"{item.id} has another digest" for item, digest in zip(items, digests, strict=True) if item.digest != digest
    ]
    return _result(rule_name, flaws, f"{len(items)} digests")


def _disjoint(env: Environment, items: Sequence[Item], items_per_task: int) -> Iterator[CheckResult]:
    known_digests = {item.digest for item in items}
    repeat_count = len(items) - len(known_digests)
    yield CheckResult("no item twice", not repeat_count, f"{repeat_count} of {len(items)} repeated")
    for rule_name, split_seeds in {
        "splits share no item": [(split, 0) for split in SPLITS if split != "train"],
        "seeds share no item": [("train", 1)],
    }.items():
        other_items = [item for split, seed in split_seeds for item in sample_items(env, items_per_task, split, seed)]
        flaws = [f"{item.id} is also in train, seed 0" for item in other_items if item.digest in known_digests]
        yield _result(rule_name, flaws, f"{len(other_items)} items")


# --- rules of one item --------------------------------------------------------------------------------------


def _round_trip(env: Environment, item: Item) -> Iterator[str]:
    restored_item = Item.from_json(item.to_json())
    if restored_item.to_json() != item.to_json() or restored_item.digest != item.digest or restored_item != item:
        yield "is another item after a round trip through JSON"


def _fields(env: Environment, item: Item) -> Iterator[str]:
    task = env.tasks[item.task]
    if item.env != env.id or item.difficulty not in env.difficulties:
        yield f"is marked {item.env}, difficulty {item.difficulty}"
    if task.options and item.question.options != task.options:
        yield f"has options {item.question.options}, its task {task.options}"
    if item.question.options and item.truth.value not in item.question.options:
        yield f"has answer {item.truth.value!r} of {item.question.options}"
    if {item.truth.kind, item.question.kind} != {task.kind}:
        yield f"has kind {item.truth.kind}, its task {task.kind}"
    if env.difficulty_of(item.scene) != item.difficulty:
        yield f"looks like difficulty {env.difficulty_of(item.scene)}, is marked {item.difficulty}"
    if not item.truth.margin > 0:
        yield f"has margin {item.truth.margin}"


def _truth_scores(env: Environment, item: Item) -> Iterator[str]:
    true_value = item.truth.value
    for reply_text in (
        true_value,
        f" {true_value.upper()}.",
        f"<answer>{true_value}</answer>",
        f"The answer is {true_value}.",
    ):
        if env.score(item.truth, item.question.options, reply_text).value != 1:
            yield f"the right answer scores 0 as {reply_text!r}"


def neighbouring_answers(value: str, kind: str, options: Sequence[str], tolerance: float) -> list[str]:
    """Return other answers than `value`; of a graded kind they may score something, but less than the right one.

    Args:
        value: the right answer.
        kind: its kind, one of `answers.KINDS`.
        options: all answers, where they are closed.
        tolerance: how far a right amount may be off, as a share; near misses are just beyond it.
    """
    answer_texts = [option for option in options if option != value]
    if kind in ("number", "tally"):
        number = int(value)
        answer_texts += [str(number + 1), str(number - 1)]
    if kind in ("decimal", "mra"):
        # Mean relative accuracy is full up to an error of a twentieth.
        amount, error_factor = float(value), 1.02 + max(tolerance, 0.05 * (kind == "mra"))
        near_amounts = [
            amount * error_factor,
            amount / error_factor,
            -amount,
            amount + 10 ** math.ceil(math.log10(abs(amount) + 1)),
        ]
        answer_texts += [f"{near_amount:.12g}" for near_amount in near_amounts if near_amount != amount]
    return answer_texts


AMOUNTS = ("number", "tally", "decimal", "mra")
"""Kinds whose answer is a number: another answer is another number."""


def hedged_replies(value: str, kind: str, options: Sequence[str]) -> list[str]:
    """Return replies that say more, less or something else than the answer `value` of this `kind`."""
    # One that has no part in common, as of a direction: who says two answers must not get anything for either.
    value_parts = set(value.split("-"))
    default_other = f"{3 * float(value) + 1:g}" if kind in AMOUNTS else "other"
    other_option = next((option for option in options if not value_parts & set(option.split("-"))), default_other)
    reply_texts = [
        "",
        " ",
        ".",
        "answer",
        f"not {value}",
        f"maybe {value}",
        f"a{value}",
        f"{value}x",
    ]
    reply_texts += [f"{value} or {other_option}", f"{other_option}, {value}", f"it is {other_option}, not {value}"]
    reply_texts += [
        f"<answer>{value}</answer><answer>{other_option}</answer>",
        f"<answer>{other_option}</answer> {value}",
    ]
    if kind in ("number", "tally"):
        reply_texts += [f"-{int(value) + 1}", f"{value}.5", f"1{value}", f"{value} {value}"]
    if kind == "choice":
        reply_texts += [f"({value}) or ({other_option})", f"{value} and {other_option}", f"{value}. or {other_option}."]
    return reply_texts


def _misses_score_nothing(env: Environment, item: Item) -> Iterator[str]:
    truth, options = item.truth, item.question.options
    wrong_answers = neighbouring_answers(truth.value, truth.kind, options, truth.tolerance)
    for reply_text in (*hedged_replies(truth.value, truth.kind, options), *wrong_answers):
        least_wrong = 1.0 if truth.kind in GRADED and reply_text in wrong_answers else 0.0
        if (reply_score := env.score(truth, options, reply_text).value) > 0 and reply_score >= least_wrong:
            yield f"{reply_text!r} scores although {truth.value!r} is right"


def _drawn_again(env: Environment, item: Item) -> Iterator[str]:
    scene, query = env.render(item.program), env.parse(json.dumps(item.question.query))
    if isinstance(scene, Rejected) or isinstance(query, Rejected):
        yield f"its program or query is rejected: {scene if isinstance(scene, Rejected) else query}"
        return
    if scene.to_json() != item.scene.to_json():
        yield "its program draws another scene"
    if env.solve(scene, query) != item.truth:
        yield f"solved again it is {env.solve(scene, query)}, stored {item.truth}"
    if (rejection := env.check(scene, query)) is not None:
        yield f"its question cannot be asked: {rejection}"


def _query_again(env: Environment, item: Item) -> Iterator[str]:
    query = env.parse_value(item.question.query)
    if isinstance(query, Rejected):
        yield f"its query is rejected: {query}"
    elif env.ask(query, item_rng(env.id, "train", 0, 0), item.scene).query != item.question.query:
        yield "its query is another one when read and written again"
    elif env.task_of(query) != item.task:
        yield f"its query has the form of {env.task_of(query)}"


def _picture_again(env: Environment, item: Item) -> Iterator[str]:
    restored_item = Item.from_json(item.to_json())
    picture_array, second_array = (
        env.render_item(drawn_item, PICTURE_SIZE).array for drawn_item in (item, restored_item)
    )
    if picture_array.tobytes() != second_array.tobytes():
        yield "its picture differs when drawn again"
    if picture_array.shape[1] != PICTURE_SIZE:
        yield f"its picture is {picture_array.shape[1]} px wide, {PICTURE_SIZE} were asked for"


_RULES: dict[str, Callable[[Environment, Item], Iterator[str]]] = {
    "fields fit the task": _fields,
    "truth scores 1": _truth_scores,
    "near misses score 0": _misses_score_nothing,
    "JSON round trip": _round_trip,
    "drawn and solved again": _drawn_again,
    "query read again": _query_again,
    "same picture again": _picture_again,
}


# --- rules of many items ------------------------------------------------------------------------------------


def _second_method(env: Environment, items: Sequence[Item]) -> CheckResult:
    rule_name = "second method agrees"
    method = getattr(env, "second_method", None)
    if method is None:
        return CheckResult(rule_name, True, "none is offered")
    all_answers = [(item, method(item.scene, env.parse_value(item.question.query))) for item in items]
    second_answers = [(item, answer) for item, answer in all_answers if answer is not None]
    flaws = [
        f"{item.id}: {answer!r}, the oracle: {item.truth.value!r}"
        for item, answer in second_answers
        if answer != item.truth.value
    ]
    return _result(rule_name, flaws, f"{len(second_answers)} of {len(items)} items")


def highest_by_chance(guess_count: int, chance: float, confidence: float = CONFIDENCE) -> int:
    """Return the least k so that at most k of `guess_count` guesses are right with probability `confidence`.

    >>> highest_by_chance(20, 0.5), highest_by_chance(20, 1.0)
    (17, 20)
    """
    cumulative_chance = 0.0
    for success_count in range(guess_count + 1):
        cumulative_chance += (
            math.comb(guess_count, success_count)
            * chance**success_count
            * (1 - chance) ** (guess_count - success_count)
        )
        if cumulative_chance >= confidence:
            return success_count
    return guess_count


def best_constant(items: Sequence[Item]) -> int:
    """Count the `items` that the best constant answer gets right."""
    return max(Counter(item.truth.value for item in items).values(), default=0)


def named_options(item: Item) -> list[str]:
    """Return the answers that the question of `item` names; none where it names all, as in `left or right?`."""
    question_words = set(re.findall(r"[a-z0-9]+", item.question.text.lower()))
    named_words = [option for option in item.question.options if option in question_words]
    return [] if len(named_words) == len(item.question.options) else named_words


def _guessing(env: Environment, items: Sequence[Item]) -> Iterator[CheckResult]:
    """Check that no constant answer to `items`, and no word of a question, does better than chance."""
    constant_flaws, leak_flaws, excess_accuracy = [], [], 0.0
    # One check of many tasks and answers: each gets its share of the error that the whole may make.
    error_share = (1 - CONFIDENCE) / len(env.tasks)
    for task in env.tasks.values():
        task_items = [item for item in items if item.task == task.name]
        excess_accuracy = max(excess_accuracy, best_constant(task_items) / max(1, len(task_items)) - task.chance)
        constant_flaws += _constant_flaws(task, task_items, error_share)
        leak_flaws += _leak_flaws(task, task_items, error_share)
    detail = f"best constant answer {excess_accuracy:.0%} above chance"
    yield _result("guessing stays at chance", constant_flaws, detail)
    yield _result("words do not name the answer", leak_flaws, f"{len(items)} questions")


def _constant_flaws(task: Task, items: Sequence[Item], error_share: float) -> list[str]:
    """Say where one answer to the `items` of `task` is right more often than chance allows."""
    # The best of many answers is looked at; of open ones, of all that occur.
    answer_count = len(task.options) or len({item.truth.value for item in items}) or 1
    max_hits = highest_by_chance(len(items), task.chance, 1 - error_share / answer_count)
    if (hits := best_constant(items)) <= max_hits:
        return []
    return [f"{task.name}: one answer fits {hits} of {len(items)} items, by chance at most {max_hits}"]


def _leak_flaws(task: Task, items: Sequence[Item], error_share: float) -> list[str]:
    """Say where the questions of `task` name their answers more often than chance allows."""
    # Only an answer in words can be named by the question.
    naming_items = [(item, words) for item in items if task.kind == "word" and (words := named_options(item))]
    leaks = sum(item.truth.value in words for item, words in naming_items)
    leak_chance = max((len(words) for _, words in naming_items), default=0) * task.chance
    max_leaks = highest_by_chance(len(naming_items), leak_chance, 1 - error_share)
    if leaks <= max_leaks:
        return []
    return [f"{task.name}: {leaks} of {len(naming_items)} questions name their answer, by chance at most {max_leaks}"]
