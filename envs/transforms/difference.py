"""Measure how different two pictures look: the share of the picture that has clearly changed.

Pictures are fitted into one square of `SIDE` px, as the sheet shows them, blurred a little, taken to CIELAB, and
compared pixel by pixel; a pixel has clearly changed where its colours are more than `CLEAR` apart (CIE76). The least
share over shifts by up to one pixel counts, so that a border that lies a pixel elsewhere is not a difference.

The threshold rests on measurements by `tests/envs/test_edit_parts.py` on 60 sources (largest value in per cent;
below the threshold all of these are "the same picture"): the picture again 0, shifted by 1 px 0.7, noise of sigma 6 0,
4 % brighter 0. Two pictures at the threshold differ in a region of 6 % of the area, a block of 16 x 16 of 64 x 64 px,
in a colour difference four times what is just noticeable (2.3, Mahy et al. 1994). Saving as JPEG is a difference here:
at quality 75 up to 21 % of so small and coloured a picture has another colour.

Imports nothing of the package. Begin with `gaps`.
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
    """Fit `pixels` into the square as large as they go, uint8 [SIDE, SIDE, 3], on mid-grey."""
    height, width = pixels.shape[:2]
    if (height, width) == (SIDE, SIDE):
        return np.ascontiguousarray(pixels)
    scale = SIDE / max(height, width)
    new_size = max(1, round(width * scale)), max(1, round(height * scale))
    resampling = Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST
    square_pixels = np.full((SIDE, SIDE, 3), _GROUND, np.uint8)
    left_border, top_border = (SIDE - new_size[0]) // 2, (SIDE - new_size[1]) // 2
    square_pixels[top_border : top_border + new_size[1], left_border : left_border + new_size[0]] = np.asarray(
        Image.fromarray(pixels).resize(new_size, resampling)
    )
    return square_pixels


@cache
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Return shares of X, Y, Z [3, 3, 256] by band and 8-bit value, and the root of Lab by X, Y, Z over white."""
    srgb_values = np.arange(256) / 255
    linear_light = np.where(srgb_values <= 0.04045, srgb_values / 12.92, ((srgb_values + 0.055) / 1.055) ** 2.4)
    band_shares = [[[round(float(weight / white * v) * (_STEPS << 8)) for v in linear_light] for weight in row]
              for row, white in zip(_XYZ, _WHITE, strict=True)]  # fmt: skip
    root_steps = np.arange(_STEPS + 2) / _STEPS
    lab_roots = np.where(root_steps > (6 / 29) ** 3, np.cbrt(root_steps), root_steps / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array(band_shares, np.int32), np.round(lab_roots * (1 << 12)).astype(np.int32)


def lab(pixels: np.ndarray) -> np.ndarray:
    """Return the CIELAB colours of sRGB `pixels` [H, W, 3], int32 [3, H, W] in units of 1 / 16."""
    band_shares, lab_roots = _tables()
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    x, y, z = (lab_roots[(band[0][red] + band[1][green] + band[2][blue]) >> 8] for band in band_shares)
    return np.stack(((116 * y >> 8) - 16 * _UNITS, 500 * (x - y) >> 8, 200 * (y - z) >> 8))


def seen(pixels: np.ndarray) -> np.ndarray:
    """Return the comparable view of `pixels`: int32 [3, SIDE, SIDE], CIELAB after a binomial blur of 3 x 3 px."""
    lab_values = lab(fitted(pixels))
    lab_values = np.pad(lab_values, ((0, 0), (1, 1), (1, 1)), "edge")
    lab_values = lab_values[:, :-2] + 2 * lab_values[:, 1:-1] + lab_values[:, 2:]
    return (lab_values[:, :, :-2] + 2 * lab_values[:, :, 1:-1] + lab_values[:, :, 2:]) >> 4


def _changed(first_view: np.ndarray, second_view: np.ndarray) -> int:
    """Count the pixels in which `first_view` and `second_view` differ clearly."""
    colour_steps = first_view - second_view
    colour_steps *= colour_steps
    return int(np.count_nonzero(colour_steps[0] + colour_steps[1] + colour_steps[2] > (CLEAR * _UNITS) ** 2))


def difference(first_view: np.ndarray, second_view: np.ndarray, enough: float = 0.0) -> float:
    """Return the per cent of clearly changed pixels between two views, least over shifts by up to one pixel.

    A shift compares the part that both pictures hold, so that exchanging them changes nothing. Where the difference
    is under `enough`, any number under it may be returned, which takes less time.

    Args:
        first_view: a picture as `seen`, int32 [3, SIDE, SIDE].
        second_view: another one.
        enough: per cent.
    """
    least_share = 1.0
    for down_slices in _SHIFTS:
        for right_slices in _SHIFTS:
            first_part = first_view[:, down_slices[0], right_slices[0]]
            least_share = min(
                least_share, _changed(first_part, second_view[:, down_slices[1], right_slices[1]]) / first_part[0].size
            )
            if 100 * least_share < enough or not least_share:
                return round(100 * least_share, 2)
    return round(100 * least_share, 2)


def plainness(view: np.ndarray) -> float:
    """Return the per cent of `view`, a picture as `seen`, that is near its median colour."""
    middle_rank = view[0].size // 2
    median_colour = np.partition(view.reshape(3, -1), middle_rank, axis=1)[:, middle_rank]
    return round(100 - 100 * _changed(view, median_colour[:, None, None]) / view[0].size, 2)


def gaps(source: np.ndarray, results: list[np.ndarray]) -> Gaps:
    """Measure all differences among `results` and to `source`; pictures as uint8 pixels [H, W, 3]."""
    result_views = [seen(result) for result in results]
    source_view = seen(source)
    result_count = len(result_views)
    pair_differences = {
        (i, j): difference(result_views[i], result_views[j])
        for i in range(result_count)
        for j in range(i + 1, result_count)
    }
    return Gaps(
        tuple(pair_differences.values()),
        tuple(difference(view, source_view) for view in result_views),
        tuple(map(plainness, result_views)),
    )
