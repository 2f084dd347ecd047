"""MMMU-Pro: MMMU with ten options, and with the whole question in the picture."""

from ..samples import Fields, Sample, means
from . import mmmu
from .base import Adapter, RowReader, lettered


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question of choice; in the vision configuration its words are in the picture alone."""
    options = mmmu.options_of(row["options"])
    is_vision = row.get("question") is None
    pictures = (
        (row_reader.image(row["image"]),)
        if is_vision
        else mmmu.pictures_of(row_reader, row, [row["question"], *options])
    )
    return Sample(
        id=f"{'vision' if is_vision else len(options)}/{row['id']}",
        question=row.get("question") or "",
        options=options,
        answer=row["answer"],
        images=pictures,
        category={"subject": row["subject"], "setting": "vision" if is_vision else "standard"},
    )


INSTRUCTION = "Answer with the option letter from the given choices directly."


def ask(sample: Sample) -> str:
    """Return the direct prompt of lmms-eval for `sample`; of the vision configuration the instruction alone."""
    if not sample.question:
        return INSTRUCTION
    return f"{sample.question}\n{lettered(sample.options)}\n\n{INSTRUCTION}"


ADAPTER = Adapter(
    name="mmmu-pro",
    title="MMMU-Pro",
    dataset="MMMU/MMMU_Pro",
    configs=("standard (10 options)", "vision"),
    split="test",
    read=read,
    ask=ask,
    mark=mmmu.mark,
    gather=means("setting", "subject"),
    metric="accuracy",
    chance=0.126,
    citation="Yue et al. 2024, MMMU-Pro (https://arxiv.org/abs/2409.02813)",
    columns=("id", "options", "answer", "subject"),
    published={"Qwen3-VL-8B (MM-Zero's rule, 10 options)": 39.8, "Qwen3-VL-8B (MM-Zero's rule, vision)": 42.8},
    quirks=mmmu.ADAPTER.quirks,
    protocols=("authors",),
    variants={
        "lmms-eval": {
            "mark": lambda sample, reply: (
                mmmu.mark(sample, reply) if sample.question else float(reply == sample.answer)
            ),
            "quirks": (
                *mmmu.ADAPTER.quirks,
                "in the vision configuration the reply must be the letter and nothing else",
            ),
        }
    },
    notes=("pictures stand before the words; chance of ten options as in the paper, recalled",),
    max_new_tokens=256,
)
