"""Questions of our own worlds as benchmarks ask them: an item's picture, its words, and means by category."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image as Images

from ...envs import Item, make
from ...roles import solver
from ..samples import Sample


@dataclass(frozen=True, slots=True)
class ItemPicture:
    """An item's picture, drawn when it is looked at."""

    item: Item

    @property
    def digest(self) -> str:
        """The item's digest, which decides the pixels."""
        return f"item:{self.item.digest}"

    def open(self) -> Images.Image:
        """Return the pixels at the world's own size.

        Raises:
            InfrastructureError: the drawing service failed, in worlds whose programs run code.
        """
        env = make(self.item.env)
        return Images.fromarray(env.render_item(self.item, env.size).array)


def item_prompt(item: Item) -> str:
    """Return the question of `item` and the kind of its answer, as the Solver reads them in training."""
    return f"{item.question.text} {solver.HINTS[item.question.kind]}"


def category_means(scored_samples: Sequence[tuple[Sample, float]], kinds: Sequence[str]) -> dict[str, float]:
    """Return the mean score of all questions as `overall`, and of each category.

    Args:
        scored_samples: questions with their scores.
        kinds: the kinds of categories, such as `form`; a question need not have each.
    """
    means = {"overall": _mean([score for _, score in scored_samples])}
    for kind in kinds:
        for category in dict.fromkeys(sample.category[kind] for sample, _ in scored_samples if kind in sample.category):
            means[category] = _mean(
                [score for sample, score in scored_samples if sample.category.get(kind) == category]
            )
    return means


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores) if scores else math.nan
