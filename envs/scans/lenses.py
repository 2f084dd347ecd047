"""Lenses that are not pinholes, and pictures without their distortion.

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
    """Return the pixels [..., 2] at which points of the `plane` [..., 2] at depth 1 are seen through a `lens`."""
    x, y = np.moveaxis(np.asarray(plane, float), -1, 0)
    squared_radius = x * x + y * y
    if lens.model == FISHEYE:
        radius = np.sqrt(squared_radius)
        angle = np.arctan(radius)
        k1, k2, k3, k4 = lens.bend
        squared_angle = angle * angle
        distorted_angle = angle * (
            1 + squared_angle * (k1 + squared_angle * (k2 + squared_angle * (k3 + squared_angle * k4)))
        )
        scale = np.where(radius > 1e-9, distorted_angle / np.maximum(radius, 1e-9), 1.0)
        x, y = x * scale, y * scale
    else:
        k1, k2, p1, p2 = lens.bend
        radial = 1 + squared_radius * (k1 + squared_radius * k2)
        x, y = (
            x * radial + 2 * p1 * x * y + p2 * (squared_radius + 2 * x * x),
            y * radial + p1 * (squared_radius + 2 * y * y) + 2 * p2 * x * y,
        )
    return np.stack([x, y], axis=-1) * lens.focal + lens.middle


def source_pixels(lens: Lens, camera: Camera) -> np.ndarray:
    """Return the pixels [height, width, 2] of the `lens`'s picture that the centres of the `camera`'s pixels show."""
    focal_lengths, principal_point = np.diag(camera.intrinsics)[:2], camera.intrinsics[:2, 2]
    return bent((camera.centres() - principal_point) / focal_lengths, lens)


def least_zoom(lens: Lens, size: tuple[int, int]) -> float | None:
    """Return the least factor of a lens's focal lengths with which a pinhole sees nothing that the lens does not.

    In steps of a hundredth from 1; None where a half more is not enough. A pixel may be missing at the edges, which
    is then repeated.

    Args:
        lens: the lens.
        size: width and height of its picture and of the pinhole's, pixels.
    """
    width, height = size
    columns, rows = np.arange(width) + 0.5, np.arange(height) + 0.5
    rim_pixels = np.concatenate(
        [np.stack([columns, np.full(width, y)], axis=1) for y in (0.5, height - 0.5)]
        + [np.stack([np.full(height, x), rows], axis=1) for x in (0.5, width - 0.5)]
    )
    for zoom in 1 + np.arange(51) / 100:
        lens_pixels = bent((rim_pixels - lens.middle) / (np.array(lens.focal) * zoom), lens)
        if ((lens_pixels >= -1) & (lens_pixels <= (width + 1, height + 1))).all():
            return float(zoom)
    return None


def undistorted(pixels: np.ndarray, lens: Lens, camera: Camera) -> np.ndarray:
    """Return the distorted `pixels` [h, w, 3] uint8 as a pinhole `camera` of their size sees them, bilinearly."""
    height, width = pixels.shape[:2]
    # Pixel centres lie at halves.
    x, y = np.moveaxis(source_pixels(lens, camera) - 0.5, -1, 0)
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = np.minimum(x.astype(int), max(width - 2, 0)), np.minimum(y.astype(int), max(height - 2, 0))
    right, low = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    x_shares, y_shares = (x - left)[..., None], (y - top)[..., None]
    upper_rows = pixels[top, left] * (1 - x_shares) + pixels[top, right] * x_shares
    lower_rows = pixels[low, left] * (1 - x_shares) + pixels[low, right] * x_shares
    return np.asarray(np.rint(upper_rows * (1 - y_shares) + lower_rows * y_shares)).astype(np.uint8)
