"""V*Bench: small things in large photographs."""

import re

from ..samples import Fields, Sample, means
from ..scoring.letters import v_star
from .base import DIRECT, Adapter, RowReader, lettered, lettered_columns


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question of choice, its options in its text."""
    return Sample(
        id=str(row["question_id"]),
        question=row["text"],
        answer=str(row["label"]).strip("() ").upper(),
        images=row_reader.images(row["image"]),
        category={"category": row["category"]},
    )


def from_vlmevalkit(row: Fields) -> Fields:
    """Return a `row` of VLMEvalKit's VStarBench.tsv with the columns of the published table."""
    options = " ".join(f"({letter}) {option}" for letter, option in lettered_columns(row).items())
    text = f"{row['question']} {options}"
    return {**row, "text": text, "label": row["answer"], "question_id": row["index"]}


def ask(sample: Sample) -> str:
    """Return the prompt of lmms-eval for `sample`: its options a line each, and the instruction."""
    options = re.findall(r"\([A-D]\)\s*([^()]+?)(?=\s*\([A-D]\)|$)", sample.question)
    text = sample.question
    if options:
        text = f"{text.split('(A)')[0].strip()}\n{lettered([option.strip() for option in options[:4]])}"
    return f"{text}\n{DIRECT}"


ADAPTER = Adapter(
    name="v-star",
    title="V*Bench",
    dataset="lmms-lab-encoder/vstar-bench",
    split="test",
    read=read,
    ask=ask,
    mark=lambda sample, reply: float(v_star(reply) == sample.answer),
    gather=means("category"),
    metric="accuracy",
    chance={"direct_attributes": 0.267, "relative_position": 0.5},
    citation="Wu and Xie 2023, V*: Guided Visual Search (https://arxiv.org/abs/2312.14135)",
    from_vlmevalkit=from_vlmevalkit,
    columns=("question_id", "text", "label", "category", "image"),
    published={
        "Qwen2.5-VL-3B (SpatialEvo, V-STAR)": 74.9,
        "SpatialEvo-3B (V-STAR)": 75.4,
        "Qwen2.5-VL-7B (SpatialEvo, V-STAR)": 78.5,
        "SpatialEvo-7B (V-STAR)": 78.0,
    },
    quirks=("a reply that begins with a letter A to D is that letter, whatever its first word",),
    notes=(
        "published texts that end with the instruction have it twice, as there",
        "that SpatialEvo's V-STAR is this benchmark is inferred from its figures; chance as in the paper, recalled",
    ),
)
