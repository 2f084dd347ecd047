"""The What'sUp benchmark: on, under, left, right, in front, behind, with the same two things in every place."""

import re

from ...envs import SeededRng
from ..samples import Fields, Sample
from ..scoring.groups import whats_up
from ..scoring.letters import multiple_choice
from .base import DIRECT, Adapter, RowError, RowReader, letter, lettered

RELATIONS = ("left", "right", "on", "under", "in-front", "behind")


def read(row_reader: RowReader, row: Fields) -> Sample:
    """Return `row` as a picture with captions, the published first right, shuffled here by the picture's name."""
    image_path = _image_path(row_reader, row)
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
        category={"subset": subset, "captions": f"{len(captions)} captions"},
        fields={"set": set_and_relation[0], "relation": set_and_relation[1], "group": set_and_relation[0]}
        if set_and_relation
        else {"set": None},
    )


def as_published(table_name: str, row: object) -> Fields:
    """Return a `row` of one of the published files as one with columns.

    Those of COCO and Visual Genome (`coco_qa_one_obj.json` and its kin) are lists of an image's number and two
    captions, the first one right.

    Raises:
        RowError: it is neither.
    """
    if isinstance(row, dict):
        return row
    is_named = re.match(r"(coco|vg)_qa_(one|two)_obj", table_name.lower())
    if not isinstance(row, list) or len(row) != 3 or is_named is None:
        raise RowError(f"a row of {table_name} is neither an object with caption_options nor [image, right, wrong]")
    return {"image_id": row[0], "caption_options": row[1:], "subset": f"{is_named[1]} {is_named[2]}"}


def _image_path(row_reader: RowReader, row: Fields) -> str:
    """Return the picture's path: named, or by its number in COCO's `val2017` or Visual Genome's `vg_images`.

    Raises:
        RowError: there is no picture of this number.
    """
    if row.get("image_path"):
        return str(row["image_path"])
    if "subset" not in row:
        return str(row["image_id"])
    number = str(row["image_id"])
    names = (f"val2017/{number.zfill(12)}.jpg",) if row["subset"].startswith("coco") else (f"vg_images/{number}.jpg",)
    for name in (*names, f"{number}.jpg"):
        try:
            row_reader.file(name)
        except RowError:
            continue
        return name
    raise RowError(f"no picture {' or '.join(names)} of the row {number}")


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
    chance={"4 captions": 0.25, "2 captions": 0.5},
    protocols=("zerosight",),
    compared="",
    citation="Kamath et al. 2023, What's up with vision-language models? (https://arxiv.org/abs/2310.19785)",
    columns=("caption_options",),
    quirks=("pairs and sets are divided by all controlled questions over 2 and over 4",),
    notes=(
        "published as retrieval for CLIP-like models: here a question of choice, not comparable; not on the hub, so "
        "that its files are needed; captions of two options (COCO, VG) have a chance of 50 %",
    ),
    files=("*.json",),
    as_row=as_published,
)
