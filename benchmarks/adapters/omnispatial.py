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


SYSTEM = """
You are a spatial-reasoning assistant.

Task
-----
You will receive{pause}
1. **Image** - a single RGB frame depicting a scene.{pause}
2. **Question** - a natural-language query about spatial relationships between objects in the image.{pause}
3. **Options** - ≥2 answer candidates, each tagged by a capital letter (A, B, C, D…).

Guidelines
----------
Please follow these steps to analyze the image and answer the question:
1. First, carefully observe the image and identify all relevant objects and their spatial relationships.
2. Next, break down the question into key components that need to be addressed.
3. Think through the spatial reasoning step-by-step to arrive at your answer. It may be necessary to transfer \
perspective to better understand the scene.
4. Finally, select the most appropriate option (A, B, C, or D) based on your analysis.

Always ground your answer in the visual evidence; do not hallucinate unseen objects.
If uncertain, pick the most plausible option—never refuse or reply “insufficient information.”
""".format(pause="  ")
"""The authors' prompt for a manual chain of thought; their lines end in Markdown's two spaces."""
FORMAT = """
End your answer with a separate line formatted exactly as:

Answer: X
where X ∈ {A, B, C, D}.
"""


def _prompt(system: str, sample: Sample) -> str:
    """Return the authors' prompt of `sample` after their `system` text, all in one turn."""
    return f"{system}\n{FORMAT}\n\n{sample.question}\n{lettered(sample.options)}"


ADAPTER = Adapter(
    name="omnispatial",
    title="OmniSpatial",
    dataset="qizekun/OmniSpatial",
    split="test",
    read=read,
    ask=lambda sample: _prompt(SYSTEM, sample),
    mark=lambda sample, reply: float(omni_spatial(reply) == sample.answer),
    gather=means("dimension", "task"),
    metric="accuracy",
    chance=0.25,
    citation="Jia et al. 2025, OmniSpatial (https://arxiv.org/abs/2506.03135)",
    columns=("id", "question", "options", "task_type", "sub_task_type"),
    published={"Qwen2.5-VL-3B (EASI, manual CoT)": 40.30, "Qwen2.5-VL-7B (EASI, manual CoT)": 40.30},
    quirks=("a reply without `Answer:` counts as A",),
    notes=(
        "compared with the authors' repository (commit 972f6ed) too; the authors repeat "
        "each question five times, here it is asked once",
    ),
    protocols=("authors",),
    variants={"lmms-eval": {"ask": lambda sample: _prompt(SYSTEM.replace("  \n", "\n"), sample)}},
    files=("data.json", "*.json", "*.parquet", "*.jsonl"),
    max_new_tokens=8192,
)
