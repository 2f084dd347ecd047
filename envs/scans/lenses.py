"""Lenses that are no pinholes, and pictures without their distortion.

The models are OpenCV's and COLMAP's `OPENCV` (radial and tangential) and `OPENCV_FISHEYE` (Kannala and Brandt, PAMI
28(8), 2006): the point (x, y) of the plane at depth 1 is seen at `focal * distort(x, y) + middle`.
"""

from dataclasses import dataclass

import numpy as np

from ...geometry.camera import Camera

FISHEYE, RADIAL = "OPENCV_FISHEYE", "OPENCV"


@dataclass(frozen=True)
class Lens:
    """A lens's model and numbers."""

    model: str
    """`FISHEYE` or `RADIAL`."""
    focal: tuple[float, float]
    """Pixels."""
    middle: tuple[float, float]
    """Pixels."""
    bend: tuple[float, float, float, float]
    """k1, k2, k3, k4 of a fisheye; k1, k2, p1, p2 of the other."""


def bent(plane: np.ndarray, lens: Lens) -> np.ndarray:
    """Where points [..., 2] of the plane at depth 1 are seen through a lens, [..., 2] pixels."""
    x, y = np.moveaxis(np.asarray(plane, float), -1, 0)
    square = x * x + y * y
    if lens.model == FISHEYE:
        radius = np.sqrt(square)
        angle = np.arctan(radius)
        k1, k2, k3, k4 = lens.bend
        even = angle * angle
        grown = angle * (1 + even * (k1 + even * (k2 + even * (k3 + even * k4))))
        scale = np.where(radius > 1e-9, grown / np.maximum(radius, 1e-9), 1.0)
        x, y = x * scale, y * scale
    else:
        k1, k2, p1, p2 = lens.bend
        radial = 1 + square * (k1 + square * k2)
        x, y = (
            x * radial + 2 * p1 * x * y + p2 * (square + 2 * x * x),
            y * radial + p1 * (square + 2 * y * y) + 2 * p2 * x * y,
        )
    return np.stack([x, y], axis=-1) * lens.focal + lens.middle


def source_pixels(lens: Lens, camera: Camera) -> np.ndarray:
    """Where in the distorted picture the centres of an undistorted picture's pixels are, [height, width, 2] pixels."""
    focal, middle = np.diag(camera.intrinsics)[:2], camera.intrinsics[:2, 2]
    return bent((camera.centres() - middle) / focal, lens)


def least_zoom(lens: Lens, size: tuple[int, int]) -> float | None:
    """The least factor of a lens's focal lengths with which a pinhole sees nothing that the lens does not.

    In steps of a hundredth from 1; None where a half more is not enough. A pixel may be missing at the edges, which
    is then repeated.

    Args:
        lens: the lens.
        size: width and height of its picture and of the pinhole's, pixels.
    """
    width, height = size
    across, down = np.arange(width) + 0.5, np.arange(height) + 0.5
    rim = np.concatenate(
        [np.stack([across, np.full(width, y)], axis=1) for y in (0.5, height - 0.5)]
        + [np.stack([np.full(height, x), down], axis=1) for x in (0.5, width - 0.5)]
    )
    for zoom in 1 + np.arange(51) / 100:
        seen = bent((rim - lens.middle) / (np.array(lens.focal) * zoom), lens)
        if ((seen >= -1) & (seen <= (width + 1, height + 1))).all():
            return float(zoom)
    return None


def undistorted(pixels: np.ndarray, lens: Lens, camera: Camera) -> np.ndarray:
    """A distorted picture [h, w, 3] uint8 as a pinhole camera of its size sees it, by bilinear interpolation."""
    height, width = pixels.shape[:2]
    # Pixel centres lie at halves.
    x, y = np.moveaxis(source_pixels(lens, camera) - 0.5, -1, 0)
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = np.minimum(x.astype(int), max(width - 2, 0)), np.minimum(y.astype(int), max(height - 2, 0))
    right, low = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = (x - left)[..., None], (y - top)[..., None]
    upper = pixels[top, left] * (1 - across) + pixels[top, right] * across
    lower = pixels[low, left] * (1 - across) + pixels[low, right] * across
    return np.asarray(np.rint(upper * (1 - down) + lower * down)).astype(np.uint8)
