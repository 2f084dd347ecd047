"""MathVista: mathematics in figures, charts, tables and photographs."""

from ..samples import Fields, Sample, means
from ..scoring.judge import Ask, extract
from ..scoring.words import mathvista_extract, mathvista_normalised
from .base import DIRECT, Adapter, RowReader, lettered


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question of choice or with a free answer; `query` is the official prompt."""
    return Sample(
        id=str(row["pid"]),
        question=row["query"],
        options=tuple(row["choices"] or ()),
        answer=row["answer"],
        images=row_reader.images(row["decoded_image"]),
        category={"task": row["metadata"]["task"], "kind": row["question_type"]},
        fields={
            "answer_type": row["answer_type"],
            "precision": int(row["precision"] or 0),
            "question": row.get("question") or row["query"],
        },
    )


def _right(sample: Sample, final_answer: str) -> float:
    answer_type, precision = sample.fields["answer_type"], sample.fields["precision"]
    normal_form = mathvista_normalised(final_answer, sample.options, answer_type, precision)
    return float(normal_form is not None and normal_form == str(sample.answer))


def mark(sample: Sample, reply: str) -> float:
    """Return the score of `reply` to `sample`: where the official steps ask a model, of its last line."""
    final_answer = mathvista_extract(reply, sample.options, sample.fields["answer_type"])
    if final_answer is None:
        reply_lines = [line for line in reply.strip().splitlines() if line.strip()]
        final_answer = reply_lines[-1].rsplit("answer is", 1)[-1].strip(" :.*$") if reply_lines else ""
    return _right(sample, final_answer)


def judged(sample: Sample, reply: str, judge: Ask) -> float:
    """Return the score of `reply` to `sample` by the official steps, `judge` extracting where they ask for it."""
    final_answer = mathvista_extract(reply, sample.options, sample.fields["answer_type"])
    if final_answer is None:
        answer_form = "one of the choices" if sample.options else f"a {sample.fields['answer_type']}"
        final_answer = extract(judge, sample.question, reply, answer_form)
    return _right(sample, final_answer)


def ask_format(sample: Sample) -> str:
    """Return lmms-eval's prompt of `sample` in its task `format`: the choices and the form of the answer."""
    question, answer_type = sample.fields["question"], sample.fields["answer_type"]
    if sample.options:
        return f"{question}\n{lettered(sample.options)}\n{DIRECT}"
    return f"{question}\nAnswer the question using {FORMS.get((answer_type, sample.fields['precision']), FORMS_ELSE)}."


FORMS = {
    ("integer", 0): "a single integer number",
    ("float", 1): "a single floating-point number with one decimal place",
    ("float", 2): "a single floating-point number with two decimal places",
    ("list", 0): "a Python list",
}
"""The words of lmms-eval's prompt for a type of answer and its precision."""
FORMS_ELSE = FORMS["integer", 0]

ADAPTER = Adapter(
    name="mathvista",
    title="MathVista",
    dataset="AI4Math/MathVista",
    split="testmini",
    read=read,
    ask=lambda sample: sample.question,
    mark=mark,
    judged=judged,
    gather=means("task", "kind"),
    metric="accuracy",
    chance=0.179,
    compared="prompts and limits compared with lmms-eval 0.7.3 on 2026-11-30",
    citation="Lu et al. 2023, MathVista (https://arxiv.org/abs/2310.02255)",
    columns=(
        "pid",
        "query",
        "choices",
        "answer",
        "decoded_image",
        "metadata",
        "question_type",
        "answer_type",
        "precision",
    ),
    published={"Qwen3-VL-8B (MM-Zero's rule)": 59.3},
    needs=("judge",),
    quirks=("any text comes to the nearest choice by Levenshtein's distance", "numbers are cut or rounded first"),
    protocols=("authors",),
    variants={"lmms-eval": {"ask": ask_format, "max_new_tokens": 16384}},
    notes=("chance as in the paper's table",),
    max_new_tokens=1024,
)
