"""Scores with 95 % intervals, differences of two models on the same questions, and what a suite can tell apart.

Where a score is the plain mean over questions it has Wilson's interval (right or wrong) or the percentile bootstrap's
(Efron 1979; part scores). Authors also average over categories, count pairs or take the worse of several orders: such
a score has the interval of the grouped jackknife (Tukey 1958; Miller 1974, section 5), which takes questions that are
counted together out together and needs nothing but the authors' own averaging.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from ...envs import SeededRng
from ...train.intervals import Z95, wilson
from ..samples import Sample
from .benchmark import Benchmark

Method = Literal["wilson", "bootstrap", "jackknife", "none"]
Scored = Sequence[tuple[Sample, float]]
Aggregate = Callable[[Scored], Mapping[str, float]]

RESAMPLES = 2_000
"""Of each bootstrap."""
BLOCKS = 100
"""Parts that the jackknife leaves out in turn, at most."""
Z80 = 0.8416212335729143
"""One-sided 80 % point of the normal distribution: the power that the power note speaks of."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score or a difference with its 95 % interval; all NaN of nothing."""

    value: float
    low: float
    high: float
    items: int
    method: Method

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; None where there is no number."""
        return {name: None if _nan(value) else value for name, value in asdict(self).items()}


NOTHING = Estimate(math.nan, math.nan, math.nan, 0, "none")


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better the first of two models is, on questions that both answered."""

    estimate: Estimate
    detectable: float
    """The smallest true difference that so many questions show, in four of five evaluations, to be no chance."""

    @property
    def clear(self) -> bool:
        """Whether 0 lies outside the interval."""
        return self.estimate.low > 0 or self.estimate.high < 0

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        detectable = None if _nan(self.detectable) else self.detectable
        return {**self.estimate.to_dict(), "detectable": detectable, "clear": self.clear}


def estimates(benchmark: Benchmark, scored: Scored) -> dict[str, Estimate]:
    """Every figure that the benchmark's own averaging gives, `overall` first, each with its interval."""
    if not scored:
        return {"overall": NOTHING}
    whole = dict(benchmark.aggregate(scored))
    keys = ["overall", *(key for key in whole if key != "overall")]
    found: dict[str, Estimate | None] = {key: _plain(key, whole[key], scored) for key in keys}
    if any(each is None for each in found.values()):
        spreads = _jackknife(benchmark.aggregate, scored)
        sizes = {key: len(part_of(key, scored)) or len(scored) for key in keys}
        for key, each in found.items():
            if each is None:
                found[key] = _around(whole[key], spreads.get(key, math.nan), sizes[key])
    return {key: each for key, each in found.items() if each is not None}


def part_of(key: str, scored: Scored) -> list[tuple[Sample, float]]:
    """The questions of a category; all of them for `overall`."""
    if key == "overall":
        return list(scored)
    return [(sample, score) for sample, score in scored if key in sample.category.values()]


def paired(
    benchmark: Benchmark, first: Mapping[str, tuple[Sample, float]], second: Mapping[str, tuple[Sample, float]]
) -> Difference:
    """The overall difference, first minus second, by the scores of questions that both answered.

    Args:
        benchmark: whose averaging counts.
        first: scored questions by id.
        second: the same of the other model.
    """
    ids = [each for each in first if each in second]
    if not ids:
        return Difference(NOTHING, math.nan)
    one, two = [first[each] for each in ids], [second[each] for each in ids]
    value = benchmark.aggregate(one)["overall"] - benchmark.aggregate(two)["overall"]
    gaps = np.array([a[1] - b[1] for a, b in zip(one, two, strict=True)])
    if abs(float(gaps.mean()) - value) < 1e-9:
        low, high = bootstrap(gaps, "paired")
        spread = float(gaps.std(ddof=1)) / math.sqrt(len(gaps)) if len(gaps) > 1 else math.nan
        return Difference(Estimate(value, low, high, len(ids), "bootstrap"), detectable(spread))

    def both(pairs: Sequence[tuple[Sample, tuple[float, float]]]) -> Mapping[str, float]:
        each = [benchmark.aggregate([(sample, scores[side]) for sample, scores in pairs]) for side in (0, 1)]
        return {"overall": each[0]["overall"] - each[1]["overall"]}

    pairs = [(a[0], (a[1], b[1])) for a, b in zip(one, two, strict=True)]
    spread = _jackknife(both, pairs).get("overall", math.nan)
    return Difference(_around(value, spread, len(ids), low=-1.0), detectable(spread))


def unpaired(first: Sequence[float], second: Sequence[float]) -> Difference:
    """The difference of the means of two independent sets of questions, such as fixed and fresh ones."""
    if not first or not second:
        return Difference(NOTHING, math.nan)
    one, two = np.array(first), np.array(second)
    means = _resampled(one, "first") - _resampled(two, "second")
    low, high = np.quantile(means, [0.025, 0.975])
    value = float(one.mean() - two.mean())
    parts = [each.var(ddof=1) / len(each) if len(each) > 1 else math.nan for each in (one, two)]
    spread = math.sqrt(sum(parts))
    return Difference(Estimate(value, float(low), float(high), len(one) + len(two), "bootstrap"), detectable(spread))


def detectable(standard_error: float) -> float:
    """The true difference that a two-sided test at 5 % finds in 80 % of evaluations (Lachin 1981, equation 1).

    NaN for a standard error of 0: questions that do not vary tell nothing of what others would show.
    """
    return (Z95 + Z80) * standard_error if standard_error > 0 else math.nan


def bootstrap(values: np.ndarray, name: str) -> tuple[float, float]:
    """The 95 % percentile interval of the mean of values [N]; the same for the same values and name."""
    low, high = np.quantile(_resampled(values, name), [0.025, 0.975])
    return float(low), float(high)


def _resampled(values: np.ndarray, name: str) -> np.ndarray:
    """Means [RESAMPLES] of values drawn with replacement."""
    random = np.random.Generator(np.random.Philox(SeededRng(("bootstrap", name, len(values))).word()))
    chunk = max(1, 4_000_000 // len(values))
    parts = []
    for start in range(0, RESAMPLES, chunk):
        rows = min(chunk, RESAMPLES - start)
        parts.append(values[random.integers(0, len(values), (rows, len(values)))].mean(axis=1))
    return np.concatenate(parts)


def _plain(key: str, value: float, scored: Scored) -> Estimate | None:
    """The interval of a plain mean over a category's questions; None where the figure is something else."""
    scores = [score for _, score in part_of(key, scored)]
    if not scores or abs(sum(scores) / len(scores) - value) > 1e-9:
        return None
    if all(score in (0.0, 1.0) for score in scores):
        share = wilson(round(sum(scores)), len(scores))
        return Estimate(share.value, share.low, share.high, len(scores), "wilson")
    low, high = bootstrap(np.array(scores), "scores")
    return Estimate(value, low, high, len(scores), "bootstrap")


def _around(value: float, spread: float, items: int, low: float = 0.0) -> Estimate:
    if _nan(value) or _nan(spread):
        return Estimate(value, math.nan, math.nan, items, "none")
    return Estimate(value, max(low, value - Z95 * spread), min(1.0, value + Z95 * spread), items, "jackknife")


def _jackknife(
    aggregate: Callable[[Any], Mapping[str, float]], scored: Sequence[tuple[Sample, Any]]
) -> dict[str, float]:
    """The standard error of each figure, from what it is without each part in turn; a missing one is left out."""
    blocks: dict[int, set[int]] = {}
    groups = [group_of(sample) for sample, _ in scored]
    order = sorted(set(groups), key=lambda group: hashlib.sha256(group.encode()).digest())
    count = min(BLOCKS, len(order))
    place = {group: number % max(1, count) for number, group in enumerate(order)}
    for index, group in enumerate(groups):
        blocks.setdefault(place[group], set()).add(index)
    without = (
        [aggregate([each for index, each in enumerate(scored) if index not in left]) for left in blocks.values()]
        if count > 1
        else []
    )
    found = {}
    for key in {key for figures in without for key in figures}:
        values = np.array([figures[key] for figures in without if key in figures and not _nan(figures[key])])
        if len(values) > 1:
            found[key] = math.sqrt((len(values) - 1) / len(values) * float(((values - values.mean()) ** 2).sum()))
    return found


def group_of(sample: Sample) -> str:
    """What a question is counted together with: the group that its adapter names, else itself."""
    return str(sample.fields.get("group", sample.id))


def _nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
