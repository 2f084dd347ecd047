"""MMMU: questions of college exams in thirty subjects."""

import ast
import re
from collections.abc import Sequence

from ...envs import SeededRng
from ..samples import Fields, Sample, means
from ..scoring.letters import mmmu_choice
from ..scoring.open_answers import mmmu_open
from .base import DIRECT, Adapter, RowError, RowReader, lettered

SUBJECTS = (
    "Accounting",
    "Agriculture",
    "Architecture_and_Engineering",
    "Art",
    "Art_Theory",
    "Basic_Medical_Science",
    "Biology",
    "Chemistry",
    "Clinical_Medicine",
    "Computer_Science",
    "Design",
    "Diagnostics_and_Laboratory_Medicine",
    "Economics",
    "Electronics",
    "Energy_and_Power",
    "Finance",
    "Geography",
    "History",
    "Literature",
    "Manage",
    "Marketing",
    "Materials",
    "Math",
    "Mechanical_Engineering",
    "Music",
    "Pharmacy",
    "Physics",
    "Psychology",
    "Public_Health",
    "Sociology",
)


def options_of(options: object) -> tuple[str, ...]:
    """Return `options`, a list or a list's text, as texts.

    Raises:
        RowError: they are no list.
    """
    if isinstance(options, str):
        try:
            options = ast.literal_eval(options)
        except (ValueError, SyntaxError) as error:
            raise RowError(f"options are no list: {options!r:.60}") from error
    if not isinstance(options, list | tuple):
        raise RowError(f"options are no list: {options!r:.60}")
    return tuple(map(str, options))


def pictures_of(row_reader: RowReader, row: Fields, question_texts: Sequence[str]) -> tuple[object, ...]:
    """Return the pictures of `row` that `question_texts` name as `<image 1>`, in the order of their names.

    Where none is named, all pictures of the row.
    """
    named_numbers = sorted({int(number) for text in question_texts for number in re.findall(r"<image (\d)>", text)})
    numbers = named_numbers or [number for number in range(1, 8) if row.get(f"image_{number}") is not None]
    return tuple(row_reader.image(row[f"image_{number}"]) for number in numbers)


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question of choice or with an open answer."""
    options = options_of(row["options"])
    subject = re.sub(r"^[a-z]+_|_\d+$", "", str(row["id"]))
    answer = row["answer"]
    if not options and isinstance(answer, str) and answer.startswith("["):
        answer = options_of(answer)
    return Sample(
        id=str(row["id"]),
        question=row["question"],
        options=options,
        answer=answer,
        images=pictures_of(row_reader, row, [row["question"], *options]),
        category={"subject": subject, "kind": row["question_type"]},
    )


def ask(sample: Sample) -> str:
    """Return the prompt of lmms-eval for `sample`."""
    if sample.options:
        return f"{sample.question}\n{lettered(sample.options)}\n\n{DIRECT}"
    return f"{sample.question}\n\nAnswer the question using a single word or phrase."


def mark(sample: Sample, reply: str) -> float:
    """Score `reply` to `sample` as a letter, drawn by the question's id where none is found, or as an open answer."""
    if sample.options:
        drawn_option = SeededRng(("mmmu", sample.id)).integer(0, len(sample.options) - 1)
        return float(mmmu_choice(reply, sample.options, drawn_option) == sample.answer)
    return mmmu_open(reply, sample.answer)


ADAPTER = Adapter(
    name="mmmu",
    title="MMMU",
    dataset="MMMU/MMMU",
    configs=SUBJECTS,
    split="validation",
    read=read,
    ask=ask,
    mark=mark,
    gather=means("subject", "kind"),
    metric="accuracy",
    chance=0.221,
    citation="Yue et al. 2023, MMMU (https://arxiv.org/abs/2311.16502)",
    columns=("id", "question", "options", "answer", "question_type", "image_1"),
    quirks=(
        "a reply without a letter is given a random one, which may be right; here it is drawn by the question's id",
    ),
    notes=("pictures stand before the words; chance as in the paper's table",),
    max_new_tokens=128,
)
