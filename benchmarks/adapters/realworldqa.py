"""RealWorldQA: questions about photographs, many from vehicles."""

from ..samples import Fields, Sample
from ..scoring.letters import ranked_choice
from ..scoring.words import plain
from .base import Adapter, RowReader, lettered_columns

LETTERS = ("A", "B", "C", "D")


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question with its options and its instruction in its text; the rows have no ids."""
    return Sample(
        id=f"{row_reader.image(row['image']).digest[:16]}/{row['question']}",
        question=row["question"],
        answer=row["answer"],
        images=row_reader.images(row["image"]),
        category={"kind": "choice" if str(row["answer"]).strip().upper() in LETTERS else "short"},
    )


def from_vlmevalkit(row: Fields) -> Fields:
    """Return a `row` of VLMEvalKit's RealWorldQA.tsv with its options and xAI's instruction in the question."""
    options = "\n".join(f"{letter}. {option}" for letter, option in lettered_columns(row).items())
    if not options:
        return row
    return {**row, "question": f"{row['question']}\n\n{options}\n{INSTRUCTION}"}


INSTRUCTION = "Please answer directly with only the letter of the correct option and nothing else."


def mark(sample: Sample, reply: str) -> float:
    """Return the score of `reply` to `sample`: a letter where the answer is one, else the same text."""
    right_answer = str(sample.answer).strip()
    if right_answer.upper() in LETTERS:
        return float(ranked_choice(reply) == right_answer.upper())
    return plain(reply, right_answer)


ADAPTER = Adapter(
    name="realworldqa",
    title="RealWorldQA",
    dataset="lmms-lab-encoder/RealWorldQA",
    split="test",
    read=read,
    ask=lambda sample: sample.question,
    mark=mark,
    metric="exact match",
    chance={},
    citation="xAI 2024, RealWorldQA (https://x.ai/news/grok-1.5v)",
    from_vlmevalkit=from_vlmevalkit,
    columns=("image", "question", "answer"),
    published={
        "Qwen2.5-VL-3B (SpatialEvo)": 63.4,
        "SpatialEvo-3B": 66.5,
        "Qwen2.5-VL-7B (SpatialEvo)": 69.5,
        "SpatialEvo-7B": 66.7,
    },
    notes=("chance differs by question and is not published",),
)
