"""An evaluation from the names of models and suites to its figures; it can be killed and given again at any moment."""

import difflib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...train.runs.store import write_atomically
from ..adapters import ADAPTERS, SUITES
from .benchmark import Benchmark, EvaluationError
from .cache import Cache
from .figures import unpaired
from .judge import Judge
from .models import Answerer
from .own import OWN, OwnSuite
from .pictures import Thumbnails
from .results import Evaluation, differences_of, score_all, slug
from .runner import Answers, Settings, Told, ask

SEED_BITS = 62


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which benchmarks, and which variants of our own."""

    suites: str
    """Names with commas between: of groups, public benchmarks, or suites of ours."""
    worlds: Sequence[str] = ()
    """Only these worlds of our own suites; all of them where empty."""
    fresh: bool = False
    """Also fresh variants of our own suites."""
    fresh_seed: int | None = None
    """Their seed; None draws one, which is kept in the output folder."""


def choose(choice: Choice, out: Path) -> list[Benchmark]:
    """The benchmarks, in the order of their names as given.

    Args:
        choice: what is asked for.
        out: the output folder, where the seed of fresh variants is kept for a resumed evaluation.

    Raises:
        EvaluationError: a name is unknown, or there is nothing that could be fresh.
    """
    names = list(dict.fromkeys(each for name in choice.suites.split(",") for each in _names(name.strip())))
    found: list[Benchmark] = []
    for name in names:
        if name not in OWN:
            found.append(ADAPTERS[name])
            continue
        suite = OWN[name].only(choice.worlds) if choice.worlds else OWN[name]
        suite = suite.kept_in(out / "items" / slug(name))
        found.append(suite)
        if choice.fresh:
            found.append(suite.fresh(_fresh_seed(choice, out)))
    if choice.fresh and not any(isinstance(each, OwnSuite) for each in found):
        raise EvaluationError("--fresh draws our own suites anew, and none was asked for; add --suite own")
    return found


def own_suite(name: str, worlds: Sequence[str] = (), fresh_seed: int | None = None) -> OwnSuite:
    """A suite of ours, all of it or some worlds, fixed or fresh.

    Raises:
        EvaluationError: there is none of this name.
    """
    if name not in OWN:
        raise EvaluationError(f"no suite of ours is called {name!r} (allowed: {', '.join(OWN)})")
    suite = OWN[name].only(worlds) if worlds else OWN[name]
    return suite if fresh_seed is None else suite.fresh(fresh_seed)


def known_suites() -> list[dict[str, Any]]:
    """Every benchmark: its name, title, the groups it is in, and where its data is."""
    groups = {**SUITES, "own": tuple(OWN)}
    every: Mapping[str, Any] = {**OWN, **ADAPTERS}
    return [
        {
            "name": name,
            "title": benchmark.title,
            "groups": [group for group, names in groups.items() if name in names],
            "data": getattr(benchmark, "dataset", "made here"),
        }
        for name, benchmark in every.items()
    ]


def _names(name: str) -> Sequence[str]:
    """The benchmarks of a group, or the one of this name."""
    groups: Mapping[str, Sequence[str]] = {**SUITES, "own": tuple(OWN)}
    if name in groups:
        return groups[name]
    if name in ADAPTERS or name in OWN:
        return (name,)
    known = [*groups, "heldout", *OWN, *ADAPTERS]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise EvaluationError(f"unknown suite {name!r}; {hint}(allowed: {', '.join(known)})")


def _fresh_seed(choice: Choice, out: Path) -> int:
    """The seed that was given, else the one that this folder's evaluation drew before, else a new secret one."""
    if choice.fresh_seed is not None:
        return choice.fresh_seed
    path = out / "fresh.json"
    if path.exists():
        return int(json.loads(path.read_text())["seed"])
    seed = secrets.randbits(SEED_BITS)
    write_atomically(path, json.dumps({"seed": seed}).encode())
    return seed


def evaluate_models(
    opened: Sequence[Callable[[], Answerer]],
    benchmarks: Sequence[Benchmark],
    settings: Settings,
    out: Path,
    told: Told | None = None,
    open_judge: Callable[[], Answerer] | None = None,
) -> Evaluation:
    """Every model on every benchmark; the models one after another, so that only one is in memory.

    Args:
        opened: for each model what opens it.
        benchmarks: what to run.
        settings: how.
        out: the folder of the cache.
        told: called as answers come.
        open_judge: opens the model that reads replies where authors have one do so.

    Raises:
        BenchmarkDataError: a benchmark's data is not there.
        EvaluationError: a model's machinery is dead.
    """
    judge = None
    if open_judge is not None:
        reader = open_judge()
        judge = Judge(reader, Cache(out / "cache" / f"judge-{reader.digest[:16]}"))
    every = [_answers_of(open_one, benchmarks, settings, out, told, judge) for open_one in opened]
    found = {name: [answers[name] for _, _, answers in every] for name in (each.name for each in benchmarks)}
    memorised = {
        name: [
            unpaired([s for _, s in fixed.scored], [s for _, s in fresh.scored])
            for fixed, fresh in zip(answers, found[f"{name}+fresh"], strict=True)
        ]
        for name, answers in found.items()
        if f"{name}+fresh" in found
    }
    return Evaluation(
        models=[name for name, _, _ in every],
        digests=[digest for _, digest, _ in every],
        scores=score_all(found),
        differences=differences_of(found),
        memorised=memorised,
    )


def _answers_of(
    open_one: Callable[[], Answerer],
    benchmarks: Sequence[Benchmark],
    settings: Settings,
    out: Path,
    told: Told | None,
    judge: Judge | None,
) -> tuple[str, str, dict[str, Answers]]:
    """A model's name, its digest and its answers by benchmark; the model is gone when this returns."""
    answerer, thumbnails, found = open_one(), Thumbnails(out / "thumbnails"), {}
    share, shares = settings.shard
    writer = "answers" if shares == 1 else f"answers-{share}-of-{shares}"
    for benchmark in benchmarks:
        cache = Cache(out / "cache" / answerer.digest[:16] / slug(benchmark.name), writer)
        found[benchmark.name] = ask(benchmark, answerer, cache, settings, told, thumbnails, judge)
    return answerer.name, answerer.digest, found
