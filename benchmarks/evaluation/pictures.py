"""Pictures of a question as a model takes them: one by one, or as tiles of one sheet for models of a single picture."""

import hashlib
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Images
from PIL import ImageDraw

from ...render import Picture
from ...roles.messages import Messages
from ...train.runs.store import write_atomically

SHEET_NOTE = "several pictures were shown as numbered tiles of one sheet, which the model was told: not comparable"
"""What a result says of questions whose pictures were put together."""
TILE = 336
"""Width and height, px, within which each picture of a sheet is fitted."""
_LABEL = 18
_THUMBNAIL = 288
"""Width and height, px, of a page's pictures at most."""


def picture_of(image: Images.Image) -> Picture:
    """Return the pixels of `image` as RGB; what is transparent becomes white."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        background = Images.new("RGBA", image.size, "white")
        image = Images.alpha_composite(background, image.convert("RGBA"))
    return Picture(np.asarray(image.convert("RGB")))


class Thumbnails:
    """Small JPEG pictures by their digests in a folder, for the page: to draw all again would take minutes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Return where the thumbnail of the picture with this `digest` is kept."""
        return self.folder / f"{hashlib.sha256(digest.encode()).hexdigest()[:32]}.jpg"

    def keep(self, digest: str, picture: Picture) -> None:
        """Write the thumbnail of `picture` under its `digest`, once."""
        path = self.path(digest)
        if not path.exists():
            small, buffer = Images.fromarray(picture.array), io.BytesIO()
            small.thumbnail((_THUMBNAIL, _THUMBNAIL))
            small.save(buffer, "JPEG", quality=80)
            write_atomically(path, buffer.getvalue())


def contact_sheet(pictures: Sequence[Picture], tile: int = TILE) -> Picture:
    """Return one picture of several: tiles in rows, each under its number.

    Args:
        pictures: at least one, in order.
        tile: px within which each is fitted, its shape kept; smaller ones stay as they are.
    """
    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    sheet = Images.new("RGB", (columns * tile, rows * (tile + _LABEL)), "white")
    pen = ImageDraw.Draw(sheet)
    for number, picture in enumerate(pictures):
        left, top = number % columns * tile, number // columns * (tile + _LABEL)
        tile_image = Images.fromarray(picture.array)
        tile_image.thumbnail((tile - 2, tile - 2))
        pen.text((left + 3, top + 3), f"Image {number + 1}", fill="black")
        sheet.paste(tile_image, (left + 1, top + _LABEL + 1))
    return Picture(np.asarray(sheet))


PLACE = "<image>"
"""Stands in an interleaved prompt where a picture does."""


def messages_of(
    text: str, pictures: int, system: str = "", *, sheet_of: int = 0, interleaved: bool = False
) -> Messages:
    """Return a user turn with the pictures before the words, after a system turn if there is one.

    Args:
        text: the question.
        pictures: how many are shown.
        system: what the system turn says; none where empty.
        sheet_of: how many pictures the one picture is a sheet of; 0 where it is not one.
        interleaved: the pictures stand at their `PLACE` in the text, if it has a place for each.
    """
    turns = [{"role": "system", "content": [{"type": "text", "text": system}]}] if system else []
    if interleaved and not sheet_of and text.count(PLACE) == pictures:
        return [*turns, {"role": "user", "content": _interleaved(text)}]
    text = re.sub(rf"\s*{PLACE}\s*", "\n", text).strip() if interleaved else text
    if sheet_of:
        text = f"The picture shows {sheet_of} images as numbered tiles.\n{text}"
    content: list[dict[str, str]] = [{"type": "image"} for _ in range(pictures)]
    return [*turns, {"role": "user", "content": [*content, {"type": "text", "text": text}]}]


def _interleaved(text: str) -> list[dict[str, str]]:
    """Return the parts of `text`, stripped, with a picture between each two."""
    content: list[dict[str, str]] = []
    for number, part in enumerate(text.split(PLACE)):
        if number:
            content.append({"type": "image"})
        if part.strip():
            content.append({"type": "text", "text": part.strip()})
    return content


def shown_examples(messages: Messages, examples: Sequence[tuple[str, int, str]]) -> Messages:
    """Return `messages` with `examples` before the last turn: each a question, its pictures and its answer.

    Args:
        messages: a user turn, after a system turn if there is one.
        examples: the words, the number of pictures, and the right answer.
    """
    turns: Messages = []
    for text, picture_count, answer in examples:
        turns += messages_of(text, picture_count)
        turns.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
    return [*messages[:-1], *turns, messages[-1]]


def fitted(picture: Picture, longest_side: int | None) -> Picture:
    """Return `picture`, scaled down so that its longer side is at most `longest_side` px; as it is for None."""
    if longest_side is None or max(picture.array.shape[:2]) <= longest_side:
        return picture
    image = Images.fromarray(picture.array)
    image.thumbnail((longest_side, longest_side), Images.Resampling.BICUBIC)
    return Picture(np.asarray(image))
