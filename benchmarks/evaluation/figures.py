"""Scores with 95 % intervals, differences of two models on the same questions, and what a suite can tell apart.

Questions that share a picture, a film or a scene are not independent: what makes one hard makes its neighbours hard.
Every adapter names what they share, and whole clusters are left out or resampled, never single questions of one.

A score that is the plain mean over independent questions has Wilson's interval (right or wrong) or the percentile
bootstrap's (Efron 1979; part scores). Over clustered ones it has Wilson's of the effective number of questions, or
Student's, by the cluster jackknife's standard error (Dean and Pagano 2015; Cameron and Miller 2015, section VI).
Authors also average over categories, count pairs or take the worse of several orders: such a score has the interval
of the grouped jackknife (Tukey 1958; Miller 1974, section 5), which takes questions that are counted together out
together and needs nothing but the authors' own averaging.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from ...envs import SeededRng
from ...train.intervals import Z95, wilson, wilson_ends
from ..samples import Sample
from .benchmark import Benchmark

Method = Literal["wilson", "bootstrap", "clustered", "jackknife", "none"]
Scored = Sequence[tuple[Sample, float]]
Aggregate = Callable[[Scored], Mapping[str, float]]

RESAMPLES = 2_000
"""Resamples of each bootstrap."""
BLOCKS = 100
"""Parts that the jackknife leaves out in turn, at most."""
Z80 = 0.8416212335729143
"""One-sided 80 % point of the normal distribution: the power that the power note speaks of."""
LEVEL = 0.05
"""Probability of chance below which a difference is called clear."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score or a difference with its 95 % interval; all NaN of nothing."""

    value: float
    low: float
    high: float
    items: int
    method: Method

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values; None where there is no number."""
        return {name: None if _nan(value) else value for name, value in asdict(self).items()}


NOTHING = Estimate(math.nan, math.nan, math.nan, 0, "none")


@dataclass(frozen=True, slots=True)
class Difference:
    """The first model's score minus the second's, on questions that both answered."""

    estimate: Estimate
    detectable: float
    """The smallest true difference that so many questions show, in four of five evaluations, to be no chance."""
    p_value: float = math.nan
    """McNemar's, for right and wrong answers to independent questions; NaN where the interval decides."""

    @property
    def clear(self) -> bool:
        """True where the difference is more than chance explains."""
        if not _nan(self.p_value):
            return self.p_value < LEVEL
        return self.estimate.low > 0 or self.estimate.high < 0

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        numbers = {"detectable": self.detectable, "p_value": self.p_value}
        known_numbers = {name: None if _nan(value) else value for name, value in numbers.items()}
        return {**self.estimate.to_dict(), **known_numbers, "clear": self.clear}


def estimates(benchmark: Benchmark, scored_samples: Scored) -> dict[str, Estimate]:
    """Return every score that `benchmark`'s own averaging of `scored_samples` gives, `overall` first."""
    if not scored_samples:
        return {"overall": NOTHING}
    averages = dict(benchmark.aggregate(scored_samples))
    keys = ["overall", *(key for key in averages if key != "overall")]
    plain_estimates = {key: _plain(key, averages[key], scored_samples) for key in keys}
    if None not in plain_estimates.values():
        return {key: estimate for key, estimate in plain_estimates.items() if estimate is not None}
    spreads, block_count = _jackknife(benchmark.aggregate, scored_samples)
    sizes = {key: len(part_of(key, scored_samples)) or len(scored_samples) for key in keys}
    return {
        key: estimate or _around(averages[key], spreads.get(key, math.nan), block_count, sizes[key])
        for key, estimate in plain_estimates.items()
    }


def part_of(key: str, scored_samples: Scored) -> list[tuple[Sample, float]]:
    """Return those of `scored_samples` in the category `key`; all of them for `overall`."""
    if key == "overall":
        return list(scored_samples)
    return [(sample, score) for sample, score in scored_samples if key in sample.category.values()]


def paired(
    benchmark: Benchmark,
    first_scores: Mapping[str, tuple[Sample, float]],
    second_scores: Mapping[str, tuple[Sample, float]],
) -> Difference:
    """Return the overall difference, first minus second, by the scores of questions that both answered.

    Args:
        benchmark: whose averaging counts.
        first_scores: scored questions by id.
        second_scores: the same of the other model.
    """
    pairs = [
        (sample, (score, second_scores[name][1]))
        for name, (sample, score) in first_scores.items()
        if name in second_scores
    ]
    if not pairs:
        return Difference(NOTHING, math.nan)

    def overall_gap(some_pairs: Sequence[tuple[Sample, tuple[float, float]]]) -> Mapping[str, float]:
        averages = [
            benchmark.aggregate([(sample, both_scores[side]) for sample, both_scores in some_pairs]) for side in (0, 1)
        ]
        return {"overall": averages[0]["overall"] - averages[1]["overall"]}

    value = overall_gap(pairs)["overall"]
    gaps = np.array([first_score - second_score for _, (first_score, second_score) in pairs])
    if abs(float(gaps.mean()) - value) >= 1e-9:
        spreads, block_count = _jackknife(overall_gap, pairs)
        standard_error = spreads.get("overall", math.nan)
        return Difference(
            _around(value, standard_error, block_count, len(pairs), lowest=-1.0), detectable(standard_error)
        )
    clusters = [cluster_of(sample) for sample, _ in pairs]
    if len(set(clusters)) < len(clusters):
        standard_error = cluster_spread(gaps, clusters)
        margin = student_quantile(degrees_of(clusters)) * standard_error
        estimate = Estimate(value, value - margin, value + margin, len(pairs), "none" if _nan(margin) else "clustered")
        return Difference(estimate, detectable(standard_error))
    low, high = bootstrap(gaps, "paired")
    standard_error = float(gaps.std(ddof=1)) / math.sqrt(len(gaps)) if len(gaps) > 1 else math.nan
    is_binary = all(score in (0.0, 1.0) for _, both_scores in pairs for score in both_scores)
    p_value = mcnemar(int((gaps > 0).sum()), int((gaps < 0).sum())) if is_binary else math.nan
    return Difference(Estimate(value, low, high, len(pairs), "bootstrap"), detectable(standard_error), p_value)


def mcnemar(first_only: int, second_only: int) -> float:
    """Return McNemar's two-sided p-value with the mid-p correction (Fagerland, Lydersen and Laake 2013).

    Args:
        first_only: questions that the first model alone answered rightly.
        second_only: those that the second alone did.

    >>> round(mcnemar(10, 2), 4), mcnemar(3, 3), mcnemar(0, 0)
    (0.0225, 1.0, 1.0)
    """
    total = first_only + second_only
    if total == 0 or first_only == second_only:
        return 1.0
    smaller = min(first_only, second_only)
    logs = [math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1) for k in range(smaller + 1)]
    chances = [math.exp(log - total * math.log(2)) for log in logs]
    return min(1.0, 2 * sum(chances) - chances[-1])


def unpaired(first_scores: Sequence[float], second_scores: Sequence[float]) -> Difference:
    """Return the difference of the means of two independent sets, such as of fixed and fresh questions."""
    if not first_scores or not second_scores:
        return Difference(NOTHING, math.nan)
    first_values, second_values = np.array(first_scores), np.array(second_scores)
    mean_gaps = _resampled(first_values, "first") - _resampled(second_values, "second")
    low, high = np.quantile(mean_gaps, [0.025, 0.975])
    value = float(first_values.mean() - second_values.mean())
    variances = [
        values.var(ddof=1) / len(values) if len(values) > 1 else math.nan for values in (first_values, second_values)
    ]
    items = len(first_values) + len(second_values)
    return Difference(
        Estimate(value, float(low), float(high), items, "bootstrap"), detectable(math.sqrt(sum(variances)))
    )


def detectable(standard_error: float) -> float:
    """Return the true difference that a two-sided test at 5 % finds in 80 % of evaluations (Lachin 1981, equation 1).

    NaN for a `standard_error` of 0: questions that do not vary tell nothing of what others would show.
    """
    return (Z95 + Z80) * standard_error if standard_error > 0 else math.nan


def bootstrap(values: np.ndarray, name: str) -> tuple[float, float]:
    """Return the 95 % percentile interval of the mean of `values` [N]; the same for the same values and `name`."""
    low, high = np.quantile(_resampled(values, name), [0.025, 0.975])
    return float(low), float(high)


def _resampled(values: np.ndarray, name: str) -> np.ndarray:
    """Return the means [RESAMPLES] of `values` drawn with replacement."""
    random = np.random.Generator(np.random.Philox(SeededRng(("bootstrap", name, len(values))).word()))
    chunk_size = max(1, 4_000_000 // len(values))
    means = []
    for start in range(0, RESAMPLES, chunk_size):
        row_count = min(chunk_size, RESAMPLES - start)
        means.append(values[random.integers(0, len(values), (row_count, len(values)))].mean(axis=1))
    return np.concatenate(means)


# --- clusters -------------------------------------------------------------------------------------------------


def cluster_of(sample: Sample) -> str:
    """Return what `sample` shares with others: the picture, film or scene that its adapter names, else its group."""
    return sample.cluster or group_of(sample)


def group_of(sample: Sample) -> str:
    """Return what `sample` is counted together with: the group that its adapter names, else itself."""
    return str(sample.fields.get("group", sample.id))


def cluster_spread(values: np.ndarray, clusters: Sequence[str]) -> float:
    """Return the standard error of the mean of `values` [N] by leaving out each of `clusters` [N] in turn.

    NaN of a single cluster, which tells nothing of others.
    """
    numbers = {name: number for number, name in enumerate(dict.fromkeys(clusters))}
    if len(numbers) < 2:
        return math.nan
    places = np.array([numbers[name] for name in clusters])
    sums, sizes = np.bincount(places, weights=values), np.bincount(places)
    means_without = (values.sum() - sums) / (len(values) - sizes)
    variance = (len(numbers) - 1) / len(numbers) * float(((means_without - values.mean()) ** 2).sum())
    return math.sqrt(variance)


def degrees_of(clusters: Sequence[str]) -> int:
    """Return the degrees of freedom of `clusters` [N]: one less than as many of equal size would be worth.

    Source: the effective number of clusters without a model of the errors (Carter, Schnepel and Steigerwald 2017).

    >>> degrees_of(["a", "a", "b", "b", "c", "c"]), degrees_of(["a"] * 8 + ["b", "c"])
    (2, 1)
    """
    sizes = np.array(list(Counter(clusters).values()), dtype=float)
    effective_count = float(sizes.sum() ** 2 / (sizes**2).sum())
    return 0 if len(sizes) < 2 else max(1, math.floor(effective_count + 1e-9) - 1)


def student_quantile(degrees: int) -> float:
    """Return the two-sided 95 % point of Student's distribution with so many `degrees` of freedom.

    By the Cornish-Fisher expansion (Abramowitz and Stegun 26.7.5), right to 0.02 from 3 degrees on; NaN of none.

    >>> [round(student_quantile(degrees), 2) for degrees in (1, 2, 5, 30, 10_000)]
    [12.71, 4.3, 2.57, 2.04, 1.96]
    """
    if degrees < 1:
        return math.nan
    if degrees <= 2:
        return (12.706204736432095, 4.302652729696142)[degrees - 1]
    z = Z95
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / degrees**power for power, term in enumerate(terms, start=1))


def _plain(key: str, value: float, scored_samples: Scored) -> Estimate | None:
    """Return the interval of a plain mean over a category's questions; None where `value` is something else."""
    part = part_of(key, scored_samples)
    scores = np.array([score for _, score in part])
    if not len(scores) or abs(float(scores.mean()) - value) > 1e-9:
        return None
    is_binary = bool(np.isin(scores, (0.0, 1.0)).all())
    clusters = [cluster_of(sample) for sample, _ in part]
    if len(set(clusters)) < len(clusters):
        return _clustered(value, scores, clusters, is_binary)
    if is_binary:
        share = wilson(int(scores.sum()), len(scores))
        return Estimate(share.value, share.low, share.high, len(scores), "wilson")
    low, high = bootstrap(scores, "scores")
    return Estimate(value, low, high, len(scores), "bootstrap")


def _clustered(value: float, scores: np.ndarray, clusters: Sequence[str], is_binary: bool) -> Estimate:
    """Return the interval of a mean over clustered questions."""
    count, cluster_count = len(scores), len(set(clusters))
    quantile, standard_error = student_quantile(degrees_of(clusters)), cluster_spread(scores, clusters)
    if _nan(standard_error):
        return Estimate(value, math.nan, math.nan, count, "none")
    if not is_binary:
        low, high = max(0.0, value - quantile * standard_error), min(1.0, value + quantile * standard_error)
        return Estimate(value, low, high, count, "clustered")
    # All right or all wrong tells nothing of how alike a cluster's questions are: each counts as one then.
    effective_count = (
        float(cluster_count) if value in (0.0, 1.0) else min(count, value * (1 - value) / standard_error**2)
    )
    low, high = wilson_ends(value, effective_count * (Z95 / quantile) ** 2)
    return Estimate(value, low, high, count, "clustered")


# --- the grouped jackknife ------------------------------------------------------------------------------------


def _around(value: float, standard_error: float, block_count: int, items: int, lowest: float = 0.0) -> Estimate:
    """Return the interval around `value` by its standard error `standard_error` from so many blocks."""
    margin = student_quantile(block_count - 1) * standard_error
    if _nan(value) or _nan(margin):
        return Estimate(value, math.nan, math.nan, items, "none")
    return Estimate(value, max(lowest, value - margin), min(1.0, value + margin), items, "jackknife")


def _jackknife(
    aggregate: Callable[[Any], Mapping[str, float]], scored_samples: Sequence[tuple[Sample, Any]]
) -> tuple[dict[str, float], int]:
    """Return each average's standard error, from what it is without each block in turn, and the number of blocks.

    Args:
        aggregate: the authors' averages of scored questions.
        scored_samples: the questions with their scores, or pairs of scores.
    """
    clusters = [cluster_of(sample) for sample, _ in scored_samples]
    ordered_clusters = sorted(set(clusters), key=lambda cluster: hashlib.sha256(cluster.encode()).digest())
    block_count = min(BLOCKS, len(ordered_clusters))
    if block_count < 2:
        return {}, block_count
    block_of = {cluster: number % block_count for number, cluster in enumerate(ordered_clusters)}
    blocks: dict[int, set[int]] = {}
    for index, cluster in enumerate(clusters):
        blocks.setdefault(block_of[cluster], set()).add(index)
    averages_without = [
        aggregate([scored_sample for index, scored_sample in enumerate(scored_samples) if index not in block])
        for block in blocks.values()
    ]
    spreads = {}
    for key in {key for averages in averages_without for key in averages}:
        values = np.array([averages[key] for averages in averages_without if not _nan(averages.get(key, math.nan))])
        if len(values) > 1:
            spreads[key] = math.sqrt((len(values) - 1) / len(values) * float(((values - values.mean()) ** 2).sum()))
    return spreads, block_count


def _nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
