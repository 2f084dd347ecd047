"""Questions of our own worlds as benchmarks ask them: an item's picture, its words, and means by category."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image as Images

from ...envs import Item, Question, make
from ...envs.card import Style
from ...roles import solver
from ...train.limits import PROSE_TOKENS, REASONING_TOKENS
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


@dataclass(frozen=True, slots=True)
class AskingStyle:
    """The way a model is asked about our items: as a run of it asks its Solver."""

    style: Style = "short"
    """`short` is the embedded model's, `full` every other's."""
    mode: solver.Mode = "answer"
    """In full style, whether it may think before it answers."""

    @property
    def system(self) -> str:
        """The words of the system turn."""
        return solver.SHORT_SYSTEM if self.style == "short" else solver.MODE_SYSTEMS[self.mode]

    def prompt(self, item: Item) -> str:
        """Return the question of `item` and the form of its answer."""
        return self.words(item.question)

    def words(self, question: Question) -> str:
        """Return the words of `question` and the form of its answer."""
        turns = solver.prompt(question, style=self.style, mode=self.mode)
        return str(turns[-1]["content"][-1]["text"])

    def tokens(self, short_limit: int) -> int:
        """Return the limit of new tokens: `short_limit` in short style, with room for prose and thinking in full."""
        if self.style == "short":
            return short_limit
        return short_limit + PROSE_TOKENS + (REASONING_TOKENS if self.mode == "reason" else 0)


SHORT_ASKING = AskingStyle()
FULL_ASKING = AskingStyle("full")


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
