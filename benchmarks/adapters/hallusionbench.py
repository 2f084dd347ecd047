"""HallusionBench: yes and no about pictures and about edited ones, where knowledge misleads."""

from ..samples import Fields, Sample
from ..scoring.groups import hallusion
from ..scoring.judge import Ask, agrees
from ..scoring.words import yes_no
from .base import Adapter, RowReader


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question of yes and no."""
    question_place = {
        name: str(row[name]) for name in ("category", "subcategory", "set_id", "figure_id", "question_id")
    }
    return Sample(
        id="/".join(question_place.values()),
        question=row["question"],
        answer="yes" if str(row["gt_answer"]) == "1" else "no",
        images=row_reader.images(row["image"]),
        category={"category": question_place["category"], "subcategory": question_place["subcategory"]},
        fields=question_place
        | {"group": "/".join(list(question_place.values())[:3]), "details": row.get("gt_answer_details") or ""},
    )


def judged(sample: Sample, reply: str, judge: Ask) -> float:
    """Return 1 where `judge` finds that `reply` agrees with the answer of `sample` and its details, else 0."""
    return float(agrees(judge, sample.question, f"{sample.answer}. {sample.fields['details']}", reply))


ADAPTER = Adapter(
    name="hallusionbench",
    title="HallusionBench",
    dataset="lmms-lab-encoder/HallusionBench",
    split="image",
    read=read,
    ask=lambda sample: sample.question,
    mark=lambda sample, reply: float(yes_no(reply) == sample.answer),
    judged=judged,
    gather=hallusion,
    metric="aAcc, qAcc, fAcc",
    chance=0.5,
    compared="prompts and limits compared with lmms-eval 0.7.3 on 2026-11-30",
    citation="Guan et al. 2023, HallusionBench (https://arxiv.org/abs/2310.14566)",
    columns=("category", "subcategory", "set_id", "figure_id", "question_id", "question", "gt_answer", "image"),
    published={"Qwen3-VL-8B (MM-Zero's rule)": 71.9},
    needs=("judge",),
    quirks=("by the rule a reply with neither yes nor no as a word, or with both, is wrong",),
    notes=("the rule is VLMEvalKit's; the authors' judge is GPT-4 with a prompt of theirs, ours asks for the same",),
    max_new_tokens=1024,
    protocols=("vlmevalkit",),
    variants={"lmms-eval": {"max_new_tokens": 128}},
)
