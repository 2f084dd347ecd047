"""Source pictures: procedural ones and pictures of scenes, drawn with a generator, never symmetric."""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from ...render import rasterise
from ..rng import SeededRng
from ..shapes.canvas import CanvasV1
from .difference import SIDE, THRESHOLD, difference, plainness, seen

KINDS = ("noise", "gradient", "shapes", "scene")
MAX_NUMBER = 10**9
_TRIES = 200
_CANVAS = CanvasV1()
Colour = tuple[int, int, int]


def read_spec(text: str) -> tuple[str, int] | None:
    """Return kind and number of a source's name `text`, such as `shapes 12`; None where it names none.

    >>> read_spec("shapes 12"), read_spec("shapes"), read_spec("moon 1"), read_spec("noise 007")
    (('shapes', 12), None, None, None)
    """
    kind, _, number = text.partition(" ")
    if kind not in KINDS or not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    return (kind, int(number)) if str(int(number)) == number else None


@lru_cache(maxsize=256)
def source_picture(source_name: str) -> np.ndarray:
    """Return the picture called `source_name`, uint8 [SIDE, SIDE, 3], read-only.

    Every turn and mirroring changes it clearly.

    Raises:
        ValueError: there is no such picture.
    """
    kind_and_number = read_spec(source_name)
    if kind_and_number is None:
        raise ValueError(f"{source_name!r:.40} names no source; write one of {', '.join(KINDS)} and a number")
    rng = SeededRng(("transforms/source", *kind_and_number))
    for attempt in range(_TRIES):
        pixels = np.ascontiguousarray(_MAKERS[kind_and_number[0]](rng.child(attempt)))
        view = seen(pixels)
        if plainness(view) < 80 and all(
            difference(view, turned_view) >= 2 * THRESHOLD for turned_view in _turned(view)
        ):
            pixels.setflags(write=False)
            return pixels
    raise RuntimeError(f"no source without symmetry in {_TRIES} tries under {source_name}")


def _turned(view: np.ndarray) -> list[np.ndarray]:
    """Return the seven other positions of the square `view`."""
    rotations = [np.rot90(view, count, (1, 2)) for count in range(4)]
    return [*rotations[1:], *(turn[:, :, ::-1] for turn in rotations)]


def _colour(rng: SeededRng) -> Colour:
    return (rng.integer(0, 255), rng.integer(0, 255), rng.integer(0, 255))


def _lattice(rng: SeededRng, cell_count: int) -> np.ndarray:
    """Return smooth noise in [0, 1), [SIDE, SIDE, 3]: random values on a lattice of `cell_count` cells a side.

    They are interpolated linearly, by sums and products alone, which are the same on every machine.
    """
    corner_values = np.array([rng.uniform() for _ in range(3 * (cell_count + 1) ** 2)]).reshape(
        cell_count + 1, cell_count + 1, 3
    )
    pixel_places = np.arange(SIDE) * cell_count / SIDE
    cell_index = pixel_places.astype(int)
    cell_share = (pixel_places - cell_index)[:, None, None]
    row_values = corner_values[cell_index] * (1 - cell_share) + corner_values[cell_index + 1] * cell_share
    cell_share = (pixel_places - cell_index)[None, :, None]
    return row_values[:, cell_index] * (1 - cell_share) + row_values[:, cell_index + 1] * cell_share


def _noise(rng: SeededRng) -> np.ndarray:
    noise_values = 0.7 * _lattice(rng, rng.integer(2, 4)) + 0.3 * _lattice(rng, 8)
    # Stretched, because sums of noise gather in the middle.
    return np.clip((noise_values - 0.5) * 512 + 128, 0, 255).astype(np.uint8)


def _gradient(rng: SeededRng) -> np.ndarray:
    """Interpolate four corners' colours from `rng`, with a few bars on them."""
    pixels = (255 * _lattice(rng, 1)).astype(np.uint8)
    image = Image.fromarray(pixels)
    for _ in range(rng.integer(1, 3)):
        start, width = rng.integer(2, SIDE - 16), rng.integer(4, 12)
        end = rng.integer(SIDE // 4, SIDE - 1)
        bar_box = (start, 0, start + width, end) if rng.integer(0, 1) else (0, start, end, start + width)
        ImageDraw.Draw(image).rectangle(bar_box, fill=_colour(rng))
    return np.asarray(image)


def _shapes(rng: SeededRng) -> np.ndarray:
    image = Image.new("RGB", (SIDE, SIDE), _colour(rng))
    drawing = ImageDraw.Draw(image)
    for _ in range(rng.integer(4, 8)):
        left, top = rng.integer(0, SIDE - 20), rng.integer(0, SIDE - 20)
        right, bottom = left + rng.integer(10, 30), top + rng.integer(10, 30)
        kind, fill = rng.integer(0, 2), _colour(rng)
        if kind == 0:
            drawing.rectangle((left, top, right, bottom), fill=fill)
        elif kind == 1:
            drawing.ellipse((left, top, right, bottom), fill=fill)
        else:
            drawing.polygon(((left, bottom), (right, bottom), (rng.integer(left, right), top)), fill=fill)
    return np.asarray(image)


def _scene(rng: SeededRng) -> np.ndarray:
    """Draw a picture of Canvas-v1 with six objects from `rng`."""
    item = _CANVAS.sample(rng.child("scene"), "exists", 3)
    return rasterise(item.scene, SIDE).array  # type: ignore[arg-type]


_MAKERS = {"noise": _noise, "gradient": _gradient, "shapes": _shapes, "scene": _scene}
