"""MindCube: a scene held in mind over a few views of it."""

from ..samples import Fields, Sample, means
from ..scoring.letters import mindcube
from .base import Adapter, RowReader


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question about several views; its setting is the beginning of its id."""
    return Sample(
        id=str(row["id"]),
        question=row["question"],
        answer=row["gt_answer"],
        images=row_reader.images(row["images"]),
        category={"setting": next((name for name in SETTINGS if name in str(row["id"])), "other")},
        fields={"input_prompt": row.get("input_prompt") or row["question"]},
    )


SETTINGS = ("around", "among", "rotation")

ADAPTER = Adapter(
    name="mindcube",
    title="MindCube",
    dataset="MLL-Lab/MindCube",
    split="tinybench",
    read=read,
    ask=lambda sample: sample.fields["input_prompt"],
    interleaved=True,
    mark=lambda sample, reply: float(mindcube(reply) == sample.answer),
    gather=means("setting"),
    metric="accuracy",
    chance={},
    protocols=("authors", "lmms-eval"),
    citation="Yin et al. 2025, Spatial Mental Modeling from Limited Views (https://arxiv.org/abs/2506.21458)",
    columns=("id", "question", "gt_answer", "images"),
    published={"Qwen2.5-VL-3B (EASI, tiny)": 37.81, "Qwen2.5-VL-7B (EASI, full)": 29.26},
    quirks=("the last letter before a dot counts",),
    notes=("chance is not published",),
    files=("*.jsonl", "*.parquet"),
    max_new_tokens=4096,
)
