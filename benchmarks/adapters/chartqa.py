"""ChartQA: questions about charts, written by people and made from captions."""

from ..samples import Fields, Sample, means
from ..scoring.numbers import relaxed
from .base import Adapter, RowReader


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question with a short answer; the rows have no ids."""
    picture = row_reader.image(row["image"])
    short_answer = row["answer"]
    return Sample(
        id=f"{picture.digest[:16]}/{row['question']}",
        question=row["question"],
        answer=str(short_answer[0] if isinstance(short_answer, list) else short_answer),
        images=(picture,),
        category={"type": row["type"]},
    )


ADAPTER = Adapter(
    name="chartqa",
    title="ChartQA",
    dataset="lmms-lab-encoder/ChartQA",
    split="test",
    read=read,
    ask=lambda sample: f"{sample.question}\nAnswer the question with a single word.",
    mark=lambda sample, reply: relaxed(reply, sample.answer),
    gather=means("type"),
    metric="relaxed accuracy",
    chance=0.0,
    protocols=("authors", "lmms-eval"),
    citation="Masry et al. 2022, ChartQA (https://arxiv.org/abs/2203.10244)",
    columns=("image", "question", "answer", "type"),
    quirks=("10 is not 10%", "a right answer of 0 is compared as text", "`yes.` is wrong, and so is `1,000`"),
)
