"""How different two pictures look: the share of the picture that has clearly changed.

Pictures are fitted into one square of `SIDE` px, as the sheet shows them, blurred a little, taken to CIELAB, and
compared pixel by pixel; a pixel has clearly changed where its colours are more than `CLEAR` apart (CIE76). The least
share over shifts by up to one pixel counts, so that a border that lies a pixel elsewhere is no difference.

What the threshold rests on, measured by `tests/envs/test_edit_parts.py` on 60 sources (largest value in per cent;
below the threshold all of these are "the same picture"): the picture again 0, shifted by 1 px 0, JPEG of quality 50
and noise of sigma 6 under 6, 4 % brighter 0. Two pictures at the threshold differ in a region of 6 % of the area, a
block of 16 x 16 of 64 x 64 px, in a colour difference four times what is just noticeable (2.3, Mahy et al. 1994).
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image

SIDE = 64
"""Pictures are compared, and shown, in a square so wide, px."""
CLEAR = 10.0
"""Colour difference from which a pixel has clearly changed, CIE76."""
THRESHOLD = 6.0
"""Per cent of clearly changed pixels under which two pictures are the same to the eye."""
MAX_PLAIN = 95.0
"""Per cent of pixels near one colour from which a picture is of that colour alone."""
UNIT = "%"
_GROUND = 128
_WHITE = (0.95047, 1.0, 1.08883)
"""D65, 2 degree observer (IEC 61966-2-1)."""
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


class Gaps(NamedTuple):
    """Differences among pictures, per cent."""

    pairs: np.ndarray
    """[N, N], 0 on the diagonal."""
    source: np.ndarray
    """[N], to the source."""
    plain: np.ndarray
    """[N], per cent of the picture that is near its own middle colour."""


def fitted(pixels: np.ndarray) -> np.ndarray:
    """The picture as large as it fits into the square, uint8 [SIDE, SIDE, 3], on mid-grey."""
    height, width = pixels.shape[:2]
    if (height, width) == (SIDE, SIDE):
        return np.ascontiguousarray(pixels)
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST
    square = np.full((SIDE, SIDE, 3), _GROUND, np.uint8)
    left, top = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
    square[top : top + size[1], left : left + size[0]] = np.asarray(Image.fromarray(pixels).resize(size, how))
    return square


@cache
def _linear() -> np.ndarray:
    """Light by 8-bit value (sRGB)."""
    values = np.arange(256) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(pixels: np.ndarray) -> np.ndarray:
    """CIELAB of sRGB pixels, float32 of the same shape."""
    light = _linear()[pixels] @ (_XYZ / np.array(_WHITE)[:, None]).T
    root = np.where(light > (6 / 29) ** 3, np.cbrt(light), light / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), axis=-1).astype(np.float32)


def seen(pixels: np.ndarray) -> np.ndarray:
    """What is compared of a picture: float32 [SIDE, SIDE, 3], CIELAB after a binomial blur of 3 x 3 px."""
    found = lab(fitted(pixels))
    for axis in (0, 1):
        padded = np.concatenate((found.take([0], axis), found, found.take([-1], axis)), axis)
        before, after = (padded.take(range(start, start + SIDE), axis) for start in (0, 2))
        found = (before + 2 * found + after) / 4
    return found


def _changed(first: np.ndarray, second: np.ndarray) -> float:
    """Per cent of pixels that differ clearly."""
    step = first - second
    return float(100 * np.count_nonzero(np.einsum("ijk,ijk->ij", step, step) > CLEAR**2) / step[..., 0].size)


def difference(first: np.ndarray, second: np.ndarray) -> float:
    """Per cent of clearly changed pixels between two pictures as `seen`, least over shifts by up to one pixel."""
    least = 100.0
    # Each shift compares what both pictures hold of it; the border of one pixel belongs to no comparison.
    inner = first[1:-1, 1:-1]
    for down in range(3):
        for right in range(3):
            least = min(least, _changed(inner, second[down : down + SIDE - 2, right : right + SIDE - 2]))
            if not least:
                return 0.0
    return least


def plainness(picture: np.ndarray) -> float:
    """Per cent of a picture as `seen` that is near its median colour."""
    return 100.0 - _changed(picture, np.broadcast_to(np.median(picture, axis=(0, 1)), picture.shape))


def gaps(source: np.ndarray, results: list[np.ndarray]) -> Gaps:
    """All differences among the results and to the source; pictures as uint8 pixels."""
    views = [seen(result) for result in results]
    ground = seen(source)
    pairs = np.zeros((len(views), len(views)))
    for i, first in enumerate(views):
        for j in range(i):
            # Shifting one picture against the other is the same but for the border.
            pairs[i, j] = pairs[j, i] = difference(first, views[j])
    plain = np.array([plainness(view) for view in views])
    return Gaps(pairs, np.array([difference(view, ground) for view in views]), plain)
