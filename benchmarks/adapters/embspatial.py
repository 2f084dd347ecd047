"""EmbSpatial-Bench: how objects lie to one another, seen from inside rooms."""

from ..samples import Fields, Sample, means
from ..scoring.letters import at_start
from .base import Adapter, RowReader, letter, lettered


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question of choice."""
    return Sample(
        id=str(row["question_id"]),
        question=row["question"],
        options=tuple(row["answer_options"]),
        answer=letter(int(row["answer"])),
        images=row_reader.images(row["image"]),
        category={"relation": row["relation"], "source": row["data_source"]},
    )


def ask(sample: Sample) -> str:
    """Return the prompt of lmms-eval for `sample`."""
    letters = ", ".join(letter(number) for number in range(len(sample.options)))
    instruction = f"Note: You only need to respond with {letters} without providing any additional information."
    return f"{instruction}\n{sample.question}\n{lettered(sample.options, ') ')}"


ADAPTER = Adapter(
    name="embspatial",
    title="EmbSpatial-Bench",
    dataset="FlagEval/EmbSpatial-Bench",
    split="test",
    read=read,
    ask=ask,
    mark=lambda sample, reply: float(at_start(reply) == sample.answer),
    gather=means("relation", "source"),
    metric="accuracy",
    chance=0.25,
    citation="Du et al. 2024, EmbSpatial-Bench (https://arxiv.org/abs/2406.05756)",
    left_out=("sft", "train"),
    columns=("question_id", "question", "relation", "answer_options", "answer", "data_source", "image"),
    published={
        "Qwen2.5-VL-3B (SpatialEvo)": 55.9,
        "SpatialEvo-3B": 61.2,
        "Qwen2.5-VL-7B (SpatialEvo)": 63.6,
        "SpatialEvo-7B": 66.0,
    },
    quirks=("any reply's first letter counts: `The answer is B` is T", "bold and boxed letters are not found"),
    max_new_tokens=1024,
    notes=("the original, Phineas476/EmbSpatial-Bench, is one JSON with base64 pictures, which is read too",),
)
