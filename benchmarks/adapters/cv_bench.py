"""CV-Bench: counts, relations, depth and distance in known pictures."""

from ..samples import Fields, Sample, means
from ..scoring.groups import cv_bench
from ..scoring.letters import at_start
from .base import Adapter, RowReader, letter


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question of choice, its options in the prompt."""
    return Sample(
        id=str(row["idx"]),
        question=row["prompt"],
        options=tuple(row["choices"]),
        answer=row["answer"].strip("() "),
        images=row_reader.images(row["image"]),
        category={"task": row["task"], "type": row["type"], "source": row["source"]},
    )


def ask(sample: Sample) -> str:
    """Return the prompt of lmms-eval for `sample`."""
    letters = ", ".join(letter(number) for number in range(len(sample.options)))
    instruction = f"Note: You only need to respond with {letters} without providing any additional information."
    return f"{instruction}\n\n{sample.question}"


ADAPTER = Adapter(
    name="cv-bench",
    title="CV-Bench",
    dataset="nyu-visionx/CV-Bench",
    split="test",
    read=read,
    ask=ask,
    mark=lambda sample, reply: float(at_start(reply) == sample.answer),
    gather=cv_bench,
    metric="accuracy, mean of 2D and 3D",
    chance={},
    citation="Tong et al. 2024, Cambrian-1 (https://arxiv.org/abs/2406.16860)",
    columns=("idx", "type", "task", "image", "choices", "answer", "prompt", "source"),
    quirks=("the official mean is over sources, not over questions: `flat` is lmms-eval's",),
    max_new_tokens=1024,
    protocols=("authors",),
    variants={"lmms-eval": {"gather": means("task", "type", "source"), "metric": "accuracy"}},
    notes=("chance differs by task and is not published",),
)
