"""Shapes that are composed: their outlines about a centre, the SVG that draws them, and how any two of them lie.

Begin at `ComposedShape` and `svg_program`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .relations import Body, Crowd

CANVAS = 224
PALETTE: Mapping[str, str] = {
    "red": "#e6194b", "green": "#2e9e3f", "blue": "#2a52d8", "yellow": "#ffe119", "orange": "#ff8c1a",
    "purple": "#8a2bb0", "pink": "#ffa6d2", "black": "#202020",
}  # fmt: skip


def _regular(corners: int, inner_radius: float = 0.0) -> tuple[tuple[float, float], ...]:
    """Return `corners` corners on the unit circle from the top or, with an `inner_radius`, those of a star."""
    corner_count = 2 * corners if inner_radius else corners
    return tuple(
        (radius * math.sin(math.tau * i / corner_count), -radius * math.cos(math.tau * i / corner_count))
        for i, radius in ((i, inner_radius if inner_radius and i % 2 else 1.0) for i in range(corner_count))
    )


UNITS: Mapping[str, tuple[tuple[float, float], ...]] = {
    "circle": (), "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)), "triangle": _regular(3),
    "rectangle": ((-1, -0.5), (1, -0.5), (1, 0.5), (-1, 0.5)), "pentagon": _regular(5), "hexagon": _regular(6),
    "star": _regular(5, 0.45),
}  # fmt: skip
"""Corners about the centre; a circle has none."""


def _measures(corners: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Return extent, circumradius and inradius of a unit shape with these `corners`."""
    if not corners:
        return 2.0, 1.0, 1.0
    xs, ys = zip(*corners, strict=True)
    sides = zip(corners, (*corners[1:], corners[0]), strict=True)
    inradius = min(abs(start[0] * end[1] - start[1] * end[0]) / math.dist(start, end) for start, end in sides)
    return max(max(xs) - min(xs), max(ys) - min(ys)), max(math.hypot(*corner) for corner in corners), inradius


MEASURES = {shape: _measures(corners) for shape, corners in UNITS.items()}


class ComposedShape(NamedTuple):
    """A shape to be drawn."""

    body: Body
    z: float
    """Painted in this order, 0 to 1."""
    around: float
    """Radius, px, of the circle around it."""
    within: float
    """Radius of the circle that fits in it."""
    host: int | None
    """What it is nested in or overlaps, by order of placing."""

    def svg(self) -> str:
        """Return the elements that draw it."""
        body = self.body
        unit = MEASURES[body.shape][0]
        fill, scale = PALETTE[body.colour], body.extent / unit
        if body.shape == "circle":
            elements = f'<circle cx="{body.x:g}" cy="{body.y:g}" r="{scale:g}" fill="{fill}"/>'
        elif body.shape in ("square", "rectangle"):
            half_sides = (body.extent / 2, body.extent / 2 * (0.5 if body.shape == "rectangle" else 1))
            corner, sides = (body.x - half_sides[0], body.y - half_sides[1]), (2 * half_sides[0], 2 * half_sides[1])
            elements = f'<rect x="{corner[0]:g}" y="{corner[1]:g}" width="{sides[0]:g}" height="{sides[1]:g}"'
            elements += f' fill="{fill}"/>'
        else:
            corners = " ".join(f"{body.x + scale * x:.2f},{body.y + scale * y:.2f}" for x, y in UNITS[body.shape])
            elements = f'<polygon points="{corners}" fill="{fill}"/>'
        if body.label:
            ink = "#ffffff" if body.colour in ("red", "green", "blue", "purple", "black") else "#000000"
            height = 1.1 * self.within
            elements += (
                f'<text x="{body.x:g}" y="{body.y + 0.36 * height:.2f}" font-size="{height:.2f}" '
                f'text-anchor="middle" fill="{ink}">{body.label}</text>'
            )
        return elements


def svg_program(composed_shapes: Sequence[ComposedShape]) -> str:
    """Return the program that draws `composed_shapes`."""
    elements = "".join(
        composed_shape.svg() for composed_shape in sorted(composed_shapes, key=lambda composed_shape: composed_shape.z)
    )
    return f'<svg viewBox="0 0 {CANVAS} {CANVAS}">{elements}</svg>'


class Planned(Crowd):
    """Shapes that will be drawn, in paint order."""

    def __init__(self, composed_shapes: Sequence[ComposedShape]) -> None:
        self._placed = sorted(composed_shapes, key=lambda composed_shape: composed_shape.z)
        super().__init__([composed_shape.body for composed_shape in self._placed], CANVAS)

    def relation(self, one_position: int, other_position: int) -> str:
        """Compare by the circles around and within, which shapes are placed by.

        Args:
            one_position: a position in paint order.
            other_position: another one.
        """
        one_shape, other_shape = self._placed[one_position], self._placed[other_position]
        centre_distance = math.hypot(one_shape.body.x - other_shape.body.x, one_shape.body.y - other_shape.body.y)
        if centre_distance >= one_shape.around + other_shape.around:
            return "apart"
        if centre_distance + one_shape.around <= other_shape.within:
            return "inside"
        return "around" if centre_distance + other_shape.around <= one_shape.within else "overlap"
