"""MMSI-Bench: space over several pictures of one scene."""

from ..samples import Fields, Sample, means
from ..scoring.letters import mmsi
from .base import DIRECT, Adapter, RowReader


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question whose options stand in its text."""
    return Sample(
        id=str(row["id"]),
        question=row["question"],
        answer=row["answer"],
        images=row_reader.images(row["images"]),
        category={"type": row["question_type"]},
    )


ADAPTER = Adapter(
    name="mmsi-bench",
    title="MMSI-Bench",
    dataset="RunsenXu/MMSI-Bench",
    split="test",
    read=read,
    ask=lambda sample: f"{sample.question}\n{DIRECT} Enclose the option's letter within ``.",
    mark=lambda sample, reply: float(mmsi(reply) == sample.answer),
    gather=means("type"),
    metric="accuracy",
    chance=0.25,
    protocols=("authors", "lmms-eval"),
    citation="Yang et al. 2025, MMSI-Bench (https://arxiv.org/abs/2505.23764)",
    columns=("id", "question", "answer", "images", "question_type"),
    published={"Qwen2.5-VL-3B (EASI)": 26.5, "Qwen2.5-VL-7B (EASI)": 25.9},
    quirks=("a reply without a letter is wrong and stays in the denominator",),
    max_new_tokens=2048,
)
