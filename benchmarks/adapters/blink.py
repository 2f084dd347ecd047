"""BLINK: fourteen tasks that people solve at a glance."""

import ast

from ..samples import Fields, Sample, means
from ..scoring.letters import at_start, blink
from .base import Adapter, RowReader, letter, lettered_columns

TASKS = (
    "Art_Style",
    "Counting",
    "Forensic_Detection",
    "Functional_Correspondence",
    "IQ_Test",
    "Jigsaw",
    "Multi-view_Reasoning",
    "Object_Localization",
    "Relative_Depth",
    "Relative_Reflectance",
    "Semantic_Correspondence",
    "Spatial_Relation",
    "Visual_Correspondence",
    "Visual_Similarity",
)


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question about one to four pictures, its options in the prompt."""
    row_images = [row[f"image_{number}"] for number in range(1, 5) if row.get(f"image_{number}") is not None]
    return Sample(
        id=str(row["idx"]),
        question=row["prompt"],
        options=tuple(row["choices"]),
        answer=row["answer"].strip("() "),
        images=row_reader.images(row_images),
        category={"task": row["sub_task"]},
    )


def from_vlmevalkit(row: Fields) -> Fields:
    """Return a `row` of VLMEvalKit's BLINK.tsv, of one picture or a list, with the columns of the published table."""
    options = lettered_columns(row)
    lines = "\n".join(f"({letter}) {option}" for letter, option in options.items())
    cell = row["image"]
    pictures = ast.literal_eval(cell) if isinstance(cell, str) and cell.startswith("[") else [cell]
    return {
        "idx": row["index"],
        "sub_task": row["category"],
        "prompt": f"{row['question']}\nSelect from the following choices.\n{lines}",
        "choices": list(options.values()),
        "answer": f"({row['answer']})",
        **{f"image_{number}": picture for number, picture in enumerate(pictures, start=1)},
    }


def ask(sample: Sample) -> str:
    """Return the prompt of lmms-eval for `sample`."""
    letters = ", ".join(letter(number) for number in range(len(sample.options)))
    instruction = f"Note: You only need to respond with {letters} without providing any additional information."
    return f"{instruction}\n{sample.question}"


ADAPTER = Adapter(
    name="blink",
    title="BLINK",
    dataset="BLINK-Benchmark/BLINK",
    configs=TASKS,
    split="val",
    read=read,
    ask=ask,
    mark=lambda sample, reply: float(at_start(reply) == sample.answer),
    gather=means("task"),
    metric="accuracy",
    chance=0.381,
    citation="Fu et al. 2024, BLINK (https://arxiv.org/abs/2404.12390)",
    from_vlmevalkit=from_vlmevalkit,
    columns=("idx", "sub_task", "prompt", "choices", "answer", "image_1"),
    published={"Qwen3-VL-8B (EASI)": 69.1},
    quirks=("any reply's first letter counts", "the answers of the test split are hidden: this is val"),
    protocols=("lmms-eval-0.7.2",),
    variants={
        "lmms-eval": {
            "mark": lambda sample, reply: float(blink(reply, len(sample.options)) == sample.answer),
            "quirks": ("the answers of the test split are hidden: this is val",),
        }
    },
    notes=("chance as in the paper's table, recalled",),
    max_new_tokens=1024,
)
