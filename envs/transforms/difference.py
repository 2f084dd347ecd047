"""How different two pictures look: the share of the picture that has clearly changed.

Pictures are fitted into one square of `SIDE` px, as the sheet shows them, blurred a little, taken to CIELAB, and
compared pixel by pixel; a pixel has clearly changed where its colours are more than `CLEAR` apart (CIE76). The least
share over shifts by up to one pixel counts, so that a border that lies a pixel elsewhere is no difference.

What the threshold rests on, measured by `tests/envs/test_edit_parts.py` on 60 sources (largest value in per cent;
below the threshold all of these are "the same picture"): the picture again 0, shifted by 1 px 0.7, noise of sigma 6 0,
4 % brighter 0. Two pictures at the threshold differ in a region of 6 % of the area, a block of 16 x 16 of 64 x 64 px,
in a colour difference four times what is just noticeable (2.3, Mahy et al. 1994). Saving as JPEG is a difference here:
at quality 75 up to 21 % of so small and coloured a picture has another colour.
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
_UNITS = 16
"""Lab values are integers in units of 1 / 16, so that a picture has the same on every machine."""
_STEPS = 1 << 14
_WHITE = (0.95047, 1.0, 1.08883)
"""D65, 2 degree observer (IEC 61966-2-1)."""
_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
_SHIFTS = (
    (slice(SIDE), slice(SIDE)),
    (slice(SIDE - 1), slice(1, SIDE)),
    (slice(1, SIDE), slice(SIDE - 1)),
)
"""What is compared of the first and of the second picture: none shifted, either."""


class Gaps(NamedTuple):
    """Differences among pictures, per cent."""

    pairs: tuple[float, ...]
    """Of 1 and 2, 1 and 3, ..., 2 and 3, ...: row by row."""
    source: tuple[float, ...]
    """To the source."""
    plain: tuple[float, ...]
    """How much of each is near its own middle colour."""


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
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Shares of X, Y, Z [3, 3, 256] by band and 8-bit value, and the root of Lab by X, Y, Z over white."""
    values = np.arange(256) / 255
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    shares = [[[round(float(weight / white * v) * (_STEPS << 8)) for v in light] for weight in row]
              for row, white in zip(_XYZ, _WHITE, strict=True)]  # fmt: skip
    steps = np.arange(_STEPS + 2) / _STEPS
    root = np.where(steps > (6 / 29) ** 3, np.cbrt(steps), steps / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array(shares, np.int32), np.round(root * (1 << 12)).astype(np.int32)


def lab(pixels: np.ndarray) -> np.ndarray:
    """CIELAB of sRGB pixels [H, W, 3], int32 [3, H, W] in units of 1 / 16."""
    shares, root = _tables()
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    x, y, z = (root[(band[0][red] + band[1][green] + band[2][blue]) >> 8] for band in shares)
    return np.stack(((116 * y >> 8) - 16 * _UNITS, 500 * (x - y) >> 8, 200 * (y - z) >> 8))


def seen(pixels: np.ndarray) -> np.ndarray:
    """What is compared of a picture: int32 [3, SIDE, SIDE], CIELAB after a binomial blur of 3 x 3 px."""
    found = lab(fitted(pixels))
    found = np.pad(found, ((0, 0), (1, 1), (1, 1)), "edge")
    found = found[:, :-2] + 2 * found[:, 1:-1] + found[:, 2:]
    return (found[:, :, :-2] + 2 * found[:, :, 1:-1] + found[:, :, 2:]) >> 4


def _changed(first: np.ndarray, second: np.ndarray) -> int:
    """How many pixels differ clearly."""
    step = first - second
    step *= step
    return int(np.count_nonzero(step[0] + step[1] + step[2] > (CLEAR * _UNITS) ** 2))


def difference(first: np.ndarray, second: np.ndarray, enough: float = 0.0) -> float:
    """Per cent of clearly changed pixels between two pictures as `seen`, least over shifts by up to one pixel.

    A shift compares what both pictures hold of it, so that exchanging them changes nothing. Where the difference
    is under `enough`, any number under it may be given, which takes less time.
    """
    least = 1.0
    for down in _SHIFTS:
        for right in _SHIFTS:
            one = first[:, down[0], right[0]]
            least = min(least, _changed(one, second[:, down[1], right[1]]) / one[0].size)
            if 100 * least < enough or not least:
                return round(100 * least, 2)
    return round(100 * least, 2)


def plainness(picture: np.ndarray) -> float:
    """Per cent of a picture as `seen` that is near its median colour."""
    half = picture[0].size // 2
    middle = np.partition(picture.reshape(3, -1), half, axis=1)[:, half]
    return round(100 - 100 * _changed(picture, middle[:, None, None]) / picture[0].size, 2)


def gaps(source: np.ndarray, results: list[np.ndarray]) -> Gaps:
    """All differences among the results and to the source; pictures as uint8 pixels."""
    views = [seen(result) for result in results]
    ground = seen(source)
    count = len(views)
    pairs = {(i, j): difference(views[i], views[j]) for i in range(count) for j in range(i + 1, count)}
    return Gaps(tuple(pairs.values()), tuple(difference(view, ground) for view in views), tuple(map(plainness, views)))
