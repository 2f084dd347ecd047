"""TRL (1.16): a reward function for data sets, and an environment class that draws its pictures itself.

    GRPOTrainer(model, reward_funcs=oracle_reward, train_dataset=load_dataset("FOLDER", split="train"), ...)
    GRPOTrainer(model, environment_factory=solver_environment(plan), train_dataset=item_numbers(10_000), ...)

The second needs a chat template with tools: the model answers by calling `answer`. TRL's `rollout_func` is not used:
it is handed prompts without their pictures, and hands none back, so a Solver trained through it answers blind.
"""

import io
from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image

from ...envs.scorer import score
from ..data.plan import DataError, DataPlan
from ..data.rows import planned_row


def oracle_reward(completions: Sequence[Any], truth: Sequence[str] | None = None, **columns: Any) -> list[float]:
    """Return the oracle's score of each completion; a reward function as TRL calls them.

    Args:
        completions: texts, or lists of messages of which the last counts.
        truth: the data set's column of that name.
        columns: the other columns and TRL's state, which do not matter here.

    Raises:
        DataError: the data set has no column `truth`.
    """
    if truth is None:
        raise DataError("oracle_reward needs the column `truth`, which `zerosight data make` writes; it was removed")
    return [score(row_truth, completion_text(text)).value for text, row_truth in zip(completions, truth, strict=True)]


def format_reward(completions: Sequence[Any], truth: Sequence[str], **columns: Any) -> list[float]:
    """Return 1 for each completion that can be read as an answer of its kind; weigh it low beside `oracle_reward`.

    Args:
        completions: as of `oracle_reward`.
        truth: as of `oracle_reward`.
        columns: do not matter.
    """
    return [
        score(row_truth, completion_text(text)).terms["format"]
        for text, row_truth in zip(completions, truth, strict=True)
    ]


def completion_text(completion: Any) -> str:
    """Return the words of a `completion`: itself, or those of its last message."""
    if isinstance(completion, str):
        return completion
    content = completion[-1].get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


class SolverEnvironment:
    """An environment for `environment_factory`: `reset` shows an item's picture and question, `answer` ends it.

    Args:
        plan: whose items are asked, by their numbers in the data set (`item_numbers`).
    """

    def __init__(self, plan: DataPlan) -> None:
        self._plan = plan
        self._truth = ""
        self._reward = 0.0

    def reset(self, number: int = 0, **columns: Any) -> list[dict[str, Any]]:
        """Begin item `number` of the plan; the same number is the same item in every rollout of a group.

        Args:
            number: of the item.
            columns: the other columns, which do not matter.
        """
        row = planned_row(self._plan, number)
        self._truth, self._reward = row["truth"], 0.0
        picture = Image.open(io.BytesIO(row["png"])).convert("RGB")
        return [{"type": "image", "image": picture}, {"type": "text", "text": row["prompt"]}]

    def answer(self, answer: str) -> str:
        """Give the final answer to the question about the picture.

        Args:
            answer: The answer alone, without a sentence.

        Returns:
            A note that the answer was taken.
        """
        self._reward = score(self._truth, str(answer)).value
        return "answered"

    def get_reward(self) -> float:
        """Return the oracle's score of the last answer, 0 where none was given."""
        return self._reward


def solver_environment(plan: DataPlan) -> Callable[[], SolverEnvironment]:
    """Return a factory of environments that ask the items of `plan`."""
    return lambda: SolverEnvironment(plan)


def item_numbers(count: int, system: str = "Look at the picture and call `answer` with your answer.") -> Any:
    """Return a data set of `count` item numbers for `SolverEnvironment`; pictures are drawn when they are shown.

    Args:
        count: number of items.
        system: text of the system turn.
    """
    from datasets import Dataset

    prompt = [{"role": "system", "content": system}, {"role": "user", "content": ""}]
    return Dataset.from_dict({"prompt": [prompt] * count, "number": list(range(count))})
