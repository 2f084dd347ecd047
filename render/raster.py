"""Trusted rasterisation: pixels computed from the scene, so that picture and facts cannot disagree."""

import hashlib
import io
from dataclasses import dataclass
from functools import cached_property

import cairocffi
import numpy as np
from cairosvg.parser import Tree
from cairosvg.surface import PNGSurface
from PIL import Image

from ..geometry import FlatObject, FlatScene, rings


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels [height, width, 3] uint8, RGB."""

    array: np.ndarray

    def png(self) -> bytes:
        """The picture as a PNG file."""
        buffer = io.BytesIO()
        Image.fromarray(self.array).save(buffer, "PNG")
        return buffer.getvalue()

    @cached_property
    def digest(self) -> str:
        """sha256 of size and pixels, in hex."""
        return hashlib.sha256(repr(self.array.shape).encode() + self.array.tobytes()).hexdigest()


def _path_data(obj: FlatObject) -> str:
    found = []
    for polygon in rings(obj.visible):
        for ring in polygon:
            found.append("M" + "L".join(f"{x:g} {y:g}" for x, y in ring[:-1]) + "Z")
    return "".join(found)


def scene_to_svg(scene: FlatScene, size: int | None = None) -> str:
    """Canonical SVG of a resolved scene: its background and each object's visible region, filled.

    Args:
        scene: what to draw; every object has one colour, its fill's or, for an outline, its stroke's.
        size: width in px; the height follows. The canvas's own by default.
    """
    width = size if size is not None else round(scene.width)
    height = max(1, round(width * scene.height / scene.width))
    shapes = "".join(
        f'<path fill="{obj.fill or obj.stroke}" fill-rule="evenodd" d="{_path_data(obj)}"/>'
        for obj in scene.objects
        if not obj.visible.is_empty
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {scene.width:g} {scene.height:g}" preserveAspectRatio="none">'
        f'<rect width="{scene.width:g}" height="{scene.height:g}" fill="{scene.background}"/>{shapes}</svg>'
    )


def rasterise(scene: FlatScene, size: int = 64) -> Picture:
    """The scene as pixels, `size` wide, by cairosvg from the canonical SVG (never from a program's own text)."""
    surface = PNGSurface(Tree(bytestring=scene_to_svg(scene, size).encode()), None, 96.0)
    try:
        surface.context.get_target().flush()
        cairo: cairocffi.ImageSurface = surface.cairo
        width, height = cairo.get_width(), cairo.get_height()
        rows = np.frombuffer(cairo.get_data(), np.uint8).reshape(height, cairo.get_stride())
        pixels = rows[:, : 4 * width].reshape(height, width, 4)
        # Cairo keeps premultiplied BGRA; the background is opaque, so alpha is 255 everywhere.
        return Picture(np.ascontiguousarray(pixels[:, :, 2::-1]))
    finally:
        surface.cairo.finish()
