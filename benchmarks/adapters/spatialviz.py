"""SpatialViz-Bench: turning, folding, cutting and moving things in the mind."""

from ..samples import Fields, Sample, means
from ..scoring.letters import spatialviz
from .base import Adapter, RowReader, lettered

INSTRUCTION = (
    "You should first provide a reasoning process, then provide a single option(A, B, C or D) as the final answer. The "
    "reasoning process and the answer are enclosed within <think></think> and <answer></answer> tags, respectively, "
    "i.e., <think>reasoning process</think>, <answer>answer</answer>."
)


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question of choice; its picture is a file by category, task and level."""
    image_path = f"{row['Category']}/{row['Task']}/{row['Level']}/{row['Image_id']}.png"
    return Sample(
        id=image_path,
        question=row["Question"],
        options=tuple(row["Choices"]),
        answer=row["Answer"],
        images=(row_reader.image(row["image"] if row.get("image") else image_path),),
        category={"category": row["Category"], "task": row["Task"], "level": row["Level"]},
    )


ADAPTER = Adapter(
    name="spatialviz",
    title="SpatialViz-Bench",
    dataset="PLM-Team/Spatial-Visualization-Benchmark",
    split="test",
    read=read,
    ask=lambda sample: f"{INSTRUCTION}\nQuestion: {sample.question}\n{lettered(sample.options)}\n",
    mark=lambda sample, reply: float(spatialviz(reply) == sample.answer),
    gather=means("category", "task", "level"),
    metric="accuracy",
    chance=0.25,
    citation="Wang et al. 2025, SpatialViz-Bench (https://arxiv.org/abs/2507.07610)",
    columns=("Image_id", "Category", "Task", "Level", "Question", "Choices", "Answer"),
    published={
        "Qwen2.5-VL-3B (SpatialEvo)": 24.2,
        "SpatialEvo-3B": 25.4,
        "Qwen2.5-VL-7B (SpatialEvo)": 27.0,
        "SpatialEvo-7B": 28.6,
    },
    quirks=("two different letters in the answer are none", "a reply without tag or marker has no answer"),
    reads_thinking=True,
    max_new_tokens=8192,
)
