"""OmniSpatial: dynamics, interaction, spatial logic and the views of others."""

from ..samples import Fields, Sample, means
from ..scoring.letters import omni_spatial
from .base import Adapter, RowReader, letter, lettered


def read(reader: RowReader, row: Fields) -> Sample:
    """A question of choice; the answer is an option's number."""
    answer = row["gt"] if row.get("gt") is not None else row["answer"]
    task = row["task_type"]
    return Sample(
        id=f"{task}/{row['id']}",
        question=row["question"],
        options=tuple(row["options"]),
        answer=letter(int(answer)),
        images=(reader.image(_picture(row)),),
        category={"dimension": task, "task": row["sub_task_type"]},
    )


def _picture(row: Fields) -> object:
    """In the table, by its path, or, as the archive has it, by its dimension and the number before the id's dash."""
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
