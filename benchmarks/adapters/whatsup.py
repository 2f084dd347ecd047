"""The What'sUp benchmark: on, under, left, right, in front, behind, with the same two things in every place."""

import re

from ...envs import SeededRng
from ..samples import Fields, Sample
from ..scoring.groups import whats_up
from ..scoring.letters import multiple_choice
from .base import DIRECT, Adapter, RowReader, letter, lettered

RELATIONS = ("left", "right", "on", "under", "in-front", "behind")


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a picture with captions, the published first right, shuffled here by the picture's name."""
    image_path = str(row.get("image_path") or row["image_id"])
    captions = list(row["caption_options"])
    right_caption, shuffled_captions = captions[0], SeededRng(("whatsup", image_path)).shuffled(captions)
    subset = str(row.get("subset") or ("controlled" if "controlled" in image_path.lower() else "natural"))
    set_and_relation = _controlled(image_path)
    return Sample(
        id=f"{subset}/{image_path}",
        question="Which caption describes the picture?",
        options=tuple(shuffled_captions),
        answer=letter(shuffled_captions.index(right_caption)),
        images=row_reader.images(image_path),
        category={"subset": subset},
        fields={"set": set_and_relation[0], "relation": set_and_relation[1], "group": set_and_relation[0]}
        if set_and_relation
        else {"set": None},
    )


def _controlled(image_path: str) -> tuple[str, str] | None:
    """Return the pair of things and the relation in a path such as `mug_left_of_plate.jpeg`; None in natural ones."""
    stem = re.sub(r"\.\w+$", "", image_path.rsplit("/", 1)[-1]).replace("_of_", "_").replace("in_front", "in-front")
    for relation in RELATIONS:
        first_thing, separator, second_thing = stem.partition(f"_{relation}_")
        if separator:
            return f"{first_thing}+{second_thing}", relation
    return None


ADAPTER = Adapter(
    name="whatsup",
    title="What'sUp",
    dataset="https://github.com/amitakamath/whatsup_vlms",
    split="",
    read=read,
    ask=lambda sample: f"{sample.question}\n{lettered(sample.options)}\n{DIRECT}",
    mark=lambda sample, reply: float(multiple_choice(reply, "D") == sample.answer),
    gather=whats_up,
    metric="accuracy; of controlled pictures also pairs and sets",
    chance=0.25,
    protocols=("zerosight",),
    citation="Kamath et al. 2023, What's up with vision-language models? (https://arxiv.org/abs/2310.19785)",
    columns=("caption_options",),
    quirks=("pairs and sets are divided by all controlled questions over 2 and over 4",),
    notes=(
        "published as retrieval for CLIP-like models: here a question of choice, not comparable; not on the hub, so "
        "that its files are needed; captions of two options (COCO, VG) have a chance of 50 %",
    ),
    files=("*.json",),
)
