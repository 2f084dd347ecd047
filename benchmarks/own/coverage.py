"""`make bench-coverage`: how often our 95 % intervals hold the truth where questions share films or pictures.

Right and wrong answers are drawn whose difficulty belongs to the film: beta-distributed with a known intra-class
correlation, so that the true score is known. Each row draws one shape of benchmark many times and counts how often the
interval of `figures.estimates` holds the truth, beside Wilson's, which takes every question for independent; and how
often two models that are equally good are called different by `figures.paired`.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

import numpy as np
import typer

from ...train.intervals import wilson
from ..evaluation.figures import estimates, paired
from ..samples import PLAIN, Sample, Scored
from .results_file import report_results

SIZES: Mapping[str, Sequence[int]] = {
    "60 films of 18 questions": [18] * 60,
    "180 pictures of 2 to 4": [2, 3, 4] * 60,
    "50 films of 1 to 40": [1, 5, 10, 20, 40] * 10,
}
"""Questions of each film, by the shape of a benchmark."""
CORRELATIONS = (0.0, 0.05, 0.1, 0.2)
SCORES = (0.35, 0.85)
"""True scores."""


class Plain:
    """A benchmark whose score is the plain mean."""

    name = title = "plain"
    chance = 0.0
    published: Mapping[str, float] = MappingProxyType({})

    def prompt(self, sample: Sample) -> str:
        """Return nothing: no `sample` is asked."""
        return ""

    def score(self, sample: Sample, reply: str) -> float:
        """Return 0: no `reply` to a `sample` is scored."""
        return 0.0

    def aggregate(self, scored_samples: Scored) -> Mapping[str, float]:
        """Return the mean of `scored_samples`."""
        return PLAIN(scored_samples)


def questions_of(sizes: Sequence[int]) -> tuple[np.ndarray, list[Sample]]:
    """Return the film's number of every question, by the `sizes` of films, and the questions."""
    films = np.repeat(np.arange(len(sizes)), sizes)
    return films, [Sample(id=f"q{number}", question="", cluster=f"film{film}") for number, film in enumerate(films)]


def drawn(source: np.random.Generator, correlation: float, score: float, films: np.ndarray) -> np.ndarray:
    """Return right and wrong answers [N] to questions about films.

    Args:
        source: of randomness.
        correlation: between two answers about one film.
        score: the true one.
        films: the film's number of every question [N].
    """
    film_count = int(films.max()) + 1
    rates = np.full(film_count, score)
    if correlation > 0:
        weight = (1 - correlation) / correlation
        rates = source.beta(score * weight, (1 - score) * weight, film_count)
    return (source.random(len(films)) < rates[films]).astype(float)


def coverage(correlation: float, score: float, sizes: Sequence[int], rounds: int, seed: int) -> dict[str, float]:
    """Return how often of `rounds` the clustered interval holds the true `score`, and Wilson's.

    Args:
        correlation: between two answers about one film.
        score: the true one.
        sizes: the questions of each film.
        rounds: of drawing a benchmark.
        seed: of the drawing.
    """
    source, hit_count, wilson_hits = np.random.default_rng(seed), 0, 0
    films, samples = questions_of(sizes)
    for _ in range(rounds):
        right = drawn(source, correlation, score, films)
        interval = estimates(Plain(), list(zip(samples, right.tolist(), strict=True)))["overall"]
        single = wilson(int(right.sum()), len(samples))
        hit_count += interval.low <= score <= interval.high
        wilson_hits += single.low <= score <= single.high
    return {"clustered": hit_count / rounds, "as if independent": wilson_hits / rounds}


def false_alarms(correlation: float, sizes: Sequence[int], rounds: int, seed: int) -> float:
    """Return how often of `rounds` two models that are equally good are called different; see `coverage`."""
    source, alarm_count = np.random.default_rng(seed), 0
    films, samples = questions_of(sizes)
    for _ in range(rounds):
        first_scores, second_scores = (
            {sample.id: (sample, value) for sample, value in zip(samples, scores.tolist(), strict=True)}
            for scores in (drawn(source, correlation, 0.5, films) for _ in range(2))
        )
        alarm_count += paired(Plain(), first_scores, second_scores).clear
    return alarm_count / rounds


def main(rounds: Annotated[int, typer.Option(help="Benchmarks drawn for each row.")] = 1000) -> None:
    """Measure the coverage of intervals and the rate of false alarms, and write benchmarks/results/coverage.json."""
    rows: list[dict[str, Any]] = []
    for shape, sizes in SIZES.items():
        for correlation in CORRELATIONS:
            coverage_by_score = {f"{score:g}": coverage(correlation, score, sizes, rounds, 11) for score in SCORES}
            alarms = false_alarms(correlation, sizes, rounds, 4)
            rows.append(
                {"shape": shape, "correlation": correlation, "by score": coverage_by_score, "false alarms": alarms}
            )
            typer.echo(rows[-1])
    coverages = [figures["clustered"] for row in rows for figures in row["by score"].values()]
    summary = {"least coverage": min(coverages), "most false alarms": max(row["false alarms"] for row in rows)}
    report_results(
        "coverage", f"make bench-coverage ARGS='--rounds {rounds}'", {"rounds": rounds, **summary, "rows": rows}
    )


if __name__ == "__main__":
    typer.run(main)
