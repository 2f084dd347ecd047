"""STARE: visual simulation: transforms, nets, tangrams, views and time."""

from ..samples import Fields, Sample
from ..scoring import words
from ..scoring.groups import stare
from .base import DIRECT, Adapter, RowReader


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question whose options stand in its text."""
    return Sample(
        id=str(row["pid"]),
        question=row["question"],
        answer=row["answer"],
        images=row_reader.images(row["images"]),
        category={"category": row["category"]},
    )


ADAPTER = Adapter(
    name="stare",
    title="STARE",
    dataset="kuvvi/STARE",
    configs=(
        "2d_text_instruct",
        "2d_va",
        "3d_text_instruct",
        "3d_va",
        "folding_nets",
        "tangram_puzzle",
        "perspective",
        "temporal",
    ),
    split="test",
    read=read,
    ask=lambda s: (
        f'\n{s.question}\n{DIRECT} Put the letter in one "\\boxed{{}}". \nPlease solve the problem step by step.'
    ),
    mark=lambda sample, reply: words.stare(reply, str(sample.answer)),
    gather=stare,
    metric="accuracy",
    chance={},
    citation="Li et al. 2025, STARE (https://arxiv.org/abs/2506.04633)",
    columns=("pid", "question", "answer", "images", "category"),
    published={
        "Qwen2.5-VL-3B (SpatialEvo)": 33.1,
        "SpatialEvo-3B": 36.9,
        "Qwen2.5-VL-7B (SpatialEvo)": 41.8,
        "SpatialEvo-7B": 41.3,
    },
    notes=("the names of its configurations were recalled; chance differs by category and is not published",),
    max_new_tokens=2048,
)
