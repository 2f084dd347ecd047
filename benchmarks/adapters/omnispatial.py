"""OmniSpatial: dynamics, interaction, spatial logic and the views of others."""

from ..samples import Fields, Sample, means
from ..scoring.letters import omni_spatial
from .base import Adapter, RowReader, letter, lettered


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question of choice; the answer is an option's number."""
    option_number = row["gt"] if row.get("gt") is not None else row["answer"]
    task_type = row["task_type"]
    return Sample(
        id=f"{task_type}/{row['id']}",
        question=row["question"],
        options=tuple(row["options"]),
        answer=letter(int(option_number)),
        images=(row_reader.image(_picture(row)),),
        category={"dimension": task_type, "task": row["sub_task_type"]},
    )


def _picture(row: Fields) -> object:
    """Return the picture of `row`: its bytes, its path, or the archive's path by dimension and the number in the id."""
    return row.get("image") or row.get("image_path") or f"{row['task_type']}/{str(row['id']).split('_')[0]}.png"


ADAPTER = Adapter(
    name="omnispatial",
    title="OmniSpatial",
    dataset="qizekun/OmniSpatial",
    split="test",
    read=read,
    ask=lambda s: (
        f'{s.question}\n{lettered(s.options)}\nThink step by step, then end your reply with "Answer: " and the letter.'
    ),
    mark=lambda sample, reply: float(omni_spatial(reply) == sample.answer),
    gather=means("dimension", "task"),
    metric="accuracy",
    chance=0.25,
    citation="Jia et al. 2025, OmniSpatial (https://arxiv.org/abs/2506.03135)",
    columns=("id", "question", "options", "task_type", "sub_task_type"),
    published={"Qwen2.5-VL-3B (EASI, manual CoT)": 40.30, "Qwen2.5-VL-7B (EASI, manual CoT)": 40.30},
    notes=("the authors' manual chain-of-thought prompt is not at hand: this is a zero-shot one, so figures differ",),
    files=("data.json", "*.json", "*.parquet", "*.jsonl"),
    max_new_tokens=1024,
)
