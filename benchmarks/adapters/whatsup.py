"""What'sUp: on, under, left, right, in front, behind, with the same two things in every place."""

import re

from ...envs import SeededRng
from ..samples import Fields, Sample
from ..scoring.groups import whats_up
from ..scoring.letters import multiple_choice
from .base import DIRECT, Adapter, RowReader, letter, lettered

RELATIONS = ("left", "right", "on", "under", "in-front", "behind")


def read(reader: RowReader, row: Fields) -> Sample:
    """A picture with captions, of which the published first is right; here they are shuffled by the picture's name."""
    path = str(row.get("image_path") or row["image_id"])
    captions = list(row["caption_options"])
    right, shuffled = captions[0], SeededRng(("whatsup", path)).shuffled(captions)
    subset = str(row.get("subset") or ("controlled" if "controlled" in path.lower() else "natural"))
    parts = _controlled(path)
    return Sample(
        id=f"{subset}/{path}",
        question="Which caption describes the picture?",
        options=tuple(shuffled),
        answer=letter(shuffled.index(right)),
        images=reader.images(path),
        category={"subset": subset},
        fields={"set": parts[0], "relation": parts[1], "group": parts[0]} if parts else {"set": None},
    )


def _controlled(path: str) -> tuple[str, str] | None:
    """The pair of things and the relation in a name such as `mug_left_of_plate.jpeg`; None in natural pictures."""
    stem = re.sub(r"\.\w+$", "", path.rsplit("/", 1)[-1]).replace("_of_", "_").replace("in_front", "in-front")
    for relation in RELATIONS:
        first, mark, second = stem.partition(f"_{relation}_")
        if mark:
            return f"{first}+{second}", relation
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
    citation="Kamath et al. 2023, What's up with vision-language models? (https://arxiv.org/abs/2310.19785)",
    columns=("caption_options",),
    quirks=("pairs and sets are divided by all controlled questions over 2 and over 4",),
    notes=(
        "published as retrieval for CLIP-like models: here a question of choice, not comparable; not on the hub, so "
        "that its files are needed; captions of two options (COCO, VG) have a chance of 50 %",
    ),
    files=("*.json",),
)
