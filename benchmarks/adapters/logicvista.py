"""LogicVista: deduction, induction, numbers, space and mechanics in puzzles."""

from ..samples import Fields, Sample
from ..scoring.judge import Ask, extract
from ..scoring.letters import letter_set
from .base import Adapter, RowReader

ENDING = (
    "Think step by step. End your reply with the letter of the right answer, or the letters where there are several."
)


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question of choice with one right letter or several; the rows have no ids."""
    picture = row_reader.image(row["image"])
    right_letters = letter_set(str(row["answer"]))
    return Sample(
        id=f"{picture.digest[:16]}/{row['question']}",
        question=row["question"],
        answer=right_letters,
        images=(picture,),
        category={"kind": "several letters" if len(right_letters) > 1 else "one letter"},
    )


def judged(sample: Sample, reply: str, judge: Ask) -> float:
    """Return the score of `reply` to `sample` by `judge`: the letters that the judge extracts are the right ones."""
    return float(letter_set(extract(judge, sample.question, reply, "its letters, such as A or B, C")) == sample.answer)


ADAPTER = Adapter(
    name="logicvista",
    title="LogicVista",
    dataset="lscpku/LogicVista",
    split="test",
    read=read,
    ask=lambda sample: f"{sample.question}\n{ENDING}",
    mark=lambda sample, reply: float(letter_set(reply) == sample.answer),
    judged=judged,
    metric="accuracy",
    chance={},
    protocols=("zerosight",),
    compared="",
    citation="Xiao et al. 2024, LogicVista (https://arxiv.org/abs/2407.04973)",
    columns=("image", "question", "answer"),
    needs=("judge",),
    quirks=("all letters must be named and no other",),
    notes=("the prompt is ours; chance differs by question and is not published",),
    max_new_tokens=1024,
)
