"""An evaluation from the names of models and suites to its figures; it can be killed and given again at any moment."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...envs import make
from ...errors import did_you_mean
from ...train.runs.store import write_atomically
from ..adapters import ADAPTERS, SUITES
from ..adapters.anyone import DataCard, adapter_of
from ..adapters.base import Adapter
from .benchmark import Benchmark, EvaluationError
from .cache import Cache
from .easy_vqa import NAME as EASY_VQA
from .easy_vqa import PICTURES, EasyVqaSuite
from .figures import unpaired
from .heldout import DEFAULT_ITEMS, HeldoutSuite
from .heldout import NAME as HELDOUT
from .items import AskingStyle
from .judge import Judge
from .models import Answerer
from .own import OWN, OwnSuite
from .pictures import Thumbnails
from .results import EvaluationResult, differences_of, score_all, slug
from .runner import Answers, Progress, ask
from .settings import Settings

SEED_BITS = 62


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The benchmarks to run, and the variants of our own."""

    suites: str
    """Names with commas between: of groups, public benchmarks, or suites of ours."""
    worlds: Sequence[str] = ()
    """Only these worlds of our own suites; all of them where empty. Of the held-out items: those of these worlds."""
    items: int = DEFAULT_ITEMS
    """Held-out items."""
    taught_forms: tuple[str, ...] = ()
    """Forms that the models were taught to answer before their run, for the held-out items' kinds."""
    fresh: bool = False
    """Also fresh variants of our own suites."""
    fresh_seed: int | None = None
    """Their seed; None draws one, which is kept in the output folder."""
    protocol: str | None = None
    """Of public benchmarks; None takes each one's default."""
    frames: int | None = None
    """Of each film; None takes as many as the protocol."""
    dataset: DataCard | None = None
    """A data set of the user's own, asked after the suites."""
    revisions: Mapping[str, str] = field(default_factory=dict)
    """Of the data on the hub, by benchmark; the newest of the others."""


def choose(choice: Choice, out: Path) -> list[Benchmark]:
    """Return the benchmarks, in the order of their names as given.

    Args:
        choice: what is asked for.
        out: the output folder, where the seed of fresh variants is kept for a resumed evaluation.

    Raises:
        EvaluationError: a name is unknown, or there is nothing that could be fresh.
    """
    benchmarks: list[Benchmark] = []
    for name in suite_names(choice.suites) if choice.suites else ():
        if name == HELDOUT:
            benchmarks += _heldout(choice).both()
            continue
        if name == EASY_VQA:
            benchmarks += [EasyVqaSuite(picture=picture) for picture in PICTURES]
            continue
        if name not in OWN:
            benchmarks.append(_published(name, choice))
            continue
        suite = OWN[name].only(choice.worlds) if choice.worlds else OWN[name]
        suite = suite.kept_in(out / "items" / slug(name))
        benchmarks.append(suite)
        if choice.fresh:
            benchmarks.append(suite.fresh(_fresh_seed(choice, out)))
    if choice.dataset is not None:
        benchmarks.append(adapter_of(choice.dataset))
    for name in choice.revisions:
        if name not in {benchmark.name for benchmark in benchmarks}:
            raise EvaluationError(f"--revision names {name}, which is not asked (asked: {choice.suites})")
    if choice.fresh and not any(isinstance(benchmark, OwnSuite) for benchmark in benchmarks):
        raise EvaluationError("--fresh draws our own suites anew, and none was asked for; add --suite own")
    return benchmarks


def _published(name: str, choice: Choice) -> Adapter:
    """Return the public benchmark `name` as `choice` wants it asked."""
    adapter = ADAPTERS[name] if choice.protocol is None else ADAPTERS[name].under(choice.protocol)
    if choice.frames is not None and adapter.frames and choice.frames != adapter.frames:
        note = f"{choice.frames} frames of each film, where the protocol takes {adapter.frames}: not comparable"
        adapter = replace(adapter, frames=choice.frames, notes=(*adapter.notes, note))
    return replace(adapter, revision=choice.revisions[name]) if name in choice.revisions else adapter


def asked_in(benchmark: Benchmark, asking: AskingStyle) -> Benchmark:
    """Return `benchmark`, a suite of our own worlds asked in the style `asking`."""
    return benchmark.asked_in(asking) if isinstance(benchmark, OwnSuite | HeldoutSuite | EasyVqaSuite) else benchmark


def _heldout(choice: Choice) -> HeldoutSuite:
    suite = HeldoutSuite(count=choice.items, taught_forms=choice.taught_forms)
    return replace(suite, worlds=tuple(make(world).id for world in choice.worlds)) if choice.worlds else suite


def own_suite(name: str, worlds: Sequence[str] = (), fresh_seed: int | None = None) -> OwnSuite:
    """Return the suite of ours called `name`, all of it or some `worlds`, fixed or fresh under `fresh_seed`.

    Raises:
        EvaluationError: no suite of ours has this name.
    """
    if name not in OWN:
        raise EvaluationError(f"no suite of ours is called {name!r} (allowed: {', '.join(OWN)})")
    suite = OWN[name].only(worlds) if worlds else OWN[name]
    return suite if fresh_seed is None else suite.fresh(fresh_seed)


def known_suites() -> list[dict[str, Any]]:
    """Return every benchmark: its name, title, the groups it is in, and where its data is."""
    groups = _groups()
    benchmarks: Mapping[str, Any] = {HELDOUT: HeldoutSuite(), EASY_VQA: EasyVqaSuite(), **OWN, **ADAPTERS}
    return [
        {
            "name": name,
            "title": benchmark.title,
            "groups": [group for group, members in groups.items() if name in members],
            "data": getattr(benchmark, "dataset", "made here"),
        }
        for name, benchmark in benchmarks.items()
    ]


def _groups() -> Mapping[str, Sequence[str]]:
    return {**SUITES, "own": tuple(OWN)}


def suite_names(suites: str) -> list[str]:
    """Return the names of single benchmarks that `suites` names, groups resolved, each once.

    Raises:
        EvaluationError: a name is unknown.
    """
    return list(dict.fromkeys(member for name in suites.split(",") for member in _members(name.strip())))


def _members(name: str) -> Sequence[str]:
    """Return the benchmarks of the group `name`, or the one that is called so."""
    groups = _groups()
    if name in groups:
        return groups[name]
    if name in (HELDOUT, EASY_VQA) or name in ADAPTERS or name in OWN:
        return (name,)
    known_names = [*groups, HELDOUT, EASY_VQA, *OWN, *ADAPTERS]
    hint = did_you_mean(name, known_names, cutoff=0.4)
    raise EvaluationError(f"unknown suite {name!r}; {hint and f'{hint} '}(allowed: {', '.join(known_names)})")


def _fresh_seed(choice: Choice, out: Path) -> int:
    """Return the seed of `choice`, else the one that the evaluation in `out` drew before, else a new secret one."""
    if choice.fresh_seed is not None:
        return choice.fresh_seed
    path = out / "fresh.json"
    if path.exists():
        return int(json.loads(path.read_text())["seed"])
    seed = secrets.randbits(SEED_BITS)
    write_atomically(path, json.dumps({"seed": seed}).encode())
    return seed


def evaluate_models(
    openers: Sequence[Callable[[], Answerer]],
    benchmarks: Sequence[Benchmark],
    settings: Settings,
    out: Path,
    show_progress: Progress | None = None,
    open_judge: Callable[[], Answerer] | None = None,
) -> EvaluationResult:
    """Ask every model every benchmark; the models one after another, so that only one is in memory.

    Args:
        openers: for each model what opens it.
        benchmarks: what to run.
        settings: how.
        out: the folder of the cache.
        show_progress: called as answers come.
        open_judge: opens the model that reads replies where authors have one do so.

    Raises:
        BenchmarkDataError: a benchmark's data is not there.
        ModelDownError: a model fails again and again.
    """
    judge = None
    if open_judge is not None:
        reader = open_judge()
        judge = Judge(reader, Cache(out / "cache" / f"judge-{reader.digest[:16]}"))
    outcomes = [_answers_of(open_one, benchmarks, settings, out, show_progress, judge) for open_one in openers]
    by_benchmark = {b.name: [answers[b.name] for _, _, answers in outcomes] for b in benchmarks}
    memorised_gaps = {
        name: [
            unpaired([score for _, score in fixed_answers.scored], [score for _, score in fresh_answers.scored])
            for fixed_answers, fresh_answers in zip(answers, by_benchmark[f"{name}+fresh"], strict=True)
        ]
        for name, answers in by_benchmark.items()
        if f"{name}+fresh" in by_benchmark
    }
    return EvaluationResult(
        models=[name for name, _, _ in outcomes],
        digests=[digest for _, digest, _ in outcomes],
        scores=score_all(by_benchmark),
        differences=differences_of(by_benchmark),
        memorised=memorised_gaps,
    )


def _answers_of(
    open_one: Callable[[], Answerer],
    benchmarks: Sequence[Benchmark],
    settings: Settings,
    out: Path,
    show_progress: Progress | None,
    judge: Judge | None,
) -> tuple[str, str, dict[str, Answers]]:
    """Return a model's name, its digest and its answers by benchmark; the model is gone when this returns."""
    answerer, thumbnails = open_one(), Thumbnails(out / "thumbnails")
    answers_by_benchmark = {}
    share, shares = settings.shard
    writer = "answers" if shares == 1 else f"answers-{share}-of-{shares}"
    for named_benchmark in benchmarks:
        benchmark = asked_in(named_benchmark, answerer.asking)
        cache = Cache(out / "cache" / answerer.digest[:16] / slug(benchmark.name), writer)
        answers_by_benchmark[benchmark.name] = ask(
            benchmark, answerer, cache, settings, show_progress, thumbnails, judge
        )
    return answerer.name, answerer.digest, answers_by_benchmark
