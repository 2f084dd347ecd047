"""The table of an evaluation: each benchmark's score and categories beside chance, with intervals."""

import math
from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from .benchmark import Benchmark, chance_of
from .figures import Difference, Estimate
from .results import Evaluation, notes_of


def tables(evaluation: Evaluation) -> list[Table]:
    """One table for each benchmark, the figures in percent."""
    return [_table(evaluation, name) for name in evaluation.scores]


def _table(evaluation: Evaluation, name: str) -> Table:
    models = evaluation.scores[name]
    benchmark = models[0].answers.benchmark
    table = Table(title=f"{escape(benchmark.title)} (%, 95 % interval)", title_justify="left")
    table.add_column("category")
    table.add_column("items", justify="right")
    table.add_column("chance", justify="right")
    for model in evaluation.models:
        table.add_column(escape(model), justify="right")
    if benchmark.published:
        table.add_column("published")
    keys = list(dict.fromkeys(key for each in models for key in each.figures))
    samples = [sample for sample, _ in models[0].answers.scored]
    for key in keys:
        figures = [each.figures.get(key) for each in models]
        items = str(max(figure.items for figure in figures if figure is not None))
        chance = chance_of(benchmark, key, samples)
        shown = "–" if chance is None else f"{100 * chance:.1f}"
        others = [_published(benchmark)] if key == "overall" and benchmark.published else []
        table.add_row(
            escape(key), items, shown, *(interval(figure) for figure in figures), *others, end_section=key == "overall"
        )
    return table


def _published(benchmark: Benchmark) -> str:
    """Others' overall scores in percent, one on a line."""
    return escape("\n".join(f"{value:g} {who}" for who, value in benchmark.published.items()))


def remarks(evaluation: Evaluation) -> list[str]:
    """What is said under the tables: differences and their power, memorisation, notes."""
    found = []
    for name, models in evaluation.scores.items():
        if name in evaluation.differences:
            found.append(f"{name}: {difference(evaluation.differences[name], evaluation.models)}")
        for model, gap in zip(evaluation.models, evaluation.memorised.get(name, ()), strict=False):
            verdict = "above what chance explains" if gap.estimate.low > 0 else "no sign of memorised items"
            found.append(f"{name}: {model}: fixed minus fresh items {signed(gap.estimate)}: {verdict}; {power(gap)}")
        found += [f"{name}: {each.answers.model}: {note}" for each in models for note in notes_of(each)]
    return found


def interval(figure: Estimate | None) -> str:
    """`56.1 (53.0–59.2)`; a dash of nothing."""
    if figure is None or math.isnan(figure.value):
        return "–"
    ends = "" if math.isnan(figure.low) else f" [dim]({100 * figure.low:.1f}–{100 * figure.high:.1f})[/]"
    return f"{100 * figure.value:.1f}{ends}"


def signed(figure: Estimate) -> str:
    """`+1.2 points (−0.4 to +2.8)`."""
    if math.isnan(figure.value):
        return "not known"
    ends = "" if math.isnan(figure.low) else f" ({100 * figure.low:+.1f} to {100 * figure.high:+.1f})"
    return f"{100 * figure.value:+.1f} points{ends}".replace("-", "−")


def difference(found: Difference, models: Sequence[str]) -> str:
    """Who is better, how surely, and what could have been seen."""
    verdict = "clear" if found.clear else "could be chance"
    return f"{models[0]} minus {models[1]}: {signed(found.estimate)}, {verdict}; {power(found)}"


def power(found: Difference) -> str:
    """What so many questions can tell apart."""
    if math.isnan(found.detectable):
        return "too few questions to say what they can tell apart"
    return f"so many questions can tell apart differences above {100 * found.detectable:.1f} points"
