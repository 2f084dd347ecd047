"""MMStar: questions that need their pictures, from six kinds of ability."""

from ..samples import Fields, Sample
from ..scoring.groups import mm_star
from ..scoring.letters import mm_star as mm_star_match
from ..scoring.letters import ranked_choice
from .base import Adapter, RowReader, lettered_columns


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question of choice, its options in its text."""
    return Sample(
        id=str(row["index"]),
        question=row["question"],
        answer=row["answer"],
        images=row_reader.images(row["image"]),
        category={"category": row["category"], "subcategory": row["l2_category"]},
    )


def from_vlmevalkit(row: Fields) -> Fields:
    """Return a `row` of VLMEvalKit's MMStar.tsv with its options in the question, as the authors' table has them."""
    options = ", ".join(f"{letter}: {option}" for letter, option in lettered_columns(row).items())
    question = row["question"] if "Options:" in str(row["question"]) else f"{row['question']}\nOptions: {options}"
    return {**row, "question": question}


ADAPTER = Adapter(
    name="mmstar",
    title="MMStar",
    dataset="Lin-Chen/MMStar",
    split="val",
    read=read,
    ask=lambda sample: f"{sample.question}\nAnswer with the option's letter from the given choices directly",
    mark=lambda sample, reply: float(ranked_choice(reply) == sample.answer),
    gather=mm_star,
    metric="accuracy, mean of categories",
    chance=0.246,
    citation="Chen et al. 2024, Are We on the Right Way for Evaluating LVLMs? (https://arxiv.org/abs/2403.20330)",
    from_vlmevalkit=from_vlmevalkit,
    columns=("index", "question", "image", "answer", "category", "l2_category"),
    published={
        "Qwen2.5-VL-3B (SpatialEvo)": 54.6,
        "SpatialEvo-3B": 55.2,
        "Qwen2.5-VL-7B (SpatialEvo)": 61.6,
        "SpatialEvo-7B": 62.5,
    },
    quirks=("`flat` is VLMEvalKit's mean over questions",),
    variants={
        "authors": {
            "mark": lambda sample, reply: mm_star_match(reply, sample.answer),
            "quirks": ("the first letter of any reply counts: `Apple` is A",),
            "notes": (
                "the authors' match as lmms-eval had it before 0.7; their prompt is not known, lmms-eval's is used",
            ),
        }
    },
    max_new_tokens=1024,
    notes=(
        "lmms-eval sets no limit of tokens; 1,024 are allowed here",
        "EVE validates its training on 200 of these items; chance as in the paper's table, recalled",
    ),
)
