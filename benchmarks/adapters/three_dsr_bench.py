"""3DSRBench: height, place, orientation and relations of things in space."""

from ..samples import Fields, Sample
from ..scoring.groups import three_dsr
from ..scoring.letters import three_dsr as found
from .base import Adapter, RowReader


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a question with two to four options; an option that is not there is `nan` or nothing."""
    options = {x: str(row[x]) for x in "ABCD" if row.get(x) is not None and str(row[x]).lower() not in ("nan", "")}
    return Sample(
        id=str(row["index"]),
        question=row["question"],
        options=tuple(options.values()),
        answer=row["answer"],
        images=row_reader.images(row["image"]),
        category={"category": row["category"], "main_category": MAIN_CATEGORIES.get(row["category"], "other")},
        fields={"qid": str(row["qid"]), "group": str(row["qid"])[:8], "letters": tuple(options)},
    )


MAIN_CATEGORIES = {
    "height_higher": "height",
    "location_above": "location",
    "location_closer_to_camera": "location",
    "location_next_to": "location",
    "orientation_in_front_of": "orientation",
    "orientation_on_the_left": "orientation",
    "orientation_viewpoint": "orientation",
    "multi_object_closer_to": "multi_object",
    "multi_object_facing": "multi_object",
    "multi_object_viewpoint_towards_object": "multi_object",
    "multi_object_parallel": "multi_object",
    "multi_object_same_direction": "multi_object",
}
"""The four categories of the paper's table by the published one."""


def ask(sample: Sample) -> str:
    """Return the prompt of lmms-eval for `sample`: its options under their own letters."""
    lines = [f"{x}. {option}\n" for x, option in zip(sample.fields["letters"], sample.options, strict=True)]
    return (
        f"Question: {sample.question}\nOptions:\n{''.join(lines)}"
        "Please select the correct answer from the options above. \n"
    )


ADAPTER = Adapter(
    name="3dsrbench",
    title="3DSRBench",
    dataset="oscarqjh/3DSRBench_lmmseval",
    configs=("3dsr_circular",),
    split="test",
    read=read,
    ask=ask,
    mark=lambda sample, reply: float(found(reply) == sample.answer),
    gather=three_dsr,
    metric="CircularEval: right in every order of the options",
    chance={},
    citation="Ma et al. 2024, 3DSRBench (https://arxiv.org/abs/2412.07825)",
    columns=("index", "qid", "question", "A", "B", "answer", "category", "image"),
    published={"Qwen2.5-VL-3B (EASI, circular)": 43.9, "Qwen2.5-VL-7B (EASI, circular)": 48.4},
    quirks=("a reply that begins with the article is A", "lower-case letters are not found"),
    max_new_tokens=4096,
)
