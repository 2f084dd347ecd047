"""Source pictures: procedural ones and pictures of scenes, drawn from a stream, never symmetric."""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from ...render import rasterise
from ..rng import Stream
from ..shapes.canvas import Canvas
from .difference import SIDE, THRESHOLD, difference, plainness, seen

KINDS = ("noise", "gradient", "shapes", "scene")
MAX_NUMBER = 10**9
_TRIES = 200
_CANVAS = Canvas()
Colour = tuple[int, int, int]


def read_spec(text: str) -> tuple[str, int] | None:
    """Kind and number of a source's name, such as `shapes 12`; None where it names none.

    >>> read_spec("shapes 12"), read_spec("shapes"), read_spec("moon 1"), read_spec("noise 007")
    (('shapes', 12), None, None, None)
    """
    kind, _, number = text.partition(" ")
    if kind not in KINDS or not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    return (kind, int(number)) if str(int(number)) == number else None


@lru_cache(maxsize=256)
def source_picture(spec: str) -> np.ndarray:
    """The picture of that name, uint8 [SIDE, SIDE, 3], read-only; every turn and mirroring changes it clearly.

    Raises:
        ValueError: no such picture.
    """
    named = read_spec(spec)
    if named is None:
        raise ValueError(f"{spec!r:.40} names no source; write one of {', '.join(KINDS)} and a number")
    stream = Stream(("transforms/source", *named))
    for number in range(_TRIES):
        pixels = np.ascontiguousarray(_MAKERS[named[0]](stream.child(number)))
        view = seen(pixels)
        if plainness(view) < 80 and all(difference(view, other) >= 2 * THRESHOLD for other in _turned(view)):
            pixels.setflags(write=False)
            return pixels
    raise RuntimeError(f"no source without symmetry in {_TRIES} tries under {spec}")


def _turned(view: np.ndarray) -> list[np.ndarray]:
    """The seven other positions of a square."""
    turns = [np.rot90(view, count, (1, 2)) for count in range(4)]
    return [*turns[1:], *(turn[:, :, ::-1] for turn in turns)]


def _colour(stream: Stream) -> Colour:
    return (stream.integer(0, 255), stream.integer(0, 255), stream.integer(0, 255))


def _lattice(stream: Stream, cells: int) -> np.ndarray:
    """Smooth noise in [0, 1), [SIDE, SIDE, 3]: random values on a lattice, interpolated linearly.

    Sums and products alone, which are the same on every machine.
    """
    values = np.array([stream.uniform() for _ in range(3 * (cells + 1) ** 2)]).reshape(cells + 1, cells + 1, 3)
    places = np.arange(SIDE) * cells / SIDE
    low = places.astype(int)
    share = (places - low)[:, None, None]
    rows = values[low] * (1 - share) + values[low + 1] * share
    share = (places - low)[None, :, None]
    return rows[:, low] * (1 - share) + rows[:, low + 1] * share


def _noise(stream: Stream) -> np.ndarray:
    mixed = 0.7 * _lattice(stream, stream.integer(2, 4)) + 0.3 * _lattice(stream, 8)
    # Stretched, because sums of noise gather in the middle.
    return np.clip((mixed - 0.5) * 512 + 128, 0, 255).astype(np.uint8)


def _gradient(stream: Stream) -> np.ndarray:
    """Four corners' colours interpolated, with a few bars on them."""
    pixels = (255 * _lattice(stream, 1)).astype(np.uint8)
    image = Image.fromarray(pixels)
    for _ in range(stream.integer(1, 3)):
        start, width = stream.integer(2, SIDE - 16), stream.integer(4, 12)
        end = stream.integer(SIDE // 4, SIDE - 1)
        box = (start, 0, start + width, end) if stream.integer(0, 1) else (0, start, end, start + width)
        ImageDraw.Draw(image).rectangle(box, fill=_colour(stream))
    return np.asarray(image)


def _shapes(stream: Stream) -> np.ndarray:
    image = Image.new("RGB", (SIDE, SIDE), _colour(stream))
    drawing = ImageDraw.Draw(image)
    for _ in range(stream.integer(4, 8)):
        left, top = stream.integer(0, SIDE - 20), stream.integer(0, SIDE - 20)
        right, bottom = left + stream.integer(10, 30), top + stream.integer(10, 30)
        kind, fill = stream.integer(0, 2), _colour(stream)
        if kind == 0:
            drawing.rectangle((left, top, right, bottom), fill=fill)
        elif kind == 1:
            drawing.ellipse((left, top, right, bottom), fill=fill)
        else:
            drawing.polygon(((left, bottom), (right, bottom), (stream.integer(left, right), top)), fill=fill)
    return np.asarray(image)


def _scene(stream: Stream) -> np.ndarray:
    """A picture of Canvas-v1, six objects."""
    item = _CANVAS.sample(stream.child("scene"), "exists", 3)
    return rasterise(item.scene, SIDE).array  # type: ignore[arg-type]


_MAKERS = {"noise": _noise, "gradient": _gradient, "shapes": _shapes, "scene": _scene}
