"""The held-out items that a run measures itself on, as a benchmark: sighted, and blind with another item's picture.

`zerosight eval MODEL` asks them as it asks any benchmark; `run_summary` gives the figures as a run's own evaluations
have them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from typing import Any

from ...envs import Item, make
from ...envs.shapes.canvas import ENV_ID
from ...train.curriculum.base import task_label
from ...train.heldout import ANSWER_TOKENS, answer_row, blind_partner, heldout_items, is_right, kind_of, summarize
from ..samples import Sample
from .items import SHORT_ASKING, AskingStyle, ItemPicture, category_means
from .runner import Answers

NAME = "heldout"
DEFAULT_ITEMS = 1200


@dataclass(frozen=True, kw_only=True)
class HeldoutSuite:
    """The first items of the held-out split of some worlds, which no run trains on."""

    worlds: tuple[str, ...] = (ENV_ID,)
    count: int = DEFAULT_ITEMS
    taught_forms: tuple[str, ...] = ()
    """Forms that the model was taught to answer before its run."""
    blind: bool = False
    """Each question is asked with another item's picture: what the words alone give away."""
    published: Mapping[str, float] = field(default_factory=dict)
    asking: AskingStyle = SHORT_ASKING
    """The way the model is asked."""
    max_new_tokens: int = ANSWER_TOKENS

    @property
    def name(self) -> str:
        """`heldout`, or `heldout+blind`."""
        return f"{NAME}+blind" if self.blind else NAME

    @property
    def title(self) -> str:
        """The heading of tables."""
        return "Held-out items, each with another item's picture" if self.blind else "Held-out items of a run"

    @property
    def chance(self) -> Mapping[str, float]:
        """The score of the best constant answer, by form."""
        return {
            task_label(self.worlds, world, name): task.chance
            for world in self.worlds
            for name, task in make(world).tasks.items()
        }

    def load(self, root: object = None, limit: int | None = None) -> Iterator[Sample]:
        """Yield the questions.

        Args:
            root: not used: items are made, not read.
            limit: yield so many at most.
        """
        items = _items(self.worlds, self.count)
        for index, item in islice(enumerate(items), limit):
            pictured_item = items[blind_partner(index, len(items))] if self.blind else item
            category = {"form": task_label(self.worlds, item.env, item.task)}
            if self.taught_forms:
                category["kind"] = kind_of(item, self.taught_forms)
            yield Sample(
                id=str(index),
                question=item.question.text,
                options=tuple(item.question.options),
                answer=item.truth.value,
                images=(ItemPicture(pictured_item),),
                category=category,
                fields={"item": item},
            )

    @property
    def system(self) -> str:
        """The words that the Solver is trained under."""
        return self.asking.system

    def asked_in(self, asking: AskingStyle) -> "HeldoutSuite":
        """Return the same suite, asked in the style `asking`."""
        return replace(self, asking=asking, max_new_tokens=asking.tokens(self.max_new_tokens))

    def prompt(self, sample: Sample) -> str:
        """Return the words of `sample`'s question."""
        return self.asking.prompt(sample.fields["item"])

    def score(self, sample: Sample, reply: str) -> float:
        """Return 1 where `reply` is wholly right on `sample`, else 0, as runs count it."""
        return float(is_right(sample.fields["item"], reply))

    def aggregate(self, scored_samples: Sequence[tuple[Sample, float]]) -> Mapping[str, float]:
        """Return the mean of `scored_samples` overall, by form and by kind."""
        return category_means(scored_samples, ("form", "kind"))

    def both(self) -> tuple["HeldoutSuite", "HeldoutSuite"]:
        """Return the suite sighted and blind."""
        return replace(self, blind=False), replace(self, blind=True)


@lru_cache(maxsize=2)
def _items(worlds: tuple[str, ...], count: int) -> tuple[Item, ...]:
    return heldout_items(worlds, count)


def run_summary(suite: HeldoutSuite, sighted_answers: Answers, blind_answers: Answers) -> dict[str, Any]:
    """Return one model's figures on `suite` in the form of a run's own evaluations.

    Args:
        suite: what was asked.
        sighted_answers: what was answered to each item's own picture.
        blind_answers: what was answered to another item's; an item counts where both were answered.
    """
    rows = [
        answer_row(
            suite.worlds, sighted_row.sample.fields["item"], suite.taught_forms, sighted_row.reply, blind_row.reply
        )
        for sighted_row, blind_row in zip(sighted_answers.rows, blind_answers.rows, strict=True)
        if sighted_row.sample is not None and sighted_row.outcome == blind_row.outcome == "answered"
    ]
    return summarize(rows)
