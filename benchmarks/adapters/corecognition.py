"""CoreCognition: what small children know of things: permanence, boundaries, perspective, intention and more."""

from ..samples import Fields, Sample, means
from ..scoring.letters import core_cognition
from .base import Adapter, RowReader


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question of choice or of yes and no, with its options and its instruction in the prompt."""
    return Sample(
        id=str(row["id"]),
        question=row["prompt"],
        answer=str(row["answer"]).strip().upper(),
        images=row_reader.images(row["images"]),
        category={"concept": row["concept"], "stage": str(row["stage"]), "type": row["type"]},
    )


ADAPTER = Adapter(
    name="corecognition",
    title="CoreCognition",
    dataset="williamium/CoreCognition",
    configs=("frame-combined",),
    split="train",
    read=read,
    ask=lambda sample: sample.question,
    mark=lambda sample, reply: float(core_cognition(reply, sample.category["type"] == "TF") == sample.answer),
    gather=means("stage", "concept"),
    metric="accuracy",
    chance={},
    citation="Li et al. 2024, Core Knowledge Deficits in MLLMs (https://arxiv.org/abs/2410.10855)",
    columns=("id", "prompt", "answer", "type", "concept", "stage", "images"),
    published={
        "Qwen2.5-VL-3B (SpatialEvo)": 56.8,
        "SpatialEvo-3B": 57.4,
        "Qwen2.5-VL-7B (SpatialEvo)": 59.6,
        "SpatialEvo-7B": 60.2,
    },
    quirks=("a reply that fits no template is a failure and counts as wrong", "the split is called train"),
    notes=("chance differs by type and is not published",),
)
