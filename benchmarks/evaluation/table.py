"""The tables of an evaluation: each benchmark's score and categories beside chance, with intervals.

Cells are plain text or rich's Text, never markup: names come from models, folders and published files.
"""

import math
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from .benchmark import Benchmark, chance_of
from .figures import Difference, Estimate
from .results import EvaluationResult, notes_of


def tables(evaluation: EvaluationResult) -> list[Table]:
    """Return one table for each benchmark of `evaluation`, the scores in per cent."""
    return [_table(evaluation, name) for name in evaluation.scores]


def _table(evaluation: EvaluationResult, name: str) -> Table:
    models = evaluation.scores[name]
    benchmark = models[0].answers.benchmark
    table = Table(title=Text(f"{benchmark.title} (%, 95 % interval)"), title_justify="left")
    table.add_column("category", overflow="fold")
    table.add_column("items", justify="right", no_wrap=True)
    table.add_column("chance", justify="right", no_wrap=True)
    for model in evaluation.models:
        table.add_column(Text(model), justify="right", overflow="fold")
    if benchmark.published:
        table.add_column("published", overflow="fold")
    if len(models[0].figures) > 2:
        table.caption = Text("categories are exploratory: of so many intervals some miss by chance", "dim")
        table.caption_justify = "left"
    samples = [sample for sample, _ in models[0].answers.scored]
    for key in dict.fromkeys(key for scores in models for key in scores.figures):
        estimates = [scores.figures.get(key) for scores in models]
        items = str(max(estimate.items for estimate in estimates if estimate is not None))
        chance = chance_of(benchmark, key, samples)
        chance_text = "–" if chance is None else f"{100 * chance:.1f}"
        published = [_published(benchmark)] if key == "overall" and benchmark.published else []
        cells: list[Text | str] = [
            Text(key),
            items,
            chance_text,
            *(_cell(estimate) for estimate in estimates),
            *published,
        ]
        table.add_row(*cells, end_section=key == "overall")
    return table


def _published(benchmark: Benchmark) -> Text:
    """Return others' overall scores in per cent, one on a line."""
    return Text("\n".join(f"{value:g} {who}" for who, value in benchmark.published.items()))


def _cell(estimate: Estimate | None) -> Text:
    """Return `estimate` as a cell, its interval dim."""
    value, space, ends = interval(estimate).partition(" ")
    return Text.assemble(value, (space + ends, "dim"))


def remarks(evaluation: EvaluationResult) -> list[str]:
    """Return what is said under the tables: differences and their power, memorisation, notes."""
    lines = []
    for name, models in evaluation.scores.items():
        if name in evaluation.differences:
            lines.append(f"{name}: {difference(evaluation.differences[name], evaluation.models)}")
        for model, gap in zip(evaluation.models, evaluation.memorised.get(name, ()), strict=False):
            verdict = "above what chance explains" if gap.estimate.low > 0 else "no sign of memorised items"
            lines.append(f"{name}: {model}: fixed minus fresh items {signed(gap.estimate)}: {verdict}; {power(gap)}")
        lines += [f"{name}: {scores.answers.model}: {note}" for scores in models for note in notes_of(scores)]
    return lines


def interval(estimate: Estimate | None) -> str:
    """Return `estimate` in per cent as `56.1 (53.0–59.2)`; a dash where there is none."""
    if estimate is None or math.isnan(estimate.value):
        return "–"
    ends = "" if math.isnan(estimate.low) else f" ({100 * estimate.low:.1f}–{100 * estimate.high:.1f})"
    return f"{100 * estimate.value:.1f}{ends}"


def signed(estimate: Estimate) -> str:
    """Return `estimate` of a difference as `+1.2 points (−0.4 to +2.8)`."""
    if math.isnan(estimate.value):
        return "not known"
    ends = "" if math.isnan(estimate.low) else f" ({100 * estimate.low:+.1f} to {100 * estimate.high:+.1f})"
    return f"{100 * estimate.value:+.1f} points{ends}".replace("-", "−")


def difference(gap: Difference, models: Sequence[str]) -> str:
    """Return which of two `models` is better by `gap`, how surely, and how small a difference could have been seen."""
    verdict = "clear" if gap.clear else "could be chance"
    return f"{models[0]} minus {models[1]}: {signed(gap.estimate)}, {verdict}; {power(gap)}"


def power(gap: Difference) -> str:
    """Return in words what so many questions can tell apart."""
    if math.isnan(gap.detectable):
        return "too few questions to say what they can tell apart"
    return f"so many questions can tell apart differences above {100 * gap.detectable:.1f} points"
