"""MathVista: mathematics in figures, charts, tables and photographs."""

from ..samples import Fields, Sample, means
from ..scoring.judge import Ask, extract
from ..scoring.words import mathvista_extract, mathvista_normalised
from .base import Adapter, RowReader


def read(reader: RowReader, row: Fields) -> Sample:
    """A question of choice or with a free answer; `query` is the official prompt."""
    return Sample(
        id=str(row["pid"]),
        question=row["query"],
        options=tuple(row["choices"] or ()),
        answer=row["answer"],
        images=reader.images(row["decoded_image"]),
        category={"task": row["metadata"]["task"], "kind": row["question_type"]},
        fields={"answer_type": row["answer_type"], "precision": int(row["precision"] or 0)},
    )


def _right(sample: Sample, extracted: str) -> float:
    kind, precision = sample.fields["answer_type"], sample.fields["precision"]
    said = mathvista_normalised(extracted, sample.options, kind, precision)
    return float(said is not None and said == str(sample.answer))


def mark(sample: Sample, reply: str) -> float:
    """The official steps; where they would ask a language model, the reply's last line is taken as it is."""
    found = mathvista_extract(reply, sample.options, sample.fields["answer_type"])
    if found is None:
        lines = [line for line in reply.strip().splitlines() if line.strip()]
        found = lines[-1].rsplit("answer is", 1)[-1].strip(" :.*$") if lines else ""
    return _right(sample, found)


def judged(sample: Sample, reply: str, judge: Ask) -> float:
    """The official steps, the extraction by the judge where they ask for it."""
    found = mathvista_extract(reply, sample.options, sample.fields["answer_type"])
    if found is None:
        form = "one of the choices" if sample.options else f"a {sample.fields['answer_type']}"
        found = extract(judge, sample.question, reply, form)
    return _right(sample, found)


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
    notes=("chance as in the paper's table",),
    max_new_tokens=1024,
)
