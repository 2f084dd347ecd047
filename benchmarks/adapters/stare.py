"""STARE: visual simulation: transforms, nets, tangrams, views and time."""

from ..samples import Fields, Sample
from ..scoring import words
from ..scoring.groups import stare
from .base import Adapter, RowReader


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question whose options stand in its text."""
    return Sample(
        id=str(row["pid"]),
        question=row["question"],
        answer=row["answer"],
        images=row_reader.images(row["images"]),
        category={"category": row["category"]},
    )


def ask(sample: Sample) -> str:
    """Return the authors' prompt of `sample`, with their chain of thought."""
    needs_place = sample.images and "<image>" not in sample.question
    question = f"{sample.question}\n<image>" if needs_place else sample.question
    return (
        f"\n{question}\nAnswer with the option's letter from the given choices and put the letter in one "
        '"\\boxed{}". \nPlease solve the problem step by step.'
    )


TASKS = ("2d_text_instruct", "2d_va", "3d_text_instruct", "3d_va", "folding_nets", "tangram_puzzle")
"""Tasks that come with and without the pictures of the simulation (`_vsim`)."""

ADAPTER = Adapter(
    name="stare",
    title="STARE",
    dataset="kuvvi/STARE",
    configs=(*TASKS, *(f"{task}_vsim" for task in TASKS), "perspective", "temporal"),
    split="test",
    read=read,
    ask=ask,
    interleaved=True,
    mark=lambda sample, reply: words.stare(reply, str(sample.answer)),
    gather=stare,
    metric="accuracy",
    chance={},
    protocols=("authors", "lmms-eval"),
    citation="Li et al. 2025, STARE (https://arxiv.org/abs/2506.04633)",
    columns=("pid", "question", "answer", "images", "category"),
    published={
        "Qwen2.5-VL-3B (SpatialEvo)": 33.1,
        "SpatialEvo-3B": 36.9,
        "Qwen2.5-VL-7B (SpatialEvo)": 41.8,
        "SpatialEvo-7B": 41.3,
    },
    notes=(
        "rarer LaTeX and number words "
        "above twenty are read there and not here; chance differs by category and is not published",
    ),
    max_new_tokens=8192,
)
