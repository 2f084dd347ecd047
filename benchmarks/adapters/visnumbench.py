"""VisNumBench: a sense of number: angle, length, scale, quantity, depth, area and volume."""

import re

from ..samples import Fields, Sample
from ..scoring.words import mm_zero
from .base import Adapter, RowReader

ENDING = (
    "Please reason step by step based on the question and image. Put your final answer inside \\boxed{} as a single "
    "number, single word, or short phrase only."
)


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question as MM-Zero publishes it; the rows have no ids."""
    row_images = row_reader.images(row["images"])
    question_text = re.sub(r"\s*<image>\s*", "\n", row["problem"]).strip()
    return Sample(
        id=f"{row_images[0].digest[:16] if row_images else ''}/{question_text}",
        question=question_text,
        answer=str(row["answer"]),
        images=row_images,
        category={},
    )


ADAPTER = Adapter(
    name="visnumbench",
    title="VisNumBench",
    dataset="zli12321/visnumbench",
    split="test",
    read=read,
    ask=lambda sample: f"{sample.question}\n{ENDING}",
    mark=lambda sample, reply: mm_zero(reply, sample.answer),
    metric="accuracy of the boxed answer, MM-Zero's rule",
    chance={},
    protocols=("mm-zero",),
    compared="",
    citation="Weng et al. 2025, VisNumBench (https://arxiv.org/abs/2503.14939); data and rule as in MM-Zero",
    columns=("problem", "images", "answer"),
    published={"Qwen3-VL-8B (MM-Zero's rule)": 27.8},
    quirks=("an answer without a box is wrong", "inner braces cut the box off"),
    notes=("MM-Zero samples at temperature 0.6; here decoding is greedy, so figures differ; chance is not published",),
    max_new_tokens=2048,
)
