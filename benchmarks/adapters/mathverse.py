"""MathVerse: the same problems with ever more of their words in the picture."""

from ..samples import Fields, Sample, means
from ..scoring.judge import Ask, agrees, extract
from ..scoring.letters import multiple_choice
from ..scoring.words import mathvision
from .base import Adapter, RowReader


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a problem in one of its versions; `query_cot` is the official prompt."""
    return Sample(
        id=str(row["sample_index"]),
        question=row["query_cot"],
        answer=str(row["answer"]),
        images=row_reader.images(row["image"]),
        category={"version": row["problem_version"], "kind": row["question_type"]},
        fields={"question": row["question_for_eval"], "query_wo": row.get("query_wo") or row["query_cot"]},
    )


def mark(sample: Sample, reply: str) -> float:
    """Return the score of `reply` to `sample`: a letter, or the same value."""
    if sample.category["kind"] == "multi-choice":
        return float(multiple_choice(reply, "F") == sample.answer)
    return mathvision(reply, sample.answer, [])


def judged(sample: Sample, reply: str, judge: Ask) -> float:
    """Return the score of `reply` to `sample` by `judge`: the judge extracts the final answer, then compares it."""
    final_answer = extract(judge, sample.fields["question"], reply, "a letter, a number, or a short expression")
    return float(bool(final_answer) and agrees(judge, sample.fields["question"], sample.answer, final_answer))


ADAPTER = Adapter(
    name="mathverse",
    title="MathVerse",
    dataset="CaraJ/MathVerse-lmmseval",
    configs=("testmini",),
    split="testmini",
    read=read,
    ask=lambda sample: sample.question,
    mark=mark,
    judged=judged,
    gather=means("version", "kind"),
    metric="accuracy",
    chance=0.124,
    compared="prompts and limits compared with lmms-eval 0.7.3 on 2026-11-30",
    citation="Zhang et al. 2024, MathVerse (https://arxiv.org/abs/2403.14624)",
    columns=("sample_index", "problem_version", "question_type", "query_cot", "question_for_eval", "answer", "image"),
    published={"Qwen3-VL-8B (MM-Zero's rule)": 18.2},
    needs=("judge",),
    protocols=("authors",),
    variants={"lmms-eval": {"ask": lambda sample: sample.fields["query_wo"], "max_new_tokens": 16384}},
    notes=(
        "the authors' judge prompts are not at hand, ours ask for the same steps; chance as in the paper, recalled",
    ),
    max_new_tokens=1024,
)
