"""MathVision: problems of mathematical competitions with pictures."""

from ..samples import Fields, Sample, means
from ..scoring import words
from .base import Adapter, RowReader, lettered


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question of choice or with a free answer."""
    return Sample(
        id=str(row["id"]),
        question=row["question"],
        options=tuple(row["options"] or ()),
        answer=str(row["answer"]),
        images=row_reader.images(row["decoded_image"]),
        category={"subject": row["subject"], "level": f"level {row['level']}"},
    )


def ask(sample: Sample) -> str:
    """Return the prompt of lmms-eval for `sample`, its instruction before the question without a space."""
    prompt = f'Please solve the problem step by step and put your answer in one "\\boxed{{}}".{sample.question}'
    if not sample.options:
        return prompt
    return f"{prompt}\nChoices: {lettered(sample.options)}\n{LETTER}"


LETTER = "Answer the question with the option's letter from the given choices directly."

ADAPTER = Adapter(
    name="mathvision",
    title="MathVision",
    dataset="MathLLMs/MathVision",
    split="test",
    read=read,
    ask=ask,
    mark=lambda sample, reply: words.mathvision(reply, sample.answer, sample.options),
    gather=means("subject", "level"),
    metric="accuracy",
    chance=0.0717,
    citation="Wang et al. 2024, Measuring Multimodal Mathematical Reasoning with MATH-Vision (https://arxiv.org/abs/2402.14804)",
    columns=("id", "question", "options", "answer", "decoded_image", "level", "subject"),
    published={"Qwen3-VL-8B (MM-Zero's rule)": 24.5},
    quirks=("values are equal when they are to 0.01",),
    notes=("latex2sympy reads more LaTeX than is read here: a rare form may be wrong here",),
    max_new_tokens=16384,
)
