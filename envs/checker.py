"""The whole contract of an environment, checked on items of every task.

`zerosight env check ID` prints what this module finds, and the tests run it over every registered id: a new
environment is tested by existing. An environment may offer `second_method(scene, query) -> str | None`, which
recomputes an answer in a way that shares no code with `solve`; where it gives one, it must agree every time.
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
from .core import SPLITS, Environment, Item
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
    """One rule of the contract and whether it holds."""

    name: str
    holds: bool
    detail: str


def check_environment(env_id: str, n: int = 20) -> list[CheckResult]:
    """Run the contract on `n` items of each task of an environment.

    Raises:
        UnknownEnvironmentError: no such id.
        PluginError: the plugin that offers it does not load.
    """
    env = make(env_id)
    began = time.perf_counter()
    items = sample_items(env, n)
    pace = (time.perf_counter() - began) / max(1, len(items))
    results = [_same_items(env, items, n), _fresh_process(env, items, n), *_disjoint(env, items, n)]
    for name, rule in _RULES.items():
        flaws = [f"{item.id}: {flaw}" for item in items for flaw in rule(env, item)]
        results.append(_result(name, flaws, f"{len(items)} items"))
    results += [_second_method(env, items), *_guessing(env, items)]
    results.append(CheckResult("quick", pace <= MAX_SECONDS_PER_ITEM, f"{pace * 1e3:.1f} ms per item"))
    return results


def sample_items(env: Environment, n: int, split: str = "train", seed: int = 0) -> list[Item]:
    """`n` items of each task, an equal share of each difficulty.

    Neighbouring indices mostly have one task and difficulty, so that a key of seed + index shows as a shared item.
    """
    levels = env.difficulties
    return [
        env.sample(item_rng(env.id, split, seed, task_index * n + i), task, levels[i * len(levels) // n])
        for task_index, task in enumerate(env.tasks)
        for i in range(n)
    ]


def item_rate(env: Environment, seconds: float = 0.3) -> float:
    """Items a second that this environment samples here, pictures left out, over all forms in turn."""
    tasks, levels, made = list(env.tasks), env.difficulties, 0
    env.sample(item_rng(env.id, "dev", 0, 0), tasks[0], levels[0])  # what is made once, workers among it, is made now
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        task, level = tasks[made % len(tasks)], levels[made // len(tasks) % len(levels)]
        env.sample(item_rng(env.id, "dev", 1, made), task, level)
        made += 1
    return made / spent


def _result(name: str, flaws: Sequence[str], detail: str) -> CheckResult:
    more = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
    return CheckResult(name, not flaws, f"{flaws[0]}{more}" if flaws else detail)


# --- items are functions of their keys ----------------------------------------------------------------------


def _same_items(env: Environment, items: Sequence[Item], n: int) -> CheckResult:
    again = sample_items(env, n)
    flaws = [f"{a.id} changed" for a, b in zip(items, again, strict=True) if a.to_json() != b.to_json()]
    return _result("same key, same item", flaws, f"{len(items)} items twice")


def _fresh_process(env: Environment, items: Sequence[Item], n: int) -> CheckResult:
    """The items again in an interpreter that hashes strings differently."""
    name = "same item in another process"
    # `env` sets the one variable and hands the rest of the environment on unread.
    command = ["env", "PYTHONHASHSEED=4242", sys.executable, "-P", "-c", _FRESH, env.id, str(n)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return CheckResult(name, False, f"the other process failed: {done.stderr.strip()[-300:]}")
    digests = json.loads(done.stdout)
    flaws = [f"{a.id} has another digest" for a, b in zip(items, digests, strict=True) if a.digest != b]
    return _result(name, flaws, f"{len(items)} digests")


def _disjoint(env: Environment, items: Sequence[Item], n: int) -> Iterator[CheckResult]:
    known = {item.digest for item in items}
    repeated = len(items) - len(known)
    yield CheckResult("no item twice", not repeated, f"{repeated} of {len(items)} repeated")
    for name, keys in {
        "splits share no item": [(split, 0) for split in SPLITS if split != "train"],
        "seeds share no item": [("train", 1)],
    }.items():
        others = [item for split, seed in keys for item in sample_items(env, n, split, seed)]
        flaws = [f"{item.id} is also in train, seed 0" for item in others if item.digest in known]
        yield _result(name, flaws, f"{len(others)} items")


# --- rules of one item --------------------------------------------------------------------------------------


def _round_trip(env: Environment, item: Item) -> Iterator[str]:
    back = Item.from_json(item.to_json())
    if back.to_json() != item.to_json() or back.digest != item.digest or back != item:
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
    value = item.truth.value
    for text in (value, f" {value.upper()}.", f"<answer>{value}</answer>", f"The answer is {value}."):
        if env.score(item.truth, item.question.options, text).value != 1:
            yield f"the right answer scores 0 as {text!r}"


def near_misses(value: str, kind: str, options: Sequence[str], tolerance: float = 0.0) -> list[str]:
    """Replies that a careless matcher takes for `value`; amounts are just over `tolerance` away."""
    return [*_hedges(value, kind, options), *_neighbours(value, kind, options, tolerance)]


def _neighbours(value: str, kind: str, options: Sequence[str], tolerance: float) -> list[str]:
    """Other answers; of a graded kind they may score something, but less than the right one."""
    texts = [option for option in options if option != value]
    if kind in ("number", "tally"):
        number = int(value)
        texts += [str(number + 1), str(number - 1)]
    if kind in ("decimal", "mra"):
        # Mean relative accuracy is full up to an error of a twentieth.
        amount, beyond = float(value), 1.02 + max(tolerance, 0.05 * (kind == "mra"))
        near = [amount * beyond, amount / beyond, -amount, amount + 10 ** math.ceil(math.log10(abs(amount) + 1))]
        texts += [f"{each:.12g}" for each in near if each != amount]
    return texts


def _hedges(value: str, kind: str, options: Sequence[str]) -> list[str]:
    """Replies that say more, less or something else than an answer."""
    # One that has no part in common, as of a direction: who says two answers must not get anything for either.
    parts = set(value.split("-"))
    other = next((each for each in options if not parts & set(each.split("-"))), "other")
    texts = [
        "",
        " ",
        ".",
        "answer",
        f"not {value}",
        f"maybe {value}",
        f"a{value}",
        f"{value}x",
        f"{value} {value}",
    ]
    texts += [f"{value} or {other}", f"{other}, {value}", f"it is {value}, not {other}"]
    texts += [f"<answer>{value}</answer><answer>{other}</answer>", f"<answer>{other}</answer> {value}"]
    if kind in ("number", "tally"):
        texts += [f"-{int(value) + 1}", f"{value}.5", f"1{value}", f"{value}/1"]
    if kind == "choice":
        texts += [f"({value}) or ({other})", f"{value} and {other}", f"{value}. or {other}."]
    return texts


def _misses_score_nothing(env: Environment, item: Item) -> Iterator[str]:
    truth, options = item.truth, item.question.options
    near = _neighbours(truth.value, truth.kind, options, truth.tolerance)
    for text in (*_hedges(truth.value, truth.kind, options), *near):
        least_wrong = 1.0 if truth.kind in GRADED and text in near else 0.0
        if (value := env.score(truth, options, text).value) > 0 and value >= least_wrong:
            yield f"{text!r} scores although {truth.value!r} is right"


def _drawn_again(env: Environment, item: Item) -> Iterator[str]:
    scene, query = env.render(item.program), env.parse(json.dumps(item.question.query))
    if isinstance(scene, Rejected) or isinstance(query, Rejected):
        yield f"its program or query is rejected: {scene if isinstance(scene, Rejected) else query}"
        return
    if scene.to_json() != item.scene.to_json():
        yield "its program draws another scene"
    if env.solve(scene, query) != item.truth:
        yield f"solved again it is {env.solve(scene, query)}, stored {item.truth}"
    if (flaw := env.check(scene, query)) is not None:
        yield f"its question cannot be asked: {flaw}"


def _query_again(env: Environment, item: Item) -> Iterator[str]:
    query = env.parse_value(item.question.query)
    if isinstance(query, Rejected):
        yield f"its query is rejected: {query}"
    elif env.ask(query, item_rng(env.id, "train", 0, 0), item.scene).query != item.question.query:
        yield "its query is another one when read and written again"
    elif env.task_of(query) != item.task:
        yield f"its query has the form of {env.task_of(query)}"


def _picture_again(env: Environment, item: Item) -> Iterator[str]:
    stored = Item.from_json(item.to_json())
    first, second = (env.render_item(each, PICTURE_SIZE).array for each in (item, stored))
    if first.tobytes() != second.tobytes():
        yield "its picture differs when drawn again"
    if first.shape[1] != PICTURE_SIZE:
        yield f"its picture is {first.shape[1]} px wide, {PICTURE_SIZE} were asked for"


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
    name = "second method agrees"
    method = getattr(env, "second_method", None)
    if method is None:
        return CheckResult(name, True, "none is offered")
    answers = [(item, method(item.scene, env.parse_value(item.question.query))) for item in items]
    given = [(item, answer) for item, answer in answers if answer is not None]
    flaws = [f"{a.id}: {answer!r}, the oracle: {a.truth.value!r}" for a, answer in given if answer != a.truth.value]
    return _result(name, flaws, f"{len(given)} of {len(items)} items")


def highest_by_chance(n: int, chance: float, confidence: float = CONFIDENCE) -> int:
    """The least k so that at most k of n guesses are right with probability `confidence`.

    >>> highest_by_chance(20, 0.5), highest_by_chance(20, 1.0)
    (17, 20)
    """
    below = 0.0
    for k in range(n + 1):
        below += math.comb(n, k) * chance**k * (1 - chance) ** (n - k)
        if below >= confidence:
            return k
    return n


def best_constant(items: Sequence[Item]) -> int:
    """How many of the items the best constant answer gets right."""
    return max(Counter(item.truth.value for item in items).values(), default=0)


def named_options(item: Item) -> list[str]:
    """The answers that the question's words name; none where they name all, as in `left or right?`."""
    words = set(re.findall(r"[a-z0-9]+", item.question.text.lower()))
    named = [option for option in item.question.options if option in words]
    return [] if len(named) == len(item.question.options) else named


def _guessing(env: Environment, items: Sequence[Item]) -> Iterator[CheckResult]:
    """No constant answer, and no word of the question, does better than chance."""
    constant, leaks, above = [], [], 0.0
    # One check of many tasks and answers: each gets its share of the error that the whole may make.
    error = (1 - CONFIDENCE) / len(env.tasks)
    for name, task in env.tasks.items():
        mine = [item for item in items if item.task == name]
        best = best_constant(mine)
        above = max(above, best / max(1, len(mine)) - task.chance)
        # The best of many answers is looked at; of open ones, of all that occur.
        answers = len(task.options) or len({item.truth.value for item in mine}) or 1
        most = highest_by_chance(len(mine), task.chance, 1 - error / answers)
        if best > most:
            constant.append(f"{name}: one answer fits {best} of {len(mine)} items, by chance at most {most}")
        # Only an answer in words can be named by the question.
        telling = [(item, named) for item in mine if task.kind == "word" and (named := named_options(item))]
        told = sum(item.truth.value in named for item, named in telling)
        share = max((len(named) for _, named in telling), default=0) * task.chance
        most = highest_by_chance(len(telling), share, 1 - error)
        if told > most:
            leaks.append(f"{name}: {told} of {len(telling)} questions name their answer, by chance at most {most}")
    yield _result("guessing stays at chance", constant, f"best constant answer {above:.0%} above chance")
    yield _result("words do not name the answer", leaks, f"{len(items)} questions")
