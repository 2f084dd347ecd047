"""SPAR-Bench: from depth and distance to views, positions and imagination, over one view or several."""

from ..samples import Fields, Sample
from ..scoring.groups import spar
from ..scoring.numbers import spar_match, spar_number, spar_view_change
from .base import DIRECT, Adapter, RowReader

LEVELS = {
    "low": (
        "depth_prediction_oc",
        "depth_prediction_oo",
        "distance_prediction_oc",
        "distance_prediction_oo",
        "depth_prediction_oc_mv",
        "depth_prediction_oo_mv",
        "distance_prediction_oo_mv",
        "distance_prediction_oc_mv",
    ),
    "middle": ("position_matching", "camera_motion_infer"),
    "high": (
        "distance_infer_center_oo",
        "distance_infer_center_oo_mv",
        "obj_spatial_relation_oc_mv",
        "obj_spatial_relation_oo",
        "obj_spatial_relation_oo_mv",
        "spatial_imagination_oc",
        "spatial_imagination_oc_mv",
        "spatial_imagination_oo",
        "spatial_imagination_oo_mv",
    ),
}
NUMERIC = LEVELS["low"]


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question, its options in its text."""
    return Sample(
        id=str(row["id"]),
        question=row["question"],
        answer=str(row["answer"]),
        images=row_reader.images(row["image"]),
        category={"task": row["task"]},
    )


BOXES = (
    "The values represent the bounding box coordinates normalized to a 0-1000 scale, with the top-left corner as the "
    "origin of the image."
)


def ask(sample: Sample) -> str:
    """Return the prompt of lmms-eval for `sample`, by the kind of its answer."""
    task = sample.category["task"]
    if task in NUMERIC:
        return f"\n{sample.question}\nPlease answer the question using a single word or phrase."
    if task == "view_change_infer":
        return f"\n{sample.question}\n\n"
    note = BOXES if task in ("position_matching", "camera_motion_infer") else ""
    return f"\n{sample.question}\n{note}\n{DIRECT}"


def mark(sample: Sample, reply: str) -> float:
    """Return the score of `reply` to `sample`: by kind of answer."""
    task = sample.category["task"]
    if task in NUMERIC:
        return spar_number(reply, sample.answer, of_last=task.endswith("_mv"))
    if task == "view_change_infer":
        return spar_view_change(reply, sample.answer)
    return spar_match(reply, sample.answer)


ADAPTER = Adapter(
    name="spar-bench",
    title="SPAR-Bench",
    dataset="jasonzhango/SPAR-Bench",
    split="test",
    read=read,
    ask=ask,
    mark=mark,
    gather=spar(LEVELS),
    metric="accuracy, mean relative accuracy of numbers, mean of tasks",
    chance={},
    citation="Zhang et al. 2025, From Flatland to Space (https://arxiv.org/abs/2503.22976)",
    columns=("id", "question", "answer", "task", "image"),
    published={"Qwen2.5-VL-7B (EASI)": 33.07},
    quirks=(
        "an empty reply to a question of choice scores 1",
        "view_change_infer divides by what was said, and is not part of its level's mean",
    ),
    notes=(
        "every number scores 0 in lmms-eval 0.7.3, by a name that it does not import; here as it is meant",
        "chance is not published",
    ),
    max_new_tokens=100,
)
