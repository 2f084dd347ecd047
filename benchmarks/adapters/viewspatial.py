"""ViewSpatial-Bench: directions from a camera's view and from a person's in it."""

from ..samples import Fields, Sample, means
from ..scoring.letters import first_standing
from .base import Adapter, RowReader


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question of choice about one picture or more; the rows have no ids."""
    images = row_reader.images(row.get("images", row.get("image_path")))
    image_digests = "".join(image.digest[:8] for image in images)
    return Sample(
        id=f"{row['question_type']}/{row['question']}/{row['answer']}/{image_digests}",
        question=row["question"],
        options=tuple(line for line in row["choices"].splitlines() if line.strip()),
        answer=row["answer"],
        images=images,
        category={"type": row["question_type"]},
        fields={"choices": row["choices"]},
    )


ADAPTER = Adapter(
    name="viewspatial",
    title="ViewSpatial-Bench",
    dataset="oscarqjh/ViewSpatial_lmmseval",
    split="test",
    read=read,
    ask=lambda s: (
        f"Question: {s.question}\nChoices: {s.fields['choices']}\nReply only to the corresponding option.\nAnswer:"
    ),
    mark=lambda sample, reply: float(first_standing(reply) == first_standing(sample.answer)),
    gather=means("type"),
    metric="accuracy",
    chance=0.25,
    citation="Li et al. 2025, ViewSpatial-Bench (https://arxiv.org/abs/2505.21500)",
    columns=("question", "choices", "answer", "question_type"),
    published={
        "Qwen2.5-VL-3B (SpatialEvo)": 36.2,
        "SpatialEvo-3B": 42.3,
        "Qwen2.5-VL-7B (SpatialEvo)": 36.4,
        "SpatialEvo-7B": 43.2,
    },
    max_new_tokens=1024,
    quirks=("the article counts as A: `a man is B` is A",),
    notes=(
        "lmms-eval sets no limit of tokens; 1,024 are allowed here",
        "the original, lidingm/ViewSpatial-Bench, names picture files in `image_path`, which is read too",
    ),
)
