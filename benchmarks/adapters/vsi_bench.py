"""VSI-Bench: what a film of a room tells of counts, sizes, distances, directions, routes and order."""

from ..samples import Fields, Sample
from ..scoring.groups import vsi_bench
from ..scoring.numbers import fuzzy_word, vsi_first_number, vsi_number
from .base import DIRECT, Adapter, RowReader

NUMERIC = ("object_abs_distance", "object_counting", "object_size_estimation", "room_size_estimation")


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question about a film."""
    film_path = f"{row['dataset']}/{row['scene_name']}.mp4"
    return Sample(
        id=str(row["id"]),
        question=row["question"],
        options=tuple(row["options"] or ()),
        answer=row["ground_truth"],
        images=row_reader.frames(film_path, row_reader.frame_count),
        cluster=film_path,
        category={"task": row["question_type"], "source": row["dataset"]},
    )


def ask(sample: Sample) -> str:
    """Return the prompt of lmms-eval for `sample`."""
    if not sample.options:
        instruction = "Please answer the question using a single word or phrase."
        return f"These are frames of a video.\n{sample.question}\n{instruction}"
    option_lines = "\n".join(sample.options)
    return f"These are frames of a video.\n{sample.question}\nOptions:\n{option_lines}\n{DIRECT}"


def mark(sample: Sample, reply: str) -> float:
    """Score `reply` to `sample`: its first word is the letter, or the number whose relative accuracy counts."""
    if sample.options:
        return float(fuzzy_word(reply) == str(sample.answer).lower())
    return vsi_number(reply, float(sample.answer))


def mark_first_number(sample: Sample, reply: str) -> float:
    """Score `reply` to `sample` as lmms-eval does: the first number anywhere in it, in digits or words."""
    return mark(sample, reply) if sample.options else vsi_first_number(reply, float(sample.answer))


ADAPTER = Adapter(
    name="vsi-bench",
    title="VSI-Bench",
    dataset="nyu-visionx/VSI-Bench",
    configs=("full",),
    split="test",
    read=read,
    ask=ask,
    mark=mark,
    gather=vsi_bench,
    metric="accuracy of letters, mean relative accuracy of numbers, mean of tasks",
    chance={
        "object_rel_distance": 0.25,
        "object_rel_direction": 0.361,
        "route_planning": 0.283,
        "obj_appearance_order": 0.25,
    },
    citation="Yang et al. 2024, Thinking in Space (https://arxiv.org/abs/2412.14171)",
    columns=("id", "dataset", "scene_name", "question_type", "question", "ground_truth", "options"),
    published={
        "Qwen2.5-VL-3B (SpatialEvo)": 28.1,
        "SpatialEvo-3B": 39.2,
        "Qwen2.5-VL-7B (SpatialEvo)": 31.1,
        "SpatialEvo-7B": 46.1,
    },
    needs=("video",),
    quirks=(
        "the first word alone is read: `(B)` and `There are 3` are wrong",
        "borders of the thresholds by floating point",
    ),
    frames=32,
    protocols=("authors",),
    variants={
        "lmms-eval": {
            "mark": mark_first_number,
            "quirks": ("numbers are read anywhere in the reply", "borders of the thresholds by floating point"),
            "notes": ("lmms-eval leaves the number of frames to the model; 32, as the authors take, are shown here",),
        }
    },
    notes=("frames are evenly spaced, as the authors take them",),
)
